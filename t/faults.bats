#!/usr/bin/env bats
# A sample of t/torture/faults: each call that can fail does, once.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export TMPDIR=$BATS_TEST_TMPDIR
}

# sweep ARGUMENT...: nothing is wrong, and some runs were right, some refused.
sweep() {
	run "$TOP/t/torture/faults" "$@"
	[[ $status = 0 && ${lines[-1]} =~ right=[1-9].*refused=[1-9].*violations=0 ]] || {
		echo "$output" >&2
		return 1
	}
}

@test "I/O that fails" {
	sweep -m 2 -k read,write,open,close,sync,rename,stat,lock \
	    gz crypt save-overwrite seal-stdin ls
}

@test "memory, threads and processes that cannot be had" {
	sweep -m 3 -k malloc,thread,fork,pipe,random gz seal-stdin tee
}

# The sweep sees what it is made for: a tool that ignores a failed write.
@test "a violation is one" {
	mkdir bin
	ln -s "$BK_BIN"/* bin
	rm bin/bk-gz
	cat >bin/bk-gz <<-'SH'
	#!/bin/sh
	[ "$1" != -d ] || exec cat
	exec perl -e 'syswrite(STDOUT, $_) while sysread(STDIN, $_, 65536)'
	SH
	chmod +x bin/bk-gz
	sed "s/^tool	bk-gz$/tool	perl/" "$TOP/t/torture/jobs" >jobs
	run -1 env BK_BIN="$PWD/bin" "$TOP/t/torture/faults" -J jobs -k write gz
	[[ $output == *"gz: write 1 EIO: 0, but: "* ]]
}
