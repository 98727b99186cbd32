#!/usr/bin/env bats
# contrib: every file is what the program that reads it wants.  What the jobs do
# is in contrib_jobs.bats.

load support/common

C=$TOP/contrib
CRON="$SUPPORT/cron.py"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

have() {
	PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || skip "no $1 here"
}

# packages NAME@VERSION...: set NPM, or skip.
packages() {
	NPM=$("$SUPPORT/npm.sh" "$@") || skip "$NPM"
}

# json FILE: YAML as JSON.
json() {
	python3 -c 'import json, sys, yaml
json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <"$1"
}

@test "shellcheck has nothing to say of any shell that contrib holds" {
	shellcheck -x "$C"/*.sh "$C"/nagios/check_bk "${BK_BIN%/bin}"/completions/bk.bash
}

@test "shellcheck warns of nothing in what the tests are made with" {
	shellcheck -S warning -x "$SUPPORT"/*.sh "$TOP"/build-aux/*.sh \
	    "$TOP"/t/fuzz/*.sh "$TOP/.ci/run"
	# bats has set -e, $output and $stderr, and who sources them the rest
	shellcheck -S warning -x -e SC2034,SC2154,SC2164 "$SUPPORT"/*.bash
}

@test "shellcheck has nothing to say of the lines that jobs run" {
	"$CRON" commands "$C/crontab/bk" >cron
	"$CRON" environment "$C/crontab/bk" | sed 's/=.*//; s/^/export /' >env
	while read -r line; do
		{ cat env; printf '%s\n' "$line"; } >job
		# TELL is several words; set -e is not on
		shellcheck -s bash -e SC2086,SC2154 job
	done <cron
	json "$C/kubernetes/cronjob.yaml" |
	    jq -r '.. | .args? // empty | .[]' >args
	[ "$(wc -l <args)" = 4 ]
	shellcheck -s bash args
	json "$C/github/backup.yml" |
	    jq -r '.jobs[].steps[].run' >blocks
	shellcheck -s bash blocks
	sed -n 's/^ExecStart=.*sh .*-c .\(.*\).$/\1/p' "$C"/systemd/*.service |
	    sed 's/\$\$/$/g; s/\\\(.\)/\1/g' >start
	[ "$(wc -l <start)" = 9 ]
	# KEEP is several words; they come from the environment
	shellcheck -s bash -e SC2086,SC2154 start
}

# --- cron

@test "the crontab is one that cron takes" {
	crontab -n "$C/crontab/bk"
	# it does look: an hour that is none
	sed 's/^37 4 /37 24 /' "$C/crontab/bk" >bad
	run -1 crontab -n bad
	run -1 "$CRON" commands bad
}

@test "no two jobs of the crontab collide in ten years" {
	run -0 "$CRON" collisions "$C/crontab/bk" 2026 2035 30
	[ -z "$output" ]
	# it sees those that do
	sed 's/^37 5 /37 4 /' "$C/crontab/bk" >bad
	run -0 "$CRON" collisions bad 2026 2035 30
	[ "$(grep -c '^20.*tier daily' <<<"$output")" -gt 500 ]
	sed 's/^7 \* /27 * /' "$C/crontab/bk" >bad
	run -0 "$CRON" collisions bad 2026 2026 30
	[[ $output == *'soon after'* ]]
}

@test "no two dumps of the crontab run at once, however long they take" {
	"$CRON" commands "$C/crontab/bk" >commands
	[ "$(grep -c bk-dump commands)" = 5 ]
	[ "$(grep -c 'bk-dump --lock=wait ' commands)" = 5 ]
}

@test "each tier of the crontab is due as often as its name says" {
	local year days weeks
	for year in 2026 2028 2034; do
		days=$((year == 2028 ? 366 : 365))
		weeks=$(sundays $year)
		"$CRON" firings "$C/crontab/bk" $year |
		    sed -n 's/ .*--tier \([a-z]*\) .*/ \1/p' >due
		diff due - <<-END
		$((24 * days)) hourly
		$days daily
		$weeks weekly
		12 monthly
		1 yearly
		END
	done
}

# sundays YEAR: 53 where the year begins with one, or, a leap year, before one.
sundays() {
	case $(date -d "$1-01-01" +%w),$(date -d "$1-12-31" +%j) in
	0,* | 6,366) echo 53 ;;
	*) echo 52 ;;
	esac
}

@test "a clock that is put forward or back skips or repeats no daily job" {
	awk '/^[0-9]/ && $2 ~ /^[0-9]/ && $2 < 4' "$C/crontab/bk" >doubtful
	diff doubtful /dev/null
	[ "$(awk '/^[0-9]/ && $2 ~ /^[0-9]/' "$C/crontab/bk" | wc -l)" -gt 8 ]
}

# --- logrotate

@test "logrotate renames the audit log; every line is in a chain" {
	export BK_AUDIT_LOG=$PWD/audit.log
	sed "s,/var/log/bk,$PWD,; s/su .*/su $(id -un) $(id -gn)/" \
	    "$C/logrotate/bk" >conf
	printf '%s\t2000000\tshop-%s.bk\n' "$(date -u +%FT%TZ)" \
	    "$(date -u +%Y%m%dT%H%M%SZ)" >listing
	for _ in 1 2 3; do bk-seal echo >sealed; done
	# who is at work meanwhile leaves a line, too
	mkfifo in
	bk-gz <in >out 3>&- &
	exec {fd}>in
	run -0 env PATH="$PATH:/usr/sbin" logrotate -f -s "$PWD/state" conf
	[ -z "$output" ]
	[ ! -e audit.log ]
	run -3 bk-age --log audit.log <listing
	[[ $output == *'BACKUP UNKNOWN'*'audit.log'*'BACKUP OK'* ]]
	bk-seal echo | bk-save -q "$PWD/shop-{utc}.bk"
	run -0 bk-age --log audit.log <listing
	echo >&$fd
	exec {fd}>&-
	wait $!
	run -0 bk-audit --verify audit.log-* audit.log
	[ "${#lines[@]}" = 2 ]
	[ "$(cat audit.log-* audit.log | jq -r .operation | sort | uniq -c |
	    tr -s ' \n' ' ')" = ' 2 bk-age 1 bk-gz 1 bk-save 4 bk-seal ' ]
	# it does look
	sed 's/nocopy/nocopi/' conf >bad
	run env PATH="$PATH:/usr/sbin" logrotate -d -s "$PWD/state" bad
	[[ $output == *nocopitruncate* ]]
}

# --- systemd

# analyze ARG...: with our units, and the tools where units look for them.
analyze() {
	[ -d units ] || cp -R "$C/systemd" units
	SYSTEMD_UNIT_PATH=$PWD/units: systemd-analyze "$@"
}

@test "systemd-analyze verify has nothing to say of the units" {
	local unit
	for unit in bk-backup@shop bk-verify@shop bk-prune@shop bk-base@pg1 \
	    bk-verify-base@pg1 bk-prune-base@pg1; do
		run -0 analyze verify --man=no $unit.service $unit.timer
		[ -z "$output" ]
	done
	run -0 analyze verify --man=no bk-walrecv@pg1.service
	[ -z "$output" ]
	run -0 analyze verify --man=no bk-failed@bk-backup@shop.service.service
	[ -z "$output" ]
	# it does look
	sed -i 's/^DynamicUser=/DynamicUsr=/' units/bk-prune@.service
	run analyze verify --man=no bk-prune@shop.service
	[[ $output == *DynamicUsr* ]]
}

@test "systemd-analyze security: exposure of less than 2" {
	local unit
	for unit in bk-backup@shop bk-verify@shop bk-prune@shop bk-failed@x \
	    bk-base@pg1 bk-verify-base@pg1 bk-prune-base@pg1 bk-walrecv@pg1; do
		run -0 analyze security --offline=true --threshold=20 \
		    --no-pager $unit.service
	done
	# which is what the drop-in makes of it
	rm units/bk-.service.d/sandbox.conf
	run -1 analyze security --offline=true --threshold=20 --no-pager \
	    bk-backup@shop.service
}

@test "the units keep secrets, and what they hold of the host, to themselves" {
	local unit
	for unit in "$C"/systemd/*.service; do
		grep -qx DynamicUser=yes "$unit"
		grep -qE '^LoadCredential=[a-z]+:/etc/bk/' "$unit"
	done
	for unit in backup verify prune base verify-base prune-base; do
		grep -qx 'OnFailure=bk-failed@%n.service' "$C/systemd/bk-$unit@.service"
		grep -qx Persistent=yes "$C/systemd/bk-$unit@.timer"
		grep -q ^RandomizedDelaySec= "$C/systemd/bk-$unit@.timer"
	done
	grep -qx LogsDirectory=bk "$C/systemd/bk-backup@.service"
}

@test "the timers are due when they say" {
	local timer
	for timer in backup:Sun,Mon,Tue,Wed,Thu,Fri,Sat verify:Sat \
	    prune:Sun,Mon,Tue,Wed,Thu,Fri,Sat base:Sun verify-base:Tue \
	    prune-base:Sun,Mon,Tue,Wed,Thu,Fri,Sat; do
		sed -n 's/^OnCalendar=//p' "$C/systemd/bk-${timer%:*}@.timer" >due
		run -0 analyze calendar --iterations=14 "$(cat due)"
		for day in Sun Mon Tue Wed Thu Fri Sat; do
			[ "$(grep -c "$day 20" <<<"$output")" -gt 0 ] || continue
			[[ ,${timer#*:}, == *,$day,* ]]
		done
		[[ $output == *' UTC'* ]]
	done
}

# --- Kubernetes

@test "the CronJobs are what Kubernetes' schemas want" {
	packages kubernetes-models@4.5.1
	json "$C/kubernetes/cronjob.yaml" >list
	run -0 node "$SUPPORT/k8s-check.js" "$NPM" <list
	[ -z "$output" ]
	# it sees what is wrong, and what no one knows
	jq '.items[0].spec.concurrencyPolicy = "Never"' list >bad
	run -0 node "$SUPPORT/k8s-check.js" "$NPM" <bad
	[[ $output == *concurrencyPolicy* ]]
	sed 's/readOnlyRootFilesystem/readonlyRootFilesystem/' list >bad
	run -0 node "$SUPPORT/k8s-check.js" "$NPM" <bad
	[[ $output == *'is not known'* ]]
}

@test "the CronJobs give a container no more than it needs" {
	json "$C/kubernetes/cronjob.yaml" >list
	jq -e '[.items[].spec | .concurrencyPolicy == "Forbid",
	    .timeZone == "Etc/UTC", .startingDeadlineSeconds > 0,
	    .failedJobsHistoryLimit > 0] | all' list
	jq -e '[.items[].spec.jobTemplate.spec.template.spec |
	    .restartPolicy == "Never",
	    .automountServiceAccountToken == false,
	    .securityContext.runAsNonRoot, .securityContext.runAsUser > 0,
	    .volumes[0].secret.defaultMode == 256,
	    (.containers[] | .securityContext.readOnlyRootFilesystem,
	    .securityContext.allowPrivilegeEscalation == false,
	    .securityContext.capabilities.drop == ["ALL"],
	    (.resources | .requests.cpu, .requests.memory, .limits.memory |
	    type == "string"))] | all' list
	# no secret in the environment
	jq -e '[.. | .env? // empty | .[] | has("value")] | all' list
}

@test "the image has every library that the tools are linked with" {
	local tool
	have dpkg-query
	sanitized && skip "a build with sanitizers links more"
	sed -n '/^FROM.*slim$/,$p' "$C/kubernetes/Containerfile" >image
	for tool in "$BK_BIN"/bk-*; do
		readelf -d "$tool"
	done | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u >libraries
	# by its name or, on a later Debian, by the one that it had
	sed 's,^,*/,' libraries | xargs dpkg-query -S | sed 's/:.*//' |
	    sort -u | grep -v '^libc6' |
	    xargs dpkg-query -W -f '${Package} ${Provides}\n' |
	    sed 's/([^)]*),*//g' | while read -r package names; do
		for name in $package $names; do
			grep -qw -- "$name" image && continue 2
		done
		echo "$package"
	done >missing
	[ "$(wc -l <libraries)" -gt 8 ]
	diff missing /dev/null
	grep -qw postgresql-client image
}

# --- GitHub

@test "the workflow is what GitHub's schema wants" {
	packages @action-validator/core@0.6.0 @action-validator/cli@0.6.0
	"$NPM/node_modules/.bin/action-validator" "$C/github/backup.yml"
	# it does look
	sed 's/runs-on/run-on/' "$C/github/backup.yml" >bad.yml
	run -1 "$NPM/node_modules/.bin/action-validator" bad.yml
}

@test "the workflow: by hand and by the clock, no rights, one at a time" {
	json "$C/github/backup.yml" >workflow
	# YAML takes on: for true
	jq -e '.true.schedule[0].cron == "7 1 * * *" and
	    .true.workflow_dispatch.inputs.tier.type == "choice" and
	    .permissions == {} and .concurrency."cancel-in-progress" == false' \
	    workflow
	# what somebody enters is never part of a script
	jq -e '[.jobs[].steps[] | .run | contains("${{") | not] | all' workflow
	# passwords and keys are secrets, everywhere
	jq -e '[.. | .env? // empty | to_entries[] |
	    select(.key | test("PASSWORD|KEY|SLACK")) |
	    .value | startswith("${{ secrets.")] | length == 3 and all' workflow
	# but for its own token
	jq -e '[.jobs[].permissions] == [{"id-token": "write"}]' workflow
}

# --- Nagios, Icinga

@test "nagios takes the command and the service" {
	have nagios4
	cp "$C/nagios/commands.cfg" .
	mkdir var && cat >nagios.cfg <<-END
	cfg_file=$PWD/commands.cfg
	cfg_file=$PWD/rest.cfg
	log_file=$PWD/var/log
	object_cache_file=$PWD/var/cache
	status_file=$PWD/var/status
	check_result_path=$PWD/var
	temp_path=$PWD/var
	command_file=$PWD/var/command
	lock_file=$PWD/var/lock
	illegal_macro_output_chars=<>|
	nagios_user=$(id -un)
	nagios_group=$(id -gn)
	END
	cat >rest.cfg <<-END
	define timeperiod {
		timeperiod_name	24x7
		alias		always
		sunday		00:00-24:00
	}
	define command {
		command_name	true
		command_line	/bin/true
	}
	define contact {
		contact_name	admin
		host_notification_commands	true
		service_notification_commands	true
		host_notification_period	24x7
		service_notification_period	24x7
	}
	define contactgroup {
		contactgroup_name	admins
		alias			admins
		members			admin
	}
	define host {
		host_name		localhost
		address			127.0.0.1
		max_check_attempts	3
		contact_groups		admins
		check_command		true
		notification_period	24x7
	}
	END
	run -0 env PATH="$PATH:/usr/sbin" nagios4 -v nagios.cfg
	[[ $output == *'Total Warnings: 0'*'Total Errors:   0'* ]]
	sed -i 's/check_bk!/check_pk!/' commands.cfg
	run -1 env PATH="$PATH:/usr/sbin" nagios4 -v nagios.cfg
}

@test "icinga2 takes the command and the service" {
	have icinga2
	[ -d /usr/share/icinga2/include ] || skip "no ITL of icinga2 here"
	cat >icinga2.conf <<-END
	const PluginDir = "$C/nagios"
	include "$C/nagios/icinga2.conf"
	object CheckCommand "true" { command = [ "/bin/true" ] }
	object Host "db1" {
		check_command = "true"
		vars.bk["shop"] = {
			bk_location = "s3://backups/shop/"
			bk_warning = "25h"
			bk_critical = "49h"
		}
	}
	END
	mkdir -p data/var/lib/icinga2 data/run data/cache data/log
	run -0 env PATH="$PATH:/usr/sbin" icinga2 daemon -C -c icinga2.conf \
	    -D DataDir="$PWD/data/var/lib/icinga2" -D LogDir="$PWD/data/log" \
	    -D CacheDir="$PWD/data/cache" -D InitRunDir="$PWD/data/run" \
	    -D RunAsUser="$(id -un)" -D RunAsGroup="$(id -gn)"
	[[ $output == *'Instantiated 1 Service'* ]]
	[[ $output != *warning/* ]]
}
