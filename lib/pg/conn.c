#include "pg/conn_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/secret.h"
#include "pg/sql.h"
#include "pg/timeout.h"
#include "pg/tls_trust.h"

#define CLOCKS_APART (15 * 60)	/* seconds between two clocks, at most */

struct param {
	char *keyword;
	char *envvar;		/* NULL: none */
	int secret;
	char *value;		/* NULL: not set */
};

struct bk_conn_params {
	struct param *param;
	size_t n;
};

int
bk_conn_fail(PGconn *conn, const PGresult *res, const char *label,
    struct bk_err *e)
{
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *hint = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
	char line[512], more[512] = "";

	if (hint != NULL)
		bk_conn_first_line(hint, more, sizeof(more));
	if (*more != '\0' && more[strlen(more) - 1] == '.')
		more[strlen(more) - 1] = '\0';
	bk_conn_first_line(primary ? primary : PQerrorMessage(conn), line,
	    sizeof(line));
	if (line[0] == '\0')
		bk_conn_first_line(bk_patience() == BK_PATIENCE_OVER ?
		    "the server does not answer" :
		    "the connection to the server was lost", line,
		    sizeof(line));
	return bk_fail(e, BK_FAIL, "%s%s%s%s%s", label == NULL ? "" : label,
	    label == NULL ? "" : ": ", line, *more == '\0' ? "" : "; ",
	    more);
}

int
bk_conn_failed_with(const PGresult *res, const char *sqlstate)
{
	const char *s = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return s != NULL && strcmp(s, sqlstate) == 0;
}

/*
 * As pg_dump's first statement: no function or operator of ours is looked up in
 * a schema that the database's owner has put before pg_catalog.  A physical
 * replication connection, which takes no SQL, has no path.
 */
static int
path_of_ours(PGconn *conn, struct bk_err *e)
{
	PQconninfoOption *opts = PQconninfo(conn), *o;
	int sql = 1;

	if (opts == NULL)
		return bk_fail_memory(e);
	for (o = opts; o->keyword != NULL; o++)
		if (strcmp(o->keyword, "replication") == 0)
			sql = o->val == NULL || strcmp(o->val, "true") != 0;
	PQconninfoFree(opts);
	return !sql ? 0 : bk_conn_exec(conn,
	    "SELECT pg_catalog.set_config('search_path', '', false)", e);
}

int
bk_conn_is_info(const char *db)
{
	return strchr(db, '=') != NULL ||
	    strncmp(db, "postgresql://", 13) == 0 ||
	    strncmp(db, "postgres://", 11) == 0;
}

PQconninfoOption *
bk_conn_parse(const char *db, struct bk_err *e)
{
	PQconninfoOption *opts = PQconninfoParse(db, NULL);

	if (opts == NULL)
		bk_fail(e, BK_USAGE, "the database: not a valid name, URI or "
		    "key=value string");
	return opts;
}

/*
 * bk_conn_start() by the command line, and as libpq has found out the rest,
 * with authorities if those are lacking: *ca is theirs in values.
 */
static PGconn *
connect_first(const char *const *keys, const char *const *values,
    const char **ca, const char *ca_file)
{
	PGconn *conn;

	if (ca_file != NULL) {
		conn = PQconnectStartParams(keys, values, 1);
		if (conn != NULL && bk_authority_lacks(conn))
			*ca = ca_file;
		PQfinish(conn);
	}
	return bk_conn_start(keys, values, 1);
}

PGconn *
bk_conn_open(const struct bk_conn_target *t, struct bk_err *e)
{
	/*
	 * A leader is idle while its workers work: keepalives keep a router
	 * from dropping the connection.  Before dbname, so that a URI can
	 * override them.  Of several dbnames, libpq takes the first one apart
	 * and the last one for the name.
	 */
	const char *info = t->db != NULL && bk_conn_is_info(t->db) ? t->db :
	    t->url;
	const char *name = t->instead != NULL ? t->instead :
	    info == t->db ? NULL : t->db;
	const char *keys[] = { "fallback_application_name", "keepalives_idle",
	    "connect_timeout", "dbname", "host", "port", "user", "dbname",
	    "replication", "sslrootcert", NULL };
	const char *values[] = { t->app, "60", t->connect_timeout,
	    info != NULL ? info : name, t->host, t->port, t->user, name,
	    t->replication, NULL, NULL };
	const size_t ca = sizeof(values) / sizeof(*values) - 2;
	PQconninfoOption *opts = NULL;
	PGconn *conn;

	/* libpq would quote what it cannot parse */
	if (info != NULL && bk_conn_is_info(info) &&
	    (opts = bk_conn_parse(info, e)) == NULL)
		return NULL;
	PQconninfoFree(opts);
	conn = connect_first(keys, values, &values[ca], t->ca_file);
	if (bk_conn_started(conn, e) == 0 &&
	    (t->shared || path_of_ours(conn, e) == 0)) {
		bk_secret_hold(PQpass(conn), strlen(PQpass(conn)));
		return conn;
	}
	if (info != NULL && info == t->url)
		bk_fail_add(e, "; the server is from DATABASE_URL");
	PQfinish(conn);
	return NULL;
}

/* The value of o that conn uses, where it may be one of several. */
static const char *
used_value(PGconn *conn, const PQconninfoOption *o)
{
	const char *addr;

	if (strcmp(o->keyword, "host") == 0)
		return PQhost(conn);
	if (strcmp(o->keyword, "port") == 0)
		return PQport(conn);
	if (strcmp(o->keyword, "hostaddr") == 0) {
		addr = PQhostaddr(conn);
		return addr == NULL || strchr("/@", *addr) ? NULL : addr;
	}
	if (strcmp(o->keyword, "dbname") == 0)
		return PQdb(conn);
	if (strcmp(o->keyword, "user") == 0)
		return PQuser(conn);
	if (strcmp(o->keyword, "password") == 0)
		return PQpass(conn);
	/* already resolved, or useless once the server is known */
	if (strcmp(o->keyword, "service") == 0 ||
	    strcmp(o->keyword, "servicefile") == 0 ||
	    strcmp(o->keyword, "load_balance_hosts") == 0)
		return NULL;
	return o->val;
}

static int
is_set(const char *value)
{
	return value != NULL && *value != '\0';
}

static int
copy_param(struct param *p, const PQconninfoOption *o, const char *value)
{
	p->secret = *o->dispchar == '*';
	return (p->keyword = strdup(o->keyword)) == NULL ||
	    (o->envvar != NULL && (p->envvar = strdup(o->envvar)) == NULL) ||
	    (is_set(value) && (p->value = strdup(value)) == NULL) ? -1 : 0;
}

struct bk_conn_params *
bk_conn_params(PGconn *conn, struct bk_err *e)
{
	struct bk_conn_params *p = calloc(1, sizeof(*p));
	PQconninfoOption *opts = PQconninfo(conn);
	size_t n = 0;

	if (p == NULL || opts == NULL)
		goto fail;
	while (opts[n].keyword != NULL)
		n++;
	if ((p->param = calloc(n, sizeof(*p->param))) == NULL)
		goto fail;
	for (p->n = 0; p->n < n; ) {
		const PQconninfoOption *o = &opts[p->n];

		if (copy_param(&p->param[p->n++], o, used_value(conn, o)) == -1)
			goto fail;
	}
	PQconninfoFree(opts);
	return p;
 fail:
	PQconninfoFree(opts);
	bk_conn_params_free(p);
	bk_fail_memory(e);
	return NULL;
}

static struct param *
find_param(struct bk_conn_params *p, const char *keyword)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->param[i].keyword, keyword) == 0)
			return &p->param[i];
	return NULL;
}

int
bk_conn_params_database(struct bk_conn_params *p, const char *db,
    struct bk_err *e)
{
	struct param *o = find_param(p, "dbname");
	char *copy = strdup(db);

	if (copy == NULL)
		return bk_fail_memory(e);
	free(o->value);
	o->value = copy;
	return 0;
}

int
bk_conn_params_option(struct bk_conn_params *p, const char *option,
    struct bk_err *e)
{
	struct param *o = find_param(p, "options");
	struct bk_buf all = {0};

	if (bk_buf_printf(&all, e, "%s%s%s", is_set(o->value) ? o->value : "",
	    is_set(o->value) ? " " : "", option) == -1)
		return -1;
	free(o->value);
	o->value = all.data;	/* now owned by o */
	return 0;
}

/* strdup(), of NULL as well; 0 or -1. */
static int
copy_text(char **to, const char *from)
{
	*to = from == NULL ? NULL : strdup(from);
	return from != NULL && *to == NULL ? -1 : 0;
}

struct bk_conn_params *
bk_conn_params_copy(const struct bk_conn_params *p, struct bk_err *e)
{
	struct bk_conn_params *copy = calloc(1, sizeof(*copy));
	size_t i;
	int rc = -1;

	if (copy != NULL && (copy->param = calloc(p->n + 1,
	    sizeof(*copy->param))) != NULL)
		rc = 0;
	for (i = 0; rc == 0 && i < p->n; i++) {
		copy->n++;
		if (copy_text(&copy->param[i].keyword, p->param[i].keyword) ==
		    -1 || copy_text(&copy->param[i].envvar,
		    p->param[i].envvar) == -1 ||
		    copy_text(&copy->param[i].value, p->param[i].value) == -1)
			rc = -1;
	}
	if (rc == 0)
		return copy;
	bk_fail_memory(e);
	bk_conn_params_free(copy);
	return NULL;
}

void
bk_conn_params_free(struct bk_conn_params *p)
{
	size_t i;

	for (i = 0; p != NULL && i < p->n; i++) {
		if (p->param[i].value != NULL)
			bk_wipe(p->param[i].value, strlen(p->param[i].value));
		free(p->param[i].keyword);
		free(p->param[i].envvar);
		free(p->param[i].value);
	}
	if (p != NULL)
		free(p->param);
	free(p);
}

PGconn *
bk_conn_again(const struct bk_conn_params *p, struct bk_err *e)
{
	const char **keys = calloc(p->n + 1, sizeof(*keys));
	const char **values = calloc(p->n + 1, sizeof(*values));
	PGconn *conn = NULL;
	size_t i, n = 0;

	if (keys == NULL || values == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	for (i = 0; i < p->n; i++) {
		if (p->param[i].value == NULL)
			continue;
		keys[n] = p->param[i].keyword;
		values[n++] = p->param[i].value;
	}
	conn = bk_conn_start(keys, values, 0);
	if (bk_conn_started(conn, e) == -1 || path_of_ours(conn, e) == -1) {
		PQfinish(conn);
		conn = NULL;
	}
 done:
	free(keys);
	free(values);
	return conn;
}

/* 1 if var ("NAME=...") sets a variable that libpq reads. */
static int
is_libpq_var(const char *var, const struct bk_conn_params *p)
{
	size_t i, n = strcspn(var, "=");

	for (i = 0; i < p->n; i++) {
		const char *name = p->param[i].envvar;

		if (name != NULL && strlen(name) == n &&
		    strncmp(name, var, n) == 0)
			return 1;
	}
	return 0;
}

char **
bk_conn_environ(const struct bk_conn_params *p, char *const base[],
    struct bk_err *e)
{
	size_t i, n = 0, count = 0;
	char **env;

	while (base[count] != NULL)
		count++;
	if ((env = calloc(count + p->n + 1, sizeof(*env))) == NULL)
		goto fail;
	for (; *base != NULL; base++)
		if (!is_libpq_var(*base, p) &&
		    (env[n++] = strdup(*base)) == NULL)
			goto fail;
	for (i = 0; i < p->n; i++) {
		const struct param *o = &p->param[i];
		struct bk_buf b = {0};

		if (o->envvar == NULL || o->value == NULL)
			continue;
		if (bk_buf_printf(&b, e, "%s=%s", o->envvar, o->value) == -1)
			goto fail;
		env[n++] = b.data;	/* now owned by env */
	}
	return env;
 fail:
	bk_fail_memory(e);
	bk_conn_environ_free(env);
	return NULL;
}

void
bk_conn_environ_free(char **env)
{
	char **p;

	for (p = env; p != NULL && *p != NULL; p++) {
		bk_wipe(*p, strlen(*p));
		free(*p);
	}
	free(env);
}

int
bk_conn_rest(const struct bk_conn_params *p, struct bk_buf *out,
    struct bk_err *e)
{
	const char *s;
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct param *o = &p->param[i];

		if (o->envvar != NULL || o->value == NULL || o->secret ||
		    strcmp(o->keyword, "fallback_application_name") == 0 ||
		    strcmp(o->keyword, "replication") == 0)
			continue;
		if (bk_buf_printf(out, e, "%s%s='", out->len == 0 ? "" : " ",
		    o->keyword) == -1)
			return -1;
		for (s = o->value; *s != '\0'; s++)
			if (bk_buf_printf(out, e, *s == '\'' || *s == '\\' ?
			    "\\%c" : "%c", *s) == -1)
				return -1;
		if (bk_buf_puts(out, "'", e) == -1)
			return -1;
	}
	return 0;
}

static int
is_own_host(const char *host)
{
	return *host == '\0' || *host == '/' || *host == '@' ||
	    strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    strncmp(host, "127.", 4) == 0;
}

void
bk_conn_host(PGconn *conn, char host[BK_CONN_HOST])
{
	const char *name = PQhost(conn);
	size_t i;

	if (name == NULL || is_own_host(name)) {
		if (gethostname(host, BK_CONN_HOST) == -1)
			host[0] = '\0';
		host[BK_CONN_HOST - 1] = '\0';
	} else {
		(void)snprintf(host, BK_CONN_HOST, "%s", name);
	}
	for (i = 0; host[i] != '\0'; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789._-", host[i]) == NULL)
			host[i] = '-';
}

int
bk_conn_check_clock(const char *what, time_t now, struct bk_err *e)
{
	long long apart = (long long)time(NULL) - (long long)now;

	if (llabs(apart) <= CLOCKS_APART)
		return 0;
	return bk_fail(e, BK_FAIL, "%s: the server's clock is %lld minutes %s "
	    "than this host's; correct the wrong one, or go by the server's "
	    "with --any-clock", what, llabs(apart) / 60,
	    apart > 0 ? "earlier" : "later");
}

int
bk_conn_exec(PGconn *conn, const char *sql, struct bk_err *e)
{
	PGresult *res = bk_sql_exec(conn, sql);
	ExecStatusType st = PQresultStatus(res);
	int rc = 0;

	if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
		rc = bk_conn_fail(conn, res, NULL, e);
	PQclear(res);
	return rc;
}

/* res, if it has rows; else NULL with *e set. */
static PGresult *
rows(PGconn *conn, PGresult *res, struct bk_err *e)
{
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return res;
	bk_conn_fail(conn, res, NULL, e);
	PQclear(res);
	return NULL;
}

PGresult *
bk_conn_query(PGconn *conn, const char *sql, struct bk_err *e)
{
	return rows(conn, bk_sql_exec(conn, sql), e);
}

PGresult *
bk_conn_query1(PGconn *conn, const char *sql, const char *arg,
    struct bk_err *e)
{
	return rows(conn, bk_sql_params(conn, sql, 1, NULL, &arg), e);
}

int
bk_conn_is_super(PGconn *conn)
{
	const char *super = PQparameterStatus(conn, "is_superuser");

	return super != NULL && strcmp(super, "on") == 0;
}

/*
 * Doubling the byte '"' is right in every client encoding: in none of them is
 * it part of a multibyte character (SJIS, BIG5, GBK, JOHAB and GB18030 have
 * second bytes from 0x30 up).
 */
int
bk_conn_ident(struct bk_buf *b, const char *name, struct bk_err *e)
{
	size_t n;

	if (bk_buf_add(b, "\"", 1, e) == -1)
		return -1;
	for (; *name != '\0'; name += n) {
		n = strcspn(name, "\"");
		if (bk_buf_add(b, name, n, e) == -1)
			return -1;
		if (name[n] == '"') {
			if (bk_buf_add(b, "\"\"", 2, e) == -1)
				return -1;
			n++;
		}
	}
	return bk_buf_add(b, "\"", 1, e);
}

int
bk_conn_qualified(struct bk_buf *b, const char *schema, const char *name,
    struct bk_err *e)
{
	if (is_set(schema) && (bk_conn_ident(b, schema, e) == -1 ||
	    bk_buf_add(b, ".", 1, e) == -1))
		return -1;
	return bk_conn_ident(b, name, e);
}
