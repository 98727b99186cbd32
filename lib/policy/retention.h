#ifndef BK_POLICY_RETENTION_H
#define BK_POLICY_RETENTION_H
/*
 * Which backups of one series a policy keeps, as restic 0.17 and later
 * define it:
 *
 * Newest first.  A rule keeps the newest backup of each of the newest N
 * calendar periods that have one; --keep-last, the newest N backups.  While a
 * rule has some of its N left, the oldest backup of all is kept too.  Each
 * rule counts on its own, and what any rule keeps is kept: one backup may be
 * the daily, the weekly and the monthly one.  Besides, all are kept that are
 * younger than a time, counted back from the newest backup.
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

#define BK_KEEP_ALL (-1)	/* a count without limit */

struct bk_policy {
	int64_t count[BK_RULES];	/* 0: no such rule; BK_KEEP_ALL */
	uint64_t within;		/* seconds; 0: no such rule */
	bk_calendar_fn *wall;		/* whose calendar */
};

/* Why a backup is kept. */
struct bk_kept {
	uint64_t nth[BK_RULES];	/* the rule's first, second ...; 0: not it */
	unsigned oldest;	/* 1 << rule: only because it is the oldest */
	int within;
};

/* 1 if p has no rule: it would keep nothing. */
int bk_policy_is_empty(const struct bk_policy *p);

/* "daily", "last": a rule's name. */
const char *bk_rule_name(enum bk_rule rule);

/* 1 if it is kept by a rule. */
int bk_retention_keeps(const struct bk_kept *kept);

/*
 * Fill in kept[0] to kept[n - 1] for backups of the times time[0] >= ... >=
 * time[n - 1].
 */
void bk_retention(const struct bk_policy *p, const time_t time[], size_t n,
    struct bk_kept kept[]);

#endif
