#!/usr/bin/env bats
# bk-dump on the other servers: older and newer versions, a standby, a pooler.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
	pg_stop "$BATS_TEST_TMPDIR/standby"
}

# clients MAJOR: programs for that server in $BIN: installed ones, if they are
# not older, else fetched.
clients() {
	local have
	BIN=$(pg_config --bindir)
	have=$("$BIN/pg_dump" --version | sed 's/^[^)]*) //; s/[^0-9].*//')
	if [ "$have" -lt "$1" ]; then
		# nobody has 16's any more
		why=$("$SUPPORT/pg-clients.sh" $(($1 < 17 ? 17 : $1)) \
		    "$PWD/clients" 2>&1) || skip "$why"
		BIN=$PWD/clients/bin
	fi
}

# same_as_pg_dump MAJOR [OPTION...]: on a server of that version, the archive
# is pg_dump's, restores, and is the same bytes for any -j.
same_as_pg_dump() {
	pg_among "$1" || skip "$PG_WHY"
	clients "$1"
	pg_start "$PWD/pg" "$1"
	createdb -T template0 weird
	# these servers come without contrib
	sed '/postgres_fdw/d; /^CREATE SERVER/d; /^CREATE FOREIGN/d' \
	    "$SUPPORT/weird.sql" | psql -qX weird >/dev/null
	[ "$1" -lt 18 ] || psql -qX weird <<-'SQL'
	CREATE TABLE virt (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL);
	INSERT INTO virt VALUES (1), (2);
	SQL
	export BK_PG_BINDIR=$BIN
	bk-dump -j 3 "${@:2}" weird >ours
	"$BIN/pg_dump" -Fc -Z0 "${@:2}" weird >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	bk-dump -j 1 "${@:2}" weird >one
	cmp <(body ours) <(body one)
	"$BIN/pg_restore" -l ours >list
	createdb -T template0 again
	# 17's programs set a parameter that 16 does not know, and go on
	bk-dump "${@:2}" weird | "$BIN/pg_restore" -d again ||
	    [ "$1" = 16 ]
	cmp <(text weird) <(text again)
}

@test "PostgreSQL 13, which cannot read page ranges" {
	same_as_pg_dump 13
}

@test "PostgreSQL 14" {
	same_as_pg_dump 14
}

@test "PostgreSQL 16, archive 1.16" {
	same_as_pg_dump 16
	grep -q 'Dump Version: 1.16' list
}

@test "PostgreSQL 17" {
	same_as_pg_dump 17
}

@test "PostgreSQL 18, statistics too" {
	same_as_pg_dump 18 --statistics
}

@test "PostgreSQL 19, statistics too" {
	same_as_pg_dump 19 --statistics
}

@test "a newer server than any pg_dump here: which one is needed" {
	pg_have 18 || skip "$PG_WHY"
	[ ! -e /usr/lib/postgresql/18 ] || skip "PostgreSQL 18 is installed"
	pg_start "$PWD/pg" 18
	run --separate-stderr -1 bk-dump postgres
	one_line_error bk-dump
	[[ $stderr == *"the server is version 18, and the newest pg_dump found is "*"; install postgresql-client-18 or set BK_PG_BINDIR" ]]
}

@test "a standby" {
	pg_start "$PWD/pg"
	primary=$PGHOST
	createdb -T template0 weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	# a cluster of pg_start's, its data replaced by a copy of the other's
	pg_start "$PWD/standby"
	pg_ctl_ "$PWD/standby" -m immediate stop
	mv "$PGHOST/data/postgresql.conf" conf
	rm -r "$PGHOST/data"
	standby=$PGHOST
	port=$PGPORT
	pg_use "$PWD/pg"
	pg_find
	pg_as "$PG_BIN/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres \
	    -D "$standby/data" -R -c fast
	cat conf >"$standby/data/postgresql.conf"
	pg_ctl_ "$PWD/standby" start
	psql -qXc 'CREATE TABLE last AS SELECT 1 AS a' weird
	bk-dump --no-unlogged-table-data weird >one	# as a standby has none
	caught_up() {
		psql -h "$standby" -p "$port" -qXc 'SELECT FROM last' weird
	}
	await caught_up
	pg_use "$PWD/standby"
	bk-dump -j 3 weird >ours
	BIN=$PG_BIN
	# a standby sees sequences ahead, by what the log holds in advance
	cmp <(sql_of one | grep -v setval) <(sql_of ours | grep -v setval)
	grep -aoE '"lsn":"[0-9A-F]+/[0-9A-F]+"' ours
}

@test "a pooler is told apart and refused" {
	[[ $(command -v pgbouncer) ]] || skip "no pgbouncer"
	pg_start "$PWD/pg"
	port=$(free_port)
	cat >"$PGHOST/pgbouncer.ini" <<-INI
	[databases]
	* = host=$PGHOST port=$PGPORT user=postgres
	[pgbouncer]
	listen_addr = 127.0.0.1
	listen_port = $port
	unix_socket_dir = $PGHOST
	auth_type = any
	pool_mode = session
	INI
	pg_as "$(command -v pgbouncer)" -q "$PGHOST/pgbouncer.ini" 3>&- &
	pooler=$!
	await psql -h 127.0.0.1 -p "$port" -qXAtc 'SELECT 1' postgres
	run --separate-stderr -1 bk-dump -h 127.0.0.1 -p "$port" postgres
	kill $pooler
	one_line_error bk-dump
	[[ $stderr == *pooler* ]]
}

@test "more large objects than a pg_dump before 17 fits into 256 MiB" {
	pg_have 15 || skip "$PG_WHY"
	pg_start "$PWD/pg" 15
	createdb many
	psql -qX many <<-'SQL'
	SET allow_system_table_mods = on;
	INSERT INTO pg_catalog.pg_largeobject_metadata (oid, lomowner) SELECT g, 10
	    FROM generate_series(100001, 1450000) g;
	SQL
	bk-dump -q many >many.bk
	run -0 --separate-stderr bk-verify <many.bk
	[ "$(jq .blobs <<<"$output")" = 1350000 ]
}
