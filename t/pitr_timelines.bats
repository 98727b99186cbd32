#!/usr/bin/env bats
# bk-pitr: across a promotion, along one timeline or another, with tablespaces
# and WAL that was handed over before it was complete.

load support/common

setup_file() {
	local home
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_FILE_TMPDIR"
	wal_start old && wal_archive && TOOLS=$(wal_tools)
	home=$PGHOST
	wal_tablespace one && wal_tablespace two
	wal_sql 'CREATE TABLE t(n int) TABLESPACE one'
	wal_sql 'CREATE TABLE u(n int) TABLESPACE two'
	wal_sql 'INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)'
	bk-base -q -c fast >base.tar
	wal_switch
	wal_sql 'INSERT INTO t VALUES (2)'
	wal_sql "SELECT pg_create_restore_point('parting')"
	wal_sql 'INSERT INTO t VALUES (3)'
	wal_sql "SELECT pg_create_restore_point('alone')"
	wal_archived "$(wal_switch)"
	pg_ctl_ old -m immediate stop
	# the second timeline begins before the first one's end, and writes into
	# the same archive
	wal_side second
	pg_as mkdir -m 700 "$SIDE"
	"$TOOLS/bk-pitr" -q -D "$SIDE" --start --set listen_addresses= --archive --target parting \
	    --map "$home/space-one=$(readlink second/home)/one" \
	    --map "$home/space-two=$(readlink second/home)/two" \
	    --wal "$(from "$home/archive")" <base.tar >second.out
	wal_sql 'INSERT INTO t VALUES (4)'
	wal_sql "SELECT pg_create_restore_point('later')"
	wal_archived "$(wal_switch)"
	pg_ctl_ second -m immediate stop
	ln -s "$home" home
	chmod -R a+rX "$home/archive"
	export TOOLS
}

teardown_file() {
	. "$SUPPORT/pg.bash"
	pg_stop "$BATS_FILE_TMPDIR/old"
	pg_stop "$BATS_FILE_TMPDIR/second"
}

setup() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
	F=$BATS_FILE_TMPDIR
	ARCHIVE=$(readlink "$F/home")/archive
	cp -R "$ARCHIVE" wal
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/new"
	pg_stop "$BATS_TEST_TMPDIR/other"
	pg_stop "$BATS_TEST_TMPDIR/first"
}

from() {
	echo "test -e $1/\$BK_WAL_NAME || exit 4; cat $1/\$BK_WAL_NAME"
}

# try TARGET ARG...: is it proven, from the copied archive?
try() {
	local target=$1
	shift
	bk-pitr -q -D nowhere --dry-run --target "$target" \
	    --wal "$(from "$PWD/wal")" "$@" <"$F/base.tar"
}

# after TARGET ARG...: what the table has once it was recovered to.
after() {
	local target=$1 home
	shift
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	home=$(readlink new/home)
	"$TOOLS/bk-pitr" -q -D "$SIDE" --start --set listen_addresses= --target "$target" \
	    --map "$(readlink "$F/home")/space-one=$home/one" \
	    --map "$(readlink "$F/home")/space-two=$home/two" \
	    --wal "$(from "$ARCHIVE")" "$@" <"$F/base.tar" >out || return
	pg_use "$F/old"
	wal_sql 'SELECT string_agg(n::text, $$ $$ ORDER BY n),
	    (SELECT count(*) FROM u) FROM t'
	[ -d "$home/one/PG_"* ] || return
	pg_stop new
}

@test "the newest timeline, an older one, a restore point on either" {
	long
	[ "$(after latest)" = '1 2 4|1' ]
	[ "$(after later --timeline 2)" = '1 2 4|1' ]
	[ "$(after latest --timeline current)" = '1 2 3|1' ]
	[ "$(after alone --timeline 1)" = '1 2 3|1' ]
	[ "$(after parting)" = '1 2|1' ]
}

@test "a timeline that is not there, or has a hole where it begins" {
	local first
	run -3 --separate-stderr try latest --timeline 7
	[[ $stderr == *"00000007.history: not in the archive"* ]]
	run -3 --separate-stderr try alone
	[[ $stderr == *'"alone": not in the WAL, which ends at '*" of timeline 2 "*'"parting", "later"'* ]]
	first=$(find wal -name '00000002*[0-9A-F]' | sort | head -n 1)
	rm "$first"
	run -3 --separate-stderr try later
	[[ $stderr == *"${first#*/}: not in the archive"* ]]
	# a name does not make it another timeline's
	cp "wal/00000001${first##*/00000002}" "$first"
	run -3 --separate-stderr try later
	[[ $stderr == *"${first#*/}: holds WAL of another timeline than 2 "* ]]
	printf 'rubbish\n' >wal/00000002.history
	run -3 --separate-stderr try later
	[[ $stderr == *"00000002.history: "* ]]
}

@test "the older timeline went on for longer than the newer one" {
	local last beyond
	last=$(find wal -name '00000002*[0-9A-F]' | sort | tail -n 1)
	last=${last##*/}
	beyond=00000001${last:8:8}$(printf %08X $((16#${last:16} + 1)))
	[ ! -e "wal/$beyond" ]
	cp "wal/00000001${last:8}" "wal/$beyond"
	run -0 --separate-stderr try latest
	[[ $stderr != *damaged* ]]
	run -3 --separate-stderr try later --timeline 1
}

@test "the last segment, handed over before it was complete" {
	local last size
	last=$(find wal -name '00000002*[0-9A-F]' | sort | tail -n 1)
	run -0 try later
	# as bk-walrecv hands it over: up to some byte in a record
	size=$(perl -0777 -ne 's/\0+\z//; print length' "$last")
	head -c $((size - 10)) "$last" >"$last.partial"
	rm "$last"
	run -0 --separate-stderr try latest
	run -0 try parting
	# a flipped bit in it is none of that
	perl -0777 -pi -e 'substr($_, 200, 1) ^= "\x10"' "$last.partial"
	run -3 --separate-stderr try latest
	[[ $stderr == *"${last#*/}: damaged at "* ]]
}

@test "a tablespace's place is not free" {
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	run -1 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" --target latest \
	    --wal "$(from "$ARCHIVE")" <"$F/base.tar"
	[[ $stderr == *"/space-"*": not empty"*"--map "* ]]
	[ ! -e "$SIDE/PG_VERSION" ]
}

# start_from TAR TARGET WAL: recover it in new, for the server's user.  Its port
# and its socket are those of the server that was backed up.
start_from() {
	wal_side new
	pg_as mkdir -m 700 "$SIDE"
	"$TOOLS/bk-pitr" -q -D "$SIDE" --start --set listen_addresses= \
	    --target "$2" --wal "$3" <"$1"
}

@test "of a quiet standby, whose WAL ends where it is consistent" {
	long
	wal_start "$PWD/first"
	wal_sql 'CREATE TABLE t AS SELECT 7 AS n'
	wal_standby other first
	bk-base -q -c fast >quiet.tar
	pg_ctl_ other -m fast stop
	run -0 --separate-stderr env -u PGHOST -u PGPORT \
	    bk-verify --scratch <quiet.tar
	[ "$(jq -r .proof <<<"$output")" = recovery ]
	start_from quiet.tar immediate 'exit 4'
	[ "$(wal_sql 'SELECT n FROM t')" = 7 ]
}

@test "WAL that ends with a commit: the instant is that commit's" {
	local last end dir
	wal_start "$PWD/first"
	wal_sql 'CREATE TABLE t (n int)'
	bk-base -q -c fast >base.tar
	wal_sql 'INSERT INTO t VALUES (1)'
	wal_sql 'INSERT INTO t VALUES (2)'
	last=$(wal_sql 'SELECT pg_walfile_name(pg_current_wal_lsn())')
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	pg_ctl_ first -m immediate stop
	dir=$(wal_dir archive)
	# as a receiver has it: zeros after the end, in a segment of 1 MB
	head -c $((0x${end#*/} & 0xFFFFF)) "$PGHOST/data/pg_wal/$last" \
	    >"$dir/$last.partial"
	truncate -s 1M "$dir/$last.partial"
	start_from base.tar latest "$(from "$dir")" >reached
	last=$(wal_sql "SELECT to_char(pg_xact_commit_timestamp(xmin)
	    AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')
	    FROM t WHERE n = 2")
	[[ -n $last && $(<reached) == "reached=${last}Z lsn="* ]]
}
