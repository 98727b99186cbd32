#include "s3/recheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/utctime.h"

static int
by_key(const void *a, const void *b)
{
	const struct bk_s3_recheck *x = a, *y = b;
	int c = strcmp(x->key, y->key);

	return c != 0 || x->id == NULL || y->id == NULL ? c :
	    strcmp(x->id, y->id);
}

/* What all keys of v, sorted, begin with; NULL: memory. */
static char *
common_prefix(const struct bk_s3_recheck v[], size_t n)
{
	const char *first = v[0].key, *last = v[n - 1].key;
	size_t len = 0;

	while (first[len] != '\0' && first[len] == last[len])
		len++;
	return strndup(first, len);
}

typedef int compare_records(const struct bk_record *,
    const struct bk_record *);

static int
compare(struct bk_s3 *s3, struct bk_s3_recheck v[], size_t n,
    const struct bk_s3_listed *o, compare_records *is, struct bk_err *e)
{
	struct bk_s3_recheck wanted = { .key = o->key, .id = o->id }, *found;
	struct bk_record now = { .time = o->time, .bytes = o->size,
	    .field[BK_RECORD_ETAG] = o->etag };
	char when[BK_UTCTIME_TEXT];

	if ((found = bsearch(&wanted, v, n, sizeof(*v), by_key)) == NULL)
		return 0;
	/* a key that is named twice is there twice */
	while (found > v && by_key(found - 1, &wanted) == 0)
		found--;
	for (; found < v + n && by_key(found, &wanted) == 0; found++) {
		*found->gone = 0;
		if (is(found->r, &now))
			continue;
		bk_utctime_format(o->time, when);
		return bk_fail(e, BK_DATA, "%s/%s: has changed since it was "
		    "listed (stored %s); list again; nothing was deleted",
		    bk_s3_place(s3), o->key, when);
	}
	return 0;
}

int
bk_s3_recheck(struct bk_s3 *s3, enum bk_s3_kind kind,
    struct bk_s3_recheck v[], size_t n, compare_records *is, struct bk_err *e)
{
	struct bk_s3_list *l = NULL;
	struct bk_s3_listed o;
	char *prefix = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; i < n; i++)
		*v[i].gone = 1;
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_key);
	if ((prefix = common_prefix(v, n)) == NULL)
		rc = bk_fail_memory(e);
	else if ((l = bk_s3_list_open(s3, kind, prefix, e)) == NULL)
		rc = -1;
	while (rc == 0 && (rc = bk_s3_list_next(l, &o, e)) == 1)
		rc = compare(s3, v, n, &o, is, e);
	bk_s3_list_free(l);
	free(prefix);
	return rc;
}
