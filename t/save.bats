#!/usr/bin/env bats
# bk-save, bk-rm: files that are there whole or not at all.

load support/common

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir d
	head -c 3000000 /dev/urandom >in
}

teardown() {
	[ ! -d small ] || umount small || :
	[ -z "${PIDS-}" ] || kill $PIDS 2>/dev/null || :
}

# empty: nothing in d, not even a hidden file.
empty() { [ -z "$(ls -A d)" ]; }

# status_of PID: wait for it; its exit status is in $status.
status_of() { status=0; wait "$1" || status=$?; }

has_temp() { ls -A d | grep -q '^\.bk-save\.[0-9]*\.[0-9a-f]*\.tmp$'; }

# begun NAME [OPTION...]: a bk-save that waits in the middle of its input.
begun() {
	rm -f fifo
	mkfifo fifo
	bk-save "${@:2}" "d/$1" <fifo 3>&- &
	PID=$! PIDS="${PIDS-} $!"
	exec 9>fifo
	head -c 600000 in >&9
	await has_temp
}

@test "what came in is stored, mode 0600, without its envelope" {
	umask 022
	run -0 --separate-stderr bk-save d/x <in
	[ -z "$output$stderr" ]
	cmp in d/x
	[ "$(stat -c %a d/x)" = 600 ]
	[ "$(ls -A d)" = x ]
	bk-seal cat in | bk-save --sealed d/y
	cmp in d/y
	cd d && bk-save z <../in && cmp z ../in
}

@test "-v: how far it is, also while nothing comes" {
	mkfifo fifo
	bk-save -v d/x <fifo 2>err 3>&- &
	PIDS=$!
	exec 9>fifo
	head -c 600000 in >&9
	await grep -q "^.bk-save: [0-9.]*KiB" err
	exec 9>&-
	status_of $PIDS
	[ $status = 0 ]
}

@test "empty and unfinished input is 3 and leaves nothing" {
	run -3 --separate-stderr bk-save d/x </dev/null
	one_line_error bk-save
	empty
	run -3 --separate-stderr bk-save d/x < <(:)
	empty
	run -3 --separate-stderr bk-save d/x < <({ opening_mark; cat in; })
	[[ $stderr == *unfinished* ]]
	one_line_error bk-save
	empty
	bk-gz <in >gz
	local n
	for n in 200 4096 100000 $(($(stat -c %s gz) - 98)) $(($(stat -c %s gz) - 1)); do
		run -3 --separate-stderr bk-save d/x < <(head -c "$n" gz)
		one_line_error bk-save
		empty
	done
	run -3 --separate-stderr bk-save --sealed d/x <in
	one_line_error bk-save
	empty
}

@test "a file that is there stays, unless told" {
	echo old >d/x
	run -1 --separate-stderr bk-save d/x <in
	[[ $stderr == "bk-save: d/x: already exists; choose another name, or use --overwrite" ]]
	[ "$(cat d/x)" = old ]
	run -3 bk-save --overwrite d/x < <(opening_mark)
	[ "$(cat d/x)" = old ]
	bk-save --overwrite d/x <in
	cmp in d/x
	[ "$(ls -A d)" = x ]
}

@test "a link counts as a file, and is replaced itself, not its target" {
	echo old >target
	ln -s ../target d/x
	ln -s nowhere d/dangling
	run -1 bk-save d/x <in
	run -1 bk-save d/dangling <in
	[ "$(cat target)" = old ]
	bk-save --overwrite d/x <in
	[ ! -L d/x ]
	cmp in d/x
	[ "$(cat target)" = old ]
}

@test "directories, pipes and devices are not overwritten" {
	mkdir d/x
	mkfifo d/p
	run -1 --separate-stderr bk-save --overwrite d/x <in
	one_line_error bk-save
	run -1 bk-save --overwrite d/p <in
	run -1 bk-save --overwrite /dev/null <in
	[ -c /dev/null ] && [ -p d/p ] && [ -d d/x ]
	[ "$(ls -A d)" = $'p\nx' ]
}

@test "a name is made of the stream's label, the options, the environment" {
	BK_TIER=weekly PGDATABASE=env bk-save 'd/{db}/{tier}/{db}.bk' <in
	cmp in d/env/weekly/env.bk
	[ "$(stat -c %a d/env/weekly)" = 700 ]
	bk-save --db ../up --tier a/b 'd/{db}/{tier}/x' <in
	cmp in d/%2E.%2Fup/a%2Fb/x
	label='db=shop;host=db1.example.org;at=20261122T131415Z;run=0123456789abcdef'
	{ marked_head "$label"; closing_mark; } >marked
	PGDATABASE=env bk-save 'd/{db}-{utc}-{date}-{time}' <marked
	cmp marked d/shop-20261122T131415Z-2026-11-22-131415
	bk-save --db shop 'd/{db}' <marked
	bk-save 'd/{host}-{utc}' <marked	# the server's, not ours
	cmp marked d/db1.example.org-20261122T131415Z
	bk-save 'd/on-{host}' <in
	cmp in "d/on-$(uname -n | sed 's/\..*//')"
	run -3 --separate-stderr bk-save --db shop2 'd/x-{db}' <marked
	[[ $stderr == *'label says "shop"; leave out --db'* ]]
	one_line_error bk-save
	bk-save --db shop2 d/shop2 <marked	# the template is not about it
	# what bk-seal vouches for has a time and no name
	bk-seal cat in | bk-gz | PGDATABASE=env bk-save 'd/{db}-{utc}.gz'
	at=$(seal_of d/env-*.gz | grep -o 'at=[^;]*')
	[ -e "d/env-${at#at=}.gz" ]
	# a label in what is in an envelope is nobody's
	bk-seal cat marked </dev/null | PGDATABASE=env bk-save 'd/{db}-inside'
	cmp marked d/env-inside
}

@test "an increment is not stored as if it were a full base backup" {
	local label='cluster=c;at=20261122T131415Z;tli=1;start=0/5000028;parent=0/2000028'
	{ marked_head "$label"; closing_mark; } >marked
	for name in '{utc}.tar' '{date}/{db}-{time}' 20261122T131415Z; do
		run -3 --separate-stderr bk-save "d/$name" <marked
		one_line_error bk-save
		[[ $stderr == *'is an increment'*'add {chain} to it' ]]
	done
	[ -z "$(find d -type f)" ]
	bk-save 'd/{utc}-{chain}.tar' <marked
	cmp marked d/20261122T131415Z-incr.0-5000028.0-2000028.tar
	# a copy of that; nothing prunes names without a time
	bk-save d/20261122T131415Z-incr.0-5000028.0-2000028.copy <marked
	bk-save d/last <marked
	{ marked_head "${label%;parent*}"; closing_mark; } >marked
	bk-save 'd/{utc}.tar' <marked
}

@test "directories that the template spells out must be there" {
	run -1 --separate-stderr bk-save d/no/x <in
	[[ $stderr == *"d/no: no such directory"* ]]
	one_line_error bk-save
	run -1 --separate-stderr bk-save 'd/no/{tier}/x' <in
	[[ $stderr == *mounted* ]]
	one_line_error bk-save
	run -1 bk-save in/x <in
	empty
}

@test "usage errors are 2 and touch nothing" {
	local args
	for args in '' 'd/' 'a b' '--min-free 101% d/x' '--min-free x d/x' '--min-free 20 d/x' \
	    'd/.bk-save.1.0123456789abcdef.tmp' 'd/{nope}' 'd/{db' 'd/{db}'; do
		run -2 --separate-stderr env -u PGDATABASE bk-save $args <in
		[[ $stderr == "bk-save: "* || $stderr == "usage: "* ]]
	done
	run -2 bk-save '' <in
	empty
}

@test "a directory without the right to write is 1" {
	chmod 755 . "$BATS_TEST_TMPDIR"
	chmod 555 d
	run -1 --separate-stderr as_nobody "$BK_BIN/bk-save" d/x <in
	[[ $stderr == *"Permission denied"* || $stderr == *"denied"* ]]
	one_line_error bk-save
	empty
}

@test "a name that is too long is refused before the work" {
	run -1 --separate-stderr bk-save "d/$(printf %0300d 1)" <in
	[[ $stderr == *"File name too long" ]]
	empty
}

@test "odd names are names" {
	bk-save $'d/a b\n\\c\t"' <in
	cmp in $'d/a b\n\\c\t"'
	run -0 bk-ls d
	[ "${#lines[@]}" = 1 ]
	[[ $output == *$'\t3000000\td/a b\\n\\\\c\\t"\t'* ]]
	bk-ls d | bk-rm
	empty
}

@test "killed in the middle: nothing under the name, the next one sweeps" {
	begun x
	kill -9 "$PID"
	status_of "$PID"
	[ "$status" = 137 ]
	exec 9>&-
	has_temp
	[ ! -e d/x ]
	[ -z "$(bk-ls d 2>/dev/null)" ]
	bk-save d/y <in
	[ "$(ls -A d)" = y ]
}

@test "the next one leaves a live one's file alone" {
	begun x
	bk-save d/y <in
	has_temp
	exec 9>&-
	wait "$PID"
	cmp d/x <(head -c 600000 in)
	[ "$(ls -A d)" = $'x\ny' ]
}

@test "what only looks like a leftover stays" {
	local name
	for name in .bk-save.tmp .bk-save.1.0123456789abcde.tmp \
	    .bk-save.1.0123456789abcdef.tmpx .bk-save.x.0123456789abcdef.tmp; do
		echo mine >"d/$name"
	done
	mkdir d/.bk-save.1.0123456789abcdef.tmp
	ln -s ../in d/.bk-save.2.0123456789abcdef.tmp
	mkfifo d/.bk-save.3.0123456789abcdef.tmp
	bk-save d/x <in
	[ "$(ls -A d | wc -l)" = 8 ]
	[ -s in ]
}

@test "two at once with one name: the first is whole, the second is 1" {
	begun x
	bk-save d/x <in
	exec 9>&-
	status_of "$PID"
	[ "$status" = 1 ]
	cmp in d/x
	[ "$(ls -A d)" = x ]
}

@test "twenty at once with one name: one succeeds" {
	local i good=0 pids=
	for i in {1..20}; do
		head -c 100000 in | bk-save d/x 2>/dev/null 3>&- &
		pids+=" $!"
	done
	for i in $pids; do
		if wait "$i"; then good=$((good + 1)); fi
	done
	[ "$good" = 1 ]
	cmp d/x <(head -c 100000 in)
	[ "$(ls -A d)" = x ]
}

@test "signals remove the temporary file, and it dies of them" {
	local sig
	for sig in TERM INT HUP; do
		# a shell's background jobs ignore SIGINT
		rm -f fifo && mkfifo fifo
		perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' bk-save d/x <fifo 3>&- &
		PID=$! PIDS="${PIDS-} $!"
		exec 9>fifo
		head -c 600000 in >&9
		await has_temp
		kill -$sig "$PID"
		status_of "$PID"
		[ "$status" = $((128 + $(kill -l $sig))) ]
		exec 9>&-
		empty
	done
}

@test "--min-free: at the start, in the middle, in percent and in bytes" {
	run -1 --separate-stderr bk-save --min-free 100% d/x <in
	[[ $stderr == "bk-save: d: "*"free, less than 100%; make room" ]]
	run -1 --separate-stderr bk-save --min-free 1000000T d/x <in
	one_line_error bk-save
	empty
	bk-save --min-free 0 d/a <in
	bk-save --min-free 0% d/b <in
	run -1 bk-save --min-free 100pc d/x <in
}

@test "a file system that fills up: one line and nothing left" {
	mkdir small
	mount -t tmpfs -o size=30m tmpfs small 2>/dev/null ||
	    { rmdir small; skip "cannot mount"; }
	run -1 --separate-stderr bk-save small/x < <(head -c 40000000 /dev/zero)
	[[ $stderr == *"No space left on device"* ]]
	one_line_error bk-save
	[ -z "$(ls -A small)" ]
	bk-save --min-free 50% small/a < <(head -c 10000000 /dev/zero)
	run -1 --separate-stderr bk-save --min-free 50% small/x \
	    < <(head -c 10000000 /dev/zero)
	[[ $stderr == *"less than 50%"* ]]
	one_line_error bk-save
	# not only at the end: the writer of this one waits for ever
	mkfifo gate
	exec 9<>gate
	run -1 timeout 300 bk-save --min-free 10M small/x \
	    < <(head -c 19000000 /dev/zero; read -r <&9)
	echo >&9
	run -1 bk-save --min-free 10M small/x < <(head -c 19000000 /dev/zero)
	[ "$(ls -A small)" = a ]
}

@test "without renameat2 it links, and still overwrites nothing" {
	can_trace
	strace -f -o trace -e inject=renameat2:error=EINVAL bk-save d/x <in
	grep -q linkat trace
	cmp in d/x
	[ "$(ls -A d)" = x ]
	mkfifo fifo
	strace -f -o trace -e inject=renameat2:error=EINVAL \
	    bk-save d/y <fifo 3>&- &
	PID=$! PIDS=$!
	exec 9>fifo
	cat in >&9
	await has_temp
	echo other >d/y
	exec 9>&-
	status_of "$PID"
	[ "$status" = 1 ]
	[ "$(cat d/y)" = other ]
	[ "$(ls -A d)" = $'x\ny' ]
}

@test "an error of fsync, close or rename is 1 and leaves nothing" {
	local call
	can_trace
	for call in fsync renameat2; do
		run -1 --separate-stderr strace -o trace \
		    -e "inject=$call:error=EIO" bk-save d/x <in
		[[ $stderr == *"Input/output error"* ]]
		one_line_error bk-save
		empty
	done
}

@test "the file is synced before it has its name, the directory after" {
	can_trace
	strace -o trace -e trace=fsync,renameat2 bk-save d/x <in
	run -0 sed -n 's/(.*//p' trace
	[[ $output == *$'fsync\nrenameat2\nfsync'* ]]
}

@test "the audit line has the file's name" {
	BK_AUDIT_LOG=log bk-save 'd/{tier}' <in
	grep -q '"destination":"d/daily"' log
	grep -q '"size_bytes":3000000' log
}

# --- bk-rm

@test "bk-rm: names and records go; -v tells, -n only tells" {
	echo 1 >d/1
	echo 2 >d/2
	echo 3 >d/3
	run -0 bk-rm -n < <(bk-ls d)
	[ "$output" = $'d/1\nd/2\nd/3' ]
	[ "$(ls d | wc -l)" = 3 ]
	run -0 bk-rm -v < <(echo d/1; bk-ls d | sed -n 2p)
	[ "$output" = $'d/1\nd/2' ]
	[ "$(ls d)" = 3 ]
	run -0 bk-rm </dev/null
	[ -z "$output" ]
	local n
	for n in 1 20; do
		seq -f d/%0400g "$n" >list
		run -1 --separate-stderr sh -c 'bk-rm -n <list >/dev/full'
		[ "$stderr" = 'bk-rm: standard output: No space left on device' ]
	done
}

@test "bk-rm: a name that is no file's: 3, and nothing is deleted" {
	mkdir d/dir
	ln -s ../in d/link
	mkfifo d/fifo
	echo x >d/x
	local bad
	for bad in d/dir d/link d/fifo . / d/dir/ s3://b/k $'a\tb\\q'; do
		run -3 --separate-stderr bk-rm < <(echo d/x; printf '%s\n' "$bad")
		one_line_error bk-rm
		[ -e d/x ]
	done
	run -3 --separate-stderr bk-rm < <(echo d/x; printf d/x)
	[[ $stderr == *"no newline"* ]]
	[ -e d/x ] && [ -L d/link ] && [ -s in ]
	run -2 bk-rm d/x
}

@test "bk-rm: a file that is gone is gone; a directory that is gone is not" {
	echo x >d/x
	run -0 --separate-stderr bk-rm <<<d/never
	[ -z "$stderr" ]
	run -1 --separate-stderr bk-rm < <(echo nodir/x; echo d/x)
	[ "$stderr" = "bk-rm: nodir/x: not deleted: no such directory" ]
	run -1 --separate-stderr bk-rm <<<in/x
	[ "$stderr" = "bk-rm: in/x: not deleted: Not a directory" ]
	empty
}

@test "bk-rm: what may not be deleted is told, the rest goes" {
	chmod 755 .
	mkdir d/closed d/open
	echo x | tee d/closed/x d/open/x >d/open/y
	chmod 777 d/open
	chmod 755 d d/closed
	run -1 --separate-stderr as_nobody "$BK_BIN/bk-rm" < \
	    <(printf '%s\n' d/closed/x d/open/x d/open/y)
	[ "$stderr" = "bk-rm: d/closed/x: not deleted: Permission denied" ]
	[ -e d/closed/x ]
	[ -z "$(ls d/open)" ]
}

@test "the pages' examples" {
	mkdir -p b/shop
	bk-seal cat in | bk-gz | bk-save --min-free 1% 'b/{host}/all-{utc}.gz'
	bk-gz -d <b/*/all-*.gz | cmp - in
	bk-ls b | tail -n 1 | cut -f 3 >newest
	bk-gz -d <"$(cat newest)" | cmp - in
	bk-ls b | bk-rm -n
	bk-ls b | bk-rm
	run -4 bk-ls b
}

@test "bk-rm: an approved plan, and nothing but it" {
	cd "$BATS_TEST_TMPDIR"
	mkdir store
	for day in 1 2 3 4 5 6 7 8; do
		touch -d "2026-11-0$day" "store/x-2026110$day"
	done
	bk-keygen --sign -o ann.key
	bk-keygen --sign -o bob.key
	{ bk-keygen -y ann.key; bk-keygen -y bob.key; } >approvers
	bk-ls "$PWD/store" |
	    bk-prune -l 4 --require-fresh 0 --plan plan --key ann.key
	run -3 --separate-stderr bk-rm --plan plan --approvers approvers
	one_line_error bk-rm
	[ "$(ls store | wc -l)" = 8 ]
	bk-keygen --approve plan bob.key
	run -2 bk-rm --plan plan
	run -0 --separate-stderr bk-rm --plan plan --approvers approvers --need 2
	[ -z "$output$stderr" ]
	[ "$(ls store | tr '\n' ' ')" = \
	    'x-20261105 x-20261106 x-20261107 x-20261108 ' ]
	# once more: what has taken a name since is not what was approved
	run -0 bk-rm --plan plan --approvers approvers
	[ "$(ls store | wc -l)" = 4 ]
	touch store/x-20261101
	run -3 --separate-stderr bk-rm --plan plan --approvers approvers
	one_line_error bk-rm
	[[ $stderr == *"x-20261101: has changed since it was listed"* ]]
	# nor is another file of that size and time
	touch -d 2026-11-01 store/x-20261101
	run -3 bk-rm --plan plan --approvers approvers
	echo longer >store/x-20261102
	touch -d 2026-11-02 store/x-20261102
	run -3 bk-rm --plan plan --approvers approvers
	[ "$(ls store | wc -l)" = 6 ]
	rm store/x-2026110[12]
	bk-rm --plan plan --approvers approvers
	[ "$(ls store | wc -l)" = 4 ]
}

@test "bk-rm: what is no longer what was listed stays, and so does the rest" {
	mkdir store
	printf 1234 >store/a
	printf 1234 >store/b
	bk-ls store >list
	sed '2s/\t4\t/\t5\t/' list >larger
	run -3 --separate-stderr bk-rm <larger
	one_line_error bk-rm
	# another file of that size and time, and the same names elsewhere
	printf 5678 >new
	touch -r store/b new
	mv new store/b
	run -3 --separate-stderr bk-rm <list
	[[ $stderr == *"store/b: has changed since it was listed; list again"* ]]
	mkdir -p other/store
	cp -p store/? other/store
	cd other
	run -3 bk-rm <../list
	cd ..
	[ "$(cat store/? other/store/?)" = 1234567812345678 ]
	# a version is no file's
	printf 'store/a\tversion=1\n' >version
	run -3 bk-rm <version
	bk-ls store | bk-rm
	[ -z "$(ls store)" ]
}

@test "bk-rm: a file under two names goes by both" {
	mkdir store
	echo x >store/a
	ln store/a store/b
	bk-ls store | bk-rm
	[ -z "$(ls store)" ]
}

@test "bk-rm: directories that it has emptied, if they are of a date" {
	mkdir -p d/2026-01-01 d/full_20260102T030405Z/20260102T030405Z d/shop \
	    d/2026-01-03 d/2026-01-04
	touch d/2026-01-01/x d/full_20260102T030405Z/20260102T030405Z/x \
	    d/shop/x d/2026-01-03/x d/2026-01-03/y
	find d -name x | bk-rm
	[ "$(cd d; echo *)" = '2026-01-03 2026-01-04 shop' ]
	mkdir 2026-01-05
	touch 2026-01-05/x
	(cd 2026-01-05; echo x | bk-rm; touch x; echo "$PWD/x" | bk-rm)
	[ -d 2026-01-05 ]
	[ ! -e 2026-01-05/x ]
	ln -s 2026-01-05 2026-01-06
	touch 2026-01-05/x
	echo 2026-01-06/x | bk-rm
	[ -d 2026-01-05 ]
	[ -h 2026-01-06 ]
}

# kept FILE COMMAND...: FILE is the same file, unwritten, after COMMAND.
kept() {
	local before
	before=$(stat -c '%i %y %Z' "$1")
	"${@:2}"
	[ "$(stat -c '%i %y %Z' "$1")" = "$before" ]
	[ "$(ls -A d | grep -c tmp)" = 0 ]
}

@test "WAL that is there already is stored, other WAL under its name is refused" {
	local seg=000000010000000000000005 form
	head -c 1048576 in >a
	{ head -c 1048575 a; tail -c 1 a | LC_ALL=C tr '\000-\377' '\001-\377\000'; } >b
	bk-keygen -o key 2>recipient
	export BK_RECIPIENTS=$(bk-keygen -y key)
	# form NAME: from the envelope to what is stored
	for form in cat bk-gz 'bk-gz | bk-crypt'; do
		rm -f d/*
		save() { wal $seg 0/6000000 "$1" | sh -c "$form | bk-save d/$seg"; }
		save a
		kept d/$seg save a
		kept d/$seg eval 'run -1 --separate-stderr save b'
		[[ $stderr == "bk-save: d/$seg: already exists, and is not known to hold this WAL; give each cluster"* ]]
		one_line_error bk-save
		# another segment, cut off input, no label
		save_other() { wal ${seg/5/6} 0/7000000 a | sh -c "$form | bk-save d/$seg"; }
		[ "$form" = cat ] || kept d/$seg eval 'run -1 save_other'
		cut_off() { wal $seg 0/6000000 a | head -c 900000 | sh -c "$form | bk-save d/$seg"; }
		kept d/$seg eval 'run -3 cut_off'
		kept d/$seg eval 'run -1 --separate-stderr bk-save d/$seg <b'
		[[ $stderr == *"already exists; choose another name, or use --overwrite" ]]
	done
	# age has no room for a label
	rm d/*
	save() { wal $seg 0/6000000 a | bk-crypt --age | bk-save d/$seg; }
	save
	kept d/$seg eval 'run -1 --separate-stderr save'
	[[ $stderr == *"store no WAL with --age"* ]]
	bk-crypt -d -i key <d/$seg | cmp - a
}

@test "a .partial is replaced by what is known to begin with it alone" {
	long
	local seg=000000010000000000000005.partial whole=000000010000000000000005 form
	head -c 100000 in >short
	head -c 200000 in >long
	head -c 1048576 in >a
	{ head -c 50000 in; echo other; head -c 200000 in; } >other
	for form in cat bk-gz; do
		rm -f d/*
		save() { wal "$1" "$2" "$3" "${4-7001}" | sh -c "$form | bk-save d/$1"; }
		save $seg 0/5018000 short
		kept d/$seg save $seg 0/5018000 short
		kept d/$seg eval 'run -1 save $seg 0/5040000 other'
		kept d/$seg eval 'PRIOR=long run -1 save $seg 0/5040000 other'
		PRIOR=short save $seg 0/5030000 long
		[ "$(ls -A d | wc -l)" = 1 ]
		sh -c "$form" <d/$seg >now
		[ $form != cat ] || cmp now long
		# what is there has it; what it is cannot be seen in the other form
		if [ $form = cat ]; then
			kept d/$seg save $seg 0/5018000 short
		else
			kept d/$seg eval 'run -1 save $seg 0/5018000 short'
		fi
		save $whole 0/6000000 a
		[ "$(ls -A d | wc -l)" = 2 ]
		kept d/$whole save $whole 0/6000000 a
		# of another cluster, or of the same length
		kept d/$seg eval 'PRIOR=long run -1 save $seg 0/5040000 other 7002'
		kept d/$seg eval 'run -1 save $seg 0/5030000 other 7001'
	done
}

@test "what a .partial is refused for is told to who listens" {
	local seg=000000010000000000000005.partial
	head -c 100000 in >short
	head -c 200000 in >long
	save() { wal $seg "$1" "$2" "${3-7001}" | bk-gz | BK_STATUS_FD=5 bk-save d/$seg 5>>told; }
	save 0/5018000 short
	run -1 --separate-stderr save 0/5030000 long
	[ -z "$stderr" ]
	run -1 --separate-stderr save 0/5030000 long 7002
	[ "$(sed '/^$/d; s/ bk-save .*//' told)" = "+
0
+
=0/5018000 $(sha256sum <short | head -c 32)
1
+
=
1" ]
	# a whole segment's name is no case for a second one
	wal ${seg%.partial} 0/6000000 short | bk-gz | bk-save d/${seg%.partial}
	run -1 --separate-stderr bash -c "wal ${seg%.partial} 0/6000000 long | bk-gz |
	    BK_STATUS_FD=5 bk-save d/${seg%.partial} 5>told"
	[ -n "$stderr" ]
	[ "$(sed '/^$/d; s/ bk-save .*//' told)" = $'+\n1' ]
}

@test "of two that store the same WAL at once, both succeed" {
	local seg=000000010000000000000005
	head -c 1048576 in >a
	wal $seg 0/6000000 a >stream
	mkfifo one two
	bk-save d/$seg <one 3>&- & local first=$!
	bk-save d/$seg <two 3>&- & local second=$!
	PIDS="$first $second"
	exec 8>one 9>two
	head -c 700000 stream >&8
	head -c 700000 stream >&9
	await eval '[ "$(ls -A d | grep -c tmp)" = 2 ]'
	tail -c +700001 stream >&9
	exec 9>&-
	status_of $second
	[ $status = 0 ]
	tail -c +700001 stream >&8
	exec 8>&-
	kept d/$seg status_of $first
	[ $status = 0 ]
	cmp d/$seg a
}
