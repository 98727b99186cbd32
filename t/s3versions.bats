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

# urls: what bk-s3get takes for each record of a version or marker.
urls() { sed -E 's/^[^\t]*\t[^\t]*\t([^\t]*).*\t(version|marker)=([^\t]*).*/\1?versionId=\3/'; }

# ids: names and IDs alone, as bk-s3rm prints them.
ids() { sed -E 's/^[^\t]*\t[^\t]*\t([^\t]*).*(\t(version|marker)=[^\t]*).*/\1\2/'; }

@test "a version has an ID, which get and rm take" {
	local i
	for i in 1 22 333; do printf %s $i | put a/k; done
	printf x | put a/other
	run -0 --separate-stderr bk-s3ls --versions s3://backups/a/
	[ "${#lines[@]}" = 4 ]
	[[ $output != *$'\n'*'k\t'* && -z $stderr ]]
	bk-s3ls --versions s3://backups/a/k >list
	[ "$(cut -f 2 list | sort -n | tr '\n' ' ')" = '1 2 3 ' ]
	urls <list >all
	run -0 grep -c '^s3://backups/a/k?versionId=.' all
	[ "$output" = 3 ]
	[ "$(while read -r v; do bk-s3get "$v"; echo; done <all | sort -n |
	    tr '\n' ' ')" = '1 22 333 ' ]
	# one of them, by the record; the current one stays
	awk '$2 == 2' list | bk-s3rm -v >gone
	cmp gone <(awk '$2 == 2' list | ids)
	run -0 bk-s3ls --versions s3://backups/a/k
	[ "${#lines[@]}" = 2 ]
	[ "$(bk-s3get s3://backups/a/k)" = 333 ]
	run -4 --separate-stderr bk-s3get "$(awk '$2 == 2' list | urls)"
	one_line_error bk-s3get
	run -0 --separate-stderr bk-s3rm <gone
	# the last one brings the one before it back
	awk '$2 == 3' list | bk-s3rm
	[ "$(bk-s3get s3://backups/a/k)" = 1 ]
	BK_AUDIT_LOG=audit bk-s3get "$(awk '$2 == 1' list | urls)" >/dev/null
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
	[ "$(bk-s3get "$(urls <versions)")" = old ]
	bk-s3ls --markers s3://backups/m/ >markers
	[ "$(wc -l <markers)" = 1 ]
	run -4 --separate-stderr bk-s3get "$(urls <markers)"
	one_line_error bk-s3get
	fault_start '* /m/k all status:405:MethodNotAllowed'	# as AWS has it
	run -4 --separate-stderr bk-s3get "$(urls <markers)"
	one_line_error bk-s3get
	[[ $stderr == *'delete marker'* ]]
	fault_stop
	bk-s3rm <markers
	[ "$(bk-s3get s3://backups/m/k)" = old ]
	# -n is about names alone
	run -0 bk-s3rm -n <versions
	[ "$output" = "$(ids <versions)" ]
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
	[ "$(ids <<<"$output" | sort -u | wc -l)" = 1082 ]
	[ "$(urls <<<"$output" | grep -cF "s3://backups/$odd?versionId=")" = 2 ]
	bk-s3ls --versions s3://backups/v/ | bk-s3rm
	run -4 bk-s3ls --versions s3://backups/v/
	run -4 bk-s3ls --markers s3://backups/v/
}

# Ceph sends the key after which a page begins as it is, and all others encoded.
@test "long: pages that end at a key with a percent sign, or a plus" {
	local key
	printf x >x
	for key in db%252Fx/k 'a%2Bb'; do
		s3_send PUT "/backups/w/$key?n=[1-1005]" x -Z
		s3_curl POST "/backups/w/$key?n=[1-1005]&uploads=" -Z -o /dev/null
	done
	s3_send PUT /backups/w/db/x/k x
	bk-s3ls --versions s3://backups/w/ >list
	[ "$(ids <list | sort -u | wc -l)" = 2011 ]
	bk-s3ls --uploads s3://backups/w/ >uploads
	[ "$(sort -u uploads | wc -l)" = 2010 ]
	bk-s3rm <list
	bk-s3rm <uploads
	run -4 bk-s3ls --uploads s3://backups/w/
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
	bk-s3ls --versions s3://backups/p/ | names >left
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
	[[ $stderr == *'s3://locked/a version='*': not deleted: AccessDenied'* ]]
	[ "$(bk-s3ls --versions s3://locked/ | wc -l)" = 1 ]
}

@test "a bucket without versions: each object has one" {
	printf x | bk-s3put s3://plain/a
	run -0 bk-s3ls --versions s3://plain/
	[ "$(ids <<<"$output")" = $'s3://plain/a\tversion=null' ]
	[ "$(bk-s3get 's3://plain/a?versionId=null')" = x ]
	printf 's3://plain/a\tversion=null\n' | bk-s3rm
	run -4 bk-s3ls s3://plain/
}

@test "a version that was replaced, or is no longer that size, stays" {
	printf old | bk-s3put s3://plain/r
	bk-s3ls --versions s3://plain/r >list
	printf new | bk-s3put --overwrite s3://plain/r
	run -3 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[[ $stderr == *'has changed since it was listed'* ]]
	[ "$(bk-s3get s3://plain/r)" = new ]
	printf x | put r/v
	bk-s3ls --versions s3://backups/r/v | sed 's/\t1\t/\t2\t/' >list
	run -3 bk-s3rm <list
	bk-s3rm <<<s3://backups/r/v
	bk-s3ls --markers s3://backups/r/v | sed 's/\t0\t/\t1\t/' >list
	run -3 bk-s3rm <list
	[ "$(bk-s3ls --versions s3://backups/r/v | wc -l)" = 1 ]
}

@test "a key that ends like a version of another deletes nothing" {
	local key=e/shop-20261031T040000Z.bk id
	echo good | put $key
	echo newer | put e/shop-20261101T040000Z.bk
	bk-s3ls --versions s3://backups/$key >good
	id=$(urls <good)
	# what an intruder can do who may only store
	echo evil | put "$key?versionId=${id##*=}"
	bk-s3ls s3://backups/e/ >list
	[ "$(wc -l <list)" = 3 ]
	bk-prune -l 1 --min-keep 1 --min-stored 0 --require-fresh 0 \
	    --first-run <list >gone
	[ "$(names <gone)" = "s3://backups/$key" ]
	grep -F '\u003fversionId=' list | tee evil | bk-s3rm
	bk-s3ls --versions s3://backups/$key | grep -v u003f | cmp - good
	[ "$(bk-s3get s3://backups/$key)" = good ]
	run -4 bk-s3ls "s3://backups/$key?versionId="
	# nor as a name alone, escaped or not
	echo "s3://backups/$key?versionId=${id##*=}" >bare
	run -3 --separate-stderr bk-s3rm <bare
	one_line_error bk-s3rm
	sed 's/?/\\u003f/' bare | bk-s3rm
	bk-s3get "$id" | grep -qx good
	[ "$(bk-s3get s3://backups/$key)" = good ]
}

# proof NAME INSTANT RESULT: what bk-verify says of that dump, now.
proof() {
	local now
	now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	mkdir -p receipts
	printf '{"bk":"receipt","version":1,"database":"shop","at":"%s",' "$2" \
	    >"receipts/$1.receipt.json"
	printf '"result":"%s","started":"%s","finished":"%s"}' "$3" "$now" \
	    "$now" >>"receipts/$1.receipt.json"
}

# tick: until the next second, which is all that LastModified tells.
tick() { await bash -c '[ "$(date +%s)" -gt '"$(date +%s)"' ]'; }

@test "what is stored over a proven backup does not cost it" {
	local key=o/shop-20261031T040000Z.bk i
	echo good | put $key
	proof a 2026-10-31T04:00:00Z proven
	tick
	for i in {1..6}; do echo evil | put $key; done
	tick
	proof b 2026-10-31T04:00:00Z 'not proven'
	echo newer | put o/shop-20261101T040000Z.bk
	bk-s3ls --versions s3://backups/o/ >list
	# the order of storing survives what becomes of the lines
	[ "$(head -n 7 list | grep -c $'\tstored=20.*\tversion=')" = 7 ]
	[ "$(head -n 1 list | cut -f 2)" = 5 ]
	[ "$(bk-s3get "$(head -n 1 list | urls)")" = good ]
	prune() { bk-prune -l 1 --min-keep 1 --require-fresh 0 --first-run "$@"; }
	for order in cat tac sort 'sort -r'; do
		$order <list >other
		prune --min-stored 0 --receipts receipts <other >gone
		[ ! -s gone ]
		prune --min-stored 0 <other >gone
		[ "$(wc -l <gone)" = 7 ]
	done
	prune <list >gone		# what was stored lately keeps the rest
	[ ! -s gone ]
	prune --min-stored 0 --receipts receipts --explain <list >why
	[ "$(grep -c $'^keep.*\tlast proven$' why)" = 1 ]
	[ "$(grep -c $'^keep.*\tof the same name$' why)" = 6 ]
	# two backups, one of them proven, and then not
	run -2 bk-age --json --min-size 0 --receipts receipts <list
	[[ $output == *'"count":{"status":"OK","value":2,'* ]]
	[[ $output == *'"proven":"20'*'"refuted":"20'* ]]
	bk-s3ls --versions s3://backups/o/ | sort -r |
	    prune --min-stored 0 | bk-s3rm
	[ "$(bk-s3ls --versions s3://backups/o/ | wc -l)" = 1 ]
}

@test "an object and its versions in one listing cannot be told apart" {
	printf x | put two/shop-20261031T040000Z.bk
	{ bk-s3ls s3://backups/two/; bk-s3ls --versions s3://backups/two/; } >list
	run -3 --separate-stderr bk-prune -l 1 <list
	one_line_error bk-prune
	[[ $stderr == *'by its versions'* ]]
	bk-s3rm <<<s3://backups/two/shop-20261031T040000Z.bk
	bk-s3ls --markers s3://backups/two/ >list
	run -3 bk-prune -l 1 <list
	run -3 bk-age <list
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
