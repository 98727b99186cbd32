#!/bin/bash
# pg-debian.sh MAJOR
#
# Print the directory of a PostgreSQL that only a Debian suite has yet (19):
# bin/ has its server and its clients, each a script that starts the real
# program, in programs/, by that suite's own ld.so, with the libraries that were
# unpacked beside it.  Kept in ${XDG_CACHE_HOME:-/var/tmp}/bk-pg.  Fails with
# one line where that is impossible: no apt, no network.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/../../build-aux/apt.sh"
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-pg

die() {
	echo "pg-debian: $*" >&2
	exit 1
}

case ${1-} in
19) suites="sid experimental" ;;
*) die "wants a major version, 19" ;;
esac
major=$1 home=$cache/debian-$1
programs=usr/lib/postgresql/$major
mkdir -p "$cache"
[ -O "$cache" ] || die "$cache: not ours"	# programs are run from there

fetch() {
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	# shellcheck disable=SC2086	# a list
	apt_own "$tmp/apt" deb $suites >log || die "$suites: $(tail -n 1 log)"
	mkdir debs root
	# what they link, and what that links; not Perl, which scripts need
	apt-cache depends --recurse --no-recommends --no-suggests \
	    --no-conflicts --no-breaks --no-replaces --no-enhances \
	    "postgresql-$major" "postgresql-client-$major" |
	    grep -E "^(lib|zlib1g$|postgresql-(client-)?$major$)" |
	    grep -Ev '^lib(perl|gdbm|db5)' | sort -u >names
	cd debs
	xargs timeout 900 apt-get -qq download <../names >../log 2>&1 ||
	    die "apt-get download from $suites: $(tail -n 1 ../log)"
	for deb in *.deb; do
		dpkg-deb -x "$deb" ../root
	done
	cd ..
	mv "root/$programs/bin" "root/$programs/programs"
	chmod -R a+rX root
	chmod a+x .
	rm -rf "$home"
	mv root "$home"
}

exec 9>"$cache/lock-debian-$major"
flock 9
[ -x "$home/$programs/programs/postgres" ] || (fetch)
# last, as it tells that all is there
if [ ! -d "$home/$programs/bin" ]; then
	bin=$home/$programs/bin
	mkdir "$bin.new"
	for program in "$home/$programs/programs"/*; do
		cat >"$bin.new/${program##*/}" <<-EOT
		#!/bin/sh
		exec $(echo "$home"/usr/lib*/ld-linux*.so.*) \\
		    --argv0 $bin/${program##*/} \\
		    --library-path $(echo "$home"/usr/lib/*-linux-gnu) \\
		    $program "\$@"
		EOT
	done
	chmod -R a+rx "$bin.new"
	mv "$bin.new" "$bin"
fi
echo "$home/$programs"
