/* The data of COPY in a script, up to the line that ends it (sqltext.h). */
#include <string.h>

#include "archive/sqltext_in.h"

static int
put_data(struct bk_sqltext *t, const char *p, size_t n, struct bk_err *e)
{
	return n == 0 || t->on.data == NULL ? 0 : t->on.data(t->ctx, p, n, e);
}

/* May ch follow what is held of "\.", perhaps a carriage return, newline? */
static int
may_end(const struct bk_sqltext *t, char ch)
{
	switch (t->held) {
	case 0: return ch == '\\';
	case 1: return ch == '.';
	case 2: return ch == '\n' || ch == '\r';
	default: return ch == '\n';
	}
}

/*
 * The start of a line: withheld while it may be the end, "\."; *taken: how much
 * of it was read.
 */
static int
line_start(struct bk_sqltext *t, const char *p, size_t n, size_t *taken,
    struct bk_err *e)
{
	size_t i = 0, held;
	int over = 0;

	while (!over && i < n && may_end(t, p[i])) {
		over = p[i] == '\n';
		t->line_head[t->held++] = p[i++];
	}
	*taken = i;
	if (over) {
		t->state = PLAIN;
		t->prev = '\n';
		t->line++;
		return t->on.data_end == NULL ? 0 : t->on.data_end(t->ctx, e);
	}
	if (i == n)
		return 0;
	held = t->held;
	t->held = 0;
	t->in_line = 1;
	return put_data(t, t->line_head, held, e);
}

int
bk_sqltext_rows(struct bk_sqltext *t, const char *p, size_t n, size_t *taken,
    struct bk_err *e)
{
	const char *at = p, *nl;

	if (!t->in_line)
		return line_start(t, p, n, taken, e);
	while (t->in_line && (size_t)(at - p) < n) {
		nl = memchr(at, '\n', n - (size_t)(at - p));
		if (nl == NULL) {
			at = p + n;
			break;
		}
		at = nl + 1;
		t->line++;
		/* on to the next line, unless it may be the end */
		t->in_line = (size_t)(at - p) < n && *at != '\\';
	}
	*taken = (size_t)(at - p);
	return put_data(t, p, *taken, e);
}
