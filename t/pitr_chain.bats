#!/usr/bin/env bats
# Incremental backups of PostgreSQL 17 and 18, of which each holds what changed
# since the one before: three upon a whole one, under load, two tablespaces.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	load_stop
	pg_stop side
	pg_stop pg
}

# have MAJOR: its server, and its programs, in $PWD/clients/bin.
have() {
	local why
	pg_have "$1" || skip "$PG_WHY"
	why=$("$SUPPORT/pg-clients.sh" "$1" "$PWD/clients" 2>&1) || skip "$why"
	export BK_PG_BINDIR=$PWD/clients/bin
}

# is_archived NAME
is_archived() {
	[ -e "$PGHOST/archive/$1" ]
}

# chain MAJOR: base 0 and increments 1 to 3; then WAL to a moment before a
# DROP TABLE, and behind it.
chain() {
	local i
	PG_CONF='summarize_wal = on' wal_start pg "$1"
	ARCHIVE=$(wal_dir archive)
	wal_archive
	wal_tablespace fast
	wal_tablespace slow
	wal_sql "CREATE TABLE orders TABLESPACE fast AS
	    SELECT i AS id, md5(i::text) AS what FROM generate_series(1, 20000) i"
	wal_sql "CREATE TABLE gone TABLESPACE slow AS SELECT * FROM orders"
	load_start commits 1
	PGUSER=bk bk-base --manifest m0 >0.tar
	for i in 1 2 3; do
		wal_sql "UPDATE orders SET what = 'changed $i' WHERE id % 10 = $i"
		[ $i != 2 ] || wal_sql 'DROP TABLE gone'
		[ $i != 3 ] || wal_sql "CREATE TABLE late TABLESPACE slow AS
		    SELECT * FROM orders"
		PGUSER=bk bk-base --incremental m$((i - 1)) --manifest m$i >$i.tar
	done
	wc -l <commits >lines
	wal_sql "SELECT clock_timestamp() AT TIME ZONE 'UTC' || 'Z'" >target
	wal_sql 'DROP TABLE orders'
	load_stop
	wal_archived "$(wal_switch)"
	# an increment is much smaller than the whole
	[ "$(stat -c %s 3.tar)" -lt $(($(stat -c %s 0.tar) / 2)) ]
}

# recover BASE INCREMENT...: to the target.
recover() {
	local base=$1 options=() i
	for i in "${@:2}"; do
		options+=(--incremental "cat $PWD/$i.tar")
	done
	wal_side side "$MAJOR"
	bk-pitr -D "$SIDE" "${options[@]}" --target "$(<target)" \
	    --map "$PGHOST/space-fast=${SIDE%/data}/fast" \
	    --map "$PGHOST/space-slow=${SIDE%/data}/slow" \
	    --wal "cat $ARCHIVE/\$BK_WAL_NAME" <"$base.tar"
}

# right: the cluster in use has what was there.
right() {
	load_holds commits "$(<lines)"
	[ "$(wal_sql 'SELECT count(*), count(*) FILTER (WHERE what ~ $$changed$$)
	    FROM orders')" = '20000|6000' ]
	[ "$(wal_sql 'SELECT count(*) FROM late')" = 20000 ]
	[ "$(wal_sql "SELECT to_regclass('gone') IS NULL")" = t ]
}

each() {
	MAJOR=$1
	have "$MAJOR"
	chain "$MAJOR"
	recover 0 1 2 3
	clients/bin/pg_controldata "$SIDE" >control
	wal_run side
	right
	run -0 clients/bin/pg_amcheck -h "$PGHOST" -p "$PGPORT" -U postgres \
	    --install-missing -d postgres
	[ -z "$output" ]
}

@test "a chain of three increments, PostgreSQL 17" {
	each 17
}

@test "a chain of three increments, PostgreSQL 18" {
	each 18
}
