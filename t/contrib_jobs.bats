#!/usr/bin/env bats
# contrib: the units, the CronJobs, the workflow and the plugin, each
# as its caller runs it, against real servers.

load support/common
load support/pg
load support/s3
load support/jobs

setup_file() {
	jobs_start
}

teardown_file() {
	jobs_stop
}

setup() {
	jobs_use
}

teardown() {
	jobs_left
}

# --- systemd

# unit NAME INSTANCE [NAME=VALUE...]: run its ExecStart as systemd would.
unit() {
	mkdir -p root/etc/bk
	cp "$F/aws" root/etc/bk/shop.aws
	cp "$F/aws" root/etc/bk/shop.pruner.aws
	cp "$F/shop.key" root/etc/bk/shop.key
	[ -e root/etc/bk/shop.env ] ||
	    { cat "$C/systemd/shop.env"
	    echo "BK_RECIPIENTS=$F/shop.pub"; } >root/etc/bk/shop.env
	"$SUPPORT/unit.py" "$C/systemd/bk-$1@.service" "$2" "$PWD/root" \
	    "${servers[@]}" "${@:3}" 3>&-
}

@test "systemd: backup, proof and pruning, with credentials only" {
	run -0 unit backup shop
	[ -z "$output" ]
	[ "$(stored shop/daily/)" = 1 ]
	run -0 unit verify shop
	[ "$(ls root/var/lib/bk/proofs | wc -l)" = 1 ]
	run -0 unit prune shop
	[ "$(stored shop/daily/)" = 1 ]
	# -d 30 and the rest: the newest of each of two days stays, and the oldest
	many daily 5
	echo 'KEEP=-d 30 --first-run --min-keep 1 --min-stored 0' >>root/etc/bk/shop.env
	run -0 unit prune shop
	[ "$(stored shop/daily/)" = 3 ]
	# all of it is in one audit log
	jq -r .operation root/var/log/bk/audit.log | sort -u | tr '\n' ' ' >ran
	[ "$(cat ran)" = "bk-crypt bk-dump bk-gz bk-prune bk-s3get bk-s3ls bk-s3put bk-s3rm bk-verify " ]
}

@test "systemd: a password comes from a credential" {
	printf '%s:%s:*:keeper:right\n' '*' '*' >pgpass
	mkdir -p root/etc/bk && cp pgpass root/etc/bk/shop.pgpass
	psql -qX -d postgres -c "create role keeper login superuser password 'right'"
	unit backup shop PGUSER=keeper
	grep -q :right root/run/bk-backup-shop/pgpass
	[ "$(stat -c %a root/run/bk-backup-shop/pgpass)" = 600 ]
}

@test "systemd: whatever stage fails, the unit fails" {
	# the first cannot begin, the middle one, the last
	run -3 unit backup shop PGPORT=1
	run ! unit backup shop BK_RECIPIENTS=/nonexistent
	run -1 unit backup shop BACKUP=s3://nosuchbucket/x
	# there is nothing to verify, nothing to prune
	run -3 unit verify shop
	run -4 unit prune shop
	[ "$(stored '')" = 0 ]
}

# child PID NAME: print the process NAME below PID.
child() {
	local pid
	for pid in $(ps -o pid= --ppid "$1"); do
		[ "$(ps -o comm= -p "$pid")" != "$2" ] || { echo "$pid"; return; }
		child "$pid" "$2" && return
	done
	return 1
}

@test "systemd: bk-dump is killed, and the unit fails" {
	local job status=0
	psql -qX -d shop -c 'begin; lock table t; select pg_sleep(60)' \
	    >/dev/null 2>&1 3>&- &
	await waits
	unit backup shop >said 2>&1 &
	job=$!
	await child $job bk-dump >/dev/null
	kill -9 "$(child $job bk-dump)"
	wait $job || status=$?
	psql -qX -c "select pg_terminate_backend(pid) from pg_stat_activity
	    where query like '%pg_sleep%' and pid <> pg_backend_pid()" postgres
	await eval '! waits'
	[ $status = 3 ]
	grep -q '^bk-s3put: .*unfinished\|^bk-s3put: .*empty' said
	[ "$(stored '')" = 0 ]
}

waits() {
	[ "$(psql -XAtc "select count(*) from pg_locks
	    where mode = 'AccessExclusiveLock' and granted
	    and relation = 't'::regclass" shop)" = 1 ]
}

@test "systemd: a unit that failed tells a person" {
	start_python hook.py
	mkdir -p root/etc/bk
	echo "http://127.0.0.1:$PORT/hook" >root/etc/bk/slack
	run -0 unit failed bk-backup@shop.service \
	    MONITOR_SERVICE_RESULT=exit-code MONITOR_EXIT_CODE=exited \
	    MONITOR_EXIT_STATUS=3
	stop_python hook.py
	grep '^{' hook.py.log | jq -r .body >told
	grep -q 'bk-backup@shop.service failed on ' told
	grep -q 'exit-code, exited 3; see journalctl -u bk-backup@shop.service' told
}

# --- Kubernetes

# container N [NAME=VALUE...]: run the container of the Nth CronJob.
container() {
	local command environment
	mkdir -p secrets tmp
	cp "$F/aws" secrets
	cp "$F/shop.pub" secrets/recipient
	cp "$F/shop.key" secrets/key
	echo "http://127.0.0.1:$PORT/hook" >secrets/slack
	echo '*:*:*:*:secret' >secrets/pgpass
	# bk takes such files of others only as somebody else than root
	chmod 400 secrets/*
	chmod 440 secrets/pgpass
	json "$C/kubernetes/cronjob.yaml" | jq ".items[$1].spec.jobTemplate.spec
	    .template.spec.containers[0]" |
	    sed "s,/tmp/,$PWD/tmp/,g; s,/run/secrets/bk,$PWD/secrets,g" >container
	mapfile -d '' command < <(jq --raw-output0 '(.command + .args)[]' \
	    container 2>/dev/null || jq -j '(.command + .args)[] + "\u0000"' container)
	mapfile -t environment < <(jq -r '.env[] | .name + "=" + .value' container)
	env -i "${environment[@]}" "${servers[@]}" "${@:2}" "${command[@]}" 3>&-
}

@test "Kubernetes: the containers back up and prune" {
	run -0 container 0
	[ "$(stored shop/daily/)" = 1 ]
	proven shop/daily
	[ "$(stat -c %a tmp/pgpass)" = 600 ]
	run -3 container 1		# nothing was proven yet
	[[ $output == *"nothing is proven"* ]]
	rm -rf secrets
	run -0 container 2
	rm -rf secrets
	run -0 container 1
	[ "$(stored shop/daily/)" = 1 ]
}

@test "Kubernetes: what is stored is verified and watched, and told if bad" {
	start_python hook.py
	run -3 container 2
	rm -rf secrets
	run -2 container 3
	rm -rf secrets
	stop_python hook.py
	grep '^{' hook.py.log | jq -r .body >told
	grep -q 's3://backups/shop/daily/: no backup' told
	grep -q 'BACKUP CRITICAL' told
	run -0 container 0
	rm -rf secrets
	run -0 container 2
	rm -rf secrets
	run -0 container 3
	[ "$(stored receipts/)" = 1 ]
}

@test "Kubernetes: a container whose first stage fails, fails" {
	run -3 container 0 PGPORT=1
	rm -rf secrets
	run -3 container 0 PGDATABASE=none
	rm -rf secrets
	run -4 container 1
	rm -rf secrets
	run ! container 1 AWS_SHARED_CREDENTIALS_FILE=/dev/null
	[ "$(stored '')" = 0 ]
}

# --- GitHub

# step NAME: run the step as a runner does, with these settings' values.
step() {
	json "$C/github/backup.yml" >workflow
	jq -r --arg name "$1" '.jobs.backup | .steps[] |
	    select(.name == $name) | .run' workflow >run.sh
	[ -s run.sh ]
	jq -r --arg name "$1" '.jobs.backup | .env +
	    (.steps[] | select(.name == $name) | .env // {}) | to_entries[] |
	    .key + "=" + .value' workflow | sed 's,/tmp/,'"$PWD/"',' |
	    sed "s,\${{ inputs.database || vars.BK_DATABASE }},shop,
		s,\${{ inputs.tier || 'daily' }},weekly,
		s,\${{ vars.BK_BUCKET }},backups,
		s,\${{ vars.AWS_REGION }},$AWS_REGION,
		s,\${{ vars.AWS_ROLE_ARN }},arn:x/y,
		s,\${{ secrets.BK_IDENTITY }},$(tail -n 1 "$F/shop.key"),
		s,\${{ secrets.SLACK }},${SLACK-},
		s,\${{ github.[a-z_]* }},github,g
		s,\${{ secrets.PGHOST }},$PGHOST,
		s,\${{ secrets.PGUSER }},$PGUSER,
		s,\${{ secrets.PGPASSWORD }},secret,
		s,\${{ vars.BK_RECIPIENTS }},$(cat "$F/shop.pub"),
		s,\${{ vars.BK_SOURCE }},$TOP,
		s,\${{ vars.BK_VERSION }},HEAD," >env
	run ! grep -F '${{' env
	mapfile -t environment <env
	mkdir -p home/.local/bin
	env -i "${servers[@]}" HOME="$PWD/home" \
	    PATH="$PWD/home/.local/bin:$PATH" \
	    AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" \
	    AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY" \
	    ACTIONS_ID_TOKEN_REQUEST_TOKEN=request \
	    ACTIONS_ID_TOKEN_REQUEST_URL="${token_url-}" \
	    GITHUB_PATH="$PWD/path" GITHUB_STEP_SUMMARY="$PWD/summary" \
	    "${environment[@]}" "${@:2}" \
	    bash --noprofile --norc -eo pipefail run.sh 3>&-
}

# hands_out: GitHub's token service.
hands_out() {
	start_python hook.py
	token_url="http://127.0.0.1:$PORT/say/{\"value\":\"web+identity\"}/?a=b"
	step 'Make the token command'
}

@test "GitHub: the workflow backs up, verifies, and looks at what is stored" {
	hands_out
	run -0 step 'Back up'
	[ "$(stored shop/weekly/)" = 1 ]
	proven shop/weekly
	run -0 step 'Look at what is stored'
	[[ $output == 'BACKUP OK - shop: '* ]]
	[ "$(cat summary)" = "$output" ]
	run -0 step Verify
	grep -q '"result":"proven"' summary
	run -0 step Verify KEY= BUCKET=none
	stop_python hook.py
}

@test "GitHub: no keys are kept there: a token buys them" {
	hands_out
	run -3 step 'Back up' PGPORT=1
	jq -r 'select(.path | test("audience=sts.amazonaws.com$")).headers
	    .Authorization' <(grep '^{' hook.py.log) | grep -qx 'bearer request'
	stop_python hook.py
	[ "$(cat bk-web-identity)" = 'web identity' ]
	[ "$(stat -c %a bk-web-identity)" = 600 ]
	# which is what the tools take to the token service
	AWS_SESSION_TOKEN=made-up start_python credhost.py 3600
	run ! env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	    AWS_ENDPOINT_URL_STS="http://127.0.0.1:$PORT/sts" \
	    AWS_ROLE_ARN=arn:x/y AWS_WEB_IDENTITY_TOKEN_FILE=bk-web-identity \
	    bk-s3ls s3://backups/
	stop_python credhost.py
	grep -q 'POST /sts 200' credhost.py.log
	# no token, no backup
	run ! step 'Back up'
	[ "$(stored '')" = 0 ]
}

@test "GitHub: a step that fails, fails, and is told" {
	hands_out
	run -3 step 'Back up' PGPORT=1
	[ "$(stored '')" = 0 ]
	run ! step 'Look at what is stored'
	[[ $output == *'BACKUP CRITICAL'* ]]
	grep -q CRITICAL summary
	run ! step Verify
	run -0 step 'Tell that it failed'
	SLACK=http://127.0.0.1:$PORT/hook run -0 step 'Tell that it failed'
	stop_python hook.py
	grep '^{' hook.py.log | jq -r 'select(.path == "/hook").body' >told
	grep -q 'the backup of shop failed' told
	grep -q github/github/actions/runs/github told
}

# What would be compiled for a minute is copied: the compiler's work is tested
# elsewhere.
@test "GitHub: bk is installed from a clone" {
	git -C "$TOP" rev-parse HEAD >/dev/null 2>&1 || skip "no git checkout"
	[ "$BK_BIN" = "$TOP/build/bin" ] || skip "another build is tested"
	mkdir -p template/hooks home
	cat >template/hooks/post-checkout <<-END
	#!/bin/sh
	[ ! -e build ] || exit 0
	find . -path ./.git -prune -o -type f -exec touch -d 2026-01-01 {} +
	cp -a "$TOP/build" build
	END
	chmod +x template/hooks/post-checkout
	run -0 step 'Install bk' GIT_TEMPLATE_DIR="$PWD/template"
	[ "$(cat path)" = "$PWD/home/.local/bin" ]
	home/.local/bin/bk-gz --version
	[ -s home/.local/share/man/man7/bk.7 ]
}

# --- Nagios

# plugin ARG...: the command line of commands.cfg as Nagios runs it.
plugin() {
	local line
	line=$(sed -n 's/^[[:space:]]*command_line[[:space:]]*//p' \
	    "$C/nagios/commands.cfg")
	line=${line/\$ARG1\$/"$1"}
	line=${line/\$ARG2\$/"$2"}
	line=${line/\/usr\/lib\/nagios\/plugins/"$C/nagios"}
	env -i "${servers[@]}" AWS_SHARED_CREDENTIALS_FILE="$F/aws" "${@:3}" \
	    /bin/sh -c "$line" 3>&-
}

@test "Nagios: each status, and a line that says why" {
	bk-dump shop | bk-gz | bk-crypt -R "$F/shop.pub" |
	    bk-s3put -q 's3://backups/{db}/{tier}/{db}-{utc}.bk'
	IFS=! read -r _ location options < <(sed -n \
	    's/^[[:space:]]*check_command[[:space:]]*//p' "$C/nagios/commands.cfg")
	run -0 plugin "$location" "$options"
	[[ $output == 'BACKUP OK - shop: '*'|'* ]]
	run -1 plugin "$location" '--min-count 2,1'
	[[ $output == 'BACKUP WARNING - '* ]]
	run -2 plugin "$location" '--min-size 1G'
	[[ $output == 'BACKUP CRITICAL - '* ]]
	run -2 plugin "$location" "$options --expect blog"
	[[ $output == 'BACKUP CRITICAL - '*blog* ]]
	# cannot look
	run -3 plugin s3://nosuchbucket/ "$options"
	[[ ${lines[0]} == 'BACKUP UNKNOWN - '*NoSuchBucket* ]]
	run -3 plugin "$location" "$options" AWS_SHARED_CREDENTIALS_FILE=/dev/null
	[[ ${lines[0]} == 'BACKUP UNKNOWN - '*AWS_ACCESS_KEY_ID* ]]
	run -3 plugin s3://b/ "$options --expect blog"
	[[ $output == 'UNKNOWN - bk-s3ls: '*"not a bucket name"* ]]
	run -3 plugin "$location" --no-such-option
	# nothing there
	run -3 plugin s3://backups/none/ ''
	[[ $output == 'BACKUP UNKNOWN'* ]]
	run -2 plugin s3://backups/none/ '--expect none'
	run -3 "$C/nagios/check_bk"
}

@test "Nagios: a directory's backups, and an unreadable one" {
	mkdir -p files/shop
	bk-dump shop | bk-save -q "$PWD/files/{db}/{db}-{utc}.bk"
	run -0 plugin "$PWD/files" ''
	[[ $output == 'BACKUP OK - '*shop* ]]
	run -3 plugin "$PWD/nowhere" ''
	[[ ${lines[0]} == 'BACKUP UNKNOWN - '*"nowhere: No such file"* ]]
	# a warning is no part of the listing
	touch "$PWD/files/shop/shop-20990101T000000Z.bk"
	run -0 plugin "$PWD/files" '--min-size 0'
}
