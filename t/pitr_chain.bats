#!/usr/bin/env bats
# Incremental backups of PostgreSQL 17 to 19, of which each holds what changed
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

# start MAJOR: a server, beside it its programs in clients/bin, and what we
# store, where it may read that.
start() {
	local why
	pg_among "$1" || skip "$PG_WHY"
	PG_CONF='summarize_wal = on' wal_start pg "$1"
	why=$("$SUPPORT/pg-clients.sh" "$1" "$PGHOST/clients" 2>&1) || skip "$why"
	MAJOR=$1 CLUSTER=$PGHOST
	export BK_PG_BINDIR=$PGHOST/clients/bin
	wal_dir store
	wal_archive
	wal_env
}

# chain: base 0 and increments 1 to 3; then WAL to a moment before a DROP
# TABLE, and behind it.
chain() {
	local i
	wal_tablespace fast
	wal_tablespace slow
	wal_sql "CREATE TABLE orders TABLESPACE fast AS
	    SELECT i AS id, md5(i::text) AS what FROM generate_series(1, 20000) i"
	wal_sql "CREATE TABLE gone TABLESPACE slow AS SELECT * FROM orders"
	load_start commits 1
	PGUSER=bk bk-base -c fast --manifest m0 >"$CLUSTER/store/0.tar"
	for i in 1 2 3; do
		wal_sql "UPDATE orders SET what = 'changed $i' WHERE id % 10 = $i"
		[ $i != 2 ] || wal_sql 'DROP TABLE gone'
		[ $i != 3 ] || wal_sql "CREATE TABLE late TABLESPACE slow AS
		    SELECT * FROM orders"
		PGUSER=bk bk-base -c fast --incremental m$((i - 1)) \
		    --manifest m$i >"$CLUSTER/store/$i.tar"
	done
	wc -l <commits >lines
	wal_sql "SELECT clock_timestamp() AT TIME ZONE 'UTC' || 'Z'" >target
	wal_sql 'DROP TABLE orders'
	load_stop
	wal_archived "$(wal_switch)"
}

# recover BASE INCREMENT...: to the target, in side.
recover() {
	local base=$1 options=() i
	for i in "${@:2}"; do
		options+=(--incremental "cat $CLUSTER/store/$i.tar")
	done
	wal_side side "$MAJOR"
	wal_as bk-pitr -D "$SIDE" "${options[@]}" --target "$(<target)" \
	    --map "$CLUSTER/space-fast=${SIDE%/data}/fast" \
	    --map "$CLUSTER/space-slow=${SIDE%/data}/slow" \
	    --wal "cd $CLUSTER/archive && { [ -e \$BK_WAL_NAME ] || exit 4; } &&
		cat \$BK_WAL_NAME" <"$CLUSTER/store/$base.tar"
}

# right: the cluster in use has what was there.
right() {
	load_holds commits "$(<lines)"
	[ "$(wal_sql 'SELECT count(*), count(*) FILTER (WHERE what ~ $$changed$$)
	    FROM orders')" = '20000|6000' ]
	[ "$(wal_sql 'SELECT count(*) FROM late')" = 20000 ]
	[ "$(wal_sql "SELECT to_regclass('gone') IS NULL")" = t ]
}

# refused CHAIN...: it has a gap, or another order; nothing is there that would
# start.
refused() {
	run -3 --separate-stderr recover "$@"
	one_line_error bk-pitr
	[ ! -e "$SIDE/PG_VERSION" ]
	pg_stop side
}

each() {
	start "$1"
	chain
	refused 0 1 3
	refused 0 2 1 3
	refused 1 2 3
	recover 0 1 2 3
	wal_run side
	right
	run -0 "$BK_PG_BINDIR/pg_amcheck" -h "$PGHOST" -p "$PGPORT" -U postgres \
	    --install-missing -d postgres
	[ -z "$output" ]
	# by itself it is none to start a server with
	BK_PG_BINDIR=$PG_BIN run -1 --separate-stderr bk-verify --scratch \
	    -o r <"$CLUSTER/store/1.tar"
	[[ $stderr == *': an incremental backup; '* ]]
}

@test "a chain of three increments, PostgreSQL 17" {
	each 17
}

@test "a chain of three increments, PostgreSQL 18" {
	long
	each 18
}

@test "a chain of three increments, PostgreSQL 19" {
	each 19
}
