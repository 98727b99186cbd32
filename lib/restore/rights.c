#include "restore/rights.h"

#include <stdio.h>
#include <string.h>

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

/*
 * pg_dump writes all that is not PostgreSQL's own with its schema: is there
 * such a name after the first of these words?
 */
static int
calls(const char *defn, const char *word)
{
	const char *p = defn;
	int after = 0;

	while (p != NULL && *p != '\0') {
		if (after && is_call(defn, p))
			return 1;
		after |= strncmp(p, word, strlen(word)) == 0;
		p = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
	}
	return 0;
}

/* Might it hold a literal of a type that is not PostgreSQL's own? */
static int
has_literal(const struct bk_toc_entry *te)
{
	const char *p = te->defn;

	if (p == NULL)
		return 0;
	if ((is(te->desc, "AGGREGATE") && strstr(p, "INITCOND") != NULL) ||
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

static int
runs_code(const struct bk_toc_entry *te, int whole, int literals)
{
	if (is(te->desc, "DOMAIN"))
		return (literals || whole) && calls(te->defn, "CHECK (");
	if (is(te->desc, "CHECK CONSTRAINT"))
		return !ends_with(te->defn, " NOT VALID;\n") &&
		    calls(te->defn, "CHECK (");
	if (is(te->desc, "CAST"))
		return te->defn != NULL &&
		    strstr(te->defn, "WITH FUNCTION") != NULL &&
		    strstr(te->defn, "AS IMPLICIT") != NULL;
	return whole && is(te->desc, "TABLE") &&
	    (calls(te->defn, "CHECK (") ||
	    calls(te->defn, "GENERATED ALWAYS AS (") ||
	    calls(te->defn, "PARTITION BY "));
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

		if (!bk_restore_list_has(list, i) ||
		    (wanted != NULL && !wanted[i]) ||
		    !runs_code(te, whole, literals))
			continue;
		if (found->n++ == 0)
			(void)snprintf(found->first, sizeof(found->first),
			    "%s%s%s", te->schema == NULL ? "" : te->schema,
			    te->schema == NULL ? "" : ".", te->tag);
	}
}

int
bk_rights_refuse(const char *name, const struct bk_restore_options *o,
    PGconn *conn, const struct bk_rights *found, struct bk_err *e)
{
	if (found->n == 0 || !o->distrust ||
	    !is(PQparameterStatus(conn, "is_superuser"), "on"))
		return 0;
	return bk_fail(e, BK_DATA, "%s: its code would run as a superuser (%u "
	    "of its tables and definitions, the first: %.255s); verify with "
	    "--scratch, as a user who is no superuser, or with --trust-code",
	    name, found->n, found->first);
}

int
bk_rights_note(const struct bk_rights *found, struct bk_buf *notes,
    struct bk_err *e)
{
	return found->n == 0 ? 0 : bk_buf_printf(notes, e, "%u of the "
	    "dump's tables and definitions have code that ran with the rights "
	    "of the user who restores or of a superuser, the first: %s\n",
	    found->n, found->first);
}
