#!/usr/bin/env bats
# BK_SETTINGS: each tool takes its own variables from files, and no other's.

load support/common
load support/pg
load support/s3

setup_file() {
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	psql -qX -d postgres -c "CREATE ROLE keeper SUPERUSER LOGIN PASSWORD 'it''s \$right'"
	createdb shop
	psql -qX shop -c 'CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g'
	# the tests trust anybody: this one has to show its password
	sed -i '1i local all keeper scram-sha-256' "$PGHOST/data/pg_hba.conf"
	psql -qX -d postgres -c 'SELECT pg_reload_conf()'
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir out
	for name in $(compgen -e | grep '^AWS_\|^PG'); do
		echo "$name='${!name}'"
	done >server
	cat server - >all.env <<-EOF
	PGUSER=keeper
	PGPASSWORD=it's \$right
	PGDATABASE=shop
	BK_TIER=weekly
	LD_PRELOAD=/nonexistent.so
	HOME=/nonexistent
	EOF
	chmod 600 all.env
	# bk tools and nothing else are told of servers
	for name in $(compgen -e | grep '^AWS_\|^PG'); do unset "$name"; done
	export BK_SETTINGS=$PWD/all.env
}

teardown() {
	[ -z "${PIDS-}" ] || kill -9 $PIDS 2>/dev/null || :
}

@test "a pipeline whose settings stand in a file alone" {
	bk-dump | bk-gz | bk-s3put 's3://backups/{db}/{tier}/one'
	bk-s3get s3://backups/shop/weekly/one | gzip -dc | pg_restore -l | grep -q 'TABLE DATA public t'
	run -0 --separate-stderr bk-run -- "BK_SETTINGS=$BK_SETTINGS; export BK_SETTINGS; bk-dump | bk-save '$PWD/out/{db}-{tier}'"
	[ -s out/shop-weekly ]
	# a job of bk-run has them in no other way
	mkdir -p etc/jobs
	cp all.env etc/shop.env
	echo 'bk-dump | bk-gz | bk-s3put "s3://backups/{db}/{tier}/two"' >etc/jobs/backup
	echo 'env; bk-seal env | bk-save out/env' >etc/jobs/env
	unset BK_SETTINGS
	run -0 bk-run -C etc backup@shop
	bk-run -C etc env@shop >seen
	cat out/env >>seen
	grep -q '^PGUSER=keeper' seen
	run ! grep -e '\$right' -e '^PGPASSWORD' -e '^AWS_SECRET' seen
}

# environment TOOL VARIABLE: what a child of TOOL has of it.
environment() { bk-seal sh -c "printenv $1 || echo none" </dev/null | inside; }

@test "a tool has no other's secrets, in its memory or in /proc" {
	local tool
	mkfifo slow
	exec 7<>slow
	bk-gz <slow >gz 7>&- 3>&- & PIDS=$!
	bk-save out/x <slow 7>&- 3>&- & PIDS="$PIDS $!"
	echo x >&7
	for pid in $PIDS; do
		await grep -q '^bk-' "/proc/$pid/comm"	# no longer the shell
		[ "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -c -e PGPASSWORD -e AWS_ -e LD_PRELOAD)" = 0 ]
	done
	kill $PIDS
	exec 7>&-
	# of its variables a tool's children have what itself has
	[ "$(environment PGPASSWORD)" = none ]
	[ "$(environment AWS_SECRET_ACCESS_KEY)" = none ]
	[ "$(environment LD_PRELOAD)" = none ]
	[ "$(environment HOME)" = "$HOME" ]
	for tool in dump gz save crypt s3put; do
		"bk-$tool" --help=settings >row
		run ! grep -qw -e LD_PRELOAD -e PATH -e HOME row
	done
}

@test "the environment counts over the files, a later file over an earlier" {
	printf 'BK_TIER=daily\n' >two.env
	printf 'BK_TIER=odd\nBK_TIER=hourly\n' >three.env
	chmod 600 two.env three.env
	BK_SETTINGS=$BK_SETTINGS:$PWD/two.env bk-seal echo x </dev/null | bk-save 'out/a-{tier}'
	local -x BK_SETTINGS=$BK_SETTINGS:$PWD/two.env
	bk-save 'out/b-{tier}' <all.env
	BK_SETTINGS+=:$PWD/three.env bk-save 'out/c-{tier}' <all.env
	BK_TIER=monthly bk-save 'out/d-{tier}' <all.env
	BK_TIER='' bk-save 'out/e-{tier}' <all.env	# set, though empty
	[ "$(ls out | tr '\n' ' ')" = 'a-weekly b-daily c-hourly d-monthly e-daily ' ] ||
	    { ls out; false; }
}

# refused STATUS TEXT: bk-save says that of its settings, and stores nothing.
refused() {
	run "-$1" --separate-stderr bk-save out/x <all.env
	[[ ${stderr_lines[0]} == "bk-save: "$2 && -z $(ls -A out) ]] ||
	    { echo "$stderr"; return 1; }
}

@test "a file that is no good" {
	echo 'BK_AUDIT_LOG=log' >>all.env
	BK_SETTINGS=all.env refused 2 'BK_SETTINGS: all.env: not a path from the root on'
	BK_SETTINGS=$PWD/none refused 1 "$PWD/none: No such file*"
	BK_SETTINGS=$PWD refused 2 "$PWD: not a regular file"
	mkfifo fifo
	BK_SETTINGS=$PWD/fifo refused 2 "$PWD/fifo: not a regular file"
	echo 'export A=1' >>all.env
	refused 2 "$BK_SETTINGS: line *: no shell reads it; leave 'export' out"
	echo 'A="1' >>server
	chmod 600 server
	BK_SETTINGS=$PWD/server refused 2 "$PWD/server: line *: a quote without its end"
	chmod 644 all.env
	refused 2 "$BK_SETTINGS: *chmod*"
	# as every wrong call: who reads only standard output sees it, too
	run -3 --separate-stderr bk-age -w 1h <server
	[[ $output == *"$BK_SETTINGS"* ]]
	ln -s none gone
	BK_SETTINGS=$PWD/gone refused 1 "$PWD/gone: a link to $PWD/none, which is not there*"
	# whose it is decides what runs, and where it stands
	mkdir wide
	echo BK_TIER=x >wide/one
	chmod 600 wide/one
	chmod 777 wide
	BK_SETTINGS=$PWD/wide/one refused 2 "$PWD/wide: others may write to it*"
	ln -s wide/one in-wide
	BK_SETTINGS=$PWD/in-wide refused 2 "$PWD/wide: others may write to it*"
	[ "$(id -u)" = 0 ] || return 0
	echo BK_TIER=x >theirs
	chmod 600 theirs
	chown 65534 theirs
	BK_SETTINGS=$PWD/theirs refused 2 "$PWD/theirs: belongs to another user*"
}
