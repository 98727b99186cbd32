#!/usr/bin/env bats
# A primary dies and its standby is promoted: one archive has the WAL of both,
# of a receiver and of an archive_command, and nothing that was acknowledged is
# lost, or taken for what it is not.

load support/common
load support/pg
load support/wal
load support/walside

# The primary a, its standby b, a base backup of a, and the archive.
setup() {
	export TMPDIR=$BATS_TEST_TMPDIR
	cd "$BATS_TEST_TMPDIR"
	wal_env
	wal_start a
	TOOLS=$(wal_tools)
	HOME_A=$PGHOST
	ARCHIVE=$(wal_dir archive) SPOOL=$(wal_dir spool)
	wal_archive true
	wal_sql 'CREATE TABLE t (n int)'
	bk-base -q -c fast >base.tar
	wal_standby b a
	wal_sql "ALTER SYSTEM SET archive_command = \$\$bk-walput %p -- '$(store)'\$\$" >/dev/null
	wal_sql 'SELECT pg_reload_conf()' >/dev/null
	R=
	pg_use a
}

teardown() {
	cd "$BATS_TEST_TMPDIR"
	[ -z "$R" ] || kill -9 "$R" 2>/dev/null || :
	local dir
	for dir in c new b a; do
		pg_stop "$dir"
	done
}

store() { echo "bk-gz | bk-save -q $ARCHIVE/\$BK_WAL_NAME"; }
from() { echo "test -e $ARCHIVE/\$BK_WAL_NAME || exit 4; bk-gz -d <$ARCHIVE/\$BK_WAL_NAME"; }

# receiver ARG...: as the servers' user; R is its process.
receiver() {
	wal_as bk-walrecv -w -U bk -h "$PGHOST" -p "$PGPORT" --slot bk \
	    --spool "$SPOOL" "$@" "$(store)" 2>>err 3>&- 4>&- &
	await grep -qs 'receiving from' err
	R=$(pgrep -o -f "^bk-walrecv .*$SPOOL")
}

# no_receiver: killed.
no_receiver() {
	kill -9 "$R"
	await eval "! kill -0 $R 2>/dev/null"
	R=
}

flush() {
	run -0 --separate-stderr wal_as bk-walrecv --flush --spool "$SPOOL" "$(store)"
}

# alone: the standby gets no more.
alone() {
	pg_use b
	wal_sql "ALTER SYSTEM SET primary_conninfo = ''"
	wal_sql 'SELECT pg_reload_conf()' >/dev/null
	await eval '[ -z "$(wal_sql "SELECT pid FROM pg_stat_wal_receiver")" ]'
	pg_use a
}

# caught_up: the standby has replayed all that a has.
caught_up() {
	local lsn
	pg_use a
	lsn=$(wal_sql 'SELECT pg_current_wal_lsn()')
	pg_use b
	await eval "[ \"\$(wal_sql \"SELECT pg_last_wal_replay_lsn() >= '$lsn'\")\" = t ]"
	pg_use a
}

# synchronous: commits wait for the receiver.
synchronous() {
	wal_sql "ALTER SYSTEM SET synchronous_standby_names = 'bk'"
	wal_sql 'SELECT pg_reload_conf()' >/dev/null
	await eval '[ "$(wal_sql "SELECT sync_state FROM pg_stat_replication WHERE application_name = '"'bk'"'")" = sync ]'
}

insert() { wal_sql "INSERT INTO t SELECT generate_series($1, $2)"; }

promote() {
	pg_use b
	wal_sql 'SELECT pg_promote()' | grep -qx t
}

# archived NAME: b's archiver has stored it.
archived() {
	await eval "[ -e '$PGHOST/data/pg_wal/archive_status/$1.done' ]"
	[ "$(wal_sql 'SELECT failed_count FROM pg_stat_archiver')" = 0 ]
}

# last: the segment that is being written.
last() { wal_sql 'SELECT pg_walfile_name(pg_current_wal_lsn())'; }

# reaches TIMELINE: where bk-pitr's proof ends.
reaches() {
	bk-pitr -D nowhere --dry-run --timeline "$1" --target latest \
	    --wal "$(from)" <base.tar 2>&1 | grep -o 'reached at [0-9A-F/]*'
}

@test "a promoted standby's .partial takes no other one's place" {
	local name before again
	receiver
	synchronous
	insert 1 1
	caught_up
	alone
	insert 2 500
	name=$(last)
	pg_ctl_ a -m immediate stop
	no_receiver
	flush
	before=$(reaches current)
	again=$(sha256sum <"$ARCHIVE/$name.partial")
	promote
	archived "$name.partial"
	[ "$(reaches current)" = "$before" ]
	[ "$(sha256sum <"$ARCHIVE/$name.partial")" = "$again" ]
	# what it had is there too, and it is WAL
	name=$(ls "$ARCHIVE" | grep "^$name.partial.[0-9A-F]\{8\}\$")
	run -0 bk-walget "$name" out -- "$(from)"
	grep -q "$name" b/home/log
	# it is done: nothing waits
	wal_sql 'INSERT INTO t VALUES (1000)'
	archived "$(wal_switch)"
}

# copy: keep $SIDE, or make it once more of what was kept.
copy() {
	[ -e side ] || { cp -a "$SIDE" side; return; }
	wal_side new
	rm -rf "$SIDE"
	cp -a side "$SIDE"
}

count() { wal_sql 'SELECT count(*) FROM t'; }

# parted [COMMAND]: a has 499 rows more than b, which is promoted.
parted() {
	receiver
	insert 1 1
	side new a
	copy
	pg_use a
	caught_up
	alone
	insert 2 500
	"$@"
	await eval "[ \"\$(wal_sql 'SELECT sent_lsn = flush_lsn AND
	    sent_lsn = pg_current_wal_lsn() FROM pg_stat_replication')\" = t ]"
	pg_ctl_ a -m immediate stop
	no_receiver
	flush
	promote
	archived 00000002.history
	insert 2000 2000
}

@test "recovery along the new timeline has nothing of the old one's end" {
	long
	local restore
	parted
	restore="bk-walget %f %p -- '$(from)'"
	recovers new "$restore"
	[ "$(count)" = 1 ]
	[ "$(last | head -c 8)" = 00000003 ]
	pg_stop new
	# who asks for the old one has all of it
	copy
	echo "recovery_target_timeline = current" >>"$SIDE/postgresql.conf"
	recovers new "$restore"
	[ "$(count)" = 500 ]
}

@test "nor has it a whole segment of the old one's end" {
	long
	parted wal_switch
	recovers new "bk-walget %f %p -- '$(from)'"
	[ "$(count)" = 1 ]
}

@test "a standby of the promoted one has its rows, and no others" {
	long
	local lsn
	parted
	pg_use b
	lsn=$(wal_sql 'SELECT pg_current_wal_lsn()')
	mv "$SIDE/recovery.signal" "$SIDE/standby.signal"
	printf "primary_conninfo = 'host=%s port=%s user=bk'\n" "$PGHOST" "$PGPORT" >>"$SIDE/postgresql.conf"
	restores "bk-walget %f %p -- '$(from)'"
	wal_place new
	pg_ctl_ new -t 20 start
	pg_use new
	await eval "[ \"\$(wal_sql \"SELECT pg_last_wal_replay_lsn() >= '$lsn'\")\" = t ]"
	[ "$(count)" = 2 ]
}

@test "a .partial in bk-pitr's spool is no whole segment for the next run" {
	local name first
	receiver --max-age 1s
	name=$(last)
	insert 1 1
	await test -e "$ARCHIVE/$name.partial"
	mkdir spooled
	spooled() { bk-pitr -D nowhere --dry-run --spool spooled --target latest \
	    --wal "$(from)" <base.tar 2>&1 | grep -o 'reached at [0-9A-F/]*'; }
	first=$(spooled)
	insert 2 2
	[ "$(wal_switch)" = "$name" ]
	await test -e "$ARCHIVE/$name"
	[ "$(spooled)" = "$(reaches latest)" ]
	[ "$(spooled)" != "$first" ]
}

@test "a .partial that was stored, and is in the spool, is one" {
	long
	local name before
	receiver --max-age 1s
	synchronous
	insert 1 1
	name=$(last)
	await test -e "$ARCHIVE/$name.partial"
	# all of it
	await eval '[ "$(reaches current)" = "reached at $(wal_sql "SELECT pg_current_wal_lsn()")" ]'
	pg_ctl_ a -m immediate stop
	no_receiver
	before=$(reaches current)
	flush
	[ -z "$stderr" ]
	[ "$(reaches current)" = "$before" ]
	[ "$(ls "$ARCHIVE" | grep -c partial)" = 1 ]
	[ -z "$(ls "$SPOOL" | grep partial)" ]
}

# A standby keeps the history of a branch that it has refused, since that parts
# before where it is; a base backup of it has the history, too.
@test "the history of a branch that the server is not on cuts nothing" {
	long
	wal_archive "bk-walput %p -- '$(store)'"
	insert 1 1
	wal_switch
	side new a
	pg_use a
	insert 2 500
	wal_archived "$(wal_switch)"
	printf '1\t0/100000\tx\n' | pg_as tee "$SIDE/pg_wal/00000003.history" >/dev/null
	echo "recovery_target_timeline = current" >>"$SIDE/postgresql.conf"
	recovers new "bk-walget %f %p -- '$(from)'"
	[ "$(count)" = 500 ]
}
