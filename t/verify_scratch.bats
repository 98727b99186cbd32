#!/usr/bin/env bats
# bk-verify, level 3: a server of its own; what is left when it is stopped
load support/common
load support/pg
load support/verify

setup_file() { shop_start; }
teardown_file() { pg_stop "$BATS_FILE_TMPDIR/c"; }
setup() { shop_use; }
teardown() { shop_left; }

server_is_there() { compgen -G 'tmp/bk-verify.*/data/postmaster.pid' >/dev/null; }
no_server() { [ -z "$(ls -A tmp/)" ]; }

# died_of SIGNAL PID
died_of() {
	local rc=0
	wait "$2" || rc=$?
	[ $rc = $((128 + $(kill -l "$1"))) ]
}

@test "a server of its own: no other, no privileges, nothing left" {
	unset PGHOST PGPORT PGUSER
	run -0 --separate-stderr env PGHOST=/nowhere PGTZ=Asia/Tokyo \
	    bk-verify --scratch <shop.bk
	[ "$(field proof)" = restore ]
	[ "$(field level)" = 3 ]
	bk-gz <shop.bk | bk-verify --scratch -o r
	if [ "$(id -u)" = 0 ]; then
		run -0 setpriv --reuid=nobody --regid=nogroup --clear-groups \
		    "$BK_BIN/bk-verify" --scratch <shop.bk
	fi
	pg_use c
}

@test "PostgreSQL 17, whose archives differ" {
	"$SUPPORT/pg-clients.sh" 17 p17 2>why || skip "$(<why)"
	pg_have 17 || skip "$PG_WHY"
	pg_start l 17
	export BK_PG_BINDIR=$PWD/p17/bin
	createdb shop
	psql -qX shop <<-'SQL' >/dev/null
	CREATE TABLE t AS SELECT g AS n, g::text AS v FROM generate_series(1, 9) g;
	SELECT lo_from_bytea(g, 'x') FROM generate_series(1, 1500) g;
	SQL
	bk-dump shop >ours
	p17/bin/pg_dump -Fc shop >theirs
	for f in ours theirs; do
		run -0 --separate-stderr bk-verify --restore <$f
		[ "$(field blobs)" = 1500 ]
		[[ $(field restored_on) == 17.* ]]
	done
	[ "$(scratches)" = 0 ]
	pg_use c
	# an older server, which does not know all that pg_restore 17 sets
	run -0 --separate-stderr bk-verify --restore <ours
	[[ $(field restored_on) == "$(psql -XAtc 'SHOW server_version' \
	    postgres)"* ]]
}

@test "a scratch database goes away, also when we are stopped" {
	mkfifo slow
	for sig in TERM INT KILL; do
		# the shell ignores INT for what it starts in the background
		python3 -c 'import signal, os, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' bk-verify --restore -o r <slow 2>err &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await 20 is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		[ $sig = KILL ] || await 20 no_scratch
	done
	is_there			# nobody could help it
	run -0 bk-verify --restore -o r <shop.bk
	no_scratch			# but the next one did
}

@test "a scratch server goes away, also when we are killed" {
	# one that the server's user can reach: a test's own is ours alone
	ln -s "$(mktemp -d /tmp/bk-v.XXXXXX)" tmp
	chmod 777 tmp/.
	mkfifo slow
	for sig in TERM KILL; do
		TMPDIR=$(readlink tmp) bk-verify --scratch -o r <slow 2>err 8>&- &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await 30 server_is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		await 30 no_server
	done
	rmdir "$(readlink tmp)"
}

@test "the man page's examples" {
	echo 'SELECT count(*) > 0 FROM orders' >today.sql
	mkdir proofs
	run -0 bash -c 'bk-verify --restore "host=$PGHOST" --sql today.sql \
	    <shop.bk'
	run -0 bash -c 'bk-verify -q --scratch --md --receipts proofs \
	    <shop.bk >>journal.md'
	[[ $(<journal.md) == '| '*' | proven | 3 | '* ]]
}
