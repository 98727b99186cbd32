#ifndef BK_LISTING_TEMPLATE_H
#define BK_LISTING_TEMPLATE_H
/*
 * Name templates for objects and files: {db} {host} {utc} {date} {time} {tier}
 * {chain}.
 * No '%', which cron eats.  In a value, everything but letters, digits, UTF-8
 * and "._-+=@" is percent-encoded, as is a leading dot: a database called
 * "../x" names no other directory.
 */
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_template_vars {
	const char *db;		/* NULL or "": unknown */
	const char *host;
	const char *tier;
	const char *chain;	/* of a base backup */
	time_t now;		/* {utc} 20261121T052719Z, {date}
				 * 2026-11-21, {time} 052719 */
};

/*
 * Append tmpl to *out with its variables expanded.  BK_USAGE for an unknown
 * variable, an unmatched brace, or a variable whose value is unknown; BK_FAIL:
 * now is not in the years that utctime.h knows.
 */
int bk_template_expand(const char *tmpl, const struct bk_template_vars *v,
    struct bk_buf *out, struct bk_err *e);

#endif
