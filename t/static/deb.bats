#!/usr/bin/env bats
# make deb: the package, made of a clean clone.

load ../support/common

setup_file() {
	git -C "$TOP" rev-parse -q --verify HEAD >/dev/null ||
	    skip_file "no git clone"
	sh "$TOP/contrib/install-deps.sh" deb >&2 ||
	    skip_file "what make deb needs cannot be installed"
	[ -z "${SKIP_FILE-}" ] || return 0
	cd "$BATS_FILE_TMPDIR"
	deb_in one
	SOURCE=$PWD/one
	DEB=$(echo "$SOURCE"/build/dist/bk_*.deb)
	export SOURCE DEB
}

# deb_in DIRECTORY: a clone there, and what make deb makes of it.
deb_in() {
	git clone -q "$TOP" "$1"
	env -u MAKEFLAGS -u MAKELEVEL make -s -C "$1" deb
}

setup() {
	unless_skipped
	cd "$BATS_TEST_TMPDIR"
}

@test "lintian has nothing to say of the package" {
	run -0 lintian --allow-root --fail-on warning --info "$DEB"
	[ -z "$output" ]
	run -0 dpkg-deb -f "$DEB" Package Version
	[[ $output == *"$(bk-age --version | cut -d' ' -f2)"* ]]
}

@test "it depends on the libraries that the tools are linked with" {
	local package
	dpkg-deb -f "$DEB" Depends | tr , '\n' | sed 's/^ *//; s/ .*//' | sort >depends
	grep -qx libpq5 depends
	# and no other: each of them is one that a tool names
	dpkg-deb -x "$DEB" root
	readelf -d root/usr/bin/bk-* | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
	    sort -u >libraries
	[ "$(grep -cv '^libm\.' libraries)" = "$(wc -l <depends)" ]
	# what is there can be installed here
	run -0 apt-get install -s -o Debug::NoLocking=1 "$DEB"
	[[ $output == *'Inst bk '* ]]
}

@test "tools, pages and completions are there, and examples of all jobs" {
	local file page doc=root/usr/share/doc/bk
	dpkg-deb -x "$DEB" root
	for file in "$SOURCE"/bin/bk-*.c; do
		file=${file##*/} file=${file%.c}
		run -0 "root/usr/bin/$file" --version
		gzip -dc "root/usr/share/man/man1/$file.1.gz" | cmp - "$SOURCE/man/$file.1"
		[ -e "root/usr/share/bash-completion/completions/$file" ]
		[ -e "root/usr/share/fish/vendor_completions.d/$file.fish" ]
	done
	[ -e root/usr/share/zsh/vendor-completions/_bk ]
	for page in bk.7 bk-recovery.7 bk-formats.5; do
		[ -e "root/usr/share/man/man${page##*.}/$page.gz" ]
	done
	cmp "$doc/examples/systemd/bk-backup@.service" \
	    "$SOURCE/contrib/systemd/bk-backup@.service"
	cmp "$doc/examples/crontab/bk" "$SOURCE/contrib/crontab/bk"
	[ -x "$doc/examples/nagios/check_bk" ]
	gzip -dc "$doc/changelog.gz" | grep -q 'bk-dump: dumps a PostgreSQL database'
	# the licence's every word
	sed '1,/^Copyright/d' "$SOURCE/LICENSE" | tr -s ' \n' '\n' >words
	sed 's/^ \.$//; 1,/^License:/d' "$doc/copyright" | tr -s ' \n' '\n' | diff words -
	[ ! -e root/usr/share/bk ]
	# the package's tools work together
	PATH=$PWD/root/usr/bin:$PATH bash -o pipefail -c '
	    bk-keygen -o key && bk-seal echo hello | bk-gz |
	    bk-crypt -r "$(bk-keygen -y key)" | bk-crypt -d -i key | bk-gz -d' >out
	grep -qa hello out
}

@test "it is installed and purged, and nothing is left" {
	[ "$(id -u)" = 0 ] || skip "dpkg wants root"
	mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates
	touch root/var/lib/dpkg/status root/var/lib/dpkg/available
	dpkg --root="$PWD/root" --force-depends -i "$DEB"
	[ -x root/usr/bin/bk-age ]
	dpkg --root="$PWD/root" --purge bk
	run -0 find root -name '*bk*'
	[ -z "$output" ]
	[ ! -e root/usr ]
}

@test "made elsewhere, by another umask, in another zone, it is the same" {
	umask 077
	TZ=Asia/Tokyo LC_ALL=C deb_in two
	cmp "$DEB" two/build/dist/bk_*.deb
}
