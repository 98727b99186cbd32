#!/usr/bin/env bats
# What make dist and make deb are made of: the archive of the source, and the
# signature.  The rest, which takes its time, is in t/static.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# clone DIRECTORY: of HEAD, with today's build-aux.
clone() {
	git -C "$TOP" rev-parse -q --verify HEAD >/dev/null || skip "no git clone"
	git clone -q "$TOP" "$1"
	rm -rf "$1/build-aux"
	cp -R "$TOP/build-aux" "$1"
	git -C "$1" add -A
	GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' \
	    git -C "$1" -c user.name=a -c user.email=b commit -q --allow-empty -m c
}

@test "the source: each tracked file, the same bytes wherever it is packed" {
	local version
	version=$(bk-age --version) version=${version#* }
	clone one
	run -0 --separate-stderr one/build-aux/source.sh
	# not tagged: which commit it is, to be sorted by its time
	version+=~git202311142213.$(git -C one rev-parse --short=7 HEAD)
	[ "$output" = "build/dist/bk-$version.tar.gz" ]
	tar -tzf "one/$output" | sed -n "s,^bk-$version/\(.*[^/]\)$,\1,p" | sort >there
	(git -C one ls-files; echo build-aux/release) | sort | diff - there
	# nobody's settings make a difference
	clone two
	(
		umask 077
		export HOME=$PWD TZ=Asia/Tokyo
		git config --global tar.umask 0077
		git config --global core.autocrlf true
		touch two/Makefile
		cd two && build-aux/source.sh
	)
	cmp "one/$output" "two/$output"
	# what is packed is what was committed
	echo >>one/README.md
	run -1 one/build-aux/source.sh
	[[ $output == *README.md*"commit these first"* ]]
	git -C one checkout -q README.md
	touch one/contrib/new
	run -1 one/build-aux/source.sh
}

@test "a tag of that version is the version" {
	local version
	version=$(bk-age --version) version=${version#* }
	clone one
	git -C one tag v9.9.9
	[[ $(one/build-aux/source.sh) == *~git* ]]
	git -C one tag "v$version"
	[ "$(one/build-aux/source.sh)" = "build/dist/bk-$version.tar.gz" ]
	sort -V <<<"$version
$version~git202311142213.abc" | head -n 1 | grep git
}

@test "a released source can be packed again, without git or in another's" {
	local name
	clone one
	name=$(one/build-aux/source.sh)
	tar -xzf "one/$name"
	mv bk-* two
	mkdir two/build && touch two/build/x
	[ "$(two/build-aux/source.sh)" = "$name" ]
	git init -q two
	[ "$(cd two && build-aux/source.sh)" = "$name" ]
	tar -xzf "two/$name"
	mv bk-* three
	rm -r two/build two/.git
	diff -r two three
	cmp one/build/release three/build-aux/release
	[ -x three/build-aux/source.sh ]
}

# minisign takes seconds for a passphrase: t/static/dist.bats has that.
@test "the signature: of minisign or of signify, as the key is" {
	local key
	echo sums >sums
	minisign -G -W -p mini.pub -s mini.key
	run -0 "$TOP/build-aux/sign.sh" mini.key </dev/null
	[ -z "$output" ]
	"$TOP/build-aux/sign.sh" mini.key sums 'bk, a commit' </dev/null
	run -0 minisign -V -p mini.pub -m sums
	[[ $output == *'Trusted comment: bk, a commit'* ]]
	signify-openbsd -G -n -p bare.pub -s bare.sec
	printf 'pw\npw\n' | signify-openbsd -G -p asks.pub -s asks.sec
	for key in bare asks; do
		"$TOP/build-aux/sign.sh" $key.sec sums '' <<<pw
		signify-openbsd -V -p $key.pub -m sums -x sums.sig
	done
	echo more >>sums
	run -1 signify-openbsd -V -p asks.pub -m sums -x sums.sig
	# a wrong passphrase signs nothing
	rm sums.sig
	run -1 "$TOP/build-aux/sign.sh" asks.sec sums '' <<<wrong
	[ ! -e sums.sig ]
}

@test "what is no secret key is refused" {
	minisign -G -W -p bare.pub -s bare.key
	for key in bare.pub /dev/null nothing; do
		run -1 "$TOP/build-aux/sign.sh" $key
		[[ $output == "sign.sh: $key: "* ]]
	done
}

@test "static tools are not made of what is outdated, for a release" {
	mkdir fake
	# one is behind, of the packages that are linked in
	cat >fake/dpkg-query <<-'SH'
	#!/bin/sh
	for package; do :; done
	[ "$package" = zlib1g-dev ] && printf 1 || printf 2
	SH
	printf '#!/bin/sh\necho "  Candidate: 2"\n' >fake/apt-cache
	chmod +x fake/*
	export XDG_CACHE_HOME=$PWD/cache
	PATH=$PWD/fake:$PATH STATIC_CURRENT=1 run \
	    "$TOP/build-aux/static-deps.sh" out
	[ "$status" != 77 ] || skip "$output"
	[ "$status" = 1 ]
	[ "$output" = "static-deps: zlib1g-dev 1: apt has 2
static-deps: not up to date; update, or set STATIC_CURRENT=0" ]
}
