#!/usr/bin/env bats
# bk-seal: the closing mark is written for a command that succeeded, only.

load support/common

# is_open FILE: an envelope that was begun and not closed.
is_open() {
	[ "$(head -c 32 "$1")" = "$(opening_word)" ] || [ ! -s "$1" ] &&
	    run ! grep -q "$(closing_word)" <(tail -c 2560 "$1")
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "what a command wrote leaves in an envelope" {
	before=$(date -u +%Y%m%dT%H%M%SZ)
	bk-seal printf 'one\ntwo' >out
	seal=$(seal_of out)
	nonce=$(nonce_of out)
	[[ ${seal%%(*} =~ ^[0-9a-f]{64}$ && $nonce =~ ^[0-9a-f]{32}$ ]]
	[ "$(printf %s "$nonce" | sha256sum)" = "${seal%%(*}  -" ]
	[[ $seal =~ \(at=([0-9TZ]{16})\;run=[0-9a-f]{16}\)$ ]]
	[[ ${BASH_REMATCH[1]} > $before || ${BASH_REMATCH[1]} = "$before" ]]
	printf "$(opening_word)${seal}one\ntwo$(closing_word)${nonce}0000" |
	    cmp out -
	# another time, another nonce and another run
	bk-seal printf 'one\ntwo' >again
	[ "$(seal_of again | cut -c 1-64)" != "${seal%%(*}" ]
	[ "$(seal_of again | tail -c 18)" != "$(tail -c 18 <<<"$seal")" ]
}

@test "what has marks already gets an envelope like anything else" {
	bk-seal printf 'one\ntwo' >one
	bk-seal bk-seal printf 'one\ntwo' >two
	[ "$(inside <two | inside)" = $'one\ntwo' ]
	bk-seal cat one </dev/null | inside | cmp - one
	bk-seal bk-gz </dev/null | inside >out
	[ "$(gzip -dc <out | wc -c)" = 0 ]
	run -1 bash -c 'bk-seal bk-seal false >out'
	is_open out
	run -1 bash -c 'bk-seal sh -c "bk-seal printf one; exit 1" >out'
	is_open out
	# half an envelope, vouched for, is half an envelope to who opens it
	bk-seal head -c -1 one >out
	bk-save half <out
	run -3 bk-gz <half
}

@test "the command finds signals as they usually are, whoever started us" {
	cat >ignoring <<-'EOF'
	import os, signal, sys
	for s in signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ:
	    signal.signal(s, signal.SIG_IGN)
	os.execvp(sys.argv[1], sys.argv[1:])
	EOF
	python3 ignoring bk-seal grep SigIgn /proc/self/status >out
	mask=$(sed -n 's/.*SigIgn:[^0-9a-f]*\([0-9a-f]*\).*/\1/p' out)
	# SIGCHLD, SIGPIPE, SIGXFSZ; others may be ignored, as by nohup
	[ $((0x$mask & 0x1011000)) = 0 ]
}

@test "output of every size around the buffers' is sealed whole" {
	local n
	for n in 1 4095 4096 4097 65535 65536 65537 262144 1048577; do
		head -c "$n" /dev/urandom >in
		bk-seal cat in >out
		inside <out | cmp - in
		[ "$(stat -c %s out)" = $((n + 138 + 68)) ]
	done
}

@test "300 MB go through, in little memory" {
	if sanitized; then skip "a sanitizer has memory of its own"; fi
	ulimit -v 100000
	bk-seal head -c 300M /dev/zero | tail -c +139 | head -c -68 |
	    cmp - <(head -c 300M /dev/zero)
}

@test "a command that fails is not sealed" {
	run -1 --separate-stderr bk-seal sh -c 'echo half a dump; exit 3'
	[ "$stderr" = "bk-seal: sh: exit status 3; not sealed" ]
	run -1 sh -c 'bk-seal sh -c "echo half a dump; exit 3" >out'
	is_open out
}

@test "every exit status but 0 is a failure that is named" {
	local n
	for n in 1 2 4 125 126 127 128 255; do
		run -1 --separate-stderr bk-seal sh -c "echo x; exit $n"
		[ "$stderr" = "bk-seal: sh: exit status $n; not sealed" ]
	done
}

@test "a command that is killed is not sealed" {
	run -1 --separate-stderr bk-seal sh -c 'echo half; kill -9 $$'
	[ "$stderr" = "bk-seal: sh: killed by signal 9; not sealed" ]
	run -1 sh -c 'bk-seal sh -c "head -c 1M /dev/zero; kill -9 \$\$" >out'
	is_open out
}

@test "a command whose output cannot be read is not sealed" {
	local nth
	can_trace
	head -c 1M /dev/zero >in
	strace -e trace=read -o trace bk-seal cat in >out
	nth=$(grep 'read(' trace | grep -n ', 262144)' | head -n 1)
	run -1 sh -c 'strace -o trace -e inject=read:error=EIO:when="$1" \
	    bk-seal cat in >out' sh "${nth%%:*}"
	[ "$output" = "bk-seal: cat: read: Input/output error" ]
	is_open out
}

@test "a command that cannot be run is named" {
	run -1 --separate-stderr bk-seal /nonexistent/pg_dumpall
	[ "$stderr" = "bk-seal: /nonexistent/pg_dumpall: cannot run: No such file or directory" ]
	run -1 --separate-stderr bk-seal no-such-command
	one_line_error bk-seal
	: >not-executable
	run -1 --separate-stderr bk-seal ./not-executable
	[[ $stderr == *"cannot run: Permission denied" ]]
}

@test "a command that wrote nothing is not sealed" {
	run -1 --separate-stderr bk-seal true
	[ "$stderr" = "bk-seal: true: wrote nothing; not sealed" ]
}

@test "a usage error runs nothing and says how" {
	run -2 --separate-stderr bk-seal
	[[ $stderr == *"usage: bk-seal COMMAND"* ]]
	run -2 --separate-stderr bk-seal --no-such-option touch ran
	[ ! -e ran ]
}

@test "what follows the command is the command's" {
	bk-seal printf -- '--help -x %s' --version >out
	[ "$(inside <out)" = "--help -x --version" ]
}

@test "standard input and the environment are the command's" {
	echo from stdin | WORD=env bk-seal sh -c 'cat; echo "$WORD"' >out
	[ "$(inside <out)" = $'from stdin\nenv' ]
}

@test "in the middle of a pipe: what comes in must be complete" {
	local label
	seq 100000 >in
	bk-gz <in >in.gz
	bk-seal cat <in.gz | inside | cmp - in.gz
	# an envelope is opened for the command; what else has marks comes whole
	bk-seal cat in </dev/null | bk-seal cat | inside | cmp - in
	bk-seal cat in </dev/null >sealed
	bk-seal cat <sealed | inside | cmp - in
	bk-seal gzip -n <sealed | bk-save packed.gz
	zcat packed.gz | cmp - in
	# its label is handed on
	label=$(seal_of sealed | cut -c 65-)
	[[ $(bk-seal gzip <sealed | seal_of /dev/stdin) == *"$label" ]]
	{ marked_head db=shop; closing_mark; } |
	    bk-seal cat | bk-gz | bk-save '{db}.gz'
	[ -e shop.gz ]
	for f in in.gz sealed; do
		for n in 300 5000 $(($(stat -c %s $f) - 1)); do
			head -c "$n" $f >cut
			run -3 --separate-stderr bash -c 'bk-seal gzip <cut >out'
			[[ $stderr == *"standard input: unfinished"* ]]
			is_open out
			run -3 bash -c 'cat cut | bk-seal gzip | bk-save never'
		done
	done
	run -3 bash -c 'bk-seal sh -c "cat in; exit 1" </dev/null |
	    bk-seal gzip | bk-save never'
	[ ! -e never ]
}

@test "nothing comes: who reads it fails, who does not is left alone" {
	run -1 --separate-stderr bash -c ': | bk-seal cat >out'
	[[ $stderr == *"cat: exit status 1, and its standard input is empty; not sealed" ]]
	run -3 bash -c 'bk-seal false </dev/null | bk-gz | bk-seal gzip |
	    bk-save --sealed never'
	[ ! -e never ]
	# cron's jobs have such a pipe
	bash -c ': | bk-seal echo x' | inside | grep -qx x
	# a terminal, a device, a closed one
	script -qec 'bk-seal tty >out' /dev/null
	[[ $(inside <out) == /dev/* ]]
	bk-seal echo x <&- | inside | grep -qx x
}

@test "a pipe that nobody closes does not hold it up" {
	mkfifo fifo
	exec 9<>fifo
	timeout 300 bk-seal echo x <&9 | inside | grep -qx x
	# nor one in the middle of whose label its writer stays
	opening_mark | head -c 40 >&9
	run -3 --separate-stderr timeout 300 bk-seal true <&9
	[[ $stderr == *"true did not read its input; not sealed; "* ]]
	exec 9>&-
}

@test "a pipe that is silent for long, and then ends empty" {
	local pid status=0
	mkfifo fifo
	exec 9<>fifo
	bk-seal sh -c ': >began; exec cat' <fifo >out 2>err 3>&- 9>&- &
	pid=$!
	await test -e began
	exec 9>&-
	wait $pid || status=$?
	[ $status = 3 ]
	grep -q 'standard input: empty; not sealed; see the messages of' err
	is_open out
}

@test "a command that reads none of its pipe: it may be for somebody else" {
	run -0 --separate-stderr bash -c 'printf "a\nb\n" | while read -r db; do
	    bk-seal echo "$db" >"$db" || echo "$db failed"; done'
	[ "${lines[0]}" = 'a failed' ]
	[[ $stderr == *"standard input: echo did not read its input; not sealed; "*"< /dev/null"* ]]
	is_open a
	printf 'a\nb\n' | while read -r db; do
		bk-seal echo "$db" >"$db" </dev/null
	done
	[ "$(inside <a; inside <b)" = $'a\nb' ]
	# a file is left where it is; who reads some may leave
	printf 'a\nb\n' >list
	while read -r db; do bk-seal echo "$db" >"$db"; done <list
	[ "$(inside <b)" = b ]
	{ yes || :; } | bk-seal head -c 4 | inside | cmp - <(printf 'y\ny\n')
	bk-seal seq 100000 </dev/null | bk-seal head -n 1 | inside | grep -qx 1
	run -3 bash -c 'bk-seal sh -c "seq 100000; exit 1" </dev/null |
	    bk-seal head -n 1 >out'
	is_open out
}

@test "the command's messages pass, and the status of a pipe's middle" {
	run -1 --separate-stderr bk-seal sh -c 'echo oops >&2; exit 1'
	[ "${stderr_lines[0]}" = oops ]
	run -1 bk-seal bash -o pipefail -c 'false | echo x'
}

@test "a full disk is reported" {
	run -1 --separate-stderr sh -c 'bk-seal echo x >/dev/full'
	[ "$stderr" = "bk-seal: standard output: write: No space left on device" ]
	run -1 --separate-stderr sh -c 'bk-seal head -c 10M /dev/zero >/dev/full'
	one_line_error bk-seal
}

@test "a reader that leaves is no news, but a failure" {
	run -0 --separate-stderr bash -c \
	    'bk-seal head -c 10M /dev/zero | head -c 100 >/dev/null
	     echo "${PIPESTATUS[0]}"'
	[ "$output" = 1 ]
	[ -z "$stderr" ]
}

# The command says that it is ready through a pipe and waits for a signal; not
# in a shell, whose trap may come too late for the read that it should end.
signal_reaches_command() {
	local name=$1 number=$2 pid status=0
	mkfifo ready
	bk-seal perl -e '$SIG{TERM} = sub { mkdir "caught"; exit 0 };
	    open R, ">", "ready"; close R;
	    select undef, undef, undef, 0.05 while 1' >out 2>err 3>&- &
	pid=$!
	read -r <ready || :
	kill -s "$name" "$pid"
	wait "$pid" || status=$?
	[ "$status" = $((128 + number)) ]
	await test -e caught
	is_open out
}

@test "SIGTERM reaches the command, and bk-seal dies of it" {
	signal_reaches_command TERM 15
}

@test "so does SIGHUP, as SIGTERM" {
	signal_reaches_command HUP 1
}

@test "kill -9 of bk-seal itself leaves no closing mark" {
	local pid status=0
	mkfifo ready
	bk-seal sh -c 'head -c 1M /dev/zero; echo >ready; exec cat ready' >out 3>&- &
	pid=$!
	read -r <ready
	kill -9 "$pid"
	wait "$pid" || status=$?
	[ "$status" = 137 ]
	is_open out
	: >ready	# lets the command go
}

@test "the manual's examples: a shell's pipeline, a directory" {
	mkdir d
	echo data >d/file
	bk-seal bash -o pipefail -c 'echo a | tr a b' >out
	[ "$(inside <out)" = b ]
	bk-seal tar -cf - d | inside | tar -tf - | grep -qx d/file
	# gpg in the middle of a pipe: what it makes of half a dump is not stored
	export GNUPGHOME=$PWD/gnupg
	mkdir -m 700 gnupg store
	echo secret >key
	encrypt() { bk-seal gpg -q -c --batch --passphrase-file key; }
	bk-seal cat d/file </dev/null | bk-gz | encrypt |
	    bk-save --sealed 'store/{utc}.gz.gpg'
	gpg -q -d --batch --passphrase-file key store/*.gz.gpg | bk-gz -d |
	    cmp - d/file
	rm store/*
	export -f encrypt
	run ! bash -c 'bk-dump -h "$PWD" nosuch 2>err | bk-gz | encrypt |
	    bk-save --sealed store/x'
	seq 1000000 | bk-gz >whole.gz
	head -c 1000000 whole.gz >cut.gz
	run ! bash -c 'bk-gz -d --seal <cut.gz 2>err | encrypt | bk-save --sealed store/x'
	run ! bash -c 'encrypt <cut.gz | bk-save --sealed store/x'
	[ -z "$(ls -A store)" ]
	gpgconf --kill all
}
