# For the files that restore a dump to verify it, after support/pg:
#
#	setup_file()	{ shop_start; }		# server c, database shop, shop.bk
#	teardown_file()	{ pg_stop "$BATS_FILE_TMPDIR/c"; }
#	setup()		{ shop_use; }
#	teardown()	{ shop_left; }

shop_start() {
	cd "$BATS_FILE_TMPDIR"
	pg_start c
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

shop_use() {
	cd "$BATS_TEST_TMPDIR"
	ln -s "$BATS_FILE_TMPDIR/shop.bk" "$BATS_FILE_TMPDIR/c" .
	pg_use c
}

# shop_left: nothing is left, whatever the test was about.
shop_left() {
	[ ! -e l ] || pg_stop l
	pg_use c
	no_scratch
}

# field NAME: of the receipt in $output.
field() { jq -r ".$1" <<<"$output"; }

# How many scratch databases there are.
scratches() {
	psql -XAtc "SELECT count(*) FROM pg_database WHERE datname LIKE
	    'bk\_verify\_%'" postgres
}
is_there() { [ "$(scratches)" -gt 0 ]; }
no_scratch() { [ "$(scratches)" = 0 ]; }
