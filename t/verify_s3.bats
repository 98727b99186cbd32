#!/usr/bin/env bats
# bk-verify --receipts s3://...: bk-s3put stores them
load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
}

teardown_file() {
	rgw_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf '%s\n' '-- PostgreSQL database dump' 'SELECT 1;' \
	    '-- PostgreSQL database dump complete' >sql
}

@test "a receipt is stored in S3" {
	run -0 bk-verify -q -o r --receipts s3://backups/proofs/ \
	    --name shop/daily/1.bk <sql
	run -0 bk-s3ls s3://backups/proofs/
	[ "${#lines[@]}" = 1 ]
	name=$(cut -f 3 <<<"$output")
	[[ $name == *shop%2Fdaily%2F1.bk.20*T*Z.receipt.json ]]
	bk-s3get "s3://backups/${name#s3://backups/}" | cmp - r
	# by a path, it takes the bk-s3put beside itself
	run -0 env -u PATH "$(command -v bk-verify)" -q -o r --name 2 \
	    --receipts s3://backups/beside <sql
	[ "$(bk-s3ls s3://backups/beside/ | wc -l)" = 1 ]
}

@test "a receipt that is not stored is a failure" {
	AWS_SECRET_ACCESS_KEY=wrong run -1 bk-verify -q \
	    --name x --receipts s3://backups/proofs <sql
	[[ $output == *'receipt not stored'* ]]
	run -1 bk-verify -q --name x --receipts s3://nosuchbucket/proofs <sql
}

@test "receipts in S3 are read where they are written" {
	local i at name
	for i in $(seq 1 3); do
		at=$(($(date +%s) - i * 86400))
		name=s3://b/shop/shop-$(date -u -d "@$at" +%Y%m%dT%H%M%SZ).bk
		printf '%s\t9\t%s\n' "$(date -u -d "@$at" \
		    +%Y-%m-%dT%H:%M:%SZ)" "$name" >>list
		bk-verify -q --name "$name" --receipts s3://backups/seen/ <sql
	done
	bk-s3put -q s3://backups/seen/README <sql
	# a name that a listing escapes is one like any other
	bk-s3ls s3://backups/seen/ | sed -n "/receipt/{p;q}" | cut -f 3 | xargs bk-s3get >odd
	s3_send PUT '/backups/seen/a%5Cb%3FversionId%3Dx.receipt.json' odd
	run -0 bk-age -w 9d -c 20d --receipts s3://backups/seen/ <list
	[[ $output == *', proven '* ]]
	bk-prune -l 1 --min-keep 1 --min-stored 0 --max-share 99% \
	    --receipts s3://backups/seen/ <list >gone
	[ "$(wc -l <gone)" = 2 ]
	# what is none is told; what cannot be read is no absence of proofs
	bk-s3put -q s3://backups/seen/x.receipt.json <sql
	run -1 bk-age -w 9d -c 20d --receipts s3://backups/seen/ <list
	[[ $output == *'s3://backups/seen/: not a receipt: '*', proven '* ]]
	# none yet: nothing is proven
	run -2 bk-age -w 9d -c 20d --receipts s3://backups/none/ <list
	[[ $output == *'never proven'* ]]
	run -3 bk-prune -l 1 --receipts s3://backups/none/ <list
	run -1 --separate-stderr bk-prune -l 1 --receipts s3://nobucket/x/ <list
	one_line_error bk-prune
	AWS_SECRET_ACCESS_KEY=wrong run -3 bk-age -w 9d -c 20d \
	    --receipts s3://backups/seen/ <list
	[[ $output == *'UNKNOWN - receipts: '* ]]
}
