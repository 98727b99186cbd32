#!/usr/bin/env bats
# gs:// through a front that has Google's manner, with a Ceph RADOS Gateway
# behind it that stores.

load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	cd "$BATS_FILE_TMPDIR"
	openssl genrsa -traditional -out key.pem 2048 2>/dev/null
	openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
	openssl genrsa -out other.pem 2048 2>/dev/null
	head -c 11000000 /dev/urandom >big
	head -c 100000 big >small
}
teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	BIG=$BATS_FILE_TMPDIR/big SMALL=$BATS_FILE_TMPDIR/small
}
teardown() { stop_python gsfront.py; }

# gs_start [USES]: the front; the environment is that of nobody yet.
gs_start() {
	start_python gsfront.py "${S3_URL#*://}" "$BATS_FILE_TMPDIR/public.pem" \
	    "${1:-100000}"
	HOST=http://127.0.0.1:$PORT
	RGW_KEY=$AWS_ACCESS_KEY_ID RGW_SECRET=$AWS_SECRET_ACCESS_KEY
	s3_isolate
	export HOME=$PWD STORAGE_EMULATOR_HOST=$HOST GCE_METADATA_HOST=127.0.0.1:1
	unset GOOGLE_APPLICATION_CREDENTIALS
}

hmac_key() { export AWS_ACCESS_KEY_ID=GOOGKEY AWS_SECRET_ACCESS_KEY=goog/secret; }

# service_account FILE [KEY]
service_account() {
	jq -n --rawfile k "${2:-$BATS_FILE_TMPDIR/key.pem}" --arg u "$HOST/token" \
	    '{type: "service_account", client_email: "bk@example.iam",
	    private_key: $k, token_uri: $u}' >"$1"
}

asked() { grep -c -- "$1" gsfront.py.log || :; }

@test "there and back with an HMAC key, listed and deleted as gs://" {
	gs_start
	hmac_key
	bk-s3put --part-size 5M gs://backups/h/big <"$BIG"
	bk-s3put --meta a=b gs://backups/h/small <"$SMALL"
	bk-s3get gs://backups/h/big | cmp - "$BIG"
	bk-s3get gs://backups/h/latest >/dev/null
	run -0 bk-s3ls gs://backups/h/
	[ "$(cut -f 3 <<<"$output")" = $'gs://backups/h/big\ngs://backups/h/small' ]
	# not over what is there
	run -1 --separate-stderr bk-s3put gs://backups/h/small <"$BIG"
	one_line_error bk-s3put
	[[ $stderr == *'gs://backups/h/small: already exists'* ]]
	run -4 --separate-stderr bk-s3get gs://backups/h/none
	[[ $stderr == *'gs://backups/h/none: no such object'* ]]
	bk-s3ls gs://backups/h/ >list
	run -0 bk-s3rm -n <list
	[ "$output" = "$(cut -f 3 list)" ]
	bk-s3rm <list
	run -4 bk-s3ls gs://backups/h/
	# a plan: gs:// says where
	bk-s3put gs://backups/h/x-20261101T000000Z <"$SMALL"
	bk-s3put gs://backups/h/x-20261102T000000Z <"$SMALL"
	bk-keygen --sign -o ann.key
	bk-keygen --sign -o bob.key
	{ bk-keygen -y ann.key; bk-keygen -y bob.key; } >approvers
	bk-s3ls gs://backups/h/ | bk-prune -l 1 --require-fresh 0 --min-keep 0 \
	    --min-stored 0 --plan plan --key ann.key
	bk-keygen --approve plan bob.key >approved
	bk-s3rm --plan plan --approvers approvers
	run -0 bk-s3ls gs://backups/h/
	[ "$(cut -f 3 <<<"$output")" = gs://backups/h/x-20261102T000000Z ]
	AWS_SECRET_ACCESS_KEY=no run -1 --separate-stderr bk-s3ls gs://backups/
	one_line_error bk-s3ls
}

@test "what came meanwhile is not replaced: the generation is a condition" {
	s3_send PUT /backups/late "$BATS_FILE_TMPDIR/small" -o /dev/null
	gs_start
	hmac_key
	run -1 --separate-stderr bk-s3put gs://backups/late <<<second
	one_line_error bk-s3put
	[[ $stderr == *'gs://backups/late: already exists'* ]]
	[ "$(asked 'PUT /backups/late 412')" = 1 ]
	bk-s3get gs://backups/late | cmp - "$SMALL"
}

@test "a service account's key" {
	gs_start
	service_account account.json
	export GOOGLE_APPLICATION_CREDENTIALS=account.json
	bk-s3put --part-size 5M gs://backups/sa/big <"$BIG"
	bk-s3get gs://backups/sa/big | cmp - "$BIG"
	[ "$(asked 'POST /token 200')" = 2 ]
	[[ $(AWS_ACCESS_KEY_ID=$RGW_KEY AWS_SECRET_ACCESS_KEY=$RGW_SECRET \
	    AWS_REGION=us-east-1 s3_curl HEAD /backups/sa/big) == \
	    *x-amz-meta-bk-upload* ]]
	# places of both kinds in a list, each with its own credentials
	bk-s3put gs://backups/sa/small <"$SMALL"
	printf '%s = %s\n' aws_access_key_id "$RGW_KEY" \
	    aws_secret_access_key "$RGW_SECRET" | sed '1i [default]' >aws
	printf '%s\n' s3://backups/sa/small gs://backups/sa/big |
	    AWS_SHARED_CREDENTIALS_FILE=aws AWS_REGION=us-east-1 \
	    AWS_ENDPOINT_URL=$S3_URL bk-s3rm
	run -4 bk-s3ls gs://backups/sa/
	service_account account.json "$BATS_FILE_TMPDIR/other.pem"
	run -1 --separate-stderr bk-s3ls gs://backups/
	one_line_error bk-s3ls
	[[ $stderr == *'no token: status 400: Not you'* ]]
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
	service_account account.json ec.pem
	run -2 --separate-stderr bk-s3ls gs://backups/
	[[ $stderr == *'account.json: its private_key is not an RSA key'* ]]
	echo '{"type": "service_account"}' >account.json
	run -2 --separate-stderr bk-s3ls gs://backups/
	[[ $stderr == *'account.json: has no "client_email"'* ]]
	echo '{"type": "other"}' >account.json
	run -2 bk-s3ls gs://backups/
	GOOGLE_APPLICATION_CREDENTIALS=gone run -1 bk-s3ls gs://backups/
	# the token goes nowhere in clear
	STORAGE_EMULATOR_HOST=http://192.0.2.1 \
	    run -2 --separate-stderr bk-s3ls gs://backups/
	one_line_error bk-s3ls
	service_account account.json
	sed -i 's,http://[^"]*,http://192.0.2.1/token,' account.json
	run -2 --separate-stderr bk-s3ls gs://backups/
	[[ $stderr == *'not https'* && $stderr != *PRIVATE* ]]
}

@test "a user's login, a federated identity, an account it takes on, metadata" {
	gs_start
	mkdir -p .config/gcloud
	jq -n --arg u "$HOST/token" '{type: "authorized_user", client_id: "id",
	    client_secret: "secret", refresh_token: "refresh", token_uri: $u}' \
	    >.config/gcloud/application_default_credentials.json
	bk-s3put gs://backups/w/small <"$SMALL"
	rm -r .config
	echo subject >subject
	jq -n --arg h "$HOST" '{type: "external_account", audience: "pool",
	    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
	    token_url: ($h + "/sts"), credential_source: {file: "subject"}}' >w
	GOOGLE_APPLICATION_CREDENTIALS=w bk-s3get gs://backups/w/small |
	    cmp - "$SMALL"
	echo '{"t": "subject"}' >subject
	jq --arg h "$HOST" '.service_account_impersonation_url = $h + "/as" |
	    .credential_source.format = {type: "json",
	    subject_token_field_name: "t"}' w >as
	GOOGLE_APPLICATION_CREDENTIALS=as bk-s3get gs://backups/w/small |
	    cmp - "$SMALL"
	[ "$(asked 'POST /as 200')" = 1 ]
	run -1 --separate-stderr bk-s3get gs://backups/w/small
	one_line_error bk-s3get
	[[ $stderr == *'set GOOGLE_APPLICATION_CREDENTIALS'* ]]
	GCE_METADATA_HOST=${HOST#*//} bk-s3get gs://backups/w/small | cmp - "$SMALL"
}

@test "a token that is worn out is replaced" {
	gs_start 3
	service_account account.json
	export GOOGLE_APPLICATION_CREDENTIALS=account.json
	bk-s3put --part-size 5M gs://backups/worn <"$BIG"
	bk-s3get -j 1 gs://backups/worn | cmp - "$BIG"
	[ "$(asked 'POST /token 200')" -gt 2 ]
}
