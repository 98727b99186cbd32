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
	bk_entry_steps(&toc, step);
	for (i = 0; i < N; i++)
		ok(step[i] == cases[i].want, "%s %s", cases[i].desc,
		    cases[i].tag);
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
	test_objects();
	bk_buf_free(&out);
	return tap_done();
}
