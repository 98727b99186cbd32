#!/usr/bin/env bats
# BK_AUDIT_LOG: one line of JSON a run, whatever happens.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	export BK_AUDIT_LOG=$PWD/audit.log
}

@test "a run that succeeds is a line of JSON with all its fields" {
	bk-seal printf 12345 >/dev/null
	jq -e '.operation == "bk-seal" and .type == "seal" and
	    .source == "printf" and .destination == null and
	    .size_bytes == 5 and .duration_seconds >= 0 and
	    .status == "success" and .error == null and
	    (.pid | type) == "number" and (.version | length) > 0' audit.log
	[ "$(jq -r .user audit.log)" = "$(id -un)" ]
	[ "$(jq -r .host audit.log)" = "$(uname -n)" ]
	[ "$(jq -r 'keys_unsorted | join(" ")' audit.log)" = \
	    "timestamp operation type source destination size_bytes duration_seconds status error user host pid version" ]
	jq -e '.timestamp | fromdate >= (now - 60) and . != null' audit.log
	[ "$(stat -c %a audit.log)" = 600 ]
}

@test "a run that fails says why, in the words of its message" {
	run -1 --separate-stderr bk-seal sh -c 'exit 9'
	[ "$(jq -r .status audit.log)" = failure ]
	[ "bk-seal: $(jq -r .error audit.log)" = "$stderr" ]
}

@test "names with quotes, newlines and bytes that are no UTF-8 are JSON" {
	local name=$'a "b"\\\n\t\x01\xff'
	run -1 bk-seal "$name"
	python3 -c 'import json, sys
lines = open("audit.log", "rb").read().split(b"\n")
assert len(lines) == 2 and lines[1] == b"", lines
assert json.loads(lines[0])["source"] == "a \"b\"\\\n\t\x01\ufffd"'
}

@test "a wrong call is no run, and leaves no line" {
	run -2 bk-seal
	[ ! -e audit.log ]
}

@test "runs that end together do not mix their lines" {
	local i pids=()
	for i in {1..40}; do
		bk-seal printf "%5000s" "$i" >/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	[ "$(wc -l <audit.log)" = 40 ]
	[ "$(jq -s 'map(select(.status == "success").pid) | unique | length' \
	    audit.log)" = 40 ]
}

@test "a log that cannot be written fails a run that succeeded" {
	BK_AUDIT_LOG=/nonexistent/log run -1 --separate-stderr bk-seal echo x
	[ "$stderr" = "bk-seal: audit log /nonexistent/log: No such file or directory" ]
	BK_AUDIT_LOG=/dev/full run -1 --separate-stderr bk-seal echo x
	one_line_error bk-seal
}

@test "an empty BK_AUDIT_LOG is none" {
	BK_AUDIT_LOG= bk-seal echo x >/dev/null
	[ ! -e audit.log ]
}
