#!/usr/bin/env bats
# archive_command and restore_command as bk-walput(1) and bk-walget(1) have
# them, run by real servers, with S3 and a directory.

load support/common
load support/pg
load support/wal
load support/walside
load support/s3

# example PAGE N: the value in the Nth example, on one line, with our places
# for the page's.
example() {
	awk -v want="$2" '/^\.Sh EXAMPLES/ { on = 1 } /^\.Ed/ { text = 0 }
	    text && n == want { print } on && /^\.Bd -literal/ { text = 1; n++ }' \
	    "$TOP/man/$1" | sed "/^archive_mode/d; s,^[a-z_]* = ',,; s,'\$,,
	    s,'',',g; s,\\\\e\$,,; s,/archive/wal,$PLACES/archive/wal,
	    s,/var/lib/bk,$PLACES,; s,/srv/pg,$PLACES,; s,s3://\([bc]\)/,s3://\1\1\1/,g" | tr -s '\n ' ' '
}

setup_file() {
	rgw_start
	s3_mb bbb
	s3_mb ccc
	PLACES=$(mktemp -d "${BK_TMP:-/tmp}/bk-places.XXXXXX")
	chmod 755 "$PLACES"
	[ "$(id -u)" != 0 ] || chown "$(pg_as id -u)" "$PLACES"
	pg_as mkdir -p "$PLACES/archive/wal" "$PLACES/walput" "$PLACES/spool"
	# our tools may lie where the servers' user cannot go
	(umask 077; bk-keygen -o "$BATS_FILE_TMPDIR/key")
	pg_as sh -c "umask 077; cat >$PLACES/key" <"$BATS_FILE_TMPDIR/key"
	BK_IDENTITY=$PLACES/key
	BK_RECIPIENTS=$(bk-keygen -y "$PLACES/key")
	export PLACES BK_IDENTITY BK_RECIPIENTS
	PGHOST=$PLACES wal_env
	cd "$BATS_FILE_TMPDIR"
	wal_start old
	wal_sql 'CREATE TABLE t (n int)'
	side first old
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR"
	pg_stop first
	pg_stop old
	rm -rf "$PLACES"
	rgw_stop
}

setup() {
	export BK_IDENTITY=$PLACES/key	# which support/common unsets
	cd "$BATS_FILE_TMPDIR"
	pg_use old
}

teardown() {
	pg_stop "$BATS_FILE_TMPDIR/new"
}

# again: a copy of the copy that was made first is $SIDE, to recover as new.
again() {
	wal_side new
	rm -rf "$SIDE"
	cp -a first/home/data "$SIDE"
}

# archives COMMAND FROM TO: the server writes rows and archives them by that.
archives() {
	local last
	wal_archive "$1"
	last=$(rows "$2" "$3" | tail -n 1)
	wal_archived "$last"
	pg_use old
}

@test "to S3 and back" {
	long
	archives "$(example bk-walput.1 1)" 1 3
	again
	recovers new "$(example bk-walget.1 1)"
	[ "$(wal_sql 'SELECT count(*), sum(n) FROM t')" = '3|6' ]
	pg_stop new
	# one of two places has it
	again
	recovers new "$(example bk-walget.1 3)"
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 3 ]
	pg_stop new
	# a standby's
	again
	recovers new "$(example bk-walget.1 4)"
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 3 ]
}

@test "other content under a name that S3 has is refused, and not written" {
	local name put spool
	archives "$(example bk-walput.1 1)" 10 10
	name=$(s3_keys bbb wal/ | sed -n 's,^wal/\([0-9A-F]\{24\}\)$,\1,p' | tail -n 1)
	mkdir -p "$BATS_TEST_TMPDIR"/{data/pg_wal/archive_status,data/global,spool}
	cd "$BATS_TEST_TMPDIR/data"
	cp "$PGHOST/data/pg_wal/$name" pg_wal
	cp "$PGHOST/data/global/pg_control" global
	BK_RECIPIENTS=$(bk-keygen -y "$BK_IDENTITY")
	export BK_RECIPIENTS
	put='bk-gz | bk-crypt | bk-s3put -q s3://bbb/wal/$BK_WAL_NAME'
	bk-s3get -q "s3://bbb/wal/$name" >before
	for spool in '' "--spool $BATS_TEST_TMPDIR/spool"; do
		# shellcheck disable=SC2086	# two words
		run -0 bk-walput "pg_wal/$name" $spool -- "$put"
	done
	rm -f ../spool/*
	printf X | dd of="pg_wal/$name" bs=1 seek=9000 conv=notrunc status=none
	for spool in '' "--spool $BATS_TEST_TMPDIR/spool"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr bk-walput "pg_wal/$name" $spool -- "$put"
		[[ $stderr == "bk-s3put: "*"/$name: "*"bk-walput: $name: the command ended with exit status 1"* ]]
		[ ! -e "../spool/$name.stored" ]
		bk-s3get -q "s3://bbb/wal/$name" | cmp - before
	done
}

@test "a bucket that is not there, or not ours to read, ends no recovery" {
	local restore
	# outside a server first
	cd "$BATS_TEST_TMPDIR"
	for bucket in nosuchbucket bbb; do
		restore="bk-s3get -q --retry-for 0 s3://$bucket/wal/\$BK_WAL_NAME | bk-crypt -d | bk-gz -d"
		run -255 --separate-stderr env AWS_SECRET_ACCESS_KEY="${bucket/nosuchbucket/$AWS_SECRET_ACCESS_KEY}" \
		    bk-walget 0000000100000000000000FF out -- "$restore"
		one_line_error bk-walget
		[[ $stderr == "bk-walget: 0000000100000000000000FF: bk-s3get: "* ]]
	done
	AWS_ENDPOINT_URL=http://127.0.0.1:1 run -255 bk-walget 0000000100000000000000FF out -- "$restore"
	run -1 bk-walget 0000000100000000000000FF out -- "$restore"
	[ ! -e out ]
	cd "$BATS_FILE_TMPDIR"
	again
	restore=$(example bk-walget.1 1)
	run -1 recovers new "${restore//s3:\/\/bbb/s3://nosuchbucket}"
	grep -q 'FATAL: *could not restore file' new/home/log
	[ ! -e "$SIDE/pg_wal/00000002.history" ]
}

@test "to a directory and back, several at once" {
	archives "$(example bk-walput.1 3)" 4 5
	pg_stop first
	side first old
	archives "$(example bk-walput.1 3)" 6 6
	again
	recovers new "$(example bk-walget.1 2)"
	[ "$(wal_sql 'SELECT count(*) FROM t WHERE n BETWEEN 4 AND 6')" = 3 ]
	pg_use old
	archives "$(example bk-walput.1 2)" 7 9
	last=$(s3_keys bbb wal/ | tail -n 1)
	bk-s3get -q "s3://bbb/$last" | bk-crypt -d | bk-zst -d |
	    cmp - "$PGHOST/data/pg_wal/${last#wal/}"
}
