#include "restore/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/sql.h"
#include "restore/notes.h"

/* PostgreSQL's own functions that run what they are given, or have effects. */
static const char *const own[] = { "_to_xml", "xmlschema", "set_config",
	"nextval", "setval", "ts_stat", "ts_rewrite", "populate_record",
	"to_recordset", "to_record", "lo_", "pg_", "dblink", "_in(" };

static int
is(const char *s, const char *text)
{
	return s != NULL && strcmp(s, text) == 0;
}

static int
ends_with(const char *s, const char *end)
{
	size_t n = s == NULL ? 0 : strlen(s), len = strlen(end);

	return n >= len && strcmp(s + n - len, end) == 0;
}

static int
in_name(int c)
{
	return c == '_' || c == '"' || (c & 0x80) != 0 ||
	    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/*
 * Past the string or quoted name that begins at p, whose quotes are doubled, as
 * PostgreSQL writes it.
 */
static const char *
skip_quoted(const char *p)
{
	const char quote = *p++;

	while (*p != '\0' && (*p != quote || p[1] == quote))
		p += *p == quote ? 2 : 1;
	return *p == '\0' ? p : p + 1;
}

/* Is this a call, outside of strings, of one of own, or of a qualified name? */
static int
is_call(const char *defn, const char *p)
{
	size_t i;

	if (*p == '.')
		return p > defn && in_name((unsigned char)p[-1]) &&
		    (p[1] < '0' || p[1] > '9');
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(p, own[i], strlen(own[i])) == 0)
			return 1;
	return 0;
}

/* Of an index: an operator class, public.gin_trgm_ops, at its '.'? */
static int
is_class(const char *p)
{
	const char *end = ++p;

	while (in_name((unsigned char)*end) && *end != '"')
		end++;
	return end - p > 4 && strncmp(end - 4, "_ops", 4) == 0 &&
	    (*end == ')' || *end == ',');
}

/*
 * pg_dump writes all that is not PostgreSQL's own with its schema: is there
 * such a name after the first of these words?
 */
static int
calls(const char *defn, const char *word, int classes)
{
	const char *p = defn;
	int after = 0;

	while (p != NULL && *p != '\0') {
		if (after && is_call(defn, p) &&
		    (!classes || *p != '.' || !is_class(p)))
			return 1;
		after |= strncmp(p, word, strlen(word)) == 0;
		p = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
	}
	return 0;
}

int
bk_rights_calls(const char *defn, const char *word)
{
	return calls(defn, word, 0);
}

/* Might it hold a literal of a type that is not PostgreSQL's own? */
static int
has_literal(const struct bk_toc_entry *te)
{
	const char *p = te->defn;

	if (p == NULL)
		return 0;
	/* values of columns, as text in an array */
	if (is(te->desc, "STATISTICS DATA") ||
	    (is(te->desc, "AGGREGATE") && strstr(p, "INITCOND") != NULL) ||
	    strstr(p, "FOR VALUES ") != NULL)
		return 1;
	for (; (p = strstr(p, "'::")) != NULL; p++)
		if (p[3 + strcspn(p + 3, ".,;)(\n ")] == '.' || p[3] == '"')
			return 1;
	return 0;
}

static int
any_literal(const struct bk_toc *toc)
{
	size_t i;

	for (i = 0; i < toc->n; i++)
		if (has_literal(&toc->entry[i]))
			return 1;
	return 0;
}

/* One that the server takes at its word, and asks of no literal. */
static int
is_not_valid(const struct bk_toc_entry *te)
{
	static const char table[] = "ALTER TABLE ";

	return ends_with(te->defn, " NOT VALID;\n") &&
	    strncmp(te->defn, table, strlen(table)) == 0;
}

static int
runs_code(const struct bk_toc_entry *te, int whole, int literals)
{
	if (is(te->desc, "DOMAIN"))
		return (literals || whole) &&
		    bk_rights_calls(te->defn, "CHECK (");
	/* a domain's is asked of what comes after it, valid or not */
	if (is(te->desc, "CHECK CONSTRAINT"))
		return !is_not_valid(te) &&
		    bk_rights_calls(te->defn, "CHECK (");
	if (is(te->desc, "CAST"))
		return te->defn != NULL &&
		    strstr(te->defn, "WITH FUNCTION") != NULL &&
		    strstr(te->defn, "AS IMPLICIT") != NULL;
	/* compared with those of the partitions */
	if (is(te->desc, "INDEX"))
		return te->defn != NULL &&
		    strstr(te->defn, " ON ONLY ") != NULL &&
		    calls(te->defn, " USING ", 1);
	return whole && is(te->desc, "TABLE") &&
	    (bk_rights_calls(te->defn, "CHECK (") ||
	    bk_rights_calls(te->defn, "GENERATED ALWAYS AS (") ||
	    bk_rights_calls(te->defn, "PARTITION BY "));
}

/* Keep what the first is called. */
static void
name_first(char first[256], const struct bk_toc_entry *te)
{
	(void)snprintf(first, 256, "%s%s%s",
	    te->schema == NULL ? "" : te->schema,
	    te->schema == NULL ? "" : ".", te->tag);
}

static int
is_wanted(const struct bk_restore_list *list, const unsigned char *wanted,
    size_t i)
{
	return bk_restore_list_has(list, i) && (wanted == NULL || wanted[i]);
}

void
bk_rights_definitions(const struct bk_toc *toc,
    const struct bk_restore_list *list, const unsigned char *wanted, int whole,
    struct bk_rights *found)
{
	const int literals = any_literal(toc);
	size_t i;

	for (i = 0; i < toc->n; i++) {
		const struct bk_toc_entry *te = &toc->entry[i];

		if (is_wanted(list, wanted, i) &&
		    runs_code(te, whole, literals) && found->n++ == 0)
			name_first(found->first, te);
	}
}

/*
 * A trigger's function has no arguments, so that its definition begins with
 * what DROP calls it, and its type; no name can look like that.
 */
int
bk_rights_callable(const struct bk_toc_entry *te, int events)
{
	static const char drop[] = "DROP FUNCTION ",
	    make[] = "CREATE FUNCTION ";
	const char *name, *p;
	size_t n;

	if (!is(te->desc, "FUNCTION"))
		return is(te->desc, "PROCEDURE") || is(te->desc, "AGGREGATE");
	if (te->drop == NULL || te->defn == NULL ||
	    strncmp(te->drop, drop, strlen(drop)) != 0 ||
	    strncmp(te->defn, make, strlen(make)) != 0)
		return 1;
	name = te->drop + strlen(drop);
	p = te->defn + strlen(make);
	n = strlen(name);
	if (n < 4 || strcmp(name + n - 4, "();\n") != 0 ||
	    strncmp(p, name, n - 2) != 0)
		return 1;
	p += n - 2;
	return strncmp(p, " RETURNS trigger\n", 17) != 0 &&
	    (events || strncmp(p, " RETURNS event_trigger\n", 23) != 0);
}

static int
has_events(const struct bk_toc *toc)
{
	size_t i;

	for (i = 0; i < toc->n; i++)
		if (is(toc->entry[i].desc, "EVENT TRIGGER"))
			return 1;
	return 0;
}

static int
has_name(const PGresult *names, const char *name)
{
	int i;

	for (i = 0; i < PQntuples(names); i++)
		if (is(name, PQgetvalue(names, i, 0)))
			return 1;
	return 0;
}

/* Superusers' names; none: the session is not a superuser's.  NULL: *e set. */
static PGresult *
superusers(PGconn *conn, struct bk_err *e)
{
	return bk_conn_query(conn, "SELECT rolname FROM pg_catalog.pg_roles "
	    "WHERE rolsuper AND (SELECT s.rolsuper FROM pg_catalog.pg_roles s "
	    "WHERE s.rolname = session_user)", e);
}

int
bk_rights_functions(PGconn *conn, const struct bk_toc *toc,
    const struct bk_restore_list *list, const unsigned char *wanted,
    struct bk_rights *found, struct bk_err *e)
{
	const char *encoding = bk_toc_encoding(toc);
	const int events = has_events(toc);
	PGresult *super;
	size_t i;

	if ((encoding != NULL && bk_conn_exec(conn, encoding, e) == -1) ||
	    (super = superusers(conn, e)) == NULL)
		return -1;
	for (i = 0; PQntuples(super) > 0 && i < toc->n; i++) {
		const struct bk_toc_entry *te = &toc->entry[i];

		if (is_wanted(list, wanted, i) &&
		    bk_rights_callable(te, events) &&
		    !has_name(super, te->owner) && found->functions++ == 0)
			name_first(found->function, te);
	}
	PQclear(super);
	return 0;
}

int
bk_rights_super(PGconn *conn, struct bk_buf *super, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn, "SELECT pg_catalog.array_agg(oid) "
	    "FROM pg_catalog.pg_roles WHERE rolsuper", e);
	int rc = res == NULL ? -1 : bk_buf_puts(super, PQgetvalue(res, 0, 0),
	    e);

	PQclear(res);
	return rc;
}

int
bk_rights_live(PGconn *conn, const char *super, int definitions,
    struct bk_rights *found, struct bk_err *e)
{
	static const Oid types[] = { 1028, 16 };	/* oid[], bool */
	const char *values[] = { super, definitions ? "t" : "f" };
	/* a range's own are internal to its type */
	PGresult *res = bk_sql_params(conn, "SELECT pg_catalog.count(*), "
	    "min(n.nspname || '.' || p.proname) FROM pg_catalog.pg_proc p "
	    "JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
	    "JOIN pg_catalog.pg_roles o ON o.oid = p.proowner "
	    "WHERE p.oid >= 16384 AND NOT coalesce(o.oid = ANY ($1), "
	    "o.rolsuper) AND "
	    "(SELECT s.rolsuper FROM pg_catalog.pg_roles s "
	    "WHERE s.rolname = session_user) AND "
	    "(EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger "
	    "WHERE evtfoid = p.oid) OR ($2 AND p.prorettype NOT IN "
	    "('pg_catalog.trigger'::pg_catalog.regtype, "
	    "'pg_catalog.event_trigger'::pg_catalog.regtype))) AND NOT EXISTS "
	    "(SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND "
	    "d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND "
	    "d.deptype = 'i')", 2, types, values);

	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		bk_conn_fail(conn, res, NULL, e);
		PQclear(res);
		return -1;
	}
	if (found->functions == 0)
		(void)snprintf(found->function, sizeof(found->function),
		    "%.255s", PQgetvalue(res, 0, 1));
	found->functions += (unsigned)strtoul(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return 0;
}

#define REMEDY "verify with --scratch, as a user with no right but " \
    "CREATEDB, or with --trust-code"

int
bk_rights_refuse(const char *name, const struct bk_restore_options *o,
    PGconn *conn, const struct bk_rights *found, struct bk_err *e)
{
	if (found->n + found->functions == 0 || !o->distrust ||
	    !bk_conn_is_super(conn))
		return 0;
	if (found->functions > 0)
		return bk_fail(e, BK_DATA, "%s: its code would run as a "
		    "superuser (%u functions whose owners are not, the "
		    "first: %.255s); " REMEDY, name, found->functions,
		    found->function);
	return bk_fail(e, BK_DATA, "%s: its code would run as a superuser (%u "
	    "of its tables and definitions, the first: %.255s); " REMEDY, name,
	    found->n, found->first);
}

int
bk_rights_note(const struct bk_rights *found, struct bk_buf *notes,
    struct bk_err *e)
{
	if (found->functions > 0 && bk_restore_note(notes, e, "%u functions "
	    "whose owners are not superusers could run with a superuser's "
	    "rights while definitions were made, the first: %s",
	    found->functions, found->function) == -1)
		return -1;
	return found->n == 0 ? 0 : bk_restore_note(notes, e, "%u of the "
	    "dump's tables and definitions have code that ran with the rights "
	    "of the user who restores or of a superuser, the first: %s",
	    found->n, found->first);
}
