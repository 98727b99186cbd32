#!/usr/bin/env bats
# bk-ls: what is there and how old it is; readers of a listing cut short
load support/common
load support/listing

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir d
}

# changed FILE: when it last was, as a record tells it.
changed() {
	date -u -d "$(stat -c %z "$1")" +%Y-%m-%dT%H:%M:%S.%NZ
}

@test "files below, oldest first; no links, no temporaries" {
	mkdir -p d/b/c d/e
	echo 12 >d/b/c/2
	echo 12 >d/b/1
	touch -d 2026-01-03T03:04:05Z d/b/c/2
	echo x >d/.hidden
	ln -s ../in d/link
	ln -s . d/loop
	mkfifo d/fifo
	touch -d 2026-01-02T03:04:05Z d/b/1
	echo x >d/.bk-save.1.0123456789abcdef.tmp
	run -0 --separate-stderr bk-ls d
	[ "${lines[0]}" = $'2026-01-02T03:04:05Z\t3\td/b/1\tchanged='"$(changed d/b/1)" ]
	[ "$(cut -f 3 <<<"$output")" = $'d/b/1\nd/b/c/2\nd/.hidden' ]
	run -0 bk-ls d/b/c/ d/b d/b
	[ "$(cut -f 3 <<<"$output")" = $'d/b/1\nd/b/c/2' ]
}

@test "nothing there is 4, no directory is 1, a full disk is 1" {
	run -4 --separate-stderr bk-ls d
	[ "$stderr" = "bk-ls: d: nothing there" ]
	run -1 --separate-stderr bk-ls nowhere
	one_line_error bk-ls
	[ "$output" = $'!\t\tnowhere: No such file or directory' ]
	run -1 --separate-stderr bk-ls nowhere d gone never
	[ "$output" = $'!\t\tnowhere: No such file or directory and 2 more' ]
	[ "${#stderr_lines[@]}" = 3 ]
	echo x >in
	run -1 bk-ls in
	run -2 bk-ls
	run -2 bk-ls ''
	echo x >d/x
	run -1 --separate-stderr sh -c 'bk-ls d nowhere >out'
	grep -q d/x out
	[ "$(tail -n 1 out | cut -c 1-10)" = $'!\t\tnowhere' ]
	run -1 --separate-stderr sh -c 'bk-ls d >/dev/full'
	one_line_error bk-ls
	echo x >d/y
	touch -d 1969-12-31T23:00:00Z d/x
	run -1 --separate-stderr bk-ls d
	one_line_error bk-ls
	[[ $output == *$'\td/y\tchanged='*$'\n!\t\td/x: its time is before 1970 or after 9999' ]]
}

@test "a directory that may not be read is told, the rest listed" {
	mkdir d/a d/closed
	echo x >d/a/x
	chmod 000 d/closed
	chmod 755 . d d/a
	run -1 --separate-stderr as_nobody "$BK_BIN/bk-ls" d
	chmod 700 d/closed
	[[ ${lines[0]} == *d/a/x$'\t'* ]]
	[ "${lines[1]}" = $'!\t\td/closed: Permission denied' ]
	[[ $stderr == "bk-ls: d/closed: Permission denied" ]]
}

@test "a backup is as old as its name says, whenever it was stored" {
	mkdir -p d/2026-01-03
	local f
	for f in a-20260105T030405Z.bk 2026-01-03/shop-101112.bk plain; do
		echo x >"d/$f"
		touch -d 2026-01-05T04:00:00Z "d/$f"
	done
	run -0 --separate-stderr bk-ls d
	[ -z "$stderr" ]
	[ "$(sed 's/\tchanged=.*//' <<<"$output")" = "2026-01-03T10:11:12Z	2	d/2026-01-03/shop-101112.bk	stored=2026-01-05T04:00:00Z
2026-01-05T03:04:05Z	2	d/a-20260105T030405Z.bk
2026-01-05T04:00:00Z	2	d/plain" ]
	run -0 --separate-stderr bk-ls --stored d
	[ "$(cut -f 1 <<<"$output" | sort -u)" = 2026-01-05T04:00:00Z ]
	[[ ${lines[0]} == 2026-01-05T04:00:00Z$'\t2\td/2026-01-03/shop-101112.bk\tchanged='* ]]
	# a clock is wrong: which one, nobody knows
	echo x >d/b-20270101T000000Z.bk
	echo x >d/c-20270101T000000Z.bk
	touch -d 2026-12-31T23:44:59Z d/?-2027*
	run -0 --separate-stderr bk-ls d
	one_line_error bk-ls
	[[ $stderr == *"0000Z.bk and 1 more: named over 15 minutes later"* ]]
	[[ ${lines[4]} == 2026-12-31T23:44:59Z$'\t2\t'd/c-20270101T000000Z.bk$'\t'* ]]
	touch -d 2026-12-31T23:45:00Z d/?-2027*
	run -0 --separate-stderr bk-ls d
	[ -z "$stderr" ]
	[[ ${lines[4]} == 2027-01-01T00:00:00Z$'\t2\t'd/c-20270101T000000Z.bk$'\t'* ]]
}

@test "copies of forty backups keep their age, and what may go" {
	local i f
	for ((i = 0; i < 40; i++)); do
		f=d/shop-$(stamp $((3600 + i * DAY))).bk
		echo backup >"$f"
		touch -d "$(when $((3600 + i * DAY)))" "$f"
	done
	bk-ls d >before
	bk-prune -d 30 <before >gone
	[ "$(wc -l <gone)" = 10 ]
	# a new key, newest first: every file is written anew, now
	for f in $(ls -r d); do
		bk-save -q --overwrite "d/$f" <"d/$f"
	done
	bk-ls d >after
	cut -f 1-3 after | cmp - <(cut -f 1-3 before)
	[ "$(tail -n 1 after | cut -f 3)" = "d/shop-$(stamp 3600).bk" ]
	# what is new here stays for a day
	bk-prune -d 30 <after >none
	[ ! -s none ]
	bk-prune -d 30 --min-stored 0 <after | cut -f 1-3 |
	    cmp - <(cut -f 1-3 gone)
	# the last one is of ten days ago, its copy of now: not fresh
	head -n 30 after >dead
	run -2 bk-age --min-size 1 <dead
	[[ $output == *"10d1h old"* ]]
	run -3 --separate-stderr bk-prune -d 20 <dead
	[[ $stderr == *"the newest backup is 10d1h old"* ]]
}

@test "no reader takes half a listing for all there is" {
	local reader
	mkdir store
	echo x >"store/shop-$(stamp 3600).bk"
	series $M $M $M >list
	printf '!\t\td: Input/output error\n' >>list
	sed 's,s3://b/shop/daily,store,' list >files
	for reader in 'bk-prune -l 1' 'bk-prune -l 1 --explain' bk-rm \
	    'bk-rm -n' bk-s3rm 'bk-s3rm -n' 'bk-prune --wal-for list'; do
		[[ $reader != bk-rm* ]] || cp files list
		[[ $reader == bk-rm* ]] || sed 's,store,s3://backups,' files >list
		run -1 --separate-stderr $reader <list
		one_line_error ${reader%% *}
		[ -z "$output" ]
		[[ $stderr == *"could not be finished: d: Input/output error"* ]]
	done
	[ -e store/* ]
	run -3 bk-age --expect shop <list
	[[ $output == *"could not be finished: d: Input/output error"* ]]
	# and with nothing before it, as where the store cannot be reached
	tail -n 1 list >nothing
	run -3 bk-age --expect shop <nothing
	[[ $output != *"none at all"* ]]
	run -1 bk-prune -l 1 <nothing
}
