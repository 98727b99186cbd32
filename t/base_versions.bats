#!/usr/bin/env bats
# bk-base on every version of the server, and increments where there are any.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
	pg_stop "$BATS_TEST_TMPDIR/side"
	pg_stop "$BATS_TEST_TMPDIR/other"
}

# base OPTION...: bk-base as the role that may do nothing else.
base() {
	PGUSER=bk bk-base -c fast "$@"
}

# start MAJOR: a cluster with a table in each of two tablespaces.
start() {
	pg_among "$1" || skip "$PG_WHY"
	wal_start "$PWD/pg" "$1"
	wal_tablespace one
	wal_tablespace two
	wal_sql 'CREATE TABLE t AS SELECT i, md5(i::text) FROM
	    generate_series(1, 20000) i'
	wal_sql 'CREATE TABLE t1 TABLESPACE one AS TABLE t'
	wal_sql 'CREATE TABLE t2 TABLESPACE two AS TABLE t'
}

# like_its_manifest DIR: every file that the manifest lists, with its size, in
# pg_verifybackup's stead where that is too old for it.
like_its_manifest() {
	python3 - "$1" <<-'PY'
	import json, os, sys
	root = sys.argv[1]
	files = json.load(open(root + '/backup_manifest'))['Files']
	assert len(files) > 900
	for f in files:
	    assert os.path.getsize(root + '/' + f['Path']) == f['Size'], f
	PY
}

# recovers TAR MAJOR: it is whole, and a server starts from it.
recovers() {
	local oid
	wal_side "$PWD/side" "$2"
	pg_as mkdir -m 700 "$SIDE"
	tar -xf "$1" -C "$SIDE"
	like_its_manifest "$SIDE"
	if [ "$2" -lt 17 ]; then
		"$(pg_config --bindir)/pg_verifybackup" -n "$SIDE"
	fi
	: >"$SIDE/tablespace_map"
	for oid in $(ls "$SIDE/pg_tblspc"); do
		mv "$SIDE/pg_tblspc/$oid" "$SIDE.$oid"
		echo "$oid $SIDE.$oid" >>"$SIDE/tablespace_map"
	done
	[ "$(wc -l <"$SIDE/tablespace_map")" = 2 ]
	chown -R --reference="${SIDE%/*}" "${SIDE%/*}"
	wal_run "$PWD/side"
	[ "$(wal_sql 'SELECT count(*) FROM t, t1, t2 WHERE t.i = t1.i AND
	    t1.i = t2.i')" = 20000 ]
}

# on MAJOR: a backup, a damaged page, a server that stops.
on() {
	start "$1"
	run -0 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --rate 1G >out'
	[ -z "$stderr" ]
	ends out
	run -0 --separate-stderr env PGUSER=bk bk-base --check
	wal_sql 'CREATE TABLE bad AS TABLE t'
	file=$(wal_sql "SELECT pg_relation_filepath('bad')")
	wal_break bad 3
	run -3 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast >bad'
	one_line_error bk-base
	[[ $stderr == *": $file block 3: "* ]]
	run -0 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --allow-bad-pages >bad'
	ends bad
	recovers out "$1"
}

@test "PostgreSQL 13, a COPY for each archive" {
	on 13
}

@test "PostgreSQL 14" {
	on 14
}

@test "PostgreSQL 16" {
	on 16
}

# increments MAJOR: those that are made, and those that are refused.
increments() {
	PG_CONF='summarize_wal = on' start "$1"
	run -0 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --manifest m0 >0.tar'
	cmp m0 <(tar -xOf 0.tar backup_manifest)
	wal_sql 'UPDATE t SET i = i WHERE i % 1000 = 0'
	run -0 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental m0 --manifest m1 >1.tar'
	[ -z "$stderr" ]
	ends 1.tar
	[ "$(tar -tf 1.tar | grep -c INCREMENTAL)" -gt 100 ]
	[ "$(stat -c %s 1.tar)" -lt $(($(stat -c %s 0.tar) / 2)) ]
	mkdir all
	tar -xf 1.tar -C all
	grep -q '^INCREMENTAL FROM LSN: ' all/backup_label
	like_its_manifest all
	# the manifest that the next one is to be made from, in place
	base --incremental m1 --manifest m1 >2.tar
	cmp m1 <(tar -xOf 2.tar backup_manifest)
	run -0 --separate-stderr env PGUSER=bk bk-base --check --incremental m1

	# the example of the page, without the wait for checkpoints
	awk '/^\.Bd -literal/ { n++; text = ""; next } { text = text $0 "\n" }
	    /^\.Ed/ { last = text } END { printf "%s", last }' \
	    "$TOP/man/bk-base.1" | sed "/^\.Ed/d
	    s,/backups/,$PWD/backups/,; s/bk-base/& -c fast/" >script
	[ "$(grep -c bk-base script)" = 2 ]
	mkdir backups
	PGUSER=bk run -0 --separate-stderr bash -eo pipefail script
	cmp last.manifest <(tar -xOf backups/*-incr.*.tar backup_manifest)
	# the name says where the other begins
	full=$(basename backups/*-full.*.tar .tar)
	[[ $(echo backups/*-incr.*.tar) == *".${full##*full.}.tar" ]]
	[ "$(bk-ls "$PWD/backups" | bk-age -w 1h -c 2h | grep -c OK)" = 1 ]
	bk-ls "$PWD/backups" | bk-prune -l 1 --min-keep 1 --min-stored 0 \
	    --explain >explained
	[ "$(awk -F '\t' '{ print $1 "\t" $NF }' explained | sort)" = \
	    $'keep\tits chain\nkeep\tlast 1/1, newest, min-keep' ]
	bk-ls "$PWD/backups" | grep -v full >increment
	run -2 bk-age -w 1h -c 2h <increment
	[[ $output == *" is an increment on a base backup that is missing"* ]]
	run -3 --separate-stderr bk-prune -l 1 --min-stored 0 <increment
	[[ $stderr == *": the backup that this increment builds on is not listed in its series; "* ]]

	head -c -9 m0 >cut
	run -3 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental cut >out'
	one_line_error bk-base
	sed 's/"Size": 8192/"Size": 8193/' m0 >changed
	run -3 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental changed >out'
	[[ $stderr == *checksum* ]]
	run -1 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental none >out'
	one_line_error bk-base
	wal_sql 'ALTER SYSTEM SET summarize_wal = off'
	wal_sql 'SELECT pg_reload_conf()'
	await summarize_is off
	run -1 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental m0 >out'
	[[ $stderr == *"summarize_wal is off; "* ]]
	PG_CONF='summarize_wal = on' wal_start "$PWD/other" "$1"
	run -3 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental m0 >out'
	one_line_error bk-base
	[[ $stderr == *"m0: of another cluster: "* ]]
	run -1 --separate-stderr env PGUSER=bk bk-base --check --incremental m0
	[[ $output == *$'\nproblem\tincremental: m0: of another cluster: '* ]]
	[ ! -s out ]
	pg_use "$PWD/pg"
	recovers 0.tar "$1"
}

summarize_is() {
	[ "$(wal_sql 'SHOW summarize_wal')" = "$1" ]
}

@test "PostgreSQL 17, and increments" {
	increments 17
}

@test "PostgreSQL 18, and increments" {
	increments 18
}

@test "PostgreSQL 19, and increments" {
	increments 19
}

@test "increments are refused by what cannot make them" {
	wal_start "$PWD/pg"
	base --manifest m0 >0.tar
	run -1 --separate-stderr bash -c 'PGUSER=bk bk-base -c fast --incremental m0 >out'
	one_line_error bk-base
	[[ $stderr == *"cannot make incremental backups"* ]]
}
