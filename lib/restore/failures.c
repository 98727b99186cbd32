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

/* Is the line, of n bytes, one of text's? */
static int
is_in(const char *text, const char *line, size_t n)
{
	size_t len;

	for (; text != NULL && *text != '\0';
	    text += len + (text[len] != '\0')) {
		len = strcspn(text, "\n");
		if (len == n && memcmp(text, line, n) == 0)
			return 1;
	}
	return 0;
}

int
bk_failures_accept(const struct bk_failures *f, const char *accepted,
    struct bk_err *e)
{
	const char *p = f->lines.data;
	size_t n;

	for (; p != NULL && *p != '\0'; p += n + 1) {
		n = strcspn(p, "\n");
		if (!is_in(accepted, p, n))
			return bk_fail(e, BK_FAIL, "not accepted: %.*s",
			    n > 800 ? 800 : (int)n, p);
	}
	return 0;
}

void
bk_failures_free(struct bk_failures *f)
{
	bk_buf_free(&f->lines);
	f->n = 0;
}
