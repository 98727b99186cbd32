#!/usr/bin/env bats
# bk-stat on a standby and on its primary.

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

@test "a standby and its primary: lags and receivers" {
	long
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
	await sees '.replicas[0].state == "streaming"'
	sql 'CREATE TABLE behind (i int); CREATE ROLE nobody_else LOGIN'
	run -0 bk-stat
	[[ $output == *" streaming  walreceiver"* ]]
	PGUSER=nobody_else run -0 bk-stat postgres
	[[ $output =~ $'\n'(' '+'?'){6}' '+walreceiver ]]
	bk-stat --prometheus m.prom
	grep -q '^bk_stat_replica_replay_lag_bytes{replica="walreceiver",pid="[0-9]*"} ' <(plain <m.prom)
	run -1 grep standby m.prom

	# the standby, paused, falls behind
	pg_use "$PWD/standby"
	await sees '.standby.last_replayed'
	sees '.server.role == "standby" and .standby.receiving and
	    .standby.receiver == "streaming" and .replicas == []'
	sql 'SELECT pg_wal_replay_pause()'
	pg_use "$PWD/pg"
	sql 'INSERT INTO behind SELECT generate_series(1, 10000)'
	await sees '.replicas[0] | .replay_lag_bytes > 100000 and .flush_lag_bytes < 100000'
	pg_use "$PWD/standby"
	await sees '.standby | .replay_lag_bytes > 100000 and
	    .replay_lag_seconds > 0 and .paused'
	run -0 bk-stat
	[[ $output == *", standby, up "* ]]
	[[ $output == *$'\nstandby       receiving, replay PAUSED, replay lags by '*"KiB and "*s* ]]
	bk-stat --prometheus - >m.prom
	grep -qx 'bk_stat_standby_paused 1' <(plain <m.prom)
	grep -qE '^bk_stat_standby_replay_lag_seconds [0-9]+\.[0-9]{3}$' <(plain <m.prom)
	PGUSER=nobody_else sees '.standby | .receiving and .receiver == null'
	sees '.notes == []'

	# it reads on alone
	pg_ctl_ "$PWD/pg" -m immediate stop
	await sees '.standby.receiving == false'
	run -0 bk-stat
	[[ $output == *$'\nstandby       NOT receiving, replay PAUSED, '* ]]
	sql 'SELECT pg_wal_replay_resume()'
	await sees '.standby | .replay_lag_bytes == 0 and .replay_lag_seconds == 0'
}
