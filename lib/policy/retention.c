#include "policy/retention.h"

int
bk_policy_is_empty(const struct bk_policy *p)
{
	int rule;

	for (rule = 0; rule < BK_RULES; rule++)
		if (p->count[rule] != 0)
			return 0;
	return p->within == 0;
}

const char *
bk_rule_name(enum bk_rule rule)
{
	static const char *const name[BK_RULES] = { "last", "hourly", "daily",
	    "weekly", "monthly", "yearly" };

	return name[rule];
}

int
bk_retention_keeps(const struct bk_kept *kept)
{
	int rule;

	for (rule = 0; rule < BK_RULES; rule++)
		if (kept->nth[rule] != 0)
			return 1;
	return kept->within;
}

/* The rule's period of t: of backups in the same one, it keeps one. */
static int64_t
period(const struct bk_policy *p, enum bk_rule rule, time_t t, size_t i)
{
	static const enum bk_period unit[BK_RULES] = {
		[BK_KEEP_HOURLY] = BK_HOUR, [BK_KEEP_DAILY] = BK_DAY,
		[BK_KEEP_WEEKLY] = BK_WEEK, [BK_KEEP_MONTHLY] = BK_MONTH,
		[BK_KEEP_YEARLY] = BK_YEAR,
	};
	struct tm wall;

	/* a time outside the calendar is its own period: kept */
	if (rule == BK_KEEP_LAST || p->wall(&t, &wall) == NULL)
		return -1 - (int64_t)i;
	return bk_calendar_period(unit[rule], &wall);
}

/*
 * The end of the period that begins at i; *best is the backup that stands for
 * it: the newest that was stored in time, else the newest.
 */
static size_t
period_end(const struct bk_policy *p, enum bk_rule rule,
    const struct bk_dated b[], size_t n, size_t i, size_t *best)
{
	int64_t first = period(p, rule, b[i].time, i);

	for (*best = i++; i < n && period(p, rule, b[i].time, i) == first; i++)
		if (b[*best].late && !b[i].late)
			*best = i;
	return i;
}

/* The rule has kept used so far, and i is the oldest. */
static void
keep_oldest(enum bk_rule rule, uint64_t used, size_t i, struct bk_kept kept[])
{
	if (kept[i].nth[rule] != 0)
		return;
	kept[i].nth[rule] = used + 1;
	kept[i].oldest |= 1U << rule;
}

static void
apply(const struct bk_policy *p, enum bk_rule rule, const struct bk_dated b[],
    size_t n, struct bk_kept kept[])
{
	uint64_t most = (uint64_t)p->count[rule]; /* ALL: 2^64-1 */
	uint64_t all = 0, timely = 0, nth;	/* periods */
	size_t i, end, best;

	for (i = 0; i < n && timely < most; i = end) {
		end = period_end(p, rule, b, n, i, &best);
		all++;
		timely += !b[best].late;
		nth = b[best].late ? all : timely;
		if (nth <= most)
			kept[best].nth[rule] = nth;
	}
	if (n > 0 && b[n - 1].late && all < most)
		keep_oldest(rule, all, n - 1, kept);
	for (i = n; i > 0 && b[i - 1].late; i--)
		continue;
	if (i > 0 && timely < most)
		keep_oldest(rule, timely, i - 1, kept);
}

void
bk_retention(const struct bk_policy *p, const struct bk_dated b[], size_t n,
    struct bk_kept kept[])
{
	const struct bk_dated *newest = NULL;	/* stored in time */
	size_t i;
	int rule;

	for (i = 0; i < n; i++) {
		if (newest == NULL && !b[i].late)
			newest = &b[i];
		kept[i] = (struct bk_kept){0};
		kept[i].within = p->within > 0 && (uint64_t)((b[i].late ? b :
		    newest)->time - b[i].time) < p->within;
	}
	for (rule = 0; rule < BK_RULES; rule++)
		apply(p, (enum bk_rule)rule, b, n, kept);
}
