#!/usr/bin/env bats
# bk-base on a server of the version installed: when things go wrong, nothing
# unfinished looks finished.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"
. "$SUPPORT/base.bash"

@test "the server goes away midway: no closing mark" {
	paused_base
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_replication"
	resume
	[ "$status" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q '^bk-base: base backup: ' err
	unsealed out
}

@test "the whole server stops midway" {
	PG_INITDB=-k pg_start "$PWD/other"
	ADMIN=$PGUSER
	paused_base
	pg_ctl_ "$PWD/other" -m immediate stop
	resume
	[ "$status" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	unsealed out
	run -1 bk-base --check
}

@test "killed or stopped midway, nothing is left running on the server" {
	paused_base
	kill -9 "$BASE"
	resume
	[ "$status" = 137 ]
	unsealed out
	await none_left
	rm fifo
	paused_base --manifest m
	kill -TERM "$BASE"
	resume
	[ "$status" = 143 ]
	[ ! -e m ]
	[ "$(find . -name '.bk-save*' | wc -l)" = 0 ]
	unsealed out
	await none_left
	# waiting for a checkpoint that is spread
	sql 'ALTER SYSTEM SET checkpoint_completion_target = 0.9'
	sql 'SELECT pg_reload_conf()'
	sql 'CREATE TABLE dirty AS TABLE t'
	bk-base -v >out 2>err &
	BASE=$!
	await is "count(*) > 0 FROM pg_stat_progress_basebackup WHERE
	    phase LIKE 'waiting for checkpoint%'"
	kill -TERM $BASE
	status=0
	wait "$BASE" || status=$?
	[ "$status" = 143 ]
	BASE=
	grep -q 'waiting for a spread checkpoint.*-c fast' err
	await none_left
}

# busy: the server writes ten segments, and needs none of the older ones.
busy() {
	local i
	for i in {1..10}; do
		PGUSER=$ADMIN wal_switch
	done
	sql CHECKPOINT
	sql CHECKPOINT
}

@test "WAL is kept while the backup runs; without a slot it fails if it is not" {
	paused_base
	busy
	resume
	[ "$status" = 0 ]
	ends out
	rm fifo
	PG_CONF='max_replication_slots = 0' PG_INITDB='--wal-segsize=1 -k' \
	    pg_start "$PWD/other"
	ADMIN=$PGUSER
	paused_base
	busy
	resume
	[ "$status" = 1 ]
	grep -q '^bk-base: base backup: .*WAL' err
	unsealed out
}

@test "an output that cannot be written is 1, a reader that left says nothing" {
	run -1 --separate-stderr bash -c 'bk-base -c fast >/dev/full'
	one_line_error bk-base
	[[ $stderr == *"No space left"* ]]
	run -0 --separate-stderr bash -c 'bk-base -c fast | head -c 9 >out
	    echo "${PIPESTATUS[0]}"'
	[ "$output" = 1 ]
	[ -z "$stderr" ]
	await none_left
}

# forged TEXT FIELD VALUE MESSAGE: a server that lies so is refused with MESSAGE.
forged() {
	rm -f port
	"$SUPPORT/pgforge.py" 127.0.0.1 "$PGPORT" "${@:1:3}" >port 3>&- &
	PROXY=$!
	await test -s port
	run --separate-stderr bash -c 'bk-base -c fast -h 127.0.0.1 -p "$1" >out' sh "$(cat port)"
	kill $PROXY
	echo "$stderr"
	[ "$status" = 3 ]
	one_line_error bk-base
	[[ $stderr == *"$4"* ]]
	unsealed out
}

@test "a server that lies about its files is not believed" {
	long
	forged base/1/1247 data 77 'base/1/1247: the manifest has CRC32C '
	forged base/1/1247 name ../evil '../evil: the server sent a path'
	forged base/1/1247 name /etc/evil '/etc/evil: the server sent a path'
	forged base/1/1247 name base/../../x 'base/../../x: the server sent a path'
	forged base/1/1247 name base/1/evil 'base/1/1247: the manifest has'
	forged base/1/1247 type 2 'neither a file nor a directory'
	forged base/1/1247 type 1 'neither a file nor a directory'
	forged base/1/1247 size 77777777777 'base backup: '
	forged base.tar raw evil.tar 'an archive without a name'
	forged backup_label data 77 'backup_label: the manifest has CRC32C '
	# its system identifier, a segment's size, behind the begin of a message
	forged 'pg_wal/[0-9A-F]{24}' data 30 'of another cluster'
	forged 'pg_wal/[0-9A-F]{24}' data 38 ': the server sent it, but it is not a WAL segment'
	forged '"Last-Modified": "20' raw '"Last-Modified": "19' 'checksum'
	forged '"Start-LSN": "' raw '"Start-LSM": "' 'backup_manifest'
}

@test "a standby; one that is promoted meanwhile fails" {
	long
	PGUSER=$ADMIN wal_start "$PWD/other"
	wal_sql 'CREATE TABLE t AS SELECT generate_series(1, 500) i'
	wal_standby "$PWD/standby" "$PWD/other"
	PGUSER=bk bk-base -c fast >out
	ends out
	mkdir all
	tar -xf out -C all
	"$(pg_config --bindir)/pg_verifybackup" all
	[ -e all/standby.signal ]
	ADMIN=$PGUSER PGUSER=bk
	run -0 bk-base --check
	[[ $output == *$'\nok\tstandby: '* ]]
	sql 'ALTER SYSTEM SET full_page_writes = off'
	sql 'SELECT pg_reload_conf()'
	await unready
	[[ $output == *$'\nproblem\tfull_page_writes: off; a standby '* ]]
	sql 'ALTER SYSTEM RESET full_page_writes'
	sql 'SELECT pg_reload_conf()'
	paused_base
	sql 'SELECT pg_promote()'
	resume
	[ "$status" = 1 ]
	grep -q 'promoted' err
	unsealed out
}
