#!/usr/bin/env bats
# Versions and delete markers: listed, fetched, deleted, in a bucket that keeps
# them, on a Ceph RADOS Gateway; and the age filter of listings.

load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	s3_mb plain
	echo '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' \
	    >"$BATS_FILE_TMPDIR/on"
	s3_send PUT '/backups?versioning=' "$BATS_FILE_TMPDIR/on"
}
teardown_file() { rgw_stop; }
setup() { cd "$BATS_TEST_TMPDIR"; }
teardown() { fault_stop; }

put() { bk-s3put --overwrite "s3://backups/$1"; }
names() { cut -f 3; }

@test "a version has a name, which get and rm take" {
	local i
	for i in 1 22 333; do printf %s $i | put a/k; done
	printf x | put a/other
	run -0 --separate-stderr bk-s3ls --versions s3://backups/a/
	[ "${#lines[@]}" = 4 ]
	[[ $output != *$'\n'*'k\t'* && -z $stderr ]]
	bk-s3ls --versions s3://backups/a/k >list
	[ "$(cut -f 2 list | sort -n | tr '\n' ' ')" = '1 2 3 ' ]
	names <list >all
	run -0 grep -c '^s3://backups/a/k?versionId=.' all
	[ "$output" = 3 ]
	[ "$(while read -r v; do bk-s3get "$v"; echo; done <all | sort -n |
	    tr '\n' ' ')" = '1 22 333 ' ]
	# one of them, by the record; the current one stays
	awk '$2 == 2' list | bk-s3rm -v >gone
	cmp gone <(awk '$2 == 2' list | names)
	run -0 bk-s3ls --versions s3://backups/a/k
	[ "${#lines[@]}" = 2 ]
	[ "$(bk-s3get s3://backups/a/k)" = 333 ]
	run -4 --separate-stderr bk-s3get "$(<gone)"
	one_line_error bk-s3get
	run -0 --separate-stderr bk-s3rm <gone
	# the last one brings the one before it back
	awk '$2 == 3' list | bk-s3rm
	[ "$(bk-s3get s3://backups/a/k)" = 1 ]
	BK_AUDIT_LOG=audit bk-s3get "$(awk '$2 == 1' list | names)" >/dev/null
	grep -q '"source":"s3://backups/a/k?versionId=' audit
}

@test "a delete marker goes, and what it hid is back" {
	printf old | put m/k
	run -4 bk-s3ls --markers s3://backups/m/
	bk-s3rm <<<s3://backups/m/k
	run -4 bk-s3get s3://backups/m/k
	run -4 bk-s3ls s3://backups/m/
	bk-s3ls --versions s3://backups/m/ >versions
	[ "$(wc -l <versions)" = 1 ]
	[ "$(bk-s3get "$(names <versions)")" = old ]
	bk-s3ls --markers s3://backups/m/ >markers
	[ "$(wc -l <markers)" = 1 ]
	run -4 --separate-stderr bk-s3get "$(names <markers)"
	one_line_error bk-s3get
	fault_start '* /m/k all status:405:MethodNotAllowed'	# as AWS has it
	run -4 --separate-stderr bk-s3get "$(names <markers)"
	one_line_error bk-s3get
	[[ $stderr == *'delete marker'* ]]
	fault_stop
	bk-s3rm <markers
	[ "$(bk-s3get s3://backups/m/k)" = old ]
	# -n is about names alone
	run -0 bk-s3rm -n <versions
	[ "$output" = "$(names <versions)" ]
}

@test "thousands of versions of odd keys, page by page" {
	local odd='v/a b+c&d%e<f>'
	printf x >x
	s3_send PUT '/backups/v/k[1001-2040]' x -Z
	s3_send PUT '/backups/v/k[1001-1040]' x -Z
	printf x | put "$odd"
	printf y | put "$odd"
	run -0 bk-s3ls --versions s3://backups/v/
	[ "${#lines[@]}" = 1082 ]
	[ "$(names <<<"$output" | sort -u | wc -l)" = 1082 ]
	[ "$(names <<<"$output" | grep -cF "s3://backups/$odd?versionId=")" = 2 ]
	bk-s3ls --versions s3://backups/v/ | bk-s3rm
	run -4 bk-s3ls --versions s3://backups/v/
	run -4 bk-s3ls --markers s3://backups/v/
}

@test "pruning in a versioned bucket frees what it lets go" {
	local n
	for n in 5 4 3 2 1; do
		printf %s $n | put "p/shop-$(date -u -d "-$n hour" \
		    +%Y%m%dT%H%M%SZ).bk"
	done
	# the examples of the manuals, with fewer to keep
	bk-s3ls s3://backups/p/ | bk-prune -l 3 --min-stored 0 | bk-s3rm
	[ "$(bk-s3ls s3://backups/p/ | wc -l)" = 3 ]
	[ "$(bk-s3ls --versions s3://backups/p/ | wc -l)" = 5 ]
	bk-s3ls s3://backups/p/ | names >kept
	bk-s3ls --versions s3://backups/p/ | bk-prune -l 3 --min-stored 0 | bk-s3rm
	bk-s3ls --versions s3://backups/p/ | names | sed 's/?versionId=.*//' >left
	cmp kept left
	bk-s3ls s3://backups/p/ | bk-s3rm
	bk-s3ls --markers s3://backups/p/ | bk-s3rm
	bk-s3ls s3://backups/p/ | names | cmp - kept
}

@test "a lock keeps its version, and that is said" {
	local until
	s3_curl PUT /locked -H 'x-amz-bucket-object-lock-enabled: true'
	until=$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)
	printf x >x
	s3_send PUT /locked/a x -H 'x-amz-object-lock-mode: COMPLIANCE' \
	    -H "x-amz-object-lock-retain-until-date: $until"
	printf y | bk-s3put s3://locked/b
	bk-s3ls --versions s3://locked/ >list
	run -1 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[[ $stderr == *'s3://locked/a?versionId='*': not deleted: AccessDenied'* ]]
	[ "$(bk-s3ls --versions s3://locked/ | wc -l)" = 1 ]
}

@test "a bucket without versions: each object has one" {
	printf x | bk-s3put s3://plain/a
	run -0 bk-s3ls --versions s3://plain/
	[ "$(names <<<"$output")" = 's3://plain/a?versionId=null' ]
	[ "$(bk-s3get 's3://plain/a?versionId=null')" = x ]
	echo 's3://plain/a?versionId=null' | bk-s3rm
	run -4 bk-s3ls s3://plain/
}

@test "--older leaves out what is younger" {
	printf x | bk-s3put s3://plain/o/a
	s3_curl POST '/plain/o/u?uploads=' >/dev/null
	for kind in '' --versions --uploads; do
		run -0 bk-s3ls $kind --older 0 s3://plain/o/
		[ "${#lines[@]}" = 1 ]
		run -4 --separate-stderr bk-s3ls $kind --older 2d s3://plain/o/
		[ -z "$output" ]
	done
	run -2 bk-s3ls --older x s3://plain/
	run -2 bk-s3ls --versions --uploads s3://plain/
	run -2 bk-s3ls --versions --markers s3://plain/
}
