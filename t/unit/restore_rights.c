/* Which definitions run code: found in their text. */
#include <string.h>

#include "restore/rights.h"
#include "tap.h"

static unsigned
count(const char *desc, const char *defn, const char *other, int whole)
{
	struct bk_toc_entry entry[2] = {
		{ .id = 1, .tag = "d", .schema = "s", .desc = desc,
		.defn = defn },
		{ .id = 2, .tag = "v", .schema = "s",
		.desc = other != NULL && other[0] == '*' ? "STATISTICS DATA" :
		    "VIEW", .defn = other } };
	const struct bk_toc toc = { .entry = entry, .n = 2 };
	const struct bk_restore_list all = {0};
	struct bk_rights found = {0};

	bk_rights_definitions(&toc, &all, NULL, whole, &found);
	if (found.n > 0 && strcmp(found.first, "s.d") != 0)
		return 99;
	return found.n;
}

/* A domain, where a literal stands later. */
static unsigned
domain(const char *check)
{
	char defn[512] = "CREATE DOMAIN s.d AS text\n\t";

	(void)strncat(defn, check, sizeof(defn) - strlen(defn) - 1);
	return count("DOMAIN", defn, "SELECT '{5}'::s.d[]", 0);
}

static int events;		/* whether there are event triggers */

/* Can a function be called that DROP calls name, and CREATE so? */
static int
callable(const char *desc, const char *name, const char *make)
{
	char drop[256] = "DROP FUNCTION ", defn[256] = "CREATE FUNCTION ";
	const struct bk_toc_entry te = { .tag = "f", .schema = "s",
		.desc = desc, .drop = drop, .defn = defn };

	(void)strncat(drop, name, sizeof(drop) - strlen(drop) - 1);
	(void)strncat(defn, make, sizeof(defn) - strlen(defn) - 1);
	return bk_rights_callable(&te, events);
}

static void
functions(void)
{
	static const char body[] = "s.f() RETURNS trigger\n    LANGUAGE c";
	const struct bk_toc_entry bare = { .tag = "f", .desc = "FUNCTION" };

	is_int(callable("FUNCTION", "s.f();\n", body), 0, "a trigger's");
	is_int(callable("FUNCTION", "s.f();\n", "s.f() RETURNS "
	    "event_trigger\n    LANGUAGE c"), 0, "an event trigger's");
	events = 1;
	is_int(callable("FUNCTION", "s.f();\n", "s.f() RETURNS "
	    "event_trigger\n    LANGUAGE c"), 1, "  where there are any");
	is_int(callable("FUNCTION", "s.f();\n", body), 0,
	    "  a trigger's is no event trigger's");
	events = 0;
	is_int(callable("FUNCTION", "s.f();\n", "s.f() RETURNS integer\n"), 1,
	    "one to be called");
	is_int(callable("FUNCTION", "s.f();\n", "s.f() RETURNS triggers\n"),
	    1, "a type whose name begins like that");
	is_int(callable("FUNCTION", "s.f();\n", "s.f() RETURNS \"trigger\n"),
	    1, "a quoted one");
	is_int(callable("FUNCTION", "s.f(text);\n", "s.f(t text DEFAULT "
	    "') RETURNS trigger\n'::text) RETURNS integer\n"), 1,
	    "an argument that says so");
	is_int(callable("FUNCTION", "s.\"f() RETURNS trigger\n\"();\n",
	    "s.\"f() RETURNS trigger\n\"() RETURNS integer\n"), 1,
	    "a name that says so");
	is_int(callable("FUNCTION", "t.f();\n", body), 1, "another's name");
	is_int(callable("FUNCTION", "", body), 1, "no name");
	is_int(callable("PROCEDURE", "s.f();\n", body), 1, "a procedure");
	is_int(callable("AGGREGATE", "s.f();\n", body), 1, "an aggregate");
	is_int(callable("TABLE", "s.f();\n", body), 0, "a table");
	is_int(bk_rights_callable(&bare, 0), 1, "one without text");
}

int
main(void)
{
	functions();
	is_int(domain("CONSTRAINT c CHECK (s.f(VALUE));\n"), 1, "a function");
	is_int(domain("CONSTRAINT c CHECK ((VALUE OPERATOR(s.=) 1));\n"), 1,
	    "an operator");
	is_int(domain("CONSTRAINT c CHECK ((\"S\".\"F\"(VALUE) > 0));\n"), 1,
	    "quoted");
	is_int(domain("CONSTRAINT \"CHECK ('\" CHECK (s.f(VALUE));\n"), 1,
	    "a name that would begin a string");
	is_int(domain("CONSTRAINT \"a\"\"'\" CHECK (s.f(VALUE));\n"), 1,
	    "and with a quote");
	is_int(domain("CONSTRAINT c CHECK ((query_to_xml(VALUE, true, true, "
	    "''::text) IS NOT NULL));\n"), 1, "PostgreSQL's own that run SQL");
	is_int(domain("CONSTRAINT c CHECK ((VALUE ~ 'it''s@[a-z]+\\.f(x)"
	    "'::text));\n"), 0, "what is within a string");
	is_int(domain("CONSTRAINT c CHECK ((VALUE > 0.5));\n"), 0, "a number");
	is_int(count("DOMAIN", "CREATE DOMAIN s.d AS int CHECK (s.f(VALUE))",
	    "SELECT 'a'::text", 0), 0, "a domain without a literal");
	is_int(count("DOMAIN", "CREATE DOMAIN s.d AS int CHECK (s.f(VALUE))",
	    "* FROM pg_restore_attribute_stats('{1}'::text)", 0), 1,
	    "statistics of a column of it");
	is_int(count("DOMAIN", "CREATE DOMAIN s.d AS int CHECK (s.f(VALUE))",
	    "SELECT 'a'::text", 1), 1, "all is loaded by pg_restore");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT c "
	    "CHECK (s.f(t.*))", NULL, 0), 1, "a check that comes last");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT c "
	    "CHECK (s.f(t.*)) NOT VALID;\n", NULL, 0), 0,
	    "and checks nothing");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT "
	    "\"a NOT VALID;\n\" CHECK (s.f(t.*));\n", NULL, 0), 1,
	    "and has a name that says so");
	is_int(count("CHECK CONSTRAINT", "ALTER DOMAIN s.d\n    ADD CONSTRAINT "
	    "c CHECK ((lo_export((1)::oid, '/x'::text) = 1)) NOT VALID;\n",
	    NULL, 0), 1, "a domain's, of which later literals are asked");
	is_int(count("CAST", "CREATE CAST (s.c AS integer) WITH FUNCTION "
	    "s.f(s.c) AS IMPLICIT", NULL, 0), 1, "an implicit cast");
	is_int(count("CAST", "CREATE CAST (s.c AS integer) WITH FUNCTION "
	    "s.f(s.c)", NULL, 0), 0, "an explicit one");
	is_int(count("TABLE", "CREATE TABLE s.t (a integer CHECK (s.f(a)))",
	    NULL, 0), 0, "a table, whose rows are guarded");
	is_int(count("TABLE", "CREATE TABLE s.t (a integer, CONSTRAINT c CHECK "
	    "(s.f(a)))", NULL, 1), 1, "and where they are not");
	is_int(count("TABLE", "CREATE TABLE s.t (a integer, b integer "
	    "GENERATED ALWAYS AS (s.f(a)) STORED)", NULL, 1), 1,
	    "a generated column");
	is_int(count("INDEX", "CREATE INDEX i ON ONLY s.t USING btree "
	    "(((a + s.f(1))))", NULL, 0), 1, "a partitioned table's index");
	is_int(count("INDEX", "CREATE INDEX i ON s.t USING btree "
	    "(((a + s.f(1))))", NULL, 0), 0, "an index, made as its owner");
	is_int(count("INDEX", "CREATE INDEX i ON ONLY s.t USING gin "
	    "(a public.gin_trgm_ops)", NULL, 0), 0, "an operator class");
	is_int(count("INDEX", "CREATE INDEX i ON ONLY s.t USING gin "
	    "(s.my_ops(1) public.gin_trgm_ops)", NULL, 0), 1,
	    "a function that has the name of one");
	return tap_done();
}
