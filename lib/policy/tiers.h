#ifndef BK_POLICY_TIERS_H
#define BK_POLICY_TIERS_H
/*
 * The tiers that the backups of a database are in: what {tier} in a pattern
 * matches, else a directory hourly, daily, weekly, monthly or yearly.
 */
#include <stddef.h>

#include "base/err.h"
#include "policy/freshness.h"
#include "policy/listing.h"

/*
 * The usual name of a tier that the n characters at s are: 1 hourly to 5
 * yearly; 0: none.
 */
int bk_tier_usual(const char *s, size_t n);

/* Set item->tier, by pattern (group.h) unless that is NULL or has no {tier}. */
void bk_tier_find(struct bk_listed *item, const char *pattern);

/* Add what item's newest receipt says to *proven and *refuted (freshness.h). */
void bk_tier_proof(const struct bk_listed *item, time_t *proven,
    time_t *refuted);

/*
 * Set s's tiers, of its n > 0 items: hourly to yearly, then others by name and
 * what is in none.  0, or -1 with *e set: memory.
 */
int bk_tiers_add(struct bk_subject *s, const struct bk_listed *item, size_t n,
    struct bk_err *e);

#endif
