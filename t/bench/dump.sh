#!/bin/bash
# bk-dump against pg_dump, a real server's CPU counted in: one large table,
# then 2,000 small ones.  SCALE (of pgbench, default 30) and ROUNDS (5).
set -euo pipefail
cd "$(dirname "$0")/../.."
. t/support/common.bash
. t/support/pg.bash

dir=$(mktemp -d)
trap 'pg_stop "$dir/pg"; rm -rf "$dir"' EXIT
PG_CONF='shared_buffers = 128MB'
pg_start "$dir/pg"
pid=$(pg_pid "$dir/pg")
PATH=$PG_BIN:$PATH

createdb large
pgbench -q -i -s "${SCALE:-30}" large >/dev/null 2>&1
createdb small
for i in $(seq 1 2000); do
	echo "CREATE TABLE t$i (id int PRIMARY KEY, a text, b timestamptz);"
	echo "INSERT INTO t$i SELECT g, md5(g::text), now()
	    FROM generate_series(1, 200) g;"
done | psql -qX small
psql -qXc VACUUM\ ANALYZE small

for db in large small; do
	wall=0.75 cpu=1.05
	[ $db = large ] || wall=1.2 cpu=2
	echo "== $db =="
	t/support/paired.py --pid "$pid" \
	    --targets "bk-dump-j1:cpu<=$cpu" --targets "bk-dump-j2:wall<=$wall" \
	    "${ROUNDS:-5}" \
	    pg_dump-Z0 "pg_dump -Fc -Z0 $db >/dev/null" \
	    bk-dump-j1 "bk-dump -j1 $db >/dev/null" \
	    bk-dump-j2 "bk-dump -j2 $db >/dev/null" \
	    pg_dump-Fc "pg_dump -Fc $db >/dev/null" \
	    pg_dump-Fd "rm -rf $dir/d; pg_dump -Fd -Z0 -j2 --no-sync -f $dir/d $db"
done
