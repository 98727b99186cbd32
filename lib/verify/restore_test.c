#include "verify/restore_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/grow.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "pg/sql.h"
#include "restore/globals.h"
#include "restore/own_name.h"
#include "restore/target.h"
#include "verify/check.h"
#include "verify/compare.h"
#include "verify/dump_options.h"
#include "verify/stream_split.h"

#define TARGET "bk_verify"	/* the database is TARGET_new_UTC */

struct seen {			/* by the check, of an entry */
	int32_t id;
	struct bk_content content;
};

struct test {
	struct bk_restore_test *o;
	const char *name;
	struct bk_verdict *v;
	struct bk_split split;	/* the check of the stream, as it is read */
	/* the restore into a database */
	struct bk_restore *restore;
	struct bk_restore_report report;
	struct bk_conn_params *params;	/* of the database */
	struct bk_restore_options options;	/* of the restore */
	int no_locale;		/* the server does not have the dump's */
	int others;		/* the database may hold more than was dumped */
	struct bk_buf settings;
	struct seen *seen;
	size_t n, cap;
	int memory;		/* there was none for seen */
};

static void
watch_block(void *ctx, int32_t id, const struct bk_content *content)
{
	struct test *t = ctx;
	struct bk_err ignored = {0};
	struct seen *more = bk_grow(t->seen, t->n, &t->cap, sizeof(*more),
	    &ignored);

	if (more == NULL) {
		t->memory = 1;
		return;
	}
	t->seen = more;
	t->seen[t->n++] = (struct seen){ .id = id, .content = *content };
}

static int
by_id(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* pg_dump --inserts: rows cannot be counted in the stream. */
static int
is_statements(const struct bk_toc_entry *te)
{
	return te->copy == NULL && strcmp(te->desc, "TABLE DATA") == 0;
}

/* What the check has seen, in TOC order. */
static struct bk_expected *
make_expected(struct test *t, size_t *n, struct bk_err *e)
{
	const struct bk_toc *toc = bk_restore_toc(t->restore);
	struct bk_expected *x = calloc(t->n + 1, sizeof(*x));
	struct seen key = {0}, *s;
	size_t i;

	if (x == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if (t->n > 0)
		qsort(t->seen, t->n, sizeof(*t->seen), by_id);
	for (*n = i = 0; i < toc->n && *n < t->n; i++) {
		key.id = toc->entry[i].id;
		s = bsearch(&key, t->seen, t->n, sizeof(key), by_id);
		if (s != NULL && is_statements(&toc->entry[i]))
			t->v->proof = "structure";
		else if (s != NULL)
			x[(*n)++] = (struct bk_expected){
			    .te = &toc->entry[i], .content = s->content };
	}
	return x;
}

static int
check_stream(void *ctx, struct bk_source src, struct bk_err *e)
{
	struct test *t = ctx;
	const struct bk_check_watch watch = { watch_block, t };

	return bk_check_archive(src, t->name, &watch, t->v, NULL, e);
}

/*
 * The dump's own roles, in one transaction.  If that fails, as for a setting of
 * an extension that is not here, those that are needed are made without rights.
 */
static void
apply_globals(struct test *t)
{
	const char *sql = bk_restore_globals(t->restore);
	struct bk_err ignored = {0};

	if (sql != NULL)
		(void)bk_globals_apply(t->o->conn, sql, 0, &ignored);
}

/*
 * On a scratch server nothing has the name of the database that was dumped, for
 * which some extensions ask.  Without it the restore tells what is missing.
 */
static void
take_own_name(struct test *t)
{
	const char *name = bk_restore_toc(t->restore)->dbname;
	struct bk_err ignored = {0};
	int exists;

	if (name != NULL && bk_newdb_exists(t->o->conn, name, &exists,
	    &ignored) == 0 && !exists)
		(void)bk_own_name_take(t->o->conn, name, t->o->database,
		    t->params, &ignored);
}

static int
make_roles(struct test *t, int *leave_out, struct bk_err *e)
{
	struct bk_restore_test *o = t->o;
	int rc;

	if (o->own_server)
		apply_globals(t);
	o->hold();
	rc = bk_drill_roles_make(&o->roles, o->conn, t->params,
	    bk_restore_toc(t->restore), o->own_server, leave_out, e);
	o->release();
	return rc;
}

static int
make_database(struct test *t, struct bk_err *e)
{
	struct bk_newdb_like like = { .target = TARGET,
	    .toc = bk_restore_toc(t->restore), .no_owner = 1,
	    .no_tablespaces = 1 };
	struct bk_restore_test *o = t->o;
	struct bk_err why = {0};
	int n, rc;

	if (bk_newdb_sweep(o->conn, TARGET, &n, e) == -1)
		return -1;
	o->hold();
	rc = bk_newdb_create(o->conn, &like, o->database, &why);
	if (rc == -1) {
		/* the locale may be missing here: it only affects sorting */
		t->no_locale = 1;
		like.toc = NULL;
		rc = bk_newdb_create(o->conn, &like, o->database, e);
	}
	o->release();
	if (rc == 0 && t->no_locale)
		rc = bk_verdict_uncovered(t->v, e, "the database's locale, "
		    "in the place of which is this server's (%.150s)",
		    why.msg);
	if (rc == -1 || (t->params = bk_conn_params(o->conn, e)) == NULL)
		return -1;
	if (o->own_server)
		take_own_name(t);
	return bk_conn_params_database(t->params, o->database, e) == -1 ? -1 :
	    bk_target_settings(o->conn, NULL, bk_restore_toc(t->restore),
	    t->params, e);
}

static int
load(struct test *t, struct bk_err *e)
{
	struct bk_restore_options options = { .params = t->params,
	    .bindir = t->o->bindir,
	    .jobs = t->o->jobs, .progress = t->o->progress,
	    .child = t->o->child,
	    .distrust = !t->o->own_server && !t->o->trust_code,
	    /* a database with a subscription cannot be dropped */
	    .no_subscriptions = 1,
	    /* they are directories of another machine */
	    .no_tablespaces = 1 };
	int leave_out, rc;

	if (make_roles(t, &leave_out, e) == -1)
		return -1;
	options.no_owner = options.no_acl = leave_out;
	t->options = options;
	rc = bk_restore_is_opaque(t->restore) ?
	    bk_restore_whole(t->restore, &options, &t->report, e) :
	    bk_restore_load(t->restore, &options, &t->report, e);
	t->v->trusted = t->report.trusted;
	if (rc == -1 && t->no_locale)
		bk_fail_add(e, "; this server does not have the dump's locale, "
		    "on which order and bounds depend");
	return rc;
}

/* Append SET name = 'value', unless this server rejects it. */
static int
add_setting(struct test *t, const char *name, const char *value,
    struct bk_err *e)
{
	char *quoted = PQescapeLiteral(t->o->conn, value, strlen(value));
	struct bk_buf one = {0};
	PGresult *res;
	int rc;

	if (quoted == NULL)
		return bk_conn_fail(t->o->conn, NULL, NULL, e);
	rc = bk_buf_printf(&one, e, "SET %s = %s;", name, quoted);
	if (rc == 0) {
		res = bk_sql_exec(t->o->conn, one.data);
		if (PQresultStatus(res) == PGRES_COMMAND_OK)
			rc = bk_buf_puts(&t->settings, one.data, e);
		PQclear(res);
	}
	PQfreemem(quoted);
	bk_buf_free(&one);
	return rc;
}

/* The settings that the dump's values were written with, and no others. */
static int
make_settings(struct test *t, const json_t *manifest, struct bk_err *e)
{
	static const char *const known[] = { "timezone", "bytea_output",
	    "lc_monetary", "quote_all_identifiers" };
	const char *encoding = bk_toc_encoding(bk_restore_toc(t->restore));
	const json_t *settings = json_object_get(manifest, "settings");
	const char *value;
	size_t i;
	/* an archive that says none is not converted either */
	int rc = bk_buf_printf(&t->settings, e, "%s;", encoding == NULL ?
	    "SET client_encoding = 'SQL_ASCII'" : encoding);

	for (i = 0; rc == 0 && i < sizeof(known) / sizeof(known[0]); i++)
		if ((value = json_string_value(json_object_get(settings,
		    known[i]))) != NULL)
			rc = add_setting(t, known[i], value, e);
	return rc;
}

/* The number in an option of pg_dump, "--extra-float-digits="; or NULL. */
static const char *
option_of(const json_t *manifest, const char *option)
{
	const json_t *options = json_object_get(manifest, "options");
	const char *s, *found = NULL;
	size_t i;

	for (i = 0; i < json_array_size(options); i++) {
		s = json_string_value(json_array_get(options, i));
		if (s != NULL && strncmp(s, option, strlen(option)) == 0)
			found = s + strlen(option);
	}
	/* it becomes part of a statement */
	return found == NULL || found[strspn(found, "-0123456789")] != '\0' ?
	    NULL : found;
}

static int
compare_rows(struct test *t, const json_t *manifest, struct bk_err *e)
{
	struct bk_compare c = { .params = t->params,
	    .toc = bk_restore_toc(t->restore), .jobs = t->o->jobs,
	    .session.float_digits = option_of(manifest,
	    "--extra-float-digits="), .others = t->others,
	    .progress = t->o->progress };
	struct bk_expected *expected = make_expected(t, &c.n, e);
	int rc = -1;

	c.expected = expected;
	c.settings = t->settings.data;
	atomic_store(&t->o->progress->items, 0); /* count again, reading back */
	atomic_store(&t->o->progress->bytes, 0);
	if (expected != NULL)
		rc = bk_compare_rows(&c, t->v, e);
	free(expected);
	return rc;
}

/*
 * Rows of a table that is not defined as it was may not be readable, for want
 * of a column: then that difference is the verdict.
 */
static int
try_rows(struct test *t, const json_t *manifest, struct bk_err *e)
{
	struct bk_err why = {0};

	if (compare_rows(t, manifest, &why) == 0)
		return 0;
	if (t->v->ndiff > 0 && why.code == BK_FAIL)
		return bk_verdict_uncovered(t->v, e, "rows (%s)", why.msg);
	*e = why;
	return -1;
}

static int
compare_definitions(struct test *t, struct bk_err *e)
{
	const struct bk_toc *toc = bk_restore_toc(t->restore);
	const struct bk_compare_definitions c = { .conn = t->o->conn,
	    .params = t->params, .toc = toc, .manifest = t->v->manifest_text,
	    .rules = { .no_owner = t->options.no_owner,
	    .no_acl = t->options.no_acl,
	    .no_tablespaces = t->options.no_tablespaces,
	    .no_subscriptions = t->options.no_subscriptions,
	    /* its own statements name it */
	    .no_database = !t->o->against || toc->dbname == NULL ||
	    strcmp(toc->dbname, PQdb(t->o->conn)) != 0 },
	    .options = &t->options, .others = t->others,
	    .read_only = t->o->against, .no_locale = t->no_locale,
	    .reference = t->o->reference, .hold = t->o->hold,
	    .release = t->o->release };

	return bk_compare_definitions(&c, t->v, e);
}

/*
 * The queries; not of a copy that is another: its code may have put a view in
 * the place of a table, to run with the rights of its reader.
 */
static int
run_queries(struct test *t, PGconn *conn, struct bk_err *e)
{
	const struct bk_restore_test *o = t->o;

	if (o->sql == NULL)
		return 0;
	if (t->v->ndiff > 0 && !o->own_server && !o->against)
		return bk_verdict_uncovered(t->v, e, "the queries, because of "
		    "the differences");
	return bk_compare_assert(conn, o->sql_name, o->sql, t->v, e);
}

static int
compare(struct test *t, struct bk_err *e)
{
	const char *text = t->v->manifest_text;
	json_t *manifest = text == NULL ? NULL :
	    bk_json_parse(text, strlen(text), 0, NULL, e);
	const json_t *options = json_object_get(manifest, "options");
	PGconn *conn = NULL;
	int rc = -1;

	if (manifest == NULL && e->code != BK_OK)
		return -1;
	t->others = t->o->against && manifest != NULL &&
	    bk_dump_options_select(options,
	    BK_PG_MAJOR(PQserverVersion(t->o->conn)));
	if (make_settings(t, manifest, e) == -1 ||
	    (conn = bk_conn_again(t->params, e)) == NULL ||
	    compare_definitions(t, e) == -1 ||
	    bk_compare_triggers(conn, t->o->against, t->v, e) == -1 ||
	    try_rows(t, manifest, e) == -1)
		goto done;
	rc = run_queries(t, conn, e);
 done:
	PQfinish(conn);
	json_decref(manifest);
	return rc;
}

/* Restore into a database that is made for it. */
static int
restore(struct test *t, int *loading, struct bk_err *e)
{
	if (make_database(t, e) == -1)
		return -1;
	*loading = 1;
	return load(t, e);
}

/* The database is there already: only the check reads the stream. */
static int
take_database(struct test *t, int *loading, struct bk_err *e)
{
	char scratch[64 * 1024];
	ssize_t n;

	t->options = (struct bk_restore_options){ .bindir = t->o->bindir,
	    .jobs = 1, .progress = t->o->progress,
	    .child = t->o->child, .no_subscriptions = 1,
	    .no_tablespaces = 1 };
	/* nothing of the archive is run there, and nothing is written */
	if ((t->params = bk_conn_params(t->o->conn, e)) == NULL ||
	    bk_conn_params_option(t->params,
	    "-c default_transaction_read_only=on", e) == -1)
		return -1;
	*loading = 1;
	do
		n = bk_split_read(&t->split, scratch, sizeof(scratch), e);
	while (n > 0);
	return (int)n;
}

int
bk_restore_test_run(struct bk_restore_test *o, struct bk_source src,
    const char *name, struct bk_verdict *v, struct bk_err *e)
{
	struct test t = { .o = o, .name = name, .v = v,
	    .split = { .src = src, .check = check_stream, .ctx = &t } };
	const struct bk_source both = { bk_split_read, &t.split };
	double began = bk_monotonic();
	int rc = -1, loading = 0;

	if (bk_split_start(&t.split, e) == -1)
		goto done;
	if ((t.restore = bk_restore_open(both, name, e)) != NULL)
		rc = o->against ? take_database(&t, &loading, e) :
		    restore(&t, &loading, e);
	rc = bk_split_finish(&t.split, loading, rc, e);
	if (rc == 0 && t.memory)
		rc = bk_fail_memory(e);
	v->proof = o->against ? v->proof : "restore";
	if (loading && !o->against)
		v->restore_seconds = bk_monotonic() - began;
	if (rc == 0)
		rc = compare(&t, e);
	if (rc == 0)
		rc = bk_verdict_set(&v->restored_on,
		    PQparameterStatus(o->conn, "server_version"), e);
	if (rc == 0)
		rc = bk_verdict_judge(v, name, e);
 done:
	bk_split_free(&t.split);
	bk_restore_free(t.restore);
	bk_conn_params_free(t.params);
	bk_buf_free(&t.settings);
	free(t.seen);
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
	struct bk_err cut = {0};	/* the TOC may be cut, not its start */
	struct bk_archive *a = bk_archive_open(src, "head", &cut);
	struct bk_toc toc = {0};
	const char *encoding;

	*needs = (struct bk_restore_test_needs){0};
	if (a == NULL)
		return -1;
	if ((bk_archive_toc(a, &toc, &cut) == 0 || cut.code == BK_DATA) &&
	    toc.server != NULL) {
		needs->major = (int)strtol(toc.server, NULL, 10);
		encoding = bk_toc_encoding(&toc);
		needs->ascii = encoding != NULL &&
		    strstr(encoding, "'SQL_ASCII'") != NULL;
	}
	bk_toc_free(&toc);
	bk_archive_free(a);
	return needs->major > 0 ? 0 : -1;
}
