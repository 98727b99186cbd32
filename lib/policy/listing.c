#include "policy/listing.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "listing/stamp.h"
#include "policy/group.h"

static const char *
base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

static int
compare_base(const void *a, const void *b)
{
	const struct bk_listed *x = *(struct bk_listed *const *)a;
	const struct bk_listed *y = *(struct bk_listed *const *)b;
	const char *key, *v = bk_record_id(&x->r, &key);
	const char *w = bk_record_id(&y->r, &key);
	int c = strcmp(x->base, y->base);

	if (c == 0)
		c = strcmp(x->r.name, y->r.name);
	return c != 0 ? c : strcmp(v == NULL ? "" : v, w == NULL ? "" : w);
}

/* By name, and by the time stored. */
static int
compare_stored(const void *a, const void *b)
{
	const struct bk_listed *x = *(struct bk_listed *const *)a;
	const struct bk_listed *y = *(struct bk_listed *const *)b;
	const time_t t = bk_record_stored(&x->r), u = bk_record_stored(&y->r);
	int c = strcmp(x->base, y->base);

	if (c == 0)
		c = strcmp(x->r.name, y->r.name);
	if (c == 0)
		c = (t > u) - (t < u);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static struct bk_listed *
new_item(struct bk_listing *items, struct bk_err *e)
{
	struct bk_listed *more = bk_grow(items->item, items->n, &items->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	items->item = more;
	items->item[items->n] = (struct bk_listed){ .line = items->n };
	return &items->item[items->n++];
}

/* A line without its newline may be a truncated name. */
static int
add_record(struct bk_listing *items, const struct bk_record *r, FILE *f,
    const char *name, struct bk_err *e)
{
	struct bk_listed *item = new_item(items, e);
	size_t len;

	if (item == NULL)
		return -1;
	if (r->bare)
		return bk_fail(e, BK_DATA, "%s: '%s': no time; give full "
		    "records, as bk-s3ls and bk-ls print them", name, r->name);
	if (feof(f))
		return bk_fail(e, BK_DATA, "%s: the last line, '%s', has no "
		    "newline; was the listing truncated?", name, r->name);
	if (r->field[BK_RECORD_MARKER] != NULL ||
	    r->field[BK_RECORD_UPLOAD] != NULL)
		return bk_fail(e, BK_DATA, "%s: '%s': a delete marker or an "
		    "unfinished upload, not something stored", name, r->name);
	if (bk_record_copy(&item->r, r, e) == -1)
		return -1;
	item->base = base_name(item->r.name);
	(void)bk_lineage_find(item->r.name, &item->chain, &len);
	return 0;
}

/*
 * Of two records with one name, one could expire and the other be kept.  An
 * object and its newest version are one thing under two names.
 */
static int
check_pair(const struct bk_record *a, const struct bk_record *b,
    const char *name, struct bk_err *e)
{
	const char *key, *x = bk_record_id(a, &key), *y = bk_record_id(b, &key);

	if (strcmp(a->name, b->name) != 0)
		return 0;
	if ((x == NULL) != (y == NULL))
		return bk_fail(e, BK_DATA, "%s: '%s' is listed as an object "
		    "and by its versions; list one or the other", name,
		    a->name);
	return x != NULL && strcmp(x, y) != 0 ? 0 : bk_fail(e, BK_DATA,
	    "%s: '%s' is listed twice", name, a->name);
}

/* Each to the next version of its name. */
static void
link_versions(struct bk_listing *items)
{
	struct bk_stamp stamp;
	size_t i;

	qsort(items->by_base, items->n, sizeof(*items->by_base),
	    compare_stored);
	for (i = 1; i < items->n; i++) {
		struct bk_listed *x = items->by_base[i - 1];
		struct bk_listed *y = items->by_base[i];

		if (strcmp(x->r.name, y->r.name) != 0)
			continue;
		x->later = y;
		/* without a stamp each has a time of its own */
		y->replaces = bk_stamp_find(y->r.name, &stamp);
	}
}

static int
index_names(struct bk_listing *items, const char *name, struct bk_err *e)
{
	size_t i;

	if ((items->by_base = calloc(items->n, sizeof(*items->by_base))) ==
	    NULL)
		return bk_fail_memory(e);
	for (i = 0; i < items->n; i++)
		items->by_base[i] = &items->item[i];
	qsort(items->by_base, items->n, sizeof(*items->by_base), compare_base);
	for (i = 1; i < items->n; i++)
		if (check_pair(&items->by_base[i - 1]->r, &items->by_base[i]->r,
		    name, e) == -1)
			return -1;
	link_versions(items);
	return 0;
}

int
bk_listing_read(struct bk_listing *items, FILE *f, const char *name,
    struct bk_err *e)
{
	struct bk_record r;
	char *line = NULL;
	size_t cap = 0;
	int rc;

	while ((rc = bk_record_read(f, &line, &cap, &r, e)) == 1)
		if (add_record(items, &r, f, name, e) == -1) {
			rc = -1;
			break;
		}
	free(line);
	if (rc == 0 && items->n == 0)
		rc = bk_fail(e, BK_NONE, "%s: empty listing", name);
	return rc == -1 ? -1 : index_names(items, name, e);
}

int
bk_listing_group(struct bk_listing *items, const char *pattern,
    struct bk_err *e)
{
	struct bk_buf key = {0};
	size_t i;
	int rc = 0;

	for (i = 0; rc != -1 && i < items->n; i++) {
		if (!bk_record_is_backup(items->item[i].r.name))
			continue;
		rc = bk_group_of(pattern, items->item[i].r.name, &key, e);
		if (rc == 1 &&
		    (items->item[i].group = strdup(key.data)) == NULL)
			rc = bk_fail_memory(e);
	}
	bk_buf_free(&key);
	return rc == -1 ? -1 : 0;
}

/* 1 if name equals tail or ends in "/" and tail. */
static int
ends_in(const char *name, const char *tail)
{
	size_t n = strlen(name), g = strlen(tail);

	return n >= g && strcmp(name + n - g, tail) == 0 &&
	    (n == g || name[n - g - 1] == '/');
}

size_t
bk_listing_find(struct bk_listing *items, const char *tail,
    void (*found)(struct bk_listed *, void *), void *ctx)
{
	const char *base = base_name(tail);
	size_t lo = 0, hi = items->n, mid, count = 0;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (strcmp(items->by_base[mid]->base, base) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < items->n; lo++) {
		struct bk_listed *item = items->by_base[lo];

		if (strcmp(item->base, base) != 0)
			break;
		if (!ends_in(item->r.name, tail))
			continue;
		count++;
		if (found != NULL)
			found(item, ctx);
	}
	return count;
}

/* Separate reasons, which begin at start, by commas. */
static int
comma(struct bk_buf *b, size_t start, struct bk_err *e)
{
	return b->len > start ? bk_buf_puts(b, ", ", e) : 0;
}

static int
rule_reasons(struct bk_buf *b, size_t start, const struct bk_listed *item,
    const struct bk_policy *p, struct bk_err *e)
{
	int rule;

	for (rule = 0; rule < BK_RULES; rule++) {
		if (item->kept.nth[rule] == 0)
			continue;
		if (comma(b, start, e) == -1 || bk_buf_printf(b, e, "%s %"
		    PRIu64, bk_rule_name((enum bk_rule)rule),
		    item->kept.nth[rule]) == -1)
			return -1;
		if (p->count[rule] != BK_KEEP_ALL && bk_buf_printf(b, e, "/%"
		    PRId64, p->count[rule]) == -1)
			return -1;
		if ((item->kept.oldest & 1U << rule) != 0 &&
		    bk_buf_puts(b, " (the oldest)", e) == -1)
			return -1;
	}
	return 0;
}

int
bk_listed_explain(struct bk_buf *b, const struct bk_listed *item,
    const struct bk_policy *p, struct bk_err *e)
{
	const struct { int applies; const char *label; } others[] = {
		{ item->kept.within, "within" },
		{ item->newest, "newest" },
		{ item->recent > 0, "min-keep" },
		{ item->held, "held" },
		{ item->lately, "stored lately" },
		{ item->last_proven, "last proven" },
		{ item->in_chain, "its chain" },
		{ item->reason != NULL, item->reason },
	};
	size_t start, i;

	if (bk_buf_puts(b, item->expired ? "delete\t" : item->refused ?
	    "refuse\t" : "keep\t", e) == -1 ||
	    bk_record_format(b, &item->r, e) == -1)
		return -1;
	b->data[b->len - 1] = '\t';		/* its newline */
	start = b->len;
	if (rule_reasons(b, start, item, p, e) == -1)
		return -1;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].applies && (comma(b, start, e) == -1 ||
		    bk_buf_puts(b, others[i].label, e) == -1))
			return -1;
	if (b->len == start && bk_buf_puts(b, "no rule", e) == -1)
		return -1;
	return bk_buf_puts(b, "\n", e);
}

int
bk_listing_compare(const struct bk_listed *x, const struct bk_listed *y)
{
	int c;

	if (x->group == NULL || y->group == NULL)
		c = (x->group == NULL) - (y->group == NULL);
	else
		c = strcmp(x->group, y->group);
	if (c == 0)
		c = x->replaces - y->replaces;
	if (c == 0)
		c = (x->r.time < y->r.time) - (x->r.time > y->r.time);
	if (c == 0)
		c = (x->r.nanos < y->r.nanos) - (x->r.nanos > y->r.nanos);
	return c != 0 ? c : (x->chain.start < y->chain.start) -
	    (x->chain.start > y->chain.start);
}

size_t
bk_listing_parent(const struct bk_listed *const item[], size_t n, size_t i)
{
	size_t j, late = n;

	for (j = i + 1; j < n; j++) {
		if (item[j]->chain.start != item[i]->chain.parent)
			continue;
		if (!bk_record_is_late(&item[j]->r))
			return j;
		if (late == n)
			late = j;
	}
	return late;
}

size_t
bk_listing_group_end(const struct bk_listing *items, size_t i)
{
	const struct bk_listed *v = items->item;
	size_t j = i;

	if (i < items->n && v[i].group != NULL)
		while (++j < items->n && v[j].group != NULL &&
		    strcmp(v[i].group, v[j].group) == 0)
			continue;
	return j;
}

void
bk_listing_free(struct bk_listing *items)
{
	size_t i;

	for (i = 0; i < items->n; i++) {
		free(items->item[i].r.name);
		free(items->item[i].group);
	}
	free(items->item);
	free(items->by_base);
	*items = (struct bk_listing){0};
}
