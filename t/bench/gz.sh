#!/usr/bin/env bash
# gz.sh [ROUNDS]: bk-gz and bk-zst side by side with what you would use instead.
# The data lies in ${BK_BENCH_DIR:-${TMPDIR:-/tmp}/bk-bench}: made once, kept.
set -eu -o pipefail

TOP=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${BK_BIN:-$TOP/build/bin}:$PATH
DIR=${BK_BENCH_DIR:-${TMPDIR:-/tmp}/bk-bench}
ROUNDS=${1:-3}
N=$(nproc)
paired() { "$TOP/t/support/paired.py" "$@"; }

# COPY text: keys, numbers, UUIDs, prose, JSON.  25 MB eight times over: the
# repeats are farther apart than the window of anything measured here.
make_data() {
	python3 - "$1" <<'EOF'
import random, sys, uuid
r = random.Random(1)
syllables = 'ba ce di fo gu lan mer nis tor ven pra sta ing ed ly con'.split()
words = [''.join(r.choices(syllables, k=r.randint(1, 4)))
         for _ in range(20000)]
weights = [1 / (i + 2) for i in range(len(words))]
cum = [sum(weights[:1])]
for w in weights[1:]:
    cum.append(cum[-1] + w)
rows, size, i = [], 0, 0
while size < 25_000_000:
    i += 1
    text = ' '.join(r.choices(words, cum_weights=cum, k=r.randint(5, 60)))
    row = '%d\t%s\t%.2f\t2026-%02d-%02d %02d:%02d:%02d+00\t%s\t{"id": %d, ' \
          '"state": "%s", "tags": ["%s", "%s"], "score": %.6f}\n' % (
              i, uuid.UUID(int=r.getrandbits(128)), r.lognormvariate(4, 2),
              r.randint(1, 12), r.randint(1, 28), r.randint(0, 23),
              r.randint(0, 59), r.randint(0, 59), text, r.getrandbits(31),
              r.choice(('open', 'paid', 'shipped')), r.choice(words),
              r.choice(words), r.random())
    rows.append(row)
    size += len(row)
block = ''.join(rows).encode()
with open(sys.argv[1], 'wb') as f:
    for _ in range(8):
        f.write(block)
EOF
}

ratio() { awk -v a="$(stat -c %s "$1")" -v b="$(stat -c %s "$2")" \
    'BEGIN { printf "%.3f", a / b }'; }

# sizes SOURCE NAME...: compression ratio of each NAME's file
sizes() {
	local name from=$1
	shift
	for name; do
		printf '%-12s ratio %s\n' "$name" "$(ratio "$from" "$DIR/$name")"
	done
	echo
}

mkdir -p "$DIR"
T=$DIR/txt
[ -s "$T" ] || { make_data "$T.part" && mv "$T.part" "$T"; }
cat "$T" >/dev/null

echo "== compress, default level, $N threads"
paired --targets 'bk-gz:cpu<=0.45' --targets 'bk-gz:wall<=0.5' "$ROUNDS" \
    'pigz -6' "pigz -p $N <$T >$DIR/pigz-6" \
    'bk-gz' "bk-gz -j $N <$T >$DIR/bk-gz-6" \
    'bgzip -l6' "bgzip -@ $N -l 6 -c <$T >$DIR/bgzip-6"
gzip -6 <"$T" >"$DIR/gzip-6"
sizes "$T" gzip-6 pigz-6 bk-gz-6 bgzip-6

echo "== compress, level 1"
paired --targets 'bk-gz -1:cpu<=0.3' "$ROUNDS" \
    'pigz -1' "pigz -1 -p $N <$T >$DIR/pigz-1" \
    'bk-gz -1' "bk-gz -1 -j $N <$T >$DIR/bk-gz-1"
gzip -1 <"$T" >"$DIR/gzip-1"
sizes "$T" gzip-1 pigz-1 bk-gz-1

echo "== decompress"
paired --targets 'bk-gz -d:wall<=0.25' --targets 'bk-gz -d gzip:cpu<=0.4' \
    "$ROUNDS" \
    'gunzip' "gunzip <$DIR/gzip-6 | cat >/dev/null" \
    'pigz -d' "pigz -d -p $N <$DIR/gzip-6 | cat >/dev/null" \
    'bk-gz -d' "bk-gz -d <$DIR/bk-gz-6 | cat >/dev/null" \
    'bk-gz -d gzip' "bk-gz -d <$DIR/gzip-6 | cat >/dev/null" \
    'bk-gz -d BGZF' "bk-gz -d <$DIR/bgzip-6 | cat >/dev/null"
echo

echo "== zstd, default level, $N threads"
paired --targets 'bk-zst:cpu<=1.05' "$ROUNDS" \
    'zstd' "zstd -q -T0 <$T >$DIR/zstd-3" \
    'bk-zst' "bk-zst <$T >$DIR/bk-zst-3"
sizes "$T" zstd-3 bk-zst-3
paired --targets 'bk-zst -d:cpu<=1.05' "$ROUNDS" \
    'zstd -d' "zstd -q -d <$DIR/zstd-3 | cat >/dev/null" \
    'bk-zst -d' "bk-zst -d <$DIR/bk-zst-3 | cat >/dev/null"
