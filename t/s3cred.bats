#!/usr/bin/env bats
# Where keys come from, seen through bk-s3ls and bk-s3rm: a real gateway that
# takes them, its real token service, and stand-ins for what a cloud has.
load support/common
load support/s3

role() { "$SUPPORT/rgw.sh" admin "$S3_DIR" "$@" >/dev/null; }

# make_role NAME: one that the gateway's user may take on, and that may all.
make_role() {
	role role create --role-name="$1" --assume-role-policy-doc='{"Version":
	    "2012-10-17", "Statement": [{"Effect": "Allow", "Principal":
	    {"AWS": ["arn:aws:iam:::user/bk"]}, "Action": ["sts:AssumeRole"]}]}'
	role role-policy put --role-name="$1" --policy-name=p --policy-doc='
	    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
	    "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}]}'
}

# element NAME: the text of that element of $xml.
element() { sed -n "s|.*<$1>\([^<]*\)</$1>.*|\1|p" <<<"$xml"; }

# Temporary keys of the gateway's own making, for credhost to hand out.
make_temporary_keys() {
	local xml
	make_role cloud
	xml=$(curl -sS --fail -u "$RGW_KEY:$RGW_SECRET" \
	    --aws-sigv4 "aws:amz:$AWS_REGION:sts" "$S3_URL/" \
	    -H 'Content-Type: application/x-www-form-urlencoded' \
	    -d 'Action=AssumeRole&RoleArn=arn:aws:iam:::role/cloud' \
	    -d 'RoleSessionName=xyz&DurationSeconds=3600&Version=2011-06-15')
	export TMP_KEY=$(element AccessKeyId) TMP_SECRET=$(element \
	    SecretAccessKey) TMP_TOKEN=$(element SessionToken)
	[ -n "$TMP_KEY$TMP_SECRET$TMP_TOKEN" ]
}

setup_file() {
	STS=1 rgw_start
	export RGW_KEY=$AWS_ACCESS_KEY_ID RGW_SECRET=$AWS_SECRET_ACCESS_KEY
	s3_mb backups
	printf x >"$BATS_FILE_TMPDIR/x"
	s3_send PUT '/backups/k[1001-2100]' "$BATS_FILE_TMPDIR/x" -Z
	make_temporary_keys
}
teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE=$PWD/config
	: >config
}
teardown() {
	fault_stop
	strict_stop
	stop_python credhost.py
}

# credhost_start: HOST is its address.
credhost_start() {
	AWS_ACCESS_KEY_ID=$TMP_KEY AWS_SECRET_ACCESS_KEY=$TMP_SECRET \
	    AWS_SESSION_TOKEN=$TMP_TOKEN start_python credhost.py 3600
	HOST=http://127.0.0.1:$PORT
}

# asked REGEX: how many requests credhost had.
asked() { grep -c -- "$1" credhost.py.log || :; }

# lists: bk-s3ls works, and says nothing else.
lists() {
	run -0 --separate-stderr bk-s3ls s3://backups/
	[ "${#lines[@]}" = 1100 ] && [ -z "$stderr" ]
}

# refused STATUS WORDS: it does not, with one line that has these words.
refused() {
	run "-$1" --separate-stderr bk-s3ls s3://backups/
	one_line_error bk-s3ls
	[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
	[[ $stderr$output != *"$RGW_SECRET"* ]]
	[[ -z $output || $output == '!'* ]]	# an error record
}

@test "the environment, a profile, another profile" {
	AWS_ACCESS_KEY_ID=$RGW_KEY AWS_SECRET_ACCESS_KEY=$RGW_SECRET lists
	cat >config <<-END
	[default]
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = $RGW_SECRET
	[profile wrong]
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = no
	END
	lists
	AWS_PROFILE=wrong refused 1 AccessDenied
	AWS_PROFILE=gone refused 2 'profile gone: not in'
	echo '[profile' >config
	refused 2 'config: line 1'
}

@test "the files are in ~/.aws; endpoint and authorities in a profile too" {
	unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
	mkdir .aws
	cat >.aws/credentials <<-END
	[shop]
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = $RGW_SECRET
	END
	cat >.aws/config <<-END
	[profile shop]
	endpoint_url = $AWS_ENDPOINT_URL
	s3 =
	  addressing_style = path
	END
	unset AWS_ENDPOINT_URL
	HOME=$PWD AWS_PROFILE=shop lists
	mv .aws other
	AWS_CONFIG_FILE='~/other/config' HOME=$PWD AWS_PROFILE=shop \
	    AWS_SHARED_CREDENTIALS_FILE='~/other/credentials' lists
}

@test "a credential_process, which does not get our standard input" {
	cat >process <<-END
	#!/bin/sh
	echo asked >>$PWD/process.log
	cat >>$PWD/process.log
	echo '{"Version": 1, "AccessKeyId": "$RGW_KEY",
	    "SecretAccessKey": "$RGW_SECRET"}'
	END
	chmod +x process
	printf '[default]\ncredential_process = "%s" a b\n' "$PWD/process" >config
	echo 'a backup' | bk-s3ls s3://backups/ >/dev/null
	[ "$(cat process.log)" = asked ]
	printf '[default]\ncredential_process = exit 7\n' >config
	refused 1 'credential_process: exit status 7'
}

@test "a credential_process that hangs ends with the first signal" {
	printf '[default]\ncredential_process = %s\n' "$PWD/process" >config
	printf '#!/bin/sh\necho $$ >%s/pid.new; mv %s/pid.new %s/pid\n%s\n' \
	    "$PWD" "$PWD" "$PWD" 'exec sleep 1000' >process
	chmod +x process
	echo x | bk-s3put s3://backups/x 2>err & local pid=$!
	await test -e pid
	kill $pid
	local status=0
	wait $pid || status=$?
	[ $status = 143 ]
	[[ $(<err) == *'credential_process: interrupted' ]]
	# a zombie, where nobody reaps orphans
	await eval '! grep -qs "^State:.[^Z]" "/proc/$(<pid)/status"'
}

@test "instance metadata: version 2, asked once" {
	credhost_start
	unset AWS_EC2_METADATA_DISABLED
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/imds lists
	[ "$(asked 'PUT /imds/latest/api/token 200')" = 1 ]
	[ "$(asked 'GET')" = 2 ]
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/norole refused 1 'no role'
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/html/ \
	    refused 1 'html: no instance metadata service'
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/$(printf 'a%.0s' {1..3000}) \
	    refused 2 'AWS_EC2_METADATA_SERVICE_ENDPOINT is too long'
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 \
	    refused 1 'set AWS_ACCESS_KEY_ID'
}

@test "a container's endpoint, the token from a variable or a file" {
	credhost_start
	export AWS_CONTAINER_CREDENTIALS_FULL_URI=$HOST/container
	AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token lists
	echo container-token >token
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token lists
	refused 1 'status 401'
	AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=gone refused 1 'gone: No such'
	AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/ \
	    refused 2 'must be https'
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$HOST/html refused 1 JSON
}

@test "a web identity, which goes to the token service unsigned" {
	credhost_start
	printf 'web identity\n' >token
	export AWS_WEB_IDENTITY_TOKEN_FILE=token AWS_ROLE_ARN=arn:x/y
	AWS_ENDPOINT_URL_STS=$HOST/sts lists
	[ "$(asked 'POST /sts 200')" = 1 ]
	AWS_ENDPOINT_URL_STS=$HOST/busy lists
	AWS_ROLE_ARN=denied AWS_ENDPOINT_URL_STS=$HOST/sts \
	    refused 1 'role denied refused: AccessDenied: Not you'
	AWS_ENDPOINT_URL_STS=$HOST/html refused 1 "$HOST/html: "
	AWS_WEB_IDENTITY_TOKEN_FILE=gone refused 1 'gone: No such'
	echo >empty
	AWS_WEB_IDENTITY_TOKEN_FILE=empty refused 1 'empty: contains no web identity token'
	unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN
	cat >config <<-END
	[default]
	role_arn = arn:x/y
	web_identity_token_file = $PWD/token
	END
	AWS_ENDPOINT_URL_STS=$HOST/sts lists
}

# logged_in SECONDS NAME TOKEN: what `aws sso login` leaves behind.
logged_in() {
	mkdir -p .aws/sso/cache
	printf '{"accessToken": "%s", "expiresAt": "%s", "region": "x"}' "$3" \
	    "$(date -u -d "$1 seconds" +%FT%TZ)" \
	    >".aws/sso/cache/$(printf %s "$2" | sha1sum | cut -d ' ' -f 1).json"
}

@test "an SSO session, and one of the older form" {
	credhost_start
	export HOME=$PWD AWS_ENDPOINT_URL_SSO=$HOST/sso
	cat >config <<-END
	[default]
	sso_session = work
	sso_account_id = 12
	sso_role_name = a role
	[sso-session work]
	sso_region = eu-central-1
	sso_start_url = https://example.org/start
	[profile old]
	sso_start_url = https://example.org/start
	sso_region = eu-central-1
	sso_account_id = 12
	sso_role_name = a role
	[profile other]
	sso_session = work
	sso_account_id = 13
	sso_role_name = a role
	END
	refused 1 'run `aws sso login --profile default`'
	logged_in 600 work sso-token
	lists
	[ "$(asked 'GET /sso/federation/credentials')" = 1 ]
	AWS_PROFILE=old refused 1 'run `aws sso login --profile old`'
	logged_in 600 https://example.org/start sso-token
	AWS_PROFILE=old lists
	AWS_PROFILE=other refused 1 'account 13 refused: status 403'
	logged_in 600 work other-token
	refused 1 'its SSO session is not accepted; run'
	logged_in -1 work sso-token
	refused 1 'its SSO session has expired; run'
	[[ $stderr != *sso-token* ]]
	sed -i 's/"expiresAt": "[^"]*"/"expiresAt": 1/' .aws/sso/cache/*
	refused 1 "its SSO session's file is not one; run"
}

@test "a role through its source profile, from a real token service" {
	make_role r1
	cat >config <<-END
	[default]
	role_arn = arn:aws:iam:::role/r1
	source_profile = base
	[profile base]
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = $RGW_SECRET
	[profile self]
	role_arn = arn:aws:iam:::role/r1
	source_profile = self
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = $RGW_SECRET
	[profile environment]
	role_arn = arn:aws:iam:::role/r1
	credential_source = Environment
	[profile nobody]
	role_arn = arn:aws:iam:::role/nobody
	source_profile = base
	END
	lists
	grep -q '"POST / HTTP/1.1" 200' "$S3_DIR/log/client.rgw.log"
	AWS_PROFILE=self lists
	AWS_PROFILE=nobody refused 1 'role arn:aws:iam:::role/nobody refused'
}

@test "temporary keys ask for a role with their token, signed" {
	credhost_start
	cat >config <<-END
	[default]
	role_arn = arn:x/y
	source_profile = base
	external_id = a b&c
	[profile base]
	aws_access_key_id = $TMP_KEY
	aws_secret_access_key = $TMP_SECRET
	aws_session_token = $TMP_TOKEN
	[profile container]
	role_arn = arn:x/y
	credential_source = EcsContainer
	external_id = a b&c
	[profile instance]
	role_arn = arn:x/y
	credential_source = Ec2InstanceMetadata
	external_id = a b&c
	END
	export AWS_ENDPOINT_URL_STS=$HOST/sts
	lists
	AWS_CONTAINER_CREDENTIALS_FULL_URI=$HOST/container AWS_PROFILE=container \
	    AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token lists
	unset AWS_EC2_METADATA_DISABLED
	export AWS_PROFILE=instance
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/imds lists
	[ "$(asked 'POST /sts 200')" = 3 ]
	AWS_EC2_METADATA_SERVICE_ENDPOINT=$HOST/norole refused 1 \
	    'profile instance: credential_source Ec2InstanceMetadata has no keys: '
}

@test "keys that end while the work goes on are renewed before they do" {
	make_role r2
	cat >config <<-END
	[default]
	role_arn = arn:aws:iam:::role/r2
	source_profile = base
	duration_seconds = 2
	[profile base]
	aws_access_key_id = $RGW_KEY
	aws_secret_access_key = $RGW_SECRET
	END
	# the first page takes longer than the keys live
	fault_start 'GET list-type 1 slowresp:3'
	AWS_ENDPOINT_URL_STS=$S3_URL lists
	[ "$(grep -c '#' "$FAULT_LOG")" = 1 ]
}

@test "keys that the server calls expired are asked for once more" {
	STRICT_TOKEN=good strict_start
	cat >process <<-END
	#!/bin/sh
	echo asked >>$PWD/process.log
	token=good
	[ "\$(wc -l <$PWD/process.log)" != 1 ] || token=expired-1
	[ -z "\$WORN" ] || token=expired-2
	printf '{"Version": 1, "AccessKeyId": "STRICTKEY", "SecretAccessKey":
	    "strict/secret", "SessionToken": "%s", "Expiration": "%s"}' \
	    \$token 2999-01-01T00:00:00Z
	END
	chmod +x process
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	export AWS_CONFIG_FILE=$PWD/config
	printf '[default]\ncredential_process = %s/process\n' "$PWD" >config
	run -0 --separate-stderr bk-s3rm <<<s3://bucket/key
	[ -z "$stderr" ]
	[ "$(wc -l <process.log)" = 2 ]
	WORN=1 run -1 --separate-stderr bk-s3rm <<<s3://bucket/key
	one_line_error bk-s3rm
	[[ $stderr == *ExpiredToken* ]]
	# those that cannot be renewed
	AWS_ACCESS_KEY_ID=STRICTKEY AWS_SECRET_ACCESS_KEY=strict/secret \
	    AWS_SESSION_TOKEN=expired-3 \
	    run -1 --separate-stderr bk-s3rm <<<s3://bucket/key
	one_line_error bk-s3rm
	[[ $stderr == *"session token has expired"* ]] || { echo "$stderr"; false; }
}
