#!/usr/bin/env bats
# bk-s3put where providers depart from Amazon S3: a gateway, behind a proxy that
# has their manners.

load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	head -c 22000000 /dev/urandom >"$BATS_FILE_TMPDIR/big"
	head -c 100000 "$BATS_FILE_TMPDIR/big" >"$BATS_FILE_TMPDIR/small"
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big SMALL=$BATS_FILE_TMPDIR/small
	AT=s3://backups/$BATS_TEST_NUMBER	# a place of its own
}

teardown() { fault_stop; }

put() { bk-s3put --part-size 5M --retry-for 5s "${@:1:$#-1}" "$AT/${!#}"; }

# stored NAME FILE: the object is FILE, byte for byte
stored() { s3_curl GET "/${AT#s3://}/$1" | cmp - "$2"; }

# Cloudflare R2
@test "parts of one size, where a provider wants them" {
	long
	fault_start 'POST uploadId= all uniform'
	run -1 --separate-stderr put --max-parts 4 a <"$BIG"
	[[ $stderr == *'must have the same length'* ]]
	put --max-parts 5 --fixed-parts a <"$BIG"
	stored a "$BIG"
	put --max-parts 5 --provider r2 b <"$BIG"
	stored b "$BIG"
	bk-s3put --max-parts 4 --expected-size 22M "$AT/c" <"$BIG"
	stored c "$BIG"
	# 3 parts of 9 MiB, and the sizes are with the object
	run -0 s3_curl HEAD "/${AT#s3://}/c"
	[[ $output == *'-2"'* && $output == *'bk-parts: 12582912x2'* ]]
	run -1 --separate-stderr put --max-parts 4 --fixed-parts x <"$BIG"
	[[ $stderr == *'too large for 4 parts'*'--expected-size' ]]
	run -2 --separate-stderr put --max-parts 4 --expected-size 1T x <"$BIG"
	one_line_error bk-s3put
	[ "$(s3_uploads backups)" = 0 ]
}

# Cloudflare R2, Backblaze B2
@test "a header that is refused is done without, wherever that is" {
	long
	local n=0 rule
	for rule in \
	    'POST uploads= all dislikes:x-amz-checksum-algorithm:400:InvalidArgument' \
	    'PUT partNumber all dislikes:x-amz-checksum-sha256:501:NotImplemented' \
	    'PUT partNumber all dislikes:x-amz-checksum-sha256:400:InvalidArgument' \
	    'POST uploadId= all dislikes:if-none-match:501:NotImplemented' \
	    '* . all dislikes:if-none-match:400:InvalidArgument'; do
		echo "# $rule"
		fault_start "$rule"
		run -0 --separate-stderr put $((++n)) <"$BIG"
		[ -z "$stderr" ]
		stored $n "$BIG"
	done
	fault_start 'PUT . all dislikes:x-amz-checksum-sha256:400:InvalidArgument' \
	    'PUT . all dislikes:if-none-match:501:NotImplemented'
	run -0 --separate-stderr put small <"$SMALL"
	stored small "$SMALL"
	# remembered: of 5 parts, those under way at first, and no more
	fault_start 'PUT partNumber all dislikes:x-amz-checksum-sha256:501:NotImplemented'
	put -j 1 once <"$BIG"
	[ "$(grep -c dislikes "$FAULT_LOG")" = 1 ]
	# not even asked, where it is known
	fault_start '* . all dislikes:x-amz-checksum-sha256:501:NotImplemented'
	put --provider b2 known <"$BIG"
	run -1 grep dislikes "$FAULT_LOG"
	[ "$(s3_uploads backups)" = 0 ]
}

# older MinIO, with object lock
@test "Content-MD5 is sent to who wants it, or refuses the checksum" {
	long
	fault_start 'PUT . all wants:content-md5:400:InvalidRequest'
	put small <"$SMALL"
	stored small "$SMALL"
	put big <"$BIG"
	stored big "$BIG"
	fault_start 'PUT . all dislikes:x-amz-checksum-sha256:400:InvalidArgument' \
	    'PUT . all wants:content-md5:400:InvalidRequest'
	put small2 <"$SMALL"
	put big2 <"$BIG"
	stored big2 "$BIG"
	# the gateway checks it
	fault_start 'PUT . all dislikes:x-amz-checksum-sha256:400:InvalidArgument' \
	    'PUT partNumber=2 1 corrupt:77'
	put big3 <"$BIG"
	stored big3 "$BIG"
}

# Alibaba, Google: an ETag of its own kind
@test "an ETag that is no MD5 of the parts is no damage" {
	fault_start 'HEAD . all badetag'
	run -0 --separate-stderr put a <"$BIG"
	[ -z "$stderr" ]
	stored a "$BIG"
}

@test "--rate holds, for all connections together" {
	local began=$SECONDS
	put --rate 8M -j 4 a <"$BIG"
	[ $((SECONDS - began)) -ge 1 ]
	stored a "$BIG"
	run -2 put --rate 1K b <"$SMALL"
	run -2 put --provider nosuch b <"$SMALL"
}

@test "a key that may GET, but not HEAD, can store" {
	fault_start 'HEAD . all status:403:AccessDenied'
	run -0 --separate-stderr put a <"$SMALL"
	[ -z "$stderr" ]
	put b <"$BIG"
	bk-s3get "$AT/b" | cmp - "$BIG"
	run -1 --separate-stderr put a <"$SMALL"
	[[ $stderr == *'already exists'* ]]
}

@test "a redirect to another host is not followed, and told" {
	fault_start 'PUT . all redirect:http://evil.example:99/x?y'
	run -1 --separate-stderr put --retry-for 1s a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'(307)'*'points to evil.example:99, where nothing is sent'* ]]
}

@test "a listing that is no XML is asked for again, and named" {
	put a <"$SMALL"
	fault_start 'GET list-type 1 corruptresp:1'
	run -0 bk-s3ls "$AT/"
	[[ $output == */a$'\t'* ]]
	fault_start 'GET list-type all corruptresp:1'
	run -1 --separate-stderr bk-s3ls --retry-for 1s "$AT/"
	[[ $stderr == 'bk-s3ls: s3://backups: the answer is malformed XML'* ]]
}

@test "a proxy that wants a password says so, at once" {
	fault_start '* . all status:407:x'
	http_proxy=$AWS_ENDPOINT_URL AWS_ENDPOINT_URL=http://s3.example \
	    run -1 --separate-stderr put --retry-for 10m a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'the proxy refuses us (407)'* ]]
}

@test "what takes for ever ends: an answer byte by byte, a signal, keys" {
	long
	fast_clock
	export LD_PRELOAD=$PWD/fast.so TIMES=30
	# 4 bytes a second to it
	fault_start 'POST uploads= 1 trickle:120'
	run -0 --separate-stderr timeout 300 bk-s3put --retry-for 10m "$AT/a" \
	    <"$BIG"
	stored a "$BIG"

	fault_start "POST uploadId= 1 hold:$PWD/never"
	bk-s3put --part-size 5M "$AT/b" <"$BIG" 2>err & local pid=$!
	await grep -q hold "$FAULT_LOG"
	kill $pid
	local status=0
	wait $pid || status=$?
	[ $status = 143 ]
	[[ $(<err) == *'interrupted; the object may or may not exist'* ]]
	stored b "$BIG"

	printf '[default]\ncredential_process = sleep 1000\n' >config
	AWS_CONFIG_FILE=config run -1 --separate-stderr env -u AWS_ACCESS_KEY_ID \
	    -u AWS_SECRET_ACCESS_KEY bk-s3put "$AT/c" <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'credential_process: no keys within 60 seconds' ]]
}
