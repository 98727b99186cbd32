#!/usr/bin/env bats
# bk-restore: what is loaded is what was dumped, or nothing is.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_FILE_TMPDIR"
	createdb -T template0 weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	bk-dump weird >weird.bk
	createdb -T template0 copy
	pg_dump weird | psql -qX -v ON_ERROR_STOP=1 copy >/dev/null
	createdb -T template0 small
	psql -qX small <<-'SQL'
	CREATE TABLE a (i int PRIMARY KEY, t text);
	INSERT INTO a SELECT i, 'row ' || i || ' of a' FROM generate_series(1, 999) i;
	CREATE TABLE b (i int REFERENCES a, n numeric);
	INSERT INTO b SELECT i, i / 7.0 FROM generate_series(1, 999) i;
	CREATE TABLE none ();
	SELECT lo_from_bytea(4711, '\x00010203');
	SQL
	bk-dump small >small.bk
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	ln -s "$BATS_FILE_TMPDIR"/*.bk .
	dbs >before
}

# Nothing is left behind, whatever a test did.
teardown() {
	exec 9>&-
	[ -z "${JOB-}" ] || kill -9 "$JOB"
	PGOPTIONS='-c statement_timeout=0' psql -qXc \
	    'ALTER ROLE postgres RESET ALL' postgres
	dropdb --if-exists -f new 2>/dev/null
	dbs | diff before -
}

dbs() {
	psql -XAtc 'SELECT datname FROM pg_database ORDER BY 1' postgres
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-new}"
}

is() {
	[ "$(sql "SELECT $1" postgres)" = t ]
}

# refused STATUS PATTERN FILE [OPTION...]: FILE is not loaded, for that reason.
refused() {
	run --separate-stderr "-$1" bk-restore --into "${@:4}" new <"$3"
	one_line_error bk-restore
	[[ $stderr == *$2* ]] || { echo "$stderr"; false; }
	[ -z "$output" ]
	dbs | diff before -
}

# paused: a restore of weird.bk into new, in the middle of its rows; what is
# written to descriptor 9 or its being closed lets it on.
paused() {
	mkfifo gate
	exec 9<>gate
	(head -c 20000000 weird.bk && cat <&8 && tail -c +20000001 weird.bk) \
	    8<gate 3>&- 9>&- | exec bk-restore -j 2 --into new 2>err 3>&- 9>&- &
	JOB=$!
	await is "count(*) = 2 FROM pg_stat_activity WHERE
	    application_name = 'bk-restore' AND datname ~ '^new(_new_.*)?\$'
	    AND query LIKE 'COPY%'"
}

# go: let it on, and wait for its end.
go() {
	exec 9>&-
	status=0
	wait "$JOB" || status=$?
	JOB=
}

# --- unhappy

@test "a stream that ends early leaves nothing, wherever it ends" {
	local size n
	size=$(stat -Lc %s small.bk)
	for n in 1 20 100 3000 $((size / 3)) $((size / 2)) $((size - 3000)) \
	    $((size - 1000)) $((size - 40)) $((size - 1)); do
		head -c "$n" small.bk >cut
		refused 3 '' cut
	done
}

@test "no input is no dump" {
	refused 3 unfinished /dev/null
}

@test "a byte of a row that changed is found" {
	sed 's/row 500 of a/row 500 of A/' small.bk >bad
	refused 3 'table "public"."a": 999 rows, but not those that were dumped' bad
}

@test "a row that is missing, doubled or has changed places with another" {
	perl -0777 -pe 's/500\trow 500 of a\n/500\trow 500 of a /' small.bk >bad
	refused 1 'table "public"."a": ' bad
	# a row less and a longer one: as many bytes
	perl -0777 -pe 's/500\trow 500 of a\n501\trow 501 of a\n/500\trow 500 of a, row 501 of a, !\n/' \
	    small.bk >bad
	refused 3 '998 rows, of 999 that were dumped' bad
	perl -0777 -pe 's/501\trow 501 of a\n/500\trow 500 of a\n/' small.bk >bad
	refused 3 'but not those that were dumped' bad
	# rows that change places are the same rows
	perl -0777 -pe 's/(500\trow 500 of a\n)(501\trow 501 of a\n)/$2$1/' \
	    small.bk >good
	bk-restore -q --into new <good
}

@test "a column's value that no such column takes is the server's to refuse" {
	LC_ALL=C sed 's/row 500 of a/row 500\xffof a/' small.bk >bad
	refused 1 'invalid byte sequence' bad
}

@test "a large object that changed is found" {
	perl -0777 -pe 's/\x00\x01\x02\x03/\x00\x01\x02\x04/' small.bk >bad
	run ! cmp small.bk bad
	refused 3 'large objects: 1 rows, but not those that were dumped' bad
}

@test "a record or a manifest that lies is found" {
	perl -0777 -pe 's/("table":"a","rows":)999/${1}998/' small.bk >bad
	refused 3 'table "public"."a": 999 rows, of 998 that were dumped' bad
	perl -0777 -pe 's/("bk":"manifest".*"rows":)1998/${1}1999/' small.bk >bad
	refused 3 'the manifest is not the one that was written' bad
}

@test "a table whose data is missing is found without any record" {
	local options first
	while read -r options first; do
		pg_dump -Fc -Z0 $options small >theirs
		python3 - "$first" <<-'PY'
		import sys
		data = open('theirs', 'rb').read()
		# b's block: from its begin to the end of the file's last block but one
		at = data.index(sys.argv[1].encode()) - 11
		open('bad', 'wb').write(data[:at])
		PY
		refused 3 'its data is missing' bad
	done <<-EOF
	-b 1	0.14285714285714285714
	--inserts INSERT INTO public.b
	EOF
}

@test "what is no dump, or has a stage too few before it, is refused" {
	head -c 100000 /dev/urandom >noise
	refused 3 'not a PostgreSQL dump' noise
	gzip -c small.bk >gz
	refused 3 'bk-gz -d' gz
	zstd -q <small.bk >zst
	refused 3 'bk-zst -d' zst
	bk-zst <small.bk >zst
	refused 3 'bk-zst -d' zst
	printf 'age-encryption.org/v1\n' >age
	refused 3 'bk-crypt -d' age
	pg_dumpall --globals-only >all
	refused 3 'pg_dumpall' all
	tar -cf tar small.bk
	refused 3 'not a PostgreSQL dump' tar
}

@test "plain SQL, tar and compressed archives that end early leave nothing" {
	local f size
	for f in p t c; do
		pg_dump "-F$f" small >whole
		size=$(stat -c %s whole)
		head -c $((size / 2)) whole >cut
		refused 3 '' cut
		head -c $((size - 600)) whole >cut
		refused 3 '' cut
	done
}

@test "SQL that would go to another database, or lose its owners, is refused" {
	pg_dump small >sql
	refused 3 'dump it without them' sql --no-owner
	refused 3 'dump it without them' sql --no-acl
	refused 3 'dump it without them' sql --role postgres
	pg_dump -C small >sql
	refused 3 'connects to another' sql
}

@test "SQL that would run a program here is refused, however it is written" {
	local bad
	export PWNED=$PWD/pwned
	pg_dump small >sql
	while read -r bad; do
		sampled || continue
		{ printf "$bad\n"; cat sql; } >bad
		refused 3 'a command of psql, ' bad --unsealed
		{ sed '$d' sql; printf "SELECT 1 $bad\n"; tail -n1 sql; } >bad
		refused 3 'a command of psql, ' bad --unsealed
	done <<-'EOF'
	\\! id >$PWNED
	\\!id>$PWNED
	 \\! id >$PWNED
	SELECT 1 \\g |id >$PWNED
	SELECT 'touch '||'$PWNED' \\gexec
	\\o |id >$PWNED
	\\copy a TO PROGRAM 'id >$PWNED'
	\\set x `id >$PWNED`
	\\i /etc/passwd
	EOF
	{ printf '\\connect\tpostgres\nCREATE TABLE pwned ();\n'; cat sql; } >bad
	refused 3 'connects to another' bad
	[ ! -e "$PWNED" ]
	# what only looks like one
	{ printf "SELECT '\\\\! id', E'x\\\\'\\\\! id', \$a\$\n\\\\! id\n\$a\$;\n/*\n\\\\! id\n*/\n"
	  cat sql; } >good
	bk-restore -q --into new <good
	diff <(text small) <(text new)
}

@test "a command of psql in an archive's definition runs nothing" {
	local f
	createdb new
	sql "CREATE TABLE t (i int); COMMENT ON TABLE t IS '$(printf 'x%.0s' {1..60})'"
	pg_dump -Fc -Z0 new >new.bk	# which has no digest
	dropdb new
	export PWNED=$PWD/pwned
	perl -pe 's/(COMMENT ON TABLE public.t IS .x+.;)/
	    my $s = "SELECT 1;\n\\! id >\$PWNED\n--"; $s . "x" x (length($1) - length $s)/e' \
	    new.bk >bad.bk
	[ "$(stat -c %s new.bk)" = "$(stat -c %s bad.bk)" ]
	grep -aq 'id >$PWNED' bad.bk
	refused 1 'syntax error' bad.bk
	[ ! -e "$PWNED" ]
	bk-restore -q --into new <small.bk
	diff <(text small) <(text new)
}

@test "a setting that was rolled back says no longer where a string ends" {
	cat >sql <<-'EOF'
	-- PostgreSQL database dump
	CREATE TABLE a (i int);
	COPY pg_am TO stdout;
	BEGIN;
	SET standard_conforming_strings = off;
	ROLLBACK;
	SELECT '\'; COPY a FROM stdin; -- ';
	7
	\.
	-- PostgreSQL database dump complete
	EOF
	run -0 bk-restore --into -q new <sql
	[ -z "$output" ]
	[ "$(sql 'SELECT i FROM a')" = 7 ]
	dropdb new
	sed -i 's/^7$/INSERT INTO a VALUES (7);/; /^\\\.$/d' sql
	refused 3 'it ends within the data of COPY' sql
}

@test "a COPY that hides in another statement ends, and has no rows" {
	local hidden
	createdb new
	sql 'CREATE TABLE t (a_column_with_a_name_as_long_as_any int);
	    INSERT INTO t VALUES (1)'
	pg_dump -Fc -Z0 -t t new >new.bk	# which has no digest
	dropdb new
	while read -r hidden; do
		HIDDEN="${hidden%%|*}" perl -pe 's/(COPY public.t \([a-z_]*\) FROM stdin;)/
		    my $s = "COPY public.t FROM stdin;$ENV{HIDDEN};";
		    $s . " " x (length($1) - length $s)/e' new.bk >bad.bk
		[ "$(stat -c %s new.bk)" = "$(stat -c %s bad.bk)" ]
		refused 1 "table \"public\".\"t\": ${hidden#*|}" bad.bk
	done <<-'EOF'
	COPY public.t FROM stdin|COPY from stdin failed: its rows are not here
	COPY public.t TO stdout|the server took 2 of 1 rows
	EOF
}

@test "an error in the middle of SQL or of a tar leaves nothing" {
	pg_dump small | sed 's/^500\t/500x\t/' >sql
	refused 1 'standard input: line ' sql
	pg_dump -Ft small | sed 's/^500\trow 500/50x\trow 500/' >tar
	refused 1 'pg_restore: ' tar
}

@test "not without a seal, if one is demanded" {
	pg_dump -Fc small >theirs
	refused 3 'no opening mark' theirs --sealed
}

@test "a database that is not empty is left alone" {
	createdb new
	sql 'CREATE TABLE precious (i int)'
	run --separate-stderr -3 bk-restore --into new <small.bk
	[[ $stderr == *'not empty'* ]]
	sql 'SELECT * FROM precious'
}

@test "a server that is not there, a user who may not" {
	run --separate-stderr -1 env PGPORT=1 bk-restore --into new <small.bk
	one_line_error bk-restore
	[[ $stderr == *'PGSQL.1'* ]]
	sql 'CREATE ROLE weak LOGIN' postgres
	run --separate-stderr -1 bk-restore -U weak --into new <small.bk
	[[ $stderr == *'permission denied to create database; '* ]]
	[[ $stderr == *'ALTER ROLE weak CREATEDB' ]]
	sql 'CREATE DATABASE hollow OWNER weak TEMPLATE template0' postgres
	run --separate-stderr -1 bk-restore -U weak --into hollow <small.bk
	one_line_error bk-restore
	[[ $stderr == *'ALTER ROLE weak CREATEDB' ]]
	sql 'DROP DATABASE hollow' postgres
	sql 'DROP ROLE weak' postgres
}

@test "an owner who does not exist here is named; --no-owner does without" {
	pg_dump -Fc -Z0 small | sed 's/postgres/nobody_X/g' >bad
	refused 1 'role "nobody_X" does not exist' bad
	bk-restore -q --no-owner --into new <bad
	# or makes all of it that of another
	dropdb new
	sql 'CREATE ROLE loader SUPERUSER' postgres
	bk-restore -q --no-owner --role loader --into new <bad
	[ "$(sql "SELECT tableowner FROM pg_tables WHERE tablename = 'a'")" = \
	    loader ]
	dropdb new
	sql 'DROP ROLE loader' postgres
}

@test "a worker whose server process dies ends it all" {
	paused
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE
	    application_name = 'bk-restore' AND datname ~ '^new(_new_.*)?\$'" \
	    postgres >/dev/null
	go
	[ "$status" = 1 ]
	[[ $(cat err) == 'bk-restore: table "'* ]]
	[ "$(wc -l <err)" = 1 ]
	dbs | diff before -
}

@test "an archive that is too new for the programs, or for the server" {
	# version 1.16, as pg_dump 17 writes it, has other headers, too
	perl -0777 -pe 's/^(PGDMP\x01)./$1\x11/' small.bk >bad
	refused 3 'archive version 1.17' bad
	# what an older server does not know, in a dump of version 99
	pg_dump -Fc -Z0 small | v=$(sql 'SHOW server_version' postgres) perl -0777 \
	    -pe 's/\Q$ENV{v}\E/"99" . substr($&, 2)/e; s/n numeric/n nothing/' >bad
	refused 1 '"nothing" does not exist; the dump is of PostgreSQL 99.' bad
}

@test "a usage error reads nothing" {
	run -2 --separate-stderr bk-restore </dev/null
	run -2 --separate-stderr bk-restore a b </dev/null
	run -2 --separate-stderr bk-restore --replace x shop </dev/null
	run -2 --separate-stderr bk-restore --data-only shop </dev/null
	run -2 --separate-stderr bk-restore --into --rollback shop </dev/null
	run -2 --separate-stderr bk-restore -j 0 shop </dev/null
	usage '--globals: not with' bk-restore --globals -t a shop </dev/null
	# shellcheck disable=SC2046	# several words
	usage '-t, -n: more than 256' bk-restore $(printf -- '-t%d ' {0..256}) \
	    shop </dev/null
	usage 'not a valid name, URI' bk-restore 'postgres://[x' </dev/null
}

# --- happy

@test "everything odd comes back as by pg_dump | psql, with any -j" {
	local j
	for j in 1 2 5; do
		bk-restore -q -j "$j" --into new <weird.bk
		diff <(text copy | sort) <(text new | sort)
		dropdb new
	done
}

@test "a copy has the digests of the original" {
	bk-restore -q --into new <weird.bk
	bk-dump new >again
	diff <(records weird.bk | grep -v '"manifest"' | sed 's/"id":[0-9]*//') \
	    <(records again | grep -v '"manifest"' | sed 's/"id":[0-9]*//')
}

# Rows and definitions that the settings of their database give a meaning; and
# settings under which nothing could be loaded.
with_settings() {
	local locale
	createdb -T template0 cfg
	locale=$(sql "SELECT collname FROM pg_collation WHERE collprovider = 'c'
	    AND collname ~ '\.utf8$' LIMIT 1" cfg)
	psql -qX cfg <<-SQL
	ALTER DATABASE cfg SET app.lim = '5';
	ALTER DATABASE cfg SET app.text = E'a b\\\\c''d';
	ALTER DATABASE cfg SET lc_monetary = '${locale:-C}';
	ALTER DATABASE cfg SET timezone = 'Asia/Kathmandu';
	ALTER DATABASE cfg SET search_path = 'nowhere', 'public';
	ALTER DATABASE cfg SET default_transaction_isolation = 'serializable';
	ALTER DATABASE cfg SET statement_timeout = '5s';
	ALTER DATABASE cfg SET default_tablespace = 'gone';
	ALTER DATABASE cfg SET app.long = '$(printf %12000s '')';
	ALTER DATABASE cfg SET plperl.on_init = 'system "id"';
	SQL
	psql -qX -v ON_ERROR_STOP=1 cfg <<-'SQL'
	SET default_tablespace = '';
	CREATE TABLE public.t (a int CHECK (a < current_setting('app.lim')::int),
	    m money, d timestamptz);
	INSERT INTO public.t SELECT i, 1.5, now() FROM generate_series(1, 4) i;
	CREATE MATERIALIZED VIEW public.v AS
	    SELECT a, current_setting('app.text') AS c,
	        current_setting('plperl.on_init', true) AS code FROM public.t;
	ALTER DATABASE cfg SET default_transaction_read_only = on;
	SQL
}

@test "the settings that give rows a meaning hold while they are loaded" {
	long
	with_settings
	bk-dump cfg >cfg.bk
	pg_dump cfg >sql
	bk-restore -q --into new <cfg.bk
	[ "$(sql 'SELECT sum(t.a), min(c), max(code) FROM public.t, public.v')" = \
	    "40|a b\\c'd|" ]
	is "count(*) = 0 FROM pg_database d JOIN pg_db_role_setting
	    ON setdatabase = d.oid WHERE datname = 'new'"
	dropdb new
	run -0 bk-verify -q --restore --trust-code <cfg.bk
	run -0 bk-verify -q --scratch <cfg.bk
	bk-restore -q --replace cfg cfg <cfg.bk
	[ "$(sql 'SHOW app.text' cfg)" = "a b\\c'd" ]
	bk-restore --drop-old cfg
	# plain SQL has none; the database that it is for has
	bk-restore -q --unsealed --replace cfg cfg <sql
	bk-restore --drop-old cfg
	dropdb cfg
	# and one that is gone
	bk-restore -q cfg <cfg.bk
	[ "$(sql 'SHOW app.lim' cfg)" = 5 ]
	[ "$(sql 'SHOW default_transaction_read_only' cfg)" = on ]
	dropdb cfg
}

@test "into a database that is there and empty: it keeps what it is" {
	sql 'CREATE ROLE boss' postgres
	createdb -T template0 -E LATIN1 --locale=C -O boss new
	sql "ALTER DATABASE new SET work_mem TO '5MB'" postgres
	sql "COMMENT ON DATABASE new IS 'mine'" postgres
	bk-restore -q --into new <small.bk
	diff <(text small) <(PGCLIENTENCODING=UTF8 text new)
	is "pg_encoding_to_char(encoding) = 'LATIN1' AND
	    datdba = 'boss'::regrole AND
	    shobj_description(oid, 'pg_database') = 'mine'
	    FROM pg_database WHERE datname ~ '^new(_new_.*)?\$'"
	[ "$(sql 'SHOW work_mem')" = 5MB ]
	# and what was put aside is gone
	dropdb new
	dbs | diff before -
	sql 'DROP ROLE boss' postgres
}

# oid: which database it is that is called new.
oid() {
	sql "SELECT oid FROM pg_database WHERE datname = 'new'" postgres
}

@test "a failure leaves the empty database what it was: empty" {
	local was
	createdb -T template0 new
	was=$(oid)
	dbs >before_it
	head -c -1 small.bk >cut
	run --separate-stderr -3 bk-restore --into new <cut
	sed 's/row 500 of a/row 500 of A/' small.bk >bad
	run --separate-stderr -3 bk-restore --into new <bad
	pg_dump small | sed 's/^500\t/500x\t/' >bad
	run --separate-stderr -1 bk-restore --into new <bad
	[ "$(oid)" = "$was" ]
	[ "$(sql "SELECT count(*) FROM pg_class WHERE oid >= 16384")" = 0 ]
	dbs | diff before_it -
}

@test "a kill leaves the empty database empty, and the next run sweeps" {
	local was
	createdb -T template0 new
	was=$(oid)
	paused
	kill -9 "$JOB"
	go
	[ "$status" = 137 ]
	[ "$(oid)" = "$was" ]
	[ "$(sql "SELECT count(*) FROM pg_class WHERE oid >= 16384")" = 0 ]
	await is "count(*) = 0 FROM pg_stat_activity
	    WHERE application_name = 'bk-restore'"
	bk-restore -q --into new <small.bk
	dropdb new
	dbs | diff before -
}

@test "what somebody made in the empty database meanwhile is put aside" {
	local aside
	createdb -T template0 new
	paused
	sql 'CREATE TABLE precious (i int)'
	go
	[ "$status" = 0 ]
	aside=$(sed -n 's/.*before: //p' err)
	[[ $aside == new_before_* ]]
	sql 'SELECT * FROM precious' "$aside"
	diff <(text copy | sort) <(text new | sort)
	bk-restore --drop-old new
}

@test "what settings a database or a user has does not matter" {
	sql "ALTER ROLE postgres SET datestyle TO 'SQL, DMY'" postgres
	sql "ALTER ROLE postgres SET intervalstyle TO 'sql_standard'" postgres
	sql "ALTER ROLE postgres SET timezone TO 'Asia/Kathmandu'" postgres
	sql "ALTER ROLE postgres SET client_encoding TO 'LATIN1'" postgres
	bk-restore -q --into new <weird.bk
	sql 'ALTER ROLE postgres RESET ALL' postgres
	diff <(text copy | sort) <(text new | sort)
}

@test "a role's limit of a statement does not end a load" {
	createdb -T template0 slow
	sql 'CREATE TABLE t (i int CHECK (pg_sleep(2) IS NOT NULL));
	    INSERT INTO t VALUES (1)' slow
	bk-dump slow >slow.bk
	dropdb slow
	sql "ALTER ROLE postgres SET statement_timeout TO '1s'" postgres
	bk-restore -q --into new <slow.bk
	[ "$(sql 'SELECT count(*) FROM t')" = 1 ]
}

@test "SQL_ASCII: names and rows in no encoding" {
	createdb -T template0 -E SQL_ASCII bytes
	psql -qX -v ON_ERROR_STOP=1 bytes -f <(
		printf 'SET client_encoding = SQL_ASCII;\n'
		printf 'CREATE TABLE "t\xe9" (i serial PRIMARY KEY, "c\xe9" text);\n'
		printf 'CREATE INDEX "i\xe9" ON "t\xe9" (i);\n'
		printf 'INSERT INTO "t\xe9" VALUES (1, '"'\xe9'"');\n'
		printf 'CREATE VIEW "v\xe9" AS SELECT * FROM "t\xe9";\n')
	bk-dump bytes >bytes.bk
	pg_dump bytes >bytes.sql
	dropdb bytes
	bk-restore -q --into new <bytes.bk
	diff <(grep -av restrict bytes.sql) <(pg_dump new | grep -av restrict)
	run -0 bk-verify -q --scratch <bytes.bk
	run -0 bk-verify -q --restore <bytes.bk
}

@test "-L loads the entries of a list, in its order" {
	bk-dump weird >w.bk
	pg_restore -l w.bk >all
	bk-restore -q -L all --into new <weird.bk
	diff <(text copy | sort) <(text new | sort)
	dropdb new
	pg_restore -l small.bk | grep -v ' b \| BLOB\|a_pkey' >some
	bk-restore -q --use-list some --into new <small.bk
	[ "$(sql "SELECT count(*), max(t) FROM a")" = '999|row 999 of a' ]
	[ "$(sql "SELECT to_regclass('b') IS NULL AND
	    to_regclass('a_pkey') IS NULL AND to_regclass('none') IS NOT NULL AND
	    NOT EXISTS (SELECT FROM pg_largeobject)")" = t ]
	dropdb new
	# a view that was made after the function it calls; the other way round
	createdb new
	sql "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
	    CREATE VIEW v AS SELECT one(); CREATE TABLE t AS SELECT 1 AS i;"
	bk-dump new >new.bk
	dropdb new
	pg_restore -l new.bk | grep -v '^;' | tac >back
	refused 1 'one() does not exist' new.bk -L back
	# what is left out is proven, too
	sed 's/row 500 of a/row 500 of A/' small.bk >bad
	pg_restore -l small.bk | grep -v 'TABLE DATA' >some
	refused 3 'table "public"."a": 999 rows, but not those' bad -L some
	echo '99999; x' >some
	refused 3 'the list: no entry of this dump: "99999; x"' small.bk -L some
	pg_dump -Fc small >theirs
	refused 3 'cannot be split' theirs -L all
	refused 3 'cannot be split' theirs --keep-going
	createdb new
	run -3 --separate-stderr bk-restore --unsealed -t a new <theirs
	[[ $stderr == *'-t and -n need an uncompressed custom-format archive; '* ]]
	[ "$(sql "SELECT to_regclass('a') IS NULL")" = t ]
	dropdb new
	pg_dump -Ft small >theirs
	refused 3 'cannot be split' theirs -L all
	refused 3 'cannot be split' theirs --keep-going
	refused 3 'holds no roles; leave --globals out' theirs --globals
	run -2 bk-restore -L all -t a new <small.bk
}

@test "other formats: plain, tar, compressed, INSERTs, unsealed -Z0" {
	local f
	for f in -Fp -Ft -Fc '-Fc --inserts' '-Fc -Z0'; do
		pg_dump $f small >theirs
		bk-restore -q --into new <theirs
		diff <(text small) <(text new)
		dropdb new
	done
}

@test "other formats: of the public schema alone, which is there or not" {
	local f
	for f in -Fp -Fc '-Fc --inserts' '-Fc -Z0'; do
		pg_dump $f -n public small >theirs
		bk-restore -q --into new <theirs
		[ "$(sql 'SELECT count(*), obj_description(n.oid) FROM a, pg_namespace n
		    WHERE nspname = $$public$$ GROUP BY 2')" = '999|standard public schema' ]
		dropdb new
		createdb new
		sql 'DROP SCHEMA public'
		bk-restore -q --into new <theirs
		[ "$(sql 'SELECT count(*) FROM public.a')" = 999 ]
		dropdb new
	done
}

@test "SQL: routines and rules with several statements, strings of all kinds" {
	createdb -T template0 src
	psql -qX src <<-'SQL'
	CREATE TABLE t (i int, s text DEFAULT 'C:\');
	CREATE TABLE log (i int);
	CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO log VALUES (1); INSERT INTO log VALUES (2));
	CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC
	    SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 3; END;
	CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $_$ SELECT '\! id; $$' $_$;
	COMMENT ON TABLE t IS E'a \\! id\n\\! id\n';
	INSERT INTO t VALUES (1, E'\\.'), (2, E'\\! x\n\\.');
	SQL
	pg_dump src >theirs
	bk-restore -q --into new <theirs
	diff <(text src) <(text new)
	dropdb src
}

@test "rows longer than a chunk, empty tables, many objects" {
	createdb -T template0 src
	psql -qX src <<-'SQL' >/dev/null
	CREATE TABLE long (i int, t text);
	INSERT INTO long SELECT i, repeat(chr(64 + i % 26), 262144 * i + i)
	    FROM generate_series(0, 5) i;
	INSERT INTO long VALUES (9, repeat(E'\n', 700000)), (10, '');
	INSERT INTO long SELECT i, repeat('x', 262144 - 8 - i)
	    FROM generate_series(0, 20) i;
	CREATE TABLE empty (i int);
	SELECT lo_from_bytea(0, convert_to(repeat(md5(i::text), i * 30),
	    'UTF8')) FROM generate_series(0, 200) i;
	SELECT lo_from_bytea(0, convert_to(repeat(md5(i::text), i * 20000),
	    'UTF8')) FROM generate_series(1, 3) i;
	SELECT lo_from_bytea(4294000000, '\x01');
	SQL
	bk-dump src | bk-restore -q -j 4 --into new
	diff <(text src | sort) <(text new | sort)
	bk-dump new | records - | grep '"bk":"blobs"' | sed 's/"id":[0-9]*//' |
	    diff - <(bk-dump src | records - | grep '"bk":"blobs"' |
	    sed 's/"id":[0-9]*//')
	dropdb src
}

@test "memory does not grow with the length of rows" {
	long
	if sanitized; then skip "a sanitizer has memory of its own"; fi
	createdb -T template0 src
	psql -qX src -c "CREATE TABLE wide AS SELECT i,
	    repeat(chr(64 + i), 32000000) AS t FROM generate_series(1, 3) i"
	bk-dump src | /usr/bin/time -f %M -o rss bk-restore -q -j 4 --into new
	[ "$(cat rss)" -lt 24000 ] || { cat rss; false; }
	[ "$(sql 'SELECT sum(length(t)) FROM wide')" = 96000000 ]
	dropdb src
}

@test "an owner without privileges on his own table restores it" {
	sql 'CREATE ROLE owner LOGIN CREATEDB' postgres
	createdb -O owner src
	psql -qX -U owner src <<-'SQL'
	CREATE SCHEMA s;
	CREATE TABLE s.t (i int);
	INSERT INTO s.t VALUES (1);
	CREATE MATERIALIZED VIEW s.m AS SELECT * FROM s.t;
	REVOKE ALL ON s.t FROM owner;
	GRANT SELECT ON s.t TO owner;
	ALTER TABLE s.t ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON s.t USING (i > 0);
	SQL
	bk-dump src >src.bk
	PGUSER=owner bk-restore -q --into new <src.bk
	diff <(text src) <(text new)
	bk-restore -q --no-acl --into acl <src.bk
	is "relacl IS NULL FROM pg_class WHERE relname = 't'" ||
	    [ "$(sql "SELECT relacl IS NULL FROM pg_class WHERE relname = 't'" acl)" = t ]
	dropdb acl
	dropdb new
	dropdb src
	sql 'DROP ROLE owner' postgres
}

@test "--globals makes missing roles and leaves the others alone" {
	sql "CREATE ROLE there LOGIN PASSWORD 'old' CONNECTION LIMIT 3" postgres
	sql "CREATE ROLE \"miss;ing\" LOGIN PASSWORD 'a;b''c' CREATEDB" postgres
	sql "COMMENT ON ROLE \"miss;ing\" IS 'was here; is gone'" postgres
	sql "GRANT there TO \"miss;ing\"" postgres
	sql "GRANT SET ON PARAMETER log_statement TO \"miss;ing\"" postgres
	sql "GRANT ALL ON PARAMETER \"app.x\" TO \"miss;ing\" WITH GRANT OPTION" postgres
	sql "GRANT SET ON PARAMETER log_duration TO there" postgres
	createdb -T template0 -O 'miss;ing' src
	psql -qX -U 'miss;ing' -c 'CREATE SCHEMA x' -c 'CREATE TABLE x.t (i int)' src
	bk-dump --globals src >src.bk
	dropdb src
	sql 'DROP OWNED BY "miss;ing", there; DROP ROLE "miss;ing"' postgres
	sql 'ALTER ROLE there CONNECTION LIMIT 5' postgres
	refused 1 'role "miss;ing" does not exist' src.bk
	bk-restore -q --globals --into new <src.bk
	is "rolcreatedb FROM pg_roles WHERE rolname = 'miss;ing'"
	is "rolconnlimit = 5 FROM pg_roles WHERE rolname = 'there'"
	is "pg_has_role('miss;ing', 'there', 'member')"
	is "shobj_description(oid, 'pg_authid') = 'was here; is gone'
	    FROM pg_roles WHERE rolname = 'miss;ing'"
	is "has_parameter_privilege('miss;ing', 'log_statement', 'SET')"
	is "NOT has_parameter_privilege('miss;ing', 'log_statement', 'ALTER SYSTEM')"
	is "has_parameter_privilege('miss;ing', 'app.x',
	    'ALTER SYSTEM WITH GRANT OPTION')"
	# not the others' rights
	is "NOT has_parameter_privilege('there', 'log_duration', 'SET')"
	dropdb new
	sql 'DROP OWNED BY "miss;ing"; DROP ROLE "miss;ing", there' postgres
	run -3 bk-restore --globals --into new <small.bk
}

@test "--globals: nothing in a name or a comment makes it change an old role" {
	sql 'CREATE ROLE old LOGIN' postgres
	# a name of three lines, the second of which is another's
	sql $'CREATE ROLE "a\nold\nb"' postgres
	sql $'COMMENT ON ROLE "a\nold\nb" IS \'x -- y\'' postgres
	createdb -O $'a\nold\nb' new
	sql $'CREATE TABLE x (i int)' new
	bk-dump --globals new >new.bk
	dropdb new
	sql $'DROP ROLE "a\nold\nb"' postgres
	sql 'ALTER ROLE old NOLOGIN' postgres
	bk-restore -q --globals --into new <new.bk
	is "NOT rolcanlogin FROM pg_roles WHERE rolname = 'old'"
	dropdb new
	sql $'DROP ROLE "a\nold\nb"' postgres
	# a quote within a comment; the same number of bytes
	perl -0777 -pe 's/(CREATE ROLE "a\nold\nb";\nALTER ROLE "a\nold\nb" WITH [A-Z ]*)(?=;)/
	    my $n = length $1; my $s = "CREATE ROLE n -- \x27\n; ALTER ROLE old LOGIN; -- \x27\n";
	    $s . " " x ($n - length $s)/e or die' new.bk >bad.bk
	refused 3 'the roles and tablespaces of --globals' bad.bk --globals
	is "NOT rolcanlogin FROM pg_roles WHERE rolname = 'old'"
	is "count(*) = 0 FROM pg_roles WHERE rolname = 'n'"
	# the first byte of it a quote
	perl -0777 -pe 's/("globals"[^\n]*\}\n.{0,5}?)--/$1\x27-/s or die' new.bk >bad.bk
	refused 3 'the roles and tablespaces of --globals' bad.bk --globals
	sql 'DROP ROLE old' postgres
}

@test "tablespaces: left out, made where the directory is, or told" {
	long
	local dir=$PGHOST/ts
	pg_as mkdir "$dir"
	sql "CREATE TABLESPACE \"t s\" LOCATION '$dir'" postgres
	sql "COMMENT ON TABLESPACE \"t s\" IS 'ours'; GRANT CREATE ON TABLESPACE
	    \"t s\" TO PUBLIC" postgres
	createdb -D 't s' new
	psql -qX new -c 'CREATE TABLE t (i int PRIMARY KEY) TABLESPACE pg_default' \
	    -c 'INSERT INTO t VALUES (1)'
	createdb side
	psql -qX side -c 'CREATE TABLE t (i int PRIMARY KEY)' \
	    -c 'ALTER TABLE t SET TABLESPACE "t s"'
	bk-dump --globals new >new.bk
	bk-dump side >side.bk
	dropdb new
	dropdb side
	sql 'DROP TABLESPACE "t s"' postgres
	refused 1 'tablespace "t s" does not exist' new.bk
	refused 1 'invalid value for parameter "default_tablespace"' side.bk
	bk-restore -q --no-tablespaces --into new <new.bk
	dropdb new
	bk-restore -q --no-tablespaces --into new <side.bk
	dropdb new
	run -0 bk-verify -q --restore <side.bk
	pg_as rmdir "$dir"
	refused 1 'tablespace "t s": directory "'"$dir"'" does not exist; ' \
	    new.bk --globals
	[[ $stderr == *'LOCATION '*'--no-tablespaces' ]]
	bk-restore -q --globals --no-tablespaces --into new <new.bk
	dropdb new
	pg_as mkdir "$dir"
	bk-restore -q --globals --into new <new.bk
	is "spcname = 't s' AND shobj_description(t.oid, 'pg_tablespace') = 'ours'
	    AND spcacl IS NOT NULL FROM pg_database d JOIN pg_tablespace t
	    ON t.oid = dattablespace WHERE datname = 'new'"
	dropdb new
	sql 'DROP TABLESPACE "t s"' postgres
}

@test "data of foreign tables is proven and stays where it is" {
	psql -qX small <<-SQL
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER me FOREIGN DATA WRAPPER postgres_fdw
	    OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'small');
	CREATE USER MAPPING FOR postgres SERVER me;
	CREATE FOREIGN TABLE far (i int, t text) SERVER me
	    OPTIONS (table_name 'a');
	SQL
	bk-dump --include-foreign-data=me small >far.bk
	bk-restore -q --into new <far.bk
	[ "$(sql 'SELECT count(*) FROM a' small)" = 999 ]
	run -0 bk-verify --restore -o r <far.bk
	psql -qXc 'DROP EXTENSION postgres_fdw CASCADE' small 2>/dev/null
}

@test "statistics are there at the end" {
	bk-restore -q --into new <small.bk
	[ "$(sql "SELECT reltuples FROM pg_class WHERE relname = 'a'")" = 999 ]
	[ "$(sql "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'b'")" = t ]
}

@test "one line at the end tells what was loaded; -q says nothing" {
	run --separate-stderr -0 bk-restore --into new <small.bk
	one_line_error bk-restore
	[[ $stderr == 'bk-restore: new: 1998 rows, 3 tables, '*' MB/s' ]]
	dropdb new
	run --separate-stderr -0 bk-restore -q --into new <small.bk
	[ -z "$stderr" ]
}

@test "progress: tables of those in the dump, rows so far, bytes" {
	run --separate-stderr -0 bk-restore -v --into new <small.bk
	[[ $stderr =~ '4/4 tables, 1998 rows, '[0-9.]+KiB ]]
}

@test "a URI names server and database" {
	local uri="postgresql://postgres@127.0.0.1:$PGPORT/new"
	env -u PGHOST -u PGPORT -u PGUSER bk-restore -q --into "$uri" <small.bk
	diff <(text small) <(text new)
	dropdb new
	env -u PGHOST -u PGPORT -u PGUSER bk-restore -q -w -h 127.0.0.1 \
	    -p "$PGPORT" -U postgres --into new <small.bk
	diff <(text small) <(text new)
}

# --- parts, into a database in use

@test "a database named beside DATABASE_URL, and one of a service" {
	local url="postgresql://postgres@127.0.0.1:$PGPORT/nosuch" port=$PGPORT
	printf '[s]\nhost=127.0.0.1\nport=%s\nuser=postgres\ndbname=new\n' \
	    "$port" >services
	bk-restore -q --into new <small.bk
	(
		unset PGHOST PGPORT PGUSER
		export DATABASE_URL=$url
		bk-dump new | bk-restore -q --replace new new
		bk-restore --drop-old new
		bk-dump new | bk-verify -q --restore -o receipt
		grep -q '"restored_on"' receipt
		DATABASE_URL=postgresql://127.0.0.1:1/x run --separate-stderr -1 bk-dump new
		[[ $stderr == *'; the server is from DATABASE_URL' ]]
		# an option or a variable names another server
		run --separate-stderr -1 bk-dump -h /nowhere new
		[[ $stderr == */nowhere/* ]]
		PGHOST=/nowhere run --separate-stderr -1 bk-dump new
		[[ $stderr == */nowhere/* ]]
		unset DATABASE_URL
		export PGSERVICEFILE=$PWD/services
		bk-dump service=s | bk-restore -q --replace new service=s
		bk-restore --drop-old service=s
	)
}

@test "-t makes a table and what belongs to it, -n a schema" {
	bk-restore -q --into new <small.bk
	sql 'DROP TABLE b'
	bk-restore -q -t b new <small.bk
	diff <(text small | sort) <(text new | sort)
	run -1 bk-restore -t b new <small.bk
	run -4 bk-restore -t nix new <small.bk
	run -4 bk-restore -t b nowhere <small.bk
	sql 'DROP TABLE a, b, none'
	bk-restore -q -n public new <small.bk
	diff <(text small | sort) <(text new | sort)
}

@test "--replace-table puts back rows, and keys that refer to them" {
	bk-restore -q --into new <small.bk
	sql 'CREATE MATERIALIZED VIEW m AS SELECT sum(i) FROM a'
	sql "UPDATE a SET t = 'broken'"
	run --separate-stderr -0 bk-restore -t a --replace-table new <small.bk
	[[ $stderr == *'foreign key b_i_fkey of table public.b: dropped, added again and checked'* ]]
	[[ $stderr == *'materialized view public.m: still has the old rows'* ]]
	[[ $stderr != *' code '* ]]
	sql 'DROP MATERIALIZED VIEW m'
	diff <(text small | sort) <(text new | sort)
}

@test "rows that find their partition themselves, which has other bounds now" {
	sql "CREATE DATABASE \"new\"" postgres
	sql 'CREATE TABLE "P q" (a int) PARTITION BY LIST (a);
	    CREATE TABLE p1 PARTITION OF "P q" FOR VALUES IN (1, 2);
	    CREATE TABLE p2 PARTITION OF "P q" FOR VALUES IN (3);
	    INSERT INTO "P q" VALUES (1), (2), (3)'
	bk-dump --load-via-partition-root new >p.bk
	sql 'DELETE FROM p1; ALTER TABLE "P q" DETACH PARTITION p1;
	    ALTER TABLE "P q" DETACH PARTITION p2;
	    ALTER TABLE "P q" ATTACH PARTITION p1 FOR VALUES IN (1);
	    ALTER TABLE "P q" ATTACH PARTITION p2 FOR VALUES IN (2, 3)'
	bk-restore -q --replace-table -t p1 -t p2 new <p.bk
	[ "$(sql 'SELECT tableoid::regclass, a FROM "P q" ORDER BY a' |
	    paste -sd ' ')" = 'p1|1 p2|2 p2|3' ]
	# a table that had no partitions when it was dumped
	sql 'CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)'
	bk-dump -t t new >t.bk
	sql 'DROP TABLE t; CREATE TABLE t (a int) PARTITION BY LIST (a);
	    CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES (9)'
	bk-restore -q --replace-table -t t new <t.bk
	[ "$(sql 'SELECT a FROM t1 ORDER BY a' | paste -sd ' ')" = '1 2' ]
}

@test "--replace-table that would break a key changes nothing" {
	bk-restore -q --into new <small.bk
	sql 'INSERT INTO a VALUES (1000)'
	sql 'INSERT INTO b VALUES (1000)'
	text new >as-it-was
	run --separate-stderr -1 bk-restore -t a --replace-table new <small.bk
	[[ $stderr == *'violates foreign key constraint'* ]]
	text new | diff as-it-was -
}

@test "--data-only adds rows; triggers do not fire and stay as they were" {
	bk-restore -q --into new <small.bk
	sql "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
	    'BEGIN RAISE EXCEPTION ''fired''; END'"
	sql 'CREATE TRIGGER t BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION f()'
	sql 'ALTER TABLE b ENABLE ALWAYS TRIGGER t'
	text new >as-it-was
	sql 'DELETE FROM b'
	bk-restore -q -t public.b --data-only new <small.bk
	text new | sort | diff <(sort as-it-was) -
	sql 'DROP TABLE b'
	run -4 --separate-stderr bk-restore -t public.b --data-only new <small.bk
	[[ $stderr == *'table "public"."b": does not exist; leave out --data-only'* ]]
}

@test "a part of a damaged stream is not loaded" {
	bk-restore -q --into new <small.bk
	sql 'DELETE FROM b'
	sed 's/row 500 of a/row 500 of A/' small.bk >bad
	run --separate-stderr -3 bk-restore -t b --data-only new <bad
	[ "$(sql 'SELECT count(*) FROM b')" = 0 ]
	head -c -20 small.bk >bad
	run --separate-stderr -3 bk-restore -t b --data-only new <bad
	[ "$(sql 'SELECT count(*) FROM b')" = 0 ]
}

@test "what ANALYZE cannot do is told, and fails nothing" {
	long
	bk-restore -q --into new <small.bk
	sql 'CREATE TABLE s (a int, b int)'
	sql 'CREATE STATISTICS st ON (a / b) FROM s' 2>/dev/null ||
	    skip 'no statistics on expressions before 14'
	sql 'INSERT INTO s SELECT g, 0 FROM generate_series(1, 500) g'
	bk-dump new >s.bk
	dropdb new
	run -0 --separate-stderr bk-restore --into new <s.bk
	[[ $stderr == *'statistics: table public.s: '*'division by zero'* ]]
	[ "$(sql 'SELECT count(*) FROM s')" = 500 ]
	run -0 --separate-stderr bk-restore -q --into new2 <s.bk
	[ "$stderr" = '' ]
	dropdb new2
	run -0 bk-verify --restore -o r <s.bk
	sql 'DELETE FROM s'
	run -0 --separate-stderr bk-restore -t s --replace-table new <s.bk
	[[ $stderr == *'statistics: '*'division by zero'* ]]
	[ "$(sql 'SELECT count(*) FROM s')" = 500 ]
}

@test "nothing connects to a foreign server: a parent's local tables alone are analyzed" {
	createdb -T template0 new
	sql 'CREATE EXTENSION postgres_fdw'
	sql "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host
	    '$PGHOST', port '1')"
	sql 'CREATE USER MAPPING FOR CURRENT_USER SERVER far'
	sql 'CREATE TABLE p (a int) PARTITION BY RANGE (a)'
	sql 'CREATE TABLE here PARTITION OF p FOR VALUES FROM (0) TO (9)'
	sql 'CREATE FOREIGN TABLE there PARTITION OF p FOR VALUES FROM (9) TO (19)
	    SERVER far'
	sql 'INSERT INTO p VALUES (1), (2)'
	bk-dump new >far.bk
	dropdb new
	run -0 --separate-stderr bk-restore --into new <far.bk
	[[ $stderr != *statistics* ]]
	[ "$(sql "SELECT reltuples FROM pg_class WHERE relname = 'here'")" = 2 ]
	run -0 bk-verify --restore -o r <far.bk
}

@test "a CHECK that looks into another table finds its rows, with any -j" {
	long
	local i
	createdb -T template0 new
	sql 'CREATE TABLE zz (i int, t text)'
	sql "INSERT INTO zz SELECT g, repeat('x', 300) FROM generate_series(1,
	    20000) g"
	sql "CREATE FUNCTION in_zz(a int) RETURNS bool LANGUAGE plpgsql AS
	    'BEGIN RETURN EXISTS (SELECT FROM public.zz WHERE zz.i = a); END'"
	# columns with names of what moves the rows
	sql 'CREATE TABLE b (i int CHECK (public.in_zz(i)), n int, found int)'
	sql 'INSERT INTO b VALUES (1, 2, 3), (20000, 4, 5)'
	bk-dump new >look.bk
	dropdb new
	for i in 1 4; do
		bk-restore -q -j $i --into new <look.bk
		[ "$(sql 'SELECT sum(n * found) FROM b')" = 26 ]
		[ "$(sql "SELECT count(*) FROM pg_namespace WHERE nspname ~
		    '^bk_restore'")" = 0 ]
		dropdb new
	done
	run -0 bk-verify --restore --trust-code -j 4 -o r <look.bk
	# a part, in one transaction
	createdb -T template0 new
	sql "$(sed -n '/^CREATE FUNCTION/,/;$/p' <(pg_restore -f - look.bk))"
	run -0 --separate-stderr bk-restore -t zz -t b new <look.bk
	[ "$(sql 'SELECT count(*) FROM b')" = 2 ]
	[[ $stderr == *'1 of the dump'*'of a superuser, the first: public.b'* ]]
}

@test "code that needs a privilege finds it, though privileges come last" {
	createdb -T template0 new
	psql -qXc 'CREATE ROLE app' postgres
	sql 'CREATE SCHEMA util; CREATE TABLE util.codes (c int);
	    INSERT INTO util.codes VALUES (7);
	    GRANT USAGE ON SCHEMA util TO app; GRANT SELECT ON util.codes TO app'
	sql "CREATE FUNCTION util.known(a int) RETURNS bool LANGUAGE plpgsql AS
	    'BEGIN RETURN EXISTS (SELECT FROM util.codes WHERE c = a); END'"
	sql 'CREATE SCHEMA a AUTHORIZATION app'
	sql 'CREATE TABLE a.t (i int CHECK (util.known(i)));
	    ALTER TABLE a.t OWNER TO app; INSERT INTO a.t VALUES (7)'
	bk-dump new >priv.bk
	text new >as-it-was
	dropdb new
	run -0 --separate-stderr bk-restore --into new <priv.bk
	[[ $stderr != *code* ]]
	text new | diff as-it-was -
	run -0 bk-verify --restore -o r <priv.bk
	dropdb new
	run -1 --separate-stderr bk-restore --no-acl --into new <priv.bk
	[[ $stderr == *'permission denied for schema util'* ]]
	run -1 --separate-stderr bk-restore --keep-going --no-acl --into new <priv.bk
	[[ $output == 'TABLE DATA a.t: '*'permission denied'* ]]
	psql -qXc 'DROP ROLE app' postgres
}

@test "a part never turns a sequence back, and sets one that is behind" {
	createdb -T template0 new
	sql 'CREATE TABLE o (i serial, v text); CREATE TABLE d (i int);
	    CREATE SEQUENCE down INCREMENT -1 OWNED BY d.i'
	sql "INSERT INTO o (v) SELECT 'x' FROM generate_series(1, 100);
	    SELECT nextval('down'), nextval('down')"
	bk-dump new >o.bk
	sql "SELECT setval('o_i_seq', 140), setval('down', -9); DELETE FROM o"
	bk-restore -q -t o -t d --data-only new <o.bk
	[ "$(sql "SELECT nextval('o_i_seq'), nextval('down')")" = '141|-10' ]
	sql "SELECT setval('o_i_seq', 1, false), setval('down', -1, false)"
	bk-restore -q -t o -t d --replace-table new <o.bk
	[ "$(sql "SELECT nextval('o_i_seq'), nextval('down')")" = '101|-3' ]
	sql "SELECT setval('o_i_seq', 500)"
	bk-restore -q -t o --replace-table new <o.bk
	[ "$(sql "SELECT nextval('o_i_seq')")" = 501 ]
}

@test "an owner who may not write his own table: whose rights, and what to do" {
	createdb -T template0 new
	psql -qX postgres -c 'CREATE ROLE clerk'
	sql "CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql VOLATILE AS 'SELECT true';
	    CREATE TABLE log (i int CHECK (f(i))); INSERT INTO log VALUES (1);
	    ALTER TABLE log OWNER TO clerk; REVOKE ALL ON log FROM clerk"
	bk-dump -q new >log.bk
	run -1 --separate-stderr bk-restore -q -t log --replace-table new <log.bk
	[[ $stderr == *'permission denied for table log; its rows run code, so they are loaded with the rights of its owner: GRANT what is denied '* ]]
	[ "$(sql 'TABLE log')" = 1 ]
	sql 'GRANT INSERT ON log TO clerk'
	run -0 bk-restore -q -t log --data-only new <log.bk
	[ "$(sql 'TABLE log')" = $'1\n1' ]
	dropdb new
	psql -qX postgres -c 'DROP ROLE clerk'
}

@test "a name in a note makes no line of its own" {
	createdb -T template0 new
	psql -qX postgres -c 'CREATE ROLE clerk'
	sql "CREATE FUNCTION \"f$(printf '\nbk-restore: forged')\"(int) RETURNS bool
	    LANGUAGE sql AS 'SELECT true';
	    ALTER FUNCTION \"f$(printf '\nbk-restore: forged')\" OWNER TO clerk"
	bk-dump -q new >f.bk
	dropdb new
	run -0 --separate-stderr bk-restore --into new <f.bk
	[[ $stderr == *'the first: public.f bk-restore: forged'* ]]
	dropdb new
	psql -qX postgres -c 'DROP ROLE clerk'
}

@test "a live table is read and written until its own rows arrive" {
	local n
	createdb -T template0 new
	sql "CREATE TABLE a AS SELECT g, 'row ' || g || ' of a' AS t
	    FROM generate_series(1, 30000) g; CREATE TABLE b AS SELECT 7 AS i"
	bk-dump new >ab.bk
	sql 'UPDATE b SET i = 8'
	n=$(grep -abom1 'row 15000 of a' ab.bk | cut -d: -f1)
	mkfifo pipe
	exec 9<>pipe
	bk-restore -q -t b --replace-table new <pipe 3>&- 9>&- &
	JOB=$!
	head -c "$n" ab.bk >&9
	await is "count(*) = 1 FROM pg_stat_activity WHERE
	    application_name = 'bk-restore' AND state = 'idle in transaction'"
	sql "SET lock_timeout = '2s'; SELECT 1 FROM b; INSERT INTO b VALUES (9)"
	tail -c +"$((n + 1))" ab.bk >&9
	go
	[ "$status $(sql 'TABLE b')" = '0 7' ]
}

@test "--replace-table: keys to a partitioned table, and their triggers' state" {
	createdb -T template0 new
	sql 'CREATE TABLE p (i int PRIMARY KEY, up int) PARTITION BY RANGE (i);
	    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
	    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (9) TO (19);
	    CREATE TABLE q (i int); INSERT INTO p VALUES (1, 10), (10, 1);
	    INSERT INTO q VALUES (1), (10)'
	sql 'ALTER TABLE p ADD FOREIGN KEY (up) REFERENCES p;
	    ALTER TABLE q ADD FOREIGN KEY (i) REFERENCES p;
	    CREATE TABLE "r%" (i int PRIMARY KEY);
	    CREATE TABLE s (i int REFERENCES "r%")'
	sql 'ALTER TABLE s DISABLE TRIGGER ALL; ALTER TABLE "r%" DISABLE TRIGGER ALL'
	bk-dump new >p.bk
	text new >as-it-was
	states >states.before
	sql 'UPDATE p SET up = NULL'
	run -0 --separate-stderr bk-restore -t p --replace-table new <p.bk
	[[ $stderr == *'foreign key q_i_fkey of table public.q: dropped, added again'* ]]
	[ "$(sql 'SELECT count(*), sum(up) FROM p')" = '2|11' ]
	bk-restore -q -t 'r%' --replace-table new <p.bk
	diff <(sort as-it-was) <(text new | sort)
	states | diff states.before -
}

# The state of triggers, whatever their names.
states() {
	sql 'SELECT tgrelid::regclass, tgfoid::regproc, tgenabled, count(*)
	    FROM pg_trigger GROUP BY 1, 2, 3 ORDER BY 1, 2, 3'
}
