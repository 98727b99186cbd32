#!/usr/bin/env bats
# bk-verify, level 2: restored, and every row compared
load support/common
load support/pg
load support/verify

setup_file() { shop_start; }
teardown_file() { pg_stop "$BATS_FILE_TMPDIR/c"; }
setup() { shop_use; }
teardown() { shop_left; }

@test "a restore on a server: every row is found again" {
	run -0 --separate-stderr bk-verify --restore <shop.bk
	[ "$(field result)" = proven ]
	[ "$(field proof)" = restore ]
	[ "$(field level)" = 2 ]
	[ "$(field tables)" = 7 ]
	[ "$(field blobs)" = 2 ]
	[[ $(field restored_on) == "$(psql -XAtc 'SHOW server_version')"* ]]
	[ "$(field 'restore_seconds > 0 and .seconds > .restore_seconds')" = true ]
	[[ $stderr == *'every row compared'* ]]
	run -0 bk-verify -j 1 -o r --restore "host=$PGHOST port=$PGPORT" <shop.bk
	run -0 bk-verify -o r --restore="postgresql:///shop?host=$PGHOST" <shop.bk
}

@test "a schema of everything that is odd" {
	createdb weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	bk-dump weird >weird.dump
	dropdb weird
	run -0 --separate-stderr bk-verify --restore <weird.dump
	[ "$(field proof)" = restore ]
}

# For longer than any session may be idle.
waits() {
	[ "$(PGOPTIONS='-c idle_session_timeout=0' psql -qXAtc "SELECT count(*) > 0
	    FROM pg_stat_activity WHERE application_name = 'bk-verify' AND
	    clock_timestamp() - state_change > '400ms'" postgres)" = t ]
}

@test "the server's timeouts do not end a test whose stream is slow" {
	local how
	psql -qX postgres <<-'SQL'
	ALTER ROLE postgres SET idle_session_timeout = '200ms';
	ALTER ROLE postgres SET idle_in_transaction_session_timeout = '200ms';
	ALTER ROLE postgres SET lock_timeout = '1ms';
	SQL
	mkfifo gate
	for how in --restore --against=shop; do
		bk-verify -q -o r "$how" <gate 2>err 3>&- 9>&- &
		exec 9>gate
		head -c 400000 shop.bk >&9
		await waits
		tail -c +400001 shop.bk >&9
		exec 9>&-
		wait $! || { cat err; false; }
	done
	psql -qXc 'ALTER ROLE postgres RESET ALL' postgres
}

@test "where a signature is demanded nothing is run before it is known" {
	bk-keygen -o key
	bk-keygen --sign -o ann
	bk-keygen -y ann >ann.pub
	bk-keygen --sign -o eve
	bk-crypt -R <(bk-keygen -y key) --sign ann <shop.bk >signed
	bk-crypt -R <(bk-keygen -y key) --sign eve <shop.bk >forged
	psql -qXc "ALTER ROLE postgres SET log_statement = 'ddl'" postgres
	run -3 --separate-stderr bk-verify -i key --signer ann.pub --restore \
	    <forged
	[[ $(grep -c 'CREATE DATABASE "bk_verify' "$PGHOST/log") = 0 ]]
	run -0 bk-verify -o r -i key --signer ann.pub --restore <signed
	[ "$(jq -r .signer r)" = "$(cat ann.pub)" ]
	[[ $(grep -c 'CREATE DATABASE "bk_verify' "$PGHOST/log") = 1 ]]
	psql -qXc 'ALTER ROLE postgres RESET ALL' postgres
	# a pipe cannot be read twice; a throwaway server needs no more
	run -2 --separate-stderr bk-verify -i key --signer ann.pub --restore \
	    < <(cat signed)
	one_line_error bk-verify
	run -0 bk-verify -q -o r -i key --signer ann.pub --scratch \
	    < <(cat signed)
}

@test "a tar of pg_dump is not restored for a test, and not refuted" {
	local how
	bk-seal pg_dump -Ft shop >shop.tar
	for how in --restore --scratch --against=shop; do
		run -1 --separate-stderr bk-verify $how <shop.tar
		one_line_error bk-verify
		[[ $stderr == *'a tar of pg_dump, '* ]]
		[ "$(field result)" = 'could not tell' ]
	done
}

@test "a server that lacks the dump's locale: proven, and said" {
	createdb -T template0 --locale=C.UTF-8 sorted
	psql -qX sorted -v ON_ERROR_STOP=1 <<-'SQL'
	CREATE TABLE t (s varchar CHECK (s IN ('new', 'paid')));
	INSERT INTO t VALUES ('new');
	SQL
	pg_dump -Fc -Z0 sorted | sed 's/C\.UTF-8/C.UTF-9/g' | bk-seal cat >none.bk
	run -0 --separate-stderr bk-verify --restore <none.bk
	[[ $(field not_covered) == "the database's locale, "*'C.UTF-9'* ]]
	psql -qX sorted -v ON_ERROR_STOP=1 <<-'SQL'
	CREATE TABLE p (s text) PARTITION BY RANGE (s);
	CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('M') TO ('a');
	SQL
	pg_dump -Fc -Z0 sorted | sed "s/C\.UTF-8/C.UTF-9/g; s/FROM ('M') TO ('a')/FROM ('a') TO ('M')/" |
	    bk-seal cat >none.bk
	dropdb sorted
	run -1 --separate-stderr bk-verify --restore <none.bk
	[[ $stderr == *'empty range bound'*"does not have the dump's locale"* ]]
}

@test "a user mapping for PUBLIC, and the longest of time zones" {
	createdb far
	psql -qX -v ON_ERROR_STOP=1 far <<-'SQL'
	CREATE FOREIGN DATA WRAPPER w;
	CREATE SERVER s FOREIGN DATA WRAPPER w;
	CREATE USER MAPPING FOR public SERVER s;
	CREATE TABLE t AS SELECT timestamptz '2026-07-01 12:00Z' AS at;
	ALTER DATABASE far SET timezone =
	    'EST5EDT,M3.2.0/02:00:00,M11.1.0/02:00:00';
	SQL
	bk-dump far >far.bk
	dropdb far
	run -0 bk-verify -q -o r --restore <far.bk
	run -0 bk-verify -q -o r --scratch <far.bk
}

@test "read under other settings, the values are the same" {
	long
	psql -qX postgres <<-'SQL'
	ALTER ROLE postgres SET datestyle = 'German';
	ALTER ROLE postgres SET intervalstyle = 'iso_8601';
	ALTER ROLE postgres SET extra_float_digits = -15;
	ALTER ROLE postgres SET timezone = 'Asia/Kolkata';
	ALTER ROLE postgres SET bytea_output = 'escape';
	ALTER ROLE postgres SET search_path = 'none';
	ALTER ROLE postgres SET default_transaction_read_only = off;
	SQL
	run -0 bk-verify --restore -o r <shop.bk
	PGCLIENTENCODING=LATIN1 run -0 bk-verify --restore -o r <shop.bk
	bk-dump shop >here.bk		# written under these, read under others
	psql -qX -c 'ALTER ROLE postgres RESET ALL' postgres
	run -0 bk-verify --restore -o r <here.bk
	grep -qa Kolkata here.bk
	createdb quoted
	psql -qX quoted -c 'ALTER DATABASE quoted SET quote_all_identifiers = on' \
	    -c "CREATE TABLE names AS SELECT 'pg_class'::regclass"
	bk-dump quoted >quoted.bk
	dropdb quoted
	run -0 bk-verify --restore -o r <quoted.bk
}

@test "a database in another encoding" {
	long
	PG_INITDB='-E LATIN1 --locale=C' pg_start l
	psql -qX postgres <<-'SQL'
	CREATE TABLE words (w text);
	INSERT INTO words VALUES (U&'gr\00fc\00df'), ('plain');
	SQL
	bk-dump postgres >latin.bk
	run -0 bk-verify --restore -o r <latin.bk
	[ "$(scratches)" = 0 ]
	pg_use c
	run -0 bk-verify --restore -o r <latin.bk
	run -0 bk-verify --scratch -o r <latin.bk
	pg_use l
	run -0 bk-verify --restore -o r <shop.bk	# it gets the dump's own
	pg_use c
}

@test "assertions: each query must give a single true" {
	cat >good.sql <<-'SQL'
	SET work_mem = '8MB';
	SELECT count(*) > 10000 FROM orders;
	SELECT max(id) = 20000 FROM orders;
	SQL
	run -0 bk-verify --restore --sql good.sql -o r <shop.bk
	run -0 bk-verify --scratch --sql good.sql -o r <shop.bk
	echo 'SELECT false' >bad1
	echo 'SELECT true, true' >bad2
	echo 'SELECT true WHERE false' >bad3
	echo 'SELECT NULL' >bad4
	echo 'SELECT * FROM nosuch' >bad5
	echo '-- nothing' >bad6
	echo 'COPY orders (id) TO STDOUT' >bad7
	echo 'COPY orders FROM STDIN; SELECT true' >bad8
	for f in bad?; do
		sampled || continue
		run -3 --separate-stderr bk-verify --restore --sql $f <shop.bk
		[[ $stderr == *"$f"*true* || $stderr == *"$f"*query* ]]
	done
	run -1 bk-verify --restore --sql none.sql <shop.bk
}

@test "archives of pg_dump are compared with what was in the stream" {
	long
	pg_dump -Fc -Z0 shop >foreign
	pg_dump -Fc shop >packed
	pg_dump -Fc --inserts -T gen shop >inserts
	for f in foreign packed; do
		run -0 --separate-stderr bk-verify --restore <$f
		[ "$(field proof)" = restore ]
		[ "$(field manifest)" = null ]
	done
	run -0 --separate-stderr bk-verify --restore <inserts
	[ "$(field proof)" = structure ]	# its rows are not compared
	# a locale that is missing here; no word of the encoding
	pg_dump -Fc -Z0 -C shop >located
	LC_ALL=C sed "s/LOCALE = '[^']/LOCALE = '?/" located >lost
	run ! cmp -s located lost
	run -0 --separate-stderr bk-verify --restore <lost
	[ "$(field proof)" = restore ]
	LC_ALL=C sed 's/ENCODING\([^ ]\)/ENCODINX\1/g' foreign >plain
	# which nothing makes, and nothing that is missing is excused
	run -3 --separate-stderr bk-verify --restore <plain
	[ "$(field differences)" = 1 ]
	[[ $stderr == *'encodinx ENCODINX'* ]]
}

@test "a pg_dump that fails proves nothing, and is named" {
	mkdir bin
	ln -s "$(pg_config --bindir)"/pg_restore bin
	printf '%s\n' '#!/bin/sh' 'case $1 in' \
	    "--version) exec $(pg_config --bindir)/pg_dump --version;;" 'esac' \
	    'echo "pg_dump: error: out of luck" >&2; exit 1' >bin/pg_dump
	chmod +x bin/pg_dump
	BK_PG_BINDIR=$PWD/bin run -1 --separate-stderr bk-verify --restore \
	    -o r <shop.bk
	one_line_error bk-verify
	[[ $stderr == *'out of luck' ]]
}

# roles: those in the server that no test has made.
no_roles() {
	[ "$(psql -XAtc "SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'
	    AND rolname <> 'postgres'" postgres)" = 0 ]
}

@test "roles that the server lacks are made for it, and dropped again" {
	long
	createdb own
	psql -qX own <<-'SQL'
	CREATE ROLE boss;
	CREATE ROLE clerk;
	CREATE ROLE "odd, ""name""";
	CREATE TABLE owned AS SELECT g AS x, repeat('x', 1000)
	    FROM generate_series(1, 1000) g;
	ALTER TABLE owned OWNER TO boss;
	GRANT SELECT ON owned TO clerk;
	CREATE POLICY p ON owned TO clerk, "odd, ""name""" USING (x > 1);
	ALTER DEFAULT PRIVILEGES FOR ROLE boss GRANT SELECT ON TABLES TO clerk;
	SQL
	bk-dump own >owned.bk
	pg_dump -Fc -Z0 own | LC_ALL=C sed 's/boss/none/g' >odd
	run -0 bk-verify --restore -o r <owned.bk
	dropdb own
	psql -qXc 'DROP ROLE clerk' postgres
	# some there, some not: those that are there stay
	run -0 bk-verify --restore -o r <owned.bk
	[ "$(psql -XAtc "SELECT count(*) FROM pg_roles WHERE rolname = 'boss'
	    OR rolname LIKE 'odd%'" postgres)" = 2 ]
	psql -qXc 'DROP ROLE boss, "odd, ""name"""' postgres
	no_roles
	run -0 bk-verify --restore -o r <owned.bk
	no_roles
	run -0 bk-verify --scratch -o r <owned.bk
	# a name that no server takes
	run -1 --separate-stderr bk-verify --restore -o r <odd
	[[ $stderr == *'role name "none" is reserved'* ]]
	no_roles
	# of two at once, the first to end takes nothing from the other
	mkfifo slow
	bk-verify --restore -q -o r1 <slow &
	pid=$!
	exec 8>slow
	head -c 300000 owned.bk >&8
	await is_there
	run -0 bk-verify --restore -o r <owned.bk
	tail -c +300001 owned.bk >&8
	exec 8>&-
	wait "$pid"
	no_roles
	# what a killed one left the next sweeps, but not what was put to use
	bk-verify --restore -q -o r1 <slow &
	pid=$!
	exec 8>slow
	head -c 300000 owned.bk >&8
	await eval '! no_roles'
	kill -9 "$pid"
	exec 8>&-
	wait "$pid" || [ $? = 137 ]
	psql -qXc 'ALTER ROLE clerk LOGIN' postgres
	await eval 'bk-verify --restore -q -o r <shop.bk &&
	    psql -qXc "DROP ROLE clerk" postgres && no_roles'
}

@test "code of a role that the server lacks has no right there" {
	long
	local proof
	proof=$PGHOST/ran			# where the server may write
	psql -qX shop <<-SQL
	CREATE ROLE mallory; CREATE ROLE weak LOGIN CREATEDB;
	CREATE ROLE reader LOGIN CREATEDB IN ROLE pg_execute_server_program;
	CREATE SCHEMA app AUTHORIZATION mallory;
	SET ROLE mallory;
	CREATE TABLE app.t AS SELECT 1 AS a;
	CREATE FUNCTION app.g() RETURNS int LANGUAGE plpgsql AS \$\$
	BEGIN
	    COPY (SELECT 1) TO PROGRAM 'touch $proof'; RETURN 1;
	EXCEPTION WHEN OTHERS THEN RETURN 0;
	END \$\$;
	CREATE FUNCTION app.f(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN RETURN app.g(); END';
	CREATE INDEX ON app.t (app.f(a));
	SQL
	bk-dump -n app shop >evil.bk
	[ ! -e "$proof" ]
	# it is there, but not for everybody
	run -0 --separate-stderr bk-verify --restore "user=weak" <evil.bk
	[[ $(field not_covered) == 'owners, privileges'* ]]
	run -1 --separate-stderr bk-verify --restore "user=reader" -o r <evil.bk
	one_line_error bk-verify
	[[ $stderr == *'role "mallory": you are not a member of it'*--scratch* ]]
	[ ! -e "$proof" ]
	psql -qXc 'DROP OWNED BY mallory CASCADE' shop 2>/dev/null
	psql -qXc 'DROP ROLE mallory' postgres
	run -3 bk-verify --restore -o r <evil.bk
	run -0 bk-verify --restore --trust-code -o r <evil.bk
	[ ! -e "$proof" ]
	# it is what would have run
	bk-restore -q --no-owner --into evil <evil.bk
	[ -e "$proof" ]
	rm "$proof"
	dropdb evil
	run -0 bk-verify --restore "user=weak" -o r <evil.bk
	run -1 --separate-stderr bk-verify --restore "user=reader" -o r <evil.bk
	one_line_error bk-verify
	[[ $stderr == *'role "mallory": it does not exist here'*--scratch* ]]
	[ ! -e "$proof" ]
	psql -qXc 'DROP ROLE weak, reader' postgres
}

@test "an event trigger needs a superuser, which is not made here" {
	psql -qX shop <<-'SQL'
	CREATE ROLE chief SUPERUSER;
	CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
	CREATE EVENT TRIGGER et ON sql_drop EXECUTE FUNCTION et();
	ALTER EVENT TRIGGER et OWNER TO chief;
	SQL
	bk-dump shop >et.bk
	psql -qX shop -c 'DROP EVENT TRIGGER et' -c 'DROP FUNCTION et()' \
	    -c 'DROP ROLE chief'
	run -1 --separate-stderr bk-verify --restore -o r <et.bk
	one_line_error bk-verify
	[[ $stderr == *'"chief"'*superuser*--scratch* ]]
	run -0 bk-verify --scratch -o r <et.bk
	no_roles
}

@test "owners' names in another encoding than UTF-8" {
	long
	psql -qX -c 'CREATE ROLE "Ünï"' -c 'CREATE TABLE uni (a int)' \
	    -c 'ALTER TABLE uni OWNER TO "Ünï"' shop
	bk-dump -t uni -E LATIN1 shop >uni.bk
	run -0 bk-verify --restore -o r <uni.bk
	run -0 bk-verify --scratch -o r <uni.bk
	psql -qX -c 'DROP TABLE uni' -c 'DROP ROLE "Ünï"' shop
	run -0 bk-verify --restore -o r <uni.bk
	# a database in that encoding knows the role by other bytes
	createdb -T template0 -E LATIN1 --locale C latin
	psql -qX -c 'CREATE ROLE "Ünï"' -c 'CREATE TABLE uni (a int)' \
	    -c 'ALTER TABLE uni OWNER TO "Ünï"' latin
	bk-dump latin >uni.bk
	run -0 bk-verify --scratch -o r <uni.bk
	psql -qX -c 'DROP TABLE uni' -c 'DROP ROLE "Ünï"' latin
	run -0 bk-verify --restore -o r <uni.bk
	dropdb latin
	[ "$(psql -XAtc 'SELECT count(*) FROM pg_roles
	    WHERE NOT rolcanlogin AND rolname !~ $$^pg_$$' shop)" = 0 ]
}

@test "a subscription is not made: it would keep the scratch database" {
	psql -qX -c "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p
	    WITH (connect = false, slot_name = NONE)" \
	    -c "COMMENT ON SUBSCRIPTION s IS 'c'" shop 2>/dev/null
	bk-dump shop >sub.bk
	psql -qXc 'DROP SUBSCRIPTION s' shop
	run -0 bk-verify --restore -o r <sub.bk
}

@test "two at once, on one server" {
	bk-verify --restore -q -o r1 <shop.bk &
	bk-verify --restore -q -o r2 <shop.bk &
	wait
	[ "$(jq -rs '[.[].result] | unique[]' r1 r2)" = proven ]
}

@test "what cannot be told, and usage errors" {
	PGHOST=/nowhere run -1 --separate-stderr bk-verify --restore -o r <shop.bk
	one_line_error bk-verify
	run -1 bk-verify --restore < <(pg_dump shop)
	BK_PG_BINDIR=/nowhere run -1 --separate-stderr bk-verify --scratch \
	    -o r <shop.bk
	one_line_error bk-verify
	run -2 bk-verify --restore --scratch <shop.bk
	run -2 bk-verify --sql x <shop.bk
	run -2 bk-verify --restore a b <shop.bk
}

@test "--trust-code is for a superuser's --restore, and no other" {
	usage 'is for --restore' bk-verify --trust-code <shop.bk
	usage 'is for --restore' bk-verify --scratch --trust-code <shop.bk
	# pg_restore alone loads what is compressed: all code is the superuser's
	createdb code
	psql -qX code <<-'SQL'
	CREATE FUNCTION ok(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
	CREATE TABLE t (a int CHECK (ok(a)));
	INSERT INTO t VALUES (1);
	SQL
	pg_dump -Fc code >code.fc
	bk-dump code >code.bk
	dropdb code
	run -3 --separate-stderr bk-verify --restore -o r <code.fc
	one_line_error bk-verify
	[[ $stderr == *'code would run as a superuser'*'public.t'* ]]
	[ "$(jq -r .result r)" = 'not proven' ]
	run -3 --separate-stderr bk-verify --restore -o r <code.bk
	[[ $stderr == *'code would run as a superuser'*'public.t'* ]]
	run -0 bk-verify --restore --trust-code -o r <code.fc
	[ "$(jq .trusted_code r)" = 1 ]
	run -0 bk-verify --restore --trust-code -o r <code.bk
	[ "$(jq .trusted_code r)" = 1 ]
	run -0 bk-verify --scratch -o r <code.bk
	run -0 bk-verify --scratch -o r <code.fc
}
