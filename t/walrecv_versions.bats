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
	pg_among "$1" || skip "$PG_WHY"
	PG_CONF='archive_mode = off
	    max_slot_wal_keep_size = 2MB
	    min_wal_size = 2MB
	    max_wal_size = 4MB' wal_start pg "$1"
	wal_sql 'CREATE TABLE t (n int, pad text)'
	receive
	await receiving 1
	write_wal
	last=$(wal_switch)
	await test -s "store/$last"
	cmp "store/$last" "$PGHOST/data/pg_wal/$last"
	kill -TERM "$R"
	wait "$R" || status=$?
	[ "$status" = 143 ]

	receive --spool spool
	await receiving 2
	write_wal
	await confirms "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	# its last WAL is confirmed, or this would not end
	pg_ctl_ pg -m fast stop
	pg_ctl_ pg start
	await receiving 3
	last=$(wal_switch)
	await test -s "store/$last"
	cmp "store/$last" "$PGHOST/data/pg_wal/$last"
	kill -9 "$R"
	wait "$R" || :

	await lost
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk \
	    --spool spool true
	[[ $stderr == "bk-walrecv: slot bk: keeps no WAL: "* ]]
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk true
	one_line_error bk-walrecv
	# a new slot does not bridge the gap
	wal_sql "SELECT pg_drop_replication_slot('bk')"
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk \
	    --spool spool true
	[[ $stderr == *"has already been removed; take a new base backup, "* ]]
}

# invalidated: at a checkpoint, as nobody uses it.
invalidated() {
	wal_sql CHECKPOINT
	[ "$(wal_sql 'SELECT invalidation_reason FROM
	    pg_replication_slots')" = idle_timeout ]
}

@test "PostgreSQL 13" { cycle 13; }
@test "PostgreSQL 14" { cycle 14; }
@test "PostgreSQL 15" { cycle 15; }
@test "PostgreSQL 16" { cycle 16; }
@test "PostgreSQL 17" { cycle 17; }
@test "PostgreSQL 18" { cycle 18; }
@test "PostgreSQL 19" { cycle 19; }

@test "a slot that was idle for too long, though its WAL is there" {
	local status=0
	pg_have 18 || skip "$PG_WHY"
	PG_CONF='archive_mode = off
	    idle_replication_slot_timeout = 1s' wal_start pg 18
	receive --spool spool
	await receiving 1
	kill -STOP "$R"
	wal_sql 'SELECT pg_terminate_backend(active_pid) FROM
	    pg_replication_slots' >/dev/null
	await invalidated
	# it was receiving before: it does not try for ever
	kill -CONT "$R"
	wait "$R" || status=$?
	R=
	[ "$status" = 3 ]
	[[ $(tail -n 1 err) == *'"bk"; take a new base backup, begin with a new slot '* ]]
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk true
	one_line_error bk-walrecv
}

@test "a slot without WAL, or of another kind, or of a role without the right" {
	local first
	PG_CONF='wal_level = logical' wal_start pg
	wal_sql "SELECT pg_create_physical_replication_slot('bk')" >/dev/null
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk true
	[[ $stderr == "bk-walrecv: slot bk: keeps no WAL: "*"made without reserving WAL; drop it"* ]]
	wal_sql "SELECT pg_create_logical_replication_slot('l',
	    'test_decoding')" >/dev/null
	run -1 --separate-stderr timeout 300 bk-walrecv -U bk --slot l true
	[[ $stderr == *" logical replication slot"* ]]
	one_line_error bk-walrecv
	wal_sql 'CREATE ROLE nobody LOGIN'
	run -1 --separate-stderr timeout 300 bk-walrecv -U nobody --slot n true
	one_line_error bk-walrecv
	# one that a dead one's connection still has, say: it is waited for
	wal_sql "SELECT pg_drop_replication_slot('bk')" >/dev/null
	receive
	await receiving 1
	first=$R
	receive
	await grep -q 'slot "bk" is active for PID [0-9]*; will try again' err
	kill -9 "$first"
	await receiving 2
	run -2 --separate-stderr bk-walrecv -U bk --slot 'B-k' true
}
