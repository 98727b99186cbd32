#!/usr/bin/env bats
# BK_AUDIT_LOG: one line of JSON a run, whatever happens, chained to the line
# before.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export BK_AUDIT_LOG=$PWD/audit.log
}

teardown() {
	local pid
	for pid in $(jobs -p); do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# lines N: the log has N lines.
lines() {
	[ -e audit.log ] && [ "$(wc -l <audit.log)" = "$1" ]
}

# recorder_of PID: print the process id of the recorder of that run.
recorder_of() {
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$child/comm")" != bk-audit ] || echo "$child"
	done
}

has_recorder() {
	[ -n "$(recorder_of "$1")" ]
}

# ended PID: it is gone, or waits to be waited for.
ended() {
	[ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"
}

# begin CMD...: run it with a pipe as its input in which nothing comes, until
# its run has begun; its process id is in $pid.
begin() {
	[ -p pipe ] || mkfifo pipe
	exec 7<>pipe
	env --default-signal=INT,HUP,TERM "$@" <pipe >out 7>&- 3>&- &
	pid=$!
	await has_recorder "$pid"
}

# --- the line

@test "a run that succeeds is a line of JSON with all its fields" {
	bk-seal printf 12345 >/dev/null
	jq -e '.operation == "bk-seal" and .type == "seal" and
	    .source == "printf" and .destination == null and
	    .size_bytes == 5 and .duration_seconds >= 0 and
	    .status == "success" and .error == null and
	    (.pid | type) == "number" and (.version | length) > 0' audit.log
	[ "$(jq -r .user audit.log)" = "$(id -un)" ]
	[ "$(jq -r .host audit.log)" = "$(uname -n)" ]
	[ "$(jq -r 'keys_unsorted | join(" ")' audit.log)" = \
	    "timestamp operation type source destination size_bytes duration_seconds status error user host ip_address pid version run previous" ]
	# an address of this host, other than loopback
	jq -r '.ip_address // "none"' audit.log >address
	{ hostname -I | tr ' ' '\n'; echo none; } >addresses
	grep -qxFf address addresses
	jq -e '.timestamp | fromdate >= (now - 60) and . != null' audit.log
	[ "$(stat -c %a audit.log)" = 600 ]
}

@test "the stages of a pipe have one run, who reads it back has it as backup" {
	local run
	bk-seal echo x </dev/null | bk-gz | bk-tee 'bk-save one.gz'
	run=$(BK_AUDIT_LOG= seal_of one.gz | grep -o 'run=[0-9a-f]*')
	[ "$(jq -r .run audit.log | sort | uniq -c)" = "      4 ${run#run=}" ]
	[ "$(jq -s 'map(select(has("backup"))) | length' audit.log)" = 0 ]
	bk-gz -d <one.gz
	# known from the first bytes on, whatever ends the reader
	mkfifo fifo
	bk-save two.gz <fifo 3>&- &
	exec 8>fifo
	cat one.gz >&8
	head -c 600000 /dev/urandom >&8
	await compgen -G '.bk-save*'
	kill -9 $!
	exec 8>&-
	await grep -q 'two.gz' audit.log
	[ "$(tail -n 2 audit.log | jq -r '.backup // .run' | uniq)" = "${run#run=}" ]
	[ "$(tail -n 2 audit.log | jq -r .status)" = $'success\nfailure' ]
}

@test "a proof says of which kind it is, a deletion how many names and of when" {
	bk-seal echo x </dev/null >sealed
	bk-verify -q <sealed
	run bk-verify -q </dev/null
	printf '%s\n' "$PWD/b-20261003T010203Z" "$PWD/a-20261002T010203Z" "$PWD/x and 7 more" >names
	bk-rm <names
	bk-rm </dev/null
	[ "$(jq -c 'select(.type != "seal") | [.proof, .deleted, .oldest, .newest]' audit.log)" = \
'["seal",null,null,null]
[null,null,null,null]
[null,3,"2026-10-02T01:02:03Z","2026-10-03T01:02:03Z"]
[null,null,null,null]' ]
	[ "$(jq -s 'map(select(has("proof") or has("deleted"))) | length' audit.log)" = 2 ]
}

@test "a host that nobody can reach has no address" {
	unshare -rn true 2>/dev/null || skip "no user and network namespaces here"
	unshare -rn bk-seal echo x >/dev/null
	jq -e 'has("ip_address") and .ip_address == null' audit.log
}

@test "a run that fails says why, in the words of its message" {
	run -1 --separate-stderr bk-seal sh -c 'exit 9'
	[ "$(jq -r .status audit.log)" = failure ]
	[ "bk-seal: $(jq -r .error audit.log)" = "$stderr" ]
}

@test "names with quotes, newlines and bytes that are no UTF-8 are JSON" {
	local name=$'a "b"\\\n\t\x01\xff'
	run -1 bk-seal "$name"
	python3 -c 'import json, sys
lines = open("audit.log", "rb").read().split(b"\n")
assert len(lines) == 2 and lines[1] == b"", lines
assert json.loads(lines[0])["source"] == "a \"b\"\\\n\t\x01\ufffd"'
}

@test "a name of 100,000 characters is recorded whole" {
	local name
	name=$(printf '%0100000d' 7)
	run -1 bk-seal "$name"
	[ "$(jq -r .source audit.log)" = "$name" ]
}

@test "each line carries the SHA-256 of the line before" {
	local i
	for i in 1 2 3; do bk-seal echo $i >/dev/null; done
	[ "$(jq -r .previous audit.log)" = "null
$(sed -n 1p audit.log | tr -d '\n' | sha256sum | cut -d' ' -f1)
$(sed -n 2p audit.log | tr -d '\n' | sha256sum | cut -d' ' -f1)" ]
	bk-audit --verify
}

@test "a usage error is no run, and leaves no line; nor does --help" {
	run -2 bk-seal
	run -2 bk-gz -99
	run -0 bk-gz --help
	run -0 bk-gz --version
	[ ! -e audit.log ]
}

@test "runs that end together are one chain" {
	local i pids=()
	for i in {1..40}; do
		bk-seal printf "%5000s" "$i" >/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	lines 40
	[ "$(jq -s 'map(select(.status == "success").pid) | unique | length' \
	    audit.log)" = 40 ]
	run -0 bk-audit --verify
	[[ $output == "$PWD/audit.log: 40 lines, whole: sha256 "* ]]
}

@test "an empty BK_AUDIT_LOG is none" {
	BK_AUDIT_LOG= bk-seal echo x >/dev/null
	[ ! -e audit.log ]
}

# --- a run that does not end by itself

@test "a tool that SIGKILL ends has its line" {
	begin bk-gz
	kill -KILL "$pid"
	await lines 1
	jq -e --argjson pid "$pid" '.operation == "bk-gz" and .pid == $pid and
	    .type == "compress" and .status == "failure" and
	    .error == "killed or crashed: it wrote no audit line" and
	    .size_bytes == null and .duration_seconds >= 0 and
	    (.timestamp | fromdate) >= (now - 60)' audit.log
	bk-audit --verify
}

@test "killed in the middle of its stream, it has its line" {
	mkfifo data
	# 7 holds the input open; what has come out is more than headers
	bk-gz <data 3>&- > >(head -c 100000 >first; cat >rest) &
	local pid=$!
	exec 7>data
	head -c 8000000 /dev/urandom >&7
	await test -s rest
	kill -KILL "$pid"
	exec 7>&-
	await lines 1
	[ "$(jq -r .error audit.log)" = "killed or crashed: it wrote no audit line" ]
}

@test "a signal is told by its name, and the tool dies of it" {
	local sig n=0 status
	for sig in INT TERM HUP; do
		begin bk-gz
		kill -$sig "$pid"
		status=0
		wait "$pid" || status=$?
		[ $status = $((128 + $(kill -l $sig))) ]
		# the line is there when the tool has ended, not later
		lines $((++n))
		[ "$(tail -n 1 audit.log | jq -r .error)" = "killed by SIG$sig" ]
	done
	bk-audit --verify
}

@test "a tool that cleans up when a signal comes has its line, too" {
	mkfifo hold
	exec 8<>hold
	begin bk-seal sh -c 'echo >begun; exec cat hold'
	await test -e begun
	kill -TERM "$pid"
	wait "$pid" || :
	lines 1
	[ "$(jq -r '[.source, .error] | join(" ")' audit.log)" = "sh killed by SIGTERM" ]
}

@test "a run that never got a connection names its database, no password" {
	local tool
	export PGHOST=/nonexistent
	for tool in bk-dump bk-stat; do
		rm -f audit.log
		run -1 $tool shop
		run -1 $tool 'dbname=shop password=geheim'
		run -1 $tool postgresql://me:geheim@localhost:1/shop
		PGDATABASE=shop run -1 $tool
		run -1 $tool 'password=geheim'
		run -1 $tool 'dbname=postgresql://me:geheim@localhost:1/shop'
		[ "$(jq -sc 'map(.source)' audit.log)" = \
		    '["shop","shop","shop","shop",null,null]' ]
		run ! grep geheim audit.log
	done
}

@test "Ctrl-C at a pipeline: a line for each of its tools" {
	mkfifo pipe
	exec 7<>pipe
	setsid env --default-signal=INT bash -c 'bk-gz <pipe 7>&- | bk-gz -d 7>&- |
	    bk-zst 7>&- | cat 7>&- >out' 3>&- &
	local leader=$! tools=
	all_begun() {
		tools=$(pgrep -g "$leader" 'bk-(gz|zst)')
		[ "$(wc -w <<<"$tools")" = 3 ] || return 1
		local tool
		for tool in $tools; do has_recorder "$tool" || return 1; done
	}
	await all_begun
	kill -INT -- -"$leader"
	await lines 3
	[ "$(jq -r .error audit.log | sort -u)" = "killed by SIGINT" ]
	bk-audit --verify
}

@test "SIGKILL for a pipeline's whole group: a line for each of its tools" {
	mkfifo pipe
	exec 7<>pipe
	setsid bash -c 'bk-gz <pipe 7>&- | bk-zst 7>&- >out' 3>&- &
	local leader=$! tool
	both_begun() {
		for tool in $(pgrep -g "$leader" 'bk-(gz|zst)') none; do
			has_recorder "$tool" || break
		done
		[ "$tool" = none ] && pgrep -g "$leader" bk-zst &&
		    pgrep -g "$leader" bk-gz
	}
	await both_begun
	kill -KILL -- -"$leader"
	await lines 2
}

@test "who ends every process, the recorder too, does not end the line" {
	local sig recorder
	begin bk-gz
	recorder=$(recorder_of "$pid")
	for sig in INT TERM HUP QUIT; do kill -$sig "$recorder"; done
	kill -TERM "$pid"
	wait "$pid" || :
	[ "$(jq -r .error audit.log)" = "killed by SIGTERM" ]
}

# first_process PID: print who is process 1 of what that unshare began.
first_process() {
	local child
	child=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
	[ -n "$child" ] && has_recorder ${child% } && echo ${child% }
}

@test "a container's first process, which no signal kills, ends as well" {
	local signal n=0 first pid status
	unshare -pf true || skip "no containers may be made here"
	for signal in TERM INT HUP; do
		mkfifo pipe.$signal
		exec 7<>pipe.$signal
		env --default-signal=INT,HUP,TERM unshare -pf --kill-child bk-save saved \
		    <pipe.$signal 7>&- 3>&- &
		pid=$!
		await first_process $pid >first
		first=$(cat first)
		kill -$signal "$first"
		await ended "$first"
		status=0
		wait $pid || status=$?
		[ $status = $((128 + $(kill -l $signal))) ]
		lines $((++n))
		[ "$(tail -n 1 audit.log | jq -r .error)" = "killed by SIG$signal" ]
	done
}

@test "nohup's choice stands: what is to ignore a signal goes on" {
	mkfifo pipe
	exec 7<>pipe
	(trap '' HUP; exec bk-gz) <pipe >out 7>&- 3>&- &
	local pid=$!
	await has_recorder $pid
	kill -HUP $pid
	echo data >&7
	exec 7>&-
	wait $pid
	[ "$(jq -r .status audit.log)" = success ]
	[ "$(bk-gz -d <out)" = data ]
}

@test "no child of a tool keeps its recorder waiting" {
	local sink
	mkfifo pipe hold
	exec 7<>pipe 8<>hold
	bk-tee 'echo $$ >sink; exec cat hold >/dev/null' <pipe >out 7>&- 8>&- 3>&- &
	local pid=$!
	echo data >&7
	exec 7>&-
	await test -s sink
	sink=$(cat sink)
	kill -KILL $pid
	# while the sink lives on
	await lines 1
	kill -0 "$sink"
	kill "$sink"
}

# --- the recorder

@test "killed itself, it is done without: a line that is not chained" {
	mkfifo pipe
	exec 7<>pipe
	bk-gz <pipe >out 7>&- 3>&- &
	local pid=$!
	await has_recorder $pid
	kill -KILL "$(recorder_of $pid)"
	echo data >&7
	exec 7>&-
	wait $pid
	lines 1
	jq -e '.status == "success" and has("previous") == false' audit.log
	run -3 bk-audit --verify
}

@test "without bk-audit the line is there, and named as not chained" {
	mkdir alone
	cp "$BK_BIN/bk-gz" alone
	echo data >in
	bk-gz <in >out
	PATH=/usr/bin:/bin alone/bk-gz <in >out
	PATH=/usr/bin:/bin run -3 alone/bk-gz -d <in
	bk-gz <in >out
	[ "$(jq -r .status audit.log)" = $'success\nsuccess\nfailure\nsuccess' ]
	run -3 --separate-stderr bk-audit --verify
	[ "${#stderr_lines[@]}" = 2 ]
	[[ ${stderr_lines[0]} == "bk-audit: $PWD/audit.log: line 2: not chained"* ]]
	[[ ${stderr_lines[1]} == "bk-audit: $PWD/audit.log: line 3: not chained"* ]]
	BK_AUDIT_LOG=/nonexistent/log PATH=/usr/bin:/bin \
	    run -1 --separate-stderr bash -c 'alone/bk-gz <in >out'
	[ "$stderr" = "bk-gz: audit log /nonexistent/log: No such file or directory" ]
}

@test "bk-audit that cannot be started is no line, and the log stays whole" {
	mkdir broken
	cp "$BK_BIN/bk-gz" broken
	printf '\177ELF' >broken/bk-audit
	chmod +x broken/bk-audit
	echo data >in
	bk-gz <in >out
	run -1 --separate-stderr bash -c 'broken/bk-gz <in >out'
	[ "$stderr" = "bk-gz: audit log $PWD/audit.log: bk-audit cannot be started: Exec format error; this run is not in the log" ]
	bk-gz -d <out | cmp - in
	run -3 --separate-stderr bash -c 'echo x | broken/bk-gz -d'
	[ "${#stderr_lines[@]}" = 2 ]
	bk-gz <in >out
	lines 3
	bk-audit --verify
}

@test "it is looked for beside the tool, wherever PATH leads" {
	echo data >in
	PATH=/usr/bin:/bin "$BK_BIN/bk-gz" <in >out
	bk-audit --verify
}

@test "a log that cannot be written fails a run that succeeded" {
	BK_AUDIT_LOG=/nonexistent/log run -1 --separate-stderr bk-seal echo x
	[ "$stderr" = "bk-seal: audit log /nonexistent/log: No such file or directory" ]
	BK_AUDIT_LOG=/dev/full run -1 --separate-stderr bk-seal echo x
	one_line_error bk-seal
	BK_AUDIT_LOG=$PWD run -1 --separate-stderr bk-seal echo x
	[ "$stderr" = "bk-seal: audit log $PWD: Is a directory" ]
	mkfifo fifo
	BK_AUDIT_LOG=fifo run -1 --separate-stderr bk-seal echo x
	[ "$stderr" = "bk-seal: audit log fifo: not a regular file" ]
	# nobody makes us append to a file of his choice
	echo precious >theirs
	ln -s theirs link
	BK_AUDIT_LOG=link run -1 --separate-stderr bk-seal echo x
	[ "$stderr" = "bk-seal: audit log link: a symbolic link; give the file itself" ]
	[ "$(cat theirs)" = precious ]
	# and does not hide why one failed
	BK_AUDIT_LOG=/nonexistent/log run -1 --separate-stderr bk-seal false
	[ "${stderr_lines[0]}" = "bk-seal: false: exit status 1; not sealed" ]
	[ "${#stderr_lines[@]}" = 2 ]
}

@test "a log that may not be written is an error, and stays as it is" {
	bk-seal echo x >/dev/null
	cp audit.log before
	chmod 444 audit.log
	chmod 711 .
	local as=()
	if [ "$(id -u)" = 0 ]; then
		as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	fi
	"${as[@]}" test -x "$BK_BIN/bk-seal" ||
	    skip "nobody cannot get at $BK_BIN"
	run -1 --separate-stderr "${as[@]}" "$BK_BIN/bk-seal" echo x
	[ "$stderr" = "bk-seal: audit log $PWD/audit.log: Permission denied" ]
	cmp audit.log before
}

@test "a disk that is full leaves no half a line" {
	local i status=0
	for i in {1..10}; do
		(ulimit -f 1; bk-seal echo x >/dev/null 2>err) || { status=$?; break; }
	done
	[ $status = 1 ]
	[ "$(cat err)" = "bk-seal: audit log $PWD/audit.log: write: File too large" ]
	lines $((i - 1))
	bk-audit --verify
	bk-seal echo x >/dev/null
	bk-audit --verify
}

@test "a log that is rotated while a tool runs: its line is in the new one" {
	bk-seal echo x >/dev/null
	bk-seal echo x >/dev/null
	mkfifo pipe
	exec 7<>pipe
	bk-gz <pipe >out 7>&- 3>&- &
	local pid=$!
	await has_recorder $pid
	mv audit.log audit.log.1
	echo data >&7
	exec 7>&-
	wait $pid
	lines 1
	[ "$(jq .previous audit.log)" = null ]
	run -0 bk-audit --verify audit.log.1 audit.log
	[ "${#lines[@]}" = 2 ]
}

# hold_lock: somebody else appends, until let_go.
hold_lock() {
	mkfifo let_go
	exec 9<>let_go
	python3 -c 'import fcntl, sys
log = open("audit.log", "a")
fcntl.lockf(log, fcntl.LOCK_EX)
open("held", "w")
sys.stdin.readline()' <let_go 3>&- 9>&- &
	await test -e held
	INODE=$(stat -c %i audit.log)
}

let_go() { echo >&9; }

# waits: somebody waits for the lock.
waits() { grep -q -- "-> POSIX .*:$INODE " /proc/locks; }

@test "rotated while a line waits for its turn: the line is in the new log" {
	bk-seal echo x >/dev/null
	hold_lock
	bk-seal echo y >/dev/null 3>&- 9>&- &
	local pid=$!
	await waits
	mv audit.log audit.log.1
	: >audit.log
	let_go
	wait $pid
	lines 1
	[ "$(wc -l <audit.log.1)" = 1 ]
	bk-audit --verify audit.log.1 audit.log
}

@test "a tool that a signal ends has its line before it ends" {
	bk-seal echo x >/dev/null
	begin bk-gz
	hold_lock
	kill -TERM "$pid"
	await waits
	run ! ended "$pid"
	let_go
	wait "$pid" || :
	lines 2
}

@test "whoever reads from a tool that was killed need not wait for its line" {
	bk-seal echo x >/dev/null
	mkfifo pipe stream
	exec 7<>pipe
	cat stream >copy 3>&- 7>&- &
	local reader=$!
	bk-gz <pipe >stream 2>said 7>&- 3>&- &
	local pid=$!
	await has_recorder $pid
	hold_lock
	kill -KILL $pid
	await waits
	await ended $reader
	lines 1
	let_go
	await lines 2
}

@test "a line that a crash cut stays, is named, and the log goes on" {
	bk-seal echo x >/dev/null
	bk-seal echo x >/dev/null
	truncate -s -40 audit.log
	bk-seal echo x >/dev/null
	lines 3
	run -3 --separate-stderr bk-audit --verify
	one_line_error bk-audit
	[[ $stderr == *": line 2: not chained"* ]]
	# zeros, as file systems leave them
	truncate -s +5000 audit.log
	bk-seal echo x >/dev/null
	run -3 --separate-stderr bk-audit --verify
	[[ ${stderr_lines[1]} == *": line 4: not chained"* ]]
	[ "${#stderr_lines[@]}" = 2 ]
}

# --- scripts

@test "a script has its line, and one that dies half-way has it, too" {
	unset BK_AUDIT_LOG
	echo '{"operation":"reindex","status":"success"}' | bk-audit --record audit.log
	[ "$(jq -r .user audit.log)" = "$(id -un)" ]
	jq -e '.operation == "reindex" and .status == "success" and
	    .pid == null and .version == null and .duration_seconds == null and
	    (.timestamp | fromdate) >= (now - 60)' audit.log
	{ echo '{"operation":"vacuum","target":"shop","note":{"a":[1,"b"]}}'
	    echo '{"status":"success","size_bytes":7}'; } |
	    bk-audit --record audit.log
	tail -n 1 audit.log | jq -e '.status == "success" and .size_bytes == 7 and
	    .note.a[1] == "b" and .duration_seconds != null and .error == null'
	echo '{"operation":"vacuum"}' | bk-audit --record audit.log
	tail -n 1 audit.log | jq -e '.status == "failure" and
	    .error == "killed or crashed: it wrote no audit line"'
	echo '{"operation":"vacuum","error":"half-way"}' | bk-audit --record audit.log
	tail -n 1 audit.log | jq -e '.status == "failure" and .error == "half-way"'
	# the chain is not for others to write
	echo '{"operation":"x","status":"success","previous":"y"}' |
	    bk-audit --record audit.log
	[ "$(grep -o '"previous"' audit.log | wc -l)" = 5 ]
	# whoever ends the script does not end its line
	mkfifo pipe
	bk-audit --record audit.log <pipe 3>&- &
	local pid=$!
	exec 7>pipe
	echo '{"operation":"long"}' >&7
	await grep -q '^SigIgn:.*[4-7c-f]...$' "/proc/$pid/status"
	kill -TERM $pid
	kill -HUP $pid
	exec 7>&-
	wait $pid
	[ "$(tail -n 1 audit.log | jq -r .operation)" = long ]
	bk-audit --verify audit.log
	bk-audit --verify <audit.log -
}

@test "what is no record is refused, and the log stays as it was" {
	local bad
	bk-seal echo x >/dev/null
	cp audit.log before
	for bad in x '[]' '{"operation":"x"' '{"status":"success"}' \
	    '{"operation":"x","status":"maybe"}' '{"operation":7,"status":"success"}' \
	    '{"operation":"x","status":"success","timestamp":"soon"}'; do
		run -3 --separate-stderr bk-audit --record <<<"$bad"
		one_line_error bk-audit
	done
	run -4 --separate-stderr bk-audit --record </dev/null
	[ "$stderr" = "bk-audit: standard input: no record" ]
	run -4 --separate-stderr bk-audit --record < <(printf '{"operation":"x"}')
	[ "$stderr" = "bk-audit: standard input: no record; it must end with a newline" ]
	cmp audit.log before
	run -2 env -u BK_AUDIT_LOG bk-audit --record
	run -2 bk-audit --record a b
	run -2 bk-audit --record -
}

@test "SIGTERM while the line waits: what its command makes of it is not sealed" {
	local status=0
	bk-seal echo x >/dev/null
	hold_lock
	mkfifo ready
	bk-seal perl -e '$SIG{TERM} = sub { exit 0 }; $| = 1; print "half";
	    open R, ">", "ready"; close R;
	    select undef, undef, undef, 0.05 while 1' >out 3>&- 9>&- &
	local pid=$!
	read -r <ready || :
	kill "$pid"
	await waits
	let_go
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	run ! ends out
	[ "$(sed -n 2p audit.log | jq -r .error)" = "killed by SIGTERM" ]
}
