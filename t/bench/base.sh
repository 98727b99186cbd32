#!/usr/bin/env bash
# base.sh [ROUNDS]: base backups beside those of pg_basebackup, pgBackRest and
# WAL-G, page checksums on.  CPU includes the database server's.  SCALE (of
# pgbench, default 60: 900 MB).
#
# Those that store do so in a RADOS Gateway, over TLS, compressed by zstd and
# encrypted.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. t/support/common.bash
. t/support/pg.bash
. t/support/wal.bash
. t/support/s3.bash
. t/support/pgbackrest.bash
ROUNDS=${1:-3}
WORK=$(mktemp -d /tmp/bk-bench.XXXXXX)
finish() {
	local status=$?
	pg_stop "$WORK/pg" || status=1
	[ ! -d "$WORK/rgw" ] || rgw_stop "$WORK/rgw" || status=1
	rm -rf "$WORK"
	exit $status
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# Text and numbers that compress as tables do, rather than pgbench's blanks.
make_data() {
	createdb bench
	pgbench -q -i -s "${SCALE:-60}" -I dtg bench >/dev/null 2>&1
	psql -qXd bench <<-'SQL'
	UPDATE pgbench_accounts SET filler = md5(aid::text) || md5(bid::text),
	    abalance = random() * 100000;
	VACUUM FULL pgbench_accounts;
	ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);
	CHECKPOINT;
	SQL
}

walg_setup() {
	openssl rand -hex 32 >"$WORK/walg.key"
	export WALG_S3_PREFIX=s3://backups/walg WALG_COMPRESSION_METHOD=zstd
	export WALG_LIBSODIUM_KEY_PATH=$WORK/walg.key
	export WALG_LIBSODIUM_KEY_TRANSFORM=hex AWS_ENDPOINT=$AWS_ENDPOINT_URL
	export AWS_S3_FORCE_PATH_STYLE=true WALG_UPLOAD_CONCURRENCY=4
}

PG_INITDB=-k PG_CONF='shared_buffers = 128MB' pg_start "$WORK/pg"
server=$(pg_pid "$WORK/pg")
PATH=$PG_BIN:$PATH
make_data

printf '== to a pipe\n'
t/support/paired.py --pid "$server" --targets 'bk-base:wall<=1.05' "$ROUNDS" \
    pg_basebackup 'pg_basebackup -D - -Ft -X fetch -c fast | cat >/dev/null' \
    bk-base 'bk-base -q -c fast | cat >/dev/null'

command -v radosgw >/dev/null || {
	echo 'base: stored nowhere: no radosgw here' >&2
	exit
}
bk-keygen -o "$WORK/key" 2>/dev/null
BK_RECIPIENTS=$(bk-keygen -y "$WORK/key")
export BK_RECIPIENTS
TLS=1 rgw_start "$WORK/rgw"
s3_mb backups
bk='bk-base -q -c fast | bk-zst | bk-crypt | bk-s3put --overwrite s3://backups/bk'
if command -v pgbackrest >/dev/null; then
	pgbackrest_setup "$(wal_dir pgbackrest)"
	printf '\n== stored, against pgBackRest\n'
	t/support/paired.py --pid "$server" --targets 'bk-base:wall<=0.8' \
	    --targets 'bk-base:cpu<=0.8' "$ROUNDS" \
	    pgbackrest 'pgbackrest --stanza=bench --type=full backup' bk-base "$bk"
else
	echo 'base: not beside pgBackRest: apt-get install pgbackrest' >&2
fi
if command -v wal-g >/dev/null; then
	walg_setup
	printf '\n== stored, against WAL-G\n'
	t/support/paired.py --pid "$server" --targets 'bk-base:wall<=0.8' \
	    --targets 'bk-base:cpu<=0.8' "$ROUNDS" \
	    wal-g "wal-g backup-push $PGHOST/data" bk-base "$bk"
else
	echo 'base: not beside WAL-G: it is not in Debian' >&2
fi
