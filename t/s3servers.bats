#!/usr/bin/env bats
# bk-s3put and bk-s3get against what the gateway does not check: OpenStack
# Swift, strict in signatures; a stub, strict in checksums and locks; TLS;
# session tokens.

load support/common
load support/s3

setup_file() {
	head -c 11000000 /dev/urandom >"$BATS_FILE_TMPDIR/big"
	head -c 100000 "$BATS_FILE_TMPDIR/big" >"$BATS_FILE_TMPDIR/small"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big SMALL=$BATS_FILE_TMPDIR/small
}

teardown() {
	strict_stop
	[ ! -d "$BATS_TEST_TMPDIR/swift" ] || swift_stop "$BATS_TEST_TMPDIR/swift"
	[ ! -d "$BATS_TEST_TMPDIR/rgw" ] || rgw_stop "$BATS_TEST_TMPDIR/rgw"
}

put() { bk-s3put --part-size 5M --retry-for 5s "$@"; }
get() { bk-s3get --retry-for 5s "$@"; }

# there_and_back BUCKET: small and large, odd names, no overwriting, latest
there_and_back() {
	local name="odd/a b+c%20(d)'!*=ü~"
	put "s3://$1/small" <"$SMALL"
	get "s3://$1/small" | cmp - "$SMALL"
	put "s3://$1/$name" <"$BIG"
	get "s3://$1/$name" | cmp - "$BIG"
	get "s3://$1/odd/latest" | cmp - "$BIG"
	run -1 --separate-stderr put "s3://$1/small" <"$BIG"
	one_line_error bk-s3put
	run -4 get "s3://$1/nope"
	run -4 get "s3://$1/nope/latest"
	AWS_SECRET_ACCESS_KEY=x run -1 --separate-stderr put "s3://$1/x" <"$SMALL"
	[[ $stderr == *SignatureDoesNotMatch* ]]
	run -3 put "s3://$1/y" < <({ opening_mark; cat "$BIG"; })
	run -4 get "s3://$1/y"
}

@test "Swift: there and back, nothing left over" {
	swift_start "$BATS_TEST_TMPDIR/swift"
	s3_mb backups
	there_and_back backups
	[ "$(s3_uploads backups)" = 0 ]
}

@test "Swift: the bucket's region is followed where the server tells it" {
	swift_start "$BATS_TEST_TMPDIR/swift"
	s3_mb backups
	AWS_REGION=eu-central-7 put s3://backups/a <"$SMALL"
	get s3://backups/a | cmp - "$SMALL"
}

@test "a strict server: checksums are echoed, completed, verified" {
	strict_start
	put s3://backups/small <"$SMALL"
	get s3://backups/small | cmp - "$SMALL"
	put s3://backups/big <"$BIG"
	get s3://backups/big | cmp - "$BIG"
	fault_start 'GET /big 1 corruptresp:9000'
	run -3 --separate-stderr get s3://backups/big
	one_line_error bk-s3get
	[[ $stderr == *SHA-256* ]]
	fault_start 'GET /small 1 corruptresp:9000'
	run -3 --separate-stderr get s3://backups/small
	[[ $stderr == *SHA-256* ]]
	fault_start 'PUT partNumber=2 all set:x-amz-checksum-sha256:b3RoZXI='
	run -1 --separate-stderr put s3://backups/other <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *'part 2: the server stored different bytes: SHA-256 b3RoZXI= instead of'* ]]
	fault_stop
}

@test "a strict server: lock, class, encryption, by one PUT and by parts" {
	local f
	strict_start
	for f in "$SMALL" "$BIG"; do
		put --lock COMPLIANCE:30d --storage-class STANDARD_IA --sse s3 \
		    --meta a=1 --meta a-b=2 "s3://backups/${f##*/}" <"$f"
		run -0 s3_curl HEAD "/backups/${f##*/}"
		[[ ${output,,} == *'x-amz-object-lock-mode: compliance'* ]]
		[[ ${output,,} == *'x-amz-storage-class: standard_ia'* ]]
	done
	# an alias is answered with the key that it stands for
	fault_start 'HEAD . all set:x-amz-server-side-encryption-aws-kms-key-id:arn:aws:kms:eu:1:key/2'
	put --sse kms:alias/shop s3://backups/alias <"$SMALL"
	fault_stop
	put --storage-class GLACIER s3://backups/cold <"$SMALL"
	run -1 --separate-stderr get s3://backups/cold
	one_line_error bk-s3get
	[[ $stderr == *InvalidObjectState*--thaw* ]]
}

@test "a strict server: not overwritten though it came at the last moment" {
	strict_start
	fault_start 'HEAD . 1-2 status:404:NoSuchKey' 'GET . 1-2 status:404:NoSuchKey'
	s3_send PUT /backups/a "$SMALL"
	run -1 --separate-stderr put s3://backups/a <"$BIG"
	[[ $stderr == *already* ]]
	fault_stop
	get s3://backups/a | cmp - "$SMALL"
}

@test "session tokens are signed; expired ones say so" {
	strict_start
	strict_stop
	export AWS_SESSION_TOKEN=some/token+=
	start_python s3strict.py
	export AWS_ENDPOINT_URL=http://127.0.0.1:$PORT
	put s3://backups/a <"$SMALL"
	get s3://backups/a | cmp - "$SMALL"
	AWS_SESSION_TOKEN=expired run -1 --separate-stderr put s3://backups/b <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *expired* ]]
}

@test "TLS: with AWS_CA_BUNDLE there and back, without it 1 at once" {
	TLS=1 rgw_start "$BATS_TEST_TMPDIR/rgw"
	s3_mb backups
	there_and_back backups
	run -1 --separate-stderr env -u AWS_CA_BUNDLE bk-s3put s3://backups/z <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *certificate* ]]
}
