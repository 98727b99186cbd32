/* Listing records: every name round-trips, every malformed line is refused. */
#include <stdlib.h>

#include "base/record.h"
#include "tap.h"

static int
survives(const char *name)
{
	struct bk_record r = { .time = 1795239439, .bytes = INT64_MAX,
	    .name = (char *)(uintptr_t)name }, got;
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int good;

	good = bk_record_format(&b, &r, &e) == 0 && b.data[b.len - 1] == '\n';
	if (good) {
		b.data[b.len - 1] = '\0';
		/* one line, three fields, however odd the name */
		good = strpbrk(b.data, "\n\r\033\177") == NULL &&
		    bk_record_parse(b.data, &got, &e) == 0 && !got.bare &&
		    got.time == r.time && got.bytes == r.bytes &&
		    strcmp(got.name, name) == 0;
	}
	bk_buf_free(&b);
	return good;
}

static void
test_names(void)
{
	char name[8];
	int a, b, bad = 0;

	for (a = 1; a < 256; a++)
		for (b = 0; b < 256; b++) {
			(void)snprintf(name, sizeof(name), "%c%c", a, b);
			bad += !survives(name);
		}
	is_int(bad, 0, "every name of one and two bytes comes back");
	ok(survives("\\u001b\\n\\\\"), "what looks like an escape comes back");
	ok(survives("shop/daily/2026 11 21\t.bk\n"), "a path with blanks too");
}

static struct bk_record r;
static struct bk_err e;
static char line[200];

static int
parse(const char *text)
{
	(void)snprintf(line, sizeof(line), "%s", text);
	e = (struct bk_err){0};
	return bk_record_parse(line, &r, &e);
}

static void
test_lines(void)
{
	static const char *const bad[] = {
		"", "2026-11-21T05:37:19Z\t", "2026-11-21T05:37:19Z\t12",
		"2026-11-21T05:37:19Z\t12\t", "2026-11-21T05:37:19Z\t\tname",
		"2026-11-21T05:37:19Z\t-1\tname",
		"2026-11-21T05:37:19Z\t1K\tname",
		"2026-11-21T05:37:19Z\t9223372036854775808\tname",
		"2026-11-21T05:37:19Z\t12\ta\\", "2026-11-21\t12\ta\\x",
		"a\\u12", "a\\u0000b", "a\\u00e9", "a\\u12g4", "\\",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(bad[i]) == -1 && e.code == BK_DATA, "refused: '%s'",
		    bad[i]);
	is_int(parse("shop/x.bk"), 0, "a bare name");
	ok(r.bare && strcmp(r.name, "shop/x.bk") == 0, "is one");
	is_int(parse("not a time\t12\tname"), 0, "so is a line with tabs");
	ok(r.bare && strcmp(r.name, "not a time\t12\tname") == 0,
	    "that does not begin with a time");
	is_int(parse("a\\tb\\\\\\u001bc\\/\\\""), 0, "escapes in a bare name");
	is_str(r.name, "a\tb\\\033c/\"", "are undone");
	is_int(parse("2026-11-21T06:37:19+01:00\t0\tx\ty"), 0, "a record");
	ok(!r.bare && r.time == 1795239439 && r.bytes == 0 &&
	    strcmp(r.name, "x\ty") == 0, "with a time zone, a tab in its name");
}

static void
test_times(void)
{
	struct bk_record old = { .time = -1, .name = line };
	struct bk_buf b = {0};

	e = (struct bk_err){0};
	is_int(bk_record_format(&b, &old, &e), -1,
	    "a time that has no text is no record");
	is_int((intmax_t)b.len, 0, "and leaves nothing behind");
	old.bare = 1;
	e = (struct bk_err){0};
	(void)snprintf(line, sizeof(line), "a\tb");
	ok(bk_record_format(&b, &old, &e) == 0 &&
	    strcmp(b.data, "a\\tb\n") == 0, "a bare one is its name");
	b.len = 0;
	(void)parse("2026-11-21T06:37:19.25+01:00\t1\tx");
	is_int(r.nanos, 250000000, "a fraction of a second");
	ok(bk_record_format(&b, &r, &e) == 0 && strcmp(b.data,
	    "2026-11-21T05:37:19.250000000Z\t1\tx\n") == 0, "comes back");
	(void)parse("2026-11-21T05:37:19.1234567891Z\t1\tx");
	is_int(r.nanos, 123456789, "of nanoseconds at the finest");
	(void)parse("2026-11-21T05:37:19Z\t1\tx.5");
	is_int(r.nanos, 0, "none");
	bk_buf_free(&b);
}

/* The names of a listing of n bytes of text, joined, or the failure. */
static const char *
read_names(const char *text, size_t n)
{
	static char names[200];
	FILE *f = n > 0 ? fmemopen((void *)(uintptr_t)text, n, "r") :
	    fopen("/dev/null", "r");
	char *buf = NULL;
	size_t cap = 0;
	int rc;

	names[0] = '\0';
	e = (struct bk_err){0};
	while ((rc = bk_record_read(f, &buf, &cap, &r, &e)) == 1) {
		strncat(names, r.name, sizeof(names) - strlen(names) - 1);
		strncat(names, ";", sizeof(names) - strlen(names) - 1);
	}
	free(buf);
	(void)fclose(f);
	return rc == 0 ? names : e.msg;
}

#define NAMES(text) read_names(text, sizeof(text) - 1)

static void
test_read(void)
{
	FILE *f = fopen("/", "r");
	char *buf = NULL;
	size_t cap = 0;

	is_str(NAMES(""), "", "nothing");
	is_str(NAMES("\n\n"), "", "empty lines");
	is_str(NAMES("a\n\n2026-11-21T05:37:19Z\t1\tb\nc"), "a;b;c;",
	    "the last line needs no newline");
	is_str(NAMES("a\n\0\nb\n"), "listing: a NUL byte; not a listing",
	    "binary data");
	is_str(NAMES("a\r\n"), "a\r;", "a carriage return is the name's");
	e = (struct bk_err){0};
	is_int(bk_record_read(f, &buf, &cap, &r, &e), -1, "a failing read");
	is_str(e.msg, "listing: read: Is a directory", "is named");
	free(buf);
	(void)fclose(f);
}

int
main(void)
{
	test_names();
	test_lines();
	test_times();
	test_read();
	return tap_done();
}
