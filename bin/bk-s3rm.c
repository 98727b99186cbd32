/* bk-s3rm: delete the objects named or those of a plan, see bk-s3rm(1) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approved.h"
#include "base/record.h"
#include "s3/client.h"
#include "s3/delete.h"
#include "s3/recheck.h"
#include "s3/url.h"
#include "s3args.h"
#include "tool.h"

enum { RETRY_FOR = TOOL_OPT_TOOL };

static const struct tool_opt options[] = {
	APPROVED_OPTIONS,
	{ RETRY_FOR, "retry-for", "TIME", NULL,
	    "retry failed requests for that long (1m)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-s3rm",
	.example =
"bk-s3ls s3://backups/shop/ | bk-prune -d 30 -m 12 | bk-s3rm",
	.about =
"Deletes the objects named on standard input, one per line: s3://BUCKET/KEY "
"or a record of bk-s3ls.  A name ending in ?versionId=ID is a version, or a "
"delete marker (bk-s3ls --versions, --markers), one in ?uploadId=ID an upload "
"to abort (--uploads).  All names are checked before anything is deleted.",
	.options = options,
	.operands = APPROVED_OPERANDS,
	.exits =
"0 all deleted (or none named), 1 some not, 2 usage error, 3 input refused: "
"nothing was deleted",
};

struct item {
	struct bk_s3_url url;
	const char *version;	/* in url.key, cut off it, as the next one */
	const char *upload;	/* neither: an object */
	struct bk_record listed;	/* what a plan's record says of it */
	int gone;		/* since it was planned */
};

struct job {
	struct bk_approved_plan plan;
	struct item *items;
	size_t n, cap;
	int print;		/* print names on standard output */
	unsigned retry_for;
	struct bk_s3_cred *cred;
	int google;		/* cred is for gs:// */
	const struct bk_s3_url *at;	/* one in the current batch's bucket */
	uint64_t failed;
};

static struct item *
new_item(struct job *job, struct bk_err *e)
{
	size_t cap = job->cap == 0 ? 64 : job->cap * 2;
	struct item *more;

	if (job->n == job->cap) {
		if (cap > SIZE_MAX / sizeof(*more) || (more =
		    realloc(job->items, cap * sizeof(*more))) == NULL) {
			bk_fail_memory(e);
			return NULL;
		}
		job->items = more;
		job->cap = cap;
	}
	job->items[job->n] = (struct item){0};
	return &job->items[job->n++];
}

static int
take(void *ctx, const struct bk_record *r, struct bk_err *e)
{
	struct job *job = ctx;
	const char *name = r->name;
	const char *from = approved_name(&job->plan);
	struct item *it = new_item(job, e);
	struct bk_err bad = {0};

	if (it == NULL)
		return -1;
	it->listed = *r;
	if (bk_s3_url_parse(name, &it->url, &bad) == -1)
		return bk_fail(e, bad.code == BK_USAGE ? BK_DATA : bad.code,
		    "%s: %s; nothing was deleted", from, bad.msg);
	if (*it->url.key == '\0')
		return bk_fail(e, BK_DATA, "%s: %s: a bucket, not an object; "
		    "nothing was deleted", from, name);
	it->version = bk_s3_url_cut_id(&it->url, BK_S3_VERSION_MARK);
	if (it->version == NULL)
		it->upload = bk_s3_url_cut_id(&it->url, BK_S3_UPLOAD_MARK);
	it->listed.name = it->url.key;
	return 0;
}

/* s3://bucket/key, and the ID behind mark if there is one. */
static int
print_name(const char *place, const char *key, const char *mark,
    const char *id, struct bk_err *e)
{
	struct bk_buf name = {0}, line = {0};
	struct bk_record r = { .bare = 1 };
	int rc;

	rc = bk_buf_printf(&name, e, "%s/%s%s%s", place, key,
	    id != NULL ? mark : "", id != NULL ? id : "");
	r.name = name.data;
	if (rc == 0)
		rc = bk_record_format(&line, &r, e);
	if (rc == 0 && fwrite(line.data, 1, line.len, stdout) != line.len)
		rc = bk_fail_errno(e, "standard output");
	bk_buf_free(&name);
	bk_buf_free(&line);
	return rc;
}

/* Report the result of one object and go on with the next. */
static int
done(void *ctx, const struct bk_s3_doomed *o, const char *reason,
    struct bk_err *e)
{
	struct job *job = ctx;

	if (reason == NULL)
		return job->print ? print_name(job->at->place, o->key,
		    BK_S3_VERSION_MARK, o->version, e) : 0;
	tool_say("%s/%s%s%s: not deleted: %s", job->at->place, o->key,
	    o->version != NULL ? BK_S3_VERSION_MARK : "",
	    o->version != NULL ? o->version : "", reason);
	job->failed++;
	return 0;
}

static int
abort_upload(struct job *job, struct bk_s3 *s3, const struct item *it,
    struct bk_err *e)
{
	struct bk_err reason = {0};

	/* gone since it was listed: as requested */
	if (bk_s3_delete_upload(s3, it->url.key, it->upload, &reason) == 0 ||
	    reason.code == BK_NONE)
		return job->print ? print_name(it->url.place, it->url.key,
		    BK_S3_UPLOAD_MARK, it->upload, e) : 0;
	tool_say("%s", reason.msg);
	job->failed++;
	return 0;
}

/* 1 if there are names of both kinds of places. */
static int
is_mixed(const struct job *job)
{
	size_t i;

	for (i = 1; i < job->n; i++)
		if (job->items[i].url.google != job->items[0].url.google)
			return 1;
	return 0;
}

/*
 * Have the credentials for that kind of place, and give up the rest unless
 * those for another kind are still to come.
 */
static int
use(struct job *job, int google, struct bk_err *e)
{
	if (job->cred != NULL && job->google == google)
		return 0;
	bk_s3_cred_free(job->cred);
	job->google = google;
	job->cred = s3args_cred(google, e);
	if (job->cred == NULL)
		return -1;
	if (!is_mixed(job))
		s3args_narrow(job->cred);
	return 0;
}

/* Hold what is planned in items[i]'s bucket against what is there now. */
static int
recheck_bucket(struct job *job, size_t i, struct bk_err *e)
{
	struct bk_s3_options o = { .bucket = job->items[i].url.bucket,
	    .retry_for = job->retry_for, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3_recheck *v = calloc(job->n, sizeof(*v));
	struct bk_s3 *s3 = NULL;
	struct item *it;
	size_t n = 0;
	int rc = -1;

	if (v == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	for (it = job->items + i; it < job->items + job->n; it++)
		/* an ID never becomes another's */
		if (it->upload == NULL && it->version == NULL &&
		    strcmp(it->url.place, job->items[i].url.place) == 0)
			v[n++] = (struct bk_s3_recheck){ .key = it->url.key,
			    .r = &it->listed, .gone = &it->gone,
			    .is = approved_is };
	if (use(job, job->items[i].url.google, e) == 0 &&
	    (s3 = bk_s3_open(job->cred, &o, e)) != NULL)
		rc = bk_s3_recheck(s3, v, n, e);
 done:
	bk_s3_close(s3);
	free(v);
	return rc;
}

/* 1 if two endpoints are one, with or without a slash at the end. */
static int
is_same_place(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 0 && a[n - 1] == '/';
	m -= m > 0 && b[m - 1] == '/';
	return n == m && strncmp(a, b, n) == 0;
}

/* An approved plan is for its place, and for what was there then. */
static int
recheck(struct job *job, struct bk_err *e)
{
	const char *here;
	size_t i, j;

	if (use(job, job->items[0].url.google, e) == -1)
		return -1;
	here = bk_s3_cred_settings(job->cred)->endpoint;
	if (here == NULL || job->google)	/* gs:// says where */
		here = BK_PLAN_DEFAULT;
	if (!is_same_place(approved_facts()->place, here))
		return bk_fail(e, BK_DATA, "%s: is for %s, but the endpoint "
		    "here is %s; nothing was deleted", job->plan.plan,
		    approved_facts()->place, here);
	for (i = 0; i < job->n; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(job->items[j].url.place,
			    job->items[i].url.place) == 0)
				break;
		if (j == i && recheck_bucket(job, i, e) == -1)
			return -1;
	}
	return 0;
}

static int
is_in_bucket(const struct job *job, const struct item *it)
{
	return strcmp(it->url.place, job->at->place) == 0;
}

/* Delete what begins at items[i], as much as one request allows. */
static int
delete_some(struct job *job, struct bk_s3_delete *d, size_t *i,
    struct bk_err *e)
{
	struct bk_s3_doomed doomed[BK_S3_DELETE_MAX];
	const struct item *it;
	size_t n = 0;

	for (; *i < job->n && n < BK_S3_DELETE_MAX; ++*i) {
		it = &job->items[*i];
		if (it->upload != NULL || !is_in_bucket(job, it))
			break;
		if (!it->gone)
			doomed[n++] = (struct bk_s3_doomed){ it->url.key,
			    it->version };
	}
	return n == 0 ? 0 : bk_s3_delete(d, doomed, n, e);
}

/* Delete all from items[*i] on in the same bucket; advance *i past it. */
static int
delete_in_bucket(struct job *job, size_t *i, struct bk_err *e)
{
	const struct bk_s3_url *next = &job->items[*i].url;
	struct bk_s3_options o = { .bucket = next->bucket,
	    .retry_for = job->retry_for, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3_delete d = { .done = done, .ctx = job };
	struct item *it;
	int rc = 0;

	job->at = next;
	if (use(job, next->google, e) == -1 ||
	    (d.s3 = bk_s3_open(job->cred, &o, e)) == NULL)
		return -1;
	while (rc == 0 && *i < job->n) {
		it = &job->items[*i];
		if (!is_in_bucket(job, it))
			break;
		if (it->upload == NULL)
			rc = delete_some(job, &d, i, e);
		else {
			rc = abort_upload(job, d.s3, it, e);
			++*i;
		}
	}
	bk_s3_close(d.s3);
	return rc;
}

static int
delete_all(struct job *job, struct bk_err *e)
{
	size_t i = 0;
	int rc = 0;

	approved_record();
	if (bk_s3_global_init(e) == -1)
		return -1;
	if (approved_facts() != NULL)
		rc = recheck(job, e);
	while (rc == 0 && i < job->n)
		rc = delete_in_bucket(job, &i, e);
	if (rc == 0 && job->failed > 0) {
		e->quiet = 1;		/* each was reported */
		rc = bk_fail(e, BK_FAIL, "%" PRIu64 " of %zu not deleted",
		    job->failed, job->n);
	}
	bk_s3_cred_free(job->cred);
	return rc;
}

static int
print_all(const struct job *job, struct bk_err *e)
{
	const struct item *it;

	for (it = job->items; it < job->items + job->n; it++)
		if (print_name(it->url.place, it->url.key,
		    it->upload != NULL ? BK_S3_UPLOAD_MARK : BK_S3_VERSION_MARK,
		    it->upload != NULL ? it->upload : it->version, e) == -1)
			return -1;
	return 0;
}

static void
free_items(struct job *job)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		bk_s3_url_free(&job->items[i].url);
	free(job->items);
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	struct job job = { .retry_for = 60 };
	int dry_run = 0, ch, rc;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case 'n':
			dry_run = 1;
			break;
		case 'v':
			job.print = 1;
			break;
		case RETRY_FOR:
			job.retry_for = s3args_retry_for(optarg);
			break;
		default:
			approved_option(&job.plan, ch, optarg);
		}
	}
	approved_check(&job.plan);
	if (optind != argc)
		tool_usage("names are read from standard input: echo %s | "
		    "bk-s3rm", argv[optind]);
	tool_run(dry_run ? "list" : "delete",
	    approved_name(&job.plan), NULL);

	rc = approved_read(&job.plan, take, &job, &e);
	if (rc == 0 && job.n > 0)
		rc = dry_run ? print_all(&job, &e) : delete_all(&job, &e);
	if (fflush(stdout) == EOF)
		rc = bk_fail_errno(&e, "standard output");
	free_items(&job);
	return tool_end(rc, &e);
}
