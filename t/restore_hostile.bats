#!/usr/bin/env bats
# bk-restore: no text of a dump decides what runs, be it written by a role that
# may do next to nothing, or by whoever can write to the store.

load support/common
. "$SUPPORT/pg.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	psql -qX postgres <<-'SQL'
	CREATE ROLE bob LOGIN;
	CREATE DATABASE sj OWNER bob;
	ALTER DATABASE sj SET standard_conforming_strings = off;
	SQL
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
}

# of tests with a server of their own
teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-postgres}"
}

# harmless: bob is no superuser, and nothing was left to become one by.
harmless() {
	[ "$(sql "SELECT rolsuper FROM pg_roles WHERE rolname = 'bob'")" = f ]
}

# ways DUMP COMMAND...: each way to restore an archive; COMMAND is run for each
# copy, with its name in $COPY, and then it is gone.
ways() {
	local dump=$1 way
	shift
	for way in '' '-j 1' '--keep-going' '-L list'; do
		"${BK_PG_BINDIR-$(pg_config --bindir)}/pg_restore" -l "$dump" >list
		COPY=copy
		bk-restore -q $way --into copy <"$dump"
		harmless
		"$@"
		dropdb copy
	done
	createdb copy
	bk-restore -q -n public copy <"$dump"
	harmless
	"$@"
	dropdb copy
	bk-verify -q --trust-code --restore <"$dump" >receipt
	harmless
}

# as_sql DATABASE COMMAND...: the same for plain SQL, which is a script, with
# ends of lines of either kind.
as_sql() {
	local db=$1 end
	shift
	pg_dump "$db" >sql
	for end in '' $'\r'; do
		sed "s/\$/$end/" sql >lines
		bk-verify -q <lines >receipt
		COPY=copy
		bk-restore -q --unsealed --into copy <lines
		harmless
		"$@"
		dropdb copy
	done
}

labels() {
	sql "SELECT string_agg(enumlabel, '|' ORDER BY enumsortorder)
	    FROM pg_enum" "$COPY"
}

labels_are() {
	[ "$(labels)" = "$1" ]
}

@test "characters with a byte that is a backslash" {
	local evil encoding char
	evil='); ALTER ROLE bob SUPERUSER; SELECT (1 --'
	for encoding in SJIS:ソ BIG5:功 GBK:乗 GB18030:乗 JOHAB:소 UHC:소; do
		sampled || continue
		char=${encoding#*:} encoding=${encoding%:*}
		sql "ALTER DATABASE sj SET client_encoding = '$encoding'"
		PGUSER=bob PGCLIENTENCODING=UTF8 sql "CREATE TYPE e AS
		    ENUM ('$char', 'q --z', '$evil')" sj
		bk-dump sj >sj.dump
		ways sj.dump labels_are "$char|q --z|$evil"
		as_sql sj labels_are "$char|q --z|$evil"
		PGUSER=bob sql 'DROP TYPE e' sj
	done
	sql 'ALTER DATABASE sj RESET client_encoding'
}

@test "names like begin, in functions, schemas, types and SQL bodies" {
	createdb -O bob m
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 m <<-'SQL'
	CREATE SCHEMA "begin";
	CREATE TYPE "begin".begin AS (a int);
	CREATE FUNCTION "begin".begin() RETURNS int LANGUAGE sql AS 'SELECT 1';
	CREATE FUNCTION "begin".atomic() RETURNS "begin".begin LANGUAGE sql
	    AS 'SELECT ROW(1)::"begin".begin';
	CREATE TABLE rows (t text);
	INSERT INTO rows VALUES ('end end; ALTER ROLE bob SUPERUSER;'),
	    ('COPY (SELECT 1) TO PROGRAM ''id > /tmp/x'';');
	CREATE TABLE calendar (begin date, "end" date);
	SQL
	[ "$(sql "SELECT current_setting('server_version_num')::int >= 140000")" = f ] ||
	    PGUSER=bob sql "CREATE FUNCTION \"begin\".days() RETURNS int LANGUAGE sql
	    BEGIN ATOMIC SELECT max(t.\"end\" - t.begin) FROM public.calendar t
	    WHERE t.begin IS NOT NULL; END" m
	bk-dump m >m.dump
	bk-verify -q <m.dump >receipt
	both_rows() {
		[ "$(sql 'SELECT count(*) FROM rows' "$COPY")" = 2 ]
	}
	ways m.dump both_rows
	as_sql m both_rows
	dropdb m
}

@test "names that end a statement, in a part that a live database gets" {
	local end=$';\nALTER ROLE bob SUPERUSER;\n--' how
	createdb -O bob live
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 -v t="t$end" -v u="u$end" \
	    live <<-'SQL'
	CREATE TABLE :"t" (:"u" serial PRIMARY KEY, b int);
	INSERT INTO :"t" VALUES (1);
	CREATE TABLE :"u" (a int CONSTRAINT :"t" REFERENCES :"t");
	CREATE STATISTICS :"u" ON b, :"u" FROM :"t";
	CREATE RULE :"u" AS ON INSERT TO :"t" DO ALSO SELECT 1;
	SQL
	bk-dump live >live.bk
	for how in --data-only --replace-table; do
		psql -qX -v t="t$end" live <<<'DELETE FROM :"t"'
		bk-restore -q $how -t "t$end" live <live.bk
		harmless
		[ "$(psql -XAt -v t="t$end" live <<<'SELECT count(*) FROM :"t"')" = 1 ]
	done
	createdb copy
	run --separate-stderr -0 bk-restore -n public copy <live.bk
	harmless
	[[ $stderr != *statistics:* ]]
	dropdb copy
	dropdb live
}

# forge FROM TO: an archive of pg_dump's in which FROM is TO, as long.
forge() {
	[ ${#1} = ${#2} ]
	createdb x
	sql 'CREATE TABLE good AS SELECT 7 AS n' x
	pg_dump -Fc -Z0 x >honest
	LC_ALL=C sed "s/$1/$2/" honest >forged
	run -1 cmp -s honest forged
	dropdb x
}

@test "an archive that sets up sessions in words of its own" {
	createdb live
	sql 'CREATE TABLE good AS SELECT 7 AS n' live
	refused() {
		run --separate-stderr -3 "$@" <forged
		[[ ${stderr_lines[-1]} == *' entry is not what pg_dump writes; nothing of it is run' ]]
		[ "$(sql 'SELECT n FROM good' live)" = 7 ]
	}
	everywhere() {
		refused bk-verify --against live
		refused bk-verify --restore
		refused bk-verify
		refused bk-restore --unsealed --into y
		refused bk-restore --unsealed --keep-going --into y
		refused bk-restore --unsealed -t good live
		[ -z "$(sql "SELECT 1 FROM pg_database WHERE datname ~ '^y'")" ]
	}
	forge "SET client_encoding = 'UTF8'" 'DROP TABLE public.good;;;;--'
	everywhere
	forge "SET standard_conforming_strings = 'on'" \
	    'DROP TABLE public.good;---------------'
	everywhere
	forge "SELECT pg_catalog.set_config('search_path', '', false)" \
	    'DROP TABLE public.good;-------------------------------'
	everywhere
	dropdb live
}

@test "a setting in the manifest that bk-dump does not write is not made" {
	local old new
	createdb live
	bk-dump live >bk
	LC_ALL=C sed 's/"bytea_output":"hex"/"search_path":"evil"/' bk >forged
	# its digest has no key: the message has the one to be put there
	run -3 bk-verify <forged
	new=$(sed -n 's/.*the manifest is not .* digest \([0-9a-f]*\).*/\1/p' <<<"$output" | head -n 1)
	old=$(LC_ALL=C grep -a -A 1 '"settings":{' bk | tail -n 1 | head -c 32)
	LC_ALL=C sed -i "s/$old/$new/" forged
	BK_DEBUG=sql bk-verify -q --against live -o receipt <forged 2>sql
	grep -q 'SET timezone' sql
	run -1 grep -q evil sql
	dropdb live
}

@test "definitions that are another one's: --against runs none of them" {
	local evil
	createdb live
	sql "CREATE TABLE good AS SELECT 7 AS n;
	    COMMENT ON TABLE good IS '$(printf 'x%.0s' {1..60})'" live
	pg_dump -Fc -Z0 live >honest
	evil="COPY (SELECT 1) TO PROGRAM 'touch $PGHOST/ran'; --"
	EVIL=$evil LC_ALL=C perl -pe 's{(COMMENT ON TABLE public.good IS .x+.;)}
	    {$ENV{EVIL} . "x" x (length($1) - length $ENV{EVIL})}e' honest >forged
	[ "$(stat -c %s honest)" = "$(stat -c %s forged)" ]
	run -0 bk-verify -q --against live <honest
	run -3 --separate-stderr bk-verify --against live <forged
	[[ $stderr == *'comment on TABLE public.good'* ]]
	[ ! -e "$PGHOST/ran" ]
	# a table that the archive has otherwise
	LC_ALL=C sed 's/    n integer/    m integer/' honest >forged
	run -3 bk-verify --against live <forged
	[ -z "$(sql "SELECT datname FROM pg_database WHERE datname ~ 'bk_verify'")" ]
	dropdb live
}

# Code of mallory's, who owns a schema and has no other right: it says in the
# log that a superuser runs it, and makes one of her.
mallorys_code() {
	psql -qX -c 'CREATE ROLE mallory LOGIN' \
	    -c 'CREATE ROLE lim LOGIN CREATEDB' postgres
	cat >code.sql <<-'SQL'
	CREATE SCHEMA m;
	CREATE FUNCTION m.vol(w text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
	    RAISE LOG 'code of mallory: %', w;
	    ALTER ROLE mallory SUPERUSER;
	END $$;
	CREATE FUNCTION m.pwn(w text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$
	BEGIN
	    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
	        PERFORM m.vol(w);
	    END IF;
	    RETURN true;
	END $$;
	SQL
	cat >generated.sql <<-'SQL'
	CREATE TABLE m.t (a int, b bool GENERATED ALWAYS AS (m.pwn('x')) STORED);
	SQL
	cat >check.sql <<-'SQL'
	CREATE TABLE m.t (a int, b int) PARTITION BY RANGE (a);
	CREATE TABLE m.t1 PARTITION OF m.t DEFAULT;
	CREATE TABLE m.t2 PARTITION OF m.t FOR VALUES FROM (1) TO (10);
	ALTER TABLE m.t ADD CHECK (m.pwn('x'));
	SQL
	cat >attach.sql <<-'SQL'
	CREATE TABLE m.t (a int, b int CHECK (m.pwn('x'))) PARTITION BY RANGE (a);
	CREATE TABLE m.t2 PARTITION OF m.t FOR VALUES FROM (1) TO (10);
	SQL
	cat >key.sql <<-'SQL'
	CREATE FUNCTION m.k(int, bool) RETURNS int IMMUTABLE LANGUAGE sql
	    AS 'SELECT $1';
	CREATE TABLE m.t (a int, b int) PARTITION BY RANGE (m.k(a, m.pwn('x')));
	CREATE TABLE m.t1 PARTITION OF m.t DEFAULT;
	SQL
	cat >domain.sql <<-'SQL'
	CREATE DOMAIN m.d AS int CHECK (m.pwn('x'));
	CREATE TABLE m.t (a int, c int GENERATED ALWAYS AS (a + 4::m.d) STORED);
	SQL
	# a cast that is made, and a column that is changed, while rows arrive
	cat >cast.sql <<-'SQL'
	CREATE TYPE m.e AS ENUM ('a');
	CREATE FUNCTION m.e2i(m.e) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    $$ BEGIN PERFORM m.pwn('x'); RETURN 1; END $$;
	CREATE FUNCTION m.boot(int) RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
	    IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AND
	        NOT EXISTS (SELECT FROM pg_cast WHERE castsource = 'm.e'::regtype) THEN
	        CREATE CAST (m.e AS int) WITH FUNCTION m.e2i(m.e) AS IMPLICIT;
	        ALTER TABLE m.f ALTER a TYPE m.e USING 'a'::m.e;
	    END IF;
	    RETURN true;
	END $$;
	CREATE TABLE m.p (a int PRIMARY KEY); INSERT INTO m.p VALUES (1);
	CREATE TABLE m.f (a int REFERENCES m.p); INSERT INTO m.f VALUES (1);
	CREATE TABLE m.z (a int CHECK (m.boot(a))); INSERT INTO m.z VALUES (1);
	SQL
}

# ran: as a superuser; and nothing is left of it.
ran() {
	grep -q 'LOG:  code of mallory: x' "$PGHOST/log" || return
	: >"$PGHOST/log"
	sql 'ALTER ROLE mallory NOSUPERUSER'
}

# did_not_run: nor is anything left.
did_not_run() {
	[ "$(grep -c 'LOG:  code of mallory' "$PGHOST/log")" = 0 ]
	[ -z "$(sql "SELECT 1 FROM pg_roles WHERE rolname = 'mallory' AND rolsuper
	    UNION SELECT 1 FROM pg_database WHERE datname ~ '^bk_verify'")" ]
}

# refused COMMAND...: before any of it has run, with what to do about it.
refused_for_its_functions() {
	run --separate-stderr -3 "$@"
	one_line_error bk-verify
	[[ $stderr == *'would run as a superuser ('*' functions whose owners are not, the first: m.'*'); verify with --scratch, as a user with no right but CREATEDB, or with --trust-code' ]]
	did_not_run
}

# definitions_that_call MAJOR
definitions_that_call() {
	local how clients
	pg_among "$1" || skip "$PG_WHY"
	if [ "$1" -ge 17 ]; then
		clients=$("$SUPPORT/pg-clients.sh" $(($1 < 18 ? 18 : $1)) \
		    "$PWD/clients" 2>&1) || skip "$clients"
		export BK_PG_BINDIR=$PWD/clients/bin PATH=$PWD/clients/bin:$PATH
	fi
	pg_start "$PWD/pg" "$1"
	mallorys_code
	for how in generated check attach key domain; do
		createdb -O mallory "$how"
		PGUSER=mallory psql -qX -v ON_ERROR_STOP=1 -f code.sql \
		    -f "$how.sql" "$how"
		bk-dump "$how" >bk
		did_not_run
		refused_for_its_functions bk-verify --restore -o r <bk
		# it is what would have run
		run -0 bk-verify --restore --trust-code -o r <bk
		ran
		run -1 grep '"trusted_code":0' r
		run -0 --separate-stderr bk-restore --into "x$how" <bk
		ran
		[[ $stderr == *' functions whose owners are not superusers could run with a superuser'*'the first: m.'* ]]
	done
	# what code of a row's makes is seen before it can run
	createdb -O mallory cast
	PGUSER=mallory psql -qX -v ON_ERROR_STOP=1 -f code.sql -f cast.sql cast
	bk-dump cast >bk
	refused_for_its_functions bk-verify --restore -o r <bk
	run -3 bk-verify --restore --trust-code -o r <bk
	[[ $output == *'has made an index, statistics, a cast '* ]]
	did_not_run
	run -3 bk-restore --into xcast <bk
	did_not_run
	# by pg_restore
	pg_dump -Fc generated >fc
	refused_for_its_functions bk-verify --restore -o r <fc
	# all of these as who restores; it makes a superuser of their owner
	for how in -Fp -Ft -Fc; do
		pg_dump $how check >foreign
		run -0 --separate-stderr bk-restore --into z <foreign
		ran
		dropdb z
		[[ $stderr == *'2 functions whose owners are not superusers could run with a superuser'*'the first: m.'* ]]
	done
	bk-dump generated >bk
	# the owner's role is there, and not to be had
	run -0 bk-verify --restore "user=lim" -o r <bk
	grep -q '"not_covered":"owners, privileges' r
	did_not_run
	run -0 --separate-stderr bk-restore --no-owner --into y <bk
	ran
	[[ $stderr == *'2 functions whose owners are not superusers could run with a superuser'*'the first: m.pwn'* ]]
	run -0 --separate-stderr bk-restore -n m postgres <bk
	ran
	[[ $stderr == *'2 functions whose owners are not superusers could run with a superuser'*'the first: m.pwn'* ]]
	# what is live already can be called as well
	psql -qXc 'CREATE TABLE q (a int)' generated
	run -0 --separate-stderr bk-restore -t q postgres < <(bk-dump -t q generated)
	[[ $stderr == *'2 functions whose owners are not superusers could run with a superuser'*'the first: m.pwn'* ]]
	# a trigger's needs a statement; all of a superuser's are his own
	psql -qX generated <<-'SQL'
	DROP SCHEMA m CASCADE;
	SET ROLE mallory;
	CREATE SCHEMA "m() RETURNS trigger";
	CREATE FUNCTION "m() RETURNS trigger".tg() RETURNS trigger
	    LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TYPE "m() RETURNS trigger".r AS RANGE (subtype = date);
	RESET ROLE;
	CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql AS 'SELECT true';
	SQL
	run -0 bk-verify --restore -o r < <(bk-dump generated)
	grep -q '"trusted_code":0' r
	psql -qX generated <<-'SQL'
	SET ROLE mallory;
	CREATE FUNCTION "m() RETURNS trigger".f() RETURNS int
	    LANGUAGE sql AS 'SELECT 1';
	SQL
	run -3 bk-verify --restore -o r < <(bk-dump generated)
}

# No function is bob's, and he may not call this one: the check is not valid, so
# that nobody asked him, and comes next to last in a dump.
@test "a domain's check that calls a function of PostgreSQL's" {
	local what
	for what in 'CREATE INDEX ON u (a) WHERE ($$(1,2)$$::c).b = 2' \
	    'CREATE POLICY p ON u USING (($$(1,2)$$::c).b = 2)'; do
		createdb -O bob checked
		PGUSER=bob psql -qX -v ON_ERROR_STOP=1 checked <<-SQL >/dev/null
		CREATE SCHEMA s;
		SET search_path = s;
		SELECT lo_from_bytea(4242, 'of bob');
		CREATE DOMAIN d AS int;
		CREATE TYPE c AS (a d, b int);
		CREATE TABLE u (a int);
		$what;
		ALTER DOMAIN d ADD CHECK (lo_export(4242, '$PGHOST/bobs') = 1) NOT VALID;
		SQL
		bk-dump checked >bk
		run -3 --separate-stderr bk-verify --restore -o r <bk
		one_line_error bk-verify
		[ ! -e "$PGHOST/bobs" ]
		run -0 --separate-stderr bk-restore --into copy <bk
		[[ $stderr == *" of the user who restores or of a superuser, the first: s.d "* ]]
		rm "$PGHOST/bobs"
		dropdb copy
		dropdb checked
	done
}

@test "a function that was added to an extension by the owner of both" {
	createdb -O bob member
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 member <<-'SQL' >/dev/null
	CREATE EXTENSION hstore;
	CREATE FUNCTION public.rise() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		ALTER ROLE bob SUPERUSER;
		RETURN true;
	EXCEPTION WHEN insufficient_privilege THEN
		RETURN true;
	END $$;
	CREATE FUNCTION public.f(int) RETURNS boolean IMMUTABLE
	    LANGUAGE plpgsql AS 'BEGIN RETURN public.rise(); END';
	CREATE TABLE t (a int CHECK (public.f(a)));
	INSERT INTO t VALUES (1);
	ALTER EXTENSION hstore ADD FUNCTION public.f(int);
	ALTER EXTENSION hstore ADD FUNCTION public.rise();
	SQL
	bk-dump member >bk
	sql 'TRUNCATE t' member
	run -0 --separate-stderr bk-restore -t t --data-only member <bk
	[ "$(sql "SELECT count(*), max(rolsuper::int) FROM t, pg_roles
	    WHERE rolname = 'bob'" member)" = '1|0' ]
	sql 'DROP TABLE t' member
	run -0 --separate-stderr bk-restore -t t member <bk
	[[ $stderr == *'functions whose owners are not superusers could run'* ]]
	[ "$(sql "SELECT count(*), max(rolsuper::int) FROM t, pg_roles
	    WHERE rolname = 'bob'" member)" = '1|0' ]
	dropdb member
}

@test "a superuser's event trigger whose function is another's" {
	createdb events
	sql 'CREATE SCHEMA s AUTHORIZATION bob' events
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 events <<-'SQL'
	CREATE FUNCTION s.f() RETURNS event_trigger LANGUAGE plpgsql AS $$
	BEGIN
		ALTER ROLE bob SUPERUSER;
	EXCEPTION WHEN insufficient_privilege THEN
		NULL;
	END $$;
	CREATE TABLE s.t (a int PRIMARY KEY);
	INSERT INTO s.t SELECT generate_series(1, 200000);
	SQL
	sql 'CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION s.f()' \
	    events
	bk-dump events >bk
	run -3 --separate-stderr bk-verify --restore -o r <bk
	[[ $stderr == *'its code would run as a superuser (1 functions'*'s.f())'* ]]
	harmless
	bk-verify -q --trust-code --restore <bk >r
	harmless
	# in a live database any statement of a superuser's fires it
	run -0 --separate-stderr bk-restore --replace-table -t s.t events <bk
	[[ $stderr == *'1 functions whose owners are not superusers could run'* ]]
	sql 'ALTER ROLE bob NOSUPERUSER'
	dropdb events
}

# midway OPTION...: a restore into raced, stopped in the rows of its first table;
# then what bob says on standard input, and the rest.
midway() {
	local size
	size=$(stat -c %s bk)
	mkfifo gate
	exec 9<>gate
	(head -c $((size * 3 / 4)) bk && cat <&8 &&
	    tail -c +$((size * 3 / 4 + 1)) bk) 8<gate 3>&- 9>&- |
	    exec bk-restore "$@" raced 2>err 3>&- 9>&- &
	await copies
	PGUSER=bob PGOPTIONS='-c lock_timeout=1s' psql -qX raced 2>&1 || :
	exec 9>&-
	wait $!
	rm gate
	harmless
}
copies() {
	[ "$(sql "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = 'raced' AND query LIKE 'COPY%'")" != 0 ]
}

# raced_by SQL: database raced of bob's, with what raises him, and its dump.
raced_by() {
	createdb -O bob raced
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 raced <<-SQL >/dev/null
	CREATE FUNCTION public.rise(int) RETURNS boolean LANGUAGE plpgsql
	    AS 'BEGIN ALTER ROLE bob SUPERUSER; RETURN true;
	    EXCEPTION WHEN insufficient_privilege THEN RETURN true; END';
	CREATE FUNCTION public.f(int) RETURNS boolean LANGUAGE plpgsql
	    IMMUTABLE AS 'BEGIN RETURN public.rise(1); END';
	CREATE FUNCTION public.fired() RETURNS trigger LANGUAGE plpgsql
	    AS 'BEGIN PERFORM public.rise(1); RETURN NULL; END';
	CREATE TABLE a (a int, b text);
	INSERT INTO a SELECT i, repeat('x', 200) FROM generate_series(1, 9000) i;
	$1
	SQL
	bk-dump ${2-} raced >bk
}

@test "a domain of a live database gets a check while rows arrive" {
	local how
	for how in '--data-only' '--replace-table' ''; do
		raced_by 'CREATE DOMAIN d AS int; CREATE TABLE z (a d, b d[]);
		    INSERT INTO z VALUES (1, NULL)'
		case $how in
		--d*) sql 'TRUNCATE a, z' raced ;;
		'') sql 'DROP TABLE a, z' raced ;;
		esac
		midway $how -t a -t z <<-'SQL'
		ALTER DOMAIN d ADD CHECK (public.rise(VALUE)) NOT VALID
		SQL
		[ "$(sql 'SELECT count(*) FROM z' raced)" = 1 ]
		dropdb raced
	done
}

@test "a partition of a live table gets code while rows arrive, or has a trigger" {
	local table='CREATE TABLE z (a int) PARTITION BY LIST (a);
	    CREATE TABLE z1 PARTITION OF z FOR VALUES IN (1);
	    INSERT INTO z VALUES (1)' code
	for code in 'CREATE TRIGGER t BEFORE INSERT ON z1 FOR EACH ROW EXECUTE FUNCTION
	    public.fired(); ALTER TABLE z1 ENABLE ALWAYS TRIGGER t' \
	    'ALTER TABLE z1 ADD CHECK (public.rise(a))' \
	    'CREATE INDEX ON z1 ((public.f(a)))'; do
		raced_by "$table" --load-via-partition-root
		sql 'TRUNCATE a, z' raced
		midway --data-only -t a -t z <<<"$code"
		dropdb raced
	done
	# a table that was none is partitioned now; triggers do not fire
	raced_by 'CREATE TABLE z (a int); INSERT INTO z VALUES (1)'
	PGUSER=bob psql -qX -v ON_ERROR_STOP=1 raced <<-SQL
	DROP TABLE z;
	${table%INSERT*}
	CREATE TRIGGER t BEFORE INSERT ON z1 FOR EACH ROW EXECUTE FUNCTION
	    public.fired();
	ALTER TABLE z1 ENABLE ALWAYS TRIGGER t;
	CREATE TRIGGER u BEFORE INSERT ON z1 FOR EACH ROW EXECUTE FUNCTION
	    public.fired();
	ALTER TABLE z1 DISABLE TRIGGER u;
	SQL
	bk-restore -q --data-only -t z raced <bk
	harmless
	[ "$(sql 'SELECT count(*) FROM z1' raced)" = 1 ]
	[ "$(sql "SELECT string_agg(tgenabled::text, '' ORDER BY tgname)
	    FROM pg_trigger WHERE tgrelid = 'z1'::regclass" raced)" = AD ]
	dropdb raced
}

@test "PostgreSQL 13: definitions that call code of the dump" {
	definitions_that_call 13
}
@test "PostgreSQL 15: definitions that call code of the dump" {
	definitions_that_call 15
}
@test "PostgreSQL 18: definitions that call code of the dump" {
	long
	definitions_that_call 18
}
@test "PostgreSQL 19: definitions that call code of the dump" {
	definitions_that_call 19
}
