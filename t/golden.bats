#!/usr/bin/env bats
# What a release has written is read by every later one: t/golden/VERSION has a
# file of each format, which t/golden/make.sh wrote.  No such file is ever
# changed after its release.
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	GOLDEN=$TOP/t/golden
	unset BK_IDENTITY BK_SIGNERS
}

# unpack VERSION: its files into here.
unpack() {
	local file
	for file in "$GOLDEN/$1"/*.b64; do
		base64 -d "$file" | gunzip >"$(basename "$file" .b64)"
	done
	chmod 600 key.txt sign-key.txt share-* passphrase
}

# each COMMAND...: it, for the files of every release, in a directory of theirs.
each() {
	local dir
	for dir in "$GOLDEN"/*/; do
		mkdir "$(basename "$dir")"
		pushd "$(basename "$dir")" >/dev/null
		echo secret >passphrase
		unpack "$(basename "$dir")"
		"$@"
		popd >/dev/null
	done
}

# script FILE: what pg_restore makes of it, but for its random words.
script() {
	pg_restore -f - "$1" | grep -Ev '^.(un)?restrict'
}

# the_dump: standard input is the dump, and sealed.
the_dump() {
	cat >out
	diff <(script out) <(script shop.dump)
	bk-verify -q --sealed <out
}

streams() {
	bk-verify -o seen <shop.dump
	[ "$(jq -r '.proof, .tables, .rows, .blobs' seen | xargs)" = 'content 2 100 1' ]
	bk-gz -d <shop.gz | the_dump
	bk-zst -d <shop.zst | the_dump
	bk-crypt -d -i key.txt <shop.bk | bk-gz -d | the_dump
	bk-crypt -d -i key.txt --signer signers <shop-signed.bk | bk-gz -d | the_dump
	bk-crypt -d --passphrase-file passphrase <shop-passphrase.bk | bk-gz -d |
	    the_dump
	bk-crypt -d -i key.txt <shop.age | bk-gz -d | the_dump
	bk-crypt -d -i key.txt <shop-envelope.age | bk-gz -d | the_dump
	bk-verify -q --sealed <sealed.sql
	bk-verify -o seen <base.tar
	[ "$(jq -r '.kind, .result' seen | xargs)" = 'base proven' ]
}

@test "archives, gzip, zstd, ciphertext, age, sealed streams, base backups" {
	each streams
}

# shorter FILE: a byte less of it is refused.
shorter() {
	head -c -1 "$1" >less
	run -3 --separate-stderr bk-verify -i key.txt <less
}

cuts() {
	local file
	for file in shop.dump shop.gz shop.zst shop.bk shop-signed.bk \
	    shop-envelope.age sealed.sql base.tar; do
		shorter "$file"
	done
}

@test "and cut by a byte they are refused" {
	each cuts
}

keys() {
	bk-keygen -y key.txt >recipient
	bk-keygen --join -o joined share-1 share-3
	bk-keygen -y joined | diff recipient -
	grep -qx "$(bk-keygen -y sign-key.txt)" signers
}

@test "key files, shares, lists of signers" {
	each keys
}

receipts() {
	local name
	mkdir proofs signed
	cp receipt.json proofs/x.receipt.json
	cp receipt-signed.json signed/x.receipt.json
	printf '%s\t1000\tshop-%s.bk\n' "$(jq -r .at receipt.json)" \
	    "$(jq -r .at receipt.json | tr -d ':-')" >now
	bk-age -w 9999d -c 9999d --json --receipts proofs --proven 9999d <now >seen
	jq -e '[.. | .proven? // empty] | length > 0' seen
	BK_SIGNERS=$PWD/signers bk-age -w 9999d -c 9999d --receipts signed \
	    --proven 9999d <now
	# of nobody on the list
	BK_SIGNERS=$PWD/signers run -2 bk-age -w 9999d -c 9999d \
	    --receipts proofs --proven 9998d,9999d <now
}

@test "receipts, signed or not" {
	each receipts
}

listings() {
	local name made
	bk-prune -d 3 --require-fresh 9999d <listing >gone
	[ "$(wc -l <listing),$(wc -l <gone)" = 6,3 ]
	# its files are not there: it is read, its approval counts, and it says so
	# (a plan expires after a week: on the day on which it was made)
	made=$(sed -n 's/^made //p' plan | tr TZ '  ')
	run --separate-stderr faketime "$made" bk-rm --plan plan --approvers signers
	echo "$status $stderr"
	[[ $stderr != *'not a plan'* && $stderr != *approv* && $stderr != *signature* ]]
	for name in $(cut -f 3 listing); do
		grep -F "$name" plan || :
	done | grep -q .
	sed 's/policy/polity/' plan >edited
	run -3 --separate-stderr faketime "$made" bk-rm --plan edited \
	    --approvers signers
}

@test "listings and plans" {
	if sanitized; then skip 'a sanitizer wants to be first'; fi
	each listings
}

logs() {
	bk-audit --verify --expect "$(cat audit.hash)" audit.log
	[ "$(bk-audit --json audit.log | jq -r .operation | xargs)" = 'bk-gz bk-gz bk-seal' ]
	sed '1s/bk-gz/bk-gx/' audit.log >edited
	run -3 bk-audit --verify edited
}

@test "audit logs" {
	each logs
}
