#!/bin/bash
# static-deps.sh DIR: what static tools are linked from, on Debian.
#
# Fills DIR with
#   lib/       libpq.a, libcurl.a and libisal.a, of which Debian has none that
#              can be linked without its shared libraries; staticfix.o
#   include/   the headers that belong to them
#   bk-pg/N/bin/   client programs of PostgreSQL N, static
#   VERSIONS   what is linked in; build-aux/static.sh says how it reads
#   licences/, maps/N/   of each source built here, its copyright; of each client
#              program, what the linker took
# The other libraries are those of Debian's -dev packages.
#
# Built from Debian's source packages (apt.sh).  Of libpq, libcurl and libisal
# this release's; the client programs of this release's PostgreSQL, and of those
# of $STATIC_MAJORS that a newer release has.
#
# Kept by version in ${XDG_CACHE_HOME:-/var/tmp}/bk-static.  Versions are asked
# for once a day; without the network, those of the last time are taken.  CC, if
# set, is gcc by another name, as "ccache gcc".
#
# What is older here than what apt or the mirror has is said, and a PostgreSQL of
# $STATIC_MAJORS that cannot be had; with STATIC_CURRENT=1, as for a release,
# that is an error.
#
# Exits 77, with one line that says why, where it cannot be tried: not Debian 12
# on x86-64, or no sources to be had.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$top/apt.sh"
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-static
jobs=${JOBS:-$(nproc)}
majors=${STATIC_MAJORS-17 18}
export CC=${CC:-gcc}

# Sources of this release, and SOURCE:SUITE of later ones.
own="postgresql-15 curl libisal"
later="postgresql-17:trixie postgresql-18:forky"
have=	# those of them that there are

# Debian's packages that are linked in: PACKAGE:LICENCE (an SPDX expression)
linked="libc6-dev:LGPL-2.1-or-later
libgcc-12-dev:GPL-3.0-or-later WITH GCC-exception-3.1
libssl-dev:Apache-2.0
zlib1g-dev:Zlib
libdeflate-dev:MIT
libzstd-dev:BSD-3-Clause
liblz4-dev:BSD-2-Clause
libexpat1-dev:MIT
libjansson-dev:MIT
libxxhash-dev:BSD-2-Clause
libmd-dev:BSD-3-Clause"

cflags="-O2 -g0 -fPIE -fstack-protector-strong -fstack-clash-protection \
-ffunction-sections -fdata-sections"
cppflags=-D_FORTIFY_SOURCE=2
ldflags="-static-pie -Wl,--gc-sections -Wl,-z,relro,-z,now \
-Wl,-z,noexecstack -Wl,-z,pack-relative-relocs"

say() { echo "static-deps: $*" >&2; }
lag=
lags() { say "$*"; lag=1; }
die() { say "$*"; exit 1; }
untried() { say "$*"; exit 77; }

# A command's output goes into the log, of which failure shows the end.
log=/dev/null
quietly() {
	echo "+ $*" >>"$log"
	"$@" >>"$log" 2>&1 </dev/null || {
		tail -n 15 "$log" >&2
		die "$1 failed; all of it is in $log"
	}
}

# Of the packages that are linked in, those of which apt has a newer one.
look_for_updates() {
	local package licence there newest
	while IFS=: read -r package licence; do
		# shellcheck disable=SC2016	# dpkg's variables
		there=$(dpkg-query -W -f '${Version}' "$package")
		newest=$(LC_ALL=C apt-cache policy "$package" |
		    sed -n 's/^ *Candidate: //p')
		[ "$there" = "$newest" ] ||
		    lags "$package $there: apt has $newest"
	done <<<"$linked"
}

# What a release may not have.
current() {
	[ -z "$lag" ] || [ "${STATIC_CURRENT-}" != 1 ] ||
	    die "not up to date; update, or set STATIC_CURRENT=0"
}

# fetch SOURCE: its newest version that can be had; prints that.  A mirror may
# announce what it does not have any more, or not yet.
fetch() {
	local source=$1 version versions newest
	versions=$(apt-cache showsrc --only-source "$source" 2>>"$log" |
	    sed -n 's/^Version: //p' | sort -u)
	# newest first
	versions=$(perl -MDpkg::Version -e 'chomp(my @v = <STDIN>);
	    print "$_\n" for sort { version_compare($b, $a) } @v' \
	    <<<"$versions")
	newest=${versions%%$'\n'*}
	mkdir -p "$cache/sources"
	for version in $versions; do
		if (cd "$cache/sources" && timeout 600 apt-get -qq source \
		    --download-only "$source=$version" >>"$log" 2>&1); then
			echo "$newest" >"$cache/newest/$source"
			echo "$version"
			return
		fi
	done
	return 1
}

# resolve "SUITE..." SOURCE...: write each one's version into $cache/version,
# unless that was done today.
resolve() {
	local suites=$1 source version old=
	shift
	for source; do
		[ -n "$(find "$cache/version/$source" -mmin -1440 \
		    2>/dev/null)" ] || old="$old $source"
	done
	[ -n "$old" ] || return 0
	say "asking $(debian_mirror) for$old"
	# shellcheck disable=SC2086	# lists
	apt_own "$cache/apt/${suites%% *}" deb-src $suites >>"$log" || return
	for source in $old; do
		version=$(fetch "$source") || return
		echo "$version" >"$cache/version.new"
		mv "$cache/version.new" "$cache/version/$source"
	done
}

# Of each source the version: today's, else the last that was heard of.
resolve_all() {
	local name source
	# shellcheck disable=SC2086	# a list
	resolve "$codename $codename-updates $codename-security" $own ||
	    lags "newer sources than those here could not be looked for"
	for source in $own; do
		[ -e "$cache/version/$source" ] ||
		    untried "no $source: $(tail -n 1 "$log"); see $log"
	done
	have=$own
	for name in $later; do
		source=${name%:*}
		[[ " $majors " == *" ${source#postgresql-} "* ]] || continue
		resolve "${name#*:}" "$source" ||
		    lags "$source: a newer one could not be looked for"
		if [ -e "$cache/version/$source" ]; then
			have="$have $source"
		else
			lags "$source cannot be had: left out"
		fi
	done
	for source in $have; do
		name=$(<"$cache/version/$source")
		[ "$name" = "$(<"$cache/newest/$source")" ] ||
		    lags "$source $(<"$cache/newest/$source") cannot be had: using $name"
	done
}

# unpack SOURCE VERSION DIR
unpack() {
	local version=${2#*:}
	quietly dpkg-source --no-check -x "$cache/sources/$1_$version.dsc" "$3"
}

# In its source tree, each of these builds into $prefix.
build_libisal() {
	quietly make -j"$jobs" -f Makefile.unx CFLAGS_="$cflags $cppflags" lib
	mkdir -p "$prefix/lib"
	cp bin/isa-l.a "$prefix/lib/libisal.a"
}

build_curl() {
	CFLAGS=$cflags CPPFLAGS=$cppflags PKG_CONFIG=/bin/false \
	    quietly ./configure --disable-shared --enable-static \
	    --disable-dependency-tracking --with-openssl --with-zlib \
	    --without-{brotli,zstd,nghttp2,libidn2,libpsl,librtmp,libssh2,libgsasl,gssapi} \
	    --disable-{ldap,ldaps,ftp,file,rtsp,dict,telnet,tftp,pop3,imap,smb,gopher,mqtt,manual,ntlm,ntlm-wb,tls-srp,unix-sockets,alt-svc,libcurl-option} \
	    --enable-smtp --enable-threaded-resolver \
	    --disable-openssl-auto-load-config --without-ca-bundle \
	    --without-ca-path --with-ca-fallback
	quietly make -j"$jobs" -C lib
	mkdir -p "$prefix"/{lib,include/curl}
	cp lib/.libs/libcurl.a "$prefix/lib/libcurl-alone.a"
	cp include/curl/*.h "$prefix/include/curl"
	echo 'GROUP ( libcurl-alone.a -lssl -lcrypto -lz )' \
	    >"$prefix/lib/libcurl.a"
}

# Client programs, and this release's libpq.
build_postgresql() {
	local dir x program
	# libraries given outright, as configure would ask pkg-config; with a
	# path to search for some at run time a static program does not start
	LZ4_CFLAGS=-I/usr/include LZ4_LIBS=-llz4 ZSTD_CFLAGS=-I/usr/include \
	    ZSTD_LIBS=-lzstd CFLAGS=$cflags CPPFLAGS=$cppflags \
	    quietly ./configure --with-ssl=openssl --with-zlib --with-lz4 \
	    --with-zstd --without-{readline,icu,gssapi,ldap} --disable-{nls,rpath}
	quietly make -C src/backend generated-headers
	quietly make -j"$jobs" -C src/common libpgcommon.a libpgcommon_shlib.a
	quietly make -j"$jobs" -C src/port libpgport.a
	quietly make -j"$jobs" -C src/interfaces/libpq libpq.a
	mkdir -p "$prefix"/{bin,maps}
	for dir in pg_dump psql pg_combinebackup; do
		[ -d src/bin/$dir ] || continue		# since 17
		x="LDFLAGS_EX=$ldflags -Wl,-Map=$prefix/maps $cache/staticfix.o"
		# whose names libpq knows, which the last one does without
		[ $dir = pg_combinebackup ] || x="$x -lpgcommon_shlib"
		quietly make -j"$jobs" -C src/bin/$dir "$x"
		for program in pg_dump pg_dumpall pg_restore psql \
		    pg_combinebackup; do
			[ ! -x src/bin/$dir/$program ] ||
			    install -s src/bin/$dir/$program "$prefix/bin"
		done
	done
	[[ " $own " == *" $1 "* ]] || return 0
	mkdir -p "$prefix"/{lib,include}
	cp src/interfaces/libpq/libpq.a "$prefix/lib/libpq-alone.a"
	cp src/common/libpgcommon.a src/port/libpgport.a "$prefix/lib"
	cp src/interfaces/libpq/libpq-fe.h src/include/postgres_ext.h \
	    src/include/pg_config_ext.h "$prefix/include"
	echo 'GROUP ( libpq-alone.a libpgcommon.a libpgport.a -lssl -lcrypto )' \
	    >"$prefix/lib/libpq.a"
}

# What a build depends on, other than its source: a hash.
recipe() {	# BUILD_FUNCTION
	{
		printf '%s\n' "$cflags" "$cppflags" "$ldflags" "$own"
		declare -f "$1"
		$CC -E -P "$top/staticfix.c"
		$CC --version
		linked_versions
	} | sha256sum | cut -c1-12
}

# SOURCE VERSION LICENCE PACKAGE, separated by tabs.
linked_versions() {
	local package licence
	while IFS=: read -r package licence; do
		# shellcheck disable=SC2016	# dpkg's variables
		dpkg-query -W -f '${source:Package}\t${source:Version}\t' "$package"
		printf '%s\t%s\n' "$licence" "$package"
	done <<<"$linked"
}

# make_prefix SOURCE VERSION: sets $prefix, and builds it unless it is there.
make_prefix() {
	local build=build_${1%%-*} final
	final=$cache/$1-${2#*:}-$(recipe "$build")
	prefix=$final
	[ ! -d "$final" ] || return 0
	say "building $1 $2"
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	log=$cache/$1.log
	: >"$log"
	unpack "$1" "$2" "$tmp/source"
	prefix=$tmp/prefix
	mkdir "$prefix"
	(cd "$tmp/source" && "$build" "$1")
	mv "$prefix" "$final"
	prefix=$final
	rm -rf "$tmp"
	tmp=
}

# One line for each component, see build-aux/static.sh.
version_lines() {
	local source line
	linked_versions
	for source in $have; do
		case $source in
		postgresql-*) line=PostgreSQL ;;
		curl) line=curl ;;
		*) line=BSD-3-Clause ;;
		esac
		printf '%s\t%s\t%s\tsource\n' "$source" \
		    "$(<"$cache/version/$source")" "$line"
	done
}

[ $# = 1 ] || { echo "usage: static-deps.sh DIR" >&2; exit 2; }
# shellcheck disable=SC1091
. /etc/os-release
[ "${VERSION_CODENAME-} $(uname -m)" = "bookworm x86_64" ] ||
    untried "wants Debian 12 on x86-64, whose libraries are linked in"
codename=$VERSION_CODENAME
look_for_updates
current
mkdir -p "$cache/version" "$cache/newest" "$1"
out=$(cd "$1" && pwd)
# programs come from there
[ -O "$cache" ] || die "$cache: not ours; set XDG_CACHE_HOME"
exec 9>"$cache/lock"
flock 9
tmp=
trap 'rm -rf "$tmp" "$cache"/tmp.*' EXIT
log=$cache/fetch.log
: >"$log"
resolve_all
current

rm -rf "${out:?}"/{lib,include,bk-pg,maps,licences}
mkdir -p "$out"/{lib,include,bk-pg,maps,licences}
fix=$out/lib/staticfix.o
# shellcheck disable=SC2086	# lists
$CC $cflags $cppflags -Wall -Wextra -c "$top/staticfix.c" -o "$fix"
cp "$fix" "$cache"		# whose path has no spaces
for source in $have; do
	version=$(<"$cache/version/$source")
	make_prefix "$source" "$version"
	for part in lib include; do
		[ ! -d "$prefix/$part" ] || cp -R "$prefix/$part" "$out"
	done
	tar -xOf "$cache/sources/${source}_${version#*:}.debian.tar.xz" \
	    debian/copyright >"$out/licences/$source"
	[ ! -d "$prefix/bin" ] || {
		cp -R "$prefix/maps" "$out/maps/${source#postgresql-}"
		mkdir -p "$out/bk-pg/${source#postgresql-}"
		cp -R "$prefix/bin" "$out/bk-pg/${source#postgresql-}"
	}
done
version_lines >"$out/VERSIONS"
