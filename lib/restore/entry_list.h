#ifndef BK_RESTORE_ENTRY_LIST_H
#define BK_RESTORE_ENTRY_LIST_H
/*
 * A chosen list of a TOC's entries, in a chosen order, as pg_restore -l writes
 * it and -L reads it: lines that begin with an entry's number; what follows a
 * ';' is a comment.
 */
#include "archive/archive.h"

struct bk_restore_list {	/* start with = {0} */
	size_t *entry;		/* indexes into the TOC; NULL: all, in order */
	size_t n;
	unsigned char *has;	/* one byte for each entry of the TOC */
};

/* Read text.  0; -1 with *e set: BK_DATA if toc has no such entry. */
int bk_restore_list_read(struct bk_restore_list *l, const struct bk_toc *toc,
    const char *text, struct bk_err *e);
void bk_restore_list_free(struct bk_restore_list *l);

/* 1 if entry i of the TOC is wanted. */
int bk_restore_list_has(const struct bk_restore_list *l, size_t i);

#endif
