#!/usr/bin/env bats
# bk-pitr: recovery to each kind of target on a real server; what is refused
# before a server is started.

load support/common

setup_file() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_FILE_TMPDIR"
	wal_start old && wal_archive
	# what an earlier recovery has left in its settings
	wal_sql "ALTER SYSTEM SET recovery_target_xid = '4711'"
	wal_sql "ALTER SYSTEM SET recovery_end_command = 'exit 1'"
	TOOLS=$(wal_tools)
	wal_sql 'CREATE TABLE t(n int)' && wal_sql 'INSERT INTO t VALUES (1)'
	bk-base -q -c fast --rate 12M >base.tar &
	pid=$!
	await streaming
	wal_sql "SELECT pg_create_restore_point('early')"
	wait "$pid"
	wal_sql 'INSERT INTO t VALUES (2)'
	wal_sql "SELECT pg_create_restore_point('two')"
	ODD='x'\''y"%f \ $(touch pwned)'$'\n''z'
	wal_sql "SELECT pg_create_restore_point(\$\$$ODD\$\$)"
	lsn=$(wal_sql 'SELECT pg_current_wal_lsn()')
	xid=$(wal_sql 'WITH i AS (INSERT INTO t VALUES (3) RETURNING 1)
	    SELECT pg_current_xact_id() FROM i')
	wal_switch
	wal_sql 'INSERT INTO t SELECT 4 FROM generate_series(1, 60000)'
	wal_switch
	time=$(wal_sql 'SELECT clock_timestamp()')
	wal_sql 'DROP TABLE t'
	idle=$(wal_sql 'SELECT clock_timestamp()')
	wal_archived "$(wal_switch)"
	end=$(wal_sql 'SELECT pg_current_wal_lsn()')
	ln -s "$PGHOST" home
	chmod -R a+rX "$PGHOST/archive"
	# the machine is lost; its port and its socket are free for the next
	pg_ctl_ old -m immediate stop
	printf '%s\n' "$lsn" "$xid" "$time" "$idle" "$end" >targets
	export TOOLS ODD
}

# streaming: the base backup is under way.
streaming() {
	[ "$(wal_sql "SELECT phase LIKE 'streaming%' FROM
	    pg_stat_progress_basebackup")" = t ]
}

teardown_file() {
	. "$SUPPORT/pg.bash"
	pg_stop "$BATS_FILE_TMPDIR/old"
}

setup() {
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
	F=$BATS_FILE_TMPDIR
	{
		read -r LSN; read -r XID; read -r TIME; read -r IDLE
		read -r END
	} <"$F/targets"
	ARCHIVE=$(readlink "$F/home")/archive
	cp -R "$ARCHIVE" wal
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/new"
}

# segments: those from the base backup on.
segments() {
	local first
	first=$(basename "$(echo wal/*.backup)")
	for f in wal/*[0-9A-F]; do
		[[ ${f##*/} < ${first%%.*} ]] || echo "${f##*/}"
	done | paste -sd ' '
}

# from DIR: a --wal COMMAND for the archive in DIR.
from() {
	echo "test -e $1/\$BK_WAL_NAME || exit 4; cat $1/\$BK_WAL_NAME"
}

# pitr TARGET ARG...: into a new $SIDE, from the copied archive.
pitr() {
	local target=$1
	shift
	[ -e new/home ] || wal_side new
	[ -d "$SIDE" ] || pg_as mkdir -m 700 "$SIDE"
	"$TOOLS/bk-pitr" -q -D "$SIDE" --target "$target" \
	    --wal "$(from "$ARCHIVE")" --set listen_addresses= "$@" \
	    <"$F/base.tar"
}

# try TARGET [DIR]: is it proven, from the archive in DIR?
try() {
	bk-pitr -q -D nowhere --dry-run --target "$1" \
	    --wal "$(from "${2-$PWD/wal}")" <"$F/base.tar"
}

# after TARGET: what the table has once it was recovered to.
after() {
	run -0 --separate-stderr pitr "$1" --start
	[[ $output =~ ^reached=[^\ ]*\ lsn=[0-9A-F]+/[0-9A-F]+\ timeline=2\ seconds=[0-9]+$ ]]
	pg_use "$F/old"
	wal_sql 'SELECT string_agg(DISTINCT n::text, $$ $$ ORDER BY n::text) FROM t'
	[ ! -e "$SIDE/bk_wal" ]
	pg_stop new
}

@test "to a time, a restore point, an LSN, a transaction, the backup's end" {
	[ "$(after "$TIME")" = '1 2 3 4' ]
	[ "$(after two)" = '1 2' ]
	[ "$(after "$LSN")" = '1 2' ]
	[ "$(after "xid:$XID")" = '1 2 3' ]
	[ "$(after immediate)" = 1 ]
	[[ $(after latest 2>&1) == *'relation "t" does not exist'* ]]
}

@test "a time at which nothing happened any more, the very end of the WAL" {
	# PostgreSQL would say that it ended before its target
	[[ $(after "$IDLE" 2>&1) == *'relation "t" does not exist'* ]]
	[[ $(after "$END" 2>&1) == *'relation "t" does not exist'* ]]
}

# slow_collector: commands that stop the server's log collector until the
# postmaster is gone.
slow_collector() {
	local server="\$(head -n 1 $SIDE/postmaster.pid)"
	echo "server=$server
	logger=\$(pgrep -P \$server -f logger)
	kill -STOP \$logger && touch ${SIDE%/data}/slowed
	{ while kill -0 \$server; do sleep 0.1; done; sleep 0.5
	kill -CONT \$logger; } </dev/null >/dev/null 2>&1 &"
}

@test "a server that ends: its own last words" {
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	run -1 --separate-stderr pitr latest --start --set listen_addresses=192.0.2.1
	[[ $stderr == *"the server ended: could not create any TCP/IP sockets; does another server use its port"*"--set port=NUMBER" ]]
	one_line_error bk-pitr
	pg_stop new

	wal_side new && pg_as mkdir -m 700 "$SIDE"
	# an archive that fails once the server asks; what the server says of
	# it is written to its log only after it is gone
	run -1 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" --start \
	    --set listen_addresses= --set logging_collector=on \
	    --target latest --wal "[ ! -e $SIDE/PG_VERSION ] ||
	    {
		$(slow_collector)
		exit 1
	    }
	    $(from "$ARCHIVE")" <"$F/base.tar"
	echo "$stderr"
	[[ $stderr == "bk-pitr: $SIDE: the server ended: could not restore file "* ]]
	[ -e "${SIDE%/data}/slowed" ]
	one_line_error bk-pitr
	[ -z "$output" ]
	pg_stop new

	# one that is empty when the server asks, though it was not before: no
	# less than what was proven is called the end
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	run -1 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" --start \
	    --set listen_addresses= \
	    --target latest --spool-size 1 \
	    --wal "[ ! -e $SIDE/PG_VERSION ] || exit 4
	    $(from "$ARCHIVE")" <"$F/base.tar"
	[[ $stderr == *"the server ended: recovery ended before configured recovery target was reached" ]]
}

@test "pg_basebackup's tar, sealed by bk-seal" {
	long
	local tar
	pg_start plain && wal_sql 'CREATE TABLE p(n int)' || return
	wal_sql 'INSERT INTO p VALUES (1)'
	bk-seal pg_basebackup -Ft -X fetch -D - 2>/dev/null >plain.tar
	pg_ctl_ plain -m immediate stop
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	# nothing tells it from another's, so nothing is kept for --delta
	run -3 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" \
	    --target name:three <plain.tar
	[[ $stderr != *stays* && -z $(ls -A "$SIDE") ]]
	run -0 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" --start \
	    --set listen_addresses= \
	    --target latest <plain.tar
	pg_use plain
	[ "$(wal_sql 'SELECT n FROM p')" = 1 ]
	pg_stop plain
	pg_stop new
	# as Debian has it: the configuration is not in the backup
	pg_start plain && mv "$PGHOST/data/postgresql.conf" "$PGHOST/"
	pg_ctl_ plain -o "-c config_file=$PGHOST/postgresql.conf" restart
	bk-base -q -c fast >elsewhere.tar
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	run -1 --separate-stderr "$TOOLS/bk-pitr" -q -D "$SIDE" --start \
	    --set listen_addresses= \
	    --target latest <elsewhere.tar
	[[ $stderr == *"$SIDE: ready, but it has no postgresql.conf, "* ]]
	[ -e "$SIDE/recovery.signal" ]
	pg_stop plain
	# cut, it is nobody's backup
	head -c 9000000 plain.tar >cut.tar
	run -3 bk-pitr -q -D nowhere --dry-run --target latest <cut.tar
}

@test "a hole, damage, a foreign or a renamed segment: nothing is started" {
	read -r _ _ middle next _ < <(segments)
	run -0 --separate-stderr try "$TIME"

	mv "wal/$middle" away
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: $middle: not in the archive, though later WAL is; "* ]]
	cp "wal/$next" "wal/$middle"
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: $middle: "*"$next"* ]]
	# however wide: only the last one is left
	mkdir wide
	cp wal/* wide
	rm "wide/$middle"
	for n in $(segments | cut -d ' ' -f 4- | sed 's/ [^ ]*$//'); do
		rm "wide/$n"
	done
	run -3 --separate-stderr try latest "$PWD/wide"
	[[ $stderr == "bk-pitr: $middle: not in the archive, though later WAL is; "* ]]
	head -c 500000 away >"wal/$middle"
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: $middle: "* ]]
	flip away 500000 >"wal/$middle"
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: $middle: damaged at 0/"*"checksum"* ]]
	one_line_error bk-pitr
	# the system identifier in its first page
	flip away 24 >"wal/$middle"
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: $middle: "*"another cluster"* ]]
	# nor is a damaged one the end of the WAL
	cp away "wal/$middle"
	flip "wal/$next" 300000 >away
	cp away "wal/$next"
	run -3 --separate-stderr try latest
	[[ $stderr == "bk-pitr: $next: damaged at "* ]]

	# and where it is to be done, nothing is left that would start
	wal_side new
	pg_as mkdir -m 700 "$SIDE"
	cp -R wal "$(readlink new/home)/wal"
	run -3 --separate-stderr "$TOOLS/bk-pitr" --start -D "$SIDE" \
	    --target latest --wal "$(from "$(readlink new/home)/wal")" \
	    <"$F/base.tar"
	[[ $stderr == *"$next: damaged"* ]]
	[ ! -e "$SIDE/PG_VERSION" ]
	[ ! -e "$SIDE/postmaster.pid" ]
}

# flip FILE OFFSET: it, with one bit there the other way round.
flip() {
	perl -0777 -pe 'substr($_, '"$2"', 1) ^= "\x10"' "$1"
}

@test "an archive with other WAL than the base backup's own, as of a copy of the cluster" {
	python3 - "$F/base.tar" <<-'PY'
		import re, sys, tarfile
		tar = bytearray(open(sys.argv[1], "rb").read())
		start = re.search(rb"start=[0-9A-F]+/([0-9A-F]+)", tar[:4096])
		at = int(start[1], 16) % 2 ** 20 + 60
		with tarfile.open(sys.argv[1]) as t:
		    first = min((m for m in t if re.fullmatch(
		        r"pg_wal/[0-9A-F]{24}", m.name)), key=lambda m: m.name)
		tar[first.offset_data + at] ^= 1
		open("base.tar", "wb").write(tar)
	PY
	F=$PWD
	run -3 --separate-stderr pitr immediate
	[[ $stderr == *": the archive's is not the one that the base backup has: "* ]]
}

@test "an outage is not an end: 1; an archive that lacks the last WAL is one: 3" {
	run -1 --separate-stderr bk-pitr -q -D nowhere --dry-run \
	    --target latest --wal 'exit 1' <"$F/base.tar"
	[[ $stderr == "bk-pitr: 0"*": "*"exit status 1"* ]]
	run -1 --separate-stderr bk-pitr -q -D nowhere --dry-run --target latest \
	    --wal "[ \$BK_WAL_NAME != $(segments | cut -d ' ' -f 4) ] || exit 7
	    $(from "$PWD/wal")" <"$F/base.tar"
	[[ $stderr == *"exit status 7"* ]]

	rm "wal/$(segments | awk '{ print $NF }')"
	run -3 --separate-stderr try "$TIME"
	[[ $stderr == "bk-pitr: ${TIME%+*}"*": not in the WAL, which ends at 0/"*"its last transaction ended 20"* ]]
	run -3 --separate-stderr try name:three
	[[ $stderr == *'restore point "three": not in the WAL, '*'there are the restore points '*'"two"'* ]]
	run -3 --separate-stderr try xid:999999
	[[ $stderr == *"transaction 999999: not in the WAL"* ]]
	run -3 --separate-stderr try FF/0
	[[ $stderr == *"FF/0: not in the WAL"* ]]
	run -0 --separate-stderr try latest
	# without an archive there is what the backup brings
	run -0 bk-pitr -q -D nowhere --dry-run --target latest <"$F/base.tar"
	run -0 bk-pitr -q -D nowhere --dry-run --target immediate <"$F/base.tar"
	run -3 bk-pitr -q -D nowhere --dry-run --target two <"$F/base.tar"
	# all that a plan needs is there, and yet it is no backup
	head -c -1 "$F/base.tar" >cut.tar
	run -3 bk-pitr -q -D nowhere --dry-run --target immediate <cut.tar
	[ ! -e nowhere ]
}

@test "a target before the backup's end: take an earlier one" {
	run -3 --separate-stderr try '2026-11-21 14:30Z'
	[[ $stderr == *"before this base backup, "*"bk-s3get --before '2026-11-21 14:30:00+00'" ]]
	run -3 --separate-stderr try 0/100028
	[[ $stderr == *"before this base backup, "* ]]
	# the label says when it began; its end only the WAL
	run -3 --separate-stderr try early
	[[ $stderr == *"before the end of this base backup"* ]]
}

@test "a time needs its zone, and other usage errors" {
	run -2 --separate-stderr env TZ=Europe/Berlin bk-pitr -D nowhere \
	    --target '2026-11-21 14:30' </dev/null
	[[ $stderr == *"write 2026-11-21T14:30:00Z if it is UTC, 2026-11-21T13:30:00Z if it is this host's local time"* ]]
	run -2 --separate-stderr bk-pitr -D nowhere --target 4711 </dev/null
	[[ $stderr == *"write xid:4711 (transaction) or name:4711"* ]]
	run -2 --separate-stderr bk-pitr -D nowhere --target '2199-01-01 00:00Z' </dev/null
	[[ $stderr == *"has not come yet"* ]]
	run -2 bk-pitr -D nowhere </dev/null
	run -2 bk-pitr --target latest </dev/null
	run -2 bk-pitr -D nowhere --target latest --map x=y </dev/null
	run -2 bk-pitr -D nowhere --target latest --timeline 0 </dev/null
	exec </dev/null
	local to=(-D nowhere --target latest)
	usage 'more than 64' bk-pitr "${to[@]}" --map=/{1..65}=/x
	usage 'more than 64' bk-pitr "${to[@]}" --incremental={1..65}
	usage 'more than 64' bk-pitr "${to[@]}" --set=a{1..65}=x
	usage '--set a b=c: not NAME=VALUE' bk-pitr "${to[@]}" --set 'a b=c'
	usage '--spool-size' bk-pitr "${to[@]}" --spool-size x
	usage 'shop.base: the base backup is standard input' \
	    bk-pitr "${to[@]}" shop.base
	usage 'without --wal' bk-pitr "${to[@]}" --spool .
	usage 'not with --incremental' bk-pitr "${to[@]}" --delta --incremental x
	[ ! -e nowhere ]
}

@test "a dry run: its plan, what it cannot do, and what is left of it: nothing" {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	local pid status to=(bk-pitr -D nowhere --dry-run --wal "$(from "$PWD/wal")"
	    --target)
	mkdir tmp
	run -0 "${to[@]}" two -v -j 1 --timeline latest --map '/a\=b=/c' <"$F/base.tar"
	run -1 --separate-stderr bash -c '"$@" >/dev/full' - "${to[@]}" two <"$F/base.tar"
	[[ $stderr == *"bk-pitr: standard output: write: No space left on device" ]]
	TMPDIR=/nonexistent run -1 --separate-stderr "${to[@]}" two <"$F/base.tar"
	[[ $stderr == "bk-pitr: /nonexistent/bk-pitr."*": mkdtemp: "* ]]
	tar -xf "$F/base.tar" backup_label PG_VERSION
	echo 'INCREMENTAL FROM LSN: 0/1000028' >>backup_label
	bk-seal tar -cf - backup_label PG_VERSION >increment
	run -3 --separate-stderr "${to[@]}" two <increment
	[[ $stderr == *"give the full one on standard input"* ]]
	bk-pitr -q -D nowhere --dry-run --target two \
	    --wal ': >begun; exec sleep 1000' <"$F/base.tar" 3>&- 4>&- &
	pid=$!
	await test -e begun
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" = 143 ]
	[ -z "$(ls tmp)" ]
}

@test "as root: the directory's owner, if it has one that can run a server" {
	[ "$(id -u)" = 0 ] || skip 'not root'
	mkdir roots nobodys
	chown 12345 nobodys
	run -2 --separate-stderr bk-pitr -D roots --target latest </dev/null
	[[ $stderr == *"roots: PostgreSQL does not run as root; "* ]]
	run -1 --separate-stderr bk-pitr -D nobodys --target latest </dev/null
	[ "$stderr" = 'bk-pitr: nobodys: its owner, 12345, has no name here' ]
	chown 65534 nobodys
	run -1 --separate-stderr setpriv --bounding-set -setuid \
	    bk-pitr -D nobodys --target latest </dev/null
	[[ $stderr == 'bk-pitr: nobodys: become its owner, '*': Operation not permitted' ]]
	run -1 --separate-stderr bk-pitr -D "$F/base.tar/x" --target latest </dev/null
	[ "$stderr" = "bk-pitr: $F/base.tar/x: Not a directory" ]
}

@test "refused at first, then with --delta: what was unpacked is not copied again" {
	local inode home
	wal_side new
	home=$(readlink new/home)
	run -3 --separate-stderr pitr name:three --start
	[[ $stderr == *"; $SIDE is kept but cannot be started; run again with --delta"* ]]
	one_line_error bk-pitr
	[ ! -e "$SIDE/PG_VERSION" ]
	[ ! -e "$SIDE/bk_wal" ]
	run -1 --separate-stderr pitr "$TIME"
	[[ $stderr == *"use --delta"* ]]
	run -1 --separate-stderr pitr "$TIME" --delta --spool "$SIDE/none"
	[[ $stderr == "bk-pitr: $SIDE/none: No such file or directory; $SIDE is kept but "* ]]
	cp "$TOOLS/bk-pitr" "$home"
	TOOLS=$home run -1 --separate-stderr pitr "$TIME" --delta
	[[ $stderr == "bk-pitr: $home/bk-walget: No such file or directory; $SIDE is kept but "* ]]
	inode=$(stat -c %i "$SIDE/global/pg_filenode.map")
	run -0 --separate-stderr pitr "$TIME" --start --delta
	[ "$(stat -c %i "$SIDE/global/pg_filenode.map")" = "$inode" ]
	pg_use "$F/old"
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 60003 ]

	# it lives, and is another one's than what comes
	run -1 --separate-stderr pitr "$TIME" --delta
	[[ $stderr == *"$SIDE: a server runs in it"* ]]
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 60003 ]
	pg_stop new
	wal_side new
	pg_as mkdir -m 700 "$SIDE"
	pg_as touch "$SIDE/mine"
	run -1 --separate-stderr pitr "$TIME"
	[[ $stderr == *"not empty"*"'mine'"* ]]
	[ -e "$SIDE/mine" ]
}

@test "paused at the target, with little room for WAL, and archiving on" {
	wal_side new
	run -0 --separate-stderr pitr two --start --pause --archive \
	    --spool-size 1M --set work_mem=7MB --set "cluster_name=it's" \
	    --set listen_addresses=127.0.0.1 --set unix_socket_directories= \
	    --set recovery_target_action=shutdown
	[[ $output == *" timeline=1 "* ]]
	pg_use "$F/old"
	PGHOST=127.0.0.1
	[ "$(wal_sql 'SHOW work_mem')" = 7MB ]
	[ "$(wal_sql 'SHOW cluster_name')" = "it's" ]
	[ "$(wal_sql 'SELECT pg_is_in_recovery(), count(*) FROM t')" = 't|2' ]
	[ "$(wal_sql 'SHOW archive_mode')" = on ]
	# to go on would be to write into the archive
}

@test "odd names: a restore point, an archive, a spool" {
	local home
	wal_side new
	home=$(readlink new/home)
	pg_as mkdir -m 700 "$SIDE" "$home/a'b %p" "$home/s'p %f"
	cp "$ARCHIVE"/* "$home/a'b %p"
	chmod -R a+rX "$home"
	export D="$home/a'b %p"
	run -0 --separate-stderr "$TOOLS/bk-pitr" -q --start -D "$SIDE" \
	    --target "name:$ODD" --spool "$home/s'p %f" --wal \
	    "test -e \"\$D/\$BK_WAL_NAME\" || exit 4; cat \"\$D/\$BK_WAL_NAME\"" \
	    <"$F/base.tar"
	pg_use "$F/old"
	[ "$(wal_sql 'SELECT count(*) FROM t')" = 2 ]
	[ "$(wal_sql 'SHOW recovery_target_name')" = "$ODD" ]
	[ ! -e "$SIDE/pwned" ]
}

# --- the page

# example N: of the page, with our places and without the bucket, which
# t/pitr_cycle.bats has.
example() {
	awk -v n="$1" '/^\.Sh EXAMPLES/ { e = 1 } /^\.Sh SEE/ { e = 0 }
	    /^\.Ed/ { b = 0 } e && b && i == n
	    /^\.Bd/ && e { b = 1; i++ }' "$TOP/man/bk-pitr.1" |
	    sed "s/\\\\e\$/\\\\/; s,/srv/[a-z]*,$SIDE,; s,/archive,$ARCHIVE,g
		s,bk-s3get --before '[^']*' s3://b/base/,cat base.tar,
		s/| bk-crypt -d | bk-gz -d'/'/; s/bk-crypt -d | bk-gz -d |//
		s,bk-s3get s3://b/wal/,cat 2>/dev/null $ARCHIVE/,
		s/BK_WAL_NAME '/BK_WAL_NAME || exit 4'/
		s/2026-11-21 14:30Z/$TIME/; s,^bk-pitr,$TOOLS/&,
		s, bk-pitr, $TOOLS/bk-pitr,"
}

@test "the page's examples" {
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	ln -s "$F/base.tar" base.tar
	run -0 --separate-stderr bash -eo pipefail -c "$(example 2)"
	[[ ${lines[0]} == base$'\t'cluster\ * ]]
	[[ ${lines[3]} == target$'\t'* ]]
	[ -z "$(ls -A "$SIDE")" ]
	run -0 --separate-stderr bash -eo pipefail -c "$(example 1)"
	[ -e "$SIDE/recovery.signal" ]
	rm -rf "${SIDE:?}"/*
	run -0 --separate-stderr bash -eo pipefail -c "$(example 3)"
	[[ $output == reached=* ]]
}

@test "the server that --start leaves has no password of the old one, and holds up no bk-run" {
	pg_use "$F/old"
	wal_side new && pg_as mkdir -m 700 "$SIDE"
	run -0 --separate-stderr env PGPASSWORD=geheim DATABASE_URL=postgresql://x:geheim@y/z \
	    "$TOOLS/bk-run" -- "bk-pitr -q -D $SIDE --target immediate --start \
	    --wal '$(from "$ARCHIVE")' --set listen_addresses= <$F/base.tar"
	run -1 grep -c 'geheim\|BK_STATUS' "/proc/$(head -n 1 "$SIDE/postmaster.pid")/environ"
}
