#include "archive/copytext.h"

#include <stdlib.h>
#include <string.h>

struct bk_copytext {
	struct bk_content content;
	struct bk_digest_state *state;
	int open;		/* a line has begun in an earlier piece: */
	uint64_t len;		/* its length so far, */
	char head[2];		/* its first bytes */
	int closed, more;	/* "\." was seen; and data after it */
};

struct bk_copytext *
bk_copytext_new(struct bk_err *e)
{
	struct bk_copytext *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->state = bk_digest_new()) == NULL) {
		free(t);
		bk_fail_memory(e);
		return NULL;
	}
	return t;
}

void
bk_copytext_free(struct bk_copytext *t)
{
	if (t != NULL)
		bk_digest_free(t->state);
	free(t);
}

void
bk_copytext_begin(struct bk_copytext *t)
{
	*t = (struct bk_copytext){ .state = t->state };
}

/* Add part of a line that spans pieces. */
static void
add_to_line(struct bk_copytext *t, const char *p, size_t n)
{
	size_t i;

	if (!t->open) {
		bk_digest_begin(t->state);
		t->open = 1;
		t->len = 0;
	}
	for (i = 0; i < n && t->len + i < sizeof(t->head); i++)
		t->head[t->len + i] = p[i];
	bk_digest_update(t->state, p, n);
	t->len += n;
}

/* End a line that began in an earlier piece. */
static void
end_line(struct bk_copytext *t)
{
	t->open = 0;
	if (t->len == 2 && memcmp(t->head, "\\.", 2) == 0) {
		t->closed = 1;
		return;
	}
	bk_digest_end(t->state, &t->content.digest);
	t->content.rows++;
	t->content.bytes += t->len + 1;
}

/* After "\.", pg_dump's archives have two newlines. */
static void
check_rest(struct bk_copytext *t, const char *p, size_t n)
{
	while (n > 0 && *p == '\n') {
		p++;
		n--;
	}
	t->more |= n > 0;
}

size_t
bk_copytext_take(struct bk_copytext *t, const void *data, size_t n)
{
	const char *p = data, *end = p + n, *nl;
	size_t len;

	while (p < end && !t->closed) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			add_to_line(t, p, (size_t)(end - p));
			return n;
		}
		len = (size_t)(nl - p);
		if (t->open) {
			add_to_line(t, p, len);
			end_line(t);
		} else if (len == 2 && p[0] == '\\' && p[1] == '.') {
			t->closed = 1;
		} else {
			bk_digest_item(&t->content.digest, p, len);
			t->content.rows++;
			t->content.bytes += len + 1;
		}
		p = nl + 1;
	}
	return n - (size_t)(end - p);
}

void
bk_copytext_feed(struct bk_copytext *t, const void *p, size_t n)
{
	size_t taken = bk_copytext_take(t, p, n);

	check_rest(t, (const char *)p + taken, n - taken);
}

enum bk_copytext_end
bk_copytext_end(const struct bk_copytext *t)
{
	if (!t->closed)
		return t->open ? BK_COPYTEXT_CUT : BK_COPYTEXT_OPEN;
	return t->more ? BK_COPYTEXT_MORE : BK_COPYTEXT_CLOSED;
}

const struct bk_content *
bk_copytext_content(const struct bk_copytext *t)
{
	return &t->content;
}
