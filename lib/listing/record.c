#include "listing/record.h"

#include <sys/types.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "listing/stamp.h"
#include "walfile/wal_name.h"

static const char *const keys[BK_RECORD_FIELDS] = {
	[BK_RECORD_VERSION] = "version", [BK_RECORD_MARKER] = "marker",
	[BK_RECORD_UPLOAD] = "upload", [BK_RECORD_ETAG] = "etag",
	[BK_RECORD_CHANGED] = "changed", [BK_RECORD_AT] = "at",
};

/* What a name that was typed might have in place of a field. */
static const char *const marks[] = { "?versionId=", "?uploadId=" };

int
bk_record_copy(struct bk_record *to, const struct bk_record *from,
    struct bk_err *e)
{
	size_t n = strlen(from->name) + 1, i, len;
	char *at;

	*to = *from;
	for (i = 0; i < BK_RECORD_FIELDS; i++)
		if (from->field[i] != NULL)
			n += strlen(from->field[i]) + 1;
	if ((to->name = at = malloc(n)) == NULL)
		return bk_fail_memory(e);
	memcpy(at, from->name, len = strlen(from->name) + 1);
	for (i = 0; i < BK_RECORD_FIELDS; i++)
		if (from->field[i] != NULL) {
			to->field[i] = at += len;
			len = strlen(from->field[i]) + 1;
			memcpy(at, from->field[i], len);
		}
	return 0;
}

const char *
bk_record_id(const struct bk_record *r, const char **key)
{
	size_t i;

	for (i = 0; i < BK_RECORD_IDS; i++)
		if (r->field[i] != NULL) {
			*key = keys[i];
			return r->field[i];
		}
	return NULL;
}

char *
bk_record_label(const struct bk_record *r)
{
	struct bk_err ignored = {0};	/* memory */
	struct bk_buf b = {0};
	const char *key, *id = bk_record_id(r, &key);

	if (id == NULL)
		return strdup(r->name);
	(void)bk_buf_printf(&b, &ignored, "%s %s=%s", r->name, key, id);
	return b.data;
}

time_t
bk_record_stored(const struct bk_record *r)
{
	return r->stored != 0 ? r->stored : r->time;
}

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
	r->stored = stored;
	/* the versions of a name share its stamp */
	if (r->field[BK_RECORD_VERSION] != NULL ? stored == r->time :
	    !bk_record_is_late(r))
		r->stored = 0;
	return ahead;
}

int
bk_record_is_late(const struct bk_record *r)
{
	return r->stored > r->time && r->stored - r->time > BK_RECORD_LATE;
}

/* 1 if r does not tell this field, or now has the same. */
static int
agrees(const struct bk_record *r, const struct bk_record *now,
    enum bk_record_field i)
{
	return r->field[i] == NULL || (now->field[i] != NULL &&
	    strcmp(r->field[i], now->field[i]) == 0);
}

int
bk_record_is_same(const struct bk_record *r, const struct bk_record *now)
{
	return (r->bare || r->bytes == now->bytes) &&
	    agrees(r, now, BK_RECORD_ETAG) && agrees(r, now, BK_RECORD_CHANGED);
}

int
bk_record_is_of(const struct bk_record *r, time_t stored)
{
	struct bk_record now = { .name = r->name,
	    .field[BK_RECORD_VERSION] = r->field[BK_RECORD_VERSION] };

	(void)bk_record_date(&now, stored);
	return stored == r->time ||
	    (now.time == r->time && now.stored == r->stored);
}

/* 1 if the n characters at s end in end. */
static int
ends_in(const char *s, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && strncmp(s + n - m, end, m) == 0;
}

int
bk_record_is_backup(const char *name)
{
	static const char *const others[] = { ".receipt.json", ".log", ".jsonl",
	    ".plan", ".sig", ".manifest", "/" };
	size_t n = strlen(name), i;
	uint64_t position;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ends_in(name, n, others[i]))
			return 0;
	return bk_wal_file_suffixed(name, &position) == BK_WAL_FILE_OTHER;
}

int
bk_record_compare(const struct bk_record *a, const struct bk_record *b)
{
	const char *key, *x = bk_record_id(a, &key), *y = bk_record_id(b, &key);
	int c = (a->time > b->time) - (a->time < b->time);

	if (c == 0)
		c = (a->nanos > b->nanos) - (a->nanos < b->nanos);
	if (c == 0)
		c = strcmp(a->name, b->name);
	if (c == 0)
		c = (bk_record_stored(a) > bk_record_stored(b)) -
		    (bk_record_stored(a) < bk_record_stored(b));
	return c != 0 ? c : strcmp(x == NULL ? "" : x, y == NULL ? "" : y);
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
	const struct timespec t = { .tv_sec = r->time, .tv_nsec = r->nanos };
	char when[BK_UTCTIME_TEXT];

	if (r->nanos != 0)
		bk_utctime_exact(&t, when);
	else
		bk_utctime_format(r->time, when);
	/* without its time it would be read as another, bare name */
	if (*when == '\0')
		return bk_fail(e, BK_DATA, "%s: its time is before 1970 or "
		    "after 9999", r->name);
	return bk_buf_printf(b, e, "%s\t%" PRIu64 "\t", when, r->bytes);
}

/* The number of the character of n bytes at s, which is UTF-8. */
static unsigned
code_point(const char *s, size_t n)
{
	unsigned v = (unsigned char)*s;
	size_t i;

	if (n > 1)
		v &= 0x7fU >> n;
	for (i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)s[i] & 0x3fU);
	return v;
}

/* What must not stand there as it is: n bytes. */
static int
add_hidden(struct bk_buf *b, const char *s, size_t n, struct bk_err *e)
{
	int rc = 0;

	if (n <= 3 && bk_utf8_len(s) == n)
		return bk_buf_printf(b, e, "\\u%04x", code_point(s, n));
	for (; rc == 0 && n > 0; n--, s++)
		rc = bk_buf_printf(b, e, "\\x%02x", (unsigned char)*s);
	return rc;
}

static int
is_mark(const char *s)
{
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(s, marks[i], strlen(marks[i])) == 0)
			return 1;
	return 0;
}

static int
add_escaped(struct bk_buf *b, const char *s, struct bk_err *e)
{
	size_t n;
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s += n) {
		n = 1;
		if (*s == '\\')
			rc = bk_buf_puts(b, "\\\\", e);
		else if (*s == '\n')
			rc = bk_buf_puts(b, "\\n", e);
		else if (*s == '\t')
			rc = bk_buf_puts(b, "\\t", e);
		else if (is_mark(s))
			rc = add_hidden(b, s, 1, e);
		else if ((n = bk_utf8_hidden(s)) > 0)
			rc = add_hidden(b, s, n, e);
		else {
			n = bk_utf8_len(s);
			rc = bk_buf_add(b, s, n, e);
		}
	}
	return rc;
}

/* "TAB stored=TIME" */
static int
add_stored(struct bk_buf *b, const struct bk_record *r, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT];

	bk_utctime_format(r->stored, when);
	if (*when == '\0')
		return bk_fail(e, BK_DATA, "%s: stored after the year 9999",
		    r->name);
	return bk_buf_printf(b, e, "\tstored=%s", when);
}

/* The fields, and the newline. */
static int
add_fields(struct bk_buf *b, const struct bk_record *r, struct bk_err *e)
{
	size_t n = r->bare ? BK_RECORD_IDS : BK_RECORD_FIELDS, i;

	if (!r->bare && r->stored != 0 && add_stored(b, r, e) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (r->field[i] != NULL &&
		    (bk_buf_printf(b, e, "\t%s=", keys[i]) == -1 ||
		    add_escaped(b, r->field[i], e) == -1))
			return -1;
	return bk_buf_puts(b, "\n", e);
}

int
bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e)
{
	size_t start = b->len;

	if ((!r->bare && add_facts(b, r, e) == -1) ||
	    add_escaped(b, r->name, e) == -1 || add_fields(b, r, e) == -1) {
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

/* v in UTF-8 at out; its end.  NULL: no character. */
static char *
put_character(char *out, uint64_t v)
{
	if (v == 0 || (v >= 0xd800 && v <= 0xdfff))
		return NULL;
	if (v < 0x80) {
		*out++ = (char)v;
		return out;
	}
	if (v < 0x800)
		*out++ = (char)(0xc0 | v >> 6);
	else {
		*out++ = (char)(0xe0 | v >> 12);
		*out++ = (char)(0x80 | (v >> 6 & 0x3f));
	}
	*out++ = (char)(0x80 | (v & 0x3f));
	return out;
}

int
bk_record_unescape(char *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char *out = s;
	const char *p;
	uint64_t v;

	while (*s != '\0') {
		if (*s != '\\') {
			*out++ = *s++;
		} else if (s[1] == 'u') {
			if (bk_hex_number(s + 2, 4, &v) == -1 ||
			    (out = put_character(out, v)) == NULL)
				return -1;
			s += 6;
		} else if (s[1] == 'x') {
			/* ASCII has its own escapes */
			if (bk_hex_number(s + 2, 2, &v) == -1 || v < 0x80)
				return -1;
			*out++ = (char)v;
			s += 4;
		} else if (s[1] != '\0' && (p = strchr(from, s[1])) != NULL) {
			*out++ = to[p - from];
			s += 2;
		} else
			return -1;
	}
	*out = '\0';
	return 0;
}

/* One field, "key=value". */
static int
parse_field(char *s, struct bk_record *r, struct bk_err *e)
{
	size_t key = strcspn(s, "="), i;
	char *value = s + key + (s[key] == '=');

	if (*value == '\0' || bk_record_unescape(value) == -1 || *value == '\0')
		return bk_fail(e, BK_DATA, "listing: '%s': '%s' is not a "
		    "field, key=value; not a record", r->name, s);
	if (key == strlen("stored") && strncmp(s, "stored", key) == 0) {
		if (r->stored == 0 && bk_utctime_parse(value, strlen(value),
		    &r->stored) == 0 && r->stored != 0)
			return 0;
		return bk_fail(e, BK_DATA, "listing: '%s': '%s' is not the "
		    "time that it was stored", r->name, value);
	}
	for (i = 0; i < BK_RECORD_FIELDS; i++)
		if (strlen(keys[i]) == key && strncmp(s, keys[i], key) == 0)
			break;
	if (i == BK_RECORD_FIELDS || r->field[i] != NULL)
		return bk_fail(e, BK_DATA, "listing: '%s': the field %.*s is "
		    "%s", r->name, (int)key, s, i == BK_RECORD_FIELDS ?
		    "not known" : "there twice");
	r->field[i] = value;
	return 0;
}

/* The fields at s, each at a tab's end; NULL: none. */
static int
parse_fields(char *s, struct bk_record *r, struct bk_err *e)
{
	size_t i, ids = 0;
	char *next;

	for (; s != NULL; s = next) {
		if ((next = strchr(s, '\t')) != NULL)
			*next++ = '\0';
		if (parse_field(s, r, e) == -1)
			return -1;
	}
	for (i = 0; i < BK_RECORD_IDS; i++)
		ids += r->field[i] != NULL;
	return ids < 2 ? 0 : bk_fail(e, BK_DATA, "listing: '%s': more than one "
	    "ID", r->name);
}

/* The name at s, and its fields. */
static int
parse_name(char *s, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(s, '\t');
	size_t i;

	if (tab != NULL)
		*tab++ = '\0';
	r->name = s;
	if (*s == '\0')
		return bk_fail(e, BK_DATA, "listing: a line without a name");
	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(s, marks[i]) != NULL)
			return bk_fail(e, BK_DATA, "listing: '%s': is %s of "
			    "the name, or an ID? write \\u003f for a ? of the "
			    "name; an ID is a field, as in bk-s3ls --versions "
			    "| cut -f3-", s, marks[i]);
	if (bk_record_unescape(s) == -1)
		return bk_fail(e, BK_DATA, "listing: '%s': an invalid escape; "
		    "write \\\\ for a backslash", s);
	return parse_fields(tab, r, e);
}

/* "bytes TAB name" and the fields, at s. */
static int
parse_facts(char *s, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(s, '\t');
	struct bk_err ignored = {0};

	if (tab == NULL)
		return bk_fail(e, BK_DATA, "listing: '%s': a time without size "
		    "and name", r->name);
	*tab = '\0';
	if (bk_num_parse(s, 0, INT64_MAX, "size", &r->bytes, &ignored) == -1)
		return bk_fail(e, BK_DATA, "listing: '%s' is not a size", s);
	return parse_name(tab + 1, r, e);
}

int
bk_record_parse(char *line, struct bk_record *r, struct bk_err *e)
{
	char *tab = strchr(line, '\t');

	*r = (struct bk_record){ .name = line, .bare = 1 };
	if (strncmp(line, "!\t\t", 3) == 0)
		return bk_fail(e, bk_record_unescape(line + 3) == -1 ?
		    BK_DATA : BK_FAIL, "the listing could not be finished: %s",
		    line + 3);
	if (tab == NULL ||
	    bk_utctime_parse(line, (size_t)(tab - line), &r->time) == -1)
		return parse_name(line, r, e);
	r->nanos = parse_nanos(line, (size_t)(tab - line));
	r->bare = 0;
	return parse_facts(tab + 1, r, e);
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
