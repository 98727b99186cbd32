#ifndef BK_DUMP_DUMP_READY_H
#define BK_DUMP_DUMP_READY_H
/* Can a dump be made?  Nothing is locked, exported or written. */
#include "base/ready.h"
#include "dump/dump.h"

/*
 * Report on the connection, pg_dump, the rights of this role and the clock, and
 * set the label that the dump would have now.  0; -1 with *e set: there is no
 * connection, or no pg_dump for it.
 */
int bk_dump_ready(const struct bk_dump *o,
    void (*report)(enum bk_ready how, const char *text),
    struct bk_label *label, struct bk_err *e);

#endif
