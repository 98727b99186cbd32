#!/usr/bin/env bats
# What talks to a server, and each call of it that fails: t/unit/starve.h.
load support/common
. "$SUPPORT/pg.bash"

setup_file() {
	local major=
	# one that lacks what dumps of later ones have
	if pg_among 13; then major=13; fi
	pg_start "$BATS_FILE_TMPDIR/pg" $major
	cd "$BATS_FILE_TMPDIR"
	createdb -T template0 shop
	psql -qX shop <<-'SQL'
	CREATE TABLE a (i int PRIMARY KEY, t text);
	INSERT INTO a SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, 99) i;
	CREATE TABLE b (i int);
	SELECT lo_from_bytea(4711, '\x00010203'), lo_from_bytea(4712, repeat('x', 70000)::bytea);
	SQL
	"${PG_CLIENT}pg_dump" -Fc -Z0 shop >shop.dump
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_FILE_TMPDIR"
}

# starved UNIT ARGUMENT...
starved() {
	run "${BK_BIN%/bin}/t/$1.t" "${@:2}"
	grep -v '^ok' <<<"$output" | grep . | sed 's/^/# /' >&3
	[ "$status" = 0 ]
}

@test "a dump" {
	long
	starved dump_tasks shop shop.dump
}

@test "connections, scripts, roles, rows, databases, health" {
	long
	bk-dump shop >shop.bk
	createdb starved_a
	starved server_calls shop shop.bk
	dropdb starved_a
}
