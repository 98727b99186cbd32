/* What of two TOCs is compared, and what is said of a difference. */
#include "starve.h"
#include "tap.h"
#include "verify/definitions.h"

static const struct bk_definitions_rules all;

static struct bk_err e;

/* "WAS | IS" of the only difference between a and b; how many, if not one. */
static const char *
difference(const struct bk_toc_entry *a, const struct bk_toc_entry *b,
    const struct bk_definitions_rules *rules)
{
	static char text[512];
	struct bk_toc was = { .entry = (struct bk_toc_entry *)(uintptr_t)a,
	    .n = 1 }, is = { .entry = (struct bk_toc_entry *)(uintptr_t)b,
	    .n = 1 };
	struct bk_definitions d = {0};
	struct bk_buf x = {0}, y = {0};

	(void)bk_definitions_compare(&d, &was, &is, rules, &e);
	(void)snprintf(text, sizeof(text), "%zu", d.n);
	if (d.n == 1 && bk_definition_describe(&d.pair[0], rules, &x, &y,
	    &e) == 0)
		(void)snprintf(text, sizeof(text), "%s | %s", x.data, y.data);
	bk_buf_free(&x);
	bk_buf_free(&y);
	bk_definitions_free(&d);
	return text;
}

static void
test_fields(void)
{
	const struct bk_toc_entry a = { .desc = "TABLE", .tag = "t",
	    .schema = "public", .defn = "CREATE TABLE t (\n    a int,\n"
	    "    b int\n);\n", .owner = "joe", .tablespace = "fast",
	    .access_method = "heap" };
	struct bk_definitions_rules rules = {0};
	struct bk_toc_entry b = a;

	is_str(difference(&a, &b, &all), "0", "the same");
	b.tablespace = NULL;
	is_str(difference(&a, &b, &all), "tablespace fast | tablespace none",
	    "a tablespace");
	rules.no_tablespaces = 1;
	is_str(difference(&a, &b, &rules), "0", "  which may be left out");
	b = a;
	b.owner = "ann";
	is_str(difference(&a, &b, &all), "owner joe | owner ann", "an owner");
	rules.no_owner = 1;
	is_str(difference(&a, &b, &rules), "0", "  which may be left out");
	b = a;
	b.access_method = "columnar";
	is_str(difference(&a, &b, &all), "access method heap | access method "
	    "columnar", "an access method");
	is_str(difference(&a, &b, &rules), "access method heap | access method "
	    "columnar", "  also without owners and tablespaces");
	b.access_method = "";
	b.desc = "VIEW";
	is_str(difference(&a, &b, &all), "2", "another kind is another object");
}

static void
test_lines(void)
{
	static const struct {
		const char *was, *is, *shown;
	} texts[] = {
		{ "CREATE TABLE t (\n    a int,\n    b int\n);\n",
		    "CREATE TABLE t (\n    a int,\n    b text\n);\n",
		    "b int | b text" },
		{ "a\n   b", "a\nb", "   b | b" },	/* blanks alone */
		{ "a\n", "a\nb", "nothing | b" },
		{ "", "b", "nothing | b" },
		{ NULL, "b", "nothing | b" },
	};
	char was[300], is[300], want[600];
	struct bk_toc_entry a = { .desc = "VIEW", .tag = "v" }, b = a;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a.defn = (char *)(uintptr_t)texts[i].was;
		b.defn = (char *)(uintptr_t)texts[i].is;
		is_str(difference(&a, &b, &all), texts[i].shown, "a line");
	}
	/* a long line ends after 100 bytes, between two characters */
	memset(was, 'x', sizeof(was));
	memset(is, 'x', sizeof(is));
	was[0] = 'a';
	is[0] = 'b';
	memcpy(was + 99, "\xc3\xa4", 3);
	memcpy(is + 99, "\xc3\xa4", 3);
	a.defn = was;
	b.defn = is;
	(void)snprintf(want, sizeof(want), "%.99s | %.99s", was, is);
	is_str(difference(&a, &b, &all), want, "no half of a character");
}

static struct bk_toc_entry
entry(const char *desc, const char *tag, const char *defn)
{
	return (struct bk_toc_entry){ .desc = (char *)(uintptr_t)desc,
	    .tag = (char *)(uintptr_t)tag,
	    .defn = (char *)(uintptr_t)defn };
}

/* Several entries with one name: each has its pair. */
static void
test_groups(void)
{
	struct bk_toc_entry a[] = { entry("DEFAULT ACL", "x", "3"),
	    entry("DEFAULT ACL", "x", "1"), entry("DEFAULT ACL", "x", "2"),
	    entry("VIEW", "v", "") };
	struct bk_toc_entry b[] = { entry("VIEW", "v", ""),
	    entry("DEFAULT ACL", "x", "2"), entry("DEFAULT ACL", "x", "4"),
	    entry("DEFAULT ACL", "x", "1") };
	struct bk_toc was = { .entry = a, .n = 4 }, is = { .entry = b, .n = 4 };
	struct bk_definitions d = {0};

	(void)bk_definitions_compare(&d, &was, &is, &all, &e);
	ok(d.n == 1 && strcmp(d.pair[0].was->defn, "3") == 0 &&
	    strcmp(d.pair[0].is->defn, "4") == 0, "the one that changed");
	bk_definitions_free(&d);
	was.n = 3;
	is.n = 2;
	(void)bk_definitions_compare(&d, &was, &is, &all, &e);
	is_int((intmax_t)d.n, 3, "two are gone, one came");
	bk_definitions_free(&d);
}

static void
test_left_out(void)
{
	struct bk_toc_entry a[] = { entry("SUBSCRIPTION", "s", "1"),
	    entry("SUBSCRIPTION TABLE", "s", "1"),
	    entry("COMMENT", "SUBSCRIPTION s", "1"),
	    entry("COMMENT", "SUBSCRIPTIONS", "1"),
	    entry("ACL", "TABLE t", "1"),
	    entry("DATABASE PROPERTIES", "d", "1"),
	    entry("TABLE DATA", "t", "1"), entry(NULL, "t", "1") };
	struct bk_toc was = { .entry = a, .n = 8 }, is = {0};
	const struct bk_definitions_rules less = { .no_subscriptions = 1,
	    .no_acl = 1, .no_database = 1 };
	struct bk_definitions d = {0};

	(void)bk_definitions_compare(&d, &was, &is, &all, &e);
	is_int((intmax_t)d.n, 6, "data, and what has no kind, are none");
	bk_definitions_free(&d);
	(void)bk_definitions_compare(&d, &was, &is, &less, &e);
	ok(d.n == 1 && strcmp(d.pair[0].was->tag, "SUBSCRIPTIONS") == 0,
	    "subscriptions, privileges, the database");
	bk_definitions_free(&d);
	ok(bk_definitions_have(&was, BK_PART_SUBSCRIPTIONS) &&
	    bk_definitions_have(&was, BK_PART_DATABASE) &&
	    !bk_definitions_have(&was, BK_PART_TABLESPACES), "which are there");
}

/* What the reference, loaded anew, has or lacks as well is no difference. */
static void
test_excuse(void)
{
	struct bk_toc_entry a[] = { entry("VIEW", "rewritten", "1"),
	    entry("VIEW", "changed", "1"), entry("VIEW", "gone", "1"),
	    entry("EXTENSION", "never", "1"), entry("SEQUENCE SET", "s", "1") };
	struct bk_toc_entry b[] = { entry("VIEW", "rewritten", "2"),
	    entry("VIEW", "changed", "3") };
	struct bk_toc_entry ref[] = { entry("VIEW", "rewritten", "2"),
	    entry("VIEW", "changed", "2"), entry("VIEW", "gone", "1") };
	struct bk_toc was = { .entry = a, .n = 5 }, is = { .entry = b, .n = 2 },
	    reference = { .entry = ref, .n = 3 };
	struct bk_definitions d = {0};
	uint64_t passed = 99;
	size_t i;

	(void)bk_definitions_compare(&d, &was, &is, &all, &e);
	is_int((intmax_t)d.n, 5, "five differ");
	(void)bk_definitions_excuse(&d, &reference, &all, &passed, &e);
	is_int((intmax_t)passed, 1, "one the server never makes");
	is_int((intmax_t)d.n, 3, "one it rewrites; three are differences");
	for (i = 0; i < d.n; i++)
		ok(strcmp(d.pair[i].was->tag, "rewritten") != 0 &&
		    strcmp(d.pair[i].was->tag, "never") != 0, "  %s",
		    d.pair[i].was->tag);
	bk_definitions_free(&d);
}

/* How many differ, when what is written again is left out. */
static int
left(const char *desc, const char *was, const char *is)
{
	struct bk_toc_entry x = entry(desc, "x", was), y = entry(desc, "x", is);
	struct bk_toc a = { .entry = &x, .n = 1 }, b = { .entry = &y, .n = 1 };
	struct bk_definitions d = {0};
	int n;

	(void)bk_definitions_compare(&d, &a, &b, &all, &e);
	bk_definitions_drop_rewritten(&d, &all);
	n = (int)d.n;
	bk_definitions_free(&d);
	return n;
}

static void
test_order(void)
{
	static const char db[] = "DATABASE PROPERTIES";

	is_int(left(db, "a;\nb;\nb;\n", "b;\na;\nb;\n"), 0,
	    "settings in another order");
	is_int(left(db, "a;\nb;\nb;\n", "b;\na;\na;\n"), 1, "  another one");
	is_int(left(db, "a;\nb;\n", "b;\n"), 1, "  one less");
	is_int(left(db, "b;\n", "b"), 1, "  one that is cut");
	is_int(left("SCHEMA", "a;\nb;\n", "b;\na;\n"), 1,
	    "of anything else it matters");
}

/* What differs, what of that is excused, and what is said of the rest. */
static int
compare_job(void *arg, struct bk_err *why)
{
	struct bk_toc_entry a[] = { entry("VIEW", "v", "a\nb"),
	    entry("DEFAULT ACL", "x", "1"), entry("DEFAULT ACL", "x", "2"),
	    entry("EXTENSION", "never", "1") };
	struct bk_toc_entry b[] = { entry("VIEW", "v", "a\nc"),
	    entry("DEFAULT ACL", "x", "3"), entry("DEFAULT ACL", "x", "2") };
	struct bk_toc was = { .entry = a, .n = 4 }, is = { .entry = b, .n = 3 },
	    reference = { .entry = a, .n = 3 };
	struct bk_definitions d = {0};
	struct bk_buf text = {0};
	uint64_t passed = 0;
	size_t i;
	int rc;

	(void)arg;
	a[0].schema = b[0].schema = "public";
	a[0].tablespace = "fast";
	rc = bk_definitions_compare(&d, &was, &is, &all, why);
	if (rc == 0)
		rc = bk_definitions_excuse(&d, &reference, &all, &passed,
		    why);
	for (i = 0; rc == 0 && i < d.n; i++)
		if (bk_definition_name(d.pair[i].was, &text, why) == -1 ||
		    bk_definition_describe(&d.pair[i], &all, &text, &text,
		    why) == -1)
			rc = -1;
	if (rc == 0 && (d.n != 2 || passed != 1))
		rc = 99;
	bk_definitions_free(&d);
	bk_buf_free(&text);
	return rc;
}

int
main(void)
{
	test_fields();
	test_lines();
	test_groups();
	test_left_out();
	test_excuse();
	test_order();
	starve_all("a comparison", compare_job, NULL);
	is_int(e.code, BK_OK, "nothing failed on the way");
	return tap_done();
}
