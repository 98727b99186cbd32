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
		{ .id = 2, .tag = "v", .schema = "s", .desc = "VIEW",
		.defn = other } };
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

int
main(void)
{
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
	    "SELECT 'a'::text", 1), 1, "all is loaded by pg_restore");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT c "
	    "CHECK (s.f(t.*))", NULL, 0), 1, "a check that comes last");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT c "
	    "CHECK (s.f(t.*)) NOT VALID;\n", NULL, 0), 0,
	    "and checks nothing");
	is_int(count("CHECK CONSTRAINT", "ALTER TABLE s.t ADD CONSTRAINT "
	    "\"a NOT VALID;\n\" CHECK (s.f(t.*));\n", NULL, 0), 1,
	    "and has a name that says so");
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
	return tap_done();
}
