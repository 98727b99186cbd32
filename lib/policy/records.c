#include "policy/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/grow.h"
#include "base/io.h"

#define FLUSH (64 * 1024)	/* bytes of listing in one write */

static int
grow(struct bk_records *l, struct bk_err *e)
{
	struct bk_record *more = bk_grow(l->v, l->n, &l->cap, sizeof(*more), e);

	if (more == NULL)
		return -1;
	l->v = more;
	return 0;
}

int
bk_records_add(struct bk_records *l, const struct bk_record *what,
    struct bk_err *e)
{
	struct bk_record r;

	if (grow(l, e) == -1 || bk_record_copy(&r, what, e) == -1)
		return -1;
	if (!l->by_store && bk_record_date(&r, what->time) == 1 &&
	    l->ahead++ == 0)
		l->first_ahead = r.name;
	l->v[l->n++] = r;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct bk_record *x = a, *y = b;
	const char *key, *v = bk_record_id(x, &key), *w = bk_record_id(y, &key);
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : strcmp(v == NULL ? "" : v, w == NULL ? "" : w);
}

static int
by_time(const void *a, const void *b)
{
	return bk_record_compare(a, b);
}

/* What was listed twice, because a directory was named twice, once. */
static void
drop_doubles(struct bk_records *l)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		if (kept > 0 && by_name(&l->v[kept - 1], &l->v[i]) == 0)
			free(l->v[i].name);
		else
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
}

static void
warn_ahead(const struct bk_records *l)
{
	char text[1024], more[48] = "";

	if (l->ahead > 1)
		(void)snprintf(more, sizeof(more), " and %zu more",
		    l->ahead - 1);
	(void)snprintf(text, sizeof(text), "%.800s%s: named over 15 minutes "
	    "later than stored; is a clock wrong? listed with the time stored",
	    l->first_ahead, more);
	l->warn(text);
}

static int
flush(struct bk_buf *text, int fd, const char *label, struct bk_err *e)
{
	int rc = bk_io_write(fd, text->data, text->len, label, e);

	text->len = 0;
	return rc;
}

int
bk_records_write(struct bk_records *l, const char *cause, int fd,
    const char *label, struct bk_err *e)
{
	struct bk_buf text = {0};
	struct bk_err odd = {0};
	size_t i;
	int rc = 0;

	if (l->ahead > 0)
		warn_ahead(l);
	if (l->n > 0) {
		qsort(l->v, l->n, sizeof(*l->v), by_name);
		drop_doubles(l);
		qsort(l->v, l->n, sizeof(*l->v), by_time);
	}
	for (i = 0; rc == 0 && i < l->n; i++) {
		(void)bk_record_format(&text, &l->v[i], &odd);
		if (text.len >= FLUSH)
			rc = flush(&text, fd, label, e);
	}
	if (cause == NULL && odd.code != BK_OK)
		cause = odd.msg;
	if (rc == 0 && cause != NULL)
		rc = bk_record_format_error(&text, cause, e);
	if (rc == 0)
		rc = flush(&text, fd, label, e);
	bk_buf_free(&text);
	if (rc == 0 && odd.code != BK_OK)
		rc = bk_fail(e, BK_FAIL, "%s", odd.msg);
	return rc;
}

void
bk_records_free(struct bk_records *l)
{
	while (l->n > 0)
		free(l->v[--l->n].name);
	free(l->v);
	*l = (struct bk_records){0};
}
