#!/usr/bin/env bats
# bk-dump: how it is called and what it has to cope with.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb -T template0 weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	createdb -T template0 empty
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
}

@test "names of databases: quotes, blanks, newline, equals sign, unicode" {
	local db
	for db in "it's \"q\" \\ x" $'new\nline' 'a=b' 'postgresql://x/y' \
	    'дб 表' "$(printf 'n%.0s' {1..63})"; do
		psql -qX -v db="$db" <<<'CREATE DATABASE :"db"' postgres
		PGDATABASE=$db psql -qXc 'CREATE TABLE t AS SELECT 7 AS a'
		PGDATABASE=$db bk-dump >a
		sql_of a | grep -qx 7
	done
	# on the command line, what looks like one is a connection string
	bk-dump "dbname='it\\'s \"q\" \\\\ x'" >a
	grep -aqF '(db=it%27s%20%22q%22%20%5C%20x;' a
	bk-dump "postgresql:///new%0aline?host=$PGHOST" >a
	records a | grep -F '"database":"new\nline"'
}

@test "where the database is found: argument, PG*, DATABASE_URL, service" {
	local host=$PGHOST port=$PGPORT
	createdb -T empty other
	found() { records - | grep -o '"database":"[a-z]*"' | cut -d'"' -f 4; }
	[ "$(PGDATABASE=other bk-dump | found)" = other ]
	[ "$(PGDATABASE=other DATABASE_URL=postgresql:///empty bk-dump |
	    found)" = other ]
	[ "$(PGDATABASE=other bk-dump empty | found)" = empty ]
	unset PGHOST PGPORT PGUSER
	DATABASE_URL="postgresql://postgres@127.0.0.1:$port/other"
	[ "$(DATABASE_URL=$DATABASE_URL bk-dump | found)" = other ]
	printf '[mine]\nhost=%s\nport=%s\nuser=postgres\ndbname=other\n' \
	    "$host" "$port" >service.conf
	[ "$(PGSERVICEFILE=service.conf PGSERVICE=mine bk-dump | found)" = \
	    other ]
	[ "$(bk-dump -w -h "$host" -p "$port" -U postgres -d other | found)" = \
	    other ]
	dropdb -h "$host" -p "$port" -U postgres other
}

@test "a password reaches pg_dump, but never a command line" {
	psql -qXc "CREATE ROLE pw LOGIN SUPERUSER PASSWORD 'tops3cret'" postgres
	hba=$PGHOST/data/pg_hba.conf
	cp "$hba" hba.old
	sed -i '1i host all pw 127.0.0.1/32 scram-sha-256' "$hba"
	psql -qXAtc 'SELECT pg_reload_conf()' postgres
	# a lock that pg_dump waits for, so that it is there to be looked at
	coproc psql -qXAt weird
	echo 'BEGIN; LOCK TABLE hen; SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	bk-dump "postgresql://pw:tops3cret@127.0.0.1:$PGPORT/weird" >a 3>&- &
	pid=$!
	await pgrep -P $pid pg_dump
	cat /proc/"$(pgrep -P $pid pg_dump)"/cmdline >cmdline
	echo 'COMMIT; \q' >&"${COPROC[1]}"
	wait $pid
	run -1 grep -a tops3cret cmdline
	run -1 grep -a tops3cret a
	run --separate-stderr -1 bk-dump \
	    "postgresql://pw:wr0ng@127.0.0.1:$PGPORT/weird"
	one_line_error bk-dump
	[[ $stderr == *'password authentication failed'* ]]
	(umask 077 && echo '*:*:*:*:wr0ng' >pass)
	PGPASSFILE=$PWD/pass run --separate-stderr -1 bk-dump \
	    "postgresql://pw@127.0.0.1:$PGPORT/weird"
	one_line_error bk-dump
	[[ $stderr == *'password authentication failed'* ]]
	run --separate-stderr -1 bk-dump \
	    "postgresql://pw@127.0.0.1:$PGPORT/weird"
	one_line_error bk-dump
	[[ $stderr == *'needs a password'* ]]
	cat hba.old >"$hba"
	psql -qXAtc 'SELECT pg_reload_conf()' postgres
}

@test "a database written to at full speed is dumped as of one moment" {
	createdb -T template0 bench
	pgbench -q -i -s 3 bench >/dev/null 2>&1
	pgbench -n -c 2 -T 600 bench >/dev/null 2>&1 3>&- &
	bench=$!
	await psql -qXAtc 'SELECT 1/(count(*) - 50 > 0)::int
	    FROM pgbench_history' bench
	createdb -T template0 again
	for i in 1 2 3; do
		bk-dump -j 3 bench | pg_restore --clean --if-exists -d again
		sums=$(psql -XAtc "SELECT (SELECT sum(abalance) FROM
		    pgbench_accounts), (SELECT sum(bbalance) FROM
		    pgbench_branches), (SELECT sum(tbalance) FROM
		    pgbench_tellers), (SELECT sum(delta) FROM
		    pgbench_history)" again)
		IFS='|' read -r a b c d <<<"$sums"
		[ "$a" = "$b" ] && [ "$b" = "$c" ] && [ "$c" = "$d" ]
	done
	kill $bench
	wait $bench || [ $? = 143 ]
	dropdb again
}

@test "an extension's configuration tables: only the user's rows" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	dir=$(pg_config --sharedir)/extension
	cat >"$dir/bk_test.control" <<-CONTROL
	default_version = '1'
	CONTROL
	cat >"$dir/bk_test--1.sql" <<-'SQL'
	CREATE TABLE bk_config (k text, builtin bool DEFAULT false);
	INSERT INTO bk_config VALUES ('shipped', true);
	SELECT pg_extension_config_dump('bk_config', 'WHERE NOT builtin');
	CREATE TABLE bk_all (k text);
	SELECT pg_extension_config_dump('bk_all', '');
	SQL
	createdb -T template0 ext
	psql -qXc 'CREATE EXTENSION bk_test' ext
	rm "$dir"/bk_test*
	psql -qXc "INSERT INTO bk_config VALUES ('mine')" ext
	psql -qXc "INSERT INTO bk_all VALUES ('all')" ext
	bk-dump ext >ours
	pg_dump -Fc ext >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	sql_of ours | grep '^mine'
	run -1 grep -a shipped ours
	dropdb ext
}

@test "a foreign table's data, if asked for" {
	createdb -T template0 fdw
	psql -qX fdw <<-SQL
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
	    OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'weird');
	CREATE USER MAPPING FOR postgres SERVER s OPTIONS (user 'postgres');
	CREATE FOREIGN TABLE f (id int, egg int) SERVER s
	    OPTIONS (table_name 'hen', schema_name 'public');
	CREATE TABLE local AS SELECT 3 AS a;
	SQL
	bk-dump --include-foreign-data=s fdw >ours
	pg_dump -Fc --include-foreign-data=s fdw >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	records ours | grep '"table":"f","rows":1'
	dropdb fdw
}

@test "wide rows: 64 MB of text and bytea" {
	long
	createdb -T template0 wide
	psql -qX wide <<-'SQL'
	CREATE TABLE w (id int, t text, b bytea);
	INSERT INTO w SELECT i, repeat(md5(i::text), 1000000),
	    decode(repeat(md5(i::text), 500000), 'hex')
	    FROM generate_series(1, 2) i;
	SQL
	bk-dump -j 3 wide | pg_restore -f - | sed '/restrict /d' | cksum >ours
	pg_dump -Fp wide | sed '/restrict /d' | cksum >theirs
	cmp ours theirs
	dropdb wide
}

@test "--globals: roles and tablespaces in a block of their own" {
	long
	psql -qXc 'CREATE ROLE "glo""bal"' postgres
	bk-dump --globals weird >ours
	grep -aqF 'CREATE ROLE "glo""bal"' ours
	bk-dump weird >plain
	cmp <(sql_of ours) <(sql_of plain)
	size=$(grep -ao '{"bk":"globals","bytes":[0-9]*' ours |
	    grep -o '[0-9]*$')
	[ "$size" -gt 100 ]
	bk-dump --globals weird | pg_restore -f /dev/null
}

@test "what was done is told: progress, audit log" {
	export BK_AUDIT_LOG=$PWD/audit
	bk-dump -v weird 2>log >a
	grep -E '[0-9]+/[0-9]+ tables, .* of ' log
	run --separate-stderr -0 bash -c 'bk-dump -q weird >a'
	[ -z "$stderr" ]
	run -1 bk-dump nonesuch
	[ "$(wc -l <audit)" = 3 ]
	tail -n +2 audit | head -n 1 | grep '"operation":"bk-dump"' |
	    grep '"source":"weird"' |
	    grep "\"size_bytes\":$(stat -c %s a)" | grep '"status":"success"'
	tail -n 1 audit | grep '"status":"failure"' | grep nonesuch
}

@test "the examples of the manual" {
	createdb -T template0 shop
	psql -qX shop <<-'SQL'
	CREATE SCHEMA sales;
	CREATE SCHEMA stock;
	CREATE TABLE orders AS SELECT generate_series(1, 9) AS id;
	CREATE TABLE sales.log AS SELECT 'noise'::text AS t;
	CREATE TABLE stock.bin AS SELECT 8 AS n;
	SQL
	createdb -T template0 shop2
	bk-dump -j 8 shop > shop.bk
	pg_restore -t orders -d shop2 shop.bk
	[ "$(psql -XAtc 'SELECT count(*) FROM orders' shop2)" = 9 ]
	bk-dump -n sales -n stock --exclude-table-data='*.log' \
	    --lock-wait-timeout=5min shop > part.bk
	run -1 grep -a noise part.bk
	records part.bk | grep '"table":"bin","rows":1'
	dropdb shop2
	dropdb shop
}

@test "what pg_dump warns of is passed on" {
	bk-dump -a weird 2>err >a
	grep '^bk-dump: pg_dump: warning: there are circular' err
	[ "$(wc -l <err)" = 1 ]
}

@test "sessions that wait for pg_dump and pg_dumpall are not ended as idle" {
	local f
	mkdir slow
	for f in pg_dump pg_dumpall; do
		printf '#!/bin/sh\n[ "$1" = --version ] || psql -qXAtc "SET idle_session_timeout = 0;
		    SELECT pg_sleep(3.5)" postgres >/dev/null\nexec %s "$@"\n' \
		    "$(command -v $f)" >slow/$f
		chmod +x slow/$f
	done
	psql -qXc "ALTER ROLE postgres SET idle_session_timeout = '3s'" \
	    -c "ALTER ROLE postgres SET idle_in_transaction_session_timeout = '3s'" postgres
	BK_PG_BINDIR=$PWD/slow bk-dump -q -j2 --globals -t hen weird >idle.bk
	psql -qXc 'ALTER ROLE postgres RESET ALL' postgres
}

@test "a session that others have as well, as behind a pooler, is refused" {
	createdb -T template0 pooled
	psql -qX -v ON_ERROR_STOP=1 pooled <<-'SQL'
	ALTER FUNCTION pg_catalog.pg_backend_pid() RENAME TO own_pid;
	CREATE FUNCTION pg_catalog.pg_backend_pid() RETURNS int LANGUAGE sql
	    AS 'SELECT pg_catalog.own_pid() + 1';
	SQL
	run -1 --separate-stderr bash -c 'bk-dump pooled >out'
	dropdb pooled
	one_line_error bk-dump
	[[ $stderr == *": a connection pooler (such as pgbouncer), "* ]]
}

@test "usage errors: exit 2, nothing written" {
	local o
	for o in -Fp '-f x' -Z5 --inserts --snapshot=1 --nonesuch -j0 -jx \
	    '-j 999' '--lock=perhaps' --format=tar --no-tablespaces -W \
	    --password --no-table-access-method 'a b' '-d a b' --compress=1 --column-inserts; do
		# shellcheck disable=SC2086	# several words
		run --separate-stderr -2 bk-dump $o
		[ -z "$output" ]
		[[ $stderr == *"usage: bk-dump "* ]]
	done
	[[ $(bk-dump -W 2>&1) == *'password in ~/.pgpass'* ]]
	[[ $(bk-dump --no-tablespaces 2>&1) == *'give the option to bk-restore'* ]]
	cmp <(bk-dump -Fc weird | pg_restore -l | tail -n +12) \
	    <(bk-dump --format=custom weird | pg_restore -l | tail -n +12)
	run --separate-stderr -2 bk-dump ''	# "$DB", and DB is not set
	BK_JOBS=none run -2 bk-dump weird
	run -2 script -qec "bk-dump weird" /dev/null
	run --separate-stderr -2 bash -c 'bk-dump weird >&-'
}

@test "help and version" {
	run -0 bk-dump --help
	[[ ${lines[0]} == "Example: bk-dump "* ]]
	[ "${#lines[@]}" -le 40 ]
	[[ $output == *"$(bk-dump -Fp 2>&1 | tail -n 1 | cut -c 1-50)"* ]]
	run -0 bk-dump --version
}
