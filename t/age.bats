#!/usr/bin/env bats
# bk-age: every alert is provoked and seen, in its words and its status.

load support/common
load support/listing

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# run_of OPERATION STATUS SOURCE DESTINATION: a line of the audit log.
run_of() {
	printf '{"timestamp":"%s","operation":"%s","source":"%s","destination":"%s","status":"%s","error":%s}\n' \
	    "$(when 60)" "$1" "$3" "$4" "$2" \
	    "$([ "$2" = success ] && echo null || echo '"connection refused"')"
}

# --- age

@test "a fresh backup is OK, with numbers behind the bar" {
	backup 11520 $((18 * M)) >l
	run -0 --separate-stderr bk-age -w 25h -c 26h <l
	[ -z "$stderr" ]
	[[ $output =~ ^"BACKUP OK - shop: 3h12m old, 18.0MiB | 'shop.age'="115[2-9][0-9]"s;90000;93600;0 'shop.size'=18874368B;1:;1:;0 'shop.count'=1;;;0"$ ]]
}

@test "an old backup is a WARNING, an older one CRITICAL" {
	backup $((30 * 3600)) $M >l
	run -1 bk-age <l
	[[ $output == "BACKUP WARNING - shop: 1d6h old (warning, over 1d1h), 1.0MiB |"* ]]
	# one state word: a monitor may look for it
	[ "$(grep -oE 'OK|WARNING|CRITICAL|UNKNOWN' <<<"$output")" = WARNING ]
	backup $((25 * 3600 + 59)) $M >just
	run -1 bk-age <just
	[[ $output =~ "- shop: 1d1h"(59s|1m([0-9]+s)?)" old (warning, over 1d1h)," ]]
	run -2 bk-age -w 20h -c 29h <l
	[[ $output == "BACKUP CRITICAL - shop: 1d6h old (critical, over 1d5h)"* ]]
	run -0 bk-age --warning 31h --critical 32h <l
}

@test "a copy is as old as what was copied, and called one" {
	{ backup $((30 * DAY)) $M | sed "s/\$/\tstored=$(when 60)/"
	    backup $((31 * DAY)) $M; } >l
	run -2 bk-age <l
	[[ $output == "BACKUP CRITICAL - shop: 30d old (critical, over 2d1h), 1.0MiB: 1 of 2 stored over a day after they were made |"* ]]
}

@test "a listing that was cut short is UNKNOWN with its cause, and says nothing of others" {
	{ backup 60 $M; printf '!\t\ts3://b/: HTTP 503 Slow Down\n'; } >l
	run -3 --separate-stderr bk-age --expect crm <l
	[ "$output" = "BACKUP UNKNOWN - listing: the listing could not be finished: s3://b/: HTTP 503 Slow Down" ]
	printf '!\t\tno bucket\n' >l
	run -3 bk-age --expect shop <l
	[ "$output" = "BACKUP UNKNOWN - listing: the listing could not be finished: no bucket" ]
}

@test "the newest counts, whatever the order and the tier" {
	{ backup $((9 * DAY)) $M; backup 60 $M | sed 's/daily/weekly/'
	    backup $((5 * DAY)) $M; } >l
	run -0 bk-age <l
	[[ $output == "BACKUP OK - shop: 1m"* && $output == *".count'=3;"* ]]
}

@test "a backup from the future is UNKNOWN, seconds ahead are not" {
	backup -7200 $M >l
	run -3 bk-age <l
	[[ $output == "BACKUP UNKNOWN - shop: 1.0MiB: dated in the future, or this host's clock is slow |"* ]]
	backup -30 $M >l
	run -0 bk-age <l
	[[ $output == "BACKUP OK - shop: 0s old,"* ]]
}

# --- UNKNOWN is 3, never 0

@test "what is no listing is UNKNOWN, with the reason" {
	backup 60 $M >good
	run -3 --separate-stderr bk-age </dev/null
	[ "$output" = "BACKUP UNKNOWN - listing: standard input: empty listing" ]
	[ -z "$stderr" ]
	echo shop.bk >bare
	{ cat good; printf '%s\t12\n' "$(when 60)"; } >short
	{ cat good; printf '%s\tbig\tshop\n' "$(when 60)"; } >size
	{ cat good; printf 'a\0b\n'; } >nul
	cat good good >twice
	head -c -1 good >cut
	local bad
	for bad in bare short size nul twice cut; do
		run -3 --separate-stderr bk-age <$bad
		[[ $output == "BACKUP UNKNOWN - listing: "?* ]]
		[ "${#lines[@]}" = 1 ]
		[ -z "$stderr" ]
	done
	run -3 bk-age <.
	run -3 sh -c 'bk-age <&-'
}

@test "names without a time are of no series" {
	printf '%s\t9\t/backup/README\n' "$(when 60)" >l
	run -3 bk-age <l
	[[ $output == *"no name in the listing has a time in it"* ]]
	run -3 bk-age --group '/srv/{db}.dump' <l
	[[ $output == *"no name in the listing matches --group"* ]]
	run -0 bk-age --min-size 0 --group '/backup/{db}' <l
	[[ $output == "BACKUP OK - README: 1m"* ]]
}

@test "a usage error is 3, with the usage, and reads nothing" {
	local args
	while read -r args; do
		run -3 --separate-stderr bk-age $args </dev/null
		# Nagios shows standard output alone
		[[ $output == "BACKUP UNKNOWN - bk-age: "?* ]]
		[ "${#lines[@]}" = 1 ]
		[[ ${stderr_lines[0]} == "bk-age: "* ]]
		[[ ${stderr_lines[1]} == "usage: bk-age "* ]]
		[ "${#stderr_lines[@]}" = 2 ]
	done <<-'END'
	-w
	-w 1x
	-w 2d -c 1d
	--min-size 1M,2M
	--min-size 1Z
	--max-shrink 50
	--max-shrink 101%
	--max-shrink 50%,40%
	--max-gap 2d,1d
	--last 2
	--min-count x
	--fails 2
	--fails 0 --log x
	--proven 8d
	--min-free 20%
	--min-free 1% --path / --fails 1
	--segment-size 3M
	--segment-size 2G
	--segment-size x
	--max-gap 0000000000000000000000000000000000000000000000000000000000000001h,2h
	--group {what}
	--wal --receipts .
	--wal --group {db}
	--table -w 1h
	--table --json
	--table --expect shop
	--table --min-count 1
	--table --prometheus x.prom
	--table --log x
	--table --path .
	s3://b/shop/
	--no-such-option
	END
}

@test "a full disk is UNKNOWN: nobody would have read the status" {
	backup 60 $M >l
	run -3 --separate-stderr sh -c 'bk-age <l >/dev/full'
	[ "$stderr" = "bk-age: standard output: write: No space left on device" ]
}

# --- size, count, gaps

@test "below the least size it is CRITICAL; a small database is none" {
	backup 60 $((M - 1)) >l
	run -0 bk-age <l
	# two numbers that look the same are told apart
	run -2 bk-age --min-size 1M <l
	[[ $output == *" 1048575B (critical, under 1.0MiB) |"* ]]
	run -1 bk-age --min-size 2M,1K <l
	[[ $output == *"(warning, under 2.0MiB) |"*"size'=1048575B;2097152:;1024:;0"* ]]
	backup 60 0 >l
	run -2 bk-age <l
	[[ $output == *" 0B (critical, under 1B) |"* ]]
	run -0 bk-age --min-size 0 <l
	# without an option, a tenth of what it always was is too little
	series 4100 41000 41000 41000 >l
	run -0 bk-age <l
	series 4000 41000 41000 41000 >l
	run -2 bk-age <l
	[[ $output == *"90.24% smaller than the usual 40.0KiB (critical, over 90%) |"* ]]
	run -0 bk-age --max-shrink 100% <l
}

@test "shrinkage and growth are against the median of the last" {
	series $((4 * M)) $((10 * M)) $((9 * M)) $((11 * M)) $((99 * M)) >l
	run -0 bk-age <l
	run -2 bk-age --max-shrink 50% <l
	[[ $output == *"60% smaller than the usual 10.5MiB (critical, over 50%) |"* ]] ||
	    [[ $output == *"61% smaller than the usual 10.5MiB (critical, over 50%) |"* ]]
	run -1 bk-age --max-shrink 50%,70% <l
	run -0 bk-age --max-shrink 70% <l
	# the 99M is not among the last three
	run -2 bk-age --max-shrink 50% --last 3 <l
	[[ $output == *"60% smaller than the usual 10.0MiB"* ]]
	series $((40 * M)) $((10 * M)) $((10 * M)) $((10 * M)) >l
	run -2 bk-age --max-growth 299% <l
	[[ $output == *"300% larger than the usual 10.0MiB (critical, over 299%) |"* ]]
	run -0 bk-age --max-growth 300% --max-shrink 0% <l
	# two are no usual size
	series $((40 * M)) $((10 * M)) $((10 * M)) >l
	run -0 bk-age --max-growth 1% <l
}

@test "too few backups" {
	series $M $M $M >l
	run -2 bk-age --min-count 4 <l
	[[ $output == *", 3 backups (critical, under 4) |"* ]]
	run -1 bk-age --min-count 4,3 <l
	run -0 bk-age --min-count 3 <l
}

@test "a gap among the last ones is seen, an older one is not" {
	{ backup 3600 $M; backup $((2 * DAY)) $M; backup $((5 * DAY)) $M
	    backup $((6 * DAY)) $M; backup $((60 * DAY)) $M; } >l
	run -2 bk-age --last 3 --max-gap 26h <l
	[[ $output == *", 3d between two (critical, over 1d2h) |"* ]]
	run -1 bk-age --last 3 --max-gap 26h,4d <l
	run -0 bk-age --last 3 --max-gap 3d <l
	run -2 bk-age --last 4 --max-gap 3d <l
	[[ $output == *", 54d between two"* ]]
}

# --- several databases

@test "a line for each database, the worst first, and its status" {
	{ backup 60 $M a; backup $((30 * 3600)) $M b; backup $((9 * DAY)) $M c
	    backup -9999 $M d; } >l
	run -2 bk-age <l
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} == "BACKUP CRITICAL - c: 9d old"*" | 'a.age'="*"'d.count'=1;;;0" ]]
	[[ ${lines[1]} == "BACKUP UNKNOWN - d: "* ]]
	[[ ${lines[2]} == "BACKUP WARNING - b: "* ]]
	[[ ${lines[3]} == "BACKUP OK - a: 1m"* ]]
	[[ ${lines[*]:1} != *"|"* ]]
	grep -v /c/ l >without
	run -3 bk-age <without
}

@test "databases of one name in two places are told apart" {
	{ backup 60 $M; backup $((9 * DAY)) $M | sed 's,//b/,//old/,'; } >l
	run -2 bk-age <l
	[[ ${lines[0]} == "BACKUP CRITICAL - s3://old/shop/*/shop-*.bk: 9d old"* ]]
	[[ ${lines[1]} == "BACKUP OK - s3://b/shop/*/shop-*.bk: 1m"* ]]
}

@test "--group is the template the backups were stored under" {
	{ backup 60 $M; backup $((9 * DAY)) $M | sed s/daily/weekly/; } >l
	run -0 bk-age --group 's3://b/{db}/{tier}/{db}-{utc}.bk' <l
	[[ $output == "BACKUP OK - shop: "*".count'=2;"* ]]
}

@test "an expected database that is not there is CRITICAL" {
	backup 60 $M >l
	run -0 bk-age --expect shop <l
	run -2 bk-age --expect shop --expect crm <l
	[[ ${lines[0]} == "BACKUP CRITICAL - crm: none at all |"* ]]
	[[ ${lines[1]} == "BACKUP OK - shop: "* ]]
	run -2 bk-age --expect crm </dev/null
	[ "$output" = "BACKUP CRITICAL - crm: none at all" ]
	# a listing that cannot be read says nothing about crm
	run -3 bk-age --expect crm <<<bare
}

@test "names cannot break the line or its numbers" {
	printf '%s\t%s\tb/%s-%s.bk\n' "$(when 60)" $M "a|b=c'\\n\\u001bd" \
	    "$(stamp 60)" "$(when 60)" $M 'e"\\f' "$(stamp 60)" >l
	run -0 bk-age --prometheus m.prom <l
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == "BACKUP OK - a/b=c'??d: "*"| 'a/b_c_??d.age'="* ]]
	[ "$(tr -dc '|' <<<"$output" | wc -c)" = 1 ]
	grep -qF 'db="e\"\\f"' m.prom
	grep -qF "db=\"a|b=c'\\n" m.prom
	run -0 bk-age --json <l
	jq -e '.subjects | map(.name) | index("e\"\\f") != null' <<<"$output"
}

@test "of many databases 4 kB are printed, and how many more there are" {
	local i
	for i in {100..199}; do backup 60 $M "database-$i"; done >l
	run -0 bk-age <l
	[ ${#output} -le 4096 ] && [ ${#output} -ge 3500 ]
	[[ ${lines[-1]} =~ ^"and "[0-9]+" more, all OK; no performance data of "[0-9]+$ ]]
	[ "$(head -n 1 <<<"$output" | grep -o "\.age'=" | wc -l)" -ge 10 ]
	# the same ones, whatever is wrong with whom
	head -n 1 <<<"$output" | grep -o "'database-[0-9]*\.age'" >first
	{ cat l; backup -9999 $M late; for i in {150..189}; do
		backup $((30 * 3600)) $M "old-$i"; done; } >more
	run -3 bk-age <more
	[ ${#output} -le 4096 ]
	[[ ${lines[0]} == "BACKUP UNKNOWN - late: "* ]]
	[[ ${lines[-1]} =~ ^"and "[0-9]+" more: "[0-9]+" WARNING, 100 OK; no "perf.*$ ]]
	head -n 1 <<<"$output" | grep -o "'database-[0-9]*\.age'" | cmp - first
	# a name of its own length
	printf '%s\t1\tb/%0999d-%s.bk\n' "$(when 60)" 7 "$(stamp 60)" >l
	run -0 bk-age <l
	[ ${#output} -le 4096 ]
}

# --- proofs

@test "the age of the last proof" {
	series $M $M $M >l
	local name
	name=$(sed -n 2p l | cut -f 3)
	proof $((2 * DAY)) proven "$name"
	proof $((9 * DAY)) proven "$name"
	run -0 bk-age --receipts proofs <l
	[[ $output == "BACKUP OK - shop: 1h old, proven 2d ago, 1.0MiB |"*".proven'=1728"??"s;691200;2764800;0 "* ]]
	run -1 bk-age --receipts proofs --proven 1d,3d <l
	[[ $output == *"proven 2d ago (warning, over 1d)"* ]]
	run -2 bk-age --receipts proofs --proven 47h <l
	[[ $output == *"proven 2d ago (critical, over 1d23h)"* ]]
}

@test "without any proof it is CRITICAL" {
	series $M $M >l
	mkdir proofs
	run -2 bk-age --receipts proofs <l
	[[ $output == *", never proven (critical), "*".proven'=U;"* ]]
	# neither another's proof nor one that could not tell is one
	proof 60 proven s3://b/crm/daily/crm-20261121T010203Z.bk
	proof 61 "could not tell" "$(sed -n 1p l | cut -f 3)"
	run -2 bk-age --receipts proofs <l
	[[ $output == *"never proven (critical)"* ]]
}

@test "a backup that was found not restorable is CRITICAL until the next proof" {
	series $M $M >l
	proof 9000 proven "$(sed -n 2p l | cut -f 3)"
	proof 7200 "not proven" "$(sed -n 1p l | cut -f 3)"
	run -2 bk-age --receipts proofs <l
	[[ $output == *"found not restorable 2h ago (critical), "* ]]
	proof 60 proven "$(sed -n 1p l | cut -f 3)"
	run -0 bk-age --receipts proofs <l
}

@test "receipts that cannot be read are UNKNOWN" {
	backup 60 $M >l
	run -3 bk-age --receipts nowhere <l
	[[ ${lines[0]} == "BACKUP UNKNOWN - receipts: nowhere: No such file or directory |"* ]]
	[[ ${lines[1]} == "BACKUP OK - shop: "* ]]
	backup $((9 * DAY)) $M >old
	run -2 bk-age --receipts nowhere <old
	[[ ${lines[0]} == "BACKUP CRITICAL - shop: 9d old"* ]]
	proof 60 proven "$(cut -f 3 l)"
	# one that is none is told, for ever, and hides nothing
	local bad
	for bad in "$(head -c 20 proofs/60.receipt.json)" '' '[]' '{}' \
	    '{"bk":"receipt","version":1,"name":null,"result":"not proven","finished":"2026-01-01T00:00:00Z"}' \
	    '{"bk":"receipt","version":1,"name":"","result":"proven","finished":"2026-01-01T00:00:00Z"}' \
	    '{"bk":"receipt","version":1,"database":"shop","result":"proven","finished":"2026-01-01T00:00:00Z"}' \
	    "$(jq -c .version=2 proofs/60.receipt.json)" \
	    "$(jq -c 'del(.version)' proofs/60.receipt.json)" \
	    "$(jq -c .differences=5 proofs/60.receipt.json)" \
	    "$(jq -c .level=0 proofs/60.receipt.json)" \
	    "$(jq -c '.level="1"' proofs/60.receipt.json)" \
	    "$(cat proofs/60.receipt.json)x"; do
		printf %s "$bad" >proofs/bad.receipt.json
		run -1 bk-age --receipts proofs --prometheus m.prom <l
		[[ ${lines[0]} == "BACKUP WARNING - receipts: proofs/bad.receipt.json: not a receipt: "*"; remove what is no receipt |"* ]]
		[[ ${lines[1]} == "BACKUP OK - shop: 1m"*" old, proven "* ]]
	done
	cp proofs/bad.receipt.json proofs/worse.receipt.json
	run -1 bk-age --receipts proofs <l
	[[ ${lines[0]} == *", and others; remove what is no receipt |"* ]]
	rm proofs/bad.receipt.json proofs/worse.receipt.json m.prom
	proof -9999 proven "$(cut -f 3 l)"
	run -3 bk-age --receipts proofs <l
	[[ $output == *"a receipt dated in the future"* ]]
}

@test "a receipt counts for every copy of the backup that it is of" {
	local shop
	{ backup 60 $M; backup 86460 $M; backup 60 $M shop-eu
	    backup 60 $M | sed 's,//b/,//copy/2026/,'
	    printf '%s\t%s\t/srv/my%%20shop-%s.bk\n' "$(when 60)" $M "$(stamp 60)"; } >l
	proof_of 50 proven shop 60
	proof_of 40 proven shop 61
	run -2 bk-age --receipts proofs <l
	[ "$(grep -c 'OK - s3:.*shop/.*proven 5.s ago' <<<"$output")" = 2 ]
	[[ $output == *"CRITICAL - shop-eu: 1m"*"never proven"* ]]
	proof_of 50 proven shop-eu 60
	proof_of 50 proven 'my shop' 60
	run -0 bk-age --receipts proofs <l
	[ "$(grep -c 'proven 5.s ago' <<<"$output")" = 4 ]
	proof_of 45 'not proven' shop-eu 60
	run -2 bk-age --receipts proofs <l
	[[ ${lines[0]} == *"- shop-eu: "*"found not restorable"* ]]
	# by the pattern, whatever else is in the name
	rm -r proofs
	printf '%s\t%s\t/srv/%s_7.bk\n' "$(when 60)" $M "crm_eu_$(stamp 60)" >l
	proof_of 50 proven crm_eu 60
	run -2 bk-age --receipts proofs --group '/srv/{db}_eu_{utc}_7.bk' <l
	run -0 bk-age --receipts proofs --group '/srv/{db}_{utc}_7.bk' <l
	# of a cluster, too
	sed -i 's/"database"/"cluster"/' proofs/*
	run -0 bk-age --receipts proofs <l
}

@test "a receipt counts for no other server's database of the same second" {
	local at
	at=$(stamp 60)
	printf '%s\t%s\t/srv/%s\n' "$(when 60)" $M "db1/shop-$at.bk" \
	    "$(when 60)" $M "db10/shop-$at.bk" "$(when 60)" $M "shop-$at.bk" >l
	proof_of 50 proven shop 60
	sed -i 's/"result"/"host":"db1","result"/' proofs/*
	run -2 bk-age --receipts proofs <l
	[ "$(grep -c 'proven 5.s ago' <<<"$output")" = 1 ]
	[[ $output == *"OK - /srv/db1/shop"* ]]
	# of names that do not tell, each copy is proven
	sed -i 's,db1/,one/,; s,db10/,two/,' l
	run -0 bk-age --receipts proofs <l
}

@test "a base backup is proven by a recovery, and found by its host" {
	local h=pg1.example.com r='{"bk":"receipt","version":1,"database":null,"cluster":"7001","kind":"base"'
	mkdir proofs
	printf '%s\t%s\ts3://b/base/%s-%s.tar.bk\n' "$(when 60)" $M $h "$(stamp 60)" \
	    "$(when 60)" $M pg2 "$(stamp 60)" >l
	# of the WAL and other files in the same place nobody expects a proof
	printf '%s\t16777216\ts3://b/base/%s\n' "$(when 10)" 00000001000000000000000A.partial \
	    "$(when 10)" pg1.manifest >>l
	r+=",\"at\":\"$(when 60)\",\"finished\":\"$(when 50)\",\"result\":\"proven\""
	echo "$r,\"host\":\"$h\"}" >proofs/whole.receipt.json
	run -2 bk-age --receipts proofs <l
	[[ $output == *"- $h: 1m"*"never proven"* ]]
	echo "$r,\"host\":\"$h\",\"restore_seconds\":61.5}" >proofs/recovered.receipt.json
	run -2 bk-age --receipts proofs --prometheus m.prom <l
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} == *"- pg2: 1m"*"never proven"* ]]
	[[ ${lines[1]} == *"OK - $h: 1m"*" old, proven 5"* ]]
	grep -q 'bk_backup_restore_test_seconds{db="pg1.example.com".* 61.500' m.prom
	# of another instant, or a database of that name: not this one
	sed -i "s/$(when 60)/$(when 61)/" proofs/*
	run -2 bk-age --receipts proofs <l
	[[ $output == *"- $h: 1m"*"never proven"* ]]
}

# --- the audit log

@test "failures in a row, each job on its own" {
	backup 60 $M >l
	{ run_of bk-dump failure shop; run_of bk-dump success shop
	    run_of bk-dump failure shop; run_of bk-dump success crm
	    run_of bk-gz failure - -; } >log
	run -0 bk-age --log log <l
	[[ $output == *"BACKUP OK - bk-dump shop: 1 failure: connection refused"* ]]
	[[ $output == *"BACKUP OK - bk-dump crm: succeeded"* ]]
	run_of bk-dump success crm >>log
	run_of bk-dump failure shop >>log
	run -2 bk-age --log log <l
	[[ ${lines[0]} == "BACKUP CRITICAL - bk-dump shop: 2 failures in a row (critical, over 1): connection refused |"* ]]
	run -0 bk-age --log log --fails 3 <l
	run_of bk-dump success shop >>log
	run -0 bk-age --log log --fails 1 <l
}

@test "a failure before the name was known ends with the next success" {
	backup 60 $M >l
	{ for i in 1 2; do
		run_of bk-dump failure ""
		run_of bk-s3put failure - 's3://b/{db}/{tier}/{db}-{utc}.bk'
	done; } >log
	run -2 bk-age --log log <l
	[[ $output == *"bk-dump (target unknown): 2 failures"* ]]
	run_of bk-dump success shop >>log
	run_of bk-s3put success - "s3://b/shop/daily/shop-$(stamp 60).bk" >>log
	run -0 bk-age --log log <l
	[ "${#lines[@]}" = 3 ]
	[[ $output == *"bk-s3put s3://b/shop/*/shop-*.bk: succeeded"* ]]
}

@test "the tools' own log is understood" {
	backup 60 $M >l
	export PGHOST=/nonexistent BK_AUDIT_LOG=$PWD/log
	for i in 1 2; do
		run -1 bash -o pipefail -c 'bk-dump shop | cat'
	done
	run -2 env -u BK_AUDIT_LOG bk-age --log log <l
	[[ ${lines[0]} == "BACKUP CRITICAL - bk-dump "*": 2 failures in a row"* ]]
}

@test "a log that says nothing is UNKNOWN, and hides nothing else" {
	backup $((9 * DAY)) $M >l
	run -2 bk-age --log nowhere <l
	[[ ${lines[0]} == "BACKUP CRITICAL - shop: 9d old"* ]]
	[ "${lines[1]}" = "BACKUP UNKNOWN - audit log: nowhere: No such file or directory" ]
	backup 60 $M >l
	: >log
	run -3 bk-age --log log <l
	[[ $output == "BACKUP UNKNOWN - audit log: log: no backup in this log"* ]]
	run_of bk-dump success shop >log
	echo '{"timestamp":' >>log
	run -3 bk-age --log log <l
	[[ $output == "BACKUP UNKNOWN - audit log: log: line 2: "* ]]
	echo '{"operation":"bk-dump"}' >log
	run -3 bk-age --log log <l
	[[ $output == *"log: line 1: not an audit line"* ]]
}

# --- the disk

@test "free space" {
	backup 60 $M >l
	run -2 bk-age --path . --min-free 100% <l
	[[ ${lines[0]} =~ ^"BACKUP CRITICAL - .: "[0-9]+"% free (critical, under 100%) |" ]]
	run -1 bk-age --path . --min-free 100%,0% <l
	run -0 bk-age --path . --min-free 0% <l
	# as df counts it, give or take what others write meanwhile
	local used
	used=$(df --output=pcent . | tail -n 1 | tr -dc 0-9)
	[[ $output =~ ([0-9]+)"% free" ]]
	[ $((100 - used - BASH_REMATCH[1])) -ge -2 ]
	[ $((100 - used - BASH_REMATCH[1])) -le 2 ]
	[[ $output == *"'..free'="*"'..free_bytes'="* ]]
	# in a crontab, and in bytes
	run -2 bk-age --path . --min-free 100pc <l
	run -2 bk-age --path . --min-free 1000P <l
	[[ ${lines[0]} =~ ^"BACKUP CRITICAL - .: "[0-9.]+"TiB"?" free (critical, under 1000.0PiB) |" ||
	    ${lines[0]} =~ ^"BACKUP CRITICAL - .: "[0-9.]+"GiB free (critical, under 1000.0PiB) |" ]]
	run -1 bk-age --path . --min-free 1000P,1 <l
	run -3 bk-age --path . --min-free 1000P,1% <l
	run -3 bk-age --path nowhere <l
	[[ $output == *"BACKUP UNKNOWN - disk: nowhere: No such file or directory"* ]]
}

# --- WAL

@test "WAL without a gap is OK, by the age of the newest" {
	{ segment 300 0000000100000001000000FE.gz
	    segment 200 0000000100000001000000FF.gz
	    segment 150 000000010000000200000000.gz.bk
	    segment 100 000000010000000200000001.partial
	    segment 50 00000002.history
	    segment 40 000000020000000200000001; } >l
	run -0 bk-age --wal -w 15m -c 1h <l
	[[ $output == "BACKUP OK - s3://b/shop/wal: 4"?"s old, 5 segments, 0 segments missing | 's3://b/shop/wal.age'="* ]]
	sed -i "s/$(when 40)/$(when 1000)/" l
	run -1 bk-age --wal -w 50s -c 1h <l
	run -2 bk-age --wal -w 30s -c 50s <l
	[[ $output == *"old (critical, over 50s)"* ]]
}

# lag NAME VALUE...: a file of metrics as bk-walrecv or bk-stat writes it.
lag() {
	local name
	for name in "$@"; do
		printf '# TYPE %s gauge\n%s{server="a} 7",slot="bk"} %s\n' \
		    "${name%=*}" "${name%=*}" "${name#*=}"
	done
}

received() {
	lag bk_walrecv_connected="$1" bk_walrecv_received_lag_bytes="$2" \
	    bk_walrecv_stored_lag_seconds="$3" \
	    bk_walrecv_last_run_timestamp_seconds=$((NOW - $4)) >lag
}

archived() {
	lag bk_stat_archiver_waiting="$1" bk_stat_archiver_failing="$2" \
	    bk_stat_archiver_timeout_seconds="$3" \
	    bk_stat_last_run_timestamp_seconds=$((NOW - $4)) >lag
}

@test "WAL of an idle server: what is not missing is not late" {
	local age='bk-age --wal -w 15m -c 1h --lag lag'
	segment 3700 000000010000000200000001 >l
	run -2 bk-age --wal -w 15m -c 1h <l
	# the receiver: all is stored; what waits is as old as it says
	received 1 0 0 60
	run -0 $age --prometheus wal.prom <l
	[[ $output == "BACKUP OK - s3://b/shop/wal: 1m"*" old, 1 segment"* ]]
	grep -qxF "bk_wal_last_archived_timestamp_seconds{archive=\"s3://b/shop/wal\"} $((NOW - 60))" wal.prom
	received 1 0 1000 60
	run -1 $age <l
	[[ $output == *": 17m"*" old (warning, over 15m)"* ]]
	# not connected, not all received, not running: the segment's age
	received 0 0 0 60
	run -2 $age <l
	received 1 1 0 60
	run -2 $age <l
	received 1 0 0 3601
	run -2 $age <l
	# the archiver
	archived 0 0 60 100
	run -0 $age <l
	[[ $output == *": 2m"*" old, 1 segment"* ]]
	for say in '1 0 60' '0 1 60' '0 0 0' '0 0 4000'; do
		# shellcheck disable=SC2086	# three words
		archived $say 100
		run -2 $age <l
	done
	# a newer segment counts; a gap stays one
	segment 30 000000010000000200000003 >>l
	archived 0 0 60 100
	run -2 $age <l
	[[ $output == *": 3"?"s old, 2 segments, 1 segment missing (critical)"* ]]
}

@test "a --lag that says nothing is UNKNOWN" {
	segment 3700 000000010000000200000001 >l
	run -2 bk-age --wal -w 15m -c 1h --lag nowhere <l
	[[ $output == *"BACKUP UNKNOWN - lag: nowhere: No such file or directory"* ]]
	run -3 bk-age --wal -c 2h -w 2h --lag l <l
	[[ $output == *"lag: l: neither bk-walrecv nor bk-stat has written it"* ]]
	received 1 0 0 60
	{ cat l; segment 60 000000010000000200000001 blog; } >two
	run -3 bk-age --wal --lag lag <two
	[[ $output == *"more than one WAL archive, "*": --lag is of one; list one"* ]]
	run -3 bk-age --lag lag <l
	[[ $output == *"--lag needs --wal"* ]]
}

@test "a gap in the WAL is CRITICAL and named" {
	{ segment 300 0000000100000001000000FE
	    segment 150 000000010000000200000001; } >l
	run -2 bk-age --wal <l
	[[ $output == *"2 segments missing (critical): the first is 0000000100000001000000FF |"* ]]
	run -3 bk-age --wal --segment-size 64M <l
	[[ $output == *"no segment of 67108864 bytes has this name"* ]]
	segment 60 00000002.history >l
	run -3 bk-age --wal <l
	[[ $output == *"no name in the listing is a WAL segment's"* ]]
}

@test "WAL beside backups is no backup" {
	{ backup 60 $M; segment 60 000000010000000200000001; } >l
	run -0 bk-age <l
	[ "${#lines[@]}" = 1 ]
}

# --- the table

@test "--table: a line for each database and tier, and no judgement" {
	{ series $M $M $((3 * M)); backup $((9 * DAY)) $M crm
	    backup $((20 * DAY)) $((5 * M)) | sed s/daily/weekly/; } >l
	run -0 --separate-stderr bk-age --table <l
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 4 ]
	[ "${lines[0]}" = "DATABASE  TIER    NEWEST  AT                    OLDEST  COUNT   BYTES  PROVEN  RECOVERABLE" ]
	[[ ${lines[1]} == "crm       daily       9d  $(when $((9 * DAY)))      9d      1  1.0MiB       -  -" ]]
	[[ ${lines[2]} == "shop      daily   "*"  $(when 3600)    2d1h      3  5.0MiB       -  -" ]]
	[[ ${lines[3]} == "shop      weekly     20d  $(when $((20 * DAY)))     20d      1  5.0MiB       -  -" ]]
	# never, proven, refuted
	proof 7200 proven "$(sed -n 2p l | cut -f 3)"
	run -0 bk-age --table --receipts proofs <l
	[[ ${lines[1]} == "crm "*"   never  -" && ${lines[2]} == "shop "*" daily "*"      2h  -" &&
	    ${lines[3]} == "shop "*" weekly "*"   never  -" ]]
	proof 60 "not proven" "$(sed -n 1p l | cut -f 3)"
	run -0 bk-age --table --receipts proofs <l
	[[ ${lines[2]} == *"  5.0MiB  refuted  -" ]]
	# what is stored under a template of its own
	run -0 bk-age --table --group 's3://b/{db}/{tier}/{db}-{utc}.bk' <l
	[[ ${lines[3]} == "shop      weekly "* ]]
	# in all places
	sed 's,s3://b/,/copy/,' l >copy
	run -0 sh -c 'cat l copy | bk-age --table'
	[ "${#lines[@]}" = 7 ]
	[[ ${lines[1]} == "/copy/crm/*/crm-*.bk "*" daily "* && ${lines[6]} == "s3://b/shop/*/shop-*.bk  weekly "* ]]
	NO_COLOR= run -0 bash -c 'bk-age --table <l | grep -v "[^ -~]" | wc -l'
	[ "$output" = 4 ]
}

@test "--table of what cannot be read is UNKNOWN, with the cause and no rows of it" {
	backup 60 $M >l
	run -3 --separate-stderr bk-age --table </dev/null
	[ "$output" = "listing: standard input: empty listing" ]
	[ -z "$stderr" ]
	run -3 bk-age --table --receipts nowhere <l
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[1]} == "shop "*"       -  -" ]]
	[ "${lines[2]}" = "receipts: nowhere: No such file or directory" ]
	printf '!\t\ts3://b/: HTTP 503 Slow Down\n' >>l
	backup 120 $M >>l
	run -3 bk-age --table <l
	[ "$output" = "listing: the listing could not be finished: s3://b/: HTTP 503 Slow Down" ]
	backup -7200 $M >l
	run -3 bk-age --table <l
	[[ ${lines[1]} == "shop "*" future  $(when -7200)  future "* ]]
	[ "${lines[2]}" = "shop: dated in the future, or this host's clock is slow" ]
	proof 60 proven "$(cut -f 3 l)"
	run -3 bk-age --table --min-size 1 <l
	[[ $output == *"--table judges nothing"* ]]
	backup 60 $M >l
	mkdir empty
	echo x >empty/x.receipt.json
	run -0 bk-age --table --receipts empty <l
	[[ ${lines[2]} == "receipts: empty/x.receipt.json: not a receipt: "* ]]
	run -3 --separate-stderr sh -c 'bk-age --table <l >/dev/full'
	[ "$stderr" = "bk-age: standard output: write: No space left on device" ]
}

@test "--table: names cannot break a line, copies are told" {
	{ printf '%s\t%s\tb/%s/%s-%s.bk\n' "$(when 60)" $M 'daily' 'a\n\u001b[1mb\x9b' "$(stamp 60)"
	    backup $((30 * DAY)) $M | sed "s/\$/\tstored=$(when 60)/"; } >l
	run -0 bk-age --table <l
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[1]} == "a ?[1mb?  daily "* ]]
	[[ ${lines[2]} == "shop "*" 30d  "* ]]
	[ "${lines[3]}" = "shop: 1 of 1 stored over a day after they were made" ]
}

@test "--table of a cluster: how far back it can be recovered" {
	local i
	for i in 4 3 2; do
		printf '%s\t%s\ts3://b/base/pg1-%s-full.0-%s000028.tar.bk\n' \
		    "$(when $((i * DAY)))" $M "$(stamp $((i * DAY)))" $((9 - i))
	done >bases
	for i in 5 6 7 8; do
		segment $(((9 - i) * DAY - 3600)) 00000001000000000000000$i.bk
	done >wal
	run -0 sh -c 'cat bases wal | bk-age --table'
	[[ ${lines[1]} == "pg1       -         2d  $(when $((2 * DAY)))      4d      3  3.0MiB       -  4d .. 23h ago" ]]
	run -1 sh -c 'cat bases wal | bk-age --json'
	jq -e --arg from "$(when $((4 * DAY)))" --arg to "$(when $((DAY - 3600)))" \
	    --arg new "$(when $((2 * DAY)))" '.subjects[0] |
	    .recoverable_from == $from and .recoverable_to == $to and
	    .tiers == [{tier: null, newest: $new, oldest: $from, count: 3,
		bytes: 3145728, proven: null, refuted: null}]' <<<"$output"
	# of another size, incomplete, of somebody else, none
	run -0 sh -c 'cat bases wal | bk-age --table --segment-size 64M'
	[[ ${lines[1]} == *"  -" ]]
	run -0 sh -c 'cat bases wal | grep -v 0006.bk | bk-age --table'
	[[ ${lines[1]} == *"  2d .. 23h ago" ]]
	run -0 sh -c '{ cat bases wal; sed s/pg1/pg2/ bases; } | bk-age --table'
	[[ ${lines[1]} == "pg1 "*"  -" && ${lines[2]} == "pg2 "*"  -" ]]
	run -0 bk-age --table <bases
	[[ ${lines[1]} == *"  -" ]]
	run -0 sh -c 'grep -v 0006.bk wal | bk-age --wal --table'
	[[ ${lines[1]} == "s3://b/shop/wal  - "*"      3  "*"  -" ]]
	[ "${lines[2]}" = "s3://b/shop/wal: 1 segment missing: the first is 000000010000000000000006" ]
}

# --- other forms

@test "--json says all of it" {
	{ backup 60 $M; backup $((9 * DAY)) 5 crm; } >l
	run -2 bk-age --json --min-size 6 --path . <l
	[ "${#lines[@]}" = 1 ]
	jq -e --arg t "$(when 60)" '.status == "CRITICAL" and .code == 2 and
	    (.subjects | length) == 3 and
	    (.subjects[] | select(.name == "shop") | .status == "OK" and
		.newest == $t and .checks.age.value >= 60 and
		.checks.age.warning == 90000 and .proven == null) and
	    (.subjects[] | select(.name == "crm") |
		.checks.size.status == "CRITICAL")' <<<"$output"
	run -3 bk-age --json </dev/null
	jq -e '.status == "UNKNOWN" and .code == 3 and
	    (.subjects[0].note | test("empty listing"))' <<<"$output"
}

@test "--prometheus writes instants, by the grammar of the text format" {
	{ series $((2 * M)) $M $M $M; backup $((9 * DAY)) 5 crm; } >l
	run_of bk-dump failure shop >log
	proof 7200 proven "$(sed -n 1p l | cut -f 3)"
	run -2 bk-age --prometheus m.prom --receipts proofs --log log --path . <l
	[ "$(stat -c %a m.prom)" = 644 ]
	local series='db="shop",series="s3://b/shop/*/shop-*.bk"'
	grep -qxF "bk_backup_last_timestamp_seconds{$series} $((NOW - 3600))" m.prom
	grep -qxF "bk_backup_last_size_bytes{$series} $((2 * M))" m.prom
	grep -qxF "bk_backup_usual_size_bytes{$series} $M" m.prom
	grep -qxF "bk_backup_stored{$series} 4" m.prom
	grep -qxF "bk_backup_stored_bytes{$series} $((5 * M))" m.prom
	[ "$(grep -c '^bk_backup_restore_test_seconds{' m.prom)" = 0 ]
	grep -qxF "bk_backup_last_proven_timestamp_seconds{$series} $((NOW - 7200))" m.prom
	grep -qxF "bk_backup_status{$series} 0" m.prom
	grep -q '^bk_backup_last_proven_timestamp_seconds{db="crm",.*} 0$' m.prom
	grep -qx 'bk_backup_consecutive_failures{task="bk-dump shop"} 1' m.prom
	grep -q '^bk_disk_free_ratio{path="."} [01]\.[0-9]*$' m.prom
	# a test that restored is another thing than one that only read
	proof_of 7100 proven shop 3600 ',"restore_seconds":61.5'
	proof_of 7000 proven shop 3600 ',"seconds":0.5,"restore_seconds":null'
	proof_of 6900 'not proven' shop 3600 ',"restore_seconds":7'
	run -2 bk-age --prometheus m.prom --receipts proofs <l
	grep -qxF "bk_backup_restore_test_seconds{$series} 61.500" m.prom
	run -2 bk-age --json --receipts proofs <l
	jq -e '.subjects[] | select(.name == "shop") |
	    .restore_test_seconds == 61.5 and .stored_bytes == 5242880' <<<"$output"
	segment 90 000000010000000200000001 >l
	run -0 bk-age --wal --prometheus wal.prom <l
	grep -qxF 'bk_wal_missing_segments{archive="s3://b/shop/wal"} 0' wal.prom
	grep -qxF "bk_wal_last_archived_timestamp_seconds{archive=\"s3://b/shop/wal\"} $((NOW - 90))" wal.prom
	grammar <m.prom
	grammar <wal.prom
	# a collector reads both: no sample may be in the two of them
	run -0 sh -c "sed '/^#/d; s/ [^ ]*\$//' m.prom wal.prom | sort | uniq -d"
	[ -z "$output" ]
	grep -qx 'bk_age_last_run_timestamp_seconds{file="wal.prom"} [0-9]*' wal.prom
}

# grammar: HELP, TYPE, then samples of that name; each name and label set once.
grammar() {
	perl -ne '
	    chomp;
	    my $label = qr/[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"/;
	    if (/^# HELP (\w+) \S.*$/) {
		$help = $1;
	    } elsif (/^# TYPE (\w+) gauge$/) {
		$name = $1;
		$name eq $help or die "TYPE: $_\n";
		$seen{$name}++ and die "twice: $_\n";
	    } elsif (/^(\w+)(\{$label(?:,$label)*\})? [0-9]+(?:\.[0-9]+)?$/) {
		$1 eq $name or die "sample: $_\n";
		$all{$_}++ and die "twice: $_\n";
		$name =~ /_(?:count|sum|total|bucket|info)$/ and die "name: $_\n";
	    } else {
		die "line: $_\n";
	    }
	    END { exit($? || !$name) }'
}

@test "promtool finds nothing wrong with the metrics" {
	series $M $M $M $M >l
	bk-age --prometheus m.prom --path . <l
	promtool check metrics <m.prom
}

@test "metrics that cannot be found out or written stay as they were" {
	backup 60 $M >l
	echo old >m.prom
	run -3 bk-age --prometheus m.prom </dev/null
	run -3 bk-age --prometheus m.prom --log nowhere <l
	[ "$(cat m.prom)" = old ]
	run -3 bk-age --prometheus no/m.prom <l
	[[ ${lines[0]} == "BACKUP UNKNOWN - metrics: no: no such directory; mount its disk, or create it"* ]]
	[[ ${lines[1]} == "BACKUP OK - shop: "* ]]
	mkdir dir.prom
	run -3 bk-age --prometheus dir.prom <l
	[ "$(ls -d m.prom* dir.prom*)" = "$(printf 'dir.prom\nm.prom')" ]
}

@test "the audit log has a line of bk-age, too" {
	backup $((9 * DAY)) $M >l
	BK_AUDIT_LOG=$PWD/log run -2 bk-age <l
	jq -e '.operation == "bk-age" and .type == "monitor" and
	    .status == "success"' log
	BK_AUDIT_LOG=$PWD/log run -3 bk-age </dev/null
	tail -n 1 log | jq -e '.status == "failure" and
	    (.error | test("empty listing"))'
	BK_AUDIT_LOG=/dev/full run -3 bk-age </dev/null
}

# --- the page

@test "the page's examples" {
	bk-s3ls() { backup 60 $M; }
	bk-ls() { segment 60 000000010000000200000001; }
	export -f bk-s3ls bk-ls backup segment when stamp
	export NOW M
	local proofs=$PWD/proofs
	proof 60 proven "$(backup 60 $M | cut -f 3)"
	run_of bk-dump success shop >audit.log
	received 1 0 0 60
	mv lag wal.prom
	mandoc -Tascii "$TOP/man/bk-age.1" | col -bx |
	    sed -n '/^EXAMPLES/,/^SEE ALSO/p' | grep -E '^ {8,}' |
	    sed "s,/var/log/bk/audit.log,$PWD/audit.log,
		s,/var/lib/bk/proofs,$proofs,; s,/var/lib/bk/metrics,$PWD,
		s,--path /srv/backups,--path . --min-free 0%," >examples
	[ "$(grep -c bk-age examples)" -ge 4 ]
	run -0 bash -eo pipefail examples
	[ "$(grep -c '^BACKUP OK' <<<"$output")" -ge 4 ]
	grep -qE '^shop +daily .* [0-9ms]+  -$' <<<"$output"
	[ -s "$PWD/backups.prom" ]
}
