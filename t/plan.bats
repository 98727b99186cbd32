#!/usr/bin/env bats
# Plans: nothing is deleted but what several people have signed
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	local who
	for who in ann bob eve; do
		bk-keygen --sign -o $who.key
	done
	for who in ann bob; do
		bk-keygen -y $who.key
	done >approvers
	local i
	for ((i = 9; i >= 0; i--)); do
		printf '%s\t1000\ts3://backups/shop/shop-%s.bk\n' \
		    "$(date -u -d "-1 hour -$i days" +%Y-%m-%dT%H:%M:%SZ)" \
		    "$(date -u -d "-1 hour -$i days" +%Y%m%dT%H%M%SZ)"
	done >list
}

# refused STATUS COMMAND...: that status, nothing on stdout, one line of why.
refused() {
	local status_wanted=$1
	shift
	run -"$status_wanted" --separate-stderr "$@"
	[ -z "$output" ]
	one_line_error "$1" || { echo "$stderr"; return 1; }
}

@test "two people: one makes the plan, another approves it" {
	run -0 --separate-stderr bk-prune -d 5 --plan plan --key ann.key <list
	[ -z "$output$stderr" ]
	[ "$(sed -n 1p plan)" = bk-plan/v1 ]
	[ "$(sed -n 4p plan)" = 'place default' ]
	[ "$(sed -n 5p plan)" = 'policy -d 5 --plan plan --key ann.key' ]
	[ "$(sed -n 6p plan)" = \
	    "listing 10 records, sha256 $(sha256sum <list | cut -c 1-64)" ]
	sed -n '8,/^end$/p' plan | sed -n 1,5p | cmp - <(head -n 5 list)
	refused 3 bk-s3rm -n --plan plan --approvers approvers </dev/null
	[[ $stderr == *"plan: 1 of 2 required approvals"* ]]
	sed '/^end$/q' plan >signed
	run -0 --separate-stderr bk-keygen --approve plan bob.key
	[ "$output" = "$(<signed)" ]	# it shows what it signs
	[ -z "$stderr" ]
	# again, nothing is added
	cp plan before
	bk-keygen --approve plan bob.key | cmp - signed
	cmp plan before
	run -1 sh -c 'bk-keygen --approve plan eve.key >/dev/full'
	cmp plan before
	bk-s3rm -n --plan plan --approvers approvers >gone
	head -n 5 list | cut -f 3 | cmp - gone
	# standard input is not for what nobody has signed
	echo s3://backups/other | bk-s3rm -n --plan plan --approvers approvers |
	    cmp - gone
}

@test "the audit log tells who made, approved and carried out which plan" {
	export BK_AUDIT_LOG=$PWD/audit.log
	bk-prune -d 5 --plan plan --key ann.key <list
	bk-keygen --approve plan bob.key
	bk-s3rm -n --plan plan --approvers approvers >names
	[ "$(jq -c '[.operation, .type, .source, .destination]' audit.log)" = \
'["bk-prune","retention","standard input","plan"]
["bk-keygen","approve","bob.key","plan"]
["bk-s3rm","list","plan",null]' ]
}

@test "one person twice, or a stranger, is not two" {
	bk-prune -d 5 --plan plan --key ann.key <list
	bk-keygen --approve plan ann.key
	tail -n 1 plan >>plan
	refused 3 bk-s3rm -n --plan plan --approvers approvers
	bk-keygen --approve plan eve.key
	refused 3 bk-s3rm -n --plan plan --approvers approvers
	bk-s3rm -n --plan plan --approvers approvers --need 1 >gone
	[ -s gone ]
	refused 3 bk-s3rm -n --plan plan --approvers approvers --need 3
}

@test "a plan that was changed is refused" {
	bk-prune -d 5 --plan plan --key ann.key <list
	bk-keygen --approve plan bob.key
	sed 's/^delete 5/delete 6/; /^end/i '"$(sed -n 6p list)" plan >more
	refused 3 bk-s3rm -n --plan more --approvers approvers
	[[ $stderr == *"was the plan changed?" ]]
	# nobody is made to sign what another has not
	cp more before
	refused 3 bk-keygen --approve more eve.key
	[[ $stderr == *"was the plan changed?" ]]
	cmp more before
	# two who approve at once
	bk-prune -d 5 --plan both --key eve.key <list
	bk-keygen --approve both ann.key >/dev/null &
	bk-keygen --approve both bob.key >/dev/null
	wait $!
	bk-s3rm -n --plan both --approvers approvers >gone
	[ "$(wc -l <gone)" = 5 ]
	refused 3 bk-keygen --approve list ann.key
	refused 3 bk-s3rm -n --plan /dev/null --approvers approvers
}

@test "a plan is for one place" {
	sed 's,s3://,,' list >relative
	refused 3 bk-prune -d 5 --plan plan --key ann.key <relative
	[[ $stderr == *"not a path from the root; list directories by their full"* ]]
	{ cat list; sed 's,s3://,/,' list; } >mixed
	refused 3 bk-prune -d 5 --plan plan --key ann.key <mixed
	[[ $stderr == *"/backups/shop/shop-"*": not an object, and others are" ]]
	[ ! -e plan ]
	sed 's,$,\tat=https://s3.test,' list >there
	bk-prune -d 5 --plan a --key ann.key <there
	grep -qx 'place https://s3.test' a
	{ head -n 5 there; tail -n 5 list; } >mixed
	tac mixed >mixed.back
	refused 3 bk-prune -d 5 --plan b --key ann.key <mixed.back
	[[ $stderr == *"is not at default, as others are; make a plan for each"* ]]
	sed 's,s3://,/,' list | bk-prune -d 5 --plan c --key ann.key
	grep -qx 'place files' c
}

@test "what a terminal would hide is neither planned nor approved" {
	bk-prune -d 5 --plan real --key ann.key <list
	sed '8s/shop-/shop-\r\x1b[2K/' real >plan
	refused 3 bk-keygen --approve plan bob.key
	[[ $stderr == *"a control character, which could hide"* ]]
	refused 3 bk-s3rm --plan plan --approvers approvers
	# a raw byte, which a terminal of 8 bits obeys
	LC_ALL=C sed '8s/shop-/shop-\x9b2K/' real >plan
	refused 3 bk-keygen --approve plan bob.key
	refused 3 bk-s3rm --plan plan --approvers approvers
	# in a plan of ours they are seen
	printf '%s\t1000\ts3://backups/shop/shop-\u202e%s.bk\n' \
	    2026-10-01T02:15:03Z 20261001T021503Z >>list
	printf '%s\t1000\ts3://backups/shop/shop-\x9b%s.bk\n' \
	    2026-10-01T02:15:04Z 20261001T021504Z >>list
	rm plan
	bk-prune -d 5 --first-run --group '*' --plan plan --key ann.key <list
	bk-keygen --approve plan bob.key >shown
	grep -qF 's3://backups/shop/shop-\u202e20261001T021503Z.bk' shown
	grep -qF 's3://backups/shop/shop-\x9b20261001T021504Z.bk' shown
	run -1 env LC_ALL=C grep -q $'[\x80-\xff]' shown
}

@test "no plan where a guard refuses, and none overwritten" {
	refused 3 bk-prune -d 1 --plan plan --key ann.key <list
	[ ! -e plan ]
	chmod 644 ann.key
	refused 3 bk-prune -d 5 --plan plan --key ann.key <list
	[ ! -e plan ]
	refused 3 bk-prune -d 5 --plan plan --key approvers <list
	refused 1 bk-prune -d 5 --plan plan --key none <list
	refused 1 bk-prune -d 5 --plan no/such/plan --key bob.key <list
	bk-prune -d 5 --plan plan --key bob.key <list
	cp plan before
	refused 1 bk-prune -d 6 --plan plan --key bob.key <list
	cmp plan before
	refused 1 bk-prune -d 6 --plan /dev/full --key bob.key <list
}

@test "usage errors" {
	run -2 bk-prune -d 5 --plan plan <list
	run -2 bk-prune -d 5 --key ann.key <list
	run -2 bk-prune -d 5 --explain --plan plan --key ann.key <list
	run -2 bk-s3rm --plan plan
	run -2 bk-s3rm --approvers approvers </dev/null
	run -2 bk-s3rm --need 2 </dev/null
	run -2 bk-s3rm --plan plan --approvers approvers --need 0
	run -2 bk-keygen --approve plan
	run -2 bk-keygen --approve plan ann.key bob.key
	run -2 bk-keygen --approve plan -o out ann.key
	run -2 bk-keygen --sign -y
}

@test "a signing key is one of its own kind" {
	[ "$(stat -c %a ann.key)" = 600 ]
	[[ $(bk-keygen -y ann.key) =~ ^bksign1[a-z0-9]{58}$ ]]
	[ "$(bk-keygen -y <ann.key)" = "$(sed -n 's/# public key: //p' ann.key)" ]
	bk-keygen -o age.key
	refused 3 bk-keygen --split 2/3 ann.key
	refused 3 bk-keygen --approve list age.key
	cat ann.key bob.key >two.key
	chmod 600 two.key
	refused 3 bk-keygen -y two.key
	run -0 grep -c BK-SIGN-KEY-1 two.key
	[ "$output" = 2 ]
}
