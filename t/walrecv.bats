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
	MAIN=$BATS_FILE_TMPDIR/pg
	STORE="bk-save -q $PWD/store/\$BK_WAL_NAME"
	RECEIVERS=()
	export TMPDIR=$BATS_TEST_TMPDIR
}

teardown() {
	local pid slot
	for pid in "${RECEIVERS[@]}"; do
		kill -TERM "$pid" 2>/dev/null || continue
		# a second one does not wait for the COMMAND at work
		WITHIN=1 await gone "$pid" || kill -TERM "$pid" 2>/dev/null || :
		WITHIN=10 await gone "$pid" || kill -9 "$pid"
	done
	# a commit may wait for a receiver that is gone
	[ -z "${LOAD-}" ] || rm -f "$LOAD.run"
	pg_stop "$BATS_TEST_TMPDIR/pg1"
	load_stop
	pg_use "$MAIN"
	for slot in $(wal_sql "SELECT slot_name FROM pg_replication_slots
	    WHERE NOT active"); do
		wal_sql "SELECT pg_drop_replication_slot('$slot')" >/dev/null
	done
}

# receive ARG...: start one as the role bk; its pid is R, its messages in err.
receive() {
	bk-walrecv -w -U bk "$@" 2>>err 3>&- 4>&- &
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

# end9: the last one is killed, and gone.
end9() {
	kill -9 "$R"
	wait "$R" || :
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

# confirmed SLOT: how far the server keeps nothing any more.
confirmed() {
	wal_sql "SELECT restart_lsn FROM pg_replication_slots
	    WHERE slot_name = '$1'"
}

# lsn A OP B: as PostgreSQL compares them.
lsn() {
	[ "$(wal_sql "SELECT '$1'::pg_lsn $2 '$3'::pg_lsn")" = t ]
}

# confirms SLOT LSN: at least so far.
confirms() {
	lsn "$(confirmed "$1")" '>=' "$2"
}

# later SECONDS: that many after $BEGIN.
later() {
	[ "$(date +%s)" -ge $((BEGIN + $1)) ]
}

# killed: a signal was sent, perhaps once more, and it is gone.
killed() {
	kill -TERM "$R" 2>/dev/null || return 0
	grep -qs '^State:.Z' "/proc/$R/status"
}

# gone PID: it has ended.
gone() {
	[ ! -d "/proc/$1" ] || grep -qs '^State:.Z' "/proc/$1/status"
}

# some DIR PATTERN, none DIR PATTERN: has it files of such names?
some() {
	[ -n "$(find "$1" -name "$2")" ]
}

none() {
	[ -z "$(find "$1" -name "$2")" ]
}

# traced: each of its threads is.
traced() {
	grep -qs '^TracerPid:	[1-9]' /proc/"$R"/task/*/status &&
	    [ -z "$(grep -sx 'TracerPid:	0' /proc/"$R"/task/*/status)" ]
}

@test "segments are handed over, confirmed, and are the server's" {
	local last name
	receive --slot bk "$STORE"
	await receiving
	write_wal
	last=$(wal_switch)
	await stored "$last"
	for name in store/*; do
		same "${name#store/}"
	done
	[ "$(find store -type f | wc -l)" -ge 3 ]
	kill -TERM "$R"
	ended 143
	[ "$(wal_sql "SELECT restart_lsn = '0/0'::pg_lsn + (x'${last:8:8}'::int
	    * 4294967296 + x'${last:16}'::int * 1048576 + 1048576)
	    FROM pg_replication_slots WHERE slot_name = 'bk'")" = t ]
	[ "$(cat err)" = "bk-walrecv: slot bk: there was none on $(uname -n): made; WAL is received from $(sed -n 's/.*received from \([^ ]*\) on;.*/\1/p' err) on; if it was there before, WAL is missing: take a new base backup
bk-walrecv: receiving from $(uname -n), timeline 1, $(sed -n 's/.*timeline 1, \(.*\), slot.*/\1/p' err), slot bk" ]
	# nothing of it is left behind
	[ -z "$(find . -name 'bk-walrecv.*')" ]
}

# history N: its file was stored, and before any segment of the timeline.
history() {
	local name
	name=$(printf '%08X.history' "$1")
	[ "$(cd store && ls -tr "${name%.history}"* | head -n 1)" = "$name" ]
}

@test "a standby that is promoted: its history, and then its timeline" {
	local old new name first
	wal_standby "$BATS_TEST_TMPDIR/pg2" "$MAIN"
	receive --slot bk "$STORE"
	receive --slot bk2 --spool spool -j4 "bk-save -q $PWD/store2/\$BK_WAL_NAME"
	mkdir store2
	await receiving 2
	pg_use "$MAIN"
	write_wal
	old=$(wal_switch)
	write_wal 100
	await stored "$old"
	pg_use "$BATS_TEST_TMPDIR/pg2"
	pg_ctl_ "$BATS_TEST_TMPDIR/pg2" promote
	write_wal
	new=$(wal_switch)
	[[ $new == 00000002* ]]
	await stored "$new"
	await test -s "store2/$new"
	history 2
	(cd store2 && sha256sum ./*[!l]) >sums
	(cd store && sha256sum --quiet -c ../sums)
	for name in store/00000002*; do
		same "${name#store/}"
	done
	# the old timeline ends in the segment that the new one begins with
	first=$(cd store && ls | grep '^00000002[0-9A-F]*$' | head -n 1)
	[ -s "store/00000001${first:8}.partial" ]
	cmp -n "$(stat -c %s "store/00000001${first:8}.partial")" \
	    "store/00000001${first:8}.partial" "store/$first"
	[ ! -e "store/00000001${first:8}" ]
	grep -q 'timeline 1 has ended at .*; timeline 2 follows' err
	await none spool '0*[0-9A-F]'
	pg_stop "$BATS_TEST_TMPDIR/pg2"
}

@test "a promoted standby that was behind: what it lacks is kept" {
	long
	local pg2=$BATS_TEST_TMPDIR/pg2 old new first hosts ports
	wal_start "$BATS_TEST_TMPDIR/pg1"
	hosts=$PGHOST ports=$PGPORT
	wal_sql 'CREATE TABLE t (n int, pad text)'
	wal_standby "$pg2" "$BATS_TEST_TMPDIR/pg1"
	hosts+=,$PGHOST ports+=,$PGPORT
	pg_use "$BATS_TEST_TMPDIR/pg1"
	receive --slot bk --spool spool -d "host=$hosts port=$ports" "$STORE"
	await receiving
	write_wal 10
	pg_ctl_ "$pg2" -m fast stop
	write_wal
	old=$(wal_switch)
	await stored "$old"
	write_wal 500
	await confirms bk "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	kill -9 "$(pg_pid "$BATS_TEST_TMPDIR/pg1")"
	pg_ctl_ "$pg2" start
	pg_use "$pg2"
	pg_ctl_ "$pg2" promote
	await receiving 2
	write_wal
	new=$(wal_switch)
	await stored "$new"
	history 2
	first=$(cd store && ls | grep '^00000002[0-9A-F]*$' | head -n 1)
	# the whole of timeline 1, to its last byte
	[ -s "store/$old" ]
	[[ ! 00000001${first:8} > $old ]]
	[ "$(find store -name '00000001*.partial' | wc -l)" = 1 ]
	[[ $(echo store/*.partial) > store/$old ]]
	# and nothing of it was confirmed to the new primary in its own name
	[ "$(wal_sql "SELECT restart_lsn <= pg_current_wal_lsn()
	    FROM pg_replication_slots")" = t ]
	# the old primary comes back: it is not followed
	pg_ctl_ "$pg2" -m fast stop
	# its processes end when they notice
	await pg_ctl_ "$BATS_TEST_TMPDIR/pg1" start >/dev/null 2>&1
	await grep -q 'an old primary' err
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" -m immediate stop
	pg_ctl_ "$pg2" start
	await receiving 3
	pg_stop "$pg2"
	pg_stop "$BATS_TEST_TMPDIR/pg1"
}

@test "no commit is lost: the server and its disk are gone" {
	local i lines
	wal_start "$BATS_TEST_TMPDIR/pg1"
	# an ordinary copy to recover from
	wal_side "$BATS_TEST_TMPDIR/side"
	psql -XqAt postgres <<-SQL >/dev/null
	SELECT pg_backup_start('copy', true);
	\! cp -a $PGHOST/data $SIDE
	\! rm -rf $SIDE/pg_wal/0* $SIDE/postmaster.* $SIDE/pg_replslot/*
	\o $SIDE/backup_label
	SELECT labelfile FROM pg_backup_stop(false);
	SQL
	receive --slot bk --spool spool "$STORE"
	await receiving
	wal_sql "ALTER SYSTEM SET synchronous_standby_names = 'bk'"
	wal_sql 'SELECT pg_reload_conf()' >/dev/null
	load_start load 4
	# the receiver is killed meanwhile, at any moment
	for ((i = 1; i <= 5; i++)); do
		lines=$(wc -l <load)
		await awk -v n="$lines" 'END { exit NR < n + 200 }' load
		end9
		receive --slot bk --spool spool "$STORE"
	done
	lines=$(wc -l <load)
	await awk -v n="$lines" 'END { exit NR < n + 200 }' load
	await bash -c '[ "$(find store spool -name "0*" | wc -l)" -ge 3 ]'
	kill -9 "$(pg_pid "$BATS_TEST_TMPDIR/pg1")"
	load_stop
	rm -rf "$PGHOST/data"
	end9
	# the spool's last segment has zeros where WAL ends
	cp -n spool/0* store/
	for i in store/*.partial; do
		[ ! -e "$i" ] || mv -n "$i" "${i%.partial}"
	done
	# a .partial that was handed over ends where WAL does
	truncate -s 1M store/0???????????????????????
	chmod -R a+rX store "$BATS_TEST_TMPDIR"
	cp -R store "$(readlink "$BATS_TEST_TMPDIR/side/home")/wal"
	cat >>"$SIDE/postgresql.conf" <<-CONF
	restore_command = 'cp $(dirname "$SIDE")/wal/%f %p'
	synchronous_standby_names = ''
	CONF
	sed -i '/synchronous_standby_names/d' "$SIDE/postgresql.auto.conf"
	pg_as touch "$SIDE/recovery.signal"
	chown -R --reference="$SIDE/PG_VERSION" "$SIDE" "$(dirname "$SIDE")/wal"
	wal_run "$BATS_TEST_TMPDIR/side"
	load_holds load
	[ "$(wc -l <load)" -ge 1200 ]
	pg_stop "$BATS_TEST_TMPDIR/side"
	pg_stop "$BATS_TEST_TMPDIR/pg1"
}

@test "four COMMANDs at once end in any order; confirmed is in order" {
	local first begin last end
	mkfifo go
	first=$(wal_switch)
	wal_sql CHECKPOINT
	first=$(wal_sql 'SELECT pg_walfile_name(pg_current_wal_lsn())')
	# metrics that cannot be written do not stop WAL
	receive --slot bk --prometheus nowhere/metrics -j4 "case \$BK_WAL_NAME in $first) cat go ;; esac >>went
	    exec $STORE"
	await receiving
	begin=$(confirmed bk)
	write_wal 5000
	last=$(wal_switch)
	await stored "$last"
	[ ! -e "store/$first" ]
	[ "$(confirmed bk)" = "$begin" ]
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	echo now >go
	await stored "$first"
	await confirms bk "$(wal_sql "SELECT '$end'::pg_lsn - 1048576")"
	[ "$(cat went)" = now ]
	[ "$(grep -c 'nowhere: no such directory' err)" = 1 ]
}

@test "a COMMAND that fails is said once; the server keeps WAL meanwhile" {
	local begin
	receive --slot bk -j1 "[ -e up ] && exec $STORE"
	await receiving
	begin=$(confirmed bk)
	write_wal 20000
	await grep -q 'exit status 1; will be tried again' err
	# not more than -j and 2 wait here
	[ "$(find "/proc/$R/fd" -lname '*/bk-walrecv.*' | wc -l)" -le 3 ]
	[ "$(confirmed bk)" = "$begin" ]
	write_wal 20000
	touch up
	last=$(wal_switch)
	await stored "$last"
	await grep -q 'stored; COMMAND had failed for' err
	[ "$(wc -l <err)" = 4 ]
	lsn "$(confirmed bk)" '>' "$begin"
}

@test "a COMMAND that hangs is ended by --timeout, and run again" {
	local last
	receive --slot bk --timeout 1s "[ -e up ] || exec sleep 1000
	    exec $STORE"
	await receiving
	last=$(wal_switch)
	await grep -q 'COMMAND took over 1s; see --timeout' err
	touch up
	await stored "$last"
}

@test "a COMMAND that does not read all has stored nothing" {
	local begin
	receive --slot bk 'head -c 1000 >/dev/null'
	await receiving
	begin=$(confirmed bk)
	write_wal 5000
	await grep -q 'unread; not counted as stored; will be tried' err
	[ "$(confirmed bk)" = "$begin" ]
}

@test "--max-age hands over what there is; an idle server means nothing" {
	local name end n
	wal_sql CHECKPOINT
	wal_switch
	receive --slot bk --max-age 1s "echo \$BK_WAL_NAME >>log
	    exec bk-save -q --overwrite $PWD/store/\$BK_WAL_NAME"
	await receiving
	write_wal 10
	name=$(wal_sql 'SELECT pg_walfile_name(pg_current_wal_lsn())')
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	await stored "$name.partial"
	await confirms bk "$end"
	cmp -n "$(stat -c %s "store/$name.partial")" "store/$name.partial" \
	    "$PGHOST/data/pg_wal/$name"
	# idle is a server that has written nothing
	end=
	until [ "$end" = "$(wal_sql 'SELECT pg_current_wal_lsn()')" ]; do
		end=$(wal_sql 'SELECT pg_current_wal_lsn()')
		await confirms bk "$end"
		n=$(wc -l <log) BEGIN=$(date +%s)
		await later 4
	done
	[ "$(wc -l <log)" = "$n" ]
	write_wal 1
	await confirms bk "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	wal_switch
	await stored "$name"
	same "$name"
}

@test "SIGTERM waits for the COMMAND at work; a second one does not" {
	mkfifo go
	export BK_AUDIT_LOG=$PWD/log
	receive --slot bk -j1 "echo >went.begun; cat go >>went; exec $STORE"
	await receiving
	wal_switch
	exec 9<>go
	await test -s went.begun
	kill -TERM "$R"
	kill -0 "$R"
	echo >&9
	exec 9>&-
	ended 143
	find store -name '0*' | grep .
	# it was told to end, and has done its work
	[ "$(jq -r 'select(.operation == "bk-walrecv") | .status' log)" = success ]
	receive --slot bk -j1 "echo >>begun; cat go; exec $STORE"
	await receiving 2
	wal_switch
	await test -s begun
	await killed
	ended 143
	echo >go
}

@test "a full disk: nothing is confirmed until there is room" {
	local end
	(
		ulimit -S -f 512
		exec bk-walrecv -U bk --slot bk --spool spool "$STORE" 2>>err 3>&- 4>&-
	) &
	R=$!
	RECEIVERS+=("$R")
	await receiving
	write_wal 3000
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	await grep -q 'File too large; nothing is confirmed until there is room' err
	lsn "$(confirmed bk)" '<' "$end"
	prlimit --pid "$R" --fsize=unlimited
	await confirms bk "$end"
	await stored "$(wal_switch)"
	# each pause has an end, and nothing is told of every try
	cat err
	[ "$(grep -c ' until there is room$' err)" = "$(grep -c ' there is room again$' err)" ]
	[ "$(grep -c ' until there is room$' err)" -le 3 ]
	[[ $(tail -n 1 err) == *': there is room again' ]]
	for name in store/*; do
		same "${name#store/}"
	done
}

@test "a server that shuts down: the last of its WAL is handed over first" {
	long
	wal_start "$BATS_TEST_TMPDIR/pg1"
	wal_sql 'CREATE TABLE t (n int, pad text)'
	# what COMMAND has not taken is kept, and tried again
	receive --slot bk "[ -e failed ] || {
		case \$BK_WAL_NAME in *.partial) echo >failed; exit 9 ;; esac
	    }; exec $STORE"
	await receiving
	write_wal 10
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" -m fast stop
	await grep -q 'it may be shutting down; will try again' err
	grep -q '\.partial: .* exit status 9; will be tried again' err
	for name in store/*; do
		cmp -n "$(stat -c %s "$name")" "$name" \
		    "$PGHOST/data/pg_wal/$(basename "$name" .partial)"
	done
	some store '*.partial'
	kill -TERM "$R"
	ended 143
}

@test "the end of a segment is told at once, and noted" {
	local last at writer
	wal_start "$BATS_TEST_TMPDIR/pg1"
	fast_clock
	# nothing is told because time has passed, or because more WAL came
	export TIMES=0
	writer=$(wal_sql "SELECT pid FROM pg_stat_activity
	    WHERE backend_type = 'background writer'")
	kill -STOP "$writer"
	LD_PRELOAD=$PWD/fast.so bk-walrecv -w -U bk --slot bk --spool spool \
	    "$STORE" 2>>err 3>&- 4>&- &
	R=$!
	RECEIVERS+=("$R")
	await receiving
	last=$(wal_switch)
	await stored "$last"
	# the beginning of the next, of 1 MB as all of them
	at=$(wal_sql 'SELECT pg_current_wal_insert_lsn()')
	at=0/$(printf %X $((0x${at#0/} & ~0xFFFFF)))
	await confirms bk "$at" || { kill -CONT "$writer"; false; }
	kill -CONT "$writer"
	grep -q " lsn=$at\$" spool/position
	end9
}

@test "a slot that goes on after the spool's position is believed" {
	local at first
	wal_start "$BATS_TEST_TMPDIR/pg1"
	wal_archive true
	receive --slot bk --spool spool "$STORE"
	await receiving
	cp spool/position older
	first=$(wal_sql 'SELECT pg_walfile_name(pg_current_wal_lsn())')
	for _ in 1 2 3; do
		at=$(wal_switch)
		await stored "$at"
	done
	await confirms bk "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	end9
	wal_archived "$at"
	wal_sql CHECKPOINT
	[ ! -e "$PGHOST/data/pg_wal/$first" ]
	# it was killed before the new position was on the disk
	rm -f spool/*.partial
	cp older spool/position
	receive --slot bk --spool spool "$STORE"
	await receiving 2
	grep -q 'slot bk: WAL up to [^ ]* was confirmed, .*: goes on where' err
	at=$(wal_switch)
	await stored "$at"
	end9
	# of one that nobody can have confirmed it is not
	wal_sql "SELECT pg_drop_replication_slot('bk')"
	for _ in 1 2 3; do
		at=$(wal_switch)
	done
	wal_archived "$at"
	wal_sql CHECKPOINT
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk \
	    --spool spool true
	[[ $stderr == *'slot bk: there was none on '*' has already been removed'* ]]
}

@test "a slot that has to be made again is told, and stays in the metrics" {
	receive --slot bk --prometheus wal.prom "$STORE"
	await receiving
	await grep -q '^bk_walrecv_slot_made_timestamp_seconds{.*} [1-9]' wal.prom
	grep -q 'slot bk: there was none on .*: made; WAL is received from' err
	end9
	receive --slot bk --prometheus wal.prom "$STORE"
	await grep -q '^bk_walrecv_slot_made_timestamp_seconds{.*} 0$' wal.prom
	end9
	[ "$(grep -c 'there was none' err)" = 1 ]
}

@test "what waits in the spool is handed over without the server" {
	local last end
	wal_start "$BATS_TEST_TMPDIR/pg1"
	wal_sql 'CREATE TABLE t (n int, pad text)'
	receive --slot bk --spool spool false
	await receiving
	run -5 --separate-stderr bk-walrecv -U bk --slot bk --spool spool true
	[ "$stderr" = "bk-walrecv: spool: another process uses it" ]
	write_wal
	last=$(wal_switch)
	write_wal 10
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	await confirms bk "$end"
	cp -R "$PGHOST/data/pg_wal" wal
	end9
	pg_stop "$BATS_TEST_TMPDIR/pg1"
	: >err
	receive --flush --spool spool false
	await grep -q 'will be tried again' err
	kill -TERM "$R"
	ended 143
	grep -qx 'bk-walrecv: spool: still contains [0-9]* files' err
	receive --slot bk --spool spool --max-age 1s \
	    "bk-save -q --overwrite $PWD/store/\$BK_WAL_NAME"
	await stored "$last"
	await some store '*.partial'
	for name in $(ls store); do
		cmp -n "$(stat -c %s "store/$name")" "store/$name" "wal/${name%.partial}"
	done
	await none spool '0*[0-9A-F]'
	kill -TERM "$R"
	ended 143
	# nothing waits: then it is a wrong call, rather
	rm spool/*.partial
	run -1 --separate-stderr bk-walrecv -U bk --slot bk --spool spool true
	one_line_error bk-walrecv
}

@test "a signal of which the work cannot be told ends it at once" {
	local tracer
	can_trace
	receive --slot bk "$STORE"
	await receiving
	strace -qq -f -o trace -e inject=write:error=EIO -p "$R" 3>&- 4>&- &
	tracer=$!
	await traced
	kill -TERM "$R"
	await gone "$R"
	ended 143
	wait "$tracer" || :
	grep -q INJECTED trace
}

@test "another cluster behind the address, or another past, is not mixed in" {
	local hosts ports
	wal_start "$BATS_TEST_TMPDIR/pg1"
	hosts=$PGHOST ports=$PGPORT
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" -m fast stop
	cp -a "$PGHOST/data" "$PGHOST/older"
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" start
	wal_sql 'CREATE TABLE t (n int, pad text)'
	pg_use "$MAIN"
	hosts+=,$PGHOST ports+=,$PGPORT
	pg_use "$BATS_TEST_TMPDIR/pg1"
	# in one run
	receive --slot bk -d "host=$hosts port=$ports" "$STORE"
	receive --slot bk2 --spool spool -d "host=$hosts port=$ports" "$STORE"
	await receiving 2
	write_wal 100
	await confirms bk2 "$(wal_sql 'SELECT pg_current_wal_lsn()')"
	end9
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" -m immediate stop
	R=${RECEIVERS[0]}
	ended 3
	grep -q ': is cluster [0-9]*, not [0-9]*; give it a slot' err
	# and in two
	pg_use "$MAIN"
	run -3 --separate-stderr bk-walrecv -U bk --slot bk2 --spool spool true
	[[ $stderr == *": is cluster "* ]]
	# the same cluster, as it was before
	pg_use "$BATS_TEST_TMPDIR/pg1"
	rm -rf "$PGHOST/data"
	mv "$PGHOST/older" "$PGHOST/data"
	pg_ctl_ "$BATS_TEST_TMPDIR/pg1" start
	wal_sql 'CREATE TABLE other (n int, pad text)'
	wal_sql "INSERT INTO other SELECT g, repeat('x', 270)
	    FROM generate_series(1, 5000) g"
	run -3 --separate-stderr timeout 300 bk-walrecv -U bk --slot bk2 \
	    --spool spool true
	[[ $stderr == *"is not what was received there before"* ]]
	[ -z "$(find spool store -name '0*[0-9A-F]' -newer spool/position)" ]
	pg_stop "$BATS_TEST_TMPDIR/pg1"
}

@test "a wrong call is 2, and nothing is run" {
	local args
	for args in "" "--slot Bk true" "--max-age 0 true" "--timeout x true" \
	    "-j 0 true" "--spool" "--flush true"; do
		# shellcheck disable=SC2086	# several words
		run -2 --separate-stderr bk-walrecv $args
		[[ ${stderr_lines[-1]} == "usage: bk-walrecv "* ]]
	done
	usage 'COMMAND is empty' bk-walrecv $' \t'
	run -1 --separate-stderr bk-walrecv --spool nowhere true
	[ "$stderr" = "bk-walrecv: nowhere: No such file or directory" ]
}

@test "the page's examples" {
	local page
	page=$(mandoc -Tascii "$TOP/man/bk-walrecv.1" | col -b)
	grep -q 'CREATE ROLE bk LOGIN REPLICATION;' <<<"$page"
	# the last one, with our places
	grep -A 1 'bk-walrecv --slot bk --prometheus' <<<"$page" | tr -d '\\\n' |
	    sed "s|/var/lib/bk/metrics|$PWD|; s|/backups/wal|$PWD/store|" >example
	grep -q bk-save example
	mkdir -p store
	export BK_AUDIT_LOG=$PWD/log
	PGUSER=bk sh -c "exec $(cat example)" 2>err 3>&- 4>&- &
	R=$!
	RECEIVERS+=("$R")
	await receiving
	last=$(wal_switch)
	await stored "$last"
	bk-gz -d <"store/$last" | cmp - "$PGHOST/data/pg_wal/$last"
	# each is a pipeline of its own in the audit log
	wal_switch >next
	await stored "$(cat next)"
	stages() { jq -r 'select(.operation == "bk-save") | .run' log | sort; }
	await eval '[ "$(stages | wc -l)" -ge 2 ]'
	[ "$(stages | uniq | wc -l)" = "$(stages | wc -l)" ]
	# two are stored at once, in any order
	await grep -q '^bk_walrecv_last_stored_info.*wal="0[0-9A-F]*"} 1' wal.prom
	grep -q '^bk_walrecv_connected{server="[^"]*",slot="bk"} 1$' wal.prom
	grep -q '^bk_walrecv_failures_total{.*} 0$' wal.prom
	[ "$(grep -c '^# TYPE' wal.prom)" = 15 ]
	# from which bk-age knows that an idle server's WAL is all there
	run -2 bk-age --wal -w 1s -c 2s <<<"2020-01-01T00:00:00Z	9	w/$last"
	idle() {
		bk-age --wal --lag wal.prom -w 30s -c 60s \
		    <<<"2020-01-01T00:00:00Z	9	w/$last" >/dev/null
	}
	await idle
	# every metric is in the page
	sed -n 's/^# TYPE \([^ ]*\).*/\1/p' wal.prom | while read -r name; do
		grep -q "$name" <<<"$page"
	done
}
