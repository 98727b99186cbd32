/* Listing records: every name round-trips, every malformed line is refused. */
#include <stdlib.h>

#include "base/utf8.h"
#include "listing/record.h"
#include "tap.h"

static int
is_seen(const char *s)
{
	while (*s != '\0' && (*s == '\t' || bk_utf8_hidden(s) == 0))
		s += bk_utf8_len(s);
	return *s == '\0';
}

static int
survives(const char *name)
{
	struct bk_record r = { .time = 1795239439, .bytes = INT64_MAX,
	    .name = (char *)(uintptr_t)name,
	    .field[BK_RECORD_VERSION] = name }, got;
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int good;

	good = bk_record_format(&b, &r, &e) == 0 && b.data[b.len - 1] == '\n';
	if (good) {
		b.data[b.len - 1] = '\0';
		/* one line that is seen as it is, however odd the name */
		good = strstr(b.data, "?versionId=") == NULL &&
		    is_seen(b.data) &&
		    bk_record_parse(b.data, &got, &e) == 0 && !got.bare &&
		    got.time == r.time && got.bytes == r.bytes &&
		    strcmp(got.name, name) == 0 &&
		    strcmp(got.field[BK_RECORD_VERSION], name) == 0;
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
	ok(survives("a\u202e\xc2\x9b\U000e0041\u00e9\xe2\x80"),
	    "what is not seen");
	ok(survives("k?versionId=null") && survives("?uploadId=?versionId=") &&
	    survives("k\\u003fversionId=x"), "what looks like an ID");
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
		"2026-11-21T05:37:19Z\t12\ta\t",
		"2026-11-21T05:37:19Z\t12\ta\tb",
		"2026-11-21T05:37:19Z\t12\ta\t2026-11-21T05:37:19Z",
		"2026-11-21T05:37:19Z\t12\ta\tstored=2026-11-21T05:37:19Z\t",
		"2026-11-21T05:37:19Z\t12\ta\tstored=yesterday",
		"2026-11-21\t12\ta\tstored=2026-11-21\tstored=2026-11-21",
		"2026-11-21T05:37:19Z\t12\ta\tetag=", "2026-11-21\t1\ta\tetag",
		"2026-11-21T05:37:19Z\t12\ta\tcolour=red", "a\t=", "a\t=b",
		"a\tversion=1\tmarker=2", "a\tversion=1\tversion=1",
		"a\tetag=\\u", "a?versionId=null", "a?uploadId=x",
		"2026-11-21T05:37:19Z\t12\tk?versionId=",
		"not a time\t12\tname", "keep\t2026-11-21T05:37:19Z\t12\ta",
		"a\tb", "!\t", "!\tcause", "!\t\t\\",
		"a\\u12", "a\\u0000b", "a\\ud800", "a\\u12g4", "\\",
		"a\\x41", "a\\x9", "a\\xg0", "a\\x00",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(bad[i]) == -1 && e.code == BK_DATA, "refused: '%s'",
		    bad[i]);
	is_int(parse("shop/x.bk"), 0, "a bare name");
	ok(r.bare && strcmp(r.name, "shop/x.bk") == 0, "is one");
	ok(parse("!") == 0 && r.bare, "so is an exclamation mark");
	is_int(parse("a\\tb\\\\\\u001bc\\/\\\""), 0, "escapes in a bare name");
	is_str(r.name, "a\tb\\\033c/\"", "are undone");
	is_int(parse("2026-11-21T06:37:19+01:00\t0\tx\\ty"), 0, "a record");
	ok(!r.bare && r.time == 1795239439 && r.bytes == 0 && r.stored == 0 &&
	    strcmp(r.name, "x\ty") == 0, "with a time zone, a tab in its name");
	is_int(parse("a\\u00e9\\u20ac\\x9b"), 0, "other escapes");
	is_str(r.name, "a\u00e9\u20ac\x9b", "too");
}

static void
test_fields(void)
{
	struct bk_record all = { .bytes = 7, .name = line }, copy;
	const char *key = NULL;
	char *label;

	is_int(parse("2026-11-21T05:37:19Z\t0\tx\tstored=2026-11-22T05:37:19Z"),
	    0, "a record with a field");
	ok(r.time == 1795239439 && r.stored == 1795239439 + 86400 &&
	    strcmp(r.name, "x") == 0 && bk_record_id(&r, &key) == NULL,
	    "says when it was stored");
	is_int(parse("x\tat=http://h\tmarker=a=\\tb\tetag=0-1"), 0,
	    "a name with fields, in any order");
	ok(r.bare && strcmp(bk_record_id(&r, &key), "a=\tb") == 0 &&
	    strcmp(key, "marker") == 0, "says which marker");
	label = bk_record_label(&r);
	is_str(label, "x marker=a=\tb", "as messages do");
	free(label);
	ok(strcmp(r.field[BK_RECORD_AT], "http://h") == 0 &&
	    strcmp(r.field[BK_RECORD_ETAG], "0-1") == 0, "and the others");
	is_int(bk_record_copy(&copy, &r, &e), 0, "a copy");
	memset(line, 'z', sizeof(line) - 1);
	ok(strcmp(copy.name, "x") == 0 &&
	    strcmp(copy.field[BK_RECORD_MARKER], "a=\tb") == 0 &&
	    strcmp(copy.field[BK_RECORD_AT], "http://h") == 0, "is its own");
	ok(!bk_record_is_same(&copy, &all), "without the ETag it is another");
	all.field[BK_RECORD_ETAG] = "0-1";
	ok(bk_record_is_same(&copy, &all), "of a bare name any size");
	copy.bare = 0;
	ok(!bk_record_is_same(&copy, &all), "else that size");
	copy.bytes = 7;
	ok(bk_record_is_same(&copy, &all), "the same");
	all.field[BK_RECORD_ETAG] = "0-2";
	ok(!bk_record_is_same(&copy, &all), "another ETag");
	copy.field[BK_RECORD_ETAG] = NULL;
	copy.field[BK_RECORD_CHANGED] = "2026";
	ok(!bk_record_is_same(&copy, &all), "or another last change");
	free(copy.name);
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

/* r dated for a name and the seconds that it was stored after the stamp. */
static int
date(const char *name, time_t after)
{
	(void)snprintf(line, sizeof(line), "%s", name);
	r = (struct bk_record){ .name = line };
	return bk_record_date(&r, 1795239439 + after);
}

#define STAMPED "s3://b/shop/shop-20261121T053719Z.bk"

static void
test_versions(void)
{
	struct bk_record a = { .name = (char *)(uintptr_t)"k", .time = 9,
	    .field[BK_RECORD_VERSION] = "z" }, b = a;

	b.field[BK_RECORD_VERSION] = "a";
	b.stored = 10;
	ok(bk_record_stored(&a) == 9 && bk_record_stored(&b) == 10 &&
	    bk_record_compare(&a, &b) < 0 && bk_record_compare(&b, &a) > 0,
	    "versions of a name are in the order in which they were stored");
	b.stored = 0;
	ok(bk_record_compare(&a, &b) > 0, "or by their IDs");
}

static void
test_date(void)
{
	struct bk_buf b = {0};

	ok(date(STAMPED, 60) == 0 && r.time == 1795239439 && r.stored == 0,
	    "the stamp in the name is its time");
	ok(date(STAMPED, BK_RECORD_LATE) == 0 && r.stored == 0, "after a day");
	ok(date(STAMPED, BK_RECORD_LATE + 1) == 0 && r.time == 1795239439 &&
	    r.stored == 1795239439 + BK_RECORD_LATE + 1,
	    "after more than a day the store's stands behind the name");
	e = (struct bk_err){0};
	ok(bk_record_format(&b, &r, &e) == 0 && strcmp(b.data,
	    "2026-11-21T05:37:19Z\t0\t" STAMPED
	    "\tstored=2026-11-22T05:37:20Z\n") == 0, "in the line");
	b.len = 0;
	ok(date(STAMPED, -BK_RECORD_AHEAD) == 0 && r.time == 1795239439 &&
	    r.stored == 0, "a clock may be some minutes off");
	ok(date(STAMPED, -BK_RECORD_AHEAD - 1) == 1 &&
	    r.time == 1795239439 - BK_RECORD_AHEAD - 1 && r.stored == 0,
	    "a stamp after that is not believed");
	ok(date("shop.bk", 7) == 0 && r.time == 1795239446 && r.stored == 0,
	    "without a stamp the store's");
	r = (struct bk_record){ .name = (char *)(uintptr_t)STAMPED,
	    .field[BK_RECORD_VERSION] = "v" };
	ok(bk_record_date(&r, 1795239440) == 0 && r.time == 1795239439 &&
	    r.stored == 1795239440 && bk_record_is_of(&r, 1795239440) &&
	    !bk_record_is_of(&r, 1795239441), "a version's always");
	r.field[BK_RECORD_VERSION] = NULL;
	(void)date(STAMPED, INT64_C(1) << 40);
	ok(bk_record_format(&b, &r, &e) == -1 && b.len == 0,
	    "a store's time that has no text is no record");
	bk_buf_free(&b);
}

static void
test_backups(void)
{
	static const char *const others[] = { "s3://b/r/shop.receipt.json",
	    "a/audit.log", "audit.jsonl", "b/2026.plan", "shop.bk.sig",
	    "b/folder/", "base/pg1.manifest",
	    "wal/00000001000000000000000A.partial",
	    "wal/00000001000000000000000A",
	    "wal/00000001000000000000000A.bk", "00000002.history",
	    "wal/00000001000000000000000A.00000028.backup.bk" };
	static const char *const backups[] = { STAMPED, "shop.bk", "plan",
	    "log/shop.sql.gz", "00000001000000000000000Ab.bk", "x.json",
	    "base-00000001000000000000000A.bk" };
	struct bk_record a = { .time = 1, .name = line }, b = a;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(!bk_record_is_backup(others[i]), "no backup: %s", others[i]);
	for (i = 0; i < sizeof(backups) / sizeof(backups[0]); i++)
		ok(bk_record_is_backup(backups[i]), "one: %s", backups[i]);
	(void)snprintf(line, sizeof(line), "b");
	b.name = line + 1;
	ok(bk_record_compare(&a, &b) > 0, "of one time the greatest name");
	b.nanos = 1;
	ok(bk_record_compare(&a, &b) < 0, "a fraction later is later");
	a.time = 2;
	ok(bk_record_compare(&a, &b) > 0, "a second all the more");
}

static void
test_error_record(void)
{
	struct bk_buf b = {0};

	e = (struct bk_err){0};
	ok(bk_record_format_error(&b, "b: page 2\n\033: refused", &e) == 0 &&
	    strcmp(b.data, "!\t\tb: page 2\\n\\u001b: refused\n") == 0,
	    "an error record is a line");
	b.data[b.len - 1] = '\0';
	is_int(parse(b.data), -1, "that nobody takes for a name");
	is_int(e.code, BK_FAIL, "it is a failure");
	is_str(e.msg, "the listing could not be finished: b: page 2\n\033: "
	    "refused", "with the cause");
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
	is_str(NAMES("a\n!\t\tb: no answer\nc\n"),
	    "the listing could not be finished: b: no answer",
	    "a listing that could not be finished");
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
	test_fields();
	test_times();
	test_date();
	test_versions();
	test_backups();
	test_error_record();
	test_read();
	return tap_done();
}
