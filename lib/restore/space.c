#include "restore/space.h"

#include <sys/statvfs.h>

#include <stdlib.h>

#include "base/num.h"
#include "pg/conn.h"
#include "pg/sql.h"

/*
 * Its size, and its directory: the tablespace's, or the server's, which only
 * some may know.  By a socket the server is on this host.
 */
static const char sql[] = "SELECT CASE WHEN "
    "pg_catalog.has_database_privilege(d.oid, 'CONNECT') "
    "THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END, "
    "CASE WHEN pg_catalog.inet_server_addr() IS NOT NULL THEN '' "
    "WHEN t.spcname <> 'pg_default' "
    "THEN pg_catalog.pg_tablespace_location(t.oid) "
    "WHEN pg_catalog.pg_has_role(current_user, 'pg_read_all_settings', "
    "'USAGE') THEN pg_catalog.current_setting('data_directory') ELSE '' END "
    "FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t "
    "ON t.oid = d.dattablespace WHERE d.datname = $1";

int
bk_space_check(PGconn *conn, const char *name, struct bk_space *space,
    struct bk_err *e)
{
	PGresult *res = bk_sql_params(conn, sql, 1, NULL, &name);
	char needed[BK_NUM_TEXT], left[BK_NUM_TEXT];
	struct statvfs v;
	const char *dir;
	int rc = 0;

	*space = (struct bk_space){0};
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		rc = bk_conn_fail(conn, res, NULL, e);
	} else if (PQntuples(res) == 1) {
		space->needed = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
		dir = PQgetvalue(res, 0, 1);
		space->known = *dir != '\0' && statvfs(dir, &v) == 0;
		if (space->known)
			space->free = (uint64_t)v.f_bavail * v.f_frsize;
	}
	bk_size_format(space->needed, needed);
	bk_size_format(space->free, left);
	if (rc == 0 && space->known && space->free < space->needed)
		rc = bk_fail(e, BK_FAIL, "database \"%s\": no room for a "
		    "second one next to it: it has %s, and %s has %s free; "
		    "make room, or use --any-space if the dump is smaller",
		    name, needed, PQgetvalue(res, 0, 1), left);
	PQclear(res);
	return rc;
}
