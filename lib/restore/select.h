#ifndef BK_RESTORE_SELECT_H
#define BK_RESTORE_SELECT_H
/* Which entries of a TOC belong to the named tables and schemas. */
#include "archive/archive.h"

struct bk_restore_names {
	const char *const *table;	/* "name" or "schema.name" */
	size_t ntables;
	const char *const *schema;
	size_t nschemas;
};

/*
 * One byte for each entry of toc, 1: selected.  A table includes its
 * partitions, column defaults, own sequences, indexes, constraints, triggers,
 * rules, policies, comments and privileges; a schema everything in it.  Free
 * with free().  NULL with *e set: BK_NONE if toc has nothing of a given name.
 */
unsigned char *bk_restore_select(const struct bk_toc *toc,
    const struct bk_restore_names *names, struct bk_err *e);

#endif
