#!/usr/bin/env bats
# bk-base on a server of the version installed: what it writes, and what it
# refuses.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

LONG=$(printf 'n%.0s' {1..70})

setup_file() {
	wal_start "$BATS_FILE_TMPDIR/pg"
	wal_tablespace one
	wal_tablespace two
	wal_sql "CREATE TABLE t AS SELECT i, md5(i::text) FROM
	    generate_series(1, 20000) i"
	wal_sql "CREATE TABLE t1 TABLESPACE one AS TABLE t"
	wal_sql "CREATE TABLE t2 TABLESPACE two AS TABLE t"
	wal_sql 'CREATE DATABASE empty'
	# the place of this one has no room in a header
	ODD="$PGHOST/an odd, $(printf 'x%.0s' {1..120})/\"place\""
	pg_as mkdir -p "$ODD"
	wal_sql "CREATE TABLESPACE odd LOCATION '$ODD'"
	wal_sql "CREATE TABLE t3 TABLESPACE odd AS TABLE t"
	# what is no longer than 99 bytes for the server is longer in our tar
	SPACE=$(echo "$PGHOST"/space-one/PG_*)
	pg_as touch "$PGHOST/data/a name
of two lines" "$PGHOST/data/"$'\377\376' "$SPACE/$LONG"
	pg_as cp "$PGHOST/data/PG_VERSION" "$PGHOST/data/*"
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	pg_use "$BATS_FILE_TMPDIR/pg"
	ADMIN=$PGUSER PGUSER=bk
}

teardown() {
	[ -z "${BASE-}" ] || kill -9 "$BASE" 2>/dev/null || :
	pg_stop "$BATS_TEST_TMPDIR/standby"
	pg_stop "$BATS_TEST_TMPDIR/side"
	pg_stop "$BATS_TEST_TMPDIR/other"
}

sql() {
	PGUSER=$ADMIN wal_sql "$@"
}

is() {
	[ "$(sql "SELECT $1")" = t ]
}

none_left() {
	is "count(*) = 0 FROM pg_stat_progress_basebackup" &&
	    is "count(*) = 0 FROM pg_replication_slots WHERE
	    slot_name LIKE 'bk_base_%'"
}

# paused_base OPTION...: a backup that is being sent, to the file out, through
# a pipe that nobody reads yet.  $BASE is its process.
paused_base() {
	mkfifo fifo
	bk-base -c fast "$@" >fifo 2>err 3>&- &
	BASE=$!
	exec 5<fifo
	await 20 is "count(*) > 0 FROM pg_stat_progress_basebackup WHERE
	    phase LIKE 'streaming%'"
}

resume() {
	cat <&5 >out
	exec 5<&-
	status=0
	wait "$BASE" || status=$?
	BASE=
}

# unsealed FILE: every reader refuses it.
unsealed() {
	run -3 --separate-stderr bash -c 'bk-gz <"$1" >/dev/null' sh "$1"
	[[ $stderr == *unfinished* ]]
}

# recover TAR: start what is in it, tablespaces and all, in $SIDE.
recover() {
	local oid
	PGUSER=$ADMIN wal_side "$PWD/side" "${2-}"
	pg_as mkdir -m 700 "$SIDE"
	tar -xf "$1" -C "$SIDE"
	: >"$SIDE/tablespace_map"
	for oid in $(cd "$SIDE/pg_tblspc" && echo *); do
		[ "$oid" != '*' ] || continue
		mv "$SIDE/pg_tblspc/$oid" "$SIDE.$oid"
		echo "$oid $SIDE.$oid" >>"$SIDE/tablespace_map"
	done
	chown -R --reference="${SIDE%/*}" "${SIDE%/*}"
	wal_run "$PWD/side"
}

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

@test "the server goes away midway: no closing mark" {
	paused_base
	sql "SELECT pg_terminate_backend(pid) FROM pg_stat_replication"
	resume
	[ "$status" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q '^bk-base: base backup: ' err
	unsealed out
}

@test "the whole server stops midway" {
	PG_INITDB=-k pg_start "$PWD/other"
	ADMIN=$PGUSER
	paused_base
	pg_ctl_ "$PWD/other" -m immediate stop
	resume
	[ "$status" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	unsealed out
	run -1 bk-base --check
}

@test "killed or stopped midway, nothing is left running on the server" {
	paused_base
	kill -9 "$BASE"
	resume
	[ "$status" = 137 ]
	unsealed out
	await 20 none_left
	rm fifo
	paused_base --manifest m
	kill -TERM "$BASE"
	resume
	[ "$status" = 143 ]
	[ ! -e m ]
	[ "$(find . -name '.bk-save*' | wc -l)" = 0 ]
	unsealed out
	await 20 none_left
	# waiting for a checkpoint that is spread
	sql 'CREATE TABLE dirty AS TABLE t'
	bk-base -v >out 2>err &
	BASE=$!
	await 20 is "count(*) > 0 FROM pg_stat_progress_basebackup WHERE
	    phase LIKE 'waiting for checkpoint%'"
	kill -TERM $BASE
	status=0
	wait "$BASE" || status=$?
	[ "$status" = 143 ]
	BASE=
	grep -q 'waiting for a spread checkpoint.*-c fast' err
	await 5 none_left
}

@test "an output that cannot be written is 1, a reader that left says nothing" {
	run -1 --separate-stderr bash -c 'bk-base -c fast >/dev/full'
	one_line_error bk-base
	[[ $stderr == *"No space left"* ]]
	run -0 --separate-stderr bash -c 'bk-base -c fast | head -c 9 >out
	    echo "${PIPESTATUS[0]}"'
	[ "$output" = 1 ]
	[ -z "$stderr" ]
	await 20 none_left
}

@test "--no-wal waits for the archive, and has no WAL" {
	PGUSER=$ADMIN wal_archive "cp %p $(PGUSER=$ADMIN wal_dir archive)/%f"
	bk-base -c fast --no-wal >out
	ends out
	run -1 bash -c 'tar -tf out | grep -E "^pg_wal/[0-9A-F]{24}"'
	run -0 --separate-stderr bk-base --check --no-wal
	PGUSER=$ADMIN wal_archive false
	PGUSER=$ADMIN wal_switch
	await 20 is "failed_count > 0 FROM pg_stat_archiver"
	run -1 --separate-stderr bk-base --check --no-wal
	[[ $output == *"problem  archiver: fails since "* ]]
	sql 'ALTER SYSTEM RESET archive_command'
	sql 'SELECT pg_reload_conf()'
}

@test "--check: what is missing, and nothing else happens" {
	run -0 --separate-stderr bk-base --check
	[[ ${lines[0]} == "ok       connection: "* ]]
	[[ $output == *$'\nok       data_checksums: on'* ]]
	[[ $output == *$'\nwarning  archive_command: empty'* ]]
	[[ $output == *$'\nok       size: '*" in 4 databases"* ]]
	[[ $output == *$'\nok       tablespaces: 3 '* ]]
	[[ $output == *$'\nunknown  WAL on disk: '* ]]
	[ -z "$stderr" ]
	none_left
	run -1 --separate-stderr bk-base --check --no-wal
	[[ $output == *$'\nproblem  archive_command: empty'* ]]
	run -1 --separate-stderr bk-base --check --incremental "$PGHOST/log"
	one_line_error bk-base
	[[ $output == *$'\nproblem  incremental: '*"PostgreSQL 15 makes no"* ]]
	# without an ordinary connection
	run -0 --separate-stderr bk-base --check nosuchdb
	PG_CONF='wal_level = minimal
	max_wal_senders = 0' pg_start "$PWD/other"
	run -1 --separate-stderr bk-base --check
	one_line_error bk-base
	[[ $stderr == *"max_wal_senders"*"wal_level"* ]]
}

@test "no slot is free: said, and done without" {
	PG_CONF='max_replication_slots = 0' pg_start "$PWD/other"
	run -0 --separate-stderr bash -c 'bk-base -c fast >out'
	one_line_error bk-base
	[[ $stderr == *"no replication slot: "* ]]
	ends out
	run -0 --separate-stderr bk-base --check
	[[ $output == *$'\nwarning  replication slot: '* ]]
	[[ $output == *$'\nwarning  data_checksums: off'* ]]
	[[ $output == *$'\nwarning  archive_mode: off'* ]]
}

# forged TEXT FIELD VALUE MESSAGE: a server that lies so is refused with MESSAGE.
forged() {
	rm -f port
	"$SUPPORT/pgforge.py" 127.0.0.1 "$PGPORT" "${@:1:3}" >port 3>&- &
	PROXY=$!
	await 10 test -s port
	run --separate-stderr bash -c 'bk-base -c fast -h 127.0.0.1 -p "$1" >out' sh "$(cat port)"
	kill $PROXY
	echo "$stderr"
	[ "$status" = 3 ]
	one_line_error bk-base
	[[ $stderr == *"$4"* ]]
	unsealed out
}

@test "a server that lies about its files is not believed" {
	forged base/1/1247 data 77 'base/1/1247: the manifest has CRC32C '
	forged base/1/1247 name ../evil '../evil: the server sent a path'
	forged base/1/1247 name /etc/evil '/etc/evil: the server sent a path'
	forged base/1/1247 name base/../../x 'base/../../x: the server sent a path'
	forged base/1/1247 name base/1/evil 'base/1/1247: the manifest has'
	forged base/1/1247 type 2 'neither a file nor a directory'
	forged base/1/1247 type 1 'neither a file nor a directory'
	forged base/1/1247 size 77777777777 'base backup: '
	forged base.tar raw evil.tar 'an archive without a name'
	forged backup_label data 77 'backup_label: the manifest has CRC32C '
	# its system identifier, behind the begin of a message
	forged 'pg_wal/[0-9A-F]{24}' data 30 'of another cluster'
	forged '"Last-Modified": "20' raw '"Last-Modified": "19' 'checksum'
	forged '"Start-LSN": "' raw '"Start-LSM": "' 'backup_manifest'
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
	await 10 refused
	one_line_error bk-base
	[[ $stderr == *"; give it a line for the database \"replication\"" ]]
}

refused() {
	run --separate-stderr bk-base --check
	[ "$status" = 1 ]
}

@test "a standby; one that is promoted meanwhile fails" {
	PGUSER=$ADMIN wal_start "$PWD/other"
	wal_sql 'CREATE TABLE t AS SELECT generate_series(1, 500) i'
	wal_standby "$PWD/standby" "$PWD/other"
	PGUSER=bk bk-base -c fast >out
	ends out
	mkdir all
	tar -xf out -C all
	"$(pg_config --bindir)/pg_verifybackup" all
	[ -e all/standby.signal ]
	ADMIN=$PGUSER PGUSER=bk
	paused_base
	sql 'SELECT pg_promote()'
	resume
	[ "$status" = 1 ]
	grep -q 'promoted' err
	unsealed out
}

@test "usage errors write nothing" {
	run -2 --separate-stderr bk-base -c slow
	run -2 --separate-stderr bk-base --rate 1
	[[ $stderr == *"32K to 1G"* ]]
	run -2 --separate-stderr bk-base --rate 2G
	run -2 --separate-stderr bk-base -l $'a\nb'
	run -2 --separate-stderr bk-base -l "$(printf 'x%.0s' {1..1025})"
	run -2 --separate-stderr bk-base a b
	run -2 --separate-stderr bash -c 'bk-base >&-'
	[ -z "$output" ]
}
