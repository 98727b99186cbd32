# What tests of bk-base share: a cluster with checksums, tablespaces and odd
# names in setup_file, backups that stand still, streams that must be refused.
#
# PGUSER is a role that may replicate and nothing else; sql runs as ADMIN.

LONG=$(printf 'n%.0s' {1..70})

setup_file() {
	wal_start "$BATS_FILE_TMPDIR/pg"
	wal_tablespace one
	wal_tablespace two
	wal_sql "CREATE TABLE t AS SELECT i, md5(i::text) FROM
	    generate_series(1, 20000) i"
	wal_sql "CREATE TABLE t1 TABLESPACE one AS TABLE t"
	wal_sql "CREATE TABLE t2 TABLESPACE two AS TABLE t"
	wal_sql 'CREATE DATABASE empty'
	# the place of this one has no room in a header
	ODD="$PGHOST/an odd, $(printf 'x%.0s' {1..120})/\"place\""
	pg_as mkdir -p "$ODD"
	wal_sql "CREATE TABLESPACE odd LOCATION '$ODD'"
	wal_sql "CREATE TABLE t3 TABLESPACE odd AS TABLE t"
	# what is no longer than 99 bytes for the server is longer in our tar
	SPACE=$(echo "$PGHOST"/space-one/PG_*)
	pg_as touch "$PGHOST/data/a name
of two lines" "$PGHOST/data/"$'\377\376' "$SPACE/$LONG"
	pg_as cp "$PGHOST/data/PG_VERSION" "$PGHOST/data/*"
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	pg_use "$BATS_FILE_TMPDIR/pg"
	ADMIN=$PGUSER PGUSER=bk
}

teardown() {
	[ -z "${BASE-}" ] || kill -9 "$BASE" 2>/dev/null || :
	pg_stop "$BATS_TEST_TMPDIR/standby"
	pg_stop "$BATS_TEST_TMPDIR/side"
	pg_stop "$BATS_TEST_TMPDIR/other"
}

sql() {
	PGUSER=$ADMIN wal_sql "$@"
}

is() {
	[ "$(sql "SELECT $1")" = t ]
}

none_left() {
	is "count(*) = 0 FROM pg_stat_progress_basebackup" &&
	    is "count(*) = 0 FROM pg_replication_slots WHERE
	    slot_name LIKE 'bk_base_%'"
}

# unready: --check finds a problem by now.
unready() {
	run --separate-stderr bk-base --check
	[ "$status" = 1 ]
}

# paused_base OPTION...: a backup that is being sent, to the file out, through
# a pipe that nobody reads yet.  $BASE is its process.
paused_base() {
	mkfifo fifo
	bk-base -c fast "$@" >fifo 2>err 3>&- &
	BASE=$!
	exec 5<fifo
	await is "count(*) > 0 FROM pg_stat_progress_basebackup WHERE
	    phase LIKE 'streaming%'"
	await read -r -t 0 -u 5	# the first of it is there
}

resume() {
	cat <&5 >out
	exec 5<&-
	status=0
	wait "$BASE" || status=$?
	BASE=
}

# unsealed FILE: every reader refuses it.
unsealed() {
	run -3 --separate-stderr bash -c 'bk-gz <"$1" >/dev/null' sh "$1"
	[[ $stderr == *unfinished* ]]
}

# recover TAR: start what is in it, tablespaces and all, in $SIDE.
recover() {
	local oid
	PGUSER=$ADMIN wal_side "$PWD/side" "${2-}"
	pg_as mkdir -m 700 "$SIDE"
	tar -xf "$1" -C "$SIDE"
	: >"$SIDE/tablespace_map"
	for oid in $(cd "$SIDE/pg_tblspc" && echo *); do
		[ "$oid" != '*' ] || continue
		mv "$SIDE/pg_tblspc/$oid" "$SIDE.$oid"
		echo "$oid $SIDE.$oid" >>"$SIDE/tablespace_map"
	done
	chown -R --reference="${SIDE%/*}" "${SIDE%/*}"
	wal_run "$PWD/side"
}
