#!/usr/bin/env bats
# bk(7), WHO MAY BE HOSTILE: what it says of each is held by a test, which the
# page's source names behind it.

load support/common

section() { sed -n '/^\.Sh WHO MAY BE HOSTILE/,/^\.Sh GLOSSARY/p' "$TOP/man/bk.7"; }

@test "each test that the page names is there" {
	local file title
	sed -n 's/^\.\\" test: //p' "$TOP/man/bk.7" >"$BATS_TEST_TMPDIR/named"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/named")" -ge 10 ]
	while IFS=: read -r file title; do
		grep -qF "@test \"${title# }" "$TOP/t/$file" ||
		    echo "$file: no test$title"
	done <"$BATS_TEST_TMPDIR/named" >"$BATS_TEST_TMPDIR/missing"
	diff /dev/null "$BATS_TEST_TMPDIR/missing"
}

@test "nobody is spoken of without a test" {
	section | awk '/^\.It / { if (who && !n) print who; who = $0; n = 0 }
	    /^\.\\" test: / { n++ }
	    END { if (!n) print who }' >"$BATS_TEST_TMPDIR/untested"
	diff /dev/null "$BATS_TEST_TMPDIR/untested"
}
