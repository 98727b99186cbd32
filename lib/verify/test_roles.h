#ifndef BK_VERIFY_TEST_ROLES_H
#define BK_VERIFY_TEST_ROLES_H
/*
 * Roles for a restore test.  What a role of the source owns must be owned by
 * such a role here, too: an index expression or a materialized view runs as its
 * owner, and as the role that restores if owners are left out.  So roles that
 * the server lacks are created, without any right, under their own names, and
 * dropped afterwards.
 *
 * They carry a comment to that effect, and a session that needs them holds a
 * shared advisory lock: roles with the comment, while nobody holds that lock,
 * were left by a killed run, and the next one drops them.
 */
#include <libpq-fe.h>

#include "archive/archive.h"
#include "pg/conn.h"

struct bk_drill_roles {
	PGconn *conn;		/* holds the lock; NULL: no roles */
};

/*
 * Make the roles that toc names and the server of copy, the database to restore
 * into, lacks: a role's name has the bytes that it has in that database's
 * encoding.  conn: to another database there; own_server: it is a scratch one.
 * *leave_out: we may not make roles, or give nothing to one that is there, and
 * are not powerful ourselves; restore without owners and privileges.
 * 0; -1 with *e set: with owners left out the dump's code would run with too
 * much power.
 */
int bk_drill_roles_make(struct bk_drill_roles *r, PGconn *conn,
    const struct bk_conn_params *copy, const struct bk_toc *toc,
    int own_server, int *leave_out, struct bk_err *e);

/* Drop them, once their objects are gone; fine if there are none. */
void bk_drill_roles_drop(struct bk_drill_roles *r);

#endif
