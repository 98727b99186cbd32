#!/usr/bin/env bats
# bk-verify: what a restored copy defines is compared with the dump
load support/common
load support/pg
load support/verify

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	pg_start c
	createdb all
	psql -qX postgres -c 'CREATE ROLE alice' -c 'CREATE ROLE bob'
	psql -qX -v ON_ERROR_STOP=1 -f "$SUPPORT/definitions.sql" all >/dev/null
	bk-dump all >all.bk
	bk-restore -q --into copy <all.bk
}
teardown_file() { pg_stop "$BATS_FILE_TMPDIR/c"; }
setup() {
	cd "$BATS_TEST_TMPDIR"
	ln -s "$BATS_FILE_TMPDIR"/{all.bk,c} .
	pg_use c
}
teardown() { shop_left; }

# named LINE...: each of these damages is named in $stderr.
named() {
	local line object what sql
	for line; do
		IFS='|' read -r object what sql <<<"$line"
		grep -F -- "  $object  " <<<"$stderr" | grep -qF -- "$what" ||
		    echo "$line"
	done >missed
	[ ! -s missed ] || {
		cat missed
		echo "$stderr"
		false
	}
}

# in_copy LINE...: a copy with these damages, each of which has to be named.
in_copy() {
	createdb -T copy damaged
	printf '%s;\n' "${@##*|}" |
	    psql -qX -v ON_ERROR_STOP=1 -o out damaged 2>err || {
		cat err
		false
	}
	run -3 --separate-stderr bk-verify --against damaged <all.bk
	[ "$(field definitions)" = compared ]
	dropdb damaged
	named "$@"
}

# in_restore LINE...: what restores does them, in each database it is given.
in_restore() {
	printf '%s;\n' "${@##*|}" >damage.sql
	BK_PG_BINDIR=$PWD/programs run -3 --separate-stderr \
	    bk-verify --restore --trust-code <compressed
	[ "$(field definitions)" = compared ]
	named "$@"
}

# each_damage HOW: by its runs of lines.
each_damage() {
	local line batch=() n=0
	while read -r line; do
		case $line in
		\#*) continue ;;
		'')
			"$1" "${batch[@]}"
			batch=()
			continue ;;
		esac
		batch+=("$line")
		n=$((n + 1))
	done < <(cat "$SUPPORT/damages.txt"; echo)
	[ $n -ge 100 ]
}

@test "each of a hundred damages is named, and what differs" {
	long
	run -0 --separate-stderr bk-verify --against copy <all.bk
	[ "$(field definitions)" = compared ]
	each_damage in_copy
}

@test "a restore that damages all it makes proves nothing" {
	long
	# a compressed archive is restored by pg_restore
	pg_dump -Fc -Z1 all >compressed
	run -0 --separate-stderr bk-verify --restore --trust-code <compressed
	mkdir programs
	ln -s "$PG_CLIENTS"/* programs
	rm programs/pg_restore
	cat >programs/pg_restore <<-SH
	#!/bin/bash
	"$PG_CLIENTS/pg_restore" "\$@" || exit
	for word; do
	    [[ \$word != --dbname=* ]] || exec "$PG_CLIENTS/psql" -qX -o /dev/null \
	        -v ON_ERROR_STOP=1 -f "$PWD/damage.sql" "\${word#--dbname=}"
	done
	SH
	chmod +x programs/pg_restore
	each_damage in_restore
}

@test "a restore test compares them, and says what it left out" {
	run -0 --separate-stderr bk-verify --restore --trust-code <all.bk
	[ "$(field definitions) $(field not_covered)" = 'compared null' ]
	[[ $stderr == *'every definition; sealed' ]]
	psql -qX all -c 'ALTER DATABASE "all" SET work_mem = 999'
	bk-dump all >set.bk
	run -0 --separate-stderr bk-verify --restore --trust-code <set.bk
	[[ $(field not_covered) == *'of the database itself'* ]]
	# of the same name, these are compared as well
	psql -qX all -c 'ALTER DATABASE "all" SET work_mem = 888'
	run -3 --separate-stderr bk-verify --against all <set.bk
	[[ $stderr == *'database properties all '*"'999'"*"'888'"* ]]
	psql -qX all -c 'ALTER DATABASE "all" RESET work_mem'
	# level 1 has their digest, of pg_dump's own archives nothing
	run -0 --separate-stderr bk-verify <all.bk
	[ "$(field definitions)" = digest ]
	run -0 --separate-stderr bk-verify < <(pg_dump -Fc all)
	[ "$(field definitions)" = not ]
}

@test "a dump of a part, against the whole and against what was made of it" {
	bk-dump -t app.base -t app.child -t app.counter all >part.bk
	run -0 bk-verify -o r --against all <part.bk
	createdb part
	psql -qX part -c 'CREATE SCHEMA app'
	pg_restore -d part part.bk
	run -0 bk-verify -o r --against part <part.bk
	psql -qX part -c 'ALTER TABLE app.child ADD c int'
	run -3 --separate-stderr bk-verify --against part <part.bk
	[[ $stderr == *'table app.child '*'c integer'* ]]
	dropdb part
}

@test "options of pg_dump that select nothing hide nothing that was added" {
	long
	local how
	createdb opt
	psql -qX opt -v ON_ERROR_STOP=1 <<-'SQL'
	CREATE TABLE a (i int PRIMARY KEY, t text COMPRESSION pglz);
	CREATE TABLE b (i int REFERENCES a);
	INSERT INTO a VALUES (1, 'x'); INSERT INTO b VALUES (1);
	GRANT SELECT ON a TO PUBLIC;
	COMMENT ON TABLE a IS 'said';
	SQL
	for how in -O -x -Eutf8 --quote-all-identifiers --no-toast-compression \
	    --no-comments '-c -C -Spostgres' '--no-acl --disable-triggers' \
	    --disable-dollar-quoting; do
		bk-dump $how opt >opt.bk
		run -0 bk-verify -q -o r --against opt <opt.bk
		psql -qX opt -c 'CREATE TABLE more ()'
		run -3 --separate-stderr bk-verify -q -o r --against opt <opt.bk
		[[ $stderr == *'table public.more '* ]]
		psql -qX opt -c 'DROP TABLE more'
	done
	bk-dump -O opt >opt.bk
	psql -qX opt -c 'GRANT ALL ON b TO PUBLIC'
	run -3 --separate-stderr bk-verify -q -o r --against opt <opt.bk
	[[ $stderr == *' public.b '* ]]
	# what the archive does not have it cannot contradict
	psql -qX opt -c 'REVOKE ALL ON b FROM PUBLIC' \
	    -c 'ALTER TABLE b DISABLE TRIGGER ALL'
	run -0 --separate-stderr bk-verify --against opt <opt.bk
	[[ $(field not_covered) == 'whether 1 foreign keys, whose triggers are '* ]]
	dropdb opt
}

@test "the public schema alone, which is in every database" {
	long
	createdb pub
	psql -qX pub -c 'CREATE TABLE a AS SELECT 1 AS i' -c 'CREATE SCHEMA other'
	bk-dump -n public pub >pub.bk
	run -0 bk-verify -q -o r --against pub <pub.bk
	run -0 bk-verify -q -o r --restore <pub.bk
	pg_dump -n public -Fc -Z0 pub | bk-seal cat >theirs.bk
	run -0 bk-verify -q -o r --restore <theirs.bk
	pg_dump -n public -Fc pub | bk-seal cat >theirs.bk
	run -0 bk-verify -q -o r --restore <theirs.bk
	psql -qX pub -c 'CREATE OR REPLACE FUNCTION a(i int) RETURNS int LANGUAGE sql
	    AS $$SELECT 1$$'
	bk-dump -n public pub >pub.bk
	psql -qX pub -c 'DROP FUNCTION a'
	run -3 --separate-stderr bk-verify -q -o r --against pub <pub.bk
	[[ $stderr == *'function public.a'* ]]
	dropdb pub
}

@test "the copy is read with the options that the dump was made with" {
	bk-dump -t app.child --quote-all-identifiers all >quoted.bk
	run -0 --separate-stderr bk-verify --against copy <quoted.bk
	[ "$(field definitions)" = compared ]
	psql -qX copy -c 'ALTER TABLE app.child ADD added int'
	run -3 --separate-stderr bk-verify --against copy <quoted.bk
	[[ $stderr == *'table app.child '*'"added" integer'* ]]
	psql -qX copy -c 'ALTER TABLE app.child DROP added'
}

@test "the copy is read with the settings that the dump was made with" {
	local set
	for set in quote_all_identifiers=on standard_conforming_strings=off; do
		createdb its
		psql -qX -v ON_ERROR_STOP=1 -c "ALTER DATABASE its SET $set" its
		psql -qX -v ON_ERROR_STOP=1 its <<-'SQL'
		CREATE TABLE t (a int);
		COMMENT ON TABLE t IS E'a\\b';
		CREATE FUNCTION f(a int, OUT b text) LANGUAGE sql
		    AS 'SELECT 1::text';
		CREATE CAST (t AS int) WITH INOUT;
		GRANT EXECUTE ON FUNCTION f TO bob;
		SQL
		bk-dump its >its.bk
		bk-verify -q --trust-code --restore -o r <its.bk
		bk-verify -q --against its -o r <its.bk
		dropdb its
	done
	# written in the order in which they were made
	createdb its
	psql -qXc "ALTER ROLE alice IN DATABASE its SET work_mem = '1MB'" \
	    -c "ALTER ROLE bob IN DATABASE its SET work_mem = '1MB'" its
	bk-dump its >its.bk
	psql -qXc "ALTER ROLE alice IN DATABASE its SET work_mem = '2MB'" \
	    -c "ALTER ROLE alice IN DATABASE its SET work_mem = '1MB'" its
	bk-verify -q --against its -o r <its.bk
	psql -qXc "ALTER ROLE bob IN DATABASE its SET work_mem = '3MB'" its
	run -3 bk-verify -q --against its -o r <its.bk
	dropdb its
}

@test "a copy that lacks a table's column differs, whatever else fails" {
	createdb -T copy less
	psql -qX less -c 'ALTER TABLE app.audit DROP what'
	run -3 --separate-stderr bk-verify --against less <all.bk
	[[ $stderr == *'table app.audit '* ]]
	[[ $(field not_covered) == rows* ]]
	dropdb less
}

@test "names in other encodings than the dump's or the session's" {
	long
	PG_INITDB='-E LATIN1 --locale=C' pg_start l
	psql -qX postgres <<-'SQL' >/dev/null
	SET client_encoding = 'UTF8';
	CREATE SEQUENCE "sé";
	SELECT setval('"sé"', 7);
	CREATE TABLE "tä" (w text, "ö" int DEFAULT 3);
	INSERT INTO "tä" VALUES ('grüß', 1);
	COMMENT ON TABLE "tä" IS 'ü';
	SQL
	bk-dump -E UTF8 postgres >utf.bk
	bk-dump postgres >own.bk
	PGCLIENTENCODING=UTF8 bk-dump postgres >env.bk
	for f in utf own env; do
		PGCLIENTENCODING=UTF8 run -0 bk-verify --restore -o r <$f.bk
		run -0 bk-verify --against postgres -o r <$f.bk
		[ "$(jq -r .definitions r)" = compared ]
	done
	run -0 bk-verify --scratch -o r <utf.bk
	PGCLIENTENCODING=UTF8 psql -qXc 'ALTER TABLE "tä" ALTER "ö" SET DEFAULT 4' \
	    postgres
	run -3 --separate-stderr bk-verify --against postgres <utf.bk
	[[ $stderr == *'table public.tä '*'DEFAULT 3'*'DEFAULT 4'* ]]
}

@test "a dump of PostgreSQL 11, whose floats had other digits" {
	pg_have 11 || skip "$PG_WHY"
	pg_start l 11
	psql -qX postgres <<-'SQL'
	CREATE TYPE pair AS (a int, f float4);
	CREATE TABLE direct (f float8);
	CREATE TABLE within (p pair[]);
	CREATE TABLE without (i int CHECK (i IN (1, 2)), v varchar(9)
	    CHECK (v IN ('a', 'b')));
	INSERT INTO direct VALUES (0.1), (1/3.0);
	INSERT INTO within VALUES (ARRAY[(1, 0.1)::pair]);
	INSERT INTO without VALUES (1, 'a');
	SQL
	bk-dump postgres >old.bk
	pg_use c
	run -0 --separate-stderr bk-verify --restore <old.bk
	[ "$(field definitions)" = names ]
	[[ $(field not_covered) == *'2 tables with floats'* ]]
	createdb eleven
	pg_restore -d eleven old.bk
	psql -qX eleven -c 'UPDATE without SET i = 2' \
	    -c 'DELETE FROM direct WHERE f = 0.1' -c 'DROP TABLE within'
	run -3 --separate-stderr bk-verify --against eleven <old.bk
	[[ $stderr == *'table public.direct '*2*1* ]]
	[[ $stderr == *'table public.within '* ]]
	[[ $stderr == *'table public.without '*digest* ]]
	dropdb eleven
}
