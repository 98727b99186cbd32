#!/usr/bin/env bats
# contrib/iam and contrib/policies.md on a real gateway: what each role may, what
# it may not, and that no right is one too many.

load support/common
load support/s3

setup_file() {
	local role
	export ROLES="put-only pruner restorer verifier monitor"
	export F=$BATS_FILE_TMPDIR
	CLASSES=STANDARD_IA rgw_start
	admin caps add --uid=bk --caps='user-policy=*'
	for role in db1 $ROLES; do
		admin user create --uid="$role" --display-name="$role" \
		    --access-key="AK$role" --secret-key="SK$role"
	done
	s3_curl PUT /backups -H 'x-amz-bucket-object-lock-enabled: true'
	cd "$F"
	head -c 6000000 /dev/urandom >big
	printf '%s\n' '-- PostgreSQL database dump' 'SELECT 1;' \
	    '-- PostgreSQL database dump complete' >sql
	ln -s "$TOP/contrib" contrib
	block make >make
	sh -eu make
	for role in $ROLES; do
		allow "$role" "$role.json"
	done
}

teardown_file() { rgw_stop; }
setup() { cd "$F"; }

admin() { "$SUPPORT/rgw.sh" admin "$S3_DIR" "$@" >/dev/null; }

# block WORD: the block of policies.md that begins with ```sh WORD
block() {
	awk -v begin="\`\`\`sh $1" '$0 == begin { on = 1; next } /^```/ { on = 0 } on' \
	    "$TOP/contrib/policies.md" | grep .
}

# allow USER FILE [NAME]: give USER the policy in FILE, instead of what was
# called NAME before.
allow() {
	iam "$1" PutUserPolicy "${3:-own}" --data-urlencode "PolicyDocument@$2"
}

iam() {
	curl -sS --fail-with-body -o "$F/answer" \
	    --aws-sigv4 aws:amz:us-east-1:iam \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    --data-urlencode "UserName=$1" --data-urlencode "Action=$2" \
	    --data-urlencode "PolicyName=$3" "${@:4}" "$S3_URL/"
}

# as ROLE CMD...: with the keys of the user that has this policy.
as() { AWS_ACCESS_KEY_ID=AK$1 AWS_SECRET_ACCESS_KEY=SK$1 "${@:2}"; }

# refused ROLE TOOL CMD...: it exits 1, and in one line TOOL says why.  A
# listing says that it has no end.
refused() {
	run -1 --separate-stderr as "$1" "${@:3}"
	[[ -z $output || ( $2 = bk-s3ls && $output == '!'* ) ]]
	one_line_error "$2"
	[[ $stderr == *AccessDenied* ]]
}

# forbidden ROLE METHOD PATH [CURL-OPTION...]: the server says no.
forbidden() {
	run ! as "$1" s3_curl "${@:2}"
	[[ $output == *AccessDenied* ]]
}

# The bucket itself is its owner's alone.
untouchable() {
	local sub
	for sub in acl lifecycle object-lock policy publicAccessBlock \
	    versioning; do
		forbidden "$1" PUT "/backups?$sub=" -T sql
	done
	forbidden "$1" DELETE '/backups?policy='
	forbidden "$1" DELETE /backups
}

# versions PREFIX: a line "KEY?versionId=ID" for each version.
versions() { entries Version "$1"; }
markers() { entries DeleteMarker "$1"; }
entries() {
	s3_curl GET "/backups?prefix=$(percent "$2")&versions=" |
	    sed 's/<\(Version\|DeleteMarker\)>/\n&/g' | sed -n \
	    "s,^<$1><Key>\([^<]*\)</Key><VersionId>\([^<]*\).*,\1?versionId=\2,p" |
	    sed '$a\'
}

@test "policies name each action; the server knows them all" {
	for file in contrib/iam/*.json contrib/terraform/replication-role.json; do
		jq -e '[.Statement[].Action] | flatten |
		    all(test("^s3:[A-Za-z]+$"))' "$file"
		jq -e '[.Statement[] | .Resource, .NotResource | values] | flatten |
		    all(test("^arn:aws:s3:::(BUCKET|REPLICA)(/(receipts/)?[*](.partial)?)?$"))' "$file"
	done
	# setup_file has seen each policy taken; this is what a slip looks like
	sed 's/s3:GetObject"/s3:GetObjekt"/' restorer.json >slip.json
	run ! allow db1 slip.json
	grep -q MalformedPolicyDocument answer
}

@test "put-only stores, and sees what it stored" {
	as put-only bk-s3put s3://backups/shop/daily/a <sql
	as put-only bk-s3put --part-size 5M s3://backups/shop/daily/big <big
	as restorer bk-s3get s3://backups/shop/daily/big | cmp - big
	run -1 --separate-stderr as put-only bk-s3put s3://backups/shop/daily/a <sql
	[[ $stderr == *"already exists; choose another name"* ]]
}

@test "put-only stores WAL: what there is of a segment, then more of it" {
	local seg=000000010000000000000005
	send() { wal "$@" | as put-only bk-s3put "s3://backups/wal/$1"; }
	head -c 40 sql >part
	send $seg.partial 0/5001000 part
	PRIOR=part send $seg.partial 0/5002000 sql
	as restorer bk-s3get s3://backups/wal/$seg.partial | cmp - sql
	send $seg 0/6000000 sql
	send $seg 0/6000000 sql
	run -1 send $seg 0/6000000 part
	as restorer bk-s3get s3://backups/wal/$seg | cmp - sql
}

@test "put-only, of one database alone" {
	sed 's,backups/[*],backups/shop/*,' put-only.json >one.json
	allow db1 one.json
	as db1 bk-s3put s3://backups/shop/daily/one <sql
	refused db1 bk-s3put bk-s3put s3://backups/blog/daily/one <sql
	iam db1 DeleteUserPolicy own
}

@test "put-only destroys nothing" {
	as put-only bk-s3put s3://backups/shop/daily/keep <sql
	version=$(versions shop/daily/keep)
	echo s3://backups/shop/daily/keep >list
	refused put-only bk-s3rm bk-s3rm <list
	forbidden put-only DELETE /backups/shop/daily/keep
	forbidden put-only DELETE "/backups/$version"
	forbidden put-only DELETE "/backups/$version" \
	    -H 'x-amz-bypass-governance-retention: true'
	forbidden put-only PUT '/backups/shop/daily/keep?acl=' \
	    -H 'x-amz-acl: public-read'
	forbidden put-only PUT '/backups/shop/daily/keep?retention=' -T sql
	forbidden put-only PUT '/backups/shop/daily/keep?legal-hold=' -T sql
	refused put-only bk-s3ls bk-s3ls --uploads s3://backups/
	# AWS refuses to replace; here it hides, and the version is still there
	as put-only bk-s3put --overwrite s3://backups/shop/daily/keep <sql
	versions shop/daily/keep | grep -qxF "$version"
}

@test "a wider policy beside it does not lift what is refused" {
	jq -n '{Version: "2012-10-17", Statement: [{Effect: "Allow",
	    Action: "s3:*", Resource: ["arn:aws:s3:::*"]}]}' >wide.json
	bk-s3put s3://backups/shop/daily/wide <sql
	version=$(versions shop/daily/wide)
	allow put-only wide.json wide
	allow pruner wide.json wide
	# wide it is
	run -4 as put-only bk-s3ls --uploads s3://backups/shop/
	as pruner s3_curl GET '/backups?policy=' || [ $? = 22 ]
	forbidden put-only DELETE /backups/shop/daily/wide
	untouchable put-only
	forbidden pruner GET /backups/shop/daily/wide
	forbidden pruner PUT /backups/shop/daily/more -T sql
	forbidden pruner DELETE "/backups/$version"
	untouchable pruner
	iam put-only DeleteUserPolicy wide
	iam pruner DeleteUserPolicy wide
}

@test "pruner deletes, and the owner can bring it back" {
	for day in 5 4 3 2 1; do
		bk-s3put "s3://backups/old/daily/old-$(date -u \
		    -d "-$day days" +%Y%m%dT%H%M%SZ).bk" <sql
	done
	s3_curl POST '/backups/old/unfinished?uploads=' >/dev/null
	as pruner bash -euo pipefail -c \
	    'bk-s3ls s3://backups/old/ | bk-prune -l 4 --min-stored 0 |
		bk-s3rm
	    bk-s3ls --uploads s3://backups/old/ | bk-s3rm'
	[ "$(s3_keys backups old/ | wc -l)" = 4 ]
	[ "$(versions old/ | wc -l)" = 5 ]
	run -4 bk-s3ls --uploads s3://backups/old/
	marker=$(markers old/)
	forbidden pruner DELETE "/backups/$marker"
	s3_curl DELETE "/backups/$marker"
	[ "$(s3_keys backups old/ | wc -l)" = 5 ]
}

# receipt NAME: a receipt under s3://backups/receipts/NAME/.
receipt() {
	bk-verify -q --name "s3://backups/$1" --receipts "s3://backups/receipts/$1/" \
	    <sql
}

@test "pruner reads no backup, stores nothing, undoes no lock" {
	bk-s3put --lock GOVERNANCE:1d s3://backups/shop/daily/locked <sql
	refused pruner bk-s3get bk-s3get s3://backups/shop/daily/locked
	run -1 as pruner bk-s3put s3://backups/shop/daily/new <sql
	run -1 as pruner bk-s3put --overwrite s3://backups/shop/daily/locked <sql
	forbidden pruner DELETE "/backups/$(versions shop/daily/locked)" \
	    -H 'x-amz-bypass-governance-retention: true'
	receipt shop/daily/locked
	as pruner bk-s3get "$(bk-s3ls s3://backups/receipts/shop/ | cut -f 3)"
}

@test "restorer reads, and nothing else" {
	bk-s3put s3://backups/back/daily/1 <big
	as restorer bk-s3get s3://backups/back/daily/latest | cmp - big
	refused restorer bk-s3rm bk-s3rm <<<s3://backups/back/daily/1
	refused restorer bk-s3put bk-s3put s3://backups/back/daily/2 <sql
	untouchable restorer
}

@test "verifier reads, and stores receipts and nothing else" {
	bk-s3put s3://backups/proof/daily/1 <sql
	as verifier bash -euo pipefail -c 'bk-s3get s3://backups/proof/daily/latest |
	    bk-verify -q --name proof/daily/1 --receipts s3://backups/receipts/'
	bk-s3ls s3://backups/receipts/ | grep -F proof%2Fdaily%2F1
	refused verifier bk-s3put bk-s3put s3://backups/proof/daily/2 <sql
	refused verifier bk-s3rm bk-s3rm <<<s3://backups/proof/daily/1
	untouchable verifier
}

@test "monitor lists, reads receipts, and nothing else" {
	head -c 2000000 big | bk-s3put s3://backups/seen/daily/seen-{utc}.bk
	run -0 as monitor bash -c 'bk-s3ls s3://backups/seen/ | bk-age -w 25h -c 49h'
	[[ $output == "BACKUP OK"* ]]
	receipt "$(bk-s3ls s3://backups/seen/ | cut -f 3 | cut -d / -f 4-)"
	run -0 as monitor bash -c 'bk-s3ls s3://backups/seen/ |
	    bk-age -w 25h -c 49h --receipts s3://backups/receipts/seen/'
	[[ $output == *', proven '* ]]
	refused monitor bk-s3get bk-s3get "$(bk-s3ls s3://backups/seen/ | cut -f 3)"
	refused monitor bk-s3put bk-s3put s3://backups/seen/new <sql
	refused monitor bk-s3rm bk-s3rm <<<s3://backups/seen/new
	untouchable monitor
}

# job ROLE: all that the role is there for.
job() {
	local n=$BATS_TEST_TMPDIR/n
	echo x >>"$n"
	n=$1/$(wc -l <"$n")
	case $1 in
	put-only)
		as $1 bk-s3put "s3://backups/$n/small" <sql &&
		as $1 bk-s3put --part-size 5M "s3://backups/$n/big" <big || return
		# its dump fails once the upload is open: nothing may stay,
		# parts neither
		mkfifo "$BATS_TEST_TMPDIR/open"
		for _ in {1..200}; do
			bk-s3ls --uploads "s3://backups/$n/cut" && break
		done >"$BATS_TEST_TMPDIR/open" 2>/dev/null 3>&- &
		run -3 as $1 bash -c "bk-seal sh -c \
		    'cat big; read line <$BATS_TEST_TMPDIR/open; exit 1' |
		    bk-s3put --part-size 5M s3://backups/$n/cut"
		rm "$BATS_TEST_TMPDIR/open"
		run bk-s3ls --uploads "s3://backups/$n/cut"
		[ "$status" = 4 ] ;;
	pruner)
		bk-s3put "s3://backups/$n/old" <sql || return
		s3_curl POST "/backups/$n/part?uploads=" >/dev/null || return
		receipt "$n/old" &&
		as $1 bk-s3get "$(bk-s3ls "s3://backups/receipts/$n/" | cut -f 3)" >/dev/null &&
		as $1 bash -eo pipefail -c "bk-s3ls s3://backups/$n/ | bk-s3rm
		    bk-s3ls --uploads s3://backups/$n/ | bk-s3rm" ;;
	restorer)
		bk-s3put "s3://backups/$n/a" <sql || return
		as $1 bk-s3get "s3://backups/$n/latest" | cmp - sql ;;
	verifier)
		bk-s3put "s3://backups/$n/a" <sql || return
		as $1 bk-s3get "s3://backups/$n/latest" | as $1 bk-verify -q \
		    --receipts s3://backups/receipts/ --name "$n" ;;
	monitor)
		receipt "$n" &&
		as $1 bk-s3get "$(as $1 bk-s3ls "s3://backups/receipts/$n/" |
		    cut -f 3)" >/dev/null ;;
	esac
}

@test "without any one of its rights a role cannot do its job" {
	for role in $ROLES; do
		job "$role"
		jq -r '.Statement[] | select(.Effect == "Allow").Action |
		    if type == "array" then .[] else . end' "$role.json" >actions
		while read -r action; do
			# the gateway has no archive to restore from
			[ "$action" != s3:RestoreObject ] || continue
			# refused, not left out: the gateway gives whoever stored
			# an object all rights to it
			jq --arg a "$action" '.Statement += [{Effect: "Deny",
			    Action: $a, Resource: ["arn:aws:s3:::*"]}]' \
			    "$role.json" >less.json
			allow "$role" less.json
			echo "$role without $action"
			run ! job "$role" </dev/null
		done <actions
		allow "$role" "$role.json"
	done
}

# class NAME: the storage class of an object in the bucket BUCKET.
class() {
	s3_curl HEAD "/$1" |
	    sed -n 's/^x-amz-storage-class: *\([A-Z_]*\).*/\1/Ip'
}

@test "new keys and a copy: both loops can be run again, and keep the class" {
	local name
	cd "$BATS_TEST_TMPDIR"
	s3_mb keys
	s3_mb copies
	bk-keygen -o shop.key
	bk-keygen -o new.key
	bk-keygen -y new.key >new.pub
	for name in shop/daily/shop-20260101T000000Z.bk shop/weekly/w; do
		bk-crypt -r "$(bk-keygen -y shop.key)" <"$F/sql" |
		    bk-s3put --storage-class STANDARD_IA "s3://keys/$name"
	done
	block rewrap | sed 's,s3://backups/,s3://keys/,' >rewrap
	block copy | sed 's,s3://backups/,s3://keys/,' >copy
	[ -s rewrap ] && [ -s copy ]
	sh -eu rewrap
	sh -eu rewrap
	[ "$(class keys/shop/weekly/w)" = STANDARD_IA ]
	bk-s3get s3://keys/shop/weekly/w | bk-crypt -d -i new.key | cmp - "$F/sql"
	run -3 bash -o pipefail -c \
	    'bk-s3get s3://keys/shop/weekly/w | bk-crypt -d -i shop.key'
	sh -eu copy
	name=shop/daily/shop-20260101T000000Z.bk
	[ "$(class copies/$name)" = STANDARD_IA ]
	bk-s3get s3://copies/$name | cmp - <(bk-s3get s3://keys/$name)
	sh -eu copy
	[ "$(s3_keys copies | wc -l)" = "$(s3_keys keys shop/daily/ | wc -l)" ]
}

@test "the blocks of policies.md" {
	block ceph >ceph
	bash -eu ceph
	as db1 bk-s3put s3://backups/shop/daily/by-db1 <sql
	refused db1 bk-s3rm bk-s3rm <<<s3://backups/shop/daily/by-db1
	command -v aws >/dev/null || skip "aws is not installed"
	iam db1 DeleteUserPolicy put-only
	refused db1 bk-s3put bk-s3put s3://backups/shop/daily/more <sql
	block aws >aws
	export AWS_DEFAULT_REGION=$AWS_REGION
	bash -eu aws
	as db1 bk-s3put s3://backups/shop/daily/more <sql
	block lifecycle >lifecycle
	bash -eu lifecycle
	[ "$(s3_curl GET '/backups?lifecycle=' | grep -o '<Rule>' | wc -l)" = 4 ]
}
