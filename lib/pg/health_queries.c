/*
 * Only functions and views that any role or pg_monitor may use: for a role not
 * in pg_monitor some columns are null or a query fails.  search_path is empty,
 * so that no user's function can replace the server's.
 */
#include "pg/health_queries.h"

#include "base/majors.h"

/* A time as text. */
#define TIME(t) "to_char((" t ") AT TIME ZONE 'UTC', " \
	"'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* An interval in seconds; the seconds since t. */
#define SECONDS(i) "round(extract(epoch FROM " i ")::numeric, 3)::float8"
#define SINCE(t) "CASE WHEN " t " > clock_timestamp() THEN 0 ELSE " \
	SECONDS("clock_timestamp() - (" t ")") " END"

/* How far position b lags a; null if either is, never below 0. */
#define LAG(a, b) "CASE WHEN " a " < " b " THEN 0 " \
	"ELSE pg_wal_lsn_diff(" a ", " b ")::int8 END"

/* The end of WAL here: written, or on a standby received. */
#define WAL_END "(SELECT CASE WHEN pg_is_in_recovery() " \
	"THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) " \
	"ELSE pg_current_wal_lsn() END AS lsn) AS wal_end"

static const char server[] =
    "SELECT current_setting('server_version') AS version,"
    " CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END AS role,"
    " current_database()::text AS database,"
    " current_user::text AS \"user\","
    " pg_has_role('pg_monitor', 'USAGE') AS sees_all,"
    " " TIME("pg_postmaster_start_time()") " AS started,"
    " " TIME("now()") " AS now";

/* A process whose backend_type is hidden counts as a client. */
static const char connections[] =
    "SELECT count(*) AS used,"
    " current_setting('max_connections')::int8 AS max,"
    " current_setting('superuser_reserved_connections')::int8 +"
    " coalesce(current_setting('reserved_connections', true), '0')::int8"
    " AS reserved FROM pg_stat_activity WHERE datid IS NOT NULL"
    " AND coalesce(backend_type, 'client backend') = 'client backend'";

/*
 * Without the statement, which may contain secrets.  Without autovacuum
 * workers, which may rightly take hours and hold nobody up.
 */
static const char transaction[] =
    "SELECT pid, usename::text AS \"user\", datname::text AS database,"
    " application_name AS application, state,"
    " " TIME("xact_start") " AS started,"
    " " SINCE("xact_start") " AS seconds"
    " FROM pg_stat_activity WHERE xact_start IS NOT NULL"
    " AND pid <> pg_backend_pid() AND backend_type NOT IN"
    " ('autovacuum worker', 'parallel worker')"
    " ORDER BY xact_start, pid LIMIT 1";

static const char prepared[] =
    "SELECT count(*) AS count,"
    " (array_agg(gid ORDER BY prepared))[1] AS gid,"
    " (array_agg(database::text ORDER BY prepared))[1] AS database,"
    " " TIME("min(prepared)") " AS prepared,"
    " " SINCE("min(prepared)") " AS seconds"
    " FROM pg_prepared_xacts";

/* What keeps vacuum from removing rows: transactions, slots and standbys. */
static const char oldest_xmin[] =
    "SELECT kind, holder, age FROM ("
    "SELECT CASE WHEN r.pid IS NULL THEN 'transaction' ELSE 'replica' END"
    " AS kind, CASE WHEN r.pid IS NULL THEN 'pid ' || a.pid"
    " ELSE a.application_name END AS holder,"
    " greatest(age(a.backend_xmin), age(a.backend_xid))::int8 AS age"
    " FROM pg_stat_activity a LEFT JOIN pg_stat_replication r USING (pid)"
    " WHERE a.pid <> pg_backend_pid()"
    " AND a.backend_type IS DISTINCT FROM 'autovacuum worker'"
    " UNION ALL SELECT 'prepared', gid, age(transaction)"
    " FROM pg_prepared_xacts"
    " UNION ALL SELECT 'slot', slot_name::text,"
    " greatest(age(xmin), age(catalog_xmin)) FROM pg_replication_slots"
    ") AS holders WHERE age IS NOT NULL ORDER BY age DESC, kind, holder"
    " LIMIT 1";

/* The command may be secret; that there is none is not. */
static const char archiver[] =
    "SELECT current_setting('archive_mode') AS mode,"
    " current_setting('archive_mode') <> 'off' AS enabled,"
    " (SELECT bool_or(setting NOT IN ('', '(disabled)')) FROM pg_settings"
    " WHERE name IN ('archive_command', 'archive_library')) AS configured,"
    " (SELECT setting::integer FROM pg_settings"
    " WHERE name = 'archive_timeout') AS timeout,"
    " archived_count AS archived, last_archived_wal,"
    " " TIME("last_archived_time") " AS last_archived,"
    " failed_count AS failed, last_failed_wal,"
    " " TIME("last_failed_time") " AS last_failed,"
    " coalesce(last_failed_time > last_archived_time,"
    " last_failed_time IS NOT NULL) AS failing FROM pg_stat_archiver";

static const char archive_queue_10[] =
    "SELECT count(*) AS segments, NULL::text AS oldest"
    " FROM pg_ls_dir('pg_wal/archive_status', true, false) AS name"
    " WHERE name LIKE '%.ready'";

static const char archive_queue[] =
    "SELECT count(*) AS segments, " TIME("min(modification)") " AS oldest"
    " FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'";

/* A standby that has replayed all WAL received is idle: no lag. */
static const char standby[] =
    "SELECT w.pid IS NOT NULL AS receiving, w.status AS receiver,"
    " pg_is_wal_replay_paused() AS paused,"
    " s.received::text AS received_lsn, s.replayed::text AS replayed_lsn,"
    " " LAG("s.received", "s.replayed") " AS replay_lag_bytes,"
    " CASE WHEN s.received <= s.replayed THEN 0 ELSE "
    SINCE("pg_last_xact_replay_timestamp()") " END AS replay_lag_seconds,"
    " " TIME("pg_last_xact_replay_timestamp()") " AS last_replayed"
    " FROM (SELECT pg_last_wal_receive_lsn() AS received,"
    " pg_last_wal_replay_lsn() AS replayed) AS s"
    " LEFT JOIN pg_stat_wal_receiver w ON true WHERE pg_is_in_recovery()";

static const char replicas[] =
    "SELECT pid, application_name AS name, host(client_addr) AS address,"
    " state, sync_state,"
    " " LAG("lsn", "sent_lsn") " AS sent_lag_bytes,"
    " " LAG("lsn", "write_lsn") " AS write_lag_bytes,"
    " " LAG("lsn", "flush_lsn") " AS flush_lag_bytes,"
    " " LAG("lsn", "replay_lsn") " AS replay_lag_bytes,"
    " " SECONDS("write_lag") " AS write_lag_seconds,"
    " " SECONDS("flush_lag") " AS flush_lag_seconds,"
    " " SECONDS("replay_lag") " AS replay_lag_seconds"
    " FROM pg_stat_replication, " WAL_END
    " ORDER BY replay_lsn NULLS FIRST, pid";

/* What only some versions know of a slot is null where it is not a column. */
#define SLOTS(more) \
    "SELECT slot_name::text AS name, slot_type AS type," \
    " database::text AS database, active, temporary," \
    " " LAG("lsn", "restart_lsn") " AS retained_bytes," \
    " " TIME("(to_jsonb(s) ->> 'inactive_since')::timestamptz") \
    " AS inactive_since, to_jsonb(s) ->> 'invalidation_reason'" \
    " AS invalidation_reason" more \
    " FROM pg_replication_slots s, " WAL_END \
    " ORDER BY restart_lsn NULLS FIRST, slot_name"

static const char slots_10[] = SLOTS("");
static const char slots[] = SLOTS(", wal_status, safe_wal_size AS safe_bytes");

/* Beyond max_age autovacuum is forced to freeze; at 2^31 writes stop. */
static const char freeze[] =
    "SELECT current_setting('autovacuum_freeze_max_age')::int8"
    " AS xid_max_age,"
    " current_setting('autovacuum_multixact_freeze_max_age')::int8"
    " AS multixact_max_age, 2147483648 AS \"limit\","
    " n.nspname::text AS schema, o.relname::text AS \"table\","
    " age(c.relfrozenxid)::int8 AS xid_age,"
    " mxid_age(c.relminmxid)::int8 AS multixact_age"
    " FROM (SELECT oid, relkind, relfrozenxid, relminmxid"
    " FROM pg_class WHERE relkind IN ('r', 'm', 't')"
    " AND NOT relfrozenxid = '0' ORDER BY"
    " greatest(age(relfrozenxid), mxid_age(relminmxid)) DESC, oid LIMIT 1) AS c"
    " JOIN pg_class o ON CASE WHEN c.relkind = 't'"
    " THEN o.reltoastrelid = c.oid ELSE o.oid = c.oid END"
    " JOIN pg_namespace n ON n.oid = o.relnamespace";

#define DATABASES(size) \
    "SELECT datname::text AS name, " size " AS size_bytes," \
    " age(datfrozenxid)::int8 AS xid_age," \
    " mxid_age(datminmxid)::int8 AS multixact_age" \
    " FROM pg_database ORDER BY size_bytes DESC NULLS LAST, name"

static const char databases[] = DATABASES("CASE WHEN"
    " has_database_privilege(oid, 'CONNECT') OR"
    " pg_has_role('pg_read_all_stats', 'USAGE')"
    " THEN pg_database_size(oid) END");
static const char databases_unmeasured[] = DATABASES("NULL::int8");

/*
 * Sizes of each relation (pg_total_relation_size() would open a table's indexes
 * as well, and one being rebuilt is locked), summed by table, then in total.
 *
 * To measure a relation the server opens it, which takes a lock, 50 us and some
 * kilobytes that it keeps: for 100,000 tables half a minute and gigabytes.  So
 * only the MEASURED largest tables by the catalog are measured; for the others,
 * and for relations locked against readers, the catalog's size is used.  A
 * table never analyzed has no size there: it is ranked as if each live row in
 * the statistics had 100 bytes.
 */
#define MEASURED "greatest(1000, $1::int8)"
#define TABLES(estimated, size) \
    "WITH locked AS (SELECT relation FROM pg_locks" \
    " WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'" \
    " AND database IN (0, (SELECT oid FROM pg_database" \
    " WHERE datname = current_database()))), " \
    "relation AS (SELECT c.oid, coalesce(o.oid, i.indrelid, c.oid) AS owner," \
    " CASE WHEN o.oid IS NOT NULL THEN 'o'" \
    " WHEN i.indrelid IS NOT NULL THEN 'i' ELSE 't' END AS part," \
    " c.relpages * current_setting('block_size')::int8 AS guess," \
    " CASE WHEN c.relpages = 0 THEN 100 * pg_stat_get_live_tuples(c.oid)" \
    " ELSE 0 END AS unseen FROM pg_class c" \
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid" \
    " LEFT JOIN pg_class o ON o.reltoastrelid = coalesce(i.indrelid, c.oid)" \
    " WHERE c.relkind IN ('r', 'm', 't', 'i') AND NOT c.relisshared), " \
    "ranked AS (SELECT owner, row_number() OVER (ORDER BY" \
    " sum(guess + unseen) DESC, owner) AS rank" \
    " FROM relation GROUP BY owner), " \
    "sized AS (SELECT owner, part, " estimated " AS estimated, " size \
    " AS bytes FROM relation JOIN ranked USING (owner)), " \
    "summed AS (SELECT owner, bool_or(estimated) AS estimated," \
    " sum(bytes)::int8 AS bytes," \
    " coalesce(sum(bytes) FILTER (WHERE part = 't'), 0)::int8 AS t," \
    " coalesce(sum(bytes) FILTER (WHERE part = 'i'), 0)::int8 AS i," \
    " coalesce(sum(bytes) FILTER (WHERE part = 'o'), 0)::int8 AS o" \
    " FROM sized GROUP BY owner), " \
    "named AS (SELECT n.nspname, c.relname, s.*," \
    " CASE WHEN s.t = 0 AND NOT s.estimated THEN 0" \
    " WHEN c.reltuples < 0 OR c.relpages = 0" \
    " THEN nullif(pg_stat_get_live_tuples(c.oid), 0)" \
    " ELSE c.reltuples::int8 END AS rows, n.nspname = 'information_schema'" \
    " OR (n.nspname = 'pg_catalog' AND NOT (c.relname = 'pg_largeobject'" \
    " AND s.t > 0)) AS catalog FROM summed s" \
    " JOIN pg_class c ON c.oid = s.owner" \
    " JOIN pg_namespace n ON n.oid = c.relnamespace), " \
    "wanted AS (SELECT * FROM named WHERE NOT catalog) " \
    "SELECT NULL::text AS schema, NULL::text AS name," \
    " coalesce(sum(rows), 0)::int8 AS rows," \
    " coalesce(sum(bytes), 0)::int8 AS size_bytes," \
    " coalesce(sum(t), 0)::int8 AS table_bytes," \
    " coalesce(sum(i), 0)::int8 AS index_bytes," \
    " coalesce(sum(o), 0)::int8 AS toast_bytes," \
    " coalesce(bool_or(estimated), false) AS estimated, count(*) AS count," \
    " (SELECT sum(bytes)::int8 FROM named WHERE catalog) AS catalog_bytes" \
    " FROM wanted " \
    "UNION ALL (SELECT nspname::text, relname::text, rows, bytes, t, i, o," \
    " estimated, NULL, NULL FROM wanted" \
    " ORDER BY bytes DESC, nspname, relname LIMIT $1::int8)"

#define GUESSED "(rank > " MEASURED " OR oid IN (SELECT relation FROM locked))"

static const char tables[] = TABLES(GUESSED, "CASE WHEN " GUESSED
    " THEN guess ELSE coalesce(pg_relation_size(oid), 0) END");
static const char tables_estimated[] = TABLES("true", "guess");

const struct bk_health_part bk_health_parts[] = {
	{ .name = "server", .sql = server },
	{ .name = "connections", .sql = connections },
	{ .name = "transaction", .sql = transaction },
	{ .name = "prepared", .sql = prepared },
	{ .name = "oldest_xmin", .sql = oldest_xmin },
	{ .name = "archiver", .sql = archiver },
	{ .name = "archive_queue", .sql = archive_queue_10,
	    .since = BK_PG_ARCHIVE_STATUS, .newer = archive_queue },
	{ .name = "standby", .sql = standby },
	{ .name = "replicas", .shape = BK_HEALTH_MANY, .sql = replicas },
	{ .name = "slots", .shape = BK_HEALTH_MANY, .sql = slots_10,
	    .since = BK_PG_SLOT_STATUS, .newer = slots },
	{ .name = "freeze", .sql = freeze },
	{ .name = "databases", .shape = BK_HEALTH_MANY, .sql = databases,
	    .instead = databases_unmeasured },
	{ .name = "tables", .shape = BK_HEALTH_RANKED, .sql = tables,
	    .instead = tables_estimated },
};
const size_t bk_health_nparts = sizeof(bk_health_parts) /
    sizeof(bk_health_parts[0]);
