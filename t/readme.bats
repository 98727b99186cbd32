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
	[ "$(grep -c '^bk-' script)" -ge 15 ]
	bash -euxo pipefail script 3>&-
	pg_restore -l shop.dump | grep -q 'TABLE DATA public t'
	grep -q "$(printf '50000\t')" shop.sql
	# rolled back: the database that we began with
	[ "$(psql -XAtc 'select count(*) from t' shop)" = 50000 ]
	[ "$(psql -XAtc 'select count(*) from t' shop_copy)" = 50000 ]
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
