#include "dump/tasks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "dump/drift.h"
#include "pg/conn.h"
#include "pg/sql.h"

/* The name that a relation has now, as ASCII in any encoding. */
#define NAME_NOW(oid) "pg_catalog.encode(pg_catalog.textsend(" oid \
    "::pg_catalog.regclass::pg_catalog.text), 'hex')"

/*
 * Would a range, which is planned, unlike COPY table, call as us a function of
 * another, no superuser?  (An extension's also: its owner can make it so.)
 */
#define OTHERS(fields, from, owner) "EXISTS (SELECT 1 FROM (SELECT DISTINCT " \
    "x[1]::pg_catalog.oid FROM pg_catalog.regexp_matches(t, '" fields \
    " ([1-9][0-9]*)', 'g') AS m (x)) AS n (oid) LEFT JOIN " from \
    " LEFT JOIN pg_catalog.pg_roles o ON o.oid = " owner \
    " WHERE n.oid >= 16384 AND (o.rolsuper OR o.rolname = current_user) " \
    "IS NOT TRUE)"
#define PLANNED \
    "EXISTS (SELECT 1 FROM (SELECT pg_catalog.concat(i.indexprs, i.indpred) " \
    "FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid UNION ALL " \
    "SELECT pg_catalog.to_jsonb(s) ->> 'stxexprs' " \
    "FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid) AS p (t) " \
    "WHERE t <> '' AND (" \
    OTHERS(":(?:funcid|opfuncid)", "pg_catalog.pg_proc f ON f.oid = n.oid", \
    "f.proowner") " OR " \
    OTHERS(":opno", "(pg_catalog.pg_operator p JOIN pg_catalog.pg_proc f " \
    "ON f.oid = p.oprcode) ON p.oid = n.oid", "f.proowner") " OR " \
    OTHERS(":(?:resulttype|typid|row_typeid)", "pg_catalog.pg_type y " \
    "ON y.oid = n.oid", "y.typowner") "))"

/* Facts about the tables, by OID. */
static const char facts_sql[] =
    "SELECT c.oid, c.relkind, coalesce(a.amname, ''),"
    " e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)],"
    " " NAME_NOW("c.oid") ", " PLANNED
    " FROM pg_catalog.unnest('{%s}'::pg_catalog.oid[])"
    " WITH ORDINALITY AS u(oid, n)"
    " JOIN pg_catalog.pg_class c ON c.oid = u.oid"
    " LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam"
    " LEFT JOIN pg_catalog.pg_extension e ON c.oid = ANY (e.extconfig)"
    " ORDER BY u.n";

/*
 * Sizes only decide how to cut (the last range has no end), so for a small
 * table that was ever analyzed the catalog's number will do: reading the true
 * size opens the table, which takes longer than dumping a small one.
 */
#define SIZE(c) "CASE WHEN " c ".reltuples < 0 OR " c ".relpages > 512" \
    " THEN pg_catalog.pg_relation_size(" c ".oid) ELSE " c ".relpages *" \
    " pg_catalog.current_setting('block_size')::pg_catalog.int8 END"

/*
 * Queried once the tables are locked.  relfilenode is the snapshot's and
 * pg_relation_filenode() the current one: they differ if the table was
 * truncated or rewritten in between.
 */
static const char sizes_sql[] =
    "SELECT c.oid, " SIZE("c") ", " SIZE("t") ","
    " c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid),"
    " pg_catalog.current_setting('block_size')"
    " FROM pg_catalog.unnest('{%s}'::pg_catalog.oid[])"
    " WITH ORDINALITY AS u(oid, n)"
    " JOIN pg_catalog.pg_class c ON c.oid = u.oid"
    " LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid"
    " ORDER BY u.n";

int
bk_dump_item_name(const struct bk_dump_item *it, struct bk_buf *out,
    struct bk_err *e)
{
	if (it->blobs)
		return bk_buf_puts(out, "large objects", e);
	if (bk_buf_puts(out, "table ", e) == -1)
		return -1;
	return bk_conn_qualified(out, it->te->schema, it->te->tag, e);
}

/* Set *e to the item's name and the reason. */
static int
fail_item(const struct bk_dump_item *it, enum bk_code code, const char *reason,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	(void)bk_dump_item_name(it, &name, &ignored);
	bk_fail(e, code, "%s: %s", name.data == NULL ? "table" : name.data,
	    reason);
	bk_buf_free(&name);
	return -1;
}

static int
take_items(struct bk_tasks *p, const struct bk_toc *toc, struct bk_err *e)
{
	const struct bk_toc_entry *te;
	struct bk_dump_item *it;
	size_t i;

	if ((p->item = calloc(toc->n + 1, sizeof(*p->item))) == NULL)
		return bk_fail_memory(e);
	p->n = 0;
	for (i = 0; i < toc->n; i++) {
		te = &toc->entry[i];
		if (!te->has_data)
			continue;
		it = &p->item[p->n++];
		it->te = te;
		if (te->desc == NULL || te->tag == NULL)
			return bk_fail(e, BK_FAIL, "pg_dump: entry %d has no "
			    "name", (int)te->id);
		it->blobs = strcmp(te->desc, "BLOBS") == 0;
		if (!it->blobs && strcmp(te->desc, "TABLE DATA") != 0)
			return bk_fail(e, BK_FAIL, "pg_dump: unknown kind of "
			    "data: %s", te->desc);
	}
	return 0;
}

/* Run fmt with the list of the items' OIDs; only_tables: those to lock. */
static PGresult *
query_items(struct bk_tasks *p, PGconn *conn, const char *fmt, int only_tables,
    struct bk_err *e)
{
	struct bk_buf list = {0}, sql = {0};
	PGresult *res = NULL;
	const char *rest = strchr(fmt, '%') + 2;	/* its one %s */
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct bk_dump_item *it = &p->item[i];

		if (it->blobs || (only_tables && it->relkind != 'r'))
			continue;
		if (bk_buf_printf(&list, e, "%s%" PRIu32,
		    list.len == 0 ? "" : ",", it->te->oid) == -1)
			goto done;
	}
	if (bk_buf_add(&sql, fmt, (size_t)(rest - fmt) - 2, e) == 0 &&
	    bk_buf_add(&sql, list.data, list.len, e) == 0 &&
	    bk_buf_puts(&sql, rest, e) == 0)
		res = bk_conn_query(conn, sql.data, e);
 done:
	bk_buf_free(&list);
	bk_buf_free(&sql);
	return res;
}

/*
 * Call fn for each item with its row of res: one row per item, in order, with
 * the OID in the first column.  A missing table was dropped meanwhile.
 */
static int
for_each_row(struct bk_tasks *p, PGresult *res, int only_tables,
    int (*fn)(struct bk_tasks *, struct bk_dump_item *, PGresult *, int,
    struct bk_err *), struct bk_err *e)
{
	size_t i;
	int row = 0;

	for (i = 0; i < p->n; i++) {
		struct bk_dump_item *it = &p->item[i];

		if (it->blobs || (only_tables && it->relkind != 'r'))
			continue;
		if (row >= PQntuples(res) ||
		    strtoul(PQgetvalue(res, row, 0), NULL, 10) != it->te->oid)
			return fail_item(it, BK_FAIL, "not in the catalog", e);
		if (fn(p, it, res, row++, e) == -1)
			return -1;
	}
	return 0;
}

static int
take_facts(struct bk_tasks *p, struct bk_dump_item *it, PGresult *res, int row,
    struct bk_err *e)
{
	it->relkind = *PQgetvalue(res, row, 1);
	p->foreign |= it->relkind == 'f';
	it->splits = it->relkind == 'r' &&
	    strcmp(PQgetvalue(res, row, 2), "heap") == 0 &&
	    *PQgetvalue(res, row, 5) == 'f';
	if (*PQgetvalue(res, row, 3) != '\0') {
		it->splits = 0;
		if ((it->condition = strdup(PQgetvalue(res, row, 3))) == NULL)
			return bk_fail_memory(e);
	}
	if ((it->name_now = strdup(PQgetvalue(res, row, 4))) == NULL)
		return bk_fail_memory(e);
	return 0;
}

/*
 * Ranges of about BK_TASKS_RANGE, the TOAST table included; a power of two, so
 * that the cuts stay in place as a table grows.
 */
static uint32_t
pages_in_range(uint32_t pages, uint64_t bytes)
{
	uint32_t step = 1;

	while (step < pages && bytes / pages * step * 2 <= BK_TASKS_RANGE)
		step *= 2;
	return step;
}

static int
take_size(struct bk_tasks *p, struct bk_dump_item *it, PGresult *res, int row,
    struct bk_err *e)
{
	uint64_t heap = strtoull(PQgetvalue(res, row, 1), NULL, 10);
	uint64_t page = strtoull(PQgetvalue(res, row, 4), NULL, 10);

	if (*PQgetvalue(res, row, 3) == 't')
		return fail_item(it, BK_BUSY, "truncated or rewritten after "
		    "the snapshot was taken; try again", e);
	it->bytes = heap + strtoull(PQgetvalue(res, row, 2), NULL, 10);
	p->bytes += it->bytes;
	it->pages = (uint32_t)(heap / page);	/* 32 bits on the server, too */
	it->splits = it->splits && it->bytes > 2 * BK_TASKS_RANGE &&
	    it->pages > 1;
	if (it->splits)
		it->step = pages_in_range(it->pages, it->bytes);
	return 0;
}

/*
 * Lock all tables in one statement.  It must not wait: a session that wants to
 * change a table waits for pg_dump's lock, pg_dump for us to read its output,
 * and we would wait for that session.
 */
static int
lock_tables(struct bk_tasks *p, PGconn *conn, struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	size_t i, n = 0;
	int rc = -1;

	for (i = 0; i < p->n; i++) {
		const struct bk_dump_item *it = &p->item[i];

		if (it->blobs || it->relkind != 'r')
			continue;
		if (bk_buf_puts(&sql, n++ == 0 ? "LOCK TABLE ONLY " :
		    ", ONLY ", e) == -1 || bk_conn_qualified(&sql,
		    it->te->schema, it->te->tag, e) == -1)
			goto done;
	}
	if (n > 0) {
		if (bk_buf_puts(&sql, " IN ACCESS SHARE MODE NOWAIT", e) == -1)
			goto done;
		res = bk_sql_exec(conn, sql.data);
		if (PQresultStatus(res) != PGRES_COMMAND_OK) {
			bk_conn_fail(conn, res, NULL, e);
			if (bk_conn_failed_with(res, "55P03"))
				e->code = BK_BUSY;
			goto done;
		}
	}
	rc = 0;
 done:
	PQclear(res);
	bk_buf_free(&sql);
	return rc;
}

/* The BLOB METADATA entries: by number, once they are sorted. */
struct metadata {
	const struct bk_toc_entry **entry;
	size_t n;
};

static int
compare_ids(const void *a, const void *b)
{
	int32_t x = (*(const struct bk_toc_entry *const *)a)->id;
	int32_t y = (*(const struct bk_toc_entry *const *)b)->id;

	return (x > y) - (x < y);
}

static int
find_metadata(struct metadata *m, const struct bk_toc *toc, struct bk_err *e)
{
	size_t i;

	if ((m->entry = calloc(toc->n + 1, sizeof(*m->entry))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < toc->n; i++)
		if (strcmp(toc->entry[i].desc, "BLOB METADATA") == 0)
			m->entry[m->n++] = &toc->entry[i];
	qsort(m->entry, m->n, sizeof(*m->entry), compare_ids);
	return 0;
}

/* The OIDs, one per line, of the BLOB METADATA entry that te depends on. */
static const char *
blobs_metadata(const struct metadata *m, const struct bk_toc_entry *te)
{
	struct bk_toc_entry one = {0};
	const struct bk_toc_entry *key = &one, **found;
	size_t i;

	for (i = 0; i < te->ndeps; i++) {
		one.id = te->deps[i];
		found = bsearch(&key, m->entry, m->n, sizeof(*m->entry),
		    compare_ids);
		if (found != NULL)
			return (*found)->defn;
	}
	return NULL;
}

static int
blobs_from_text(struct bk_dump_item *it, const char *s, struct bk_err *e)
{
	size_t cap = 1;
	const char *p;
	char *end;

	for (p = s; *p != '\0'; p++)
		cap += *p == '\n';
	if ((it->oid = calloc(cap, sizeof(*it->oid))) == NULL)
		return bk_fail_memory(e);
	while (*s != '\0' && it->noid < cap) {
		unsigned long v = strtoul(s, &end, 10);

		if (end == s || v == 0 || v > UINT32_MAX)
			return bk_fail(e, BK_FAIL, "pg_dump: a malformed list "
			    "of large objects");
		it->oid[it->noid++] = (uint32_t)v;
		s = end + (*end == '\n');
	}
	return 0;
}

static int
blobs_from_catalog(struct bk_dump_item *it, PGconn *conn, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn, "SELECT oid FROM "
	    "pg_catalog.pg_largeobject_metadata ORDER BY oid", e);
	int i, n;

	if (res == NULL)
		return -1;
	n = PQntuples(res);
	it->oid = calloc((size_t)n + 1, sizeof(*it->oid));
	for (i = 0; it->oid != NULL && i < n; i++)
		it->oid[it->noid++] = (uint32_t)strtoul(PQgetvalue(res, i, 0),
		    NULL, 10);
	PQclear(res);
	return it->oid == NULL ? bk_fail_memory(e) : 0;
}

/* Newer archives list the objects of each block; before, it is all of them. */
static int
take_blobs(struct bk_tasks *p, PGconn *conn, const struct bk_toc *toc,
    struct bk_err *e)
{
	struct metadata m = {0};
	const int listed = toc->minor >= BK_PG_ARCHIVE_KINDS;
	const char *list;
	size_t i;
	int rc = listed ? find_metadata(&m, toc, e) : 0;

	for (i = 0; rc == 0 && i < p->n; i++) {
		struct bk_dump_item *it = &p->item[i];

		if (!it->blobs)
			continue;
		if (!listed)
			rc = blobs_from_catalog(it, conn, e);
		else if ((list = blobs_metadata(&m, it->te)) != NULL)
			rc = blobs_from_text(it, list, e);
		else
			rc = bk_fail(e, BK_FAIL, "pg_dump: large objects "
			    "without a list of them");
	}
	free(m.entry);
	return rc;
}

int
bk_tasks_make(struct bk_tasks *p, PGconn *conn, const struct bk_toc *toc,
    int split, struct bk_err *e)
{
	PGresult *res = NULL;
	size_t i;
	int rc = -1;

	if (take_items(p, toc, e) == -1 ||
	    (res = query_items(p, conn, facts_sql, 0, e)) == NULL ||
	    for_each_row(p, res, 0, take_facts, e) == -1)
		goto done;
	PQclear(res);
	res = NULL;
	if (lock_tables(p, conn, e) == -1 ||
	    bk_drift_names(conn, toc, e) == -1 ||
	    (res = query_items(p, conn, sizes_sql, 1, e)) == NULL ||
	    for_each_row(p, res, 1, take_size, e) == -1 ||
	    take_blobs(p, conn, toc, e) == -1)
		goto done;
	/* else a condition on ctid reads the whole table */
	split = split && BK_PG_MAJOR(PQserverVersion(conn)) >= BK_PG_TID_RANGES;
	for (i = 0; !split && i < p->n; i++)
		p->item[i].splits = 0;
	rc = 0;
 done:
	PQclear(res);
	return rc;
}

int
bk_tasks_next(struct bk_tasks *p, struct bk_task *t)
{
	const struct bk_dump_item *it;
	uint64_t end, step;

	if (p->next == p->n)
		return 0;
	it = &p->item[p->next];
	end = it->blobs ? it->noid : it->splits ? it->pages : 0;
	step = it->blobs ? BK_TASKS_BLOBS : it->splits ? it->step : 0;
	*t = (struct bk_task){ .item = it, .from = p->at, .first = p->at == 0 };
	t->kind = it->blobs ? BK_TASK_BLOBS :
	    it->splits ? BK_TASK_RANGE : BK_TASK_WHOLE;
	t->last = end - p->at <= step;
	t->to = t->last ? end : p->at + step;
	p->at = t->to;
	if (t->last) {
		p->next++;
		p->at = 0;
	}
	return 1;
}

/* Skip one identifier, quoted or plain. */
static const char *
skip_ident(const char *s)
{
	if (*s != '"')
		return s + strcspn(s, " .(");
	for (s++; *s != '\0'; s++)
		if (*s == '"' && *++s != '"')
			break;
	return s;
}

/*
 * The column list, without its parentheses, of "COPY schema.table (a, b)
 * FROM stdin;\n"; *n is 0 if there is none.  NULL for any other statement.
 */
static const char *
columns(const char *copy, size_t *n)
{
	static const char end[] = ") FROM stdin;\n";
	size_t len;

	*n = 0;
	if (copy == NULL || strncmp(copy, "COPY ", 5) != 0)
		return NULL;
	copy = skip_ident(copy + 5);
	if (*copy == '.')
		copy = skip_ident(copy + 1);
	while (*copy == ' ')
		copy++;
	if (strcmp(copy, end + 2) == 0)
		return copy;
	len = strlen(copy);
	if (*copy != '(' || len < sizeof(end) ||
	    strcmp(copy + len - (sizeof(end) - 1), end) != 0)
		return NULL;
	*n = len - sizeof(end);
	return copy + 1;
}

/*
 * Around a table's query.  The session's lock_timeout (workers.h) applies to
 * the table's lock and, for a range, to the locks on its indexes, which
 * planning takes.  It must not apply once rows flow: fetching a value from
 * TOAST waits for a rebuild of that index, as pg_dump does.  Rolling back to
 * the savepoint releases the locks, so that an index can be rebuilt before our
 * transaction ends.
 *
 * No lock of ours keeps a schema from being renamed: the new lock_timeout is
 * none (BK_TASK_MOVED) unless the OID still has its name.
 */
static int
begin_table(const struct bk_task *t, struct bk_buf *sql, struct bk_err *e)
{
	const struct bk_dump_item *it = t->item;
	const char *lock = it->relkind != 'r' || it->condition != NULL ? NULL :
	    t->kind == BK_TASK_RANGE ? "DECLARE bk CURSOR FOR SELECT FROM "
	    "ONLY " : "LOCK TABLE ONLY ";

	if (bk_buf_puts(sql, "SAVEPOINT bk; ", e) == -1)
		return -1;
	if (lock != NULL && (bk_buf_puts(sql, lock, e) == -1 ||
	    bk_conn_qualified(sql, it->te->schema, it->te->tag, e) == -1 ||
	    bk_buf_puts(sql, t->kind == BK_TASK_RANGE ? "; " :
	    " IN ACCESS SHARE MODE; ", e) == -1))
		return -1;
	return bk_buf_printf(sql, e, "SELECT pg_catalog.set_config("
	    "'lock_timeout', CASE " NAME_NOW("%" PRIu32) " WHEN '%s' THEN '0' "
	    "ELSE '" BK_TASK_MOVED "' END, true); ", it->te->oid,
	    it->name_now);
}

static const char end_table[] = "; ROLLBACK TO bk; RELEASE bk";

static int
select_sql(const struct bk_dump_item *it, const char *cols, size_t n, int only,
    struct bk_buf *sql, struct bk_err *e)
{
	if (bk_buf_puts(sql, "COPY (SELECT ", e) == -1 ||
	    bk_buf_add(sql, cols, n, e) == -1 ||
	    bk_buf_puts(sql, only ? " FROM ONLY " : " FROM ", e) == -1)
		return -1;
	return bk_conn_qualified(sql, it->te->schema, it->te->tag, e);
}

static int
range_sql(const struct bk_task *t, const char *cols, size_t n,
    struct bk_buf *sql, struct bk_err *e)
{
	if (begin_table(t, sql, e) == -1 ||
	    select_sql(t->item, cols, n, 1, sql, e) == -1 ||
	    bk_buf_printf(sql, e, " WHERE ctid >= '(%" PRIu64 ",0)'",
	    t->from) == -1)
		return -1;
	/* the table may have grown: the last range has no end */
	if (!t->last && bk_buf_printf(sql, e, " AND ctid < '(%" PRIu64 ",0)'",
	    t->to) == -1)
		return -1;
	return bk_buf_printf(sql, e, ") TO STDOUT%s", end_table);
}

static int
whole_sql(const struct bk_task *t, const char *cols, size_t n,
    struct bk_buf *sql, struct bk_err *e)
{
	const struct bk_dump_item *it = t->item;

	if (begin_table(t, sql, e) == -1 ||
	    bk_buf_puts(sql, "COPY ", e) == -1 ||
	    bk_conn_qualified(sql, it->te->schema, it->te->tag, e) == -1)
		return -1;
	if (n > 0 && (bk_buf_puts(sql, " (", e) == -1 ||
	    bk_buf_add(sql, cols, n, e) == -1 ||
	    bk_buf_puts(sql, ")", e) == -1))
		return -1;
	return bk_buf_printf(sql, e, " TO STDOUT%s", end_table);
}

int
bk_task_sql(const struct bk_task *t, struct bk_buf *sql, struct bk_err *e)
{
	const struct bk_dump_item *it = t->item;
	const char *cols;
	size_t n;

	if ((cols = columns(it->te->copy, &n)) == NULL)
		return fail_item(it, BK_FAIL, "pg_dump's COPY statement is of "
		    "an unknown kind", e);
	if (t->kind == BK_TASK_RANGE)
		return range_sql(t, cols, n, sql, e);
	if (it->condition == NULL && it->relkind != 'f')
		return whole_sql(t, cols, n, sql, e);
	/* part of an extension's table, or a foreign table */
	if (begin_table(t, sql, e) == -1 ||
	    select_sql(it, n == 0 ? "*" : cols, n == 0 ? 1 : n, 0, sql, e) ==
	    -1 || (it->condition != NULL &&
	    bk_buf_printf(sql, e, " %s", it->condition) == -1))
		return -1;
	return bk_buf_printf(sql, e, ") TO STDOUT%s", end_table);
}

void
bk_tasks_free(struct bk_tasks *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->item[i].name_now);
		free(p->item[i].condition);
		free(p->item[i].oid);
	}
	free(p->item);
	*p = (struct bk_tasks){0};
}
