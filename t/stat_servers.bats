#!/usr/bin/env bats
# bk-stat on older and newer servers.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/stat.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

# all_told MAJOR: on a server of that version, nothing is left out.
all_told() {
	pg_among "$1" || skip "$PG_WHY"
	PG_CONF="archive_mode = on
	    archive_command = 'true'
	    max_prepared_transactions = 2" pg_start "$PWD/pg" "$1"
	sql "SELECT pg_create_physical_replication_slot('s', true)" >/dev/null
	psql -qX -c 'CREATE TABLE t AS SELECT generate_series(1, 10000) i' \
	    -c 'ANALYZE t' -c 'CREATE ROLE nobody_else LOGIN'
	psql -qX -c BEGIN -c 'CREATE TABLE u ()' -c "PREPARE TRANSACTION 'p'"
	bk-stat --json >doc
	jq -e --arg major "$1" '.notes == [] and (.server.version | startswith($major))
	    and .prepared.gid == "p" and .oldest_xmin.kind == "prepared"
	    and .archive_queue.segments == 0 and .archiver.configured
	    and .slots[0].retained_bytes > 0 and .freeze.xid_age > 0
	    and (.slots[0].inactive_since != null) == (($major | tonumber) >= 17)
	    and .connections == {used: 1, max: 100, reserved: 3}
	    and (.databases | length) == 3 and .databases[0].size_bytes > 1000000
	    and (.tables | .count == 1 and .rows == 10000 and .size_bytes > 300000)' doc
	run -0 --separate-stderr bk-stat
	[ -z "$stderr" ]
	[[ $output == *" 10,000  public.t"* ]]
	run -0 grep -c '^bk_stat_slot_inactive_timestamp_seconds' <(bk-stat --prometheus -) ||
	    [ "$1" -lt 17 ]
	PGUSER=nobody_else sees '(.notes | length) == 1 and .archive_queue == null
	    and .tables.rows == 10000'
}

@test "PostgreSQL 10" { all_told 10; }
@test "PostgreSQL 13" { all_told 13; }
@test "PostgreSQL 16" { all_told 16; }
@test "PostgreSQL 18" { all_told 18; }
@test "PostgreSQL 19" { all_told 19; }
