#!/usr/bin/env bats
# bk-dump: the archive is what pg_dump's would be, and restores to the same.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb -T template0 weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	createdb -T weird light
	psql -qXc 'TRUNCATE toasted, large_nothing' \
	    -c 'DELETE FROM large WHERE id > 999' light
	createdb -T template0 empty
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
}

@test "the script of the archive is that of pg_dump's, byte by byte" {
	bk-dump -j 3 weird >ours
	pg_dump -Fc -Z0 weird >theirs
	cmp <(sql_of ours) <(sql_of theirs)
}

@test "it does not matter how many connections read" {
	local j
	bk-dump -j 1 weird >1
	for j in 2 3 4 8; do
		bk-dump -j "$j" weird >"$j"
		[ "$(stat -c %s 1)" = "$(stat -c %s "$j")" ]
		cmp <(body 1) <(body "$j")
	done
}

@test "a restored database has the same text and the same digests" {
	createdb -T template0 again
	bk-dump weird | tee 1 | pg_restore -d again
	diff <(text weird) <(text again)
	bk-dump again >2
	diff <(records 1 | grep -v '"manifest"' | sed 's/"id":[0-9]*//') \
	    <(records 2 | grep -v '"manifest"' | sed 's/"id":[0-9]*//')
	dropdb again
}

@test "from a file: pg_restore in parallel, by table, by schema, its list" {
	bk-dump weird >a
	pg_dump -Fc weird >theirs
	createdb -T template0 again
	pg_restore -j 4 -d again a
	diff <(text weird) <(text again)
	dropdb again
	diff <(pg_restore -l a | grep -v '^;') \
	    <(pg_restore -l theirs | grep -v '^;')
	diff <(sql_of -t large a) <(sql_of -t large theirs)
	diff <(sql_of -n public a) <(sql_of -n public theirs)
	diff <(sql_of --section=data a) <(sql_of --section=data theirs)
}

@test "in a file each block's offset is in the table of contents" {
	can_trace
	bk-dump weird >a
	bk-dump weird | cat >b
	strace -o trace -e trace=read,lseek pg_restore -t types -f /dev/null a
	seek=$(grep -c . trace)
	strace -o trace -e trace=read,lseek pg_restore -t types -f /dev/null b
	[ "$seek" -lt "$(grep -c . trace)" ]
	# nothing to go back to in what is appended to
	: >c
	bk-dump weird >>c
	cmp <(body b) <(body c)
}

@test "options that say what is dumped mean what they mean to pg_dump" {
	local o
	while read -r o; do
		sampled || continue
		eval "bk-dump -j 2 $o light" >ours 2>/dev/null
		eval "pg_dump -Fc -Z0 $o light" >theirs 2>/dev/null
		cmp <(sql_of ours) <(sql_of theirs) || { echo "$o"; false; }
	done <<-'OPTIONS'
	-s
	-a
	-t large -t 'events*'
	-T large -T toasted
	-n '"we""ird sch.ema"'
	-N public
	-e postgres_fdw
	-b -t types
	-B
	-C -c --if-exists
	-O -x
	-E SQL_ASCII
	-S postgres -a --disable-triggers
	--exclude-table-data='large*' --exclude-table-data=events
	--section=data
	--section=pre-data --section=post-data
	--load-via-partition-root
	--no-unlogged-table-data --no-comments
	--quote-all-identifiers
	--extra-float-digits=0 -t types
	--enable-row-security -t secrets
	--serializable-deferrable -t large
	--role=postgres --strict-names -t hen
	OPTIONS
}

@test "another encoding; one that cannot hold the data is refused" {
	createdb -T template0 latin
	psql -qXc "CREATE TABLE \"é\" AS SELECT 'ü'::text AS \"ä\"" latin
	bk-dump -E LATIN1 latin >ours
	pg_dump -Fc -E LATIN1 latin >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	sql_of ours | grep -aq $'^\xfc$'
	dropdb latin
	run --separate-stderr -1 bk-dump -E LATIN1 weird
	one_line_error bk-dump
	[[ $stderr == *'no equivalent in encoding "LATIN1"'* ]]
}

@test "a database without anything is a sealed archive too" {
	bk-dump empty >a
	ends a
	[[ $(seal_of a) =~ \(db=empty\;host=$(uname -n)\;at=[0-9]{8}T[0-9]{6}Z\;run=[0-9a-f]{16}\)$ ]]
	pg_restore -l a
	[ "$(records a | wc -l)" = 1 ]
	bk-dump -s weird | pg_restore -f /dev/null
}

# elsewhen OFFSET CMD...: run CMD on a host whose clock is so far from the
# server's.
elsewhen() {
	ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    faketime -f "$1" "${@:2}"
}

@test "the instant is the server's, on a host whose clock is not" {
	local off at
	for off in -16m +16m -400d; do
		run -1 --separate-stderr elsewhen $off bk-dump empty
		one_line_error bk-dump
		[[ $stderr == *"minutes $([ $off = +16m ] && echo earlier ||
		    echo later) than this host's; "*--any-clock ]]
		[ -z "$output" ]
	done
	for off in '-14m -q' '+14m -q' '-400d --any-clock' '+400d --any-clock'; do
		elsewhen ${off% *} bk-dump ${off#* } empty >a
		[[ $(seal_of a) =~ at=([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z ]]
		at=("${BASH_REMATCH[@]:1}")
		at="${at[0]}-${at[1]}-${at[2]}T${at[3]}:${at[4]}:${at[5]}Z"
		[ "$(records a | tail -n 1 | jq -r .started)" = "$at" ]
		# within a minute of the server's, which is ours
		[ $(($(date +%s) - $(date -d "$at" +%s))) -lt 60 ]
	done
}

@test "the manifest tells what was dumped, the records each table" {
	bk-dump -j 1 -t large -t types weird >a
	n=$(psql -XAtc 'SELECT count(*) FROM large' weird)
	psql -XAtc 'COPY large TO STDOUT' weird >text
	records a | grep '"table":"large"' |
	    grep "\"rows\":$n,\"bytes\":$(stat -c %s text),"
	records a | tail -n 1 >m
	grep '^{"bk":"manifest","version":1,"database":"weird"' m
	grep '"options":\["-tlarge","-ttypes"\]' m
	grep "\"tables\":2,\"rows\":$((n + 2))," m
	grep -E '"system_identifier":"[0-9]+".*"lsn":"[0-9A-F]+/' m
	[ "$(stat -c %s m)" -lt 2200 ]
}

@test "piped into pg_restore, both succeed, however slow it is" {
	long
	local i
	createdb -T template0 again
	for i in $(seq 20); do
		run -0 bash -c "set -o pipefail; bk-dump -j $((i % 4 + 1)) light |
		    { read -r -n 5 -d '' m; read -r -t 0.0$((i % 10)) <> <(:)
		      { printf %s \"\$m\"; cat; } | pg_restore -f /dev/null; }"
	done
	bk-dump weird | pg_restore -d again
	dropdb again
}

@test "code in a large table's indexes is not called by reading its ranges" {
	pg_start "$PWD/code"
	psql -qX -c 'CREATE ROLE carol LOGIN' -c 'CREATE DATABASE cdb' \
	    -c 'ALTER DATABASE cdb SET constraint_exclusion = on' postgres
	psql -qX -c 'CREATE SCHEMA c AUTHORIZATION carol' \
	    -c 'GRANT CREATE ON DATABASE cdb TO carol' cdb
	psql -qX -v ON_ERROR_STOP=1 -U carol cdb <<-'SQL'
	SET max_parallel_maintenance_workers = 0;
	CREATE FUNCTION c.say() RETURNS int LANGUAGE plpgsql AS $$
	BEGIN RAISE LOG 'code of carol as %', current_user; RETURN 1; END $$;
	CREATE FUNCTION c.g(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN PERFORM c.say(); RETURN 1; END';
	CREATE FUNCTION c.add(a int, b int) RETURNS int IMMUTABLE
	    LANGUAGE plpgsql AS 'BEGIN RETURN a + c.g(b); END';
	CREATE OPERATOR c.+ (FUNCTION = c.add, LEFTARG = int, RIGHTARG = int);
	CREATE TABLE c.t1 AS SELECT i AS a, repeat(md5(i::text), 20) AS b
	    FROM generate_series(1, 15000) i;
	CREATE TABLE c.t2 AS TABLE c.t1;
	CREATE TABLE c.t3 AS TABLE c.t1;
	CREATE TABLE c.t4 AS TABLE c.t1;
	CREATE TABLE c.t5 AS TABLE c.t1;
	CREATE TABLE c.plain AS TABLE c.t1;
	CREATE EXTENSION pg_trgm SCHEMA c;
	CREATE FUNCTION c.h(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	    'BEGIN RETURN c.g(a); END';
	ALTER EXTENSION pg_trgm ADD FUNCTION c.h(int);
	CREATE INDEX ON c.t5 ((a + c.h(1)));
	CREATE INDEX ON c.t1 (a) WHERE a < c.g(1);
	CREATE INDEX ON c.t2 ((a + (1 OPERATOR(c.+) 1)));
	CREATE STATISTICS c.s ON (a + c.g(1)), b FROM c.t3;
	ALTER TABLE c.t4 ADD CHECK (a > c.g(1) - 1);
	CREATE INDEX ON c.plain (lower(b)) WHERE a < 7;
	SQL
	psql -qX -c "ALTER SYSTEM SET log_statement = 'all'" \
	    -c 'SELECT pg_reload_conf()' postgres >/dev/null
	: >"$PGHOST/log"
	bk-dump cdb >cdb.bk
	bk-verify -q --against cdb -o r <cdb.bk
	run -1 grep -a 'code of carol as postgres' "$PGHOST/log"
	# and yet what is harmless is read so
	grep -aq 'SELECT a, b FROM ONLY "c"."plain" WHERE ctid' "$PGHOST/log"
	pg_stop "$PWD/code"
}
