#!/usr/bin/env bats
# bk-tee: one stream into several commands, and what becomes of each.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir d
	head -c 12000000 /dev/urandom >in	# three times the ring
}

teardown() {
	[ -z "${PIDS-}" ] || kill $PIDS 2>/dev/null || :
}

# tee_of INPUT [ARGUMENT...]: bk-tee, INPUT sealed.
tee_of() { bk-seal cat "$1" | bk-tee "${@:2}"; }

# status_of PID: wait for it; its exit status is in $status.
status_of() { status=0; wait "$1" || status=$?; }

is_there() { [ -e "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
gone() { [ -z "$(ls -A d)" ]; }
has_temps() { [ "$(ls -A d | grep -c '^\.bk-save')" = "$1" ]; }

@test "every sink gets all of it, at every size around the buffers'" {
	local n
	for n in 1 4095 4096 4097 65503 65504 65536 69632 4194272 4194304 \
	    4194305 12000000; do
		sampled || continue
		head -c "$n" in >part
		rm -rf d/*
		tee_of part 'bk-save d/1' 'cat >d/2' 'bk-save --sealed d/3'
		cmp part d/1
		cmp part d/3
		inside <d/2 | cmp - part
		ends d/2
	done
}

@test "a stream with marks of its own and a foreign one pass as they are" {
	bk-gz <in >gz
	bk-tee 'cat >d/1' 'bk-gz -d >d/2' <gz
	cmp gz d/1
	cmp in d/2
	bk-seal cat gz | bk-tee 'cat >d/3' 'bk-save d/4'
	inside <d/3 | cmp gz -
	cmp gz d/4
	bk-tee 'cat >d/5' 'bk-save d/6' <in
	cmp in d/5
	cmp in d/6
}

@test "all sinks have one label, so one {utc}" {
	{ marked_head 'db=shop;at=20200229T235959Z'; closing_mark; } >in
	bk-tee 'bk-save d/1-{db}-{utc}' 'bk-save d/2-{db}-{utc}' <in
	cmp in d/1-shop-20200229T235959Z
	cmp in d/2-shop-20200229T235959Z
	{ opening_mark 'db=shop;at=20200229T235959Z'; echo data; closing_mark
	    } | bk-tee 'bk-gz | bk-save d/3-{db}-{utc}' 'bk-save d/4-{db}-{utc}'
	[ "$(bk-gz -d <d/3-shop-20200229T235959Z)" = data ]
	[ "$(cat d/4-shop-20200229T235959Z)" = data ]
}

@test "an unfinished input is 3, with one line, and no sink stores it" {
	local n
	for n in 0 1 31 4000 4096 70000 5000000 11999999; do
		run -3 --separate-stderr bk-tee 'bk-save d/1 2>/dev/null' \
		    'bk-save d/2 2>/dev/null' \
		    < <({ opening_mark; head -c "$n" in; })
		[[ $stderr == *unfinished* ]]
		one_line_error bk-tee
		gone
	done
	bk-gz <in >gz
	run -3 --separate-stderr bk-tee 'bk-save d/1 2>/dev/null' \
	    'bk-gz -d 2>/dev/null | bk-save d/2 2>/dev/null' \
	    < <(head -c -100 gz)
	one_line_error bk-tee
	[ ! -e d/1 ]
	rm -f d/*
	run -3 --separate-stderr bk-tee -v 'bk-save d/1 2>/dev/null' 'cat >d/2' \
	    < <(head -c -100 gz)
	[[ $stderr == *"bk-save d/1 2>/dev/null: killed by signal 15"* ]]
	[ ! -e d/1 ]
	run ! ends d/2
}

@test "for an empty input, or one that --sealed refuses, no sink is run" {
	run -3 --separate-stderr bk-tee 'touch d/1' </dev/null
	one_line_error bk-tee
	run -3 --separate-stderr bk-tee 'touch d/1' \
	    < <(opening_mark; closing_mark)
	one_line_error bk-tee
	run -3 --separate-stderr bk-tee --sealed 'touch d/1' <in
	one_line_error bk-tee
	gone
}

@test "a sink that fails is named; the others have all of it" {
	run -1 --separate-stderr tee_of in 'bk-save d/1' 'exit 7' 'bk-save d/2'
	[ "$stderr" = "bk-tee: exit 7: exit status 7" ]
	cmp in d/1
	cmp in d/2
}

@test "a sink that is not found, dies in the middle, at the end" {
	run -1 --separate-stderr tee_of in 'no-such-command 2>/dev/null' \
	    'head -c 500000 >/dev/null; kill -9 $$' 'cat >/dev/null; exit 9' \
	    'cat >/dev/null; kill -9 $$' 'bk-save d/1'
	[ "${#stderr_lines[@]}" = 4 ]
	[ "${stderr_lines[0]}" = "bk-tee: no-such-command 2>/dev/null: exit status 127" ]
	[[ ${stderr_lines[1]} == *": killed by signal 9" ]]
	[[ ${stderr_lines[2]} == *": exit status 9" ]]
	[[ ${stderr_lines[3]} == *": killed by signal 9" ]]
	cmp in d/1
}

@test "a sink that does not read all has not succeeded, whatever it says" {
	run -1 --separate-stderr tee_of in 'head -c 9 >/dev/null' 'bk-save d/1'
	[[ $stderr == "bk-tee: head -c 9 >/dev/null: exited with 0, but did not read all"* ]]
	one_line_error bk-tee
	cmp in d/1
	run -1 tee_of in true true
}

@test "a sink that closed its end and lives on is waited for" {
	run -1 --separate-stderr tee_of in \
	    'exec 0</dev/null; until [ -e d/1 ]; do :; done; >d/late' 'bk-save d/1'
	cmp in d/1
	[ -e d/late ]
}

@test "-q: so many are enough" {
	run -0 --separate-stderr tee_of in -q 1 'exit 1' 'bk-save d/1' 'exit 2'
	[ "${#stderr_lines[@]}" = 2 ]
	cmp in d/1
	run -0 tee_of in -q 2 'bk-save d/2' 'exit 1' 'bk-save d/3'
	run -1 tee_of in --quorum 2 'exit 1' 'bk-save d/4' 'exit 2'
	cmp in d/4
	run -3 bk-tee -q 1 'cat >d/5' < <({ opening_mark; cat in; })
}

@test "-v tells of all" {
	run -1 --separate-stderr tee_of in -v 'bk-save d/1' 'exit 3'
	[ "$stderr" = $'bk-tee: bk-save d/1: done\nbk-tee: exit 3: exit status 3' ]
}

@test "a slow sink holds up, and damages nothing" {
	mkfifo gate
	tee_of in 'read -r x <gate; bk-save d/1' 'bk-save d/2' \
	    'head -c 9 >/dev/null' 2>/dev/null 3>&- &
	PID=$! PIDS=$!
	await has_temps 1
	[ ! -e d/2 ]		# 12 MB do not fit beside the one that waits
	echo go >gate
	status_of "$PID"
	[ "$status" = 1 ]
	cmp in d/1
	cmp in d/2
}

@test "sixteen sinks" {
	local i
	set --
	for i in {1..16}; do set -- "$@" "bk-save d/$i"; done
	tee_of in "$@"
	for i in {1..16}; do cmp in "d/$i"; done
}

@test "SIGTERM goes to the sinks; they leave nothing; it dies of it" {
	mkfifo fifo
	bk-tee 'exec bk-save d/1' 'exec bk-save d/2' <fifo 3>&- &
	PID=$! PIDS=$!
	exec 9>fifo
	head -c 6000000 in >&9
	await has_temps 2
	kill "$PID"
	status_of "$PID"
	[ "$status" = 143 ]
	await gone
	exec 9>&-
}

@test "a sink that ignores SIGTERM is killed after half a minute" {
	fast_clock
	mkfifo fifo
	TIMES=100 LD_PRELOAD=$PWD/fast.so bk-tee \
	    "trap '' TERM; touch ready; cat >part; mv part d/1" <fifo 3>&- &
	PID=$! PIDS=$!
	exec 9>fifo
	head -c 100000 in >&9
	await is_there ready
	kill "$PID"
	await ended "$PID"
	status_of "$PID"
	[ "$status" = 143 ]
	gone
	exec 9>&-
}

@test "killed: its sinks refuse what is unfinished" {
	mkfifo fifo
	bk-tee 'exec bk-save d/1 2>err1' 'exec bk-save d/2 2>err2' <fifo 3>&- &
	PID=$! PIDS=$!
	exec 9>fifo
	{ opening_mark; head -c 6000000 in; } >&9
	await has_temps 2
	kill -9 "$PID"
	status_of "$PID"
	[ "$status" = 137 ]
	exec 9>&-
	await gone
	await grep -q unfinished err1
	await grep -q unfinished err2
}

@test "a read that fails is 1, and no sink stores even an unmarked stream" {
	can_trace
	run -1 --separate-stderr strace -o trace \
	    -P "$PWD/in" -e inject=read:error=EIO:when=60 bk-tee 'exec bk-save d/1' \
	    'exec bk-save d/2' <in
	[ "$stderr" = "bk-tee: standard input: read: Input/output error" ]
	gone
}

@test "an unmarked stream that breaks off: no sink sees the end of it" {
	can_trace
	cat >sink <<-'PL'
	$SIG{TERM} = sub {
		vec($in, 0, 1) = 1;
		while (select($r = $in, undef, undef, 0.3)) {
			sysread(STDIN, $_, 65536) or open(F, ">d/end"), last;
		}
		exit 1;
	};
	select(undef, undef, undef, undef) while 1;
	PL
	run -1 strace -o trace -P "$PWD/in" -e inject=read:error=EIO:when=30 \
	    bk-tee 'exec perl sink' <in
	gone
}

# Not bk's, so that they take any end of their input for a good one.
FOREIGN=('cat >d/part && mv d/part d/1' 'gzip >d/part2; mv d/part2 d/2'
    'gzip | gzip -d | cat >d/part3 && mv d/part3 d/3' 'perl sink 4' 'cat | perl sink 5')

# sink: a program that stores when its input ends, and nothing on SIGTERM.
make_sink() {
	cat >sink <<-'PL'
	1 while sysread(STDIN, $_, 65536);
	open(F, ">d/$ARGV[0]");
	PL
}

@test "an unfinished input: no foreign sink keeps it under its final name" {
	local n
	make_sink
	for n in 5000 70000 5000000; do
		run -3 --separate-stderr bk-tee -v "${FOREIGN[@]}" \
		    < <({ opening_mark; head -c "$n" in; })
		[ "$(grep -c ': killed by signal 15$' <<<"$stderr")" = 5 ]
		run ! ls d/[0-9]
	done
	# neither what is cut within a format that has marks of its own
	bk-gz <in >gz
	run -3 bk-tee "${FOREIGN[@]}" < <(head -c -1 gz)
	run ! ls d/[0-9]
	bk-tee "${FOREIGN[@]}" <gz
	cmp gz d/1
	[ "$(ls d)" = $'1\n2\n3\n4\n5' ]
}

@test "what no signal prevents: what stores at once, on SIGTERM, or elsewhere" {
	long
	make_sink
	run -3 bk-tee 'cat >d/at-once' \
	    "trap '>d/trapped; exit' TERM; exec 3<&0; cat <&3 >d/part & wait" \
	    'exec setsid --wait perl sink elsewhere' \
	    < <({ opening_mark; cat in; })
	await is_there d/elsewhere
	[ "$(ls d)" = $'at-once\nelsewhere\npart\ntrapped' ]
}

@test "a sink has no terminal, where it could hang: it fails" {
	run -1 --separate-stderr tee_of in 'read x </dev/tty' 'bk-save d/1'
	cmp in d/1
}

@test "a read that fails behind the closing mark: no sink has seen the mark" {
	can_trace
	bk-gz <in >gz
	strace -o trace -e trace=read bk-tee 'cat >d/1' 'bk-save d/2' <gz
	cmp gz d/1
	cmp gz d/2
	rm d/1 d/2
	last=$(grep 'read(' trace | grep -n 'read(0,' | tail -n 1)
	run -1 --separate-stderr strace -o trace \
	    -e "inject=read:error=EIO:when=${last%%:*}" \
	    bk-tee 'cat >d/1' 'bk-save d/2 2>/dev/null' <gz
	one_line_error bk-tee
	[ ! -e d/2 ]
	touch d/1		# it may have been ended before it did that
	[ $(($(stat -c %s gz) - $(stat -c %s d/1))) -ge 4096 ]
}

@test "usage errors are 2 and run nothing" {
	run -2 bk-tee <in
	run -2 bk-tee '' <in
	run -2 bk-tee 'touch d/1' '  ' <in
	run -2 bk-tee -q 0 'touch d/1' <in
	run -2 --separate-stderr bk-tee -q 2 'touch d/1' <in
	[[ $stderr == "bk-tee: -q 2: there is 1 sink"* ]]
	run -2 bk-tee -q x 'touch d/1' <in
	usage 'more than 32 sinks' bk-tee 'touch d/'{1..33} <in
	gone
}

@test "what it stores can be told from the audit log" {
	BK_AUDIT_LOG=$PWD/log tee_of in 'env -u BK_AUDIT_LOG bk-save d/1' 'cat >d/2'
	grep '"operation":"bk-tee"' log | jq -e '.size_bytes == 12000000 and
	    .destination == "env -u BK_AUDIT_LOG bk-save d/1, cat >d/2"'
}

@test "the page's examples" {
	mkdir disk nas
	bk-seal cat in | bk-gz | bk-tee -q 2 'bk-save disk/{utc}.bk' \
	    'bk-save nas/{utc}.bk' 'timeout 6h cat >third.bk'
	bk-gz -d <third.bk | cmp - in
	bk-gz -d <disk/*.bk | cmp - in
	cmp disk/*.bk nas/*.bk
}
