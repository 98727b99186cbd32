#!/usr/bin/env bats
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	seq 400000 >plain		# 2.7 MB: three members
}

has() { grep -qaF -- "$1" "$2"; }

# refused FILE: bk-gz -d says so in one line and exits 3.
refused() {
	run -3 --separate-stderr sh -c 'bk-gz -d <"$1" >out' sh "$1"
	one_line_error bk-gz
}

@test "every gzip reader reads what bk-gz writes" {
	bk-gz <plain >plain.gz
	gzip -t plain.gz
	gunzip <plain.gz | cmp - plain
	pigz -d <plain.gz | cmp - plain
	bgzip -dc plain.gz | cmp - plain
	python3 -c 'import gzip, sys
sys.stdout.buffer.write(gzip.open("plain.gz").read())' | cmp - plain
	perl -MIO::Uncompress::Gunzip=gunzip -e \
	    'gunzip "-" => "-", MultiStream => 1' <plain.gz | cmp - plain
}

@test "bk-gz reads what other programs write" {
	for c in gzip 'gzip -1' 'gzip -n' pigz 'pigz -i' bgzip; do
		$c <plain | bk-gz -d | cmp - plain
	done
	cp plain 'a name'
	gzip -kN 'a name'
	pigz -C 'a comment' <plain >comment.gz
	bk-gz -d <'a name.gz' | cmp - plain
	bk-gz -d <comment.gz | cmp - plain
}

@test "streams one after the other, in any mixture, and padding" {
	bk-gz <plain >own.gz
	gzip <plain >other.gz
	bgzip <plain >bgzf.gz
	cat own.gz other.gz bgzf.gz own.gz >all.gz
	cat plain plain plain plain >plain4
	bk-gz -d <all.gz | cmp - plain4
	truncate -s %10240 all.gz
	bk-gz -d <all.gz | cmp - plain4
}

@test "levels and threads: smaller, never different in content" {
	last=$(stat -c %s plain)
	for level in 1 6 12; do
		bk-gz -$level <plain >one.gz
		[ "$(stat -c %s one.gz)" -lt "$last" ]
		last=$(stat -c %s one.gz)
		for j in 1 3; do
			bk-gz -$level -j $j <plain >j.gz
			cmp <(blank one.gz) <(blank j.gz)
			bk-gz -d -j $j <j.gz | cmp - plain
		done
	done
	BK_JOBS=3 bk-gz <plain | bk-gz -d --jobs 1 | cmp - plain
	bk-gz -9 -1 <plain >last.gz		# the last one counts
	bk-gz -1 <plain >one.gz
	cmp <(blank one.gz) <(blank last.gz)
}

@test "the default is no larger than gzip -6" {
	[ "$(bk-gz <plain | wc -c)" -le "$(gzip -6 <plain | wc -c)" ]
}

@test "empty: a file is compressed, a pipe is refused" {
	: >empty
	bk-gz <empty >empty.gz
	gzip -t empty.gz
	[ "$(bk-gz -d <empty.gz | wc -c)" = 0 ]
	[ "$(gunzip <empty.gz | wc -c)" = 0 ]
	run -3 --separate-stderr sh -c 'true | bk-gz >out'
	one_line_error bk-gz
	[[ $stderr == *unfinished* ]]
	[ ! -s out ]
	refused empty
}

@test "the marks are where bk-formats(5) says" {
	bk-gz <plain >plain.gz
	head -c 4096 plain.gz >head
	tail -c 110 plain.gz >tail
	sum=$(seal_of plain.gz | cut -c 1-64)
	[ "$(head -c 126 head | tail -c 98)" = "$(opening_word)$sum()" ]
	ends plain.gz
	total=$(tail -c 94 tail | head -c 12 | od -An -tx1 | tr -d ' \n')
	[ "$total" = "$(python3 -c 'import struct, sys, zlib
b = sys.stdin.buffer.read()
print(struct.pack("<QI", len(b), zlib.crc32(b)).hex())' <plain)" ]
	has "$(closing_word)$(nonce_of plain.gz)000a" tail
	[ "$(grep -caF "$(closing_word)" plain.gz)" = 1 ]
	gunzip <tail | cmp - /dev/null		# the last member by itself
}

@test "input that failed upstream: 3, and no closing mark" {
	mark=$(closing_word)
	run -3 --separate-stderr sh -c \
	    'bk-seal sh -c "printf x; exit 1" 2>err | bk-gz >out'
	one_line_error bk-gz
	run ! has "$mark" out
	run -3 --separate-stderr sh -c \
	    'bk-seal sh -c "cat plain; exit 1" 2>err | bk-gz >out'
	one_line_error bk-gz
	[[ $stderr == *unfinished* ]]
	[ -s out ]
	run ! has "$mark" out
	refused out
	# what was saved is good as far as it goes
	cmp -n "$(gunzip <out | wc -c)" <(gunzip <out) plain
}

@test "-d --seal: an envelope with the label of what it decodes" {
	{ opening_mark 'db=shop;at=20200229T235959Z'; cat plain
	    closing_mark; } | bk-gz >labelled.gz
	for c in bk-gz bk-zst; do
		bk-gz -d --seal <labelled.gz | $c | $c -d --seal >out
		[[ $(seal_of out) == *'(db=shop;at=20200229T235959Z)' ]]
		inside <out | cmp - plain
		ends out
	done
	# who failed to decode seals nothing
	head -c -1 labelled.gz >cut.gz
	run -3 sh -c 'bk-gz -d --seal <cut.gz >out'
	run ! has "$(closing_word)" out
	run -2 bk-gz --seal <plain
	run -2 bk-gz -d --sea <labelled.gz
	bk-gz -d --sealed <labelled.gz | cmp - plain
	run -3 bk-gz -d --sealed --seal < <(gzip <plain)
}

@test "a chain: who fails at the front stops everything behind" {
	mark=$(closing_word)
	bk-gz <plain | bk-gz | bk-gz -d | bk-gz -d | cmp - plain
	run -3 sh -c 'bk-seal sh -c "cat plain; exit 1" | bk-gz | bk-gz >out'
	run ! has "$mark" out
}

@test "bk-gz killed in the middle: what it wrote is refused" {
	mkfifo in
	bk-gz <in >out.gz 3>&- &
	pid=$!
	exec 7>in
	cat plain plain plain plain >&7
	await test -s out.gz
	kill -9 $pid
	wait $pid && false
	exec 7>&-
	refused out.gz
}

@test "damaged, cut, or not gzip: 3, one line, the offset" {
	bk-gz <plain >own.gz
	gzip <plain >other.gz
	for f in own other; do
		for n in 1 11 100 $(($(stat -c %s $f.gz) / 2)) \
		    $(($(stat -c %s $f.gz) - 1)); do
			head -c "$n" $f.gz >cut.gz
			refused cut.gz
			[[ $stderr == *unfinished* ]]
		done
		(cat $f.gz; echo x) >garbage.gz
		refused garbage.gz
		[[ $stderr == *"offset $(stat -c %s $f.gz): trailing garbage" ]]
		cmp -n 1000 out plain
	done
	# the second member of ours
	at=$(perl -0777 -ne 'print $-[0] if /.\x1f\x8b\x08\x04/s' own.gz)
	cp own.gz bad.gz
	printf '\377\377\377' | dd of=bad.gz bs=1 seek=$((at + 5000)) \
	    conv=notrunc status=none
	refused bad.gz
	[[ $stderr == *"gzip member at offset $((at + 1)): "* ]]
	cmp -n 1048576 out plain
	[ "$(stat -c %s out)" = 1048576 ]
	refused plain
	[[ $stderr == *'does not begin with a gzip member' ]]
}

@test "a member that is missing, doubled or moved: 3" {
	bk-gz <plain >own.gz
	cat >cut.py <<-'PY'
		import struct, sys
		b = open("own.gz", "rb").read()
		m = []
		while b:
		    n = struct.unpack("<I", b[16:20])[0] if b[12:14] == b"BK" \
		        else len(b)
		    m.append(b[:n])
		    b = b[n:]
		sys.stdout.buffer.write(b"".join(m[int(i)] for i in sys.argv[1]))
	PY
	python3 cut.py 0123 | cmp own.gz -
	for order in 013 023 01123 0213; do
		python3 cut.py $order >bad.gz
		gzip -t bad.gz
		refused bad.gz
		[[ $stderr == *'wrong checksum of all: a member is missing'* ]]
		run -3 bk-verify <bad.gz
	done
}

@test "--sealed demands the opening mark, in both directions" {
	bk-gz <plain >own.gz
	gzip <plain >other.gz
	bk-gz -d --sealed <own.gz | cmp - plain
	run -3 sh -c 'bk-gz -d --sealed <other.gz >out'
	run -3 sh -c 'bk-gz --sealed <plain >out'
	bk-seal cat plain | bk-gz --sealed | gunzip | cmp - plain
}

@test "a full disk is a failure, in both directions" {
	bk-gz <plain >plain.gz
	run -1 --separate-stderr sh -c 'bk-gz <plain >/dev/full'
	one_line_error bk-gz
	run -1 --separate-stderr sh -c 'bk-gz -d <plain.gz >/dev/full'
	one_line_error bk-gz
}

@test "a reader that leaves early: 1 and not a word" {
	head -c 5000000 /dev/urandom >much	# more than a pipe holds
	bk-gz -1 <much >much.gz
	for d in '<much' '-d <much.gz'; do
		run -1 --separate-stderr bash -c "bk-gz $d | head -c1 >/dev/null
		    exit \${PIPESTATUS[0]}"
		[ -z "$stderr" ]
	done
}

@test "usage errors: 2, and nothing is read or written" {
	for a in -0 -13 -100 '-j 0' '-j x' '-j' -x file --level; do
		run -2 --separate-stderr sh -c "bk-gz $a <plain >out"
		[[ $stderr == *'usage: bk-gz '* ]]
		[ ! -s out ]
	done
	BK_JOBS=many run -2 sh -c 'bk-gz <plain >out'
	# which -j and --help do not ask
	BK_JOBS=many bk-gz -j 1 <plain | bk-gz -d | cmp - plain
	BK_JOBS=many run -0 bk-gz --help
	# a terminal
	run -2 script -qec 'bk-gz <plain' /dev/null
	[[ $output == *'refusing to write compressed data to a terminal'* ]]
	run -2 script -qec 'bk-gz -d >out' /dev/null </dev/null
	[[ $output == *'refusing to read compressed data from a terminal'* ]]
}

@test "the audit line" {
	BK_AUDIT_LOG=log bk-gz <plain >plain.gz
	BK_AUDIT_LOG=log bk-gz -d <plain.gz >plain2
	python3 - <<'EOF'
import json, os
a, b = map(json.loads, open('log'))
assert (a['type'], b['type']) == ('compress', 'decompress'), (a, b)
assert a['size_bytes'] == os.path.getsize('plain.gz'), a
assert b['size_bytes'] == os.path.getsize('plain'), b
EOF
}

@test "the examples of the page and of --help work" {
	mkdir data
	cp plain data
	cp plain shop.dump
	# that which needs a server is in forge.bats
	grep '^\.Dl ' "$TOP/man/bk-gz.1" | cut -d' ' -f2- |
	    grep -v bk-restore >examples
	[ "$(wc -l <examples)" -ge 5 ]
	bash -e -o pipefail examples
	zstd -dc data.tar.zst | tar -df -
	[ "$(bk-gz --help | wc -l)" -le 40 ]
	bk-gz --help | sed -n '1s/^Example: //p' >example
	bash -e -o pipefail example | cmp - plain
	bk-gz --version | grep -q '^bk-gz '
}
