#!/bin/bash
# bk-verify, level 1, against a plain read of the same stream, and against
# what would be done instead: pg_restore to nowhere.  SCALE (of pgbench, default
# 30) and ROUNDS (5).  The target is 1 GB/s of COPY text on one core.
set -euo pipefail
cd "$(dirname "$0")/../.."
. t/support/common.bash
. t/support/pg.bash

dir=$(mktemp -d)
trap 'pg_stop "$dir/pg"; rm -rf "$dir"' EXIT
pg_start "$dir/pg"
PATH=$PG_BIN:$PATH
createdb shop
pgbench -q -i -s "${SCALE:-30}" shop >/dev/null 2>&1
bk-dump shop >"$dir/shop.bk"
bk-gz <"$dir/shop.bk" >"$dir/shop.gz"
pg_basebackup -D - -Ft -X none -c fast >"$dir/base.tar" 2>/dev/null

t/support/paired.py "${ROUNDS:-5}" \
    cat "cat $dir/shop.bk | cat >/dev/null" \
    bk-verify "cat $dir/shop.bk | bk-verify -q -o /dev/null" \
    bk-verify-gz "bk-verify -q -o /dev/null <$dir/shop.gz" \
    pg_restore "pg_restore -f - $dir/shop.bk | cat >/dev/null"
t/support/paired.py "${ROUNDS:-5}" \
    sha256sum "sha256sum <$dir/base.tar >/dev/null" \
    bk-verify-tar "bk-verify -q -o /dev/null <$dir/base.tar"

# the best of all rounds, on one core, as a rate
size=$(stat -c %s "$dir/shop.bk")
for i in $(seq "${ROUNDS:-5}"); do
	bk-verify -q -j1 -o "$dir/receipt" <"$dir/shop.bk"
	jq .seconds "$dir/receipt"
done | sort -g | head -n 1 | awk -v size="$size" '{
	rate = size / $1 / 1e9
	printf "bk-verify: %.2f GB/s of COPY text, target 1: %s\n", rate,
	    (rate >= 1 ? "met" : "missed") }'
