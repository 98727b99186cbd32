#!/bin/bash
# static.sh: make static.  Every tool, linked so that it needs a kernel and
# nothing else, into build/static; with them
#   bk-pg/N/bin/   pg_dump, pg_restore and kin of PostgreSQL N
#   VERSIONS       what is linked in: one line for each component, with four
#                  fields separated by tabs: Debian's source package, its
#                  version, licence (SPDX), and what was taken ("source":
#                  built here from it; else the binary package that holds it)
# Files with symbols stay in build/static-obj/bin, and what the linker took from
# where in build/static-obj/maps.  The same sources and versions give the same
# bytes, wherever and whenever they are built.
#
# Environment: CC, JOBS; STATIC_MAJORS, what newer PostgreSQLs' programs come
# too: "17 18".  Exits 77 where it cannot be tried, as static-deps.sh does.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
obj=build/static-obj out=build/static
export JOBS=${JOBS:-$(nproc)}

sh contrib/install-deps.sh static
build-aux/static-deps.sh "$obj/deps"
# linked again: make does not know the libraries
rm -rf "${obj:?}/bin" "${obj:?}/maps" "$out"
mkdir -p "$obj/maps"
# of what the linker says, not that getaddrinfo(3) may want the host's shared
# objects: that is what staticfix.c prevents
make -s -j"$JOBS" CC="${CC:-gcc}" B=$obj STATIC=$obj/deps \
    LDFLAGS="-Wl,-Map=$obj/maps" all 2>&1 |
    sed '/ requires at runtime the shared libraries /d; /: in function /d' >&2
mkdir -p $out
for tool in "$obj"/bin/*; do
	strip -o "$out/${tool##*/}" "$tool"
done
cp -R $obj/deps/bk-pg $out
cp $obj/deps/VERSIONS $out
