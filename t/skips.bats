#!/usr/bin/env bats
# t/support/Skips.pm: what make check says at its end of what was skipped.
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# tap NAME LINE...: what a test file of that name prints.
tap() { printf '%s\n' "${@:2}" >"$1.tap"; }

# prove_all [OPTION...]: as make check does, but each is printed, not run.
prove_all() {
	perl -I"$SUPPORT" -S prove -j2 --failures --ext .tap --exec cat "$@" .
}

@test "each reason, how often and where; a whole file is one" {
	tap bats 1..4 'ok 1 one # skip no npm here' 'ok 2 two # skip takes root' \
	    'ok 3 three # skip no npm here' 'ok 4 four'
	tap unit 'ok 1 - one # SKIP no npm here' 'ok 2 # skip' 1..2
	tap file '1..0 # SKIP takes root'
	tap none 1..0
	run -0 prove_all --harness Skips
	diff - <(sed 1,/^Result:/d <<<"$output") <<-'END'
	Skipped=7
	    3 no npm here: ./bats.tap (2), ./unit.tap (1)
	    2 no reason given: ./none.tap (all), ./unit.tap (1)
	    2 takes root: ./bats.tap (1), ./file.tap (all)
	END
}

@test "it follows what prove says, and is told of a failure and of nothing too" {
	tap good 'ok 1' 1..1
	run -0 prove_all --harness Skips
	[[ $output == *"All tests successful."* ]]
	[[ $output == *"Files=1, Tests=1, "*"Result: PASS"$'\n'"Skipped=0" ]]
	rm good.tap
	tap bad 'not ok 1' 'ok 2 # skip no npm here' 1..2
	run -1 prove_all
	cpu='s/[^,]*CPU)//'
	prove=$(sed "$cpu" <<<"$output")
	run -1 prove_all --harness Skips
	diff - <(sed "$cpu" <<<"$output") <<-END
	$prove
	Skipped=1
	    1 no npm here: ./bad.tap (1)
	END
}
