#!/usr/bin/env bats
# bk-keygen: keys, recipients, shares
load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	umask 022
}

refused() {
	local status_wanted=$1
	shift
	run -"$status_wanted" --separate-stderr "$@"
	[ -z "$output" ]
	one_line_error bk-keygen || { echo "$stderr"; return 1; }
}

mode() { stat -c %a "$1"; }

# The secret of a key file, whenever it was made.
secret() { grep '^AGE-SECRET-KEY-1' "$@"; }

@test "a key file: created, public key, secret key; age reads it" {
	bk-keygen >key
	[ "$(mode key)" = 600 ]
	[ "$(wc -l <key)" = 3 ]
	[[ $(sed -n 1p key) =~ ^"# created: "20[0-9-]+T[0-9:]+Z$ ]]
	[[ $(sed -n 2p key) =~ ^"# public key: "age1[a-z0-9]{58}$ ]]
	[[ $(sed -n 3p key) =~ ^AGE-SECRET-KEY-1[A-Z0-9]{58}$ ]]
	R=$(bk-keygen -y key)
	[ "# public key: $R" = "$(sed -n 2p key)" ]
	[ "$(bk-keygen -y <key)" = "$R" ]
	[ "$(bk-keygen | tee >(cat >/dev/null) | bk-keygen -y | cut -c1-4)" = age1 ]
	echo hello | bk-crypt -r "$R" | bk-crypt -d -i key | grep hello
	[ "$(bk-keygen | secret)" != "$(bk-keygen | secret)" ]
	[ "$(age-keygen -y key)" = "$R" ]
	age-keygen -o akey 2>/dev/null
	[ "$(bk-keygen -y akey)" = "$(age-keygen -y akey)" ]
}

@test "-o: mode 0600 whatever the umask, never over a file" {
	umask 000
	run -0 bk-keygen -o key
	[ -z "$output" ]
	[ "$(mode key)" = 600 ]
	cp key before
	refused 1 bk-keygen -o key
	cmp key before
	ln -s nowhere link
	refused 1 bk-keygen -o link
	[ ! -e nowhere ]
	refused 1 bk-keygen -o no/such/dir
	refused 1 sh -c 'bk-keygen >/dev/full'
	refused 1 sh -c 'bk-keygen -y key >/dev/full'
	run -0 find . -name 'no*'
	[ -z "$output" ]
}

@test "-y: several keys, and files it refuses" {
	bk-keygen -o a
	bk-keygen -o b
	cat a b >both
	echo AGE-SECRET-KEY-PQ-1QQ >pq
	cp a open
	chmod 600 both pq
	chmod 644 open
	[ "$(bk-keygen -y both)" = "$(bk-keygen -y a; bk-keygen -y b)" ]
	refused 3 bk-keygen -y open
	[[ $stderr == *"open: "*"chmod 600 it"* ]]
	refused 3 bk-keygen -y pq
	refused 3 bk-keygen -y /dev/null
	refused 1 bk-keygen -y missing
}

@test "split and join: any enough of the shares, none fewer" {
	bk-keygen -o key
	run -0 bk-keygen --split 2/3 key -o share
	[ -z "$output" ]
	for i in 1 2 3; do
		[ "$(mode share.$i)" = 600 ]
		run -0 grep -c "$(bk-keygen -y key)" share.$i
		run ! grep -q "$(secret key | tail -c 20)" share.$i
	done
	for pair in "1 2" "1 3" "2 3" "3 1" "1 2 3" "2 2 1"; do
		set -- $pair
		bk-keygen --join "${@/#/share.}" | secret | cmp - <(secret key)
	done
	bk-keygen --join -o back share.1 share.3
	[ "$(mode back)" = 600 ]
	[ "$(bk-keygen -y back)" = "$(bk-keygen -y key)" ]
	bk-keygen --split 3/3 <key >shares
	[ "$(mode shares)" = 600 ]
	bk-keygen --join <shares | secret | cmp - <(secret key)
	refused 3 bk-keygen --join share.1
	refused 3 bk-keygen --join share.1 share.1
	refused 3 bk-keygen --join -o never share.2
	[ ! -e never ]
}

@test "shares that are mistyped, mixed, readable or none" {
	bk-keygen | bk-keygen --split 2/2 -o a
	bk-keygen | bk-keygen --split 2/2 -o b
	refused 3 bk-keygen --join a.1 b.2
	[[ $stderr == *"different keys"* ]]
	sed 's/^\(BK-SHARE-1..........\)./\1Q/' a.2 >typo
	if cmp -s typo a.2; then
		sed 's/^\(BK-SHARE-1..........\)./\1P/' a.2 >typo
	fi
	chmod 600 typo
	refused 3 bk-keygen --join a.1 typo
	[[ $stderr == *"typo: line 2"* ]]
	chmod 644 a.2
	refused 3 bk-keygen --join a.1 a.2
	refused 3 bk-keygen --join a.1 /dev/null
	[[ $stderr == *'/dev/null: contains no share '* ]]
	refused 3 sh -c ': | bk-keygen --join'
}

@test "split: into all files or none" {
	bk-keygen -o key
	echo mine >s.3
	refused 1 bk-keygen --split 2/4 key -o s
	[ "$(echo s.*)" = s.3 ]
	[ "$(cat s.3)" = mine ]
	cat key key >two
	chmod 600 two
	refused 3 bk-keygen --split 2/3 two
}

@test "a secret is not printed into somebody's file that others may read" {
	[ "$(id -u)" = 0 ] || skip 'not root'
	chmod 711 .
	refused 1 sh -c 'setpriv --reuid=65534 --regid=65534 --clear-groups bk-keygen >theirs'
	[[ $stderr == *"standard output: cannot make it private; use -o: "* ]]
	[ ! -s theirs ]
}

@test "usage errors" {
	for args in "--split 1/3" "--split 3/2" "--split 2/256" "--split 2" \
	    "--split x/3" "--split 2/" "--split -2/3" "-y --join" "-y -o f" \
	    "-y a b" "file" "--nonsense" "--split 2/3 --join"; do
		run -2 --separate-stderr bk-keygen $args </dev/null
		[ -z "$output" ]
		[[ $stderr == *"usage: bk-keygen"* ]]
	done
	run -0 bk-keygen --help
	[[ $output == "Example: "* ]] && [ "${#lines[@]}" -le 40 ]
	run -0 bk-keygen --version
}

@test "the page's examples" {
	head -c 200000 /dev/urandom >data
	bk-keygen -o key.txt
	bk-keygen -y key.txt >recipients.txt
	bk-seal cat data | bk-gz | bk-crypt -R recipients.txt >shop.bk
	bk-crypt -d -i key.txt <shop.bk | bk-gz -d | cmp - data
	bk-keygen --split 2/3 -o share key.txt
	rm key.txt
	bk-keygen --join -o key.txt share.1 share.3
	bk-crypt -d -i key.txt <shop.bk | bk-gz -d | cmp - data
	bk-crypt -d -i <(bk-keygen --join share.1 share.3) <shop.bk >shop.gz
	gunzip <shop.gz | cmp - data
}
