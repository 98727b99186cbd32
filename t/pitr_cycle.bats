#!/usr/bin/env bats
# Point in time, from end to end: base backups and WAL in an encrypted bucket,
# a server that is written to all the while, and each commit counted by the
# client to which it returned.

load support/common
load support/s3
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

# One history for all tests: a base backup and WAL under load, four moments to
# recover to, then a DROP TABLE, and more commits.
setup_file() {
	cd "$BATS_FILE_TMPDIR"
	rgw_start
	s3_mb backups
	wal_start pg
	wal_tablespace fast
	wal_tablespace slow
	wal_sql "CREATE TABLE orders TABLESPACE fast AS
	    SELECT i AS id, md5(i::text) AS what FROM generate_series(1, 5000) i"
	wal_sql "CREATE TABLE old TABLESPACE slow AS SELECT * FROM orders"
	make_key
	export WAL_COMMAND='bk-gz | bk-crypt | bk-s3put s3://backups/wal/$BK_WAL_NAME'
	export FETCH='bk-s3get s3://backups/wal/$BK_WAL_NAME | bk-crypt -d | bk-gz -d'
	mkdir spool
	receive bk spool
	load_start commits 1
	PGUSER=bk bk-base -c fast | bk-gz | bk-crypt |
	    bk-s3put 's3://backups/base/{host}-{utc}.tar'
	target name "SELECT 'name' FROM pg_create_restore_point('name')"
	target lsn 'SELECT pg_current_wal_lsn()'
	target xid "INSERT INTO orders VALUES (0)
	    RETURNING 'xid:' || pg_current_xact_id()"
	target time "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.US') ||
	    'Z'"
	wal_sql 'DROP TABLE orders'
	load_stop
	target latest "SELECT 'latest'"
	stored "$(wal_switch)"
}

teardown_file() {
	cd "$BATS_FILE_TMPDIR"
	load_stop
	xargs kill <receivers
	pg_stop pg
	rgw_stop
}

setup() {
	cd "$BATS_FILE_TMPDIR"
	pg_use pg
	keys
}

teardown() {
	tail -n 5 receiver.log		# shown if the test failed
	[ ! -e side/home/log ] || tail -n 30 side/home/log
	pg_stop side
	pg_stop other
	pg_stop first
	fault_stop
}

# A key that the servers' user may read.
make_key() {
	local keys
	keys=$(wal_dir keys)
	wal_env
	wal_as sh -c 'umask 77 && bk-keygen -o "$0/key"' "$keys" 2>/dev/null
	export KEY=$keys/key
	keys
}

keys() {
	export BK_IDENTITY=$KEY BK_RECIPIENTS
	BK_RECIPIENTS=$(bk-keygen -y "$KEY")
	wal_env
}

# receive SLOT SPOOL: from the server in use, until teardown_file.
receive() {
	PGUSER=bk bk-walrecv --slot "$1" --spool "$2" -- \
	    sh -c "$WAL_COMMAND" >>receiver.log 2>&1 3>&- 4>&- &
	echo $! >>receivers
	await slot_active "$1"
}

slot_active() {
	[ "$(wal_sql "SELECT active FROM pg_replication_slots
	    WHERE slot_name = '$1'")" = t ]
}

# target NAME STATEMENT: it prints what to recover to.  Kept beside it: how many
# commits had returned before, and a time after it.
target() {
	wc -l <commits >"$1.lines"
	wal_sql "$2" >"$1.target"
	wal_sql 'SELECT clock_timestamp()' >"$1.until"
	# somebody commits later
	[ ! -e "$LOAD.run" ] || await longer_than commits "$(($(wc -l <commits) + 50))"
}

longer_than() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# stored SEGMENT: wait until the bucket has it.
stored() {
	await is_stored "$1"
}

is_stored() {
	bk-s3ls s3://backups/wal/ >stored && cut -f 3 stored | grep -q "/$1$"
}

# recover TARGET [OPTION...]: the third line, as the servers' user.
recover() {
	wal_as bash -e -o pipefail -c '
	    bk-s3get --before "$1" s3://backups/base/ | bk-crypt -d | bk-gz -d |
		bk-pitr -D "$0" --wal "$2" --target "${@:3}"' \
	    "$SIDE" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$FETCH" "$@"
}

# mapped: options that put the tablespaces beside $SIDE.
mapped() {
	echo "--map $(spaces_of pg)/space-fast=$(spaces_of side)/fast"
	echo "--map $(spaces_of pg)/space-slow=$(spaces_of side)/slow"
}

spaces_of() {
	readlink "$1/home"
}

# as_of NAME: the cluster in use has all that had been committed by then, and
# nothing that was committed later.
as_of() {
	load_holds commits "$(<"$1.lines")"
	[ "$(wal_sql "SELECT count(*) FROM load WHERE
	    pg_xact_commit_timestamp(xmin) > '$(<"$1.until")'")" = 0 ]
	[ "$(wal_sql 'SELECT count(*) FROM old')" = 5000 ]
	[ "$1" = latest ] || [ "$(wal_sql 'SELECT count(*) FROM orders
	    WHERE id > 0')" = 5000 ]
}

@test "the second before a DROP TABLE, by a time" {
	wal_side side
	recover "$(<time.target)" $(mapped)
	wal_run side
	as_of time
	[ "$(wal_sql 'SELECT pg_is_in_recovery()')" = f ]
	wal_sql 'INSERT INTO orders VALUES (-1)'
	# the other server's tablespaces are its own
	[ "$(wal_sql "SELECT bool_and(pg_tablespace_location(oid)
	    LIKE '$(spaces_of side)/%') FROM pg_tablespace
	    WHERE spcname IN ('fast', 'slow')")" = t ]
	pg_use pg
	as_of latest
}

@test "a restore point, an LSN, a transaction, and all there is" {
	long
	local kind
	for kind in name lsn xid latest; do
		wal_side side
		recover "$(<$kind.target)" $(mapped)
		wal_run side
		as_of $kind
		[ $kind != name ] || [ "$(wal_sql 'SELECT count(*) FROM orders
		    WHERE id = 0')" = 0 ]
		[ $kind != xid ] || [ "$(wal_sql 'SELECT count(*) FROM orders
		    WHERE id = 0')" = 1 ]
		[ $kind != latest ] || [ "$(wal_sql "SELECT to_regclass('orders')
		    IS NULL")" = t ]
		pg_stop side
	done
}

@test "the archive goes away in the middle of recovery: no promotion" {
	local wal
	wal_side side
	# what was proven is not kept
	FETCH=${FETCH/s3get/s3get --retry-for 1s}
	recover "$(<lsn.target)" --spool-size 0 $(mapped)
	fault_start 'GET /wal/ 3-999999 status:503:SlowDown'
	wal_place side
	wal_env
	pg_ctl_ side start || :
	pg_use side
	await server_gone side
	grep -i 'fatal' "$PGHOST/log"
	[ -z "$(find "$SIDE/pg_wal" -name '00000002*')" ]
	fault_stop
	wal_env
	wal_run side
	as_of lsn
}

server_gone() {
	[ ! -e "$1/home/data/postmaster.pid" ]
}

@test "a standby as the source of base and WAL" {
	long
	local last
	wal_start first
	wal_standby other first
	PGUSER=bk bk-base -c fast >standby.tar
	mkdir standby
	PGUSER=bk bk-walrecv --slot bk 'bk-save -q standby/$BK_WAL_NAME' \
	    >>receiver.log 2>&1 3>&- 4>&- &
	echo $! >>receivers
	await slot_active bk
	pg_use first
	load_start commits3 1
	await longer_than commits3 1000
	load_stop
	last=$(wal_switch)
	await test -e "standby/$last"
	chmod a+r standby/*
	wal_side side
	cp -r standby "${SIDE%/data}/wal"
	wal_as bk-pitr -D "$SIDE" --target latest --wal \
	    "cat ${SIDE%/data}/wal/\$BK_WAL_NAME 2>/dev/null || exit 4" \
	    <standby.tar
	wal_run side
	load_holds commits3
}

@test "promotion, and recovery across the switch" {
	long
	wal_side side
	recover "$(<time.target)" $(mapped)
	wal_run side
	mkdir spool2
	receive bk2 spool2
	load_start commits2 1
	await longer_than commits2 1000
	load_stop
	stored "$(wal_switch)"
	stored 00000002.history
	pg_stop side

	wal_side side
	recover latest $(mapped)
	wal_run side
	load_holds commits "$(<time.lines)"
	load_holds commits2
	[ "$(wal_sql 'SELECT count(*) FROM orders WHERE id > 0')" = 5000 ]
	[ "$(wal_sql 'SELECT timeline_id FROM pg_control_checkpoint()')" = 3 ]
	pg_stop side

	# the other life, in which orders was dropped
	wal_side side
	recover latest --timeline 1 $(mapped)
	wal_run side
	as_of latest
}
