#!/bin/sh
# dist.sh: make dist.  What is released, of HEAD or, where there is no git, of a
# released source as it is, in build/dist; VERSION as in source.sh:
#
#   bk-VERSION.tar.gz                  the source
#   bk-VERSION-linux-ARCH.tar.gz       the static tools, PostgreSQL's client
#                                      programs, pages, completions, contrib,
#                                      licences, and the list that follows
#   bk-VERSION-linux-ARCH.spdx.json    what is linked in (SPDX 2.3)
#   bk-VERSION-linux-ARCH.sources.tar  the sources that its licences want to be
#                                      there, too: glibc's
#   SHA256SUMS                         of these
#   SHA256SUMS.minisig, or .sig        its signature, by minisign or signify
#
# SIGN_KEY is the file with the secret key of one of these; a passphrase is
# asked for by them.  Without it nothing is signed.
#
# The same commit gives the same bytes on the same packages of Debian.  Packages
# that are not up to date are refused, unless STATIC_CURRENT=0 (static-deps.sh).
set -eu

cd "$(dirname "$0")/.."
umask 022
say() { echo "dist.sh: $*" >&2; }

if [ -n "${SIGN_KEY-}" ]; then
	build-aux/sign.sh "$SIGN_KEY"		# now, not after the build
	SIGN_KEY=$(realpath "$SIGN_KEY")
fi
source=$(build-aux/source.sh)
{ read -r _; read -r commit; read -r epoch; } <build/release
name=${source##*/} name=${name%.tar.gz}
binary=$name-linux-$(uname -m)
stage=build/dist/stage
root=$stage/$name

# What a licence asks to be handed on with the programs.
licences() {
	mkdir "$root/licences"
	cut -f 1,4 build/static/VERSIONS | while IFS='	' read -r origin package; do
		text=/usr/share/doc/$package/copyright
		[ "$package" != source ] ||
		    text=build/static-obj/deps/licences/$origin
		cp "$text" "$root/licences/$origin"
	done
	cp /usr/share/common-licenses/GPL-3 /usr/share/common-licenses/LGPL-2.1 \
	    /usr/share/common-licenses/Apache-2.0 "$root/licences"
}

# What the LGPL wants to be said where it is seen.
notice() {
	cat <<-END
	bk is under the ISC licence: LICENSE.

	The programs in bin/ are linked with libraries under licences of their
	own, which are in licences/:

	$(cut -f 1,2 build/static/VERSIONS | sed 's/\t/ /; s/^/    /')

	One of them, the GNU C Library (glibc), is free software under the GNU
	Lesser General Public License, version 2.1 or later: licences/LGPL-2.1.
	Its source is $binary.sources.tar, which is where you
	found this release.  You may change it, and link all these programs with
	what you have changed: install your libc.a on Debian 12, unpack
	$name.tar.gz, and run "make static" there.
	END
}

stage() {
	rm -rf $stage
	# shellcheck disable=SC2046	# names without spaces
	build-aux/install.sh install "$root" /bin /share /share/man \
	    build/static-obj/completions \
	    $(find build/static -maxdepth 1 -type f -name 'bk-*' | sort)
	rm "$root/share/bk/installed"
	cp -R build/static/bk-pg "$root/bin"
	cp README.md NEWS LICENSE "$root"
	# with the address that git archive has put into it
	tar -xzOf "$source" "$name/SECURITY.md" >"$root/SECURITY.md"
	licences
	notice >"$root/NOTICE"
	build-aux/spdx.pl "$binary" "$commit" "$epoch" "$root/bin" \
	    >"build/dist/$binary.spdx.json"
	cp "build/dist/$binary.spdx.json" "$root"
}

pack() {
	tar -C $stage --sort=name --format=ustar --mtime="@$epoch" --owner=0 \
	    --group=0 --numeric-owner --mode=u=rwX,go=rX -cf - "$name" |
	    gzip -9n >"build/dist/$binary.tar.gz"
	rm -rf $stage
}

rm -f build/dist/SHA256SUMS*
STATIC_CURRENT=${STATIC_CURRENT-1} build-aux/static.sh
build-aux/static-sources.sh "build/dist/$binary.sources"
stage
pack
(cd build/dist && sha256sum "$name.tar.gz" "$binary.tar.gz" \
    "$binary.spdx.json" "$binary.sources.tar") >build/dist/SHA256SUMS
cat build/dist/SHA256SUMS
say "$name, commit $commit"
if [ -n "${SIGN_KEY-}" ]; then
	build-aux/sign.sh "$SIGN_KEY" build/dist/SHA256SUMS \
	    "$name, commit $commit"
else
	say "not signed, as SIGN_KEY names no key"
fi
