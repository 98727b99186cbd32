#!/usr/bin/env bats
# contrib: every line of the crontab, as cron runs it, against real
# servers.

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
	stop_python hook.py
	jobs_left
}

# cron TEXT [NAME=VALUE...]: run the one line of the crontab with TEXT in it, as
# cron would; what is of this host is replaced by what is of this test.
cron() {
	local line environment
	line=$("$SUPPORT/cron.py" commands "$C/crontab/bk" | grep -F -- "$1")
	[ "$(wc -l <<<"$line")" = 1 ] || { echo "several: $line"; return 99; }
	line=${line/bk-prune /bk-prune ${LATELY-} }
	mapfile -t environment < <("$SUPPORT/cron.py" environment "$C/crontab/bk")
	mkdir -p proofs
	env -i HOME="$PWD" LOGNAME=postgres "${environment[@]}" "${servers[@]}" \
	    AWS_SHARED_CREDENTIALS_FILE="$F/aws" BK_RECIPIENTS="$F/shop.pub" \
	    KEY="$F/shop.key" PROOFS="$PWD/proofs" JOURNAL="$PWD/journal" \
	    SEEN="$PWD/seen" \
	    BK_AUDIT_LOG="$PWD/audit.log" "${@:2}" /bin/bash -c "$line" 3>&-
}

@test "crontab: a day on which all is due: stored, proven, pruned, watched" {
	local tier
	for tier in hourly daily weekly monthly yearly; do
		run -0 cron "--tier $tier"
		[ -z "$output" ]
		[ "$(stored "shop/$tier/")" = 1 ]
	done
	proven shop/yearly
	# no proof is a reason not to delete
	run cron 'daily/ | bk-prune' TELL='echo told:'
	[[ $output == *'bk-prune: '*$'\n'*'told: --status failure --from-audit' ]]
	run -0 cron '-i $KEY --md'
	run -0 cron 'daily/latest | bk-verify -q -i $KEY --scratch'
	[ -z "$output" ]
	[ "$(cut -d '|' -f 5 journal | tr -d ' \n')" = provenproven ]
	for tier in hourly daily weekly monthly yearly; do
		run -0 cron "$tier/ | bk-prune"
		[ -z "$output" ]
		[ "$(stored "shop/$tier/")" = 1 ]
	done
	run -0 cron 'bk-age -w 25h' TELL="sh -c cat"
	jq -e '.status == "OK" and (.subjects[0] |
	    .name == "shop" and .checks.proven.status == "OK")' <<<"$output"
}

@test "crontab: a backup that fails stores nothing, and a person is told" {
	run cron '--tier daily' PGPORT=1 TELL='echo told:'
	[[ $output == *'bk-dump: '*$'\n'*'told: --status failure --from-audit' ]]
	run cron '--tier daily' AWS_SHARED_CREDENTIALS_FILE=/dev/null \
	    TELL='echo told:'
	[[ $output == *'bk-s3put: '*$'\n'*'told: --status failure --from-audit' ]]
	run cron '--tier daily' BK_RECIPIENTS=/nonexistent TELL='echo told:'
	[[ $output == *'bk-crypt: '*$'\n'*'told: --status failure --from-audit' ]]
	[ "$(stored '')" = 0 ]
}

@test "crontab: what is not proven is told" {
	run cron 'daily/latest | bk-verify -q -i $KEY --scratch' TELL='echo told:'
	[[ $output == *'told: --status failure --from-audit' ]]
	echo x | bk-s3put s3://backups/shop/daily/shop-20261121T010101Z.bk
	run cron 'daily/latest | bk-verify -q -i $KEY --scratch' TELL='echo told:'
	[[ $output == *'bk-verify: '*$'\n'*'told: --status failure --from-audit' ]]
}

@test "crontab: base backups and the WAL between them" {
	local pid
	psql -qX postgres -c 'create role bk login replication'
	run -0 cron bk-base
	[ -z "$output" ]
	[ "$(stored base/pg1/)" = 1 ]
	bk-s3get s3://backups/base/pg1/latest | bk-verify -q -i "$F/shop.key" |
	    jq -e '.result == "proven" and .kind == "base" and (.host | length) > 0'
	psql -qX postgres -c 'create table w (i int)'
	BK_RECIPIENTS=$F/shop.pub bk-walrecv --slot bk -- \
	    'bk-zst | bk-crypt | bk-s3put s3://backups/wal/pg1/$BK_WAL_NAME' 2>err 3>&- &
	pid=$!
	await grep -q receiving err
	for _ in 1 2 3; do
		psql -qXAt postgres -c 'insert into w values (1)' \
		    -c 'select pg_switch_wal()' >/dev/null
	done
	await eval '[ "$(stored wal/)" -ge 3 ]'
	kill $pid
	wait $pid || [ $? = 143 ]
	# no proof is a reason not to delete
	run cron 'bk-prune -w 5' TELL='echo told:'
	[[ $output == *'bk-prune: '*$'\n'*'told: --status failure --from-audit' ]]
	# all of it is younger than two days
	run -0 cron --wal-for LIST="$PWD/list"
	[ -z "$output" ]
	[ "$(stored wal/)" -ge 3 ]
	run cron --wal-for LIST="$PWD/list" BASES=s3://backups/none TELL='echo told:'
	[[ $output == *'told: --status failure --from-audit' ]]
	[ "$(stored wal/)" -ge 3 ]
	run -0 cron 'bk-age -w 8d' TELL="sh -c cat"
	jq -e '.subjects[0] | .status == "CRITICAL" and .proven == null' <<<"$output"
	run -0 cron 'BASES/latest'
	[ -z "$output" ]
	run -0 cron 'bk-age -w 8d' TELL="sh -c cat"
	jq -e '.subjects[0] | .status == "OK" and .proven != null' <<<"$output"
	run -0 cron 'bk-prune -w 5'
	[ "$(stored base/pg1/)" = 1 ]
}

@test "crontab: pruning deletes what no rule keeps" {
	many hourly 50
	echo x | bk-s3put -q 's3://backups/shop/hourly/shop-{utc}.bk'
	# not what was stored lately, which here all was
	run -0 cron hourly/
	[ "$(stored shop/hourly/)" = 51 ]
	LATELY='--min-stored 0'
	run -0 cron hourly/
	[ "$(stored shop/hourly/)" = 48 ]
	run -0 cron hourly/
	[ "$(stored shop/hourly/)" = 48 ]
}

@test "crontab: pruning that cannot list tells, and deletes nothing" {
	many hourly 4
	run cron hourly/ AWS_SHARED_CREDENTIALS_FILE=/dev/null TELL='echo told:'
	[[ $output == *'told: --status failure --from-audit' ]]
	[ "$(stored shop/hourly/)" = 4 ]
}

# --- what the other tools say of it

# hook: a web server that takes messages; the file hook.url holds its URL.
hook() {
	start_python hook.py
	(umask 077; echo "http://127.0.0.1:$PORT/hook" >hook.url)
}

# told: print what the server was told, a line each.
told() {
	jq -R 'fromjson? | .body' "$BATS_TEST_TMPDIR/hook.py.log" | jq -r .
}

@test "crontab: a failure is told with its cause" {
	hook
	run -0 cron '--tier daily' PGDATABASE= DB=nosuchdb \
	    TELL="bk-notify --slack $PWD/hook.url"
	[[ $(told) == *bk-dump*nosuchdb* ]]
	[ "$(told | wc -l)" = 1 ]
}

@test "crontab: what is wrong is told once, and once that it is over" {
	local tell="bk-notify --slack $PWD/hook.url"
	hook
	touch audit.log
	run -0 cron 'bk-age -w 25h' TELL="$tell"
	run -0 cron 'bk-age -w 25h' TELL="$tell"
	[ "$(told | wc -l)" = 1 ]
	[[ $(told) == *'BACKUP CRITICAL - shop: none at all'* ]]
	cron '--tier daily'
	cron 'daily/latest | bk-verify -q -i $KEY --scratch'
	run -0 cron 'bk-age -w 25h' TELL="$tell"
	run -0 cron 'bk-age -w 25h' TELL="$tell"
	[ "$(told | wc -l)" = 2 ]
	[[ $(told | tail -n 1) == *'BACKUP OK'* ]]
}

@test "crontab: a damaged audit log is told" {
	hook
	cron '--tier daily'
	run -0 cron 'bk-audit --verify'
	[ "$(told | wc -l)" = 0 ]
	sed -i '2s/bk-/bq-/' audit.log	# somebody edits it
	run -0 cron 'bk-audit --verify' TELL="bk-notify --slack $PWD/hook.url"
	[[ $(told) == *'audit log of '*'is damaged'*'audit.log: line 3: edited'* ]]
}
