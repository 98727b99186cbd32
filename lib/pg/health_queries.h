#ifndef BK_PG_HEALTH_QUERIES_H
#define BK_PG_HEALTH_QUERIES_H
/* The queries of bk_health_read() (health.h), in their order. */
#include <stddef.h>

enum bk_health_shape {
	BK_HEALTH_ONE,		/* an object; null without a row */
	BK_HEALTH_MANY,		/* an array of objects */
	/*
	 * {..., "largest": [...]}: the first row is the total of all, without
	 * the first two columns; up to $1 more rows are the largest, without
	 * the last two columns.
	 */
	BK_HEALTH_RANKED,
};

struct bk_health_part {
	const char *name;
	enum bk_health_shape shape;
	const char *sql;
	const char *instead;	/* cheaper, less exact; if sql fails; NULL */
	int since;		/* on servers of this major or later ... */
	const char *newer;	/* ... use this query; NULL: always sql */
};

extern const struct bk_health_part bk_health_parts[];
extern const size_t bk_health_nparts;

#endif
