#!/bin/sh
# source.sh: the source of HEAD as build/dist/bk-VERSION.tar.gz, whose path is
# printed.  The same commit gives the same bytes, for anyone and at any time.
set -eu

cd "$(dirname "$0")/.."
git rev-parse -q --verify HEAD >/dev/null || {
	echo "source.sh: a release is made of a commit: not in a git clone" >&2
	exit 1
}
if [ -n "$(git status --porcelain)" ]; then
	git status --short >&2
	echo "source.sh: a release is made of a commit: commit these first" >&2
	exit 1
fi
version=$(sed -n 's/.*BK_VERSION "\(.*\)"/\1/p' lib/base/version.h)
mkdir -p build/dist
# no matter what somebody's ~/.gitconfig says
git -c tar.umask=0022 -c core.autocrlf=false -c core.attributesFile=/dev/null \
    archive --format=tar --prefix="bk-$version/" HEAD |
    gzip -9n >"build/dist/bk-$version.tar.gz.new"
mv "build/dist/bk-$version.tar.gz.new" "build/dist/bk-$version.tar.gz"
echo "build/dist/bk-$version.tar.gz"
