#!/usr/bin/env bats
# bk-verify, levels 2 and 3: restored, and every row compared
load support/common
load support/pg

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	pg_start c || skip "$PG_WHY"
	createdb shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL' >/dev/null
	CREATE TABLE customers (id serial PRIMARY KEY, name text UNIQUE);
	INSERT INTO customers (name) SELECT 'c' || g FROM generate_series(1, 50) g;
	CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES
	    customers, note text);
	INSERT INTO orders SELECT g, 1 + g % 50, repeat(g::text, 20)
	    FROM generate_series(1, 20000) g;
	CREATE INDEX ON orders (customer);
	CREATE TABLE odd (a float8, b float4, c numeric, d bytea, e timestamptz,
	    f interval, g money, h date, i text, j int[], k tsrange);
	INSERT INTO odd VALUES
	    ('NaN', '-Infinity', 'NaN', '\x00ff5c00', '2026-11-21 05:00+02',
	    '-1 year 2 days 03:04:05.678', 1234.5, 'infinity', E'a\n\\.\tb\r',
	    '{1,NULL}', '[2026-01-01,2026-02-01)'),
	    (4.9e-324, 1e-45, '1e-16000', '', '-infinity', '178000000 years',
	    -0.01, '4713-01-01 BC', '', '{}', 'empty'),
	    (1.7976931348623157e308, 3.4028235e38, '1e131071', '\x5c2e0a', 'epoch',
	    '0', 0, '5874897-12-31', 'ü€𝄞', NULL, '(,)'),
	    (0.1::float8 + 0.2, 0.1, 0.10, NULL, NULL, NULL, NULL, NULL, NULL,
	    NULL, NULL);
	CREATE TABLE part (id int, v text) PARTITION BY RANGE (id);
	CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (100);
	CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (100) TO (200);
	INSERT INTO part SELECT g, g FROM generate_series(0, 199) g;
	CREATE TABLE none ();
	INSERT INTO none DEFAULT VALUES;
	CREATE TABLE gen (a int, b int GENERATED ALWAYS AS (a * 2) STORED,
	    c int GENERATED ALWAYS AS IDENTITY);
	INSERT INTO gen (a) VALUES (1), (2);
	ALTER TABLE orders ADD CONSTRAINT old CHECK (id > 5) NOT VALID;
	CREATE VIEW v AS SELECT * FROM orders;
	CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM orders;
	CREATE FUNCTION noisy() RETURNS trigger LANGUAGE plpgsql AS
	    'BEGIN NEW.note := upper(NEW.note) || ''!''; RETURN NEW; END';
	CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW
	    EXECUTE FUNCTION noisy();
	CREATE RULE r AS ON INSERT TO customers WHERE NEW.id = 7 DO INSTEAD
	    NOTHING;
	CREATE SEQUENCE fresh;
	CREATE SEQUENCE used; SELECT setval('used', 42, false);
	SELECT lo_from_bytea(70001, repeat('x', 3000000)::bytea),
	    lo_from_bytea(4000000000, '');
	SQL
	bk-dump shop >shop.bk
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/c"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	ln -s "$BATS_FILE_TMPDIR/shop.bk" "$BATS_FILE_TMPDIR/c" .
	pg_use c
}

teardown() {
	[ ! -e l ] || pg_stop l
	pg_use c	# nothing is left, whatever the test was about
	[ "$(scratches)" = 0 ]
}

field() { jq -r ".$1" <<<"$output"; }

# How many scratch databases there are.
scratches() {
	psql -XAtc "SELECT count(*) FROM pg_database WHERE datname LIKE
	    'bk\_verify\_%'" postgres
}
is_there() { [ "$(scratches)" -gt 0 ]; }
no_scratch() { [ "$(scratches)" = 0 ]; }

server_is_there() { compgen -G 'tmp/bk-verify.*/data/postmaster.pid' >/dev/null; }
no_server() { [ -z "$(ls -A tmp/)" ]; }

# died_of SIGNAL PID
died_of() {
	local rc=0
	wait "$2" || rc=$?
	[ $rc = $((128 + $(kill -l "$1"))) ]
}

# differs WHAT: level 2 of shop.bk is "not proven", because of WHAT.
differs() {
	run -3 --separate-stderr bk-verify --restore <"${2-altered.bk}"
	[ "$(field result)" = 'not proven' ]
	[[ $stderr == *"$1"* ]] || { echo "$stderr"; false; }
}

# alter SQL: a dump whose restore runs SQL in the end: the refresh of a
# materialized view calls a function.
alter() {
	dropdb --if-exists altered 2>/dev/null
	createdb -T shop altered
	psql -qX -v ON_ERROR_STOP=1 altered <<-SQL
	CREATE FUNCTION public.alter() RETURNS int LANGUAGE plpgsql AS \$\$
	BEGIN $1; RETURN 1; END \$\$;
	CREATE MATERIALIZED VIEW public.trap AS SELECT public.alter()
	    WITH NO DATA;
	SQL
	psql -qX -c 'UPDATE pg_class SET relispopulated = true
	    WHERE relname = $$trap$$' altered
	bk-dump altered >altered.bk
	dropdb altered
}

@test "a restore on a server: every row is found again" {
	run -0 --separate-stderr bk-verify --restore <shop.bk
	[ "$(field result)" = proven ]
	[ "$(field proof)" = restore ]
	[ "$(field level)" = 2 ]
	[ "$(field tables)" = 7 ]
	[ "$(field blobs)" = 2 ]
	[[ $(field restored_on) == "$(psql -XAtc 'SHOW server_version')"* ]]
	[ "$(field 'seconds > 0')" = true ]
	[[ $stderr == *'every row found again'* ]]
	run -0 bk-verify -j 1 -o r --restore "host=$PGHOST port=$PGPORT" <shop.bk
	run -0 bk-verify -o r --restore="postgresql:///shop?host=$PGHOST" <shop.bk
}

@test "a server of its own: no other, no privileges, nothing left" {
	unset PGHOST PGPORT PGUSER
	run -0 --separate-stderr env PGHOST=/nowhere PGTZ=Asia/Tokyo \
	    bk-verify --scratch <shop.bk
	[ "$(field proof)" = restore ]
	[ "$(field level)" = 3 ]
	bk-gz <shop.bk | bk-verify --scratch -o r
	if [ "$(id -u)" = 0 ]; then
		run -0 setpriv --reuid=nobody --regid=nogroup --clear-groups \
		    "$BK_BIN/bk-verify" --scratch <shop.bk
	fi
	pg_use c
}

@test "read under other settings, the values are the same" {
	psql -qX postgres <<-'SQL'
	ALTER ROLE postgres SET datestyle = 'German';
	ALTER ROLE postgres SET intervalstyle = 'iso_8601';
	ALTER ROLE postgres SET extra_float_digits = -15;
	ALTER ROLE postgres SET timezone = 'Asia/Kolkata';
	ALTER ROLE postgres SET bytea_output = 'escape';
	ALTER ROLE postgres SET search_path = 'none';
	ALTER ROLE postgres SET default_transaction_read_only = off;
	SQL
	run -0 bk-verify --restore -o r <shop.bk
	PGCLIENTENCODING=LATIN1 run -0 bk-verify --restore -o r <shop.bk
	bk-dump shop >here.bk		# written under these, read under others
	psql -qX -c 'ALTER ROLE postgres RESET ALL' postgres
	run -0 bk-verify --restore -o r <here.bk
	grep -qa Kolkata here.bk
}

@test "a database in another encoding" {
	PG_INITDB='-E LATIN1 --locale=C' pg_start l
	psql -qX postgres <<-'SQL'
	CREATE TABLE words (w text);
	INSERT INTO words VALUES (U&'gr\00fc\00df'), ('plain');
	SQL
	bk-dump postgres >latin.bk
	run -0 bk-verify --restore -o r <latin.bk
	[ "$(scratches)" = 0 ]
	pg_use c
	run -0 bk-verify --restore -o r <latin.bk
	run -0 bk-verify --scratch -o r <latin.bk
	pg_use l
	run -0 bk-verify --restore -o r <shop.bk	# it gets the dump's own
	pg_use c
}

@test "a row changed, dropped, repeated, moved on the way is seen" {
	alter "UPDATE public.orders SET note = left(note, -1) || 'x' WHERE id = 7"
	differs 'table public.orders'
	[ "$(field differences)" = 1 ]
	[[ ${stderr_lines[1]} == *'20000 rows'*digest*'20000 rows'*digest* ]]
	alter 'DELETE FROM public.orders WHERE id = 20000'
	differs '19999 rows'
	alter 'INSERT INTO public.part SELECT * FROM public.part1 LIMIT 1'
	differs '101 rows'
	alter 'UPDATE public.odd SET i = d::text, d = i::bytea WHERE a = 0.30000000000000004'
	run -0 bk-verify --restore -o r <altered.bk	# NULL for NULL
	alter 'UPDATE public.customers SET name = name || chr(45) WHERE id < 3'
	differs 'table public.customers'
	alter "UPDATE public.odd SET a = a / 1.0000000000000002 WHERE a > 1e300"
	differs 'table public.odd'
	alter 'TRUNCATE public.none'
	differs 'table public.none'
}

@test "a sequence, a large object, a constraint, a missing object are seen" {
	alter "PERFORM setval('public.used', 43, false)"
	differs 'sequence public.used  42, false'
	alter "PERFORM lo_put(70001, 2999999, 'y')"
	differs 'large objects'
	alter 'PERFORM lo_create(5)'
	differs '3 objects'
	alter 'DROP VIEW public.v'
	differs 'objects: VIEW'
	alter 'DROP TABLE public.part2'
	differs 'no such table'
	alter 'ALTER TABLE public.gen ADD CHECK (a > 1) NOT VALID'
	differs 'constraints NOT VALID'
}

@test "damage is told from a database that will not have it" {
	for what in byte drop repeat swap cut; do
		"$SUPPORT/archive-edit.py" customers $what <shop.bk >edited
		differs 'table public.customers' edited
	done
	head -c -5000 shop.bk >cut
	run -3 bk-verify --restore -o r <cut
	# whole, but it cannot be loaded
	dropdb --if-exists dup
	createdb dup
	psql -qX -c 'CREATE TABLE t AS SELECT 1 AS x FROM generate_series(1, 2)
	    ' -c 'CREATE FUNCTION no() RETURNS int LANGUAGE plpgsql AS
	    $$ BEGIN RAISE no_data_found; END $$' -c 'CREATE MATERIALIZED VIEW
	    v AS SELECT no() WITH NO DATA' -c 'UPDATE pg_class SET
	    relispopulated = true WHERE relname = $$v$$' dup
	bk-dump dup >dup.bk
	dropdb dup
	run -1 --separate-stderr bk-verify --restore <dup.bk
	[ "$(field result)" = 'could not tell' ]
}

@test "assertions: each query must give a single true" {
	cat >good.sql <<-'SQL'
	SET work_mem = '8MB';
	SELECT count(*) > 10000 FROM orders;
	SELECT max(id) = 20000 FROM orders;
	SQL
	run -0 bk-verify --restore --sql good.sql -o r <shop.bk
	run -0 bk-verify --scratch --sql good.sql -o r <shop.bk
	echo 'SELECT false' >bad1
	echo 'SELECT true, true' >bad2
	echo 'SELECT true WHERE false' >bad3
	echo 'SELECT NULL' >bad4
	echo 'SELECT * FROM nosuch' >bad5
	echo '-- nothing' >bad6
	for f in bad?; do
		run -3 --separate-stderr bk-verify --restore --sql $f <shop.bk
		[[ $stderr == *"$f"*true* || $stderr == *"$f"*query* ]]
	done
	run -1 bk-verify --restore --sql none.sql <shop.bk
}

@test "archives of pg_dump are compared with what was in the stream" {
	pg_dump -Fc -Z0 shop >foreign
	pg_dump -Fc shop >packed
	pg_dump -Fc --inserts -T gen shop >inserts
	for f in foreign packed; do
		run -0 --separate-stderr bk-verify --restore <$f
		[ "$(field proof)" = restore ]
		[ "$(field manifest)" = null ]
	done
	run -0 --separate-stderr bk-verify --restore <inserts
	[ "$(field proof)" = structure ]	# its rows are not compared
	alter 'DELETE FROM public.orders WHERE id = 1'
	createdb altered
	pg_restore -d altered --section=pre-data altered.bk
	pg_restore -d altered --section=data altered.bk
	pg_dump -Fc altered >packed
	dropdb altered
	run -0 bk-verify --restore -o r <packed
}

@test "owners and privileges that the server does not have are left out" {
	psql -qX shop <<-'SQL'
	CREATE ROLE boss;
	CREATE TABLE owned (x int);
	ALTER TABLE owned OWNER TO boss;
	GRANT SELECT ON owned TO boss;
	SQL
	bk-dump -t owned shop >owned.bk
	run -0 bk-verify --restore -o r <owned.bk
	psql -qX -c 'DROP TABLE owned' -c 'DROP ROLE boss' shop
	run -0 bk-verify --restore -o r <owned.bk
	run -0 bk-verify --scratch -o r <owned.bk
}

@test "a scratch database goes away, also when we are stopped" {
	mkfifo slow
	for sig in TERM INT KILL; do
		# the shell ignores INT for what it starts in the background
		python3 -c 'import signal, os, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' bk-verify --restore -o r <slow 2>err &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await 20 is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		[ $sig = KILL ] || await 20 no_scratch
	done
	is_there			# nobody could help it
	run -0 bk-verify --restore -o r <shop.bk
	no_scratch			# but the next one did
}

@test "a scratch server goes away, also when we are killed" {
	# one that the server's user can reach: a test's own is ours alone
	ln -s "$(mktemp -d /tmp/bk-v.XXXXXX)" tmp
	chmod 777 tmp/.
	mkfifo slow
	for sig in TERM KILL; do
		TMPDIR=$(readlink tmp) bk-verify --scratch -o r <slow 2>err 8>&- &
		pid=$!
		exec 8>slow
		head -c 300000 shop.bk >&8
		await 30 server_is_there
		kill -$sig $pid
		died_of $sig $pid
		exec 8>&-
		await 30 no_server
	done
	rmdir "$(readlink tmp)"
}

@test "two at once, on one server" {
	bk-verify --restore -q -o r1 <shop.bk &
	bk-verify --restore -q -o r2 <shop.bk &
	wait
	[ "$(jq -rs '[.[].result] | unique[]' r1 r2)" = proven ]
}

@test "what cannot be told, and wrong calls" {
	PGHOST=/nowhere run -1 --separate-stderr bk-verify --restore -o r <shop.bk
	one_line_error bk-verify
	run -1 bk-verify --restore < <(pg_dump shop)
	BK_PG_BINDIR=/nowhere run -1 --separate-stderr bk-verify --scratch \
	    -o r <shop.bk
	one_line_error bk-verify
	run -2 bk-verify --restore --scratch <shop.bk
	run -2 bk-verify --sql x <shop.bk
	run -2 bk-verify --restore a b <shop.bk
}

@test "the man page's examples" {
	echo 'SELECT count(*) > 0 FROM orders' >today.sql
	mkdir proofs
	run -0 bash -c 'bk-verify --restore "host=$PGHOST" --sql today.sql \
	    <shop.bk'
	run -0 bash -c 'bk-verify -q --scratch --md --receipts proofs \
	    <shop.bk >>journal.md'
	[[ $(<journal.md) == '| '*' | proven | 3 | '* ]]
}
