#include "restore/ddl.h"

#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/thread.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/load.h"
#include "restore/script.h"

#define TRIES 5			/* of what a deadlock has ended */

struct session {		/* and what it was told last */
	const struct bk_restore_ddl *d;
	PGconn *conn;
	const char *tablespace, *access_method;	/* NULL: nothing yet */
	struct bk_buf sql;
};

int
bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_toc *toc,
    const struct bk_restore_list *list, const struct bk_restore_options *o,
    int major, struct bk_err *e)
{
	*d = (struct bk_restore_ddl){ .o = o, .toc = toc, .list = list,
	    .major = major };
	if ((d->step = calloc(toc->n + 1, 1)) == NULL)
		return bk_fail_memory(e);
	if (bk_entry_steps(toc, d->step, e) == -1)
		return -1;
	return bk_entry_settings(toc, &d->settings, e);
}

void
bk_restore_ddl_close(struct bk_restore_ddl *d)
{
	free(d->step);
	bk_buf_free(&d->settings);
}

/* --- an entry */

/* With a connection of its own; close_session() in any case. */
static int
open_session(struct session *r, const struct bk_restore_ddl *d,
    struct bk_err *e)
{
	*r = (struct session){ .d = d };
	if ((r->conn = bk_server_again(d->o->params, e)) == NULL ||
	    /* the restore ends with a synchronous commit */
	    bk_conn_exec(r->conn, "SET synchronous_commit = off", e) == -1)
		return -1;
	return bk_load_session(r->conn, d->o->role, d->settings.data, e);
}

static void
close_session(struct session *r)
{
	PQfinish(r->conn);
	bk_buf_free(&r->sql);
}

/* Keep the first failure of a text that may hold several statements. */
static PGresult *
first_failure(PGconn *conn)
{
	PGresult *res, *bad = NULL;
	ExecStatusType st;
	int ended = 0;

	while (ended != -1 && PQstatus(conn) == CONNECTION_OK &&
	    (res = bk_sql_result(conn)) != NULL) {
		st = PQresultStatus(res);
		ended = bk_script_end_copy(conn, res);
		if (bad == NULL && ended != 1 && st != PGRES_COMMAND_OK &&
		    st != PGRES_TUPLES_OK && st != PGRES_EMPTY_QUERY)
			bad = res;
		else
			PQclear(res);
	}
	return bad;
}

/* The public schema, which is in every new database. */
static int
is_there(const struct bk_toc_entry *te, const PGresult *bad)
{
	return strcmp(te->desc, "SCHEMA") == 0 &&
	    strcmp(te->tag, "public") == 0 && bk_conn_failed_with(bad, "42P06");
}

/* te failed with *why: note it, or fail. */
static int
failed(struct session *r, const struct bk_toc_entry *te,
    const struct bk_err *why, struct bk_err *e)
{
	struct bk_buf name = {0};
	int rc = -1;

	if (bk_entry_name(te, &name, e) == -1)
		;
	/* without a connection, nothing that follows can succeed */
	else if (r->d->o->failures != NULL &&
	    PQstatus(r->conn) == CONNECTION_OK)
		rc = bk_failures_add(r->d->o->failures, name.data, why->msg, e);
	else
		rc = bk_fail(e, why->code, "%s: %.800s", name.data, why->msg);
	bk_buf_free(&name);
	return rc;
}

/* Run the text in r->sql for te.  1; 0 if it failed, as noted; -1. */
static int
run_text(struct session *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	struct bk_err why = {0};
	PGresult *bad = NULL;
	int i, done = r->sql.len == 0;

	for (i = 0; !done && i < TRIES; i++) {
		PQclear(bad);
		bad = NULL;
		if (bk_sql_send(r->conn, r->sql.data) &&
		    (bad = first_failure(r->conn)) == NULL)
			done = PQstatus(r->conn) == CONNECTION_OK;
		if (!bk_conn_failed_with(bad, "40P01"))
			break;
	}
	if (done || is_there(te, bad)) {
		PQclear(bad);
		return 1;
	}
	bk_conn_fail(r->conn, bad, NULL, &why);
	PQclear(bad);
	return failed(r, te, &why, e);
}

/* Set name, unless *last, which it was set to, is the value. */
static int
set(struct session *r, const struct bk_toc_entry *te, const char *name,
    const char *value, const char **last, struct bk_err *e)
{
	int rc;

	if (value == NULL || (*last != NULL && strcmp(value, *last) == 0))
		return 1;
	r->sql.len = 0;
	if (bk_buf_printf(&r->sql, e, "SET %s = ", name) == -1 ||
	    (*value == '\0' ? bk_buf_puts(&r->sql, "''", e) :
	    bk_conn_ident(&r->sql, value, e)) == -1)
		return -1;
	*last = NULL;
	if ((rc = run_text(r, te, e)) == 1)
		*last = value;
	return rc;
}

/* Where and how a table or index is stored. */
static int
set_storage(struct session *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (!r->d->o->no_tablespaces && set(r, te, "default_tablespace",
	    te->tablespace, &r->tablespace, e) == -1)
		return -1;
	if (r->d->major < BK_PG_ACCESS_METHODS || te->relkind == 'p')
		return 0;
	return set(r, te, "default_table_access_method", te->access_method,
	    &r->access_method, e) == -1 ? -1 : 0;
}

/* A partitioned table is not stored, so the setting does not apply to it. */
static int
set_method(struct session *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (te->relkind != 'p' || te->access_method == NULL ||
	    *te->access_method == '\0' ||
	    r->d->major < BK_PG_PARTITIONED_METHODS)
		return 1;
	r->sql.len = 0;
	if (bk_buf_puts(&r->sql, "ALTER TABLE ", e) == -1 ||
	    bk_conn_qualified(&r->sql, te->schema, te->tag, e) == -1 ||
	    bk_buf_puts(&r->sql, " SET ACCESS METHOD ", e) == -1 ||
	    bk_conn_ident(&r->sql, te->access_method, e) == -1)
		return -1;
	return run_text(r, te, e);
}

static int
run_objects(struct session *r, struct bk_entry_objects *objects,
    struct bk_err *e)
{
	int rc;

	while ((rc = bk_entry_objects_next(objects, r->d->o->no_owner, &r->sql,
	    e)) == 1)
		if (run_text(r, objects->te, e) == -1)
			return -1;
	return rc;
}

static int
is_left_out(const struct session *r, const struct bk_toc_entry *te)
{
	static const char subscription[] = "SUBSCRIPTION";
	const int about = strcmp(te->desc, "COMMENT") == 0 ||
	    strcmp(te->desc, "SECURITY LABEL") == 0;
	const size_t n = strlen(subscription);

	if (strcmp(te->desc, "STATISTICS DATA") == 0)
		return r->d->major < BK_PG_STATISTICS;
	return r->d->o->no_subscriptions &&
	    strncmp(about ? te->tag : te->desc, subscription, n) == 0;
}

/* Privileges are given as other roles, which may end ours. */
static int
restore_role(struct session *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (r->d->o->role == NULL || strcmp(te->desc, "ACL") != 0)
		return 0;
	r->sql.len = 0;
	if (bk_buf_puts(&r->sql, "SET ROLE ", e) == -1 ||
	    bk_conn_ident(&r->sql, r->d->o->role, e) == -1)
		return -1;
	return run_text(r, te, e) == -1 ? -1 : 0;
}

/*
 * Run te.  0, also if it failed and failures are noted; -1 with *e set.  One
 * that the server ended for a deadlock is run again.
 */
static int
run_entry(struct session *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	struct bk_entry_objects objects;
	int rc;

	if (is_left_out(r, te))
		return 0;
	if ((rc = bk_entry_objects(r->d->toc, te, &objects, e)) != 0)
		return rc == -1 ? -1 : run_objects(r, &objects, e);
	if (set_storage(r, te, e) == -1)
		return -1;
	r->sql.len = 0;
	if (bk_entry_make(te, r->d->o->no_owner, &r->sql, e) == -1 ||
	    (rc = run_text(r, te, e)) == -1)
		return -1;
	/* what was not made has no owner */
	if (rc == 0 || (rc = set_method(r, te, e)) != 1)
		return rc;
	r->sql.len = 0;
	if (!r->d->o->no_owner && (bk_entry_owner(te, &r->sql, e) == -1 ||
	    run_text(r, te, e) == -1))
		return -1;
	return restore_role(r, te, e);
}

/* --- their order */

/*
 * The n-th wanted entry's index into the TOC, in the list's order; toc->n: it
 * is not of this step.
 */
static size_t
entry_at(const struct bk_restore_ddl *d, size_t n, enum bk_ddl_step step)
{
	const size_t i = d->list->entry == NULL ? n : d->list->entry[n];

	return d->step[i] == step ? i : d->toc->n;
}

static size_t
listed(const struct bk_restore_ddl *d)
{
	return d->list->entry == NULL ? d->toc->n : d->list->n;
}

/* One after the other, in their order. */
static int
run_in_order(struct session *r, const unsigned char *wanted,
    enum bk_ddl_step step, struct bk_err *e)
{
	const struct bk_restore_ddl *d = r->d;
	size_t i, at;
	int rc = 0;

	for (i = 0; rc == 0 && i < listed(d); i++) {
		at = entry_at(d, i, step);
		if (at < d->toc->n && (wanted == NULL || wanted[at]))
			rc = run_entry(r, &d->toc->entry[at], e);
	}
	return rc;
}

int
bk_restore_ddl_step(struct bk_restore_ddl *d, PGconn *conn,
    const unsigned char *wanted, enum bk_ddl_step step, struct bk_err *e)
{
	struct session r = { .d = d, .conn = conn };
	int rc = step == BK_DDL_ACL && d->o->no_acl ? 0 :
	    run_in_order(&r, wanted, step, e);

	bk_buf_free(&r.sql);
	return rc;
}

/* --- several at once */

/* An entry that waits for its turn, among those of a step. */
struct turn {
	const struct bk_toc_entry *te;
	enum { WAITING, AT_WORK, DONE } state;
};

struct crew {			/* several connections, for one step */
	struct bk_restore_ddl *d;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct turn *turn;	/* in the order of the TOC */
	struct turn **by_id;	/* the same, sorted */
	size_t n;
	size_t next;		/* all before it are done */
	int failed;
	struct bk_err e;	/* of the first failure */
};

static int
compare_ids(const void *a, const void *b)
{
	const struct turn *x = *(struct turn *const *)a,
	    *y = *(struct turn *const *)b;

	return (x->te->id > y->te->id) - (x->te->id < y->te->id);
}

static const struct turn *
find(const struct crew *c, int32_t id)
{
	const struct bk_toc_entry te = { .id = id };
	struct turn key = { .te = &te }, *p = &key, **found;

	found = bsearch(&p, c->by_id, c->n, sizeof(*c->by_id), compare_ids);
	return found == NULL ? NULL : *found;
}

/* Entries of a step, and nobody else's. */
static int
take_turns(struct crew *c, enum bk_ddl_step step, struct bk_err *e)
{
	const struct bk_restore_ddl *d = c->d;
	const size_t max = listed(d);
	size_t i, at;

	c->turn = calloc(max + 1, sizeof(*c->turn));
	c->by_id = calloc(max + 1, sizeof(*c->by_id));
	if (c->turn == NULL || c->by_id == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < max; i++)
		if ((at = entry_at(d, i, step)) < d->toc->n) {
			c->by_id[c->n] = &c->turn[c->n];
			c->turn[c->n++].te = &d->toc->entry[at];
		}
	qsort(c->by_id, c->n, sizeof(*c->by_id), compare_ids);
	return 0;
}

/* Is it built without keeping others from reading and building? */
static int
shares(const struct bk_toc_entry *te)
{
	return strcmp(te->desc, "INDEX") == 0 ||
	    strcmp(te->desc, "MATERIALIZED VIEW DATA") == 0;
}

static int
has_common(const struct bk_toc_entry *a, const struct bk_toc_entry *b)
{
	size_t i, j;

	for (i = 0; i < a->ndeps; i++)
		for (j = 0; j < b->ndeps; j++)
			if (a->deps[i] == b->deps[j])
				return 1;
	return 0;
}

/* May it begin? */
static int
is_ready(const struct crew *c, const struct turn *t)
{
	const struct turn *other;
	size_t i;

	if (t->state != WAITING)
		return 0;
	for (i = 0; i < t->te->ndeps; i++)
		if ((other = find(c, t->te->deps[i])) != NULL && other != t &&
		    other->state != DONE)
			return 0;
	for (i = c->next; i < c->n; i++) {
		other = &c->turn[i];
		if (other->state == AT_WORK &&
		    !(shares(t->te) && shares(other->te)) &&
		    has_common(t->te, other->te))
			return 0;
	}
	return 1;
}

/*
 * The next that may begin; NULL: all are done, or one has failed.  Where none
 * is at work and none is ready they wait for one another: then the first is.
 */
static struct turn *
next_turn(struct crew *c)
{
	struct turn *t = NULL;
	size_t i, at_work;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->next < c->n && c->turn[c->next].state == DONE)
			c->next++;
		if (c->failed || c->next == c->n)
			break;
		for (i = c->next, at_work = 0; t == NULL && i < c->n; i++) {
			at_work += c->turn[i].state == AT_WORK;
			if (is_ready(c, &c->turn[i]))
				t = &c->turn[i];
		}
		if (t == NULL && at_work == 0)
			t = &c->turn[c->next];
		if (t != NULL)
			break;
		pthread_cond_wait(&c->changed, &c->lock);
	}
	if (t != NULL)
		t->state = AT_WORK;
	pthread_mutex_unlock(&c->lock);
	return t;
}

/* t, or nothing yet, has ended with rc. */
static void
note(struct crew *c, struct turn *t, int rc, const struct bk_err *e)
{
	pthread_mutex_lock(&c->lock);
	if (t != NULL)
		t->state = DONE;
	if (rc == -1 && !c->failed) {
		c->failed = 1;
		c->e = *e;
	}
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

static void *
work(void *arg)
{
	struct crew *c = arg;
	struct session r;
	struct bk_err e = {0};
	struct turn *t;
	int rc = open_session(&r, c->d, &e);

	if (rc == -1)
		note(c, NULL, rc, &e);
	while (rc == 0 && (t = next_turn(c)) != NULL) {
		rc = run_entry(&r, t->te, &e);
		note(c, t, rc, &e);
	}
	close_session(&r);
	return NULL;
}

/* As many at once as connections are allowed, and there are entries. */
static int
run_at_once(struct crew *c, struct bk_err *e)
{
	const size_t most = c->d->o->jobs < c->n ? c->d->o->jobs : c->n;
	pthread_t *thread = calloc(most + 1, sizeof(*thread));
	struct bk_err why = {0};
	size_t i;
	int rc = 0;

	if (thread == NULL)
		return bk_fail_memory(e);
	for (i = 0; rc == 0 && i < most; i += rc == 0)
		rc = bk_thread_start(&thread[i], work, c, &why);
	if (rc == -1)
		note(c, NULL, rc, &why);
	while (i-- > 0)
		pthread_join(thread[i], NULL);
	free(thread);
	if (c->failed)
		*e = c->e;
	return c->failed ? -1 : 0;
}

static int
run_step(struct bk_restore_ddl *d, enum bk_ddl_step step, struct bk_err *e)
{
	struct crew c = { .d = d, .lock = PTHREAD_MUTEX_INITIALIZER,
	    .changed = PTHREAD_COND_INITIALIZER };
	int rc = take_turns(&c, step, e);

	if (rc == 0 && c.n > 0)
		rc = run_at_once(&c, e);
	free(c.turn);
	free(c.by_id);
	return rc;
}

/* By a connection of its own. */
static int
run_alone(struct bk_restore_ddl *d, enum bk_ddl_step step, struct bk_err *e)
{
	struct session r;
	int rc = open_session(&r, d, e);

	if (rc == 0)
		rc = run_in_order(&r, NULL, step, e);
	close_session(&r);
	return rc;
}

/* The last step: its event triggers are not for its own sessions to fire. */
static int
run_last(const struct bk_restore_ddl *d, struct bk_err *e)
{
	struct bk_restore_options o = *d->o;
	struct bk_restore_ddl quiet = *d;
	PGconn *conn = bk_server_again(o.params, e);
	struct bk_conn_params *p = conn == NULL ? NULL :
	    bk_conn_params(conn, e);
	int rc = -1;

	if (p != NULL && bk_server_quiet(conn, p, e) == 0) {
		o.params = p;
		quiet.o = &o;
		rc = run_step(&quiet, BK_DDL_LAST, e);
	}
	PQfinish(conn);
	bk_conn_params_free(p);
	return rc;
}

int
bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e)
{
	const char *server = d->toc->server;
	struct bk_err why = {0};

	if (run_alone(d, BK_DDL_PRE, &why) == 0)
		return 0;
	if (server == NULL || strtol(server, NULL, 10) <= d->major)
		return bk_fail(e, why.code, "%s", why.msg);
	return bk_fail(e, why.code, "%.800s; the dump is of PostgreSQL %.40s, "
	    "newer than this server", why.msg, server);
}

int
bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e)
{
	if (run_step(d, BK_DDL_POST, e) == -1 ||
	    (!d->o->no_acl && run_alone(d, BK_DDL_ACL, e) == -1))
		return -1;
	return run_last(d, e);
}
