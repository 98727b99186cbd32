#!/usr/bin/env bash
# pipeline.sh [ROUNDS]: whole backups, from a database to object storage, beside
# what one would write with other tools.  CPU includes the database server's.
#
# Where aws is there, everything is stored on a RADOS Gateway; else it ends in
# /dev/null.  Ratio: the dump's plain text to what is stored.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. t/support/common.bash
. t/support/pg.bash
. t/support/s3.bash
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
skip() { echo "pipeline: $*" >&2; exit 1; }

# English-like words, numbers, UUIDs, JSON: what compresses as tables do.
make_data() {
	createdb bench
	psql -qXAt -v ON_ERROR_STOP=1 -d bench <<-'SQL'
	select setseed(0.42);
	create temp table word as select i, string_agg(chr(97 +
		(random() ^ 1.5 * 25)::int), '') w from generate_series(1, 5000) i,
		generate_series(1, 3 + i % 7) group by i;
	create table event as select i as id, gen_random_uuid() as uuid,
		timestamptz '2020-01-01' + i * interval '13 s' as at,
		(random() * 10000)::numeric(10,2) as amount,
		(select string_agg(w, ' ') from word where word.i in
		(select 1 + (random() ^ 3 * 4999)::int + 0 * e from
		generate_series(1, 12) g)) as text,
		jsonb_build_object('n', i % 1000, 'state',
		(array['open', 'paid', 'shipped'])[1 + i % 3], 'score', random()) as doc
		from generate_series(1, 20000) i, lateral (select i as e) x;
	insert into event select id + 20000 * k, md5(k || uuid::text)::uuid,
		at + k * interval '7 d', amount + k, reverse(text), doc
		from event, generate_series(1, 49) k;
	SQL
}

pg_start "$WORK/pg"
make_data
psql -qd bench -c 'vacuum analyze'
bk-keygen -o "$WORK/key" 2>/dev/null
export BK_RECIPIENTS
BK_RECIPIENTS=$(bk-keygen -y "$WORK/key")
export GNUPGHOME=$WORK/gnupg
mkdir -m 700 "$GNUPGHOME"
echo secret >"$WORK/pass"
gpg="gpg -q --batch --pinentry-mode loopback --passphrase-file $WORK/pass -c --cipher-algo AES256 --compress-algo none"
age="age -r $BK_RECIPIENTS"
n=$(nproc)

put="cat >/dev/null" bkput=$put
if command -v aws >/dev/null && command -v radosgw >/dev/null; then
	rgw_start "$WORK/rgw"
	s3_mb backups
	put="aws --endpoint-url $AWS_ENDPOINT_URL s3 cp --quiet - s3://backups/x"
	bkput="bk-s3put --overwrite s3://backups/x"
fi
echo "to: ${put%% *}"

plain=$(pg_dump bench | wc -c)
echo "plain text: $((plain / 1000000)) MB"
ratio() {
	bash -o pipefail -c "$2" | wc -c |
	    awk -v l="$1" -v p="$plain" '{ printf "%-28s ratio %.3f\n", l, p / $1 }'
}
ratio 'pigz | age' "pg_dump bench | pigz -p $n | $age"
ratio 'zstd | age' "pg_dump bench | zstd -qcT0 | $age"
ratio 'bk-gz | bk-crypt' "bk-dump -j$n bench | bk-gz | bk-crypt"
ratio 'bk-zst | bk-crypt' "bk-dump -j$n bench | bk-zst | bk-crypt"

server=$(pg_pid "$WORK/pg")
printf '\n== against gpg\n'
t/support/paired.py --pid "$server" --targets 'bk-gz:wall<=0.3' "$ROUNDS" \
    'pg_dump -Fc | gpg' "pg_dump -Fc bench | $gpg | $put" \
    'bk-gz' "bk-dump -j$n bench | bk-gz | bk-crypt | $bkput"
printf '\n== against pigz and age\n'
t/support/paired.py --pid "$server" --targets 'bk-gz:wall<=0.5' "$ROUNDS" \
    'pg_dump | pigz | age' "pg_dump bench | pigz -p $n | $age | $put" \
    'bk-gz' "bk-dump -j$n bench | bk-gz | bk-crypt | $bkput" \
    'bk-gz -1' "bk-dump -j$n bench | bk-gz -1 | bk-crypt | $bkput"
printf '\n== against zstd and age\n'
t/support/paired.py --pid "$server" --targets 'bk-zst:wall<=1' "$ROUNDS" \
    'pg_dump | zstd | age' "pg_dump bench | zstd -qcT0 | $age | $put" \
    'bk-zst' "bk-dump -j$n bench | bk-zst | bk-crypt | $bkput"
printf '\n== the floor\n'
t/support/paired.py --pid "$server" "$ROUNDS" \
    'pg_dump > /dev/null' 'pg_dump bench >/dev/null' \
    'pg_dump -Fc > /dev/null' 'pg_dump -Fc bench >/dev/null' \
    'bk-dump > /dev/null' "bk-dump -j$n bench >/dev/null"
