#!/usr/bin/env bats
# bk-walput: 0 is said only of what is stored.

load support/common
load support/pg
load support/wal

# Segments as a server has written them, in pg_wal of a data directory.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	wal_start pg
	wal_archive false
	for n in 1 2 3 4 5 6; do
		wal_sql "SELECT pg_logical_emit_message(true, 'n', '$n')" >/dev/null
		wal_switch >>names
	done
	mkdir -p data/pg_wal/archive_status data/global
	sed "s|.*|$PGHOST/data/pg_wal/&|" names | xargs cp -t data/pg_wal
	cp "$PGHOST/data/global/pg_control" data/global
	pg_stop pg
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	mapfile -t SEGMENTS <"$BATS_FILE_TMPDIR/names"
	cd "$BATS_TEST_TMPDIR"
	cp -R "$BATS_FILE_TMPDIR/data" .
	mkdir archive spool
	cd data
	S=${SEGMENTS[0]}
	SAVE='bk-gz | bk-save ../archive/$BK_WAL_NAME'
}

teardown() {
	local dir
	for dir in "$BATS_TEST_TMPDIR"/*/; do
		pg_stop "${dir%/}"
	done
}

put() { bk-walput "pg_wal/$1" "${@:2}"; }
ready() { touch "${@/#/pg_wal/archive_status/}"; (cd pg_wal/archive_status && for f in "$@"; do mv "$f" "$f.ready"; done); }
stored() { bk-gz -d <"../archive/$1" | cmp - "pg_wal/$1"; }
has() { [ -e "$1" ]; }
dies() { status=0; wait "$2" 2>/dev/null || status=$?; [ $status = "$1" ]; }

# refused STATUS PATTERN NAME...: put, and one line.
refused() {
	run -"$1" --separate-stderr put "${@:3}"
	# shellcheck disable=SC2053	# a pattern
	[[ $stderr == "bk-walput: "$2 ]] || { echo "$stderr" >&2; return 1; }
	one_line_error bk-walput
}

@test "a segment is stored once, however often it is asked for" {
	run -0 --separate-stderr put "$S" -- "$SAVE"
	[ -z "$output$stderr" ]
	stored "$S"
	before=$(stat -c '%i %Z' "../archive/$S")
	run -0 put "$S" -- "$SAVE"
	[ "$(stat -c '%i %Z' "../archive/$S")" = "$before" ]
	# words instead of a shell command, bare, twice
	run -0 put "$S" -- bk-save "../archive/bare"
	cmp ../archive/bare "pg_wal/$S"
	run -0 put "$S" -- bk-save "../archive/bare"
	# other content under its name
	printf X | dd of="pg_wal/$S" bs=1 seek=9000 conv=notrunc status=none
	run -1 --separate-stderr put "$S" -- "$SAVE"
	[[ $stderr == "bk-save: "*"already exists"*"bk-walput: $S: the command ended with exit status 1" ]]
	[ "$(stat -c '%i %Z' "../archive/$S")" = "$before" ]
}

@test "the envelope has the label of a WAL file" {
	local label
	put "$S" -- 'cat >../archive/$BK_WAL_NAME'
	label=$(seal_of "../archive/$S")
	[[ $label == *"(cluster="+([0-9])";host="*";at="*";wal=$S;end=0/"*";sum=$(sha256sum "pg_wal/$S" | head -c 32);run="* ]]
	ends "../archive/$S"
	inside <"../archive/$S" | cmp - "pg_wal/$S"
	printf '1\t0/3000158\tno target\n' >pg_wal/00000002.history
	put 00000002.history -- 'cat >../archive/$BK_WAL_NAME'
	[[ $(seal_of ../archive/00000002.history) == *"(cluster="*";wal=00000002.history;sum="* ]]
	cp "pg_wal/$S" "pg_wal/$S.partial"
	run -0 put "$S.partial" -- bk-save ../archive/partial
	printf 'START WAL LOCATION: 0/2000028 (file %s)\nSTOP ...\n' "$S" >"pg_wal/$S.00000028.backup"
	run -0 put "$S.00000028.backup" -- bk-save ../archive/backup
}

@test "a history, or a .backup, that is none is refused" {
	local text name=00000003.history
	for text in garb 'garb\n' '1\t0/3000158\tcut' '3\t0/3000158\tx\n' ''; do
		printf "$text" >pg_wal/$name
		refused 3 "$name: *" $name -- 'touch ../ran; cat >/dev/null'
	done
	name=$S.00000028.backup
	for text in x 'x\n' "START WAL LOCATION: 0/2000028 (file ${SEGMENTS[1]})\n" \
	    "START WAL LOCATION: 0/2000028 (file $S)"; do
		printf "$text" >"pg_wal/$name"
		refused 3 "$name: not a complete .backup file" "$name" -- 'touch ../ran; cat >/dev/null'
	done
	[ ! -e ../ran ]
}

@test "a .partial ends with its last record, whatever follows that" {
	local part=$S.partial
	# the server's has the size of a segment; a standby's, old WAL after it
	cp "pg_wal/$S" "pg_wal/$part"
	put "$part" -- "$SAVE"
	bk-gz -d <../archive/$part >one
	[ "$(stat -c %s one)" -le 1048576 ]
	head -c 40000 "pg_wal/$S" >"pg_wal/$part"
	rm ../archive/*
	put "$part" -- "$SAVE"
	bk-gz -d <../archive/$part >short
	[ "$(stat -c %s short)" -le 40000 ]
	cmp -n "$(stat -c %s short)" short "pg_wal/$S"
	head -c $((1048576 - 40960)) "pg_wal/${SEGMENTS[1]}" >>"pg_wal/$part"
	run -0 --separate-stderr put "$part" -- "$SAVE"
	[ -z "$stderr" ]
	[ "$(ls ../archive)" = "$part" ]
	# one that is longer takes its place, one that is not goes beside it
	cp "pg_wal/$S" "pg_wal/$part"
	run -0 --separate-stderr put "$part" -- "$SAVE"
	[ -z "$stderr" ]
	bk-gz -d <../archive/$part | cmp - one
	head -c 40000 "pg_wal/$S" >"pg_wal/$part"
	run -0 --separate-stderr put "$part" -- "$SAVE"
	[[ $stderr == "bk-walput: $part: the archive has other WAL under this name; stored as $part."????????  ]]
	bk-gz -d <../archive/$part.* | cmp - short
	run -0 put "$part" -- "$SAVE"
	[ "$(ls ../archive | wc -l)" = 2 ]
	bk-gz -d <../archive/$part | cmp - one
	# as it is, contents can be compared
	rm ../archive/*
	cp "pg_wal/$S" "pg_wal/$part.whole"
	mv "pg_wal/$part.whole" "pg_wal/$part"
	put "$part" -- 'bk-save ../archive/$BK_WAL_NAME'
	head -c 40000 "pg_wal/$S" >"pg_wal/$part"
	run -0 --separate-stderr put "$part" -- 'bk-save ../archive/$BK_WAL_NAME'
	[ -z "$stderr" ]
	cmp one ../archive/*
}

@test "usage errors store nothing" {
	usage 'no PATH given' bk-walput
	usage 'no PATH given' bk-walput -- true
	usage 'no COMMAND given' bk-walput "pg_wal/$S"
	usage 'true: put -- before COMMAND' bk-walput "pg_wal/$S" true
	usage 'of use with --spool only' bk-walput -j 2 "pg_wal/$S" -- true
	usage "$S: COMMAND names one file; with --spool write \$BK_WAL_NAME" \
	    bk-walput --spool ../spool "pg_wal/$S" -- "bk-save ../archive/$S"
	[ -z "$(find ../archive ../spool -type f)" ]
}

@test "what is not what its name says is refused, and nothing is run" {
	local touch='touch ../ran; cat >/dev/null'
	cp "pg_wal/${SEGMENTS[1]}" "pg_wal/$S"
	refused 3 "$S: holds segment ${SEGMENTS[1]}" "$S" -- "$touch"
	head -c 1048575 "$BATS_FILE_TMPDIR/data/pg_wal/$S" >"pg_wal/$S"
	refused 3 "$S: has 1048575 bytes*" "$S" -- "$touch"
	head -c 1048576 /dev/zero >"pg_wal/$S"
	refused 3 "$S: not a WAL segment*" "$S" -- "$touch"
	: >"pg_wal/$S"
	refused 3 "$S: not a WAL segment*" "$S" -- "$touch"
	echo x >pg_wal/x
	refused 3 "pg_wal/x: not the name of a WAL file" x -- "$touch"
	refused 1 "*FF: No such file or directory" 0000000100000000000000FF -- "$touch"
	mkdir pg_wal/0000000100000000000000FE
	refused 3 "*: not a regular file" 0000000100000000000000FE -- "$touch"
	cp "$BATS_FILE_TMPDIR/data/pg_wal/$S" pg_wal
	printf X | dd of=global/pg_control bs=1 seek=5 conv=notrunc status=none
	refused 3 "$S: holds segment $S of another cluster *" "$S" -- "$touch"
	run -2 put "$S" --spool ../spool -- "cat >../archive/$S"
	[[ $output == *'write $BK_WAL_NAME for %f'* ]]
	run -2 put "$S" -j 2 -- cat
	run -2 put "$S" cat
	run -2 put "$S"
	run -2 bk-walput -- cat
	[ ! -e ../ran ]
}

@test "a command that fails, or has not read all, has stored nothing" {
	refused 1 "$S: the command ended with exit status 7" "$S" -- 'cat >/dev/null; exit 7'
	refused 1 "$S: the command was killed by signal 9" "$S" -- 'kill -9 $$'
	refused 1 "$S: *nowhere*No such file*" "$S" -- /nowhere/cmd x
	# true, and the whole segment is in the pipe; or a part, or all but the end
	refused 1 "$S: the command ended with exit status 0, but has left * unread*" "$S" -- true
	refused 1 "$S: *has left * unread*" "$S" -- 'head -c 100000 >/dev/null'
	refused 1 "$S: *has left 1 bytes*" "$S" -- 'dd bs=1 count=$(($(cat pg_wal/$BK_WAL_NAME | wc -c) + '"$(
	    put "$S" -- 'cat >../archive/all'; echo $(($(stat -c %s ../archive/all) - 1048576 - 1)))"')) of=/dev/null status=none'
	# it went on behind our back
	refused 1 "$S: *has left*unread*" "$S" -- 'cat >/dev/null <&0 & exit 0'
}

@test "killed at any moment, it has stored all or nothing" {
	local n pid
	for n in 0 1 4096 500000 1048576; do
		rm -f ../go
		mkfifo ../go
		bk-walput "pg_wal/$S" -- "{ head -c $n; read x <../go; cat; } | $SAVE" >/dev/null 2>&1 3>&- &
		pid=$!
		exec 8>../go
		kill -9 $pid
		dies 137 $pid
		exec 8>&-
		await eval '[ -z "$(pgrep -x bk-save)" ] || ! pgrep -f "archive/$S"'
		[ ! -e "../archive/$S" ] || stored "$S"
	done
	# a signal ends the command, too
	bk-walput "pg_wal/$S" -- sleep 1000 3>&- &
	pid=$!
	await pgrep -P $pid sleep
	kill $pid
	dies 143 $pid
	run -0 put "$S" -- "$SAVE"
	stored "$S"
}

@test "a spool: what is ready is stored meanwhile, and remembered" {
	local s
	ready "${SEGMENTS[@]:0:5}"
	echo "echo \$BK_WAL_NAME >>../ran; $SAVE" >../cmd
	run -0 --separate-stderr put "$S" --spool ../spool -j 8 -- sh ../cmd
	[ -z "$stderr" ]
	for s in "${SEGMENTS[@]:0:5}"; do
		stored "$s"
		[ "$(cat "../spool/$s.stored")" = "$(sha256sum <"pg_wal/$s" | head -c 64) $(
		    printf '%s\0' sh ../cmd | sha256sum | head -c 64)" ]
	done
	[ ! -e "../archive/${SEGMENTS[5]}" ]
	[ "$(sort ../ran)" = "$(printf '%s\n' "${SEGMENTS[@]:0:5}")" ]
	# asked for, each is known; the record stays while it is .ready
	echo 'exit 1' >../cmd
	mv pg_wal/archive_status/$S.{ready,done}
	for s in "${SEGMENTS[@]:0:4}"; do
		run -0 put "$s" --spool ../spool -- sh ../cmd
	done
	[ ! -e "../spool/$S.stored" ]
	[ -e "../spool/${SEGMENTS[4]}.stored" ]
	# with other content it is not
	s=${SEGMENTS[4]}
	printf X | dd of="pg_wal/$s" bs=1 seek=9000 conv=notrunc status=none
	refused 1 "$s: other content was stored under this name, *" "$s" --spool ../spool -- sh ../cmd
}

@test "a spool: what another command has stored is stored again" {
	local s
	ready "${SEGMENTS[@]:0:5}"
	# a first place takes four, while the one that is asked for fails
	mkdir ../lost
	echo "$S" >../first
	run -1 put "$S" --spool ../spool -j 5 -- '[ $BK_WAL_NAME != $(cat ../first) ] || { until [ $(ls ../spool | grep -c stored) = 4 ]; do :; done; exit 1; }; bk-save ../lost/$BK_WAL_NAME'
	[ "$(ls ../lost)" = "$(printf '%s\n' "${SEGMENTS[@]:1:4}")" ]
	rm -r ../lost
	# another place
	for s in "${SEGMENTS[@]:0:5}"; do
		run -0 put "$s" --spool ../spool -j 4 -- "$SAVE"
		stored "$s"
	done
}

@test "histories go first; what fails ahead is for its own call to tell" {
	printf '1\t0/3000158\tno target\n' >pg_wal/00000002.history
	ready "${SEGMENTS[@]:0:5}" 00000002.history
	echo "echo \$BK_WAL_NAME >>../ran; [ \$BK_WAL_NAME != ${SEGMENTS[2]} ] || exit 1; $SAVE" >../cmd
	# one beside it: in order, up to the failure
	mkfifo ../go
	run -0 put "$S" --spool ../spool -j 2 -- "[ \$BK_WAL_NAME != \$(head -n 1 $BATS_FILE_TMPDIR/names) ] || until grep -q ${SEGMENTS[2]} ../ran; do :; done; sh ../cmd"
	[ "$(grep -v "$S" ../ran | tr '\n' ' ')" = "00000002.history ${SEGMENTS[1]} ${SEGMENTS[2]} " ]
	stored "$S"
	[ ! -e "../spool/${SEGMENTS[2]}.stored" ]
	run -1 put "${SEGMENTS[2]}" --spool ../spool -j 2 -- sh ../cmd
	# its own failure is told, whatever else was stored
	run -1 put "${SEGMENTS[2]}" --spool ../spool -j 8 -- sh ../cmd
}

@test "two at once: the second is told to try again" {
	local pid
	mkfifo ../go
	put "$S" --spool ../spool -- "read x <../go; $SAVE" 3>&- &
	pid=$!
	exec 8>../go
	refused 5 "../spool: the spool is in use by another bk-walput; *" "$S" --spool ../spool -- true
	exec 8>&-
	wait $pid
	stored "$S"
	# a dead one's lock is no lock, its records count
	rm "../archive/$S"
	run -0 put "$S" --spool ../spool -- "read x <../go; $SAVE"
	[ ! -e "../archive/$S" ]
	refused 1 "../nowhere: the spool: No such file*" "$S" --spool ../nowhere -- "$SAVE"
}

@test "killed between storing and remembering, it is stored once more" {
	local n pid
	ready "${SEGMENTS[@]}"
	for n in 1 2; do
		rm -f ../go
		mkfifo ../go
		bk-walput "pg_wal/$S" --spool ../spool -j 3 -- \
		    "$SAVE; read x <../go" >/dev/null 2>&1 3>&- &
		pid=$!
		await has "../archive/${SEGMENTS[$n]}"
		kill -9 $pid
		dies 137 $pid
		exec 8<>../go 8<&-
	done
	run -0 put "$S" --spool ../spool -j 3 -- "$SAVE"
	for n in "${SEGMENTS[@]}"; do
		run -0 put "$n" --spool ../spool -j 3 -- "$SAVE"
		stored "$n"
	done
}

@test "a full spool is said, and the server is told the truth" {
	mkdir ../small
	mount -t tmpfs -o size=4k tmpfs ../small 2>/dev/null ||
	    skip "no tmpfs can be mounted here"
	ready "${SEGMENTS[@]}"
	status=0
	bk-walput "pg_wal/$S" --spool ../small -j 3 -- "$SAVE" 2>../said || status=$?
	umount ../small
	cat ../said
	[ $status = 0 ]
	stored "$S"
	stored "${SEGMENTS[1]}"
	grep -q "^bk-walput: .*No space left on device; what is stored will be sent again$" ../said
	[ "$(wc -l <../said)" = 1 ]
	# unlike another disk: the archive's
	[ -w /dev/full ]
	refused 1 "$S: the command ended with exit status 1" "$S" -- 'exec 2>/dev/null; bk-gz >/dev/full'
}
