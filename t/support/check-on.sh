#!/bin/bash
# check-on.sh SUITE [COMMAND...]
#
# make demo and make check (or COMMAND) of HEAD on another release of Debian,
# or of its kin: in a root that holds make, git and what
# contrib/install-deps.sh adds, nothing else.  Needs root and debootstrap.
#
# The root is kept in ${XDG_CACHE_HOME:-/var/tmp}/bk-root and made anew when it
# is two weeks old or install-deps.sh has changed.  All that happens in there
# happens in namespaces that end with this program: no mount and no process
# stays behind, whatever becomes of it.
#
# Environment: MIRROR, else the one of this host's apt; COMPONENTS (main); as
# in MIRROR=http://archive.ubuntu.com/ubuntu COMPONENTS=main,universe.
#
# Exits 77, with one line that says why, if it could not be tried: not root,
# no debootstrap, no mirror.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
shared=${BK_SHARED:-$top/../shared}
cache=${XDG_CACHE_HOME:-/var/tmp}/bk-root
deps=contrib/install-deps.sh
. "$top/build-aux/apt.sh"

say() { echo "check-on: $*" >&2; }
untried() { say "$*; nothing was tried"; exit 77; }

# By the host's apt, which knows about proxies.
reachable() {
	/usr/lib/apt/apt-helper -qq download-file \
	    "$mirror/dists/$suite/Release" "$root.release" >/dev/null 2>&1 &&
	    rm "$root.release"
}

# fresh: the root has what today's install-deps.sh installs.
fresh() {
	[ -n "$(find "$root.made" -mtime -14 2>/dev/null)" ] &&
	    cmp -s "$root.made" "$top/$deps"
}

bare_root() {
	say "making a root of $suite, from $mirror"
	rm -rf "$root" "$root.made"
	debootstrap --variant=minbase --include=make,git \
	    --components="${COMPONENTS:-main}" "$suite" "$root" "$mirror" \
	    >"$root.log" 2>&1 ||
	    untried "debootstrap: $(tail -n 1 "$root.log"), see $root.log"
	# proxies and the like
	apt-config dump Acquire >"$root/etc/apt/apt.conf.d/50host"
}

# What programs expect of a system.
furnish() {
	local name
	mount -t proc proc "$root/proc"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for name in null zero full random urandom tty; do
		: >"$root/dev/$name"
		mount --bind "/dev/$name" "$root/dev/$name"
	done
	ln -s /proc/self/fd "$root/dev/fd"
	ln -s fd/0 "$root/dev/stdin"
	ln -s fd/1 "$root/dev/stdout"
	ln -s fd/2 "$root/dev/stderr"
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts \
	    "$root/dev/pts"
	ln -s pts/ptmx "$root/dev/ptmx"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	cp /etc/resolv.conf /etc/hosts "$root/etc"
}

# HEAD, where many put it and the users of servers cannot look: in the home of
# root.  Beside it the vectors that some tests look for.
sources() {
	mkdir -p "$src"
	chmod 700 "$root/root"
	git clone -q "$top" "$src/bk"
	[ -d "$shared" ] || return 0
	mkdir "$src/shared"
	mount --bind "$shared" "$src/shared"
	mount -o remount,bind,ro "$src/shared"
}

within() {
	chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    sh -c 'cd ~/src/bk && exec "$@"' sh "$@"
}

# As process 1 of its namespace.
inside() {
	if ! fresh; then
		if reachable; then
			bare_root
		elif [ ! -e "$root.made" ]; then
			untried "$mirror has no $suite, or cannot be reached"
		fi
	fi
	furnish
	sources
	if ! within make -s deps; then
		reachable || untried "$mirror: cannot be reached any more"
		exit 1
	fi
	[ -e "$root.made" ] || cp "$top/$deps" "$root.made"
	if [ $# -gt 0 ]; then
		within "$@"
	else
		within make demo
		within make check
	fi
}

# Killing process 1 of a namespace kills all that is in it.
clean() {
	local status=$?
	if [ -n "$pid" ]; then
		pkill -KILL -P "$pid" || kill -KILL "$pid"
		wait "$pid" || :
	fi
	rm -rf "$src" "${root:?}"/tmp/*
	exit $status
}

[ $# -ge 1 ] || { echo "usage: check-on.sh SUITE [COMMAND...]" >&2; exit 2; }
suite=$1 root=$cache/$1 src=$cache/$1/root/src
shift
if [ "${CHECK_ON-}" = inside ]; then
	exec 2>&8 8>&-
	mirror=$MIRROR
	inside "$@"
	exit
fi
[ "$(id -u)" = 0 ] || untried "this wants root"
for name in debootstrap apt-config git unshare; do
	command -v $name >/dev/null || untried "$name is not installed"
done
unshare --mount --pid --ipc --fork true 2>/dev/null ||
    untried "no namespaces are to be had here"
mirror=${MIRROR:-$(debian_mirror)}
mkdir -p "$cache"
exec 9>"$root.lock"
flock -n 9 || { say "waiting for another run"; flock 9; }
pid=
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
# unshare itself has a word to say when its child is killed
CHECK_ON=inside MIRROR=$mirror \
    setpriv --pdeathsig KILL unshare --mount --pid --ipc --fork --kill-child \
    --mount-proc "${BASH_SOURCE[0]}" "$suite" "$@" </dev/null 8>&2 2>/dev/null &
pid=$!
status=0
wait $pid || status=$?
pid=
exit $status
