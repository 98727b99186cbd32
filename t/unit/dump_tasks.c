/*
 * How tables are cut into tasks, and the query of each.  With arguments,
 * DATABASE ARCHIVE: a dump by pg_dump's archive, whose calls fail; for
 * t/starve.bats, which has a server.
 */
#include "dump/tasks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "dump/output.h"
#include "dump/workers.h"
#include "starve.h"
#include "tap.h"

static struct bk_toc_entry te = { .id = 1, .desc = "TABLE DATA",
    .schema = "s", .tag = "t" };

static void
is_sql(const struct bk_task *t, const char *copy, const char *want)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	te.oid = 7;
	te.copy = copy;
	if (bk_task_sql(t, &b, &e) == -1)
		is_str(e.msg, want, "refused");
	else
		is_str(b.data, want, "query");
	bk_buf_free(&b);
}

#define END "; ROLLBACK TO bk; RELEASE bk"
#define NAMED "SELECT pg_catalog.set_config('lock_timeout', CASE " \
    "pg_catalog.encode(pg_catalog.textsend(7::pg_catalog.regclass::" \
    "pg_catalog.text), 'hex') WHEN '732e74' THEN '0' ELSE 'bk_moved' END, " \
    "true); "
#define WHOLE "SAVEPOINT bk; LOCK TABLE ONLY \"s\".\"t\" IN ACCESS SHARE " \
    "MODE; " NAMED
#define RANGE "SAVEPOINT bk; DECLARE bk CURSOR FOR SELECT FROM ONLY " \
    "\"s\".\"t\"; " NAMED
#define OTHER "SAVEPOINT bk; " NAMED

static void
test_sql(void)
{
	struct bk_dump_item it = { .te = &te, .relkind = 'r',
	    .name_now = "732e74" };
	struct bk_task whole = { .item = &it, .kind = BK_TASK_WHOLE };
	struct bk_task range = { .item = &it, .kind = BK_TASK_RANGE,
	    .from = 512, .to = 1024 };

	is_sql(&whole, "COPY s.t (a, b) FROM stdin;\n",
	    WHOLE "COPY \"s\".\"t\" (a, b) TO STDOUT" END);
	is_sql(&whole, "COPY s.t  FROM stdin;\n",
	    WHOLE "COPY \"s\".\"t\" TO STDOUT" END);
	is_sql(&whole, "COPY t FROM stdin;\n",
	    WHOLE "COPY \"s\".\"t\" TO STDOUT" END);
	/* names that contain quotes and COPY syntax */
	is_sql(&whole, "COPY \"a\"\" (x.\".\"b) FROM stdin;\n\" (\"c) FROM "
	    "stdin;\n\", d) FROM stdin;\n",
	    WHOLE "COPY \"s\".\"t\" (\"c) FROM stdin;\n\", d) TO STDOUT" END);
	is_sql(&range, "COPY s.t (a, b) FROM stdin;\n",
	    RANGE "COPY (SELECT a, b FROM ONLY \"s\".\"t\" WHERE "
	    "ctid >= '(512,0)' AND ctid < '(1024,0)') TO STDOUT" END);
	range.last = 1;
	is_sql(&range, "COPY s.t  FROM stdin;\n",
	    RANGE "COPY (SELECT  FROM ONLY \"s\".\"t\" WHERE "
	    "ctid >= '(512,0)') TO STDOUT" END);
	it.condition = "WHERE x";
	is_sql(&whole, "COPY s.t (a) FROM stdin;\n",
	    OTHER "COPY (SELECT a FROM \"s\".\"t\" WHERE x) TO STDOUT" END);
	it.condition = NULL;
	it.relkind = 'f';
	is_sql(&whole, "COPY s.t  FROM stdin;\n",
	    OTHER "COPY (SELECT * FROM \"s\".\"t\") TO STDOUT" END);
	is_sql(&whole, NULL, "table \"s\".\"t\": pg_dump's COPY statement is "
	    "of an unknown kind");
	is_sql(&whole, "COPY s.t (a) FROM stdin WITH BINARY;\n",
	    "table \"s\".\"t\": pg_dump's COPY statement is of an unknown "
	    "kind");
	is_sql(&whole, "COPY s.t (", "table \"s\".\"t\": pg_dump's COPY "
	    "statement is of an unknown kind");
}

static void
test_tasks(void)
{
	struct bk_dump_item item[] = {
		{ .te = &te, .relkind = 'r', .pages = 1000 },
		{ .te = &te, .relkind = 'r', .splits = 1, .pages = 1025,
		    .step = 512 },
		{ .te = &te, .blobs = 1, .noid = 200 },
		{ .te = &te, .blobs = 1, .noid = 0 },
	};
	struct bk_tasks p = { .item = item, .n = 4 };
	struct bk_task t;

	ok(bk_tasks_next(&p, &t) == 1 && t.kind == BK_TASK_WHOLE && t.first &&
	    t.last, "a small table");
	ok(bk_tasks_next(&p, &t) == 1 && t.kind == BK_TASK_RANGE && t.first &&
	    !t.last && t.from == 0 && t.to == 512, "first range");
	ok(bk_tasks_next(&p, &t) == 1 && !t.first && !t.last && t.from == 512 &&
	    t.to == 1024, "second range");
	ok(bk_tasks_next(&p, &t) == 1 && !t.first && t.last && t.from == 1024,
	    "last range");
	ok(bk_tasks_next(&p, &t) == 1 && t.kind == BK_TASK_BLOBS && t.first &&
	    !t.last && t.to == 100, "objects");
	ok(bk_tasks_next(&p, &t) == 1 && t.last && t.from == 100 && t.to == 200,
	    "more of them");
	ok(bk_tasks_next(&p, &t) == 1 && t.first && t.last && t.from == t.to,
	    "none");
	is_int(bk_tasks_next(&p, &t), 0, "no more tasks");
}

static int
sql_job(void *arg, struct bk_err *e)
{
	struct bk_dump_item it = { .te = &te, .relkind = 'r',
	    .name_now = "732e74" };
	struct bk_task t = { .item = &it, .from = 1, .to = 2 };
	struct bk_buf b = {0};
	int rc;

	(void)arg;
	te.copy = "COPY s.t (a, b) FROM stdin;\n";
	t.kind = BK_TASK_WHOLE;
	rc = bk_task_sql(&t, &b, e);
	t.kind = BK_TASK_RANGE;
	if (rc == 0)
		rc = bk_task_sql(&t, &b, e);
	it.condition = (char[]){ "WHERE x" };
	t.kind = BK_TASK_WHOLE;
	if (rc == 0)
		rc = bk_task_sql(&t, &b, e);
	bk_buf_free(&b);
	return rc;
}

/* What no pg_dump writes. */
static void
is_odd(PGconn *conn, const struct bk_toc *toc, const char *says)
{
	struct bk_tasks p = {0};
	struct bk_err e = {0};

	is_int(bk_tasks_make(&p, conn, toc, 1, &e), -1, "an odd TOC");
	ok(strstr(e.msg, says) != NULL, "  %s", e.msg);
	bk_tasks_free(&p);
}

static void
test_odd(void)
{
	struct bk_toc_entry odd = { .id = 3, .has_data = 1, .tag = "t" };
	const struct bk_toc toc = { .entry = &odd, .n = 1 };

	is_odd(NULL, &toc, "entry 3 has no name");
	odd.desc = "TABLE BINARY";
	is_odd(NULL, &toc, "unknown kind of data: TABLE BINARY");
}

/* The same, where a server is asked. */
static void
test_odd_served(PGconn *conn)
{
	int32_t on = 4;
	struct bk_toc_entry odd[] = { { .id = 3, .has_data = 1,
	    .desc = "TABLE DATA", .schema = "s", .tag = "t", .oid = 1 },
	    { .id = 4, .desc = "BLOB METADATA", .defn = "12\nx\n" } };
	const struct bk_toc toc = { .entry = odd, .n = 2, .minor = 16 };

	is_odd(conn, &toc, "table \"s\".\"t\": not in the catalog");
	odd[0].desc = odd[0].tag = "BLOBS";
	is_odd(conn, &toc, "large objects without a list");
	odd[0].deps = &on;
	odd[0].ndeps = 1;
	is_odd(conn, &toc, "a malformed list of large objects");
	PQfinish(conn);
}

static struct {
	const char *database;
	struct bk_toc toc;
} with;

static ssize_t
read_fd(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_io_read(*(int *)ctx, buf, n, "archive", e);
}

static void
read_toc(const char *path)
{
	struct bk_err e = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct bk_source src = { read_fd, &fd };
	struct bk_archive *a = bk_archive_open(src, path, &e);

	ok(fd != -1 && a != NULL && bk_archive_toc(a, &with.toc, &e) == 0,
	    "%s is read", path);
	bk_archive_free(a);
	close(fd);
}

struct run {			/* what bk_dump_run() has, without pg_dump */
	PGconn *leader;
	struct bk_conn_params *params;
	PGresult *snapshot;
	struct bk_tasks tasks;
	struct bk_task_queue *queue;
	struct bk_dump_workers *workers;
	struct bk_dump_workers_options options;
	struct bk_progress progress;
};

static int
write_rows(struct run *r, struct bk_err *e)
{
	const struct bk_manifest about = { .database = with.database,
	    .options = (char *[]){ NULL }, .started = 1700000000 };
	const struct bk_label label = { .kind = BK_LABEL_NONE };
	const struct bk_buf roles = { .data = (char[]){ "SELECT 1;" },
	    .len = 9 };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), rc = -1;
	struct bk_dump_output *out;
	uint64_t bytes;

	if (fd == -1)
		return bk_fail_errno(e, "/dev/null");
	out = bk_dump_output_open(fd, &with.toc, &about, &label, e);
	if (out != NULL && bk_dump_output_globals(out, &roles, e) == 0) {
		bk_task_queue_open(r->queue, &r->tasks);
		if (bk_dump_output_drain(out, r->queue, e) == 0 &&
		    bk_conn_exec(r->leader, "COMMIT", e) == 0)
			rc = bk_dump_output_finish(out, 1700000001, &bytes,
			    e);
	}
	bk_dump_output_free(out);
	if (rc == -1)
		close(fd);
	return rc;
}

static int
dump_job(void *arg, struct bk_err *e)
{
	static const struct bk_err over = { .code = BK_FAIL };
	const struct bk_conn_target target = { .db = with.database };
	const struct bk_session session = { .role = "postgres",
	    .float_digits = "2" };
	struct run r = { .leader = NULL };
	char **env = NULL;
	struct bk_buf rest = {0};
	int rc = -1;

	(void)arg;
	starve_pause();
	r.leader = bk_conn_open(&target, e);
	starve_go_on();
	if (r.leader == NULL ||
	    bk_session_refuse_pooler(r.leader, e) == -1 ||
	    (r.params = bk_conn_params(r.leader, e)) == NULL ||
	    (env = bk_conn_environ(r.params, (char *[]){ NULL }, e)) == NULL ||
	    bk_conn_rest(r.params, &rest, e) == -1 ||
	    bk_session_set(r.leader, &session, e) == -1 ||
	    bk_session_export(r.leader, &session, &r.snapshot, e) == -1 ||
	    (r.queue = bk_task_queue_new(1, e)) == NULL)
		goto done;
	r.options = (struct bk_dump_workers_options){ session,
	    PQgetvalue(r.snapshot, 0, 0), bk_toc_encoding(&with.toc) };
	r.workers = bk_dump_workers_start(1, r.params, r.leader, r.queue,
	    &r.options, &r.progress, e);
	if (r.workers != NULL &&
	    bk_conn_exec(r.leader, r.options.encoding, e) == 0 &&
	    bk_tasks_make(&r.tasks, r.leader, &with.toc, 1, e) == 0 &&
	    bk_session_lock_timeout(r.leader, "10s", e) == 0)
		rc = write_rows(&r, e);
 done:
	if (rc == -1 && r.workers != NULL)
		bk_task_queue_fail(r.queue, &over);
	bk_dump_workers_end(r.workers, rc == -1);
	bk_task_queue_free(r.queue);
	bk_tasks_free(&r.tasks);
	bk_conn_environ_free(env);
	bk_buf_free(&rest);
	bk_conn_params_free(r.params);
	PQclear(r.snapshot);
	PQfinish(r.leader);
	return rc;
}

int
main(int argc, char **argv)
{
	if (argc == 3) {
		const struct bk_conn_target target = { .db = argv[1] };
		struct bk_err e = {0};

		with.database = argv[1];
		test_odd_served(bk_conn_open(&target, &e));
		read_toc(argv[2]);
		starve_places("a dump", dump_job, NULL);
		bk_toc_free(&with.toc);
		return tap_done();
	}
	test_odd();
	starve_all("queries", sql_job, NULL);
	test_sql();
	test_tasks();
	return tap_done();
}
