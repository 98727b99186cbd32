#!/bin/sh
# deb.sh: build/dist/bk_VERSION_ARCHITECTURE.deb, by debhelper, of HEAD or, where
# there is no git, of a released source as it is; VERSION as in source.sh.
#
# The tools are linked with the system's libraries: what it mends there reaches
# them by its own updates, and dpkg-shlibdeps knows what they depend on.  The
# files in build-aux/debian are joined by those that are made of what is said
# elsewhere: the changelog of NEWS, the copyright of LICENSE.
#
# The maintainer is $DEBFULLNAME <$DEBEMAIL>, else who made the commit.
set -eu

cd "$(dirname "$0")/.."
source=$(build-aux/source.sh)
name=${source##*/} name=${name%.tar.gz}
version=${name#bk-}
{ read -r _; read -r _; read -r epoch; read -r who; } <build/release
mail=${who##*<} mail=${mail%>}
maintainer="${DEBFULLNAME:-${who% <*}} <${DEBEMAIL:-$mail}>"

# The items of NEWS, to the width that a changelog has.
changelog() {
	printf 'bk (%s) unstable; urgency=medium\n\n' "$version"
	perl -MText::Wrap -00ne '$Text::Wrap::columns = 79;
		next if $. == 1;
		for (split /^(?=\* )/m) {
			my $item = s/^\* // ? "  * " : "  ";
			print wrap($item, "    ", join " ", split), "\n";
		}
		print "\n";' NEWS
	printf ' -- %s  %s\n' "$maintainer" "$(TZ=UTC date -R -d "@$epoch")"
}

copyright() {
	echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
	echo 'Upstream-Name: bk'
	echo
	echo 'Files: *'
	sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
	echo 'License: ISC'
	sed '1,/^Copyright/d; /./,$!d; s/^$/./; s/^/ /' LICENSE | sed '/./,$!d'
}

rm -rf build/deb
mkdir -p build/deb
tar -C build/deb -xzf "$source"
cp -R build-aux/debian "build/deb/$name"
changelog >"build/deb/$name/debian/changelog"
copyright >"build/deb/$name/debian/copyright"
sed "s/@MAINTAINER@/$maintainer/" build-aux/debian/control \
    >"build/deb/$name/debian/control"
# make's own variables are of this build, not of that one
(cd "build/deb/$name" && unset MAKEFLAGS MAKELEVEL MFLAGS B &&
    DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc)" \
    dpkg-buildpackage -b -us -uc) >build/deb/log 2>&1 || {
	tail -n 20 build/deb/log >&2
	echo "deb.sh: dpkg-buildpackage failed; see build/deb/log" >&2
	exit 1
}
mv build/deb/bk_*.deb build/dist
ls build/dist/bk_"$version"_*.deb
