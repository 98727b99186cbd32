#!/usr/bin/env bats
# bk-crypt: the tool as its page promises it.  Exhaustive damage: t/unit/crypt_*
load support/common

setup_file() {
	export D=$BATS_FILE_TMPDIR
	cd "$D"
	bk-keygen -o key
	bk-keygen -o key2
	R=$(bk-keygen -y key) R2=$(bk-keygen -y key2)
	export R R2
	perl -e 'srand 7; print pack "C*", map { int rand 256 } 1 .. 300000' \
	    >plain
	printf 'a pass phrase\n' >pass
	printf 'another\n' >pass2
	chmod 600 pass pass2
	bk-crypt -r "$R" <plain >bk.enc
	bk-crypt -r "$R" --age <plain >age.enc
	bk-crypt --passphrase-file pass <plain >pass.enc
}

setup() { cd "$D"; }

# refused STATUS CMD...: fails with it, says one line, leaves nothing behind
refused() {
	local status_wanted=$1
	shift
	run -"$status_wanted" --separate-stderr "$@"
	one_line_error bk-crypt || { echo "$stderr"; return 1; }
}

@test "both suites, files and pipes, there and back" {
	for f in bk.enc age.enc; do
		bk-crypt -d -i key <$f | cmp - plain
		cat $f | bk-crypt -d -i key >out
		cmp out plain
	done
	for n in 1 65535 65536 65537; do
		head -c $n plain | bk-crypt -r "$R" | bk-crypt -d -i key |
		    cmp - <(head -c $n plain)
		head -c $n plain | bk-crypt --age -r "$R" |
		    bk-crypt -d -i key | cmp - <(head -c $n plain)
	done
	: >empty
	bk-crypt -r "$R" <empty | bk-crypt -d -i key >out
	[ ! -s out ]
}

@test "the public age vectors; post-quantum ones do not match" {
	NPM=$("$SUPPORT/npm.sh" cctv-age@0.2.0) || skip "$NPM"
	vectors=$NPM/node_modules/cctv-age/index.js
	# npm has compared with what the registry says, no more
	sha256=3b795b89c8500746cdb23abf7176511683d31b5a50129676267aab2346bf161c
	sha256sum -c <<<"$sha256  $vectors"
	run -0 node "$SUPPORT/age-vectors.js" "$vectors" key
	[ "$output" = "143 vectors" ] || { echo "$output"; return 1; }
}

@test "age and bk-crypt read one another" {
	age -d -i key <age.enc | cmp - plain
	age -r "$R" <plain | bk-crypt -d -i key | cmp - plain
	age -a -r "$R" <plain | bk-crypt -d -i key | cmp - plain
	age -r "$R2" -r "$R" <plain | bk-crypt -d -i key | cmp - plain
	bk-crypt --age -r "$R" -r "$R2" --bare <plain | age -d -i key2 |
	    cmp - plain
	age-keygen -o agekey 2>/dev/null
	bk-crypt --age -r "$(age-keygen -y agekey)" --bare <plain |
	    age -d -i agekey | cmp - plain
	bk-crypt -d -i agekey < <(age -r "$(bk-keygen -y agekey)" plain) |
	    cmp - plain
	run -0 age-keygen -y key
	[ "$output" = "$R" ]
}

# on_tty LINES CMD...: run CMD on a terminal of its own; at each prompt type the
# next of LINES, which '|' separates.  Prints what the terminal showed.
on_tty() {
	python3 - "$@" <<-'EOF'
	import os, pty, sys
	lines = sys.argv[1].split('|')
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[2], sys.argv[2:])
	said, prompts = b'', 0
	try:
	    while True:
	        said += os.read(fd, 1024)
	        while lines and said.count(b': ') > prompts:
	            os.write(fd, lines.pop(0).encode() + b'\n')
	            prompts += 1
	except OSError:
	    pass
	sys.stdout.write(said.decode())
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOF
}

@test "a passphrase asked for on the terminal: twice to encrypt, never shown" {
	long
	run -0 on_tty 'se cret|se cret' sh -c 'bk-crypt -p <plain >tty.enc'
	[[ $output != *cret* ]]
	run -0 on_tty 'se cret' sh -c 'bk-crypt -d -p <tty.enc >out'
	[[ $output != *cret* ]]
	cmp out plain
	run -2 on_tty 'se cret|sa cret' sh -c 'bk-crypt -p <plain >out'
	[[ $output == *"two entries do not match"* ]]
	[ ! -s out ]
	run -3 on_tty '|' sh -c 'bk-crypt -p <plain >out'
	# ^Z: the shell would have a terminal without echo, fg one with it
	run -0 on_tty $'\x1ase cret|se cret' bash -mc 'bk-crypt -p <plain >z.enc'
	BK_PASSPHRASE='se cret' bk-crypt -d <z.enc | cmp - plain
	refused 1 setsid -w bk-crypt -p <plain
	[[ $stderr == *"--passphrase-file"* ]]
	bk-crypt --age --passphrase-file pass <plain >pass.age.enc
	run -0 on_tty 'a pass phrase' sh -c 'age -d -o out pass.age.enc'
	cmp out plain
	run -0 on_tty 'a b|a b' sh -c 'age -p -o agep.enc plain'
	BK_PASSPHRASE='a b' bk-crypt -d <agep.enc | cmp - plain
}

@test "a passphrase from file, descriptor, environment" {
	long
	bk-crypt -d --passphrase-file pass <pass.enc | cmp - plain
	bk-crypt -d --passphrase-fd 7 <pass.enc 7<pass | cmp - plain
	bk-crypt -d --passphrase-file <(cat pass) <pass.enc | cmp - plain
	BK_PASSPHRASE='a pass phrase' bk-crypt -d <pass.enc | cmp - plain
	BK_PASSPHRASE=x bk-crypt -p <pass2 | BK_PASSPHRASE=x bk-crypt -d -p |
	    cmp - pass2
	refused 3 bk-crypt -d --passphrase-file pass2 <pass.enc
	[[ $stderr == *"wrong passphrase"* ]] && [ -z "$output" ]
	refused 3 bk-crypt -d -i key <pass.enc
	[[ $stderr == *"--passphrase-file"* ]]
	refused 3 bk-crypt -d --passphrase-file pass <bk.enc
	[[ $stderr == *"give an identity"* ]]
}

@test "a passphrase in the environment is not there for long" {
	[ -r /proc/self/environ ] || skip "no /proc"
	wiped() {
		[ "$(cat "/proc/$1/comm")" = bk-crypt ] &&
		    [ "$(grep -ca topsecret "/proc/$1/environ")" = 0 ]
	}
	mkfifo slow
	BK_PASSPHRASE=topsecret bk-crypt <slow >env.enc 3>&- &
	pid=$!		# $! is another one once await has waited
	exec 4>slow
	await wiped $pid
	cat plain >&4
	exec 4>&-
	wait $pid
	BK_PASSPHRASE=topsecret bk-crypt -d <env.enc | cmp - plain
}

@test "a passphrase file that is empty, long, binary, readable, or not there" {
	: >empty; printf '\n\nx' >blank; printf 'a\0b\n' >nul
	head -c 1100 /dev/zero | tr '\0' x >long
	cp pass open
	chmod 600 empty blank nul long
	chmod 640 open
	for f in empty blank nul long open; do
		refused 3 bk-crypt --passphrase-file $f <plain
		[ -z "$output" ]
	done
	[[ $stderr == *"open: "*"chmod 600 it"* ]]
	refused 1 bk-crypt --passphrase-file missing <plain
}

@test "key files: 0600 or stricter, well-formed, kinds unknown here tolerated" {
	for mode in 644 640 604 620 601; do
		install -m $mode key open
		refused 3 bk-crypt -d -i open <bk.enc
		[[ $stderr == *"chmod 600 it"* ]] && [ -z "$output" ]
	done
	install -m 400 key open
	bk-crypt -d -i open <bk.enc | cmp - plain
	bk-crypt -d -i <(cat key) <bk.enc | cmp - plain
	{ echo; echo '# two'; grep AGE key2; printf '%s\r\n' "$(grep AGE key)"
	} >both
	sed 's/^AGE-SECRET-KEY-1./&Q/' key >typo
	{ cat key; echo AGE-SECRET-KEY-1NONSENSE; } >half
	echo '# nothing' >none
	{ echo AGE-SECRET-KEY-PQ-1QQQ; echo AGE-PLUGIN-X-1QQQ; } >others
	cat others key >mixed
	chmod 600 both typo half none others mixed
	bk-crypt -d -i both <bk.enc | cmp - plain
	bk-crypt -d -i mixed <bk.enc | cmp - plain
	bk-crypt -d -i key2 -i key <bk.enc | cmp - plain
	for f in typo half none others; do
		refused 3 bk-crypt -d -i $f <bk.enc
		[ -z "$output" ]
		[[ $stderr != *SECRET-KEY-1[A-Z0-9][A-Z0-9]* ]]
	done
	[[ $stderr == *"post-quantum"* ]]
	refused 1 bk-crypt -d -i missing <bk.enc
	refused 3 bk-crypt -d -i key2 <bk.enc
	[[ $stderr == *"no identity matches"* ]] && [ -z "$output" ]
}

@test "recipients: several, from files, from the environment; typos named" {
	printf '# ours\n\n%s\n%s\r\n' "$R2" "$R" >list
	bk-crypt -R list <plain >two.enc
	for k in key key2; do bk-crypt -d -i $k <two.enc | cmp - plain; done
	bk-crypt -r "$R2" -R list <plain | bk-crypt -d -i key | cmp - plain
	BK_RECIPIENTS="$R2, $R" bk-crypt <plain | bk-crypt -d -i key |
	    cmp - plain
	BK_RECIPIENTS="$D/list" bk-crypt <plain |
	    BK_IDENTITY="$D/key" bk-crypt -d | cmp - plain
	BK_RECIPIENTS=$R2 bk-crypt -r "$R" <plain >one.enc
	refused 3 bk-crypt -d -i key2 <one.enc

	typo=${R%?}q
	[ "$typo" != "$R" ] || typo=${R%?}p
	printf '%s\n%s\n' "$R" "$typo" >badlist
	refused 2 bk-crypt -r "$R" -r "$typo" <plain
	[[ $stderr == *"$typo"* ]] && [ -z "$output" ]
	refused 2 bk-crypt -R badlist <plain
	[[ $stderr == *"badlist: line 2"*"$typo"* ]]
	BK_RECIPIENTS=$typo refused 2 bk-crypt <plain
	refused 2 bk-crypt -r "$(grep AGE key)" <plain
	[[ $stderr != *AGE-SECRET* ]]
	refused 2 bk-crypt -r "age1pq1$R" <plain
	refused 2 bk-crypt -r AGE1QQ <plain
	# the point at zero
	refused 2 bk-crypt -r age1"$(printf 'q%.0s' {1..52})"5cu47z <plain
	[[ $stderr == *"weak key"* ]]
	refused 2 bk-crypt -R /dev/null <plain
	printf "$R\n%.0s" {1..9000} >many
	refused 2 bk-crypt -R many <plain
	[[ $stderr == *"recipients: too many for one header"* ]]
	refused 1 bk-crypt -R missing <plain
}

@test "what takes no end is refused: a passphrase, a line of the header" {
	refused 3 env BK_PASSPHRASE="$(printf 'a%.0s' {1..1025})" bk-crypt -d <pass.enc
	[[ $stderr == *"BK_PASSPHRASE: more than 1024 bytes" ]]
	for f in bk.enc age.enc; do
		{ head -n 1 $f; printf -- '-> X25519 '; head -c 2000000 /dev/zero |
		    tr '\0' a; } >long
		refused 3 bk-crypt -d -i key <long
		[[ $stderr == *"it is too long"* ]]
	done
}

@test "usage errors" {
	usage "give -r" bk-crypt
	usage "give -i" bk-crypt -d
	usage "not both" bk-crypt -d --rewrap -i key
	usage "not for -d" bk-crypt -d -i key -r "$R"
	usage "recognizes" bk-crypt -d -i key --age
	usage "public key" bk-crypt -i key
	usage "not both" bk-crypt -r "$R" --bare --seal
	usage "not both" bk-crypt -r "$R" -p
	usage "only one of -p" bk-crypt -p --passphrase-file pass
	usage "no file names" bk-crypt -r "$R" plain
	usage "standard input" bk-crypt -R -
	usage "passphrase-fd" bk-crypt --passphrase-fd x
	usage "give -i" bk-crypt --rewrap -r "$R"
	usage "give -r" bk-crypt --rewrap -i key
	usage "--rewrap with" bk-crypt --rewrap -i key -r "$R" -p
	usage "--rewrap with" bk-crypt --rewrap -p
	usage "-d demands a signature with --signer" bk-crypt -d -i key --sign k
	usage "sign with --sign" bk-crypt -r "$R" --signer keys
	usage "--rewrap cannot sign age" bk-crypt --rewrap -i key -r "$R" \
	    --signature s
	usage "--signature is for" bk-crypt -r "$R" --signature s
	usage "" bk-crypt --nonsense
	run -2 on_tty '' bk-crypt -r "$R"
	run -2 on_tty '' sh -c 'bk-crypt -d -i key >out'
	run -0 bk-crypt --help
	[[ $output == "Example: "* ]] && [ "${#lines[@]}" -le 40 ]
	run -0 bk-crypt --version
}

@test "rewrap: the header only, both suites, keys and passphrases" {
	for f in bk.enc age.enc; do
		bk-crypt --rewrap -i key -r "$R2" <$f >new.enc
		# the payload stays; in our suite the nonces of the marks do not
		cmp <(tail -c 300064 $f | head -c -68) \
		    <(tail -c 300064 new.enc | head -c -68)
		[ $f = age.enc ] || [ "$(seal_of $f)" != "$(seal_of new.enc)" ]
		bk-crypt -d -i key2 <new.enc | cmp - plain
		refused 3 bk-crypt -d -i key <new.enc
		bk-crypt --rewrap -i key -r "$R" -r "$R2" <$f |
		    bk-crypt -d -i key2 | cmp - plain
	done
	bk-crypt --rewrap -i key --passphrase-file pass <bk.enc >new.enc
	bk-crypt -d --passphrase-file pass <new.enc | cmp - plain
	bk-crypt --rewrap --passphrase-file pass -r "$R2" <new.enc |
	    bk-crypt -d -i key2 | cmp - plain
	refused 3 bk-crypt --rewrap -i key2 -r "$R" <bk.enc
	[ -z "$output" ]
	head -c 200000 bk.enc >cut.enc
	run -3 --separate-stderr sh -c \
	    "bk-crypt --rewrap -i key -r $R2 <cut.enc >out"
	one_line_error bk-crypt
	run ! grep -q "$(closing_word)" out
	bk-crypt --rewrap -i key -r "$R2" <age.enc >new.enc
	age -d -i key2 new.enc | cmp - plain
}

@test "the label goes into the header, and survives a rewrap" {
	label='(db=shop;at=20261122T131415Z;run=0123456789abcdef)'
	{ marked_head "${label:1:-1}"; echo ' y'; closing_mark; } >labelled
	bk-crypt -r "$R" <labelled >l.enc
	run -0 head -1 l.enc
	[ "$output" = "bk-crypt/v1 $(opening_word)$(seal_of l.enc)" ]
	[[ $output == *"$label" && $output != *$SUM* ]]
	bk-crypt -d -i key <l.enc | cmp - labelled
	bk-crypt --rewrap -i key -r "$R2" <l.enc >l2.enc
	run -0 head -1 l2.enc
	[[ $output == *"$label" && $(seal_of l2.enc) != "$(seal_of l.enc)" ]]
	bk-crypt --age -r "$R" --seal <labelled >l.age
	[[ $(seal_of l.age) == *"$label" ]]
	bk-crypt --rewrap -i key -r "$R2" --seal <l.age >l2.age
	[[ $(seal_of l2.age) == *"$label" ]]
	bk-crypt -d -i key2 --seal <l2.age >l
	[[ $(seal_of l) == *"$label" ]]
	sed '1s/shop/shoq/' l.enc >forged
	refused 3 bk-crypt -d -i key <forged
	[[ $stderr == *altered* ]]
}

@test "envelopes: for age in a pipe only, unless asked" {
	envelope() { [ "$(head -c 32 "$1")" = "$(opening_word)" ]; }
	bk-crypt --age -r "$R" <plain | cat >piped
	envelope piped
	ends piped
	run ! envelope age.enc
	bk-crypt --age --bare -r "$R" <plain | cat >bare
	run ! envelope bare
	bk-crypt --age --seal -r "$R" <plain >sealed
	envelope sealed
	bk-crypt -r "$R" <plain | cat >bk
	run ! envelope bk
	bk-crypt -d -i key --seal <bk.enc >sealed-plain
	envelope sealed-plain
	cmp plain <(tail -c +99 sealed-plain | head -c -68)
	for f in piped bare sealed bk; do
		bk-crypt -d -i key <$f | cmp - plain
	done
	bk-crypt --rewrap -i key -r "$R2" <piped | cat >piped2
	envelope piped2
	head -c -1 piped >cut
	refused 3 bash -o pipefail -c 'bk-crypt -d -i key <cut | cat >/dev/null'
	refused 3 bk-crypt -d -i key --sealed <bare
	bk-crypt -d -i key --sealed <sealed | cmp - plain
}

@test "an unfinished input gets no end" {
	refused 3 bash -o pipefail -c ": | bk-crypt -r $R"
	for opts in "" --age; do
		run -3 --separate-stderr bash -c \
		    "bk-seal sh -c 'cat plain; exit 1' 2>/dev/null |
		    bk-crypt $opts -r $R --seal >out"
		one_line_error bk-crypt
		[[ $stderr == *unfinished* ]]
		run ! grep -q "$(closing_word)" out
		run ! bk-crypt -d -i key <out
	done
	run -3 bk-crypt -r "$R" --sealed <plain
}

@test "killed in the middle: whoever decrypts finds out" {
	mkfifo fifo
	bash -o pipefail -c "bash -c 'echo \$\$ >pid; exec bk-crypt -r $R' <fifo |
	    bk-crypt -d -i key >out 2>err; echo \$? >status" &
	exec 9>fifo
	cat plain plain plain >&9
	await test -s pid
	kill -9 "$(cat pid)"
	exec 9>&-
	wait
	[ "$(cat status)" = 3 ]
	[ "$(wc -l <err)" = 1 ]
	cmp out <(cat plain plain plain | head -c "$(stat -c %s out)")
}

@test "damage: what was authentic before it comes out, never a closing mark" {
	perl -0777 -pe 'substr($_, 200000, 1) ^= "\x01"' <bk.enc >bad.enc
	run -3 --separate-stderr sh -c 'bk-crypt -d -i key <bad.enc >out'
	one_line_error bk-crypt
	[[ $stderr == *"chunk 3"* ]]
	cmp out <(head -c 196608 plain)
	# the inner stream's end is authentic, but garbage follows
	{ marked_head; head -c 65366 plain; closing_mark; } >inner
	{ bk-crypt --age -r "$R" --bare <inner; echo x; } >long.age
	run -3 sh -c 'bk-crypt -d -i key <long.age >out'
	cmp -n $(($(stat -c %s inner) - 68)) out inner
	[[ $(tail -c 2560 out) == *'nothing from here on is data'* ]]
}

@test "empty, foreign and short input" {
	for f in /dev/null plain pass; do
		refused 3 bk-crypt -d -i key <$f
		[ -z "$output" ]
	done
	printf 'age-encryption.org/v2\n-> X\n' >v2
	refused 3 bk-crypt -d -i key <v2
}

@test "a full disk, a closed pipe" {
	refused 1 bash -c "bk-crypt -r $R <plain >/dev/full"
	refused 1 bash -c 'bk-crypt -d -i key <bk.enc >/dev/full'
	refused 1 bash -c "bk-crypt --rewrap -i key -r $R <bk.enc >/dev/full"
	run -1 --separate-stderr bash -c "set +o pipefail
	    { head -c 50000000 /dev/zero | bk-crypt -r $R; echo \$? >&3; } \
	    3>status | head -c 10 >/dev/null; exit \$(cat status)"
	[ -z "$stderr" ]
}

@test "memory: under 16 MB however long the stream" {
	if sanitized; then skip "a sanitizer has memory of its own"; fi
	head -c 100000000 /dev/zero |
	    /usr/bin/time -f %M -o rss bk-crypt -r "$R" >big.enc
	[ "$(cat rss)" -lt 16000 ]
	/usr/bin/time -f %M -o rss bk-crypt -d -i key <big.enc >/dev/null
	[ "$(cat rss)" -lt 16000 ]
	rm big.enc
}

@test "the page's examples" {
	printf '%s\n' "$R" >recipients.txt
	cp key key.txt
	cp pass pass.txt
	mkdir -p data there
	cp plain data/
	export BK_RECIPIENTS=$D/recipients.txt BK_IDENTITY=$D/key.txt
	bk-seal head -c 200000 plain | bk-gz | bk-crypt >shop.bk
	bk-crypt -d <shop.bk | bk-gz -d | cmp - <(head -c 200000 plain)
	bk-seal tar -cf - data | bk-crypt >data.tar.bk
	(cd there && bk-crypt -d <../data.tar.bk | tar -xf -)
	cmp plain there/data/plain
	tar -cf data.tar data
	printf '%s\n' "$R2" >>recipients.txt
	bk-crypt --rewrap -i key.txt -R recipients.txt <data.tar.bk >new.bk
	bk-crypt -d -i key2 <new.bk | tar -xOf - data/plain | cmp - plain
	bk-crypt --passphrase-file pass.txt <data.tar >data.tar.bk
	bk-crypt -d --passphrase-file pass.txt <data.tar.bk | cmp - data.tar
	bk-crypt --age -r "$R" <data.tar >data.tar.age
	age -d -i key.txt <data.tar.age | cmp - data.tar
	rm data.tar.age
	bk-keygen --sign -o host.key
	bk-keygen -y host.key >hosts.pub
	bk-crypt --age -R recipients.txt --sign host.key \
	    --signature data.tar.age.sig < data.tar > data.tar.age
	minisign -V -P "$(sed -n '1s/.* //p' data.tar.age.sig)" \
	    -m data.tar.age -x data.tar.age.sig
	bk-seal cat data.tar | bk-gz | bk-crypt --sign host.key > shop.bk
	bk-crypt -d --signer hosts.pub < shop.bk | bk-gz -d --seal |
	    bk-save out.tar && cmp out.tar data.tar
}
