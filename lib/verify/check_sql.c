/*
 * Scripts of pg_dump and pg_dumpall (check.h).
 *
 * A line that looks like the end, or like COPY, may be within a string, so the
 * script is read as psql reads it (archive/sqltext.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/copytext.h"
#include "archive/sqltext.h"
#include "pg/charset.h"
#include "verify/check.h"

#define KEY_MAX 256		/* as a command of bk_sqltext */

struct check {
	struct bk_verdict *v;
	struct bk_sqltext *text;
	char key[KEY_MAX];	/* of \restrict; "": none */
	uint64_t dumps, clusters;	/* begun, not ended */
	uint64_t complete;
	int encoding;		/* the script's (charset.h) */
	int rows_begun;		/* of a COPY */
	struct bk_copytext *lines;
	char buf[64 * 1024];
};

static int
is(const char *s, const char *text)
{
	return strcmp(s, text) == 0;
}

static int
starts(const char *s, const char *text)
{
	return strncmp(s, text, strlen(text)) == 0;
}

/* "-- ..." is complete. */
static int
end_comment(void *ctx, const char *w, struct bk_err *e)
{
	struct check *c = ctx;

	if (is(w, "-- PostgreSQL database dump"))
		c->dumps++;
	else if (is(w, "-- PostgreSQL database cluster dump"))
		c->clusters++;
	else if (is(w, "-- PostgreSQL database dump complete")) {
		if (c->dumps-- == 0)
			return bk_sqltext_fail(c->text, "the end of a "
			    "dump without its beginning", e);
		c->complete++;
	} else if (is(w, "-- PostgreSQL database cluster dump complete")) {
		if (c->clusters-- == 0)
			return bk_sqltext_fail(c->text, "the end of a "
			    "dump without its beginning", e);
		c->complete++;
	} else if (starts(w, "-- Dumped from database version "))
		return bk_verdict_set(&c->v->server_version, w + 32, e);
	else if (starts(w, "-- Dumped by "))
		return bk_verdict_set(&c->v->tool, w + 13, e);
	return 0;
}

/* "\..." is complete: a psql command. */
static int
end_command(void *ctx, const char *w, struct bk_err *e)
{
	struct check *c = ctx;

	if (starts(w, "\\restrict ")) {
		if (c->key[0] != '\0')
			return bk_sqltext_fail(c->text, "a second \\restrict",
			    e);
		(void)snprintf(c->key, sizeof(c->key), "%s", w + 10);
	} else if (starts(w, "\\unrestrict ")) {
		if (c->key[0] == '\0' || !is(c->key, w + 12))
			return bk_sqltext_fail(c->text, "\\unrestrict with "
			    "another key than \\restrict's", e);
		c->key[0] = '\0';
	}
	return 0;
}

static int
take_encoding(void *ctx, const char *name, struct bk_err *e)
{
	struct check *c = ctx;

	if ((c->encoding = bk_charset_named(name)) != -1)
		return 0;
	return bk_sqltext_fail(c->text, "an encoding that is not known", e);
}

static int
length(void *ctx, const char *s)
{
	return bk_charset_length(((struct check *)ctx)->encoding, s);
}

static int
take_rows(void *ctx, const char *p, size_t n, struct bk_err *e)
{
	struct check *c = ctx;

	(void)e;
	if (!c->rows_begun)
		bk_copytext_begin(c->lines);
	c->rows_begun = 1;
	(void)bk_copytext_take(c->lines, p, n);
	return 0;
}

static int
end_rows(void *ctx, struct bk_err *e)
{
	struct check *c = ctx;
	const struct bk_content *content;

	(void)e;
	c->v->tables++;
	if (c->rows_begun) {
		content = bk_copytext_content(c->lines);
		c->v->rows += content->rows;
		c->v->bytes += content->bytes;
	}
	c->rows_begun = 0;
	return 0;
}

static int
check_end(struct check *c, struct bk_err *e)
{
	if (bk_sqltext_end(c->text, e) == -1)
		return -1;
	if (c->complete == 0 || c->dumps > 0 || c->clusters > 0)
		return bk_sqltext_fail(c->text, "it ends without \"PostgreSQL "
		    "database dump complete\"", e);
	if (c->key[0] != '\0')
		return bk_sqltext_fail(c->text, "it ends without \\unrestrict",
		    e);
	return 0;
}

int
bk_check_sql(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	static const struct bk_sqltext_events events = {
	    .comment = end_comment, .command = end_command, .data = take_rows,
	    .data_end = end_rows, .encoding = take_encoding,
	    .length = length };
	struct check *c = calloc(1, sizeof(*c));
	ssize_t n = -1;
	int rc = -1;

	if (c == NULL)
		return bk_fail_memory(e);
	c->v = v;
	c->encoding = -1;
	v->kind = "sql";
	v->proof = "structure";
	if ((c->lines = bk_copytext_new(e)) == NULL ||
	    (c->text = bk_sqltext_new(name, 0, &events, c, e)) == NULL)
		goto done;
	while ((n = src.read(src.ctx, c->buf, sizeof(c->buf), e)) > 0) {
		if (progress != NULL)
			progress->bytes += (uint64_t)n;
		if (bk_sqltext_feed(c->text, c->buf, (size_t)n, e) == -1)
			goto done;
	}
	if (n == 0)
		rc = check_end(c, e);
 done:
	bk_sqltext_free(c->text);
	bk_copytext_free(c->lines);
	free(c);
	return rc;
}
