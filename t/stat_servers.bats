#!/usr/bin/env bats
# bk-stat on other servers: a standby and its primary, older and newer versions.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/stat.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
	pg_stop "$BATS_TEST_TMPDIR/standby"
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" postgres
}

# sees FILTER: the document is so.
sees() {
	bk-stat --json postgres | jq -e "$1"
}

@test "a standby and its primary: lags and receivers" {
	local standby port
	pg_start "$PWD/standby"
	pg_ctl_ "$PWD/standby" -m immediate stop
	mv "$PGHOST/data/postgresql.conf" conf
	rm -r "$PGHOST/data"
	standby=$PGHOST
	pg_start "$PWD/pg"
	pg_find
	pg_as "$PG_BIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres \
	    -D "$standby/data" -R -c fast
	cp conf "$standby/data/postgresql.conf"
	pg_ctl_ "$PWD/standby" start
	await 20 sees '.replicas[0].state == "streaming"'
	sql 'CREATE TABLE behind (i int); CREATE ROLE nobody_else LOGIN'
	run -0 bk-stat
	[[ $output == *" streaming  walreceiver"* ]]
	bk-stat --prometheus m.prom
	grep -q '^bk_stat_replica_replay_lag_bytes{replica="walreceiver",pid="[0-9]*"} ' <(plain <m.prom)
	run -1 grep standby m.prom

	# the standby, paused, falls behind
	pg_use "$PWD/standby"
	await 20 sees '.standby.last_replayed'
	sees '.server.role == "standby" and .standby.receiving and
	    .standby.receiver == "streaming" and .replicas == []'
	sql 'SELECT pg_wal_replay_pause()'
	pg_use "$PWD/pg"
	sql 'INSERT INTO behind SELECT generate_series(1, 10000)'
	await 20 sees '.replicas[0] | .replay_lag_bytes > 100000 and .flush_lag_bytes < 100000'
	pg_use "$PWD/standby"
	await 20 sees '.standby | .replay_lag_bytes > 100000 and
	    .replay_lag_seconds > 0 and .paused'
	run -0 bk-stat
	[[ $output == *", standby, up "* ]]
	[[ $output == *$'\nstandby       receiving, replay PAUSED, '*"KiB and "*"s behind what it received"* ]]
	bk-stat --prometheus - >m.prom
	grep -qx 'bk_stat_standby_paused 1' <(plain <m.prom)
	grep -qE '^bk_stat_standby_replay_lag_seconds [0-9]+\.[0-9]{3}$' <(plain <m.prom)
	PGUSER=nobody_else sees '.standby | .receiving and .receiver == null'
	sees '.notes == []'

	# it reads on alone
	pg_ctl_ "$PWD/pg" -m immediate stop
	await 20 sees '.standby.receiving == false'
	run -0 bk-stat
	[[ $output == *$'\nstandby       NOT receiving, replay PAUSED, '* ]]
	sql 'SELECT pg_wal_replay_resume()'
	await 20 sees '.standby | .replay_lag_bytes == 0 and .replay_lag_seconds == 0'
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
