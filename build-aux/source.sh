#!/bin/sh
# source.sh: the source of HEAD as build/dist/bk-VERSION.tar.gz, whose path is
# printed.  The same commit gives the same bytes, for anyone and at any time.
#
# What else there is to know of it is in build/release, which is also packed, as
# build-aux/release: four lines,
#
#   VERSION     of lib/base/version.h; with ~gitDATE.COMMIT after it, which
#               sorts before VERSION and among its kind by date, unless the tag
#               vVERSION is there
#   commit
#   its time, in seconds since 1970
#   NAME <MAIL> of who made it
#
# A tree that has build-aux/release is one that was packed so: it is packed as
# it is, whether it stands in somebody's git or not.
set -eu

cd "$(dirname "$0")/.."
die() { echo "source.sh: a release is made of a commit: $*" >&2; exit 1; }

# What git knows of HEAD.
describe() {
	version=$(sed -n 's/.*BK_VERSION "\(.*\)"/\1/p' lib/base/version.h)
	git tag --points-at HEAD | grep -qFx "v$version" ||
	    version=$version~git$(TZ=UTC git log -1 --abbrev=7 \
	    --date=format-local:%Y%m%d%H%M --format=%cd.%h)
	echo "$version"
	git log -1 --format='%H%n%ct%n%cn <%ce>'
}

# no matter what somebody's ~/.gitconfig says
pack_commit() {
	git -c tar.umask=0022 -c core.autocrlf=false \
	    -c core.attributesFile=/dev/null archive --format=tar \
	    --prefix="$name/build-aux/" --add-file=build/release \
	    --prefix="$name/" HEAD
}

pack_tree() {
	tar --sort=name --format=ustar --mtime="@$(sed -n 3p build/release)" \
	    --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
	    --exclude=./.git --exclude=./build --exclude=__pycache__ \
	    --transform="s,^\.,$name," -cf - .
}

mkdir -p build/dist
if [ -e build-aux/release ]; then
	cp build-aux/release build/release
	pack=pack_tree
else
	git rev-parse -q --verify HEAD >/dev/null || die "not in a git clone"
	if [ -n "$(git status --porcelain)" ]; then
		git status --short >&2
		die "commit these first"
	fi
	describe >build/release
	chmod 644 build/release		# it is packed with its mode
	pack=pack_commit
fi
name=bk-$(sed -n 1p build/release)
$pack >build/source.tar
gzip -9n <build/source.tar >"build/dist/$name.tar.gz.new"
rm build/source.tar
mv "build/dist/$name.tar.gz.new" "build/dist/$name.tar.gz"
echo "build/dist/$name.tar.gz"
