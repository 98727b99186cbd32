#!/usr/bin/env bats
# bk-restore on the other servers, and with programs of other versions.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

# clients MAJOR: fetched programs of that version in $BIN, for BK_PG_BINDIR.
clients() {
	why=$("$SUPPORT/pg-clients.sh" $(($1 < 18 ? 18 : $1)) "$PWD/clients" 2>&1) || skip "$why"
	BIN=$PWD/clients/bin
	export BK_PG_BINDIR=$BIN
}

# same_as_psql MAJOR: a copy by bk-restore has the text of one by psql.
same_as_psql() {
	pg_among "$1" || skip "$PG_WHY"
	pg_start "$PWD/pg" "$1"
	createdb -T template0 weird
	# these servers come without contrib
	sed '/postgres_fdw/d; /^CREATE SERVER/d; /^CREATE FOREIGN/d' \
	    "$SUPPORT/weird.sql" | psql -qX weird >/dev/null
	createdb -T template0 copy
	# 17's programs set a parameter that 16 does not know
	"${BIN:+$BIN/}pg_dump" weird | sed '/^SET transaction_timeout/d' |
	    psql -qX copy >/dev/null 2>&1
	bk-dump weird | bk-restore -q -j 3 --into new
	# Debian's 15.20 notes a number of its own with columns
	diff <(text copy | sed /pg_attver/d) <(text new | sed /pg_attver/d)
}

# cycle MAJOR: each way to restore, and the proof, on a server of that version.
cycle() {
	[ "$1" -le 15 ] || clients "$1"
	pg_among "$1" || skip "$PG_WHY"
	pg_start "$PWD/pg" "$1"
	createdb -T template0 shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	CREATE TABLE customers (id serial PRIMARY KEY, name text);
	INSERT INTO customers (name) SELECT md5(i::text) FROM generate_series(1, 500) i;
	CREATE TABLE orders (id int PRIMARY KEY, c int REFERENCES customers);
	INSERT INTO orders SELECT i, i FROM generate_series(1, 500) i;
	CREATE TABLE lines (id int REFERENCES orders, n int);
	INSERT INTO lines SELECT i, 1 FROM generate_series(1, 500) i;
	CREATE VIEW v AS SELECT count(*) FROM orders;
	DO $$ BEGIN PERFORM lo_from_bytea(0, 'x'); END $$;
	ALTER DATABASE shop SET app.lim = 7;
	SQL
	count() {
		[ "$(psql -XAtc "SELECT count(*) FROM $1" "$2")" = "$3" ]
	}
	bk-dump shop >shop.bk
	bk-restore -q -j 2 --into copy <shop.bk
	count lines copy 500
	psql -qXc 'DELETE FROM lines' shop
	bk-restore -q --replace shop shop <shop.bk
	count lines shop 500
	bk-restore -q --rollback shop
	count lines shop 0
	bk-restore -q -t lines --replace-table shop <shop.bk
	count lines shop 500
	bk-restore -q -t orders --replace-table shop <shop.bk
	count orders shop 500
	bk-verify -q --restore <shop.bk >receipt
	bk-verify -q --against shop <shop.bk >receipt
	dropdb shop
	bk-restore -q shop <shop.bk
	[ "$(psql -XAtc 'SHOW app.lim' shop)" = 7 ]
}

@test "PostgreSQL 10: each way to restore" { cycle 10; }
@test "PostgreSQL 11: each way to restore" { cycle 11; }
@test "PostgreSQL 12: each way to restore" { cycle 12; }
@test "PostgreSQL 13: each way to restore" { cycle 13; }
@test "PostgreSQL 14: each way to restore" { cycle 14; }
@test "PostgreSQL 15: each way to restore" { cycle 15; }
@test "PostgreSQL 16: each way to restore" { cycle 16; }
@test "PostgreSQL 17: each way to restore" { cycle 17; }
@test "PostgreSQL 18: each way to restore" { cycle 18; }
@test "PostgreSQL 19: each way to restore" { cycle 19; }

@test "PostgreSQL 13" { same_as_psql 13; }
@test "PostgreSQL 14" { same_as_psql 14; }

@test "PostgreSQL 15 by the programs of 17, whose settings it does not know" {
	clients 17
	same_as_psql 15
	"$BIN/pg_dump" -Fc weird >theirs
	run --separate-stderr -1 bk-restore --into z <theirs
	one_line_error bk-restore
	[[ $stderr == *transaction_timeout* ]]
}

@test "PostgreSQL 16 by the programs of 17" { clients 17; same_as_psql 16; }
@test "PostgreSQL 17" { clients 17; same_as_psql 17; }
@test "PostgreSQL 18" { clients 18; same_as_psql 18; }
@test "PostgreSQL 19" { clients 19; same_as_psql 19; }

@test "an archive that is too new for the programs needs none, unless compressed" {
	clients 17
	pg_start "$PWD/pg"
	createdb a
	psql -qXc 'CREATE TABLE t AS SELECT 7 AS n' a
	bk-dump a >new.bk
	"$BK_PG_BINDIR/pg_dump" -Fc a >compressed
	unset BK_PG_BINDIR
	BK_PG_BINDIR=$(pg_config --bindir)
	[[ $("$BK_PG_BINDIR/pg_restore" --version) == *' 15'* ]] ||
	    skip "newer programs are installed"
	export BK_PG_BINDIR
	bk-restore -q --into b <new.bk
	[ "$(psql -XAtc 'SELECT n FROM t' b)" = 7 ]
	run --separate-stderr -1 bk-restore --unsealed --into c <compressed
	one_line_error bk-restore
	[[ $stderr == *'lacks transaction_timeout, which pg_restore 17 '* ]]
}

# Code of carol's, who owns a schema and has no other right, where rows arrive:
# it says in the log as whom it could run, and leaves what would run later.
carols_code() {
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.try(what text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	    EXECUTE what;
	EXCEPTION WHEN OTHERS THEN NULL;
	END $$;
	CREATE FUNCTION c.say(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    PERFORM c.try('ALTER ROLE carol SUPERUSER');
	    PERFORM c.try('RESET ROLE'); PERFORM c.try('ALTER ROLE carol SUPERUSER');
	    PERFORM c.try('SET SESSION AUTHORIZATION DEFAULT');
	    RAISE LOG 'code of carol as %', current_user;
	    RETURN true;
	END $$;
	CREATE FUNCTION c.fire() RETURNS trigger LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(1); RETURN NEW; END';
	CREATE FUNCTION c.f(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    PERFORM c.say(a);
	    PERFORM c.try('DECLARE cu CURSOR WITH HOLD FOR SELECT c.say(1)');
	    PERFORM c.try('CREATE TEMP TABLE later (a int)');
	    PERFORM c.try('CREATE CONSTRAINT TRIGGER x AFTER INSERT ON later
	        INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION c.fire()');
	    PERFORM c.try('INSERT INTO later VALUES (1)');
	    PERFORM c.try('CREATE TRIGGER a BEFORE INSERT ON c.zplain
	        FOR EACH ROW EXECUTE FUNCTION c.fire()');
	    PERFORM c.try('CREATE TRIGGER b AFTER TRUNCATE ON c.zplain
	        EXECUTE FUNCTION c.fire()');
	    RETURN true;
	END $$;
	CREATE FUNCTION c.g(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.f(a); RETURN a; END';
	CREATE TABLE c.t (a int CHECK (c.f(a)));
	CREATE TABLE c.own (a text CHECK (query_to_xml(a, true, true, '')
	    IS NOT NULL));
	CREATE DOMAIN c.d AS int CHECK (c.f(VALUE));
	CREATE TYPE c.pair AS (x c.d, y text);
	CREATE TABLE c.td (a c.d, b c.d[], p c.pair, "odd ""%name" varchar(5));
	CREATE TABLE c.gen (a int, id int GENERATED ALWAYS AS IDENTITY,
	    b int GENERATED ALWAYS AS (c.g(a)) STORED);
	CREATE TABLE c.p (id int, a int) PARTITION BY RANGE ((c.g(id)));
	CREATE TABLE c.p1 PARTITION OF c.p FOR VALUES FROM (0) TO (100);
	CREATE TABLE c.zplain (a int CHECK (a > 0));
	INSERT INTO c.zplain VALUES (1);
	INSERT INTO c.own VALUES ('SELECT c.say(5)');
	INSERT INTO c.td VALUES (1, '{2,NULL,3}', '(4,"a b")', 'abc'), (NULL,
	    NULL, NULL, NULL);
	INSERT INTO c.gen (a) VALUES (7);
	INSERT INTO c.p VALUES (5, 6);
	INSERT INTO c.t SELECT generate_series(1, 3);
	DROP TRIGGER a ON c.zplain; DROP TRIGGER b ON c.zplain;
	SQL
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
}

# harmless: it ran, and as carol alone, who is what she was.
harmless() {
	grep -o 'code of carol as .*' "$PGHOST/log" | sort -u >as
	[ "$(cat as)" = 'code of carol as carol' ]
	: >"$PGHOST/log"
	[ "$(psql -XAtc "SELECT rolsuper FROM pg_roles WHERE rolname = 'carol'" \
	    postgres)" = f ]
}

rows() {
	psql -XAt -c 'SELECT * FROM c.t ORDER BY 1' -c 'TABLE c.td' \
	    -c 'TABLE c.gen' -c 'TABLE c.p' -c 'TABLE c.zplain' \
	    -c 'TABLE c.own' "$1"
}

# code_has_its_owners_rights MAJOR
code_has_its_owners_rights() {
	pg_among "$1" || skip "$PG_WHY"
	[ "$1" -lt 17 ] || clients "$1"
	pg_start "$PWD/pg" "$1"
	carols_code
	bk-restore -j 3 --into x <cdb.bk
	harmless
	diff <(rows cdb) <(rows x)
	bk-restore -q --keep-going --into y <cdb.bk
	harmless
	# definitions can call her functions: a superuser says so, or is refused
	run -3 --separate-stderr bk-verify --restore -o r <cdb.bk
	one_line_error bk-verify
	[[ $stderr == *'code would run as a superuser'*--scratch*--trust-code ]]
	run -1 grep -q 'code of carol' "$PGHOST/log"
	# what it changed is her own, and a difference
	run -3 --separate-stderr bk-verify --restore --trust-code -o r <cdb.bk
	[[ $stderr == *'trigger '*zplain* ]]
	harmless
	# partitions' bounds might be literals that are checked; all but the one
	# that returns trigger count
	[ "$(grep -o '"trusted_code":[0-9]*' r)" = '"trusted_code":5' ]
	psql -qX -c 'DROP TABLE c.p' cdb
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	run -3 --separate-stderr bk-verify --restore --trust-code -o r <cdb.bk
	[[ $stderr == *'trigger '*zplain* ]]
	harmless
	[ "$(grep -o '"trusted_code":[0-9]*' r)" = '"trusted_code":4' ]
	# a superuser's own table
	psql -qX -c 'ALTER TABLE c.t OWNER TO postgres' cdb
	bk-dump cdb >cdb.bk
	run -0 --separate-stderr bk-restore --into z <cdb.bk
	[[ $stderr == *'1 of the dump'*'the first: c.t'* ]]
}

@test "PostgreSQL 13: code in rows' constraints has its owner's rights" {
	code_has_its_owners_rights 13
}
@test "PostgreSQL 15: code in rows' constraints has its owner's rights" {
	code_has_its_owners_rights 15
}
@test "PostgreSQL 18: code in rows' constraints has its owner's rights" {
	code_has_its_owners_rights 18
}

@test "PostgreSQL 19: code in rows' constraints has its owner's rights" {
	code_has_its_owners_rights 19
}

@test "PostgreSQL 18: statistics with values of a domain that runs code" {
	pg_among 18 || skip "$PG_WHY"
	clients 18
	pg_start "$PWD/pg" 18
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.f(a text) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN true; END $$;
	CREATE DOMAIN c.d AS text CHECK (c.f(VALUE));
	CREATE TABLE c.t (a c.d);
	INSERT INTO c.t SELECT 'v' || i % 5 FROM generate_series(1, 100) i;
	ANALYZE c.t;
	SQL
	bk-dump -q --statistics cdb >cdb.bk
	: >"$PGHOST/log"
	run -3 --separate-stderr bk-verify --restore -o r <cdb.bk
	[[ $stderr == *'code would run as a superuser'*'functions whose owners are not, the first: c.f'* ]]
	run -1 grep -q 'code of carol' "$PGHOST/log"
	run -0 --separate-stderr bk-restore --into x <cdb.bk
	[[ $stderr == *'1 of the dump'*'the first: c.d'* ]]
}

# planned_code MAJOR: functions of constants, which a query of their table calls
# when it is planned, as that of a foreign key.
planned_code() {
	pg_among "$1" || skip "$PG_WHY"
	[ "$1" -lt 17 ] || clients "$1"
	pg_start "$PWD/pg" "$1"
	psql -qX -c 'CREATE ROLE carol LOGIN' \
	    -c 'CREATE DATABASE cdb' \
	    -c 'ALTER DATABASE cdb SET constraint_exclusion = on' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.say() RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN 1; END $$;
	CREATE FUNCTION c.g(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(); RETURN 1; END';
	CREATE TABLE c.pk (a int PRIMARY KEY, b int);
	CREATE TABLE c.fk (a int REFERENCES c.pk, b int);
	ALTER TABLE c.fk ADD CHECK (b > c.g(1));
	INSERT INTO c.pk VALUES (1, 1);
	INSERT INTO c.fk VALUES (1, 2);
	CREATE INDEX i ON c.pk ((b + c.g(1)));
	COMMENT ON INDEX c.i IS 'remark';
	CREATE INDEX j ON c.fk (b) WHERE b > c.g(1);
	ALTER TABLE c.fk ADD EXCLUDE USING btree ((b + c.g(1)) WITH =);
	CREATE TABLE c.p (a int REFERENCES c.pk) PARTITION BY RANGE (a);
	CREATE TABLE c.p1 PARTITION OF c.p FOR VALUES FROM (0) TO (9);
	INSERT INTO c.p VALUES (1);
	SQL
	[ "$1" -lt 14 ] || psql -qX -U carol cdb \
	    -c 'CREATE STATISTICS c.s ON (b + c.g(1)), a FROM c.fk'
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	bk-restore -q --into x <cdb.bk
	harmless
	diff <(text cdb) <(text x)
	run -0 bk-verify --restore --trust-code -o r <cdb.bk
	harmless
	psql -qX -c 'SET client_min_messages = error' \
	    -c 'DROP SCHEMA c CASCADE' x
	bk-restore -q -n c x <cdb.bk
	harmless
	diff <(text cdb) <(text x)
	# a partition's index is compared with its table's
	psql -qX -U carol -c 'CREATE INDEX k ON c.p ((a + c.g(1)))' cdb
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	run -3 --separate-stderr bk-verify --restore -o r <cdb.bk
	[[ $stderr == *'code would run as a superuser'*'functions whose owners are not, the first: c.'* ]]
	run -1 grep -q 'code of carol' "$PGHOST/log"
	bk-restore -q --into y <cdb.bk
	diff <(text cdb) <(text y)
}

@test "PostgreSQL 13: code in indexes does not run with foreign keys" {
	planned_code 13
}
@test "PostgreSQL 15: code in indexes does not run with foreign keys" {
	planned_code 15
}
@test "PostgreSQL 18: code in indexes does not run with foreign keys" {
	planned_code 18
}

@test "PostgreSQL 19: code in indexes does not run with foreign keys" {
	planned_code 19
}

# A user who is no superuser, but may be carol.
an_administrators_restore() {
	pg_among "$1" || skip "$PG_WHY"
	[ "$1" -lt 17 ] || clients "$1"
	pg_start "$PWD/pg" "$1"
	psql -qX -c 'CREATE ROLE adm LOGIN CREATEDB CREATEROLE' \
	    -c 'CREATE ROLE carol' -c 'GRANT carol TO adm' postgres
	export PGUSER=adm
	createdb cdb
	psql -qX -v ON_ERROR_STOP=1 cdb <<-'SQL'
	CREATE SCHEMA c AUTHORIZATION carol;
	CREATE FUNCTION c.f(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    RAISE LOG 'code at % as %', a, current_user;
	    RETURN true;
	END $$;
	CREATE TABLE c.t (a int CHECK (c.f(a))); INSERT INTO c.t VALUES (1);
	CREATE TABLE c.u (a int CHECK (c.f(a))); INSERT INTO c.u VALUES (2);
	ALTER TABLE c.u OWNER TO carol;
	SQL
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	run -0 --separate-stderr bk-restore --into x <cdb.bk
	[[ $stderr != *rights* ]]
	[ "$(grep -o 'code at .*' "$PGHOST/log")" = 'code at 1 as adm
code at 2 as carol' ]
	diff <(text cdb) <(text x)
	run -0 bk-verify --restore -o r <cdb.bk
	run -0 --separate-stderr bk-restore --no-owner --into y <cdb.bk
	[[ $stderr == *'1 of the dump'*'the user who restores'*'the first: c.u'* ]]
}

@test "PostgreSQL 15: no superuser restores code with its owner's rights" {
	an_administrators_restore 15
}
@test "PostgreSQL 18: no superuser restores code with its owner's rights" {
	an_administrators_restore 18
}

@test "PostgreSQL 19: no superuser restores code with its owner's rights" {
	an_administrators_restore 19
}

@test "code of rows that prepares more code for the keys is refused" {
	pg_start "$PWD/pg"
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.say() RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN 1; END $$;
	CREATE FUNCTION c.g(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(); RETURN 1; END';
	CREATE TABLE c.pk (a int PRIMARY KEY);
	CREATE TABLE c.fk (a int REFERENCES c.pk);
	INSERT INTO c.pk VALUES (1);
	INSERT INTO c.fk VALUES (1);
	CREATE FUNCTION c.f(a int) RETURNS bool LANGUAGE sql AS 'SELECT true';
	CREATE TABLE c.t (a int CHECK (c.f(a)));
	INSERT INTO c.t VALUES (1);
	CREATE OR REPLACE FUNCTION c.f(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    EXECUTE 'CREATE INDEX IF NOT EXISTS i ON c.fk ((a + c.g(1)))';
	    RETURN true;
	END $$;
	SQL
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	run -3 --separate-stderr bk-restore --into x <cdb.bk
	one_line_error bk-restore
	[[ $stderr == *'code of the dump has made an index,'* ]]
	harmless
	run -3 bk-restore -q --keep-going --into x <cdb.bk
	harmless
	run -3 bk-verify --restore --trust-code -o r <cdb.bk
	harmless
}

@test "a view that code puts in the place of its table is not queried" {
	pg_start "$PWD/pg"
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE TABLE c.zplain AS SELECT 1 AS a;
	CREATE FUNCTION c.say() RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN true; END $$;
	CREATE FUNCTION c.f(a int) RETURNS bool LANGUAGE sql AS 'SELECT true';
	CREATE TABLE c.t (a int CHECK (c.f(a)));
	INSERT INTO c.t VALUES (1);
	CREATE OR REPLACE FUNCTION c.f(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    PERFORM c.say();
	    DROP TABLE c.zplain;
	    EXECUTE 'CREATE VIEW c.zplain AS SELECT 1 AS a WHERE c.say()';
	    RETURN true;
	END $$;
	SQL
	bk-dump cdb >cdb.bk
	echo 'SELECT count(*) = 1 FROM c.zplain' >sql
	: >"$PGHOST/log"
	run -3 --separate-stderr bk-verify --restore --trust-code --sql sql -o r <cdb.bk
	[[ $stderr == *'c.zplain'*'no such table'* ]]
	[[ $(cat r) == *'"not_covered":'*'the queries, because of'* ]]
	harmless
}

# Before 12 names have no collation, and OIDs are hidden columns.
a_part_of() {
	pg_among "$1" || skip "$PG_WHY"
	pg_start "$PWD/pg" "$1"
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' \
	    -c 'CREATE DATABASE x' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.f(a int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN true; END $$;
	CREATE TABLE c.t (a int PRIMARY KEY CHECK (c.f(a)),
	    i int GENERATED ALWAYS AS IDENTITY);
	INSERT INTO c.t (a) VALUES (1), (2);
	CREATE TABLE c.u (a int REFERENCES c.t);
	INSERT INTO c.u VALUES (2);
	SQL
	bk-dump cdb >cdb.bk
	: >"$PGHOST/log"
	bk-restore -q -n c x <cdb.bk
	harmless
	diff <(text cdb) <(text x)
	psql -qXc 'UPDATE c.t SET i = DEFAULT' x
	run -0 --separate-stderr bk-restore -t t --replace-table x <cdb.bk
	[[ $stderr == *'foreign key u_a_fkey of table c.u: dropped, added again'* ]]
	diff <(psql -XAtc 'TABLE c.t' cdb) <(psql -XAtc 'TABLE c.t' x)
}

@test "PostgreSQL 10: a part, and whose rights its code has" { a_part_of 10; }
@test "PostgreSQL 12: a part, and whose rights its code has" { a_part_of 12; }
@test "PostgreSQL 13: a part, and whose rights its code has" { a_part_of 13; }

# live_code MAJOR: what a table has got since it was dumped, when its rows come.
live_code() {
	local more mode
	pg_among "$1" || skip "$PG_WHY"
	[ "$1" -lt 17 ] || clients "$1"
	pg_start "$PWD/pg" "$1"
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.say() RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN 1; END $$;
	CREATE FUNCTION c.g(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(); RETURN 1; END';
	CREATE FUNCTION c.fire() RETURNS trigger LANGUAGE plpgsql AS
	    $$BEGIN RAISE LOG 'code of carol as a trigger'; RETURN NEW; END$$;
	CREATE DOMAIN c.d AS int;
	CREATE DOMAIN c.e AS int DEFAULT c.say();
	CREATE TABLE c.t (a int PRIMARY KEY, b c.d, "x, n, y" int);
	CREATE TABLE c.u (a int REFERENCES c.t, "b, c" text);
	CREATE TABLE c.p (a int) PARTITION BY RANGE (a);
	CREATE TABLE c.p1 PARTITION OF c.p FOR VALUES FROM (0) TO (9);
	INSERT INTO c.t SELECT i, i FROM generate_series(1, 5) i;
	INSERT INTO c.u VALUES (1, 'x');
	INSERT INTO c.p VALUES (1), (2);
	CREATE TRIGGER r BEFORE INSERT ON c.t FOR EACH ROW EXECUTE PROCEDURE c.fire();
	ALTER TABLE c.t DISABLE TRIGGER r;
	SQL
	bk-dump cdb >cdb.bk
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	ALTER TABLE c.t ENABLE TRIGGER r;
	CREATE RULE u AS ON INSERT TO c.t DO INSTEAD NOTHING;
	ALTER TABLE c.t FORCE ROW LEVEL SECURITY, ENABLE ROW LEVEL SECURITY;
	SQL
	cat >more <<-'SQL'
	ALTER TABLE c.t ADD CHECK (c.g(a) = 1)
	ALTER TABLE c.t ADD n int DEFAULT c.say()
	ALTER TABLE c.t ADD n c.e
	ALTER DOMAIN c.d ADD CHECK (c.g(VALUE) = 1)
	CREATE INDEX ON c.t ((c.g(a)))
	CREATE INDEX ON c.t (b) WHERE c.g(a) = 1
	SQL
	[ "$1" -lt 12 ] ||
	    echo 'ALTER TABLE c.t ADD n int GENERATED ALWAYS AS (c.g(a)) STORED' >>more
	while read -r more; do
		createdb -T cdb x
		psql -qX -v ON_ERROR_STOP=1 -U carol -c "$more" x
		for mode in --data-only --replace-table; do
			psql -qX -c 'DELETE FROM c.u' -c 'DELETE FROM c.t' x
			: >"$PGHOST/log"
			run --separate-stderr bk-restore -t c.t -t c.u $mode x <cdb.bk
			[ "$status" = 0 ] || { echo "$mode: $more: $stderr"; return 1; }
			echo "$mode: $more"
			harmless
			# keys, which are checked again, are no row's
			[[ $mode == --replace-table ||
			    $stderr != *'code runs'* ]] || { echo "$stderr"; return 1; }
			[ "$(psql -XAtc 'SELECT count(*), sum(a), sum(b) FROM c.t' \
			    -c 'SELECT count(*) FROM c.u' x | xargs)" = '5|15|15 1' ]
			[ "$(psql -XAtc "SELECT tgenabled FROM pg_trigger
			    WHERE tgname = 'r'" -c "SELECT ev_enabled
			    FROM pg_rewrite WHERE rulename = 'u'" -c "SELECT
			    relforcerowsecurity FROM pg_class WHERE oid = 'c.t'::regclass
			    " x | xargs)" = 'O O t' ]
		done
		dropdb x
	done <more
	# a range type's difference, which a GiST index calls
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	CREATE FUNCTION c.far(int, int) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(); RETURN $1 - $2; END';
	CREATE TYPE c.r AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = c.far);
	CREATE TABLE c.g (a c.r);
	INSERT INTO c.g SELECT c.r(i, i + 5) FROM generate_series(1, 2000) i;
	SQL
	bk-dump -t c.g cdb >g.bk
	psql -qX -U carol -c 'CREATE INDEX ON c.g USING gist (a)' cdb
	: >"$PGHOST/log"
	bk-restore -q -t c.g --data-only cdb <g.bk
	harmless
	# a partition's, of rows that come to it or to the whole
	psql -qX -U carol -c 'ALTER TABLE c.p1 ADD CHECK (c.g(a) = 1)' cdb
	: >"$PGHOST/log"
	bk-restore -q -t c.p1 --replace-table cdb <cdb.bk
	harmless
	# it cannot be staged: a superuser's
	psql -qX -c 'ALTER TABLE c.p1 OWNER TO postgres' cdb
	run -0 --separate-stderr bk-restore -t c.p1 --replace-table cdb <cdb.bk
	[[ $stderr == *'1 of the dump'*'the first: c.p1'* ]]
	# no table any more
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	DROP TABLE c.u;
	CREATE VIEW c.u AS SELECT 1 AS a, 'x'::text AS "b, c";
	CREATE TRIGGER i INSTEAD OF INSERT ON c.u FOR EACH ROW
	    EXECUTE PROCEDURE c.fire();
	SQL
	: >"$PGHOST/log"
	run -4 --separate-stderr bk-restore -t c.u --data-only cdb <cdb.bk
	run -1 grep 'code of carol' "$PGHOST/log"
}

@test "PostgreSQL 10: code of a live table has its owner's rights" { live_code 10; }
@test "PostgreSQL 13: code of a live table has its owner's rights" { live_code 13; }
@test "PostgreSQL 15: code of a live table has its owner's rights" { live_code 15; }
@test "PostgreSQL 18: code of a live table has its owner's rights" { live_code 18; }
@test "PostgreSQL 19: code of a live table has its owner's rights" { live_code 19; }

# --- what an event trigger makes of sessions (17 and later)

@test "a trigger on login writes no row in what is restored, and stops no restore" {
	local way
	clients 17
	pg_among 17 || skip "$PG_WHY"
	pg_start "$PWD/pg" 17
	createdb shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	CREATE TABLE logins (who text);
	CREATE TABLE a AS SELECT generate_series(1, 9) AS i;
	CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM a;
	CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS $$
	BEGIN
	    INSERT INTO public.logins VALUES (session_user);
	    IF to_regclass('public.closed') IS NOT NULL THEN
	        RAISE EXCEPTION 'not you';
	    END IF;
	END $$;
	CREATE EVENT TRIGGER at_login ON login EXECUTE FUNCTION noted();
	ALTER EVENT TRIGGER at_login ENABLE ALWAYS;
	SQL
	export PGOPTIONS='-c event_triggers=off'
	psql -qXc 'TRUNCATE logins' shop
	bk-dump shop >shop.bk
	"$BIN/pg_dump" shop >shop.sql
	"$BIN/pg_dump" -Fc shop >compressed
	psql -qXc 'CREATE TABLE closed ()' shop
	bk-dump shop >closed.bk
	for way in *.bk shop.sql compressed; do
		PGOPTIONS='' run -0 --separate-stderr \
		    bk-restore -j 3 --into copy <$way
		[[ $stderr != *statistics:* ]]
		[ "$(psql -XAtc 'SELECT (SELECT count(*) FROM logins), *
		    FROM m' copy)" = '0|9' ]
		dropdb copy
	done
	PGOPTIONS='' run -1 --separate-stderr bk-dump shop
	one_line_error bk-dump
	[[ $stderr == *'not you' ]]
	PGOPTIONS='' run -0 --separate-stderr bk-verify -q --against shop <closed.bk
	[ "$(psql -XAtc 'SELECT count(*) FROM logins' shop)" = 0 ]
}

@test "large objects of owners that take turns (17 and later: a list for each owner)" {
	clients 17
	pg_among 17 || skip "$PG_WHY"
	pg_start "$PWD/pg" 17
	createdb lo
	psql -qX -v ON_ERROR_STOP=1 lo <<-'SQL'
	CREATE ROLE a;
	CREATE ROLE b;
	DO $$
	BEGIN
	    FOR i IN 1..60 LOOP
	        PERFORM lo_from_bytea(20000 + i, convert_to('object ' || i, 'UTF8'));
	        IF i % 3 > 0 THEN
	            EXECUTE format('ALTER LARGE OBJECT %s OWNER TO %I', 20000 + i,
	                CASE i % 3 WHEN 1 THEN 'a' ELSE 'b' END);
	        END IF;
	        IF i % 7 = 0 THEN
	            EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO PUBLIC', 20000 + i);
	        END IF;
	    END LOOP;
	END $$;
	SQL
	all="SELECT oid, lomowner::regrole, lomacl, convert_from(lo_get(oid), 'UTF8')
	    FROM pg_largeobject_metadata ORDER BY oid"
	bk-dump -j 3 lo >lo.bk
	bk-restore -q --into copy <lo.bk
	diff <(psql -XAtc "$all" lo) <(psql -XAtc "$all" copy)
	run -0 --separate-stderr bk-verify --restore <lo.bk
	[ "$(jq .blobs <<<"$output")" = 60 ]
}

@test "ICU rules that hold a semicolon, and words of CREATE DATABASE (16 and later)" {
	clients 18
	pg_among 18 || skip "$PG_WHY"
	pg_start "$PWD/pg" 18
	psql -qX -v ON_ERROR_STOP=1 postgres <<-'SQL'
	CREATE DATABASE rules TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'
	    ICU_RULES '&a < '';'' < '' TABLESPACE = x'''  LOCALE 'C.UTF-8';
	SQL
	psql -qXc "CREATE TABLE t AS SELECT unnest('{b,;,a,c}'::text[]) AS v" rules
	bk-dump rules >rules.bk
	order="SELECT v FROM t ORDER BY v"
	bk-restore -q --replace rules rules <rules.bk
	[ "$(psql -XAtc "$order" rules | tr -d '\n')" = 'a;bc' ]
	dropdb rules
	bk-restore -q rules <rules.bk
	[ "$(psql -XAtc "$order" rules | tr -d '\n')" = 'a;bc' ]
	[[ $(psql -XAtc "SELECT daticurules FROM pg_database
	    WHERE datname = 'rules'" postgres) == *"' TABLESPACE = x'" ]]
	run -0 --separate-stderr bk-verify --restore <rules.bk
}
