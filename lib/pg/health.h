#ifndef BK_PG_HEALTH_H
#define BK_PG_HEALTH_H
/*
 * The health of a server and of one of its databases, as one JSON document:
 * what there is to see is told in one place, the queries (health_queries.c),
 * and every form of it is made from the document.  bk-stat(1) lists its keys.
 *
 * A part of it is an object or an array of objects, whose keys are a query's
 * columns: numbers, booleans, strings; instants are strings as in
 * base/utctime.h, ages and lags numbers of seconds.  What cannot be seen is
 * null: a value that this role may not see, and a part whose query failed.
 * Strings are UTF-8: of a name that is none, each wrong byte is told as \xff.
 *
 * One transaction, REPEATABLE READ and READ ONLY.  Its statements wait for no
 * lock: a relation that is locked against readers has its size estimated.
 */
#include <jansson.h>

#include "pg/conn.h"

struct bk_health {
	double seconds;		/* all queries together; more than 0 */
	unsigned tables;	/* how many of the largest to tell of */
};

/*
 * The document, the caller's: json_decref().  Its "notes" is an array of
 * strings that say what is missing and why.  NULL with *e set: BK_FAIL the
 * connection was lost, or the server does not answer such queries at all.
 */
json_t *bk_health_read(PGconn *conn, const struct bk_health *o,
    struct bk_err *e);

#endif
