#!/usr/bin/env bats
# bk-walget: what is not proven to be absent aborts recovery.

load support/common
load support/pg
load support/wal
load support/walside

# A cluster whose segments 1 to 4 behind a copy of its files have a row each.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	bk-keygen -o key
	bk-keygen -o other
	wal_start pg
	TOOLS=$(wal_tools)
	ARCHIVE=$(wal_dir archive)
	wal_archive "$TOOLS/bk-walput %p -- '$TOOLS/bk-gz | $TOOLS/bk-crypt -r $(
	    bk-keygen -y key) | $TOOLS/bk-save -q $ARCHIVE/\$BK_WAL_NAME'"
	wal_sql 'CREATE TABLE t (n int)'
	mapfile -t SEGMENTS < <(rows 1 4)
	wal_archived "${SEGMENTS[3]}"
	mkdir raw
	cp "${SEGMENTS[@]/#/$PGHOST/data/pg_wal/}" raw
	cp -R "$ARCHIVE" sealed
	pg_stop pg
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	FROM=$BATS_FILE_TMPDIR
	mapfile -t SEGMENTS < <(ls "$FROM/raw")
	S=${SEGMENTS[1]}
	cp -R "$FROM/raw" "$FROM/sealed" .
	mkdir spool
	# as a directory of files is read
	CAT='cd raw && { [ -e "$BK_WAL_NAME" ] || exit 4; } && cat "$BK_WAL_NAME"'
	OPEN="bk-crypt -d -i $FROM/key <sealed/\$BK_WAL_NAME | bk-gz -d"
}

teardown() {
	local dir
	for dir in "$BATS_TEST_TMPDIR"/*/; do
		pg_stop "${dir%/}"
	done
}

# refused PATTERN NAME COMMAND...: recovery is aborted, with one line that names
# the segment; nothing is there.
refused() {
	run -255 --separate-stderr bk-walget "$2" out -- "${@:3}"
	# shellcheck disable=SC2053	# a pattern
	[[ $stderr == "bk-walget: $2"*": "$1 ]] || { echo "$stderr" >&2; return 1; }
	one_line_error bk-walget
	[ ! -e out ]
	[ -z "$(ls -A | grep bk-save)" ]
}

@test "what is not there is an answer in the audit log; what fails is not" {
	export BK_AUDIT_LOG=$PWD/log
	mkdir none
	run -1 bk-walget 00000002.history out -- \
	    "bk-ls none | bk-crypt -d -i $FROM/key | bk-gz -d"
	[ "$(jq -r '.operation + " " + .status' log | sort | tr '\n' ,)" = \
	    'bk-crypt success,bk-gz success,bk-ls success,bk-walget success,' ]
	[ "$(jq -r 'select(.operation == "bk-ls").error' log)" = \
	    'none: nothing there' ]
	bk-audit --summary --prometheus jobs.prom >/dev/null
	run ! grep -E '^bk_job_(last_failure.* [1-9]|failures.* [1-9])' jobs.prom
	rm log
	refused '*' "$S" "bk-ls nowhere | bk-crypt -d -i $FROM/key | bk-gz -d"
	[ "$(jq -r 'select(.operation == "bk-ls").status' log)" = failure ]
	# nor is it one where somebody wants what is there
	run -4 bk-ls none
	[ "$(jq -r .status log | tail -n 1)" = failure ]
}

@test "there is 0, proven absent 1, anything else aborts" {
	run -0 --separate-stderr bk-walget "$S" out -- "$CAT"
	[ -z "$output$stderr" ]
	cmp out "raw/$S"
	# words that are no shell command, %r, and options behind PATH
	run -0 bk-walget "$S" out "${SEGMENTS[0]}" -j 2 --ahead 3 -- sh -c "$OPEN"
	cmp out "raw/$S"
	rm out
	run -1 --separate-stderr bk-walget 0000000100000000000000FF out -- "$CAT"
	[ -z "$output$stderr" ]
	run -1 bk-walget 00000002.history out -- 'exit 4'
	[ ! -e out ]
	# not there, but who says so?
	refused '*No such file*' 0000000100000000000000FF 'cat raw/$BK_WAL_NAME'
	refused '*No such file*' 0000000100000000000000FF "$OPEN"
	refused '*exit status 1' "$S" 'exit 1'
	refused '*exit status 5' "$S" 'exit 5'
	refused '*signal 9' "$S" 'kill -9 $$'
	refused '*not found' "$S" nowhere
	refused '*No such file or directory' "$S" nowhere "$S"
	refused '*wrote nothing*' "$S" true
	# the archive is not mounted
	mv raw elsewhere
	refused "*can't cd*" "$S" "$CAT"
	mv elsewhere raw
	# 4, but there was something
	refused '*exit status 4' "$S" "$CAT; exit 4"
}

@test "a stage that found nothing is heard, unless another one failed" {
	# bk-ls ends with 4 of an empty directory
	mkdir empty
	run -4 bk-ls empty
	run -1 --separate-stderr bk-walget "$S" out -- 'bk-ls empty | bk-crypt -d -i '"$FROM/key"' | bk-gz -d'
	[ -z "$stderr" ]
	run -1 bk-walget "$S" out -- 'bk-ls empty | cat'
	# two archives: both have to be asked
	run -1 bk-walget "$S" out -- '{ bk-ls empty || bk-ls empty; } | bk-gz -d'
	run -0 bk-walget "$S" out -- "bk-ls empty || $OPEN"
	cmp out "raw/$S"
	rm out
	refused '*' "$S" 'bk-ls empty || bk-ls nowhere'
	refused '*' "$S" '{ bk-ls empty || bk-ls nowhere; } | bk-gz -d'
	refused '*' "$S" '{ bk-ls nowhere || bk-ls empty; } | bk-gz -d'
	refused '*' "$S" 'bk-ls nowhere || bk-ls empty'
	refused '*' "$S" '{ bk-ls empty || cat nowhere; }'
	# the second one has it, but what it has is no good
	refused '*' "$S" "{ bk-ls empty || cat sealed/$S; } | bk-crypt -d -i $FROM/other | bk-gz -d"
	refused '*' "$S" "{ bk-ls empty || head -c 9 sealed/$S; } | bk-crypt -d -i $FROM/key | cat"
	# or was killed before it had said so
	refused '*' "$S" \
	    "{ bk-ls empty || bk-seal sh -c 'kill -9 \$PPID'; } | bk-gz -d"
	# an outer one's descriptor is not that of a COMMAND
	BK_STATUS_FD=9 run -255 bk-walget "$S" out -- 'echo 4 >&9; exit 3' 9>/dev/null
}

@test "a usage error aborts recovery, too" {
	run -255 bk-walget
	run -255 bk-walget "$S" out
	run -255 bk-walget "$S" -- true
	run -255 bk-walget "$S" out true -- true
	run -255 bk-walget "$S" out --
	run -255 --separate-stderr bk-walget archive_status out -- true
	[[ ${stderr_lines[0]} == "bk-walget: archive_status: not the name of a WAL file" ]]
	run -255 bk-walget "$S" out --ahead x -- "$CAT"
	# in a spool come others, with the same COMMAND
	run -255 --separate-stderr bk-walget --spool . "$S" out -- "cat /wal/$S"
	[[ ${stderr_lines[0]} == "bk-walget: $S: COMMAND names one file; with --spool write \$BK_WAL_NAME for %f" ]]
	run -255 bk-walget --spool nowhere "$S" out -- "$CAT"
	BK_AUDIT_LOG=/dev/full run -255 bk-walget "$S" out -- "$CAT"
	# help on a full disk as well
	run -255 sh -c "bk-walget $S nowhere/out -- '$CAT' 2>/dev/full"
}

@test "wrong key, damage, another's segment: one line names it" {
	local n byte other=${SEGMENTS[2]}
	refused 'bk-crypt: *' "$S" "bk-crypt -d -i $FROM/other <sealed/\$BK_WAL_NAME | bk-gz -d"
	cp "sealed/$S" good
	# flipped and cut, in the archive
	for n in 300 2000 $(($(stat -c %s good) - 3)); do
		cp good "sealed/$S"
		# with one in 256 it is an X already
		byte=$(dd if=good bs=1 skip="$n" count=1 status=none | tr 'X\0' 'YX')
		[ "$byte" = Y ] || byte=X
		printf %s "$byte" | dd of="sealed/$S" bs=1 seek="$n" conv=notrunc status=none
		refused '*' "$S" "$OPEN"
		head -c "$n" good >"sealed/$S"
		refused '*' "$S" "$OPEN"
	done
	: >"sealed/$S"
	refused '*' "$S" "$OPEN"
	# what is bare
	cp "raw/$S" good
	for n in 1 39 40 8192 1048575; do
		head -c "$n" good >"raw/$S"
		refused '*' "$S" "$CAT"
	done
	{ cat good; echo; } >"raw/$S"
	refused "is longer than the 1048576 bytes of a segment" "$S" "$CAT"
	head -c 1048576 /dev/zero >"raw/$S"
	refused 'the stored file is not a WAL segment*' "$S" "$CAT"
	bk-gz <good >"raw/$S"
	refused 'the stored file is not a WAL segment*compressed*' "$S" "$CAT"
	# one bit, which the server would take for the end of WAL
	for n in 50 90 200; do
		cp good "raw/$S"
		printf '\377\0\377' | dd of="raw/$S" bs=1 seek="$n" conv=notrunc status=none
		cmp -s good "raw/$S" && continue
		refused 'damaged: 0/*' "$S" "$CAT"
	done
	# renamed
	cp "raw/$other" "raw/$S"
	refused "holds segment $other" "$S" "$CAT"
	# a cluster's own control file says whose it has to be
	mkdir -p data/global
	head -c 24 "raw/$other" >/dev/null
	dd if="raw/$other" of=data/global/pg_control bs=1 skip=24 count=8 status=none
	truncate -s 8192 data/global/pg_control
	cp good "raw/$S"
	cd data
	CAT="cd .. && $CAT"
	run -0 bk-walget "$S" out -- "$CAT"
	rm out
	printf X | dd of=global/pg_control bs=1 seek=5 conv=notrunc status=none
	refused "holds segment $S of another cluster (*" "$S" "$CAT"
}

@test "a hole is not the end" {
	rm "raw/$S"
	refused "missing from the archive, although the later segment ${SEGMENTS[2]} is there" "$S" "$CAT"
	# a .partial is not the end, if there is more
	head -c 300000 "$FROM/raw/$S" >"raw/$S.partial"
	refused "missing from the archive, *" "$S" "$CAT"
	# whether there is more cannot be told
	refused '*exit status 1' "$S" "[ \$BK_WAL_NAME != ${SEGMENTS[2]} ] || exit 1; $CAT"
	# a wide one, over a boundary of 4 GiB
	rm raw/*
	echo x >raw/000000010000000100000006
	refused "missing from the archive, although the later segment *6 is there" 0000000100000000000000FE "$CAT"
	cp "$FROM"/raw/* raw
	rm "raw/$S" raw/000000010000000100000006
	# it comes late
	run -0 bk-walget --retry-for 1m "$S" out -- "[ ! -e asked ] || cp '$FROM/raw/$S' raw; touch asked; $CAT"
	rm out raw/"$S"*
	# to a standby, it will
	touch standby.signal
	run -1 bk-walget "$S" out -- "$CAT"
}

@test "histories are read to their end" {
	printf '1\t0/3000158\tno recovery target specified\n' >raw/00000002.history
	run -0 bk-walget 00000002.history out -- "$CAT"
	cmp out raw/00000002.history
	rm out
	printf '1\t0/30001' >raw/00000002.history
	refused 'not a complete history file' 00000002.history "$CAT"
	printf '2\t0/3000158\tx\n' >raw/00000002.history
	refused 'line 1: *' 00000002.history "$CAT"
	head -c 2000000 /dev/zero >raw/00000002.history
	refused 'more than *' 00000002.history "$CAT"
}

@test "a timeline's last segment may be a .partial: padded" {
	S=${SEGMENTS[3]}
	head -c 300000 "raw/$S" >"raw/$S.partial"
	rm "raw/$S"
	run -0 bk-walget "$S" out -- "$CAT"
	[ "$(stat -c %s out)" = 1048576 ]
	cmp -n 300000 out "raw/$S.partial"
	[ "$(tail -c +300001 out | tr -d '\0' | wc -c)" = 0 ]
	# under its own name it stays as it is
	run -0 bk-walget "$S.partial" out -- "$CAT"
	cmp out "raw/$S.partial"
	rm out
	# the .partial of another, and an outage between the two questions
	cp "raw/${SEGMENTS[2]}" "raw/$S.partial"
	run -255 --separate-stderr bk-walget "$S" out -- "$CAT"
	[[ $stderr == *"$S.partial: holds segment ${SEGMENTS[2]}" ]]
	run -255 bk-walget "$S" out -- \
	    'case $BK_WAL_NAME in *.partial) exit 1;; esac; exit 4'
	[ ! -e out ]
}

has() { [ -e "$1" ]; }
dies() { status=0; wait "$2" 2>/dev/null || status=$?; [ $status = "$1" ]; }
ended() { [ -z "$(ls -A spool | grep bk-w)" ] || flock -n spool/.bk-walget.lock true; }
counted() { [ "$(grep -c . "$1")" = "$2" ]; }

@test "the spool has what comes next, checked, and no more than --ahead" {
	echo 'cd raw; echo $BK_WAL_NAME >>../asked; [ -e $BK_WAL_NAME ] || exit 4; exec cat $BK_WAL_NAME' >cmd
	run -0 bk-walget --spool spool --ahead 2 "${SEGMENTS[0]}" out -- sh cmd
	await has "spool/${SEGMENTS[2]}"
	await ended
	cmp "spool/${SEGMENTS[1]}" "raw/${SEGMENTS[1]}"
	[ ! -e "spool/${SEGMENTS[3]}" ]
	# from the spool; nothing is asked for but what follows
	rm asked "raw/$S"
	run -0 bk-walget --spool spool --ahead 2 "$S" out -- sh cmd
	cmp out "$FROM/raw/$S"
	[ ! -e "spool/$S" ]
	await has "spool/${SEGMENTS[3]}"
	await ended
	[ "$(cat asked)" = "${SEGMENTS[3]}" ]
	# what is in the spool under a wrong name is not used
	cp "$FROM/raw/$S" "spool/${SEGMENTS[2]}"
	run -0 bk-walget --spool spool --ahead 0 "${SEGMENTS[2]}" out -- sh cmd
	cmp out "raw/${SEGMENTS[2]}"
	# another file system
	mkdir mnt
	if mount -t tmpfs tmpfs mnt; then
		status=0
		bk-walget --spool spool --ahead 0 "${SEGMENTS[3]}" mnt/out -- false || status=$?
		cmp mnt/out "raw/${SEGMENTS[3]}" || status=77
		umount mnt
		[ $status = 0 ]
		[ ! -e "spool/${SEGMENTS[3]}" ]
	fi
}

@test "a failure ahead is nobody's until it is asked for" {
	printf X | dd of="raw/$S" bs=1 seek=5 conv=notrunc status=none
	run -0 bk-walget --spool spool --ahead 3 "${SEGMENTS[0]}" out -- "$CAT"
	await ended
	[ ! -e "spool/$S" ]
	rm out
	refused '*' "$S" "$CAT"
	run -255 bk-walget --spool spool "$S" out -- "$CAT"
}

@test "who wants what is being fetched waits for it" {
	mkfifo go
	# the first to fetch it waits; another would fail
	echo 'cd raw; [ $BK_WAL_NAME = '"$S"' ] && { mkdir ../begun || exit 9; read x <../go; }
	    [ -e $BK_WAL_NAME ] || exit 4; exec cat $BK_WAL_NAME' >cmd
	run -0 bk-walget --spool spool --ahead 1 "${SEGMENTS[0]}" out -- sh cmd
	await has begun
	bk-walget --spool spool --ahead 0 "$S" out2 -- sh cmd 3>&- &
	echo >go
	wait $!
	cmp out2 "raw/$S"
}

in_use() { readlink /proc/[0-9]*/cwd | grep -qx "$1"; }
left() { run -1 in_use "$1"; }

@test "one process at a time fetches ahead" {
	mkdir w
	exec 8>spool/.bk-walget.lock
	flock 8
	(cd w && bk-walget --spool ../spool --ahead 1 "${SEGMENTS[0]}" out -- \
	    "cd ..; $CAT" 8>&-)
	await left "$PWD/w"
	cmp w/out "raw/${SEGMENTS[0]}"
	[ ! -e "spool/$S" ]
}

@test "a full spool is no failure" {
	mkdir small
	mount -t tmpfs -o size=1100k tmpfs small 2>/dev/null ||
	    skip "no tmpfs can be mounted here"
	status=0
	for s in "${SEGMENTS[@]}"; do
		bk-walget --spool small "$s" out -- "$CAT" && cmp out "raw/$s" ||
		    status=1
		await flock -n small/.bk-walget.lock true || status=1
	done
	umount small
	[ $status = 0 ]
}

@test "--retry-for: an outage is waited for, damage is not" {
	echo '[ -e b ] && exec cat raw/$BK_WAL_NAME; [ -e a ] && { : >b; exit 1; }; : >a; exit 1' >cmd
	run -0 --separate-stderr bk-walget --retry-for 1m "$S" out -- sh cmd
	[ "${#stderr_lines[@]}" = 2 ]
	[[ ${stderr_lines[1]} == "bk-walget: $S: the command ended with exit status 1; trying again" ]]
	run -255 --separate-stderr bk-walget --retry-for 1s "$S" out -- false
	echo junk >"raw/$S"
	run -255 --separate-stderr bk-walget --retry-for 1h "$S" out -- "$CAT"
	[ "${#stderr_lines[@]}" = 1 ]
}

@test "killed at any moment, nothing half is there" {
	local pid n
	for n in 1 2 3 4; do
		mkfifo "go$n"
		bk-walget "$S" out -- "head -c $((n * 200000)) raw/$S; read x <go$n; cat raw/$S" 3>&- &
		pid=$!
		exec 8>"go$n"
		kill -9 $pid
		dies 137 $pid
		exec 8>&-
		[ ! -e out ]
	done
	# a signal stops the COMMAND, and is the end
	bk-walget "$S" out -- sleep 1000 3>&- &
	pid=$!
	await pgrep -P $pid sleep
	kill $pid
	dies 143 $pid
	[ ! -e out ]
	run -0 bk-walget "$S" out -- "$CAT"
	# what was left over is gone
	[ -z "$(ls -A | grep bk-save)" ]
}
