#!/usr/bin/env bats
# PostgreSQL of a major that is younger than lib/base/majors.h knows: bk(7),
# POSTGRESQL VERSIONS.  The server is 15; our tools are told that it is not.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

setup_file() {
	wal_start "$BATS_FILE_TMPDIR/pg"
	wal_sql 'CREATE DATABASE shop'
	PGDATABASE=shop psql -qX -c 'CREATE TABLE t AS SELECT generate_series(1, 10) i'
	read -ra majors <<<"$("$TOP/build-aux/majors.sh")"
	NEWEST=${majors[-1]} NEXT=$((majors[-1] + 1))
	mkdir "$BATS_FILE_TMPDIR/bin"
	# the next pg_dump, which writes the archives that there are
	cat >"$BATS_FILE_TMPDIR/bin/pg_dump" <<-EOT
	#!/bin/sh
	[ "\$1" != --version ] || exec echo "pg_dump (PostgreSQL) $NEXT.0"
	exec $PG_BIN/pg_dump "\$@"
	EOT
	chmod +x "$BATS_FILE_TMPDIR/bin/pg_dump"
	cc -shared -fPIC -I"$(pg_config --includedir)" \
	    -o "$BATS_FILE_TMPDIR/younger.so" "$SUPPORT/younger.c"
	export NEWEST NEXT
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	if sanitized; then skip "a sanitizer wants to be first"; fi
	pg_use "$BATS_FILE_TMPDIR/pg"
	YOUNGER_THAN="younger than $NEWEST, the newest that this program knows; install a newer bk"
}

# younger COMMAND...: by what it is told, the server is the next PostgreSQL.
younger() {
	YOUNGER=$NEXT LD_PRELOAD=$BATS_FILE_TMPDIR/younger.so \
	    BK_PG_BINDIR=$BATS_FILE_TMPDIR/bin "$@"
}

@test "dumps and restores go on, and say so once" {
	younger bk-dump shop >shop.bk 2>said
	[ "$(cat said)" = "bk-dump: the server is PostgreSQL $NEXT, $YOUNGER_THAN (going on)" ]
	younger bk-restore -q --into copy <shop.bk 2>said
	[ "$(cat said)" = "bk-restore: the server is PostgreSQL $NEXT, $YOUNGER_THAN (going on)" ]
	[ "$(psql -XAtc 'SELECT count(*) FROM t' copy)" = 10 ]
	# which sets a parameter that the real server does not have
	run --separate-stderr younger bk-verify --restore <shop.bk
	[ "${stderr_lines[0]}" = "bk-verify: the server is PostgreSQL $NEXT, $YOUNGER_THAN (going on)" ]
}

@test "base backups and WAL of it are refused" {
	local tool
	for tool in 'bk-base -c fast' 'bk-walrecv --spool spool -- true'; do
		mkdir -p spool
		run -1 --separate-stderr younger $tool
		[ -z "$output" ]
		[ "${stderr_lines[0]}" = "${tool%% *}: server $(hostname): PostgreSQL $NEXT is $YOUNGER_THAN" ]
	done
}

@test "a segment, a base backup and an archive of it are refused" {
	bk-base -c fast >base.tar
	mkdir base
	tar -xf base.tar -C base
	segment=$(cd base/pg_wal && printf '%s\n' 0*[0-9A-F] | head -n 1)
	cp "base/pg_wal/$segment" .
	bk-walput "$segment" -- 'cat >/dev/null'
	printf '\377\321' | dd of="$segment" conv=notrunc status=none
	run -3 --separate-stderr bk-walput "$segment" -- 'touch stored; cat >/dev/null'
	[[ $stderr == "bk-walput: $segment: WAL of a PostgreSQL $YOUNGER_THAN" ]]
	# PG_VERSION, of the same length
	printf '%s\n' "$NEXT" >PG_VERSION
	LC_ALL=C python3 - base.tar "$NEXT" <<-'PY'
	import re, sys
	data = bytearray(open(sys.argv[1], 'rb').read())
	for m in re.finditer(rb'(?:^|\0)PG_VERSION\0', bytes(data)):
	    at = (m.start() + 511) // 512 * 512 + 512
	    data[at:at + 2] = sys.argv[2].encode()
	open('younger.tar', 'wb').write(data)
	PY
	for tool in 'bk-verify' 'bk-pitr -q -D nowhere --dry-run --target latest'; do
		run -3 --separate-stderr bash -c "$tool <younger.tar"
		[[ $stderr == *"of PostgreSQL $NEXT, which is $YOUNGER_THAN"* ]]
	done
}
