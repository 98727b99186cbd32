#ifndef BK_BASEBACKUP_BASE_READY_H
#define BK_BASEBACKUP_BASE_READY_H
/*
 * Can a base backup be made?  Settings and rights are asked for, in part by an
 * ordinary connection where there can be one, and nothing is changed: a
 * replication slot that is tried ends with the session.
 */
#include "base/ready.h"
#include "basebackup/base_backup.h"

/*
 * Report a line for each thing checked, "what: how it is; remedy".  0; -1
 * with *e set if there is a problem, or no connection.
 */
int bk_base_ready(const struct bk_base_backup *o,
    void (*report)(enum bk_ready how, const char *line), struct bk_err *e);

#endif
