#!/usr/bin/env bats
# bk-verify --scratch of a base backup: recovered in a server of our own, which
# takes nothing from the cluster but its data, and is gone afterwards.

load support/common
load support/jobs
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

# A cluster whose own settings no other machine could start with, in which the
# usual superuser has another name, with a tablespace and one database.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	wal_start pg
	wal_tablespace fast
	createdb shop
	wal_sql 'CREATE TABLE orders TABLESPACE fast AS SELECT i AS id,
	    md5(i::text) AS what FROM generate_series(1, 5000) i' shop
	wal_sql 'CREATE INDEX ON orders (what)' shop
	export EVIL
	EVIL=$(wal_dir evil)
	wal_sql 'ALTER SYSTEM SET shared_preload_libraries = nonsense'
	wal_sql "ALTER SYSTEM SET restore_command = 'touch $EVIL/restore; false'"
	wal_sql "ALTER SYSTEM SET recovery_end_command = 'touch $EVIL/end'"
	wal_sql "ALTER SYSTEM SET archive_command = 'touch $EVIL/archive; false'"
	sed -i 's/trust$/reject/; 1i local all all trust' "$PGHOST/data/pg_hba.conf"
	# what comes while the backup is taken is in it, up to its end
	mkfifo slow
	bk-base -c fast >slow 3>&- &
	exec 8<slow
	await eval 'wal_sql "SELECT phase FROM pg_stat_progress_basebackup" |
	    grep -q streaming'
	wal_sql 'CREATE TABLE late ()' shop
	cat <&8 >base.tar
	exec 8<&-
	wait $!
	wal_sql 'CREATE ROLE boss SUPERUSER LOGIN'
	PGUSER=boss wal_sql 'ALTER ROLE postgres RENAME TO other'
	bk-base -c fast -U boss >boss.tar
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	BASE=$BATS_FILE_TMPDIR/base.tar
	TMPDIR=$(mktemp -d "${BK_TMP:-/tmp}/bk-recovery.XXXXXX")	# for whoever it runs as
	export TMPDIR
	chmod 777 "$TMPDIR"
	unset PGHOST PGPORT PGUSER
}

teardown() {
	rmdir "$TMPDIR"		# nothing is left
}

something() { [ -n "$(ls -A "$TMPDIR")" ]; }
nothing() { [ -z "$(ls -A "$TMPDIR")" ]; }

field() { jq -r ".$1" <<<"$output"; }

@test "a base backup is recovered: every page, assertions, the time it took" {
	cat >sql <<-'EOF2'
	SELECT count(*) = 5000 FROM orders;
	SELECT current_database() = 'shop';
	SELECT NOT pg_is_in_recovery();
	SELECT to_regclass('late') IS NOT NULL;
	EOF2
	run -0 --separate-stderr bk-verify --scratch --sql sql <"$BASE"
	[ "$(field 'level, .proof, .kind, .not_covered, .differences' |
	    paste -sd ' ')" = '3 recovery base null 0' ]
	[[ $(field restored_on) == "$(cat "$BATS_FILE_TMPDIR/pg/home/data/PG_VERSION")"* ]]
	jq -e '.restore_seconds > 0 and .start_lsn != null' <<<"$output"
	[[ $(field reached) == 20*Z && ! $(field reached) < $(field at) ]]
	[[ $stderr == *'recovered, and started; sealed' ]]
	# none of the cluster's commands was run
	[ -z "$(ls -A "$(readlink "$BATS_FILE_TMPDIR/pg/home")/evil")" ]
	echo 'SELECT count(*) = 4999 FROM orders' >sql
	run -3 --separate-stderr bk-verify --scratch --sql sql <"$BASE"
	[[ $(field result) == 'not proven' ]]
	# through every layer
	bk-keygen >key.txt 2>err
	bk-gz <"$BASE" | bk-crypt -r "$(bk-keygen -y key.txt)" >base.tar
	mkdir proofs
	bk-verify -i key.txt --scratch --receipts proofs < base.tar
	[ "$(jq -r .proof proofs/*)" = recovery ]
}

@test "another superuser; a setting that the server does not know" {
	long
	run -1 --separate-stderr bk-verify --scratch <"$BATS_FILE_TMPDIR/boss.tar"
	[[ $stderr == *'set PGUSER to a superuser of the cluster'* ]]
	PGUSER=boss bk-verify --scratch <"$BATS_FILE_TMPDIR/boss.tar"
	echo 'work_mem = 7MB' >conf
	echo "SELECT current_setting('work_mem') = '7MB'" >sql
	# a pg_amcheck that fails tells nothing of the pages
	mkdir "$TMPDIR/bin"
	ln -s "$(pg_config --bindir)"/* "$TMPDIR/bin"
	rm "$TMPDIR/bin/pg_amcheck"
	printf '%s\n' '#!/bin/sh' 'case $1 in' \
	    "--version) exec $(pg_config --bindir)/pg_amcheck --version;;" \
	    'esac' 'echo "pg_amcheck: error: out of luck" >&2; exit 1' \
	    >"$TMPDIR/bin/pg_amcheck"
	chmod +x "$TMPDIR/bin/pg_amcheck"
	BK_PG_BINDIR=$TMPDIR/bin run -0 --separate-stderr bk-verify --scratch \
	    --scratch-config conf --sql sql <"$BASE"
	[[ $(field not_covered) == 'pg_amcheck ('*'out of luck)' ]]
	rm -r "$TMPDIR/bin"
	echo 'shared_preload_libraries = nonsense' >conf
	run -1 --separate-stderr bk-verify --scratch --scratch-config conf <"$BASE"
	[[ $stderr == *'scratch server: '*FATAL*nonsense* ]]
}

@test "cut, damaged, or without WAL: refused, no server is started" {
	local size n
	size=$(stat -c %s "$BASE")
	for n in 2000 $((size / 2)) $((size - 1)); do
		run -3 --separate-stderr bk-verify --scratch < <(head -c "$n" "$BASE")
		[ "$(field result)" = 'not proven' ]
	done
	LC_ALL=C sed 's/;tli=1;/;tli=2;/' "$BASE" >bad
	run -3 --separate-stderr bk-verify --scratch <bad
	[[ $stderr == *'label: timeline'* ]]
	python3 - "$BASE" dry <<-'PY'
	import sys, tarfile
	with tarfile.open(sys.argv[1]) as old, \
	    tarfile.open(sys.argv[2], 'w') as new:
	    for m in old:
	        m.pax_headers = {}
	        if not m.name.startswith('pg_wal/0'):
	            new.addfile(m, old.extractfile(m) if m.isfile() else None)
	PY
	run -1 --separate-stderr bk-verify --scratch <dry
	[[ $stderr == *'WAL that it needs is not inside'*bk-pitr* ]]
	# and --restore is for dumps
	run -1 --separate-stderr bk-verify --restore <"$BASE"
	[[ $stderr == *'recovered with --scratch'* ]]
}

@test "pages that were damaged on the server are found again" {
	long
	pg_use "$BATS_FILE_TMPDIR/pg"
	export PGUSER=boss
	# which nothing writes again
	wal_sql 'CREATE TABLE bad WITH (autovacuum_enabled = off) AS
	    SELECT i FROM generate_series(1, 5000) i' shop
	wal_sql 'VACUUM (FREEZE) bad' shop
	file=$(wal_sql "SELECT pg_relation_filepath('bad')" shop)
	wal_sql CHECKPOINT
	printf 'UUUUUUUU' | dd of="$PGHOST/data/$file" bs=1 \
	    seek=$((2 * 8192 + 28)) conv=notrunc status=none
	run -3 bk-base -c fast
	bk-base -c fast --allow-bad-pages >with 2>err
	run -3 --separate-stderr bk-verify --scratch <with
	[ "$(field differences)" -gt 0 ]
	[[ $(field not_covered) == *'pages with wrong checksums'* ]]
	[[ $stderr == *pg_amcheck* ]]
	wal_sql 'DROP TABLE bad' shop
}

@test "stopped or killed, it leaves nothing behind" {
	local pid signal
	for signal in TERM KILL; do
		mkfifo fifo
		bk-verify --scratch <fifo >out 2>err 3>&- &
		pid=$!
		exec 8>fifo
		head -c 3000000 "$BASE" >&8
		await something
		kill -$signal $pid
		run wait $pid
		exec 8>&-
		await nothing
		rm fifo
	done
}
