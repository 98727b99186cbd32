#!/usr/bin/env bash
# run.sh: what `make fuzz` does.  Runs each target for FUZZ_SECONDS (60) in a
# fuzzer, FUZZ="gz tar" only these; ENGINE=libfuzzer (clang, with
# AddressSanitizer and UBSan) or afl (AFL++).  Prints a line for each; what is
# found lies in build/fuzz, and new inputs too, for the next run to begin with.
# Exit 1 if any target crashed, hung, or used too much memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

engine=${ENGINE:-libfuzzer}
seconds=${FUZZ_SECONDS:-60}
B=build/fuzz/$engine
CHECKS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

die() {
	echo "fuzz: $*" >&2
	exit 1
}

# compile CC MODE LIBS: all targets of this run.
compile() {
	local names=${FUZZ:-$(basename -s .c t/fuzz/*.c)} name targets=()
	for name in $names; do
		[ -f "t/fuzz/$name.c" ] || die "no target $name"
		targets+=("$B/fuzz/$name")
	done
	make -s -j"$(nproc)" B="$B" CC="$1" MODE="$2 -DFUZZ_ALONE" \
	    ENGINE_LIB="${3-}" "${targets[@]}"
}

# last KEY FILE: its last value in libFuzzer's output.
last() {
	sed -n "s/.*$1 *\\([0-9][0-9]*\\).*/\\1/p" "$2" | tail -n 1
}

run_libfuzzer() {
	mkdir -p "$B/found/$1"
	"$B/fuzz/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
	    -print_final_stats=1 -artifact_prefix="$B/found/$1/" \
	    "$B/corpus/$1" >"$B/$1.log" 2>&1 || crashes=$((crashes + 1))
	execs=$(last 'number_of_executed_units:' "$B/$1.log")
	edges=$(last 'cov:' "$B/$1.log")
	rss=$(last 'peak_rss_mb:' "$B/$1.log")
	inputs=$(find "$B/corpus/$1" -type f | wc -l)
}

# stat KEY NAME: a value of afl-fuzz's.
stat() {
	sed -n "s/^$1 *: *\\([0-9]*\\).*/\\1/p" "$B/out/$2/default/fuzzer_stats"
}

run_afl() {
	rm -rf "$B/out/$1"
	mkdir -p "$B/out"
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 \
	    AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_IGNORE_SEED_PROBLEMS=1 \
	    afl-fuzz -V "$seconds" -t 10000 -m none -i "$B/corpus/$1" \
	    -o "$B/out/$1" -- "$B/fuzz/$1" >"$B/$1.log" 2>&1 || :
	[ -f "$B/out/$1/default/fuzzer_stats" ] ||
	    die "$1: afl-fuzz did not run; see $B/$1.log"
	execs=$(stat execs_done "$1") edges=$(stat edges_found "$1")
	rss=$(stat peak_rss_mb "$1") inputs=$(stat corpus_count "$1")
	crashes=$((crashes + $(stat saved_crashes "$1") + $(stat saved_hangs "$1")))
}

make -s -j"$(nproc)" ${CC:+CC="$CC"} build/t/fuzz.t
case $engine in
libfuzzer)
	compile "${FUZZ_CC:-clang}" "$CHECKS -fsanitize=fuzzer-no-link" \
	    -fsanitize=fuzzer
	;;
afl)
	command -v afl-clang-fast >/dev/null || die "no afl-clang-fast; apt-get install afl++"
	AFL_QUIET=1 compile afl-clang-fast '-g -O2' -fsanitize=fuzzer
	;;
*) die "ENGINE=$engine: libfuzzer or afl" ;;
esac
mkdir -p "$B/corpus"
build/t/fuzz.t --unpack "$B/corpus"

total=0 bad=0 n=0
printf '%-12s %10s %7s %7s %8s %8s\n' target execs edges inputs 'RSS MiB' crashes
for name in ${FUZZ:-$(basename -s .c t/fuzz/*.c)}; do
	crashes=0
	"run_$engine" "$name"
	printf '%-12s %10s %7s %7s %8s %8s\n' "$name" "${execs:-0}" \
	    "${edges:--}" "$inputs" "${rss:--}" "$crashes"
	[ "$crashes" = 0 ] || echo "  $name: see $B/$name.log"
	n=$((n + 1)) total=$((total + ${execs:-0})) bad=$((bad + crashes))
done
echo "fuzz: targets=$n execs=$total crashes=$bad"
[ "$bad" = 0 ]
