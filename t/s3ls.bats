#!/usr/bin/env bats
# bk-s3ls on a real server: paging, odd keys, unfinished uploads, failures.
load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	s3_mb nothing
	printf 0123456789 >"$BATS_FILE_TMPDIR/ten"
	put 'many/k[1001-3500]' -Z
}
teardown_file() { rgw_stop; }
teardown() { fault_stop; strict_stop; }

# put KEY [CURL-OPTION]: an object of ten bytes; curl fills in a [1-9].
put() { s3_send PUT "/backups/$1" "$BATS_FILE_TMPDIR/ten" "${@:2}"; }

# names: the third field of each record of $output.
names() { cut -f3 <<<"$output"; }

@test "a record is time, bytes and the whole name" {
	put rec/a
	run -0 bk-s3ls s3://backups/rec/
	[[ $output =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'\t'10$'\t's3://backups/rec/a$'\t'etag=([0-9a-f]{32})$'\tat='([^$'\t']*)$ ]]
	[ "${BASH_REMATCH[1]}" = "$(md5sum <"$BATS_FILE_TMPDIR/ten" | cut -c 1-32)" ]
	[ "${BASH_REMATCH[2]}" = "$AWS_ENDPOINT_URL" ]
	AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL// bk-s3ls s3://backups/rec/ |
	    cmp - <(echo "$output")
}

@test "an object is as old as its key says, whenever it was stored" {
	local now
	put age/shop-20260105T030405Z.bk
	put age/2026-01-03/shop-101112.bk
	put age/shop-20990101T000000Z.bk
	run -0 --separate-stderr bk-s3ls s3://backups/age/
	one_line_error bk-s3ls
	[[ $stderr == *"age/shop-20990101T000000Z.bk: named over 15 min"* ]]
	now=$(cut -f 1 <<<"${lines[2]}")
	[[ $now == $(date -u +%Y)-* ]]
	[[ ${lines[0]} == 2026-01-03T10:11:12Z$'\t10\t'*/shop-101112.bk$'\tstored='20* ]]
	[[ ${lines[1]} == 2026-01-05T03:04:05Z$'\t10\t'*.bk$'\tstored='20* ]]
	run -0 --separate-stderr bk-s3ls --stored s3://backups/age/
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^$(date -u +%Y)-[^$'\t']*Z$'\t'10$'\t'[^$'\t']*$'\tetag=' ]]
	run -2 bk-s3ls --stored --uploads s3://backups/age/
}

@test "copies keep their age, what may go, and which is the latest" {
	local i keys=() key
	cd "$BATS_TEST_TMPDIR"
	for i in {11..0}; do
		keys+=("shop-$(date -u -d "-1 hour -$i days" +%Y%m%dT%H%M%SZ).bk")
	done
	for key in "${keys[@]}"; do
		echo "$key" >one; s3_send PUT "/backups/copied/$key" one
	done
	bk-s3ls s3://backups/copied/ >list
	cut -f 3 list | sed 's,.*/,,' | cmp - <(printf '%s\n' "${keys[@]}")
	# all but one were stored over a day after they were made
	[ "$(grep -c $'\tstored=20' list)" = 11 ]
	[ "$(bk-s3get s3://backups/copied/latest)" = "${keys[11]}" ]
	bk-prune -d 6 <list >none
	[ ! -s none ]
	bk-prune -d 6 --min-stored 0 <list | cmp - <(head -n 6 list)
	# once more, newest first, as by who changes the keys
	for ((i = 11; i >= 0; i--)); do
		bk-s3get "s3://backups/copied/${keys[i]}" |
		    bk-s3put --overwrite "s3://backups/copied/${keys[i]}"
	done
	bk-s3ls s3://backups/copied/ | cut -f 1-3 | cmp - <(cut -f 1-3 list)
	[ "$(bk-s3get s3://backups/copied/latest)" = "${keys[11]}" ]
	# a job that died ten days ago is not made well by a copy
	head -n 2 list >dead
	run -2 bk-age --min-size 0 <dead
	[[ $output == *10d1h* ]]
}

@test "a prefix is the beginning of a key, a bucket alone is all of it" {
	put pre/a
	put pre/b
	put prefix
	run -0 bk-s3ls s3://backups/pre/
	[ "$(names)" = $'s3://backups/pre/a\ns3://backups/pre/b' ]
	run -0 bk-s3ls s3://backups/pre
	[ "$(names | wc -l)" = 3 ]
	run -0 bk-s3ls s3://backups
	[[ $(names) == *s3://backups/prefix* ]]
}

@test "2,500 objects come page by page, oldest first, each once" {
	run -0 bk-s3ls s3://backups/many/
	sort -C <<<"$output"
	[ "$(names | sort)" = "$(seq -f 's3://backups/many/k%.0f' 1001 3500)" ]
}

@test "keys as odd as they come" {
	put 'odd/a%20b%2Bc%26d%25e%3Cf%3E%22%27%5C'
	put 'odd/%C3%BC%E2%82%AC'
	put 'odd/line%0Abreak%09tab'
	put 'odd/%3FuploadId%3Dx'
	put 'odd/csi%C2%9B2J%E2%80%AE'
	put odd//double
	run -0 bk-s3ls s3://backups/odd/
	[ "$(names | sort)" = "$(sort <<-'END'
	s3://backups/odd/a b+c&d%e<f>"'\\
	s3://backups/odd/ü€
	s3://backups/odd/line\nbreak\ttab
	s3://backups/odd/csi\u009b2J\u202e
	s3://backups/odd/\u003fuploadId=x
	s3://backups/odd//double
	END
	)" ]
	run -0 bk-s3ls 's3://backups/odd/a b+c&d%e<f>"'
	[ "$(names)" = "s3://backups/odd/a b+c&d%e<f>\"'\\\\" ]
}

@test "nothing there is 4, a bucket that is not there is 1" {
	run -4 --separate-stderr bk-s3ls s3://nothing
	one_line_error bk-s3ls
	[ -z "$output" ]
	run -4 bk-s3ls s3://nothing/x/
	run -1 --separate-stderr bk-s3ls s3://no-such-bucket/x/
	one_line_error bk-s3ls
	[[ $stderr == *NoSuchBucket* ]]
}

@test "unfinished uploads are listed apart" {
	put up/a
	s3_curl POST '/backups/up/b%20b?uploads=' >/dev/null
	s3_curl POST '/backups/up/a?uploads=' >/dev/null
	s3_curl POST '/backups/up/a?uploads=' >/dev/null
	run -0 bk-s3ls s3://backups/up/
	[ "$(names)" = s3://backups/up/a ]
	run -0 bk-s3ls --uploads s3://backups/up/
	[ "$(names | sort)" = $'s3://backups/up/a\ns3://backups/up/a\ns3://backups/up/b b' ]
	[ "$(cut -f 3- <<<"$output" | sort -u |
	    grep -c $'\tupload=[^\t]*\tat=http://[^\t]*$')" = 3 ]
	[[ ${lines[0]} =~ ^20.*Z$'\t'0$'\t's3:// ]]
	run -4 --separate-stderr bk-s3ls --uploads s3://backups/upper
	one_line_error bk-s3ls
}

@test "unfinished uploads come page by page" {
	strict_start
	s3_curl POST '/bbb/ups/k%20[1-5]?uploads=' >/dev/null
	s3_curl POST '/bbb/ups/k%203?uploads=' >/dev/null
	s3_curl POST '/bbb/ups/k%203?uploads=' >/dev/null
	run -0 bk-s3ls --uploads s3://bbb/ups/
	[ "$(names | sort)" = "$(printf 's3://bbb/ups/k %d\n' 1 2 3 3 3 4 5)" ]
	[ "$(sort -u <<<"$output" | wc -l)" = 7 ]
}

@test "a page that fails is asked for again" {
	fault_start 'GET continuation-token 1 status:503:SlowDown' \
	    'GET continuation-token 1 reset:0' \
	    'GET continuation-token 1 trunc:1000'
	run -0 bk-s3ls s3://backups/many/
	[ "$(names | sort)" = "$(seq -f 's3://backups/many/k%.0f' 1001 3500)" ]
	[ "$(grep -c '#' "$FAULT_LOG")" = 3 ]
}

@test "a listing that breaks for good is a failure, whatever was printed" {
	fault_start 'GET continuation-token all status:503:SlowDown'
	run -1 --separate-stderr bk-s3ls --retry-for 1s s3://backups/many/
	one_line_error bk-s3ls
	[[ $stderr == *SlowDown* ]]
	[ "${#lines[@]}" = 1001 ]
	[[ ${lines[1000]} == $'!\t\t'*SlowDown* ]]
	run -1 --separate-stderr bash -c 'set -o pipefail
	    bk-s3ls --retry-for 0 s3://backups/many/ 2>/dev/null |
	    bk-prune --keep-last 1 --first-run --group "*"'
	[[ -z $output && $stderr == *"could not be finished: "*SlowDown* ]]
	fault_start 'GET . all status:500:InternalError'
	run -1 --separate-stderr bk-s3ls --retry-for 1s s3://backups/many/
	one_line_error bk-s3ls
	[[ $output == $'!\t\t'*InternalError* ]]
}

@test "nobody listens, a wrong secret, no credentials: one line and 1" {
	AWS_ENDPOINT_URL=http://127.0.0.1:1 run -1 --separate-stderr \
	    bk-s3ls --retry-for 0 s3://backups
	one_line_error bk-s3ls
	AWS_SECRET_ACCESS_KEY=wrong run -1 --separate-stderr \
	    bk-s3ls s3://backups
	one_line_error bk-s3ls
	[[ $stderr == *SignatureDoesNotMatch* && $stderr != *wrong* ]]
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	run -1 --separate-stderr bk-s3ls s3://backups
	one_line_error bk-s3ls
	[[ $stderr == *"set AWS_ACCESS_KEY_ID"* ]]
}

@test "a full disk and a reader that left" {
	put full/a
	run -1 --separate-stderr sh -c 'bk-s3ls s3://backups/full/ >/dev/full'
	one_line_error bk-s3ls
	run -1 --separate-stderr bash -c 'set -o pipefail
	    bk-s3ls s3://backups/many/ | true'
	[ -z "$stderr" ]
}

@test "a usage error is 2" {
	for args in '' 'backups' 's3://' 's3://b' 's3://backups s3://backups' \
	    '--nope s3://backups' '--retry-for soon s3://backups' \
	    '--retry-for 2y s3://backups'; do
		run -2 --separate-stderr bk-s3ls $args
		[[ $stderr == *"usage: bk-s3ls "* ]]
	done
	run -0 bk-s3ls --help
	[ "${#lines[@]}" -le 40 ]
	[[ ${lines[0]} == "Example: bk-s3ls "* ]]
	run -0 bk-s3ls --version
}

@test "a listing that is XML and says what cannot be" {
	long
	# page TEXT ELEMENT...: a page with these, and what is made of it
	page() {
		printf '<%s>' "${@:2}" | sed 's,</>,,g' >page
		fault_start 'GET . all file:200:page'
		run --separate-stderr bk-s3ls "${OPTION[@]}" s3://backups/
		[[ $stderr$output == *"$1"* ]] || { echo "$stderr$output"; return 1; }
	}
	local OPTION=() result=ListBucketResult
	local entry='Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents'
	local url='EncodingType>url</EncodingType' end='IsTruncated>false</IsTruncated'
	cd "$BATS_TEST_TMPDIR"
	page $'2026-01-01T00:00:00Z\t1\ts3://backups/a b+c' $result "$url" "$end" \
	    'Contents><Key>a+b%2Bc</Key' "$entry" /$result
	[ "$status" = 0 ]
	fails() { page "$@" && [ "$status" = 1 ] && one_line_error bk-s3ls; }
	fails "the key 'a%zz'" $result "$url" "$end" 'Contents><Key>a%zz</Key' "$entry" /$result
	fails "the key ''" $result Contents "$entry" /$result
	fails "no 'NextContinuationToken'" $result 'IsTruncated>true</IsTruncated' /$result
	OPTION=(--uploads) result=ListMultipartUploadsResult
	fails "the ID ''" $result 'Upload><Key>a</Key></Upload' /$result
	fails "a page that ends with another key than 'a%zz'" $result "$url" \
	    'IsTruncated>true</IsTruncated' \
	    'NextKeyMarker>a%zz</NextKeyMarker' /$result
}

# Some gateways do not know continuation-token, and begin at the beginning.
@test "a server that lists the same page for ever is 1" {
	long
	cd "$BATS_TEST_TMPDIR"
	cat >page.py <<-'PY'
	import http.server, itertools, sys
	numbers = itertools.count()
	PAGE = """<ListBucketResult><IsTruncated>true</IsTruncated>
	<NextContinuationToken>%s</NextContinuationToken>%s
	</ListBucketResult>"""
	ENTRY = """<Contents><Key>a</Key><Size>1</Size>
	<LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"""
	class Page(http.server.BaseHTTPRequestHandler):
	    protocol_version = 'HTTP/1.1'
	    def do_GET(self):
	        page = (PAGE % (
	            'a' if 'backups' in self.path else next(numbers),
	            '' if 'empty' in self.path else ENTRY)).encode()
	        self.send_response(200)
	        self.send_header('Content-Length', str(len(page)))
	        self.end_headers()
	        self.wfile.write(page)
	server = http.server.HTTPServer(('127.0.0.1', 0), Page)
	print(server.server_port, flush=True)
	server.serve_forever()
	PY
	local server port
	mkfifo port
	python3 page.py >port 2>log 3>&- &
	server=$!
	read -r port <port
	export AWS_ENDPOINT_URL=http://127.0.0.1:$port
	run -1 --separate-stderr timeout 300 bk-s3ls s3://backups/
	one_line_error bk-s3ls
	[[ $stderr == *'the same page twice'* ]]
	run -1 --separate-stderr timeout 300 bk-s3ls s3://moving/
	[[ $stderr == *'the same page twice'* ]]
	run -1 --separate-stderr timeout 300 bk-s3ls s3://empty/
	kill "$server"
	one_line_error bk-s3ls
	[[ $stderr == *'nothing, page after page'* ]]
}
