#include "restore/entry_list.h"

#include <stdlib.h>
#include <string.h>

struct by_id {
	int32_t id;
	size_t at;		/* index into the TOC */
};

static int
compare(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Add the entry that a line, of n bytes, begins with, if any. */
static int
take_line(struct bk_restore_list *l, const struct by_id *ids, size_t nids,
    const char *line, size_t n, struct bk_err *e)
{
	size_t blank = strspn(line, " \t\r");
	struct by_id key = {0};
	const struct by_id *found;
	char *end;
	long id;

	if (blank >= n || line[blank] == ';')
		return 0;
	id = strtol(line, &end, 10);
	key.id = id < 0 || id > INT32_MAX ? -1 : (int32_t)id;
	found = nids == 0 || end == line ? NULL :
	    bsearch(&key, ids, nids, sizeof(*ids), compare);
	if (found == NULL)
		return bk_fail(e, BK_DATA, "the list: no entry of this dump: "
		    "\"%.*s\"; see pg_restore -l", n > 60 ? 60 : (int)n, line);
	if (!l->has[found->at])
		l->entry[l->n++] = found->at;
	l->has[found->at] = 1;
	return 0;
}

int
bk_restore_list_read(struct bk_restore_list *l, const struct bk_toc *toc,
    const char *text, struct bk_err *e)
{
	struct by_id *ids = calloc(toc->n + 1, sizeof(*ids));
	size_t i, n;
	int rc = 0;

	l->entry = calloc(toc->n + 1, sizeof(*l->entry));
	l->has = calloc(toc->n + 1, 1);
	if (ids == NULL || l->entry == NULL || l->has == NULL)
		rc = bk_fail_memory(e);
	for (i = 0; rc == 0 && i < toc->n; i++)
		ids[i] = (struct by_id){ toc->entry[i].id, i };
	if (rc == 0)
		qsort(ids, toc->n, sizeof(*ids), compare);
	for (; rc == 0 && *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		rc = take_line(l, ids, toc->n, text, n, e);
	}
	free(ids);
	return rc;
}

void
bk_restore_list_free(struct bk_restore_list *l)
{
	free(l->entry);
	free(l->has);
	*l = (struct bk_restore_list){0};
}

int
bk_restore_list_has(const struct bk_restore_list *l, size_t i)
{
	return l->entry == NULL || l->has[i];
}
