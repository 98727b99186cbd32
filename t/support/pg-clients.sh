#!/bin/bash
# pg-clients.sh MAJOR DIR
#
# Make DIR/bin hold the client programs of PostgreSQL MAJOR (17 to 19), for
# BK_PG_BINDIR=DIR/bin: pg_dump, psql, pg_combinebackup, pg_verifybackup and so
# on, and pg_waldump and pg_controldata.  They come from the Debian suite that
# has them, are unpacked beside their libraries and started by that suite's own
# ld.so.  Kept in ${XDG_CACHE_HOME:-/var/tmp}/bk-pg.  Fails with one line where
# that is impossible: no apt, no network.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/../../build-aux/apt.sh"
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-pg

die() {
	echo "pg-clients: $*" >&2
	exit 1
}

case ${1-} in
17) suite=trixie ;;
18) suite=sid ;;
19)
	programs=$("${BASH_SOURCE[0]%/*}/pg-debian.sh" 19)
	mkdir -p "$2/bin"
	ln -sf "$programs"/bin/* "$2/bin"
	exit
	;;
*) die "wants a major version, 17 to 19, and a directory" ;;
esac
major=$1 client=postgresql-client-$1 bin=$2/bin
mkdir -p "$cache"
[ -O "$cache" ] || die "$cache: not ours"	# programs are run from there

fetch() {
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	apt_own "$tmp/apt" deb $suite >log || die "$suite: $(tail -n 1 log)"
	mkdir debs root
	# what it links, and what that links; not Perl, which its wrapper needs
	apt-cache depends --recurse --no-recommends --no-suggests \
	    --no-conflicts --no-breaks --no-replaces --no-enhances "$client" |
	    grep -E "^(lib|zlib1g$|$client$)" |
	    grep -Ev '^lib(perl|gdbm|db5)' | sort -u >names
	cd debs
	xargs timeout 300 apt-get -qq download <../names >../log 2>&1 ||
	    die "apt-get download from $suite: $(tail -n 1 ../log)"
	for deb in *.deb; do
		dpkg-deb -x "$deb" ../root
	done
	# of the server only what works on its files
	timeout 300 apt-get -qq download "postgresql-$major" >../log 2>&1 ||
	    die "apt-get download from $suite: $(tail -n 1 ../log)"
	for tool in pg_waldump pg_controldata pg_checksums; do
		dpkg-deb --fsys-tarfile "postgresql-$major"_*.deb |
		    tar -xf - -C ../root "./usr/lib/postgresql/$major/bin/$tool"
	done
	cd ..
	chmod -R a+rX root
	chmod a+x .
	rm -rf "$home"
	mv root "$home"
}

home=$cache/clients-$major
programs=$home/usr/lib/postgresql/$major/bin
exec 9>"$cache/lock-clients-$major"
flock 9
# fetched last
[ -x "$programs/pg_checksums" ] || (fetch)
mkdir -p "$bin"
bin=$(cd "$bin" && pwd)
for loader in "$home"/usr/lib*/ld-linux*.so.* "$home"/lib*/ld-linux*.so.*; do
	[ ! -e "$loader" ] || break
done
libs=$(echo "$home"/usr/lib/*-linux-gnu)
for tool in pg_dump pg_dumpall pg_restore psql pg_basebackup pg_combinebackup \
    pg_verifybackup pg_amcheck pg_waldump pg_controldata pg_checksums; do
	cat >"$bin/$tool" <<-EOT
	#!/bin/sh
	exec $loader --argv0 $bin/$tool --library-path $libs \\
	    $programs/$tool "\$@"
	EOT
	chmod a+x "$bin/$tool"
done
