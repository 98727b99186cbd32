/* What bk-audit prints: rows, and jobs as text, JSON, metrics. */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/audit_report.h"
#include "starve.h"
#include "tap.h"

#define NOW ((time_t)1800000000)

static const struct bk_run runs[] = {
	{ NOW - 300, 3.04, 2048, 0, 1, "bk-dump", "dump", "shop",
	    "standard output", "", "u", "h", "", "1", "", "", "", 0, 0, 0,
	    "{\"a\":1}", 7, NULL },
	{ NOW - 200, 11760, 0, 0, 1, "bk-dump", "dump", "shop", "", "", "u",
	    "h", "192.0.2.7", "1", "", "", "", 0, 0, 0, "{\"a\":2}", 7,
	    NULL },
	{ NOW - 100, 0, 0, 1, 1, "bk-dump", "dump", "shop", "",
	    "lost\x1b[2J\n\"x\\", "u", "h", "", "1", "", "", "", 0, 0, 0,
	    "{\"a\":3}", 7, NULL },
	{ NOW - 90, 1, 5, 0, 1, "bk-save", "upload", "standard input",
	    "/b/a\"\\|shop-20260102T030405Z.bk", "", "u", "h", "", "1", "",
	    "", "", 0, 0, 0, "{}", 2, NULL },
	{ NOW - 80, 0, 0, 1, 1, "bk-rm", "delete", "", "/b/x", "gone", "u",
	    "h", "", "1", "", "", "", 0, 0, 0, "{}", 2, NULL },
};
#define RUNS (sizeof(runs) / sizeof(runs[0]))

static void
is_row(const struct bk_run *r, int pipelines, const char *want,
    const char *what)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	if (bk_report_run(r, pipelines, &b, &e) == -1)
		exit(99);
	is_str(b.data, want, what);
	bk_buf_free(&b);
}

static void
test_rows(void)
{
	struct bk_run none = runs[0];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	char text[BK_NUM_TEXT];

	is_row(&runs[0], 0, "2027-01-15T07:55:00Z  bk-dump     ok         "
	    " 2.0KiB      3.0s  shop\n", "a run");
	is_row(&runs[2], 0, "2027-01-15T07:58:20Z  bk-dump     FAILED       "
	    "    -         -  shop: lost?[2J \"x\\\n",
	    "a failure: its words are no terminal's");
	is_row(&runs[1], 1, "2027-01-15T07:56:40Z  bk-dump     ok           "
	    "    -     3h16m  192.0.2.7        shop\n", "a pipeline");
	none.source = "standard input";
	is_row(&none, 0, "2027-01-15T07:55:00Z  bk-dump     ok         "
	    " 2.0KiB      3.0s  -\n", "a run between streams");
	is_row(&none, 1, "2027-01-15T07:55:00Z  bk-dump     ok         "
	    " 2.0KiB      3.0s  -                -\n", "such a pipeline");
	ok(strstr(bk_report_run_head(0), "TARGET\n") != NULL &&
	    strstr(bk_report_run_head(1), "BACKUP\n") != NULL, "heads");
	ok(bk_report_run_json(&runs[0], &b, &e) == 0, "a run in JSON");
	is_str(b.data, "{\"a\":1}\n", "its line");
	bk_buf_free(&b);
	bk_report_took(9.96, text);
	is_str(text, "10.0s", "tenths");
	bk_report_took(10, text);
	is_str(text, "10s", "seconds");
	is_str(bk_report_target(&runs[3]), "/b/a\"\\|shop-20260102T030405Z.bk",
	    "the destination is the target");
}

typedef int form(struct bk_report_jobs *, struct bk_buf *, struct bk_err *);

/* The first n runs, in one form; the caller frees it. */
static char *
jobs(form *make, size_t n)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	struct bk_report_jobs *all = bk_report_jobs_new(0, &e);
	size_t i;

	if (all == NULL)
		exit(99);
	for (i = 0; i < n; i++)
		if (bk_report_jobs_add(all, &runs[i], &e) == -1)
			exit(99);
	if (make(all, &b, &e) == -1 || bk_buf_puts(&b, "", &e) == -1)
		exit(99);
	bk_report_jobs_free(all);
	return b.data;
}

static void
has(form *make, const char *part, const char *what)
{
	char *text = jobs(make, RUNS);

	if (!ok(strstr(text, part) != NULL, "%s", what))
		printf("# '%s' lacks '%s'\n", text, part);
	free(text);
}

static void
test_jobs(void)
{
	char *text;

	has(bk_report_jobs_text, "\nbk-dump          3       1   66%     1h38m"
	    "     3h16m     3h16m          -  2027-01-15T07:56:40Z  "
	    "2027-01-15T07:58:20Z  shop\n", "a job");
	has(bk_report_jobs_text, "\nbk-save          1       0  100%      1.0s"
	    "      1.0s      1.0s         5B  2027-01-15T07:58:30Z  -        "
	    "             /b/a\"\\|shop-*.bk\n", "a series");
	has(bk_report_jobs_text, "\nbk-rm            1       1    0%         -"
	    "         -         -          -  -                     "
	    "2027-01-15T07:58:40Z  -\n", "a deleted name is no series");
	has(bk_report_jobs_json, "{\"operation\":\"bk-dump\",\"target\":"
	    "\"shop\",\"runs\":3,\"failures\":1,\"success_rate\":0.6667,"
	    "\"duration_seconds\":{\"median\":5881.520,\"p95\":11760.000,"
	    "\"max\":11760.000},\"last_size_bytes\":0,\"last_success\":"
	    "\"2027-01-15T07:56:40Z\",\"last_failure\":\"2027-01-15T07:58:20Z"
	    "\",\"last_error\":\"lost\\u001b[2J\\n\\\"x\\\\\"}\n", "in JSON");
	has(bk_report_jobs_json, "\"target\":null,\"runs\":1,\"failures\":1,"
	    "\"success_rate\":0.0000,\"duration_seconds\":null,", "nothing");
	has(bk_report_jobs_prometheus, "# TYPE bk_job_runs gauge\n"
	    "bk_job_runs{operation=\"bk-dump\",target=\"shop\"} 3\n"
	    "bk_job_runs{operation=\"bk-rm\",target=\"\"} 1\n"
	    "bk_job_runs{operation=\"bk-save\",target=\"/b/a\\\"\\\\|shop-*.bk"
	    "\"} 1\n", "a metric");
	has(bk_report_jobs_prometheus, "bk_job_duration_max_seconds{operation="
	    "\"bk-dump\",target=\"shop\"} 11760.000\n", "seconds");
	text = jobs(bk_report_jobs_text, 0);
	ok(strchr(text, '\n') == text + strlen(text) - 1, "no run: a head");
	free(text);
	text = jobs(bk_report_jobs_json, 0);
	is_str(text, "", "no run: no object");
	free(text);
	text = jobs(bk_report_jobs_prometheus, 0);
	ok(strchr(text, '{') == NULL, "no run: no sample");
	free(text);
	bk_report_jobs_free(NULL);
}

/* Of pipelines the source is the target, in any order of failures. */
static int
summarise(void *arg, struct bk_err *e)
{
	struct bk_report_jobs *all = bk_report_jobs_new(1, e);
	struct bk_buf b = {0};
	struct bk_run r;
	int i, rc = all == NULL ? -1 : 0;

	(void)arg;
	for (i = 0; rc == 0 && i < 1100; i++) {
		r = runs[i % 5];
		r.ended += i < 1000 ? i : -i;
		r.duration_seconds = i;
		rc = bk_report_jobs_add(all, &r, e);
	}
	if (rc == 0 && (bk_report_jobs_text(all, &b, e) == -1 ||
	    bk_report_jobs_json(all, &b, e) == -1 ||
	    bk_report_jobs_prometheus(all, &b, e) == -1))
		rc = -1;
	bk_buf_free(&b);
	bk_report_jobs_free(all);
	return rc;
}

static int
rows(void *arg, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = 0;
	size_t i;

	(void)arg;
	for (i = 0; rc == 0 && i < RUNS; i++)
		rc = bk_report_run(&runs[i], 1, &b, e) == -1 ||
		    bk_report_run(&runs[i], 0, &b, e) == -1 ||
		    bk_report_run_json(&runs[i], &b, e) == -1 ? -1 : 0;
	bk_buf_free(&b);
	return rc;
}

int
main(void)
{
	alarm(120);
	test_rows();
	test_jobs();
	starve("rows", STARVE_BUFFER, rows, NULL);
	starve("a summary, of memory", STARVE_MEMORY, summarise, NULL);
	return tap_done();
}
