#!/usr/bin/env bats
# What bk-zst does that bk-gz does not; t/gz.bats tests what they share.
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	seq 400000 >plain
}

# refused FILE: bk-zst -d says so in one line and exits 3.
refused() {
	run -3 --separate-stderr sh -c 'bk-zst -d <"$1" >out' sh "$1"
	one_line_error bk-zst
}

@test "zstd reads what bk-zst writes, and the other way round" {
	long
	for level in 1 3 12 19; do
		bk-zst -$level <plain >plain.zst
		zstd -qt plain.zst
		zstd -dc plain.zst | cmp - plain
		bk-zst -d <plain.zst | cmp - plain
	done
	for o in -1 '-T2 -9' --no-check --long=27 --ultra\ -22; do
		zstd -qc $o plain | bk-zst -d | cmp - plain
	done
	pzstd -qc plain 2>err | bk-zst -d | cmp - plain
}

@test "the output does not depend on the number of threads" {
	cat plain plain plain plain plain plain plain plain >much
	bk-zst -j 1 <much >one.zst
	bk-zst -j 4 <much >four.zst
	cmp <(blank four.zst) <(blank one.zst)
	BK_JOBS=2 bk-zst <much >two.zst
	cmp <(blank two.zst) <(blank one.zst)
}

@test "streams one after the other, in any mixture, and padding" {
	bk-zst <plain >own.zst
	zstd -qc plain >other.zst
	cat own.zst other.zst own.zst >all.zst
	cat plain plain plain >plain3
	bk-zst -d <all.zst | cmp - plain3
	truncate -s %10240 all.zst
	bk-zst -d <all.zst | cmp - plain3
}

@test "the marks are where bk-formats(5) says" {
	bk-zst <plain >plain.zst
	sum=$(seal_of plain.zst | cut -c 1-64)
	[ "$(head -c 106 plain.zst | tail -c 98)" = "$(opening_word)$sum()" ]
	ends plain.zst
	[ "$(tail -c 68 plain.zst)" = "$(closing_word)$(nonce_of plain.zst)0000" ]
	[ "$(head -c 4 plain.zst | od -An -tx1 | tr -d ' ')" = 5b2a4d18 ]
}

@test "empty: a file is compressed, a pipe is refused" {
	bk-zst </dev/null >empty.zst
	zstd -qt empty.zst
	[ "$(bk-zst -d <empty.zst | wc -c)" = 0 ]
	run -3 --separate-stderr sh -c 'true | bk-zst >out'
	one_line_error bk-zst
	refused out
}

@test "input that failed upstream: 3, and no closing mark" {
	mark=$(closing_word)
	run -3 --separate-stderr sh -c \
	    'bk-seal sh -c "cat plain; exit 1" 2>err | bk-zst >out'
	one_line_error bk-zst
	run ! grep -qaF "$mark" out
	refused out
}

@test "damaged, cut, or not zstd: 3, one line, the offset" {
	bk-zst <plain >own.zst
	zstd -qc plain >other.zst
	for f in own other; do
		size=$(stat -c %s $f.zst)
		for n in 1 7 50 $((size / 2)) $((size - 1)); do
			head -c "$n" $f.zst >cut.zst
			refused cut.zst
		done
		(cat $f.zst; echo x) >garbage.zst
		refused garbage.zst
		[[ $stderr == *"offset $size: trailing garbage" ]]
	done
	printf '\377\377\377' | dd of=own.zst bs=1 seek=20000 conv=notrunc \
	    status=none
	refused own.zst
	[[ $stderr == *'zstd frame at offset 106: '* ]]
	refused plain
	# a frame without content, in blocks, whose header states 9 bytes
	{ marked_head; printf '\x28\xb5\x2f\xfd\x24\x09\0\0\0\0\0\0\0\0\0'
	    printf '\1\0\0\x99\xe9\xd8\x51'
	    printf '[*M\x18\x44\0\0\0'; closing_mark; } >nine.zst
	refused nine.zst
	[[ $stderr == *'zstd frame at offset 106: its content is not as long'* ]]
	run ! zstd -qt nine.zst
}

@test "a window that is too large: the remedy works" {
	# written from a pipe, so the frame does not tell its size
	cat plain | zstd -qc --ultra --long=29 >long.zst
	refused long.zst
	[[ $stderr == *'zstd -d --long=31' ]]
	zstd -qdc --long=31 long.zst | cmp - plain
}

@test "--sealed demands the opening mark" {
	bk-zst <plain | bk-zst -d --sealed | cmp - plain
	run -3 sh -c 'zstd -qc plain | bk-zst -d --sealed >out'
}

@test "a full disk; a reader that leaves early" {
	run -1 --separate-stderr sh -c 'bk-zst <plain >/dev/full'
	one_line_error bk-zst
	run -1 --separate-stderr bash -c 'bk-zst -1 <plain >plain.zst
	    bk-zst -d <plain.zst | head -c1 >/dev/null; exit ${PIPESTATUS[0]}'
	[ -z "$stderr" ]
}

@test "usage errors: 2, and nothing is read or written" {
	for a in -0 -20 '-j 0' file; do
		run -2 --separate-stderr sh -c "bk-zst $a <plain >out"
		[[ $stderr == *'usage: bk-zst '* ]]
		[ ! -s out ]
	done
}

@test "the examples of the page and of --help work" {
	mkdir data
	cp plain data
	cp plain shop.dump
	grep '^\.Dl ' "$TOP/man/bk-zst.1" | cut -d' ' -f2- >examples
	[ "$(wc -l <examples)" -ge 3 ]
	bash -e -o pipefail examples
	zstd -dc data.tar.zst | tar -df -
	[ "$(bk-zst --help | wc -l)" -le 40 ]
	bk-zst --help | sed -n '1s/^Example: //p' >example
	bash -e -o pipefail example | cmp - plain
}
