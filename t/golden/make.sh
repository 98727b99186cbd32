#!/usr/bin/env bash
# make.sh VERSION: write t/golden/VERSION, a small file of each format, by
# today's tools and a throwaway server of PostgreSQL 15.  Once for each release,
# and again for one that is not out yet; what a release has written stays as it
# is.  Wants `make all build/torture/small_base`.
#
# Each file is gzip in base64: no word of a mark may stand in the tree.  The keys
# are secrets to nobody.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH=$PWD/build/bin:$PATH
. t/support/common.bash
. t/support/pg.bash

to=$PWD/t/golden/${1:?usage: make.sh VERSION}
base=$PWD/build/torture/small_base
WORK=$(mktemp -d /tmp/bk-golden.XXXXXX)
trap 'pg_stop "$WORK/pg"; rm -rf "$WORK"' EXIT
mkdir -p "$to"
cd "$WORK"

# golden NAME: standard input is that file, and stays here as well.
golden() {
	cat >.new
	mv .new "$1"
	gzip -9n <"$1" | base64 >"$to/$1.b64"
}

pg_start "$WORK/pg" 15 >/dev/null
createdb shop
psql -qXAt -o /dev/null -v ON_ERROR_STOP=1 -d shop <<-'SQL'
	CREATE TABLE t (i int PRIMARY KEY, what text NOT NULL);
	INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 100) i;
	CREATE TABLE empty (a int);
	SELECT lo_from_bytea(4711, 'a large object');
SQL

bk-keygen -o key
bk-keygen --sign -o sign.key
bk-keygen --sign -o second.key
export BK_IDENTITY=$PWD/key BK_RECIPIENTS BK_AUDIT_LOG=
BK_RECIPIENTS=$(bk-keygen -y key)
golden key.txt <key
golden sign-key.txt <sign.key
{ bk-keygen -y sign.key && bk-keygen -y second.key; } | golden signers
bk-keygen --split 2/3 -o share key
golden share-1 <share.1
golden share-3 <share.3

bk-dump -q shop | golden shop.dump
bk-gz <shop.dump | golden shop.gz
bk-zst <shop.dump | golden shop.zst
bk-crypt <shop.gz | golden shop.bk
bk-crypt --sign sign.key <shop.gz | golden shop-signed.bk
bk-crypt --age <shop.gz | cat | golden shop-envelope.age
bk-crypt --age <shop.gz >shop.age
golden shop.age <shop.age
(umask 77 && echo secret >passphrase)
bk-crypt --passphrase-file passphrase <shop.gz | golden shop-passphrase.bk
bk-seal pg_dump shop </dev/null | cat | golden sealed.sql
"$base" | golden base.tar

bk-verify -q -o receipt.json <shop.bk
golden receipt.json <receipt.json
bk-verify -q --sign-receipt sign.key -o receipt-signed.json <shop.bk
golden receipt-signed.json <receipt-signed.json

now=$(date +%s)
for i in 1 2 3 4 5 6; do
	printf -v name 'shop-%(%Y%m%dT%H%M%SZ)T.bk' $((now - i * 86400))
	echo "$i" >"$name"
	touch -d "@$((now - i * 86400))" "$name"
done
bk-ls "$PWD" | grep 'shop-2' | golden listing
bk-prune -d 3 --plan plan.new --key sign.key <listing
bk-keygen --approve plan.new sign.key
bk-keygen --approve plan.new second.key
golden plan <plan.new

export BK_AUDIT_LOG=$PWD/audit.log
bk-gz <shop.dump >/dev/null
bk-gz -d <shop.dump >/dev/null 2>&1 || :
bk-seal true </dev/null >/dev/null 2>&1 || :
export BK_AUDIT_LOG=
golden audit.log <audit.log
bk-audit --verify audit.log | sed 's/.*sha256 //' | golden audit.hash
ls -l "$to"
