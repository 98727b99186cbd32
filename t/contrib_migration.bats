#!/usr/bin/env bats
# contrib/migration.md: the traps in the lines of others, sprung.

load support/common
load support/pg
load support/s3
load support/migration

setup_file() {
	migration_start
}

teardown_file() {
	migration_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir backups store
}

# break_orders: damage the second block of orders, as a disk does.
break_orders() {
	local file
	psql -qX -d shop -c CHECKPOINT
	file=$(psql -XAtd shop -c "SELECT pg_relation_filepath('orders')")
	head -c 64 /dev/urandom | dd of="$PGHOST/data/$file" conv=notrunc \
	    bs=64 seek=128 2>/dev/null
	# out of the server's buffers
	pg_ctl_ "$BATS_FILE_TMPDIR/pg" -m fast restart
}

@test "a dump that fails: theirs is stored and looks good, ours is not there" {
	shop
	break_orders
	line=$(theirs 'pg_dump shop | gzip > shop.sql.gz')
	run -0 --separate-stderr sh -ec "$line"
	[[ $stderr == *"invalid page"* ]]
	sh -c "$(theirs 'gunzip -t')"
	sh -c "$(theirs '[ -s')"
	find . -name shop.sql.gz | grep -q .
	# pipefail tells, and the file has its name all the same
	rm shop.sql.gz
	run -1 bash -o pipefail -c "$line"
	gunzip -t shop.sql.gz
	run -3 --separate-stderr bk-verify <shop.sql.gz

	run -3 --separate-stderr bash -c 'bk-dump shop | bk-gz | bk-save store/shop.gz'
	[[ $stderr == *"bk-dump: "* ]]
	run -3 bash -c 'bk-dump shop | bk-gz | bk-s3put s3://backups/trap/{utc}.gz'
	[ -z "$(ls -A store)$(s3_keys backups trap)" ]

	# brought back: no error that anybody sees, and a table without rows
	createdb shop_back
	gunzip <shop.sql.gz | psql -qX shop_back >/dev/null 2>&1
	[ "$(rows shop_back customer)" = 5000 ]
	[ "$(rows shop_back orders)" -lt 5000 ]
}

@test "the error message as a backup" {
	line=$(theirs '2>&1')
	run -0 sh -ec "${line//shop/shop_lost} > shop.sql.gz"
	gunzip <shop.sql.gz | grep -q 'does not exist'
	run -3 bk-verify <shop.sql.gz
	run -3 --separate-stderr bash -c 'bk-dump shop_lost | bk-gz | bk-save store/a'
	[ -z "$(ls -A store)" ]
}

@test "nothing has 20 bytes when it is compressed" {
	gzip </dev/null >shop.sql.gz
	[ "$(stat -c %s shop.sql.gz)" = 20 ]
	sh -c "$(theirs '[ -s')"
	run -3 bk-verify <shop.sql.gz
}

@test "ps shows the passphrase" {
	mkfifo in
	line=$(theirs 'gpg --symmetric')
	PASS=hunter2 bash -c "exec ${line/gpg/gpg --batch}" <in >out 2>&1 3>&- &
	exec 9>in
	await grep -qa hunter2 "/proc/$!/cmdline"
	exec 9>&-
	wait $! || :
}

@test "the second run of a day replaces the first" {
	name=$(theirs 'date +%F')
	bash -c "echo good > \"$name\"; echo bad > \"$name\""
	[ "$(cat shop-*)" = bad ]
	echo good | bk-save 'store/{db}-{date}' --db shop
	run -1 bk-save 'store/{db}-{date}' --db shop <<<bad
	[ "$(cat store/shop-*)" = good ]
	# and no % anywhere in what we put into a crontab
	run ! grep -q % <(blocks crontab 'backup.sh: pg_dump, gzip, gpg, aws, find')
}

@test "deleting by age deletes the last good one" {
	for day in 31 32 33; do
		name=backups/shop-$(date -u -d "-$day days" +%Y%m%dT%H%M%SZ).gz
		echo dump >"$name"
		touch -d "-$day days" "$name"
	done
	run -3 bash -c 'set -o pipefail; bk-ls backups | bk-prune -d 30 | bk-rm'
	[ "$(ls backups | wc -l)" = 3 ]
	sh -c "$(theirs '-mtime +30')"
	[ ! -e backups ] || [ -z "$(ls backups)" ]
}

@test "counting files: failures push out backups" {
	for n in $(seq 10 39); do
		echo dump >"backups/shop-20261001T00${n}00Z.gz"
	done
	for n in $(seq 10 39); do
		: >"backups/shop-20261101T00${n}00Z.gz"	# a night of retries
	done
	(cd backups && sh -c "$(theirs 'head -n -30')")
	[ "$(find backups -size +0 | grep -c gz)" = 0 ]
	# ours has no such files to count
	run -3 bash -c "bk-seal sh -c 'echo half; exit 1' | bk-save store/{utc}"
	[ -z "$(ls -A store)" ]
}

@test "psql goes on after errors, and adds to what is there" {
	shop
	pg_dump --inserts -t customer shop >dump.sql
	psql -qX -d shop -c 'ALTER TABLE customer DROP CONSTRAINT customer_pkey'
	line=$(theirs 'psql shop <')
	run -0 sh -ec "$line"
	[[ $output == *ERROR* ]]
	[ "$(rows shop customer)" = 10000 ]
}

@test "pg_restore --clean drops, and then sees that the file is cut" {
	shop
	pg_dump -Fc -Z0 -f whole shop
	head -c $(($(stat -c %s whole) / 2)) whole >shop.dump
	# its contents look fine
	sh -c "$(theirs 'pg_restore -l')" | grep -q 'TABLE DATA public orders'
	run -3 bash -c 'bk-seal cat shop.dump | bk-restore --replace shop shop'
	[ "$(rows shop orders)" = 5000 ]
	run -3 bk-verify <shop.dump
	run -1 sh -c "$(theirs '--clean -d shop')"
	run rows shop orders
	[ "$output" != 5000 ]
}

@test "what the dump does not know survives --clean" {
	shop
	pg_dump -Fc -f shop.dump shop
	psql -qX -d shop -c 'CREATE TABLE stray (a int)'
	pg_restore --single-transaction --clean -d shop shop.dump
	[ "$(rows shop stray)" = 0 ]
	bk-seal cat shop.dump | bk-restore -q --replace shop shop
	run ! rows shop stray
}

@test "roles are in no dump of one database" {
	shop
	pg_dump -f dump.sql shop
	bk-dump -q --globals shop >shop.bk
	dropdb shop
	psql -qX -d shop_good -c 'ALTER TABLE orders OWNER TO postgres'
	psql -qX -d postgres -c 'DROP ROLE seller'
	createdb shop
	run -0 sh -c "$(theirs 'psql shop <')"
	[[ $output == *'role "seller" does not exist'* ]]
	dropdb shop
	bk-restore -q --globals shop <shop.bk
	[ "$(psql -XAtd shop -c "SELECT tableowner FROM pg_tables
	    WHERE tablename = 'orders'")" = seller ]
	psql -qX -d shop_good -c 'ALTER TABLE orders OWNER TO seller'
}

second_after() { [ "$(date +%s)" -gt "$(stat -c %Y "$1")" ]; }

@test "the newest of everything that begins with shop" {
	command -v aws >/dev/null || skip "aws is not installed"
	s3_mb old
	echo ours >a
	echo "another database's" >b
	s3_send PUT /old/pg/shop_2026-11-20.dump a
	await second_after a
	s3_send PUT /old/pg/shop_archive_2026-11-19.dump b
	line=$(theirs 'aws s3 ls')
	line=${line/s3:\/\/…/--endpoint-url $AWS_ENDPOINT_URL s3:\/\/old\/pg}
	run -0 env AWS_DEFAULT_REGION="$AWS_REGION" sh -c "$line"
	[[ $output == *shop_archive_* ]]
}

@test "four names, one file" {
	mkdir last daily
	echo dump >last/a
	ln last/a daily/a
	echo damage >last/a
	[ "$(cat daily/a)" = damage ]
}

@test "rclone takes any end of file, and makes the remote as empty as the disk" {
	command -v rclone >/dev/null || skip "rclone is not installed"
	export RCLONE_CONFIG=$PWD/rclone.conf
	shop
	break_orders
	mkdir remote
	printf '[remote]\ntype = alias\nremote = %s\n' "$PWD/remote" >rclone.conf
	run -0 sh -ec "$(theirs 'rclone rcat')"
	[ -s remote/b/shop.dump ]
	run -3 bk-verify <remote/b/shop.dump
	# its disk is not mounted
	sh -c "$(theirs 'rclone sync')"
	[ ! -e remote/b/shop.dump ]
}

@test "pg_dumpall's text goes into what is there, and psql ends with 0" {
	shop
	pg_dumpall >all.sql
	run -0 sh -c "$(theirs 'psql -f all.sql')"
	[[ $output == *ERROR* ]]
	[ "$(rows shop customer)" = 5000 ]
}

@test "an archive_command with a pipe counts what was lost" {
	command=$(sed -n "s/^ *archive_command = '\(.*\)'/\1/p" \
	    "$TOP/contrib/migration.md")
	mkdir wal tools
	printf '#!/bin/sh\nshift; exec sh -c "$1"\n' >tools/ssh
	printf '#!/bin/sh\nkill -9 $$\n' >tools/gzip
	chmod +x tools/*
	echo segment >00000001
	command=${command/\%p/00000001}
	PATH=$PWD/tools:$PATH run -0 sh -c "${command/\%f/00000001}"
	[ ! -s wal/00000001.gz ]
}

@test "something new is there: the half dump" {
	for day in 1 2 3 4; do
		name=backups/shop-$(date -u -d "-$day days" +%Y%m%dT%H%M%SZ).gz
		head -c 100000 /dev/urandom >"$name"
		touch -d "-$day days" "$name"
	done
	head -c 30000 /dev/urandom >"backups/shop-$(date -u +%Y%m%dT%H%M%SZ).gz"
	sh -c "$(theirs 'grep -q .')"
	run -2 bash -c 'bk-ls backups |
	    bk-age -w 25h -c 49h --min-size 1K --max-shrink 30%,60%'
}
