#!/usr/bin/env bats
# From a base backup to a data directory: what bk-pitr unpacks, keeps, refuses
# and leaves behind.  t/unit/datadir.c has the hostile tars one by one.

load support/common

setup_file() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_FILE_TMPDIR"
	wal_start old
	wal_sql 'CREATE TABLE t AS SELECT i, md5(i::text) FROM
	    generate_series(1, 5000) i'
	wal_sql 'CHECKPOINT'
	pg_basebackup -U bk -c fast -Ft -X fetch -D - >foreign.tar
	pg_basebackup -U bk -c fast -Ft -X fetch -D - --no-manifest >bare.tar
	pg_basebackup -U bk -c fast -Ft -X fetch -D - -R \
	    --manifest-checksums=SHA512 >sha.tar
	wal_tablespace fast
	wal_sql 'CREATE TABLE s TABLESPACE fast AS SELECT * FROM t'
	bk-base -q -U bk -c fast >base.tar
	ln -s "$PGHOST" home
	TOOLS=$(wal_tools)
	export TOOLS
}

teardown_file() {
	. "$SUPPORT/pg.bash"
	pg_stop "$BATS_FILE_TMPDIR/old"
}

setup() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
	F=$BATS_FILE_TMPDIR
	OLD=$(readlink "$F/home")
	wal_side new
	pg_as mkdir -m 700 "$SIDE"
	SPACE=${SIDE%/data}/fast
}

teardown() {
	cd "$BATS_TEST_TMPDIR"
	pg_stop "$PWD/new"
}

# unpack TAR ARG...: to the backup's end, with the WAL that it has.
unpack() {
	local tar=$1
	shift
	"$TOOLS/bk-pitr" -D "$SIDE" --target immediate \
	    --map "$OLD/space-fast=$SPACE" "$@" <"$tar"
}

# refused STATUS TEXT CMD...: fails with one line that has TEXT.
refused() {
	local status=$1 text=$2
	shift 2
	run "-$status" --separate-stderr "$@"
	[[ $stderr == *"$text"* ]] || echo "$stderr" >&2
	[[ $stderr == *"$text"* ]]
	one_line_error bk-pitr
}

# state DIR: its files, by inode and time of change.
state() {
	(cd "$1" && find . -type f -printf '%p %i %C@\n' | sort)
}

@test "what pg_basebackup made: CRC32C, SHA512, -R; without a manifest not" {
	unpack "$F/foreign.tar"
	wal_run new
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 5000 ]
	pg_stop new
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	unpack "$F/sha.tar"
	[ ! -e "$SIDE/standby.signal" ]
	pg_stop new
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	refused 3 'no backup_manifest in it' unpack "$F/bare.tar" -q
	[ -z "$(ls -A "$SIDE")" ]
}

@test "a tablespace goes where --map says, and only into what is empty" {
	unpack "$F/base.tar"
	[ "$(readlink "$SIDE"/pg_tblspc/*)" = "$SPACE" ]
	[ "$(cut -d ' ' -f 2 "$SIDE/tablespace_map")" = "$SPACE" ]
	[ "$(stat -c %a "$SPACE" "$SIDE" "$SIDE/base" "$SIDE/PG_VERSION")" = \
	    "$(printf '%s\n' 700 700 700 600)" ]
	wal_run new
	[ "$(wal_sql 'SELECT count(*) FROM s')" = 5000 ]
	pg_ctl_ new -m fast stop
	rm -rf "$SIDE"/*
	refused 1 "--map $OLD/space-fast=DIR" unpack "$F/base.tar" -q
	[ -z "$(ls -A "$SIDE")" ] && [ -n "$(ls -A "$SPACE")" ]
	# where it was, the server still is
	pg_use "$F/old"
	refused 1 "$OLD/space-fast: not empty" "$TOOLS/bk-pitr" -q -D "$SIDE" \
	    --target immediate <"$F/base.tar"
	[ "$(wal_sql 'SELECT count(*) FROM s')" = 5000 ]
}

@test "--delta keeps what is the same, and undoes what is not" {
	unpack "$F/base.tar"
	state "$SIDE" >before
	run -0 --separate-stderr unpack "$F/base.tar" --delta
	state "$SIDE" >after
	# of 900 files the settings and the like were written again
	[ "$(comm -3 before after | wc -l)" -lt 20 ]
	wal_run new
	wal_sql 'DROP TABLE t'
	wal_sql 'UPDATE s SET i = 0'
	wal_sql 'CREATE TABLE extra TABLESPACE fast AS SELECT * FROM s'
	refused 1 'a server runs in it (process' unpack "$F/base.tar" -q --delta
	pg_ctl_ new -m immediate stop
	touch "$SIDE/postmaster.pid"
	refused 1 'remove that file' unpack "$F/base.tar" -q --delta
	rm "$SIDE/postmaster.pid"
	unpack "$F/base.tar" --delta
	wal_run new
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 5000 ]
	[ "$(wal_sql 'SELECT count(*) FROM s WHERE i > 0')" = 5000 ]
	[ "$(wal_sql "SELECT to_regclass('extra') IS NULL")" = t ]
}

@test "a directory that is full, foreign or live is refused, and unchanged" {
	touch "$SIDE/mine" && state "$SIDE" >before
	refused 1 "it contains 'mine'" unpack "$F/base.tar" -q
	refused 1 'not a cluster' unpack "$F/base.tar" -q --delta
	state "$SIDE" | cmp - before
	SIDE=$OLD/data refused 1 'a server runs in it (process' \
	    unpack "$F/base.tar" -q
	rm "$SIDE/mine"
	unpack "$F/foreign.tar"
	refused 1 'it contains a cluster' unpack "$F/base.tar" -q
	refused 2 'does not name its cluster' unpack "$F/foreign.tar" -q --delta
	printf '\1\2\3\4\5\6\7\10' | dd of="$SIDE/global/pg_control" conv=notrunc \
	    status=none
	state "$SIDE" >before
	refused 1 'it is cluster 578437695752307201, the backup is of' \
	    unpack "$F/base.tar" -q --delta
	state "$SIDE" | cmp - before
}

# begun: files are there already.
begun() {
	[ -e "$SIDE/base" ]
}

@test "killed in the middle: nothing that a server starts; SIGTERM: nothing" {
	mkfifo in
	unpack in -q 3>&- 4>&- &
	local pid=$!
	exec 8>in
	head -c 9000000 "$F/base.tar" >&8
	await begun
	kill -9 "$(pgrep -P $pid -x bk-pitr || echo $pid)"
	exec 8>&-
	wait $pid || [ $? = 137 ]
	[ -e "$SIDE/PG_VERSION.unfinished" ] || [ ! -e "$SIDE/PG_VERSION" ]
	run -1 pg_ctl_ new -t 20 start
	refused 1 'interrupted; remove it' unpack "$F/base.tar" -q
	rm -rf "$SIDE"/* "$SPACE"
	unpack in -q 3>&- 4>&- &
	pid=$!
	exec 8>in
	head -c 9000000 "$F/base.tar" >&8
	await begun
	kill -TERM "$(pgrep -P $pid -x bk-pitr || echo $pid)"
	wait $pid || [ $? = 143 ]
	exec 8>&-
	[ -z "$(ls -A "$SIDE")" ] && [ ! -e "$SPACE" ]
}

@test "a full disk: one line, and nothing is left" {
	[ "$(id -u)" = 0 ] || skip "mounting needs root"
	unshare -m true || skip "no mount namespaces here"
	cat >full.sh <<-'SH'
	mount -t tmpfs -o size=12m,mode=755 tmpfs "$SIDE" || exit 77
	chown postgres "$SIDE"
	"$TOOLS/bk-pitr" -q -D "$SIDE" --target immediate <"$1"
	echo "status $? left $(ls -A "$SIDE" | wc -l)"
	SH
	export SIDE
	run -0 --separate-stderr unshare -m sh full.sh "$F/foreign.tar"
	[ "$output" = 'status 1 left 0' ]
	[[ $stderr == *"No space left on device; all unpacked files were removed"* ]]
	one_line_error bk-pitr
}

@test "a damaged or hostile stream is 3, and nothing is left" {
	# a byte of a page
	cp "$F/base.tar" bad.tar
	printf X | dd of=bad.tar bs=1 seek=5000000 conv=notrunc status=none
	refused 3 'CRC32C' unpack bad.tar -q
	[ -z "$(ls -A "$SIDE")" ] && [ ! -e "$SPACE" ]
	# a stream that somebody has made
	mkdir x && ln -s /etc x/base && tar -cf link.tar -C x base
	refused 3 'base: refused: neither a file nor a directory' unpack link.tar -q
	[[ $stderr == *"; all unpacked files were removed" ]]
	tar -cPf up.tar --transform 's|^|../|' x
	refused 3 'refused: not a path below' unpack up.tar -q
	[ -z "$(ls -A "$SIDE")" ]
	refused 3 'no PG_VERSION' unpack <(cd x && tar -cf - --exclude base .) -q
}

# forge TAR WHAT NAME [MORE]: bad.tar, a copy of it with that entry changed.
forge() {
	"$SUPPORT/tar-forge.py" "$@" >bad.tar
}

# both WORDS: bk-pitr and bk-verify refuse bad.tar, with these words.
both() {
	refused 3 "$1" unpack bad.tar -q
	[ -z "$(ls -A "$SIDE")" ] && [ ! -e "$SPACE" ]
	run -3 --separate-stderr bk-verify -o receipt <bad.tar
	[[ "$(tr -s ' ' <<<"$stderr")" == *"${2-$1}"* ]] ||
	    { echo "$stderr"; return 1; }
	[ "$(jq -r .result receipt)" = 'not proven' ]
}

# A tar that bk-base made: its manifest lists everything.
@test "one judgement: what bk-pitr refuses, bk-verify refuses" {
	local auto=postgresql.auto.conf
	forge "$F/base.tar" flip $auto
	both "$auto: the manifest has CRC32C" " $auto CRC32C "
	run -3 --separate-stderr bk-verify --scratch <bad.tar
	[[ $(tr -s ' ' <<<"$stderr") == *" $auto CRC32C "* ]]
	forge "$F/base.tar" add standby.signal
	both "standby.signal: the manifest has none, the stream a file" \
	    " standby.signal none a file"
	forge "$F/base.tar" add pg_wal/../EVIL
	both 'pg_wal/../EVIL: refused: not a path below the directory'
	refused 3 'EVIL: refused: not a path below' unpack bad.tar -q --dry-run
	forge "$F/base.tar" add base/odd 6
	both 'base/odd: refused: neither a file nor a directory'
}

@test "long: one judgement: each kind of entry" {
	long
	local auto=postgresql.auto.conf wal type
	forge "$F/base.tar" replace $auto
	both "$auto: the manifest has CRC32C" " $auto CRC32C "
	forge "$F/base.tar" drop $auto
	both "$auto: the manifest has 88 bytes, the stream none" \
	    " $auto 88 bytes none"
	forge "$F/base.tar" add recovery.signal
	both "recovery.signal: the manifest has none, the stream a file" \
	    " recovery.signal none a file"
	forge "$F/base.tar" add $auto 0x
	both "$auto: already exists: the stream has it twice" \
	    " $auto one file two"
	wal=$(tar -tf "$F/base.tar" | grep -E 'pg_wal/[0-9A-F]{24}$')
	forge "$F/base.tar" add "$wal"
	both "$wal: already exists: the stream has it twice" " $wal one file two"
	forge "$F/base.tar" add PG_VERSION/x
	both 'PG_VERSION: the manifest has one entry, the stream a file and a' \
	    ' PG_VERSION one entry a file and a directory'
	forge "$F/base.tar" add PG_VERSION.unfinished
	both 'refused: not a name that PostgreSQL uses'
	for type in 1 3; do
		forge "$F/base.tar" add base/odd $type
		both 'base/odd: refused: neither a file nor a directory'
	done
	run -3 --separate-stderr bk-verify --scratch <bad.tar
	[[ $stderr == *'base/odd: refused: neither a file nor a directory'* ]]
}

# pg_basebackup -R changes them, as pg_verifybackup knows.
@test "one judgement: a foreign tar may have settings of its own" {
	forge "$F/foreign.tar" flip postgresql.auto.conf
	bk-verify -q <bad.tar
	unpack bad.tar -q
	rm -rf "$SIDE"/*
	forge "$F/foreign.tar" drop postgresql.auto.conf
	bk-verify -q <bad.tar
	forge "$F/foreign.tar" add recovery.signal 0x
	bk-verify -q <bad.tar
	forge "$F/foreign.tar" add standby.sign
	both 'standby.sign: the manifest has none, the stream a file' \
	    ' standby.sign none a file'
}
