#include "policy/holds.h"

#include <sys/types.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

static int
add(struct bk_holds *h, const char *name, struct bk_err *e)
{
	struct bk_hold *more = bk_grow(h->v, h->n, &h->cap, sizeof(*more), e);

	if (more == NULL)
		return -1;
	h->v = more;
	h->v[h->n] = (struct bk_hold){ .name = strdup(name) };
	if (h->v[h->n].name == NULL)
		return bk_fail_memory(e);
	h->n++;
	return 0;
}

/* The name in a line of n characters, which is changed. */
static int
add_line(struct bk_holds *h, char *line, size_t n, struct bk_err *e)
{
	struct bk_record r;

	if (memchr(line, '\0', n) != NULL)
		return bk_fail(e, BK_DATA, "a NUL byte; not a list of names");
	/* trailing blanks are not part of the name */
	while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL)
		line[--n] = '\0';
	if (n == 0 || *line == '#')
		return 0;
	return bk_record_parse(line, &r, e) == -1 ? -1 : add(h, r.name, e);
}

int
bk_holds_read(struct bk_holds *h, FILE *f, const char *name, struct bk_err *e)
{
	struct bk_err reason = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int rc = 0;

	while (rc == 0 && (errno = 0, n = getline(&line, &cap, f)) != -1)
		rc = add_line(h, line, (size_t)n, &reason);
	if (rc == 0 && (ferror(f) || errno != 0))
		rc = bk_fail_errno(&reason, "read");
	free(line);
	return rc == 0 ? 0 : bk_fail(e, reason.code, "%s: %s", name,
	    reason.msg);
}

static void
hold(struct bk_listed *item, void *ctx)
{
	(void)ctx;
	item->held = 1;
}

void
bk_holds_apply(struct bk_holds *h, struct bk_listing *items)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (bk_listing_find(items, h->v[i].name, hold, NULL) > 0)
			h->v[i].found = 1;
}

int
bk_holds_check(const struct bk_holds *h, const char *name, struct bk_err *e)
{
	const struct bk_hold *lost = NULL;
	char more[48] = "";
	size_t i, n = 0;

	for (i = h->n; i-- > 0; )
		if (!h->v[i].found) {
			lost = &h->v[i];
			n++;
		}
	if (n == 0)
		return 0;
	if (n > 1)
		(void)snprintf(more, sizeof(more), ", nor are %zu more",
		    n - 1);
	return bk_fail(e, BK_DATA, "%s: '%s' is not in the listing%s; correct "
	    "or remove the line; nothing is deleted", name, lost->name, more);
}

void
bk_holds_free(struct bk_holds *h)
{
	while (h->n > 0)
		free(h->v[--h->n].name);
	free(h->v);
	*h = (struct bk_holds){0};
}
