#!/usr/bin/env bats
# What make static has built, looked at from outside.

load ../support/common

setup() {
	STATIC=${BK_STATIC:-$TOP/build/static}
	[ "$(uname -m)" = x86_64 ] || skip "make static is for x86-64"
}

# each FUNCTION FILE...: of each; there are at least $LEAST.
each() {
	local n=0 file
	for file in "${@:2}"; do
		"$1" "$file" || { echo "$1: $file" >&2; return 1; }
		n=$((n + 1))
	done
	[ "$n" -ge "${LEAST:-26}" ]
}

needs_nothing() {
	local segments dynamic
	segments=$(readelf -lW "$1") && dynamic=$(readelf -dW "$1")
	[[ $segments != *INTERP* ]] && [[ $segments == *"GNU_RELRO"* ]] &&
	    [[ $segments =~ GNU_STACK\ +(0x[0-9a-f]+\ +)+RW\  ]] &&
	    [[ $segments != *RWE* ]] && [[ $dynamic != *NEEDED* ]] &&
	    [[ $dynamic != *TEXTREL* ]] && [[ $dynamic == *"(RELR)"* ]] &&
	    [[ $dynamic == *BIND_NOW* || $dynamic == *"NOW PIE"* ]] &&
	    [[ $(readelf -hW "$1") == *"DYN (Position-Independent"* ]]
}

is_stripped() {
	[[ $(readelf -SW "$1") != *.symtab* ]]
}

# with symbols: stack protector, FORTIFY, and nothing that loads an object
is_hardened() {
	local names
	names=$(nm "$1")
	[[ $names == *" __stack_chk_fail"* ]] && [[ $names == *"_chk"$'\n'* ]] &&
	    [[ $names != *" _dl_open"$'\n'* ]] &&
	    [[ $names == *" __nss_configure_lookup"* ]]
}

@test "every tool is there, and needs a kernel and nothing else" {
	local source tools=()
	for source in "$TOP"/bin/bk-*.c; do
		source=${source##*/}
		tools+=("$STATIC/${source%.c}")
	done
	each needs_nothing "${tools[@]}"
	each is_stripped "${tools[@]}"
}

@test "no tool can load a shared object; each is hardened" {
	each is_hardened "$STATIC"-obj/bin/bk-*
}

@test "programs of PostgreSQL are there, and need nothing else either" {
	LEAST=4 each needs_nothing "$STATIC"/bk-pg/*/bin/*
	for name in pg_dump pg_dumpall pg_restore psql; do
		"$STATIC/bk-pg/15/bin/$name" --version | grep -q 'PostgreSQL) 15'
	done
}

@test "VERSIONS names what is linked in, with its licence" {
	run -0 cut -f 1,4 "$STATIC/VERSIONS"
	for name in glibc gcc-12 openssl zlib libdeflate libzstd expat \
	    jansson xxhash libmd lz4 curl libisal postgresql-15; do
		grep -q "^$name"$'\t' "$STATIC/VERSIONS"
	done
	run -1 grep -vP '^[a-z0-9+-]+\t[0-9][^\t]*\t[A-Za-z0-9.-]+( WITH [A-Za-z0-9.-]+)?\t[a-z0-9-]+$' \
	    "$STATIC/VERSIONS"
}

# What a start may take is not asserted: a loaded machine proves nothing.
@test "to start, a tool reads nsswitch.conf, and opens nothing else" {
	can_trace
	run -0 strace -f -e trace=open,openat,readlink,socket \
	    "$STATIC/bk-s3put" --version
	[ "$(grep -c open <<<"$output")" = 1 ]
	[[ $output == *'"/etc/nsswitch.conf"'* && $output != *socket* ]]
}
