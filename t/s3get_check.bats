#!/usr/bin/env bats
# What bk-s3get takes for damage, and what not: objects in parts of any size,
# ETags of any making; how fast it may be.

load support/common
load support/s3

setup_file() {
	local n
	cd "$BATS_FILE_TMPDIR"
	for n in 1 2 3; do head -c 5500000 /dev/urandom >part$n; done
	head -c 100000 /dev/urandom >part4
	cat part? >whole
	rgw_start
	s3_mb backups
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	WHOLE=$BATS_FILE_TMPDIR/whole
}

teardown() {
	fault_stop
	strict_stop
}

# multipart BUCKET/KEY "N ..." [CURL-OPTION...]: an object of those part files.
multipart() {
	local xml id n i=0 list=
	xml=$(s3_curl POST "/$1?uploads=" "${@:3}")
	id=$(sed -n 's|.*<UploadId>\([^<]*\)<.*|\1|p' <<<"$xml")
	for n in $2; do
		i=$((i + 1))
		s3_send PUT "/$1?partNumber=$i&uploadId=$(percent "$id")" \
		    "$BATS_FILE_TMPDIR/part$n" -D head
		list+="<Part><PartNumber>$i</PartNumber><ETag>$(sed -n \
		    's/^etag: \(.*\)\r/\1/Ip' head)</ETag></Part>"
	done
	echo "<CompleteMultipartUpload>$list</CompleteMultipartUpload>" >list
	s3_send POST "/$1?uploadId=$(percent "$id")" list >/dev/null
}

# warned WORDS: the object came whole, with one line that has these words.
warned() {
	run -0 --separate-stderr sh -c "bk-s3get 's3://$2' | cmp - '$WHOLE'"
	[[ $stderr == "bk-s3get: s3://$2: only its size was checked: "*"$1"* ]]
	[ "${#stderr_lines[@]}" = 1 ]
	[ -z "$output" ]
	run -1 --separate-stderr bk-s3get --check "s3://$2"
	one_line_error bk-s3get
	[[ $stderr == *"$1"* ]]
}

STALE='x-amz-meta-bk-parts: 8388608x1000'

@test "an object copied in parts of another size is not damaged" {
	long
	multipart backups/stale '1 2 3 4' -H "$STALE"
	warned 'sizes of its parts are not known' backups/stale
	multipart backups/other '1 2 3 4'
	warned 'sizes of its parts are not known' backups/other
	strict_start
	# the first part's size is told here: the parts can be checked
	multipart bbb/stale '1 2 3 4' -H "$STALE"
	run -0 --separate-stderr bk-s3get --check s3://bbb/stale
	[ -z "$stderr$output" ]
	bk-s3get s3://bbb/stale | cmp - "$WHOLE"
	# but not where they differ in size
	cp "$BATS_FILE_TMPDIR/part1" "$BATS_FILE_TMPDIR/part5"
	truncate -s +1 "$BATS_FILE_TMPDIR/part5"
	multipart bbb/uneven '1 5 3 4'
	run -0 --separate-stderr sh -c 'bk-s3get s3://bbb/uneven >/dev/null'
	[[ $stderr == *'its parts are not all of one size'* ]]
}

@test "ETags that are no MD5s, a checksum header that is refused" {
	strict_start
	multipart plain/odd '1 2 3 4' -H 'x-amz-meta-bk-parts: 5500000x1000'
	warned 'may make ETags in another way' plain/odd
	run -4 bk-s3get s3://plain/none
	bk-s3put s3://plain/small <"$BATS_FILE_TMPDIR/part4"
	bk-s3get s3://plain/small | cmp - "$BATS_FILE_TMPDIR/part4"
	grep -q 'HEAD /plain/small .* 400' s3strict.py.log
}

@test "--check reads all and writes nothing; damage is 3" {
	bk-s3put --part-size 5M s3://backups/good <"$WHOLE"
	run -0 --separate-stderr bk-s3get --check s3://backups/good
	[ -z "$output$stderr" ]
	fault_start 'GET /good 2 corruptresp:1000'
	run -3 --separate-stderr bk-s3get --check s3://backups/good
	one_line_error bk-s3get
	[[ $stderr == *MD5* ]]
	run -4 bk-s3get --check s3://backups/none
	run -2 bk-s3get --check --seal s3://backups/good
	run -2 bk-s3get --check --no-check s3://backups/good
	fault_start 'GET /good 2 corruptresp:1000'
	run -0 --separate-stderr sh -c \
	    'bk-s3get --no-check s3://backups/good >out'
	[ -z "$output$stderr" ]
	[ "$(cmp -l out "$WHOLE" | wc -l)" = 1 ]
	# it says what it has read
	fault_stop
	BK_AUDIT_LOG=audit bk-s3get --check s3://backups/good
	grep -q '"size_bytes":16600000' audit
}

# As on servers whose ETags look like S3's and are others.  The proxy cannot
# sign what it changes, so anybody may do anything in this bucket.
@test "an ETag that only looks like one: stored, and neither good nor bad by it" {
	long
	local from=$BATS_FILE_TMPDIR
	s3_mb odd
	echo '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::odd/*","arn:aws:s3:::odd"]}]}' >policy
	s3_send PUT '/odd?policy=' policy
	fault_start '* /odd/[^?]*$ all oddetag'
	bk-s3put --part-size 5M s3://odd/parts <"$WHOLE"
	bk-s3put s3://odd/one <"$from/part4"
	[ "$(s3_curl GET '/odd/parts?tagging=' | grep -o 'bk-etag')" = bk-etag ]
	run -0 --separate-stderr bk-s3get --check s3://odd/parts
	[ -z "$stderr$output" ]
	bk-s3get s3://odd/parts | cmp - "$WHOLE"
	run -0 --separate-stderr bk-s3get --check s3://odd/one
	[ -z "$stderr$output" ]
	# what is damaged is
	local key
	for key in parts one; do
		fault_start "GET /odd/$key\$ 1 oddetag:1000" \
		    '* /odd/[^?]*$ all oddetag'
		run -3 --separate-stderr bk-s3get --check s3://odd/$key
		one_line_error bk-s3get
		[[ $stderr == *'damaged in transit or in storage'* ]]
	done
	# a server that refuses tags: an upload that would be called damaged
	# is a failure
	fault_start 'PUT tagging all status:501:NotImplemented' \
	    '* /odd/[^?]*$ all oddetag'
	for key in parts one; do
		run -1 --separate-stderr bk-s3put --overwrite --part-size 5M \
		    s3://odd/$key <"$WHOLE"
		one_line_error bk-s3put
		[[ $stderr == *'a download would call it damaged'* ]]
	done
	# ETags that do not even seem to be of parts
	fault_start 'HEAD /odd/[^?]*$ all set:etag:"0123456789abcdef0123456789abcdef"'
	bk-s3put --overwrite --part-size 5M s3://odd/parts <"$WHOLE"
	run -1 bk-s3get --check s3://odd/parts
}

@test "a server that does not know tags: not a byte of the object changes" {
	strict_start
	bk-s3put --part-size 5M s3://plain/big <"$WHOLE"
	bk-s3get s3://plain/big 2>told | cmp - "$WHOLE"
	grep -q 'may make ETags in another way' told
	run -0 grep -c 'PUT /plain/big?tagging' s3strict.py.log || [ "$output" = 0 ]
}

# Slower is always possible, faster must not be.
@test "--rate is a limit" {
	local begin
	run -0 bk-s3put s3://backups/slow <"$BATS_FILE_TMPDIR/part4"
	begin=$(date +%s%N)
	bk-s3get --rate 64K s3://backups/slow | cmp - "$BATS_FILE_TMPDIR/part4"
	[ $(($(date +%s%N) - begin)) -gt 500000000 ]
	bk-s3get --rate 1G -j 2 s3://backups/good | cmp - "$WHOLE"
	for bad in 0 1 60K x '' 99999P; do
		run -2 bk-s3get --rate "$bad" s3://backups/slow
	done
}

@test "--thaw: an archived object is requested, waited for, fetched" {
	long
	strict_start
	for class in GLACIER DEEP_ARCHIVE; do
		bk-s3put --storage-class $class s3://bbb/$class <"$WHOLE"
	done
	run -1 --separate-stderr bk-s3get s3://bbb/GLACIER
	one_line_error bk-s3get
	[[ $stderr == *'bk-s3get --thaw'* ]]
	run -5 --separate-stderr bk-s3get --thaw 3:Bulk s3://bbb/GLACIER
	one_line_error bk-s3get
	[[ $stderr == *'try again later'* && -z $output ]]
	# asked for already: it only waits
	run -0 --separate-stderr sh -c \
	    'bk-s3get --thaw 3 --wait 30s s3://bbb/GLACIER >out'
	cmp out "$WHOLE"
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *'waiting for it'* ]]
	[ "$(grep -c 'POST /bbb/GLACIER?restore= .* 202' s3strict.py.log)" = 1 ]
	run -1 --separate-stderr bk-s3get --thaw 1:Expedited s3://bbb/DEEP_ARCHIVE
	one_line_error bk-s3get
	[[ $stderr == *Expedited*'ask for Standard'* ]]
	# what is not archived is fetched at once
	bk-s3put s3://bbb/warm <"$WHOLE"
	bk-s3get --thaw 1 s3://bbb/warm | cmp - "$WHOLE"
	for bad in '--thaw 0' '--thaw 3:' '--thaw 3:<x>' '--wait 3h' '--thaw 1 --wait x'; do
		run -2 bk-s3get $bad s3://bbb/warm
	done
}
