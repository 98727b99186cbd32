#!/usr/bin/env bats
# bk-run: a pipeline as one job, and the first cause where it fails.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p etc/jobs out
	head -c 300000 /dev/urandom >in
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	job save 'cat "$FROM" | bk-gz | bk-save "$TO/{utc}"'
}

teardown() {
	[ -z "${PIDS-}" ] || kill -9 $PIDS 2>/dev/null || :
	[ -z "${THERE-}" ] || rm -rf "$THERE"
}

# settings NAME LINE...: etc/NAME.env
settings() {
	local name=$1
	shift
	printf '%s\n' "$@" >"etc/$name.env"
	chmod 600 "etc/$name.env"
}

# job JOB TEXT
job() { printf '# a job\n%s\n' "$2" >"etc/jobs/$1"; }

job_run() { bk-run -C etc "$@"; }

# failed STATUS MESSAGE COMMAND...: that status, and bk-run's line, a pattern.
failed() {
	local status=$1 message=$2
	shift 2
	run "-$status" --separate-stderr "$@"
	[[ ${stderr_lines[-1]} == bk-run:\ $message ]] ||
	    { echo "$*: $stderr"; return 1; }
}

nothing_stored() { [ -z "$(ls -A out)" ]; }

@test "a job of a file with the settings of another" {
	run -0 --separate-stderr job_run save@shop
	[ -z "$output$stderr" ]
	gzip -dc out/* | cmp - in
	rm out/*
	# what all share, one of its own, one of the call
	printf 'A=bk\nB=bk\nC=bk\n' >etc/bk.env
	chmod 600 etc/bk.env
	settings shop B=shop C=shop
	job show 'echo "$A $B $C"'
	run -0 job_run show@shop C=call
	[ "$output" = 'bk shop call' ]
	# of the caller's environment it has nothing
	PGHOST=elsewhere BK_TIER=odd A=x run -0 job_run show@shop
	[ "$output" = 'bk shop shop' ]
	job all 'env'
	PGHOST=elsewhere BK_TIER=odd HOME=/h LC_TIME=C TZ=UTC LANG=C.UTF-8 \
	    run -0 env -u LC_ALL -u TMPDIR -u SSL_CERT_FILE -u SSL_CERT_DIR \
	    -u USER -u LOGNAME -u XDG_RUNTIME_DIR "$BK_BIN/bk-run" -C etc all@shop
	[ "$(sed 's/=.*//' <<<"$output" | grep -v '^\(PWD\|_\|SHLVL\|OLDPWD\|LSAN_.*\|ASAN_.*\)$' | sort | tr '\n' ' ')" = \
	    'A B BK_NAME BK_SETTINGS BK_STATUS_FD C HOME LANG LC_TIME PATH TZ ' ]
	# an empty standard input, whatever ours is
	job read 'cat'
	run -0 job_run read@shop <in
	[ -z "$output" ]
}

@test "values come as they are: quotes, dollars, backslashes, per cent, lines" {
	local odd=$'a  b\'c"d $HOME `id` \\ %d\nnext'
	settings shop "ODD='a  b'"\"\'\"$'\'c"d $HOME `id` \\ %d\nnext\''
	job odd 'printf %s "$ODD"'
	run -0 job_run odd@shop
	[ "$output" = "$odd" ]
	run -0 job_run odd@shop "ODD=$odd x"
	[ "$output" = "$odd x" ]
}

@test "--print is a command line that does the same; -n runs nothing" {
	settings shop "TO='$PWD/out'" "FROM=$PWD/in" PGPASSWORD=geheim \
	    "ODD='it is'\"'s \$x\""
	job save 'printf %s "$ODD" | bk-gz | bk-save "$TO/one"'
	run -0 --separate-stderr job_run --print save@shop
	[[ -z $stderr && $output != *geheim* ]]
	nothing_stored
	(cd / && sh -c "$output")
	[ "$(gzip -dc out/one)" = "it is's \$x" ]
	rm out/one
	run -0 --separate-stderr job_run -n save@shop
	[ -z "$output$stderr" ]
	nothing_stored
	job wrong 'bk-gz | | bk-save x'
	failed 3 'wrong@shop: the shell does not understand the pipeline' \
	    job_run -n wrong@shop
	failed 3 'save@none: */etc/none.env: *' job_run -n save@none ||
	    failed 1 'save@none: */etc/none.env: *' job_run -n save@none
}

@test "the first cause, its message and its exit status" {
	failed 1 'bk-gz: *disk full*' bk-run -- \
	    'bk-seal sh -c "cat in" | bk-gz 2>/dev/null | bk-save nowhere/x' ||
	    failed 1 'bk-save: nowhere: no such directory*' bk-run -- \
	    'bk-seal cat in | bk-gz | bk-save nowhere/x'
	failed 1 'bk-seal: false: exit status 1; not sealed' bk-run -- \
	    'bk-seal false | bk-gz | bk-save out/x'
	failed 2 'bk-gz: -Z: no such option*' bk-run -- \
	    'cat in | bk-gz -Z | bk-save out/x'
	failed 3 'bk-gz: *not*gz*' bk-run -- 'bk-gz -d <in | bk-save out/x'
	failed 4 'bk-ls: *' bk-run -- 'bk-ls out | bk-prune -d 3'
	# a command that is none of ours: the first one, the last one
	failed 3 'bk-gz: the command before it wrote nothing*' bk-run -- \
	    'nosuch | bk-gz | bk-save out/x'
	failed 1 'a command of the pipeline was not found*' bk-run -- \
	    'cat in | bk-gz | nosuch'
	failed 1 'the pipeline ended with exit status 7, *' bk-run -- \
	    'cat in | bk-gz | sh -c "cat >/dev/null; exit 7"'
	failed 1 "the pipeline's shell was killed by signal 9" bk-run -- \
	    'kill -9 $$'
	nothing_stored
	# what no shell notices
	failed 1 'bk-ls: nowhere: *' bk-run -- 'bk-ls nowhere | cat | wc -l'
	failed 1 'bk-ls: nowhere: *' bk-run -- \
	    'bk-ls nowhere || echo instead'
	# a sink too few is bk-tee'"'"'s business
	run -0 bk-run -- 'bk-seal cat in |
	    bk-tee --quorum 1 "bk-save out/one" "bk-save nowhere/x" 2>&1'
	[ -e out/one ]
	failed 1 'bk-save: nowhere: *' bk-run -- 'bk-seal cat in |
	    bk-tee "bk-save out/two" "bk-save nowhere/x"'
	# and no other pipeline's
	failed 1 'bk-save: nowhere: *' bk-run -- 'bk-seal cat in | bk-save nowhere/y
	    bk-seal cat in | bk-tee --quorum 1 "bk-save out/three" "bk-save nowhere/x" 2>&1'
}

@test "a stage that is killed" {
	mkfifo slow
	exec 7<>slow
	BK_AUDIT_LOG=$PWD/log bk-run -- 'bk-seal cat slow | bk-gz | bk-save out/x' \
	    2>err 7>&- 3>&- &
	pid=$! PIDS=$!
	cat in >slow
	await gz_of $pid
	# it has begun: its line in the audit log is prepared
	await pgrep -P "$gz" bk-audit
	kill -9 "$gz"
	exec 7>&-
	status=0
	wait "$pid" || status=$?
	[ $status = 1 ]
	[ "$(tail -n 1 err)" = "bk-run: bk-gz: was killed; if nobody did, the system's log may say why" ]
	nothing_stored
}

# gz_of PID: $gz is the process of the bk-gz that bk-run PID runs.
gz_of() {
	local shell
	shell=$(pgrep -P "$1" sh) && gz=$(pgrep -P "$shell" bk-gz)
}

# is_gone PID: it runs no more, even if nobody has waited for it yet.
is_gone() { [ ! -e "/proc/$1" ] || [[ $(cut -d ' ' -f 3 <"/proc/$1/stat") = Z ]]; }

@test "a signal, and --timeout, end all of it, and nothing is stored" {
	local sig
	mkfifo slow
	exec 7<>slow
	for sig in TERM INT HUP; do
		setsid -w env --default-signal "$BK_BIN/bk-run" -- \
		    'bk-seal cat slow | bk-gz | bk-save out/x' 2>err 7>&- 3>&- &
		PIDS=$!
		await eval 'pid=$(pgrep -P $PIDS bk-run || pgrep -s $PIDS bk-run) && gz_of $pid'
		kill -$sig "$pid"
		wait "$PIDS" || :
		[ "$(tail -n 1 err)" = 'bk-run: ended by a signal' ]
		is_gone "$gz"
		nothing_stored
	done
	failed 1 'not done within its --timeout, and ended' bk-run \
	    --timeout 1s -- 'bk-seal cat slow | bk-gz | bk-save out/x' 7>&-
	nothing_stored
	# what is done nevertheless is done
	run -0 bk-run --timeout 1s -- "trap '' TERM; sleep 2"
	# what it has left in the background is not
	failed 1 'not done within its --timeout, and ended' bk-run \
	    --timeout 1s -- '{ sleep 1000; touch done; } & true'
	[ ! -e done ]
	run -0 bk-run --timeout 1h -- 'bk-seal cat in | bk-save out/x'
	exec 7>&-
}

@test "all that the shell has started is waited for, but for a stranger" {
	run -0 bk-run -- 'bk-seal cat in | bk-gz | bk-save out/late &'
	[ -e out/late ]
	failed 1 'bk-save: nowhere: *' bk-run -- 'bk-seal cat in | bk-save nowhere/x &'
	bk-run -- 'bash -c "exec $BK_STATUS_FD>&-; exec sleep 1000" & echo $! >sleeper
	    bk-seal cat in | bk-save out/one' >said 2>&1 3>&-
	PIDS=$(cat sleeper)
	kill -0 "$PIDS"
	[ -e out/one ]
}

@test "no job, no settings, and rights that are no good" {
	failed 2 'nosuch: no such job; it would be etc/jobs/nosuch' job_run nosuch@shop ||
	    [[ $stderr == *'nosuch: no such job; it would be etc/jobs/nosuch'* ]]
	failed 1 'save@none: */etc/none.env: *No such file*' job_run save@none
	local call
	for call in save @shop save@ a/b@shop ../x@shop .x@shop 'a b@shop' \
	    "$(printf 'x%.0s' {1..70})@shop"; do
		usage 'not JOB@NAME' bk-run "$call"
	done
	usage 'give JOB@NAME' bk-run
	usage 'as one argument' bk-run -- bk-dump shop
	usage 'the pipeline is empty' bk-run -- ''
	usage 'the pipeline is empty' bk-run -- ' # all of it commented out'
	usage 'not VARIABLE=VALUE' bk-run save@shop 1=2
	usage 'not VARIABLE=VALUE' bk-run save@shop x
	usage 'not VARIABLE=VALUE' bk-run save@shop "$(printf 'X%.0s' {1..70})_PASSWORD=x"
	usage 'PGPASSWORD: a secret' bk-run save@shop PGPASSWORD=geheim
	[[ $stderr != *geheim* ]]
	usage 'MY_PASSWD: a secret' bk-run save@shop MY_PASSWD=geheim
	usage 'SMTP_PASS: a secret' bk-run save@shop SMTP_PASS=geheim
	usage '--ok' bk-run --ok 3 save@shop
	usage '--timeout: at least 1s' bk-run --timeout 0 save@shop
	chmod 644 etc/shop.env
	failed 3 'save@shop: */etc/shop.env: *chmod*' job_run save@shop
	chmod 600 etc/shop.env
	settings shop 'export TO=x'
	failed 3 'save@shop: */etc/shop.env: line 1: no shell reads it*' job_run save@shop
	settings shop BK_STATUS_FD=3
	failed 3 'save@shop: */etc/shop.env: line 1: BK_STATUS_FD: bk-run sets it*' job_run save@shop
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	chmod 666 etc/jobs/save
	failed 3 'save@shop: etc/jobs/save: others may write*' job_run save@shop
	chmod 644 etc/jobs/save
	job empty $'# only\n\n  # comments'
	failed 3 'empty@shop: etc/jobs/empty: has no pipeline in it' job_run empty@shop
	mkfifo etc/jobs/fifo
	failed 3 'fifo@shop: etc/jobs/fifo: not a regular file' job_run fifo@shop
	head -c 70000 /dev/zero | tr '\0' '#' >etc/jobs/long
	failed 3 'long@shop: etc/jobs/long: longer than*' job_run long@shop
	nothing_stored
	[ "$(id -u)" = 0 ] || return 0
	chown 65534 etc/jobs/save
	failed 3 'save@shop: etc/jobs/save: belongs to another user*' job_run save@shop
}

@test "whose directories decide: jobs, settings, --tell, links to nothing" {
	local other="$PWD/etc/jobs: others may write to it, and put another file in the place of etc/jobs"
	# ours, but not of any other choice
	echo 'touch ran' >theirs
	chmod 775 etc/jobs
	chgrp 65534 etc/jobs 2>/dev/null || :
	ln -s ../../theirs etc/jobs/theirs
	failed 3 "theirs@shop: $other/theirs; chmod go-w it" job_run theirs@shop
	# one that is not there could be, or has been
	failed 3 "nosuch@shop: $other/nosuch; chmod go-w it" job_run nosuch@shop
	chmod 755 etc/jobs
	chmod 777 etc
	failed 3 "save@shop: $PWD/etc: others may write to it, *; chmod go-w it" job_run save@shop
	chmod 755 etc
	mkdir wide
	mv etc wide/etc
	chmod 777 wide
	failed 3 "save@shop: $PWD/wide: others may write to it, *" bk-run -C wide/etc save@shop
	chmod 1777 wide	# as /tmp
	bk-run -C wide/etc save@shop
	mv wide/etc etc
	rm out/*
	ln -s nothing etc/bk.env
	failed 1 "save@shop: $PWD/etc/bk.env: a link to $PWD/etc/nothing, which is not there; is it mounted?" \
	    job_run save@shop
	rm etc/bk.env
	ln -s nothing etc/jobs/gone
	failed 1 "gone@shop: etc/jobs/gone: a link to $PWD/etc/jobs/nothing, which is not there; is it mounted?" \
	    job_run gone@shop
	nothing_stored
	[ ! -e ran ]
	mkdir who
	echo '--mail dba@example.org' >who/tell
	chmod 777 who
	rm -f out/*
	run -0 --separate-stderr job_run --tell who/tell save@shop
	[[ $stderr == "bk-run: --tell: $PWD/who: others may write to it, "* ]]
	[ "$(id -u)" = 0 ] || return 0
	# where nobody can write, as Kubernetes mounts a Secret
	chmod 1777 etc etc/jobs
	failed 3 "save@shop: $PWD/etc/jobs/save: is where everybody may make files; *" job_run save@shop
	if unshare -m true; then
		rm out/*
		unshare -m sh -c 'mount --bind etc etc && mount -o remount,ro,bind etc &&
		    "$BK_BIN/bk-run" -C etc save@shop'
	fi
	chmod 755 etc etc/jobs
	chown 65534 etc
	failed 3 "save@shop: $PWD/etc: belongs to another user, who may put *; chown it" job_run save@shop
}

@test "--ok 4: nothing to do is no failure; anything else is" {
	run -0 --separate-stderr bk-run --ok 4 -- 'bk-ls out 2>/dev/null | bk-prune -d 3 2>/dev/null'
	[ -z "$stderr" ]
	# nobody said that there is nothing
	failed 3 'bk-prune: the command before it wrote nothing*' bk-run --ok 4 -- \
	    'nosuch | bk-prune -d 3 | bk-rm'
	failed 1 'bk-ls: nowhere: *' bk-run --ok 4 -- 'bk-ls nowhere | bk-prune -d 3'
}

@test "one line in the audit log that the settings name" {
	settings shop "TO=$PWD/out" "FROM=$PWD/in" "BK_AUDIT_LOG=$PWD/log"
	BK_AUDIT_LOG=$PWD/other run -0 job_run save@shop
	[ ! -e other ]
	run -0 jq -r 'select(.operation == "bk-run") | [.type, .source, .destination,
	    .status, .stages, (.size_bytes | tostring)] | join(",")' log
	[ "$output" = "job,save@shop,$(echo out/*),success,bk-gz | bk-save,$(stat -c %s out/*)" ] ||
	    [ "$output" = "job,save@shop,$(echo "$PWD"/out/*),success,bk-gz | bk-save,$(stat -c %s out/*)" ]
	job save 'bk-seal false | bk-save "$TO/x"'
	run -1 job_run save@shop
	[ "$(jq -r 'select(.operation == "bk-run") | .error' log | tail -n 1)" = \
	    'save@shop: bk-seal: false: exit status 1; not sealed' ]
	# what only looks leaves none
	rm log
	run -0 job_run -n save@shop
	run -0 job_run --print save@shop
	[ ! -e log ]
	run -1 env BK_AUDIT_LOG="$PWD/other" "$BK_BIN/bk-run" -- 'bk-seal false | bk-save out/x'
	[ "$(jq -r 'select(.operation == "bk-run") | .error' other)" = 'bk-seal: false: exit status 1; not sealed' ]
}

@test "closed descriptors, a job in a job" {
	run -0 bash -c 'bk-run -- "bk-seal cat in | bk-save out/a" 2>&-'
	run -0 bash -c 'bk-run -- "bk-seal cat in | bk-save out/b" <&-'
	run -0 bk-run -- 'cat | bk-save out/c' <in
	cmp out/c in
	failed 1 'bk-run: bk-seal: false: *' bk-run -- \
	    "bk-run -- 'bk-seal false | bk-save out/d'"
}

@test "--lock: one run at a time, also after the death of bk-run; others go on" {
	mkfifo slow
	exec 7<>slow
	job wait 'bk-seal cat slow | bk-save "$TO/waited"'
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	cp etc/shop.env etc/other.env
	local name="w$$"
	mv etc/jobs/wait "etc/jobs/$name"
	bk-run -C etc --lock "$name@shop" 7>&- 3>&- & pid=$! PIDS=$!
	await pgrep -P "$pid" sh
	failed 5 "$name@shop: a run of it is under way, process $pid" job_run --lock "$name@shop" 7>&-
	job_run --lock save@shop
	kill -9 "$pid"
	wait "$pid" || :
	failed 5 "$name@shop: a run of it is under way, process $pid" job_run --lock "$name@shop" 7>&-
	cat in >&7
	exec 7>&-
	await [ -e out/waited ]
	rm out/waited
	job "$name" 'stranger() { eval "exec $BK_STATUS_FD>&-"; exec sleep 1000; }
	    stranger & echo $! >sleeper
	    bk-seal cat "$FROM" | bk-save "$TO/$$"'
	await eval 'job_run --lock "$name@shop" >out.txt 2>&1 3>&-'
	# a process that a run has left does not hold it
	PIDS=$(cat sleeper)
	job_run --lock "$name@shop" >out.txt 2>&1 3>&-
	PIDS="$PIDS $(cat sleeper)"
	rm -f "/run/bk/$name@shop.lock"
	usage '--lock, --tell and --each-db need a name' bk-run --lock -- true
}

# locked_by_nobody STATUS [MESSAGE]: with etc copied to where nobody gets at it.
locked_by_nobody() {
	local status=0
	rm -rf "$THERE/etc"
	cp -R etc "$THERE/etc"
	[ "$(id -u)" != 0 ] || chown 65534 "$THERE/etc/shop.env"
	XDG_RUNTIME_DIR=$THERE as_nobody "$BK_BIN/bk-run" -C "$THERE/etc" --lock \
	    true@shop 2>err || status=$?
	[[ $status = "$1" && $(cat err) == ${2:+"bk-run: true@shop: lock: $2"} ]] ||
	    { cat err; return 1; }
}

@test "--lock: nobody else can be in its way" {
	local dir uid=65534
	job true true
	settings shop A=1
	[ "$(id -u)" = 0 ] || uid=$(id -u)
	THERE=$(mktemp -d)
	chmod 755 "$THERE"
	dir=/run/lock/bk-$uid
	as_nobody test -w /run/lock || dir=/tmp/bk-$uid
	rm -rf "$dir"
	locked_by_nobody 0
	[ "$(stat -c '%a %u' "$dir")" = "700 $uid" ]
	[ -f "$dir/true@shop.lock" ]
	chmod 777 "$dir"
	locked_by_nobody 1 "$dir: others may write to it; chmod 700 it"
	rm -rf "$dir"
	ln -s "$PWD/out" "$dir"
	locked_by_nobody 1 "$dir: not a directory; remove it"
	rm "$dir"
	[ "$(id -u)" = 0 ] || return 0
	mkdir "$dir"
	locked_by_nobody 1 "$dir: belongs to the user 0; remove it, as root"
	rmdir "$dir"
	job_run --lock true@shop
	[[ $(stat -c '%a %u' /run/bk) == 7*' 0' && -f /run/bk/true@shop.lock ]]
	rm /run/bk/true@shop.lock
}

@test "--lock: a file that is removed meanwhile locks nothing" {
	[[ $BK_BIN != */san/* ]] || skip 'a preloaded library'
	cat >remove.c <<-'C'
	#define _GNU_SOURCE
	#include <stdio.h>
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int flock(int fd, int how) {
		char link[64], path[4096];
		char *n = getenv("LC_TRIES");
		long len;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (*n > '0' && (len = readlink(link, path, sizeof(path) - 1)) > 0) {
			path[len] = '\0';
			unlink(path);
			--*n;
		}
		return (int)syscall(SYS_flock, fd, how);
	}
	C
	${CC:-cc} -shared -fPIC -o remove.so remove.c
	local name="r$$"
	# a run inside of the run finds the lock of the one around it
	job "$name" "env -u LD_PRELOAD '$BK_BIN/bk-run' -C '$PWD/etc' --lock $name@shop"
	LD_PRELOAD=$PWD/remove.so LC_TRIES=2 failed 5 \
	    "$name@shop: bk-run: $name@shop: a run of it is under way, process *" job_run --lock "$name@shop"
	LD_PRELOAD=$PWD/remove.so LC_TRIES=z failed 1 \
	    "$name@shop: lock: *$name@shop.lock: is removed again and again" job_run --lock "$name@shop"
	rm -f "/run/bk/$name@shop.lock"
}

@test "--when: on other days nothing, silently" {
	local today other
	today=$(date +%a | tr A-Z a-z)
	other=$(date -d tomorrow +%a)
	settings shop "TO=$PWD/out" "FROM=$PWD/in" "BK_AUDIT_LOG=$PWD/log"
	run -0 --separate-stderr job_run --when "$other" save@shop
	[[ -z $output$stderr && ! -e log ]]
	nothing_stored
	# midnight may come between
	job_run --when "$today,$other" save@shop
	[ -e log ]
	# whose day it is
	TZ=UTC date -d '+14 hours' +%a >there
	rm out/*
	run -0 job_run --when "$(cat there)" --tz Etc/GMT-14 save@shop
	[ "$(ls out | wc -l)" = 1 ]
	usage "a day is mon" bk-run --when fifth save@shop
	usage "not a known time zone" bk-run -C etc --when mon --tz Nowhere save@shop
	usage "not a known time zone" bk-run -C etc --when mon --tz zone.tab save@shop
	usage "give --when" bk-run --tz UTC save@shop
}

@test "--nice" {
	job nice 'nice'
	settings shop A=1
	[ "$(job_run --nice 7 nice@shop)" = $(($(nice) + 7)) ]
	usage '--nice' bk-run --nice 20 nice@shop
}

# hook: listen for what bk-notify sends; each message is a line of told.
hook() {
	cat >hook.py <<-'PY'
	import http.server, json, sys
	class H(http.server.BaseHTTPRequestHandler):
	    def do_POST(self):
	        text = self.rfile.read(int(self.headers['Content-Length']))
	        m = json.loads(text)
	        with open('told', 'a') as f: f.write(m['status'] + ' ' + m['message'].strip() + '\n')
	        self.send_response(200)
	        self.end_headers()
	    def log_message(self, *a): pass
	s = http.server.HTTPServer(('127.0.0.1', 0), H)
	print('http://127.0.0.1:%d/x' % s.server_port, file=open('url', 'w'), flush=True)
	s.serve_forever()
	PY
	python3 hook.py 3>&- & PIDS=$!
	await [ -s url ]
	chmod 600 url
}

@test "--tell: once when it fails, once when that is over, and no other status" {
	hook
	job save 'cat "$FROM" | bk-gz | bk-save --overwrite "$TO/one"'
	printf '# who\n--webhook %s\n--only-change %s/{job}.told  \n' "$PWD/url" "$PWD" >tell
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	run -0 job_run --tell tell save@shop
	[ ! -e told ]
	settings shop "TO=$PWD/nowhere" "FROM=$PWD/in"
	run -1 job_run --tell tell save@shop
	run -1 job_run --tell tell save@shop
	[ -e save@shop.told ]
	[[ $(cat told) == "CRITICAL save@shop: bk-save: "*"/nowhere: no such directory"* && $(wc -l <told) = 1 ]]
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	run -0 job_run --tell tell save@shop
	[ "$(grep -c ^CRITICAL told)" = 1 ]
	grep -q "^OK save@shop: done: $PWD/out/" told
	# one that cannot even begin
	rm told
	run -2 job_run --tell tell nosuch@shop
	[[ $(cat told) == 'CRITICAL nosuch@shop: nosuch: no such job'* ]]
	# nobody is told of a look, or of another day
	rm told
	settings shop 'export x=1'
	run -3 job_run -n --tell tell save@shop
	[ ! -e told ]
	# whom to tell cannot be told
	settings shop "TO=$PWD/out" "FROM=$PWD/in"
	kill "$PIDS"
	echo '--retry-for 1s' >>tell
	rm -f ./*.told
	job false 'bk-seal false | bk-save "$TO/x"'
	run -1 --separate-stderr job_run --tell tell false@shop
	[[ $stderr == *'bk-run: --tell: bk-notify has failed: not all may have been told, or it could not keep that they were; see its message'* ]]
	run -0 --separate-stderr job_run --tell nowhere save@shop
	[[ $stderr == 'bk-run: --tell: nowhere: no such file' ]]
	echo 'mail x' >tell
	run -0 --separate-stderr job_run --tell tell save@shop
	[[ $stderr == "bk-run: --tell: tell: 'mail x': not whom to tell or how, as --mail dba@example.org" ]]
	chmod 666 tell
	run -0 --separate-stderr job_run --tell tell save@shop
	[[ $stderr == 'bk-run: --tell: tell: others may write to it'* ]]
}

@test "--ok 4 excuses what found nothing, and nothing else" {
	mkdir empty
	run -0 bk-run --ok 4 -- 'bk-ls empty | bk-prune -l 3 | bk-rm'
	failed 1 'bk-seal: false: *' bk-run --ok 4 -- 'bk-ls empty >x; bk-seal false'
	failed 1 'the pipeline ended with exit status 1, *' bk-run --ok 4 -- 'bk-ls empty >x; false'
	failed 1 'a command of the pipeline was not found*' bk-run --ok 4 -- 'bk-ls empty >x; nosuch'
	failed 1 "the pipeline's shell was killed by signal 9" bk-run --ok 4 -- 'bk-ls empty >x; kill -9 $$'
}

@test "a sink of bk-tee that calls itself good excuses none of its stages" {
	failed 1 'bk-save: nowhere: *' bk-run -- \
	    "bk-seal cat in | bk-tee 'bk-save nowhere/a || echo no >&2' 'bk-save out/b'"
	# enough others: done, and told what is missing
	settings shop "TO=$PWD/out" BK_AUDIT_LOG="$PWD/log"
	job two 'bk-seal cat in | bk-tee -q 1 "bk-save $TO/{utc}" "bk-save nowhere/x"'
	hook
	echo "--webhook $PWD/url" >tell
	run -0 job_run --tell tell two@shop
	grep -q 'two@shop: done: .*; a copy is missing: bk-save: nowhere: no such directory' told
	jq -se 'map(select(.type == "job"))[-1] | .status == "success" and
	    (.destination | contains("nowhere") | not)' log
}

@test "who has started it may have gone: tools that start later do their work" {
	mkfifo gate
	bk-run -- "bk-seal cat gate | bk-save out/a; bk-seal cat in | bk-tee 'bk-save out/b'" 3>&- &
	PIDS=$!
	await pgrep -f 'cat gate'
	kill -9 "$PIDS"
	cat in >gate
	await [ -e out/b ]
	cmp in out/b
}

@test "what a stranger writes to the descriptor hides no report" {
	failed 1 'bk-seal: false: *' bk-run -- \
	    'bash -c "printf x >&$BK_STATUS_FD"; bk-seal false; true'
	failed 1 'bk-seal: false: *' bk-run -- 'exec 5>l5 6>l6 7>l7 9>l9; bk-seal false; true'
}

@test "a log that cannot be written: the stage, the run and the message say so" {
	[ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=4k none small 2>/dev/null ||
	    skip "no file system can be mounted here"
	head -c 4096 /dev/zero >small/full
	run -1 --separate-stderr env BK_AUDIT_LOG="$PWD/small/log" bk-run -- \
	    'bk-seal cat in | bk-save out/x; true'
	umount small
	[[ ${stderr_lines[-2]} == 'bk-run: bk-'*': audit log '*'No space left on device' ]]
}

@test "the environment of the log's recorder has no secret" {
	mkfifo gate
	{ cat in; cat gate; } | BK_PASSPHRASE=geheim PGPASSWORD=geheim BK_AUDIT_LOG=$PWD/log \
	    bk-crypt -p >out/x 3>&- &
	await pgrep -f "bk-audit --record -- $PWD/log"
	run grep -c geheim "/proc/$(pgrep -f "bk-audit --record -- $PWD/log")/environ"
	[ "$output" = 0 ]
	echo >gate
	wait
}

@test "--tell: a file says whom and how, not what; -n looks at it" {
	local line option
	job true true
	for line in '--status success' --status=failure '--stat start' --help --he --version \
	    --from-audit --from-audit=log '--from-a log' --from-audit=/x -q x --mail --; do
		printf '%s\n' '--mail dba@example.org' "$line" >tell
		failed 3 "true@shop: tell: '$line': not whom to tell or how, as *" \
		    job_run -n --tell tell true@shop
		run -0 --separate-stderr job_run --tell tell true@shop
		[[ $stderr == "bk-run: --tell: tell: '$line': not whom to tell or how, "* ]]
	done
	# every other option of bk-notify may be in it
	bk-notify --help=table | tail -n +2 | cut -f 2 | grep -v '^status$\|^from-audit$\|^help$\|^version$' >options
	[ "$(wc -l <options)" -ge 12 ]
	while read -r option; do echo "--$option x"; done <options >tell
	run -0 --separate-stderr job_run -n --tell tell true@shop
	[ -z "$output$stderr" ]
	printf '# nobody\n--from dba@example.org\n' >tell
	failed 3 'true@shop: tell: names nobody: no --mail, *' job_run -n --tell tell true@shop
	failed 2 'true@shop: nowhere: no such file' job_run -n --tell nowhere true@shop
}

@test "a directory of settings has a name, without the list's ':'" {
	usage '-C: the name of the directory is empty' bk-run -C '' save@shop
	cp -R etc a:b
	usage "a:b: has a ':'" bk-run -C a:b save@shop
	ln -s a:b alias
	failed 2 "save@shop: -C: alias leads to $PWD/a:b, with a ':'" bk-run -C alias save@shop
	nothing_stored
}
