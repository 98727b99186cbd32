#!/usr/bin/env bats
# README.md's shell blocks, in their order, word for word, on real servers.

load support/common
load support/pg
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb shop
	psql -qX -d shop -c 'create table t as
	    select i, md5(i::text) from generate_series(1, 50000) i'
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

@test "every shell block of README.md works" {
	cd "$BATS_TEST_TMPDIR"
	unset BK_RECIPIENTS BK_IDENTITY
	awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' \
	    "$TOP/README.md" >script
	[ "$(grep -c '^bk-' script)" -ge 20 ]
	bash -euxo pipefail script 3>&-
	pg_restore -l shop.dump | grep -q 'TABLE DATA public t'
	grep -q "$(printf '50000\t')" shop.sql
	# rolled back: the database that we began with
	[ "$(psql -XAtc 'select count(*) from t' shop)" = 50000 ]
	[ "$(psql -XAtc 'select count(*) from t' shop_copy)" = 50000 ]
}

# block SECTION N: the N-th block of commands in a section of bk-recovery(7).
block() {
	awk -v section=".Sh $1" -v n="$2" '
	    /^\.Sh / { here = $0 == section }
	    here && /^\.Bd/ { block++; next }
	    /^\.Ed/ { if (here && block == n) exit; next }
	    here && block == n { gsub(/\\e/, "\\"); print }
	    ' "$TOP/man/bk-recovery.7"
}

@test "README.md recovers a server as bk-recovery(7) does, which is run" {
	cd "$BATS_TEST_TMPDIR"
	awk '/^```bash$/ { on = 1; next } /^```$/ { on = 0 } on' \
	    "$TOP/README.md" >readme
	{
		block 'A SERVER AT ANY MOMENT' 2
		block 'A SERVER AT ANY MOMENT' 3
		block 'A TABLE WAS DROPPED AN HOUR AGO' 1
	} >page
	grep -q ^bk-base page
	diff readme page
}

# crontab FILE: run its one command as Debian's cron does; its variables are all
# that it has, and its /etc/bk is ours.
crontab() {
	local line environment
	sed "s,/etc/bk/,$PWD/," "$1" >tab
	line=$("$SUPPORT/cron.py" commands tab)
	[ "$(wc -l <<<"$line")" = 1 ]
	mapfile -t environment < <("$SUPPORT/cron.py" environment tab |
	    sed "s,=/usr/local/bin:,=$BK_BIN:,")
	env -i HOME="$PWD" LOGNAME=postgres SHELL=/bin/sh PATH=/usr/bin:/bin \
	    AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" PGHOST="$PGHOST" \
	    PGPORT="$PGPORT" PGUSER="$PGUSER" "${environment[@]}" \
	    /bin/sh -c "$line" 3>&-
}

@test "the crontabs of README.md and bk(7) work as they stand" {
	cd "$BATS_TEST_TMPDIR"
	bk-keygen -o key && bk-keygen -y key >shop.pub
	printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >aws
	chmod 600 aws
	awk '/^```crontab$/ { on = 1; next } /^```$/ { on = 0 } on' \
	    "$TOP/README.md" >readme
	awk '/^PATH=/ { on = 1 } /^\.Ed/ { on = 0 } on' "$TOP/man/bk.7" >page
	diff readme page
	bk-s3ls s3://backups/shop/daily/ | bk-s3rm
	run -0 crontab readme
	[ -z "$output" ]
	bk-s3get s3://backups/shop/daily/latest | bk-verify -i key
	# cron cuts a line at %
	run ! grep % readme
}

@test "the README's table has each thing in contrib, once" {
	local name
	for name in "$TOP"/contrib/*; do
		name=${name##*/}
		[ "$name" != install-deps.sh ] || continue
		[ "$(grep -cE "^\\| .*\`$name[/\`]" "$TOP/README.md")" = 1 ] ||
		    echo "$name"
	done >"$BATS_TEST_TMPDIR/not"
	diff "$BATS_TEST_TMPDIR/not" /dev/null
}
