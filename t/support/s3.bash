# S3 servers for bats files:  load support/s3   (after support/common)
#
#	setup_file()    { rgw_start; s3_mb backups; }
#	teardown_file() { rgw_stop; }
#	teardown()      { fault_stop; }
#
# A server is started for a file, in $BATS_FILE_TMPDIR, on free ports, and the
# AWS_* variables are exported so that every tool talks to it and to nothing
# else.  Without the server's packages setup_file fails.  $S3_URL
# stays the server's own address when fault_start points AWS_ENDPOINT_URL at
# a proxy: the s3_* functions, which look at the server, go there.

# No profile, no file, no instance of this machine's takes part in a test.
s3_isolate() {
	local name
	for name in $(compgen -e AWS_); do
		unset "$name"
	done
	export AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null
	export AWS_EC2_METADATA_DISABLED=true
}

# start_server SCRIPT [DIR]: DIR is remembered for stop_server.
start_server() {
	local lines status=0
	s3_isolate
	export S3_DIR=${2:-$BATS_FILE_TMPDIR/${1%.sh}}
	lines=$("$SUPPORT/$1" start "$S3_DIR" 3>&-) || status=$?
	[ $status != 77 ] || echo "${1%.sh}: its packages are not installed" >&2
	[ $status = 0 ] || return 1
	eval "$lines"
	export S3_URL=$AWS_ENDPOINT_URL
	# when bats is killed nobody calls teardown_file
	setsid sh -c 'tail --pid=$1 -f /dev/null; exec "$2" stop "$3"' - $$ \
	    "$SUPPORT/$1" "$S3_DIR" >/dev/null 2>&1 </dev/null 3>&- &
}

# rgw_start [DIR]: with TLS=1, STS=1, CLASSES="..." as in rgw.sh.
rgw_start() { start_server rgw.sh "$@"; }
rgw_stop() { stop_server rgw.sh "${1-}"; }
swift_start() { start_server swift.sh "$@"; }
swift_stop() { stop_server swift.sh "${1-}"; }

# stop_server SCRIPT [DIR]: fine if none was started, as by a set-up that skips.
stop_server() {
	[ -z "${2:-${S3_DIR-}}" ] || "$SUPPORT/$1" stop "${2:-$S3_DIR}"
}

# start_python NAME ARGUMENT...: start t/support/NAME, wait for its line
# "listening PORT", set PORT.  Its output is in $BATS_TEST_TMPDIR/NAME.log, or
# in $BATS_FILE_TMPDIR when called by setup_file.
start_python() {
	local log=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/$1.log pid
	: >"$log"
	"$SUPPORT/$1" "${@:2}" >"$log" 2>&1 </dev/null 3>&- &
	pid=$!
	await grep -q '^listening [0-9]' "$log" || { cat "$log" >&2; return 1; }
	PORT=$(sed -n 's/^listening //p' "$log")
	printf -v "$(pid_name "$1")" %s $pid
	export "$(pid_name "$1")"
}

stop_python() {
	local name
	name=$(pid_name "$1")
	[ -n "${!name:-}" ] || return 0
	kill "${!name}" 2>/dev/null || :
	# a child of setup_file is not ours to wait for
	wait "${!name}" 2>/dev/null || :
	unset "$name"
}

pid_name() { local n=${1%.py}; echo "${n^^}_PID"; }

# fault_start 'METHOD REGEX WHICH ACTION'...: a proxy in front of the server,
# see s3fault.py; what it did is in $FAULT_LOG.
fault_start() {
	local host=${S3_URL#*://} tls=()
	fault_stop
	if [[ $S3_URL == https:* ]]; then
		echo "fault_start: wants a plain server behind it" >&2
		return 1
	fi
	if [ -n "${FAULT_TLS:-}" ]; then	# a directory with {cert,key}.pem
		tls=(--cert "$FAULT_TLS/cert.pem" --key "$FAULT_TLS/key.pem")
	fi
	start_python s3fault.py "${tls[@]}" "$host" "$@"
	export FAULT_LOG=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/s3fault.py.log
	export AWS_ENDPOINT_URL=http${FAULT_TLS:+s}://127.0.0.1:$PORT
}

fault_stop() {
	stop_python s3fault.py
	[ -z "${S3_URL:-}" ] || export AWS_ENDPOINT_URL=$S3_URL
}

# strict_start: the stub that checks what no server does, see s3strict.py;
# with STRICT_TOKEN=... it wants this session token.
strict_start() {
	s3_isolate
	export AWS_ACCESS_KEY_ID=STRICTKEY AWS_SECRET_ACCESS_KEY=strict/secret
	export AWS_REGION=eu-central-1 AWS_SESSION_TOKEN=${STRICT_TOKEN:-}
	start_python s3strict.py
	export AWS_ENDPOINT_URL=http://127.0.0.1:$PORT
	export S3_URL=$AWS_ENDPOINT_URL
}

strict_stop() { stop_python s3strict.py; }

# s3_curl METHOD PATH[?QUERY] [CURL-OPTION...]: one signed request, its answer
# on stdout; fails on a status of 400 and above.  The query must be in
# canonical form: sorted, encoded, every name with a "=".
# s3_send METHOD PATH[?QUERY] FILE [CURL-OPTION...]: the same with a body.
s3_curl() { s3_request "$1" "$2" /dev/null "${@:3}"; }
s3_send() { s3_request "$1" "$2" "$3" -T "$3" "${@:4}"; }

s3_request() {
	local url=$S3_URL$2 hash options=()
	# keys go into the URL, because a ":" in one would end --user's name
	url=${url/:\/\//://$(percent "$AWS_ACCESS_KEY_ID"):$(percent \
	    "$AWS_SECRET_ACCESS_KEY")@}
	hash=$(sha256sum <"$3")
	[ "$1" != HEAD ] || options+=(--head)
	[ -z "${AWS_CA_BUNDLE:-}" ] || options+=(--cacert "$AWS_CA_BUNDLE")
	[ -z "${AWS_SESSION_TOKEN:-}" ] ||
	    options+=(-H "x-amz-security-token: $AWS_SESSION_TOKEN")
	curl -sS --no-progress-meter --fail-with-body -X "$1" "${options[@]}" \
	    --aws-sigv4 "aws:amz:$AWS_REGION:s3" \
	    -H "x-amz-content-sha256: ${hash%% *}" "${@:4}" "$url"
}

# In steps of what has to be quoted: bats traces each command.
percent() {
	local LC_ALL=C s=$1 plain
	while plain=${s%%[!A-Za-z0-9._~-]*} && printf %s "$plain" &&
	    [ "$plain" != "$s" ]; do
		s=${s:${#plain}}
		printf %%%02X "'$s"
		s=${s:1}
	done
}

s3_mb() { s3_curl PUT "/$1" -o /dev/null; }

# s3_keys BUCKET [PREFIX]: the keys (at most 1000), one a line, as they stand
# in the XML.
s3_keys() {
	local xml
	xml=$(s3_curl GET "/$1?list-type=2&prefix=$(percent "${2:-}")")
	sed 's/<Key>/\n&/g' <<<"$xml" | sed -n 's/^<Key>\([^<]*\).*/\1/p'
}

# s3_uploads BUCKET: how many multipart uploads are unfinished.
s3_uploads() {
	local xml
	xml=$(s3_curl GET "/$1?uploads=")
	sed 's/<Upload>/\n&/g' <<<"$xml" | sed -n '/^<Upload>/p' | wc -l
}
