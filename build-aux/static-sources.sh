#!/bin/bash
# static-sources.sh FILE: FILE.tar, the source packages that a licence wants to
# be handed on with the static programs: of those in build/static/VERSIONS what
# is under the LGPL, in that version.
#
# Fetched by apt.sh, and kept where static-deps.sh keeps sources.  The same
# versions give the same bytes.  Fails where one cannot be had any more.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$top/apt.sh"
# shellcheck disable=SC1091
. /etc/os-release
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-static
out=$(realpath "$1").tar

die() { echo "static-sources.sh: $*" >&2; exit 1; }

# fetch SOURCE VERSION: its files, into the current directory.
fetch() {
	[ -n "${asked-}" ] || apt_own "$cache/apt/handed-on" deb-src \
	    "$VERSION_CODENAME"{,-updates,-security} >&2 ||
	    die "the sources of $VERSION_CODENAME could not be looked for"
	asked=1
	apt-get -qq source --download-only "$1=$2" >&2 ||
	    die "$1 $2: its source cannot be had any more"
}

mkdir -p "$cache/handed-on"
cd "$cache/handed-on"
exec 9>"$cache/handed-on.lock"
flock 9
dirs=()
while IFS=$'\t' read -r source version licence _; do
	[[ $licence == LGPL-* ]] || continue
	dir=$source-${version#*:}
	dirs+=("$dir")
	[ ! -d "$dir" ] || continue
	rm -rf new
	mkdir new
	(cd new && fetch "$source" "$version")
	mv new "$dir"
done <"$top/../build/static/VERSIONS"
[ ${#dirs[@]} -gt 0 ] || die "nothing under the LGPL is linked in?"
tar --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX -cf "$out.new" "${dirs[@]}"
mv "$out.new" "$out"
