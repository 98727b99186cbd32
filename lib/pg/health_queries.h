#ifndef BK_PG_HEALTH_QUERIES_H
#define BK_PG_HEALTH_QUERIES_H
/* The queries of bk_health_read() (health.h), in their order. */
#include <stddef.h>

enum bk_health_shape {
	BK_HEALTH_ONE,		/* an object; null without a row */
	BK_HEALTH_MANY,		/* an array of objects */
	/*
	 * $1 is how many rows at most.  The first, which comes before those, is
	 * the sum of all: {..., "largest": [...]}.  It has no values in the
	 * first two columns, the others none in the last two.
	 */
	BK_HEALTH_RANKED,
};

struct bk_health_part {
	const char *name;
	enum bk_health_shape shape;
	const char *sql;
	const char *instead;	/* cheaper, tells less; if that failed; NULL */
	int since;		/* on servers from this version on ... */
	const char *newer;	/* ... this is the query; NULL: always sql */
};

extern const struct bk_health_part bk_health_parts[];
extern const size_t bk_health_nparts;

#endif
