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
