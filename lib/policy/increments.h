#ifndef BK_POLICY_INCREMENTS_H
#define BK_POLICY_INCREMENTS_H
/*
 * Full and incremental base backups, told by their names: {chain} in a template
 * (listing/template.h) is
 *
 *	full.0-2000028			a full one, its WAL begins at 0/2000028
 *	incr.0-5000028.0-2000028	an increment to that
 *
 * A chain is a full backup and the increments that build on it, directly or by
 * way of others.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_LINEAGE_TEXT 48	/* the longest and its NUL */

struct bk_lineage {
	uint64_t start;		/* LSN where its WAL begins; 0: not known */
	uint64_t parent;	/* that of what it builds on; 0: it is full */
};

/* Write it; start 0: "". */
void bk_lineage_format(const struct bk_lineage *c, char out[BK_LINEAGE_TEXT]);

/* The length of such a text at s, with *c set; 0: there is none. */
size_t bk_lineage_at(const char *s, struct bk_lineage *c);

/*
 * Find it in the base name of name, as a whole word: where it begins, with *c
 * and its length *len set; or NULL.
 */
const char *bk_lineage_find(const char *name, struct bk_lineage *c,
    size_t *len);

#endif
