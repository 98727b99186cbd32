#!/usr/bin/env bats
# Every disaster of bk-recovery(7), ended by the very commands of that page.

load support/common
load support/s3
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	rgw_start
	s3_mb backups
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	for key in $(s3_keys backups); do s3_curl DELETE "/backups/$key"; done
	bk-keygen -o shop.key
	export BK_IDENTITY=$PWD/shop.key BK_RECIPIENTS
	BK_RECIPIENTS=$(bk-keygen -y shop.key)
	for db in $(psql -XAtc "SELECT datname FROM pg_database
	    WHERE datname ~ '^shop'" postgres); do
		dropdb -f "$db"
	done
	psql -qXc 'DROP ROLE IF EXISTS seller' postgres 2>/dev/null
	createdb -T template0 shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	CREATE ROLE seller LOGIN PASSWORD 'x';
	CREATE TABLE customer (id serial PRIMARY KEY, name text);
	CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	    "sales tax" numeric NOT NULL GENERATED ALWAYS AS (total / 5) STORED,
	    customer int NOT NULL REFERENCES customer, total numeric);
	CREATE TABLE line (orders int REFERENCES orders, what text);
	CREATE INDEX ON orders (customer);
	CREATE VIEW report AS SELECT customer, sum(total) FROM orders GROUP BY 1;
	INSERT INTO customer (name) SELECT md5(i::text)
	    FROM generate_series(1, 100) i;
	INSERT INTO orders (customer, total) SELECT i % 100 + 1, i
	    FROM generate_series(1, 2000) i;
	INSERT INTO line SELECT i, i FROM generate_series(1, 2000) i;
	GRANT SELECT ON orders TO seller;
	ALTER DATABASE shop SET work_mem TO '7MB';
	GRANT CREATE ON DATABASE shop TO seller;
	COMMENT ON DATABASE shop IS 'sells things';
	SQL
	about >about
	text shop >good
}

# What belongs to the database itself.
about() {
	psql -XAt postgres <<-'SQL'
	SELECT datacl::text, shobj_description(d.oid, 'pg_database'), setconfig
	    FROM pg_database d JOIN pg_db_role_setting ON setdatabase = d.oid
	    WHERE datname = 'shop'
	SQL
}

# page SECTION N: the N-th block of commands in a section of the page, with this
# test's directories.
page() {
	awk -v section=".Sh $1" -v n="$2" '
	    /^\.Sh / { in_section = $0 == section }
	    in_section && /^\.Bd/ { block++; next }
	    /^\.Ed/ { if (in_section && block == n) exit; next }
	    in_section && block == n { gsub(/\\e/, "\\"); print }
	    ' "$TOP/man/bk-recovery.7" |
	    sed "s,/etc/bk/,$PWD/,g; s,/srv/,$PWD/srv/,g" >commands
	[ -s commands ] && cat commands
}

# follow SECTION N...: run these blocks as they stand there.
follow() {
	local n
	for n in "${@:2}"; do
		page "$1" "$n" >/dev/null
		bash -e -o pipefail commands
	done
}

backup() {
	follow DESCRIPTION 1
}

lost() {
	psql -qX -v ON_ERROR_STOP=1 "$@"
}

@test "the whole database is lost" {
	backup
	dropdb shop
	lost -c 'DROP ROLE seller' postgres
	follow 'THE WHOLE DATABASE IS LOST' 1
	diff good <(text shop)
	diff about <(about)
	[ "$(psql -XAtc "SELECT rolcanlogin FROM pg_roles
	    WHERE rolname = 'seller'" postgres)" = t ]
}

@test "the database is there, and all of it is wrong" {
	backup
	lost -c 'DELETE FROM line' -c 'UPDATE orders SET total = 0' shop
	follow 'THE WHOLE DATABASE IS LOST' 2
	diff good <(text shop)
}

@test "one table is corrupted" {
	local file
	backup
	follow 'ONE TABLE IS CORRUPTED' 3
	[ -s orders-broken.sql ]
	file=$(psql -XAtc "SELECT pg_relation_filepath('orders')" shop)
	psql -qXc CHECKPOINT shop
	pg_ctl_ "$BATS_FILE_TMPDIR/pg" restart
	dd if=/dev/urandom of="$PGHOST/data/$file" bs=8192 seek=1 count=2 \
	    conv=notrunc status=none
	run ! psql -qXc 'SELECT sum(total) FROM orders' shop
	[[ $output == *invalid\ page* || $output == *could\ not* ]]
	follow 'ONE TABLE IS CORRUPTED' 1
	diff good <(text shop)
}

@test "one table is gone" {
	backup
	lost -c 'DROP TABLE orders CASCADE' shop 2>/dev/null
	follow 'ONE TABLE IS CORRUPTED' 2
	# what hung on it is gone: the view, and the key of line
	lost -c 'CREATE VIEW report AS SELECT customer, sum(total) FROM orders
	    GROUP BY 1' -c 'ALTER TABLE line ADD FOREIGN KEY (orders)
	    REFERENCES orders' shop
	diff good <(text shop)
}

@test "rows were deleted by mistake" {
	backup
	lost -c 'DELETE FROM line WHERE orders > 500' \
	    -c 'DELETE FROM orders WHERE id BETWEEN 501 AND 900' \
	    -c 'INSERT INTO orders (customer, total) VALUES (1, 1)' \
	    -c 'UPDATE orders SET total = -1 WHERE id = 1' shop
	follow 'ROWS WERE DELETED BY MISTAKE' 1
	[ "$(psql -XAtc 'SELECT count(*), max(id), min(total), max("sales tax")
	    FROM orders' shop)" = '2001|2001|-1|400.0000000000000000' ]
	follow 'ROWS WERE DELETED BY MISTAKE' 2
	[ "$(psql -XAtc 'SELECT count(*) FROM orders' shop_side)" = 2000 ]
}

@test "a statement of the dump fails" {
	lost -c 'CREATE FUNCTION busy() RETURNS bigint LANGUAGE plpgsql AS $$
	    BEGIN
		IF current_database() <> $a$shop$a$ THEN
			RAISE $a$elsewhere$a$;
		END IF;
		RETURN 1;
	    END $$' \
	    -c 'CREATE MATERIALIZED VIEW day AS SELECT busy()' shop
	backup
	# it stands on another server, or was changed since
	lost -c 'DROP MATERIALIZED VIEW day' -c 'DROP FUNCTION busy' shop
	text shop >good
	follow 'A STATEMENT OF THE DUMP FAILS' 1
	diff good <(text shop)
	[ "$(cut -d: -f1 failed)" = 'MATERIALIZED VIEW DATA public.day' ]
	follow 'A STATEMENT OF THE DUMP FAILS' 2
	[ "$(psql -XAtc 'SELECT count(*), sum(total) FROM orders' shop)" = \
	    '2000|2001000' ]
	[ "$(psql -XAtc 'SELECT relispopulated FROM pg_class
	    WHERE relname = $$day$$' shop)" = f ]
}

@test "which backups there are, with a key and credentials in files" {
	backup
	page 'BEFORE YOU BEGIN' 1 >/dev/null
	printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
	    "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >aws
	chmod 600 aws
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY bash -e commands |
	    grep shop/daily/shop-
	echo 'bk-s3get s3://backups/shop/daily/latest | bk-crypt -d >/dev/null' \
	    >>commands
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u BK_IDENTITY \
	    bash -e -o pipefail commands
}

@test "without an object store" {
	mkdir -p srv/backups
	follow 'WITHOUT AN OBJECT STORE' 1
	dropdb shop
	lost -c 'DROP ROLE seller' postgres
	follow 'WITHOUT AN OBJECT STORE' 2
	diff good <(text shop)
	diff about <(about)
}

@test "the restore was a mistake" {
	backup
	lost -c 'INSERT INTO customer (name) VALUES ($$new$$)' shop
	text shop >newer
	follow 'THE WHOLE DATABASE IS LOST' 2
	diff good <(text shop)
	follow 'THE RESTORE WAS A MISTAKE' 1
	diff newer <(text shop)
	follow 'THE RESTORE WAS A MISTAKE' 2
	[ "$(psql -XAtc "SELECT count(*) FROM pg_database
	    WHERE datname ~ '^shop'" postgres)" = 1 ]
}

@test "a new server, a newer PostgreSQL" {
	long
	local new clients
	OLDHOST=$PGHOST OLDPORT=$PGPORT
	for new in 18 17; do
		pg_have "$new" && break
	done || skip "$PG_WHY"
	PG_INITDB=--no-sync pg_start "$BATS_TEST_TMPDIR/new" "$new"
	NEWHOST=$PGHOST NEWPORT=$PGPORT
	export OLDHOST OLDPORT NEWHOST NEWPORT
	follow 'A NEW SERVER, A NEWER POSTGRESQL' 1 || {
		pg_stop "$BATS_TEST_TMPDIR/new"
		false
	}
	[ "$(psql -XAtc 'SELECT count(*), sum(total) FROM orders' shop)" = \
	    '2000|2001000' ]
	[ "$(psql -XAtc 'SHOW server_version_num' shop | cut -c 1-2)" = "$new" ]
	PGHOST=$OLDHOST PGPORT=$OLDPORT createdb -T shop 'shop two'
	follow 'A NEW SERVER, A NEWER POSTGRESQL' 2
	[ "$(psql -XAtc 'SELECT count(*) FROM orders' 'shop two')" = 2000 ]
	pg_stop "$BATS_TEST_TMPDIR/new"
}
