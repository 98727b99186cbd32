/* Name templates: their expansion, and what no value can inject. */
#include "listing/template.h"
#include "tap.h"

static struct bk_err e;

/* tmpl expanded, or the message. */
static const char *
expand(const char *tmpl, const char *db)
{
	static char text[sizeof(e.msg) + 16];
	struct bk_template_vars v = { .db = db, .host = "db1.example",
	    .now = 1795239439 };
	struct bk_buf b = {0};

	e = (struct bk_err){0};
	if (bk_buf_puts(&b, "s3://b/", &e) == -1 ||
	    bk_template_expand(tmpl, &v, &b, &e) == -1)
		(void)snprintf(text, sizeof(text), "%d %s", e.code, e.msg);
	else
		(void)snprintf(text, sizeof(text), "%s", b.data);
	bk_buf_free(&b);
	return text;
}

static void
test_clock(void)
{
	static const struct bk_template_vars never = { .now = -1 };
	struct bk_buf b = {0};

	e = (struct bk_err){0};
	is_int(bk_template_expand("{date}", &never, &b, &e), -1, "1969");
	ok(e.code == BK_FAIL && strstr(e.msg, "set it") != NULL, "%s", e.msg);
	bk_buf_free(&b);
}

static void
test_expand(void)
{
	is_str(expand("", "shop"), "s3://b/", "nothing");
	is_str(expand("{db}/{db}-{utc}.bk", "shop"),
	    "s3://b/shop/shop-20261121T053719Z.bk", "the usual");
	is_str(expand("{host}/{date}/{time}", NULL),
	    "s3://b/db1.example/2026-11-21/053719", "host, date, time");
	is_str(expand("a}b", NULL), "s3://b/a}b", "a lone } is itself");
	is_str(expand("%d%s%n", NULL), "s3://b/%d%s%n", "% means nothing");
	is_str(expand("{db}", "{utc}"), "s3://b/%7Butc%7D",
	    "a value is not expanded again");
}

static void
test_values(void)
{
	char name[2] = "", want[16];
	int c, bad = 0;

	is_str(expand("{db}", "../../etc"), "s3://b/%2E.%2F..%2Fetc",
	    "a name is no path");
	is_str(expand("{db}", "."), "s3://b/%2E", "nor a dot");
	is_str(expand("{db}", "a.b_c-d+e=f@g"), "s3://b/a.b_c-d+e=f@g",
	    "harmless ones stay");
	is_str(expand("{db}", "Bücher"), "s3://b/Bücher", "and UTF-8");
	is_str(expand("{db}", "50% off"), "s3://b/50%25%20off", "not %");
	for (c = 1; c < 128; c++) {
		if (strchr("._-+=@", c) || (c >= '0' && c <= '9') ||
		    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			continue;
		name[0] = (char)c;
		(void)snprintf(want, sizeof(want), "s3://b/%%%02X", c);
		bad += strcmp(expand("{db}", name), want) != 0;
	}
	is_int(bad, 0, "all other ASCII is percent-encoded");
}

static void
test_refusals(void)
{
	is_str(expand("{db}", NULL), "2 {db}: unknown; give it with --db",
	    "a value that is unknown");
	is_str(expand("{db}", ""), "2 {db}: unknown; give it with --db",
	    "or empty");
	is_str(expand("{tier}", "x"),
	    "2 {tier}: unknown; give it with --tier", "tier as well");
	is_str(expand("x{utc", NULL), "2 x{utc: unmatched {", "open");
	is_str(expand("{DB}", "x"), "2 {DB}: no such variable; use {db} "
	    "{host} {utc} {date} {time} {tier} {chain}",
	    "a variable that is none");
	ok(strncmp(expand("{}", "x"), "2 {}: no such", 13) == 0, "none");
	ok(strncmp(expand("{d}", "x"), "2 {d}: no such", 14) == 0, "part");
	ok(strncmp(expand("{dbx}", "x"), "2 {dbx}: no such", 16) == 0, "more");
}

int
main(void)
{
	test_expand();
	test_clock();
	test_values();
	test_refusals();
	return tap_done();
}
