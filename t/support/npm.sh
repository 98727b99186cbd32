#!/usr/bin/env bash
# npm.sh PACKAGE@VERSION...: print a directory whose node_modules has them.
#
# Fetched once, into a cache.  Exits 77, with the reason, where there is no npm
# or the registry cannot be reached.
set -euo pipefail

command -v npm >/dev/null || { echo "no npm here"; exit 77; }
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-npm
dir=$cache/$(printf '%s\n' "$@" | sort | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$dir.lock"
flock 9
if [ ! -d "$dir" ]; then
	rm -rf "$dir.new"
	mkdir "$dir.new"
	npm install --prefix "$dir.new" --no-audit --no-fund --no-save \
	    --ignore-scripts "$@" >"$dir.log" 2>&1 || {
		echo "npm: $(grep -m 1 error "$dir.log" || echo failed)"
		exit 77
	}
	mv "$dir.new" "$dir"
fi
echo "$dir"
