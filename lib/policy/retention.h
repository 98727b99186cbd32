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

/* Why a backup is kept. */
struct bk_kept {
	uint64_t nth[BK_RULES];	/* n-th that the rule keeps; 0: not kept */
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
 * Set kept[0] to kept[n - 1] for backups made at time[0] >= ... >=
 * time[n - 1].
 */
void bk_retention(const struct bk_policy *p, const time_t time[], size_t n,
    struct bk_kept kept[]);

#endif
