#ifndef BK_ARCHIVE_TOC_ROLES_H
#define BK_ARCHIVE_TOC_ROLES_H
/*
 * The roles that an archive's definitions name: owners, grantees of privileges
 * and default privileges, roles of policies, and users of user mappings.  Not
 * those of the database itself and of subscriptions.
 */
#include "archive/archive.h"

struct bk_toc_role {
	const char *name;	/* valid during the call; not "public" */
	int owner;		/* of an entry */
	int super;		/* owns what only a superuser may own */
};

/*
 * Call each for every mention of a role, in the archive's encoding: a role may
 * come more than once.  0, or -1 with *e set: by each, or memory.
 */
int bk_toc_roles(const struct bk_toc *toc, int (*each)(void *ctx,
    const struct bk_toc_role *role, struct bk_err *e), void *ctx,
    struct bk_err *e);

#endif
