#!/usr/bin/env bats
# Increments, unpacked and combined: what is a chain and what is none.
# t/unit/datadir.c has the refusals that need no server.

load support/common

setup() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	cd "$BATS_TEST_TMPDIR"
	pg_stop "$PWD/new"
	pg_stop "$PWD/pg"
}

# refused STATUS TEXT CMD...: fails with one line that has TEXT.
refused() {
	local status=$1 text=$2
	shift 2
	run "-$status" --separate-stderr "$@"
	[[ $stderr == *"$text"* ]] || echo "$stderr" >&2
	[[ $stderr == *"$text"* ]]
	one_line_error bk-pitr
}

# chain BASE INCREMENT...: unpacked, to the end of the last.
chain() {
	local base=$1 options=() i
	for i in "${@:2}"; do
		options+=(--incremental "cat $PWD/$i")
	done
	"$TOOLS/bk-pitr" -q -D "$SIDE" --target immediate "${options[@]}" \
	    <"$base"
}

# another_cluster MANIFEST: of this one an increment can be made, of another's
# none.
another_cluster() {
	run -0 bk-base -U bk --check --incremental "$1"
	[[ $output == *$'\nok\tincremental: '*' is of this cluster'* ]]
	sed '/^"Manifest-Checksum"/d
	    s/^"System-Identifier": [0-9]*/"System-Identifier": 7/' "$1" >other
	printf '"Manifest-Checksum": "%s"}\n' "$(sha256sum <other | head -c 64)" \
	    >>other
	run -1 --separate-stderr bk-base -U bk --check --incremental other
	[[ $output == *$'\nproblem\tincremental: other: of another cluster: '* ]]
}

@test "increments: one chain, in order, of one cluster, and none alone" {
	long
	local why i
	pg_have 17 || skip "$PG_WHY"
	WAL_INITDB='--wal-segsize=1 --no-sync' PG_CONF='summarize_wal = on' \
	    wal_start pg 17
	TOOLS=$(wal_tools)
	wal_side new 17
	pg_as mkdir -m 700 "$SIDE"
	cd "${SIDE%/data}"	# whose files the server's user can read
	why=$("$SUPPORT/pg-clients.sh" 17 "$PWD/clients" 2>&1) || skip "$why"
	export BK_PG_BINDIR=$PWD/clients/bin
	run -0 bk-base -U bk --check
	[[ $output == *$'\nok\tsummarize_wal: on, --incremental works'* ]]
	bk-base -q -U bk -c fast --manifest m0 >0.tar
	another_cluster m0
	for i in 1 2; do
		wal_sql "CREATE TABLE t$i AS SELECT generate_series(1, 9999)"
		bk-base -q -U bk -c fast --incremental m$((i - 1)) \
		    --manifest m$i >$i.tar
	done
	pg_ctl_ "$BATS_TEST_TMPDIR/pg" stop
	clients/bin/pg_checksums --enable -D "$PGHOST/data" >/dev/null
	pg_ctl_ "$BATS_TEST_TMPDIR/pg" start
	bk-base -q -U bk -c fast --incremental m2 >3.tar
	refused 3 'an increment' "$TOOLS/bk-pitr" -q -D "$SIDE" \
	    --target immediate <1.tar
	refused 3 'increment' chain 1.tar 2.tar
	refused 3 'a full backup; all but the first must be' chain 0.tar 0.tar
	refused 3 'one is missing or they are out of order' chain 0.tar 2.tar
	refused 3 'one is missing or they are out of order' chain 0.tar 2.tar 1.tar
	refused 3 'one is missing or they are out of order' chain 0.tar 1.tar 1.tar
	head -c 2000000 1.tar >cut.tar
	refused 3 'increment 1: ' chain 0.tar cut.tar
	BK_PG_BINDIR=/nonexistent refused 1 \
	    'pg_combinebackup: none of version 17 found' chain 0.tar 1.tar
	refused 1 'exit' "$TOOLS/bk-pitr" -q -D "$SIDE" --target immediate \
	    --incremental "cat $PWD/1.tar; exit 7" <0.tar
	refused 3 'data checksums were switched' chain 0.tar 1.tar 2.tar 3.tar
	[ -z "$(ls -A "$SIDE")" ]
	mkfifo in && chmod a+r in
	chain 0.tar in 3>&- 4>&- &
	i=$!
	exec 8>in
	head -c 1000000 1.tar >&8
	await test -e "$SIDE/.bk-combine/1/base"
	kill -TERM "$(pgrep -P $i -x bk-pitr || echo $i)"
	wait $i || [ $? = 143 ]
	exec 8>&-
	[ -z "$(ls -A "$SIDE")" ]
	chain 0.tar 1.tar 2.tar
	[ ! -e "$SIDE/.bk-combine" ]
	cd "$BATS_TEST_TMPDIR"
	wal_run new
	[ "$(wal_sql 'SELECT count(*) FROM t2')" = 9999 ]
}
