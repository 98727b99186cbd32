#ifndef BK_PG_HEALTH_H
#define BK_PG_HEALTH_H
/*
 * The health of a server and one of its databases, as one JSON document, from
 * which all output formats are made.  The queries (health_queries.c) define its
 * contents; bk-stat(1) lists its keys.
 *
 * A part is an object or an array of objects, whose keys are a query's columns:
 * numbers, booleans, strings.  Times are strings as in base/utctime.h, ages and
 * lags numbers of seconds.  Null: a value that this role may not see, or a part
 * whose query failed.  Strings are UTF-8; invalid bytes are escaped as \xff.
 *
 * One transaction, REPEATABLE READ and READ ONLY.  Its statements do not wait
 * for locks: the size of a relation locked against readers is estimated.
 */
#include <jansson.h>

#include "pg/conn.h"

struct bk_health {
	double seconds;		/* limit for all queries together; > 0 */
	unsigned tables;	/* number of largest tables to list */
};

/*
 * The document, owned by the caller: json_decref().  Its "notes" is an array of
 * strings: what is missing, and why.  NULL with *e set: BK_FAIL if the
 * connection was lost, or if the server does not support such queries at all.
 */
json_t *bk_health_read(PGconn *conn, const struct bk_health *o,
    struct bk_err *e);

#endif
