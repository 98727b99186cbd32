#include "archive/copytext.h"

#include <stdlib.h>
#include <string.h>

struct bk_copytext {
	struct bk_content content;
	struct bk_digest_state *state;
	int open;		/* a line has begun in an earlier piece: */
	uint64_t len;		/* so many bytes of it, */
	char head[2];		/* the first of them */
	int closed, more;	/* "\." was there; and then something else */
};

struct bk_copytext *
bk_copytext_new(struct bk_err *e)
{
	struct bk_copytext *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->state = bk_digest_new()) == NULL) {
		free(l);
		bk_fail_memory(e);
		return NULL;
	}
	return l;
}

void
bk_copytext_free(struct bk_copytext *l)
{
	if (l != NULL)
		bk_digest_free(l->state);
	free(l);
}

void
bk_copytext_begin(struct bk_copytext *l)
{
	*l = (struct bk_copytext){ .state = l->state };
}

/* A part of a line whose end is in a later piece. */
static void
hold(struct bk_copytext *l, const char *p, size_t n)
{
	size_t i;

	if (!l->open) {
		bk_digest_begin(l->state);
		l->open = 1;
		l->len = 0;
	}
	for (i = 0; i < n && l->len + i < sizeof(l->head); i++)
		l->head[l->len + i] = p[i];
	bk_digest_update(l->state, p, n);
	l->len += n;
}

/* The end of a line that began in an earlier piece. */
static void
end_held(struct bk_copytext *l)
{
	l->open = 0;
	if (l->len == 2 && memcmp(l->head, "\\.", 2) == 0) {
		l->closed = 1;
		return;
	}
	bk_digest_end(l->state, &l->content.digest);
	l->content.rows++;
	l->content.bytes += l->len + 1;
}

/* Behind "\.", pg_dump's archives have two newlines. */
static void
feed_rest(struct bk_copytext *l, const char *p, size_t n)
{
	while (n > 0 && *p == '\n') {
		p++;
		n--;
	}
	l->more |= n > 0;
}

size_t
bk_copytext_take(struct bk_copytext *l, const void *data, size_t n)
{
	const char *p = data, *end = p + n, *nl;
	size_t len;

	while (p < end && !l->closed) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			hold(l, p, (size_t)(end - p));
			return n;
		}
		len = (size_t)(nl - p);
		if (l->open) {
			hold(l, p, len);
			end_held(l);
		} else if (len == 2 && p[0] == '\\' && p[1] == '.') {
			l->closed = 1;
		} else {
			bk_digest_item(&l->content.digest, p, len);
			l->content.rows++;
			l->content.bytes += len + 1;
		}
		p = nl + 1;
	}
	return n - (size_t)(end - p);
}

void
bk_copytext_feed(struct bk_copytext *l, const void *p, size_t n)
{
	size_t taken = bk_copytext_take(l, p, n);

	feed_rest(l, (const char *)p + taken, n - taken);
}

enum bk_copytext_end
bk_copytext_end(const struct bk_copytext *l)
{
	if (!l->closed)
		return l->open ? BK_COPYTEXT_CUT : BK_COPYTEXT_OPEN;
	return l->more ? BK_COPYTEXT_MORE : BK_COPYTEXT_CLOSED;
}

const struct bk_content *
bk_copytext_content(const struct bk_copytext *l)
{
	return &l->content;
}
