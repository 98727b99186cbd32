#!/usr/bin/env bats
# contrib/cloudwatch: what bk-age says becomes metrics, by aws and in EMF.

load support/common
load support/listing
load support/s3

setup() {
	cd "$BATS_TEST_TMPDIR"
	CW=$TOP/contrib/cloudwatch
}

# failed NAME: a line of the audit log, of a dump.
failed() {
	jq -nc --arg t "$(when 60)" --arg s "$1" '{timestamp: $t,
	    operation: "bk-dump", source: $s, destination: null,
	    status: "failure", error: "connection refused"}'
}

# metrics [OPTION...] <LISTING: what bk-age says as metrics.
metrics() { { bk-age --json "$@" || :; } | jq -f "$CW/metric-data.jq"; }

# is_emf: each line on standard input is what the specification wants: the root
# has a string for each dimension and a number for each metric.
is_emf() {
	jq -es 'length > 0 and all(. as $root | ._aws |
	    (keys == ["CloudWatchMetrics", "Timestamp"]) and
	    (.Timestamp | type == "number" and . == floor and . > 1e12) and
	    (.CloudWatchMetrics | type == "array" and all(
		(keys == ["Dimensions", "Metrics", "Namespace"]) and
		(.Namespace | type == "string" and length > 0) and
		(.Dimensions | length > 0 and all(length <= 30 and
		    all($root[.] | type == "string" and length > 0))) and
		(.Metrics | length <= 100 and all((.Unit | IN("None", "Count")) and
		    ($root[.Name] | type == "number"))))))'
}

@test "the age of each database, and the failures of all jobs" {
	{ backup 10800 $M; backup 7200 $M blog; } >l
	{ failed shop; failed shop; failed blog; } >log
	metrics --log log <l >data
	[ "$(jq -c 'map([.MetricName, .Dimensions[0].Value, .Value, .Unit])' data)" = \
	    '[["HoursSinceLastBackup","blog",2,"None"],["HoursSinceLastBackup","shop",3,"None"],["BackupFailureCount",null,3,"Count"]]' ]
	jq -c -f "$CW/emf.jq" data >lines
	[ "$(wc -l <lines)" = 3 ]
	is_emf <lines
	# it does look
	sed 's/"HoursSinceLastBackup":[0-9.]*/"HoursSinceLastBackup":"3"/' lines >bad
	run ! is_emf <bad
}

@test "what is not known has no value" {
	backup 3600 $M >l
	# a database without any backup, and a log that cannot be read
	metrics --expect blog --log nowhere <l >data
	[ "$(jq -c 'map(.Dimensions[0].Value)' data)" = '["shop"]' ]
	metrics </dev/null >data
	[ "$(jq -c . data)" = '[]' ]
	# of a good run there is a zero
	failed shop | jq -c '.status = "success" | .error = null' >log
	metrics --log log <l >data
	[ "$(jq '.[-1].Value' data)" = 0 ]
}

@test "a name that CloudWatch would refuse loses what it refuses" {
	name=$(printf 'é%.0s' {1..90})
	backup 3600 $M "$name" >l
	metrics <l | jq -e '.[0].Dimensions[0].Value |
	    test("^[ -~]+$") and length <= 255'
}

@test "the line of cron: aws takes it" {
	local line user
	command -v aws >/dev/null || skip "aws is not installed"
	mkdir bin
	backup 3600 $M >l
	failed shop >log
	printf '#!/bin/sh\ncat %q\n' "$PWD/l" >bin/bk-s3ls
	chmod +x bin/bk-s3ls
	start_python hook.py
	grep -E '^[*0-9]' "$CW/bk-cloudwatch.cron" >lines
	[ "$(wc -l <lines)" = 1 ]
	run -1 grep % lines
	read -r _ _ _ _ _ user line <lines
	[[ $(head "$TOP/contrib/crontab/bk") == *"crontab -u $user "* ]]
	env -i PATH="$PWD/bin:$BK_BIN:$PATH" HOME="$PWD" SHARE="$CW" \
	    AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret \
	    AWS_DEFAULT_REGION=eu-central-1 AWS_ENDPOINT_URL="http://127.0.0.1:$PORT" \
	    /bin/sh -c "${line//\/var\/log\/bk\/audit.log/$PWD/log}"
	stop_python hook.py
	grep '^{' hook.py.log >told
	grep -q HoursSinceLastBackup told
	grep -q BackupFailureCount told
	grep -q PutMetricData told
}

@test "its policy allows metrics of this namespace, and nothing else" {
	jq -e '.Statement | length == 1 and .[0].Action ==
	    "cloudwatch:PutMetricData" and
	    .[0].Condition.StringEquals."cloudwatch:namespace" == "bk"' \
	    "$CW/put-metrics.json"
	grep -q -- '--namespace bk ' "$CW/bk-cloudwatch.cron"
	grep -q '= "bk"$' "$TOP/contrib/terraform/alarms.tf"
}
