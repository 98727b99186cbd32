#!/bin/bash
# foreign-root.sh KIND DIR
#
# Make DIR what a program finds on another system, as far as the C library,
# OpenSSL and a shell go; nothing in it is this host's.
#   trixie, bullseye   another release of Debian: its glibc, OpenSSL with the
#                      legacy provider, NSS modules
#   musl               no glibc: musl and busybox, as Alpine has (whose packages
#                      are Debian's here)
# Its nsswitch.conf and openssl.cnf name modules that are there, for another
# libc than the one in a static program.
#
# The packages are kept in ${XDG_CACHE_HOME:-/var/tmp}/bk-root.  Exits 77, with
# one line that says why, where they cannot be had.
set -euo pipefail

. "${BASH_SOURCE[0]%/*}/../../build-aux/apt.sh"
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-root

untried() { echo "foreign-root: $*" >&2; exit 77; }

case ${1-} in
trixie) suite=trixie packages="libc6 libnss-myhostname libnss-mymachines \
libnss-resolve libsystemd0 libcap2 openssl-provider-legacy libssl3t64 \
libzstd1 zlib1g" ;;
bullseye) suite=bullseye packages="libc6 libnss-myhostname \
libnss-mymachines libnss-resolve libcap2 libssl1.1" ;;
musl) suite=bookworm packages="musl busybox-static" ;;
*) echo "usage: foreign-root.sh trixie|bullseye|musl DIR" >&2; exit 2 ;;
esac

fetch() {
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	cd "$tmp"
	apt_own "$tmp/apt" deb $suite >log || untried "$suite: $(tail -n 1 log)"
	mkdir debs root
	# shellcheck disable=SC2086	# a list
	(cd debs && timeout 300 apt-get -qq download $packages >../log 2>&1) ||
	    untried "apt-get download from $suite: $(tail -n 1 log)"
	for deb in debs/*.deb; do
		dpkg-deb -x "$deb" root
	done
	mv root "$home"
}

home=$cache/foreign-$1
mkdir -p "$cache"
[ -O "$cache" ] || untried "$cache: not ours"	# programs are run from there
exec 9>"$cache/lock-foreign"
flock 9
[ -d "$home" ] || (fetch)
mkdir -p "$2"
cp -a "$home/." "$2"
cd "$2"
if [ "$1" = musl ]; then
	for name in sh cat test; do
		ln -sf busybox bin/$name
	done
fi
mkdir -p etc/ssl usr/lib/ssl tmp
cat >etc/nsswitch.conf <<-NSS
	passwd: systemd
	group: systemd
	hosts: myhostname mymachines resolve [!UNAVAIL=return] dns
	services: db
	protocols: db
	networks: db
NSS
cat >etc/ssl/openssl.cnf <<-CNF
	openssl_conf = all
	[all]
	providers = providers
	ssl_conf = policy
	[providers]
	default = on
	legacy = on
	[on]
	activate = 1
	[policy]
	system_default = nothing
	[nothing]
	MinProtocol = TLSv1.3
	MaxProtocol = TLSv1.2
CNF
ln -sf /etc/ssl/openssl.cnf usr/lib/ssl/openssl.cnf
