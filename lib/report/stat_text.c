/* bk-stat: the page for people; see report/stat_report.h */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "report/stat_report.h"

/* The page being written; nothing is added after a failure. */
struct page {
	struct bk_buf *out;
	struct bk_err *e;
	const json_t *doc;
	size_t limit;		/* rows of a table */
	time_t now;		/* ours, as in the audit log */
	time_t server_now;
	int rc;
};

#define CELL 32

__attribute__((format(printf, 2, 3))) static void
put(struct page *p, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (p->rc == 0)
		p->rc = bk_buf_puts(p->out, line, p->e);
}

/* A name must not control the terminal, nor look like a line of ours. */
static int
clean_string(json_t *v)
{
	char *copy = strdup(json_string_value(v));
	int rc;

	if (copy == NULL)
		return -1;
	bk_utf8_clean(copy, strlen(copy));
	rc = json_string_set(v, copy);
	free(copy);
	return rc;
}

/* Every string in v that is a value. */
static int
clean(json_t *v)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_string(v))
		return clean_string(v);
	json_array_foreach(v, i, child)
		if (clean(child) == -1)
			return -1;
	json_object_foreach(v, key, child)
		if (clean(child) == -1)
			return -1;
	return 0;
}

static const char *
string(const json_t *o, const char *key)
{
	const char *s = bk_stat_string(o, key);

	return s == NULL ? "?" : s;
}

/* "1,234,567", and "?" if unknown, here and below. */
static const char *
number(const json_t *o, const char *key, char out[CELL])
{
	const json_t *v = json_object_get(o, key);
	char digits[CELL];
	size_t n, i, k = 0;

	if (!json_is_integer(v))
		return "?";
	(void)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT,
	    json_integer_value(v));
	n = strlen(digits);
	for (i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	out[k] = '\0';
	return out;
}

static const char *
size(const json_t *o, const char *key, char out[CELL])
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v))
		return "?";
	bk_size_format((uint64_t)json_integer_value(v), out);
	return out;
}

static const char *
seconds(const json_t *o, const char *key, char out[CELL])
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_number(v))
		return "?";
	bk_duration_format((uint64_t)json_number_value(v), out);
	return out;
}

/* How long before now it was. */
static const char *
since(const json_t *o, const char *key, time_t now, char out[CELL])
{
	time_t t;

	if (!bk_stat_time(o, key, &t))
		return NULL;
	bk_duration_format(now > t ? (uint64_t)(now - t) : 0, out);
	return out;
}

/* The percentage of the available numbers that is used up. */
static int
percent(const json_t *o, const char *key)
{
	return (int)(json_integer_value(json_object_get(o, key)) * 100 /
	    2147483648);
}

static void
put_head(struct page *p)
{
	const json_t *s = json_object_get(p->doc, "server");
	const char *version = string(s, "version");
	char text[CELL];
	const char *up = since(s, "started", p->server_now, text);

	put(p, "%s on %s:%s, PostgreSQL %.*s, %s", string(s, "database"),
	    string(s, "host"), string(s, "port"),
	    (int)strcspn(version, " "), version, string(s, "role"));
	put(p, ", up %s\n", up == NULL ? "?" : up);
	put(p, "%s by its clock\n\n", string(s, "now"));
}

static void
put_backup(struct page *p)
{
	const json_t *o = json_object_get(p->doc, "backup");
	char dumped[CELL], stored[CELL];
	const char *d = since(o, "dumped", p->now, dumped);
	const char *s = since(o, "stored", p->now, stored);

	if (json_is_object(o))
		put(p, "last backup   dumped %s%s, stored %s%s\n",
		    d == NULL ? "never" : d, d == NULL ? "" : " ago",
		    s == NULL ? "never" : s, s == NULL ? "" : " ago");
}

static void
put_sessions(struct page *p)
{
	const json_t *o = json_object_get(p->doc, "connections");
	char a[CELL], b[CELL], c[CELL];

	if (json_is_object(o))
		put(p, "connections   %s of %s, of which %s are reserved\n",
		    number(o, "used", a), number(o, "max", b),
		    number(o, "reserved", c));
	o = json_object_get(p->doc, "transaction");
	if (json_is_object(o))
		put(p, "transaction   the oldest is %s old: pid %ld, %s in %s"
		    "%s%s, %s\n", seconds(o, "seconds", a),
		    (long)json_integer_value(json_object_get(o, "pid")),
		    string(o, "user"),
		    string(o, "database"), *string(o, "application") == '\0' ?
		    "" : ", ", string(o, "application"), string(o, "state"));
	o = json_object_get(p->doc, "prepared");
	if (json_integer_value(json_object_get(o, "count")) > 0)
		put(p, "prepared      %s, the oldest %s ago: %s in %s\n",
		    number(o, "count", a), seconds(o, "seconds", b),
		    string(o, "gid"), string(o, "database"));
	o = json_object_get(p->doc, "oldest_xmin");
	if (json_is_object(o))
		put(p, "vacuum        held back by %s transactions: %s %s\n",
		    number(o, "age", a), string(o, "kind"),
		    string(o, "holder"));
}

/* The database that is nearest, and what in this one is. */
static void
put_wraparound(struct page *p)
{
	const json_t *f = json_object_get(p->doc, "freeze"), *o, *xid = NULL;
	const json_t *multi = NULL;
	char a[CELL], b[CELL];
	size_t i;

	json_array_foreach(json_object_get(p->doc, "databases"), i, o) {
		if (xid == NULL || percent(o, "xid_age") >
		    percent(xid, "xid_age"))
			xid = o;
		if (multi == NULL || percent(o, "multixact_age") >
		    percent(multi, "multixact_age"))
			multi = o;
	}
	if (xid != NULL)
		put(p, "wraparound    %d%% of transactions (%s, %s), "
		    "%d%% of multixacts\n", percent(xid, "xid_age"),
		    number(xid, "xid_age", a), string(xid, "name"),
		    percent(multi, "multixact_age"));
	if (json_is_object(f))
		put(p, "              here %s, from %s; forced from %s\n",
		    number(f, "xid_age", a), string(f, "table"),
		    number(f, "xid_max_age", b));
}

static void
put_archiver(struct page *p)
{
	const json_t *a = json_object_get(p->doc, "archiver");
	const json_t *q = json_object_get(p->doc, "archive_queue");
	char n[CELL], t[CELL];
	const char *last = since(a, "last_archived", p->server_now, t);

	if (!json_is_object(a))
		return;
	put(p, "archiver      %s", string(a, "mode"));
	if (json_is_false(json_object_get(a, "enabled"))) {
		put(p, "\n");
		return;
	}
	if (json_is_false(json_object_get(a, "configured")))
		put(p, ", but there is no archive_command");
	put(p, ", %s archived", number(a, "archived", n));
	if (last != NULL)
		put(p, ", the last %s ago: %s", last,
		    string(a, "last_archived_wal"));
	put(p, "\n");
	last = since(a, "last_failed", p->server_now, t);
	if (last != NULL)
		put(p, "              %s: %s failures, the last %s ago: %s\n",
		    json_is_true(json_object_get(a, "failing")) ?
		    "FAILING" : "works again", number(a, "failed", n), last,
		    string(a, "last_failed_wal"));
	if (json_integer_value(json_object_get(q, "segments")) == 0)
		return;
	last = since(q, "oldest", p->server_now, t);
	put(p, "              %s waiting%s%s\n", number(q, "segments", n),
	    last == NULL ? "" : ", the oldest for ", last == NULL ? "" : last);
}

static void
put_standby(struct page *p)
{
	const json_t *o = json_object_get(p->doc, "standby");
	char a[CELL], b[CELL];

	if (json_is_object(o))
		put(p, "standby       %s%s, replay lags by %s and %s\n",
		    json_is_true(json_object_get(o, "receiving")) ?
		    "receiving" : "NOT receiving",
		    json_is_true(json_object_get(o, "paused")) ?
		    ", replay PAUSED" : "", size(o, "replay_lag_bytes", a),
		    seconds(o, "replay_lag_seconds", b));
}

/*
 * A table of the array at key: its head, and a row for each of the first
 * objects.  Names, of any length, come last.
 */
static void
put_table(struct page *p, const json_t *all, const char *head,
    void (*row)(struct page *, const json_t *))
{
	const json_t *o;
	size_t i, n = json_array_size(all);

	if (n == 0)
		return;
	put(p, "\n%s\n", head);
	json_array_foreach(all, i, o) {
		if (i == p->limit)
			break;
		row(p, o);
	}
	if (n > p->limit)
		put(p, "%9s  and %zu more\n", "", n - p->limit);
}

static void
put_replica(struct page *p, const json_t *o)
{
	char a[CELL], b[CELL], c[CELL], d[CELL], t[CELL];

	put(p, "%9s %9s %9s %9s %7s  %-9s  %s\n",
	    size(o, "replay_lag_bytes", a), size(o, "flush_lag_bytes", b),
	    size(o, "write_lag_bytes", c),
	    size(o, "sent_lag_bytes", d), seconds(o, "replay_lag_seconds", t),
	    string(o, "state"), string(o, "name"));
}

static void
put_slot(struct page *p, const json_t *o)
{
	char a[CELL], b[CELL];

	put(p, "%9s %9s  %-10s %-8s  %-6s  %s\n", size(o, "retained_bytes", a),
	    size(o, "safe_bytes", b), string(o, "wal_status"),
	    string(o, "type"), json_is_true(json_object_get(o, "active")) ?
	    "yes" : "NO", string(o, "name"));
}

static void
put_database(struct page *p, const json_t *o)
{
	char a[CELL], b[CELL], d[CELL], s[CELL];
	const char *dumped = since(o, "dumped", p->now, d);
	const char *stored = since(o, "stored", p->now, s);

	put(p, "%9s %13s %3d%% %9s %9s  %s\n", size(o, "size_bytes", a),
	    number(o, "xid_age", b), percent(o, "xid_age"),
	    dumped == NULL ? "-" : dumped, stored == NULL ? "-" : stored,
	    string(o, "name"));
}

static void
put_relation(struct page *p, const json_t *o)
{
	char a[CELL], b[CELL], c[CELL], d[CELL], r[CELL];

	put(p, "%9s%s%9s %9s %9s %15s  %s.%s\n", size(o, "size_bytes", a),
	    json_is_true(json_object_get(o, "estimated")) ? "~" : " ",
	    size(o, "table_bytes", b), size(o, "index_bytes", c),
	    size(o, "toast_bytes", d), number(o, "rows", r),
	    string(o, "schema"), string(o, "name"));
}

static void
put_relations(struct page *p)
{
	const json_t *o = json_object_get(p->doc, "tables");
	char n[CELL], a[CELL], b[CELL], c[CELL], d[CELL], r[CELL], k[CELL];

	if (!json_is_object(o))
		return;
	put_table(p, json_object_get(o, "largest"),
	    "    total     table   indexes     toast          ~rows  table",
	    put_relation);
	put(p, "%9s%s%9s %9s %9s %15s  all %s; catalog %s\n",
	    size(o, "size_bytes", a),
	    json_is_true(json_object_get(o, "estimated")) ? "~" : " ",
	    size(o, "table_bytes", b), size(o, "index_bytes", c),
	    size(o, "toast_bytes", d), number(o, "rows", r),
	    number(o, "count", n), size(o, "catalog_bytes", k));
}

int
bk_stat_text(const json_t *doc, size_t limit, time_t now, struct bk_buf *out,
    struct bk_err *e)
{
	json_t *copy = json_deep_copy(doc);
	struct page p = { .out = out, .e = e, .doc = copy, .limit = limit,
	    .now = now };
	const json_t *o;
	size_t i;

	if (copy == NULL || clean(copy) == -1) {
		json_decref(copy);
		return bk_fail_memory(e);
	}
	(void)bk_stat_time(json_object_get(copy, "server"), "now",
	    &p.server_now);
	put_head(&p);
	put_backup(&p);
	put_sessions(&p);
	put_wraparound(&p);
	put_archiver(&p);
	put_standby(&p);
	put_table(&p, json_object_get(copy, "replicas"), "lag:replay     "
	    "flush     write      sent    time  state      replica",
	    put_replica);
	put_table(&p, json_object_get(copy, "slots"), " retained      safe  "
	    "wal        type      active  slot", put_slot);
	put_table(&p, json_object_get(copy, "databases"), "     size       "
	    "xid age  max    dumped    stored  database", put_database);
	put_relations(&p);
	json_array_foreach(json_object_get(copy, "notes"), i, o)
		put(&p, "%snote: %s\n", i == 0 ? "\n" : "",
		    json_string_value(o));
	json_decref(copy);
	return p.rc;
}
