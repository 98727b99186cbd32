/* How tables are cut into tasks, and the query of each. */
#include "dump/tasks.h"
#include "tap.h"

static struct bk_toc_entry te = { .id = 1, .desc = "TABLE DATA",
    .schema = "s", .tag = "t" };

static void
is_sql(const struct bk_task *t, const char *copy, const char *want)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	te.copy = copy;
	if (bk_task_sql(t, &b, &e) == -1)
		is_str(e.msg, want, "refused");
	else
		is_str(b.data, want, "query");
	bk_buf_free(&b);
}

#define END "; ROLLBACK TO bk; RELEASE bk"
#define WHOLE "SAVEPOINT bk; LOCK TABLE ONLY \"s\".\"t\" IN ACCESS SHARE " \
    "MODE; SET LOCAL lock_timeout = 0; "
#define RANGE "SAVEPOINT bk; DECLARE bk CURSOR FOR SELECT FROM ONLY " \
    "\"s\".\"t\"; SET LOCAL lock_timeout = 0; "

static void
test_sql(void)
{
	struct bk_dump_item it = { .te = &te, .relkind = 'r' };
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
	    "COPY (SELECT a FROM \"s\".\"t\" WHERE x) TO STDOUT");
	it.condition = NULL;
	it.relkind = 'f';
	is_sql(&whole, "COPY s.t  FROM stdin;\n",
	    "COPY (SELECT * FROM \"s\".\"t\") TO STDOUT");
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

int
main(void)
{
	test_sql();
	test_tasks();
	return tap_done();
}
