-- One of each kind of definition, for damages.txt.  Roles: alice, bob.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE SCHEMA app;
CREATE SCHEMA attic;
CREATE TABLE app.customers (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name varchar(40) NOT NULL UNIQUE,
	mail citext,
	state varchar(10) DEFAULT 'new',
	note text DEFAULT 'none' NOT NULL,
	born date,
	len int GENERATED ALWAYS AS (length(note)) STORED,
	CONSTRAINT states CHECK (state IN ('new', 'old')),
	CONSTRAINT adult CHECK (born < '2020-01-01'));
INSERT INTO app.customers (name) VALUES ('ann'), ('ben');
CREATE TABLE app.orders (
	id serial PRIMARY KEY,
	customer int NOT NULL CONSTRAINT who REFERENCES app.customers
	    ON DELETE CASCADE,
	parent int CONSTRAINT tree REFERENCES app.orders DEFERRABLE,
	amount numeric(10,2),
	period daterange,
	CONSTRAINT apart EXCLUDE USING gist (period WITH &&));
INSERT INTO app.orders (customer, amount) VALUES (1, 5), (2, 7);
ALTER TABLE app.orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;
CREATE INDEX by_amount ON app.orders (amount) WHERE amount > 5;
CREATE INDEX by_upper ON app.customers (upper(name) DESC);
CREATE UNIQUE INDEX by_pair ON app.orders (customer, id);
ALTER TABLE app.orders CLUSTER ON by_pair;
CREATE TABLE app.audit (at timestamptz DEFAULT now(), what text, raw bytea,
	big jsonb);
ALTER TABLE app.audit SET (fillfactor = 70);
ALTER TABLE app.audit ALTER what SET STATISTICS 500;
ALTER TABLE app.audit ALTER raw SET STORAGE EXTERNAL;
ALTER TABLE app.audit REPLICA IDENTITY FULL;
CREATE UNLOGGED TABLE app.cache (k text COLLATE "C", v text);
CREATE FUNCTION app.log() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO app.audit (what) VALUES (TG_OP); RETURN NEW; END $$;
CREATE TRIGGER log AFTER INSERT ON app.orders FOR EACH ROW
    EXECUTE FUNCTION app.log();
CREATE TRIGGER log2 BEFORE UPDATE ON app.customers FOR EACH ROW
    WHEN (NEW.note <> OLD.note) EXECUTE FUNCTION app.log();
CREATE FUNCTION app.double(n int) RETURNS int LANGUAGE sql IMMUTABLE STRICT
    COST 7 AS 'SELECT n * 2';
CREATE FUNCTION app.safe(n int) RETURNS int LANGUAGE sql SECURITY DEFINER
    SET search_path = app AS 'SELECT n';
CREATE FUNCTION app.double(n text) RETURNS text LANGUAGE sql AS
    'SELECT n || n';
CREATE PROCEDURE app.tidy() LANGUAGE sql AS 'DELETE FROM app.cache';
CREATE AGGREGATE app.product (numeric) (SFUNC = numeric_mul, STYPE = numeric,
    INITCOND = '1');
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE app.point3 AS (x int, y int, z int);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE DOMAIN app.percent AS int DEFAULT 0 CHECK (VALUE BETWEEN 0 AND 100);
CREATE FUNCTION app.same(app.point3, app.point3) RETURNS boolean LANGUAGE sql
    IMMUTABLE AS 'SELECT $1.x = $2.x';
CREATE OPERATOR app.=== (LEFTARG = app.point3, RIGHTARG = app.point3,
    FUNCTION = app.same, COMMUTATOR = OPERATOR(app.===));
CREATE OPERATOR FAMILY app.fam USING btree;
CREATE OPERATOR CLASS app.cls FOR TYPE int USING btree FAMILY app.fam AS
    OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(int, int);
CREATE FUNCTION app.to_int(app.point3) RETURNS int LANGUAGE sql AS
    'SELECT $1.x';
CREATE CAST (app.point3 AS int) WITH FUNCTION app.to_int(app.point3);
CREATE VIEW app.rich AS SELECT * FROM app.orders WHERE amount > 6;
CREATE VIEW app.guarded WITH (security_barrier) AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW app.sums AS
    SELECT customer, sum(amount) AS s FROM app.orders GROUP BY 1;
CREATE MATERIALIZED VIEW app.empty AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX sums_key ON app.sums (customer);
CREATE RULE keep AS ON DELETE TO app.audit DO INSTEAD NOTHING;
ALTER TABLE app.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON app.customers FOR SELECT TO alice USING (id > 0);
CREATE POLICY ours ON app.orders USING (id > 0) WITH CHECK (amount < 1000);
CREATE TABLE app.part (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE app.part1 PARTITION OF app.part FOR VALUES FROM (0) TO (100);
CREATE TABLE app.part2 PARTITION OF app.part FOR VALUES FROM (100) TO (200);
CREATE INDEX part_v ON app.part (v);
CREATE TABLE app.base (a int);
CREATE TABLE app.child (b int) INHERITS (app.base);
CREATE SEQUENCE app.counter INCREMENT 5 MAXVALUE 1000 CACHE 3;
SELECT setval('app.counter', 25);
CREATE SEQUENCE app.loose;
ALTER SEQUENCE app.loose OWNED BY app.cache.k;
CREATE STATISTICS app.linked (dependencies) ON customer, amount
    FROM app.orders;
CREATE COLLATION app.coll (locale = 'C', provider = libc);
CREATE DEFAULT CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple, accept = false);
CREATE TEXT SEARCH CONFIGURATION app.search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR word
    WITH app.dict;
CREATE FOREIGN DATA WRAPPER wrap OPTIONS (debug 'true');
CREATE SERVER far FOREIGN DATA WRAPPER wrap OPTIONS (host 'far');
CREATE USER MAPPING FOR alice SERVER far OPTIONS (secret 'x');
CREATE FOREIGN TABLE app.remote (a int OPTIONS (n 'a')) SERVER far
    OPTIONS (t 'far');
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE app.other_am (a int) USING heap2;
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS
    'BEGIN END';
CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION app.watch();
CREATE PUBLICATION news FOR TABLE app.orders, app.customers;
CREATE PUBLICATION olds FOR ALL TABLES WITH (publish = 'insert');
COMMENT ON TABLE app.orders IS 'who buys what';
COMMENT ON COLUMN app.orders.amount IS 'net';
COMMENT ON FUNCTION app.double(int) IS 'twice';
COMMENT ON SCHEMA app IS 'ours';
GRANT USAGE ON SCHEMA app TO alice;
GRANT SELECT, INSERT ON app.orders TO alice;
GRANT SELECT ON app.customers TO bob WITH GRANT OPTION;
GRANT UPDATE (note) ON app.customers TO alice;
GRANT USAGE ON SEQUENCE app.counter TO alice;
REVOKE EXECUTE ON FUNCTION app.safe(int) FROM PUBLIC;
GRANT USAGE ON TYPE app.mood TO alice;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO alice;
ALTER TABLE app.audit OWNER TO alice;
ALTER FUNCTION app.double(text) OWNER TO bob;
ALTER SCHEMA attic OWNER TO bob;
SELECT lo_from_bytea(7001, 'one'), lo_from_bytea(7002, 'two');
ALTER LARGE OBJECT 7001 OWNER TO alice;
GRANT SELECT ON LARGE OBJECT 7002 TO bob;
COMMENT ON LARGE OBJECT 7002 IS 'two';
CREATE TABLE app.meant (a int, b int, c int, t text,
	CONSTRAINT either CHECK ((a = 1 OR b = 1) AND c = 1),
	CONSTRAINT kind CHECK (t IN ('x', 'y') AND t::date > b::text::date));
CREATE VIEW app.product_of AS SELECT (a + b) * c AS n FROM app.meant;
CREATE INDEX by_big ON app.meant ((a::bigint));
CREATE POLICY grouped ON app.meant USING ((a = 1 OR b = 1) AND c = 1);
