# Sourced by every .bats file:  load support/common
#
# Tools under test come from $BK_BIN (make check sets it), else build/bin.
# Each test has $BATS_TEST_TMPDIR; run -N CMD asserts a status; no `! cmd`.
[ -z "${BATS_VERSION-}" ] || bats_require_minimum_version 1.5.0
set -o pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BK_BIN=${BK_BIN:-$TOP/build/bin}
SUPPORT=$TOP/t/support
SHARED=${BK_SHARED:-$TOP/../shared}	# public vectors; tests skip without it
PATH=$BK_BIN:$PATH
ASAN_OPTIONS=${ASAN_OPTIONS-}
export TOP BK_BIN SUPPORT SHARED PATH ASAN_OPTIONS TZ=UTC LC_ALL=C.UTF-8
unset BK_STATUS_FD BK_AUDIT_LOG BK_DEBUG BK_RECIPIENTS BK_IDENTITY BK_JOBS DATABASE_URL

# The words of the two marks, as the library has them: never written out in a
# file.  A whole mark has a nonce, here always the same, or its SHA-256, and the
# label FIELDS, or the number of bytes that FOLLOW.
opening_word() { bk-seal printf x </dev/null | head -c 32; }
closing_word() { bk-seal printf x </dev/null | tail -c 68 | head -c 32; }
NONCE=00112233445566778899aabbccddeeff
SUM=5947d7c33d783f94b3b4c1a96ebc8991ed28f1b069b71e03376cba8caa98a720
opening_mark() { printf "%s$SUM(%s)" "$(opening_word)" "${1-}"; }	# FIELDS
# a stream's own one, where zstd has it: an envelope's is at the beginning
marked_head() {	# FIELDS
	local mark
	mark=$(opening_mark "${1-}")
	printf '[*M\x18'
	printf "$(printf '\\x%02x\\x%02x' $((${#mark} % 256)) $((${#mark} / 256)))"
	printf '\0\0%s' "$mark"
}
closing_mark() { printf "%s$NONCE%04x" "$(closing_word)" "${1-0}"; }	# FOLLOW

# wal NAME END FILE [CLUSTER]: FILE as bk-walrecv hands it over; END "": history.
wal() {
	local sum prior=
	sum=$(sha256sum <"$3")
	[ -z "${PRIOR-}" ] || prior=$(sha256sum <"$PRIOR")
	opening_mark "cluster=${4-7001};wal=$1;${2:+end=$2;}sum=${sum:0:32}${prior:+;prior=${prior:0:32}}"
	cat "$3"
	closing_mark 0
}

# inside: what is in the envelope on standard input.
inside() {
	perl -0777 -pe 's/\A.{96}\([^)]*\)//s; substr($_, -68) = ""'
}

# seal_of FILE: its nonce's SHA-256 and its label, as SUM(LABEL).
seal_of() {
	head -c 4096 "$1" | grep -ao "$(opening_word)[0-9a-f]*([^)]*)" |
	    head -n 1 | tail -c +33
}

# nonce_of FILE: that of the closing mark at its end.
nonce_of() {
	tail -c 2560 "$1" | grep -aoE "$(closing_word)[0-9a-f]{32}" |
	    tail -n 1 | tail -c +33
}

# blank FILE: it, with zeros for its nonce and the SHA-256 of that.
blank() {
	local seal
	seal=$(seal_of "$1")
	LC_ALL=C sed "s/${seal%%(*}/$(printf '%064d' 0)/g
	    s/$(nonce_of "$1")/$(printf '%032d' 0)/g" "$1"
}

# ends FILE: it ends with the closing mark of its own opening mark.
ends() {
	local seal
	seal=$(seal_of "$1")
	[ "$(printf %s "$(nonce_of "$1")" | sha256sum)" = "${seal%%(*}  -" ]
}

# sanitized: the tools are a build with sanitizers, which has memory and
# libraries of its own.
sanitized() { readelf -d "$BK_BIN/bk-seal" | grep -Eq 'lib[atu]+b?san'; }

# skip in setup_file is a failure to bats 1.8.  So that calls skip_file REASON,
# and setup, before anything else, unless_skipped.
skip_file() { export SKIP_FILE=$1; }
unless_skipped() { [ -z "${SKIP_FILE-}" ] || skip "$SKIP_FILE"; }

# can_trace: skip where strace may not change what system calls return.
can_trace() {
	strace --version >/dev/null
	strace -o /dev/null -e inject=fsync:error=EIO true ||
	    skip "strace may not trace here"
	ASAN_OPTIONS+=:detect_leaks=0	# which needs ptrace for itself
}

# free_port: print a TCP port on loopback that was free a moment ago.
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    LocalAddr => "127.0.0.1", Listen => 1)->sockport, "\n"'
}

# await CMD...: run CMD until it succeeds; fail when it never does: a bound that
# a machine with other work cannot reach.  WITHIN=N: N seconds.
await() {
	local end=$((SECONDS + ${WITHIN:-300}))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting: $*" >&2; return 1; }
		(read -r -t 0.05 <> <(:)) || :	# without that, <() would be $!
	done
}

# sampled: in a loop, "sampled || continue" runs each third round, and all where
# BK_LONG is set.
sampled() {
	[ -n "${BK_LONG-}" ] || [ $((SAMPLED[BASH_LINENO[0]]++ % 3)) = 0 ]
}
SAMPLED=()

# long: a test of make check-all alone: what others show as well, in another way.
long() { [ -n "${BK_LONG-}" ] || skip 'BK_LONG: make check-all'; }

# usage TEXT TOOL ARG...: 2, the reason with TEXT in it, the usage, no output.
usage() {
	local text=$1
	shift
	run -2 --separate-stderr "$@"
	[[ $stderr == *"$text"* && $stderr == *"usage: $1"* && -z $output ]] ||
	    { echo "$*: $stderr"; return 1; }
}

# one_line_error TOOL: $stderr (run --separate-stderr) is one line of TOOL's.
one_line_error() {
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 1 ] &&
	    [[ $stderr == "$1: "* ]] && [[ $stderr != *. ]]
}

# as_nobody CMD...: run it without root's rights.
as_nobody() {
	if [ "$(id -u)" != 0 ]; then "$@"; return; fi
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# fast_clock: fast.so, to be preloaded: a clock that runs $TIMES as fast; 0: not.
fast_clock() {
	[[ $BK_BIN != */san/* ]] || skip 'a preloaded library'
	${CC:-cc} -shared -fPIC -o fast.so "$SUPPORT/fastclock.c"
}
