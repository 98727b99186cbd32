#ifndef BK_POLICY_HOLDS_H
#define BK_POLICY_HOLDS_H
/* Names in a file: objects and files that must not be deleted meanwhile. */
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "policy/listing.h"

struct bk_hold {
	char *name;
	int found;		/* in a listing */
};

struct bk_holds {		/* start with = {0} */
	struct bk_hold *v;
	size_t n, cap;
};

/*
 * Read the file f, called name in messages: one name or record per line; empty
 * lines and lines starting with '#' are skipped.  0, or -1 with *e set.
 */
int bk_holds_read(struct bk_holds *h, FILE *f, const char *name,
    struct bk_err *e);

/* Mark the items whose names equal a held one or end in "/" and it. */
void bk_holds_apply(struct bk_holds *h, struct bk_listing *items);

/*
 * 0 if each hold named something in the listings that it was applied to; -1
 * with *e set, BK_DATA, for one that did not: it may be misspelt, and its
 * backup would be deleted.
 */
int bk_holds_check(const struct bk_holds *h, const char *name,
    struct bk_err *e);

void bk_holds_free(struct bk_holds *h);

#endif
