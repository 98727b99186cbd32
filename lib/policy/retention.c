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

static void
apply(const struct bk_policy *p, enum bk_rule rule, const time_t time[],
    size_t n, struct bk_kept kept[])
{
	uint64_t left = (uint64_t)p->count[rule], used = 0; /* ALL: 2^64-1 */
	int64_t last = 0, current;
	size_t i;

	for (i = 0; i < n && left > 0; i++) {
		current = period(p, rule, time[i], i);
		if (used > 0 && current == last) {
			if (i + 1 < n)
				continue;
			kept[i].oldest |= 1U << rule;
		}
		kept[i].nth[rule] = ++used;
		last = current;
		left--;
	}
}

void
bk_retention(const struct bk_policy *p, const time_t time[], size_t n,
    struct bk_kept kept[])
{
	size_t i;
	int rule;

	for (i = 0; i < n; i++) {
		kept[i] = (struct bk_kept){0};
		kept[i].within = p->within > 0 &&
		    (uint64_t)(time[0] - time[i]) < p->within;
	}
	for (rule = 0; rule < BK_RULES; rule++)
		apply(p, (enum bk_rule)rule, time, n, kept);
}
