#ifndef BK_LISTING_STAMP_H
#define BK_LISTING_STAMP_H
/*
 * The instant in a name, as templates (template.h) write it: {utc},
 * "20261121T052719Z"; or {date} and, anywhere after it, {time}:
 * "2026-11-21/shop-052719".  A date or a time alone is not an instant.
 */
#include <stddef.h>
#include <time.h>

struct bk_stamp {
	time_t time;
	size_t at, len;		/* of {utc} or {date} in the name */
	size_t time_at, time_len;	/* of {time}; 0, 0: it was {utc} */
};

/* The length of "20261121T052719Z" at s with its instant in *t; 0: none. */
size_t bk_stamp_utc(const char *s, time_t *t);

/* The length of a date "2026-11-21" at s, midnight UTC in *t; 0: none. */
size_t bk_stamp_date(const char *s, time_t *t);

/*
 * Find the last {utc} in name; without one the last {date} that has a {time}
 * after it, and of these the last.  Neither touches another digit.  1 with
 * *s, or 0.
 */
int bk_stamp_find(const char *name, struct bk_stamp *s);

#endif
