#!/usr/bin/env bats
# bk-crypt --sign and --signer, bk-verify --signer: who made it.

load support/common

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	bk-keygen -o key && bk-keygen -y key >pub
	for name in ann eve; do
		bk-keygen --sign -o $name && bk-keygen -y $name >$name.pub
	done
	printf -- '--\n-- PostgreSQL database dump\n--\n\n' >in
	seq -f '-- %.0f' 1 60000 >>in
	printf -- '--\n-- PostgreSQL database dump complete\n--\n\n' >>in
	bk-seal cat in | bk-gz >in.gz
	bk-crypt -R pub --sign ann <in.gz >signed
	bk-crypt -R pub <in.gz >unsigned
	bk-crypt --age -R pub --sign ann --signature age.sig <in.gz >age
}

setup() {
	cd "$BATS_FILE_TMPDIR"
	export T=$BATS_TEST_TMPDIR
}

# refused TEXT CMD...: exit 3, one line with TEXT; what came out is in $T/out.
refused() {
	local status=0
	"${@:2}" >$T/out 2>$T/err || status=$?
	[ $status = 3 ]
	[[ $(cat $T/err) == *"$1"* ]]
	[ "$(wc -l <$T/err)" = 1 ]
}

# flip FILE AT: FILE with a bit of the byte AT, from the end if negative, changed.
flip() {
	python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 4
sys.stdout.buffer.write(data)' "$1" "$2"
}

# minisign_key NAME: the key NAME as minisign -W has it.
minisign_key() {
	python3 - "$1" <<-'PY'
	import base64, hashlib, sys
	def data(path, prefix):	# of bech32, without its checksum
	    word = [l for l in open(path).read().lower().split() if l.startswith(prefix)][0]
	    v = 0
	    for c in word[len(prefix):-6]:
	        v = v << 5 | "qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(c)
	    return (v >> 4).to_bytes(32, "big")
	public = data(sys.argv[1] + ".pub", "bksign1")
	name = hashlib.blake2b(public).digest()[:8]
	key = data(sys.argv[1], "bk-sign-key-1") + public
	check = hashlib.blake2b(b"Ed" + name + key, digest_size=32).digest()
	print("untrusted comment: a test's")
	print(base64.b64encode(b"Ed\0\0B2" + bytes(48) + name + key + check).decode())
	PY
}

@test "a signature is demanded, and found" {
	bk-crypt -d -i key --signer ann.pub --bare <signed | cmp - in.gz
	bk-crypt -d -i key --signer ann.pub <signed >$T/out
	cmp $T/out in.gz
	cat eve.pub ann.pub >$T/both
	BK_SIGNERS=$T/both bk-crypt -d -i key --bare <signed | cmp - in.gz
	# nobody asks
	bk-crypt -d -i key <signed | cmp - in.gz
}

@test "what nobody signed, or another, is refused before a byte of it" {
	refused 'not signed' bk-crypt -d -i key --signer ann.pub <unsigned
	[ ! -s $T/out ]
	refused 'not signed' env BK_SIGNERS=ann.pub bk-crypt -d -i key <unsigned
	BK_SIGNERS='' usage 'BK_SIGNERS: set, but empty' bk-crypt -d -i key \
	    <signed
	run -2 env BK_SIGNERS= bk-verify -i key <signed
	[[ $output == *'BK_SIGNERS: set, but empty'* ]]
	refused 'signed by bksign1' bk-crypt -d -i key --signer eve.pub <signed
	[ ! -s $T/out ]
	refused 'no room' bk-crypt -d -i key --signer ann.pub <age
}

@test "another's stream under ann's name is refused, and nothing is stored" {
	# eve signs what she made, and puts ann's key in its place: she has the
	# file key, so only the signature can tell
	bk-crypt -R pub --sign eve <in.gz >$T/forged
	refused 'not among' bk-crypt -d -i key --signer ann.pub <$T/forged
	# a wrong signature under a right payload
	flip signed -76 >$T/bad
	bk-crypt -d -i key <$T/bad | cmp - in.gz
	run -3 bash -o pipefail -c 'bk-crypt -d -i key --signer ann.pub <$T/bad |
	    bk-save $T/stored'
	[[ $output == *'or it was altered'* ]]
	[ ! -e $T/stored ]
}

@test "the signature cannot be cut off, and covers every byte" {
	size=$(stat -c %s signed)
	for cut in 1 66 67 130 131 5000; do
		head -c $((size - cut)) signed >$T/cut
		refused '' bk-crypt -d -i key --signer ann.pub <$T/cut
	done
	for at in 13 100 150 $((size / 2)) $((size - 140)) $((size - 1)); do
		flip signed $at >$T/flipped
		refused '' bk-crypt -d -i key --signer ann.pub <$T/flipped
	done
}

@test "age: the signature is minisign's, and minisign verifies it" {
	key=$(sed -n '1s/.* //p' age.sig)
	minisign -V -P "$key" -m age -x age.sig
	run ! minisign -V -P "$key" -m signed -x age.sig
	bk-crypt -d -i key --signer ann.pub --signature age.sig <age >$T/out
	cmp $T/out in.gz
	age -d -i key age | cmp - in.gz
	refused 'not by one' bk-crypt -d -i key --signer eve.pub \
	    --signature age.sig <age
	bk-crypt --age -R pub <in.gz >$T/other
	refused 'altered' bk-crypt -d -i key --signer ann.pub \
	    --signature age.sig <$T/other
	sed 's/$/\r/' age.sig >$T/dos
	bk-crypt -d -i key --signer ann.pub --signature $T/dos --bare <age |
	    cmp - in.gz
	sed 's/timestamp:1/timestamp:2/' age.sig >$T/sig
	refused 'trusted comment' bk-crypt -d -i key --signer ann.pub \
	    --signature $T/sig <age
	# armored: of the file as it lies there, armor and all
	age -a -R pub <in.gz >$T/armored
	minisign_key ann >$T/mini.key
	for blank in '' $'\n \n'; do
		{ printf %s "$blank"; cat $T/armored; printf %s "$blank"; } >$T/lies
		rm -f $T/lies.sig
		minisign -S -W -s $T/mini.key -m $T/lies -x $T/lies.sig >/dev/null
		bk-crypt -d -i key --signer ann.pub --signature $T/lies.sig \
		    <$T/lies >$T/out
		cmp $T/out in.gz
		{ cat $T/lies; echo; } >$T/longer
		refused 'or it was altered' bk-crypt -d -i key \
		    --signer ann.pub --signature $T/lies.sig <$T/longer
	done
	# one that is there is never replaced
	run -1 bk-crypt --age -R pub --sign ann --signature age.sig <in.gz
	minisign -V -P "$key" -m age -x age.sig
}

@test "age: a dump that failed leaves no signature" {
	run -3 bash -o pipefail -c 'bk-seal sh -c "cat in; exit 1" |
	    bk-crypt --age -R pub --sign ann --signature $T/sig >$T/out'
	[ ! -e $T/sig ]
}

@test "rewrapping demands the old signature before it makes a new one" {
	bk-crypt --rewrap -i key -R pub --sign eve --signer ann.pub <signed >$T/new
	bk-crypt -d -i key --signer eve.pub --bare <$T/new | cmp - in.gz
	run -2 bk-crypt --rewrap -i key -R pub --sign eve <signed
	[[ $output == *'--signer'* ]]
	refused 'not signed' bk-crypt --rewrap -i key -R pub --sign ann \
	    --signer ann.pub <unsigned
	# and loses none without a word
	run -2 bk-crypt --rewrap -i key -R pub <signed
	[[ $output == *'covers the recipients'* ]]
	refused 'no room' bk-crypt --rewrap -i key -R pub --sign eve \
	    --signer ann.pub <age
}

@test "keys: another kind, a public one, none" {
	run -3 bk-crypt -R pub --sign key <in
	run -3 bk-crypt -R pub --sign ann.pub <in
	run -3 bk-crypt -d -i key --signer pub <signed
	run -2 bk-crypt -R pub --age --sign ann <in
	[[ $output == *'--signature'* ]]
}

@test "bk-verify: a receipt says who signed, or that nobody did" {
	bk-verify -i key --signer ann.pub <signed >$T/receipt
	[ "$(jq -r .signer $T/receipt)" = "$(cat ann.pub)" ]
	[ "$(jq -r .result $T/receipt)" = proven ]
	bk-verify -i key --signer ann.pub --signature age.sig <age >$T/receipt
	[ "$(jq -r .signer $T/receipt)" = "$(cat ann.pub)" ]
	refused 'not signed' bk-verify -i key --signer ann.pub <unsigned
	refused 'not among' env BK_SIGNERS=eve.pub bk-verify -i key <signed
	[ "$(jq -r .signer $T/out)" = null ]
	# not encrypted, so not signed
	refused 'not signed' bk-verify --signer ann.pub <in.gz
	bk-verify -i key <signed >$T/receipt
	[ "$(jq -r .signer $T/receipt)" = null ]
}

@test "an old backup under a new name keeps its instant" {
	cp signed $T/shop-20990101T000000Z.bk
	bk-verify -i key --signer ann.pub <$T/shop-20990101T000000Z.bk >$T/receipt
	at=$(sed -n '1s/.*(at=\([0-9T]*\)Z.*/\1/p' signed)
	[ "$(jq -r .at $T/receipt | tr -d ':Z-')" = "$at" ]
}

@test "receipts are signed, and count for nothing where they are not" {
	local name
	cd "$T"
	cp "$BATS_FILE_TMPDIR/in.gz" .
	mkdir proofs
	name=s3://b/shop/shop-20261121T010203Z.bk
	printf '%s\t9\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$name" >list
	proven() { BK_SIGNERS=$1 bk-age --receipts proofs <list; }
	bk-verify -q --name "$name" --sign-receipt "$BATS_FILE_TMPDIR/ann" \
	    --receipts proofs -o one <in.gz
	cp "$BATS_FILE_TMPDIR"/*.pub .
	# openssl knows it, too
	python3 - <<-'PY'
	import base64, json
	line = open("one", "rb").read()
	at = line.rindex(b',"signature":"')
	open("said", "wb").write(line[:at])
	open("sig", "wb").write(base64.b64decode(json.loads(line)["signature"] + "=="))
	PY
	python3 - "$(cat ann.pub)" >ann.der <<-'PY'
	import sys
	v = 0
	for c in sys.argv[1][len("bksign1"):-6]:
	    v = v << 5 | "qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(c)
	sys.stdout.buffer.write(bytes.fromhex("302a300506032b6570032100") +
	    (v >> 4).to_bytes(32, "big"))
	PY
	openssl pkeyutl -verify -pubin -keyform DER -inkey ann.der -rawin \
	    -in said -sigfile sig
	run -0 proven ann.pub
	run -2 proven eve.pub
	[[ $output == *'1 of 1 receipts not signed by a key in BK_SIGNERS'* ]]
	[[ $output == *'never proven'* ]]
	run -3 --separate-stderr env BK_SIGNERS=eve.pub bk-prune -d 1 \
	    --receipts proofs <list
	[[ $stderr == *'not signed by a key in BK_SIGNERS'*'nothing is proven'* ]]
	run -0 env BK_SIGNERS=ann.pub bk-prune -d 1 --receipts proofs <list
	# altered, of another backup, without a signature, two in a file
	sed 's/"level":1/"level":2/' one >proofs/*.receipt.json
	run -2 proven ann.pub
	cat one one >proofs/*.receipt.json
	run -0 proven ann.pub
	bk-verify -q --name "$name" -o proofs/two.receipt.json <in.gz
	run -1 proven ann.pub
	[[ $output == *'1 of 3 receipts'* ]]
	# one that refutes and is not signed is told, and that is all
	run -3 bk-verify -q --name "$name" -o proofs/bad.receipt.json <list
	run -1 proven ann.pub
	[[ $output != *'not restorable'* ]]
	run -3 env BK_SIGNERS= bk-age --receipts proofs <list
	run -3 proven nowhere
	run -1 bk-verify --sign-receipt nowhere <in.gz
	run -3 bk-verify --sign-receipt ann.pub <in.gz
}
