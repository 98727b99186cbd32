#include "verify/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utf8.h"

#define OBJECT_MAX 1024		/* longer names are truncated */

int
bk_verdict_set(char **field, const char *s, struct bk_err *e)
{
	char *copy;

	if (s == NULL)
		return 0;
	if ((copy = strdup(s)) == NULL)
		return bk_fail_memory(e);
	free(*field);
	*field = copy;
	return 0;
}

int
bk_verdict_differs(struct bk_verdict *v, const char *expected,
    const char *found, struct bk_err *e, const char *fmt, ...)
{
	struct bk_difference *d;
	char object[OBJECT_MAX];
	va_list ap;

	if (v->ndiff++ >= BK_VERDICT_SHOWN)
		return 0;
	d = &v->diff[v->ndiff - 1];
	va_start(ap, fmt);
	(void)vsnprintf(object, sizeof(object), fmt, ap);
	va_end(ap);
	if (bk_verdict_set(&d->object, object, e) == -1 ||
	    bk_verdict_set(&d->expected, expected, e) == -1 ||
	    bk_verdict_set(&d->found, found, e) == -1)
		return -1;
	return 0;
}

int
bk_verdict_uncovered(struct bk_verdict *v, struct bk_err *e, const char *fmt,
    ...)
{
	struct bk_buf b = {0};
	char part[256];
	va_list ap;
	int rc = -1;

	va_start(ap, fmt);
	(void)vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	if (bk_buf_printf(&b, e, "%s%s%s", v->uncovered == NULL ? "" :
	    v->uncovered, v->uncovered == NULL ? "" : ", ", part) == 0)
		rc = bk_verdict_set(&v->uncovered, b.data, e);
	bk_buf_free(&b);
	return rc;
}

void
bk_verdict_label(const struct bk_toc_entry *te, char out[BK_VERDICT_LABEL])
{
	if (te->desc != NULL && strcmp(te->desc, "BLOBS") == 0)
		(void)snprintf(out, BK_VERDICT_LABEL, "large objects (%" PRId32
		    ")", te->id);
	else
		(void)snprintf(out, BK_VERDICT_LABEL, "table %s.%s",
		    te->schema == NULL ? "" : te->schema,
		    te->tag == NULL ? "" : te->tag);
}

/* "12 rows, 34 bytes" and, if these agree, the digest. */
static void
describe(const struct bk_content *c, const char *unit, int digest,
    char out[128])
{
	char text[BK_DIGEST_TEXT];

	bk_digest_format(&c->digest, text);
	(void)snprintf(out, 128, "%" PRIu64 " %s, %" PRIu64 " bytes%s%s",
	    c->rows, unit, c->bytes, digest ? ", digest " : "",
	    digest ? text : "");
}

int
bk_verdict_content(struct bk_verdict *v, const struct bk_content *expected,
    const struct bk_content *found, const char *unit, const char *object,
    struct bk_err *e)
{
	char want[128], got[128];
	int same = expected->rows == found->rows &&
	    expected->bytes == found->bytes;

	if (same && expected->digest.lo == found->digest.lo &&
	    expected->digest.hi == found->digest.hi)
		return 0;
	describe(expected, unit, same, want);
	describe(found, unit, same, got);
	return bk_verdict_differs(v, want, got, e, "%s", object);
}

int
bk_verdict_count(struct bk_verdict *v, const char *object,
    const struct bk_content *c, struct bk_err *e)
{
	struct bk_counted *more;

	if (!v->list)
		return 0;
	if ((more = bk_grow(v->counted, v->ncounted, NULL, sizeof(*more),
	    e)) == NULL)
		return -1;
	v->counted = more;
	more = &v->counted[v->ncounted];
	*more = (struct bk_counted){ NULL, c->rows, c->bytes };
	if (bk_verdict_set(&more->object, object, e) == -1)
		return -1;
	v->ncounted++;
	return 0;
}

static size_t
kept(const struct bk_verdict *v)
{
	return v->ndiff < BK_VERDICT_SHOWN ? (size_t)v->ndiff :
	    BK_VERDICT_SHOWN;
}

/* Approximate width of s on a terminal: its characters. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += !bk_utf8_inside(*s);
	return n;
}

/* s without terminal control bytes, padded with spaces. */
static int
add_cell(struct bk_buf *out, const char *s, size_t pad, struct bk_err *e)
{
	size_t n = width(s), start = out->len;

	if (bk_buf_puts(out, s, e) == -1)
		return -1;
	bk_utf8_clean(out->data + start, out->len - start);
	return bk_buf_printf(out, e, "%*s", (int)(pad > n ? pad - n : 0), "");
}

static int
add_row(struct bk_buf *out, const struct bk_difference *d, size_t object,
    size_t expected, struct bk_err *e)
{
	if (bk_buf_puts(out, "  ", e) == -1 ||
	    add_cell(out, d->object, object + 2, e) == -1 ||
	    add_cell(out, d->expected, expected + 2, e) == -1 ||
	    add_cell(out, d->found, 0, e) == -1)
		return -1;
	return bk_buf_puts(out, "\n", e);
}

int
bk_verdict_table(const struct bk_verdict *v, struct bk_buf *out,
    struct bk_err *e)
{
	char object[] = "object", expected[] = "expected", found[] = "found";
	const struct bk_difference head = { object, expected, found };
	size_t i, w, a = width(head.object), b = width(head.expected);

	if (v->ndiff == 0)
		return 0;
	for (i = 0; i < kept(v); i++) {
		if ((w = width(v->diff[i].object)) > a)
			a = w;
		if ((w = width(v->diff[i].expected)) > b)
			b = w;
	}
	if (add_row(out, &head, a, b, e) == -1)
		return -1;
	for (i = 0; i < kept(v); i++)
		if (add_row(out, &v->diff[i], a, b, e) == -1)
			return -1;
	if (v->ndiff > kept(v))
		return bk_buf_printf(out, e, "  and %" PRIu64 " more\n",
		    v->ndiff - kept(v));
	return 0;
}

int
bk_verdict_list(const struct bk_verdict *v, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_counted *c = v->counted, *end = c + v->ncounted;

	if (v->ncounted > 0 && bk_buf_printf(out, e, "%15s  %15s\n", "rows",
	    "bytes") == -1)
		return -1;
	for (; c < end; c++)
		if (bk_buf_printf(out, e, "%15" PRIu64 "  %15" PRIu64 "  ",
		    c->rows, c->bytes) == -1 ||
		    add_cell(out, c->object, 0, e) == -1 ||
		    bk_buf_puts(out, "\n", e) == -1)
			return -1;
	return 0;
}

int
bk_verdict_judge(const struct bk_verdict *v, const char *name,
    struct bk_err *e)
{
	if (v->ndiff == 0)
		return 0;
	return bk_fail(e, BK_DATA, "%s: not proven: %" PRIu64 " difference%s, "
	    "the first in %s", name, v->ndiff, v->ndiff == 1 ? "" : "s",
	    v->diff[0].object);
}

void
bk_verdict_free(struct bk_verdict *v)
{
	size_t i;

	for (i = 0; i < kept(v); i++) {
		free(v->diff[i].object);
		free(v->diff[i].expected);
		free(v->diff[i].found);
	}
	for (i = 0; i < v->ncounted; i++)
		free(v->counted[i].object);
	free(v->counted);
	free(v->uncovered);
	free(v->manifest_text);
	free(v->database);
	free(v->server_version);
	free(v->tool);
	free(v->restored_on);
	*v = (struct bk_verdict){0};
}
