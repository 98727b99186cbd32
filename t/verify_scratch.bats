#!/usr/bin/env bats
# bk-verify, level 3: a server of its own; what is left when it is stopped
load support/common
load support/pg
load support/verify

setup_file() { shop_start; }
teardown_file() { pg_stop "$BATS_FILE_TMPDIR/c"; }
setup() { shop_use; }
teardown() {
	# what tests have here to be seen, or not, by others
	[ -z "${outside-}" ] || kill "${outside[@]}"
	shop_left
}

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
		run setpriv --reuid=nobody --regid=nogroup --clear-groups \
		    "$BK_BIN/bk-verify" --scratch <shop.bk
	fi
	pg_use c
}

@test "an OID in a row whose object is gone is no object of the server's" {
	createdb gone
	psql -qX gone <<-'SQL'
	CREATE TABLE log (what regclass);
	INSERT INTO log SELECT i FROM generate_series(16384, 16600) i
	    WHERE i NOT IN (SELECT oid FROM pg_class);
	CREATE TABLE a (); CREATE TABLE b ();
	SQL
	bk-dump gone >gone.bk
	dropdb gone
	run -0 bk-verify -q -o r --scratch <gone.bk
}

@test "what code in the server can reach of its host: next to nothing" {
	local who=nobody sees
	[ "$(id -u)" = 0 ] || who=$(id -un)
	echo mine >"$PGHOST/secret"
	chmod 644 "$PGHOST/secret"
	# of the user that the server has
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=nobody --clear-groups tail -f /dev/null 3>&- &
	else
		tail -f /dev/null 3>&- &
	fi
	outside=($!)
	cat >look.sql <<-SQL
	CREATE TEMP TABLE said (what text);
	COPY said FROM PROGRAM 'exec 2>&1; env; echo user \$(id -un); cat $PGHOST/secret;
	    ls -A /home /root /run | grep "[^:]$" | sed "s/^/file /";
	    ls -A / | sed "s/^/root /";
	    echo processes \$(ls /proc | grep -c "^[0-9]");
	    kill -0 ${outside[0]} && echo signalled;
	    head -c 1 /dev/kmsg >/dev/null && echo kernel;
	    find /opt /data /backup -type f | sed "s/^/file /";
	    (: >/usr/ran) && echo wrote; (: >/var/tmp/ran) && echo wrote;
	    perl -MIO::Socket::INET -e "print qq(reached\\n) if
	        IO::Socket::INET->new(q(127.0.0.1:$PGPORT))"; true';
	SELECT bool_or(what = 'user $who') FROM said;
	SELECT NOT bool_or(what ~ 'AKIA|^(HOME|AWS_.*|PGPASS.*|BK_.*)=') FROM said;
	SQL
	cat look.sql - >all.sql <<-'SQL'
	SELECT NOT bool_or(what ~ '^(mine|file .*|wrote|reached|signalled|kernel)$')
	    FROM said;
	SELECT count(*) < 4 FROM said WHERE what ~ '^root ' AND
	    what !~ '^root (usr|s?bin|lib(x?32|64)?|etc|proc|dev)$';
	SELECT bool_or(what = 'processes 0') FROM said;
	SQL
	export AWS_SECRET_ACCESS_KEY=AKIAX BK_PASSPHRASE=AKIAY
	run -0 --separate-stderr bk-verify --scratch --sql look.sql <shop.bk
	sees=$stderr
	# where the system has no namespaces for us, that is said
	if [[ $sees == *'code in the dump can reach the host'* ]]; then
		skip "no namespaces here"
	fi
	run -0 bk-verify --scratch --sql all.sql -o r <shop.bk
	[ ! -e /usr/ran ]
	[ "$(id -u)" = 0 ] || return 0
	# a user's own are as good
	cp shop.bk all.sql "$PGHOST"
	chmod 644 "$PGHOST"/{shop.bk,all.sql}
	setpriv --reuid=postgres --clear-groups tail -f /dev/null 3>&- &
	outside+=($!)
	sed -i "s/kill -0 ${outside[0]}/kill -0 $!/" "$PGHOST/all.sql"
	sed -i 's/user nobody/user postgres/' "$PGHOST/all.sql"
	run -0 setpriv --reuid=postgres --regid=postgres --clear-groups sh -c \
	    "cd $PGHOST; exec $BK_BIN/bk-verify --scratch --sql all.sql <shop.bk"
}

# place: tmp is a directory that the server's user can reach too.
place() {
	ln -s "$(mktemp -d "${BK_TMP:-/tmp}/bk-v.XXXXXX")" tmp
	chmod 777 tmp/.
}

has_stopped() { compgen -G 'tmp/bk-verify.*/stopped' >/dev/null; }

# namespaces: processes of its own, or skip.
namespaces() {
	run -0 --separate-stderr bk-verify --scratch -o r <shop.bk
	[[ $stderr != *'can reach the host'* ]] || skip "no namespaces here"
}

@test "what its code leaves: processes, FIFOs, links, none in the way" {
	namespaces
	place
	cat >leave.sql <<-'SQL'
	CREATE TEMP TABLE said (what text);
	COPY said FROM PROGRAM '
	    perl -esleep left-behind >/dev/null 2>&1 &
	    setsid perl -esleep left-behind >/dev/null 2>&1 &
	    mv postmaster.pid was; mkfifo postmaster.pid;
	    mv ../log ../was; mkfifo ../log;
	    kill -STOP 1; kill -KILL 1; kill -STOP $(head -n 1 was); echo done';
	SELECT what = 'done' FROM said;
	SQL
	TMPDIR=$(readlink tmp) run -0 bk-verify --scratch --sql leave.sql -o r \
	    <shop.bk
	no_server
	run -1 pgrep -f 'perl -esleep left-behind'
	rmdir "$(readlink tmp)"
}

@test "its code stops the server: we end, and it does, when told to" {
	long
	namespaces
	place
	cat >stop.sql <<-'SQL'
	COPY (SELECT 1) TO PROGRAM 'touch ../stopped; kill -STOP -1';
	SELECT true;
	SQL
	TMPDIR=$(readlink tmp) bk-verify --scratch --sql stop.sql -o r \
	    <shop.bk 2>err 3>&- &
	pid=$!
	await has_stopped
	kill -TERM $pid
	died_of TERM $pid
	await no_server
	rmdir "$(readlink tmp)"
}

@test "lines of ours for the server's configuration" {
	long
	psql -qXc 'CREATE EXTENSION pg_stat_statements' shop
	bk-dump shop >preload.bk
	psql -qXc 'DROP EXTENSION pg_stat_statements' shop
	echo 'SELECT count(*) >= 0 FROM pg_stat_statements;' >loaded.sql
	run -3 bk-verify --scratch --sql loaded.sql -o r <preload.bk
	cat >conf <<-'CONF'
	shared_preload_libraries = 'pg_stat_statements'
	listen_addresses = '*'
	CONF
	echo "SELECT current_setting('listen_addresses') = ''" >>loaded.sql
	run -0 bk-verify --scratch --scratch-config conf --sql loaded.sql -o r \
	    <preload.bk
	echo 'nosuch = 1' >conf
	run -1 --separate-stderr bk-verify --scratch --scratch-config conf \
	    -o r <shop.bk
	one_line_error bk-verify
	[[ $stderr == *'"nosuch"'* ]]
	run -1 bk-verify --scratch --scratch-config none -o r <shop.bk
	run -2 bk-verify --restore --scratch-config conf -o r <shop.bk
}

@test "PostgreSQL 17, whose archives differ" {
	long
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
	long
	mkfifo slow
	for sig in TERM INT KILL; do
		# the shell ignores INT for what it starts in the background
		python3 -c 'import signal, os, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' bk-verify --restore -o r <slow 2>err &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		[ $sig = KILL ] || await no_scratch
	done
	is_there			# nobody could help it
	run -0 bk-verify --restore -o r <shop.bk
	no_scratch			# but the next one did
}

@test "a scratch server goes away, also when we are killed" {
	# one that the server's user can reach: a test's own is ours alone
	place
	mkfifo slow
	for sig in TERM KILL; do
		TMPDIR=$(readlink tmp) bk-verify --scratch -o r <slow 2>err 8>&- &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await server_is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		await no_server
	done
	rmdir "$(readlink tmp)"
}

@test "without a view of the files of its own, as with no namespaces: it is said" {
	long
	as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	[ "$(id -u)" = 0 ] || as=()
	off='for n; do echo 0 >/proc/sys/user/max_${n}_namespaces; done; exec'
	"${as[@]}" unshare -U -c --keep-caps sh -c "$off true" sh mnt 2>why ||
	    skip "no user namespaces: $(<why)"
	find /dev/shm -name 'PostgreSQL.*' -newer shop.bk >before
	run -0 --separate-stderr "${as[@]}" unshare -U -c --keep-caps sh -c \
	    "$off '$BK_BIN/bk-verify' --scratch" sh mnt <shop.bk
	[[ $stderr == *'cannot isolate its files on this system: code in the dump'* ]]
	run -0 --separate-stderr "${as[@]}" unshare -U -c --keep-caps sh -c \
	    "$off '$BK_BIN/bk-verify' --scratch" sh mnt net <shop.bk
	[[ $stderr == *'cannot isolate its network and files on this system: code in the dump'* ]]
	run -0 --separate-stderr "${as[@]}" unshare -U -c --keep-caps sh -c \
	    "$off '$BK_BIN/bk-verify' --scratch" sh mnt pid net <shop.bk
	[[ $stderr == *'cannot isolate its network, processes and files on this system: code in the dump'* ]]
	find /dev/shm -name 'PostgreSQL.*' -newer shop.bk | diff before -
}

@test "with the dump's roles, and its digits of floats" {
	createuser elsewhere
	psql -qX -c 'GRANT SELECT ON orders TO elsewhere' shop
	bk-dump -q --globals --extra-float-digits=1 shop >with.bk
	psql -qX -c 'REVOKE ALL ON orders FROM elsewhere' shop
	dropuser elsewhere
	run -0 --separate-stderr bk-verify --scratch <with.bk
	[ "$(field proof)" = restore ]
	run -0 --separate-stderr bk-verify --restore <with.bk
	[ "$(field proof)" = restore ]
}

@test "an archive that does not say of which server it is" {
	printf 'PGDMP\1\17\0' >head
	bk-seal cat head >sealed
	run -3 --separate-stderr bk-verify --scratch <sealed
	one_line_error bk-verify
	[[ $stderr == *'damaged: no server version in its header' ]]
}

@test "a server's program that nobody else may run" {
	[ "$(id -u)" = 0 ] || skip "not root"
	pg_find
	install -d -m 700 mine
	ln -s "$PG_BIN"/* mine
	BK_PG_BINDIR=$PWD/mine run -1 --separate-stderr \
	    bk-verify --scratch <shop.bk
	one_line_error bk-verify
	[[ $stderr == *'no user nobody or postgres, no directory, or '*'/mine/postgres does not run' ]]
}

@test "its files may be in memory, of which it sees no others" {
	stat -f -c %T /dev/shm | grep -qx tmpfs || skip "no /dev/shm"
	tmp=$(mktemp -d /dev/shm/bk-v.XXXXXX)
	chmod 777 "$tmp"
	cat >look.sql <<-'SQL'
	SELECT count(*) = 1 FROM pg_ls_dir('/dev/shm') f WHERE f ~ '^bk-v';
	SQL
	TMPDIR=$tmp run --separate-stderr bk-verify -q --scratch \
	    --sql look.sql <shop.bk
	rmdir "$tmp"
	[[ $stderr != *'cannot isolate'* ]] || skip "no mount namespaces here"
	[ "$status" = 0 ]
}

@test "the man page's examples" {
	long
	echo 'SELECT count(*) > 0 FROM orders' >today.sql
	mkdir proofs
	run -0 bash -c 'bk-verify --restore "host=$PGHOST" --sql today.sql \
	    <shop.bk'
	run -0 bash -c 'bk-verify -q --scratch --md --receipts proofs \
	    <shop.bk >>journal.md'
	[[ $(<journal.md) == '| '*' | proven | 3 | '* ]]
}
