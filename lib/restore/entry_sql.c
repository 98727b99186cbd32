#include "restore/entry_sql.h"

#include <stdlib.h>
#include <string.h>

#include "pg/conn.h"
#include "restore/rights.h"

#define OBJECTS_AT_ONCE 200	/* each is locked until its transaction ends */

enum { PRE_DATA = 2, POST_DATA = 4 };	/* sections */

static int
is(const char *s, const char *text)
{
	return strcmp(s, text) == 0;
}

static int
begins(const char *s, const char *head)
{
	return strncmp(s, head, strlen(head)) == 0;
}

static int
is_among(const char *s, const char *const *list)
{
	while (*list != NULL && strcmp(s, *list) != 0)
		list++;
	return *list != NULL;
}

/* What describes another object, which its tag names. */
static int
is_remark(const struct bk_toc_entry *te)
{
	return is(te->desc, "ACL") || is(te->desc, "COMMENT") ||
	    is(te->desc, "SECURITY LABEL");
}

static enum bk_ddl_step
step_of(const struct bk_toc_entry *te, int section)
{
	static const char *const never[] = { "ENCODING", "STDSTRINGS",
	    "SEARCHPATH", "DATABASE", "DATABASE PROPERTIES", "TABLE DATA",
	    "BLOBS", NULL };

	if (is_among(te->desc, never) ||
	    (is_remark(te) && begins(te->tag, "DATABASE ")))
		return BK_DDL_NEVER;
	if (is(te->desc, "ACL") || is(te->desc, "DEFAULT ACL"))
		return BK_DDL_ACL;
	if (is(te->desc, "EVENT TRIGGER") ||
	    is(te->desc, "MATERIALIZED VIEW DATA") ||
	    (is(te->desc, "COMMENT") && begins(te->tag, "EVENT TRIGGER ")) ||
	    (is(te->desc, "STATISTICS DATA") && te->section == POST_DATA))
		return BK_DDL_LAST;
	return section == POST_DATA ? BK_DDL_POST : BK_DDL_PRE;
}

/* Is it planned with each query of its table, and calls code of the dump? */
static int
is_planned(const struct bk_toc_entry *te)
{
	const char *word = is(te->desc, "INDEX") ? " USING " :
	    is(te->desc, "STATISTICS") ? " ON " :
	    is(te->desc, "CONSTRAINT") ? " EXCLUDE " : NULL;

	return word != NULL && te->defn != NULL &&
	    bk_rights_calls(te->defn, word);
}

static int
compare_ids(const void *a, const void *b)
{
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* A partition's index is attached to one that is among the n of id? */
static int
is_attached(const struct bk_toc_entry *te, const int32_t *id, size_t n)
{
	size_t i;

	for (i = 0; i < te->ndeps; i++)
		if (bsearch(&te->deps[i], id, n, sizeof(*id),
		    compare_ids) != NULL)
			return 1;
	return 0;
}

/* Put off what is planned, what is said of it, and what it is attached to. */
static int
put_off(const struct bk_toc *toc, unsigned char *step, struct bk_err *e)
{
	int32_t *id = calloc(toc->n + 1, sizeof(*id));
	size_t i, n = 0;
	int last = 0;		/* what precedes was put off */

	if (id == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < toc->n; i++) {
		if (!is_remark(&toc->entry[i]))
			last = is_planned(&toc->entry[i]);
		if (!last || step[i] != BK_DDL_POST)
			continue;
		step[i] = BK_DDL_LAST;
		id[n++] = toc->entry[i].id;
	}
	qsort(id, n, sizeof(*id), compare_ids);
	for (i = 0; n > 0 && i < toc->n; i++)
		if (is(toc->entry[i].desc, "INDEX ATTACH") &&
		    is_attached(&toc->entry[i], id, n))
			step[i] = BK_DDL_LAST;
	free(id);
	return 0;
}

int
bk_entry_steps(const struct bk_toc *toc, unsigned char *step, struct bk_err *e)
{
	int section = PRE_DATA;
	size_t i;

	for (i = 0; i < toc->n; i++) {
		if (toc->entry[i].section >= PRE_DATA)
			section = toc->entry[i].section;
		step[i] = (unsigned char)step_of(&toc->entry[i], section);
	}
	return put_off(toc, step, e);
}

int
bk_entry_settings(const struct bk_toc *toc, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_toc_entry *te;
	size_t i;

	for (i = 0; i < toc->n; i++) {
		te = &toc->entry[i];
		if (te->defn != NULL && (is(te->desc, "ENCODING") ||
		    is(te->desc, "STDSTRINGS")) &&
		    bk_buf_puts(out, te->defn, e) == -1)
			return -1;
	}
	return 0;
}

int
bk_entry_name(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e)
{
	const int in = te->schema != NULL && *te->schema != '\0';

	return bk_buf_printf(out, e, "%s %s%s%s", te->desc,
	    in ? te->schema : "", in ? "." : "", te->tag);
}

int
bk_entry_make(const struct bk_toc_entry *te, int no_owner, struct bk_buf *out,
    struct bk_err *e)
{
	if (te->defn == NULL || *te->defn == '\0')
		return 0;
	/* "CREATE SCHEMA x AUTHORIZATION y"; a comment if it is always there */
	if (no_owner && is(te->desc, "SCHEMA") && !begins(te->defn, "--"))
		return bk_buf_puts(out, "CREATE SCHEMA ", e) == -1 ? -1 :
		    bk_conn_ident(out, te->tag, e);
	return bk_buf_puts(out, te->defn, e);
}

/* Append what ALTER needs to name the object: 1; 0: it has no owner. */
static int
describe(const struct bk_toc_entry *te, struct bk_buf *out, struct bk_err *e)
{
	static const char *const plain[] = { "COLLATION", "CONVERSION",
	    "DOMAIN", "FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE",
	    "STATISTICS", "TABLE", "TEXT SEARCH DICTIONARY",
	    "TEXT SEARCH CONFIGURATION", "TYPE", "VIEW",
	    "PROCEDURAL LANGUAGE", "SCHEMA", "EVENT TRIGGER",
	    "FOREIGN DATA WRAPPER", "SERVER", "PUBLICATION", "SUBSCRIPTION",
	    NULL };
	/* these need arguments as well: DROP has them */
	static const char *const dropped[] = { "AGGREGATE", "FUNCTION",
	    "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE",
	    NULL };
	size_t n;

	if (is(te->desc, "BLOB"))
		return bk_buf_printf(out, e, "LARGE OBJECT %s", te->tag) == -1 ?
		    -1 : 1;
	if (is_among(te->desc, dropped) && begins(te->drop, "DROP ")) {
		n = strlen(te->drop);
		while (n > 5 && strchr(";\n", te->drop[n - 1]) != NULL)
			n--;
		return bk_buf_add(out, te->drop + 5, n - 5, e) == -1 ? -1 : 1;
	}
	if (!is_among(te->desc, plain))
		return 0;
	return bk_buf_printf(out, e, "%s ", te->desc) == -1 ||
	    bk_conn_qualified(out, te->schema, te->tag, e) == -1 ? -1 : 1;
}

int
bk_entry_owner(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e)
{
	const size_t start = out->len;
	int rc;

	if (te->owner == NULL || *te->owner == '\0' || te->drop == NULL ||
	    *te->drop == '\0')
		return 0;
	if (bk_buf_puts(out, "ALTER ", e) == -1 ||
	    (rc = describe(te, out, e)) == -1)
		return -1;
	if (rc == 0) {
		out->data[out->len = start] = '\0';
		return 0;
	}
	return bk_buf_puts(out, " OWNER TO ", e) == -1 ? -1 :
	    bk_conn_ident(out, te->owner, e);
}

/* --- large objects */

static const struct bk_toc_entry *
metadata_of(const struct bk_toc *toc, const struct bk_toc_entry *te)
{
	size_t i;

	for (i = 0; te->ndeps > 0 && i < toc->n; i++)
		if (toc->entry[i].id == te->deps[0] &&
		    is(toc->entry[i].desc, "BLOB METADATA"))
			return &toc->entry[i];
	return NULL;
}

int
bk_entry_objects(const struct bk_toc *toc, const struct bk_toc_entry *te,
    struct bk_entry_objects *o, struct bk_err *e)
{
	const struct bk_toc_entry *all = te;

	if (!is(te->desc, "BLOB METADATA")) {
		if (!is(te->desc, "ACL") || !begins(te->tag, "LARGE OBJECTS"))
			return 0;
		all = metadata_of(toc, te);
	}
	if (all == NULL || all->defn == NULL || te->defn == NULL)
		return bk_fail(e, BK_DATA, "%s %s: large objects without a "
		    "list of them", te->desc, te->tag);
	*o = (struct bk_entry_objects){ .te = te, .list = all->defn };
	return 1;
}

/* Make the object with this OID, and give it to its owner. */
static int
add_object(const struct bk_toc_entry *te, uint32_t oid, int no_owner,
    struct bk_buf *out, struct bk_err *e)
{
	if (bk_buf_printf(out, e, "SELECT pg_catalog.lo_create('%lu');\n",
	    (unsigned long)oid) == -1)
		return -1;
	if (no_owner || te->owner == NULL || *te->owner == '\0')
		return 0;
	if (bk_buf_printf(out, e, "ALTER LARGE OBJECT %lu OWNER TO ",
	    (unsigned long)oid) == -1 ||
	    bk_conn_ident(out, te->owner, e) == -1)
		return -1;
	return bk_buf_puts(out, ";\n", e);
}

/*
 * The privileges of one of them, with another OID.  In what pg_dump writes only
 * names of roles are in quotes.
 */
static int
add_grant(const char *acl, uint32_t oid, struct bk_buf *out, struct bk_err *e)
{
	static const char before[] = " ON LARGE OBJECT ";
	const char *from = acl, *p = acl;
	int quoted = 0;

	for (; *p != '\0'; p++) {
		quoted ^= *p == '"';
		if (quoted || !begins(p, before))
			continue;
		p += strlen(before);
		if (bk_buf_add(out, from, (size_t)(p - from), e) == -1 ||
		    bk_buf_printf(out, e, "%lu", (unsigned long)oid) == -1)
			return -1;
		p += strspn(p, "0123456789");
		from = p--;
	}
	return bk_buf_puts(out, from, e);
}

int
bk_entry_objects_next(struct bk_entry_objects *o, int no_owner,
    struct bk_buf *out, struct bk_err *e)
{
	const int acl = is(o->te->desc, "ACL");
	unsigned long oid;
	char *end;
	int i;

	out->len = 0;
	for (i = 0; i < OBJECTS_AT_ONCE && *o->list != '\0'; i++) {
		oid = strtoul(o->list, &end, 10);
		if (end == o->list || oid == 0 || oid > UINT32_MAX)
			return bk_fail(e, BK_DATA, "%s %s: a malformed list of "
			    "large objects", o->te->desc, o->te->tag);
		o->list = end + strspn(end, "\n");
		if ((acl ? add_grant(o->te->defn, (uint32_t)oid, out, e) :
		    add_object(o->te, (uint32_t)oid, no_owner, out, e)) == -1)
			return -1;
	}
	return i > 0;
}
