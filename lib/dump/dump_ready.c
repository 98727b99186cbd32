#include "dump/dump_ready.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/majors.h"
#include "pg/session.h"

#define CLOCK_WARNING 60	/* seconds apart; at 15 minutes a dump fails */

/* What pg_dump would lock and read, without what extensions have brought. */
#define TABLES \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace" \
	" WHERE n.nspname NOT LIKE 'pg\\_%' AND" \
	" n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM" \
	" pg_catalog.pg_depend d WHERE d.classid =" \
	" 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid" \
	" AND d.deptype = 'e') AND "

struct ready {
	const struct bk_dump *o;
	void (*report)(enum bk_ready how, const char *text);
	PGconn *conn;
};

__attribute__((format(printf, 3, 4))) static void
report(const struct ready *r, enum bk_ready how, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->report(how, text);
}

/*
 * A query of how many and one of them.  1 if there are none; 0 and both, in an
 * answer for PQclear().
 */
static int
none(const struct ready *r, const char *sql, PGresult **res)
{
	struct bk_err e = {0};

	if ((*res = bk_conn_query(r->conn, sql, &e)) != NULL)
		return PQntuples(*res) != 1 || *PQgetvalue(*res, 0, 0) == '0';
	report(r, BK_READY_UNKNOWN, "rights: %s", e.msg);
	return 1;
}

/* What cannot be read, unless only a part is dumped. */
static void
check_rights(const struct ready *r)
{
	const enum bk_ready how = *r->o->pg_dump_args != NULL ?
	    BK_READY_WARNING : BK_READY_PROBLEM;
	const char *user = PQuser(r->conn);
	PGresult *hidden, *ruled = NULL;
	int good;

	good = none(r, "SELECT count(*), pg_catalog.min(c.oid::"
	    "pg_catalog.regclass::text)" TABLES "c.relkind IN ('r', 'p', 'S',"
	    " 'm') AND NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND"
	    " CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege("
	    "c.oid, 'SELECT') ELSE pg_catalog.has_table_privilege(c.oid,"
	    " 'SELECT') END)", &hidden);
	if (!good)
		report(r, how, "rights: user %s may not read %s of the tables, "
		    "such as %s; GRANT pg_read_all_data TO that user (14 and "
		    "newer), or SELECT on all", user, PQgetvalue(hidden, 0, 0),
		    PQgetvalue(hidden, 0, 1));
	PQclear(hidden);
	if (!r->o->row_security && !none(r, "SELECT count(*),"
	    " pg_catalog.min(c.oid::pg_catalog.regclass::text)" TABLES
	    "c.relkind IN ('r', 'p') AND pg_catalog.row_security_active(c.oid)",
	    &ruled)) {
		good = 0;
		report(r, how, "rights: %s of the tables, such as %s, have row "
		    "security, which pg_dump refuses; ALTER ROLE ... "
		    "BYPASSRLS, for user %s", PQgetvalue(ruled, 0, 0),
		    PQgetvalue(ruled, 0, 1), user);
	}
	PQclear(ruled);
	if (good)
		report(r, BK_READY_OK, "rights: user %s may read all tables",
		    user);
}

static void
check_clock(const struct ready *r, struct bk_label *label)
{
	struct bk_err e = {0};
	PGresult *res = bk_conn_query(r->conn, "SELECT "
	    "pg_catalog.date_part('epoch', pg_catalog.now())::bigint", &e);
	time_t now = time(NULL);
	long apart;

	label->at = now;
	if (res == NULL) {
		report(r, BK_READY_UNKNOWN, "clock: %s", e.msg);
		return;
	}
	label->at = (time_t)strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	apart = labs((long)(now - label->at));
	if (!r->o->any_clock && bk_conn_check_clock("the server", label->at,
	    &e) == -1)
		report(r, BK_READY_PROBLEM, "clock: %s", e.msg);
	else
		report(r, apart > CLOCK_WARNING ? BK_READY_WARNING :
		    BK_READY_OK, "clock: the server's is %ld s from this "
		    "host's%s", apart, apart > CLOCK_WARNING ?
		    "; at 15 minutes dumps fail: set both by NTP" : "");
}

static int
check_program(const struct ready *r, struct bk_err *e)
{
	const int major = BK_PG_MAJOR(PQserverVersion(r->conn));
	struct bk_buf program = {0};
	int rc = bk_bindir_find(&r->o->bindir, "pg_dump", major, &program, e);

	if (rc == 0)
		report(r, BK_READY_OK, "pg_dump: %s, for a server of major "
		    "%d", program.data, major);
	bk_buf_free(&program);
	return rc;
}

int
bk_dump_ready(const struct bk_dump *o,
    void (*print)(enum bk_ready how, const char *text),
    struct bk_label *label, struct bk_err *e)
{
	struct ready r = { .o = o, .report = print };
	char host[BK_CONN_HOST];
	int rc = -1;

	if ((r.conn = bk_conn_open(&o->target, e)) == NULL)
		return -1;
	bk_label_set(label, BK_LABEL_DB, PQdb(r.conn));
	bk_conn_host(r.conn, host);
	bk_label_host(label, host);
	report(&r, BK_READY_OK, "connection: database %s on %s, PostgreSQL "
	    "%s, as %s, without a prompt", PQdb(r.conn), host,
	    PQparameterStatus(r.conn, "server_version"), PQuser(r.conn));
	check_clock(&r, label);
	if ((rc = bk_session_refuse_pooler(r.conn, e)) == 0)
		rc = check_program(&r, e);
	if (o->role == NULL)
		check_rights(&r);
	else
		report(&r, BK_READY_UNKNOWN, "rights: those of role %s are "
		    "not looked at", o->role);
	PQfinish(r.conn);
	return rc;
}
