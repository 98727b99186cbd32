#!/usr/bin/env bats
# contrib/systemd under a real systemd: with the user, the credentials, the
# sandbox and the filter of system calls that the units ask for.  It is process
# 1 of namespaces of its own, sees no units but ours, and what it writes to
# /etc, /run and /var goes with it.  That takes root.

load support/common
load support/pg
load support/s3
load support/jobs

# WHY: why there is nothing to test with.  (Here bats does not know of skip.)
setup_file() {
	export WHY=
	if [ "$(id -u)" != 0 ]; then
		WHY="takes root"
	elif sanitized; then
		WHY="sanitizers want what the sandbox forbids"
	else
		all_start
	fi
}

all_start() {
	jobs_start
	psql -qX postgres -c "create role keeper superuser login password 'right'"
	# the tests trust whoever comes: this one has to show its password
	sed -i '1i host all keeper 127.0.0.1/32 scram-sha-256' \
	    "$PGHOST/data/pg_hba.conf"
	psql -qXAt postgres -c 'select pg_reload_conf()' >/dev/null
	psql -qX postgres -c 'create role bk login replication'
	settings etc
	init_start || WHY="no systemd in namespaces here"
}

teardown_file() {
	init_stop
	jobs_stop
}

setup() {
	[ -z "$WHY" ] || skip "$WHY"
	jobs_use
	cd "$F"
}

teardown() {
	[ -z "$WHY" ] || return 0
	stop_python hook.py
	jobs_left
}

# settings DIR: what is to be /etc/bk.
settings() {
	mkdir "$1"
	cp shop.key shop.pub "$1"
	cp aws "$1/shop.aws"
	cp aws "$1/shop.pruner.aws"
	echo '*:*:*:*:right' >"$1/shop.pgpass"
	cp shop.key "$1/pg1.key"
	cp aws "$1/pg1.aws"
	cp aws "$1/pg1.pruner.aws"
	cp shop.pub "$1/pg1.pub"
	chmod 600 "$1"/*
	chmod 644 "$1"/*.pub
	{
		cat "$C/systemd/shop.env"
		printf '%s\n' PGHOST=127.0.0.1 "PGPORT=$PGPORT" PGUSER=keeper \
		    "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL" "AWS_REGION=$AWS_REGION"
	} >"$1/shop.env"
	{
		cat "$C/systemd/pg1.env"
		printf '%s\n' PGHOST=127.0.0.1 "PGPORT=$PGPORT" \
		    "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL" "AWS_REGION=$AWS_REGION"
	} >"$1/pg1.env"
}

# init_start: start it, see that it can do what the units ask for.
init_start() {
	local target group
	cp -R "$C/systemd" units
	# what they come after on a whole system
	for target in sysinit basic shutdown network-online timers bk-test; do
		printf '[Unit]\nDescription=%s\n' $target >units/$target.target
	done
	printf '[Service]\nStandardOutput=append:%s\nStandardError=append:%s\n' \
	    "$PWD/said" "$PWD/said" >units/bk-.service.d/test.conf
	# with the sandbox of them all
	printf '[Service]\nType=oneshot\nDynamicUser=yes\nExecStart=/bin/true\n' \
	    >units/bk-probe.service
	group=$(findmnt -rno TARGET -t cgroup2 | head -n 1)
	[ -n "$group" ] && group=$group/bk-test-$$ && mkdir "$group" &&
	    [ -e "$group/cgroup.kill" ] || return 1
	echo "$group" >group
	cat >init.sh <<-END
	set -e
	echo \$\$ >"$group/cgroup.procs"
	exec unshare -C -m -p -i -u -f --kill-child sh -ec '
	mount --make-rprivate /
	mkdir up work
	mount -t tmpfs tmpfs work
	mkdir work/up work/work
	mount -t overlay -o lowerdir=/etc,upperdir=work/up,workdir=work/work \
	    overlay /etc
	mkdir -p /etc/bk
	mount --bind etc /etc/bk
	for dir in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs \$dir; done
	umount -R /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mount -t proc proc /proc
	mount --bind "$BK_BIN" /usr/local/bin
	mount --make-rshared /
	exec env -i PATH=/usr/bin:/bin container=bats SYSTEMD_UNIT_PATH="$PWD/units" \
	    /lib/systemd/systemd --system --unit=bk-test.target'
	END
	# when bats is killed nobody calls teardown_file
	setsid sh -c 'tail --pid=$1 -f /dev/null; echo 1 >"$2/cgroup.kill"' - $$ \
	    "$group" >/dev/null 2>&1 </dev/null 3>&- &
	setsid sh init.sh >init.log 2>&1 </dev/null 3>&- &
	echo $! >unshare
	await init_runs && inside systemctl start bk-probe.service ||
	    { cat init.log >&2; return 1; }
}

init_runs() {
	inside systemctl is-active -q bk-test.target 2>/dev/null
}

init_stop() {
	local group
	cd "$BATS_FILE_TMPDIR"
	[ -s group ] || return 0
	read -r group <group
	echo 1 >"$group/cgroup.kill"
	await grep -qx 'populated 0' "$group/cgroup.events"
	find "$group" -depth -type d -exec rmdir {} \;
}

# inside COMMAND...: run it in there.
inside() {
	local init
	init=$(ps -o pid= --ppid "$(cat "$BATS_FILE_TMPDIR/unshare")") || return
	nsenter -t "${init// /}" -C -m -p -i -u "$@"
}

@test "a real systemd backs up, proves and prunes, as nobody" {
	run -0 inside systemctl start bk-backup@shop.service
	[ "$(stored shop/daily/)" = 1 ]
	proven shop/daily
	run -0 inside systemctl start bk-verify@shop.service
	run -0 inside sh -c 'cat /var/lib/bk/proofs/*.json'
	jq -e '.result == "proven" and .level == 3 and .rows == 25000' <<<"$output"
	many daily 4
	echo 'KEEP=-d 30 --first-run --min-keep 1 --min-stored 0' >>etc/shop.env
	run -0 inside systemctl start bk-prune@shop.service
	[ "$(stored shop/daily/)" = 3 ]
	# all of it was done by a user who is no more, and is in one log
	run -0 inside sh -c 'cat /var/log/bk/audit.log'
	jq -r '.user + " " + .status' <<<"$output" | sort -u >users
	[ "$(cat users)" = 'bk success' ]
	run ! getent passwd bk
	run ! inside sh -c 'ls -d /run/credentials/* || ls -d /run/bk-*'
}

# segments N: so many whole segments, at least, are stored.
segments() {
	[ "$(stored wal/pg1/)" -ge "$1" ] &&
	    [ "$(grep -vc '\.partial$' listing)" -ge "$1" ]
}

# switch: the server begins a new segment.
switch() {
	psql -qXAt postgres -c 'create table if not exists w (i int)' \
	    -c 'insert into w values (1)' -c 'select pg_switch_wal()' >/dev/null
}

# main UNIT: the process of its own, once it runs.
main() {
	inside systemctl show -p MainPID --value "$1"
}

@test "a real systemd: base backups and WAL, also after a crash; pruned" {
	local pid
	run -0 inside systemctl start bk-walrecv@pg1.service
	await eval "psql -qXAt postgres -c \"select 1 from pg_replication_slots
	    where slot_name = 'bk' and active\" | grep -q 1"
	run -0 inside systemctl start bk-base@pg1.service
	[ "$(stored base/pg1/)" = 1 ]
	bk-s3get s3://backups/base/pg1/latest | bk-crypt -d -i shop.key |
	    bk-zst -d | tar -tf - >files
	grep -qx PG_VERSION files
	switch
	await segments 1
	# the metrics are there for who is not bk
	run -0 inside setpriv --reuid 65534 cat /run/bk-walrecv-pg1/walrecv-pg1.prom
	[[ $output == *'bk_walrecv_connected{'* ]]
	pid=$(main bk-walrecv@pg1.service)
	inside kill -9 "$pid"
	await eval '[ "$(main bk-walrecv@pg1.service)" != "$pid" ] &&
	    [ "$(main bk-walrecv@pg1.service)" != 0 ]'
	switch
	await segments 2
	run -0 inside systemctl stop bk-walrecv@pg1.service
	run -0 inside systemctl show -p Result bk-walrecv@pg1.service
	[ "$output" = Result=success ]
	# no proof is a reason not to delete
	run -1 inside systemctl start bk-prune-base@pg1.service
	run -0 inside systemctl start bk-verify-base@pg1.service
	run -0 inside sh -c 'cat /var/lib/bk/proofs/*.json'
	grep -F '"kind":"base"' <<<"$output" |
	    jq -e '.result == "proven" and .level == 3 and .restore_seconds > 0'
	run -0 inside systemctl start bk-prune-base@pg1.service
	segments 2
}

@test "a real systemd: the sandbox holds" {
	cat >units/bk-probe@.service <<-'END'
	[Service]
	Type=oneshot
	DynamicUser=yes
	User=bk
	ExecStart=/bin/sh -c 'touch /usr/x /etc/x /var/x 2>&1; ls /root 2>&1; \
	    unshare -U true 2>&1; cat /etc/bk/shop.key 2>&1; grep -E "Seccomp:|NoNew|CapBnd" /proc/self/status'
	END
	inside systemctl daemon-reload
	: >said
	run -0 inside systemctl start bk-probe@x.service
	grep -q "'/usr/x': Read-only file system" said
	grep -q "'/etc/x': Read-only file system" said
	grep -q "'/var/x': Read-only file system" said
	grep -q "'/root': Permission denied" said
	grep -q 'unshare: .*Operation not permitted' said
	grep -q 'shop.key: Permission denied' said
	grep -q 'CapBnd:.*0000000000000000$' said
	grep -q 'NoNewPrivs:.*1$' said
	grep -q 'Seccomp:.*2$' said
}

@test "a real systemd: the password's credential is what the server wants" {
	echo '*:*:*:*:wrong' >etc/shop.pgpass
	run -1 inside systemctl start bk-backup@shop.service
	grep -q '^bk-dump: .*password' said
	echo '*:*:*:*:right' >etc/shop.pgpass
	run -0 inside systemctl start bk-backup@shop.service
}

@test "a real systemd: a first stage that fails fails the unit, and is told" {
	cp etc/shop.env shop.env
	echo PGPORT=1 >>etc/shop.env
	run -1 inside systemctl start bk-backup@shop.service
	run -0 inside systemctl show -p Result -p ExecMainStatus bk-backup@shop.service
	[ "$output" = $'Result=exit-code\nExecMainStatus=3' ]
	cat shop.env >etc/shop.env
	failed=bk-failed@bk-backup@shop.service.service
	run -0 inside systemctl show -p InactiveEnterTimestampMonotonic \
	    -p ActiveEnterTimestampMonotonic -p Result "$failed"
	[[ $output != *Result=success* ]]	# there is no /etc/bk/slack
	start_python hook.py
	(umask 077; echo "http://127.0.0.1:$PORT/hook" >etc/slack)
	echo PGPORT=1 >>etc/shop.env
	run -1 inside systemctl start bk-backup@shop.service
	await grep -q 'bk-backup@shop.service failed' \
	    "$BATS_TEST_TMPDIR/hook.py.log"
	cat shop.env >etc/shop.env
	grep -q 'exit-code, exited 3' "$BATS_TEST_TMPDIR/hook.py.log"
}

@test "a real systemd: the timers wait for their hour" {
	local timer
	for timer in backup verify prune base verify-base prune-base; do
		run -0 inside systemctl start bk-$timer@shop.timer
		run -0 inside systemctl show -p SubState -p NextElapseUSecRealtime \
		    bk-$timer@shop.timer
		[[ $output == *SubState=waiting* ]]
		[[ $output == *NextElapseUSecRealtime=*20* ]]
	done
}
