#!/usr/bin/env bats
# contrib/migration.md: every command of ours, and old backups read.

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

@test "ours, in the order of the page" {
	shop
	bk-keygen -o shop.key
	bk-keygen -y shop.key >shop.pub
	echo 'SELECT count(*) = 5000 FROM orders;' >today.sql
	export BK_AUDIT_LOG=$PWD/audit.log
	spans 2 >ours
	[ "$(wc -l <ours)" -ge 30 ]
	while read -r line <&8; do
		echo "$line"
		bash -euo pipefail -c "$line"
	done 8<ours
	[ "$(rows shop_latest orders)" = 5000 ]
	blocks sh pg_dumpall >all
	bash -uo pipefail all
	[ "$(s3_keys backups | grep -c '/all/')" -ge 3 ]
	bk-s3get s3://backups/shop/all/latest | bk-crypt -d -i shop.key | bk-verify
}

@test "ours, as cron runs them" {
	shop
	blocks crontab 'backup.sh: pg_dump, gzip, gpg, aws, find' >crontab
	bk-keygen -o shop.key
	bk-keygen -y shop.key >shop.pub
	sed -n 's/^[0-9 *]*  \(bk-.*\)/\1/p' crontab >jobs
	[ "$(wc -l <jobs)" = 2 ]
	while read -r line <&8; do
		BK_RECIPIENTS=shop.pub sh -c "$line"
	done 8<jobs
	bk-s3get s3://backups/shop/daily/latest | bk-crypt -d -i shop.key | bk-gz -d |
	    bk-restore -q --globals --into shop_cron
	[ "$(rows shop_cron orders)" = 5000 ]
}

slot() { [ "$(psql -XAtd postgres -c "SELECT $1 FROM pg_replication_slots")" = t ]; }

@test "base backups and WAL, next to an archive_command of another tool" {
	local walrecv segment theirs
	. "$SUPPORT/wal.bash"
	shop
	theirs=$(wal_dir theirs)
	psql -qX -d postgres -c 'CREATE ROLE bk LOGIN REPLICATION' \
	    -c 'ALTER SYSTEM SET archive_mode = on' \
	    -c "ALTER SYSTEM SET archive_command = 'cp %p $theirs/%f'"
	pg_ctl_ "$BATS_FILE_TMPDIR/pg" -m fast restart
	bk-keygen -o shop.key && bk-keygen -y shop.key >shop.pub
	mkdir spool
	blocks sh 'pgBackRest, Barman, WAL-G' | sed "s,/var/lib/bk/wal,$PWD/spool," >lines
	[ "$(grep -c . lines)" = 4 ]
	bash -c "exec $(sed -n 1p lines)" 3>&- 2>walrecv.log &
	walrecv=$!
	await slot 'bool_and(active)'
	bash -euo pipefail -c "$(sed -n 2p lines)"
	segment=$(wal_switch)
	wal_archived "$segment"
	await stored "$segment"
	kill $walrecv
	wait $walrecv || :
	# in both archives, the same
	cmp "$theirs/$segment" <(bk-s3get "s3://backups/wal/pg1/$segment" |
	    bk-crypt -d -i shop.key | bk-gz -d)
	bash -euo pipefail -c "$(sed -n 3p lines)"
	bash -euo pipefail -c "$(sed -n 4p lines)"
	[ -n "$(s3_keys backups wal/pg1/)" ]
	psql -qXAt -d postgres -c "SELECT pg_drop_replication_slot('bk')"
}

stored() { [[ " $(s3_keys backups wal/pg1/ | tr '\n' ' ') " == *"wal/pg1/$1 "* ]]; }

@test "old backups are read, and a cut one is refused" {
	shop
	mkdir old
	pg_dump shop | gzip >old/shop.sql.gz
	pg_dump shop | zstd -q >old/shop.sql.zst
	pg_dump -Fc -f old/shop.dump shop
	pg_dump -Ft -f old/shop.tar shop
	echo secret >pass
	gpg -q --batch --pinentry-mode loopback --passphrase-file pass \
	    --symmetric -o old/shop.dump.gpg old/shop.dump 3>&-
	s3_mb old
	s3_send PUT /old/pg/2026-11-20T00%3A00%3A00Z.sql.gz old/shop.sql.gz
	blocks sh 'Reading old backups' >commands
	bash -euxo pipefail commands 3>&-
	for name in sql fc tar zst gpg container; do
		[ "$(rows "shop_from_$name" orders)" = 5000 ]
		dropdb "shop_from_$name"
	done
	# as their last night left them: gpg and gzip notice, and so do we
	for file in shop.sql.gz shop.dump shop.dump.gpg; do
		truncate -s -1000 "old/$file"
	done
	run -3 bk-verify -q <old/shop.sql.gz
	run -3 bk-verify -q <old/shop.dump
	blocks sh 'Reading old backups' | grep 'bk-seal gpg' >gpg
	run -3 bash gpg 3>&-
}
