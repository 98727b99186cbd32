#!/usr/bin/env bats
# bk-stat: what it tells is what the server would, whatever state that is in,
# and it comes to an end.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/stat.bash"

setup_file() {
	PG_CONF="archive_mode = on
	    archive_command = 'test ! -e fails'
	    max_prepared_transactions = 2" pg_start "$BATS_FILE_TMPDIR/pg"
	createdb -T template0 shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	CREATE TABLE small (i int PRIMARY KEY);
	INSERT INTO small SELECT generate_series(1, 100);
	CREATE TABLE large (i int PRIMARY KEY, t text);
	INSERT INTO large SELECT i, (SELECT string_agg(md5((i * j)::text), '')
	    FROM generate_series(1, 100) j) FROM generate_series(1, 500) i;
	CREATE INDEX ON large (md5(t));
	ANALYZE;
	CREATE ROLE nobody_else LOGIN;
	SQL
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	export PGDATABASE=shop
}

teardown() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	[ -z "${PROXY-}" ] || kill "$PROXY" 2>/dev/null || :
	[ -z "${STOPPED-}" ] || kill -CONT "$STOPPED" 2>/dev/null || :
	end_sessions
	pg_stop "$BATS_TEST_TMPDIR/other"
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-shop}"
}

# is SQL: it gives true.
is() {
	[ "$(sql "SELECT $1" postgres)" = t ]
}

# session SQL...: a session that runs these one by one and stays; waits until
# it is idle in its transaction.
session() {
	local before
	before=$(sql "SELECT count(*) FROM pg_stat_activity
	    WHERE application_name = 'session' AND state LIKE 'idle in%'")
	mkfifo "in$before"
	PGAPPNAME=session psql -qX >out 2>&1 <"in$before" 3>&- &
	exec {fd}>"in$before"
	printf '%s;\n' "$@" >&"$fd"
	await is "count(*) > $before FROM pg_stat_activity
	    WHERE application_name = 'session' AND state LIKE 'idle in%'"
}

end_sessions() {
	psql -qXAtc "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE application_name = 'session'" postgres >/dev/null || :
}

# json FILTER [OPTION...]: what jq makes of the document.
json() {
	bk-stat --json "${@:2}" | jq -r "$1"
}

# metric TEXT: the lines of metrics that begin with it.
metric() {
	bk-stat --prometheus - | plain | grep -F -- "$1" | grep -v '^#'
}

# --- the forms

@test "a page for people: aligned, with units, 80 columns" {
	run -0 --separate-stderr bk-stat shop
	[ -z "$stderr" ]
	[[ ${lines[0]} == "shop on $PGHOST:$PGPORT, PostgreSQL "*", primary, up "* ]]
	[[ ${lines[1]} == 20??-??-??T??:??:??Z* ]]
	[[ $output == *$'\nconnections   1 of 100, of which 3 are reserved\n'* ]]
	[[ $output == *$'\nwraparound    0% of transactions ('* ]]
	[[ $output == *$'\narchiver      on, '* ]]
	[[ $output =~ $'\n'' '+[0-9.]+MiB' '+[0-9]+' '+'0%'' '+-' '+-'  shop'$'\n' ]]
	[[ $output =~ $'\n'' '+[0-9.]+KiB' '+'8.0KiB'' '+'16.0KiB'' '+0B' '+'100  public.small'$'\n' ]]
	[[ $output == *" all 2; catalog "*MiB ]]
	# the first line has the socket's path in it
	printf '%s\n' "${lines[@]:1}" | awk 'length($0) > 80 { bad = 1 } END { exit bad }'
}

@test "sizes and rows are the server's own" {
	bk-stat --json >doc
	[ "$(wc -l <doc)" = 1 ]
	[ "$(jq -c '.tables.largest | map(.name)' doc)" = '["large","small"]' ]
	[ "$(jq -r '.tables.largest[0] | [.rows, .table_bytes, .index_bytes,
	    .toast_bytes, .size_bytes, .estimated] | join(" ")' doc)" = "$(sql "
	    SELECT 500, t, i, o, t + i + o, false FROM (SELECT
	    pg_relation_size('large') AS t,
	    pg_relation_size('large_pkey') + pg_relation_size('large_md5_idx') AS i,
	    pg_relation_size(r.oid) + pg_relation_size(i.indexrelid) AS o
	    FROM pg_class c, pg_class r, pg_index i WHERE c.oid = 'large'::regclass
	    AND r.oid = c.reltoastrelid AND i.indrelid = r.oid) AS s" |
	    sed 's/|/ /g; s/f$/false/')" ]
	jq -e '.tables.largest[0].toast_bytes > 1000000' doc
	jq -e '.tables | .count == 2 and .rows == 600 and
	    .size_bytes == (.largest | map(.size_bytes) | add) and
	    .table_bytes == (.largest | map(.table_bytes) | add)' doc
	[ "$(jq '.databases[] | select(.name == "shop").size_bytes' doc)" = \
	    "$(sql "SELECT pg_database_size('shop')")" ]
	[ "$(jq .tables.catalog_bytes doc)" = "$(sql "SELECT sum(
	    pg_relation_size(oid)) FROM pg_class WHERE relkind IN ('r', 't', 'i')
	    AND NOT relisshared AND oid < 16384")" ]
	[ "$(jq -r .server.started doc)" = "$(sql "SELECT to_char(
	    pg_postmaster_start_time(), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")" ]
	[ "$(jq '.databases[] | select(.name == "shop").xid_age' doc)" = \
	    "$(sql "SELECT age(datfrozenxid) FROM pg_database
	    WHERE datname = 'shop'")" ]
	jq -e '.notes == [] and .standby == null and .backup == null' doc
}

@test "--tables bounds what is told, not what is counted" {
	[ "$(json '.tables | [.count, (.largest | length)] | join(" ")' --tables 1)" = "2 1" ]
	[ "$(json '.tables | [.count, (.largest | length)] | join(" ")' --tables 0)" = "2 0" ]
	run -0 bk-stat --tables 1
	[[ $output == *"public.large"*" all 2;"* && $output != *public.small* ]]
	[[ $output == *" and "?" more"* ]]
	run -0 metric 'bk_stat_table_rows{'
	[ "${#lines[@]}" = 2 ]
}

@test "metrics: a file that promtool finds nothing wrong with" {
	psql -qXc "SELECT pg_create_physical_replication_slot('prom', true)" >/dev/null
	echo old >m.prom
	run -0 --separate-stderr bk-stat --prometheus m.prom
	[ -z "$output$stderr" ]
	sql "SELECT pg_drop_replication_slot('prom')"
	[ "$(stat -c %a m.prom)" = 644 ]
	[ "$(echo *.prom*)" = m.prom ]
	grep -qx 'bk_stat_table_rows{db="shop",schema="public",table="large"} 500' <(plain <m.prom)
	grep -qx 'bk_stat_slot_active{slot="prom",type="physical"} 0' <(plain <m.prom)
	grep -qx '# TYPE bk_stat_archiver_failed_total counter' m.prom
	grep -qE '^bk_stat_last_run_timestamp_seconds [0-9]{10}$' <(plain <m.prom)
	run -0 cut -d ' ' -f 1 <(grep -v '^#' m.prom)
	[ "$(printf '%s\n' "${lines[@]}" | sort | uniq -d)" = "" ]
	bk-stat --prometheus - >printed
	diff <(sed -n '/slot/d; s/^\(bk_[^ ]*\) .*/\1/p' m.prom) \
	    <(sed -n '/slot/d; s/^\(bk_[^ ]*\) .*/\1/p' printed)
	bk-stat --json --prometheus both.prom | jq -e .server
	[ -s both.prom ]
	# no sample of two files on one host is the same
	bk-stat --prometheus other.prom postgres
	run -0 cut -d ' ' -f 1 <(grep -hv '^#' m.prom other.prom)
	[ "$(printf '%s\n' "${lines[@]}" | sort | uniq -d)" = "" ]
	grep -qF 'bk_stat_sees_all{server="'"$PGHOST:$PGPORT"'",via="postgres"} 1' \
	    other.prom
	run -0 promtool check metrics <m.prom
	[ -z "$output" ]
}

@test "every metric is in the page, and nothing else" {
	grep -oE 'M\("[a-z_]+",$|M\("[a-z_]+", "[a-z_]+"|^    "[a-z_]+",$' "$TOP/lib/report/stat_prom.c" |
	    sed -n 's/.*M("[a-z_]*", "\([a-z_]*\)".*/bk_stat_\1/p' | sort -u >made
	echo bk_stat_last_run_timestamp_seconds >>made
	[ "$(wc -l <made)" -gt 50 ]
	mandoc -Tascii "$TOP/man/bk-stat.1" | col -bx |
	    grep -oE 'bk_stat_[a-z_]+' | sort -u >told
	diff <(sort -u made) told
}

@test "the document's keys are in the page" {
	mandoc -Tascii "$TOP/man/bk-stat.1" | col -bx >page
	bk-stat --json | jq -r '[paths | map(select(type == "string"))] | add | .[]' |
	    sort -u | while read -r key; do
		grep -qw -- "$key" page || echo "$key"
	done >missing
	[ ! -s missing ] || { cat missing; false; }
}

# --- what there is to see

@test "an archiver that works, then fails, then works again" {
	sql "SELECT pg_switch_wal() FROM pg_create_restore_point('a')"
	archived() { bk-stat --json | jq -e '.archiver | .archived > 0 and .failing == false'; }
	await archived
	# from which bk-age knows that an idle server's WAL is all there
	sql "ALTER SYSTEM SET archive_timeout = '10s'"
	sql "SELECT pg_reload_conf()"
	idle() {
		bk-stat --prometheus lag.prom
		bk-age --wal --lag lag.prom -w 1h -c 2h \
		    <<<"2020-01-01T00:00:00Z	9	w/000000010000000000000001" >/dev/null
	}
	await idle
	grep -qx 'bk_stat_archiver_timeout_seconds 10' <(plain <lag.prom)
	sql "ALTER SYSTEM RESET archive_timeout"
	run -0 bk-stat
	[[ $output =~ 'archiver      on, '[0-9]+' archived, the last '[0-9]+'s ago: 0000000100000000000000'.. ]]
	touch "$PGHOST/data/fails"
	sql "SELECT pg_switch_wal() FROM pg_create_restore_point('b')"
	failing() { bk-stat --json | jq -e '.archiver.failing'; }
	await failing
	run -0 bk-stat
	[[ $output =~ 'FAILING: '[0-9]+' failures, the last '[0-9]+'s ago: 0000000100000000000000'.. ]]
	[[ $output =~ [1-9]' waiting, the oldest for '[0-9]+s ]]
	bk-stat --prometheus m.prom
	grep -qx 'bk_stat_archiver_failing 1' <(plain <m.prom)
	grep -qE '^bk_stat_archiver_failed_total [1-9]' <(plain <m.prom)
	grep -qE '^bk_stat_archiver_waiting [1-9]' <(plain <m.prom)
	grep -qE '^bk_stat_archiver_last_failed_timestamp_seconds [0-9]{10}$' <(plain <m.prom)
	rm "$PGHOST/data/fails"
	# it tries again after a minute, or with the next segment
	sql "SELECT pg_switch_wal() FROM pg_create_restore_point('c')"
	await archived
	run -0 bk-stat
	[[ $output == *"works again: "*" failures, the last "* ]]
	[ "$(json .archiver.configured)" = true ]
	sql "ALTER SYSTEM SET archive_command = ''"
	sql "SELECT pg_reload_conf()"
	unset_here() { [[ $(bk-stat) == *'archiver      on, but there is no archive_command, '* ]]; }
	await unset_here
	[ "$(json .archiver.configured)" = false ]
	sql "ALTER SYSTEM RESET archive_command"
	sql "SELECT pg_reload_conf()"
}

@test "a slot that keeps WAL" {
	sql "SELECT pg_create_physical_replication_slot('gone', true)" >/dev/null
	sql "SELECT pg_switch_wal() FROM pg_create_restore_point('a')"
	sql "SELECT pg_switch_wal() FROM pg_create_restore_point('b')"
	run -0 bk-stat
	bk-stat --json >doc
	sql "SELECT pg_drop_replication_slot('gone')"
	[[ $output =~ ' '[0-9.]+MiB' '+'?'' '+reserved' '+physical' '+NO' '+gone ]]
	jq -e '.slots[0] | .name == "gone" and .active == false and
	    .retained_bytes > 16000000 and .type == "physical"' doc
}

@test "a long transaction, a prepared one, and what holds back vacuum" {
	session BEGIN 'CREATE TABLE held (i int)' 'SELECT pg_backend_pid()'
	run -0 bk-stat
	[[ $output == *$'\ntransaction   the oldest is '*"s old: pid "*", postgres in shop, session, idle in transaction"* ]]
	bk-stat --json >doc
	[ "$(jq .transaction.pid doc)" = "$(sql "SELECT pid FROM pg_stat_activity
	    WHERE application_name = 'session'")" ]
	[ "$(jq -r .transaction.started doc)" = "$(sql "SELECT to_char(xact_start,
	    'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM pg_stat_activity
	    WHERE application_name = 'session'")" ]
	jq -e '.oldest_xmin.kind == "transaction"' doc
	metric "bk_stat_oldest_transaction_timestamp_seconds $(jq '.transaction.started | fromdate' doc)"
	end_sessions
	psql -qX -c BEGIN -c 'CREATE TABLE held (i int)' -c "PREPARE TRANSACTION 'g''x'"
	sql 'CREATE TABLE later (i int); DROP TABLE later'
	run -0 bk-stat
	bk-stat --json >doc
	sql "ROLLBACK PREPARED 'g''x'"
	[[ $output == *$'\nprepared      1, the oldest '*"s ago: g'x in shop"* ]]
	[[ $output == *$'\nvacuum        held back by '*" transactions: prepared g'x"* ]]
	jq -e '.prepared.count == 1 and .oldest_xmin.kind == "prepared" and
	    .oldest_xmin.age > 0 and .transaction == null' doc
	[ "$(json .prepared.count)" = 0 ]
}

@test "the table that waits longest to be frozen, if only its TOAST does" {
	createdb -T template0 cold
	sql 'SELECT txid_current()' cold
	psql -qXAt cold <<-'SQL'
	SELECT format('VACUUM (FREEZE, PROCESS_TOAST false) %s', oid::regclass)
	    FROM pg_class WHERE relkind = 'r' \gexec
	SQL
	bk-stat --json cold >doc
	run -0 bk-stat cold
	local oldest
	oldest=$(sql "SELECT max(age(relfrozenxid)) FROM pg_class
	    WHERE relkind IN ('r', 't')" cold)
	dropdb cold
	jq -e --argjson age "$oldest" '.freeze | .schema == "pg_catalog" and
	    (.table | startswith("pg_toast") | not) and
	    ($age - .xid_age | . >= 0 and . < 50)' doc	# autovacuum takes some
	[[ $output == *$'\n              here '*", from $(jq -r .freeze.table doc); forced from 200,000,000"* ]]
}

@test "an empty database" {
	createdb -T template0 empty
	run -0 --separate-stderr bk-stat empty
	bk-stat --json empty >doc
	bk-stat --prometheus - empty >m.prom
	dropdb empty
	[ -z "$stderr" ]
	[[ ${lines[-1]} == *" all 0; catalog "*MiB ]]
	jq -e '.tables | .count == 0 and .largest == [] and .size_bytes == 0 and
	    .estimated == false' doc
	grep -qx 'bk_stat_tables{db="empty"} 0' <(plain <m.prom)
}

@test "large objects count as a table, the catalog does not" {
	createdb -T template0 lo
	psql -qX lo -c "SELECT lo_from_bytea(0, decode(repeat('00', 100000), 'hex'))" >/dev/null
	[ "$(json '.tables.largest | map(.schema + "." + .name) | join(" ")' lo)" = \
	    pg_catalog.pg_largeobject ]
	dropdb lo
}

# --- the audit log

# log_line OPERATION STATUS SOURCE DESTINATION SECONDS-AGO
log_line() {
	printf '{"timestamp":"%s","operation":"%s","source":"%s","destination":"%s","status":"%s"}\n' \
	    "$(date -u -d "@$(($(date +%s) - $5))" +%Y-%m-%dT%H:%M:%SZ)" "$1" "$3" "$4" "$2"
}

@test "the last backup: dumped, and stored under the database's name" {
	{
		log_line bk-dump success shop 'standard output' 20000
		log_line bk-dump success shop 'standard output' 30000
		log_line bk-s3put success 'standard input' s3://b/shop/daily/shop-20261121T021503Z.bk 19000
		log_line bk-dump failure shop 'standard output' 100
		log_line bk-s3put failure 'standard input' 's3://b/{db}/{tier}/{db}-{utc}.bk' 100
		log_line bk-dump success other 'standard output' 50
		log_line bk-save success 'standard input' /srv/other-20261121T021503Z.bk 40
		log_line bk-gz success shop shop 30
	} >log
	run -0 bk-stat --log log
	[[ $output == *$'\nlast backup   dumped 5h33m ago, stored 5h16m ago\n'* ]]
	[[ $output =~ ' '5h33m' '+5h16m'  shop'$'\n' ]]
	jq -e '[.backup.dumped, .backup.stored] ==
	    [(.databases[] | select(.name == "shop") | .dumped, .stored)]' \
	    <<<"$(bk-stat --json --log log)"
	bk-stat --log log --prometheus m.prom
	grep -qx "bk_stat_last_dumped_timestamp_seconds{db=\"shop\"} $(date -d "$(jq -rs '.[0].timestamp' log)" +%s)" <(plain <m.prom)
	grep -qx "bk_stat_last_stored_timestamp_seconds{db=\"shop\"} $(date -d "$(jq -rs '.[2].timestamp' log)" +%s)" <(plain <m.prom)
	: >empty
	run -0 bk-stat --log empty
	[[ $output == *$'\nlast backup   dumped never, stored never\n'* ]]
	BK_AUDIT_LOG=empty bk-stat --prometheus m.prom
	grep -qx 'bk_stat_last_stored_timestamp_seconds{db="shop"} 0' <(plain <m.prom)
}

@test "a real backup is seen, of a database with an odd name too" {
	createdb 'a/b c'
	export BK_AUDIT_LOG=$PWD/log
	bk-dump 'a/b c' | bk-save "$PWD/{db}-{utc}.bk"
	bk-stat --json 'a/b c' >doc
	dropdb 'a/b c'
	jq -e '.backup.dumped != null and .backup.stored != null' doc
	# its own line is there as well
	tail -n 1 log | jq -e '.operation == "bk-stat" and .type == "monitor" and
	    .source == "a/b c" and .status == "success"'
}

@test "a damaged log is 3, and the rest is told all the same" {
	log_line bk-dump success shop x 60 >log
	echo '{"timestamp":' >>log
	echo old >m.prom
	run -3 --separate-stderr bk-stat --log log
	one_line_error bk-stat
	[[ $stderr == "bk-stat: log: line 2: "* ]]
	[[ $output == *"public.large"* ]]
	run -3 --separate-stderr bk-stat --log log --json --prometheus m.prom
	jq -e '.backup == null' <<<"$output"
	[ "$(cat m.prom)" = old ]
	run -1 --separate-stderr bk-stat --log nowhere
	[ "$stderr" = "bk-stat: nowhere: No such file or directory" ]
	# the log that the first run of all will make
	BK_AUDIT_LOG=$PWD/none run -0 bk-stat
	[ "$(wc -l <none)" = 1 ]
}

# --- what may not be seen, and what must not be waited for

@test "a role without privileges is told what it may see" {
	session BEGIN 'SELECT txid_current()'
	createdb -T template0 closed
	sql 'REVOKE CONNECT ON DATABASE closed FROM PUBLIC'
	export PGUSER=nobody_else
	run -0 --separate-stderr bk-stat
	[ -z "$stderr" ]
	[[ ${lines[-1]} == 'note: not visible to role "nobody_else": '*'; GRANT pg_monitor TO it' ]]
	[ "$(grep -c ^note: <<<"$output")" = 1 ]
	bk-stat --json >doc
	bk-stat --prometheus m.prom
	PGUSER=postgres dropdb closed
	jq -e '.server.sees_all == false and .transaction == null and
	    .archive_queue == null and .archiver.configured and
	    (.databases[] | select(.name == "closed").size_bytes) == null and
	    (.databases[] | select(.name == "shop").size_bytes) > 1000000 and
	    .tables.largest[0].name == "large" and .oldest_xmin.age >= 0' doc
	jq -e '(.notes | length) == 1' doc
	grep -q '^bk_stat_sees_all 0$' <(plain <m.prom)
	run -1 grep closed <(grep size m.prom)
}

@test "a function that somebody took away is a part left out, with a note" {
	sql 'REVOKE EXECUTE ON FUNCTION pg_relation_size(regclass, text) FROM PUBLIC;
	    REVOKE EXECUTE ON FUNCTION pg_database_size(oid) FROM PUBLIC;
	    GRANT pg_monitor TO nobody_else'
	PGUSER=nobody_else bk-stat --json >doc
	PGUSER=nobody_else run -0 bk-stat
	sql 'REVOKE EXECUTE ON FUNCTION pg_stat_get_live_tuples(oid) FROM PUBLIC'
	PGUSER=nobody_else bk-stat >none
	sql 'GRANT EXECUTE ON FUNCTION pg_relation_size(regclass, text) TO PUBLIC;
	    GRANT EXECUTE ON FUNCTION pg_stat_get_live_tuples(oid) TO PUBLIC;
	    GRANT EXECUTE ON FUNCTION pg_database_size(oid) TO PUBLIC;
	    REVOKE pg_monitor FROM nobody_else'
	[[ $output == *$'\n''note: databases: permission denied for function pg_database_size; sizes are estimates, or left out'* ]]
	jq -e '(.notes | length) == 2 and .tables.estimated and
	    (.tables.largest[0] | .name == "large" and .rows == 500 and .estimated)
	    and .databases[0].size_bytes == null and .databases[0].xid_age > 0' doc
	run -1 grep public.large none
	grep -q '^note: tables: permission denied.*; left out$' none
	# without this one there is nothing to tell
	sql 'REVOKE EXECUTE ON FUNCTION pg_postmaster_start_time() FROM PUBLIC'
	PGUSER=nobody_else run -1 --separate-stderr bk-stat
	sql 'GRANT EXECUTE ON FUNCTION pg_postmaster_start_time() TO PUBLIC'
	[[ $stderr == *'permission denied for function pg_postmaster_start_time; left out' ]]
}

@test "a locked table, and an index that is being built anew, are estimated" {
	local start=$SECONDS
	session BEGIN 'LOCK TABLE small'
	session BEGIN 'REINDEX INDEX large_md5_idx'
	run -0 bk-stat
	[[ $output =~ KiB~' '+8.0KiB' '+16.0KiB' '+0B' '+'100  public.small' ]]
	bk-stat --json >doc
	jq -e '.notes == [] and .tables.estimated and
	    (.tables.largest | map(.estimated)) == [true, true] and
	    (.tables.largest[0].index_bytes > 8192)' doc
	end_sessions
	[ $((SECONDS - start)) -lt 20 ]
}

@test "a query that cannot have its locks is left out" {
	# a view of one function; others would lock what logins need
	session BEGIN 'LOCK TABLE pg_stat_archiver IN ACCESS EXCLUSIVE MODE'
	run -0 bk-stat --json
	end_sessions
	jq -e '.archiver == null and .tables.count == 2 and .notes ==
	    ["archiver: canceling statement due to lock timeout; left out"]' \
	    <<<"$output"
}

@test "among many tables the largest are measured, though never analysed" {
	createdb -T template0 many
	psql -qX many <<-'SQL'
	ALTER DATABASE many SET default_statistics_target = 1;
	DO $$ BEGIN FOR i IN 1..1100 LOOP
	    EXECUTE format('CREATE TABLE t_%s ()', i); END LOOP; END $$;
	CREATE TABLE zzz WITH (autovacuum_enabled = off) AS
	    SELECT generate_series(1, 20000) AS i;
	SQL
	counted() { [ "$(sql "SELECT pg_stat_get_live_tuples('zzz'::regclass)" many)" = 20000 ]; }
	await counted
	bk-stat --json many >doc
	run -0 bk-stat many
	[[ $output =~ ' 0B~'.*' ?  public.t_1001' ]]
	local size
	size=$(sql "SELECT pg_relation_size('zzz')" many)
	dropdb many
	jq -e --argjson size "$size" '.tables | .count == 1101 and .estimated and
	    (.largest | length) == 10 and (.largest[0] | .name == "zzz" and
	    .rows == 20000 and .size_bytes == $size and (.estimated | not))' doc
}

# --- names

@test "odd names are told in every form" {
	sql 'CREATE DATABASE "s""h{o}
p\" TEMPLATE template0' postgres
	local db
	db=$'s"h{o}\np\\'
	psql -qX -f "$SUPPORT/weird.sql" -d "dbname='s\"h{o}
p\\\\'" >/dev/null
	export PGDATABASE=$db
	run -0 --separate-stderr bk-stat --tables 100
	[ -z "$stderr" ]
	[[ ${lines[0]} == 's"h{o}'* ]]
	[[ $output == *'  we"ird sch.ema.t"a (b) FROM stdin;'$'\n'* ]]
	[[ $output == *'  päth\with$$.таблица 表 🐘'$'\n'* ]]
	bk-stat --json --tables 100 >doc
	[ "$(jq -r .server.database doc; echo .)" = "$db"$'\n.' ]
	jq -e '.tables.largest | map(.name) | index("таблица 表 🐘") != null' doc
	bk-stat --prometheus m.prom --tables 100
	PGDATABASE=postgres psql -qXc 'DROP DATABASE "s""h{o}
p\"'
	grep -qF '{db="s\"h{o}\np\\",schema="we\"ird sch.ema",table="t\"a (b) FROM stdin;"}' <(plain <m.prom)
	run -0 promtool check metrics <m.prom
	[ -z "$output" ]
}

@test "names that are no UTF-8, or of another encoding, or play with terminals" {
	createdb -T template0 -E SQL_ASCII ascii
	createdb -T template0 -E LATIN1 latin
	PGCLIENTENCODING=LATIN1 psql -qX latin -c $'CREATE TABLE "\xe9t\xe9" (i int)'
	psql -qX ascii -c $'CREATE TABLE "\xe9" (i int)' -c $'CREATE TABLE "\xe8" (i int)' \
	    -c $'CREATE TABLE "\e[31mred\x7f" (i int)'
	sql $'CREATE TABLE "\xc2\x9b31m\n\nnote: all is well" (i int)'
	bk-stat --tables 1000 >page
	sql $'DROP TABLE "\xc2\x9b31m\n\nnote: all is well"'
	grep -q '  public\.??31m  note: all is well$' page
	run -0 bk-stat ascii
	bk-stat --json ascii >doc
	bk-stat --prometheus m.prom ascii
	[ "$(json '.tables.largest[0].name' latin)" = été ]
	dropdb ascii
	dropdb latin
	[[ $output == *'  public.?[31mred?'$'\n'* ]]
	[ "$(jq -c '.tables.largest | map(.name) | sort' doc)" = \
	    '["\u001b[31mred\u007f","\\xe8","\\xe9"]' ]
	[ "$(grep -c '^bk_stat_table_rows{' m.prom)" = 3 ]
	grep -qF 'table="\\xe8"' m.prom
}

# --- failures

@test "a usage error is 2, and connects to nothing" {
	local args
	while read -r args; do
		run -2 --separate-stderr bk-stat $args
		[ -z "$output" ]
		[[ ${stderr_lines[-1]} == "usage: bk-stat "* ]]
	done <<-'END'
	shop shop
	--tables x
	--tables -1
	--timeout 0
	--timeout 2d
	--timeout soon
	--json --prometheus -
	--no-such
	END
	run -2 bk-stat ''
}

@test "what cannot be connected to is 1, in one line without the password" {
	local status args
	while read -r status args; do
		run -$status --separate-stderr bk-stat --prometheus m.prom "$args"
		[ -z "$output" ]
		one_line_error bk-stat
		[[ $stderr != *s3cret* ]]
		[ ! -e m.prom ]
	done <<-'END'
	1 nosuchdb
	1 postgresql://x:s3cret@127.0.0.1:1/shop
	2 postgresql://x:s3cret@[broken/shop
	1 host=/nowhere password=s3cret
	1 service=nosuch
	2 nosuch=s3cret
	END
	PGDATABASE= PGSERVICE= DATABASE_URL=postgresql://127.0.0.1:1/shop run -1 bk-stat
	# an answer of the server's that is longer than we care for
	run -1 --separate-stderr bk-stat "options=-c$(printf 'x%.0s' {1..900})=1"
	one_line_error bk-stat
	[[ $stderr == *' parameter "xxx'* ]]
	[ ${#stderr} -lt 600 ]
	# somebody without a name
	[ "$(id -u)" = 0 ] || return 0
	cp "$BK_BIN/bk-stat" "$PGHOST"
	run -1 --separate-stderr env -u PGUSER setpriv --reuid=54321 \
	    --regid=54321 --clear-groups "$PGHOST/bk-stat"
	one_line_error bk-stat
	[[ $stderr == *"local user with ID 54321 does not exist; set PGUSER" ]]
}

@test "DATABASE_URL, where no database is named" {
	unset PGDATABASE
	DATABASE_URL=postgresql:///shop run -0 bk-stat
	[[ $output == "shop on "* ]]
	DATABASE_URL=postgresql:///shop run -0 bk-stat postgres
	[[ $output == "postgres on "* ]]
}

# proxy TEXT stall|cut: bk-stat goes through one that fails at TEXT.
proxy() {
	rm -f port
	python3 "$SUPPORT/pgstall.py" 127.0.0.1 "$PGPORT" "$1" "$2" >port 3>&- &
	PROXY=$!
	await test -s port
	PGHOST=127.0.0.1
	PGPORT=$(cat port)
}

@test "a server that is lost in the middle is 1" {
	local text
	for text in 'BEGIN ISOLATION' pg_stat_archiver pg_relation_size COMMIT; do
		pg_use "$BATS_FILE_TMPDIR/pg"
		proxy "$text" cut
		run -1 --separate-stderr bk-stat --json --prometheus m.prom
		kill "$PROXY"
		[ -z "$output" ]
		one_line_error bk-stat
		[[ $stderr == *"closed the connection"* ]]
		[ ! -e m.prom ]
	done
}

@test "a server that does not answer is given up after --timeout" {
	local start=$SECONDS
	proxy pg_stat_archiver stall
	export BK_AUDIT_LOG=$PWD/log
	run -1 --separate-stderr bk-stat --timeout 1s --prometheus m.prom
	[ "$stderr" = "bk-stat: no answer from the server within 1s; see --timeout" ]
	[ -z "$output" ]
	[ ! -e m.prom ]
	jq -e '.status == "failure" and (.error | test("no answer"))' log
	kill "$PROXY"
	# a postmaster that is stopped: the system accepts the connection for it
	pg_use "$BATS_FILE_TMPDIR/pg"
	STOPPED=$(pg_pid "$BATS_FILE_TMPDIR/pg")
	kill -STOP "$STOPPED"
	run -1 --separate-stderr bk-stat --timeout 1s
	kill -CONT "$STOPPED"
	one_line_error bk-stat
	[ $((SECONDS - start)) -lt 30 ]
}

@test "metrics and pages that cannot be written are 1" {
	run -1 --separate-stderr bk-stat --prometheus no/m.prom
	[ "$stderr" = "bk-stat: no: no such directory; mount its disk, or create it" ]
	mkdir dir.prom
	run -1 --separate-stderr bk-stat --prometheus dir.prom
	one_line_error bk-stat
	[ "$(echo *.prom*)" = dir.prom ]
	local args
	for args in '' --json '--prometheus -'; do
		run -1 --separate-stderr sh -c "bk-stat $args >/dev/full"
		one_line_error bk-stat
		[[ $stderr == *"standard output: write: No space left on device" ]]
		run -0 --separate-stderr bash -c "bk-stat $args --tables 0 | :
		    exit 0"
		[ -z "$stderr" ]
	done
}

@test "two at once write one whole file" {
	local i pids=()
	for i in 1 2 3 4; do
		bk-stat --prometheus m.prom 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	[ "$(echo *.prom*)" = m.prom ]
	[ "$(tail -n 1 m.prom | plain | cut -d ' ' -f 1)" = bk_stat_last_run_timestamp_seconds ]
}

@test "a limit of the role's own is not ours, a pooler's session stays clean" {
	sql "ALTER ROLE nobody_else SET statement_timeout = 100;
	    ALTER ROLE nobody_else SET default_transaction_isolation = 'serializable'"
	BK_DEBUG=sql PGUSER=nobody_else run -0 --separate-stderr bk-stat --json
	grep -q 'SET LOCAL statement_timeout' <<<"$stderr"
	run -1 grep -E ' SET [^L]|set_config\(.*, false\)' <<<"$stderr"
	sql 'ALTER ROLE nobody_else RESET ALL'
	jq -e '.tables.count == 2 and (.notes | length) == 1' <<<"$output"
}

# --- the page

@test "the page's examples" {
	mkdir metrics
	log_line bk-dump success shop x 60 >audit.log
	mandoc -Tascii "$TOP/man/bk-stat.1" | col -bx |
	    sed -n '/^EXAMPLES/,/^SEE ALSO/p' | grep -E '^ {8,}' |
	    sed "s,/var/log/bk/audit.log,$PWD/audit.log,; s,/var/lib/bk,$PWD,
		s,postgresql://monitor@db1/shop,shop," >examples
	[ "$(grep -c bk-stat examples)" -ge 4 ]
	run -0 --separate-stderr bash -eo pipefail examples
	[ -z "$stderr" ]
	[ -s metrics/shop.prom ]
}
