#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/series.h"
#include "policy/tiers.h"
#include "policy/wal_missing.h"

/* The directory of name's archive; "WAL" if name has none. */
static char *
archive_of(const char *name)
{
	size_t len = bk_wal_name_archive(name);

	return len <= 1 ? strdup("WAL") : strndup(name, len - 1);
}

/* By archive, other files last; then newest first. */
static int
compare(const void *a, const void *b)
{
	return bk_listing_compare(a, b);
}

/* Set the group of each segment to its archive. */
static int
group(struct bk_listing *items, const struct bk_fresh *f, struct bk_err *e)
{
	struct bk_listed *item, *end = items->item + items->n;
	struct bk_wal_segment s;
	size_t segments = 0;
	int rc;

	for (item = items->item; item < end; item++) {
		rc = bk_wal_segment_parse(item->r.name, f->segment, &s);
		if (rc == -1)
			return bk_fail(e, BK_DATA, "%s: no segment of %" PRIu64
			    " bytes has this name; see --segment-size",
			    item->r.name, f->segment);
		if (rc == 0)
			continue;
		if ((item->group = archive_of(item->r.name)) == NULL)
			return bk_fail_memory(e);
		segments++;
	}
	return segments > 0 ? 0 : bk_fail(e, BK_DATA, "no name in the listing "
	    "is a WAL segment's");
}

/* n > 0 segments of one archive, the newest first. */
static int
judge_one(struct bk_subjects *out, const struct bk_listed *item, size_t n,
    const struct bk_fresh *f, struct bk_err *e)
{
	struct bk_wal_segment *v = calloc(n, sizeof(*v)), first;
	char name[BK_WAL_NAME];
	struct bk_subject *s;
	uint64_t missing;
	size_t i;
	int rc = -1;

	if (v == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	for (i = 0; i < n; i++)
		(void)bk_wal_segment_parse(item[i].r.name, f->segment, &v[i]);
	s = bk_subjects_add(out, BK_SUBJECT_WAL, item[0].group, item[0].group,
	    e);
	if (s == NULL || bk_tiers_add(s, item, n, e) == -1)
		goto done;
	missing = bk_wal_missing_count(v, n, &first);
	bk_subject_set(s, BK_METRIC_MISSING, missing, f);
	bk_subject_set(s, BK_METRIC_COUNT, n, f);
	if (missing > 0) {
		bk_wal_segment_format(&first, f->segment, name);
		if (bk_subject_note(s, e, "the first is %s", name) == -1)
			goto done;
	}
	rc = bk_subject_date(s, f->stored > item[0].r.time ? f->stored :
	    item[0].r.time, f, e);
 done:
	free(v);
	return rc;
}

int
bk_series_judge_wal(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e)
{
	struct bk_listed *v = items->item;
	size_t i, j;

	if (group(items, f, e) == -1)
		return -1;
	qsort(v, items->n, sizeof(*v), compare);
	i = bk_listing_group_end(items, 0);
	if (f->stored != 0 && bk_listing_group_end(items, i) > i)
		return bk_fail(e, BK_DATA, "more than one WAL archive, %s and "
		    "%s: --lag is of one; list one", v[0].group, v[i].group);
	for (i = 0; (j = bk_listing_group_end(items, i)) > i; i = j)
		if (judge_one(out, &v[i], j - i, f, e) == -1)
			return -1;
	return 0;
}
