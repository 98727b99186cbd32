# For the files that run contrib's jobs on real servers, after support/pg and s3:
#
#	setup_file()	{ jobs_start; }		# server c, database shop, S3
#	teardown_file()	{ jobs_stop; }
#	setup()		{ jobs_use; }		# $servers, the files in $F
#	teardown()	{ jobs_left; }		# an empty bucket for the next
#
# $F has a key shop.key, its recipient shop.pub, and aws, a credentials file.

C=$TOP/contrib

jobs_start() {
	cd "$BATS_FILE_TMPDIR"
	pg_start c
	rgw_start
	s3_mb backups
	createdb shop
	# of more than 1 MB, the least that bk-age expects of a backup
	psql -qX -d shop -c 'create table t as select i, sha512(i::text::bytea)
	    from generate_series(1, 25000) i'
	bk-keygen -o shop.key
	bk-keygen -y shop.key >shop.pub
	printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >aws
}

jobs_stop() {
	cd "$BATS_FILE_TMPDIR"
	rgw_stop
	pg_stop c
}

# servers: what a job gets of this shell, and no more.
# shellcheck disable=SC2034	# for who sources this
jobs_use() {
	cd "$BATS_TEST_TMPDIR"
	F=$BATS_FILE_TMPDIR
	servers=("PGHOST=$PGHOST" "PGPORT=$PGPORT" "PGUSER=$PGUSER"
	    "AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL" "AWS_REGION=$AWS_REGION"
	    AWS_EC2_METADATA_DISABLED=true "PATH=$PATH"
	    "ASAN_OPTIONS=$ASAN_OPTIONS")
}

jobs_left() {
	stored '' >/dev/null
	bk-s3rm <listing
}

# stored PREFIX: print how many objects there are, and list them in listing.
stored() {
	local status=0
	bk-s3ls "s3://backups/$1" >listing 2>/dev/null || status=$?
	[ $status = 0 ] || [ $status = 4 ] || return 1
	wc -l <listing
}

# proven PREFIX: of the newest backup below PREFIX, all of them, proven.
proven() {
	bk-s3get "s3://backups/$1/latest" | bk-verify -q -i "$F/shop.key" |
	    jq -e '.result == "proven" and .rows == 25000'
}

# many TIER N: so many (up to 50) small objects of that tier's names.
many() {
	local n
	for ((n = 10; n < 10 + $2; n++)); do
		echo "s3://backups/shop/$1/shop-20260101T0000${n}Z.bk"
	done | xargs -P 8 -I NAME sh -c 'echo x | bk-s3put -q NAME'
}

# json FILE: YAML as JSON.
json() {
	python3 -c 'import json, sys, yaml
json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <"$1"
}
