/* The new database's way to its name, see restore_swap.h. */
#include "restore_swap.h"

#include <string.h>

#include "base/num.h"
#include "restore/own_name.h"
#include "restore/replication.h"
#include "restore/restore.h"
#include "restore/space.h"
#include "restore/swap.h"
#include "restore/swap_outcome.h"
#include "tool/signals.h"
#include "tool/tool.h"

static int
has_own_name(const struct restore_swap *r)
{
	return strcmp(r->name, r->target->database.data) == 0;
}

static int
look_for_room(const struct restore_swap *r, struct bk_err *e)
{
	const char *name = r->target->database.data;
	struct bk_space space;
	char needed[BK_NUM_TEXT];

	if (r->any_space)
		return 0;
	if (bk_space_check(r->target->conn, name, &space, e) == -1)
		return -1;
	if (!space.known && !r->quiet) {
		bk_size_format(space.needed, needed);
		tool_say("%s: cannot see from here how much space its server "
		    "has left; the new one may need %s", name,
		    space.needed == 0 ? "as much as the old one" : needed);
	}
	return 0;
}

/* There is nothing in it that could be set aside. */
static int
drop_remainder(const struct restore_swap *r, struct bk_err *e)
{
	const char *name = r->target->database.data;

	if (!r->replace)
		return bk_target_refuse_remainder(r->target, e);
	if (bk_newdb_drop(r->target->conn, name, e) == -1)
		return -1;
	r->target->exists = r->target->remainder = 0;
	if (!r->quiet)
		tool_say("%s: the remainder of an interrupted DROP DATABASE, "
		    "is dropped", name);
	return 0;
}

int
swap_refuse(const struct restore_swap *r, struct bk_err *e)
{
	const struct bk_target_source from = {
	    .system = r->archive == NULL ? "" : bk_restore_system(r->archive),
	    .database = r->archive == NULL ? NULL :
	    bk_restore_toc(r->archive)->dbname };

	if (r->into || !r->target->exists)
		return 0;
	if (r->target->remainder)
		return drop_remainder(r, e);
	if (!r->replace)
		return bk_target_refuse(r->target, &from, e);
	if (!r->part && r->archive != NULL &&
	    bk_toc_is_part(bk_restore_toc(r->archive)) &&
	    bk_target_refuse_part(r->target, e) == -1)
		return -1;
	if (bk_target_is_other(r->target, &from) && !r->quiet)
		tool_say("%s: is replaced by a dump of database \"%s\"",
		    r->target->database.data, from.database);
	return look_for_room(r, e);
}

/* The SQL that gives the new database the place of the missing one. */
static int
add_opening(const struct restore_swap *r, struct bk_buf *sql, struct bk_err *e)
{
	const char *name = r->target->database.data;
	const struct bk_newdb_like like = { .target = name,
	    .toc = r->archive == NULL ? NULL : bk_restore_toc(r->archive),
	    .no_owner = r->load->no_owner };

	if (has_own_name(r)) {
		if (bk_own_name_open(name, sql, e) == -1)
			return -1;
	} else if (bk_buf_puts(sql, "ALTER DATABASE ", e) == -1 ||
	    bk_conn_ident(sql, r->name, e) == -1 ||
	    bk_buf_puts(sql, " RENAME TO ", e) == -1 ||
	    bk_conn_ident(sql, name, e) == -1 ||
	    bk_buf_puts(sql, "; ", e) == -1)
		return -1;
	return bk_newdb_open(r->target->conn, name, &like, sql, e);
}

/*
 * Open a database that was gone, with its properties, which only the dump has,
 * in one transaction: nobody ever finds it without them.
 */
static int
open_database(const struct restore_swap *r, int trial, struct bk_err *e)
{
	const char *name = r->target->database.data;
	struct bk_restore_options load = *r->load;
	struct bk_err lost = {0};
	struct bk_buf sql = {0};
	char oid[BK_SETTLE_OID];
	int rc = -1;

	load.params = r->target->admin;	/* it may have to be renamed */
	if (add_opening(r, &sql, e) == -1 ||
	    bk_settle_begin(r->target->conn, r->name, oid, e) == -1)
		goto done;
	if (r->archive != NULL)
		rc = bk_restore_database(r->archive, &load, name, sql.data,
		    trial, &lost);
	else			/* one string is one transaction */
		rc = trial ? 0 : bk_conn_exec(r->target->conn, sql.data, &lost);
	if (rc == -1 && trial)
		*e = lost;
	else if (rc == -1)
		rc = bk_settle(r->target->admin, oid, name, &lost, e);
 done:
	bk_buf_free(&sql);
	return rc;
}

int
swap_rehearse(const struct restore_swap *r, struct bk_err *e)
{
	struct bk_err reason = {0};
	struct bk_buf sql = {0};
	int rc;

	if (!r->target->exists)
		rc = open_database(r, 1, &reason);
	else if ((rc = bk_buf_puts(&sql, "BEGIN; ", &reason)) == 0 &&
	    (rc = bk_newdb_properties(r->target->conn, r->name,
	    r->target->database.data, &sql, &reason)) == 0) {
		rc = bk_conn_exec(r->target->conn, sql.data, &reason);
		if (bk_conn_exec(r->target->conn, "ROLLBACK", &reason) == -1)
			rc = -1;
	}
	bk_buf_free(&sql);
	return rc == 0 ? 0 : bk_fail(e, reason.code, "database \"%s\": its "
	    "settings and privileges: %.800s; nothing was loaded; create "
	    "what is missing and try again", r->target->database.data,
	    reason.msg);
}

/*
 * What is set aside without --replace was empty at the start.  If it still is,
 * drop it; before becomes "".
 */
static void
drop_empty(const struct restore_swap *r, char before[BK_NEWDB_NAME])
{
	struct bk_err ignored = {0};
	long n = 1;

	if (r->replace || before[0] == '\0')
		return;
	if (bk_target_count(r->target, before, &n, &ignored) == 0 && n == 0 &&
	    bk_newdb_drop(r->target->conn, before, &ignored) == 0)
		before[0] = '\0';
}

/* In the place of one that exists. */
static int
put_in_place(const struct restore_swap *r, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e)
{
	struct bk_swap s = { .conn = r->target->conn,
	    .params = r->target->admin, .name = r->name,
	    .target = r->target->database.data };
	struct bk_buf sql = {0};
	int rc = -1;

	/* it may have been filled meanwhile */
	if ((r->replace || swap_refuse(r, e) == 0) &&
	    bk_newdb_properties(s.conn, r->name, s.target, &sql, e) == 0) {
		s.sql = sql.data;
		rc = bk_swap(&s, before, seconds, e);
	}
	bk_buf_free(&sql);
	return rc;
}

static void
tell_replication(const char *before, const PGresult *res)
{
	int i;

	for (i = 0; i < PQntuples(res); i++) {
		const char *name = PQgetvalue(res, i, 1);

		if (*PQgetvalue(res, i, 0) == 'r')
			tool_say("%s: has replication slot \"%s\", which keeps "
			    "WAL and gives its subscriber nothing of the new "
			    "database; --drop-old drops it", before, name);
		else if (*PQgetvalue(res, i, 2) == 't')
			tool_say("%s: still has subscription \"%s\", which "
			    "keeps receiving changes; disable it there, or use "
			    "--disable-old-subscriptions", before, name);
	}
}

/* Nothing that fails here undoes the swap. */
static int
end_replication(const struct restore_swap *r, const char *before,
    struct bk_err *e)
{
	struct bk_err reason = {0};
	PGresult *res = NULL;
	int rc = 0;

	if (*before == '\0')
		return 0;
	if (r->disable_old)
		rc = bk_replication_disable(r->target->conn, before, &reason);
	if (!r->quiet && (res = bk_replication_list(r->target->conn, before,
	    &reason)) != NULL)
		tell_replication(before, res);
	PQclear(res);
	return rc == 0 ? 0 : bk_fail(e, reason.code, "%s: swapped in, but the "
	    "subscriptions of %s are not disabled: %.800s",
	    r->target->database.data, before, reason.msg);
}

int
swap_finish(const struct restore_swap *r, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e)
{
	int rc;

	before[0] = '\0';
	if (r->name[0] == '\0')		/* a part, of one that has a name */
		return 0;
	signals_hold();
	rc = r->target->exists ? put_in_place(r, before, seconds, e) :
	    open_database(r, 0, e);
	if (rc == 0) {
		r->name[0] = '\0';
		drop_empty(r, before);
		rc = end_replication(r, before, e);
	}
	signals_release();
	return rc;
}
