#ifndef BK_PG_STAT_PARTS_H
#define BK_PG_STAT_PARTS_H
/* The queries of bk_stat_read() (stat.h), in their order. */
#include <stddef.h>

enum bk_stat_shape {
	BK_STAT_ONE,		/* an object; null without a row */
	BK_STAT_MANY,		/* an array of objects */
	/*
	 * $1 is how many rows at most.  The first, which comes before those, is
	 * the sum of all: {..., "largest": [...]}.  It has no values in the
	 * first two columns, the others none in the last two.
	 */
	BK_STAT_RANKED,
};

struct bk_stat_part {
	const char *name;
	enum bk_stat_shape shape;
	const char *sql;
	const char *instead;	/* cheaper, tells less; if that failed; NULL */
	int since;		/* on servers from this version on ... */
	const char *newer;	/* ... this is the query; NULL: always sql */
};

extern const struct bk_stat_part bk_stat_parts[];
extern const size_t bk_stat_nparts;

#endif
