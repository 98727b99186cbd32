#!/usr/bin/env bats
# A database's owner decides on its search_path, and so on which operator = is
# found: none of ours is looked up by it.

load support/common
. "$SUPPORT/pg.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

# sql DATABASE STATEMENT...: by a session whose path is not the database's.
sql() {
	local db=$1 args=() stmt
	shift
	for stmt; do args+=(-c "$stmt"); done
	PGOPTIONS='-c search_path=pg_catalog' \
	    psql -qXAt -v ON_ERROR_STOP=1 "${args[@]}" "$db"
}

# unseen COMMAND...: it succeeds, and nothing of the mirror has run.
unseen() {
	: >"$PGHOST/log"
	run --separate-stderr "$@"
	[ "$status" = 0 ] || { echo "$*: $status: $stderr"; return 1; }
	if grep -o 'hijacked: .*' "$PGHOST/log" >found; then
		echo "$*:"
		sort found | uniq -c
		return 1
	fi
}

# unseen_to FILE COMMAND..., unseen_by FILE COMMAND...: its output, its input.
unseen_to() { unseen bash -c 'f=$1; shift; exec "$@" >"$f"' _ "$@"; }
unseen_by() { unseen bash -c 'f=$1; shift; exec "$@" <"$f"' _ "$@"; }

# hostile DATABASE: what psql runs there is not PostgreSQL's.
hostile() {
	sql postgres "ALTER DATABASE $1 SET search_path = h, public, pg_catalog"
	: >"$PGHOST/log"
	psql -XAtc "SELECT count(*) FROM pg_class WHERE (relname = 'x') IS NOT
	    NULL AND length(relname::text) > 1" "$1" >/dev/null
	for what in 'operator =' 'operator >' 'function length' aggregate \
	    'relation pg_class' 'type text'; do
		grep -q "hijacked: $what, by postgres" "$PGHOST/log" ||
		    { echo "no mirror of $what"; return 1; }
	done
}

# whole: of a dump that has the mirror and the path.
whole() {
	unseen_by shop.bk bk-verify -q --restore --trust-code --sql queries -o r
	unseen_by shop.bk bk-restore -q --into copy
	unseen_by shop.bk bk-restore -q --replace copy copy
	unseen bk-restore --list-old copy
	unseen bk-restore -q --rollback copy
	unseen bk-restore -q --drop-old copy
	unseen_by shop.bk bk-restore -q --globals --into other
}

# none_runs MAJOR
none_runs() {
	pg_among "$1" || skip "$PG_WHY"
	if [ "$1" -gt 15 ]; then
		why=$("$SUPPORT/pg-clients.sh" $(($1 < 18 ? 18 : $1)) "$PWD/clients" 2>&1) || skip "$why"
		export BK_PG_BINDIR=$PWD/clients/bin
	fi
	PG_CONF='wal_level = logical' pg_start "$PWD/pg" "$1"
	createdb shop
	sql shop 'CREATE SCHEMA s' \
	    'CREATE TABLE s.a (i pg_catalog.int4 PRIMARY KEY, t pg_catalog.text)' \
	    "INSERT INTO s.a SELECT g, 'x' FROM generate_series(1, 9) g" \
	    'CREATE TABLE s.b (i pg_catalog.int4 REFERENCES s.a)' \
	    'INSERT INTO s.b SELECT i FROM s.a' \
	    'CREATE SEQUENCE s.q' "SELECT nextval('s.q')" \
	    'CREATE MATERIALIZED VIEW s.m AS SELECT i FROM s.a WHERE i > 3' \
	    'CREATE TABLE public.o (n pg_catalog.int4)' \
	    'INSERT INTO public.o VALUES (1), (2)' \
	    "SELECT lo_from_bytea(0, 'x')" >/dev/null
	psql -qX -v ON_ERROR_STOP=1 -f "$SUPPORT/mirror.sql" shop
	hostile shop
	echo 'SELECT count(*) = 2 FROM o;
	    SELECT max(t) = $$x$$ FROM s.a' >queries
	unseen_to shop.bk bk-dump --globals shop
	unseen_to s.bk bk-dump -n s shop
	export PGDATABASE=shop
	unseen_by shop.bk bk-verify -q --against shop --sql queries -o r
	# 15's pg_dump writes operators that 10 does not read
	[ "$1" = 10 ] || whole
	sql shop 'ALTER TABLE s.b RENAME TO old'
	unseen_by s.bk bk-restore -q -t s.b shop
	sql shop 'DROP TABLE s.b' 'ALTER TABLE s.old RENAME TO b' \
	    'TRUNCATE s.b'
	unseen_by s.bk bk-restore -q -t s.b --data-only shop
	unseen_by s.bk bk-restore -q -t s.a --replace-table shop
	unseen bk-stat
	unseen bk-stat --json
	[ "$1" -lt 13 ] || unseen_to base.tar bk-base -q -c fast
	[ "$1" != 15 ] || {
		unseen_by shop.bk bk-verify -q --scratch --sql queries -o r
		# the queries are for the only database of a base backup
		dropdb --maintenance-db=postgres copy
		dropdb --maintenance-db=postgres other
		unseen_to base.tar bk-base -q -c fast
		unseen_by base.tar bk-verify -q --scratch --sql queries -o r
	}
}

@test "PostgreSQL 10: no operator or function of the database's path" { none_runs 10; }
@test "PostgreSQL 13: no operator or function of the database's path" { none_runs 13; }
@test "PostgreSQL 15: no operator or function of the database's path" { none_runs 15; }
@test "PostgreSQL 16: no operator or function of the database's path" { none_runs 16; }
@test "PostgreSQL 17: no operator or function of the database's path" { none_runs 17; }
@test "PostgreSQL 18: no operator or function of the database's path" { long; none_runs 18; }
@test "PostgreSQL 19: no operator or function of the database's path" { none_runs 19; }
