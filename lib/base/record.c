#include "base/record.h"

#include <sys/types.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/utctime.h"

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

int
bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e)
{
	size_t start = b->len;

	if ((!r->bare && add_facts(b, r, e) == -1) ||
	    add_escaped(b, r->name, e) == -1 || bk_buf_puts(b, "\n", e) == -1) {
		b->len = start;
		return -1;
	}
	return 0;
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

int
bk_record_parse(char *line, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(line, '\t'), *tab2;
	struct bk_err ignored = {0};

	*r = (struct bk_record){ .name = line, .bare = 1 };
	if (tab != NULL &&
	    bk_utctime_parse(line, (size_t)(tab - line), &r->time) == 0) {
		if ((tab2 = strchr(tab + 1, '\t')) == NULL)
			return bk_fail(e, BK_DATA, "listing: '%s': a time "
			    "without size and name", line);
		*tab2 = '\0';
		if (bk_num_parse(tab + 1, 0, INT64_MAX, "size", &r->bytes,
		    &ignored) == -1)
			return bk_fail(e, BK_DATA, "listing: '%s' is not a "
			    "size", tab + 1);
		r->nanos = parse_nanos(line, (size_t)(tab - line));
		r->name = tab2 + 1;
		r->bare = 0;
	}
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
