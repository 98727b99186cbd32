/*
 * An audit log: its lines as runs, as links of the chain, and as pipelines.
 */
#include "fuzz.h"

#include "audit/chain.h"
#include "audit/logfile.h"
#include "audit/pipelines.h"
#include "base/utf8.h"

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

/* jansson's objects, and libcrypto's tables on the first use. */
FUZZ(1 << 20, 600)
{
	struct bk_err e = {0};
	const char *path = fuzz_path(0, p, n), *line;
	struct bk_logfile *l = bk_logfile_open(path, BK_RUN_MAX, &e);
	struct bk_pipelines *all = bk_pipelines_new(&e);
	struct bk_chain chain = {0};
	size_t runs = 0, pipelines = 0, len;
	struct bk_run r;
	int rc;

	CHECK(l != NULL && all != NULL);
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
		bk_run_free(&r);
	}
	CHECK(rc == 0);
	CHECK(bk_pipelines_each(all, on_pipeline, &pipelines, &e) == 0);
	CHECK(pipelines <= runs && (pipelines > 0) == (runs > 0));
	bk_pipelines_free(all);
	bk_logfile_free(l);
}
