#include "crypt/armor.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "stream/heads.h"

#define COLUMNS 64
#define LINE_BYTES 48		/* decoded bytes of COLUMNS characters */

static const char begin_line[] = BK_HEAD_ARMOR;
static const char end_line[] = "-----END AGE ENCRYPTED FILE-----";

struct bk_armor {
	struct bk_reader *in;
	int armored, ended;
	struct bk_err err;	/* reported after the data before it */
	int (*watch)(void *ctx, const void *p, size_t n, struct bk_err *e);
	void *watch_ctx;
	uint8_t raw[16384];	/* read-ahead */
	size_t raw_off, raw_len;
	uint8_t line[LINE_BYTES + 2];	/* a decoded line */
	size_t line_off, line_len;
};

static int
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* 1 if the stream begins with the armor's first line, after blanks. */
static int
is_armored(struct bk_reader *in)
{
	const uint8_t *h;
	size_t n, i = 0, len = sizeof(begin_line) - 1;

	h = bk_reader_head(in, &n);
	while (i < n && is_blank(h[i]))
		i++;
	return n - i >= len && memcmp(h + i, begin_line, len) == 0;
}

struct bk_armor *
bk_armor_open(struct bk_reader *in, struct bk_err *e)
{
	struct bk_armor *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	a->in = in;
	a->armored = is_armored(in);
	return a;
}

struct bk_reader *
bk_armor_reader(const struct bk_armor *a)
{
	return a->in;
}

void
bk_armor_watch(struct bk_armor *a,
    int (*add)(void *ctx, const void *p, size_t n, struct bk_err *e), void *ctx)
{
	a->watch = add;
	a->watch_ctx = ctx;
}

/* As bk_reader_read(), with a->err set. */
static ssize_t
read_raw(struct bk_armor *a, void *buf, size_t n)
{
	ssize_t r = bk_reader_read(a->in, buf, n, &a->err);

	if (r > 0 && a->watch != NULL &&
	    a->watch(a->watch_ctx, buf, (size_t)r, &a->err) == -1)
		return -1;
	return r;
}

/* Refill raw: 1; 0 at the end; -1 with a->err set. */
static int
refill(struct bk_armor *a)
{
	ssize_t n = read_raw(a, a->raw, sizeof(a->raw));

	a->raw_off = 0;
	a->raw_len = n > 0 ? (size_t)n : 0;
	return n > 0 ? 1 : (int)n;
}

/* The next character; -1 at the end, -2 with a->err set. */
static int
next_char(struct bk_armor *a)
{
	int rc = 1;

	if (a->raw_off == a->raw_len && (rc = refill(a)) != 1)
		return rc - 1;
	return a->raw[a->raw_off++];
}

static int
bad(struct bk_armor *a, const char *cause)
{
	return bk_fail(&a->err, BK_DATA, "age armor: %s", cause);
}

/*
 * Read a line of at most COLUMNS characters into text, without its LF or CRLF,
 * which the last line may lack.  Its length, or -1 with a->err set.
 */
static ssize_t
read_line(struct bk_armor *a, char text[COLUMNS + 1])
{
	size_t n = 0;
	int c;

	while ((c = next_char(a)) >= 0 && c != '\n') {
		if (c == '\r') {
			if ((c = next_char(a)) == '\n')
				break;
			return c == -2 ? -1 : bad(a, "a stray carriage return");
		}
		if (n == COLUMNS)
			return bad(a, "a line is longer than 64 characters");
		text[n++] = (char)c;
	}
	if (c == -2)
		return -1;
	if (c == -1 && n == 0)
		return bad(a, "truncated: no END line");
	text[n] = '\0';
	return (ssize_t)n;
}

/* Compares NUL bytes in text, too. */
static int
is_line(const char *text, ssize_t n, const char *want)
{
	return (size_t)n == strlen(want) && memcmp(text, want, (size_t)n) == 0;
}

/* After the END line: only blanks up to the end of the stream. */
static int
read_trailer(struct bk_armor *a)
{
	int c;

	while ((c = next_char(a)) >= 0)
		if (!is_blank(c))
			return bad(a, "data after its END line");
	a->ended = c == -1;
	return c == -1 ? 0 : -1;
}

/* Read the first line, skipping blanks before it. */
static int
read_begin(struct bk_armor *a)
{
	char text[COLUMNS + 1];
	uint8_t before = '\n';
	ssize_t n;

	while (a->raw_off < a->raw_len || refill(a) == 1) {
		if (!is_blank(a->raw[a->raw_off]))
			break;
		before = a->raw[a->raw_off++];
	}
	if (a->err.code != BK_OK || (n = read_line(a, text)) == -1)
		return -1;
	return before == '\n' && is_line(text, n, begin_line) ? 0
	    : bad(a, "its first line is malformed");
}

static int
read_end(struct bk_armor *a)
{
	char text[COLUMNS + 1];
	ssize_t n;

	if ((n = read_line(a, text)) == -1)
		return -1;
	if (!is_line(text, n, end_line))
		return bad(a, "a short line is not followed by the END line");
	return read_trailer(a);
}

/* Decode the next line; sets a->ended at the END line. */
static int
decode_line(struct bk_armor *a)
{
	char text[COLUMNS + 1];
	ssize_t n, len;

	if ((n = read_line(a, text)) == -1)
		return -1;
	if (is_line(text, n, end_line))
		return read_trailer(a);
	if (n == 0 || n % 4 != 0)
		return bad(a, "a line's length is not a multiple of 4");
	if (text[n - 1] == '=')
		n -= text[n - 2] == '=' ? 2 : 1;
	if ((len = bk_base64_decode(a->line, text, (size_t)n)) == -1)
		return bad(a, "a line is not canonical base64");
	a->line_off = 0;
	a->line_len = (size_t)len;
	return len < LINE_BYTES ? read_end(a) : 0;
}

/* bk_armor_read() of an armored stream; failures go to a->err. */
static ssize_t
read_armored(struct bk_armor *a, uint8_t *buf, size_t n)
{
	size_t done = 0, take;

	if (a->armored == 1) {
		if (read_begin(a) == -1)
			return -1;
		a->armored = 2;
	}
	while (done < n) {
		if (a->line_off == a->line_len) {
			if (a->ended)
				break;
			a->line_off = a->line_len = 0;
			if (decode_line(a) == -1)
				break;
			continue;
		}
		take = a->line_len - a->line_off;
		if (take > n - done)
			take = n - done;
		memcpy(buf + done, a->line + a->line_off, take);
		a->line_off += take;
		done += take;
	}
	return done > 0 || a->ended ? (ssize_t)done : -1;
}

static ssize_t
read_plain(struct bk_armor *a, uint8_t *buf, size_t n)
{
	size_t done = a->raw_len - a->raw_off;
	ssize_t r = 0;

	/* buffer small reads (the header), pass large ones through */
	if (done == 0 && n < sizeof(a->raw)) {
		if ((r = refill(a)) != 1)
			return r;
		done = a->raw_len;
	}
	if (done > n)
		done = n;
	memcpy(buf, a->raw + a->raw_off, done);
	a->raw_off += done;
	if (done < n)
		r = read_raw(a, buf + done, n - done);
	else
		r = 0;
	return r > 0 ? (ssize_t)done + r : done > 0 ? (ssize_t)done : r;
}

ssize_t
bk_armor_read(struct bk_armor *a, void *buf, size_t n, struct bk_err *e)
{
	ssize_t r = -1;

	if (a->err.code == BK_OK)
		r = a->armored ? read_armored(a, buf, n)
		    : read_plain(a, buf, n);
	if (r == -1 && e->code == BK_OK)
		*e = a->err;
	return r;
}

void
bk_armor_free(struct bk_armor *a)
{
	free(a);
}
