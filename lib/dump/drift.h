#ifndef BK_DUMP_DRIFT_H
#define BK_DUMP_DRIFT_H
/*
 * What a snapshot does not hold still.
 *
 * Tables are locked and read by name, but a snapshot has the names of the
 * instant at which it was taken: where a relation was renamed, exchanged or
 * moved since then, its name means another one, or one without rows.  And what
 * the values of an enum, or of a composite type, look like the server takes
 * from the catalog of now.
 *
 * Results are the caller's: PQclear().
 */
#include <libpq-fe.h>

#include "archive/archive.h"

/*
 * Compare each relation of toc with what its name, in the snapshot of conn's
 * transaction, means now.  0; -1 with *e set: BK_BUSY, naming the relation, if
 * they differ.
 */
int bk_drift_names(PGconn *conn, const struct bk_toc *toc, struct bk_err *e);

/* How values of types are written, by conn's snapshot; NULL with *e set. */
PGresult *bk_drift_types(PGconn *conn, struct bk_err *e);

/*
 * The same for now, by a new transaction of conn, which is in none: 0 if it is
 * as before; -1 with *e set: BK_BUSY, naming the type, if it differs.
 */
int bk_drift_compare(PGconn *conn, const PGresult *before, struct bk_err *e);

#endif
