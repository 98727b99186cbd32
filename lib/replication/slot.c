#include "replication/slot.h"

#include <stdio.h>
#include <string.h>

#include "base/majors.h"
#include "base/num.h"
#include "replication/repl.h"

#define NAME_MAX_LEN 63		/* NAMEDATALEN - 1 */

int
bk_repl_slot_named(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n > 0 && n <= NAME_MAX_LEN && name[n] == '\0';
}

/* A row: kind, restart LSN. */
static int
parse_slot(const PGresult *res, const char *name, struct bk_repl_slot *out,
    struct bk_err *e)
{
	*out = (struct bk_repl_slot){0};
	if (PQntuples(res) == 0 || PQgetisnull(res, 0, 0))
		return 0;
	out->exists = 1;
	if (strcmp(PQgetvalue(res, 0, 0), "physical") != 0)
		return bk_fail(e, BK_USAGE, "slot %s: not a physical one; "
		    "choose another name", name);
	if (!PQgetisnull(res, 0, 1) &&
	    !bk_lsn_parse(PQgetvalue(res, 0, 1), &out->restart))
		return bk_fail(e, BK_FAIL, "slot %s: the server says \"%s\" "
		    "where a position should be", name, PQgetvalue(res, 0, 1));
	return 0;
}

/* The database that t names, or one that every server has. */
static PGconn *
open_ordinary(const struct bk_conn_target *t, struct bk_err *e)
{
	struct bk_conn_target target = *t;

	if (t->db == NULL && t->url == NULL)
		target.instead = "postgres";
	return bk_conn_open(&target, e);
}

static int
read_by_view(const struct bk_conn_target *t, const char *name,
    struct bk_repl_slot *out, struct bk_err *e)
{
	PGconn *conn = open_ordinary(t, e);
	PGresult *res = NULL;
	int rc = -1;

	if (conn != NULL)
		res = bk_conn_query1(conn, "SELECT slot_type, restart_lsn "
		    "FROM pg_catalog.pg_replication_slots "
		    "WHERE slot_name = $1", name, e);
	if (res != NULL)
		rc = parse_slot(res, name, out, e);
	else
		bk_fail_add(e, "; before PostgreSQL 15, slots can be read only "
		    "over an ordinary connection");
	PQclear(res);
	PQfinish(conn);
	return rc;
}

int
bk_repl_slot_read(PGconn *conn, const struct bk_conn_target *t,
    const char *name, struct bk_repl_slot *out, struct bk_err *e)
{
	char cmd[128];
	PGresult *res;
	int rc;

	if (BK_PG_MAJOR(PQserverVersion(conn)) < BK_PG_READ_SLOT)
		return read_by_view(t, name, out, e);
	(void)snprintf(cmd, sizeof(cmd), "READ_REPLICATION_SLOT \"%s\"", name);
	if ((res = bk_repl_command(conn, cmd, e)) == NULL)
		return -1;
	rc = parse_slot(res, name, out, e);
	PQclear(res);
	return rc;
}

int
bk_repl_slot_create(PGconn *conn, const char *name, struct bk_err *e)
{
	char cmd[128];
	PGresult *res;

	(void)snprintf(cmd, sizeof(cmd), "CREATE_REPLICATION_SLOT \"%s\" "
	    "PHYSICAL RESERVE_WAL", name);
	if ((res = bk_repl_command(conn, cmd, e)) == NULL)
		return -1;
	PQclear(res);
	return 0;
}
