#!/usr/bin/env bats
# bk-check: each mistake that would be seen at two in the morning is seen now.

load support/common
load support/pg
load support/s3
load support/jobs

setup_file() {
	jobs_start
	bk-keygen -o other.key
	bk-keygen -y other.key >other.pub
	psql -qX -d shop -c 'create role clerk login'
}

teardown_file() { jobs_stop; }

teardown() {
	fault_stop
	jobs_left
}

setup() {
	jobs_use
	mkdir -p etc/jobs proofs log
	settings
	job backup 'bk-dump | bk-gz | bk-crypt |
    bk-s3put "$STORE/{db}/{tier}/{db}-{utc}.bk"'
	job prune 'bk-s3ls "$STORE/shop/" | bk-prune -d 30 | bk-s3rm'
}

# settings [LINE...]: etc/shop.env, where nothing is wrong but for these lines.
settings() {
	printf '%s\n' "${servers[@]:0:6}" PGDATABASE=shop STORE=s3://backups \
	    "BK_RECIPIENTS=$F/shop.pub $F/other.pub" "BK_AUDIT_LOG=$PWD/log/audit.log" \
	    "AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID" \
	    "AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY" "$@" >etc/shop.env
	chmod 600 etc/shop.env
}

# job JOB TEXT
job() { printf '# a job\n%s\n' "$2" >"etc/jobs/$1"; }

# check JOB...: as from cron, with next to nothing in the environment.
check() {
	run --separate-stderr env -i HOME="$PWD" PATH=/usr/bin:/bin \
	    ASAN_OPTIONS="$ASAN_OPTIONS" "$BK_BIN/bk-check" -C etc "$@"
}

# found STATE PATTERN: there is such a line; missing: there is none.
found() {
	grep -qE "^$1"$'\t'"$2" <<<"$output" ||
	    { printf 'no %s %s:\n%s\n%s\n' "$1" "$2" "$output" "$stderr" >&2; return 1; }
}

missing() {
	if grep -E "^$1"$'\t' <<<"$output"; then return 1; fi
}

# problem PATTERN JOB...: a line that says so, and the exit status.
problem() {
	check "${@:2}"
	found problem "$1"
	[ "$status" = 1 ]
}

@test "a good job has no problem, and leaves nothing" {
	check backup@shop
	cat <<<"$output"
	missing 'problem|warning'
	[ "$status" = 0 ]
	found ok 'backup@shop: bk-dump: connection: database shop .*without a prompt'
	found ok 'backup@shop: bk-dump: rights: '
	found ok 'backup@shop: bk-s3put: s3://backups is there'
	found ok 'backup@shop: bk-s3put: s3://backups/shop/daily/shop-.*: may be written'
	found unknown 'backup@shop: bk-s3put: newest: '
	[ -z "$stderr" ]
	[ "$(stored '')" = 0 ]
	[ "$(s3_uploads backups)" = 0 ]
	[ ! -e log/audit.log ]
	# with one stored, the same, and how it is
	bk-run -C etc backup@shop
	check -q backup@shop prune@shop
	missing 'problem|warning'
	[ "$status" = 0 ]
	[ "$(stored '')" = 1 ]
	check backup@shop prune@shop
	found ok 'backup@shop: bk-s3put: newest: s3://backups/shop/daily/'
	found ok 'prune@shop: bk-prune: in 7 days: 0 of 1 would go'
	found ok 'prune@shop: bk-s3rm: s3://backups: objects may be deleted'
	[ "$(wc -l <log/audit.log)" = 5 ]
}

@test "a base backup: what bk-base --check has" {
	mkdir nas
	job base "bk-base | bk-zst | bk-crypt | bk-save '$PWD/nas/{host}-{utc}.tar'"
	check base@shop
	missing problem
	found ok 'base@shop: bk-base: connection: .*system identifier'
	found warning 'base@shop: bk-base: archive_mode: off'
	found ok 'base@shop: bk-save: directory: '
	[ -z "$(ls -A nas)" ]
	settings PGUSER=clerk
	problem 'base@shop: bk-base: .*(replication|walsender)' base@shop
}

# --- each of these was made in a real set-up

@test "tools that are not there" {
	mkdir bin
	cp "$BK_BIN/bk-check" bin
	run env -i HOME="$PWD" PATH=/usr/bin:/bin bin/bk-check -C etc backup@shop
	[ "$status" = 1 ]
	found problem 'backup@shop: .*/bin/bk-gz: No such file'
	found problem 'backup@shop: .*/bin/bk-s3put: No such file'
}

@test "recipients: none, a secret one, no file, only one, the key itself here" {
	settings BK_RECIPIENTS=
	problem 'backup@shop: bk-crypt: no recipient' backup@shop
	settings "BK_RECIPIENTS=$F/shop.key"
	problem 'backup@shop: bk-crypt: .*(secret|AGE-SECRET-KEY)' backup@shop
	settings "BK_RECIPIENTS=$F/nosuch"
	problem 'backup@shop: bk-crypt: .*nosuch' backup@shop
	settings "BK_RECIPIENTS=$F/shop.pub" "BK_IDENTITY=$F/shop.key"
	check -q backup@shop
	found warning 'backup@shop: bk-crypt: one recipient: '
	found warning 'backup@shop: bk-crypt: BK_IDENTITY: .*shop.key: a private key'
	[ "$status" = 0 ]
}

@test "settings: a name that nothing reads, rights, syntax, no file" {
	settings "BK_RECIPIENT=$F/shop.pub" BK_COLOUR=red BK_MINE=x
	job mine 'bk-ls "$BK_MINE"'
	check -q mine@shop
	found warning 'mine@shop: settings: BK_RECIPIENT: .* is BK_RECIPIENTS meant'
	found warning 'mine@shop: settings: BK_COLOUR: neither'
	missing 'warning	.*BK_MINE'
	chmod 644 etc/shop.env
	problem 'backup@shop: settings: .*shop.env.*chmod' backup@shop
	chmod 600 etc/shop.env
	echo 'no assignment' >>etc/shop.env
	problem 'backup@shop: settings: .*line [0-9]*: no NAME=VALUE' backup@shop
	problem 'backup@none: settings: .*none.env' backup@none
}

@test "the job's file: rights, syntax, an option that is none, no such job" {
	problem 'nosuch@shop: job: nosuch: no such job' nosuch@shop
	job wrong 'bk-dump | | bk-gz'
	problem 'wrong@shop: job: the shell does not understand' wrong@shop
	job wrong 'bk-dump | bk-gz --fast | bk-save "/x/{utc}"'
	problem 'wrong@shop: bk-gz: --fast: no such option' wrong@shop
	job wrong 'bk-seal pg_dumpal -g | bk-gz | bk-save "${NOWHERE:?is not set}"'
	problem 'wrong@shop: bk-seal: pg_dumpal: no such program' wrong@shop
	found unknown 'wrong@shop: it says: .*NOWHERE: is not set'
	job wrong 'bk-seal /bin/echo x | bk-save "${NOWHERE:?is not set}"'
	problem 'wrong@shop: the pipeline ended with exit status 2' wrong@shop
	found ok 'wrong@shop: bk-seal: /bin/echo is there'
	chmod go+w etc/jobs/backup
	problem 'backup@shop: job: .*others may write' backup@shop
}

@test "the server: down, no such database, no rights, row security" {
	settings PGPORT=1
	problem 'backup@shop: bk-dump: .*(refused|No such file)' backup@shop
	found ok 'backup@shop: bk-s3put: s3://backups is there'
	settings PGDATABASE=shopp
	problem 'backup@shop: bk-dump: .*shopp.*does not exist' backup@shop
	settings PGUSER=clerk
	problem 'backup@shop: bk-dump: rights: user clerk may not read 1 of the tables, such as public.t; GRANT pg_read_all_data' backup@shop
	psql -qX -d shop -c 'grant select on t to clerk; alter table t enable row level security'
	problem 'backup@shop: bk-dump: rights: 1 of the tables, such as public.t, have row security' backup@shop
	psql -qX -d shop -c 'alter table t disable row level security; revoke all on t from clerk'
}

@test "the store: no bucket, a wrong key, no right to write, no S3, nobody there" {
	settings STORE=s3://nosuch
	problem 'backup@shop: bk-s3put: .*NoSuchBucket.*; create the bucket' backup@shop
	settings AWS_SECRET_ACCESS_KEY=wrong
	problem 'backup@shop: bk-s3put: .*SignatureDoesNotMatch' backup@shop
	fault_start 'PUT . all status:403:AccessDenied'
	settings "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL"
	problem 'backup@shop: bk-s3put: s3://backups/shop/.*: may not be written' backup@shop
	# keys for storing alone; an answer of nobody knows whom
	fault_start 'GET list-type all status:403:AccessDenied'
	settings "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL"
	check backup@shop
	missing problem
	found unknown 'backup@shop: bk-s3put: s3://backups: these keys may not list it'
	found ok 'backup@shop: bk-s3put: .*: may be written'
	fault_start 'PUT . all empty:200'
	settings "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL"
	check backup@shop
	found unknown 'backup@shop: bk-s3put: whether it may be written is not known: .*not one of S3'
	fault_stop
	settings "AWS_ENDPOINT_URL=http://127.0.0.1:$PGPORT"
	problem 'backup@shop: bk-s3put: ' backup@shop
	settings AWS_ENDPOINT_URL=http://127.0.0.1:1
	problem 'backup@shop: bk-s3put: .*(refused|connect)' backup@shop
	[ "$(stored '')" = 0 ]
}

@test "the newest object is not as it is asked for" {
	echo x | bk-s3put -q s3://backups/shop/daily/shop-20260101T000000Z.bk
	job backup 'bk-dump | bk-s3put --storage-class COLD --sse s3 "$STORE/{db}/{tier}/{db}-{utc}.bk"'
	check -q backup@shop
	found warning 'backup@shop: bk-s3put: newest: .*storage class is STANDARD instead of COLD'
	found warning 'backup@shop: bk-s3put: newest: .*encryption is \(not shown\) instead of AES256'
}

@test "directories: of the files, of the log" {
	job backup "bk-dump | bk-gz | bk-save '$PWD/nas/{db}/{utc}.gz'"
	problem 'backup@shop: bk-save: directory: .*/nas/: No such file' backup@shop
	mkdir nas
	check backup@shop
	found ok 'backup@shop: bk-save: directory: .*/nas/ is there'
	found ok 'backup@shop: bk-save: room: '
	[ -z "$(ls -A nas)" ]
	settings "BK_AUDIT_LOG=$PWD/nosuch/audit.log"
	problem 'backup@shop: audit log: .*nosuch: No such file' backup@shop
	job backup "bk-dump | bk-save --min-free 100pc '$PWD/nas/{utc}.gz'"
	settings
	problem 'backup@shop: bk-save: .*free' backup@shop
}

@test "a name from which nobody learns the database" {
	job backup 'bk-dump | bk-s3put "$STORE/full_backup_{db}_{utc}.bk"'
	check -q backup@shop
	found warning 'backup@shop: bk-s3put: name: .* this is a backup of "full_backup_shop", not of "shop".*--group'
	job backup 'bk-dump | bk-s3put "$STORE/{db}.bk"'
	check -q backup@shop
	found warning 'backup@shop: bk-s3put: name: .*has no time.*add \{utc\}'
}

@test "pruning: what a guard would refuse, today and later; another region" {
	local now week
	now=$(date -u +%Y%m%dT%H%M%SZ)
	week=$(date -u -d -7days +%Y%m%dT%H%M%SZ)
	echo x | bk-s3put -q "s3://backups/shop/shop-$week.bk"
	problem 'prune@shop: bk-prune: today: it would refuse: .*newest' prune@shop
	week=$(date -u -d '-36 hours' +%Y%m%dT%H%M%SZ)
	echo x | bk-s3put -q "s3://backups/shop/shop-$week.bk"
	check prune@shop
	found ok 'prune@shop: bk-prune: today: 0 of 2 would go'
	found warning 'prune@shop: bk-prune: in 1 day: it would refuse: .*newest'
	[ "$status" = 0 ]
	job prune 'bk-s3ls "$STORE/shop/" | bk-prune -l 1 --min-keep 0 --min-stored 0 |
	    env AWS_ENDPOINT_URL=http://127.0.0.1:1 bk-s3rm'
	problem 'prune@shop: bk-s3rm: .*listed at .*but the endpoint here' prune@shop
	# whatever the rules say, all of it is still there
	[ "$(stored '')" = 2 ]
	job prune 'bk-s3ls "$STORE/nothing/" | bk-prune -d 30 | bk-s3rm'
	check prune@shop
	found unknown 'prune@shop: bk-s3ls: .*nothing there'
	[ "$status" = 0 ]
}

@test "pruning goes by receipts, also in S3, which are read whole" {
	bk-run -C etc backup@shop
	bk-s3get "s3://backups/shop/daily/latest" |
	    bk-verify -q -i "$F/shop.key" --receipts s3://backups/receipts/
	job prune 'bk-s3ls "$STORE/shop/" | bk-prune -d 30 --receipts s3://backups/receipts/ | bk-s3rm'
	check prune@shop
	missing 'problem|warning'
	found ok 'prune@shop: bk-prune: today: 0 of 1 would go'
	job prune 'bk-s3ls "$STORE/shop/" | bk-prune -d 30 --receipts s3://backups/none/ | bk-s3rm'
	problem 'prune@shop: bk-prune: today: it would refuse: .*none/: .*nothing is proven' prune@shop
	[ "$(wc -l <log/audit.log)" = 5 ]
}

@test "a verifier's key that opens nothing; receipts without a directory" {
	job verify "bk-s3get s3://backups/shop/daily/latest | bk-verify -q --receipts '$PWD/proofs'"
	bk-run -C etc backup@shop
	settings "BK_IDENTITY=$F/shop.key"
	check verify@shop
	missing problem
	found ok 'verify@shop: bk-verify: the keys open the backup'
	found ok 'verify@shop: bk-verify: receipts: .*proofs is there'
	bk-keygen -o third.key
	settings "BK_IDENTITY=$PWD/third.key"
	problem 'verify@shop: bk-verify: .*header' verify@shop
	rmdir proofs
	problem 'verify@shop: bk-verify: .*proofs' verify@shop
	job restore 'bk-s3get "$STORE/shop/daily/latest" | bk-crypt -d | bk-gz -d | bk-restore copy'
	problem 'restore@shop: bk-crypt: .*header' restore@shop
	found ok 'restore@shop: bk-restore: rights: .*may make databases'
	settings "BK_IDENTITY=$F/shop.key" PGUSER=clerk
	problem 'restore@shop: bk-restore: rights: user clerk may not make' restore@shop
	settings "BK_IDENTITY=$F/shop.key"
	check restore@shop
	missing problem
	run -2 psql -qX -d copy -c 'select 1'
	[ -z "$(ls -A proofs 2>/dev/null)" ]
}

@test "several sinks: each is asked, and one that is shell is not run" {
	mkdir nas
	job backup "bk-dump | bk-gz | bk-tee -q 1 \\
	    'bk-save $PWD/nas/{db}-{utc}.gz' 'AWS_SECRET_ACCESS_KEY=wrong bk-s3put s3://backups/{db}-{utc}.gz' \\
	    'cat >$PWD/made'"
	problem 'backup@shop: bk-s3put: .*SignatureDoesNotMatch' backup@shop
	found ok 'backup@shop: bk-save: directory: '
	found ok 'backup@shop: bk-save: name: .*/nas/shop-[0-9TZ]*.gz, a backup of "shop"'
	found unknown "backup@shop: bk-tee: sink cat >.*: not rehearsed: it has 'cat'"
	[ ! -e made ]
	[ -z "$(ls -A nas)" ]
}

@test "shell of a job's own is not run, whatever it looks like" {
	local text
	while read -r text; do
		job own "$text"
		check own@shop
		found unknown 'own@shop: the pipeline is not rehearsed: '
		[ ! -e made ]
	done <<-END
	touch $PWD/made
	bk-ls . >$PWD/made
	bk-ls . | tee $PWD/made
	bk-ls . ; touch $PWD/made
	bk-ls . && touch $PWD/made
	bk-ls "\$(touch $PWD/made)"
	bk-ls \`touch $PWD/made\`
	bk-ls "\${X:-\$(touch $PWD/made)}"
	PATH=$PWD bk-ls .
	bk-ls . & touch $PWD/made
	env -i touch $PWD/made
	END
}

@test "crontab: per cent, two in a minute, a zone that cron does not know, nobody told" {
	cat >crontab <<-END
	MAILTO=""
	CRON_TZ=Europe/Berlin
	# 5 2 * * * bk-run none@shop
	30 2 * * * $BK_BIN/bk-run -C $PWD/etc backup@shop BK_TIER=\$(date +%a)
	0-59/15 1-3 * * mon bk-run -C $PWD/etc --tell $PWD/tell backup@shop BK_TIER=weekly
	@daily bk-run -C $PWD/etc prune@shop \\%
	PATH=$BK_BIN:/bin
	@hourly bk-run -C $PWD/etc prune@shop
	END
	check -q --crontab crontab
	found problem "crontab: crontab: line 4: backup@shop: a '%' ends the command"
	found warning 'crontab: crontab: line 2: CRON_TZ: '
	found warning 'crontab: crontab: line 5: backup@shop: begins in the same minute as in line 4'
	found warning 'crontab: crontab: line 4: backup@shop: nobody is told'
	missing '.*line 5: backup@shop: nobody'
	missing '.*line 6: prune@shop: a .%'
	found problem 'crontab: crontab: line 6: bk-run: not found with the PATH .*/usr/bin:/bin'
	missing '.*line 8: bk-run: not found'
	# each call once
	[ "$(grep -c 'backup@shop: bk-s3put: newest' <<<"$output")" = 1 ]
	[ "$(grep -c 'backup@shop BK_TIER=weekly: bk-s3put: newest' <<<"$output")" = 1 ]
	[ "$(grep -c 'prune@shop: bk-s3ls: ' <<<"$output")" = 1 ]
	[ "$status" = 1 ]
}

@test "telling: the file's options, and that nothing is sent" {
	printf '%s\n' '--mail dba@example.org' '--smtp smtp://127.0.0.1:1' \
	    '--from bk@example.org' "--only-change $PWD/told" >tell
	check --tell tell prune@shop
	found ok 'prune@shop: bk-notify: its options are understood'
	[ ! -e told ]
	echo '--no-such-option' >>tell
	problem "prune@shop: --tell: tell: '--no-such-option': not whom to tell" --tell tell prune@shop
	problem 'prune@shop: --tell: .*nosuch' --tell nosuch prune@shop
}

@test "settings without a job, none at all, JSON" {
	check
	found unknown 'shop: settings: no line of a crontab runs a job'
	found ok 'shop: audit log: '
	[ "$status" = 0 ]
	rm etc/shop.env
	check
	[ "$status" = 4 ]
	settings "BK_RECIPIENT=x"
	check --json prune@shop
	jq -e 'map(select(.state == "warning" and .job == "prune@shop"))[0] |
	    .remedy == "is BK_RECIPIENTS meant?"' <<<"$output"
	run -2 bk-check nosuch
	run -1 --separate-stderr sh -c 'bk-check -C etc prune@shop >/dev/full'
	[[ $stderr == *'No space left on device' ]]
}

@test "long: what never answers is ended, and said" {
	perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 9,
	    LocalAddr => "127.0.0.1"); $| = 1; print $s->sockport, "\n"; sleep' \
	    >hole 3>&- &
	pid=$!
	await test -s hole
	settings "AWS_ENDPOINT_URL=http://127.0.0.1:$(cat hole)"
	check backup@shop
	kill $pid
	found unknown 'backup@shop: it was ended after 25 seconds'
	found ok 'backup@shop: bk-dump: rights: '
}

@test "every tool but those that run jobs can be rehearsed" {
	sed -n '/^const char .const bk_job_tools/,/;/p' "$TOP/lib/job/plain.c" |
	    grep -o 'bk-[a-z0-9]*' >listed
	(cd "$TOP/bin" && ls bk-*.c) | sed 's/\.c$//' |
	    grep -vx 'bk-run\|bk-check' | diff listed -
}

@test "assignments decide what is checked, as they decide what runs" {
	job prune 'bk-s3ls "$STORE/shop/$BK_TIER/" | bk-prune -d 30 | bk-s3rm'
	echo x | bk-s3put -q "s3://backups/shop/weekly/shop-$(date -u +%Y%m%dT%H%M%SZ).bk"
	check prune@shop BK_TIER=daily prune@shop BK_TIER=weekly
	[ "$status" = 0 ]
	found unknown 'prune@shop BK_TIER=daily: bk-s3ls: .*shop/daily/: nothing there'
	found ok 'prune@shop BK_TIER=weekly: bk-prune: today: 0 of 1 would go'
	printf '1 %d * * * bk-run -C etc prune@shop BK_TIER=%s\n' 1 daily 2 weekly >crontab
	check -q --crontab crontab
	found unknown 'prune@shop BK_TIER=daily: bk-s3ls: .*shop/daily/: nothing there'
	missing '.*BK_TIER=weekly'
	usage 'a secret' bk-check prune@shop PGPASSWORD=x
	usage 'not JOB@NAME' bk-check BK_TIER=x
}

@test "BK_CHECK_FD that is nobody's stops every tool" {
	run -2 --separate-stderr env BK_CHECK_FD=77 bk-save out <etc/jobs/backup
	[[ $stderr == 'bk-save: BK_CHECK_FD: '* ]]
	[ ! -e out ]
	settings BK_CHECK_FD=3
	problem 'backup@shop: settings: .*BK_CHECK_FD: bk-run sets it' backup@shop
}
