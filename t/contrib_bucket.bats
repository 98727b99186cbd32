#!/usr/bin/env bats
# contrib/terraform on a real gateway: what the bucket does by itself.

load support/common
load support/s3

setup_file() {
	export TF=$TOP/contrib/terraform
	CLASSES="GLACIER_IR DEEP_ARCHIVE" rgw_start
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR"
	echo backup >sql
}

teardown() { rgw_stop "$BATS_TEST_TMPDIR/tls"; }

# rules: lifecycle.json for a database shop.
rules() { sed s/DATABASE/shop/g "$TF/lifecycle.json"; }

# lifecycle_xml: lifecycle.json on standard input as the XML that the API takes.
lifecycle_xml() {
	jq -r 'def xml: to_entries[] |
	    if .key == "Rules" or .key == "Transitions" then
		.key[:-1] as $k | .value[] | "<\($k)>" + ([xml] | add) + "</\($k)>"
	    elif .value | type == "object" then
		"<\(.key)>" + ([.value | xml] | add) + "</\(.key)>"
	    else "<\(.key)>\(.value)</\(.key)>" end;
	    "<LifecycleConfiguration>" + ([xml] | add) +
	    "</LifecycleConfiguration>"'
}

# put_sub BUCKET SUBRESOURCE FILE
put_sub() {
	s3_send PUT "/$1?$2=" "$3" \
	    -H "Content-MD5: $(openssl md5 -binary "$3" | base64)"
}

@test "lifecycle: the server takes it, and no rule deletes a backup by its age" {
	s3_mb backups
	rules | lifecycle_xml >lifecycle.xml
	put_sub backups lifecycle lifecycle.xml
	[ "$(s3_curl GET '/backups?lifecycle=' | grep -o '<Rule>' | wc -l)" = 4 ]
	jq -e '[.Rules[].Expiration // empty | keys[]] ==
	    ["ExpiredObjectDeleteMarker"]' "$TF/lifecycle.json"
	sed 's/Transition>/Tranzition>/g' lifecycle.xml >slip.xml
	run ! put_sub backups lifecycle slip.xml
}

# swept: one round of the gateway's lifecycle, a day taking a second, has left
# what it should.
swept() {
	"$SUPPORT/rgw.sh" admin "$S3_DIR" lc process --rgw-lc-debug-interval=1 \
	    --rgw-lc-max-worker=1 --rgw-lc-max-wp-worker=1
	[[ $(s3_curl GET '/rules?versions=') != *daily/deleted* ]] &&
	    [ "$(s3_uploads rules)" = 0 ] &&
	    [[ $(s3_curl HEAD "/rules/shop/monthly/1") == *GLACIER_IR* ]]
}

@test "lifecycle: it aborts and forgets, and backups stay" {
	s3_mb rules
	echo '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' >on
	put_sub rules versioning on
	for key in daily/kept daily/deleted weekly/1 monthly/1 yearly/1; do
		bk-s3put "s3://rules/shop/$key" <sql
	done
	bk-s3rm <<<s3://rules/shop/daily/deleted
	s3_curl POST '/rules/shop/daily/unfinished?uploads=' >/dev/null
	[[ $(s3_curl GET '/rules?versions=') == *daily/deleted* ]]
	# a day each, but for what is to stay a little
	rules | jq '
	    (.Rules[] | .AbortIncompleteMultipartUpload.DaysAfterInitiation,
		.NoncurrentVersionExpiration.NoncurrentDays |
		select(. != null)) = 1 |
	    (.Rules[].Transitions[]?.Days) = 1' | lifecycle_xml >rules.xml
	put_sub rules lifecycle rules.xml
	await swept
	[ "$(s3_keys rules | wc -l)" = 4 ]
	[[ $(s3_curl HEAD /rules/shop/daily/kept) != *GLACIER* ]]
	[[ $(s3_curl HEAD /rules/shop/weekly/1) != *GLACIER* ]]
	[[ $(s3_curl HEAD /rules/shop/yearly/1) == *DEEP_ARCHIVE* ]]
	bk-s3get s3://rules/shop/monthly/1 | cmp - sql
}

@test "the bucket's policy lets nothing through in the clear" {
	s3_mb clear
	bk-s3put s3://clear/a <sql
	sed s/BUCKET/clear/g "$TF/bucket-policy.json" >clear.json
	s3_send PUT '/clear?policy=' clear.json
	run -1 --separate-stderr bk-s3get s3://clear/a
	[[ $stderr == *AccessDenied* ]]
	run -1 --separate-stderr bk-s3put --overwrite s3://clear/a <sql
	[[ $stderr == *AccessDenied* ]]
	TLS=1 rgw_start "$BATS_TEST_TMPDIR/tls"
	s3_mb clear
	s3_send PUT '/clear?policy=' clear.json
	bk-s3put s3://clear/a <sql
	bk-s3get s3://clear/a | cmp - sql
}

@test "Terraform makes of the files what is tested here" {
	command -v terraform >/dev/null || skip "terraform is not installed"
	terraform fmt -check -diff "$TF"
	# what needs no provider
	mkdir -p contrib/terraform
	cp -r "$TOP/contrib/iam" contrib
	cp "$TF"/{variables,locals}.tf "$TF"/*.json contrib/terraform
	cp "$TF/terraform.tfvars.example" contrib/terraform/terraform.tfvars
	cd contrib/terraform
	echo 'jsonencode({ lifecycle = { Rules = local.lifecycle },
	    policies = local.policies, bucket = local.bucket_policy,
	    replication = local.replication_role, alarms = local.alarms })' | tr '\n' ' ' |
	    terraform console >out
	jq 'fromjson' out >made
	for file in ../iam/*.json; do
		name=example-backups-$(basename "$file" .json)
		jq -S --arg n "$name" '.policies[$n] | fromjson' made >policy
		sed s/BUCKET/example-backups/g "$file" | jq -S . | cmp - policy
	done
	[ "$(jq '.policies | length' made)" = 9 ]
	jq -e '.policies["example-backups-copy-put-only"] == null' made
	jq -e '.bucket.replica | fromjson | .Statement[0].Resource[1] ==
	    "arn:aws:s3:::example-backups-copy/*"' made
	run ! grep -E 'BUCKET|REPLICA|DATABASE' made
	jq -e '.alarms | keys == ["bk-failed", "bk-old-blog", "bk-old-shop"] and
	    ."bk-old-shop".dimensions == {Database: "shop"} and
	    map(.metric) == ["BackupFailureCount", "HoursSinceLastBackup",
		"HoursSinceLastBackup"]' made
	jq .lifecycle made | lifecycle_xml >made.xml
	s3_mb terraform
	put_sub terraform lifecycle made.xml
	[ "$(s3_curl GET '/terraform?lifecycle=' | grep -o '<Rule>' | wc -l)" = 6 ]
	# every variable is used, and every one that has no default is in the example
	for name in $(sed -n 's/^variable "\(.*\)" {/\1/p' variables.tf); do
		grep -q "var\.$name\>" "$TF"/{main,locals,replication,alarms}.tf
	done
	run terraform console -no-color -var replica_region=eu-central-1 <<<1
	[[ $output == *"A copy in the same region"* ]]
	run terraform console -no-color -var lock_mode=NONE <<<1
	[[ $output == *"GOVERNANCE or COMPLIANCE"* ]]
}
