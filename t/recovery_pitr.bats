#!/usr/bin/env bats
# The disasters of bk-recovery(7) that take a base backup and WAL, ended by the
# very commands of that page, under load.

load support/common
load support/s3
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

PAGE=$TOP/man/bk-recovery.7

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	rgw_start
	s3_mb backups
	s3_mb backups-eu
}

teardown_file() {
	rgw_stop
}

# A server with a database, and directories of its own for what the page has
# in /srv and /var/lib/bk.
setup() {
	local key
	cd "$BATS_TEST_TMPDIR"
	MOMENT=
	for key in $(s3_keys backups); do s3_curl DELETE "/backups/$key"; done
	WAL_INITDB='--wal-segsize=1 --no-sync' wal_start pg
	wal_sql 'DROP ROLE bk'
	HOME_DIR=$PGHOST SIDE_PORT=$(free_port)
	wal_dir srv
	wal_dir bk
	wal_dir bk/wal
	wal_env
	wal_as sh -c 'umask 77 && bk-keygen -o "$0/key"' "$PGHOST" 2>/dev/null
	export BK_IDENTITY=$PGHOST/key BK_RECIPIENTS
	BK_RECIPIENTS=$(bk-keygen -y "$BK_IDENTITY")
	createdb shop
	psql -qX shop <<-'SQL'
	CREATE TABLE orders (id int PRIMARY KEY, what text NOT NULL);
	INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1, 2000) i;
	CREATE INDEX ON orders (what);
	SQL
}

teardown() {
	local dir
	tail -n 5 "$HOME_DIR"/srv/*.log receiver.log 2>/dev/null	# if it failed
	load_stop
	[ ! -e receiver ] || stop_receiver
	[ -z "${PATRONI-}" ] || { tail -n 20 patroni.log; patroni_stop; }
	for dir in "$HOME_DIR"/srv/*/postmaster.pid; do
		[ ! -e "$dir" ] || pg_as "$PG_BIN/pg_ctl" -s -m immediate \
		    -D "${dir%/*}" stop
	done
	pg_stop pg
}

# page SECTION N: the N-th block of commands in a section of the page, with
# this test's directories, port and MOMENT.
page() {
	awk -v section=".Sh $1" -v n="$2" '
	    /^\.Sh / { in_section = $0 == section }
	    in_section && /^\.Bd/ { block++; next }
	    /^\.Ed/ { if (in_section && block == n) exit; next }
	    in_section && block == n { gsub(/\\e/, "\\"); print }
	    ' "$PAGE" | sed "s|/srv/|$HOME_DIR/srv/|g; s|5433|$SIDE_PORT|g
		s|/var/lib/bk/|$HOME_DIR/bk/|g
		s|2026-11-21 14:30Z|$MOMENT|g
		s|2026-11-21 14:30+00|${MOMENT%Z}+00|g" >commands
	[ -s commands ]
}

# follow SECTION N...: run these blocks, as the servers' user.
follow() {
	local n
	wal_env PGHOST PGPORT PGTARGETSESSIONATTRS
	for n in "${@:2}"; do
		page "$1" "$n"
		wal_as PGUSER=postgres PATH="$(wal_tools):$PG_BIN:/usr/bin:/bin" \
		    bash -e -o pipefail -c "cd $HOME_DIR && $(<commands)"
	done
}

# begin: the role, the receiver, load, and a base backup.
begin() {
	follow 'A SERVER AT ANY MOMENT' 1
	follow 'A SERVER AT ANY MOMENT' 2 >receiver.log 2>&1 &
	echo $! >receiver
	await slot_active
	load_start commits 1
	follow 'A SERVER AT ANY MOMENT' 3
}

slot_active() {
	[ "$(wal_sql 'SELECT bool_and(active) FROM pg_replication_slots')" = t ]
}

stop_receiver() {
	local pid
	for pid in $(grep -lxs bk-walrecv /proc/[0-9]*/comm | cut -d / -f 3); do
		[ "$(readlink "/proc/$pid/cwd")" != "$HOME_DIR" ] || kill "$pid"
	done
	wait "$(<receiver)" || :
	rm receiver
}

# now: as MOMENT; all of commits.then had returned before.
now() {
	cp commits commits.then
	MOMENT=$(wal_sql "SELECT to_char(clock_timestamp(),
	    'YYYY-MM-DD HH24:MI:SS.US') || 'Z'")
}

# stored SEGMENT: wait until the bucket has it.
stored() {
	await is_stored "$1"
}

is_stored() {
	[[ " $(s3_keys backups wal/ | tr '\n' ' ') " == *" wal/$1 "* ]]
}

@test "a table was dropped an hour ago" {
	local section='A TABLE WAS DROPPED AN HOUR AGO'
	begin
	wal_sql 'INSERT INTO orders VALUES (0, $$the last$$)' shop
	now
	wal_sql 'DROP TABLE orders' shop
	load_stop
	stored "$(wal_switch)"
	follow "$section" 1
	PGPORT=$SIDE_PORT load_holds commits.then
	follow "$section" 2
	[ "$(wal_sql 'SELECT count(*), min(what) FILTER (WHERE id = 0)
	    FROM orders' shop)" = '2001|the last' ]
	[ "$(wal_sql "SELECT count(*) FROM pg_indexes
	    WHERE tablename = 'orders'" shop)" = 2 ]
	load_holds commits
	follow "$section" 3
	[ "$(wal_sql 'SELECT count(*) FROM orders' shop_side)" = 2001 ]
	follow "$section" 4
	[ ! -e "$HOME_DIR/srv/side" ]
}

@test "the machine is lost; and the region" {
	long
	local key
	begin
	await test -n "$(s3_keys backups wal/)"
	load_stop
	wal_sql 'SELECT pg_switch_wal()'
	wal_sql "INSERT INTO orders VALUES (0, 'the last')" shop
	await confirmed
	stop_receiver
	pg_ctl_ pg -m immediate stop
	follow 'THE MACHINE IS LOST' 1
	[ -z "$(ls "$HOME_DIR/bk/wal" | grep -v lock)" ]
	follow 'THE MACHINE IS LOST' 2 >reached
	grep ^reached= reached
	load_holds commits
	[ "$(wal_sql 'SELECT what FROM orders WHERE id = 0' shop)" = 'the last' ]
	[ "$(wal_sql 'SHOW archive_mode')" = on ]
	pg_as "$PG_BIN/pg_ctl" -s -m fast -D "$HOME_DIR/srv/pg" stop
	rm -r "$HOME_DIR/srv/pg"

	for key in $(s3_keys backups); do
		bk-s3get "s3://backups/$key" | bk-s3put "s3://backups-eu/$key"
		s3_curl DELETE "/backups/$key"
	done
	follow 'THE REGION IS LOST' 1 >reached
	grep ^reached= reached
	load_holds commits
}

# confirmed: what was written is in the spool.
confirmed() {
	[ "$(wal_sql 'SELECT restart_lsn >= pg_current_wal_flush_lsn()
	    FROM pg_replication_slots')" = t ]
}

@test "with pg_basebackup and archive_command" {
	long
	local section='WITH PG_BASEBACKUP AND ARCHIVE_COMMAND'
	page "$section" 1
	cat commands >>"$PGHOST/data/postgresql.conf"
	wal_env
	PG_ENV="${PG_ENV/PATH=/PATH=$(wal_tools):}" pg_ctl_ pg restart
	load_start commits 1
	follow "$section" 2
	now
	wal_sql 'DROP TABLE orders' shop
	load_stop
	wal_archived "$(wal_switch)"
	follow "$section" 3
	PGPORT=$SIDE_PORT load_holds commits.then
	[ "$(PGPORT=$SIDE_PORT wal_sql 'SELECT count(*) FROM orders' shop)" = 2000 ]
	follow 'A TABLE WAS DROPPED AN HOUR AGO' 4
	# and the same by bk-pitr
	follow 'A TABLE WAS DROPPED AN HOUR AGO' 1
	PGPORT=$SIDE_PORT load_holds commits.then
}

# --- Patroni

# patroni_conf: the page's configuration of a member, and what any has.
patroni_conf() {
	local section='A PATRONI CLUSTER' rest port
	rest=$(free_port) port=$(free_port)
	page "$section" 1
	sed "s,/etc/patroni/,$HOME_DIR/srv/," commands
	echo '  dcs: {ttl: 20, loop_wait: 1, retry_timeout: 5}'
	page "$section" 3
	cat commands - <<-END
	  listen: 127.0.0.1:$port
	  connect_address: 127.0.0.1:$port
	  data_dir: $HOME_DIR/srv/pg
	  bin_dir: $PG_BIN
	  authentication:
	    superuser: {username: postgres, password: secret}
	    replication: {username: replicator, password: secret}
	scope: shop
	name: pg1
	restapi: {listen: "127.0.0.1:$rest", connect_address: "127.0.0.1:$rest"}
	raft: {data_dir: $HOME_DIR/srv/raft, self_addr: "127.0.0.1:$(free_port)"}
	END
}

patroni_leads() {
	[ "$(PGHOST=127.0.0.1 PGPORT=$(sed -n 's/^  listen:.*://p' patroni.yml) \
	    PGPASSWORD=secret wal_sql 'SELECT pg_is_in_recovery()' \
	    2>/dev/null)" = f ] || ! kill -0 "$PATRONI" 2>/dev/null
}

patroni_start() {
	wal_as patroni "$HOME_DIR/srv/patroni.yml" >patroni.log 2>&1 &
	PATRONI=$!
}

patroni_stop() {
	kill "$PATRONI"
	wait "$PATRONI" || :
	PATRONI=
}

@test "Patroni: all servers are lost, and a cluster begins with the backups" {
	long
	local last
	command -v patroni >/dev/null || skip "no patroni here"
	export PGTARGETSESSIONATTRS=read-write
	begin
	await test -n "$(s3_keys backups wal/)"
	load_stop
	wal_sql "INSERT INTO orders VALUES (0, 'the last')" shop
	stored "$(wal_switch)"
	stop_receiver
	pg_ctl_ pg -m immediate stop
	patroni_conf >patroni.yml
	page 'A PATRONI CLUSTER' 2
	chmod 755 commands
	cp patroni.yml "$HOME_DIR/srv/patroni.yml"
	cp commands "$HOME_DIR/srv/bk-bootstrap"
	wal_env
	patroni_start
	await patroni_leads
	export PGHOST=127.0.0.1 PGPASSWORD=secret
	PGPORT=$(sed -n 's/^  listen:.*://p' patroni.yml)
	[ "$(wal_sql 'SELECT what FROM orders WHERE id = 0' shop)" = 'the last' ]
	load_holds commits
	# it archives, on its own timeline
	last=$(wal_switch)
	[[ $last == 00000002* ]]
	stored "$last"
	patroni_stop
}
