#!/usr/bin/env bats
# bk-audit: the audit log read, summed up, followed, verified.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export LOG=$PWD/audit.log
}

teardown() {
	local pid
	for pid in $(jobs -p); do
		kill -9 "$pid" 2>/dev/null || :
	done
}

# stamp SECONDS: an instant so long ago.
stamp() {
	date -u -d "@$(($(date +%s) - $1))" +%FT%TZ
}

# run_of SECONDS OPERATION STATUS SOURCE DESTINATION [DURATION [SIZE [ERROR]]]:
# append a run that ended so long ago.
run_of() {
	jq -nc '$ARGS.positional as [$t, $o, $s, $from, $to, $d, $n, $e] |
	    { timestamp: $t, operation: $o, source: $from, destination: $to,
	      size_bytes: ($n // "0" | tonumber),
	      duration_seconds: ($d // "1" | tonumber), status: $s,
	      error: (if $s == "failure" then $e // "connection refused"
	          else null end) }' --args "$(stamp "$1")" "${@:2}" |
	    bk-audit --record "$LOG"
}

# a_log: seven runs of three jobs.
a_log() {
	run_of 900000 bk-dump success shop '' 61 1000
	run_of 80000 bk-dump failure shop '' 2 0
	run_of 70000 bk-dump success shop '' 63 3000
	run_of 60000 bk-dump success crm '' 0.25 4000
	run_of 50000 bk-s3put success 'standard input' \
	    s3://b/shop/daily/shop-20261120T021503Z.bk 30 2000
	run_of 40000 bk-s3put failure 'standard input' \
	    s3://b/shop/weekly/shop-20261121T021503Z.bk 5 0 'AccessDenied'
	run_of 3000 bk-gz success '' '' 3 5
}

# --- printing

@test "runs are printed one a line, the oldest first, with their errors" {
	a_log
	run -0 bk-audit "$LOG"
	[ "${#lines[@]}" = 8 ]
	[[ ${lines[0]} == "TIME "*" OPERATION "*" STATUS "*" SIZE "*" TOOK  TARGET" ]]
	[[ ${lines[1]} == "$(jq -rs '.[0].timestamp' "$LOG")  bk-dump     ok "*" 1000B "*" 1m1s  shop" ]]
	[[ ${lines[2]} == *"  bk-dump     FAILED "*" - "*" 2.0s  shop: connection refused" ]]
	[[ ${lines[4]} == *" 0.2s  crm" || ${lines[4]} == *" 0.3s  crm" ]]
	[[ ${lines[5]} == *" 30s  s3://b/shop/daily/shop-20261120T021503Z.bk" ]]
	[[ ${lines[7]} == *"  bk-gz       ok "*"  -" ]]
	BK_AUDIT_LOG=$LOG run -0 bk-audit
	[ "${#lines[@]}" = 8 ]
	run -0 bk-audit - <"$LOG"
	[ "${#lines[@]}" = 8 ]
	run -0 bk-audit "$LOG" "$LOG"
	[ "${#lines[@]}" = 15 ]
}

@test "filters choose runs, and together fewer" {
	a_log
	count() { bk-audit --json "$@" "$LOG" | wc -l; }
	[ "$(count)" = 7 ]
	[ "$(count --operation bk-dump)" = 4 ]
	[ "$(count --status failure)" = 2 ]
	[ "$(count --status success)" = 5 ]
	[ "$(count --since 1d)" = 6 ]
	[ "$(count --since 65000s --operation bk-dump)" = 1 ]
	[ "$(count --since "$(stamp 55000)")" = 3 ]
	[ "$(count --since "$(date -u -d "@$(($(date +%s) - 55000))" '+%F %H:%M utc')")" = 3 ]
	[ "$(count --target shop)" = 5 ]
	[ "$(count --target weekly)" = 1 ]
	[ "$(count --target shop --status failure --operation bk-s3put)" = 1 ]
	run -4 --separate-stderr bk-audit --operation bk-age "$LOG"
	[ "$stderr" = "bk-audit: $LOG: no such run" ]
	run -4 bk-audit /dev/null
}

@test "JSON is the log's lines, as they are" {
	a_log
	bk-audit --json "$LOG" | cmp - "$LOG"
}

@test "nothing in a log plays with the terminal" {
	run_of 1 $'x\e[31m' failure $'a\nb\x7f\xc2\x9b7m' '' 1 1 $'no\r\e]0;owned\a'
	run -0 bk-audit "$LOG"
	[[ $output != *[$'\e\r\a\x7f\xc2\x9b']* ]]
	[ "${#lines[@]}" = 2 ]
	run -0 bk-audit --summary "$LOG"
	[[ $output != *[$'\e\r\a\x7f\xc2\x9b']* ]]
	[ "${#lines[@]}" = 2 ]
}

@test "a damaged line is named, and does not hide the others" {
	a_log
	sed -i '3s/.*/{"timestamp":/; 5s/success/maybe/' "$LOG"
	run -3 --separate-stderr bk-audit --json "$LOG"
	[ "${#lines[@]}" = 5 ]
	[ "${#stderr_lines[@]}" = 2 ]
	[[ ${stderr_lines[0]} == "bk-audit: $LOG: line 3: "* ]]
	[ "${stderr_lines[1]}" = "bk-audit: $LOG: line 5: not an audit line" ]
	run -3 --separate-stderr bk-audit --summary --json --prometheus m.prom "$LOG"
	[ "${#lines[@]}" = 4 ]
	[ "${#stderr_lines[@]}" = 2 ]
	# of many the first are enough
	seq 5000 | sed 's/.*/x/' >>"$LOG"
	run -3 --separate-stderr bk-audit --json "$LOG"
	[ "${#stderr_lines[@]}" = 21 ]
	[ "${stderr_lines[20]}" = "bk-audit: 5002 lines are not audit lines" ]
}

@test "a line without an end takes no memory" {
	a_log
	head -c 300000000 /dev/zero >>"$LOG"
	echo >>"$LOG"
	run -3 --separate-stderr bash -c '{ '"$(declare -f sanitized)"'; sanitized ||
	    ulimit -v 60000; }; bk-audit "$LOG"'
	[ "${#lines[@]}" = 8 ]
	[ "$stderr" = "bk-audit: $LOG: line 8: longer than 1048576 bytes" ]
	run -3 --separate-stderr bk-audit --verify "$LOG"
	[ "$stderr" = "bk-audit: $LOG: line 8: too long to be one of bk's" ]
}

@test "what cannot be read or written is 1" {
	a_log
	cp "$LOG" before
	jq -nc '{operation: "x", status: "failure", error: ("a" * 1048300)}' >long
	run -3 --separate-stderr bk-audit --record "$LOG" <long
	one_line_error bk-audit
	[[ $stderr == *": too long for a line" ]]
	cmp "$LOG" before
	rm "$LOG"
	a_log
	run -1 --separate-stderr bk-audit nowhere
	[ "$stderr" = "bk-audit: nowhere: No such file or directory" ]
	run -1 --separate-stderr bk-audit .
	one_line_error bk-audit
	local what many
	for what in '' --json --summary '--summary --json' --verify; do
		run -1 --separate-stderr sh -c "bk-audit $what $LOG >/dev/full"
		one_line_error bk-audit
	done
	# also where it does not fit what is written at the end
	mapfile -t many < <(yes "$LOG" | head -n 99)
	run -1 --separate-stderr sh -c 'bk-audit --verify "$@" >/dev/full' - "${many[@]}"
	one_line_error bk-audit
	run -1 --separate-stderr bk-audit --summary --prometheus no/m.prom "$LOG"
	one_line_error bk-audit
	# a reader that leaves
	for i in {1..6}; do cat "$LOG" "$LOG" "$LOG" "$LOG" >more; mv more "$LOG"; done
	run -0 --separate-stderr bash -c 'bk-audit "$LOG" | head -n 1
	    echo "${PIPESTATUS[0]}"'
	[ "${lines[1]}" = 1 ]
	[ -z "$stderr" ]
}

@test "a usage error is 2" {
	local call
	while read -r call; do
		run -2 --separate-stderr env -u BK_AUDIT_LOG bk-audit $call
		[ -z "$output" ]
	done <<-'END'

	--status maybe x
	--since soon x
	--since 2026-11-21 x
	--summary --verify x
	--follow --summary x
	--follow x y
	--follow -
	--verify --json x
	--verify --since 1d x
	--prometheus m.prom x
	--expect 12 --verify x
	--summary --expect 0000000000000000000000000000000000000000000000000000000000000000 x
	END
}

# --- summing up

@test "a summary: each job's runs, durations, sizes, last success and failure" {
	a_log
	python3 - "$(stamp 30000)" >>"$LOG" <<-'END'
	import sys
	for i in range(1, 99):
	    print('{"timestamp":"%s","operation":"bk-dump","source":"shop","size_bytes":7000,"duration_seconds":%d,"status":"success"}' % (sys.argv[1], i))
	END
	run -0 bk-audit --summary --json "$LOG"
	[ "${#lines[@]}" = 4 ]
	jq -e --slurpfile log "$LOG" '.operation == "bk-dump" and
	    .target == "crm" and .runs == 1 and .failures == 0 and
	    .success_rate == 1 and .duration_seconds.median == 0.25 and
	    .duration_seconds.max == 0.25 and .last_failure == null and
	    .last_error == null and .last_success == $log[3].timestamp and
	    .last_size_bytes == 4000' <<<"${lines[0]}"
	# 1 to 98, 61 and 63
	jq -e --slurpfile log "$LOG" '.target == "shop" and .runs == 101 and
	    .failures == 1 and .success_rate == 0.9901 and
	    .duration_seconds == {median: 50.5, p95: 93, max: 98} and
	    .last_failure == $log[1].timestamp and
	    .last_error == "connection refused" and .last_size_bytes == 7000' \
	    <<<"${lines[1]}"
	jq -e '.operation == "bk-gz" and .target == null' <<<"${lines[2]}"
	# tiers are one series, as for bk-age
	jq -e '.target == "s3://b/shop/*/shop-*.bk" and .runs == 2 and
	    .failures == 1 and .success_rate == 0.5 and
	    .last_error == "AccessDenied" and .duration_seconds.p95 == 30' \
	    <<<"${lines[3]}"
	run -0 bk-audit --summary "$LOG"
	[ "${#lines[@]}" = 5 ]
	[[ ${lines[0]} == "OPERATION "*" RUNS  FAILED  GOOD "*" TARGET" ]]
	[[ ${lines[2]} == "bk-dump        101       1   99% "*" 50s     1m33s     1m38s     6.8KiB  "*"  shop" ]]
	[[ ${lines[4]} == "bk-s3put "*" 50% "*" s3://b/shop/*/shop-*.bk" ]]
	run -0 bk-audit --summary --json --status failure "$LOG"
	[ "$(jq -s 'map(.duration_seconds) | unique' -c <<<"$output")" = '[null]' ]
	run -4 bk-audit --summary --operation x "$LOG"
	# a name that is nothing but a time; lines of two hosts, merged
	run_of 600 bk-save success '' 20261120T021503Z
	run_of 500 bk-save failure '' other 1 0 newer
	run_of 550 bk-save failure '' other 1 0 older
	run -0 bk-audit --summary --json --operation bk-save "$LOG"
	jq -se '.[0].target == "20261120T021503Z" and
	    .[1].last_error == "newer" and .[1].failures == 2' <<<"$output"
}

@test "a summary: who failed before he knew his target is no target for ever" {
	run_of 9000 bk-s3put failure 'standard input' 's3://b/{db}/{tier}/{db}-{utc}.bk'
	run_of 9000 bk-dump failure '' ''
	run_of 8000 bk-dump success crm ''
	bk-audit --summary --prometheus m.prom "$LOG" >/dev/null
	# of bk-dump any; of bk-s3put none yet
	is_over() {
		perl -lne '/^bk_job_last_(success|failure).*operation="(.*?)",target="(.*?)"\} (\d+)/ and
		    $t{"$2 $3"}{$1} = $4;
		    END { print for grep { $t{$_}{failure} > $t{$_}{success} } sort keys %t }' m.prom
	}
	[ "$(is_over)" = "bk-s3put s3://b/{db}/{tier}/{db}-{utc}.bk" ]
	run_of 7000 bk-s3put success 'standard input' s3://c/crm/daily/crm-20261120T021503Z.bk
	bk-audit --summary --prometheus m.prom "$LOG" >/dev/null
	[ "$(is_over)" = "bk-s3put s3://b/{db}/{tier}/{db}-{utc}.bk" ]
	run_of 6000 bk-s3put success 'standard input' s3://b/crm/daily/crm-20261120T021503Z.bk
	bk-audit --summary --prometheus m.prom "$LOG" >/dev/null
	[ -z "$(is_over)" ]
	run_of 5000 bk-s3put failure 'standard input' 's3://b/{db}/{tier}/{db}-{utc}.bk'
	bk-audit --summary --prometheus m.prom "$LOG" >/dev/null
	[ "$(is_over)" = "bk-s3put s3://b/{db}/{tier}/{db}-{utc}.bk" ]
}

@test "a summary: one target of all that a tool deletes" {
	local name
	for name in b/shop-1 'b/shop-2 and 3 more' ''; do
		jq -nc --arg n "$name" '{timestamp: "2026-11-21T02:00:00Z",
		    operation: "bk-rm", type: "delete", source: "standard input",
		    destination: $n, status: "success"}'
	done >"$LOG"
	run -0 bk-audit --summary --json "$LOG"
	[ "${#lines[@]}" = 1 ]
	jq -e '.runs == 3 and .target == null' <<<"$output"
}

@test "a summary for Prometheus" {
	a_log
	run -0 bk-audit --summary --prometheus m.prom "$LOG"
	[ "$(stat -c %a m.prom)" = 644 ]
	local series='operation="bk-s3put",target="s3://b/shop/*/shop-*.bk"'
	grep -qxF "bk_job_runs{$series} 2" m.prom
	grep -qxF "bk_job_failures{$series} 1" m.prom
	grep -qxF "bk_job_last_size_bytes{$series} 2000" m.prom
	grep -qxF "bk_job_duration_median_seconds{$series} 30.000" m.prom
	grep -qxF "bk_job_last_failure_timestamp_seconds{operation=\"bk-dump\",target=\"crm\"} 0" m.prom
	grep -qxF "bk_job_last_success_timestamp_seconds{$series} $(date -d "$(jq -rs '.[4].timestamp' "$LOG")" +%s)" m.prom
	promtool check metrics <m.prom
	# what could not be found out stays
	run -1 bk-audit --summary --prometheus m.prom nowhere
	grep -qF bk_job_runs m.prom
}

@test "a summary of 200,000 lines, in memory that has a bound" {
	python3 - >"$LOG" <<-'EOF'
	for i in range(200000):
	    print('{"timestamp":"2026-11-%02dT02:15:03Z","operation":"bk-%d","type":null,"source":"db%d","destination":null,"size_bytes":%d,"duration_seconds":%d.5,"status":"success","error":null}' % (1 + i // 10000, i % 3, i % 7, i, i % 100))
	EOF
	run -0 --separate-stderr bash -c '{ '"$(declare -f sanitized)"'; sanitized ||
	    ulimit -v 60000; }; bk-audit --summary --json "$LOG"'
	[ "${#lines[@]}" = 21 ]
	[ "$(jq -s 'map(.runs) | add' <<<"$output")" = 200000 ]
	# the last thousand, not the first
	[ "$(jq -s '.[0].last_success' <<<"$output")" = '"2026-11-20T02:15:03Z"' ]
}

# --- verifying

# verify_says TEXT: it is refused, and that is what is said of the one line.
verify_says() {
	run -3 --separate-stderr bk-audit --verify "$LOG"
	one_line_error bk-audit
	[[ $stderr == "bk-audit: $LOG: $1"* ]]
	[ -z "$output" ]
}

@test "a chain that is whole, and what is done to it" {
	a_log
	cp "$LOG" whole
	run -0 bk-audit --verify "$LOG"
	[ "$output" = "$LOG: 7 lines, whole: sha256 $(tail -n 1 "$LOG" | tr -d '\n' | sha256sum | cut -d' ' -f1)" ]
	# edited
	sed -i '2s/failure/success/' "$LOG"
	verify_says 'line 3: edited, or line 2 was'
	# removed: in the middle, the first
	sed 4d whole >"$LOG"
	verify_says 'line 4: edited, or line 3 was, or lines between them are missing'
	sed 1d whole >"$LOG"
	verify_says 'line 1: the lines before it are missing'
	# put in
	sed '3i{"timestamp":"2026-11-21T00:00:00Z","operation":"x","status":"success"}' \
	    whole >"$LOG"
	run -3 --separate-stderr bk-audit --verify "$LOG"
	[[ ${stderr_lines[0]} == *": line 3: not chained"* ]]
	[[ ${stderr_lines[1]} == *": line 4: edited, or line 3 was"* ]]
	[ "${#stderr_lines[@]}" = 2 ]
	# swapped
	sed -n '1,3p;7p' whole >"$LOG"
	sed -n '4,6p' whole >>"$LOG"
	run -3 --separate-stderr bk-audit --verify "$LOG"
	[[ $stderr == *": line 4: "*": line 5: "* ]]
	# cut
	head -c -1 whole >"$LOG"
	verify_says 'line 7: truncated'
	# two logs in one
	cat whole whole >"$LOG"
	verify_says 'line 8: starts a log, but lines precede it'
	# none
	run -4 --separate-stderr bk-audit --verify /dev/null
	[ "$stderr" = "bk-audit: /dev/null: no lines" ]
	run -1 bk-audit --verify nowhere
	run -0 bk-audit --verify /dev/null whole
	[ "${lines[0]}" = "/dev/null: no lines" ]
}

@test "a hash that was kept shows what the chain cannot" {
	a_log
	local hash
	hash=$(bk-audit --verify "$LOG" | sed 's/.*sha256 //')
	run -0 bk-audit --verify --expect "$hash" "$LOG"
	# it grows: what was there then is there
	run_of 1 bk-gz success '' ''
	run -0 bk-audit --verify --expect "$hash" "$LOG"
	# rotated
	mv "$LOG" "$LOG.1"
	run_of 1 bk-gz success '' ''
	run -0 bk-audit --verify --expect "$hash" "$LOG.1" "$LOG"
	run -3 --separate-stderr bk-audit --verify --expect "$hash" "$LOG"
	one_line_error bk-audit
	# the last lines are gone
	sed -i 7,8d "$LOG.1"
	run -0 bk-audit --verify "$LOG.1"
	run -3 --separate-stderr bk-audit --verify --expect "$hash" "$LOG.1" "$LOG"
	[[ $stderr == *"no line has the hash $hash"* ]]
	# all made anew
	jq -c 'del(.previous)' "$LOG.1" | while read -r line; do
		bk-audit --record anew <<<"$line"
	done
	run -0 bk-audit --verify anew
	run -3 bk-audit --verify --expect "$hash" anew
}

# --- following

# follow ARGUMENT...: in the background, into the file seen.
follow() {
	env --default-signal=INT bk-audit --follow "$@" "$LOG" >seen 3>&- &
	follower=$!
	# it has seen what is there when it begins to wait, for a time
	await grep -q '^State:.S' "/proc/$follower/status"
}

# is_at_start: what it reads of the log is the beginning.
is_at_start() {
	local fd
	for fd in /proc/$follower/fd/*; do
		if [ "$(readlink "$fd")" = "$LOG" ]; then
			grep -q '^pos:[[:space:]]*0$' "${fd/fd\//fdinfo/}"
			return
		fi
	done
	return 1
}

@test "follow prints what comes, through rotations, until it is stopped" {
	local status=0
	run_of 1000 bk-old success '' ''
	follow --json --target shop
	run_of 0 bk-1 success shop ''
	run_of 0 bk-2 success crm ''
	await grep -q bk-1 seen
	mv "$LOG" "$LOG.1"
	run_of 0 bk-3 success shop ''
	await grep -q bk-3 seen
	# a rotation that copies
	cp "$LOG" "$LOG.2"
	: >"$LOG"
	await is_at_start
	run_of 0 bk-4 failure shop ''
	await grep -q bk-4 seen
	# gone, and back
	rm "$LOG"
	run_of 0 bk-5 failure shop ''
	await grep -q bk-5 seen
	[ "$(jq -r .operation seen)" = $'bk-1\nbk-3\nbk-4\nbk-5' ]
	kill -INT $follower
	wait $follower || status=$?
	[ $status = 130 ]
}

@test "follow waits for a log that is not there yet; --since shows what was" {
	follow --json
	run_of 0 bk-1 success shop ''
	await grep -q bk-1 seen
	kill $follower
	run_of 100000 bk-2 success shop ''
	follow --json --since 2d
	await grep -q bk-2 seen
	rm "$LOG"
	bk-audit --follow --json "$LOG" 2>err 3>&- > >(head -n 1 >seen; echo >left) &
	await grep -q '^State:.S' /proc/$!/status
	run_of 0 bk-3 success shop ''
	await test -e left
	grep -q bk-3 seen
}

@test "follow ends when its reader does, without a word" {
	run_of 0 bk-1 success shop ''
	run -0 --separate-stderr timeout 300 bash -c 'bk-audit --follow --since 1h "$LOG" | head -n 2
	    echo "${PIPESTATUS[0]}"'
	[ "${lines[2]}" = 1 ]
	[ -z "$stderr" ]
}

@test "follow ends when a socket hangs up, as systemd's journal may" {
	run_of 0 bk-1 success shop ''
	# which says what it read, and closes its end
	run -1 timeout 300 perl -MSocket -e '
	    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, 0) or die;
	    my $pid = fork();
	    if (!$pid) {
		open(STDOUT, ">&", $theirs) or die;
		close $ours;
		exec "bk-audit", "--follow", "--since", "1h", $ARGV[0];
	    }
	    close $theirs;
	    print scalar <$ours>, scalar <$ours>;
	    close $ours;
	    waitpid($pid, 0);
	    exit($? >> 8)' "$LOG"
	[ "${#lines[@]}" = 2 ]
}

# --- pipelines

BASE=$(date +%s)

# stage BEGAN TOOK STATUS OPERATION TYPE SOURCE DESTINATION SIZE [MORE]: append
# the run of a stage that began so long before $BASE; MORE is JSON.
stage() {
	jq -nc --arg t "$(date -u -d "@$((BASE - $1 + ${2%.*}))" +%FT%TZ)" \
	    --argjson d "$2" --argjson n "$8" \
	    '$ARGS.positional as [$s, $o, $y, $from, $to] |
	    { timestamp: $t, operation: $o, type: $y, source: $from,
	      destination: $to, size_bytes: $n, duration_seconds: $d, status: $s,
	      user: "pg", host: "db1", ip_address: "192.0.2.7" }' \
	    --args "${@:3:5}" | jq -c ". + ${9:-{\}}" | bk-audit --record "$LOG"
}

@test "a pipeline is one line, and its restore another" {
	local a='{"run":"00000000000000aa"}' b='{"run":"00000000000000bb"}'
	local of='{"backup":"00000000000000aa"}'
	# two at the same time: as they ended
	stage 9000 60 success bk-dump dump shop '' 900 "$a"
	stage 9000 61 success bk-gz compress '' '' 500 "$a"
	stage 9000 50 success bk-dump dump crm '' 100 "$b"
	stage 9000 61 success bk-save store 'standard input' /b/shop-1.bk 510 "$a"
	stage 9000 62 success bk-s3put upload 'standard input' s3://b/shop-1.bk 510 "$a"
	stage 9000 63.5 success bk-tee store 'standard input' 'bk-save, bk-s3put' 510 "$a"
	stage 9000 63 success bk-save store 'standard input' /b/crm-1.bk 90 "$b"
	stage 500 9 success bk-s3get download s3://b/shop-1.bk 'standard output' 510 "$of"
	stage 500 10 success bk-restore restore '' new_shop 900 "$of"
	stage 300 8 success bk-s3get download s3://b/shop-1.bk 'standard output' 510 "$of"
	stage 300 9 success bk-verify verify shop-1.bk '' 900 "$of"
	stage 200 1 success bk-prune retention 'standard input' '' 0
	run -0 bk-audit --pipelines "$LOG"
	[ "${#lines[@]}" = 6 ]
	[[ ${lines[0]} == *"TOOK  ADDRESS          BACKUP" ]]
	[[ ${lines[1]} =~ Z\ \ bk-dump\ +ok\ +510B\ +1m3s\ +192.0.2.7\ +shop\ -\>\ /b/shop-1.bk,\ s3://b/shop-1.bk$ ]]
	[[ ${lines[2]} == *"  bk-dump "*" crm -> /b/crm-1.bk" ]]
	[[ ${lines[3]} == *"  bk-restore "*" s3://b/shop-1.bk -> new_shop" ]]
	[[ ${lines[4]} == *"  bk-verify "*" s3://b/shop-1.bk" ]]
	bk-audit --pipelines --json "$LOG" | sed -n 1p | jq -e '
	    .operation == "bk-dump" and .type == "dump" and .source == "shop" and
	    .destination == "/b/shop-1.bk, s3://b/shop-1.bk" and
	    .size_bytes == 510 and .duration_seconds == 63.5 and
	    .status == "success" and .error == null and .user == "pg" and
	    .host == "db1" and .ip_address == "192.0.2.7" and
	    .run == "00000000000000aa" and .backup == null and
	    (.stages | sort) == ["bk-dump", "bk-gz", "bk-s3put", "bk-save", "bk-tee"]'
	# filters and the summary are of the whole
	[ "$(bk-audit --pipelines --json --target crm "$LOG" | wc -l)" = 1 ]
	[ "$(bk-audit --pipelines --json --operation bk-gz "$LOG" 2>/dev/null | wc -l)" = 0 ]
	bk-audit --pipelines --json --summary "$LOG" >sum
	[ "$(jq -r '.operation + " " + (.target // "-")' sum)" = 'bk-dump crm
bk-dump shop
bk-prune -
bk-restore s3://b/shop-1.bk
bk-verify s3://b/shop-1.bk' ]
	run -2 bk-audit --pipelines --follow "$LOG"
	run -2 bk-audit --pipelines --verify "$LOG"
}

@test "a pipeline that failed: its cause, once; a sink that others made up for" {
	local a='{"run":"00000000000000aa"}' b='{"run":"00000000000000bb"}'
	local late='{"error":"standard input: unfinished"}'
	# the label never came to the later stages
	stage 9000 5 failure bk-gz compress '' '' 0 "$late"
	stage 9000 5 failure bk-s3put upload 'standard input' 's3://b/{db}.bk' 0 "$late"
	stage 9000 5 failure bk-dump dump shop '' 0 '{"error":"connection refused","run":"00000000000000aa"}'
	stage 9000 5 failure bk-gz compress '' '' 0 "$late"
	stage 8000 5 failure bk-gz compress '' '' 0 "$late"
	run -0 bk-audit --pipelines --json "$LOG"
	[ "${#lines[@]}" = 2 ]
	jq -e '.status == "failure" and .error == "bk-dump: connection refused" and
	    .source == "shop" and .destination == "s3://b/{db}.bk" and
	    (.stages | length) == 4' <<<"${lines[0]}"
	jq -e '.error == "standard input: unfinished"' <<<"${lines[1]}"
	# of two that failed at that moment nobody knows whose it was
	stage 9000 5 failure bk-dump dump crm '' 0 '{"error":"connection refused","run":"00000000000000cc"}'
	run -0 bk-audit --pipelines --json "$LOG"
	[ "${#lines[@]}" = 6 ]
	rm "$LOG"
	stage 9000 60 success bk-dump dump shop '' 900 "$b"
	stage 9000 61 failure bk-s3put upload 'standard input' s3://b/x 0 '{"run":"00000000000000bb","error":"HTTP 503"}'
	stage 9000 61 success bk-save store 'standard input' /b/x 900 "$b"
	stage 9000 62 success bk-tee store 'standard input' two 900 "$b"
	bk-audit --pipelines --json "$LOG" | jq -e '.status == "success" and
	    .error == "bk-s3put: HTTP 503"'
	sed -i 's/"success"\(.*bk-tee\)/"failure"\1/; /bk-tee/s/"success"/"failure"/' "$LOG"
	bk-audit --pipelines --json "$LOG" | jq -e '.status == "failure"'
}

# --- the page

@test "the page's examples" {
	a_log
	reindexdb() { :; }
	export -f reindexdb
	mkdir -p var/log var/lib/bk/metrics
	cp "$LOG" var/log/bk.log.1
	run_of 1 bk-dump success shop ''
	cp "$LOG" var/log/bk.log
	local example
	awk '/^\.Sh EXAMPLES/ { e = 1 } /^\.Sh SEE/ { e = 0 }
	    /^\.Ed/ { b = 0; if (e) print "--" } e && b
	    /^\.Bd/ { b = 1 }' "$TOP/man/bk-audit.1" |
	    sed "s/\\\\e\$/\\\\/; s,/var,var,g; s,2026-10,$(date -u +%Y-%m)," >examples
	[ "$(grep -c '^--$' examples)" = 8 ]
	# t/notify_news.bats has the real one
	bk-notify() { cat >digest; }
	export -f bk-notify
	ssh() { shift; "$@"; }
	export -f ssh
	while read -r -d $'\x01' example; do
		[[ $example != *--follow* ]] || continue
		bash -e -o pipefail -c "$example"
	done < <(sed 's/^--$/\x01/' examples)
	jq -es 'last | .operation == "reindex" and .status == "success"' var/log/bk.log
	grep -q bk_job_runs var/lib/bk/metrics/jobs.prom
	[ "$(wc -c <hash)" = 65 ]
	grep -q '<h2>Drills</h2>' "$(date -u +%Y-%m).html"
	[ "$(head -n 1 digest)" = '# Backups: the last 7d' ]
}
