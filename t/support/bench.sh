#!/usr/bin/env bash
# make bench [BENCH="gz s3"]: run the benchmarks in t/bench, all or some.
#
# Each prints tables of paired runs (paired.py) against the tools one would
# use instead, and whether the targets were met.  A missed target is no
# failure; a tool that fails is.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export BK_BIN=${BK_BIN:-$PWD/build/bin}
failed=
for script in t/bench/*.sh; do
	name=$(basename "$script" .sh)
	if [ -n "${BENCH:-}" ] && [[ " $BENCH " != *" $name "* ]]; then
		continue
	fi
	printf '\n=== %s\n\n' "$name"
	"$script" || failed+=" $name"
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
