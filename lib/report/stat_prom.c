/* bk-stat: metrics for Prometheus' textfile collector */
#include <inttypes.h>

#include "report/stat_report.h"
#include "stream/textfile.h"

#define LABELS 3

/* A value of an object of the document, or of each object of an array. */
struct metric {
	const char *part;
	const char *list;	/* an array in part; or NULL: part itself */
	const char *value;	/* the key; null: no sample */
	const char *name, *help;
	int counter;		/* else a gauge */
	int info;		/* all in the labels; the value is 1 */
	int never;		/* a timestamp; null is "never": 0 */
	int db;			/* label db: the database connected to */
	struct {
		const char *key, *name;	/* of another value of its row */
	} label[LABELS];
};

#define M(k, n, h) .value = (k), .name = "bk_stat_" n, .help = (h)
#define SERVER .part = "server"
#define CONNECTIONS .part = "connections"
#define PREPARED .part = "prepared"
#define ARCHIVER .part = "archiver"
#define QUEUE .part = "archive_queue"
#define STANDBY .part = "standby"
#define REPLICA .part = "replicas", \
	.label = { { "name", "replica" }, { "pid", "pid" } }
#define SLOT .part = "slots", \
	.label = { { "name", "slot" }, { "type", "type" } }
#define DATABASE .part = "databases", .label = { { "name", "db" } }
#define BACKUP .part = "backup", .db = 1, .never = 1
#define FREEZE .part = "freeze"
#define TABLES .part = "tables", .db = 1
#define TABLE .part = "tables", .list = "largest", .db = 1, \
	.label = { { "schema", "schema" }, { "name", "table" } }

static const struct metric metrics[] = {
	{ SERVER, M("version", "server_info",
	    "Always 1; the labels tell what the server is."),
	    .info = 1, .label = {
		{ "version", "version" }, { "role", "role" }
	    } },
	{ SERVER, M("started", "server_start_timestamp_seconds",
	    "When the server was started.") },
	{ SERVER, M("sees_all", "sees_all",
	    "1 if the role is in pg_monitor and sees everything.") },
	{ CONNECTIONS, M("used", "connections",
	    "Number of client connections.") },
	{ CONNECTIONS, M("max", "connections_max",
	    "Maximum number of connections.") },
	{ CONNECTIONS, M("reserved", "connections_reserved",
	    "Connections reserved for superusers and privileged roles.") },
	{ .part = "transaction",
	    M("started", "oldest_transaction_timestamp_seconds",
	    "When the oldest transaction began, if there is any.") },
	{ PREPARED, M("count", "prepared_transactions",
	    "Prepared transactions.") },
	{ PREPARED, M("prepared", "oldest_prepared_timestamp_seconds",
	    "When the oldest of them was prepared.") },
	{ .part = "oldest_xmin", M("age", "oldest_xmin_age",
	    "Transactions whose dead rows vacuum must keep."),
	    .label = { { "kind", "kind" } } },
	{ ARCHIVER, M("enabled", "archiver_enabled",
	    "0 if archive_mode is off.") },
	{ ARCHIVER, M("configured", "archiver_configured",
	    "0 if there is no command or library to archive with.") },
	{ ARCHIVER, M("timeout", "archiver_timeout_seconds",
	    "archive_timeout; 0: none.") },
	{ ARCHIVER, M("archived", "archiver_archived_total",
	    "WAL files that were archived."),
	    .counter = 1 },
	{ ARCHIVER, M("failed", "archiver_failed_total",
	    "Attempts to archive that failed."),
	    .counter = 1 },
	{ ARCHIVER, M("failing", "archiver_failing",
	    "1 if the last attempt failed.") },
	{ ARCHIVER,
	    M("last_archived", "archiver_last_archived_timestamp_seconds",
	    "When a WAL file was last archived.") },
	{ ARCHIVER, M("last_failed", "archiver_last_failed_timestamp_seconds",
	    "When an attempt last failed.") },
	{ QUEUE, M("segments", "archiver_waiting",
	    "WAL files waiting to be archived.") },
	{ QUEUE, M("oldest", "archiver_waiting_since_timestamp_seconds",
	    "Since when the oldest of them has been waiting.") },
	{ STANDBY, M("receiving", "standby_receiving",
	    "1 if the standby has a WAL receiver.") },
	{ STANDBY, M("paused", "standby_paused",
	    "1 if replay is paused.") },
	{ STANDBY, M("replay_lag_bytes", "standby_replay_lag_bytes",
	    "WAL that was received and not replayed.") },
	{ STANDBY, M("replay_lag_seconds", "standby_replay_lag_seconds",
	    "Age of the last transaction replayed; 0 if none waits.") },
	{ REPLICA, M("sent_lag_bytes", "replica_sent_lag_bytes",
	    "WAL that was not sent to the replica.") },
	{ REPLICA, M("write_lag_bytes", "replica_write_lag_bytes",
	    "WAL that the replica has not written.") },
	{ REPLICA, M("flush_lag_bytes", "replica_flush_lag_bytes",
	    "WAL that the replica has not flushed.") },
	{ REPLICA, M("replay_lag_bytes", "replica_replay_lag_bytes",
	    "WAL that the replica has not replayed.") },
	{ REPLICA, M("write_lag_seconds", "replica_write_lag_seconds",
	    "How long recent WAL took to be written there.") },
	{ REPLICA, M("flush_lag_seconds", "replica_flush_lag_seconds",
	    "How long recent WAL took to be flushed there.") },
	{ REPLICA, M("replay_lag_seconds", "replica_replay_lag_seconds",
	    "How long recent WAL took to be replayed there.") },
	{ SLOT, M("active", "slot_active",
	    "1 if the slot is in use.") },
	{ SLOT, M("retained_bytes", "slot_retained_bytes",
	    "WAL that is kept for the slot.") },
	{ SLOT, M("safe_bytes", "slot_safe_bytes",
	    "WAL that can be written before the slot is lost.") },
	{ SLOT, M("inactive_since", "slot_inactive_timestamp_seconds",
	    "Since when the slot is not in use.") },
	{ .part = "slots", M("wal_status", "slot_wal_status",
	    "Always 1; the label tells whether the slot has its WAL."),
	    .info = 1, .label = {
		{ "name", "slot" }, { "type", "type" },
		{ "wal_status", "status" }
	    } },
	{ DATABASE, M("size_bytes", "database_size_bytes",
	    "Size of the database.") },
	{ DATABASE, M("xid_age", "database_xid_age",
	    "Age of its oldest unfrozen transaction; at 2^31 writes stop.") },
	{ DATABASE, M("multixact_age", "database_multixact_age",
	    "The same, of multixacts.") },
	{ BACKUP, M("dumped", "last_dumped_timestamp_seconds",
	    "When bk-dump last succeeded, by the audit log; 0: never.") },
	{ BACKUP, M("stored", "last_stored_timestamp_seconds",
	    "When a backup was last stored, by the audit log; 0: never.") },
	{ FREEZE, M("xid_max_age", "freeze_xid_age",
	    "Age at which autovacuum is forced to freeze.") },
	{ FREEZE, M("multixact_max_age", "freeze_multixact_age",
	    "The same, of multixacts.") },
	{ TABLES, M("count", "tables",
	    "Tables, without the catalog's.") },
	{ TABLES, M("rows", "tables_rows",
	    "Their rows, estimated.") },
	{ TABLES, M("table_bytes", "tables_heap_bytes",
	    "Their size without indexes and TOAST.") },
	{ TABLES, M("index_bytes", "tables_index_bytes",
	    "Size of their indexes.") },
	{ TABLES, M("toast_bytes", "tables_toast_bytes",
	    "Size of their TOAST.") },
	{ TABLES, M("catalog_bytes", "catalog_bytes",
	    "Size of the catalog's tables.") },
	{ TABLE, M("rows", "table_rows",
	    "Rows of one of the largest tables, estimated.") },
	{ TABLE, M("table_bytes", "table_heap_bytes",
	    "Its size without indexes and TOAST.") },
	{ TABLE, M("index_bytes", "table_index_bytes",
	    "Size of its indexes.") },
	{ TABLE, M("toast_bytes", "table_toast_bytes",
	    "Size of its TOAST.") },
};

/* What follows name and labels. */
static int
add_value(struct bk_buf *b, const struct metric *m, const json_t *o,
    struct bk_err *e)
{
	const json_t *v = json_object_get(o, m->value);
	time_t t;

	if (m->info || json_is_true(v))
		return bk_buf_puts(b, " 1\n", e);
	if (json_is_real(v))
		return bk_buf_printf(b, e, " %.3f\n", json_real_value(v));
	if (bk_stat_time(o, m->value, &t))
		return bk_buf_printf(b, e, " %jd\n", (intmax_t)t);
	return bk_buf_printf(b, e, " %" JSON_INTEGER_FORMAT "\n",
	    json_integer_value(v));
}

static int
add_label(struct bk_buf *b, const char *name, const json_t *value,
    struct bk_err *e)
{
	const char *s = json_string_value(value);
	char number[32] = "";

	if (json_is_integer(value))
		(void)snprintf(number, sizeof(number), "%"
		    JSON_INTEGER_FORMAT, json_integer_value(value));
	if (bk_buf_puts(b, ",", e) == -1)
		return -1;
	return bk_textfile_label(b, name, s == NULL ? number : s, e);
}

/*
 * The labels of every sample.  A collector reads several files, and no two
 * samples in them may be equal: neither those of two servers, nor those of one
 * server obtained through two of its databases.
 */
static int
write_where(struct bk_buf *where, const json_t *doc, struct bk_err *e)
{
	const json_t *server = json_object_get(doc, "server");
	struct bk_buf name = {0};
	int rc = -1;

	if (bk_buf_printf(&name, e, "%s:%s", bk_stat_string(server, "host"),
	    bk_stat_string(server, "port")) == 0 &&
	    bk_textfile_label(where, "server", name.data, e) == 0)
		rc = add_label(where, "via", json_object_get(server,
		    "database"), e);
	bk_buf_free(&name);
	return rc;
}

static int
add_sample(struct bk_buf *b, const struct metric *m, const char *where,
    const json_t *doc, const json_t *o, struct bk_err *e)
{
	int i;

	if (bk_buf_printf(b, e, "%s{", m->name) == -1 ||
	    bk_buf_puts(b, where, e) == -1 ||
	    (m->db && add_label(b, "db", json_object_get(json_object_get(doc,
	    "server"), "database"), e) == -1))
		return -1;
	for (i = 0; i < LABELS && m->label[i].key != NULL; i++)
		if (add_label(b, m->label[i].name, json_object_get(o,
		    m->label[i].key), e) == -1)
			return -1;
	if (bk_buf_puts(b, "}", e) == -1)
		return -1;
	return add_value(b, m, o, e);
}

/* One metric: its head, unless it has no samples, and these. */
static int
add_metric(struct bk_buf *b, const struct metric *m, const char *where,
    const json_t *doc, struct bk_err *e)
{
	const json_t *part = json_object_get(doc, m->part), *o, *v;
	size_t i, n, head = 0;

	if (m->list != NULL)
		part = json_object_get(part, m->list);
	n = json_is_array(part) ? json_array_size(part) : 1;
	for (i = 0; i < n; i++) {
		o = json_is_array(part) ? json_array_get(part, i) : part;
		v = json_object_get(o, m->value);
		if (v == NULL || (json_is_null(v) && !m->never))
			continue;
		if (head++ == 0 && bk_textfile_head(b, m->name, m->counter ?
		    "counter" : "gauge", m->help, e) == -1)
			return -1;
		if (add_sample(b, m, where, doc, o, e) == -1)
			return -1;
	}
	return 0;
}

int
bk_stat_prometheus(const json_t *doc, time_t now, struct bk_buf *out,
    struct bk_err *e)
{
	static const char last_run[] = "bk_stat_last_run_timestamp_seconds";
	struct bk_buf where = {0};
	int rc = write_where(&where, doc, e);
	size_t i;

	for (i = 0; rc == 0 && i < sizeof(metrics) / sizeof(metrics[0]); i++)
		rc = add_metric(out, &metrics[i], where.data, doc, e);
	if (rc == 0 && (rc = bk_textfile_head(out, last_run, "gauge",
	    "When bk-stat ran.", e)) == 0 &&
	    (rc = bk_buf_printf(out, e, "%s{", last_run)) == 0 &&
	    (rc = bk_buf_puts(out, where.data, e)) == 0)
		rc = bk_buf_printf(out, e, "} %jd\n", (intmax_t)now);
	bk_buf_free(&where);
	return rc;
}
