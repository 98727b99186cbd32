#!/usr/bin/env bats
# bk-walrecv with servers of other versions: the protocol, and a slot that the
# server has invalidated.

load support/common
load support/pg
load support/wal

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir store spool
	R=
}

teardown() {
	[ -z "$R" ] || kill -9 "$R" 2>/dev/null || :
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

receive() {
	bk-walrecv -U bk --slot bk "$@" "bk-save -q $PWD/store/\$BK_WAL_NAME" \
	    2>>err 3>&- 4>&- &
	R=$!
}

# receiving N: it says for the Nth time that it is.
receiving() {
	[ "$(grep -c 'receiving from' err)" -ge "$1" ]
}

write_wal() {
	wal_sql "INSERT INTO t SELECT g, repeat('x', 270)
	    FROM generate_series(1, 5000) g"
}

confirms() {
	[ "$(wal_sql "SELECT restart_lsn >= '$1' FROM pg_replication_slots")" = t ]
}

lost() {
	write_wal
	wal_switch >/dev/null
	wal_sql CHECKPOINT
	[ "$(wal_sql 'SELECT wal_status FROM pg_replication_slots')" = lost ]
}

# cycle MAJOR: with a spool and without, across a restart, until the slot is
# lost.
cycle() {
	local last status=0
	pg_have "$1" || skip "$PG_WHY"
	PG_CONF='archive_mode = off
	    max_slot_wal_keep_size = 2MB
	    min_wal_size = 2MB
	    max_wal_size = 4MB' wal_start pg "$1"
	wal_sql 'CREATE TABLE t (n int, pad text)'
	receive
	await 20 receiving 1
	write_wal
	last=$(wal_switch)
	await 20 test -s "store/$last"
	cmp "store/$last" "$PGHOST/data/pg_wal/$last"
	kill -TERM "$R"
	wait "$R" || status=$?
	[ "$status" = 143 ]

	receive --spool spool
	await 20 receiving 2
	write_wal
	await 20 confirms "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	# its last WAL is confirmed, or this would not end
	pg_ctl_ pg -m fast stop
	pg_ctl_ pg start
	await 30 receiving 3
	last=$(wal_switch)
	await 20 test -s "store/$last"
	cmp "store/$last" "$PGHOST/data/pg_wal/$last"
	kill -9 "$R"
	wait "$R" || :

	await 20 lost
	run -3 --separate-stderr timeout 20 bk-walrecv -U bk --slot bk \
	    --spool spool true
	[[ $stderr == "bk-walrecv: slot bk: keeps no WAL: "* ]]
	run -3 --separate-stderr timeout 20 bk-walrecv -U bk --slot bk true
	one_line_error bk-walrecv
	# a new slot does not bridge the gap
	wal_sql "SELECT pg_drop_replication_slot('bk')"
	run -3 --separate-stderr timeout 20 bk-walrecv -U bk --slot bk \
	    --spool spool true
	[[ $stderr == *"has already been removed"* ]]
}

@test "PostgreSQL 13" { cycle 13; }
@test "PostgreSQL 14" { cycle 14; }
@test "PostgreSQL 15" { cycle 15; }
@test "PostgreSQL 16" { cycle 16; }
@test "PostgreSQL 17" { cycle 17; }
@test "PostgreSQL 18" { cycle 18; }
