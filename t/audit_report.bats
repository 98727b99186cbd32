#!/usr/bin/env bats
# bk-audit --report: a month of the log, for an auditor.

load support/common
load support/pg

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb shop
	psql -qXd shop -c 'create table t as select generate_series(1, 100) as i'
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	LOG=$PWD/audit.log
}

# line STAMP OPERATION TYPE [MEMBER VALUE]...: append a line to the log; with
# an error it is a failure.
line() {
	jq -nc '$ARGS.positional as [$t, $o, $type] | { timestamp: $t,
	    operation: $o, type: $type, user: "dba", host: "db1", status:
	    "success" } + ([$ARGS.positional[3:] | _nwise(2) |
	    { (.[0]): .[1] }] | add // {}) | if .error then .status = "failure"
	    else . end' --args "$@" | bk-audit --record "$LOG"
}

# a_log: October, with a little of September.
a_log() {
	line 2026-09-30T02:00:00Z bk-dump dump source shop run a0
	line 2026-10-02T02:00:00Z bk-dump dump source shop run a1
	line 2026-10-02T02:00:01Z bk-save store destination /b/daily/shop-20261002T020000Z.bk run a1
	line 2026-10-03T02:00:00Z bk-dump dump source shop run a2 error 'no server'
	line 2026-10-04T02:00:00Z bk-verify verify source shop backup a1 proof restore
	line 2026-10-31T23:30:00Z bk-dump dump source shop run a3
}

# part HEADING: what the report in $output has under it.
part() {
	awk -v h="## $1" '/^## / { on = $0 == h; next } on && NF' <<<"$output"
}

@test "backups, copies, proofs, restores and deletions of the real tools" {
	local month who file
	export BK_AUDIT_LOG=$LOG
	bk-keygen -o key
	BK_RECIPIENTS=$(bk-keygen -y key)
	export BK_RECIPIENTS BK_IDENTITY=$PWD/key
	mkdir daily copies
	bk-dump -q shop | bk-gz | bk-crypt | bk-tee "bk-save -q 'daily/{db}-{utc}.bk'" \
	    "bk-save -q 'copies/{db}-{utc}.bk'"
	file=$(echo daily/*)
	run bash -o pipefail -c 'bk-dump -q shop | bk-gz | bk-save -q nowhere/x'
	run bash -o pipefail -c 'bk-dump -q none | bk-gz | bk-save -q "daily/{db}-{utc}"'
	bk-run -- 'bk-dump -q shop | bk-save -q "daily/{db}-2-{utc}.bk"'
	# both begin at once with the same backup
	bk-verify <"$file" >receipt
	bk-verify --scratch <"$file" >receipt
	bk-crypt -d <"$file" | bk-gz -d | bk-restore -q copy
	run bk-verify </dev/null
	find copies -name '*.bk' | bk-rm
	who=$(id -un)@$(uname -n)
	month=$(date -u +%Y-%m)

	run -0 --separate-stderr bk-audit --report "$month" --drill 31d
	[ -z "$stderr" ]
	[ "${lines[0]}" = "# Backups: $month" ]
	[[ $(part Backups) == *"| none | 0 | 1 | 0 | 0B | - |"$'\n'"| shop | 2 | 1 | 1 | "* ]]
	[[ $(part 'Where they were stored') == *"| shop | copies/shop-\\*.bk | 1 | 0 | "* ]]
	[[ $(part 'Where they were stored') == *"| shop | daily/shop-\\*.bk | 1 | 0 | "* ]]
	[[ $(part 'Where they were stored') == *"| shop | daily/shop-2-\\*.bk | 1 | 0 | "* ]]
	[[ $(part 'Where they were stored') == *"| shop | nowhere/x | 0 | 1 | "* ]]
	[[ $(part Proofs) == *"| shop | 2 | 0 | 20"*" | restored and compared | "*" | 20"* ]]
	[[ $(part Restores) == *" | $who | restore | copy | shop of 20"*/"${file#daily/} | "*" | done |"* ]]
	[ "$(part Restores | wc -l)" = 3 ]
	[[ $(part Deletions) == *"| copies/shop-\\*.bk | 1 | 0 | 1 | 20"* ]]
	[[ $(part Keys) == *" by $who: key" ]]
	[[ $(part Failures) == *" | backup | none | bk-dump | "* ]]
	[[ $(part Failures) == *" | backup | shop | bk-save | nowhere: no such directory"* ]]
	[[ $(part Findings) == *"- Backups failed: shop: 1 of 3."* ]]
	[[ $(part Findings) != *Drill* ]]
	[[ $output == *"| $LOG | $(wc -l <"$LOG") | "*" | whole | $(tail -n 1 "$LOG" |
	    tr -d '\n' | sha256sum | cut -c -64) |"* ]]
	# the same, of the last hour
	run -0 bk-audit --report 1h
	[ "${lines[0]}" = "# Backups: the last 1h" ]
	[[ $(part Backups) == *"| shop | 2 | 1 | 1 | "* ]]
}

@test "a line belongs to the month in which its run ended, in UTC or --tz" {
	a_log
	run -0 bk-audit --report 2026-10 "$LOG"
	[[ $output == *"Period: from 2026-10-01T00:00:00Z until 2026-11-01T00:00:00Z."* ]]
	[[ $(part Backups) == *"| shop | 2 | 1 | 0 | 0B | 2026-10-31T23:30:00Z |"* ]]
	run -0 bk-audit --report 2026-10 --tz Europe/Berlin "$LOG"
	[[ $output == *"Period: from 2026-10-01T00:00:00+02:00 until 2026-11-01T00:00:00+01:00."* ]]
	[[ $(part Backups) == *"| shop | 1 | 1 | 0 | 0B | 2026-10-02T04:00:00+02:00 |"* ]]
	run -0 bk-audit --report 2026-09 - <"$LOG"
	[[ $(part Backups) == *"| shop | 1 | 0 | 0 | 0B | 2026-09-30T02:00:00Z |"* ]]
	[[ $output == *"| standard input | 6 | "* ]]
}

@test "a drill that was due and not done is named" {
	a_log
	run -0 bk-audit --report 2026-10 --drill 28d "$LOG"
	[[ $(part Findings) != *Drill* ]]
	[ "$(part Drills | tail -n 1)" = '- None is due and not done.' ]
	run -0 bk-audit --report 2026-10 --drill 27d "$LOG"
	[[ $(part Findings) == *"- Drill due and not done: shop: no restore test from 2026-10-04T02:00:00Z to 2026-11-01T00:00:00Z, 27d22h."* ]]
	sed -i s/restore/content/ "$LOG"
	run -3 bk-audit --report 2026-10 --drill 900d "$LOG"
	[[ $output == *"- Drill due and not done: shop: no restore test in these logs."* ]]
}

@test "a broken chain is named on top, and is 3" {
	a_log
	sed -i '3s/daily/weekly/' "$LOG"
	run -3 --separate-stderr bk-audit --report 2026-10 "$LOG"
	[ "$(part Findings | head -n 1)" = "- Chain broken: $LOG: 1 line; the first: line 4: edited, or line 3 was, or lines between them are missing. What this report says may be wrong." ]
	[ "$stderr" = "bk-audit: $LOG: line 4: edited, or line 3 was, or lines between them are missing" ]
	[[ $output == *"| $LOG | 6 | "*" | BROKEN | "* ]]
	# of a month with nothing else, too
	run -3 bk-audit --report 2025-01 "$LOG"
	[[ $output == *"- Chain broken: "* ]]
	# a line that is none, in the other of two logs
	line 2026-10-05T02:00:00Z bk-dump dump source shop run b1
	mv "$LOG" "$LOG.1"
	printf '{"previous":null}\n' | sed 's/^{/{"a":1,/' >"$LOG"
	run -3 --separate-stderr bk-audit --report 2026-10 "$LOG"
	[[ $stderr == "bk-audit: 1 lines are not audit lines" ]]
	[[ $(part Findings) == "- Damaged: $LOG: 1 line not counted"* ]]
}

@test "a hostile name is text, in Markdown and in HTML" {
	local name
	for name in '<script>alert(1)</script>' 'a|b' '`id`' $'a\n# b\e[2J' 'a\|b' \
	    '![x](http://evil/x.png)'; do
		line 2026-10-02T02:00:00Z bk-dump dump source "$name" run "$name"
		line 2026-10-02T02:00:01Z bk-save store destination "/b/$name-20261002T020000Z.bk" run "$name"
		line 2026-10-03T02:00:00Z bk-restore restore destination "$name" backup "$name" host "$name"
		line 2026-10-04T02:00:00Z bk-verify verify source "$name" error "$name"
	done
	run -0 bk-audit --report 2026-10 "$LOG"
	[[ $output != *[$'\e\r']* && $output != *'<'* ]]
	# no row has another number of cells than its head
	awk -F '|' '!/^\|/ { n = 0; next } n && NF != n { print; bad = 1 } { n = NF }
	    END { exit bad }' <<<"$output"
	[ "$(grep -c '^#' <<<"$output")" = "$(grep -c '^##* [A-Z]' <<<"$output")" ]
	run -0 bk-audit --report 2026-10 --html "$LOG"
	[[ $output != *$'\e'* && $output != *'<script'* && $output != *'<img'* ]]
	[[ $output == *'&lt;script&gt;alert(1)&lt;/script&gt;'* ]]
	# one file: nothing is loaded, no address is a link
	[[ $output != *href* && $output != *src=* && $output != *url\(* ]]
	[[ $output == "<!DOCTYPE html>"*"</html>" ]]
	perl -0777 -ne 'push @open, $1 eq "/" && $open[-1] eq $2 ? do { pop @open; () } :
	    $2 eq "meta" ? () : $2 while m{<(/?)([a-z0-9]+)[^>]*>}g;
	    print "@open\n"; exit @open' <<<"${output#*>}"
}

@test "a month without a line is 4, and prints nothing" {
	a_log
	run -4 --separate-stderr bk-audit --report 2026-08 "$LOG"
	[ -z "$output" ]
	[ "$stderr" = "bk-audit: $LOG: no run in 2026-08" ]
	run -4 bk-audit --report 2099-01 "$LOG"
	run -4 bk-audit --report 1s /dev/null
	run -1 bk-audit --report 2026-10 nowhere.log
	run -1 --separate-stderr bash -c 'bk-audit --report 2026-10 audit.log >/dev/full'
	[ "$stderr" = 'bk-audit: standard output: write: No space left on device' ]
}

@test "a usage error is 2" {
	: >audit.log
	usage 'not a month; write it as 2026-10' bk-audit --report 2026-13 audit.log
	usage 'not a month' bk-audit --report 2026-1 audit.log
	usage 'not a month' bk-audit --report 2026-10-01 audit.log
	usage '--report' bk-audit --report October audit.log
	usage 'needs an argument' bk-audit --report
	usage 'for --report' bk-audit --html audit.log
	usage 'for --report' bk-audit --verify --drill 7d audit.log
	usage 'for --report' bk-audit --tz UTC audit.log
	usage 'cannot be due every 0s' bk-audit --report 2026-10 --drill 0 audit.log
	usage 'not a known time zone' bk-audit --report 2026-10 --tz Nowhere audit.log
	usage 'only one of' bk-audit --report 2026-10 --verify audit.log
	usage 'no filter' bk-audit --report 2026-10 --since 7d audit.log
	usage 'for the list' bk-audit --report 2026-10 --pipelines audit.log
}
