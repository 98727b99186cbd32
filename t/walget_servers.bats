#!/usr/bin/env bats
# bk-walget as real servers' restore_command: an outage on every major version,
# many segments, large ones.

load support/common
load support/pg
load support/wal
load support/walside

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	local dir
	for dir in "$BATS_TEST_TMPDIR"/*/; do
		pg_stop "${dir%/}"
	done
}

# stops DIR: it is started, and ends by itself.
stops() {
	wal_place "$1"
	run pg_ctl_ "$1" -t 60 start
	await eval "[ ! -e '$1/home/data/postmaster.pid' ]"
}

# A real server with segments of 1 MiB, that archives by bk-walput; its copy
# recovers, and the archive goes away while it does.
outage() {
	local segments dir tools restore
	MAJOR=$1
	wal_start old "$MAJOR"
	tools=$(wal_tools)
	dir=$(wal_dir archive)
	wal_archive "$tools/bk-walput %p -- '$tools/bk-gz | $tools/bk-save -q $dir/\$BK_WAL_NAME'"
	wal_sql 'CREATE TABLE t (n int)'
	side new old
	mapfile -t segments < <(rows 1 4)
	wal_archived "${segments[3]}"
	pg_as tee "$dir.sh" >/dev/null <<-SH
	[ \$BK_WAL_NAME != ${segments[2]} ] || [ -e $dir.back ] || mv $dir $dir.gone
	cd $dir && { [ -e \$BK_WAL_NAME ] || exit 4; } && exec $tools/bk-gz -d <\$BK_WAL_NAME
	SH
	restore="$tools/bk-walget %f %p -- sh $dir.sh"
	# it stops, and has not become a primary
	restores "$restore"
	stops new
	grep -q "bk-walget: ${segments[2]}: .*can't cd" new/home/log
	grep -q 'FATAL: *could not restore file' new/home/log
	[ ! -e new/home/data/pg_wal/00000002.history ]
	[ -e new/home/data/recovery.signal ]
	# the archive is back, with an object that is damaged; and with a hole
	pg_as mv "$dir.gone" "$dir"
	pg_as touch "$dir.back"
	pg_as cp "$dir/${segments[2]}" "$dir.good"
	pg_as truncate -s -30 "$dir/${segments[2]}"
	stops new
	grep -q "bk-walget: ${segments[2]}: .*unfinished" new/home/log
	pg_as rm "$dir/${segments[2]}"
	stops new
	grep -q "bk-walget: ${segments[2]}: missing" new/home/log
	[ ! -e new/home/data/pg_wal/00000002.history ]
	# all is there, the end is proven
	pg_as mv "$dir.good" "$dir/${segments[2]}"
	PG_CONF= wal_run new
	[ "$(wal_sql 'SELECT count(*), sum(n) FROM t')" = '4|10' ]
	[ -e new/home/data/pg_wal/00000002.history ]
	pg_stop new
	pg_stop old
}

@test "a real recovery with an outage in the middle stops, and does not promote" {
	outage
}

@test "so it does on every major" {
	local major
	for major in 13 14 16 17 18 19; do
		pg_among "$major" || skip "$PG_WHY"
		(outage "$major")
	done
}

@test "1,000 segments: archived several at once, fetched ahead" {
	local tools dir last n
	PG_CONF='max_wal_size = 4GB' wal_start old
	tools=$(wal_tools)
	dir=$(wal_dir archive)
	wal_archive "$tools/bk-walput --spool $(wal_dir records) -j 4 %p -- 'exec $tools/bk-save -q $dir/\$BK_WAL_NAME'"
	wal_sql 'CREATE TABLE t (n int)'
	side new old
	last=$(for ((n = 1; n <= 1000; n++)); do
		echo "INSERT INTO t VALUES ($n); SELECT pg_walfile_name(pg_switch_wal());"
	done | psql -XqAt postgres | tail -n 1)
	await wal_is_archived "$last"
	[ "$(ls "$dir" | wc -l)" -ge 1000 ]
	# no record of what was asked for stays for long
	[ "$(ls "$PGHOST/records" | grep -c stored)" -le 8 ]
	pg_as mkdir "$SIDE.spool"
	recovers new "$tools/bk-walget --spool $SIDE.spool -j 4 %f %p -- 'cd $dir && { [ -e \$BK_WAL_NAME ] || exit 4; } && exec cat \$BK_WAL_NAME'"
	[ "$(wal_sql 'SELECT count(*), sum(n) FROM t')" = '1000|500500' ]
	await eval '[ -z "$(ls "$SIDE.spool")" ]'
	pg_stop new
	pg_stop old
}

@test "segments of 1 GiB" {
	local tools dir last
	WAL_INITDB='--wal-segsize=1024 --no-sync' PG_CONF='max_wal_size = 4GB' wal_start old
	tools=$(wal_tools)
	dir=$(wal_dir archive)
	wal_archive "$tools/bk-walput %p -- '$tools/bk-gz -1 | $tools/bk-save -q $dir/\$BK_WAL_NAME'"
	wal_sql 'CREATE TABLE t (n int)'
	side new old
	last=$(rows 1 1)
	await wal_is_archived "$last"
	recovers new "$tools/bk-walget %f %p -- 'cd $dir && { [ -e \$BK_WAL_NAME ] || exit 4; } && exec $tools/bk-gz -d <\$BK_WAL_NAME'"
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 1 ]
	pg_stop new
	pg_stop old
}
