/*
 * An audit log: its lines as runs, as links of the chain, as pipelines, and as
 * the report of a period.
 */
#include "fuzz.h"

#include "audit/chain.h"
#include "audit/logfile.h"
#include "audit/pipelines.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "report/month.h"

static int
on_pipeline(void *n, const struct bk_run *r, struct bk_err *e)
{
	(void)e;
	CHECK(r->line != NULL && r->len > 0);
	++*(size_t *)n;
	return 0;
}

static void
check_run(const struct bk_run *r)
{
	CHECK(*r->operation != '\0');
	CHECK(r->duration_seconds >= 0);
	CHECK(r->type != NULL && r->source != NULL && r->destination != NULL);
	CHECK(r->error != NULL && r->run != NULL && r->backup != NULL);
	(void)bk_error_is_consequence(r->error);
}

/* No byte of a log is markup or a control character in it. */
static void
check_report(struct bk_month *m)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	size_t i;

	CHECK(bk_month_end(m, &e) == 0);
	CHECK(bk_month_document(m, 0, &b, &e) == 0);
	for (i = 0; i < b.len; i++)
		CHECK(b.data[i] != '<' && (b.data[i] == '\n' ||
		    (unsigned char)b.data[i] >= ' '));
	bk_buf_free(&b);
	bk_month_free(m);
}

/* jansson's objects, and libcrypto's tables on the first use. */
FUZZ(1 << 20, 600)
{
	struct bk_err e = {0};
	const char *path = fuzz_path(0, p, n), *line;
	struct bk_logfile *l = bk_logfile_open(path, BK_RUN_MAX, &e);
	struct bk_pipelines *all = bk_pipelines_new(&e);
	struct bk_chain chain = {0};
	struct bk_month month = { .title = "", .from = 1767225600,
	    .to = 1798761600, .drill = 86400, .wall = bk_utctime_civil };
	size_t runs = 0, pipelines = 0, len;
	struct bk_run r;
	int rc;

	CHECK(l != NULL && all != NULL);
	CHECK(bk_month_log(&month, path, &e) == 0);
	while ((rc = bk_logfile_next(l, &line, &len, &e)) == 1) {
		(void)bk_chain_check(&chain, line, len, &e);
		e = (struct bk_err){0};
		rc = bk_run_parse(&r, line, len, &e);
		fuzz_agree(rc, &e);
		e = (struct bk_err){0};
		if (rc == -1)
			continue;
		check_run(&r);
		runs++;
		CHECK(bk_pipelines_add(all, &r, &e) == 0);
		CHECK(bk_month_add(&month, &r, &e) == 0);
		bk_run_free(&r);
	}
	CHECK(rc == 0);
	CHECK(bk_month_chain(&month, chain.lines, chain.last, 0, "", &e) == 0);
	check_report(&month);
	CHECK(bk_pipelines_each(all, on_pipeline, &pipelines, &e) == 0);
	CHECK(pipelines <= runs && (pipelines > 0) == (runs > 0));
	bk_pipelines_free(all);
	bk_logfile_free(l);
}
