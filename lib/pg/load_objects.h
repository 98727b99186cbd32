#ifndef BK_PG_LOAD_OBJECTS_H
#define BK_PG_LOAD_OBJECTS_H
/* Large objects' content, many pieces in one round trip. */
#include <libpq-fe.h>

#include "load_queue.h"

/* Write the pieces of c into objects that exist.  0; -1 with *e set. */
int bk_load_put_objects(PGconn *conn, const struct bk_chunk *c,
    struct bk_err *e);

#endif
