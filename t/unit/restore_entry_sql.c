/* restore/entry_sql.h: what an entry of a TOC is made of */
#include <string.h>

#include "restore/entry_sql.h"
#include "tap.h"

static struct bk_err e;
static struct bk_buf out;

static const char *
owner(struct bk_toc_entry te)
{
	out.len = 0;
	bk_buf_puts(&out, "", &e);
	te.owner = te.owner == NULL ? "jo\"e" : te.owner;
	return bk_entry_owner(&te, &out, &e) == 0 ? out.data : e.msg;
}

static void
test_owner(void)
{
	is_str(owner((struct bk_toc_entry){ .desc = "TABLE", .tag = "a;b",
	    .schema = "s\"", .drop = "DROP TABLE x;\n" }),
	    "ALTER TABLE \"s\"\"\".\"a;b\" OWNER TO \"jo\"\"e\"", "a table");
	is_str(owner((struct bk_toc_entry){ .desc = "SCHEMA", .tag = "s",
	    .schema = "", .drop = "DROP SCHEMA s;\n" }),
	    "ALTER SCHEMA \"s\" OWNER TO \"jo\"\"e\"", "a schema");
	is_str(owner((struct bk_toc_entry){ .desc = "FUNCTION", .tag = "f(int)",
	    .schema = "s", .drop = "DROP FUNCTION s.f(integer);\n" }),
	    "ALTER FUNCTION s.f(integer) OWNER TO \"jo\"\"e\"", "a function");
	is_str(owner((struct bk_toc_entry){ .desc = "FUNCTION", .tag = "f",
	    .drop = "DROP ;\n" }), "ALTER  OWNER TO \"jo\"\"e\"",
	    "one of nobody's: the server refuses it");
	is_str(owner((struct bk_toc_entry){ .desc = "BLOB", .tag = "123",
	    .drop = "SELECT pg_catalog.lo_unlink('123');\n" }),
	    "ALTER LARGE OBJECT 123 OWNER TO \"jo\"\"e\"", "a large object");
	is_str(owner((struct bk_toc_entry){ .desc = "INDEX", .tag = "i",
	    .schema = "s", .drop = "DROP INDEX s.i;\n" }), "", "an index");
	is_str(owner((struct bk_toc_entry){ .desc = "TABLE", .tag = "t",
	    .schema = "s" }), "", "what cannot be dropped");
	is_str(owner((struct bk_toc_entry){ .desc = "TABLE", .tag = "t",
	    .drop = "x", .owner = "" }), "", "of nobody");
}

static const char *
make(struct bk_toc_entry te, int no_owner)
{
	out.len = 0;
	bk_buf_puts(&out, "", &e);
	return bk_entry_make(&te, no_owner, &out, &e) == 0 ? out.data : e.msg;
}

static void
test_make(void)
{
	is_str(make((struct bk_toc_entry){ .desc = "TYPE", .tag = "t",
	    .defn = "CREATE TYPE t; --" }, 0), "CREATE TYPE t; --",
	    "as it stands");
	is_str(make((struct bk_toc_entry){ .desc = "SCHEMA", .tag = "s t",
	    .defn = "CREATE SCHEMA s AUTHORIZATION x;\n" }, 1),
	    "CREATE SCHEMA \"s t\"", "a schema without its owner");
	is_str(make((struct bk_toc_entry){ .desc = "SCHEMA", .tag = "public",
	    .defn = "-- *not*\n" }, 1), "-- *not*\n", "the public one");
	is_str(make((struct bk_toc_entry){ .desc = "TABLE DATA", .tag = "t" },
	    0), "", "nothing");
}

static void
test_steps(void)
{
	static const struct { const char *desc, *tag; int section, want; }
	    cases[] = {
		{ "ENCODING", "ENCODING", 2, BK_DDL_NEVER },
		{ "DATABASE", "shop", 2, BK_DDL_NEVER },
		{ "COMMENT", "DATABASE shop", 1, BK_DDL_NEVER },
		{ "TABLE", "t", 2, BK_DDL_PRE },
		{ "COMMENT", "TABLE t", 1, BK_DDL_PRE },
		{ "COMMENT", "TABLE \"DATABASE x\"", 1, BK_DDL_PRE },
		{ "ACL", "TABLE t", 1, BK_DDL_ACL },
		{ "TABLE DATA", "t", 3, BK_DDL_NEVER },
		{ "SEQUENCE SET", "s", 3, BK_DDL_PRE },
		{ "INDEX", "i", 4, BK_DDL_POST },
		{ "COMMENT", "INDEX i", 1, BK_DDL_POST },
		{ "STATISTICS DATA", "t", 4, BK_DDL_LAST },
		{ "EVENT TRIGGER", "x", 4, BK_DDL_LAST },
		{ "COMMENT", "EVENT TRIGGER x", 1, BK_DDL_LAST },
		{ "MATERIALIZED VIEW DATA", "m", 4, BK_DDL_LAST },
		{ "DEFAULT ACL", "DEFAULT PRIVILEGES", 4, BK_DDL_ACL },
	};
	enum { N = sizeof(cases) / sizeof(cases[0]) };
	struct bk_toc_entry te[N];
	struct bk_toc toc = { .entry = te, .n = N };
	unsigned char step[N];
	int i;

	for (i = 0; i < N; i++)
		te[i] = (struct bk_toc_entry){ .desc = cases[i].desc,
		    .tag = cases[i].tag, .section = cases[i].section };
	is_int(bk_entry_steps(&toc, step, &e), 0, "steps");
	for (i = 0; i < N; i++)
		ok(step[i] == cases[i].want, "%s %s", cases[i].desc,
		    cases[i].tag);
}

static void
test_put_off(void)
{
	static const int32_t of_plain[] = { 1, 2 }, of_code[] = { 1, 4 };
	static const struct bk_toc_entry te[] = {
		{ .id = 2, .desc = "INDEX", .tag = "i", .section = 4, .defn =
		    "CREATE INDEX i ON s.t USING btree (lower(a))" },
		{ .id = 4, .desc = "INDEX", .tag = "j", .section = 4, .defn =
		    "CREATE INDEX j ON s.t USING btree ((a + s.f(1)))" },
		{ .id = 5, .desc = "COMMENT", .tag = "INDEX j", .section = 1 },
		{ .id = 6, .desc = "INDEX ATTACH", .tag = "i", .section = 4,
		    .deps = of_plain, .ndeps = 2 },
		{ .id = 7, .desc = "INDEX ATTACH", .tag = "j", .section = 4,
		    .deps = of_code, .ndeps = 2 },
		{ .id = 8, .desc = "STATISTICS", .tag = "k", .section = 4,
		    .defn = "CREATE STATISTICS s.k ON a, b FROM s.t" },
		{ .id = 9, .desc = "STATISTICS", .tag = "l", .section = 4,
		    .defn = "CREATE STATISTICS s.l ON s.f(1), b FROM s.t" },
		{ .id = 10, .desc = "CONSTRAINT", .tag = "t x", .section = 4,
		    .defn = "ALTER TABLE ONLY s.t ADD CONSTRAINT x EXCLUDE "
		    "USING gist (a WITH =) WHERE ((s.f(1) > 0))" },
		{ .id = 11, .desc = "COMMENT", .tag = "CONSTRAINT x ON s.t",
		    .section = 1 },
		{ .id = 12, .desc = "CONSTRAINT", .tag = "t y", .section = 4,
		    .defn = "ALTER TABLE ONLY s.t ADD CONSTRAINT y PRIMARY "
		    "KEY (a)" },
	};
	static const char want[] = "PLLPLLLLLP";	/* LAST or POST */
	enum { N = sizeof(te) / sizeof(te[0]) };
	struct bk_toc toc = { .entry = (struct bk_toc_entry *)te, .n = N };
	unsigned char step[N];
	char got[N + 1];
	int i;

	is_int(bk_entry_steps(&toc, step, &e), 0, "steps");
	for (i = 0; i < N; i++)
		got[i] = step[i] == BK_DDL_POST ? 'P' :
		    step[i] == BK_DDL_LAST ? 'L' : '?';
	got[N] = '\0';
	is_str(got, want, "what queries plan with comes after the keys");
}

static void
test_objects(void)
{
	static const int32_t deps[] = { 7 };
	struct bk_toc_entry te[] = {
		{ .id = 7, .desc = "BLOB METADATA", .tag = "1..3",
		    .defn = "1\n22\n3\n", .owner = "joe" },
		{ .id = 9, .desc = "ACL", .tag = "LARGE OBJECTS 1..3",
		    .deps = deps, .ndeps = 1,
		    .defn = "GRANT ALL ON LARGE OBJECT 1 TO \" ON LARGE OBJECT "
		    "1 \";\nREVOKE ALL ON LARGE OBJECT 1 FROM x;\n" },
		{ .id = 11, .desc = "ACL", .tag = "LARGE OBJECTS 1..3",
		    .defn = "x" },
		{ .id = 12, .desc = "BLOB METADATA", .tag = "bad",
		    .defn = "1\nx\n" },
		{ .id = 13, .desc = "TABLE", .tag = "t" },
	};
	struct bk_toc toc = { .entry = te, .n = 5 };
	struct bk_entry_objects o;

	ok(bk_entry_objects(&toc, &te[0], &o, &e) == 1 &&
	    bk_entry_objects_next(&o, 0, &out, &e) == 1, "metadata");
	is_str(out.data, "SELECT pg_catalog.lo_create('1');\n"
	    "ALTER LARGE OBJECT 1 OWNER TO \"joe\";\n"
	    "SELECT pg_catalog.lo_create('22');\n"
	    "ALTER LARGE OBJECT 22 OWNER TO \"joe\";\n"
	    "SELECT pg_catalog.lo_create('3');\n"
	    "ALTER LARGE OBJECT 3 OWNER TO \"joe\";\n", "of each");
	is_int(bk_entry_objects_next(&o, 0, &out, &e), 0, "and no more");
	ok(bk_entry_objects(&toc, &te[1], &o, &e) == 1 &&
	    bk_entry_objects_next(&o, 1, &out, &e) == 1, "privileges");
	ok(strstr(out.data, "GRANT ALL ON LARGE OBJECT 22 TO \" ON LARGE "
	    "OBJECT 1 \";\nREVOKE ALL ON LARGE OBJECT 22 FROM x;\n") != NULL,
	    "of each: %s", out.data);
	ok(bk_entry_objects(&toc, &te[2], &o, &e) == -1 && e.code == BK_DATA,
	    "%s", e.msg);
	e = (struct bk_err){0};
	ok(bk_entry_objects(&toc, &te[3], &o, &e) == 1 &&
	    bk_entry_objects_next(&o, 1, &out, &e) == -1 && e.code == BK_DATA,
	    "%s", e.msg);
	is_int(bk_entry_objects(&toc, &te[4], &o, &e), 0, "no large objects");
}

int
main(void)
{
	test_owner();
	test_make();
	test_steps();
	test_put_off();
	test_objects();
	bk_buf_free(&out);
	return tap_done();
}
