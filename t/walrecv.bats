#!/usr/bin/env bats
# bk-walrecv: what a server wrote is handed over, once it is safe, and no less.

load support/common
load support/pg
load support/wal

setup_file() {
	wal_start "$BATS_FILE_TMPDIR/pg"
	wal_sql 'CREATE TABLE t (n int, pad text)'
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir store spool
	PG=$BATS_FILE_TMPDIR/pg
	STORE="bk-save -q $PWD/store/\$BK_WAL_NAME"
	RECEIVERS=()
	export TMPDIR=$BATS_TEST_TMPDIR
}

teardown() {
	local pid slot
	for pid in "${RECEIVERS[@]}"; do
		kill -9 "$pid" 2>/dev/null || :
	done
	load_stop
	pg_use "$PG"
	for slot in $(wal_sql "SELECT slot_name FROM pg_replication_slots
	    WHERE NOT active"); do
		wal_sql "SELECT pg_drop_replication_slot('$slot')" >/dev/null
	done
}

# receive ARG...: start one as the role bk; its pid is R, its messages in err.
receive() {
	bk-walrecv -U bk "$@" 2>>err 3>&- 4>&- &
	R=$!
	RECEIVERS+=("$R")
}

# receiving [N]: it says for the Nth time that it is.
receiving() {
	[ "$(grep -c 'receiving from' err)" -ge "${1:-1}" ]
}

# ended STATUS: the last one has ended with that.
ended() {
	local status=0
	wait "$R" || status=$?
	[ "$status" = "$1" ] || { echo "ended with $status" >&2; cat err >&2; return 1; }
}

# write_wal [ROWS]: 300 bytes each.
write_wal() {
	wal_sql "INSERT INTO t SELECT g, repeat('x', 270)
	    FROM generate_series(1, ${1:-10000}) g"
}

stored() {
	[ -s "store/$1" ]
}

# same NAME: what was stored is what the server has.
same() {
	cmp "store/$1" "$PGHOST/data/pg_wal/$1"
}

@test "segments are handed over, confirmed, and are the server's" {
	local last name
	receive --slot bk "$STORE"
	await 20 receiving
	write_wal
	last=$(wal_switch)
	await 20 stored "$last"
	for name in store/*; do
		same "${name#store/}"
	done
	[ "$(find store -type f | wc -l)" -ge 3 ]
	kill -TERM "$R"
	ended 143
	[ "$(wal_sql "SELECT restart_lsn = '0/0'::pg_lsn + (x'${last:8:8}'::int
	    * 4294967296 + x'${last:16}'::int * 1048576 + 1048576)
	    FROM pg_replication_slots WHERE slot_name = 'bk'")" = t ]
	[ "$(cat err)" = "bk-walrecv: slot bk: made on $(uname -n)
bk-walrecv: receiving from $(uname -n), timeline 1, $(sed -n 's/.*timeline 1, \(.*\), slot.*/\1/p' err), slot bk" ]
	# nothing of it is left behind
	[ -z "$(find . -name 'bk-walrecv.*')" ]
}
