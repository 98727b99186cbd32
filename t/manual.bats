#!/usr/bin/env bats
# The EXAMPLES of manual pages, word for word: only where the files are and
# what time it is are this test's.

load support/common
load support/pg
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	s3_mb copies
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb shop
	psql -qX -d shop -c 'create table t as
	    select i, md5(i::text) from generate_series(1, 5000) i'
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	bk-keygen -o key
	export BK_IDENTITY=$PWD/key BK_RECIPIENTS=$PWD/recipients
	bk-keygen -y key >recipients
	mkdir -p backups/shop srv/backups srv/receipts bin
}

# examples PAGE [LAST]: its examples, to the first line with LAST, in script.
examples() {
	awk -v last="${2-^$}" '/^\.Sh EXAMPLES/ { on = 1; next } /^\.Sh/ { on = 0 }
	    on && /^\.Ed/ { text = 0 } text { print }
	    on && /^\.Bd -literal/ { text = 1 } text && $0 ~ last { exit }' \
	    "$TOP/man/$1" | sed -E "s,\\\\e\$,\\\\,; s,(^|[ '])/(backups|srv|b)/,\1$PWD/\2/,g
	    s,20261121T052719Z,*,; s,(< [^ ]*)/daily/,\1/*/," >script
	[ -s script ]
}

# play: the script; what pg_restore puts back was lost before.  Descriptor 3 is
# bats's, which run itself needs; nobody is there to use a pager.
play() {
	{
		echo 'exec 3>&-
		less() { cat "$@"; }
		pg_restore() { psql -qXc "drop table t" shop &&
		    command pg_restore "$@"; }'
		cat script
	} >all
	run --separate-stderr bash -eo pipefail all
	[ "$status" = 0 ] || { cat script; echo "$stderr"; return 1; }
	[ "$(psql -XAtc 'select count(*) from t' shop)" = 5000 ]
}

# old DIRECTORY: backups of the last 40 days.
old() {
	local i now name
	now=$(date +%s)
	for i in {1..40}; do
		printf -v name '%s/shop-%(%Y%m%dT%H%M%SZ)T.bk' "$1" $((now - i * 86400))
		: >"$name"
		touch -d "@$((now - i * 86400))" "$name"
	done
}

@test "bk-restore" {
	examples bk-restore.1
	[ "$(grep -c bk-restore script)" = 5 ]
	play
	[ "$(psql -XAtc 'select count(*) from t' shop_copy)" = 5000 ]
	bk-restore --list-old shop
}

@test "bk-base, but for increments" {
	examples bk-base.1 '^bk-base -c fast'
	[ "$(grep -c bk-base script)" = 3 ]
	sed -i 's/^bk-base -U backup/& -c fast/' script
	play
	bk-verify <"$(echo backups/*.tar)"
	bk-s3ls s3://backups/base/ | bk-s3rm
}

@test "bk-save" {
	examples bk-save.1
	[ "$(grep -c bk-save script)" = 2 ]
	sed -i 's/--min-free 20pc/--min-free 1pc/' script
	play
	gzip -dc backups/*/all-*.gz | grep 'CREATE DATABASE shop'
}

@test "bk-tee" {
	examples bk-tee.1
	[ "$(grep -c bk-save script)" = 2 ]
	mkdir b
	printf '#!/bin/sh\nshift; exec sh -c "$*"\n' >bin/ssh
	chmod +x bin/ssh
	printf '[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >credentials
	export AWS_SHARED_CREDENTIALS_FILE=$PWD/credentials
	PATH=$PWD/bin:$PATH play
	cmp backups/shop/*.bk <(bk-s3get s3://backups/shop/latest)
	cmp backups/shop/*.bk <(bk-s3get s3://copies/shop/latest)
	cmp backups/shop-*.bk b/shop-*.bk
}

@test "bk-ls" {
	old backups/shop
	mkdir backups/base
	: >backups/base/pg1-20261121T000000Z.tar
	: >backups/base/pg1-20261122T000000Z.tar
	examples bk-ls.1
	[ "$(grep -c bk-ls script)" = 4 ]
	play
	[[ ${lines[40]} == "$PWD/backups/shop/shop-20"* ]]
	[ "${lines[41]}" = "$PWD/backups/base/pg1-20261121T000000Z.tar" ]
	[ "$(ls backups/shop | wc -l)" -lt 40 ]
}

@test "bk-rm" {
	old backups/shop
	: >backups/shop/old.bk
	touch -d '-30 minutes' backups/shop/old.bk
	bk-keygen --sign -o ann.key
	bk-keygen --sign -o bob.key
	{ bk-keygen -y ann.key && bk-keygen -y bob.key; } >approvers
	mkdir other
	old other
	bk-ls "$PWD/other" | bk-prune -d 30 --plan plan --key ann.key
	bk-keygen --approve plan bob.key
	examples bk-rm.1
	[ "$(grep -c bk-rm script)" = 4 ]
	play
	[ ! -e backups/shop/old.bk ]
	[ "$(ls backups/shop | wc -l)" -lt 40 ]
	[ "$(ls other | wc -l)" = 30 ]
}

@test "bk-prune" {
	local i
	bk-dump shop >dump
	for i in 1 2 3; do
		bk-s3put "s3://backups/shop/shop-$(date -u -d "-$i days" \
		    +%Y%m%dT%H%M%SZ).bk" <dump
		printf x | bk-s3put "s3://backups/wal/00000001000000000000000$i.bk"
	done
	bk-s3put "s3://backups/base/base-000000010000000000000002.bk" <dump
	old srv/backups
	bk-ls srv/backups | head -n 1 >holds
	printf '{"bk":"receipt","version":1,"name":"%s","result":"proven","finished":"%s"}\n' \
	    "$(ls srv/backups | tail -n 1)" 2026-01-01T00:00:00Z \
	    >srv/receipts/1.receipt.json
	bk-keygen --sign -o ann.key
	bk-keygen --sign -o bob.key
	{ bk-keygen -y ann.key && bk-keygen -y bob.key; } >approvers
	examples bk-prune.1
	[ "$(grep -c bk-prune script)" = 6 ]
	play
}

# bk-age's page: the table, of what the tools stored and proved.
@test "bk-age --table" {
	local wal now dir=$BATS_FILE_TMPDIR/pg/home/data/pg_wal
	mkdir proofs
	# nothing that other pages have left there
	run bash -c 'bk-s3ls s3://backups/ | bk-s3rm'
	bk-dump shop | bk-s3put 's3://backups/{db}/daily/{db}-{utc}.bk'
	bk-s3get s3://backups/shop/daily/latest | bk-verify --receipts proofs
	bk-base -c fast | bk-s3put 's3://backups/base/pg1-{utc}-{chain}.tar'
	# a record after it, so that the next segment has begun
	psql -qX -c 'select pg_switch_wal()' -c 'create table later (i int)' shop
	now=$(psql -XAtc 'select pg_walfile_name(pg_current_wal_lsn())' shop)
	examples bk-age.1 --table
	sed -i 's,/var/lib/bk/,,' script
	# no WAL yet
	run -0 bash -eo pipefail script
	grep -E '^pg1 +- .* never  -$' <<<"$output"
	for wal in $(ls "$dir" | grep -x '[0-9A-F]\{24\}'); do
		[[ ! $wal < $now ]] || bk-walput "$dir/$wal" -- \
		    'bk-s3put s3://backups/wal/$BK_WAL_NAME'
	done
	run -0 bash -eo pipefail script
	grep -E '^pg1 +- .* 1  .* never  [0-9a-z]+ \.\. [0-9ms]+ ago$' <<<"$output"
	grep -E '^shop +daily .* 1  .* [0-9ms]+  -$' <<<"$output"
	[ "${#lines[@]}" = 3 ]
	bk-s3ls s3://backups/wal/ | bk-s3rm
	bk-s3ls s3://backups/base/ | bk-s3rm
}

# bk-run's page: a job, its settings, and the lines that run them.
@test "bk-run(1)" {
	local name line
	examples bk-run.1
	mkdir -p etc/jobs
	sed -n '/^# a database/,/^ *bk-save/p' script >etc/jobs/backup
	sed -n '/^PGDATABASE=/,/^BK_AUDIT_LOG=/p' script |
	    sed "s,age1\.\.\.,$(<recipients),; s,/var/log/bk,$PWD,; s,/backups,$PWD/backups," >etc/shop.env
	[ "$(wc -l <etc/jobs/backup),$(wc -l <etc/shop.env)" = 3,5 ]
	for name in PGHOST PGPORT PGUSER; do
		[ -z "${!name-}" ] || echo "$name='${!name}'" >>etc/shop.env
	done
	chmod 600 etc/shop.env
	printf -- '--only-change %s/{job}\n--webhook %s/none\n' "$PWD" "$PWD" >tell
	grep -E '^([0-9*]+ ){2}|^bk-run' script >lines
	[ "$(wc -l <lines)" = 7 ]
	while read -r line; do
		# cron's five fields; the day is any
		line=$(sed -E "s/^([0-9]+ ){2}[*0-9 ]+//; s,/etc/bk/tell,$PWD/tell,
		    s/'first sun'/sun,mon,tue,wed,thu,fri,sat/; s/^bk-run/bk-run -C etc/" <<<"$line")
		bash -c "$line" </dev/null >printed 3>&-
	done <lines
	[ "$(find backups -name 'shop-*.bk' | wc -l)" -ge 3 ]
	ls backups/shop/weekly backups/shop/monthly backups/shop/daily
	[ "$(find backups -name 'shop-*.gz' | wc -l)" = 1 ]
	jq -r .status audit.log | sort | uniq -c
	run ! grep -q '"failure"' audit.log
}

# bk-check's page: the jobs, settings and crontab that its lines are about.
@test "bk-check(1)" {
	local line
	examples bk-check.1
	mkdir -p etc/jobs
	printf 'bk-dump | bk-gz | bk-crypt | bk-save "$STORE/{db}/{utc}.bk"\n' \
	    >etc/jobs/backup
	printf 'bk-s3get "s3://backups/latest" | bk-crypt -d | bk-restore copy\n' \
	    >etc/jobs/restore
	bk-dump shop | bk-crypt | bk-s3put 's3://backups/shop/{db}-{utc}.bk'
	env | grep -E '^(PG|AWS_)' | sed "s/=\(.*\)/='\1'/" >etc/shop.env
	printf '%s\n' PGDATABASE=shop "STORE=$PWD/backups" \
	    "BK_RECIPIENTS=$PWD/recipients" "BK_IDENTITY=$PWD/key" >>etc/shop.env
	chmod 600 etc/shop.env
	printf '1 2 * * * %s/bk-run -C %s/etc backup@shop\n' "$BK_BIN" "$PWD" >new.crontab
	[ "$(wc -l <script)" = 5 ]
	while read -r line; do
		bash -o pipefail -c "${line/bk-check/bk-check -C etc}" >out </dev/null 3>&- ||
		    { echo "$line"; cat out; return 1; }
		[[ $line == *jq* ]] || [ -s out ]
	done <script
	grep -q $'^ok\trestore@shop: bk-crypt: the keys open' out
	grep -q $'^ok\trestore@shop: bk-restore: rights: ' out
}
