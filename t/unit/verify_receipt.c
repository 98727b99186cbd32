/* Receipts: what they say, and where they are put; what is told of it. */
#include "verify/receipt.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "starve.h"
#include "tap.h"

static char dir[] = "/tmp/bk-receipt.XX" "XX" "XX";
static char self[64];		/* beside it is a bk-s3put */
static char *env[] = { NULL };

/* A program in the place of bk-s3put, whose part is in t/verify_s3.bats. */
static void
put_program(const char *script)
{
	char path[80];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/bk-s3put", dir);
	f = fopen(path, "we");
	ok(f != NULL && fputs(script, f) >= 0 && fclose(f) == 0 &&
	    chmod(path, 0700) == 0, "%s", path);
}

static struct bk_receipt
receipt(struct bk_verdict *v, const struct bk_err *result)
{
	struct bk_receipt r = { .name = "", .level = 2, .sealed = 1, .v = v,
	    .result = result, .started = 1700000000, .finished = 1700000100,
	    .seconds = 1.5 };

	*v = (struct bk_verdict){ .kind = "archive", .proof = "restore",
	    .definitions = "compared", .uncovered = NULL, .tables = 1,
	    .rows = 2, .time = 1700000000, .timeline = 1, .start = 1,
	    .end = 2 };
	bk_label_set(&r.label, BK_LABEL_DB, "a|b");
	r.label.at = 1700000000;
	return r;
}

static int
add_all(const struct bk_receipt *r, struct bk_buf *out, struct bk_err *e)
{
	return bk_receipt_json(r, out, e) == -1 ||
	    bk_receipt_markdown(r, out, e) == -1 ||
	    bk_receipt_text(r, out, e) == -1 ? -1 : 0;
}

static int
text_job(void *arg, struct bk_err *e)
{
	static const struct bk_err fine;
	struct bk_verdict v;
	struct bk_receipt r = receipt(&v, &fine);
	struct bk_buf out = {0};
	int rc;

	(void)arg;
	rc = add_all(&r, &out, e);
	v.kind = "base";
	v.files = 3;
	v.timeline = 0;
	v.definitions = NULL;
	if (rc == 0)
		rc = bk_verdict_uncovered(&v, e, "%s", "some");
	if (rc == 0)
		rc = bk_verdict_uncovered(&v, e, "%s", "more");
	if (rc == 0)
		rc = add_all(&r, &out, e);
	if (rc == 0 && strstr(out.data, "not covered: some, more") == NULL)
		rc = 99;
	bk_buf_free(&out);
	bk_verdict_free(&v);
	return rc;
}

/* A damaged stream has told no time, but its label has. */
static void
test_label_time(void)
{
	static const struct bk_err bad = { .code = BK_DATA, .msg = "damaged" };
	struct bk_err e = {0};
	struct bk_verdict v;
	struct bk_receipt r = receipt(&v, &bad);
	struct bk_buf out = {0};

	v.time = 0;
	ok(bk_receipt_markdown(&r, &out, &e) == 0 && strstr(out.data,
	    "| a\\|b | 2023-11-14T22:13:20Z | not proven |") != NULL,
	    "the journal has its time");
	bk_buf_free(&out);
	bk_verdict_free(&v);
}

/* Into the directory arg, or below that URL. */
static int
store_job(void *arg, struct bk_err *e)
{
	static const struct bk_err fine;
	struct bk_verdict v;
	struct bk_receipt r = receipt(&v, &fine);
	struct bk_buf out = {0};
	int rc;

	rc = bk_receipt_check_dir(arg, e);
	if (rc == 0)
		rc = bk_receipt_json(&r, &out, e);
	if (rc == 0)
		rc = bk_receipt_store(arg, 0600, self, env, &r, &out, e);
	bk_buf_free(&out);
	return rc;
}

/* What stands there instead of a file is written to, not replaced. */
static int
save_job(void *arg, struct bk_err *e)
{
	char text[] = "x";
	const struct bk_buf b = { .data = text, .len = 1 };

	return bk_receipt_save(arg, 0600, &b, e);
}

static void
test_store(void)
{
	static char url[] = "s3://bucket", slash[80];
	struct bk_buf text = {0};
	struct bk_err e = {0};
	char path[256];

	(void)snprintf(slash, sizeof(slash), "%s/", dir);
	is_int(store_job(slash, &e), 0, "a receipt is stored");
	(void)snprintf(path, sizeof(path), "%sa%%7Cb-20231114T221320Z."
	    "20231114T221500Z.receipt.json", slash);
	is_int(bk_io_slurp(path, 4096, &text, &e), 0, "under its name");
	ok(text.data != NULL && strstr(text.data, "\"database\":\"a|b\"") !=
	    NULL, "and says whose it is");
	bk_buf_free(&text);
	starve_all("a directory", store_job, dir);
	put_program("#!/bin/sh\ncat >/dev/null\n");
	starve_all("an object store", store_job, url);
	put_program("#!/bin/sh\ncat >/dev/null\nexit 1\n");
	e = (struct bk_err){0};
	is_int(store_job(url, &e), -1, "bk-s3put fails");
	ok(strstr(e.msg, ": receipt not stored") != NULL, "%s", e.msg);
	starve_all("a device", save_job, (char[]){ "/dev/null" });
}

int
main(void)
{
	char rm[64];

	ok(mkdtemp(dir) != NULL, "a temporary directory");
	(void)snprintf(self, sizeof(self), "%s/bk-verify", dir);
	starve_all("a receipt's forms", text_job, NULL);
	test_label_time();
	test_store();
	(void)snprintf(rm, sizeof(rm), "rm -r '%s'", dir);
	ok(system(rm) == 0, "removed");
	return tap_done();
}
