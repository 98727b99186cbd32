#include "policy/wal.h"

#include <stdlib.h>
#include <string.h>

#include "listing/stamp.h"
#include "walfile/wal_name.h"

/*
 * 1 if name is that of a segment, whole or not, or of a .backup file; *position
 * is then where it is.
 */
static int
has_position(const char *name, uint64_t *position)
{
	enum bk_wal_file kind = bk_wal_file_suffixed(name, position);

	return kind != BK_WAL_FILE_OTHER && kind != BK_WAL_FILE_HISTORY;
}

static int
is_segment(const char *name, uint64_t *position)
{
	return bk_wal_file_is_segment(bk_wal_file_suffixed(name, position));
}

static int
is_kind(const char *name, enum bk_wal_file kind)
{
	uint64_t ignored;

	return bk_wal_file_suffixed(name, &ignored) == kind;
}

static int
check_one_archive(const struct bk_listing *wal, struct bk_err *e)
{
	const struct bk_listed *item, *first = NULL;
	size_t len = 0, n;
	uint64_t pos;

	for (item = wal->item; item < wal->item + wal->n; item++) {
		if (!has_position(item->r.name, &pos))
			continue;
		n = bk_wal_name_archive(item->r.name);
		if (first == NULL) {
			first = item;
			len = n;
		} else if (n != len || strncmp(item->r.name, first->r.name,
		    n) != 0)
			return bk_fail(e, BK_DATA, "%s: not in the same "
			    "archive as %s; list one archive at a time",
			    item->r.name, first->r.name);
	}
	return first != NULL ? 0 : bk_fail(e, BK_DATA, "%s: no name in the "
	    "listing is a WAL file's, this one included", wal->item[0].r.name);
}

/*
 * The start in the newest .backup file not younger than t; 0 if there is none.
 */
static uint64_t
start_by_file(const struct bk_listing *wal, time_t t)
{
	const struct bk_listed *item, *best = NULL;
	uint64_t pos, start = 0;

	for (item = wal->item; item < wal->item + wal->n; item++) {
		if (bk_wal_file_suffixed(item->r.name, &pos) !=
		    BK_WAL_FILE_BACKUP ||
		    item->r.time > t || (best != NULL &&
		    (item->r.time < best->r.time ||
		    (item->r.time == best->r.time && pos >= start))))
			continue;
		best = item;
		start = pos;
	}
	return start;
}

/*
 * The first position stored later than BK_WAL_MARGIN before t, even if later
 * ones were stored before: a clock may have stepped.  0: there is none.
 */
static uint64_t
start_by_time(const struct bk_listing *wal, time_t t)
{
	const struct bk_listed *item;
	uint64_t pos, start = 0;
	time_t stored;

	for (item = wal->item; item < wal->item + wal->n; item++) {
		stored = bk_record_stored(&item->r);
		if (is_segment(item->r.name, &pos) &&
		    stored > t - BK_WAL_MARGIN && (start == 0 || pos < start))
			start = pos;
	}
	return start;
}

/* The first position that may hold {chain}'s, however long segments are. */
static uint64_t
start_by_chain(uint64_t lsn)
{
	const uint64_t low = UINT32_MAX;

	return (lsn & ~low) | ((lsn & low) / BK_WAL_SEGMENT_MAX);
}

/*
 * The first position that recovery from base may need: 1, or 0: unknown.  A
 * name without an instant has the time at which it was stored: a .backup file
 * of shortly before may be another's, which began later and ended earlier.
 */
static int
find_start(const struct bk_listing *wal, const struct bk_listed *base,
    uint64_t *start)
{
	struct bk_stamp stamp;
	uint64_t bound[3] = {0};
	time_t began = base->r.time - BK_WAL_MARGIN;
	size_t i;

	if (bk_wal_name_find(base->r.name, start))
		return 1;
	bound[0] = start_by_chain(base->chain.start);
	if (bk_stamp_find(base->r.name, &stamp)) {
		began = stamp.time < base->r.time ? stamp.time : base->r.time;
		bound[1] = start_by_time(wal, began);
	}
	bound[2] = start_by_file(wal, began);
	*start = bound[0];
	for (i = 1; i < 3; i++)
		if (bound[i] > *start)
			*start = bound[i];
	return *start != 0 || base->chain.start != 0;
}

/*
 * When the base backup r was complete, or the latest that it may have been: the
 * time in its name is that of its start.
 */
static time_t
completed(const struct bk_record *r)
{
	struct bk_stamp stamp;

	if (r->stored != 0)
		return r->stored;
	return bk_stamp_find(r->name, &stamp) && stamp.time == r->time ?
	    r->time + BK_RECORD_LATE : r->time;
}

/* The newest base backup completed by t: recovery to t starts from it. */
static const struct bk_listed *
base_before(const struct bk_listing *bases, time_t t)
{
	const struct bk_listed *base, *best = NULL;

	for (base = bases->item; base < bases->item + bases->n; base++)
		if (bk_record_is_backup(base->r.name) &&
		    completed(&base->r) <= t && (best == NULL ||
		    base->r.time > best->r.time))
			best = base;
	return best;
}

/* The first position needed by a kept base backup or by recovery to t. */
static int
first_needed(const struct bk_listing *wal, const struct bk_listing *bases,
    time_t t, uint64_t *first, struct bk_err *e)
{
	const struct bk_listed *base, *before = base_before(bases, t);
	size_t kept = 0;
	uint64_t start;

	*first = UINT64_MAX;
	for (base = bases->item; base < bases->item + bases->n; base++) {
		if ((base->expired && base != before) ||
		    !bk_record_is_backup(base->r.name))
			continue;
		if (!find_start(wal, base, &start))
			return bk_fail(e, BK_DATA, "%s: cannot tell where its "
			    "WAL begins: no segment and no {chain} in its "
			    "name, no .backup file before it in the archive, "
			    "and no time in its name since which WAL was "
			    "stored", base->r.name);
		if (start < *first)
			*first = start;
		kept++;
	}
	return kept > 0 ? 0 : bk_fail(e, BK_DATA, "no base backup is kept");
}

static int
compare_names(const void *a, const void *b)
{
	const struct bk_listed *x = *(struct bk_listed *const *)a;
	const struct bk_listed *y = *(struct bk_listed *const *)b;

	return strncmp(bk_wal_name_base(x->r.name), bk_wal_name_base(y->r.name),
	    BK_WAL_DIGITS);
}

/*
 * Let go each .partial file whose whole segment is there as well, stored for
 * as long as g demands.
 */
static int
judge_partial(struct bk_listing *wal, const struct bk_guards *g,
    struct bk_err *e)
{
	struct bk_listed **whole = calloc(wal->n, sizeof(*whole)), *item;
	size_t n = 0;

	if (whole == NULL)
		return bk_fail_memory(e);
	for (item = wal->item; item < wal->item + wal->n; item++)
		if (is_kind(item->r.name, BK_WAL_FILE_SEGMENT) &&
		    !bk_prune_is_recent(&item->r, g))
			whole[n++] = item;
	qsort(whole, n, sizeof(*whole), compare_names);
	for (item = wal->item; item < wal->item + wal->n; item++)
		if (is_kind(item->r.name, BK_WAL_FILE_PARTIAL) &&
		    !item->held &&
		    bsearch(&item, whole, n, sizeof(*whole),
		    compare_names) != NULL) {
			item->reason = NULL;
			item->expired = 1;
		}
	free(whole);
	return 0;
}

/* Let go what is before first and not in the window that ends with newest. */
static void
judge_segments(struct bk_listing *wal, uint64_t first, time_t newest,
    uint64_t window)
{
	struct bk_listed *item;
	uint64_t pos;

	for (item = wal->item; item < wal->item + wal->n; item++) {
		item->reason = NULL;
		if (!has_position(item->r.name, &pos))
			item->reason = "no segment";
		else if (pos >= first)
			item->reason = "needed by a base backup";
		else if ((uint64_t)(newest - item->r.time) < window)
			item->reason = "in the recovery window";
		item->expired = item->reason == NULL && !item->held;
	}
}

int
bk_wal_judge(struct bk_listing *wal, const struct bk_listing *bases,
    uint64_t window, const struct bk_guards *g, struct bk_err *e)
{
	struct bk_listed *item, *end = wal->item + wal->n;
	uint64_t first;
	time_t newest = 0;
	size_t expired = 0;
	int rc = bk_prune_check_clock(wal, g, e);

	wal->judged = 1;
	for (item = wal->item; item < end; item++) {
		item->reason = "nothing is decided";
		if (item->r.time > newest)
			newest = item->r.time;
	}
	if (check_one_archive(wal, e) == -1 ||
	    first_needed(wal, bases, (time_t)((uint64_t)newest < window ? 0 :
	    (uint64_t)newest - window), &first, e) == -1)
		return -1;
	judge_segments(wal, first, newest, window);
	if (judge_partial(wal, g, e) == -1)
		return -1;
	for (item = wal->item; item < end; item++)
		expired += (size_t)item->expired;
	if (bk_prune_check_share(expired, wal->n, "WAL", g, e) == -1)
		rc = -1;
	return rc;
}
