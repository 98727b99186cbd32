#!/usr/bin/env bats
# bk-s3get against a Ceph RADOS Gateway, with a fault proxy in front.

load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	head -c 30000000 /dev/urandom >"$BATS_FILE_TMPDIR/big"	# 4 ranges
	head -c 100000 "$BATS_FILE_TMPDIR/big" >"$BATS_FILE_TMPDIR/small"
	bk-s3put --part-size 5M s3://backups/big <"$BATS_FILE_TMPDIR/big"
	bk-s3put s3://backups/small <"$BATS_FILE_TMPDIR/small"
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big SMALL=$BATS_FILE_TMPDIR/small
}

teardown() { fault_stop; }

get() { bk-s3get --retry-for 5s "$@"; }

@test "objects come whole, whatever -j" {
	local j
	for j in 1 2 4 9; do
		get -j $j s3://backups/big | cmp - "$BIG"
		get -j $j s3://backups/small | cmp - "$SMALL"
	done
	get -v s3://backups/big 2>said | cmp - "$BIG"
	[[ $(<said) == *'bk-s3get: 28.6MiB of 28.6MiB'* ]]
}

@test "an empty object, one range exactly, one byte more" {
	local n
	for n in 0 8388608 8388609; do
		head -c $n "$BIG" >f
		s3_send PUT /backups/edge f -o /dev/null
		get s3://backups/edge | cmp - f
	done
}

@test "a missing object is 4, and says so" {
	run -4 --separate-stderr get s3://backups/nope
	one_line_error bk-s3get
	[ -z "$output" ]
	run -4 --separate-stderr get s3://backups/big/latest
	one_line_error bk-s3get
}

@test "nothing else is 4: bucket, secret, key, server" {
	run -1 --separate-stderr get s3://nosuchbucket/a
	one_line_error bk-s3get
	[[ $stderr == *NoSuchBucket* ]]
	run -1 --separate-stderr get s3://nosuchbucket/latest
	[[ $stderr == *NoSuchBucket* ]]
	AWS_SECRET_ACCESS_KEY=x run -1 --separate-stderr get s3://backups/big
	one_line_error bk-s3get
	[[ $stderr == *SignatureDoesNotMatch* ]]
	AWS_ACCESS_KEY_ID=x run -1 --separate-stderr get s3://backups/nope
	[[ $stderr == *InvalidAccessKeyId* ]]
	AWS_ENDPOINT_URL=http://127.0.0.1:$(free_port) \
	    run -1 --separate-stderr get --retry-for 1s s3://backups/big
	one_line_error bk-s3get
}

@test "only S3 can say that an object is missing, a proxy cannot" {
	fault_start '* . all page:404'
	run -1 --separate-stderr get s3://backups/nope
	one_line_error bk-s3get
	[[ $stderr == *"not an answer of S3,"*AWS_ENDPOINT_URL* ]]
	run -1 get 's3://backups/nope?versionId=x'
	run -1 get s3://backups/nope/latest
	run -1 --separate-stderr bk-s3put s3://backups/nope <"$SMALL"
	fault_start '* . all page:405'
	run -1 get 's3://backups/nope?versionId=x'
	fault_start '* . all page:200'
	run -1 --separate-stderr get s3://backups/nope/latest
	[[ $stderr == *"the answer (200) is not one of S3's; check AWS_ENDPOINT_URL"* ]]
	run -1 bk-s3ls s3://backups/nope/
}

# reported COMMAND: run it with BK_STATUS_FD; the failures written there are in
# $status_fd, the names of tools that started and did not end in $killed.
reported() {
	BK_STATUS_FD=9 bash -c "$1" 9>said >output 2>errors 3>&- || :
	grep . said >reported
	status_fd=$(grep '^[1-9]' reported | cut -c 1 | tr '\n' ' ') || :
	killed=$(cut -d ' ' -f 2,3 reported | sort | uniq -u | cut -d ' ' -f 1)
}

# The marks of the lines reported, sorted.
marks() {
	cut -d ' ' -f 1 reported | sort | tr -d '\n'
}

@test "through a pipeline, BK_STATUS_FD tells an absent object" {
	local rest='| bk-crypt -d -i key | bk-gz -d'
	bk-keygen -o key 2>recipient
	bk-gz <"$SMALL" | bk-crypt -r "$(bk-keygen -y key)" |
	    bk-s3put s3://backups/wal
	reported "bk-s3get s3://backups/absent $rest"
	[ "$status_fd" = '4 ' ]
	[ "$(marks)" = +++--4 ]
	[ ! -s output ]
	reported "bk-s3get --seal s3://backups/absent $rest"
	[ "$status_fd" = '4 ' ]
	[ ! -s output ]
	reported "bk-s3get s3://backups/wal $rest"
	[ "$(marks)" = +++000 ]
	cmp output "$SMALL"
	# who records the runs is none of them
	BK_AUDIT_LOG=$PWD/log reported "bk-s3get s3://backups/absent $rest"
	[ "$(wc -l <log)" = 3 ]
	[ "$(marks)" = +++--4 ]
	# a fallback that fails is told too, so that nobody takes it for absent
	reported "{ bk-s3get s3://backups/absent || bk-s3get s3://nosuchbucket/wal; } $rest"
	[ "$status_fd" = '4 1 ' ]
	reported "{ bk-s3get s3://backups/absent || bk-s3get; } $rest"
	[ "$status_fd" = '4 2 ' ]
	# each line has the tool and its process, the last one bytes and cause
	reported 'bk-s3get & wait; echo $! >pid'
	[ "$(cat reported)" = "+ bk-s3get $(cat pid)
2 bk-s3get $(cat pid) 0 give s3://BUCKET/KEY" ]
	reported "bk-s3put s3://backups/told <$SMALL"
	[ "$(cut -d ' ' -f 1,2,4- reported)" = "+ bk-s3put
0 bk-s3put $(stat -Lc %s "$SMALL") s3://backups/told" ]
}

@test "through a pipeline, BK_STATUS_FD calls nothing else absent" {
	local rest='| bk-crypt -d -i key | bk-gz -d'
	bk-keygen -o key 2>recipient
	head -c 20000000 /dev/urandom | bk-gz |
	    bk-crypt -r "$(bk-keygen -y key)" | bk-s3put s3://backups/long
	reported "bk-s3get s3://nosuchbucket/absent $rest"
	[ "$status_fd" = '1 ' ]
	AWS_SECRET_ACCESS_KEY=x reported "bk-s3get s3://backups/absent $rest"
	[ "$status_fd" = '1 ' ]
	grep -q SignatureDoesNotMatch errors
	fault_start '* /backups/absent all page:404'
	reported "bk-s3get s3://backups/absent $rest"
	[ "$status_fd" = '1 ' ]
	fault_start 'GET /backups/long 2-9 stall:99'
	reported "{ bk-s3get -j1 s3://backups/long & echo \$! >pid; \
	    until grep -q stall '$FAULT_LOG'; do read -r -t 0.05 <> <(:); done; \
	    kill -9 \$(cat pid); } $rest"
	[[ $status_fd != *4* ]]
	[ "$killed" = bk-s3get ]
	fault_stop
	bk-keygen -o other 2>recipient
	reported "bk-s3get s3://backups/long ${rest/key/other}"
	[[ $status_fd != *4* ]]
	[ ! -s output ]
	# a name of no open descriptor harms nothing, whatever is opened later
	local fd
	for fd in 9 10 1 2 -1 x '' 99999999999; do
		BK_STATUS_FD=$fd run -4 --separate-stderr get s3://backups/absent 9>&-
		one_line_error bk-s3get
	done
}

@test "a usage error is 2" {
	local call
	for call in '' 'x' 's3://b' 's3://bucket' 's3://bucket/' '-j 0 s3://b/k' \
	    '--retry-for x s3://bucket/k' 's3://bucket/k y' '--no-such'; do
		run -2 bk-s3get $call
		[[ $output != *BATS* ]]
	done
	usage 'longer than 30 days' bk-s3get --wait 31d s3://bucket/k
}

@test "names are taken as a listing has them" {
	local key url
	cd "$BATS_TEST_TMPDIR"
	: >all
	for key in 'a%5Cb' 'a%5Cnb' 'line%0Abreak%09tab' 'csi%C2%9B2J%E2%80%AE' \
	    'k%3FversionId%3Dx' 'a%20b%2Bc%25d'; do
		echo "$key" >one
		s3_send PUT "/backups/odd/$key" one
		bk-s3ls s3://backups/odd/ | cut -f 3 | grep -vxFf all >url
		url=$(<url)
		echo "$url" >>all
		[ "$(get "$url")" = "$key" ]
	done
	usage 'an invalid escape' bk-s3get 's3://backups/odd/a\b\q'
}

@test "latest is the latest backup under the prefix, at any depth" {
	local n
	for n in a z/deep m; do
		echo $n | bk-s3put s3://backups/shop/$n
		await newer_second
	done
	[ "$(get s3://backups/shop/latest)" = m ]
	s3_curl PUT /backups/shop/folder/ -H 'Content-Length: 0'
	[ "$(get s3://backups/shop/latest)" = m ]
	[ "$(get s3://backups/shop/z/latest)" = z/deep ]
	echo top | bk-s3put s3://backups/top
	[ "$(get s3://backups/latest)" = top ]
	# copied, or with a new key, newest first: the last upload is the oldest
	for n in 20260103 20260102 20260101; do
		echo $n | bk-s3put s3://backups/old/{db}-${n}T021503Z.bk --db shop
		echo $n | bk-s3put s3://backups/old/blog-${n}T010000Z.bk
		await newer_second
	done
	for n in x.receipt.json x.log x.jsonl x.plan x.sig \
	    00000001000000000000000A.bk; do
		echo $n | bk-s3put s3://backups/old/$n
	done
	[ "$(get s3://backups/old/latest)" = 20260103 ]
	# of many, one chooses
	echo any | bk-s3put s3://backups/old/blog-20260104T010000Z.bk
	[ "$(get --match 'shop-*' s3://backups/old/latest)" = 20260103 ]
	[ "$(get --match '*/shop-*' s3://backups/latest)" = 20260103 ]
	run -4 --separate-stderr get --match '*.gz' s3://backups/old/latest
	one_line_error bk-s3get
	run -2 get --match '*' s3://backups/old/x.log
	# what could never be fetched is not stored
	echo x | { run -2 --separate-stderr bk-s3put s3://backups/old/latest; }
	echo x | {
		run -2 --separate-stderr bk-s3put --db latest 's3://backups/{db}'
		one_line_error bk-s3put
	}
	run -4 bk-s3ls s3://backups/old/latest
}

# The server's clock shows another second than the last time.
newer_second() {
	local now
	now=$(date +%s)
	[ "$now" != "${last_second:-}" ] || return 1
	[ -n "${last_second:-}" ] || { last_second=$now; return 1; }
	last_second=
}

@test "what is cut, refused or slow is fetched again" {
	local fault
	for fault in 'GET /big 2 trunc:100000' 'GET /big 1-3 resetresp:8000000' \
	    'GET /big 3 status:503:SlowDown' 'GET /big 1-2 status:500:InternalError' \
	    'GET /big 2 stallresp:1:5' 'GET /big p0.3 resetresp:1000000' \
	    'GET /big 4 lost:rst' 'HEAD . 1 lost:fin' \
	    'HEAD . 1 status:503:SlowDown'; do
		sampled || continue
		echo "# $fault"
		fault_start "$fault"
		run -0 --separate-stderr sh -c \
		    'bk-s3get --retry-for 5m s3://backups/big | cmp - "$1"' - "$BIG"
		[ -z "$stderr" ]
		[ -s "$FAULT_LOG" ]
	done
}

@test "a cut is resumed where it broke" {
	fault_start 'GET /small 1 trunc:60000'
	get s3://backups/small | cmp - "$SMALL"
	grep -q trunc "$FAULT_LOG"
	grep 'GET /backups/small' "$S3_DIR/log/client.rgw.log" | tail -n 1 >last
	grep -q ' 206 40000 ' last
}

@test "a range that is not the one asked for is 1, and none of it is written" {
	local rule
	for rule in 'set:Content-Range:bytes 8388608-9/30000000' code:200; do
		fault_start "GET /big 2-99 $rule"
		run -1 --separate-stderr sh -c 'bk-s3get -j 1 --retry-for 2s s3://backups/big >out'
		one_line_error bk-s3get
		[[ $stderr == *'the server does not honour Range'* ]]
		cmp -n "$(stat -c %s out)" out "$BIG"
		[ "$(stat -c %s out)" -lt 30000000 ]
	done
	# all of an object is what was asked for
	fault_start 'GET /small all code:200'
	get s3://backups/small | cmp - "$SMALL"
}

@test "a flipped bit is 3, in a small object and in any part of a large one" {
	long
	local n
	for n in 0 99999; do
		fault_start "GET /small 1 corruptresp:$n"
		run -3 --separate-stderr get s3://backups/small
		one_line_error bk-s3get
		[[ $stderr == *MD5* ]]
	done
	for n in 1 2 3 4; do
		fault_start "GET /big $n corruptresp:4000000"
		bk-s3get s3://backups/big >out 2>err || status=$?
		[ $status = 3 ]
		[ "$(wc -l <err)" = 1 ]
		[ "$(stat -c %s out)" -le $((30000000 - 4096)) ]
	done
}

@test "an object that is replaced meanwhile is 1, never a mixture" {
	bk-s3put --part-size 5M s3://backups/moving <"$BIG"
	mkfifo pipe
	bk-s3get -j 1 s3://backups/moving >pipe 2>err & local pid=$!
	exec 4<pipe
	head -c 65536 <&4 >part
	tac -b "$BIG" | bk-s3put --part-size 5M --overwrite s3://backups/moving
	cat <&4 >>part
	local status=0
	wait $pid || status=$?
	[ $status = 1 ]
	[[ $(<err) == *'replaced while it was read'* ]]
	cmp -n "$(stat -c %s part)" part "$BIG"
}

@test "a cut that does not end is 1 and its envelope stays open" {
	fault_start 'GET /big 3-99 resetresp:0'
	run -1 --separate-stderr sh -c \
	    'bk-s3get --retry-for 1s --seal s3://backups/big >out'
	one_line_error bk-s3get
	run -3 bk-s3put s3://backups/never <out
}

@test "--seal is an envelope that the next bk tool strips" {
	get --seal s3://backups/big >out
	[ "$(head -c 32 out)" = "$(opening_word)" ]
	ends out
	bk-s3put s3://backups/copy <out
	get s3://backups/copy | cmp - "$BIG"
	# with the label of what is in it
	{ marked_head 'db=shop;at=20261122T131415Z'
	    cat "$BIG"; closing_mark; } | bk-s3put 's3://backups/{db}-{utc}'
	get --seal s3://backups/shop-20261122T131415Z >out
	[[ $(seal_of out) == *'(db=shop;at=20261122T131415Z)' ]]
}

@test "a full disk is 1" {
	run -1 --separate-stderr sh -c 'bk-s3get s3://backups/big >/dev/full'
	one_line_error bk-s3get
	run -1 --separate-stderr sh -c 'bk-s3get s3://backups/small >/dev/full'
	one_line_error bk-s3get
}

@test "a reader that leaves is 1 without a word" {
	run -0 --separate-stderr bash -c \
	    'bk-s3get s3://backups/big | head -c 10 >/dev/null
	     [ ${PIPESTATUS[0]} = 1 ]'
	[ -z "$stderr" ]
}

@test "--before is the latest backup that is not younger" {
	local n b=s3://backups/base
	for n in 20261110T020000Z 20261101T020000Z 20261120T020000Z; do
		echo $n | bk-s3put $b/pg1-$n.tar
		echo other | bk-s3put $b/pg2-$n.tar
	done
	for n in 00000001000000000000000A 00000001000000000000000B.partial \
	    00000002.history pg1-20261111T000000Z.manifest; do
		echo $n | bk-s3put $b/$n
	done
	one() { get --match 'pg1-*' --before "$1" "${2:-$b/}"; }
	[ "$(one '2026-11-20 01:59:59Z')" = 20261110T020000Z ]
	[ "$(one '2026-11-20 02:00Z')" = 20261120T020000Z ]
	[ "$(one '2026-11-20T04:00:00.5+02')" = 20261120T020000Z ]
	[ "$(one '2030-01-01 00:00 UTC' $b/latest)" = 20261120T020000Z ]
	[ "$(one '2026-11-02 00:00Z')" = 20261101T020000Z ]
	run -4 --separate-stderr one '2026-11-01 01:59Z'
	[ "$stderr" = "bk-s3get: $b/: no backup under this prefix matches pg1-* and is from 2026-11-01T01:59:00Z or before; the first is base/pg1-20261101T020000Z.tar" ]
	run -4 --separate-stderr get --before '2026-11-01 00:00Z' $b/none/
	one_line_error bk-s3get
	# a time without a zone has two readings
	TZ=Europe/Berlin run -2 --separate-stderr one '2026-11-20 02:30'
	[[ $stderr == *"write 2026-11-20T02:30:00Z if it is UTC, 2026-11-20T01:30:00Z if it is this host's local time"* ]]
	for n in '' yesterday 2026-11-20 '2026-11-20 02:30 CET' '1970-01-01 00:00Z'; do
		run -2 one "$n"
	done
	run -2 --separate-stderr one '2026-11-20 02:30Z' $b/pg1
	[[ $stderr == *"give s3://BUCKET/PREFIX/"* ]]
}

@test "SIGTERM kills it, also while its reader sleeps" {
	mkfifo pipe
	bk-s3get s3://backups/big >pipe & local pid=$!
	exec 4<pipe
	head -c 10 <&4 >/dev/null
	kill $pid
	local status=0
	wait $pid || status=$?
	exec 4<&-
	[ $status = 143 ]
}

# rss NAME: KiB that getting it takes, the libraries' share among them.
rss() {
	/usr/bin/time -f %M -o rss bk-s3get -j 2 "s3://backups/$1" >/dev/null
	cat rss
}

@test "memory stays within 8 MiB a range, and what any object takes" {
	if sanitized; then skip "a sanitizer has memory of its own"; fi
	[ "$(rss big)" -lt $(($(rss small) + 16 * 1024 + 1024)) ]
}

@test "an audit line says what was read" {
	BK_AUDIT_LOG=audit get s3://backups/small >/dev/null
	grep -q '"source":"s3://backups/small"' audit
	grep -q '"size_bytes":100000' audit
}

@test "the examples of the manual page" {
	bk-seal cat "$SMALL" | bk-s3put s3://backups/ex/a.bk
	bk-s3get s3://backups/ex/latest >a.bk
	cmp a.bk "$SMALL"
	run -0 --separate-stderr sh -c 'bk-s3ls s3://backups/ex/ | cut -f 3 |
	    xargs -d "\n" -n 1 bk-s3get --check --rate 20M'
	[ -z "$output$stderr" ]
	bk-s3get --seal s3://backups/ex/a.bk | bk-s3put s3://backups/ex2/a.bk
	get s3://backups/ex2/a.bk | cmp - "$SMALL"
	bk-s3put s3://backups/all/shop-1.bk <"$SMALL"
	echo blog | bk-s3put s3://backups/all/x-1.bk
	bk-s3put s3://backups/base/20261121T020000Z.tar.bk <"$SMALL"
	bk-s3get --before '2026-11-21 14:30Z' s3://backups/base/ > base.tar.bk
	cmp base.tar.bk "$SMALL"
	bk-s3get --match 'shop-*.bk' s3://backups/all/latest | cmp - "$SMALL"
}

@test "several objects of a bucket: one after the other, or a failure" {
	seq 1 200000 >a
	echo b >b
	bk-s3put -q s3://backups/several/a <a
	bk-s3put -q s3://backups/several/b <b
	get -q s3://backups/several/{b,a,b} >out
	cat b a b | cmp - out
	run -4 --separate-stderr get s3://backups/several/{b,absent}
	one_line_error bk-s3get
	run -3 bash -o pipefail -c 'bk-s3get --seal s3://backups/several/{b,absent} |
	    bk-save stored'
	[ ! -e stored ]
	bk-s3get --seal s3://backups/several/{b,a} | bk-save -q stored
	cat b a | cmp - stored
	usage 'in another bucket' bk-s3get s3://backups/a s3://other/a
}
