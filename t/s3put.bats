#!/usr/bin/env bats
# bk-s3put against a Ceph RADOS Gateway, with a fault proxy in front.

load support/common
load support/s3

setup_file() {
	CLASSES=STANDARD_IA rgw_start
	s3_mb backups
	s3_send PUT /locked /dev/null -o /dev/null \
	    -H 'x-amz-bucket-object-lock-enabled: true'
	head -c 11000000 /dev/urandom >"$BATS_FILE_TMPDIR/big"	# 3 parts of 5 MiB
	head -c 100000 "$BATS_FILE_TMPDIR/big" >"$BATS_FILE_TMPDIR/small"
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big SMALL=$BATS_FILE_TMPDIR/small
	AT=s3://backups/$BATS_TEST_NUMBER	# a place of its own
	UPLOADS=$(s3_uploads backups)
}

teardown() { fault_stop; }

# put [OPTION...] NAME: small parts, and no patience
put() { bk-s3put --part-size 5M --retry-for 5s "${@:1:$#-1}" "$AT/${!#}"; }

# stored NAME FILE: the object is FILE, byte for byte
stored() { s3_curl GET "/${AT#s3://}/$1" | cmp - "$2"; }

# nothing_left: neither an object nor an unfinished upload of this test's
nothing_left() {
	[ -z "$(s3_keys backups "${AT#s3://backups/}/")" ] &&
	    [ "$(s3_uploads backups)" = "$UPLOADS" ]
}

@test "a small input is one PUT, a large one a multipart upload" {
	put small <"$SMALL"
	stored small "$SMALL"
	put big <"$BIG"
	stored big "$BIG"
	run -0 s3_curl HEAD "/${AT#s3://}/big"
	[[ $output == *'-3"'* ]]
	[ "$(s3_uploads backups)" = "$UPLOADS" ]
	# less memory than its connections would take
	run -0 --separate-stderr put -v -j 4 --memory 5M less <"$BIG"
	[[ -z $output && $stderr == *'bk-s3put: 10.5MiB'* ]]
	stored less "$BIG"
}

@test "an input of exactly one part, and of one byte more" {
	head -c 5242880 "$BIG" >one
	head -c 5242881 "$BIG" >more
	put one <one
	stored one one
	put more <more
	stored more more
}

@test "a slow writer's bytes arrive whole" {
	cat "$SMALL" "$SMALL" >both
	{ cat "$SMALL"; read -r -t 0.2 <> <(:) || :; cat "$SMALL"; } | put slow
	stored slow both
}

@test "an empty input is 3 and makes nothing" {
	run -3 --separate-stderr put x </dev/null
	one_line_error bk-s3put
	nothing_left
}

@test "an unfinished input is 3 and makes nothing, small and large" {
	run -3 --separate-stderr put x < <({ opening_mark; cat "$SMALL"; })
	one_line_error bk-s3put
	run -3 --separate-stderr put x < <({ opening_mark; cat "$BIG"; })
	one_line_error bk-s3put
	run -3 --separate-stderr put x < <(bk-seal sh -c "cat $BIG; exit 1" \
	    2>/dev/null)
	nothing_left
}

@test "a sealed input is stored without its envelope; --sealed wants one" {
	run -3 --separate-stderr put --sealed x <"$SMALL"
	one_line_error bk-s3put
	nothing_left
	bk-seal cat "$BIG" | put --sealed good
	stored good "$BIG"
}

@test "an object is not overwritten without --overwrite" {
	put a <"$SMALL"
	run -1 --separate-stderr put a <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *--overwrite* ]]
	stored a "$SMALL"
	put --overwrite a <"$BIG"
	stored a "$BIG"
	put --overwrite a <"$SMALL"
	stored a "$SMALL"
}

@test "an object that came meanwhile is not overwritten" {
	mkfifo pipe
	put a <pipe 2>err &
	{ cat "$SMALL"; s3_send PUT "/${AT#s3://}/a" "$BIG"; } >pipe
	status=0; wait $! || status=$?
	[ $status = 1 ]
	[[ $(<err) == *already* ]]
	stored a "$BIG"
}

@test "of two at once at least one wins, and nothing is mixed" {
	tac -b "$BIG" >other
	put a <"$BIG" 2>err1 & local one=$!
	put a <other 2>err2 & local two=$!
	local s1=0 s2=0
	wait $one || s1=$?
	wait $two || s2=$?
	[ $s1 = 0 ] || [ $s2 = 0 ]
	[ $s1 -le 1 ] && [ $s2 -le 1 ]
	[ $s1 != 0 ] || [ $s2 != 0 ] || cat err1 err2 >&2
	stored a "$BIG" || stored a other
	[ "$(s3_uploads backups)" = "$UPLOADS" ]
}

@test "names with blanks, control bytes, UTF-8, dots and signs" {
	local name
	for name in 'a b+c%20d' $'x\001\n\ty' 'grün/ü' '../x' 'a//b' '.' '&=?#;:@' \
	    '"<>\^`|~'; do
		put "odd/$name" <"$SMALL"
		bk-s3get "$AT/odd/${name//\\/\\\\}" | cmp - "$SMALL"
	done
	[ "$(s3_keys backups "${AT#s3://backups/}/odd/a b" | wc -l)" = 1 ]
}

@test "a template is filled in: label, options, environment" {
	PGDATABASE=env put '{db}-{tier}' <"$SMALL"
	stored env-daily "$SMALL"
	BK_TIER=monthly put --tier weekly --db 'a/b' '{db}-{tier}-{host}' <"$SMALL"
	stored "a%252Fb-weekly-$(uname -n | sed 's/\..*//')" "$SMALL"
	# a mark at the very beginning would be an envelope's
	{ marked_head 'db=shop;at=20261122T131415Z'
	    cat "$SMALL"; closing_mark; } >labelled
	PGDATABASE=env put '{db}-{utc}' <labelled
	stored shop-20261122T131415Z labelled
	run -2 --separate-stderr env -u PGDATABASE bk-s3put "$AT/{db}" <"$SMALL"
	one_line_error bk-s3put
}

@test "an input without a name: first it is said that it is unfinished" {
	unset PGDATABASE
	run -3 --separate-stderr put '{db}' </dev/null
	one_line_error bk-s3put
	run -3 --separate-stderr put '{db}' < <(:)
	run -3 --separate-stderr put '{db}' < <(opening_mark)
	run -3 --separate-stderr put '{db}' < <(bk-seal sh -c \
	    "cat $BIG; exit 1" 2>/dev/null)
	[[ $stderr == *unfinished* ]]
	run -2 --separate-stderr put '{db}' < <(bk-seal cat "$BIG")
	[[ $stderr == *'{db}: unknown'* ]]
	nothing_left
}

@test "a template that cannot be filled in is refused before anything is read" {
	# nobody ever writes to this input, or closes it
	run -2 --separate-stderr timeout 300 bk-s3put "$AT/{data}" <> <(:)
	[[ $stderr == *'{data}: no such variable'* ]]
}

@test "a key that may only store: what it lacks is named" {
	fault_start 'HEAD . all status:403:AccessDenied' \
	    'GET . all status:403:AccessDenied'
	run -1 --separate-stderr put a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'cannot check whether'*'s3:ListBucket and s3:GetObject' ]]
	nothing_left
	run -1 --separate-stderr put --overwrite a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'uploaded, '*'may not read it'*'s3:GetObject' ]]
	stored a "$SMALL"
	fault_start 'HEAD . all status:403:SignatureDoesNotMatch' \
	    'GET . all status:403:SignatureDoesNotMatch'
	run -1 --separate-stderr put b <"$SMALL"
	[[ $stderr == *'SignatureDoesNotMatch'*'check the secret key'* ]]
}

@test "storage class, KMS, lock, tags, metadata, type are there" {
	put --storage-class STANDARD_IA --meta Foo=bar --content-type text/x \
	    --sse kms:testkey-1 a <"$BIG"
	run -0 s3_curl HEAD "/${AT#s3://}/a"
	output=${output,,}
	[[ $output == *'x-amz-storage-class: standard_ia'* ]]
	[[ $output == *'x-amz-meta-foo: bar'* ]]
	[[ $output == *'content-type: text/x'* ]]
	[[ $output == *'x-amz-server-side-encryption: aws:kms'* ]]
	put --tag 'a b=c&d' --tag e=f b <"$SMALL"
	run -0 s3_curl GET "/${AT#s3://}/b?tagging="
	[[ $output == *'<Key>a b</Key><Value>c&amp;d</Value>'* ]]
	AT=s3://locked/x put --lock GOVERNANCE:2d one <"$SMALL"
	run -0 s3_curl HEAD /locked/x/one
	[[ $output == *'x-amz-object-lock-mode: GOVERNANCE'* ]]
}

# class NAME: its storage class; nothing: STANDARD
class() {
	s3_curl HEAD "/${AT#s3://}/$1" |
	    sed -n 's/^x-amz-storage-class: *\([A-Z_]*\).*/\1/Ip'
}

@test "--overwrite keeps the storage class, unless another is asked for" {
	put --storage-class STANDARD_IA a <"$SMALL"
	put --overwrite a <"$BIG"
	[ "$(class a)" = STANDARD_IA ]
	stored a "$BIG"
	put --overwrite a <"$SMALL"
	[ "$(class a)" = STANDARD_IA ]
	put --overwrite --storage-class STANDARD a <"$SMALL"
	[ -z "$(class a)" ] || [ "$(class a)" = STANDARD ]
	put --overwrite new <"$SMALL"
	stored new "$SMALL"
	# nowhere to look for one
	run -1 --separate-stderr bk-s3put --overwrite s3://nosuchbucket/a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *NoSuchBucket* ]]
}

@test "what the server silently ignored is reported" {
	# RGW 16 ignores it, 18 refuses it
	run -1 --separate-stderr put --sse s3 a <"$SMALL"
	one_line_error bk-s3put
	fault_start 'HEAD . all hide:x-amz-server-side-encryption'
	run -1 --separate-stderr put --sse kms:testkey-1 k <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'encryption is (not shown) instead of aws:kms'* ]]
	fault_stop
	AT=s3://locked/y
	run -1 --separate-stderr put --lock COMPLIANCE:1d b <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *'object lock is (not shown)'* ]]
	run -1 --separate-stderr put --tag a=b t <"$BIG"
	[[ $stderr == *'number of tags is 0 instead of 1'* ]]
	run -1 --separate-stderr put --storage-class NOSUCH c <"$SMALL"
	one_line_error bk-s3put
}

@test "what the last look finds is told: another object, other settings" {
	long
	# looks RULE TEXT [OPTION...]: it is stored, and 1 with TEXT
	looks() {
		fault_start "HEAD . all $1" "GET . all $1"
		run -1 --separate-stderr put --overwrite "${@:3}" a <"$SMALL"
		one_line_error bk-s3put
		[[ $stderr == *"/a: uploaded, but $2"* ]] ||
		    { echo "$stderr"; return 1; }
		fault_stop
		stored a "$SMALL"
	}
	looks status:404:NoSuchKey 'no longer there'
	looks set:x-amz-meta-bk-upload:x 'replaced meanwhile: another writer'
	looks hide:x-amz-meta-bk-upload "replaced meanwhile: it does not have"
	looks set:Content-Length:7 'the object there has 7 bytes instead of 100000'
	looks set:x-amz-storage-class:COLD 'its storage class is COLD instead of STANDARD_IA' \
	    --storage-class STANDARD_IA
	looks hide:x-amz-storage-class 'its storage class is STANDARD instead of STANDARD_IA' \
	    --storage-class STANDARD_IA
	local key=x-amz-server-side-encryption-aws-kms-key-id
	looks set:$key:other 'its KMS key is other instead of testkey-1' --sse kms:testkey-1
	looks hide:$key 'its KMS key is (not shown) instead of testkey-1' --sse kms:testkey-1
	AT=s3://locked/z
	looks set:x-amz-object-lock-retain-until-date:2026-01-01T00:00:00Z \
	    "its lock's end is 2026-01-01T00:00:00Z instead of" --lock GOVERNANCE:1d
}

@test "an answer that lacks what it has to tell is 1, and leaves nothing" {
	# refuses RULE TEXT
	refuses() {
		fault_start "$1"
		run -1 --separate-stderr put a <"$BIG"
		one_line_error bk-s3put
		[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
		fault_stop
		nothing_left
	}
	echo '<InitiateMultipartUploadResult/>' >none
	refuses 'POST uploads all file:200:none' 'no UploadId in the answer'
	refuses 'PUT partNumber=2 all hide:ETag' "(200) is not one of S3's"
	refuses "PUT partNumber=2 all set:ETag:$(printf 'a%.0s' {1..200})" \
	    "(200) is not one of S3's"
}

@test "a wrong secret, key or bucket is 1, at once, and says what to do" {
	AWS_SECRET_ACCESS_KEY=x run -1 --separate-stderr put a <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *SignatureDoesNotMatch*AWS_SECRET_ACCESS_KEY* ]]
	AWS_ACCESS_KEY_ID=x run -1 --separate-stderr put a <"$SMALL"
	[[ $stderr == *InvalidAccessKeyId* ]]
	run -1 --separate-stderr bk-s3put s3://nosuchbucket/a <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *NoSuchBucket* ]]
}

@test "a usage error is 2" {
	local call
	for call in '' 's3://b/k x' 'b/k' 's3://b' 's3://bucket' 's3://bucket/' \
	    's3://bucket/a/' '--sse x s3://bucket/a' '--lock x:1d s3://bucket/a' \
	    '--lock COMPLIANCE s3://bucket/a' '--part-size 1M s3://bucket/a' \
	    '--max-parts 0 s3://bucket/a' '--tag x s3://bucket/a' '--no-such' \
	    '--meta x s3://bucket/a' '-j 0 s3://bucket/a' 's3://bucket/{no}'; do
		run -2 bk-s3put $call <"$SMALL"
	done
	usage 'printable ASCII' bk-s3put --content-type $'a\tb' "$AT/a"
	usage 'from 1 s to 100 years' bk-s3put --lock COMPLIANCE:0s "$AT/a"
	usage 'from 1 s to 100 years' bk-s3put --lock GOVERNANCE:36501d "$AT/a"
	usage 'more than 10' bk-s3put --tag={a..k}=1 "$AT/a"
	usage 'more than 10' bk-s3put --meta={a..k}=1 "$AT/a"
	usage 'letters, digits' bk-s3put --meta 'a b=c' "$AT/a"
	usage 'reserved' bk-s3put --meta BK-Kind=c "$AT/a"
	usage "--part-size: 'x'" bk-s3put --part-size x "$AT/a"
	usage 'from 5.0MiB to' bk-s3put --memory 4M "$AT/a"
	run -2 bk-s3put --storage-class '' s3://bucket/a <"$SMALL"
	run -2 bk-s3put --meta a=b --meta A=c s3://bucket/a <"$SMALL"
	AWS_ENDPOINT_URL=ftp://x run -2 --separate-stderr put a <"$SMALL"
}

@test "a server that is not there is 1 within --retry-for" {
	AWS_ENDPOINT_URL=http://127.0.0.1:$(free_port) \
	    run -1 --separate-stderr bk-s3put --retry-for 1s "$AT/a" <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'gave up after 1s'* ]]
}

@test "parts and answers that get lost are sent again" {
	local n=0 fault
	for fault in 'PUT partNumber=2 1 status:503:SlowDown' \
	    'PUT partNumber=2 1-3 status:500:InternalError' \
	    'PUT partNumber=1 1 early:503:SlowDown' \
	    'PUT partNumber=3 1 reset:100000' 'PUT partNumber=3 1 fin:1000' \
	    'PUT partNumber=2 1 stall:1:1000' 'PUT partNumber=2 1 lost:rst' \
	    'PUT partNumber=3 1 corrupt:1234' \
	    'PUT partNumber=3 1 status:400:RequestTimeout' \
	    'PUT partNumber p0.4 reset:4000000' \
	    'POST uploads 1 status:503:SlowDown' \
	    'POST uploadId 1 status:503:SlowDown' 'HEAD . 1 reset:0' \
	    'POST uploadId 1 lost:rst' 'POST uploadId 1 lost:fin' \
	    'POST uploadId 1 err200:InternalError' \
	    'POST uploadId 1 status:200:InternalError' 'HEAD . 2 lost:rst'; do
		sampled || continue
		echo "# $fault"
		fault_start "$fault"
		run -0 --separate-stderr put $((++n)) <"$BIG"
		[ -z "$stderr" ]
		[ -s "$FAULT_LOG" ]
		stored $n "$BIG"
	done
	[ "$(s3_uploads backups)" = "$UPLOADS" ]
}

@test "a small PUT is sent again, also when only its answer was lost" {
	local n=0 fault
	for fault in 'PUT . 1 status:503:SlowDown' 'PUT . 1 reset:1000' \
	    'PUT . 1 lost:rst' 'PUT . 1-2 lost:fin' 'PUT . 1 corrupt:5' \
	    'PUT . 1 status:501:NotImplemented' \
	    'PUT . 1 status:400:InvalidArgument'; do
		sampled || continue
		echo "# $fault"
		fault_start "$fault"
		run -0 --separate-stderr put $((++n)) <"$SMALL"
		[ -z "$stderr" ]
		stored $n "$SMALL"
	done
}

# A server without If-None-Match says so; who complains about something else
# must not talk us into doing without.
@test "a 400 about something else is no reason to leave out a condition" {
	fault_start 'PUT . 1 status:400:InvalidTag'
	run -1 --separate-stderr put x <"$SMALL"
	[[ $stderr == *'InvalidTag (400)'* ]]
	fault_start 'POST uploadId 1 status:400:InvalidPart'
	run -1 --separate-stderr put x <"$BIG"
	[[ $stderr == *'InvalidPart (400)'* ]]
	nothing_left
}

@test "the longest of names leaves room for the cause" {
	local key
	key=$(printf 'é%.0s' {1..505})abc
	fault_start 'PUT . all status:403:AccessDenied'
	run -1 --separate-stderr put "$key" <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *'éé...éé'*'éabc: AccessDenied (403): injected; check the permissions of the key' ]]
	fault_start 'PUT . all status:503:SlowDown'
	run -1 --separate-stderr put --retry-for 0 "$key" <"$SMALL"
	[[ $stderr == *'éabc: SlowDown (503): injected' ]]
	fault_stop
	put "$key" <"$SMALL"
	run -1 --separate-stderr put "$key" <"$SMALL"
	[[ $stderr == *'éabc: already exists; choose another name, or use --overwrite' ]]
}

@test "what does not pass in the end leaves nothing" {
	local fault
	for fault in 'PUT partNumber=2 all status:503:SlowDown' \
	    'PUT partNumber=2 all reset:1000' \
	    'PUT partNumber=2 1 status:403:AccessDenied' \
	    'PUT partNumber=2 1 badetag' \
	    'POST uploads all status:403:AccessDenied'; do
		sampled || continue
		echo "# $fault"
		fault_start "$fault"
		run -1 --separate-stderr put --retry-for 1s x <"$BIG"
		one_line_error bk-s3put
		nothing_left
	done
}

# clock SECONDS COMMAND...: run it by a clock that is off by so much.
clock() {
	cat >clock.c <<-'C'
		#include <stdlib.h>
		#include <time.h>
		time_t time(time_t *t)
		{
			struct timespec now;
			clock_gettime(CLOCK_REALTIME, &now);
			now.tv_sec += atol(getenv("OFF"));
			if (t != NULL)
				*t = now.tv_sec;
			return now.tv_sec;
		}
	C
	[ -e clock.so ] || ${CC:-cc} -shared -fPIC -o clock.so clock.c
	OFF=$1 LD_PRELOAD=$PWD/clock.so "${@:2}"
}

@test "a clock that is off is corrected by the server's, with a warning" {
	[[ $BK_BIN != */san/* ]] || skip 'a preloaded library'
	run -0 --separate-stderr clock -2400 bk-s3put "$AT/a" <"$SMALL"
	[[ $stderr == *'clock is off'* ]]
	stored a "$SMALL"
}

@test "a lock ends by the server's clock, not by this host's" {
	[[ $BK_BIN != */san/* ]] || skip 'a preloaded library'
	local off left more
	# a day behind, ten years ahead, and what a signature may be off by
	for off in -82800 315360000 -600 600; do
		for more in '' --overwrite; do
			run -0 clock "$off" bk-s3put --lock GOVERNANCE:1d $more \
			    "s3://locked/clock/$off$more" <"$SMALL"
			run -0 s3_curl HEAD "/locked/clock/$off$more"
			[[ $output =~ retain-until-date:\ ([0-9T:.-]+Z) ]]
			left=$(($(date -d "${BASH_REMATCH[1]}" +%s) - $(date +%s)))
			[ "$left" -gt 86100 ] && [ "$left" -le 86401 ] ||
			    { echo "$off$more: $left"; return 1; }
		done
	done
	# where no answer has a date, nothing is stored
	fault_start 'HEAD . all hide:date' 'GET . all hide:date'
	AT=s3://locked/clock
	run -1 --separate-stderr put --lock GOVERNANCE:1d dateless <"$SMALL"
	one_line_error bk-s3put
	[[ $stderr == *"/dateless: the server's answers have no date, so the end of the lock is not known"* ]]
	[[ $(s3_keys locked clock/) != *dateless* ]]
}

@test "keys that expired and cannot be renewed are 1, and leave nothing" {
	fault_start 'PUT partNumber=2 all status:400:ExpiredToken'
	run -1 --separate-stderr put x <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *expired* ]]
	nothing_left
}

@test "a server that goes away amid the upload is 1" {
	fault_start
	mkfifo pipe
	put --retry-for 2s a <pipe 2>err & local pid=$!
	exec 4>pipe
	head -c 10800000 "$BIG" >&4
	await eval '[ "$(s3_uploads backups)" -gt "$UPLOADS" ]'
	stop_python s3fault.py
	cat "$BIG" >&4 2>/dev/null || :
	exec 4>&-
	local status=0
	wait $pid || status=$?
	[ $status = 1 ]
	[ "$(wc -l <err)" = 1 ]
	[ -z "$(s3_keys backups "${AT#s3://backups/}/")" ]
}

# interrupted SIGNAL: start an upload that waits for input, send it SIGNAL
interrupted() {
	mkfifo "pipe.$1"
	bk-s3put --part-size 5M "$AT/$1" <"pipe.$1" 2>err & local pid=$!
	exec 4>"pipe.$1"
	head -c 10800000 "$BIG" >&4
	await eval '[ "$(s3_uploads backups)" -gt "$UPLOADS" ]'
	kill -"$1" $pid
	status=0
	wait $pid || status=$?
	exec 4>&-
}

@test "SIGTERM, SIGHUP: the upload is aborted, and death is by the signal" {
	interrupted TERM
	[ $status = 143 ]
	nothing_left
	interrupted HUP
	[ $status = 129 ]
	nothing_left
}

@test "SIGTERM while a part is stuck: the same" {
	fault_start 'PUT partNumber=1 all stall:60:1000'
	bk-s3put --part-size 5M "$AT/a" <"$BIG" 2>err & local pid=$!
	await grep -q stall "$FAULT_LOG"
	kill $pid
	local status=0
	wait $pid || status=$?
	[ $status = 143 ]
	nothing_left
}

# A server that is told to abort an upload while it completes it may give the
# parts away and list the object all the same (Ceph does).
@test "a Complete that is not refused is not aborted" {
	long
	fault_start "POST uploadId= 1 late:$PWD/go" 'DELETE . all pass'
	run -1 --separate-stderr put --retry-for 0 a <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *'may or may not exist'*'--uploads and abort them with bk-s3rm' ]]
	touch go
	await grep -q 'done late' "$FAULT_LOG"
	stored a "$BIG"
	run -1 grep DELETE "$FAULT_LOG"

	fault_start 'POST uploadId= all status:503:SlowDown'
	run -1 --separate-stderr put --retry-for 1s b <"$BIG"
	[[ $stderr == *SlowDown*'may or may not exist'* ]]
	[ "$(s3_uploads backups)" = $((UPLOADS + 1)) ]
	bk-s3ls --uploads "$AT/" | bk-s3rm
	[ "$(s3_uploads backups)" = "$UPLOADS" ]

	fault_start 'POST uploadId= all status:403:AccessDenied'
	run -1 --separate-stderr put c <"$BIG"
	[[ $stderr == *AccessDenied* ]]
	[[ $stderr != *'may or'* ]]
	[ "$(s3_uploads backups)" = "$UPLOADS" ]
	# the first may still be at work when the second is refused
	fault_start "POST uploadId= 1 late:$PWD/go2" 'DELETE . all pass' \
	    'POST uploadId= all status:403:AccessDenied'
	run -1 --separate-stderr put d <"$BIG"
	[[ $stderr == *AccessDenied*'may or may not exist'* ]]
	touch go2
	await grep -q 'done late' "$FAULT_LOG"
	run -1 grep DELETE "$FAULT_LOG"
	stored d "$BIG"
}

@test "an upload that may have been begun unseen is told" {
	fault_start 'POST uploads= 1 lost:rst'
	run -1 --separate-stderr put --retry-for 0 a <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *'may have begun a multipart upload: find it with bk-s3ls --uploads'* ]]
	[ "$(s3_uploads backups)" = $((UPLOADS + 1)) ]
	bk-s3ls --uploads "$AT/" | bk-s3rm
	nothing_left
}

# taken PID: no signal is pending for it, or it has ended
taken() { ! grep -qs 'ShdPnd:.*[1-9a-f]' "/proc/$1/status"; }

# terminated NAME PATTERN: put NAME, send it SIGTERM when the proxy's log shows
# PATTERN, let the proxy go on, set status
terminated() {
	bk-s3put --part-size 5M "$AT/$1" <"$BIG" 2>err & local pid=$!
	await grep -q "$2" "$FAULT_LOG"
	kill $pid
	await taken $pid
	touch go
	status=0
	wait $pid || status=$?
}

@test "SIGTERM in Create, Complete, the last look: waits, and says how it is" {
	long
	fault_start "POST uploads= 1 hold:$PWD/go" 'DELETE . all pass'
	terminated a hold
	[ $status = 143 ]
	nothing_left
	grep -q DELETE "$FAULT_LOG"

	rm go
	fault_start "POST uploadId= 1 hold:$PWD/go" 'DELETE . all pass'
	terminated b hold
	[ $status = 143 ]
	[ "$(wc -l <err)" = 1 ]
	[[ $(<err) == *'interrupted; the object is stored, but was not checked' ]]
	stored b "$BIG"
	run -1 grep DELETE "$FAULT_LOG"

	rm go
	fault_start "PUT . 1 hold:$PWD/go"
	bk-s3put "$AT/small" <"$SMALL" 2>err & local pid=$!
	await grep -q hold "$FAULT_LOG"
	kill $pid
	await taken $pid
	touch go
	status=0
	wait $pid || status=$?
	[ $status = 143 ]
	[[ $(<err) == *'interrupted; the object is stored, but was not checked' ]]
	stored small "$SMALL"

	rm go
	fault_start "HEAD . 3 hold:$PWD/go"
	terminated c hold
	[ $status = 143 ]
	[[ $(<err) == *'interrupted; the object is stored, but was not checked' ]]
	stored c "$BIG"
	[ "$(s3_uploads backups)" = "$UPLOADS" ]
}

@test "a second SIGTERM in Complete kills" {
	fault_start "POST uploadId= 1 hold:$PWD/never"
	bk-s3put --part-size 5M "$AT/a" <"$BIG" 2>err & local pid=$!
	await grep -q hold "$FAULT_LOG"
	kill $pid
	await taken $pid
	kill $pid
	local status=0
	wait $pid || status=$?
	[ $status = 143 ]
	[ ! -s err ]
	stored a "$BIG"
}

@test "kill -9 leaves no object" {
	interrupted KILL
	[ $status = 137 ]
	[ -z "$(s3_keys backups "${AT#s3://backups/}/")" ]
}

@test "an input for more than --max-parts parts is 1 and leaves nothing" {
	run -1 --separate-stderr put --max-parts 1 x <"$BIG"
	one_line_error bk-s3put
	nothing_left
}

@test "the bucket in the host's name" {
	printf '[default]\ns3 =\n  addressing_style = virtual\n' >config
	AWS_CONFIG_FILE=config AWS_ENDPOINT_URL=http://localhost:${S3_URL##*:} \
	    put a <"$SMALL"
	stored a "$SMALL"
}

@test "an audit line says where it went" {
	BK_AUDIT_LOG=audit put '{date}' <"$SMALL"
	grep -q "\"destination\":\"$AT/20[0-9-]*\"" audit
	grep -q '"size_bytes":100000' audit
}

@test "the examples of the manual page" {
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	s3_mb examples
	bk-seal cat "$SMALL" | bk-s3put 's3://examples/{host}/{utc}.bk'
	bk-s3get "s3://examples/$(uname -n | sed 's/\..*//')/latest" |
	    cmp - "$SMALL"
	bk-seal cat "$SMALL" | bk-s3put --db shop \
	    --storage-class STANDARD_IA 's3://examples/{db}/{tier}/{db}-{utc}.bk'
	bk-s3get s3://examples/shop/daily/latest | cmp - "$SMALL"
}
