#!/usr/bin/env bats
# BK_DEBUG: what is going on is on stderr, no secret is, and nothing else
# changes.  A real gateway with keys of a session, and a real PostgreSQL.
load support/common
load support/s3
load support/pg

# Temporary keys, of which two parts are secret.
use_session() {
	local xml
	"$SUPPORT/rgw.sh" admin "$S3_DIR" role create --role-name=guest \
	    --assume-role-policy-doc='{"Version": "2012-10-17", "Statement":
	    [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/bk"]},
	    "Action": ["sts:AssumeRole"]}]}' >/dev/null
	"$SUPPORT/rgw.sh" admin "$S3_DIR" role-policy put --role-name=guest \
	    --policy-name=p --policy-doc='{"Version": "2012-10-17", "Statement":
	    [{"Effect": "Allow", "Action": ["s3:*"],
	    "Resource": "arn:aws:s3:::*"}]}' >/dev/null
	xml=$(curl -sS --fail -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    --aws-sigv4 "aws:amz:$AWS_REGION:sts" "$S3_URL/" \
	    -d 'Action=AssumeRole&RoleArn=arn:aws:iam:::role/guest' \
	    -d 'RoleSessionName=xyz&DurationSeconds=3600&Version=2011-06-15')
	element() { sed -n "s|.*<$1>\([^<]*\)</$1>.*|\1|p" <<<"$xml"; }
	AWS_ACCESS_KEY_ID=$(element AccessKeyId)
	AWS_SECRET_ACCESS_KEY=$(element SecretAccessKey)
	AWS_SESSION_TOKEN=$(element SessionToken)
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	[ -n "$AWS_SESSION_TOKEN" ]
}

sql() { psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-shop}"; }

setup_file() {
	STS=1 rgw_start
	s3_mb backups
	use_session
	head -c 6000000 /dev/urandom >"$BATS_FILE_TMPDIR/big"
	s3_send PUT /backups/first "$BATS_FILE_TMPDIR/big"
	pg_start "$BATS_FILE_TMPDIR/db"
	createdb shop
	sql "CREATE TABLE t AS SELECT i, 'row-of-t-' || i AS w
	    FROM generate_series(1, 1000) i;
	    CREATE ROLE pw LOGIN SUPERUSER PASSWORD 'tops3cret';
	    CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
	    CREATE USER MAPPING FOR pw SERVER s OPTIONS (password 'mapp1ng')"
	sed -i '1i host all pw 127.0.0.1/32 scram-sha-256' \
	    "$PGHOST/data/pg_hba.conf"
	sql 'SELECT pg_reload_conf()' >/dev/null
}

teardown_file() {
	rgw_stop
	pg_stop "$BATS_FILE_TMPDIR/db"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big
	URI=postgresql://pw:tops3cret@127.0.0.1:$PGPORT
	export BK_DEBUG=s3,sql,child
}

teardown() { fault_stop; }

# clean TOOL FILE...: every line is TOOL's debug line, no secret in any.
clean() {
	local secret
	cat "${@:2}" >all
	[ -s all ]
	run -1 grep -avE -e "^$1: debug: (s3|sql|child): [^[:cntrl:]]*$" all
	[ "$(awk 'length($0) > 4096' all)" = "" ]
	for secret in "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" tops3cret \
	    mapp1ng SCRAM-SHA row-of-t hush; do
		if grep -aF -e "$secret" -e "$(percent "$secret")" all; then
			echo "a secret is shown: $secret" >&2
			return 1
		fi
	done
}

# has PATTERN...: lines of all have them, in this order.
has() {
	local pattern from=1 at
	for pattern; do
		at=$(grep -m1 -nE -- "$pattern" < <(tail -n +$from all)) ||
		    { cat all >&2; echo "no $pattern from line $from" >&2; return 1; }
		from=$((from + ${at%%:*}))
	done
}

# plain FILE: a dump's SQL, but for the marks and what is random.
plain() { pg_restore -f - "$1" | sed -E '/^(--|\\(un)?restrict)/d'; }

@test "s3: keys, request, signature and answer" {
	bk-s3put s3://backups/a <"$BIG" 2>put
	clean bk-s3put put
	has "keys from environment: \.\.\.${AWS_ACCESS_KEY_ID: -4}, of a session" \
	    'canonical request: PUT\\n/backups/a\\n\\n.*\\nx-amz-security-token:\[redacted\]\\n.*host;' \
	    "string to sign: AWS4-HMAC-SHA256\\\\n[0-9TZ]{16}\\\\n[0-9]{8}/$AWS_REGION/s3/aws4_request\\\\n[0-9a-f]{64}$" \
	    "PUT /backups/a to $AWS_ENDPOINT_URL in $AWS_REGION, attempt 1, 6000000 bytes" \
	    'PUT /backups/a: 200 in [0-9.]+ s, 6000000 bytes sent, 0 received, request id tx[0-9a-z-]+'
}

@test "output is the same bytes, and silence without it" {
	bk-s3put s3://backups/same/a <"$BIG" 2>/dev/null
	bk-s3get s3://backups/same/latest >got 2>with
	cmp got "$BIG"
	bk-s3ls s3://backups/same/ >list 2>>with
	BK_DEBUG= bk-s3ls s3://backups/same/ >list0 2>without
	BK_DEBUG= bk-s3get s3://backups/same/latest 2>>without | cmp - "$BIG"
	cmp list list0
	[ ! -s without ]
	clean 'bk-s3(get|ls)' with
	has 'GET /backups/?\?.*list-type=2.*: 200' \
	    'GET /backups/same/a: 206 .* 6000000 received' 'bk-s3ls: .*: 200'
	# only what was asked for
	BK_DEBUG=sql bk-s3ls s3://backups/same/ 2>&1 >/dev/null | cmp - /dev/null
}

@test "s3: why a request is tried again, and why it is not" {
	fault_start 'GET list-type 1 status:503:SlowDown' \
	    'GET list-type 1 trunc:100'
	bk-s3ls s3://backups/ >/dev/null 2>ls
	clean bk-s3ls ls
	has 'attempt 1, ' 'GET /backups.*: 503 in .*: SlowDown \(503\)' \
	    'SlowDown \(503\).*; attempt 2 in [0-9.]+ s' 'attempt 2, ' \
	    'GET /backups.*: 200 in .* request id [^:]*: ' '; attempt 3 in ' 'attempt 3, ' \
	    'GET /backups.*: 200 in'
	fault_stop
	AWS_SECRET_ACCESS_KEY=wrongs3cret run -1 --separate-stderr bk-s3ls \
	    s3://backups/
	[[ ${stderr_lines[-1]} == "bk-s3ls: s3://backups: "*403* ]]
	[[ $stderr != *wrongs3cret* ]]
	sed '$d' <<<"$stderr" >wrong
	clean bk-s3ls wrong
	has 'string to sign' 'GET .*: 403 ' '403.*; no further attempt'
}

@test "sql and child: a dump, to which a password was given" {
	bk-dump -j2 "$URI/shop" >dump 2>err
	clean bk-dump err
	has "[0-9]+ at 127.0.0.1:$PGPORT: connected to database shop as pw, server [0-9]+, no TLS" \
	    ': BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY$' '[0-9]+: BEGIN, [0-9.]+ s$' \
	    '[0-9]+ started: .*pg_dump --format=custom ' ': .*COPY "public"\."t" ' \
	    ': COPY begins' ': COPY 1000, [0-9.]+ s$' \
	    '[0-9]+ ended: (status [01]|signal 1[35]), [0-9.]+ s$'
	BK_DEBUG= bk-dump -j2 "$URI/shop" >dump0 2>without
	[ ! -s without ]
	plain dump >with && plain dump0 | cmp - with
}

@test "sql and child: a restore, with the passwords of roles and servers" {
	sql "CREATE ROLE app LOGIN PASSWORD 'hush'"
	bk-dump --globals "$URI/shop" >dump 2>/dev/null
	sql 'DROP ROLE app'
	bk-restore -q --globals --into "$URI/new" <dump 2>err
	clean bk-restore err
	has 'CREATE ROLE app' 'ALTER ROLE app .*PASSWORD \[redacted\]' \
	    'CREATE DATABASE' 'CREATE USER MAPPING .*password .?\[redacted\]' \
	    'COPY 1000'
	[ "$(sql "SELECT umoptions FROM pg_user_mappings WHERE srvname = 's'" new)" = \
	    '{password=mapp1ng}' ]
	PGPASSWORD=wr0ng run -1 --separate-stderr bk-restore --into \
	    "postgresql://pw@127.0.0.1:$PGPORT/new" <dump
	[[ $stderr == *'sql: not connected: '*'password authentication failed'* ]]
	[[ $stderr != *wr0ng* ]]
	[ "${stderr_lines[-1]#bk-restore: debug: }" = "${stderr_lines[-1]}" ]
}

@test "sql: a statement that fails, and not what the server says of it" {
	sql 'REVOKE EXECUTE ON FUNCTION pg_database_size(oid) FROM PUBLIC;
	    CREATE ROLE little LOGIN'
	PGUSER=little bk-stat shop >out 2>err
	clean bk-stat err
	has ': SELECT .*pg_database_size' ': PGRES_FATAL_ERROR 42501, [0-9.]+ s$'
}

@test "child: a command line without its secrets, a status, a signal" {
	run -1 --separate-stderr bk-seal sh -c \
	    'true; PGPASSWORD=hush true; exit 7' sh postgres://u:hush@h/d \
	    $'\e[2J\ntwo'
	sed '$d' <<<"$stderr" >err
	clean bk-seal err
	has "[0-9]+ started: sh -c 'true; PGPASSWORD=\[redacted\] true; exit 7' " \
	    '[0-9]+ ended: status 7, [0-9.]+ s'
	grep -qF "sh postgres://u:[redacted]@h/d '?[2J\\ntwo'" all
	run -1 --separate-stderr bk-seal sh -c 'kill -9 $$'
	[[ $stderr == *'ended: signal 9, '* ]]
	BK_AUDIT_LOG=log bk-tee 'cat >/dev/null' 'wc -c >n' <"$BIG" 2>err
	clean bk-tee err
	has 'started: bk-audit' "started: sh -c 'wc -c >n'" 'ended: status 0'
	BK_PASSPHRASE=hush bk-crypt -p <"$BIG" 2>&1 >/dev/null | cmp - /dev/null
}

@test "another topic is a usage error that names them" {
	local tool
	for tool in bk-s3ls bk-dump bk-gz; do
		BK_DEBUG=s3,http run -2 --separate-stderr $tool --help
		[ -z "$output" ]
		[[ $stderr == "$tool: BK_DEBUG: 'http': not a topic; use s3, sql, child"*$'\n'"usage: $tool "* ]]
	done
	BK_DEBUG=s3 run -0 --separate-stderr bk-gz --help
	[ -z "$stderr" ]
}

@test "a standard error that is closed or full changes nothing" {
	bk-s3put s3://backups/quiet <"$BIG" 2>&-
	bk-s3get s3://backups/quiet 2>/dev/full | cmp - "$BIG"
}
