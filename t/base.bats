#!/usr/bin/env bats
# bk-base on a server of the version installed: what it writes and records.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"
. "$SUPPORT/base.bash"

@test "one tar that tar unpacks, pg_verifybackup accepts and a server starts" {
	run -0 --separate-stderr bash -c 'bk-base -c fast -l "it'\''s" >out'
	[ -z "$stderr" ]
	ends out
	[[ $(seal_of out) =~ \(cluster=([0-9]+)\;host=$(uname -n)\;at=([0-9TZ]+)\;tli=1\;start=([0-9A-F/]+)\;run=[0-9a-f]{16}\)$ ]]
	[ "${BASH_REMATCH[1]}" = "$(sql 'SELECT system_identifier FROM pg_control_system()')" ]
	start=${BASH_REMATCH[3]}
	at=${BASH_REMATCH[2]}
	[ $(($(date +%s) - $(date -d "${at:0:4}-${at:4:2}-${at:6:2}T${at:9:2}:${at:11:2}:${at:13}" +%s))) -lt 60 ]
	# the manifest is last, but for the mark's entry; and all is there
	run -0 tar --quoting-style=escape -tf out
	[ "${lines[-1]}" = pg_tblspc/ ]
	[ "${lines[-2]}" = backup_manifest ]
	[[ $output == *$'\na name\\nof two lines\n'* ]]
	[[ $output == */"$LONG"$'\n'* ]]
	mkdir all
	tar -xf out -C all
	pg_verifybackup=$(pg_config --bindir)/pg_verifybackup
	"$pg_verifybackup" all
	grep -q "^START WAL LOCATION: $start " all/backup_label
	grep -qx "LABEL: it's" all/backup_label
	[ "$(stat -c %a all/PG_VERSION all/base)" = $'600\n700' ]
	for space in one two; do
		oid=$(sql "SELECT oid FROM pg_tablespace WHERE spcname = '$space'")
		grep -q "^$oid $PGHOST/space-$space\$" all/tablespace_map
		[ -d "all/pg_tblspc/$oid" ]
		[ ! -L "all/pg_tblspc/$oid" ]
		[ "$(stat -c %a "all/pg_tblspc/$oid")" = 700 ]
	done
	cmp "$PGHOST/data/*" 'all/*'
	none_left
	# through the pipe, and started with the WAL that is in it
	bk-gz <out | bk-gz -d | cmp - out
	recover out
	[ "$(wal_sql 'SELECT count(*) FROM t, t1, t2, t3 WHERE t.i = t1.i AND
	    t1.i = t2.i AND t2.i = t3.i')" = 20000 ]
}

@test "progress, if it is asked for" {
	run -0 --separate-stderr bash -c 'bk-base -vc fast >out'
	[[ $stderr =~ [0-9.]+MiB\ of\ [0-9.]+MiB ]]
	run -0 --separate-stderr bash -c 'bk-base -qc fast --rate 100M >out'
	[ -z "$stderr" ]
}

@test "names are those of the label, whichever directory they go to" {
	bk-base -c fast | bk-gz | bk-save 'base-{host}-{utc}.tar.gz'
	run -0 bk-ls .
	[[ $output =~ base-$(uname -n)-[0-9]{8}T[0-9]{6}Z\.tar\.gz ]]
}

@test "an URI from anywhere; its password is in no log" {
	local uri=postgres://bk:hidden@127.0.0.1:$PGPORT/any
	export BK_AUDIT_LOG=$PWD/log
	unset PGHOST PGUSER
	run -0 bash -c 'bk-base -c fast "$1" >out' sh "$uri"
	ends out
	DATABASE_URL=$uri run -0 bash -c 'bk-base -c fast >out'
	ends out
	run -1 bk-base -c fast "${uri/bk:/nobody-at-all:}"
	[ "$(grep -c "\"source\":\"$(uname -n):$PGPORT\"" log)" = 2 ]
	[ "$(grep -c '"type":"base"' log)" = 3 ]
	run -1 grep hidden log
	run=$(seal_of out | sed 's/.*run=//; s/)//')
	grep -q "\"type\":\"base\".*\"run\":\"$run\"" log
}

@test "a role with REPLICATION alone does, a role without is told so" {
	[ "$(sql "SELECT rolsuper FROM pg_roles WHERE rolname = 'bk'")" = f ]
	sql 'CREATE ROLE nobody LOGIN'
	run -1 --separate-stderr bk-base -U nobody
	one_line_error bk-base
	[[ $stderr == *"ALTER ROLE ... REPLICATION"* ]]
	run -1 --separate-stderr bk-base -p 1
	one_line_error bk-base
}

@test "a damaged page: file and block, 3, no closing mark; or recorded" {
	sql 'CREATE TABLE bad AS TABLE t'
	file=$(sql "SELECT pg_relation_filepath('bad')")
	PGUSER=$ADMIN wal_break bad 7
	PGUSER=$ADMIN wal_break bad 9
	run -3 --separate-stderr bash -c 'bk-base -c fast >out'
	one_line_error bk-base
	[[ $stderr == *"$file block 7, $file block 9: damaged"* ]]
	unsealed out
	# where the server was told to say less
	PGOPTIONS='-c client_min_messages=error' run -3 --separate-stderr \
	    bash -c 'bk-base -c fast >out'
	[[ $stderr == *": pages that the server's log names: damaged on "* ]]
	# as the page says
	[ "$(sql "SELECT pg_filenode_relation(0, ${file##*/})")" = bad ]
	# the manifest beside stays as it is
	echo old >m
	run -3 bash -c 'bk-base -c fast --manifest m >out'
	[ "$(cat m)" = old ]
	[ "$(find . -name '.bk-save*' | wc -l)" = 0 ]
	# where it cannot be written is told before anything else
	run -1 --separate-stderr bk-base -c fast --manifest none/m
	one_line_error bk-base
	[[ $stderr == *"none: no such directory"* ]]
	[ -z "$output" ]
	run -0 --separate-stderr bash -c 'bk-base -c fast --allow-bad-pages >out'
	[[ $stderr == *"$file block 7, $file block 9: damaged"* ]]
	ends out
	grep -aq "badpages=$file block 7, $file block 9\$" <(tail -c 3000 out)
	sql 'DROP TABLE bad'
	run -0 --separate-stderr bash -c 'bk-base -c fast --manifest m >out'
	[ -z "$stderr" ]
	cmp m <(tar -xOf out backup_manifest)
}

@test "--no-wal waits for the archive, and has no WAL" {
	PGUSER=$ADMIN wal_archive "cp %p $(PGUSER=$ADMIN wal_dir archive)/%f"
	bk-base -c fast --no-wal >out
	ends out
	run -1 bash -c 'tar -tf out | grep -E "^pg_wal/[0-9A-F]{24}"'
	run -0 --separate-stderr bk-base --check --no-wal
	PGUSER=$ADMIN wal_archive false
	PGUSER=$ADMIN wal_switch
	await is "failed_count > 0 FROM pg_stat_archiver"
	run -1 --separate-stderr bk-base --check --no-wal
	[[ $output == *$'problem\tarchiver: fails since '* ]]
	sql 'ALTER SYSTEM RESET archive_command'
	sql 'SELECT pg_reload_conf()'
}

@test "--check: what is missing, and nothing else happens" {
	run -0 --separate-stderr bk-base --check
	[[ ${lines[0]} == $'ok\tconnection: '* ]]
	[[ $output == *$'\nok\tdata_checksums: on'* ]]
	[[ $output == *$'\nwarning\tarchive_command: empty'* ]]
	[[ $output == *$'\nok\tsize: '*" in 4 databases"* ]]
	[[ $output == *$'\nok\ttablespaces: 3 '* ]]
	[[ $output == *$'\nunknown\tWAL on disk: '* ]]
	[ -z "$stderr" ]
	none_left
	run -1 --separate-stderr sh -c 'bk-base -w --check >/dev/full'
	[ "$stderr" = "bk-base: standard output: write: No space left on device" ]
	run -1 --separate-stderr bk-base --check --no-wal
	[[ $output == *$'\nproblem\tarchive_command: empty'* ]]
	run -1 --separate-stderr bk-base --check --incremental "$PGHOST/log"
	one_line_error bk-base
	[[ $output == *$'\nproblem\tincremental: '* ]]
	run -0 --separate-stderr bk-base --check nosuchdb
	sql 'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
	run -0 --separate-stderr bk-base --check
	sql 'GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC'
	[[ $output == *$'\nunknown\tsenders, '*": no ordinary connection: "* ]]
	PG_CONF='wal_level = minimal
	max_wal_senders = 0' pg_start "$PWD/other"
	run -1 --separate-stderr bk-base --check
	one_line_error bk-base
	[[ $stderr == *"max_wal_senders"*"wal_level"* ]]
}

@test "no slot is free: said, and done without" {
	PG_CONF='max_replication_slots = 0
	max_slot_wal_keep_size = 1GB' pg_start "$PWD/other"
	run -0 --separate-stderr bash -c 'bk-base -c fast >out'
	one_line_error bk-base
	[[ $stderr == *"no replication slot: "* ]]
	ends out
	run -0 --separate-stderr bk-base --check
	[[ $output == *$'\nwarning\treplication slot: '* ]]
	[[ $output == *$'\nwarning\tWAL: max_slot_wal_keep_size is 1GB; '* ]]
	[[ $output == *$'\nwarning\tdata_checksums: off'* ]]
	[[ $output == *$'\nwarning\tarchive_mode: off'* ]]
}

@test "the instant is the server's, on a host whose clock is not" {
	local off
	faketime --version >/dev/null
	for off in -16m +16m; do
		run -1 --separate-stderr env ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
		    faketime -f $off bk-base -c fast
		one_line_error bk-base
		[[ $stderr == *"minutes "*" this host's; "*--any-clock ]]
		[ -z "$output" ]
	done
	run -1 --separate-stderr env ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    faketime -f +16m bk-base --check
	[[ $output == *$'\nproblem\tclock: '*"minutes "* ]]
	ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    faketime -f -400d bk-base -c fast --any-clock >out
	[[ $(seal_of out) == *";at=$(date -u +%Y)"* ]]
}

@test "a cluster of nothing" {
	PG_INITDB=-k pg_start "$PWD/other"
	bk-base -c fast >out
	mkdir all
	tar -xf out -C all
	"$(pg_config --bindir)/pg_verifybackup" all
	# and one whose owner has not thought of backups
	sed -i '/replication/d' "$PGHOST/data/pg_hba.conf"
	pg_ctl_ "$PWD/other" reload
	await unready
	one_line_error bk-base
	[[ $stderr == *"; add a line for the database \"replication\" to it" ]]
}

@test "usage errors write nothing" {
	run -2 --separate-stderr bk-base -c slow
	run -2 --separate-stderr bk-base --rate 1
	[[ $stderr == *"32K to 1G"* ]]
	run -2 --separate-stderr bk-base --rate 2G
	run -2 --separate-stderr bk-base -l $'a\nb'
	run -2 --separate-stderr bk-base -l "$(printf 'x%.0s' {1..1025})"
	run -2 --separate-stderr bk-base a b
	usage "more than one database" bk-base -d a b
	usage "--rate: 'x'" bk-base --rate x
	run -2 script -qec bk-base /dev/null </dev/null
	[[ $output == *"standard output is a terminal"* ]]
	run -2 --separate-stderr bash -c 'bk-base >&-'
	[ -z "$output" ]
}
