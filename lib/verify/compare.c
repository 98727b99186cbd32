/* Rows and large objects (compare.h). */
#include "verify/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/majors.h"
#include "dump/task_queue.h"
#include "dump/workers.h"

#define TRIES 50		/* while autovacuum holds a table; 0.1 s each */

struct relation {		/* in the restored database; borrowed */
	const char *schema, *name;
	uint32_t oid;
	char kind;
};

struct compare {
	const struct bk_compare *o;
	struct bk_verdict *v;
	PGconn *leader;
	PGresult *relations, *snapshot;
	PGresult *floats;	/* OIDs of tables with such columns, if they
				 * were written otherwise; or NULL */
	uint64_t counted;	/* of them, those whose rows are only counted */
	struct relation *relation;	/* sorted */
	size_t nrelations;
	const struct bk_expected **expected;	/* by id */
	struct bk_toc toc;	/* o->toc with this database's OIDs */
	struct bk_tasks tasks;
	struct bk_dump_workers_options options;
	struct bk_task_queue *queue;
	struct bk_dump_workers *workers;
};

static int
by_name(const void *a, const void *b)
{
	const struct relation *x = a, *y = b;
	int r = strcmp(x->schema, y->schema);

	return r != 0 ? r : strcmp(x->name, y->name);
}

static int
by_id(const void *a, const void *b)
{
	int32_t x = (*(const struct bk_expected *const *)a)->te->id;
	int32_t y = (*(const struct bk_expected *const *)b)->te->id;

	return (x > y) - (x < y);
}

static int
index_expected(struct compare *c, struct bk_err *e)
{
	size_t i;

	if ((c->expected = calloc(c->o->n + 1, sizeof(*c->expected))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < c->o->n; i++)
		c->expected[i] = &c->o->expected[i];
	qsort(c->expected, c->o->n, sizeof(*c->expected), by_id);
	return 0;
}

/* What the entry should hold; NULL if not loaded. */
static const struct bk_expected *
expected(const struct compare *c, const struct bk_toc_entry *te)
{
	const struct bk_expected key = { .te = te }, *k = &key, **x;

	x = bsearch(&k, c->expected, c->o->n, sizeof(k), by_id);
	return x == NULL ? NULL : *x;
}

static int
list_relations(struct compare *c, struct bk_err *e)
{
	int i, n;

	c->relations = bk_conn_query(c->leader, "SELECT n.nspname, c.relname, "
	    "c.oid, c.relkind FROM pg_catalog.pg_class c "
	    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE c.relkind IN ('r', 'p', 'f', 'm')", e);
	if (c->relations == NULL)
		return -1;
	n = PQntuples(c->relations);
	c->relation = calloc((size_t)n + 1, sizeof(*c->relation));
	if (c->relation == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < n; i++)
		c->relation[i] = (struct relation){
			.schema = PQgetvalue(c->relations, i, 0),
			.name = PQgetvalue(c->relations, i, 1),
			.oid = (uint32_t)strtoul(PQgetvalue(c->relations, i,
			    2), NULL, 10),
			.kind = *PQgetvalue(c->relations, i, 3),
		};
	c->nrelations = (size_t)n;
	qsort(c->relation, c->nrelations, sizeof(*c->relation), by_name);
	return 0;
}

/* Set te's OID to its table's here; foreign tables have no data here. */
static int
find_table(struct compare *c, struct bk_toc_entry *te, struct bk_err *e)
{
	struct relation key = { .schema = te->schema == NULL ? "" : te->schema,
	    .name = te->tag }, *r;
	char label[BK_VERDICT_LABEL], want[64];

	r = bsearch(&key, c->relation, c->nrelations, sizeof(*r), by_name);
	if (r != NULL && r->kind != 'f') {
		te->oid = r->oid;
		return 0;
	}
	te->has_data = 0;
	if (r != NULL)
		return 0;
	bk_verdict_label(te, label);
	(void)snprintf(want, sizeof(want), "%ju rows",
	    (uintmax_t)expected(c, te)->content.rows);
	return bk_verdict_differs(c->v, want, "no such table", e, "%s", label);
}

/* Copy the archive's TOC, with this database's OIDs. */
static int
make_toc(struct compare *c, struct bk_err *e)
{
	const struct bk_toc *toc = c->o->toc;
	size_t i;

	c->toc = *toc;
	c->toc.entry = calloc(toc->n + 1, sizeof(*toc->entry));
	if (c->toc.entry == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < toc->n; i++) {
		struct bk_toc_entry *te = &c->toc.entry[i];

		*te = toc->entry[i];
		if (te->has_data && expected(c, te) == NULL)
			te->has_data = 0;
		if (te->has_data && strcmp(te->desc, "BLOBS") != 0 &&
		    find_table(c, te, e) == -1)
			return -1;
	}
	return 0;
}

static int
has_oid(const PGresult *res, uint32_t oid)
{
	int low = 0, high = PQntuples(res), at;
	unsigned long found;

	while (low < high) {
		at = low + (high - low) / 2;
		found = strtoul(PQgetvalue(res, at, 0), NULL, 10);
		if (found == oid)
			return 1;
		if (found < oid)
			low = at + 1;
		else
			high = at;
	}
	return 0;
}

/*
 * Match this database's large objects with the archive's lists: missing ones
 * are not read, so their entry differs; surplus ones are a difference here.
 */
static int
match_objects(struct compare *c, struct bk_err *e)
{
	PGresult *res = bk_conn_query(c->leader, "SELECT oid FROM "
	    "pg_catalog.pg_largeobject_metadata ORDER BY oid", e);
	char want[32], got[32];
	size_t i, j, n, listed = 0;
	int rc = 0;

	if (res == NULL)
		return -1;
	for (i = 0; i < c->tasks.n; i++) {
		struct bk_dump_item *it = &c->tasks.item[i];

		for (j = n = 0; j < it->noid; j++)
			if (has_oid(res, it->oid[j]))
				it->oid[n++] = it->oid[j];
		it->noid = n;
		listed += n;
	}
	if (!c->o->others && (size_t)PQntuples(res) > listed) {
		(void)snprintf(want, sizeof(want), "%zu objects", listed);
		(void)snprintf(got, sizeof(got), "%d objects",
		    PQntuples(res));
		rc = bk_verdict_differs(c->v, want, got, e, "large objects");
	}
	PQclear(res);
	return rc;
}

/*
 * Up to PostgreSQL 11 a float was written with all its digits, from 12 on with
 * the fewest that give it back: no setting brings back the other text.  Find
 * the tables with a float in a column, or within a column's type.
 */
static int
find_floats(struct compare *c, struct bk_err *e)
{
	if (BK_PG_MAJOR(PQserverVersion(c->leader)) < BK_PG_SHORT_FLOATS ||
	    c->toc.server == NULL ||
	    strtol(c->toc.server, NULL, 10) >= BK_PG_SHORT_FLOATS)
		return 0;
	c->floats = bk_conn_query(c->leader, "WITH RECURSIVE part (whole, t) "
	    "AS (SELECT oid, typelem FROM pg_catalog.pg_type "
	    "UNION ALL SELECT oid, typbasetype FROM pg_catalog.pg_type "
	    "UNION ALL SELECT rngtypid, rngsubtype FROM pg_catalog.pg_range "
	    "UNION ALL SELECT y.oid, a.atttypid FROM pg_catalog.pg_attribute a "
	    "JOIN pg_catalog.pg_type y ON y.typrelid = a.attrelid "
	    "WHERE a.attnum > 0 AND NOT a.attisdropped), f (t) AS ("
	    "SELECT pg_catalog.unnest('{float4,float8,point,line,lseg,box,"
	    "path,polygon,circle}'::pg_catalog.regtype[]::pg_catalog.oid[]) "
	    "UNION SELECT whole FROM f JOIN part USING (t)) "
	    "SELECT DISTINCT attrelid FROM pg_catalog.pg_attribute "
	    "JOIN f ON atttypid = t WHERE attnum > 0 AND NOT attisdropped "
	    "ORDER BY 1", e);
	return c->floats == NULL ? -1 : 0;
}

/* Snapshot, locks, tasks; BK_BUSY if a table is locked (by autovacuum). */
static int
prepare_once(struct compare *c, struct bk_err *e)
{
	PQclear(c->snapshot);
	c->snapshot = NULL;
	if (bk_session_export(c->leader, &c->o->session, &c->snapshot, e) == -1)
		return -1;
	return bk_tasks_make(&c->tasks, c->leader, &c->toc, 1, e);
}

static int
prepare(struct compare *c, struct bk_err *e)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	int i;

	if ((c->leader = bk_conn_again(c->o->params, e)) == NULL ||
	    bk_session_set(c->leader, &c->o->session, e) == -1 ||
	    bk_conn_exec(c->leader, c->o->settings, e) == -1 ||
	    index_expected(c, e) == -1 || list_relations(c, e) == -1 ||
	    make_toc(c, e) == -1)
		return -1;
	for (i = 1; prepare_once(c, e) == -1; i++) {
		if (e->code != BK_BUSY || i == TRIES) {
			e->code = BK_FAIL;
			return -1;
		}
		*e = (struct bk_err){0};
		bk_tasks_free(&c->tasks);
		if (bk_conn_exec(c->leader, "ROLLBACK", e) == -1)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return find_floats(c, e) == -1 ? -1 : match_objects(c, e);
}

static int
compare_content(struct compare *c, const struct bk_dump_item *it,
    const struct bk_content *found, struct bk_err *e)
{
	const struct bk_expected *x = expected(c, it->te);
	char label[BK_VERDICT_LABEL];

	if (!it->blobs && c->floats != NULL && has_oid(c->floats,
	    it->te->oid) && x->content.rows == found->rows) {
		c->counted++;
		return 0;
	}
	bk_verdict_label(it->te, label);
	return bk_verdict_content(c->v, &x->content, found,
	    it->blobs ? "objects" : "rows", label, e);
}

/* Let the workers read all tables; only the rows' digests are kept. */
static int
drain(struct compare *c, struct bk_err *e)
{
	struct bk_content found = {0};
	struct bk_qbuf *list, *next;
	struct bk_slot *s;
	int ended, rc;

	while ((rc = bk_task_queue_pop(c->queue, &s, &list, &ended, e)) == 1) {
		for (; list != NULL; list = next) {
			next = list->next;
			bk_task_queue_recycle(c->queue, list);
		}
		if (!ended)
			continue;
		found.rows += s->rows;
		found.bytes += s->bytes;
		bk_digest_add(&found.digest, &s->digest);
		if (s->task.last) {
			if (compare_content(c, s->task.item, &found, e) == -1)
				return -1;
			found = (struct bk_content){0};
		}
		bk_task_queue_retire(c->queue);
	}
	return rc;
}

static void
clean_up(struct compare *c, int failed)
{
	static const struct bk_err over = { .code = BK_FAIL };

	if (c->workers != NULL && failed)
		bk_task_queue_fail(c->queue, &over);
	bk_dump_workers_end(c->workers, failed);
	bk_task_queue_free(c->queue);
	bk_tasks_free(&c->tasks);
	free(c->toc.entry);	/* the strings are the archive's */
	free(c->relation);
	free(c->expected);
	PQclear(c->relations);
	PQclear(c->floats);
	PQclear(c->snapshot);
	PQfinish(c->leader);
}

int
bk_compare_rows(const struct bk_compare *o, struct bk_verdict *v,
    struct bk_err *e)
{
	struct compare c = { .o = o, .v = v };
	int rc = -1;

	if ((c.queue = bk_task_queue_new(o->jobs, e)) == NULL ||
	    prepare(&c, e) == -1)
		goto done;
	c.options = (struct bk_dump_workers_options){ .session = o->session,
	    .snapshot = PQgetvalue(c.snapshot, 0, 0),
	    .encoding = o->settings };
	c.workers = bk_dump_workers_start(o->jobs, o->params, c.leader, c.queue,
	    &c.options, o->progress, e);
	if (c.workers == NULL)
		goto done;
	bk_task_queue_open(c.queue, &c.tasks);
	rc = drain(&c, e);
	if (rc == 0 && c.counted > 0)
		rc = bk_verdict_uncovered(v, e, "values of %ju tables with "
		    "floats, which PostgreSQL 11 and older wrote with other "
		    "digits (rows counted)", (uintmax_t)c.counted);
 done:
	clean_up(&c, rc == -1);
	return rc;
}
