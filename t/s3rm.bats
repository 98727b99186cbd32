#!/usr/bin/env bats
# bk-s3rm on real servers: batches, refusals, uploads, input that is none.
load support/common
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	s3_mb other
	printf 0123456789 >"$BATS_FILE_TMPDIR/ten"
}
teardown_file() { rgw_stop; }
setup() { cd "$BATS_TEST_TMPDIR"; }
teardown() {
	fault_stop
	strict_stop
	swift_stop "$BATS_TEST_TMPDIR/swift"
}

# put BUCKET/KEY [CURL-OPTION]: an object of ten bytes; curl fills in a [1-9].
put() { s3_send PUT "/$1" "$BATS_FILE_TMPDIR/ten" "${@:2}"; }

# requests METHOD: how many of them the gateway has logged so far.
requests() { grep -c "\"$1 /" "$S3_DIR/log/client.rgw.log" || :; }

@test "names and records, objects of several buckets" {
	put 'backups/a[1-3]'
	put 'other/a[1-3]'
	{
		echo s3://backups/a1
		bk-s3ls s3://other/a1
		echo
		bk-s3ls s3://backups/a2
	} >list
	run -0 --separate-stderr bk-s3rm <list
	[ -z "$output$stderr" ]
	[ "$(s3_keys backups)" = a3 ]
	[ "$(s3_keys other)" = $'a2\na3' ]
}

@test "what was listed at one endpoint is not deleted at another" {
	local other=${AWS_ENDPOINT_URL/127.0.0.1/localhost}
	put 'backups/place[1-3]'
	bk-s3ls s3://backups/place >list
	# its fields survive what people do with listings
	sort -r list | tail -n 2 | grep place >part
	AWS_ENDPOINT_URL=$other run -3 --separate-stderr bk-s3rm <part
	one_line_error bk-s3rm
	[[ $stderr == *"s3://backups/place"?" was listed at $AWS_ENDPOINT_URL, but the endpoint here is $other; nothing was deleted" ]]
	# nor is what was listed at the provider's own, or elsewhere
	sed 's/\tat=.*//' list >part
	run -3 --separate-stderr bk-s3rm <part
	[[ $stderr == *"was listed at the provider's own, but"* ]]
	[ "$(s3_keys backups place | wc -l)" = 3 ]
	# a name alone says no place
	printf 's3://backups/place%s\n' 1 | AWS_ENDPOINT_URL=$other bk-s3rm
	AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL/ bk-s3rm <list
	[ -z "$(s3_keys backups place)" ]
}

@test "what is no longer what was listed is not deleted, nor is the rest" {
	put 'backups/since[1-3]'
	bk-s3ls s3://backups/since >list
	sed '2s/\t10\t/\t11\t/' list >larger
	run -3 --separate-stderr bk-s3rm <larger
	one_line_error bk-s3rm
	[[ $stderr == *"since2: has changed since it was listed (stored 20"* ]]
	# other bytes of that size
	printf 9876543210 >back
	s3_send PUT /backups/since2 back
	run -3 --separate-stderr bk-s3rm <list
	[[ $stderr == *"since2: has changed since it was listed (stored 20"* ]]
	cut -f 3- list >named
	run -3 bk-s3rm <named
	[ "$(s3_keys backups since | wc -l)" = 3 ]
	# one that is gone is gone
	echo s3://backups/since2 | bk-s3rm
	bk-s3rm <list
	[ -z "$(s3_keys backups since)" ]
}

@test "an approved plan, and nothing but it" {
	put 'backups/plan/x-2026110[1-8]'
	bk-keygen --sign -o ann.key
	bk-keygen --sign -o bob.key
	{ bk-keygen -y ann.key; bk-keygen -y bob.key; } >approvers
	bk-s3ls s3://backups/plan/ |
	    bk-prune -l 4 --min-stored 0 --plan plan --key ann.key
	run -3 bk-s3rm --plan plan --approvers approvers
	[ "$(s3_keys backups plan/ | wc -l)" = 8 ]
	bk-keygen --approve plan bob.key
	# another server's objects are not meant
	AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL/127.0.0.1/localhost} run -3 \
	    --separate-stderr bk-s3rm --plan plan --approvers approvers
	one_line_error bk-s3rm
	[[ $stderr == *"but the endpoint here is http://localhost:"* ]]
	[ "$(s3_keys backups plan/ | wc -l)" = 8 ]
	AWS_ENDPOINT_URL=$AWS_ENDPOINT_URL/ run -0 --separate-stderr \
	    bk-s3rm --plan plan --approvers approvers
	[ -z "$output$stderr" ]
	[ "$(s3_keys backups plan/ | wc -l)" = 4 ]
	s3_keys backups plan/ | sed 's,^,s3://backups/,' |
	    { run ! grep -Ff - plan; }
	# what has taken a name since is not what was approved
	printf 'another' >another
	gone=$(sed -n 's,.*/\(x-[^\t]*\).*,\1,p' plan | sed -n 1p)
	s3_send PUT "/backups/plan/$gone" another
	run -3 --separate-stderr bk-s3rm --plan plan --approvers approvers
	one_line_error bk-s3rm
	[[ $stderr == *"plan/$gone: has changed since it was listed (stored 20"* ]]
	[ "$(s3_keys backups plan/ | wc -l)" = 5 ]
	# nor is a later one of the same size, at the old time in its name
	put backups/old/x-20261001T000000Z
	put backups/old/x-20261002T000000Z
	rm plan
	bk-s3ls s3://backups/old/ | bk-prune -l 1 --require-fresh 0 --min-keep 0 \
	    --min-stored 0 --plan plan --key ann.key
	bk-keygen --approve plan bob.key
	await after_the_plan
	put backups/old/x-20261001T000000Z
	run -3 --separate-stderr bk-s3rm --plan plan --approvers approvers
	[[ $stderr == *"x-20261001T000000Z: has changed since it was listed"* ]]
	[ "$(s3_keys backups old/ | wc -l)" = 2 ]
}

# The clock shows another second than that in which the plan was made.
after_the_plan() { [ "$(date -u +%Y-%m-%dT%H:%M:%SZ)" != "$(sed -n 's/^made //p' plan)" ]; }

@test "2,500 objects go in three requests" {
	long
	put 'backups/many/k[1001-3500]' -Z
	before=$(requests POST)
	run -0 --separate-stderr bash -c \
	    'bk-s3ls s3://backups/many/ | bk-s3rm'
	[ -z "$output$stderr" ]
	[ -z "$(s3_keys backups many/)" ]
	[ $(($(requests POST) - before)) = 3 ]
}

@test "keys as odd as they come, also those that XML cannot hold" {
	put 'backups/odd/a%20b%2Bc%26d%25e%3Cf%3E%22%27%5C%5D%5D%3E'
	put 'backups/odd/%C3%BC%E2%82%AC'
	put 'backups/odd/line%0Abreak%09tab%0D'
	put 'backups/odd/%01%7F'
	put 'backups/odd/plain'
	run -0 bk-s3ls s3://backups/odd/
	[ "${#lines[@]}" = 5 ]
	run -0 --separate-stderr bk-s3rm -v <<<"$output"
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 5 ]
	[[ $output == *'s3://backups/odd/line\nbreak\ttab\r'* ||
	    $output == *'s3://backups/odd/line\nbreak\ttab\u000d'* ]]
	[ -z "$(s3_keys backups odd/)" ]
}

@test "what is not there is gone already; nothing to do is done" {
	run -0 --separate-stderr bk-s3rm -v <<-'END'
	s3://backups/never-was
	s3://backups/nor-this
	END
	[ -z "$stderr" ]
	[ "$(sort <<<"$output")" = $'s3://backups/never-was\ns3://backups/nor-this' ]
	run -0 --separate-stderr bk-s3rm </dev/null
	[ -z "$output$stderr" ]
}

@test "a dry run deletes nothing and needs no server" {
	put 'backups/dry[1-2]'
	bk-s3ls s3://backups/dry >list
	AWS_ENDPOINT_URL=http://127.0.0.1:1 run -0 --separate-stderr \
	    bk-s3rm -n <list
	[ "$output" = $'s3://backups/dry1\ns3://backups/dry2' ]
	[ "$(s3_keys backups dry)" = $'dry1\ndry2' ]
}

@test "each object that a lock or policy keeps is named, the others go" {
	cat >policy <<-'END'
	{"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
	 "Principal": "*", "Action": "s3:DeleteObject",
	 "Resource": "arn:aws:s3:::kept/keep*"}]}
	END
	s3_mb kept
	put 'kept/keep[1-2]'
	put 'kept/go[1-2]'
	s3_send PUT '/kept?policy=' policy
	run -1 --separate-stderr bash -c 'bk-s3ls s3://kept | bk-s3rm'
	[ -z "$output" ]
	[ "$(sort <<<"$stderr")" = "bk-s3rm: s3://kept/keep1: not deleted: AccessDenied
bk-s3rm: s3://kept/keep2: not deleted: AccessDenied" ]
	[ "$(s3_keys kept)" = $'keep1\nkeep2' ]
	echo s3://kept/keep1 >list
	run -1 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[[ $stderr == *AccessDenied* ]]
}

@test "a locked version stays, behind a delete marker" {
	s3_curl PUT /locked -H 'x-amz-bucket-object-lock-enabled: true'
	until=$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)
	put locked/a -H 'x-amz-object-lock-mode: COMPLIANCE' \
	    -H "x-amz-object-lock-retain-until-date: $until"
	echo s3://locked/a >list
	run -0 bk-s3rm <list
	run -4 bk-s3ls s3://locked/
	[[ $(s3_curl GET '/locked?versions=') == *"<Version>"* ]]
}

@test "input that is refused deletes nothing" {
	put 'backups/safe[1-2]'
	for bad in a3 s3://backups s3://backups/ s3://b/x s3:/backups/x \
	    $'2026-11-21T05:27:19Z\ts3://backups/safe2' 's3://backups/a\q'; do
		printf 's3://backups/safe1\n%s\ns3://backups/safe2\n' "$bad" >list
		run -3 --separate-stderr bk-s3rm <list
		one_line_error bk-s3rm
		[ -z "$output" ]
	done
	printf 's3://backups/safe1\ns3://backups/safe2' >list
	run -3 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[[ $stderr == *"has no newline"* ]]
	printf 's3://backups/safe1\n\0s3://backups/safe2\n' >list
	run -3 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[ "$(s3_keys backups safe)" = $'safe1\nsafe2' ]
}

@test "unfinished uploads are aborted by the names that bk-s3ls gives" {
	s3_curl POST '/backups/up/a%3Fb?uploads=' >/dev/null
	s3_curl POST '/backups/up/c?uploads=' >/dev/null
	put backups/up/c
	[ "$(s3_uploads backups)" = 2 ]
	bk-s3ls --uploads s3://backups/up/ >list
	run -0 --separate-stderr bk-s3rm -v <list
	[ -z "$stderr" ]
	[ "$output" = "$(cut -f3-4 list)" ]
	[ "$(s3_uploads backups)" = 0 ]
	[ "$(s3_keys backups up/)" = up/c ]
	# and once more: those that have gone are gone
	run -0 --separate-stderr bk-s3rm <list
	[ -z "$stderr" ]
}

@test "a request that fails is repeated; the server's own trouble too" {
	put 'backups/again[1-3]'
	bk-s3ls s3://backups/again | cut -f 3 >list
	fault_start 'POST delete 1 status:503:SlowDown' \
	    'POST delete 1 lost:rst' 'POST delete 1 err200:InternalError'
	run -0 --separate-stderr bk-s3rm <list
	[ -z "$stderr" ]
	[ -z "$(s3_keys backups again)" ]
	[ "$(grep -c '#' "$FAULT_LOG")" = 3 ]
}

@test "a server without DeleteObjects gets a request for each" {
	put 'backups/one[1-4]'
	bk-s3ls s3://backups/one | cut -f 3 >list
	sed -i $'2a s3://backups/two\\tupload=none' list	# makes two batches
	fault_start 'POST delete all status:501:NotImplemented' \
	    'DELETE one3 all status:403:AccessDenied'
	run -1 --separate-stderr bk-s3rm <list
	one_line_error bk-s3rm
	[[ $stderr == *"s3://backups/one3: not deleted: AccessDenied"* ]]
	[ "$(s3_keys backups one)" = one3 ]
	[ "$(grep -c POST "$FAULT_LOG")" = 1 ]
}

@test "an answer of 200 is read: what it does not tell is not deleted" {
	strict_start
	put 'bucket/moody[1-2]'
	printf 's3://bucket/%s\n' a moody1 mute b moody2 >list
	run -1 --separate-stderr bk-s3rm -v <list
	one_line_error bk-s3rm
	[[ $stderr == *"s3://bucket/mute: not deleted: the server's answer"* ]]
	[ "$(sort <<<"$output")" = "$(grep -v mute list | sort)" ]
	run s3_curl HEAD /bucket/moody1
	[[ $output == *404* ]]
}

@test "a bucket that is not there, a server that is not there" {
	run -1 --separate-stderr bk-s3rm <<-'END'
	s3://no-such-bucket/a
	s3://no-such-bucket/b
	END
	one_line_error bk-s3rm
	[[ $stderr == *NoSuchBucket* ]]
	run -1 --separate-stderr bk-s3rm <<<s3://no-such-bucket/a
	one_line_error bk-s3rm
	AWS_ENDPOINT_URL=http://127.0.0.1:1 run -1 --separate-stderr \
	    bk-s3rm --retry-for 0 <<<s3://backups/a
	one_line_error bk-s3rm
}

@test "the examples of the manual" {
	# stands in for a policy: all but what was stored last
	mkdir tools
	printf '#!/bin/sh\nsort | sed \\$d\n' >tools/bk-prune
	chmod +x tools/bk-prune
	PATH=$PWD/tools:$PATH
	put 'backups/shop/[1-3].bk'
	put backups/shop/old.bk
	run -0 bash -c 'bk-s3ls s3://backups/shop/ | sort | tail -n 1 | cut -f 3'
	[[ $output == s3://backups/shop/* ]]
	echo s3://backups/shop/old.bk | bk-s3rm
	run -0 bash -c 'bk-s3ls s3://backups/shop/ |
	    bk-prune -d 30 -m 12 -y 7 | bk-s3rm -n'
	[ "${#lines[@]}" = 2 ]
	[ "$(s3_keys backups shop/ | wc -l)" = 3 ]
	run -0 bash -c 'bk-s3ls s3://backups/shop/ |
	    bk-prune -d 30 -m 12 -y 7 | bk-s3rm'
	[ "$(s3_keys backups shop/ | wc -l)" = 1 ]
	s3_curl POST '/backups/up/x?uploads=' >/dev/null
	run -4 --separate-stderr bash -c 'set -o pipefail
	    bk-s3ls --uploads --older 2d s3://backups/ | bk-s3rm'
	[ "$(s3_uploads backups)" = 1 ]
	run -0 bash -c 'bk-s3ls --uploads s3://backups/ | bk-s3rm'
	[ "$(s3_uploads backups)" = 0 ]
}

@test "a full disk under -n and -v" {
	put 'backups/full[1-2]'
	bk-s3ls s3://backups/full >list
	seq -f s3://backups/%0400g 20 >long
	for list in list long; do
		run -1 --separate-stderr sh -c 'bk-s3rm -n <$1 >/dev/full' - $list
		one_line_error bk-s3rm
	done
	run -1 --separate-stderr sh -c 'bk-s3rm -v <list >/dev/full'
	one_line_error bk-s3rm
}

@test "a usage error is 2 and reads nothing" {
	for args in s3://backups/a --nope '--retry-for soon'; do
		run -2 --separate-stderr bk-s3rm $args <<<s3://backups/a
		[[ $stderr == *"usage: bk-s3rm "* ]]
	done
	run -0 bk-s3rm --help
	[ "${#lines[@]}" -le 40 ]
	[[ ${lines[0]} == "Example: "* ]]
	run -0 bk-s3rm --version
}

@test "Swift, which insists on Content-MD5" {
	long
	swift_start "$BATS_TEST_TMPDIR/swift"
	s3_mb backups
	put 'backups/a[1-3]'
	s3_curl POST '/backups/up?uploads=' >/dev/null
	run -0 --separate-stderr bash -c '{ bk-s3ls s3://backups
	    bk-s3ls --uploads s3://backups; } | bk-s3rm -v'
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 4 ]
	[ -z "$(s3_keys backups)" ]
	[ "$(s3_uploads backups)" = 0 ]
}
