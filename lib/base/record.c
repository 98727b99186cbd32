#include "base/record.h"

#include <sys/types.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/stamp.h"
#include "base/utctime.h"

int
bk_record_date(struct bk_record *r, time_t stored)
{
	struct bk_stamp stamp;
	int ahead;

	r->time = stored;
	r->stored = 0;
	if (!bk_stamp_find(r->name, &stamp))
		return 0;
	ahead = stamp.time > stored && stamp.time - stored > BK_RECORD_AHEAD;
	if (!ahead)
		r->time = stamp.time;
	if (stored > r->time && stored - r->time > BK_RECORD_LATE)
		r->stored = stored;
	return ahead;
}

int
bk_record_is_same(const struct bk_record *r, time_t stored, uint64_t bytes)
{
	struct bk_record now = { .name = r->name };

	(void)bk_record_date(&now, stored);
	return bytes == r->bytes && (stored == r->time ||
	    (now.time == r->time && now.stored == r->stored));
}

/* 1 if the n characters at s end in end. */
static int
ends_in(const char *s, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && strncmp(s + n - m, end, m) == 0;
}

/* A segment's, .backup or .history file's name, whatever is appended. */
static int
is_wal(const char *base)
{
	size_t n = strspn(base, "0123456789ABCDEF");

	return (n == 24 && (base[n] == '\0' || base[n] == '.')) ||
	    (n == 8 && strncmp(base + n, ".history", 8) == 0);
}

int
bk_record_is_backup(const char *name)
{
	static const char *const others[] = { ".receipt.json", ".log", ".jsonl",
	    ".plan", ".sig", ".manifest", "/" };
	const char *slash = strrchr(name, '/');
	const char *version = strstr(name, "?versionId=");
	size_t n = version != NULL ? (size_t)(version - name) : strlen(name), i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ends_in(name, n, others[i]))
			return 0;
	return !is_wal(slash == NULL ? name : slash + 1);
}

int
bk_record_compare(const struct bk_record *a, const struct bk_record *b)
{
	int c = (a->time > b->time) - (a->time < b->time);

	if (c == 0)
		c = (a->nanos > b->nanos) - (a->nanos < b->nanos);
	return c != 0 ? c : strcmp(a->name, b->name);
}

/* The fraction of a second in a time of n characters. */
static uint32_t
parse_nanos(const char *s, size_t n)
{
	const char *dot = memchr(s, '.', n);
	uint32_t v = 0;
	int i, over = dot == NULL;

	for (i = 0; i < 9; i++) {
		over = over || *++dot < '0' || *dot > '9';
		v = v * 10 + (over ? 0 : (uint32_t)(*dot - '0'));
	}
	return v;
}

/* "time TAB bytes TAB" */
static int
add_facts(struct bk_buf *b, const struct bk_record *r, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT];
	size_t n;

	/* without its time it would be read as another, bare name */
	bk_utctime_format(r->time, when);
	if ((n = strlen(when)) == 0)
		return bk_fail(e, BK_DATA, "%s: its time is before 1970 or "
		    "after 9999", r->name);
	if (r->nanos != 0 && bk_buf_printf(b, e, "%.*s.%09" PRIu32 "Z\t%"
	    PRIu64 "\t", (int)n - 1, when, r->nanos, r->bytes) == -1)
		return -1;
	return r->nanos != 0 ? 0 :
	    bk_buf_printf(b, e, "%s\t%" PRIu64 "\t", when, r->bytes);
}

static int
add_escaped(struct bk_buf *b, const char *s, struct bk_err *e)
{
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '\\')
			rc = bk_buf_puts(b, "\\\\", e);
		else if (c == '\n')
			rc = bk_buf_puts(b, "\\n", e);
		else if (c == '\t')
			rc = bk_buf_puts(b, "\\t", e);
		else if (c < 0x20 || c == 0x7f)
			rc = bk_buf_printf(b, e, "\\u%04x", c);
		else
			rc = bk_buf_add(b, s, 1, e);
	}
	return rc;
}

/* The fourth field, if there is one, and the newline. */
static int
add_end(struct bk_buf *b, const struct bk_record *r, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT];

	if (r->bare || r->stored == 0)
		return bk_buf_puts(b, "\n", e);
	bk_utctime_format(r->stored, when);
	if (*when == '\0')
		return bk_fail(e, BK_DATA, "%s: stored after the year 9999",
		    r->name);
	return bk_buf_printf(b, e, "\t%s\n", when);
}

int
bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e)
{
	size_t start = b->len;

	if ((!r->bare && add_facts(b, r, e) == -1) ||
	    add_escaped(b, r->name, e) == -1 || add_end(b, r, e) == -1) {
		b->len = start;
		return -1;
	}
	return 0;
}

int
bk_record_format_error(struct bk_buf *b, const char *cause, struct bk_err *e)
{
	if (bk_buf_puts(b, "!\t\t", e) == -1 ||
	    add_escaped(b, cause, e) == -1)
		return -1;
	return bk_buf_puts(b, "\n", e);
}

/* Undo the escapes in place.  -1: an invalid escape. */
static int
unescape(char *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char *out = s;
	const char *p;
	uint64_t v;

	while (*s != '\0') {
		if (*s != '\\') {
			*out++ = *s++;
		} else if (s[1] == 'u') {
			/* only what we escape: control bytes, never NUL */
			if (bk_hex_number(s + 2, 4, &v) == -1 ||
			    v == 0 || v > 0x7f)
				return -1;
			*out++ = (char)v;
			s += 6;
		} else if (s[1] != '\0' && (p = strchr(from, s[1])) != NULL) {
			*out++ = to[p - from];
			s += 2;
		} else
			return -1;
	}
	*out = '\0';
	return 0;
}

/* "bytes TAB name", and TAB and the time stored, at s. */
static int
parse_facts(char *s, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(s, '\t'), *end;
	struct bk_err ignored = {0};

	if (tab == NULL)
		return bk_fail(e, BK_DATA, "listing: '%s': a time without size "
		    "and name", r->name);
	*tab = '\0';
	if (bk_num_parse(s, 0, INT64_MAX, "size", &r->bytes, &ignored) == -1)
		return bk_fail(e, BK_DATA, "listing: '%s' is not a size", s);
	r->name = tab + 1;
	if ((end = strchr(r->name, '\t')) == NULL)
		return 0;
	*end++ = '\0';
	if (bk_utctime_parse(end, strlen(end), &r->stored) == -1)
		return bk_fail(e, BK_DATA, "listing: '%s': '%s' is not the "
		    "time that it was stored", r->name, end);
	return 0;
}

int
bk_record_parse(char *line, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(line, '\t');

	*r = (struct bk_record){ .name = line, .bare = 1 };
	if (strncmp(line, "!\t\t", 3) == 0)
		return bk_fail(e, unescape(line + 3) == -1 ? BK_DATA : BK_FAIL,
		    "the listing could not be finished: %s", line + 3);
	if (tab != NULL &&
	    bk_utctime_parse(line, (size_t)(tab - line), &r->time) == 0) {
		if (parse_facts(tab + 1, r, e) == -1)
			return -1;
		r->nanos = parse_nanos(line, (size_t)(tab - line));
		r->bare = 0;
	} else if (tab != NULL)
		return bk_fail(e, BK_DATA, "listing: '%s': a tab, and no time "
		    "before it; not a record", line);
	if (*r->name == '\0')
		return bk_fail(e, BK_DATA, "listing: a line without a name");
	if (unescape(r->name) == -1)
		return bk_fail(e, BK_DATA, "listing: '%s': an invalid escape; "
		    "write \\\\ for a backslash", r->name);
	return 0;
}

int
bk_record_read(FILE *f, char **line, size_t *cap, struct bk_record *r,
    struct bk_err *e)
{
	ssize_t n;

	do {
		errno = 0;
		if ((n = getline(line, cap, f)) == -1) {
			if (ferror(f) || errno != 0)
				return bk_fail_errno(e, "listing: read");
			return 0;
		}
		if (memchr(*line, '\0', (size_t)n) != NULL)
			return bk_fail(e, BK_DATA, "listing: a NUL byte; not a "
			    "listing");
		if ((*line)[n - 1] == '\n')
			(*line)[--n] = '\0';
	} while (n == 0);
	return bk_record_parse(*line, r, e) == -1 ? -1 : 1;
}
