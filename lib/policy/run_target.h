#ifndef BK_POLICY_RUN_TARGET_H
#define BK_POLICY_RUN_TARGET_H
/*
 * Targets of runs in the audit log.  A run that fails before it knows its
 * database leaves none, or the template that it was given: "s3://b/{db}/x.bk".
 */
#include "base/err.h"

/* 1 if target names something: it is not "" nor a template. */
int bk_target_is_known(const char *target);

/*
 * 1 if the incomplete target unknown of a run may be the target named; 0; -1
 * with *e set: memory.
 */
int bk_target_may_be(const char *unknown, const char *target,
    struct bk_err *e);

#endif
