#include "restore/failures.h"

#include <string.h>

/* Append s, without what would end or disguise a line. */
static int
add_clean(struct bk_buf *b, const char *s, struct bk_err *e)
{
	size_t at = b->len;

	if (bk_buf_puts(b, s, e) == -1)
		return -1;
	for (; at < b->len; at++)
		if ((unsigned char)b->data[at] < ' ' || b->data[at] == 0x7f)
			b->data[at] = ' ';
	return 0;
}

int
bk_failures_add(struct bk_failures *f, const char *what, const char *message,
    struct bk_err *e)
{
	struct bk_buf line = {0};
	int rc = -1;

	if (add_clean(&line, what, e) == -1 ||
	    bk_buf_puts(&line, ": ", e) == -1 ||
	    add_clean(&line, message, e) == -1 ||
	    bk_buf_puts(&line, "\n", e) == -1)
		goto done;
	pthread_mutex_lock(&f->lock);
	if ((rc = bk_buf_add(&f->lines, line.data, line.len, e)) == 0)
		f->n++;
	pthread_mutex_unlock(&f->lock);
 done:
	bk_buf_free(&line);
	return rc;
}

/* The first line of a that is not in b; NULL: there is none. */
static const char *
missing(const char *a, const char *b, size_t *n)
{
	const char *p, *q;

	for (p = a; p != NULL && *p != '\0'; p += *n + (p[*n] == '\n')) {
		*n = strcspn(p, "\n");
		for (q = b; *n > 0; q++) {
			if (q == NULL || *q == '\0')
				return p;
			if (strncmp(q, p, *n) == 0 &&
			    (q[*n] == '\n' || q[*n] == '\0'))
				break;
			q += strcspn(q, "\n");
			if (*q == '\0')
				return p;
		}
	}
	return NULL;
}

int
bk_failures_compare(const struct bk_failures *f, const char *accepted,
    struct bk_err *e)
{
	const char *p;
	size_t n = 0;

	if ((p = missing(f->lines.data, accepted, &n)) != NULL)
		return bk_fail(e, BK_FAIL, "not accepted: %.*s",
		    n > 400 ? 400 : (int)n, p);
	if ((p = missing(accepted, f->lines.data, &n)) != NULL)
		return bk_fail(e, BK_FAIL, "accepted, but it did not fail: "
		    "%.*s", n > 400 ? 400 : (int)n, p);
	return 0;
}

void
bk_failures_free(struct bk_failures *f)
{
	bk_buf_free(&f->lines);
	f->n = 0;
}
