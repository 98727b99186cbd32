#!/usr/bin/env bats
# contrib/prometheus and contrib/grafana on the server itself: what bk-stat finds
# out becomes an alert and a panel.  Limits are lowered to what a small server
# reaches; t/contrib_watch.bats has the real ones.

load support/common
load support/prometheus
. "$SUPPORT/pg.bash"

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	PG_INITDB=--wal-segsize=1 PG_CONF="archive_mode = on
	    archive_command = 'false'
	    max_prepared_transactions = 2
	    max_slot_wal_keep_size = 6MB
	    min_wal_size = 2MB" pg_start "$PWD/pg"
	createdb shop
	PROM_LIMITS='s/> 10 \* 2 ^ 30/> 1/; s/> 64/> 2/; s/> 2 ^ 30/> 1/
	    s/> 15 \* 60$/> 0/; s/> 1e9/> 1/g; s/> 1.6e9/> 1/g; s/0.9 \*/0 */
	    s/> 12 \* 3600/> 0/; s/> 3600$/> 0/' prom_start "$PWD/prom"
}

teardown_file() {
	prom_stop "$BATS_FILE_TMPDIR/prom"
	[ ! -e "$BATS_FILE_TMPDIR/standby" ] ||
	    pg_as "$PG_BIN/pg_ctl" -D "$PGHOST/standby" -m immediate -s stop || :
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	pg_use "$BATS_FILE_TMPDIR/pg"
	pg_find
}

sql() { psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${@:2}" shop; }

# is SQL: it gives true.
is() { [ "$(sql "SELECT $1" "${@:2}")" = t ]; }

# switch N: so many segments of WAL end.
switch() {
	local i
	for ((i = 0; i < $1; i++)); do
		echo 'SELECT pg_current_xact_id(); SELECT pg_switch_wal();'
	done | psql -qXAt shop >switched
}

# alerts NAME...: these fire, and besides them none that are about the server.
alerts() {
	prom_settle
	diff <(printf '%s\n' "$@") <(prom_alerts | grep -v '^BkAgeAbsent' |
	    sed 's/ .*//' | uniq)
}

@test "each condition of a server, and its alert" {
	local fd
	sql "SELECT pg_create_physical_replication_slot('lost', true)"
	switch 9
	sql CHECKPOINT
	sql "SELECT pg_create_physical_replication_slot('kept', true)"
	# a replica that stands still
	pg_as "$PG_BIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres \
	    -c fast -R -D "$PGHOST/standby"
	pg_as sh -c 'sed -i "/^port/d; /^archive_mode/d" "$1/postgresql.conf" &&
	    echo "port = $2" >>"$1/postgresql.conf"' sh "$PGHOST/standby" \
	    "$(free_port)"
	pg_as "$PG_BIN/pg_ctl" -D "$PGHOST/standby" -l "$PGHOST/standby.log" \
	    -s -w start
	: >"$BATS_FILE_TMPDIR/standby"
	await is "count(*) = 1 FROM pg_stat_replication"
	sql 'CREATE TABLE replayed ()'
	await is "pg_last_xact_replay_timestamp() IS NOT NULL" -p "$(standby_port)"
	sql 'SELECT pg_wal_replay_pause()' -p "$(standby_port)"
	await is "pg_get_wal_replay_pause_state() = 'paused'" -p "$(standby_port)"
	sql "CREATE TABLE t AS SELECT generate_series(1, 1000) i"
	switch 3
	await is "failed_count > 0 FROM pg_stat_archiver"
	await is "sent_lsn > replay_lsn AND flush_lsn = sent_lsn FROM pg_stat_replication"
	# transactions that nobody ends
	sql "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'"
	mkfifo in
	psql -qX shop <in >out 2>&1 3>&- &
	exec {fd}>in
	echo 'BEGIN; SELECT 1 FROM t;' >&$fd
	await is "count(*) = 1 FROM pg_stat_activity WHERE state LIKE 'idle in%'"
	BK_AUDIT_LOG=$PWD/audit.log bk-dump -q shop | cat >shop.dump
	bk-stat --log audit.log --prometheus "$PROM_TEXTFILES/stat.prom" shop
	alerts BkArchiverBehind BkArchiverFailing BkConnectionsFew \
	    BkReplicaLags BkSlotLost BkSlotRetains BkTransactionOld BkWraparound
	prom_get alerts | jq -r '.alerts[].annotations | .summary, .description' >words
	run -1 grep -nE 'error expanding|no value|%!|[{}]|^$' words
	grep -q 'of WAL are kept for slot kept' words
	grep -q 'slot lost has lost WAL' words
	exec {fd}>&-
}

standby_port() { sed -n 's/^port = //p' "$PGHOST/standby/postgresql.conf"; }

@test "a server that is asked through two databases alerts once, and has one line" {
	local expr
	bk-stat --prometheus "$PROM_TEXTFILES/too.prom" postgres
	prom_settle
	[ "$(prom_query 'count(bk_stat_archiver_failing)' | jq -r '.[0].value[1]')" = 2 ]
	prom_get alerts | jq -r '.alerts[] | select(.labels.via == null) |
	    .labels | tostring' | sort >fired
	[ "$(grep -c '"BkArchiverFailing".*"server":' fired)" = 1 ]
	run -0 uniq -d fired
	[ -z "$output" ]
	jq -r '.panels[].targets[]?.expr | select(test("bk_stat"))' \
	    "$TOP/contrib/grafana/bk.json" >exprs
	while IFS= read -r expr; do
		prom_query "${expr//\$db/.*}" | jq -r '.[].metric | del(.via) | tostring'
		echo "$expr"
	done <exprs | uniq -d >twice
	diff /dev/null twice
	rm "$PROM_TEXTFILES/too.prom"
}

# finds QUERY: something; between two scrapes on a busy machine it may not.
finds() { prom_query "$1" | jq -e 'length > 0' >/dev/null; }

@test "every panel of bk-stat's finds something" {
	local expr
	jq -r '.panels[].targets[]?.expr | select(test("bk_stat")) |
	    select(test("standby") | not)' "$TOP/contrib/grafana/bk.json" >exprs
	[ "$(wc -l <exprs)" -ge 10 ]
	while IFS= read -r expr; do
		await finds "${expr//\$db/.*}" ||
		    echo "finds nothing: $expr"
	done <exprs >nothing
	diff /dev/null nothing
}

@test "a standby that stands still" {
	rm "$PROM_TEXTFILES"/*.prom
	bk-stat --prometheus "$PROM_TEXTFILES/stat.prom" \
	    "host=$PGHOST port=$(standby_port) dbname=shop"
	prom_settle
	prom_alerts >fired
	grep '^BkStandbyLags warning' fired
	prom_query bk_stat_standby_replay_lag_bytes | jq -e '.[0].value[1] | tonumber > 0'
}

@test "bk-stat stopped running" {
	local file=$PROM_TEXTFILES/stat.prom
	rm -f "$file"
	bk-stat --prometheus stat.prom shop
	# as it was three hours ago
	awk '/^bk_stat_last_run/ { $NF -= 10800 } { print }' stat.prom >"$file"
	prom_settle
	prom_alerts >fired
	grep '^BkStatSilent warning' fired
}
