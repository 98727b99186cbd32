#include "verify/restore_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "base/thread.h"
#include "dump/output.h"
#include "pg/sql.h"
#include "verify/check.h"
#include "verify/compare.h"

#define TARGET "bk_verify"	/* databases are TARGET_new_UTC */

struct seen {			/* by the judge, of an entry */
	int32_t id;
	struct bk_content content;
};

struct drill {
	struct bk_restore_test *o;
	const char *name;
	struct bk_verdict *v;
	struct bk_source src;
	/* the stream's second way: to a thread that judges it */
	int to, from;		/* a pipe; -1: closed */
	pthread_t thread;
	int thread_runs;
	int check_rc;
	struct bk_err check_e;
	/* the first way: into a database */
	struct bk_restore *restore;
	struct bk_restore_report report;
	struct bk_conn_params *params;	/* of the database */
	struct bk_buf settings;
	struct seen *seen;
	size_t n, cap;
	int memory;		/* there was none for that */
};

static void
watch_block(void *ctx, int32_t id, const struct bk_content *content)
{
	struct drill *d = ctx;
	struct seen *more;
	size_t cap = d->cap == 0 ? 256 : d->cap * 2;

	if (d->n == d->cap) {
		if ((more = realloc(d->seen, cap * sizeof(*more))) == NULL) {
			d->memory = 1;
			return;
		}
		d->seen = more;
		d->cap = cap;
	}
	d->seen[d->n++] = (struct seen){ .id = id, .content = *content };
}

static int
by_id(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* pg_dump --inserts: its rows cannot be counted in the stream. */
static int
is_statements(const struct bk_toc_entry *te)
{
	return te->copy == NULL && strcmp(te->desc, "TABLE DATA") == 0;
}

/* What the judge has seen, by the entries of the TOC. */
static struct bk_expected *
make_expected(struct drill *d, size_t *n, struct bk_err *e)
{
	const struct bk_toc *toc = bk_restore_toc(d->restore);
	struct bk_expected *x = calloc(d->n + 1, sizeof(*x));
	struct seen key = {0}, *s;
	size_t i;

	if (x == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if (d->n > 0)
		qsort(d->seen, d->n, sizeof(*d->seen), by_id);
	for (*n = i = 0; i < toc->n && *n < d->n; i++) {
		key.id = toc->entry[i].id;
		s = bsearch(&key, d->seen, d->n, sizeof(key), by_id);
		if (s != NULL && is_statements(&toc->entry[i]))
			d->v->proof = "structure";
		else if (s != NULL)
			x[(*n)++] = (struct bk_expected){
			    .te = &toc->entry[i], .content = s->content };
	}
	return x;
}

static ssize_t
read_pipe(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	const struct drill *d = ctx;

	return bk_io_read(d->from, buf, n, "pipe", e);
}

static void *
judge_stream(void *arg)
{
	struct drill *d = arg;
	const struct bk_source src = { read_pipe, d };
	const struct bk_check_watch watch = { watch_block, d };
	char scratch[4096];
	struct bk_err ignored = {0};

	d->check_rc = bk_check_archive(src, d->name, &watch, d->v, NULL,
	    &d->check_e);
	/* the restore is not to be held up by what is wrong */
	while (read_pipe(d, scratch, sizeof(scratch), &ignored) > 0)
		continue;
	return NULL;
}

static void
close_pipe(struct drill *d)
{
	if (d->to != -1)
		close(d->to);
	d->to = -1;
}

/* For the restore: read on, and let the judge have it, too. */
static ssize_t
read_both(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct drill *d = ctx;
	ssize_t r = d->src.read(d->src.ctx, buf, n, e);

	if (r == 0)
		close_pipe(d);
	if (r > 0 && d->to != -1 &&
	    bk_io_write(d->to, buf, (size_t)r, "pipe", e) == -1)
		return -1;
	return r;
}

static int
open_pipe(struct drill *d, struct bk_err *e)
{
	int p[2];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	bk_io_pipe_grow(p[1]);
	d->from = p[0];
	d->to = p[1];
	return 0;
}

static int
start_judge(struct drill *d, struct bk_err *e)
{
	if (bk_thread_start(&d->thread, judge_stream, d, e) == -1)
		return -1;
	d->thread_runs = 1;
	return 0;
}

/*
 * Let the judge come to its end, also if the database would not take what was
 * in the stream: the reason may be damage, and then the backup is not proven.
 */
static int
end_judge(struct drill *d, int loading, int rc, struct bk_err *e)
{
	char scratch[16 * 1024];
	struct bk_err ignored = {0};

	while (rc == -1 && loading &&
	    read_both(d, scratch, sizeof(scratch), &ignored) > 0)
		continue;
	close_pipe(d);
	if (d->thread_runs)
		(void)pthread_join(d->thread, NULL);
	d->thread_runs = 0;
	if (d->check_rc == -1 && (rc == 0 ||
	    (loading && d->check_e.code == BK_DATA))) {
		*e = d->check_e;
		return -1;
	}
	if (rc == 0 && d->memory)
		return bk_fail_memory(e);
	return rc;
}

/* Names in the archive are in its encoding, not in our session's. */
static int
speak_archive(struct drill *d, struct bk_err *e)
{
	const char *set = bk_toc_encoding(bk_restore_toc(d->restore));

	return set == NULL ? 0 : bk_conn_exec(d->o->conn, set, e);
}

static int
speak_own(struct drill *d, struct bk_err *e)
{
	return bk_conn_exec(d->o->conn, "RESET client_encoding", e);
}

/*
 * Roles that the archive's objects belong to and the server does not have, in
 * the archive's encoding.
 */
static PGresult *
missing_roles(struct drill *d, struct bk_err *e)
{
	const struct bk_toc *toc = bk_restore_toc(d->restore);
	const char *last = "";
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	char *quoted;
	size_t i;
	int rc;

	if (speak_archive(d, e) == -1 || bk_buf_puts(&sql,
	    "SELECT DISTINCT r FROM (VALUES (NULL)", e) == -1)
		goto done;
	for (i = 0; i < toc->n; i++) {
		const char *owner = toc->entry[i].owner;

		if (owner == NULL || *owner == '\0' ||
		    strcmp(owner, last) == 0)
			continue;
		last = owner;
		quoted = PQescapeLiteral(d->o->conn, owner, strlen(owner));
		if (quoted == NULL) {
			bk_conn_fail(d->o->conn, NULL, NULL, e);
			goto done;
		}
		rc = bk_buf_printf(&sql, e, ", (%s)", quoted);
		PQfreemem(quoted);
		if (rc == -1)
			goto done;
	}
	if (bk_buf_puts(&sql, ") AS v (r) WHERE r IS NOT NULL AND r NOT IN "
	    "(SELECT rolname FROM pg_catalog.pg_roles)", e) == 0)
		res = bk_conn_query(d->o->conn, sql.data, e);
	if (res != NULL && speak_own(d, e) == -1) {
		PQclear(res);
		res = NULL;
	}
 done:
	bk_buf_free(&sql);
	return res;
}

/* On a server of our own: the cluster's roles, as far as the dump has them. */
static int
make_roles(struct drill *d, const PGresult *missing, struct bk_err *e)
{
	const char *sql = bk_restore_globals(d->restore), *end;
	struct bk_buf one = {0};
	int i, rc = 0;

	/* one statement after the other: some roles are there already */
	for (; rc == 0 && sql != NULL && (end = strstr(sql, ";\n")) != NULL;
	    sql = end + 2) {
		one.len = 0;
		if ((rc = bk_buf_add(&one, sql, (size_t)(end - sql), e)) == 0)
			PQclear(bk_sql_exec(d->o->conn, one.data));
	}
	if (rc == 0)
		rc = speak_archive(d, e);
	for (i = 0; rc == 0 && i < PQntuples(missing); i++) {
		one.len = 0;
		if ((rc = bk_buf_puts(&one, "CREATE ROLE ", e)) == 0 &&
		    (rc = bk_conn_ident(&one, PQgetvalue(missing, i, 0),
		    e)) == 0)
			PQclear(bk_sql_exec(d->o->conn, one.data));
	}
	if (rc == 0)
		rc = speak_own(d, e);
	bk_buf_free(&one);
	return rc;
}

static int
make_database(struct drill *d, struct bk_err *e)
{
	struct bk_newdb_like like = { .target = TARGET,
	    .toc = bk_restore_toc(d->restore), .no_owner = 1 };
	struct bk_restore_test *o = d->o;
	struct bk_err why = {0};
	int n, rc;

	if (bk_newdb_sweep(o->conn, TARGET, &n, e) == -1)
		return -1;
	o->hold();
	if ((rc = bk_newdb_create(o->conn, &like, o->database, &why)) == -1) {
		/* a locale that is not there, perhaps: it sorts, no more */
		like.toc = NULL;
		rc = bk_newdb_create(o->conn, &like, o->database, e);
	}
	o->release();
	if (rc == -1 || (d->params = bk_conn_params(o->conn, e)) == NULL)
		return -1;
	return bk_conn_params_database(d->params, o->database, e);
}

static int
load(struct drill *d, struct bk_err *e)
{
	struct bk_restore_options how = { .params = d->params,
	    .bindir = d->o->bindir, .tmpdir = d->o->tmpdir,
	    .jobs = d->o->jobs, .progress = d->o->progress,
	    .child = d->o->child,
	    /* a database that has one cannot be dropped */
	    .no_subscriptions = 1 };
	PGresult *missing = missing_roles(d, e);
	int rc = 0;

	if (missing == NULL)
		return -1;
	if (d->o->own_server)
		rc = make_roles(d, missing, e);
	else if (PQntuples(missing) > 0)
		how.no_owner = 1;
	/* who is granted something may be missing as well */
	how.no_acl = how.no_owner || (d->o->own_server &&
	    bk_restore_globals(d->restore) == NULL);
	PQclear(missing);
	if (rc == -1)
		return -1;
	return bk_restore_is_opaque(d->restore) ?
	    bk_restore_whole(d->restore, &how, &d->report, e) :
	    bk_restore_load(d->restore, &how, &d->report, e);
}

/* SET name = 'value'; what this server does not know makes no difference. */
static int
add_setting(struct drill *d, const char *name, const char *value,
    struct bk_err *e)
{
	char *quoted = PQescapeLiteral(d->o->conn, value, strlen(value));
	struct bk_buf one = {0};
	PGresult *res;
	int rc;

	if (quoted == NULL)
		return bk_conn_fail(d->o->conn, NULL, NULL, e);
	rc = bk_buf_printf(&one, e, "SET %s = %s;", name, quoted);
	if (rc == 0) {
		res = bk_sql_exec(d->o->conn, one.data);
		if (PQresultStatus(res) == PGRES_COMMAND_OK)
			rc = bk_buf_puts(&d->settings, one.data, e);
		PQclear(res);
	}
	PQfreemem(quoted);
	bk_buf_free(&one);
	return rc;
}

/* How the dump wrote its values, beyond what every dump sets. */
static int
make_settings(struct drill *d, struct bk_err *e)
{
	const struct bk_restore_manifest *m = d->report.manifest;
	const char *encoding = bk_toc_encoding(bk_restore_toc(d->restore));
	json_t *json = NULL, *value;
	const char *key;
	int rc = bk_buf_printf(&d->settings, e, "%s;",
	    encoding == NULL ? "" : encoding);

	if (rc == 0 && m != NULL && m->json != NULL)
		json = json_loads(m->json, 0, NULL);
	json_object_foreach(json_object_get(json, "settings"), key, value)
		if (rc == 0 && json_is_string(value) &&
		    key[strspn(key, "abcdefghijklmnopqrstuvwxyz_")] == '\0')
			rc = add_setting(d, key, json_string_value(value), e);
	json_decref(json);
	return rc;
}

static int
compare(struct drill *d, struct bk_err *e)
{
	struct bk_compare c = { .params = d->params,
	    .toc = bk_restore_toc(d->restore), .jobs = d->o->jobs,
	    .progress = d->o->progress };
	struct bk_expected *expected = make_expected(d, &c.n, e);
	PGconn *conn = NULL;
	int rc = -1;

	if (expected == NULL || make_settings(d, e) == -1)
		goto done;
	c.expected = expected;
	c.settings = d->settings.data;
	atomic_store(&d->o->progress->items, 0); /* once more, for reading */
	atomic_store(&d->o->progress->bytes, 0);
	if (bk_compare_rows(&c, d->v, e) == -1 ||
	    (conn = bk_conn_again(d->params, e)) == NULL)
		goto done;
	/* assertions first: they see the database's own search_path */
	if (d->o->sql != NULL && bk_compare_assert(conn, d->o->sql_name,
	    d->o->sql, d->v, e) == -1)
		goto done;
	rc = bk_compare_catalog(conn, c.toc, d->v, e);
 done:
	PQfinish(conn);
	free(expected);
	return rc;
}

int
bk_restore_test_run(struct bk_restore_test *o, struct bk_source src,
    const char *name, struct bk_verdict *v, struct bk_err *e)
{
	struct drill d = { .o = o, .name = name, .v = v, .src = src, .to = -1,
	    .from = -1 };
	const struct bk_source both = { read_both, &d };
	int rc = -1, loading = 0;

	if (open_pipe(&d, e) == -1 || start_judge(&d, e) == -1)
		goto done;
	if ((d.restore = bk_restore_open(both, name, e)) != NULL &&
	    make_database(&d, e) == 0) {
		loading = 1;
		rc = load(&d, e);
	}
	rc = end_judge(&d, loading, rc, e);
	v->proof = "restore";
	if (rc == 0)
		rc = compare(&d, e);
	if (rc == 0)
		rc = bk_verdict_set(&v->restored_on,
		    PQparameterStatus(o->conn, "server_version"), e);
	if (rc == 0)
		rc = bk_verdict_judge(v, name, e);
 done:
	close_pipe(&d);
	if (d.from != -1)
		close(d.from);
	bk_restore_free(d.restore);
	bk_conn_params_free(d.params);
	bk_buf_free(&d.settings);
	free(d.seen);
	return rc;
}

struct head {
	const char *p;
	size_t left;
};

static ssize_t
read_head(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct head *h = ctx;

	(void)e;
	if (n > h->left)
		n = h->left;
	memcpy(buf, h->p, n);
	h->p += n;
	h->left -= n;
	return (ssize_t)n;
}

int
bk_restore_test_needs(const void *head, size_t n,
    struct bk_restore_test_needs *needs)
{
	struct head h = { head, n };
	const struct bk_source src = { read_head, &h };
	struct bk_err cut = {0};	/* the TOC is, its beginning is not */
	struct bk_archive *a = bk_archive_open(src, "head", &cut);
	struct bk_toc toc = {0};
	const char *encoding;

	*needs = (struct bk_restore_test_needs){0};
	if (a == NULL)
		return -1;
	if ((bk_archive_toc(a, &toc, &cut) == 0 || cut.code == BK_DATA) &&
	    toc.server != NULL) {
		needs->version = (int)strtol(toc.server, NULL, 10) * 10000;
		encoding = bk_toc_encoding(&toc);
		needs->ascii = encoding != NULL &&
		    strstr(encoding, "'SQL_ASCII'") != NULL;
	}
	bk_toc_free(&toc);
	bk_archive_free(a);
	return needs->version > 0 ? 0 : -1;
}
