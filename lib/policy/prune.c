#include "policy/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/*
 * By series, without a series last; then newest first, and of one time, such as
 * a copy gives to all files, by name: most have the real time in it.
 */
static int
compare(const void *a, const void *b)
{
	const struct bk_listed *x = *(struct bk_listed *const *)a;
	const struct bk_listed *y = *(struct bk_listed *const *)b;
	int c = bk_listing_compare(x, y);

	if (c == 0)
		c = strcmp(y->r.name, x->r.name);
	return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

/* t is the time of name, or of what belongs to it. */
static int
check_time(const char *name, const char *what, time_t t,
    const struct bk_guards *g, struct bk_err *e)
{
	char ahead[BK_NUM_TEXT];

	if (t <= g->now || (uint64_t)(t - g->now) <= g->max_ahead)
		return 0;
	bk_duration_format((uint64_t)(t - g->now), ahead);
	return bk_fail(e, BK_DATA, "%s: %sdated %s in the future, or this "
	    "host's clock is slow; nothing is deleted", name, what, ahead);
}

int
bk_prune_check_clock(const struct bk_listing *items, const struct bk_guards *g,
    struct bk_err *e)
{
	const struct bk_listed *item;

	for (item = items->item; item < items->item + items->n; item++)
		if (check_time(item->r.name, "", item->r.time, g, e) == -1 ||
		    (item->proof != 0 && check_time(item->r.name,
		    "its newest receipt is ", item->proof_time, g, e) == -1))
			return -1;
	return 0;
}

int
bk_prune_check_share(size_t expired, size_t n, const char *label,
    const struct bk_guards *g, struct bk_err *e)
{
	if ((double)expired * 100 <= (double)n * g->max_share)
		return 0;
	return bk_fail(e, BK_DATA, "%s: %zu of %zu would be deleted at once, "
	    "more than %u%%; check with --explain, then use --first-run or "
	    "--max-share",
	    label, expired, n, g->max_share);
}

/*
 * 1 if text, a name or a series, is of this tier: a directory, the word before
 * the time, or what {tier} matched.
 */
static int
is_of_tier(const char *text, const char *tier)
{
	size_t n = strlen(tier);
	const char *s;
	char before;
	const char *after;

	for (s = text; (s = strstr(s, tier)) != NULL; s++) {
		before = '/';
		if (s > text)
			before = s[-1];
		after = s + n;
		if (before == '/' && (*after == '/' || *after == '\0'))
			return 1;
		if (strchr("/_-.", before) != NULL && *after != '\0' &&
		    strchr("_-.", *after) != NULL && after[1] == '*')
			return 1;
	}
	return 0;
}

/* The backup interval in seconds that its tier implies, or 0. */
static uint64_t
tier_period(const struct bk_listed *item)
{
	static const struct { const char *tier; enum bk_period p; } tiers[] = {
		{ "weekly", BK_WEEK }, { "monthly", BK_MONTH },
		{ "yearly", BK_YEAR },
	};
	size_t i;

	for (i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++)
		if (is_of_tier(item->r.name, tiers[i].tier) ||
		    is_of_tier(item->group, tiers[i].tier))
			return bk_calendar_seconds(tiers[i].p);
	return 0;
}

static uint64_t
due_period(const struct bk_policy *p, const struct bk_listed *newest)
{
	uint64_t due = bk_calendar_seconds(BK_DAY), tier = tier_period(newest);

	if (p->count[BK_KEEP_LAST] == 0 && p->count[BK_KEEP_HOURLY] == 0 &&
	    p->count[BK_KEEP_DAILY] == 0 && p->within == 0)
		due = bk_calendar_seconds(p->count[BK_KEEP_WEEKLY] != 0 ?
		    BK_WEEK : p->count[BK_KEEP_MONTHLY] != 0 ? BK_MONTH :
		    BK_YEAR);
	return tier > due ? tier : due;
}

static int
check_fresh(const struct bk_listed *newest, const struct bk_policy *p,
    const struct bk_guards *g, struct bk_err *e)
{
	uint64_t limit = g->fresh, age;
	char age_text[BK_NUM_TEXT], limit_text[BK_NUM_TEXT];

	if (limit == BK_PRUNE_AUTO)
		limit = 2 * due_period(p, newest);
	if (limit == 0 || newest->r.time >= g->now)
		return 0;
	if ((age = (uint64_t)(g->now - newest->r.time)) <= limit)
		return 0;
	bk_duration_format(age, age_text);
	bk_duration_format(limit, limit_text);
	return bk_fail(e, BK_DATA, "%s: the newest backup is %s old, more than "
	    "%s; is the backup job still running? see --require-fresh",
	    newest->r.name, age_text, limit_text);
}

int
bk_prune_is_recent(const struct bk_record *r, const struct bk_guards *g)
{
	const time_t stored = bk_record_stored(r);

	/* the store's clock may be ahead of ours */
	return g->min_stored > 0 && (stored > g->now ||
	    (uint64_t)(g->now - stored) < g->min_stored);
}

/* The next version of the same backup; NULL: none. */
static struct bk_listed *
replacement(const struct bk_listed *item)
{
	return item->later != NULL && item->later->replaces ? item->later :
	    NULL;
}

/* What is known of any version of a backup. */
static void
any_version(const struct bk_listed *item, const struct bk_guards *g,
    int *proven, int *recent)
{
	*proven = *recent = 0;
	for (; item != NULL; item = replacement(item)) {
		*proven |= item->proof > 0;
		*recent |= bk_prune_is_recent(&item->r, g);
	}
}

/*
 * Keep what the guards protect: of those stored in time, what they protected
 * if there was no late one.
 */
static void
protect(struct bk_listed *item[], size_t n, const struct bk_guards *g)
{
	size_t i, nth, timely = 0;
	int late, proven, recent, before = 0, timely_before = 0;

	for (i = 0; i < n; i++) {
		any_version(item[i], g, &proven, &recent);
		late = bk_record_is_late(&item[i]->r);
		nth = late ? i : timely++;
		item[i]->newest = nth == 0;
		item[i]->recent = nth < g->min_keep ? nth + 1 : 0;
		item[i]->last_proven = proven &&
		    !(late ? before : timely_before);
		before |= proven;
		timely_before |= proven && !late;
		item[i]->expired = !item[i]->newest && item[i]->recent == 0 &&
		    !item[i]->last_proven && !item[i]->held &&
		    !bk_retention_keeps(&item[i]->kept);
		item[i]->lately = item[i]->expired && recent;
		item[i]->expired &= !item[i]->lately;
	}
}

/* Mark what is of the same chain as a kept one; the roots by item. */
static void
keep_chains(struct bk_listed *item[], size_t n, const size_t root[])
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!item[i]->expired)
			item[root[i]]->in_chain = 1;
	for (i = 0; i < n; i++)
		item[i]->in_chain = item[i]->expired && item[root[i]]->in_chain;
	for (i = 0; i < n; i++)
		item[i]->expired &= !item[i]->in_chain;
}

/*
 * An increment is of no use without those that it builds on: a chain is kept,
 * or let go, as a whole.  BK_DATA if what one builds on is not listed.
 */
static int
join_chains(struct bk_listed *item[], size_t n, struct bk_err *e)
{
	size_t *root = calloc(n, sizeof(*root)), i, parent;
	int rc = root == NULL ? bk_fail_memory(e) : 0;

	for (i = n; rc == 0 && i-- > 0;) {
		root[i] = i;
		if (item[i]->chain.parent == 0)
			continue;
		if ((parent = bk_listing_parent(
		    (const struct bk_listed *const *)item, n, i)) < n)
			root[i] = root[parent];
		else
			rc = bk_fail(e, BK_DATA, "%s: the backup that this "
			    "increment builds on is not listed in its series; "
			    "delete the increment, list the whole chain, or "
			    "give --group a pattern that has both",
			    item[i]->r.name);
	}
	if (rc == 0)
		keep_chains(item, n, root);
	free(root);
	return rc;
}

/* The share guard; if timely for those stored in time alone. */
static int
check_share(struct bk_listed *const item[], size_t n, int timely,
    const struct bk_guards *g, struct bk_err *e)
{
	size_t i, counted = 0, expired = 0;

	for (i = 0; i < n; i++) {
		if (timely && bk_record_is_late(&item[i]->r))
			continue;
		counted++;
		expired += (size_t)item[i]->expired;
	}
	return bk_prune_check_share(expired, counted, item[0]->group, g, e);
}

/* The newest that was stored in time; else the newest. */
static const struct bk_listed *
newest(struct bk_listed *const item[], size_t n)
{
	size_t i = 0;

	while (i < n && bk_record_is_late(&item[i]->r))
		i++;
	return item[i < n ? i : 0];
}

/* Let nothing of a series go that looks wrong. */
static void
guard(struct bk_listed *item[], size_t n, const struct bk_policy *p,
    const struct bk_guards *g)
{
	struct bk_err why = {0};
	size_t i;

	if (join_chains(item, n, &why) == 0 &&
	    check_fresh(newest(item, n), p, g, &why) == 0 &&
	    check_share(item, n, 1, g, &why) == 0 &&
	    check_share(item, n, 0, g, &why) == 0)
		return;
	for (i = 0; i < n; i++) {
		item[i]->refused = item[i]->expired;
		item[i]->expired = 0;
	}
	if (g->refuse != NULL)
		g->refuse(why.msg);
}

/* n items of one series, the newest first. */
static int
judge_series(struct bk_listed *item[], size_t n, const struct bk_policy *p,
    const struct bk_guards *g, struct bk_err *e)
{
	struct bk_kept *kept = calloc(n, sizeof(*kept));
	struct bk_dated *dated = calloc(n, sizeof(*dated));
	size_t i;
	int rc = -1;

	if (kept == NULL || dated == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	for (i = 0; i < n; i++)
		dated[i] = (struct bk_dated){ item[i]->r.time,
		    bk_record_is_late(&item[i]->r) };
	bk_retention(p, dated, n, kept);
	for (i = 0; i < n; i++)
		item[i]->kept = kept[i];
	protect(item, n, g);
	guard(item, n, p, g);
	rc = 0;
 done:
	free(kept);
	free(dated);
	return rc;
}

/* The end of the series that begins at i. */
static size_t
series_end(struct bk_listed *const item[], size_t n, size_t i)
{
	size_t end = i + 1;

	while (end < n && item[end]->group != NULL &&
	    strcmp(item[end]->group, item[i]->group) == 0)
		end++;
	return end;
}

static int
compare_lsn(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Keep what an increment of another series builds on: weekly full backups and
 * daily increments, one of a standby.  need has room for a position of each
 * item.  How many more are kept.
 */
static size_t
keep_parents(struct bk_listing *items, uint64_t need[])
{
	struct bk_listed *item, *end = items->item + items->n;
	size_t n = 0, kept = 0;

	for (item = items->item; item < end; item++)
		if (!item->expired && !item->replaces &&
		    item->chain.parent != 0)
			need[n++] = item->chain.parent;
	qsort(need, n, sizeof(*need), compare_lsn);
	for (item = items->item; item < end; item++) {
		if (!item->expired || item->chain.start == 0 ||
		    bsearch(&item->chain.start, need, n, sizeof(*need),
		    compare_lsn) == NULL)
			continue;
		item->expired = 0;
		item->in_chain = 1;
		kept++;
	}
	return kept;
}

static int
keep_all_parents(struct bk_listing *items, struct bk_err *e)
{
	uint64_t *need = calloc(items->n, sizeof(*need));

	if (need == NULL)
		return bk_fail_memory(e);
	while (keep_parents(items, need) > 0)
		continue;
	free(need);
	return 0;
}

/* The items that are backups of their own, sorted; how many in *n. */
static struct bk_listed **
sort_backups(struct bk_listing *items, size_t *n, struct bk_err *e)
{
	struct bk_listed **item = calloc(items->n, sizeof(*item));
	size_t i;

	*n = 0;
	if (item == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	for (i = 0; i < items->n; i++)
		if (!items->item[i].replaces)
			item[(*n)++] = &items->item[i];
	qsort(item, *n, sizeof(*item), compare);
	return item;
}

/* What was decided on a backup is for all versions of it. */
static void
spread(struct bk_listed *const item[], size_t n)
{
	struct bk_listed *v;
	size_t i;

	for (i = 0; i < n; i++)
		for (v = item[i]; (v = replacement(v)) != NULL;) {
			v->expired = item[i]->expired;
			v->refused = item[i]->refused;
			v->reason = v->expired || v->refused ? NULL :
			    "of the same name";
		}
}

int
bk_prune_judge(struct bk_listing *items, const struct bk_policy *p,
    const struct bk_guards *g, struct bk_err *e)
{
	struct bk_guards each = *g;
	struct bk_listed **item;
	size_t n, i, end;
	int rc = bk_prune_check_clock(items, g, e);

	if (bk_policy_is_empty(p))
		rc = bk_fail(e, BK_DATA, "no retention rule above 0: nothing "
		    "would be kept; give at least one of -l -H -d -w -m -y");
	if (rc == -1)
		each.refuse = NULL;	/* the run is refused, with its cause */
	if ((item = sort_backups(items, &n, e)) == NULL)
		return -1;
	for (i = 0; i < n && item[i]->group != NULL; i = end) {
		end = series_end(item, n, i);
		if (judge_series(item + i, end - i, p, &each, e) == -1)
			rc = -1;
	}
	if (keep_all_parents(items, e) == -1)
		rc = -1;
	if (i == 0)
		rc = bk_fail(e, BK_DATA, bk_record_is_backup(item[0]->r.name) ?
		    "%s: cannot tell its series from its name, nor from any "
		    "other; give a pattern with --group" : "%s: not a backup, "
		    "nor is anything else in the listing; to prune WAL use "
		    "--wal-for",
		    item[0]->r.name);
	for (; i < n; i++)
		item[i]->reason = bk_record_is_backup(item[i]->r.name) ?
		    "of no series" : "no backup";
	spread(item, n);
	free(item);
	items->judged = 1;
	return rc;
}
