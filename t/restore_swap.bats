#!/usr/bin/env bats
# bk-restore puts a dump in a database's place: the name always serves.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	PG_CONF=$'max_prepared_transactions = 5\nwal_level = logical' \
	    pg_start "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_FILE_TMPDIR"
	createdb -T template0 shop
	psql -qX shop <<-'SQL'
	CREATE TABLE a (i int PRIMARY KEY, t text);
	INSERT INTO a SELECT i, repeat(md5(i::text), 30)
	    FROM generate_series(1, 4000) i;
	SQL
	bk-dump shop >shop.bk
}

teardown_file() {
	umount -l "$PGHOST/ts" 2>/dev/null || :
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

# Each test begins with a shop that holds what no dump has.
setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	ln -s "$BATS_FILE_TMPDIR"/*.bk .
	DUMP=shop.bk
	psql -qXc 'CREATE TABLE mine (i int)' shop
}

teardown() {
	local db
	exec 7>&- 9>&-
	[ -z "${JOB-}" ] || kill -9 "$JOB" 2>/dev/null || :
	rm -f "$PGHOST/ts/filler"
	for db in $(dbs | grep '^shop_') ; do
		dropdb -f "$db"
	done
	dropdb --if-exists -f shop
	createdb -T template0 shop
	bk-restore -q --into shop <shop.bk
}

dbs() {
	psql -XAtc 'SELECT datname FROM pg_database ORDER BY 1' postgres
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" "${2-postgres}"
}

is() {
	[ "$(sql "SELECT $1")" = t ]
}

# The old database serves under its name, and nothing else is there.
unharmed() {
	sql 'SELECT * FROM mine' shop
	[ "$(dbs | grep -c '^shop')" = 1 ]
}

restored() {
	[ "$(sql 'SELECT count(*) FROM a' shop)" = 4000 ]
	[ "$(sql "SELECT to_regclass('mine') IS NULL" shop)" = t ]
}

# paused OPTION...: a restore of shop in the middle of its rows; go lets it on.
paused() {
	rm -f gate
	mkfifo gate
	exec 9<>gate
	(head -c 300000 $DUMP && cat <&8 && tail -c +300001 $DUMP) 8<gate 3>&- 9>&- |
	    exec bk-restore ${REPLACE---replace shop} "$@" shop 2>err 3>&- 9>&- &
	JOB=$!
	await is "count(*) > 0 FROM pg_stat_activity WHERE
	    application_name = 'bk-restore' AND datname ~ '^shop(_new_.*)?$'"
}

go() {
	exec 9>&-
	status=0
	wait "$JOB" || status=$?
	JOB=
}

@test "a swap: the dump serves, the old one stands beside it" {
	run --separate-stderr -0 bk-restore --replace shop shop <shop.bk
	one_line_error bk-restore
	[[ $stderr == 'bk-restore: shop: 4000 rows, 1 table, '*'; swapped in 0.'*' s, before: shop_before_'* ]]
	restored
	sql 'SELECT * FROM mine' "${stderr##* }"
}

@test "where there is no such database it is made" {
	dropdb shop
	bk-restore -q --replace shop shop <shop.bk
	restored
	[ "$(dbs | grep -c '^shop')" = 1 ]
	is "shobj_description(oid, 'pg_database') IS NULL FROM pg_database
	    WHERE datname = 'shop'"
}

@test "a database that is gone is made under its own name, closed until it is complete" {
	local sig
	psql -qXc 'DROP TABLE mine' -c "CREATE MATERIALIZED VIEW here AS
	    SELECT 1 / (current_database() = 'shop')::int AS one" \
	    -c "COMMENT ON DATABASE shop IS 'ours'" shop
	psql -qXc 'ALTER DATABASE shop SET work_mem = 77777' \
	    -c 'ALTER DATABASE shop CONNECTION LIMIT 7' shop
	DUMP=own.bk
	bk-dump shop >own.bk
	dropdb shop
	createuser clerk
	for sig in TERM KILL; do
		paused -j1
		run -2 psql -Xc 'SELECT 1' shop
		[[ $output == *'could not access file "bk-restore: unfinished"'* ]]
		run -2 psql -U clerk -Xc 'SELECT 1' shop
		run -1 bk-dump shop
		kill -s "$sig" "$JOB"
		go
		rm gate
		await is "count(*) = 0 FROM pg_stat_activity
		    WHERE application_name = 'bk-restore'"
		[ "$(dbs | grep '^shop')" = "$([ $sig = TERM ] || echo shop)" ]
	done
	run -2 psql -Xc 'SELECT 1' shop
	bk-restore -q --replace shop shop <own.bk
	dropuser clerk
	[ "$(sql "SELECT one, current_setting('work_mem') FROM here" shop)" = \
	    '1|77777kB' ]
	is "shobj_description(oid, 'pg_database') = 'ours' AND
	    datconnlimit = 7 FROM pg_database WHERE datname = 'shop'"
	[ "$(dbs | grep -c '^shop')" = 1 ]
	# not superuser: the new name until the end
	dropdb shop
	psql -qX postgres -c 'CREATE ROLE maker LOGIN CREATEDB'
	bk-restore -q -U maker --no-owner shop <shop.bk
	restored
	dropdb shop
	dropuser maker
}

@test "what can be made only in a database of that name: the way out is told" {
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	-- as the script of pg_cron does
	CREATE FUNCTION here() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
	    IF current_database() <> 'shop' THEN RAISE EXCEPTION
	        'can only create extension in database shop';
	    END IF;
	    RETURN true;
	END $$;
	CREATE MATERIALIZED VIEW cron AS SELECT here();
	SQL
	bk-dump shop >cron.bk
	run --separate-stderr -1 bk-restore --replace shop shop <cron.bk
	one_line_error bk-restore
	[[ $stderr == *'database shop; '*'RENAME TO'* ]]
	run --separate-stderr -1 bk-restore --into copy <cron.bk
	[[ $stderr == *'database shop; '*'-L or --accept'* ]]
	unharmed
	sql 'ALTER DATABASE shop RENAME TO shop_old'
	bk-restore -q shop <cron.bk
	[ "$(sql 'SELECT * FROM cron' shop)" = t ]
}

@test "a role that the dump's database grants to is missed before the rows" {
	createuser clerk
	psql -qXc 'GRANT CONNECT ON DATABASE shop TO clerk' shop
	bk-dump shop >clerk.bk
	dropdb shop
	dropuser clerk
	run --separate-stderr -1 bk-restore --replace shop shop <clerk.bk
	one_line_error bk-restore
	[[ $stderr == *'role "clerk" does not exist'* ]]
	[ -z "$(dbs | grep '^shop')" ]
	createdb shop
}

@test "not without a seal, unless told so; then it is a pg_dump's word" {
	pg_dump -Fc shop >theirs
	run --separate-stderr -3 bk-restore --replace shop shop <theirs
	one_line_error bk-restore
	[[ $stderr == *'not sealed'* ]]
	unharmed
	bk-restore -q --unsealed --replace shop shop <theirs
	[ "$(dbs | grep -c '^shop')" = 2 ]
}

@test "not over a database that holds something, unless it is named" {
	bk-dump shop >own
	run --separate-stderr -3 bk-restore shop <own
	one_line_error bk-restore
	[[ $stderr == *'this very database; use --replace shop'* ]]
	# refused before the stream has ended
	run --separate-stderr -3 bk-restore shop < <(head -c 100000 own)
	[[ $stderr == *'--replace shop'* ]]
	# whosever dump it is
	createdb other
	bk-dump other >other.bk
	run --separate-stderr -3 bk-restore shop <other.bk
	one_line_error bk-restore
	[[ $stderr == *'the dump is of database "other"; use --replace shop'* ]]
	pg_dump other >other.sql
	run --separate-stderr -3 bk-restore --unsealed shop <other.sql
	[[ $stderr == *'--replace shop'* ]]
	unharmed
	run --separate-stderr -0 bk-restore --replace shop shop <other.bk
	[ "${stderr_lines[0]}" = \
	    'bk-restore: shop: is replaced by a dump of database "other"' ]
	bk-restore -q --rollback shop
	dropdb "$(dbs | grep '^shop_before_')"
	bk-restore -q --replace shop shop <own
	sql 'SELECT * FROM mine' shop
	[ "$(dbs | grep -c '^shop')" = 2 ]
	# an empty one has nothing to lose
	bk-restore -q other <shop.bk
	[ "$(sql 'SELECT count(*) FROM a' other)" = 4000 ]
	dropdb other
	for db in $(dbs | grep '^other_'); do dropdb "$db"; done
}

@test "a part of a database replaces no whole one, unless told so" {
	long
	local dump
	bk-dump -t a shop >table.bk
	bk-dump -n public shop >schema.bk
	bk-dump -s shop >definitions.bk
	bk-dump --exclude-table-data=m'*' shop >rest.bk
	bk-seal pg_dump -Fc -s shop >theirs.bk
	for dump in table.bk schema.bk rest.bk definitions.bk theirs.bk; do
		sampled || continue
		run --separate-stderr -3 bk-restore --replace shop shop <$dump
		one_line_error bk-restore
		[[ $stderr == *'of a part of a database'*--into*--part* ]]
		# a copy, and one that has nothing to lose
		bk-restore -q --into other <$dump
		dropdb other
		createdb other
		bk-restore -q --replace other other <$dump
		dropdb -f other
		for db in $(dbs | grep '^other_'); do dropdb "$db"; done
		bk-restore -q --replace other other <$dump
		dropdb other
	done
	unharmed
	bk-restore -q --part --replace shop shop <table.bk
	restored
	[ "$(dbs | grep -c '^shop')" = 2 ]
}

@test "what was empty at the start, and is not at the end, is not replaced" {
	dropdb shop
	createdb shop
	REPLACE=
	paused
	psql -qXc 'CREATE TABLE mine (i int)' shop
	go
	[ "$status" = 3 ]
	[[ $(<err) == *'is not empty'*'--replace shop'* ]]
	unharmed
}

@test "damage at any place leaves the old database in its place" {
	local n size
	size=$(stat -Lc %s shop.bk)
	for n in 2000 $((size / 2)) $((size - 2500)) $((size - 1)); do
		head -c "$n" shop.bk >cut
		run --separate-stderr -3 bk-restore --replace shop shop <cut
		one_line_error bk-restore
		unharmed
	done
	sed 's/^17\t7/17\t8/' shop.bk >bad
	run --separate-stderr -3 bk-restore --replace shop shop <bad
	unharmed
}

@test "SIGTERM, SIGINT, SIGHUP: the new database is dropped, death by signal" {
	local sig
	for sig in TERM INT HUP; do
		rm -f gate
		paused
		kill -"$sig" "$JOB"
		await unharmed
		go
		[ "$status" = $((128 + $(kill -l "$sig"))) ]
		[ ! -s err ]
	done
}

@test "SIGTERM, and the new database cannot be dropped: it is told" {
	local new
	paused
	new=$(dbs | grep '^shop_new_')
	psql -qX "$new" -c "CREATE SUBSCRIPTION s CONNECTION 'dbname=none'
	    PUBLICATION p WITH (connect = false, slot_name = NONE)"
	kill -TERM "$JOB"
	await grep -q 'it stays, and the next bk-restore of "shop" drops it' err
	go
	[ "$status" = 143 ]
	psql -qX "$new" -c 'DROP SUBSCRIPTION s'
	bk-restore -q --replace shop shop <shop.bk
	[ "$(dbs | grep -c '^shop_new_')" = 0 ]
}

@test "SIGKILL leaves the old one serving, and the next run sweeps" {
	mkdir tmp
	export TMPDIR=$PWD/tmp
	paused
	kill -9 "$JOB"
	go
	[ "$status" = 137 ]
	[ -z "$(ls tmp)" ]
	sql 'SELECT * FROM mine' shop
	[ "$(dbs | grep -c '^shop_new_')" = 1 ]
	# while its sessions end, its lock may still be held
	await is "count(*) = 0 FROM pg_stat_activity
	    WHERE application_name = 'bk-restore'"
	bk-restore -q --replace shop shop <shop.bk
	restored
	[ "$(dbs | grep -c '^shop_new_')" = 0 ]
}

@test "SIGKILL in CREATE DATABASE: what the server then makes is swept" {
	mkfifo hold
	psql -qX postgres <hold 3>&- &
	exec 7>hold
	echo 'BEGIN; LOCK TABLE pg_database IN SHARE MODE;' >&7
	await is "count(*) > 0 FROM pg_locks WHERE mode = 'ShareLock'
	    AND relation = 'pg_database'::regclass AND granted"
	bk-restore -q --replace shop shop <shop.bk 3>&- 7>&- &
	JOB=$!
	await is "count(*) > 0 FROM pg_stat_activity
	    WHERE query LIKE 'CREATE DATABASE%' AND wait_event_type = 'Lock'"
	kill -9 "$JOB"
	wait "$JOB" || [ $? = 137 ]
	exec 7>&-
	await is "count(*) = 0 FROM pg_stat_activity
	    WHERE application_name = 'bk-restore'"
	[ "$(dbs | grep -c '^shop_new_')" = 1 ]
	bk-restore -q --replace shop shop <shop.bk
	restored
	[ "$(dbs | grep -c '^shop_new_')" = 0 ]
	[ "$(sql "SELECT datconnlimit FROM pg_database WHERE datname = 'shop'")" = -1 ]
}

@test "what a killed run left and cannot go does not stop the next" {
	createdb shop_new_20260101T000000Z
	psql -qX shop_new_20260101T000000Z -c "COMMENT ON DATABASE
	    \"shop_new_20260101T000000Z\" IS 'bk-restore: unfinished'" \
	    -c "CREATE SUBSCRIPTION s CONNECTION 'dbname=none' PUBLICATION p
	    WITH (connect = false, slot_name = NONE)"
	bk-restore -q --replace shop shop <shop.bk
	restored
	[ "$(dbs | grep -c '^shop_new_')" = 1 ]
	psql -qX shop_new_20260101T000000Z -c "DROP SUBSCRIPTION s"
	bk-restore -q --replace shop shop <shop.bk
	[ "$(dbs | grep -c '^shop_new_')" = 0 ]
}

@test "what only looks like a killed run's is left alone" {
	createdb shop_new_20260101T000000Z
	createdb shop_new_mine
	bk-restore -q --replace shop shop <shop.bk
	[ "$(dbs | grep -c '^shop_new_')" = 2 ]
}

@test "two at once: the second is told to come back, the first goes on" {
	paused
	run --separate-stderr -5 bk-restore --replace shop shop <shop.bk
	one_line_error bk-restore
	run --separate-stderr -5 bk-restore --rollback shop
	go
	[ "$status" = 0 ]
	restored
}

@test "a restore beside it does not sweep what is being loaded" {
	paused
	createdb shop2
	bk-restore -q --into shop2 <shop.bk
	dropdb shop2
	go
	[ "$status" = 0 ]
	restored
}

@test "sessions of the old one are ended, and clients never miss the name" {
	local reader
	psql -qXc 'SELECT pg_sleep(60)' shop 2>/dev/null 3>&- &
	sleeper=$!
	await is "count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%sleep(60)%'
	    AND datname = 'shop'"
	(while [ ! -e stop ]; do
		psql -qXAtc 'SELECT 1' shop 2>&1 || :
	done >seen) 3>&- &
	reader=$!
	bk-restore -q --replace shop shop <shop.bk
	: >stop
	wait "$reader"
	run ! wait "$sleeper"
	restored
	# whoever was on his way in just then may be sent back, once
	run ! grep -v -e '^1$' -e 'terminating connection' -e 'server closed' \
	    -e 'This probably' -e 'before or while' -e 'connection to server was lost' \
	    -e 'just been dropped or renamed' -e 'database "shop" does not exist' \
	    -e 'DETAIL' seen
}

@test "a prepared transaction keeps the old one, and it serves" {
	sql "BEGIN; INSERT INTO mine VALUES (1); PREPARE TRANSACTION 'p'" shop
	run --separate-stderr -1 bk-restore --replace shop shop <shop.bk
	one_line_error bk-restore
	[[ $stderr == *'prepared transactions'* ]]
	sql "ROLLBACK PREPARED 'p'" shop
	unharmed
}

@test "what belongs to the database itself goes with the name" {
	sql 'CREATE ROLE app LOGIN; CREATE ROLE boss LOGIN'
	sql 'ALTER DATABASE shop SET search_path TO "$user", public, "odd, name"'
	sql "ALTER DATABASE shop SET work_mem TO '5MB'"
	sql "ALTER ROLE app IN DATABASE shop SET application_name TO 'it''s'"
	sql "ALTER DATABASE shop SET temp_tablespaces TO ''"
	sql 'REVOKE CONNECT ON DATABASE shop FROM PUBLIC'
	sql 'GRANT CONNECT ON DATABASE shop TO app WITH GRANT OPTION'
	sql 'ALTER DATABASE shop OWNER TO boss'
	sql 'ALTER DATABASE shop CONNECTION LIMIT 42'
	sql "COMMENT ON DATABASE shop IS 'sells; things'"
	about >was
	bk-restore -q --replace shop shop <shop.bk
	restored
	about | diff was -
	sql 'ALTER DATABASE shop OWNER TO postgres'
	dropdb -f "$(dbs | grep '^shop_before_')"
	dropdb -f shop
	createdb -T template0 shop
	sql 'DROP ROLE app, boss'
}

@test "the remainder of an interrupted DROP DATABASE is known for what it is" {
	local old opt
	invalid() {
		sql "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '$1'"
		run -2 psql -Xc 'SELECT 1' "$1"
		[[ $output == *'invalid database'* ]] ||
		    skip 'a server before 15.4'
	}
	invalid shop
	for opt in '' --into; do
		run --separate-stderr -3 bk-restore $opt shop <shop.bk
		one_line_error bk-restore
		[[ $stderr == *'interrupted DROP DATABASE; drop it'* ]]
	done
	run --separate-stderr -0 bk-restore --replace shop shop <shop.bk
	[[ $stderr == *': shop: the remainder '*' is dropped'* ]]
	restored
	[ "$(dbs | grep -c '^shop')" = 1 ]
	# one that was set aside
	bk-restore -q --replace shop shop <shop.bk
	old=$(dbs | grep '^shop_before')
	invalid "$old"
	run --separate-stderr -3 bk-restore --rollback shop
	[[ $stderr == *"$old"*'interrupted DROP DATABASE'* ]]
	restored
	bk-restore --drop-old shop
	[ "$(dbs | grep -c '^shop')" = 1 ]
	# one that has another set aside
	bk-restore -q --replace shop shop <shop.bk
	invalid shop
	bk-restore -q --rollback shop
	restored
	bk-restore --drop-old shop
	[ "$(dbs | grep -c '^shop')" = 1 ]
	# our own, which was loaded under its name, and dropped, and killed again
	dropdb shop
	unset REPLACE
	REPLACE= paused -j1
	kill -KILL "$JOB"
	go
	await is "count(*) = 0 FROM pg_stat_activity
	    WHERE application_name = 'bk-restore'"
	[ "$(dbs | grep '^shop')" = shop ]
	sql "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'shop'"
	run --separate-stderr -0 bk-restore shop <shop.bk
	[[ $stderr != *remainder* ]]
	restored
	[ "$(dbs | grep -c '^shop')" = 1 ]
}

# blocked TABLE: hold back whoever writes to this catalog, until unblock.
blocked() {
	mkfifo block
	psql -qX postgres <block >/dev/null 2>&1 3>&- 9>&- &
	LOCKER=$!
	exec 7>block
	echo "BEGIN; LOCK TABLE pg_catalog.$1 IN SHARE MODE;" >&7
	await is "count(*) > 0 FROM pg_locks WHERE mode = 'ShareLock' AND
	    granted AND relation = 'pg_catalog.$1'::regclass"
}

unblock() {
	exec 7>&-
	wait "$LOCKER"
	rm block
	await is "count(*) = 0 FROM pg_stat_activity
	    WHERE application_name = 'bk-restore'"
}

@test "the error comes first, should the clean-up hang" {
	mkfifo gate
	bk-restore -q --replace shop shop <gate 2>err 3>&- 9>&- &
	JOB=$!
	exec 9>gate
	head -c 300000 shop.bk >&9
	await is "count(*) > 0 FROM pg_database WHERE datname ~ '^shop_new_'"
	blocked pg_database
	exec 9>&-
	await grep -q 'unfinished' err
	kill -0 "$JOB"
	await is "count(*) > 0 FROM pg_stat_activity WHERE
	    wait_event_type = 'Lock' AND query ~ '^(ALTER|DROP) DATABASE'"
	unblock
	go
	[ "$status" = 3 ]
	[ "$(wc -l <err)" = 1 ]
	unharmed
}

@test "killed between any two steps, it is never open without its rights" {
	local case catalog as=()
	createuser app
	sql 'REVOKE CONNECT ON DATABASE shop FROM PUBLIC'
	sql 'GRANT CONNECT ON DATABASE shop TO app'
	sql "ALTER DATABASE shop SET work_mem TO '5MB'"
	sql "COMMENT ON DATABASE shop IS 'sells things'"
	sql 'CREATE ROLE maker LOGIN CREATEDB; ALTER DATABASE shop OWNER TO maker'
	createuser stranger
	bk-dump shop >own.bk
	DUMP=own.bk
	for case in there:{pg_shdescription,pg_database} \
	    gone:{pg_db_role_setting,pg_shdescription} \
	    weak:{pg_db_role_setting,pg_database}; do
		sampled || continue
		catalog=${case#*:} case=${case%:*}
		[ $case != weak ] || as=(-U maker --no-owner)
		about | sed 's/^[0-9]*|//' >was
		[ $case = there ] || dropdb --if-exists shop
		paused "${as[@]}"
		blocked "$catalog"
		exec 9>&-
		await is "count(*) > 0 FROM pg_stat_activity
		    WHERE application_name = 'bk-restore' AND
		    wait_event_type = 'Lock' AND query !~ '^LOCK'"
		kill -9 "$JOB"
		go
		rm gate
		unblock
		run -2 psql -XU stranger -c 'SELECT 1' shop
		if [ $case = there ]; then
			sql 'SELECT * FROM mine' shop
			about | sed 's/^[0-9]*|//' | diff was -
		fi
		# and the next run gets all of it right
		bk-restore -q --replace shop "${as[@]}" shop <own.bk
		run -2 psql -XU stranger -c 'SELECT 1' shop
		about | sed 's/^[0-9]*|//' | diff was -
		[ "$(dbs | grep -c '^shop_new_')" = 0 ]
		bk-restore -q --rollback shop || [ $? = 4 ]
	done
	sql 'ALTER DATABASE shop OWNER TO postgres'
	for db in $(dbs | grep '^shop'); do dropdb "$db"; done
	sql 'DROP ROLE app, maker, stranger'
}

about() {
	sql "SELECT datdba, encoding, datcollate, datconnlimit,
	    (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a),
	    shobj_description(oid, 'pg_database') FROM pg_database
	    WHERE datname = 'shop'"
	sql "SELECT setrole, setconfig FROM pg_db_role_setting
	    WHERE setdatabase = (SELECT oid FROM pg_database
	    WHERE datname = 'shop') ORDER BY 1"
}

@test "the database postgres, in its place and back; a template" {
	sql 'CREATE TABLE kept AS SELECT 7 AS n'
	bk-dump postgres >postgres.bk
	sql 'INSERT INTO kept VALUES (8)'
	bk-restore -q --replace postgres postgres <postgres.bk
	[ "$(sql 'SELECT n FROM kept')" = 7 ]
	bk-restore -q --rollback postgres
	[ "$(sql 'SELECT count(*) FROM kept')" = 2 ]
	bk-restore -q --drop-old postgres
	sql 'DROP TABLE kept'
	sql 'ALTER DATABASE shop IS_TEMPLATE true'
	bk-restore -q --replace shop shop <shop.bk
	is "datistemplate FROM pg_database WHERE datname = 'shop'"
	bk-restore -q --drop-old shop
	[ "$(dbs | grep -c '^shop')" = 1 ]
	sql 'ALTER DATABASE shop IS_TEMPLATE false'
}

# may_connect ROLE: to the database that is being loaded?
may_connect() {
	PGUSER=$1 psql -qXAtc 'SELECT 1' "$(dbs | grep -E '^shop(_new|$)' |
	    tail -n 1)" 2>&1
}

@test "nobody else connects to what is being loaded, and may change it" {
	local as
	sql 'CREATE ROLE joe LOGIN; CREATE ROLE maker LOGIN CREATEDB'
	sql 'GRANT joe TO maker'
	sql 'ALTER DATABASE shop OWNER TO joe; ALTER DATABASE shop
	    CONNECTION LIMIT 17'
	for as in postgres maker; do
		sql 'ALTER DATABASE shop OWNER TO joe'
		export PGUSER=$as
		paused --no-owner --no-acl
		export PGUSER=postgres
		# its owner, where it cannot be otherwise
		[ $as = maker ] || run -2 may_connect joe
		run -2 may_connect nobody_else
		sql 'CREATE ROLE stranger LOGIN'
		run -2 may_connect stranger
		[[ $output == *'too many connections'* || $output == *'permission denied'* ]]
		go
		[ "$status" = 0 ]
		[ "$(may_connect stranger)" = 1 ]
		is "d.datconnlimit = 17 AND r.rolname = 'joe' FROM pg_database d
		    JOIN pg_roles r ON r.oid = datdba WHERE datname = 'shop'"
		sql 'DROP ROLE stranger'
		bk-restore --drop-old shop
	done
	# of its own name
	bk-dump shop >its.bk
	DUMP=its.bk
	for as in postgres maker; do
		dropdb shop
		export PGUSER=$as
		REPLACE= paused --no-acl
		export PGUSER=postgres
		run -2 may_connect stranger
		[ $as = maker ] || run -2 may_connect joe
		go
		[ "$status" = 0 ]
		[ "$(may_connect joe)" = 1 ]
		is "datconnlimit = 17 AND rolname = 'joe' FROM pg_database d
		    JOIN pg_roles r ON r.oid = datdba WHERE datname = 'shop'"
	done
	dropdb shop
	sql 'DROP ROLE joe; DROP ROLE maker'
}

@test "what merely has the name of a database set aside is none" {
	sql "COMMENT ON DATABASE shop IS 'ours'"
	sql 'CREATE ROLE dora LOGIN CREATEDB'
	# of the future, and of the past, with every mark that its owner can make
	for name in shop_before_20991231T000000Z shop_before_20200101T000000Z; do
		PGUSER=dora createdb $name
		PGUSER=dora sql "DO \$\$ BEGIN EXECUTE format('COMMENT ON DATABASE $name
		    IS %L', 'set aside by bk-restore at ${name#shop_before_}, OID ' ||
		    (SELECT oid FROM pg_database WHERE datname = '$name')); END \$\$"
	done
	createdb shop_before_20200101T000001Z	# of its owner's, without a mark
	run --separate-stderr -4 bk-restore --list-old shop
	run --separate-stderr -4 bk-restore --rollback shop
	run --separate-stderr -4 bk-restore --drop-old shop
	bk-restore -q --replace shop shop <shop.bk
	run --separate-stderr -0 bk-restore --list-old shop
	[ "${#lines[@]}" = 1 ]
	[[ $(sql "SELECT shobj_description(oid, 'pg_database') FROM pg_database
	    WHERE datname = '${lines[0]##*$'\t'}'") == 'set aside by bk-restore at '*$'\nours' ]]
	bk-restore -q --rollback shop
	[ "$(sql "SELECT shobj_description(oid, 'pg_database') FROM pg_database
	    WHERE datname = 'shop'")" = ours ]
	bk-restore -q --drop-old shop
	[ "$(dbs | grep -c '^shop_before_2')" = 3 ]
	for name in shop_before_20991231T000000Z shop_before_20200101T000000Z \
	    shop_before_20200101T000001Z; do
		dropdb $name
	done
	sql 'DROP ROLE dora'
	sql 'COMMENT ON DATABASE shop IS NULL'
}

@test "a database with anything at all in it is never taken for empty" {
	local made
	for made in "SELECT lo_from_bytea(0, 'x')" "SELECT lo_create(77)" \
	    "CREATE TYPE e AS ENUM ('a')" \
	    'CREATE DOMAIN d AS int' 'CREATE PUBLICATION p' \
	    'CREATE FOREIGN DATA WRAPPER w' 'CREATE CAST (int AS text) WITH INOUT' \
	    'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC' \
	    "CREATE TEXT SEARCH DICTIONARY t (template = simple)" \
	    "CREATE COLLATION c FROM \"C\"" \
	    'CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq)' \
	    "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false)"; do
		createdb full
		sql "$made" full >/dev/null
		run --separate-stderr -3 bk-restore full <shop.bk
		[[ $stderr == *'is not empty'* ]]
		run --separate-stderr -3 bk-restore --into full <shop.bk
		[[ $stderr == *'is not empty'* ]]
		case $made in
		*SUBSCRIPTION*) sql 'ALTER SUBSCRIPTION s SET (slot_name = NONE)' full
			sql 'DROP SUBSCRIPTION s' full ;;
		esac
		dropdb full
	done
}

@test "encoding, locale and settings of a dump with -C" {
	createdb -T template0 -E LATIN1 --locale=C latin
	psql -qX latin <<-'SQL'
	CREATE TABLE t (t text);
	INSERT INTO t VALUES ('é');
	SQL
	bk-dump -C latin >latin.bk
	dropdb latin
	bk-restore -q latin <latin.bk
	is "pg_encoding_to_char(encoding) = 'LATIN1' FROM pg_database
	    WHERE datname = 'latin'"
	[ "$(sql 'SELECT t FROM t' latin)" = é ]
	dropdb latin
}

@test "a DATABASE entry that asks for the content of another database" {
	local edit
	sql 'CREATE TABLE secret AS SELECT 1 AS a' template1
	for edit in 's/template0 E/template1 E/' 's/template0 E/template0-E/' \
	    's/template0 E/template0;E/' 's/template0 E/template0)E/'; do
		pg_dump -Fc -Z0 shop | sed "$edit" >forged.bk
		run --separate-stderr -3 bk-restore -q --unsealed other <forged.bk
		one_line_error bk-restore
		[[ $stderr == *"the dump's DATABASE entry"* ]]
		is "count(*) = 0 FROM pg_database WHERE datname ~ '^other'"
	done
	sql 'DROP TABLE secret' template1
}

@test "a locale that the server lacks: the way out is told, and is one" {
	pg_dump -Fc -Z0 shop | sed "s/LOCALE = 'C'/LOCALE = 'Z'/" >far.bk
	run --separate-stderr -1 bk-restore --into far <far.bk
	one_line_error bk-restore
	# PostgreSQL 17 has a hint of its own
	[[ $stderr == *'invalid '*'locale name: "Z"; '*'install that'*--into ]]
	run --separate-stderr -1 bk-restore --unsealed --replace shop shop <far.bk
	one_line_error bk-restore
	unharmed
	createdb -T template0 far
	bk-restore -q --into far <far.bk
	[ "$(sql 'SELECT count(*) FROM a' far)" = 4000 ]
	dropdb far
}

@test "--keep-going names each statement that fails; --accept swaps without them" {
	local n
	psql -qX shop <<-'SQL'
	CREATE TABLE limits (max int);
	INSERT INTO limits VALUES (9);
	CREATE FUNCTION fits(int) RETURNS bool LANGUAGE plpgsql
	    SET search_path = public AS		-- from 17 on, a view wants that
	    'BEGIN RETURN $1 <= (SELECT max FROM limits); END';
	CREATE TABLE checked (i int PRIMARY KEY CHECK (fits(i)));
	INSERT INTO checked VALUES (1), (2);
	CREATE MATERIALIZED VIEW most AS SELECT fits(1);
	ALTER FUNCTION fits(int) RESET search_path;
	CREATE INDEX a_t ON a (md5(t));
	CREATE TABLE b (i int REFERENCES a UNIQUE, t text);
	INSERT INTO b SELECT i FROM a LIMIT 100;
	CREATE TABLE "DATABASE x" (i int);	-- says nothing of the database
	SQL
	bk-dump -T mine shop >odd.bk
	run --separate-stderr -1 bk-restore --part --replace shop shop <odd.bk
	unharmed
	run --separate-stderr -1 bk-restore --part --replace shop --keep-going shop <odd.bk
	one_line_error bk-restore
	[[ $stderr == *': 2 statements failed '*'--accept FILE' ]]
	[ "$output" = 'TABLE DATA public.checked: relation "limits" does not exist
MATERIALIZED VIEW DATA public.most: relation "limits" does not exist' ]
	unharmed
	head -n 1 <<<"$output" >some
	echo "$output" >all
	run --separate-stderr -1 bk-restore --part --replace shop --accept some shop <odd.bk
	[[ $stderr == *'not accepted: MATERIALIZED VIEW DATA public.most: '* ]]
	unharmed
	run --separate-stderr -1 bk-restore --part --replace shop --accept nosuch shop <odd.bk
	run -2 bk-restore --keep-going -t a shop <odd.bk
	run -3 bk-restore --part --replace shop --keep-going shop < <(head -c -9 odd.bk)
	unharmed
	run --separate-stderr -0 bk-restore --part --replace shop --accept all shop <odd.bk
	[ "$output" = "$(cat all)" ]
	restored
	[ "$(sql "SELECT count(*) FROM checked" shop)" = 0 ]
	for n in a_t a_pkey b_i_key checked_pkey; do
		[ "$(sql "SELECT to_regclass('$n') IS NOT NULL" shop)" = t ]
	done
	[ "$(sql "SELECT count(*) FROM pg_constraint WHERE contype = 'f'" shop)" = 1 ]
	# one that is gone, with any number of connections, from SQL
	dropdb shop
	run -0 bk-restore -q -j1 --accept all shop <odd.bk
	dropdb shop
	{ echo 'CREATE TABLE "x;y" (i nosuch);'; echo 'COPY "x;y" FROM stdin;'
	  printf '1\n\\.\n'; echo 'CREATE TABLE mine (i int);'; } >sql
	run --separate-stderr -3 bk-restore --unsealed --into --keep-going shop <sql
	run --separate-stderr -1 bk-restore --unsealed --into --keep-going shop \
	    < <(cat sql; echo '-- PostgreSQL database dump complete')
	echo "$output" >all
	[ "$(wc -l <all)" = 2 ]
	bk-restore -q --unsealed --into --accept all shop \
	    < <(cat sql; echo '-- PostgreSQL database dump complete')
	sql 'SELECT * FROM mine' shop
}

# fill DIR KIB: leave so much of its file system free.
fill() {
	local free
	free=$(df -k --output=avail "$1" | tail -n 1)
	head -c $(((free - $2) * 1024)) /dev/zero >>"$1/filler"
}

@test "room for a second one is looked for; the first one's tablespace kept" {
	long
	local ts=$PGHOST/ts
	mkdir "$ts"
	[ "$(id -u)" != 0 ] || chown "$(pg_as id -u)" "$ts"
	mount -t tmpfs -o size=60m,uid="$(pg_as id -u)",mode=700 tmpfs "$ts" ||
	    skip "cannot mount"
	sql "CREATE TABLESPACE ts LOCATION '$ts'"
	sql 'ALTER DATABASE shop SET TABLESPACE ts'
	run --separate-stderr -0 bk-restore -h 127.0.0.1 --replace shop shop \
	    <shop.bk
	[[ ${stderr_lines[0]} == *'cannot see from here'*' may need '* ]]
	is "spcname = 'ts' FROM pg_database d JOIN pg_tablespace t
	    ON t.oid = dattablespace WHERE datname = 'shop'"
	dropdb "$(dbs | grep '^shop_before_')"
	psql -qXc 'CREATE TABLE mine AS SELECT md5(i::text)
	    FROM generate_series(1, 190000) i' shop
	sql CHECKPOINT
	fill "$ts" 16384
	run --separate-stderr -1 bk-restore --replace shop shop <shop.bk
	one_line_error bk-restore
	[[ $stderr == *"no room for a second one"*"$ts has"*--any-space* ]]
	sql 'SELECT 1 FROM mine' shop >/dev/null
	[ "$(dbs | grep -c '^shop')" = 1 ]
	# so full that its server cannot drop a database, for lack of a
	# checkpoint, before its tables are gone: another has yet to be written
	createdb -D ts shopless
	fill "$ts" $((3800 + $(sql "SELECT pg_database_size('shopless') / 1024") -
	    $(du -sk "$ts"/PG_*/"$(sql "SELECT oid FROM pg_database
	    WHERE datname = 'shopless'")" | cut -f1)))
	run --separate-stderr -3 bk-restore --any-space --replace shop shop \
	    < <(head -c -3000 shop.bk)
	one_line_error bk-restore
	[ "$(dbs | grep -c '^shop')" = 2 ]
	dropdb shopless
	# full on the way
	fill "$ts" 3072
	run --separate-stderr -1 bk-restore --any-space --replace shop shop \
	    <shop.bk
	[ "${#stderr_lines[@]}" = 1 ]
	[ "$(dbs | grep -c '^shop')" = 1 ]
	rm "$ts/filler"
	dropdb shop
	sql 'DROP TABLESPACE ts'
	umount "$ts"
	rmdir "$ts"
}

@test "--rollback swaps back, and once more forward again" {
	run -4 --separate-stderr bk-restore --rollback shop
	bk-restore -q --replace shop shop <shop.bk
	run --separate-stderr -0 bk-restore --rollback shop
	one_line_error bk-restore
	[[ $stderr == 'bk-restore: shop: rolled back to shop_before_'* ]]
	sql 'SELECT * FROM mine' shop
	bk-restore -q --rollback shop
	restored
}

@test "--rollback where the name is gone" {
	bk-restore -q --replace shop shop <shop.bk
	dropdb shop
	bk-restore -q --rollback shop
	sql 'SELECT * FROM mine' shop
}

@test "--rollback where the name is gone takes no stranger's database" {
	local old=shop_before_20260101T000000Z
	sql 'CREATE ROLE mallory LOGIN CREATEDB'
	PGUSER=mallory createdb "$old"
	PGUSER=mallory psql -qXc "COMMENT ON DATABASE \"$old\" IS 'set aside by bk-restore at 20260101T000000Z, OID $(
	    sql "SELECT oid FROM pg_database WHERE datname = '$old'")'" postgres
	dropdb shop
	run --separate-stderr -3 bk-restore --rollback shop
	one_line_error bk-restore
	[[ $stderr == *"$old"*'belongs to role "mallory"'*'RENAME TO'* ]]
	[ "$(dbs | grep -c '^shop$')" = 0 ]
	# his own he may
	PGUSER=mallory bk-restore -q --rollback shop
	dropdb shop
	sql 'DROP ROLE mallory'
}

@test "replication that stays with the old one is told, and ended if asked to" {
	local old
	sql "CREATE SUBSCRIPTION s CONNECTION 'dbname=none' PUBLICATION p
	    WITH (connect = false, slot_name = 'x')" shop
	sql "ALTER SUBSCRIPTION s ENABLE" shop
	sql "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')" shop
	run --separate-stderr -0 bk-restore --replace shop shop <shop.bk
	old=$(dbs | grep '^shop_before_')
	[[ $stderr == *"$old: has replication slot \"mine\", "* ]]
	[[ $stderr == *"$old: still has subscription \"s\", which"* ]]
	is "subenabled FROM pg_subscription"
	bk-restore -q --rollback shop
	dropdb "$(dbs | grep '^shop_before_')"
	run --separate-stderr -0 bk-restore --disable-old-subscriptions \
	    --replace shop shop <shop.bk
	old=$(dbs | grep '^shop_before_')
	[[ $stderr == *'slot "mine"'* && $stderr != *'subscription "s"'* ]]
	is "NOT subenabled FROM pg_subscription"
	run --separate-stderr -1 bk-restore --drop-old shop
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == *"$old"*'"s", run ALTER SUBSCRIPTION'* ]]
	sql 'ALTER SUBSCRIPTION s SET (slot_name = NONE)' "$old"
	sql 'DROP SUBSCRIPTION s' "$old"
	run --separate-stderr -0 bk-restore --drop-old shop
	[ "$stderr" = "bk-restore: $old: dropped, and its replication slot \"mine\"" ]
	is 'count(*) = 0 FROM pg_replication_slots'
}

@test "--list-old lists as every ls does, --drop-old drops that and no more" {
	createdb shop_before_mine
	createdb shopx_before_20260101T000000Z
	run -4 --separate-stderr bk-restore --list-old shop
	bk-restore -q --replace shop shop <shop.bk
	# its lock has gone before it has: the next one may follow at once
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")" = 0 ]
	bk-restore -q --replace shop shop <shop.bk
	run -0 bk-restore --list-old shop
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[0]} =~ ^20[-0-9]+T[0-9:]+Z$'\t'[0-9]+$'\t'shop_before_20[0-9]+T[0-9]+Z ]]
	bk-restore --drop-old shop
	run -4 --separate-stderr bk-restore --list-old shop
	dbs | grep -q '^shopx_before_20260101T000000Z$'
	dropdb shopx_before_20260101T000000Z
	dbs | grep -q '^shop_before_mine$'
	run -1 sh -c 'bk-restore -q --replace shop shop <shop.bk && bk-restore --list-old shop >/dev/full'
}

@test "a user who may not rename leaves all as it was" {
	sql 'CREATE ROLE weak LOGIN CREATEDB'
	run --separate-stderr -1 bk-restore -q -U weak --no-owner \
	    --replace shop shop <shop.bk
	one_line_error bk-restore
	unharmed
	# nor may he end the session of a superuser
	sql 'ALTER DATABASE shop OWNER TO weak'
	coproc psql -qXAt shop
	echo 'SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	run --separate-stderr -1 bk-restore -q -U weak --no-owner \
	    --replace shop shop <shop.bk
	one_line_error bk-restore
	[[ $stderr == *'being accessed by other users'*'nothing was swapped'* ]]
	echo '\q' >&"${COPROC[1]}"
	sql 'ALTER DATABASE shop OWNER TO postgres'
	unharmed
	sql 'DROP ROLE weak'
}

@test "the audit line tells what was done" {
	BK_AUDIT_LOG=$PWD/log bk-restore -q --replace shop shop <shop.bk
	grep '"operation":"bk-restore","type":"restore"' log |
	    grep '"destination":"shop"' | grep '"status":"success"'
}

@test "too long a name is a usage error, and nothing is read" {
	run -2 --separate-stderr bk-restore \
	    a123456789b123456789c123456789d123456789 <shop.bk
	[[ $stderr == *'too long'* ]]
}
