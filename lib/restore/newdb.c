#include "restore/newdb.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/utctime.h"
#include "pg/conn.h"
#include "pg/sql.h"

#define SUFFIX_MAX (sizeof("_before_20261121T052719Z_99") - 1)
#define TRIES 9

/* pg_locks has the key's halves as classid and objid: "bkrs" and a hash. */
#define LOCK_CLASS "1651208819"

static const char comment[] = BK_MARK_UNFINISHED "; dropped by the next "
    "bk-restore if nobody loads it any more";

/* Run an SQL statement with a database's name in it. */
static int
exec_named(PGconn *conn, const char *head, const char *name, const char *tail,
    struct bk_err *e)
{
	struct bk_buf sql = {0}, label = {0};
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_puts(&sql, head, e) == -1 ||
	    bk_conn_ident(&sql, name, e) == -1 ||
	    bk_buf_puts(&sql, tail, e) == -1 ||
	    bk_buf_printf(&label, e, "database \"%s\"", name) == -1)
		goto done;
	res = bk_sql_exec(conn, sql.data);
	if (PQresultStatus(res) == PGRES_COMMAND_OK)
		rc = 0;
	else
		bk_conn_fail(conn, res, label.data, e);
 done:
	PQclear(res);
	bk_buf_free(&sql);
	bk_buf_free(&label);
	return rc;
}

static int
try_lock(PGconn *conn, const char *name, int *got, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn,
	    "SELECT pg_catalog.pg_try_advisory_lock("
	    LOCK_CLASS ", pg_catalog.hashtext($1))", name, e);

	if (res == NULL)
		return -1;
	*got = *PQgetvalue(res, 0, 0) == 't';
	PQclear(res);
	return 0;
}

int
bk_newdb_lock(PGconn *conn, const char *target, struct bk_err *e)
{
	int got;

	if (strlen(target) + SUFFIX_MAX >= BK_NEWDB_NAME)
		return bk_fail(e, BK_USAGE, "database \"%s\": name too long, "
		    "at most %zu bytes; load it under a shorter one with "
		    "--into and rename it", target,
		    BK_NEWDB_NAME - SUFFIX_MAX - 1);
	if (try_lock(conn, target, &got, e) == -1)
		return -1;
	if (got)
		return 0;
	return bk_fail(e, BK_BUSY, "database \"%s\": another bk-restore is "
	    "running on it; try again later", target);
}

int
bk_newdb_exists(PGconn *conn, const char *name, int *exists, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn,
	    "SELECT 1 FROM pg_catalog.pg_database "
	    "WHERE datname = $1", name, e);

	if (res == NULL)
		return -1;
	*exists = PQntuples(res) > 0;
	PQclear(res);
	return 0;
}

int
bk_newdb_drop(PGconn *conn, const char *name, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT 1 "
	    "FROM pg_catalog.pg_database WHERE datname = $1 "
	    "AND datistemplate AND datconnlimit <> -2", name, e);
	struct bk_err ignored = {0};

	if (res == NULL)
		return -1;
	/*
	 * A template cannot be dropped; and altering the remainder of an
	 * interrupted DROP DATABASE ends the session.
	 */
	if (PQntuples(res) > 0)
		(void)exec_named(conn, "ALTER DATABASE ", name,
		    " IS_TEMPLATE false", &ignored);
	PQclear(res);
	return exec_named(conn, "DROP DATABASE IF EXISTS ", name,
	    BK_PG_MAJOR(PQserverVersion(conn)) >= BK_PG_DROP_FORCE ?
	    " WITH (FORCE)" : "", e);
}

/* The larger tables of conn's database, which nobody else should be using. */
static void
drop_tables(PGconn *conn)
{
	PGresult *res;
	int i, rc = 0;

	PQclear(bk_sql_exec(conn, "SET lock_timeout = '1s'; SELECT pg_catalog."
	    "pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
	    "WHERE datname = pg_catalog.current_database() AND "
	    "pid <> pg_catalog.pg_backend_pid()"));
	res = bk_sql_exec(conn, "SELECT pg_catalog.format("
	    "'DROP %s IF EXISTS %I.%I CASCADE', CASE relkind WHEN 'm' THEN "
	    "'MATERIALIZED VIEW' ELSE 'TABLE' END, nspname, relname) "
	    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
	    "ON n.oid = relnamespace WHERE relkind IN ('r', 'm') "
	    /* which a DROP would fire, as whom we are */
	    "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger "
	    "WHERE evtenabled <> 'D') "
	    "AND c.oid >= 16384 AND nspname !~ '^pg_' "
	    "AND pg_catalog.pg_table_size(c.oid) > 1024 * 1024 "
	    "ORDER BY pg_catalog.pg_table_size(c.oid) DESC");
	for (i = 0; rc == 0 && i < PQntuples(res); i++) {
		struct bk_err ignored = {0};

		rc = bk_conn_exec(conn, PQgetvalue(res, i, 0), &ignored);
	}
	PQclear(res);
}

int
bk_newdb_discard(PGconn *conn, const char *name, struct bk_err *e)
{
	struct bk_err ignored = {0};
	struct bk_conn_params *p = bk_conn_params(conn, &ignored);
	PGconn *own = NULL;

	if (p != NULL && bk_conn_params_database(p, name, &ignored) == 0 &&
	    /* it may be closed: own_name.h */
	    bk_conn_params_option(p, "-c session_preload_libraries=",
	    &ignored) == 0 &&
	    (own = bk_conn_again(p, &ignored)) != NULL)
		drop_tables(own);
	PQfinish(own);
	bk_conn_params_free(p);
	return bk_newdb_drop(conn, name, e);
}

int
bk_newdb_sweep(PGconn *conn, const char *target, int *n, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT datname "
	    "FROM pg_catalog.pg_database d "
	    "WHERE pg_catalog.strpos(datname, $1::text || '_new_') = 1 "
	    "AND pg_catalog.substr(datname, pg_catalog.length($1) + 6) "
	    "~ '^[0-9]{8}T[0-9]{6}Z(_[0-9])?$' "
	    "AND coalesce(pg_catalog.strpos(pg_catalog.shobj_description("
	    "d.oid, 'pg_database'), '" BK_MARK_UNFINISHED "') = 1, "
	    "NOT datallowconn) "
	    "AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l "
	    "WHERE l.locktype = 'advisory' AND l.classid = " LOCK_CLASS
	    " AND l.objid = pg_catalog.int8(pg_catalog.hashtext(datname)) "
	    "& 4294967295)", target, e);
	struct bk_err ignored;
	int i;

	*n = 0;
	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++) {
		/* one with a subscription cannot be dropped: not fatal */
		ignored = (struct bk_err){0};
		if (bk_newdb_discard(conn, PQgetvalue(res, i, 0),
		    &ignored) == 0)
			(*n)++;
	}
	PQclear(res);
	return 0;
}

static const struct bk_toc_entry *
database_entry(const struct bk_toc *toc)
{
	size_t i;

	for (i = 0; toc != NULL && i < toc->n; i++)
		if (toc->entry[i].desc != NULL && toc->entry[i].defn != NULL &&
		    strcmp(toc->entry[i].desc, "DATABASE") == 0)
			return &toc->entry[i];
	return NULL;
}

/*
 * The options of "CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING =
 * 'UTF8' ...;": everything after the name; NULL if it has another form.
 */
static const char *
entry_options(const struct bk_toc_entry *te)
{
	static const char head[] = "CREATE DATABASE ";
	const char *p = te->defn;

	if (strncmp(p, head, strlen(head)) != 0)
		return NULL;
	p += strlen(head);
	if (*p != '"')
		return p + strcspn(p, " ");
	for (p++; *p != '\0'; p++)
		if (*p == '"' && *++p != '"')
			return p;
	return NULL;
}

/* " ENCODING = 'UTF8' LC_COLLATE = 'C' ...", from columns not null. */
static int
add_like(struct bk_buf *sql, PGconn *conn, const PGresult *res,
    struct bk_err *e)
{
	int i, rc;
	char *quoted;

	for (i = 1; i < PQnfields(res); i++) {
		if (PQgetisnull(res, 0, i))
			continue;
		quoted = PQescapeLiteral(conn, PQgetvalue(res, 0, i),
		    (size_t)PQgetlength(res, 0, i));
		if (quoted == NULL)
			return bk_conn_fail(conn, NULL, NULL, e);
		rc = bk_buf_printf(sql, e, " %s = %s", PQfname(res, i),
		    quoted);
		PQfreemem(quoted);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* The options that target was created with; its owner first. */
static const char like_sql[] =
    "SELECT pg_catalog.pg_get_userbyid(d.datdba),"
    " pg_catalog.pg_encoding_to_char(d.encoding) AS \"ENCODING\","
    " d.datcollate AS \"LC_COLLATE\", d.datctype AS \"LC_CTYPE\","
    " CASE j->>'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'"
    " END AS \"LOCALE_PROVIDER\","
    " CASE j->>'datlocprovider' WHEN 'i' THEN"
    " coalesce(j->>'datlocale', j->>'daticulocale') END AS \"ICU_LOCALE\","
    " j->>'daticurules' AS \"ICU_RULES\","
    " CASE j->>'datlocprovider' WHEN 'b' THEN j->>'datlocale' END"
    " AS \"BUILTIN_LOCALE\" "
    "FROM pg_catalog.pg_database d, pg_catalog.to_jsonb(d) j "
    "WHERE datname = $1";

/* The template's own is not named: that would take a right to it. */
static int
add_tablespace(struct bk_buf *sql, PGconn *conn, const char *target,
    struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT spcname "
	    "FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t "
	    "ON t.oid = d.dattablespace WHERE datname = $1 AND t.oid <> "
	    "(SELECT dattablespace FROM pg_catalog.pg_database "
	    "WHERE datname = 'template0')", target, e);
	int rc = 0;

	if (res == NULL)
		return -1;
	if (PQntuples(res) == 1) {
		rc = bk_buf_puts(sql, " TABLESPACE ", e);
		if (rc == 0)
			rc = bk_conn_ident(sql, PQgetvalue(res, 0, 0), e);
	}
	PQclear(res);
	return rc;
}

/* The owner in the DATABASE entry; NULL: none, or not wanted. */
static const char *
entry_owner(const struct bk_newdb_like *like)
{
	const struct bk_toc_entry *te = database_entry(like->toc);

	return te == NULL || te->owner == NULL || *te->owner == '\0' ||
	    like->no_owner ? NULL : te->owner;
}

/* The length of the value at s, a string or a name; 0: none. */
static size_t
value_len(const char *s)
{
	const char quote = *s, *p = s;

	if (quote != '\'' && quote != '"')
		return strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");
	for (p++; *p != '\0'; p++)
		if (*p == quote && *++p != quote)
			return (size_t)(p - s);
	return 0;
}

/* Append one option of a DATABASE entry, as this server knows it. */
static int
add_option(struct bk_buf *sql, int major, const char *key, int n,
    const char *value, int len, struct bk_err *e)
{
	static const char *const known[] = { "TEMPLATE", "ENCODING", "LOCALE",
	    "LC_COLLATE", "LC_CTYPE", "LOCALE_PROVIDER", "ICU_LOCALE",
	    "ICU_RULES", "BUILTIN_LOCALE", "TABLESPACE" };
	const size_t all = sizeof(known) / sizeof(known[0]);
	size_t i = 0;

	while (i < all && ((int)strlen(known[i]) != n ||
	    strncmp(known[i], key, (size_t)n) != 0))
		i++;
	if (i == all)
		return bk_fail(e, BK_DATA, "the dump's DATABASE entry: option "
		    "%.*s is not known", n > 40 ? 40 : n, key);
	/* another database's content is not the dump's to ask for */
	if (strcmp(known[i], "TEMPLATE") == 0 &&
	    (len != 9 || strncmp(value, "template0", 9) != 0))
		return bk_fail(e, BK_DATA, "the dump's DATABASE entry: the "
		    "template is not template0, which is all that pg_dump "
		    "writes");
	/* older servers have one provider, and no option for it */
	if (major < BK_PG_PROVIDERS &&
	    strcmp(known[i], "LOCALE_PROVIDER") == 0 && len == 4 &&
	    strncmp(value, "libc", 4) == 0)
		return 0;
	if (major < BK_PG_LOCALE && strcmp(known[i], "LOCALE") == 0)
		return bk_buf_printf(sql, e, " LC_COLLATE = %.*s LC_CTYPE = "
		    "%.*s", len, value, len, value);
	return bk_buf_printf(sql, e, " %s = %.*s", known[i], len, value);
}

/*
 * The options of a DATABASE entry, "WITH KEY = VALUE ...;", one by one, as this
 * server accepts them.
 */
static int
add_entry(struct bk_buf *sql, PGconn *conn, const char *p, int no_tablespaces,
    struct bk_err *e)
{
	static const char with[] = " WITH", tablespace[] = "TABLESPACE";
	static const char end[] = ";\n";
	const int major = BK_PG_MAJOR(PQserverVersion(conn));
	size_t n, len;

	if (strncmp(p, with, strlen(with)) == 0)
		p += strlen(with);
	for (p += strspn(p, " "); strcmp(p, end) != 0; p += len) {
		n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		len = strncmp(p + n, " = ", 3) != 0 ? 0 : value_len(p + n + 3);
		if (n == 0 || len == 0 || len > INT_MAX)
			return bk_fail(e, BK_DATA, "the dump's DATABASE entry "
			    "is not what pg_dump writes");
		if ((!no_tablespaces || n != strlen(tablespace) ||
		    strncmp(p, tablespace, n) != 0) &&
		    add_option(sql, major, p, (int)n, p + n + 3, (int)len,
		    e) == -1)
			return -1;
		len += n + 3;
		len += strspn(p + len, " ");
	}
	return 0;
}

/* Everything after "CREATE DATABASE name". */
static int
add_options(struct bk_buf *sql, PGconn *conn, const struct bk_newdb_like *like,
    struct bk_err *e)
{
	const struct bk_toc_entry *te = database_entry(like->toc);
	const char *options = te == NULL ? NULL : entry_options(te), *owner;
	PGresult *res = bk_conn_query1(conn, like_sql, like->target, e);
	int rc = -1, old;

	if (res == NULL)
		return -1;
	old = PQntuples(res) == 1;
	if (options != NULL)
		rc = add_entry(sql, conn, options, old ||
		    like->no_tablespaces, e);
	else if ((rc = bk_buf_puts(sql, " TEMPLATE template0", e)) == 0 && old)
		rc = add_like(sql, conn, res, e);
	if (rc == 0 && old)
		rc = add_tablespace(sql, conn, like->target, e);
	/* a superuser gives it away when it is complete */
	owner = old ? PQgetvalue(res, 0, 0) : entry_owner(like);
	if (rc == 0 && owner != NULL && !bk_conn_is_super(conn) &&
	    (rc = bk_buf_puts(sql, " OWNER ", e)) == 0)
		rc = bk_conn_ident(sql, owner, e);
	PQclear(res);
	return rc;
}

/* Append "before NAME after". */
static int
add_named(struct bk_buf *sql, const char *before, const char *name,
    const char *after, struct bk_err *e)
{
	if (bk_buf_puts(sql, before, e) == -1 ||
	    bk_conn_ident(sql, name, e) == -1)
		return -1;
	return bk_buf_puts(sql, after, e);
}

/*
 * It cannot be made together with its comment, by which it is known: until it
 * has that, nobody can connect to it, and it is known by that; from then on,
 * only we can.
 */
static int
mark(PGconn *conn, const char *name, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = bk_buf_printf(&sql, e, " IS '%s'; ", comment);

	if (rc == 0 && bk_conn_is_super(conn))
		rc = add_named(&sql, "ALTER DATABASE ", name,
		    " CONNECTION LIMIT 0; ", e);
	else if (rc == 0)
		rc = add_named(&sql, "REVOKE CONNECT ON DATABASE ", name,
		    " FROM PUBLIC; ", e);
	if (rc == 0)
		rc = add_named(&sql, "ALTER DATABASE ", name,
		    " ALLOW_CONNECTIONS true", e);
	/* one string is one transaction */
	if (rc == 0)
		rc = exec_named(conn, "COMMENT ON DATABASE ", name, sql.data,
		    e);
	bk_buf_free(&sql);
	return rc;
}

int
bk_newdb_open(PGconn *conn, const char *name, const struct bk_newdb_like *like,
    struct bk_buf *sql, struct bk_err *e)
{
	const char *owner = entry_owner(like);
	int rc;

	if (!bk_conn_is_super(conn))
		rc = add_named(sql, "GRANT CONNECT ON DATABASE ", name,
		    " TO PUBLIC; ", e);
	else if ((rc = add_named(sql, "ALTER DATABASE ", name,
	    " CONNECTION LIMIT -1; ", e)) == 0 && owner != NULL &&
	    (rc = add_named(sql, "ALTER DATABASE ", name, " OWNER TO ",
	    e)) == 0 && (rc = bk_conn_ident(sql, owner, e)) == 0)
		rc = bk_buf_puts(sql, "; ", e);
	return rc == -1 ? -1 : add_named(sql, "COMMENT ON DATABASE ", name,
	    " IS NULL; ", e);
}

/* Choose an unused name and lock it. */
static int
choose_name(PGconn *conn, const char *target, char name[BK_NEWDB_NAME],
    struct bk_err *e)
{
	char utc[BK_UTCTIME_TEXT];
	int i, got, exists;

	bk_utctime_compact(time(NULL), utc);
	for (i = 1; i <= TRIES; i++) {
		char suffix[4] = { '_', (char)('0' + i), '\0' };

		(void)snprintf(name, BK_NEWDB_NAME, "%s_new_%s%s", target, utc,
		    i == 1 ? "" : suffix);
		if (try_lock(conn, name, &got, e) == -1 ||
		    bk_newdb_exists(conn, name, &exists, e) == -1) {
			name[0] = '\0';
			return -1;
		}
		if (got && !exists)
			return 0;
	}
	name[0] = '\0';
	return bk_fail(e, BK_BUSY, "database \"%s\": too many restores at "
	    "once", target);
}

/* Creation failed: for want of the dump's locale, or of CREATEDB? */
static void
add_remedy(PGconn *conn, struct bk_err *e)
{
	PGresult *res = bk_sql_exec(conn, "SELECT pg_catalog.quote_ident("
	    "rolname) FROM pg_catalog.pg_roles WHERE rolname = current_user "
	    "AND NOT rolcreatedb AND NOT rolsuper");

	if (strstr(e->msg, "locale name") != NULL)
		bk_fail_add(e, "; install that locale on the server "
		    "(localedef, or a package of the system's) and restart it, "
		    "or create an empty database with one that it has and "
		    "restore with --into");
	else if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
		bk_fail_add(e, "; ask an administrator for ALTER ROLE %s "
		    "CREATEDB", PQgetvalue(res, 0, 0));
	PQclear(res);
}

static int
create(PGconn *conn, const char *name, const char *options, struct bk_err *e)
{
	int rc = exec_named(conn, "CREATE DATABASE ", name, options, e);

	if (rc == -1)
		add_remedy(conn, e);
	return rc;
}

int
bk_newdb_create(PGconn *conn, const struct bk_newdb_like *like,
    char name[BK_NEWDB_NAME], struct bk_err *e)
{
	struct bk_buf options = {0};
	int rc = -1;

	if (add_options(&options, conn, like, e) == 0 &&
	    bk_buf_puts(&options, " ALLOW_CONNECTIONS false", e) == 0 &&
	    choose_name(conn, like->target, name, e) == 0 &&
	    create(conn, name, options.data, e) == 0)
		rc = mark(conn, name, e);
	bk_buf_free(&options);
	return rc;
}
