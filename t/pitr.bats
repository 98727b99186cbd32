#!/usr/bin/env bats
# bk-pitr: recovery to each kind of target on a real server; what is refused
# before a server is started.

load support/common

setup_file() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_FILE_TMPDIR"
	wal_start old && wal_archive
	TOOLS=$(wal_tools)
	wal_sql 'CREATE TABLE t(n int)' && wal_sql 'INSERT INTO t VALUES (1)'
	bk-base -q -c fast >base.tar
	wal_sql 'INSERT INTO t VALUES (2)'
	wal_sql "SELECT pg_create_restore_point('two')"
	lsn=$(wal_sql 'SELECT pg_current_wal_lsn()')
	xid=$(wal_sql 'WITH i AS (INSERT INTO t VALUES (3) RETURNING 1)
	    SELECT pg_current_xact_id() FROM i')
	wal_switch
	wal_sql 'INSERT INTO t SELECT 4 FROM generate_series(1, 20000)'
	wal_switch
	time=$(wal_sql 'SELECT clock_timestamp()')
	wal_sql 'DROP TABLE t'
	wal_archived "$(wal_switch)"
	ln -s "$PGHOST" home
	chmod -R a+rX "$PGHOST/archive"
	# the machine is lost; its port and its socket are free for the next
	pg_ctl_ old -m immediate stop
	printf '%s\n' "$lsn" "$xid" "$time" >targets
	export TOOLS
}

teardown_file() {
	. "$SUPPORT/pg.bash"
	pg_stop "$BATS_FILE_TMPDIR/old"
}

setup() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
	F=$BATS_FILE_TMPDIR
	{ read -r LSN; read -r XID; read -r TIME; } <"$F/targets"
	ARCHIVE=$(readlink "$F/home")/archive
	cp -R "$ARCHIVE" wal
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/new"
}

# from DIR: a --wal COMMAND for the archive in DIR.
from() {
	echo "test -e $1/\$BK_WAL_NAME || exit 4; cat $1/\$BK_WAL_NAME"
}

# pitr TARGET ARG...: into a new $SIDE, from the copied archive.
pitr() {
	local target=$1
	shift
	[ -e new/home ] || wal_side new
	[ -d "$SIDE" ] || pg_as mkdir -m 700 "$SIDE"
	"$TOOLS/bk-pitr" -q -D "$SIDE" --target "$target" \
	    --wal "$(from "$ARCHIVE")" "$@" <"$F/base.tar"
}

# try TARGET [DIR]: is it proven, from the archive in DIR?
try() {
	bk-pitr -q -D nowhere --dry-run --target "$1" \
	    --wal "$(from "${2-$PWD/wal}")" <"$F/base.tar"
}

# after TARGET: what the table has once it was recovered to.
after() {
	run -0 --separate-stderr pitr "$1" --start || echo "$stderr"
	[[ $output =~ ^reached=[^\ ]*\ lsn=[0-9A-F]+/[0-9A-F]+\ timeline=2\ seconds=[0-9]+$ ]]
	pg_use "$F/old"
	wal_sql 'SELECT string_agg(DISTINCT n::text, $$ $$ ORDER BY n::text) FROM t'
	[ ! -e "$SIDE/bk_wal" ]
	pg_stop new
}

@test "to a time, a restore point, an LSN, a transaction, the backup's end" {
	[ "$(after "$TIME")" = '1 2 3 4' ]
	[ "$(after two)" = '1 2' ]
	[ "$(after "$LSN")" = '1 2' ]
	[ "$(after "xid:$XID")" = '1 2 3' ]
	[ "$(after immediate)" = 1 ]
	[[ $(after latest 2>&1) == *'relation "t" does not exist'* ]]
}
