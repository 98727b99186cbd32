#!/usr/bin/env bats
# bk-prune: rules, guards, WAL
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# refused STATUS COMMAND...: that status, nothing on stdout, one line of why.
refused() {
	local status_wanted=$1
	shift
	run -"$status_wanted" --separate-stderr "$@"
	[ -z "$output" ]
	one_line_error bk-prune || { echo "$stderr"; return 1; }
}

# utc WHEN [FORMAT]: a time as date(1) understands it.
utc() { date -u -d "$1" "+${2:-%Y-%m-%dT%H:%M:%SZ}"; }

# daily N [DIR]: the listing of N daily backups, the newest an hour old.
daily() {
	local i
	for ((i = $1 - 1; i >= 0; i--)); do
		printf '%s\t1000\t%s/shop-%s.bk\n' "$(utc "-1 hour -$i days")" \
		    "${2:-s3://backups/shop}" \
		    "$(utc "-1 hour -$i days" %Y%m%dT%H%M%SZ)"
	done
}

@test "it prints what no rule keeps, as it was listed" {
	daily 10 >list
	bk-prune -d 6 <list >gone
	head -n 4 list | cmp - gone
	bk-prune --keep-daily 10 <list >gone
	[ ! -s gone ]
	bk-prune --keep-last=8 --keep-hourly 1 --keep-weekly 1 \
	    --keep-monthly 1 --keep-yearly 1 <list >gone
	[ "$(wc -l <gone)" = 2 ]
	bk-prune --keep-within 7d <list >gone
	head -n 3 list | cmp - gone
	sort -R list | bk-prune -d 6 | sort | cmp - <(head -n 4 list)
}

@test "restic's own cases" {
	[ -d "$SHARED/vectors/retention" ] || skip "no vectors of retention"
	cat >keeps <<'EOF'
#!/bin/bash
# of one time restic keeps the first, and we the one with the last name
awk -F'\t' '{ printf "%s\t1\t%04d-%s\n", $2, 9999 - NR, $1 }' >in &&
bk-prune $KEEP_ARGS --require-fresh 0 --max-share 100% --min-keep 0 <in |
    cut -f 3 >gone && cut -f 3 in | { grep -vxFf gone || [ $? = 1 ]; } | cut -c 6-
EOF
	chmod +x keeps
	local dir
	for dir in "$SHARED"/vectors/retention/?; do
		python3 "$SHARED/vectors/retention/retention.py" run "$dir" \
		    restic "$PWD/keeps"
	done
}

@test "a listing that is cut, or is none, is refused" {
	daily 10 >list
	head -c $(($(stat -c %s list) - 1)) list >cut
	refused 3 bk-prune -d 6 <cut
	[[ $stderr == *"was the listing truncated?"* ]]
	local n
	for n in 3 21 25 27 40; do
		head -c $(($(stat -c %s list) - n)) list >cut
		refused 3 bk-prune -d 6 <cut
	done
	cat list list >twice
	refused 3 bk-prune -d 6 <twice
	cut -f 3 list >bare
	refused 3 bk-prune -d 6 <bare
	refused 4 bk-prune -d 6 </dev/null
	refused 1 bk-prune -d 6 <.
}

@test "an empty policy is refused" {
	daily 10 >list
	refused 3 bk-prune <list
	refused 3 bk-prune -d 0 --keep-within 0 <list
	refused 3 bk-prune --first-run --require-fresh 0 --min-keep 0 <list
}

@test "a record of the future, or a clock that is behind, is refused" {
	{ daily 10; printf '%s\t1\ts3://backups/shop/shop-%s.bk\n' \
	    "$(utc '+1 hour')" "$(utc '+1 hour' %Y%m%d)"; } >list
	refused 3 bk-prune -d 9 <list
	[[ $stderr == *future* ]]
	bk-prune -d 9 --max-ahead 2h <list >gone
	[ -s gone ]
}

@test "a job that stopped does not cost the last backups" {
	daily 20 >all
	head -n 17 all >list		# the newest is 3 days and 1 hour old
	refused 3 bk-prune -d 10 <list
	[[ $stderr == *"3d1h old"* ]]
	refused 3 bk-prune -d 10 --require-fresh 72h <list
	bk-prune -d 10 --require-fresh 74h <list >gone
	[ "$(wc -l <gone)" = 7 ]
	bk-prune -d 10 --require-fresh 0 <list | cmp - gone
	# a tier that has only weekly ones
	sed 's,/shop/,/shop/weekly/,' list | bk-prune -d 10 >gone
	[ "$(wc -l <gone)" = 7 ]
	sed 's,/shop-,/shop_weekly_,' list | bk-prune --keep-within 10d >gone
	[ "$(wc -l <gone)" = 7 ]
}

@test "not most of a series at once, but for the first time" {
	daily 10 >list
	refused 3 bk-prune -d 4 <list
	[[ $stderr == *"6 of 10 would be deleted at once, more than 50%"* ]]
	bk-prune -d 5 <list >gone
	[ "$(wc -l <gone)" = 5 ]
	bk-prune -d 4 --max-share 60% <list >gone
	bk-prune -d 4 --max-share 60pc <list | cmp - gone
	[ "$(wc -l <gone)" = 6 ]
	bk-prune -d 4 --first-run <list | cmp - gone
	refused 3 bk-prune -d 5 --max-share 49pc <list
}

@test "never the newest, the last three, what is held" {
	daily 10 >list
	bk-prune -m 1 --first-run <list >gone
	[ "$(wc -l <gone)" -le 7 ]
	tail -n 3 list | { run ! grep -xFf gone; }
	bk-prune -l 1 --first-run --min-keep 0 <list >gone
	head -n 9 list | cmp - gone
	{ echo '# for the auditors'; sed -n '2s/.*\///p' list; sed -n 4p list
	    sed -n 5p list | cut -f 3; } >holds
	bk-prune -l 1 --first-run --min-keep 0 --holds holds <list >gone
	sed -n '1p;3p;6,9p' list | cmp - gone
	# a typing error must not cost what it was to hold
	echo "shop-$(utc -1day %Y%m%dT00)" >>holds
	refused 3 bk-prune -l 1 --first-run --min-keep 0 --holds holds <list
	[[ $stderr == *"holds: 'shop-"*"' is not in the listing; correct"* ]]
	refused 1 bk-prune -l 1 --holds nowhere <list
	refused 1 bk-prune -l 1 --holds . <list
}

@test "of one time, as a careless copy leaves it, the last name is the newest" {
	printf '1970-01-01T00:00:00Z\t1000\ts-2026111%sT000000Z.bk\n' 1 2 5 3 4 >list
	bk-prune -l 1 --min-keep 1 --require-fresh 0 --first-run --min-stored 1s \
	    <list >gone
	[ "$(grep -c . gone)" = 4 ]
	run -1 grep 20261115T gone
}

# receipt NAME RESULT FINISHED: as bk-verify writes them.
receipt() {
	printf '{"bk":"receipt","version":1,"name":"%s","result":"%s",' "$1" "$2"
	printf '"finished":"%s"}\n' "$3"
}

@test "never the last that was proven" {
	daily 10 >list
	mkdir proofs
	name() { sed -n "${1}p" list | cut -f 3; }
	refused 3 bk-prune -d 5 --receipts proofs <list
	receipt "$(name 1)" proven 2026-01-01T00:00:00Z >proofs/1.receipt.json
	receipt shop none 2026-01-01T00:00:00Z >proofs/none.json
	bk-prune -d 5 --receipts proofs <list >gone
	sed -n 2,5p list | cmp - gone
	{ receipt "$(name 2)" proven 2026-01-01T00:00:00Z
	    receipt "${list}shop/$(name 3 | sed 's/.*\///')" proven 2026-01-01T00:00:00Z
	} >proofs/2.receipt.json
	bk-prune -d 5 --receipts proofs <list >gone
	sed -n '1,2p;4,5p' list | cmp - gone
	# found bad since
	receipt "$(name 3)" 'not proven' 2026-01-02T00:00:00Z >proofs/3.receipt.json
	receipt "$(name 4)" 'could not tell' 2026-01-02T00:00:00Z >proofs/4.receipt.json
	bk-prune -d 5 --receipts proofs <list >gone
	sed -n '1p;3,5p' list | cmp - gone
	# of a verifier whose clock was wrong: it would outlast each later one
	receipt "$(name 4)" proven 2126-01-02T00:00:00Z >proofs/4.receipt.json
	refused 3 bk-prune -d 5 --receipts proofs <list
	[[ $stderr == *": its newest receipt is dated "*" in the future, or "* ]]
	rm proofs/4.receipt.json
	# what is no receipt is told, and keeps no other from being believed
	for bad in '{"name":"x"' '{"name":"x"}' ''; do
		printf %s "$bad" >proofs/5.receipt.json
		run -0 --separate-stderr bk-prune -d 5 --receipts proofs <list
		cmp gone - <<<"$output"
		[[ $stderr == "bk-prune: proofs/5.receipt.json: not a receipt: "*"; remove what is no receipt" ]]
	done
	# none that counts is left
	rm proofs/[1-4].receipt.json
	run -3 --separate-stderr bk-prune -d 5 --receipts proofs <list
	[[ $stderr == *"proofs: no receipt of 0 matches any record in the listing: nothing is proven" ]]
	# a receipt of the database at that instant is one of every copy
	receipt '' proven 2026-01-01T00:00:00Z | jq -c --arg at \
	    "$(name 3 | sed -E 's/.*(....)(..)(..)T(..)(..)(..)Z.*/\1-\2-\3T\4:\5:\6Z/')" \
	    '.name = null | .database = "shop" | .at = $at' >proofs/5.receipt.json
	bk-prune -d 5 --receipts proofs <list >gone
	sed -n '1,2p;4,5p' list | cmp - gone
	refused 1 bk-prune -d 5 --receipts nowhere <list
	# reasons, also where no receipt is of these
	rm proofs/*
	receipt other proven 2026-01-01T00:00:00Z >proofs/1.receipt.json
	run -3 --separate-stderr bk-prune -d 5 --explain --receipts proofs <list
	[[ ${lines[9]} == *"daily 1/5, newest, min-keep"* ]]
	[[ $stderr == *"matches any record in the listing"* ]]
}

@test "one database that stopped does not keep the others from pruning" {
	{ daily 10; daily 20 s3://backups/old | sed -n 1,10p; daily 9 |
	    sed 's/shop-/blog-/'; } >list
	run -3 --separate-stderr bk-prune -d 5 <list
	[ "$(cut -f 3 <<<"$output" | sed 's/-.*//' | sort | uniq -c | xargs)" = \
	    '4 s3://backups/shop/blog 5 s3://backups/shop/shop' ]
	one_line_error bk-prune
	[[ $stderr == *"s3://backups/old/shop-"*"newest backup is 10d1h old"* ]]
	run -3 --separate-stderr bk-prune -d 5 --explain <list
	[ "$(cut -f 1 <<<"$output" | sort | uniq -c | xargs)" = \
	    '9 delete 15 keep 5 refuse' ]
	[ "$(grep -c '^refuse.*/old/' <<<"$output")" = 5 ]
	# too large a share of one likewise
	{ daily 10; daily 20 s3://backups/new; } >list
	run -3 --separate-stderr bk-prune -d 5 <list
	[ "${#lines[@]}" = 5 ]
	[[ $output != */new/* ]]
	one_line_error bk-prune
}

@test "not what was stored lately, and nothing that is no backup" {
	daily 10 >list
	# a copy of an hour ago, and one of two days ago
	sed -e "1s/$/\tstored=$(utc '-1 hour')/" -e "2s/$/\tstored=$(utc '-2 days')/" list >copied
	bk-prune -d 6 <copied >gone
	sed -n 2,4p copied | cmp - gone
	bk-prune -d 6 --min-stored 30m <copied | cut -f 1-3 | cmp - <(head -n 4 list)
	bk-prune -d 6 --min-stored 9d <list | cmp - <(head -n 1 list)
	bk-prune -d 6 --explain <copied | sed -n 1p >why
	[[ $(<why) == keep*Z$'\tstored lately' ]]
	# hourly ones: the last day in any case
	for i in {48..1}; do
		printf '%s\t1\tx-%s\n' "$(utc "-$i hours")" \
		    "$(utc "-$i hours" %Y%m%dT%H%M%SZ)"
	done >hours
	bk-prune -l 3 --first-run <hours | cmp - <(head -n 25 hours)
	# receipts beside them are no series that stopped
	{ cat list; printf '%s\t1\ts3://backups/receipts/shop.%s.receipt.json\n' \
	    "$(utc -9days)" 20261101T000000Z "$(utc -8days)" 20261102T000000Z; } >both
	bk-prune -d 6 <both | cmp - <(head -n 4 list)
	refused 3 bk-prune -d 6 < <(tail -n 2 both)
}

@test "what was stored late takes no place of what was stored in time" {
	local i
	# a small one for each past day, put there 5 minutes ago
	for ((i = 2; i <= 30; i++)); do
		printf '%s\t5\ts3://backups/shop/shop-%s.bk\tstored=%s\n' \
		    "$(utc "-55 minutes -$i days")" \
		    "$(utc "-55 minutes -$i days" %Y%m%dT%H%M%SZ)" \
		    "$(utc '-5 minutes')"
	done >late
	daily 31 >list
	bk-prune -d 30 <list >gone
	head -n 1 list | cmp - gone
	cat list late | bk-prune -d 30 | cmp - gone
	cat list late | bk-prune -l 30 | cmp - gone
	# they do not hide what a share is of, nor a job that stopped
	refused 3 bk-prune -d 14 < <(cat list late)
	[[ $stderr == *': 17 of 31 would be deleted at once'* ]]
	refused 3 bk-prune -d 30 < <(head -n 27 list; cat late)
	# of days without another they are kept, as long as these count
	{ head -n 21 list; tail -n 1 list; cat late; } |
	    bk-prune -d 15 --min-stored 0 --first-run --explain >why
	[ "$(grep -c $'^keep\t.*stored=.*daily' why)" = 8 ]
	[ "$(grep -v stored= why | grep -c ^keep)" = 15 ]
	# a bucket that was copied is pruned as it was
	sed "s/\$/\tstored=$(utc '-2 days')/" list >copied
	bk-prune -d 28 <copied | cut -f 1-3 | cmp - <(head -n 3 list)
}

@test "a directory for each day makes no series for each day" {
	local day at
	for day in {20..1}; do
		at=$(utc "-$day days")
		printf '%s\t1000\ts3://backups/database/%s/shop_daily_%s.bk\n' "$at" \
		    "${at%T*}" "$(utc "-$day days" %H%M%S)"
		printf '%s\t1000\tfull_%s/full_shop.bk\n' "$at" \
		    "$(utc "-$day days" %Y%m%dT%H%M%SZ)"
	done >list
	bk-prune -d 15 <list >gone
	cmp gone <(head -n 10 list)
	run -0 bk-age --min-size 1 <list
	[ "$(bk-age --json --min-size 1 <list | jq '.subjects // .series | length')" = 2 ]
}

@test "each series on its own: by name, or by a pattern" {
	{ daily 6; daily 6 s3://backups/shop/weekly; daily 6 | sed 's/shop-/blog-/'
	    printf '%s\t1\ts3://backups/README.md\n' "$(utc -9days)"; } >list
	bk-prune -d 3 <list | cut -f 3 | sed 's/-.*//' | sort | uniq -c >got
	[ "$(sed 's/^ *//' got)" = "3 s3://backups/shop/blog
3 s3://backups/shop/shop
3 s3://backups/shop/weekly/shop" ]
	# shop's two tiers as one, twice a day
	bk-prune -l 6 --group 's3://backups/*/{db}-{utc}.bk' <list >gone
	[ "$(grep -c /shop- gone)" = 6 ]
	# the tier could begin in the middle of a database's name
	daily 4 | sed 's,shop/shop-,uvis_gps_daily_,' >under
	refused 3 bk-prune -l 1 --group 's3://backups/{db}_{tier}_{utc}.bk' <under
	[[ $stderr == *"in two ways, {db} uvis {tier} gps_daily or {db} uvis_gps {tier} daily;"* ]]
	run -3 bk-age --min-size 1 --group 's3://backups/{db}_{tier}_{utc}.bk' <under
	[[ $output == *"in two ways, {db} uvis or {db} uvis_gps;"* ]]
	bk-prune -l 1 --first-run --min-keep 0 <under >gone
	[ "$(wc -l <gone)" = 3 ]
	run -2 bk-prune -l 6 --group '{name}' <list
	refused 3 bk-prune -l 6 --group 'gs://*' <list
}

@test "--explain prints every record, in no form of a listing" {
	daily 8 >list
	bk-prune -d 4 -w 1 --explain <list >why
	[ "$(wc -l <why)" = 8 ]
	cut -f 2-4 why | cmp - list
	[[ $(tail -n 1 why) == keep$'\t'*"daily 1/4, weekly 1/1, newest, min-keep" ]]
	[[ $(head -n 1 why) == delete$'\t'*"no rule" ]]
	run -3 --separate-stderr bk-s3rm -n <why
	[[ $stderr == *"not a record" ]]
	run -3 --separate-stderr bk-rm -n <why
	[[ $stderr == *"not a record" ]]
	# a listing that cannot be read has no reasons
	head -n 4 list | head -c -1 >cut
	refused 3 bk-prune -d 1 --explain <cut
	# also what a guard refuses
	run -3 --separate-stderr bk-prune -d 1 --explain <list
	[ "${#lines[@]}" = 8 ]
	one_line_error bk-prune
}

@test "the calendar is that of --tz" {
	# in Berlin the second one is of the next day
	printf '%s\t1\tx-%s\n' 2026-07-01T21:30:00Z 20260701 \
	    2026-07-01T22:30:00Z 20260702 >list
	local free='--require-fresh 0 --min-keep 0'
	bk-prune -d 2 $free <list >gone
	[ ! -s gone ]		# the oldest, as the rule has one left
	printf '%s\t1\tx-%s\n' 2026-06-01T21:30:00Z 20260601 >>list
	bk-prune -d 2 $free <list | grep x-20260701
	bk-prune -d 2 $free --tz UTC <list | grep x-20260701
	bk-prune -d 2 $free --tz Europe/Berlin <list | grep x-20260601
	# TZ of the environment is not the calendar's
	TZ=Europe/Berlin bk-prune -d 2 $free <list | grep x-20260701
	mkdir zones
	cp /usr/share/zoneinfo/Europe/Berlin zones/ours
	TZDIR=$PWD/zones bk-prune -d 2 $free --tz ours <list | grep x-20260601
	echo 'Berlin is +1' >zones/text
	TZDIR=$PWD/zones run -2 bk-prune -d 2 $free --tz text <list
	for zone in Europe/Nowhere ../zoneinfo/UTC /etc/localtime '' Europe; do
		run -2 bk-prune -d 2 $free --tz "$zone" <list
	done
}

@test "usage errors" {
	daily 3 >list
	local call
	for call in '-d x' '-d -2' '-d' '--keep-within x' '--keep-within 1m' \
	    '--max-share 101pc' '--max-share 50%%' '--max-share 50' '--min-stored x' '--max-share x' '--max-share %' \
	    '--min-keep x' '--require-fresh x' '--max-ahead x' 'list' ; do
		run -2 bk-prune $call <list
	done
	run -1 sh -c 'bk-prune -d 1 --first-run --min-keep 0 <list >/dev/full'
}

@test "WAL: as bk-base and bk-walrecv store it" {
	local i name
	mkdir -p base wal
	for i in {1..40}; do
		printf -v name 'wal/0000000100000000%08X' "$i"
		: >"$name"
		touch -d "-$((41 - i)) days -1 hour" "$name"
	done
	cp -p "$name" wal/000000010000000000000020.partial	# 32
	: >"wal/000000010000000000000029.partial"		# the next
	: >wal/00000002.history
	for i in 1 8 15 22; do
		: >"base/pg1.example.com-$(date -u -d "-$i days" +%Y%m%dT020000Z).tar.bk"
	done
	bk-ls --stored base >bases && bk-ls wal | bk-prune --wal-for bases >gone
	# two days before the oldest of them
	[ "$(grep -vc partial gone)" -ge 15 ] && [ "$(grep -vc partial gone)" -le 17 ]
	grep -q $'\\.partial\t' gone
	run -0 grep -c 'history\|029.partial' gone || [ "$output" = 0 ]
	bk-ls --stored base | bk-prune -w 2 --min-keep 0 --first-run --min-stored 0 | bk-rm
	[ "$(ls base | wc -l)" = 2 ]
	bk-ls --stored base >bases && bk-ls wal | bk-prune --wal-for bases --first-run | bk-rm
	[ "$(ls wal | wc -l)" -le 14 ] && [ "$(ls wal | wc -l)" -ge 11 ]
	[ -e wal/000000010000000000000029.partial ] && [ -e wal/00000002.history ]
	# the archive has ended: who says that its WAL is not needed?
	touch -d '-30 days' wal/*
	refused 3 bk-prune --wal-for bases < <(bk-ls wal)
}

# segments N: the listing of N segments, one an hour.
segments() {
	local i
	for ((i = 1; i <= $1; i++)); do
		printf '%s\t16777216\ts3://backups/wal/0000000100000000%08X.bk\n' \
		    "$(utc "-$(($1 - i + 1)) hours")" "$i"
	done
}

@test "WAL: what no base backup and no window needs" {
	segments 48 >wal
	{ printf '%s\t1\ts3://backups/base/base-0000000100000000%08X.bk\n' \
	    "$(utc -40hours)" 9 "$(utc -16hours)" 33; } >bases
	bk-prune --wal-for bases <wal >gone
	head -n 8 wal | cmp - gone
	# a window alone lets go of no base backup
	bk-prune --wal-for bases --keep-within 1h <wal | cmp - gone
	refused 3 bk-prune --wal-for bases -l 1 --min-keep 0 <wal
	bk-prune --wal-for bases -l 1 --min-keep 0 --first-run <wal >gone
	head -n 32 wal | cmp - gone
	printf '%s\t1\ts3://backups/base/base-20261119-%s.bk\n' \
	    "$(utc -40hours)" 000000010000000000000009 >one
	bk-prune --wal-for one --keep-within 44h30m <wal >gone
	head -n 3 wal | cmp - gone
	head -n 1 wal >holds
	bk-prune --wal-for bases --holds holds <wal >gone
	sed -n 2,8p wal | cmp - gone
	# a base backup whose start is nowhere
	printf '%s\t1\ts3://backups/base/base-%s.bk\n' "$(utc -30hours)" \
	    "$(utc -30hours %Y%m%d)" >bases
	refused 3 bk-prune --wal-for bases <wal
	# one of shortly before may be another's that overlapped
	printf '%s\t1\ts3://backups/wal/%s.00000028.backup.bk\n' \
	    "$(utc '-31 hours')" 000000010000000000000012 >>wal
	refused 3 bk-prune --wal-for bases <wal
	printf '%s\t1\ts3://backups/wal/%s.00000028.backup.bk\n' \
	    "$(utc '-79 hours')" 000000010000000000000011 >>wal
	bk-prune --wal-for bases <wal >gone
	head -n 16 wal | cmp - gone
	refused 4 bk-prune --wal-for /dev/null <wal
	refused 1 bk-prune --wal-for nowhere <wal
}
