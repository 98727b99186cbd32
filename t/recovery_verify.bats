#!/usr/bin/env bats
# The recovery runbook (bk-recovery(7)): the weekly restore test, by cron
load support/common
load support/pg

setup() {
	cd "$BATS_TEST_TMPDIR"
	pg_start c
	createdb shop
	psql -qX shop -c 'CREATE TABLE orders (id int PRIMARY KEY, day date)' \
	    -c 'INSERT INTO orders SELECT g, current_date
	    FROM generate_series(1, 1000) g'
	mkdir store proofs
	bk-keygen >key
	chmod 600 key
	echo 'SELECT max(day) >= current_date - 1 FROM orders' >shop.sql
	cat >journal.md <<-'MD'
	| finished | backup | its time | result | level | tables | rows | bytes | seconds |
	|---|---|---|---|---|---|---|---|---|
	MD
	# what cron runs on the host that tests restores
	cat >weekly <<-'SH'
	#!/bin/sh
	cd "$(dirname "$0")" || exit
	newest=$(ls store | tail -n 1)
	bk-verify -q -i key --scratch --sql shop.sql --name "$newest" \
	    --md --receipts proofs < "store/$newest" >> journal.md
	SH
	chmod +x weekly
}

teardown() {
	pg_stop c
}

# backup NAME: the nightly job.
backup() {
	bk-dump shop | bk-gz | bk-crypt -r "$(grep -o 'age1.*' key)" >"store/$1"
}

@test "(6) a weekly restore test writes a journal" {
	backup shop-20261115.bk
	run -0 ./weekly
	[[ $output != *'cannot isolate'* ]] || skip "no mount namespaces here"
	[ -z "$output" ]		# cron has nothing to mail

	# a backup that was cut short, and the database is gone, too
	backup shop-20261122.bk
	truncate -s -100 store/shop-20261122.bk
	pg_stop c
	run -3 ./weekly
	[[ $output == bk-verify:* ]]	# cron mails this

	[ "$(wc -l <journal.md)" = 4 ]
	[[ $(sed -n 3p journal.md) == *'| shop-20261115.bk | 20'*' | proven | 3 | 1 | 1000 |'* ]]
	[[ $(sed -n 4p journal.md) == *'| shop-20261122.bk |'*' | not proven | 3 |'* ]]
	# the last proven one, for whoever asks
	run -0 jq -rs 'map(select(.result == "proven")) | max_by(.time) | .name' \
	    proofs/*.receipt.json
	[ "$output" = shop-20261115.bk ]
}

@test "(6) a restore that works and has yesterday's data only is no proof" {
	psql -qX shop -c 'UPDATE orders SET day = day - 7'
	backup shop-20261115.bk
	run -3 ./weekly
	[[ $output == *'shop.sql: query 1'*true*false* ]]
}
