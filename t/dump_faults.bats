#!/usr/bin/env bats
# bk-dump when things go wrong: nothing unfinished looks finished, and the one
# line on stderr says what it was.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	PG_CONF='max_prepared_transactions = 1' pg_start "$BATS_FILE_TMPDIR/pg"
	createdb -T template0 big
	# b is read last: data goes by name
	psql -qX big <<-'SQL'
	CREATE TABLE a (i int, t text);
	INSERT INTO a SELECT i, repeat(md5(i::text), 32)
	    FROM generate_series(1, 40000) i;
	CREATE TABLE b (i int);
	INSERT INTO b SELECT generate_series(1, 10);
	CREATE TABLE c (i int);
	SQL
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "${DUMP-}" ] || kill -9 "$DUMP" 2>/dev/null || :
	psql -qXAtc "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE pid <> pg_backend_pid() AND datname = 'big'" postgres || :
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-big}"
}

# is SQL: it gives true.
is() {
	[ "$(sql "SELECT $1")" = t ]
}

# paused_dump OPTION...: a dump of big that nobody reads, in its data phase.
# $DUMP is its process; resume reads it to the end and sets $status.
paused_dump() {
	mkfifo fifo
	bk-dump "$@" big >fifo 2>err 3>&- &
	DUMP=$!
	exec 5<fifo
	await is "count(*) > 0 FROM pg_stat_activity WHERE
	    application_name = 'bk-dump' AND query LIKE '%COPY%'"
}

resume() {
	cat <&5 >out
	exec 5<&-
	status=0
	wait "$DUMP" || status=$?
	DUMP=
	stderr=$(cat err)
}

no_closing_mark() {
	run -1 grep -aqF "$(closing_word)" out
}

@test "somebody waits to change a table: it is read all the same" {
	local j
	for j in 1 2; do
		paused_dump -j "$j"
		sql 'BEGIN; LOCK TABLE b; COMMIT' 3>&- &
		waiter=$!
		await is "count(*) = 1 FROM pg_locks WHERE NOT granted AND
		    mode = 'AccessExclusiveLock'"
		resume
		[ "$status" = 0 ]
		grep -aq '"table":"b","rows":10' out
		ends out
		wait "$waiter"
		rm fifo
	done
}

@test "a table truncated between snapshot and lock: all is begun anew" {
	coproc psql -qXAt big
	echo 'BEGIN; TRUNCATE c; INSERT INTO b VALUES (11); SELECT 1;' \
	    >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	sql 'INSERT INTO c VALUES (1)' 3>&- &
	bk-dump -j 2 big >out 3>&- &
	dump=$!
	await is "count(*) = 1 FROM pg_stat_activity WHERE
	    application_name = 'pg_dump' AND wait_event_type = 'Lock'"
	echo 'COMMIT; \q' >&"${COPROC[1]}"
	wait $dump
	# the snapshot of the first try saw neither
	grep -aq '"table":"b","rows":11' out
	sql 'DELETE FROM b WHERE i = 11'
}

# as_it_is DUMP: each table has the rows that the database has now.
as_it_is() {
	records "$1" | jq -r 'select(.table) | "\(.schema).\(.table) \(.rows)"' >rows
	[ -s rows ]
	while read -r table rows; do
		[ "$(sql "SELECT count(*) FROM ONLY $table" moving)" = "$rows" ]
	done <rows
}

# while_it_waits SETUP CHANGE: dump a database in which CHANGE is made between
# the snapshot and the locks.
while_it_waits() {
	createdb -T template0 moving
	sql "CREATE TABLE aa (i int); INSERT INTO aa VALUES (1); $1" moving
	coproc psql -qXAt moving
	echo 'BEGIN; LOCK TABLE aa; SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	bk-dump -j 2 moving >out 3>&- &
	dump=$!
	await is "count(*) = 1 FROM pg_stat_activity WHERE
	    application_name = 'pg_dump' AND wait_event_type = 'Lock'"
	sql "$2" moving
	echo 'COMMIT; \q' >&"${COPROC[1]}"
	wait $dump
	as_it_is out
	bk-verify <out | jq -e '.proof == "content"'
	dropdb moving
}

@test "names that change between snapshot and lock: all is begun again" {
	local t='CREATE TABLE t AS SELECT generate_series(1, 1000) AS i;'
	# another table takes its name
	while_it_waits "$t" 'CREATE TABLE t_new AS SELECT generate_series(1, 1200)
	    AS i; ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t'
	grep -qx 'public.t 1200' rows
	grep -qx 'public.t_old 1000' rows
	# two change names
	while_it_waits "$t CREATE TABLE u AS SELECT generate_series(1, 200) AS i" \
	    'ALTER TABLE t RENAME TO tmp; ALTER TABLE u RENAME TO t;
	    ALTER TABLE tmp RENAME TO u'
	grep -qx 'public.t 200' rows
	# it, or its schema, is moved away
	while_it_waits "$t CREATE SCHEMA arch" \
	    'ALTER TABLE t SET SCHEMA arch; CREATE TABLE t (i int)'
	grep -qx 'arch.t 1000' rows
	while_it_waits "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT
	    generate_series(1, 1000) AS i" 'ALTER SCHEMA s RENAME TO o;
	    CREATE SCHEMA s; CREATE TABLE s.t (i int)'
	grep -qx 'o.t 1000' rows
	# it becomes a partition, of a table of its name, which has no rows
	while_it_waits "CREATE TABLE t AS SELECT i, repeat('x', 400) AS pad FROM
	    generate_series(1, 40000) i" 'ALTER TABLE t RENAME TO t_p0;
	    CREATE TABLE t (i int, pad text) PARTITION BY RANGE (i);
	    ALTER TABLE t ATTACH PARTITION t_p0 DEFAULT'
	grep -qx 'public.t_p0 40000' rows
	# sequences are not locked
	while_it_waits 'CREATE SEQUENCE s1; CREATE SEQUENCE s2 START 77' \
	    'ALTER SEQUENCE s1 RENAME TO s3; ALTER SEQUENCE s2 RENAME TO s1;
	    ALTER SEQUENCE s3 RENAME TO s2'
	sql_of out | grep -q "setval('public.s1', 77, false)"
}

@test "a schema that is renamed while tables are read: 5" {
	paused_dump -j 1
	sql 'ALTER SCHEMA public RENAME TO old; CREATE SCHEMA public;
	    CREATE TABLE public.b (i int)'
	resume
	sql 'DROP SCHEMA public CASCADE; ALTER SCHEMA old RENAME TO public' \
	    2>/dev/null
	[ "$status" = 5 ]
	[[ $stderr == *'table "public"."'[bc]'": renamed or moved while it was dumped; try again' ]]
	no_closing_mark
}

@test "a type that is altered while values are read: 5" {
	sql "CREATE TYPE mood AS ENUM ('sad', 'glad');
	    CREATE TYPE pair AS (a int, b int);
	    CREATE TABLE e AS SELECT 'sad'::mood AS m, '(1,2)'::pair AS p"
	paused_dump -j 1
	sql "ALTER TYPE mood RENAME VALUE 'sad' TO 'gloomy'"
	resume
	[ "$status" = 5 ]
	[[ $stderr == *'type public.mood: altered while it was dumped, '*'; try again' ]]
	no_closing_mark
	rm fifo
	paused_dump -j 1
	sql 'ALTER TYPE pair ADD ATTRIBUTE c int'
	resume
	[ "$status" = 5 ]
	[[ $stderr == *'type public.pair: altered '* ]]
	rm fifo
	# a label more does no harm, nor does a type that nobody uses any more
	sql 'CREATE TYPE unused AS ENUM ()'
	paused_dump -j 1
	sql "ALTER TYPE mood ADD VALUE 'mad'; DROP TYPE unused"
	resume
	[ "$status" = 0 ]
	ends out
	sql 'DROP TABLE e; DROP TYPE mood, pair'
}

@test "somebody queues between pg_dump's lock and ours: begun anew" {
	# a pg_dump whose words reach us when we say so
	mkdir bin
	cat >bin/pg_dump <<-SH
	#!/bin/bash
	echo "\$1" >>"$PWD/runs"
	$(pg_config --bindir)/pg_dump "\$@" | {
		until [ "\$1" = --version ] || [ -e "$PWD/go" ]; do
			read -r -t 0.05 <> <(:)
		done
		exec cat
	}
	SH
	chmod +x bin/pg_dump
	BK_PG_BINDIR=$PWD/bin bk-dump -j 1 big >out 3>&- &
	dump=$!
	await is "count(*) > 0 FROM pg_locks l, pg_stat_activity a WHERE
	    a.pid = l.pid AND application_name = 'pg_dump' AND
	    relation = 'b'::regclass"
	sql 'BEGIN; LOCK TABLE b; INSERT INTO b VALUES (12); COMMIT' 3>&- &
	waiter=$!
	await is "count(*) = 1 FROM pg_locks WHERE NOT granted AND
	    mode = 'AccessExclusiveLock'"
	touch go
	wait $waiter
	wait $dump
	[ "$(grep -c format=custom runs)" = 2 ]
	# his row is in it or not, as the second snapshot will have it
	grep -aqE '"table":"b","rows":1[01],' out
	ends out
	sql 'DELETE FROM b WHERE i = 12'
}

@test "a table that stays locked: who holds it and with what" {
	coproc psql -qXAt big
	echo 'BEGIN; LOCK TABLE b; SELECT 42;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	run --separate-stderr -1 bk-dump --lock-wait-timeout=300ms big
	one_line_error bk-dump
	[[ $stderr == 'bk-dump: table "public"."b": locked by process '*'SELECT 42;'* ]]
	[ -z "$output" ]
	echo 'ROLLBACK; \q' >&"${COPROC[1]}"
}

@test "a table locked by a prepared transaction: which one" {
	sql "BEGIN; LOCK TABLE b; PREPARE TRANSACTION 'left over'"
	run --separate-stderr -1 bk-dump --lock-wait-timeout=300ms big
	sql "ROLLBACK PREPARED 'left over'"
	one_line_error bk-dump
	[[ $stderr == *'"b": locked by prepared transaction "left over" for '* ]]
}

@test "an index being rebuilt does not wait for the dump's end" {
	sql 'CREATE INDEX ai ON a (i)'
	paused_dump -j 2
	await is "count(*) = 0 FROM pg_locks WHERE
	    relation = 'ai'::regclass AND pid NOT IN (SELECT pid FROM
	    pg_stat_activity WHERE wait_event = 'ClientWrite')"
	resume
	[ "$status" = 0 ]
	sql 'DROP INDEX ai'
}

@test "a table being rebuilt with its TOAST is waited for" {
	local j
	for j in 1 2; do
		createdb -T template0 "toast$j"
		sql "CREATE TABLE t (i int, t text);
		    ALTER TABLE t ALTER t SET STORAGE EXTERNAL;
		    INSERT INTO t SELECT i, repeat('x', 9000)
		    FROM generate_series(1, 3000) i" "toast$j"
		mkfifo "fifo$j"
		bk-dump -j "$j" "toast$j" >"fifo$j" 2>err 3>&- &
		DUMP=$!
		exec 5<"fifo$j"
		await is "count(*) > 0 FROM pg_stat_activity WHERE
		    application_name = 'bk-dump' AND query LIKE '%COPY%'"
		psql -qX "toast$j" <<-'SQL' 3>&- 5<&- &
		BEGIN;
		SELECT 'REINDEX INDEX ' || indexrelid::regclass FROM pg_index
		    JOIN pg_class c ON reltoastrelid = indrelid
		    WHERE c.relname = 't' \gexec
		SET application_name = rebuilt;
		SELECT pg_sleep(1);
		COMMIT;
		SQL
		rebuild=$!
		await is "count(*) = 1 FROM pg_stat_activity WHERE
		    application_name = 'rebuilt'"
		resume
		[ "$status" = 0 ] || { echo "$stderr"; false; }
		wait "$rebuild"
		grep -aq '"table":"t","rows":3000' out
	done
}

@test "an index that stays locked: an end, after --lock-wait-timeout" {
	sql 'CREATE INDEX ai ON a (i)'
	coproc psql -qXAt big
	echo 'BEGIN; REINDEX INDEX ai; SELECT 42;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	run --separate-stderr -1 bk-dump -j 2 --lock-wait-timeout=300ms big
	one_line_error bk-dump
	[[ $stderr == 'bk-dump: table "public"."a": an index on it is locked'* ]]
	echo 'ROLLBACK; \q' >&"${COPROC[1]}"
	wait
	sql 'DROP INDEX ai'
}

@test "what the server says to who connects is not for stderr" {
	createdb -T template0 noisy
	[ "$(sql 'SHOW server_version_num')" -ge 150000 ] ||
	    skip "before PostgreSQL 15"
	sql "UPDATE pg_database SET datcollversion = '0'
	    WHERE datname = 'noisy'"
	psql -Xc 'SELECT 1' noisy 2>&1 | grep WARNING
	run --separate-stderr -0 bk-dump noisy
	[[ $stderr != *WARNING* ]] || { echo "$stderr"; false; }
	dropdb noisy
}

@test "a worker's server process ends: 1, no closing mark" {
	paused_dump -j 2
	is "pg_terminate_backend(pid) FROM pg_stat_activity WHERE
	    application_name = 'bk-dump' AND query LIKE '%COPY%' LIMIT 1"
	resume
	[ "$status" = 1 ]
	one_line_error bk-dump
	# amid a row the server cannot say why
	[[ $stderr =~ 'table "public"."a": '.*('terminating connection'|'closed the connection') ]]
	no_closing_mark
}

@test "the leader's server process ends: 1, no closing mark" {
	paused_dump -j 2
	is "pg_terminate_backend(pid) FROM pg_stat_activity WHERE
	    application_name = 'bk-dump' AND query LIKE 'SET lock_timeout%'"
	resume
	[ "$status" = 1 ]
	one_line_error bk-dump
	no_closing_mark
}

@test "SIGTERM: dies of it, leaves no child and no closing mark" {
	paused_dump
	kill "$DUMP"
	resume
	[ "$status" = 143 ]
	no_closing_mark
	await is "count(*) = 0 FROM pg_stat_activity WHERE
	    application_name IN ('bk-dump', 'pg_dump')"
}

@test "SIGTERM while pg_dump waits ends pg_dump as well" {
	coproc psql -qXAt big
	echo 'BEGIN; LOCK TABLE b; SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	bk-dump big >out 2>err 3>&- &
	DUMP=$!
	await is "count(*) = 1 FROM pg_stat_activity WHERE
	    application_name = 'pg_dump' AND wait_event_type = 'Lock'"
	child=$(pgrep -P "$DUMP" pg_dump)
	kill "$DUMP"
	status=0
	wait "$DUMP" || status=$?
	DUMP=
	[ "$status" = 143 ]
	gone() { [ ! -e "/proc/$child" ]; }
	await gone
	[ ! -s out ]
	echo 'ROLLBACK; \q' >&"${COPROC[1]}"
}

@test "SIGKILL at any moment: whole, or without closing mark and refused" {
	local t
	for t in 01 02 05 08 1 15 2 3; do
		bk-dump big >out 2>/dev/null 3>&- &
		dump=$!
		read -r -t "0.$t" <> <(:) || :
		kill -9 $dump 2>/dev/null || :	# it may have been faster
		wait $dump || :
		if [ -s out ] && ends out; then
			pg_restore -f /dev/null out
			grep -aqE '"table":"c","rows":[01],' out
		else
			no_closing_mark
			[ ! -s out ] || run -3 bash -c 'bk-gz <out >/dev/null'
		fi
	done
}

@test "a full disk, a reader that leaves" {
	run --separate-stderr -1 bash -c 'bk-dump big >/dev/full'
	one_line_error bk-dump
	[[ $stderr == *'No space left'* ]]
	run --separate-stderr bash -c 'bk-dump big | head -c 1000 >/dev/null
	    exit "${PIPESTATUS[0]}"'
	[ "$status" = 1 ]
	[ -z "$stderr" ]
}

@test "no server, no database, no right to read" {
	run --separate-stderr -1 env PGPORT=1 bk-dump big
	one_line_error bk-dump
	[[ $stderr == *'port 1'* || $stderr == *'PGSQL.1'* ]]
	run --separate-stderr -1 bk-dump nonesuch
	one_line_error bk-dump
	[[ $stderr == *'database "nonesuch" does not exist'* ]]
	sql 'CREATE ROLE plain LOGIN'
	run --separate-stderr -1 bk-dump -U plain big
	one_line_error bk-dump
	[[ $stderr == *'permission denied for table a'* ]]
	[ -z "$output" ]
	# a policy would hide rows
	sql 'GRANT SELECT ON a, b, c TO plain;
	    ALTER TABLE b ENABLE ROW LEVEL SECURITY'
	run --separate-stderr -1 bk-dump -j 1 -U plain -t b big
	[[ ${stderr} == *'row-level security policy for table "b"'* ]]
	run -0 bk-dump -U plain -t b --enable-row-security big
	sql 'ALTER TABLE b DISABLE ROW LEVEL SECURITY; DROP OWNED BY plain;
	    DROP ROLE plain'
}

@test "fewer connections than -j wants: it is said how many" {
	local real
	real=$(dirname "$(ls /usr/lib/postgresql/*/bin/pg_dump | tail -n 1)")
	createdb few
	sql 'CREATE ROLE guest LOGIN; ALTER DATABASE few CONNECTION LIMIT 1'
	# the limit is not for a superuser: it is the workers who are refused
	printf '#!/bin/sh\nPGUSER=postgres exec %s/pg_dump "$@"\n' "$real" >pg_dump
	chmod +x pg_dump
	run --separate-stderr -1 env BK_PG_BINDIR="$PWD" bk-dump -U guest -j2 few
	one_line_error bk-dump
	[[ $stderr == *'too many connections'*'-j2 needs 4 connections'* ]]
	dropdb few
}

@test "no pg_dump, an older pg_dump, one that fails" {
	mkdir bin
	run --separate-stderr -1 env BK_PG_BINDIR="$PWD/bin" bk-dump big
	one_line_error bk-dump
	[[ $stderr == *"pg_dump: not found in $PWD/bin; install"* ]]
	printf '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24"\n' >bin/pg_dump
	chmod +x bin/pg_dump
	run --separate-stderr -1 env BK_PG_BINDIR="$PWD/bin" bk-dump big
	one_line_error bk-dump
	major=$(sql "SELECT current_setting('server_version_num')::int / 10000")
	[[ $stderr == *"the server is version $major"*"found is 9; install postgresql-client-$major "* ]]
	cat >bin/pg_dump <<-'SH'
	#!/bin/sh
	[ $1 != --version ] || exec echo "pg_dump (PostgreSQL) 99"
	echo "pg_dump: error: out of luck" >&2
	exit 1
	SH
	run --separate-stderr -1 env BK_PG_BINDIR="$PWD/bin" bk-dump big
	[[ $stderr == *"pg_dump: out of luck" ]]
	# one that does not do as it is told, and an archive of nobody's
	odd() {
		printf '%s\n' '#!/bin/bash' \
		    "real=$(pg_config --bindir)/pg_dump" \
		    '[ "$1" != --version ] || exec "$real" "$@"' "$1" >bin/pg_dump
		BK_PG_BINDIR=$PWD/bin run --separate-stderr "-${3-1}" bk-dump big
		[[ $stderr == "bk-dump: "$2 ]]
	}
	odd '"$real" "${@/--compress=0/--compress=1}"' \
	    'pg_dump: compressed its output despite -Z0'
	odd '"$real" "$@" | LC_ALL=C sed s/ENCODING/ENCODINX/g' \
	    'pg_dump: no ENCODING in its TOC'
	# a table that is never the one of the snapshot
	odd 'psql -qXc "TRUNCATE c" big; exec "$real" "$@"' \
	    'table "public"."c": truncated or rewritten after *' 5
	run --separate-stderr -1 bk-dump -t nonesuch big
	one_line_error bk-dump
	[[ $stderr == *"no matching tables were found"* ]]
}

@test "--lock: one dump at a time, for who asks" {
	paused_dump --lock
	run --separate-stderr -5 bk-dump --lock big
	one_line_error bk-dump
	[[ $stderr == *'another bk-dump is running'* ]]
	[ -z "$output" ]
	bk-dump -t b big >/dev/null
	bk-dump --lock=wait big >second 3>&- &
	second=$!
	await is "count(*) = 1 FROM pg_locks WHERE NOT granted AND
	    locktype = 'advisory'"
	[ ! -s second ]
	resume
	[ "$status" = 0 ]
	wait "$second"
	ends second
}

@test "two at once, neither asked" {
	bk-dump -j 2 big >1 3>&- &
	one=$!
	bk-dump -j 2 big >2
	wait $one
	# but for mark and label, and the manifest's instants
	cmp <(tail -c +1000 1 | head -c -1500) <(tail -c +1000 2 | head -c -1500)
}

# last: there is no server any more
@test "the server goes away: 1, no closing mark" {
	paused_dump -j 2
	kill -QUIT "$(pg_pid "$BATS_FILE_TMPDIR/pg")"
	resume
	[ "$status" = 1 ]
	one_line_error bk-dump
	no_closing_mark
}
