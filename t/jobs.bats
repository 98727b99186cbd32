#!/usr/bin/env bats
# The jobs of share/bk/jobs by bk-run, with one file of settings, against real
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
	mkdir etc
	settings shop
}

teardown() {
	[ -z "${PID-}" ] || kill -9 "$PID" 2>/dev/null || :
	jobs_left
}

# settings NAME [LINE...]: etc/NAME.env, complete for every job.
settings() {
	{
		grep -v '^PATH=\|^ASAN' <(printf '%s\n' "${servers[@]}")
		echo "AWS_SHARED_CREDENTIALS_FILE=$F/aws"
		echo "BK_RECIPIENTS=$F/shop.pub"
		echo "BK_IDENTITY=$F/shop.key"
		echo STORE=s3://backups
		echo "BK_AUDIT_LOG=$PWD/audit.log"
		printf '%s\n' "${@:2}"
	} >"etc/$1.env"
	chmod 600 "etc/$1.env"
}

# As cron has it: nothing of this shell.
job() {
	${EXEC-} env -i HOME="$PWD" LOGNAME=postgres "ASAN_OPTIONS=$ASAN_OPTIONS" \
	    TMPDIR="$BATS_TEST_TMPDIR" \
	    "$BK_BIN/bk-run" -C etc "$@" 3>&-
}

silent() {
	run job "$@"
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$*: $output"; return 1; }
}

# refused STATUS PATTERN JOB...: with bk-run's line as the last one.
refused() {
	run job "${@:3}"
	[ "$status" = "$1" ] && [[ ${lines[-1]} == "bk-run: ${*:3}: "$2 ]] ||
	    { echo "$*: $status: $output"; return 1; }
}

@test "every job is installed, is understood, and says what it lacks" {
	local file name
	for file in "$TOP"/contrib/jobs/*; do
		name=${file##*/}
		cmp "$file" "$BK_BIN/../share/bk/jobs/$name" || [ "${BK_BIN%/bin}" = "$BK_BIN" ]
		silent -n "$name@shop"
		head -n 1 "$file" | grep -q '^# [A-Z]'
	done
	echo 'PGDATABASE=shop' >etc/none.env
	chmod 600 etc/none.env
	for file in "$TOP"/contrib/jobs/*; do
		refused 1 'the pipeline ended with exit status 2,*' "${file##*/}@none" ||
		    refused 1 'the pipeline ended with exit status 1,*' "${file##*/}@none"
		[[ $output == *STORE:* || $output == *BK_AUDIT_LOG:* ]]
	done
}

@test "backup, verify, watch, prune, audit: a day's jobs of a database" {
	refused 4 'bk-s3get: *' verify@shop
	refused 4 'bk-s3ls: *' prune@shop
	run -0 job --ok 4 prune@shop
	silent backup@shop
	silent backup@shop BK_TIER=weekly GLOBALS=1
	[ "$(stored shop/dump/shop/daily/)" = 1 ]
	[ "$(stored shop/dump/shop/weekly/)" = 1 ]
	proven shop/dump/shop/daily
	bk-s3get s3://backups/shop/dump/shop/weekly/latest | bk-crypt -d -i "$F/shop.key" |
	    bk-gz -d | grep -a 'CREATE ROLE postgres' >/dev/null
	# nothing is proven: that is told, and nothing is deleted
	refused 1 'bk-age: BACKUP CRITICAL - *shop: *never proven*' watch@shop
	refused 3 'bk-prune: *' prune@shop
	silent verify@shop
	bk-s3get "$(bk-s3ls s3://backups/shop/receipts/ | cut -f 3)" |
	    jq -e '.result == "proven" and .level == 3'
	silent verify@shop LEVEL= BK_TIER=weekly
	run -0 job watch@shop EXPECT=shop
	[[ $output == 'BACKUP OK - '* ]]
	refused 1 'bk-age: BACKUP CRITICAL - *nosuch: none at all*' watch@shop EXPECT=nosuch
	silent prune@shop
	[ "$(stored shop/dump/)" = 2 ]
	run -0 job audit@shop
	# the log joins them as they were run
	jq -se '[.[] | select(.type == "job" and .status == "success")] | length >= 8' audit.log
	sed -i '3s/bk-/bq-/' audit.log
	refused 3 'bk-audit: 1 lines break the chain' audit@shop
}

@test "prune deletes what no rule keeps, of each database" {
	local n
	for ((n = 10; n < 25; n++)); do
		echo "s3://backups/shop/dump/crm/daily/crm-202601${n}T000010Z.bk"
	done | xargs -P 8 -I NAME sh -c 'echo x | bk-s3put -q NAME'
	silent backup@shop
	refused 3 'bk-prune: *' prune@shop
	silent verify@shop
	silent prune@shop 'KEEP=-d 5 --require-fresh 0 --min-stored 0 --max-share 100pc'
	[ "$(stored shop/dump/crm/)" = 5 ]
	[ "$(stored shop/dump/shop/)" = 1 ]
}

@test "a backup that fails stores nothing, and the first cause is named" {
	refused 1 'bk-dump: *PGSQL.1" failed*' backup@shop PGPORT=1
	refused 1 'bk-dump: *"nosuch"*' backup@shop PGDATABASE=nosuch
	refused 1 'bk-s3put: *' backup@shop AWS_SHARED_CREDENTIALS_FILE=/dev/null
	refused 1 'bk-crypt: */nonexistent*' backup@shop BK_RECIPIENTS=/nonexistent ||
	    refused 2 'bk-crypt: */nonexistent*' backup@shop BK_RECIPIENTS=/nonexistent
	[ "$(stored '')" = 0 ]
}

@test "base, wal, verify-base, watch-base, prune-base, prune-wal" {
	mkdir spool
	settings pg1 "SPOOL=$PWD/spool"
	silent base@pg1
	[ "$(stored pg1/base/)" = 1 ]
	refused 1 'bk-age: *never proven*' watch-base@pg1
	psql -qX postgres -c 'create table w (i int)'
	EXEC=exec job wal@pg1 2>err &
	PID=$!
	await grep -q receiving err
	for _ in 1 2 3; do
		psql -qXAt postgres -c 'insert into w values (1)' \
		    -c 'select pg_switch_wal()' >/dev/null
	done
	await eval '[ "$(stored pg1/wal/)" -ge 3 ]'
	kill "$PID"
	wait "$PID" || [ $? = 143 ]
	psql -qX postgres -c 'drop table w'
	psql -qX postgres -c "select pg_drop_replication_slot('bk')" >/dev/null
	refused 3 'bk-prune: *' prune-base@pg1
	silent verify-base@pg1
	run -0 job watch-base@pg1
	[[ $output == 'BACKUP OK - '* ]]
	silent prune-base@pg1
	[ "$(stored pg1/base/)" = 1 ]
	# all of it is younger than two days
	silent prune-wal@pg1
	[ "$(stored pg1/wal/)" -ge 3 ]
	# no listing of base backups is a reason to keep all
	bk-s3ls s3://backups/pg1/base/ | bk-s3rm
	refused 4 'bk-s3ls: *' prune-wal@pg1
	[ "$(stored pg1/wal/)" -ge 3 ]
	[ -z "$(ls -A spool; compgen -G "$BATS_TEST_TMPDIR/tmp.*")" ] || ls -A spool
}

@test "--each-db: every database of the server, and no more" {
	local db
	for db in crm 'odd "name"' other; do
		createdb "$db"
	done
	psql -qX postgres -c 'ALTER DATABASE other IS_TEMPLATE true'
	# one that a restore has set aside
	psql -qX crm -c 'CREATE TABLE t AS SELECT 1'
	bk-dump crm | bk-restore -q --replace crm crm
	[ "$(bk-stat --databases)" = $'crm\nodd "name"\npostgres\nshop' ]
	settings pg1
	silent --each-db -j 2 backup@pg1
	[ "$(stored pg1/dump/)" = 4 ]
	[ "$(stored pg1/dump/odd%20%22name%22/daily/)" = 1 ]
	silent --each-db --only shop --only 'c*' --exclude crm backup@pg1 BK_TIER=weekly
	[ "$(stored pg1/dump/shop/weekly/)" = 1 ]
	[ "$(stored pg1/dump/)" = 5 ]
	# what fails stops no other, and the worst is the status
	psql -qX postgres -c "ALTER DATABASE crm CONNECTION LIMIT 0" \
	    -c "CREATE ROLE keeper LOGIN; GRANT pg_read_all_data TO keeper"
	run job --each-db backup@pg1 BK_TIER=monthly PGUSER=keeper
	[ "$status" = 1 ]
	[[ $output == *'bk-run: backup@pg1 BK_TIER=monthly PGUSER=keeper PGDATABASE=crm: bk-dump: '* ]]
	[ "${lines[-1]}" = 'bk-run: backup@pg1 BK_TIER=monthly PGUSER=keeper: 1 of 4 databases failed: crm' ]
	[ "$(stored pg1/dump/)" = 8 ]
	refused 4 'no database to be taken' --each-db --only nosuch backup@pg1 ||
	    [[ ${lines[-1]} == 'bk-run: backup@pg1: no database to be taken' ]]
	run job --each-db backup@pg1 PGPORT=1
	[ "$status" = 1 ]
	[[ ${lines[-1]} == 'bk-run: backup@pg1 PGPORT=1: '*'failed'* ]]
	[ "$(jq -r 'select(.type == "job" and .status == "success") | .source' audit.log |
	    grep -c '^backup@pg1 PGDATABASE=')" = 4 ]
	psql -qX postgres -c 'ALTER DATABASE other IS_TEMPLATE false' -c 'DROP DATABASE other' \
	    -c 'DROP DATABASE crm' -c 'DROP DATABASE "odd ""name"""'
	bk-restore --drop-old crm
}

# page FIRST LAST: lines of the page's examples.
page() { sed -n "/^$1/,/^$2/p" "$TOP/man/bk-jobs.5"; }

@test "bk-jobs(5): from nothing to every database proven, pruned and watched" {
	local line name
	createdb crm
	page STORE= BK_AUDIT_LOG= | sed '/^PG\|^AWS/d; /^BK_AUDIT_LOG/d; s,/etc/bk/shop,'"$F/shop," \
	    >etc/pg1.env
	[ "$(page STORE= BK_AUDIT_LOG= | wc -l)" -le 10 ]
	{
		printf '%s\n' "${servers[@]}" | grep -v '^PATH=\|^ASAN'
		echo "AWS_SHARED_CREDENTIALS_FILE=$F/aws"
		echo "BK_AUDIT_LOG=$PWD/audit.log"
	} >>etc/pg1.env
	chmod 600 etc/pg1.env
	start_python hook.py
	(umask 077; echo "http://127.0.0.1:$PORT/" >slack)
	page --slack --only | sed "s,/etc/bk/slack,$PWD/slack,; s,/var/lib/bk,$PWD," >tell
	page 20 '25 10' >lines
	[ "$(wc -l <lines)" = 5 ]
	diff <(grep '^[*0-9].* bk-run --' "$TOP/README.md") lines
	# in the order of the page; a dump of so little counts as small
	while read -r _ _ _ _ _ line; do
		line="${line#bk-run} AGE=--min-size=1"
		run job ${line//\/etc\/bk\/tell/$PWD/tell}
		[ "$status" = 0 ] || { echo "$line: $output"; false; }
	done <lines
	[ "$(stored pg1/dump/)" = 3 ]
	[ "$(stored pg1/receipts/)" = 3 ]
	[ ! -s hook.py.log ] || run ! grep -q body hook.py.log
	# tonight the store's key is wrong: told once, with the first cause
	sed -i 's/AWS_SHARED.*/AWS_SHARED_CREDENTIALS_FILE=\/dev\/null/' etc/pg1.env
	for name in 1 2; do
		run job --tell "$PWD/tell" backup@pg1 PGDATABASE=crm
		[ "$status" = 1 ]
	done
	[ "$(grep -c 'bk-s3put' hook.py.log)" = 1 ]
	stop_python hook.py
	dropdb crm
}
