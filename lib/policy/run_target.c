#include "policy/run_target.h"

#include <string.h>

#include "base/buf.h"
#include "policy/group.h"

int
bk_target_is_known(const char *target)
{
	struct bk_err ignored = {0};

	return *target != '\0' && (strchr(target, '{') == NULL ||
	    bk_group_check(target, &ignored) == -1);
}

int
bk_target_may_be(const char *unknown, const char *target, struct bk_err *e)
{
	struct bk_buf key = {0};
	int rc;

	if (bk_target_is_known(unknown))
		return 0;
	if (*unknown == '\0')
		return 1;
	rc = bk_group_of(unknown, target, &key, e);
	bk_buf_free(&key);
	return rc;
}
