#!/usr/bin/env bats
# make dist, from a clean clone by one command: what it makes can be checked,
# and is the same wherever it is made.

load ../support/common
load release

setup_file() {
	release
	[ -z "${SKIP_FILE-}" ] || return 0
	OUT=$RELEASE/build/dist
	NAME=bk-$(sed -n 1p "$RELEASE/build/release")
	BINARY=$NAME-linux-$(uname -m)
	export OUT NAME BINARY
}

setup() {
	unless_skipped
	cd "$BATS_TEST_TMPDIR"
}

@test "a source and a binary tarball, the list of parts, the sums of all" {
	(cd "$OUT" && sha256sum -c SHA256SUMS)
	(cd "$OUT" && ls) | sort >there
	printf '%s\n' "$BINARY.sources.tar" "$BINARY.spdx.json" \
	    "$BINARY.tar.gz" "$NAME.tar.gz" SHA256SUMS | sort | diff there -
	grep -q 'not signed, as SIGN_KEY names no key' "$RELEASE/build/log"
	grep -q "$(git -C "$RELEASE" rev-parse HEAD)" "$RELEASE/build/log"
}

@test "the binary tarball holds tools that run, and all that goes with them" {
	local file page
	tar -xzf "$OUT/$BINARY.tar.gz"
	[ "$(ls)" = "$NAME" ]
	tar --numeric-owner -tvzf "$OUT/$BINARY.tar.gz" |
	    grep -vE '^(-rw-r--r--|[-dl]rwxr-xr-x) +0/0 ' >odd || [ $? = 1 ]
	diff odd /dev/null
	cd "$NAME"
	for file in "$RELEASE"/bin/bk-*.c; do
		file=${file##*/} file=${file%.c}
		run -0 env -i "bin/$file" --version
		[ "$output" = "$(bk-age --version | sed "s/bk-age/$file/")" ]
		run -0 readelf -ldW "bin/$file"
		[[ $output != *INTERP* && $output != *NEEDED* ]]
		cmp "share/man/man1/$file.1" "$RELEASE/man/$file.1"
		[ -e "share/bash-completion/completions/$file" ]
		[ -e "share/fish/vendor_completions.d/$file.fish" ]
	done
	[ -e share/zsh/site-functions/_bk ]
	for page in share/man/man5/bk-formats.5 share/man/man7/bk{,-recovery}.7; do
		[ -e "$page" ]
	done
	for file in bin/bk-pg/*/bin/pg_dump; do
		run -0 "$file" --version
		[[ $output == *" $(cut -d/ -f 3 <<<"$file")."* ]]
	done
	diff -r -x install-deps.sh "$RELEASE/contrib" share/bk/contrib
	cmp LICENSE "$RELEASE/LICENSE"
	cmp README.md "$RELEASE/README.md"
	cmp "$BINARY.spdx.json" "$OUT/$BINARY.spdx.json"
	[ ! -e share/bk/installed ]
	# nothing of where it was made
	run -1 grep -rlF "$RELEASE" .
}

@test "the list of parts is SPDX 2.3" {
	local file=$OUT/$BINARY.spdx.json
	jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and
	    .SPDXID == "SPDXRef-DOCUMENT" and (.name | length > 0) and
	    (.documentNamespace | test("^https://[^#]+$")) and
	    (.creationInfo.created |
	        test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")) and
	    (.creationInfo.creators | all(test("^(Tool|Organization|Person): ")))' "$file"
	jq -e '.packages | length > 30 and all(
	    (.SPDXID | test("^SPDXRef-[A-Za-z0-9.-]+$")) and
	    (.name | length > 0) and (.versionInfo | length > 0) and
	    (.downloadLocation | test("^(NOASSERTION|https://)")) and
	    .filesAnalyzed == false and
	    (.licenseDeclared | length > 0) and (.licenseConcluded | length > 0) and
	    .copyrightText == "NOASSERTION" and
	    (.primaryPackagePurpose | IN("APPLICATION", "LIBRARY")))' "$file"
	# no two of one ID; each relation is between two that there are
	jq -e '[.SPDXID, .packages[].SPDXID] as $ids |
	    ($ids | length == (unique | length)) and (.relationships | all(
	        (.spdxElementId | IN($ids[])) and
	        (.relatedSpdxElement | IN($ids[])) and
	        (.relationshipType |
	            IN("DESCRIBES", "CONTAINS", "STATIC_LINK", "GENERATED_FROM"))))' "$file"
	jq -e '[.relationships[] | select(.relationshipType == "DESCRIBES")] ==
	    [{spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES",
	        relatedSpdxElement: "SPDXRef-bk"}]' "$file"
}

# linked PROGRAM: the sources of what is linked into it, by the list.
linked() {
	jq -r --arg file "./bin/$1" '.packages as $p |
	    ($p[] | select(.packageFileName == $file).SPDXID) as $id |
	    .relationships[] | select(.spdxElementId == $id and
	        .relationshipType == "STATIC_LINK").relatedSpdxElement |
	    . as $r | $p[] | select(.SPDXID == $r).name' \
	    "$OUT/$BINARY.spdx.json" | sort | paste -sd ' '
}

@test "it says which library is in which program, and no other" {
	local program what
	tar -xzf "$OUT/$BINARY.tar.gz"
	# every program is in it, as it is
	(cd "$NAME" && find bin -type f | sort | xargs sha256sum) >is
	jq -r '.packages[] | select(.primaryPackagePurpose == "APPLICATION" and
	    .SPDXID != "SPDXRef-bk") | (.checksums[] |
	    select(.algorithm == "SHA256").checksumValue) + "  " +
	    (.packageFileName | ltrimstr("./"))' "$OUT/$BINARY.spdx.json" |
	    sort -k 2 | diff is -
	# what a program carries of a library is text that only this one has
	for program in "$NAME"/bin/bk-* "$NAME"/bin/bk-pg/*/bin/*; do
		[ -f "$program" ] || continue
		what=" $(linked "${program#*/bin/}") "
		[[ $what == *' glibc '* ]]
		while IFS=: read -r source text; do
			if grep -aq -- "$text" "$program"; then
				[[ $what == *" $source "* ]] ||
				    echo "$program holds $source"
			else
				[[ $what != *" $source "* ]] ||
				    echo "$program does not hold $source"
			fi
		done <<-'TEXTS'
		openssl:CRYPTOGAMS by
		curl:Transfer-Encoding: chunked
		TEXTS
	done >differ
	diff differ /dev/null
	[ "$(linked bk-save)" = "$(linked bk-ls)" ]
	[[ $(linked bk-gz) == *libdeflate* ]]
	[[ " $(linked bk-stat) " == *' jansson '*' postgresql-'*' '* ]]
	# versions are those of what is installed here
	[ "$(jq -r '.packages[] | select(.name == "openssl").versionInfo' \
	    "$OUT/$BINARY.spdx.json")" = \
	    "$(dpkg-query -W -f '${source:Version}' libssl-dev)" ]
}

@test "each part's licence is there, and is the one that the list names" {
	local name licence word
	tar -xzf "$OUT/$BINARY.tar.gz"
	jq -r '.packages[] | select(.primaryPackagePurpose == "LIBRARY") |
	    .name + " " + .licenseDeclared' "$OUT/$BINARY.spdx.json" >licences
	[ "$(wc -l <licences)" -ge 10 ]
	while read -r name licence; do
		case $licence in
		LGPL-2.1*) word='Lesser' ;;
		GPL-3*) word='GCC Runtime Library Exception' ;;
		Apache-2.0) word='Apache' ;;
		Zlib) word="provided 'as-is'" ;;
		MIT) word='Permission is hereby granted, free of charge' ;;
		BSD-*) word='Redistribution and use in source and binary' ;;
		PostgreSQL) word='without fee, and without a written' ;;
		curl) word='with or without fee is hereby granted' ;;
		*) word="no such licence is known: $licence" ;;
		esac
		tr -s ' \n*' ' ' <"$NAME/licences/$name" | grep -qF "$word" ||
		    echo "$name: $licence"
	done <licences >differ
	diff differ /dev/null
}

@test "what the LGPL asks for: a notice, and glibc's source" {
	local version
	tar -xzf "$OUT/$BINARY.tar.gz"
	version=$(dpkg-query -W -f '${source:Version}' libc6-dev)
	grep -qx " *glibc $version" "$NAME/NOTICE"
	[ "$(grep -c '^    ' "$NAME/NOTICE")" = \
	    "$(wc -l <"$RELEASE/build/static/VERSIONS")" ]
	grep -q "$BINARY.sources.tar" "$NAME/NOTICE"
	tar -xf "$OUT/$BINARY.sources.tar"
	cd glibc-*
	grep -qx "Version: $version" ./*.dsc
	sed -n '/^Checksums-Sha256/,/^[^ ]*:/s/^ \([0-9a-f]*\) [0-9]* /\1  /p' \
	    ./*.dsc >sums
	grep -q orig sums
	sha256sum -c sums
}

# The libraries too, and this release's pg_dump: of the cache it shares sources,
# their versions, and what is built for minutes in the same way, the programs of
# PostgreSQL 17 and 18.
@test "made elsewhere, at another time, by another umask, it is the same" {
	local cache=${XDG_CACHE_HOME:-/var/tmp}/bk-static
	mkdir -p cache/bk-static
	cp -a "$cache"/{sources,version,postgresql-*-*} cache/bk-static
	rm -rf cache/bk-static/postgresql-15-*
	(
		umask 077
		XDG_CACHE_HOME=$PWD/cache TZ=Asia/Tokyo LC_ALL=C \
		    release_in "$PWD/another-name"
	)
	for name in postgresql-15 curl libisal; do
		grep -q "building $name" another-name/build/log
	done
	cmp "another-name/build/dist/SHA256SUMS" "$OUT/SHA256SUMS"
	(cd "another-name/build/dist" && sha256sum -c "$OUT/SHA256SUMS")
}

@test "a key that asks for a passphrase signs the sums" {
	cp "$OUT/SHA256SUMS" .
	printf 'pw\npw\n' | minisign -G -p key.pub -s key
	"$RELEASE/build-aux/sign.sh" key SHA256SUMS "$NAME" <<<pw
	run -0 minisign -V -p key.pub -m SHA256SUMS
	[[ $output == *"Trusted comment: $NAME"* ]]
	run -2 "$RELEASE/build-aux/sign.sh" key SHA256SUMS "$NAME" <<<wrong
	# a key that is none stops it before anything is built
	mkdir clone && git clone -q "$TOP" clone/one
	run -2 make -s -C clone/one dist SIGN_KEY="$PWD/key.pub"
	[[ $output == *"key.pub: neither minisign's secret key nor signify's"* ]]
	[ ! -e clone/one/build ]
}

@test "what the README says of a release works" {
	# the indented lines of the part on releases
	sed -n '/^`make dist /,/^`man /s/^    //p' "$TOP/README.md" |
	    sed "s,/opt,$PWD/opt,g" >script
	[ "$(wc -l <script)" = 2 ]
	mkdir opt && cp "$OUT"/*.tar.gz "$OUT/SHA256SUMS" .
	minisign -G -W -p bk.pub -s key
	"$RELEASE/build-aux/sign.sh" key SHA256SUMS "$NAME"
	echo 'command -v bk-dump' >>script
	run -0 bash -euo pipefail script
	[ "${lines[-1]}" = "$PWD/opt/$NAME/bin/bk-dump" ]
	echo >>"$BINARY.tar.gz"
	run -1 bash -euo pipefail script
	[[ $output == *"$BINARY.tar.gz: FAILED"* ]]
}
