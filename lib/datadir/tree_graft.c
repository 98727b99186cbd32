/* Another tree in a tree (tree.h), which is undone if it cannot be. */
#include "datadir/tree_in.h"

#include <string.h>

#include "base/grow.h"

static int
add_graft(struct bk_tree *t, const char *path, struct bk_tree *other,
    struct bk_err *e)
{
	struct bk_graft *more;
	char *copy;

	if (bk_tree_refuse_stopped(t, e) == -1)
		return -1;
	more = bk_grow(t->graft, t->ngraft, NULL, sizeof(*more), e);
	if (more == NULL)
		return -1;
	t->graft = more;
	if ((copy = strdup(path)) == NULL)
		return bk_fail_memory(e);
	more[t->ngraft++] = (struct bk_graft){ copy, other };
	return 0;
}

int
bk_tree_graft(struct bk_tree *t, const char *path, struct bk_tree *other,
    struct bk_err *e)
{
	int rc;

	pthread_mutex_lock(&t->lock);
	rc = add_graft(t, path, other, e);
	pthread_mutex_unlock(&t->lock);
	if (rc == -1) {
		bk_tree_undo(other);
		bk_tree_free(other);
	}
	return rc;
}
