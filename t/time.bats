#!/usr/bin/env bats
# Clocks that are wrong or jump, summer time, leap seconds, dates that are far
# away: the quick part of t/torture/time.

load support/common

@test "a wrong clock: the right result, or one line and nothing stored" {
	long
	run -0 "$TOP/t/torture/time" --quick
	echo "${lines[-1]}" >&3
	[[ ${lines[-1]} == *' violations=0 '* ]]
}

@test "a clock of no year that names can hold is told as that" {
	cd "$BATS_TEST_TMPDIR"
	[[ $BK_BIN != */san/* ]] || skip 'a preloaded library'
	${CC:-cc} -shared -fPIC -o clock.so "$TOP/t/torture/clock.c"
	CLOCK='1 @-43200' LD_PRELOAD=$PWD/clock.so \
	    run -1 --separate-stderr bash -c 'echo x | exec bk-save "$PWD/x-{utc}"'
	one_line_error bk-save
	[[ $stderr == *'{utc}: the clock is not in the years 1970 to 9999; set it' ]]
	[ -z "$(ls x-* 2>/dev/null)" ]
	# what has an instant of its own needs no clock
	bk-seal echo x >sealed
	CLOCK='1 @-43200' LD_PRELOAD=$PWD/clock.so bk-save "$PWD/y-{utc}" <sealed
	[ "$(ls y-*)" = "y-$(seal_of sealed | grep -o '[0-9]*T[0-9]*Z')" ]
}
