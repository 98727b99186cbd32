#!/usr/bin/env bats
# contrib/prometheus: each condition is provoked, bk-age judges it, a real
# node_exporter hands its metrics on, and a real Prometheus raises the alert.

load support/common
load support/listing
load support/prometheus
. "$SUPPORT/pg.bash"

RULES=$TOP/contrib/prometheus

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	yesterday >history
	prom_start "$PWD/prom" history
}

teardown_file() {
	prom_stop "$BATS_FILE_TMPDIR/prom"
	[ ! -d "$BATS_FILE_TMPDIR/small" ] || umount "$BATS_FILE_TMPDIR/small" || :
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# ago SECONDS CMD...: run CMD as if it were so long ago.
ago() {
	ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    faketime -f "-$1s" "${@:2}"
}

# yesterday: what bk-age said of a database "vanished" for some minutes, a day
# ago, as OpenMetrics.
yesterday() {
	local at
	NOW=$((NOW - DAY)) DB=vanished series $M $M $M >l
	ago $DAY bk-age --prometheus y.prom <l >status
	grep -q '^BACKUP OK' status
	for ((at = NOW - DAY - 300; at < NOW - DAY + 1200; at += 60)); do
		sed "/^#/d; s/\$/ $at/" y.prom
	done
	echo "# EOF"
}

# judge DB OPTION...: bk-age on the listing l, its metrics to Prometheus.
judge() {
	bk-age "${@:2}" --prometheus "$PROM_TEXTFILES/$1.prom" <l
}

# firing: prom_alerts; of what, a bk-dump that found no server need not know.
firing() { prom_alerts | sed 's/ \(bk-dump\) .*/ \1/'; }

# alerts TEXT: when all has been looked at, these alerts fire, one a line, and
# no other.
alerts() {
	prom_settle
	diff <(printf '%s' "${1:+$1$'\n'}") <(firing)
}

# --- the files

@test "promtool finds nothing wrong with rules and configuration" {
	cd "$RULES"
	promtool check rules --lint=all --lint-fatal bk.rules.yml
	promtool check config --lint=all --lint-fatal prometheus.yml
}

# alertmanager_start: a real one with contrib's file; AM is its address.
alertmanager_start() {
	AM=http://127.0.0.1:$(free_port)
	mkdir am && chmod 711 "$BATS_RUN_TMPDIR" . && chmod 777 am
	cp "$RULES/alertmanager.yml" am/
	prom_run "$PWD/am" am prometheus-alertmanager \
	    --config.file="$PWD/am/alertmanager.yml" \
	    --storage.path="$PWD/am/data" --cluster.listen-address= \
	    --web.listen-address="${AM#http://}"
	await amtool --alertmanager.url="$AM" alert query >/dev/null
}

# inhibited: the alerts that are not told, severity and database.
inhibited() {
	amtool --alertmanager.url="$AM" alert query --inhibited -o json |
	    jq -r '.[] | select(.status.inhibitedBy != []) | .labels |
	    .severity + " " + .db' | sort
}

@test "alerts go to whom it concerns, the worse of two alone" {
	amtool check-config "$RULES/alertmanager.yml"
	to() { amtool config routes test \
	    --config.file="$RULES/alertmanager.yml" "$@"; }
	[ "$(to severity=critical)" = on-call ]
	[ "$(to severity=warning db=shop)" = dba ]
	[ "$(to severity=info)" = dba ]
	alertmanager_start
	for db in shop blog; do
		amtool --alertmanager.url="$AM" alert add BkBackupOld \
		    severity=warning instance=h db=$db
	done
	amtool --alertmanager.url="$AM" alert add BkBackupOld \
	    severity=critical instance=h db=shop
	amtool --alertmanager.url="$AM" alert add BkBackupShrunk \
	    severity=warning instance=h db=shop
	await eval '[ "$(inhibited)" = "warning shop" ]'
	prom_kill "$PWD/am"
}

@test "every alert comes beyond its limit and not at it" {
	promtool test rules "$RULES/bk.rules.test.yml"
}

@test "every alert says how bad it is, what to do, and where that is written" {
	prom_rules >rules
	[ "$(wc -l <rules)" -ge 20 ]
	jq -e '(.labels.severity | IN("critical", "warning", "info")) and
	    (.annotations | (.summary | length > 9) and
	    (.description | length > 40))' rules
	jq -r .annotations.runbook rules | sort -u |
	    while IFS= read -r where; do
		[[ $where =~ ^(bk[a-z-]*)\(([157])\),\ (.*)$ ]]
		grep -qixF -e ".Sh ${BASH_REMATCH[3]}" -e ".Ss ${BASH_REMATCH[3]}" \
		    "$TOP/man/${BASH_REMATCH[1]}.${BASH_REMATCH[2]}" ||
		    { echo "nowhere: $where" >&2; exit 1; }
	done
	jq -r 'select(.annotations.runbook | test("AN ALERT")) | .alert' rules |
	    sort -u | while read -r alert; do
		sed -n '/^\.Sh AN ALERT/,/^\.Sh/p' "$TOP/man/bk-recovery.7" |
		    grep -qw "$alert" ||
		    { echo "not in bk-recovery(7): $alert" >&2; exit 1; }
	done
}

@test "metrics that rules name are in the tools' pages" {
	prom_rules | jq -r .expr | grep -oE '\bbk_[a-z_]+' | sort -u >named
	[ "$(wc -l <named)" -ge 10 ]
	cat "$TOP"/man/*.1 | grep -oE '\bbk_[a-z_]+' | sort -u >documented
	comm -23 named documented >unknown
	diff /dev/null unknown
}

@test "the crontab's lines work as cron would run them" {
	local line ran=0
	mkdir proofs metrics bin
	export NOW
	{ DB=shop series $M $M $M; } >l
	proof 60 proven "$(sed -n 1p l | cut -f 3)"
	export BK_AUDIT_LOG=$PWD/audit.log
	bk-seal echo | bk-save "$PWD/x.sql.bk"
	unset BK_AUDIT_LOG
	segment 60 000000010000000200000001 >w
	printf '#!/bin/sh\ncat %q\n' "$PWD/l" >bin/bk-s3ls
	printf '#!/bin/sh\ncat %q\n' "$PWD/w" >bin/bk-ls
	chmod +x bin/*
	grep -E '^[*0-9]' "$RULES/bk-metrics.cron" >lines
	run -1 grep % lines
	while read -r _ _ _ _ _ user line; do
		[[ $(head "$TOP/contrib/crontab/bk") == *"crontab -u $user "* ]]
		[[ $line != bk-stat* ]] || pg_start "$PWD/pg"
		line=$(sed "s,/var/lib/bk/proofs,$PWD/proofs,
		    s,/var/log/bk/audit.log,$PWD/audit.log,; s,shop$,postgres,
		    s,--path /srv/backups,--path . --min-free 0%," <<<"$line")
		env -i PATH="$PWD/bin:$BK_BIN:/usr/bin:/bin" METRICS="$PWD/metrics" \
		    PGHOST="${PGHOST-}" PGPORT="${PGPORT-}" PGUSER=postgres \
		    /bin/sh -c "$line"
		ran=$((ran + 1))
	done <lines
	[ $ran = 4 ]
	pg_stop "$PWD/pg"
	cat metrics/*.prom | grep -c ^bk_backup_last_proven
	grep -q '^bk_backup_consecutive_failures.* 0$' metrics/bk-backups.prom
	grep -q '^bk_disk_free_ratio' metrics/bk-backups.prom
	grep -q '^bk_job_runs{operation="bk-save"' metrics/bk-audit.prom
	grep -q '^bk_stat_database_size_bytes' metrics/bk-stat.prom
	grep -q '^bk_wal_missing_segments.* 0$' metrics/bk-wal.prom
	# one sample is in one file only
	run -0 sh -c "sed '/^#/d; s/ [^ ]*\$//' metrics/*.prom | sort | uniq -d"
	[ -z "$output" ]
	# nor would it be if the other crontab wrote some, too
	run -1 grep -e --prometheus "$TOP/contrib/crontab/bk"
}

# --- alerts, on one Prometheus, in this order

@test "nobody looks at the backups" {
	alerts 'BkAgeAbsent critical -'
}

@test "what was there yesterday is gone" {
	DB=good series $M $M $M $M >l
	judge good
	alerts 'BkBackupVanished critical vanished'
}

@test "all is well: no alert" {
	DB=vanished series $M $M $M $M >l
	proof 3600 proven "$(sed -n 1p l | cut -f 3)"
	segment 60 000000010000000200000001 >w
	judge vanished --receipts proofs --path / --min-free 0%
	bk-age --wal --prometheus "$PROM_TEXTFILES/wal.prom" <w
	alerts ''
	# and that is not because there was nothing to judge
	prom_query 'bk_wal_missing_segments == 0 and on () bk_backup_stored{db="vanished"} == 4' |
	    jq -e 'length == 1'
}

# Each makes the listing l, and what else its line in the table below names.
make_old() { NOW=$((NOW - 29 * 3600)) DB=old series $M $M $M; }
make_older() { NOW=$((NOW - 49 * 3600)) DB=older series $M $M $M; }
make_missing() { :; }
make_few() { DB=few series $M $M; }
make_tiny() { DB=tiny series 1000 $M $M $M; }
make_shrunk() { DB=shrunk series $((4 * M)) $((9 * M)) $((9 * M)) $((9 * M)); }
make_grown() { DB=grown series $((40 * M)) $((9 * M)) $((9 * M)) $((9 * M)); }
make_gap() {
	backup 3600 $M gap
	backup $((2 * DAY)) $M gap
	backup $((3 * DAY)) $M gap
}
make_unproven() {
	mkdir -p proofs
	DB=unproven series $M $M $M
}
make_stale() {
	DB=stale series $M $M $M
	proof $((9 * DAY)) proven "s3://b/stale/daily/stale-$(stamp 3600).bk"
}
make_refuted() {
	DB=refuted series $M $M $M
	proof $((2 * DAY)) proven "s3://b/refuted/daily/refuted-$(stamp 90000).bk"
	proof 60 'not proven' "s3://b/refuted/daily/refuted-$(stamp 3600).bk"
}
make_failing() {
	DB=failing series $M $M $M
	for _ in 1 2; do
		BK_AUDIT_LOG=$PWD/log PGHOST=/nonexistent bk-dump crm 2>>errors |
		    cat >/dev/null || :
	done
}
make_disk() {
	DB=disk series $M $M $M
	ln -s "$BATS_FILE_TMPDIR/small" .
	fallocate -l 9M small/full
}
make_ahead() {
	backup -7200 $M ahead
	backup 3600 $M ahead
	backup 90000 $M ahead
}
# Work that no backup is made of: bk-age does not look, bk-audit does.
make_job() {
	DB=job series $M $M $M
	BK_AUDIT_LOG=$PWD/log bk-verify -q </dev/null >>errors 2>&1 || :
	bk-audit --summary --prometheus "$PROM_TEXTFILES/audit.prom" log >summary
}
make_walold() { segment 1200 000000010000000200000001 walold; }
make_walolder() { segment 4000 000000010000000200000001 walolder; }
make_walgap() {
	segment 300 0000000100000001000000FE walgap
	segment 150 000000010000000200000001 walgap
}

# What is wrong, how bk-age is called, its status, its words, the alerts.
table() {
	cat <<-'END'
	old|-w 25h -c 49h|1|old: 1d6h old (warning, over 1d1h)|BkBackupOld warning old
	older||2|older: 2d2h old (critical, over 2d1h)|BkBackupOld critical older;BkBackupOld warning older
	missing|--expect missing|2|missing: none at all|BkBackupOld critical missing;BkBackupOld warning missing
	few|--min-count 3|2|2 backups (critical, under 3)|BkBackupFew warning few
	tiny||2|99% smaller than the usual 1.0MiB (critical, over 90%)|BkBackupShrunk warning tiny;BkBackupTooSmall critical tiny
	shrunk|--max-shrink 50%|2|smaller than the usual 9.0MiB (critical, over 50%)|BkBackupShrunk warning shrunk
	grown|--max-growth 200%|2|larger than the usual 9.0MiB (critical, over 200%)|BkBackupGrown warning grown
	gap|--max-gap 26h|2|1d23h between two (critical, over 1d2h)|BkBackupGap info gap
	unproven|--receipts proofs|2|never proven (critical)|BkBackupNotProven critical unproven;BkBackupNotProven warning unproven
	stale|--receipts proofs --proven 8d,32d|1|proven 9d ago (warning, over 8d)|BkBackupNotProven warning stale
	refuted|--receipts proofs|2|found not restorable 1m|BkBackupRefuted critical refuted
	failing|--log log --fails 2|2|2 failures in a row (critical, over 1): connection to server|BkBackupFailedTwice critical bk-dump
	disk|--path small --min-free 20%|2|10% free (critical, under 20%)|BkDiskLow warning small
	ahead||3|dated in the future|BkBackupUnknown warning ahead
	job||0|job: 1h old|BkJobFailed warning bk-verify
	walold|--wal -w 15m -c 1h|1|walold: 20m|BkWalOld warning walold
	walolder|--wal -w 15m -c 1h|2|(critical, over 1h)|BkWalOld critical walolder;BkWalOld warning walolder
	walgap|--wal|2|2 segments missing (critical): the first is 0000000100000001000000FF|BkWalGap critical walgap
	END
}

@test "each condition: bk-age's status and words, and its alert" {
	local what options status words expected
	table >conditions
	mkdir "$BATS_FILE_TMPDIR/small"
	mount -t tmpfs -o size=10m small "$BATS_FILE_TMPDIR/small" 2>/dev/null || {
		echo "# no small disk to fill: cannot mount" >&3
		sed -i '/^disk/d' conditions
	}
	while IFS='|' read -r what options status words expected; do
		mkdir "$what"
		cd "$what"
		"make_$what" >l
		# shellcheck disable=SC2086	# several options
		run -"$status" judge "$what" $options
		[[ $output == *"$words"* ]] ||
		    { echo "$what: $output" >&2; false; }
		cd ..
		tr ';' '\n' <<<"$expected" >>expected
	done <conditions
	alerts "$(sort expected)"
}

@test "the words of those alerts are sentences, with numbers" {
	prom_get alerts | jq -r '.alerts[].annotations | .summary, .description' >words
	[ "$(wc -l <words)" -ge 40 ]
	run -1 grep -nE 'error expanding|no value|%!|[{}]|^$' words
	grep -qx 'old: the newest backup is 1d 6h [0-9]*m [0-9]*s old' words
	grep -qx 'missing: there is no backup' words
	grep -qx 'unproven: no backup was ever proven' words
	grep -qx 'bk-dump .* failed 2 times in a row' words
	grep -qx 'walgap: 2 WAL segments are missing' words
	grep -qx 'ahead: bk-age cannot determine the age of the backups' words
}

@test "all is put right: no alert stays" {
	local file
	for file in "$PROM_TEXTFILES"/*.prom; do
		case $file in */good.prom) ;; *) rm "$file" ;; esac
	done
	DB=vanished series $M $M $M >l
	judge vanished
	alerts ''
}

@test "bk-age stopped running, and a file that cannot be read" {
	DB=good series $M $M $M >l
	NOW=$((NOW - 3 * 3600)) DB=silent series $M $M $M >l
	ago 10800 bk-age --prometheus silent.prom <l
	cp silent.prom "$PROM_TEXTFILES"
	echo 'not a metric' >"$PROM_TEXTFILES/broken.prom"
	# what could not be found out leaves the metrics as they were
	run -3 bk-age --prometheus "$PROM_TEXTFILES/silent.prom" </dev/null
	alerts 'BkAgeSilent warning silent.prom
BkTextfileUnreadable warning -'
}
