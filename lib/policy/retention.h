#ifndef BK_POLICY_RETENTION_H
#define BK_POLICY_RETENTION_H
/*
 * Which backups of one series a policy keeps, as in restic 0.17 and later:
 *
 * A rule keeps the newest backup of each of the newest N calendar periods that
 * have one; --keep-last, the newest N backups.  If a rule keeps fewer than N,
 * it also keeps the oldest backup.  Rules count independently, and a backup is
 * kept if any rule keeps it: one may be the daily, the weekly and the monthly.
 * In addition, --keep-within keeps all backups younger than a given time,
 * counted back from the newest.
 *
 * A late backup, stored long after its time, may be a copy, or made to look
 * old.  It takes the place of none that was stored in time: of these, those are
 * kept that were kept if there was no late one.  A late one is kept if it is
 * the newest of a period in which none was stored in time, and the period, of
 * all that have a backup, is one of the newest N; it is within if it is younger
 * than that, counted back from the newest of all.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "policy/calendar.h"

enum bk_rule {
	BK_KEEP_LAST, BK_KEEP_HOURLY, BK_KEEP_DAILY, BK_KEEP_WEEKLY,
	BK_KEEP_MONTHLY, BK_KEEP_YEARLY,
	BK_RULES
};

#define BK_KEEP_ALL (-1)	/* an unlimited count */

struct bk_policy {
	int64_t count[BK_RULES];	/* 0: no such rule; or BK_KEEP_ALL */
	uint64_t within;		/* seconds; 0: no such rule */
	bk_calendar_fn *wall;		/* sets the time zone */
};

struct bk_dated {
	time_t time;
	int late;		/* it was stored long after that */
};

/* Why a backup is kept. */
struct bk_kept {
	/* n-th that the rule keeps, of a late one among all; 0: not kept */
	uint64_t nth[BK_RULES];
	unsigned oldest;	/* bits 1 << rule: kept only as the oldest */
	int within;
};

/* 1 if p has no rule and would keep nothing. */
int bk_policy_is_empty(const struct bk_policy *p);

/* A rule's name: "daily", "last". */
const char *bk_rule_name(enum bk_rule rule);

/* 1 if any rule keeps it. */
int bk_retention_keeps(const struct bk_kept *kept);

/*
 * Set kept[0] to kept[n - 1] for the backups b[0] to b[n - 1], the newest
 * first.
 */
void bk_retention(const struct bk_policy *p, const struct bk_dated b[],
    size_t n, struct bk_kept kept[]);

#endif
