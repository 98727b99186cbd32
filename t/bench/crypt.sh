#!/usr/bin/env bash
# crypt.sh [ROUNDS [MIB]]: bk-crypt side by side with age and gpg, in pipes.
# The ciphertexts lie in ${BK_BENCH_DIR:-${TMPDIR:-/tmp}/bk-bench} meanwhile.
set -eu -o pipefail

TOP=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${BK_BIN:-$TOP/build/bin}:$PATH
DIR=${BK_BENCH_DIR:-${TMPDIR:-/tmp}/bk-bench}
ROUNDS=${1:-3}
MIB=${2:-1024}
paired() { "$TOP/t/support/paired.py" "$@"; }

mkdir -p "$DIR"
W=$(mktemp -d "$DIR/crypt.XXXXXX")
trap 'gpgconf --homedir "$W/gpg" --kill all 2>/dev/null; rm -rf "$W"' EXIT
bk-keygen -o "$W/key"
R=$(bk-keygen -y "$W/key")
echo secret >"$W/pass"
mkdir -m 700 "$W/gpg"
GPG="gpg -q --batch --homedir $W/gpg --pinentry-mode loopback"
GPG+=" --passphrase-file $W/pass"
# gpg leaves an agent behind; started here, paired.py does not wait for it
$GPG -c "$W/pass"

# What is encrypted does not matter to any of them, if nothing compresses it.
FEED="dd if=/dev/zero bs=256K count=$((MIB * 4)) status=none"

echo "== encrypt $MIB MiB; 2 GB/s is $(awk "BEGIN { printf \"%.2f\",
    $MIB * 1.048576 / 2000 }") s"
paired --targets 'bk-crypt:wall<=0.6' --targets 'bk-crypt --age:wall<=0.6' \
    "$ROUNDS" \
    'age' "$FEED | age -r $R | cat >/dev/null" \
    'bk-crypt' "$FEED | bk-crypt -r $R | cat >/dev/null" \
    'bk-crypt --age' "$FEED | bk-crypt -r $R --age | cat >/dev/null" \
    'gpg' "$FEED | $GPG -c --cipher-algo AES256 -z 0 | cat >/dev/null" \
    'cat' "$FEED | cat | cat >/dev/null"
echo

$FEED | age -r "$R" >"$W/age"
$FEED | bk-crypt -r "$R" >"$W/bk"
$FEED | $GPG -c --cipher-algo AES256 -z 0 >"$W/gpg.enc"
echo "== decrypt"
paired --targets 'bk-crypt -d:wall<=0.6' \
    --targets 'bk-crypt -d, age:wall<=0.6' "$ROUNDS" \
    'age -d' "cat $W/age | age -d -i $W/key | cat >/dev/null" \
    'bk-crypt -d' "cat $W/bk | bk-crypt -d -i $W/key | cat >/dev/null" \
    'bk-crypt -d, age' "cat $W/age | bk-crypt -d -i $W/key | cat >/dev/null" \
    'gpg -d' "cat $W/gpg.enc | $GPG -d | cat >/dev/null" \
    'cat' "cat $W/bk | cat | cat >/dev/null"
echo

if [ -x /usr/bin/time ]; then
	echo "== memory, KiB (the bound is 16000)"
	$FEED | /usr/bin/time -f 'bk-crypt     %M' bk-crypt -r "$R" >/dev/null
	/usr/bin/time -f 'bk-crypt -d  %M' bk-crypt -d -i "$W/key" <"$W/bk" \
	    >/dev/null
fi
