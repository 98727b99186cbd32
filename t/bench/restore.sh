#!/bin/bash
# bk-restore from a pipe against pg_restore from a file and psql, the server's
# CPU counted in: one large table, then 2,000 small ones.  SCALE (of pgbench,
# default 30) and ROUNDS (3).
set -euo pipefail
cd "$(dirname "$0")/../.."
. t/support/common.bash
. t/support/pg.bash

dir=$(mktemp -d)
trap 'pg_stop "$dir/pg"; rm -rf "$dir"' EXIT
PG_CONF='shared_buffers = 128MB
max_wal_size = 4GB'
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

fresh="dropdb --if-exists to && createdb -T template0 to"
for db in large small; do
	bk-dump "$db" >"$dir/bk"
	pg_dump -Fc -Z0 -f "$dir/fc" "$db"
	pg_dump -f "$dir/sql" "$db"
	echo "== $db =="
	# all with statistics at the end, as bk-restore has them
	t/support/paired.py --pid "$pid" --targets "bk-restore-j2:wall<=1" \
	    "${ROUNDS:-3}" \
	    pg_restore-j2 "$fresh && pg_restore -j2 -d to $dir/fc &&
	        vacuumdb -q -Z -j2 to" \
	    bk-restore-j2 "dropdb --if-exists to &&
	        cat $dir/bk | bk-restore -q -j2 --into to" \
	    bk-restore-j1 "dropdb --if-exists to &&
	        cat $dir/bk | bk-restore -q -j1 --into to" \
	    psql "$fresh && psql -qX -o /dev/null -d to <$dir/sql &&
	        vacuumdb -q -Z to"
	rm "$dir/bk" "$dir/fc" "$dir/sql"
done
