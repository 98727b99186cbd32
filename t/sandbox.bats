#!/usr/bin/env bats
# What tools give up before they read what others wrote: a library that is
# preloaded into each (support/probe.c) tries it when the tool is about to end.
load support/common
load support/listing

setup_file() {
	[ "$(uname)" = Linux ] || skip_file "of Linux"
	sanitized && skip_file "a build with sanitizers is not sandboxed"
	[ -z "${SKIP_FILE-}" ] || return 0
	cd "$BATS_FILE_TMPDIR"
	cc -shared -fPIC -o probe.so "$SUPPORT/probe.c"
	cc -o without "$SUPPORT/without.c"
	mkdir elsewhere files
	echo secret >elsewhere/secret
	echo allowed >files/may
	head -c 300000 /dev/urandom >in
	bk-gz <in >in.gz
	bk-zst <in >in.zst
	bk-keygen -o key
	bk-keygen -y key >public
	bk-crypt -R public <in >in.bk
	echo http://127.0.0.1:9/x >url
	chmod 600 url
	BK_AUDIT_LOG=$PWD/log bk-gz <in >/dev/null
	series $M $M $M $M $M >listing
	: >empty
}

setup() {
	unless_skipped
	cd "$BATS_FILE_TMPDIR"
	export AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_REGION=c \
	    AWS_ENDPOINT_URL=http://127.0.0.1:9 AWS_CONFIG_FILE=/dev/null \
	    AWS_SHARED_CREDENTIALS_FILE=/dev/null
	without=()
}

# with COMMAND LINE: run it with the probe in its tool, and descriptor 9 open;
# the outcomes are in $got, one line, as "socket=EPERM may=ok".
with() {
	[[ $1 =~ bk-[a-z0-9]+ ]]
	rm -f report
	status=0
	PROBE=$PWD/report PROBE_TOOL=${BASH_REMATCH[0]} \
	    PROBE_SECRET=$PWD/elsewhere/secret PROBE_DIR=$PWD/elsewhere \
	    PROBE_MAY=$PWD/files/may "${without[@]}" \
	    env LD_PRELOAD="$PWD/probe.so" sh -c "$1" >out 2>err \
	    9<elsewhere/secret || status=$?
	got=$(tr ' ' = <report | paste -sd' ')
}

# are OUTCOME...: each is among $got.
are() {
	local one
	for one; do
		[[ " $got " == *" $one "* ]] || {
			printf 'no %s: %s\n%s\n' "$one" "$got" "$(cat err)" >&2
			return 1
		}
	done
}

# narrowed: what no tool keeps.
narrowed() {
	are inherited=EBADF packet=EPERM netfilter=EPERM vsock=EPERM \
	    read1=EPERM write0=EPERM dup=EPERM fork=EPERM kill=EPERM \
	    setrlimit=EPERM new=ENOSYS
}

# A kernel as old as Debian 11's has no Landlock: then names do not count.
denied_by_name() {
	if [ "$(./without)" -ge 1 ] && [ "${without[1]-}" != landlock ]; then
		echo EACCES
	else
		echo ok
	fi
}

# filters: each filter, with its input, as a command line.
filters() {
	cat <<-'FILTERS'
	bk-gz <in
	bk-gz -d <in.gz
	bk-zst <in
	bk-zst -d <in.zst
	bk-crypt -R public <in
	bk-crypt -d -i key <in.bk
	bk-verify -i key <in.bk
	bk-age <listing
	bk-prune -d 2 <listing
	FILTERS
}

@test "a filter opens, starts and connects to nothing" {
	local line
	while read -r line; do
		with "$line"
		narrowed
		are secret=EPERM passwd=EPERM may=EPERM create=EPERM \
		    append=EPERM unlink=EPERM socket=EPERM execmem=EPERM
	done < <(filters)
}

@test "what it opened before, and its results, are as ever" {
	run -0 sh -c 'bk-gz <in | bk-crypt -R public | bk-crypt -d -i key |
	    bk-gz -d | cmp - in'
	BK_STATUS_FD=7 run -0 sh -c 'bk-gz -d <in.gz 7>told | cmp - in'
	BK_AUDIT_LOG=$PWD/mine run -0 sh -c 'bk-gz -d <in.gz | cmp - in'
	[ "$(sed '/^$/d; s/ [0-9]*$//; s/ [0-9]*$//' told)" = "$(printf '+ bk-gz\n0 bk-gz')" ]
	[ "$(wc -l <mine)" = 1 ]
	[ "$(jq -r '.status + " " + .user' mine)" = "success $(id -un)" ]
	# a shell's <(...) is an inherited descriptor
	run -0 bash -c 'bk-prune -d 2 --holds <(tail -n 1 listing | cut -f 3) \
	    --explain <listing'
	[[ $output == *held* ]]
}

@test "starting or tracing a program, or reading another's memory, kills" {
	local how
	for how in exec ptrace peek; do
		PROBE_KILL=$how with 'bk-gz <in'
		[ "$status" = 159 ]	# SIGSYS
		[ ! -s report ]
		PROBE_KILL=$how with 'bk-s3ls s3://bucket/ --retry-for 1s'
		[ "$status" = 159 ]
	done
}

@test "files of the command line are read or written, no others" {
	local no
	no=$(denied_by_name)
	with "bk-prune -d 2 --holds files/may <listing"
	narrowed
	are may=ok "secret=$no" "passwd=$no" create=EPERM append=EPERM \
	    socket=EPERM execmem=EPERM
	with "bk-age --receipts files --prometheus files/metrics <listing"
	narrowed
	[ -s files/metrics ]
	are may=ok "secret=$no" "create=$no" "append=$no" socket=EPERM
	with "bk-verify -i key -o files/receipt <in.bk"
	narrowed
	[ -s files/receipt ]
	are may=ok "secret=$no" "create=$no" socket=EPERM
	with "bk-save files/saved <in"
	narrowed
	cmp files/saved in
	are may=ok "secret=$no" "create=$no" socket=EPERM
	with "bk-ls files"
	narrowed
	are may=ok "secret=$no" create=EPERM socket=EPERM
	with "bk-audit log"
	narrowed
	are may=$no "secret=$no" create=EPERM socket=EPERM
	with "bk-keygen -o files/key$RANDOM"
	narrowed
	are may=ok "secret=$no" "create=$no" socket=EPERM
	with "bk-rm <empty"
	narrowed
	are socket=EPERM execmem=EPERM
}

@test "S3 tools and bk-notify have sockets, and write nothing" {
	local line no
	no=$(denied_by_name)
	while read -r line; do
		with "$line"
		narrowed
		are "secret=$no" "may=$no" create=EPERM append=EPERM \
		    unlink=EPERM socket=ok connect=ECONNREFUSED listen=EPERM \
		    datagrams=EPERM
		grep -q '^hosts:.*mdns' /etc/nsswitch.conf || are unix=EPERM
	done <<-'TOOLS'
	bk-s3ls --retry-for 1s s3://bucket/
	bk-s3put --retry-for 1s s3://bucket/key <in
	bk-s3get --retry-for 1s s3://bucket/key
	echo s3://bucket/key | bk-s3rm --retry-for 1s
	bk-notify --retry-for 1s --webhook url <listing
	TOOLS
}

# names NSSWITCH: bk-s3ls looks up a name of a hosts file, with that line.
names() {
	echo "hosts: $1" >nsswitch
	echo '127.0.0.1 store.bk.test' >hosts
	AWS_ENDPOINT_URL=http://store.bk.test:9 with "unshare -m sh -c \"
	    mount --bind nsswitch /etc/nsswitch.conf &&
	    mount --bind hosts /etc/hosts &&
	    exec bk-s3ls --retry-for 1s s3://bucket/\""
	grep -Eiq "refused|could ?n[o']t connect|failed to connect" err
}

@test "sockets of this host, its database's: only where names take them" {
	local line
	unshare -m true || skip "no mount namespaces"
	while read -r line; do
		names "$line"
		are unix=EPERM datagrams=EPERM
	done <<-'LINES'
	files dns
	files myhostname resolve [!UNAVAIL=return] dns
	files [ SUCCESS = return ] dns # mdns4
	LINES
	while read -r line; do
		names "$line"
		are unix=ok datagrams=EPERM
	done <<-'LINES'
	files mdns4_minimal [NOTFOUND=return] dns
	files resolve
	files [NOTFOUND=continue] sss dns
	LINES
}

@test "without Landlock, without seccomp, without both" {
	local line
	without=(./without landlock)
	with 'bk-gz <in'
	narrowed
	are secret=EPERM create=EPERM socket=EPERM
	with "bk-prune -d 2 --holds files/may <listing"
	narrowed
	are may=ok secret=ok create=EPERM
	without=(./without seccomp)
	with 'bk-gz <in'
	are inherited=EBADF fork=ok
	[ "$(./without)" -lt 1 ] || are secret=EACCES create=EACCES
	[ "$(./without)" -lt 4 ] || are connect=EACCES
	without=(./without both)
	with 'bk-gz <in'
	are secret=ok create=ok fork=ok inherited=EBADF
	bk-gz -d <out | cmp - in
}

@test "every thread: also the one that a signal ends the tool in" {
	local no pid
	no=$(denied_by_name)
	mkfifo pipe
	PROBE=$PWD/report PROBE_TOOL=bk-prune PROBE_SECRET=$PWD/elsewhere/secret \
	    PROBE_DIR=$PWD/elsewhere PROBE_MAY=$PWD/files/may \
	    BK_AUDIT_LOG=$PWD/signalled LD_PRELOAD=$PWD/probe.so \
	    bk-prune -d 2 --holds files/may <pipe >/dev/null 3>&- &
	pid=$!
	exec 8>pipe
	await grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	exec 8>&-
	[ $status = 143 ]
	got=$(tr ' ' = <report | paste -sd' ')
	are may=ok "secret=$no" "passwd=$no" create=EPERM
	[ "$(jq -r .error signalled)" = "killed by SIGTERM" ]
}

@test "the kernel says so: no new privileges, a filter, a domain" {
	local line pid
	mkfifo pipe2
	while read -r line; do
		# shellcheck disable=SC2086	# a command line
		$line <pipe2 >/dev/null 2>err 3>&- &
		pid=$!
		exec 8>pipe2
		await grep -q '^Seccomp:.*2$' "/proc/$pid/status"
		grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
		exec 8>&-
		wait $pid || :
	done <<-'TOOLS'
	bk-gz
	bk-zst
	bk-crypt -R public
	bk-verify
	bk-age
	bk-prune -d 2
	bk-save files/x
	bk-rm
	bk-s3put --retry-for 1s s3://bucket/key
	bk-audit -
	TOOLS
}

@test "secrets are locked in memory, or are not" {
	local line pid
	mkfifo pipe3
	while read -r line; do
		# shellcheck disable=SC2086	# a command line
		$line <pipe3 >/dev/null 2>err 3>&- &
		pid=$!
		exec 8>pipe3
		await grep -q '^Seccomp:.*2$' "/proc/$pid/status"
		grep -q '^VmLck:.* [1-9]' "/proc/$pid/status"
		exec 8>&-
		wait $pid || :
	done <<-'TOOLS'
	bk-crypt -d -i key
	bk-s3put --retry-for 1s s3://bucket/key
	TOOLS
	# a limit of nothing, which root does not have
	BK_PASSPHRASE=abc run -0 prlimit --memlock=0:0 \
	    setpriv --bounding-set -ipc_lock sh -c "bk-crypt -p <in | cat >/dev/null"
}

@test "BK_NO_SANDBOX turns it off, and is said" {
	BK_NO_SANDBOX=1 with 'bk-gz <in'
	are secret=ok create=ok socket=ok fork=ok inherited=ok
	[ "$(cat err)" = "bk-gz: BK_NO_SANDBOX: not sandboxed" ]
	BK_NO_SANDBOX= with 'bk-gz <in'
	are secret=EPERM
	[ ! -s err ]
}

@test "keys from a command: it is started, and nothing given up" {
	cat >config <<-'CONFIG'
	[default]
	credential_process = printf '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b"}'; touch started
	CONFIG
	AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= AWS_CONFIG_FILE=$PWD/config \
	    with 'bk-s3ls --retry-for 1s s3://bucket/'
	[ -e started ]
	are secret=ok
}
