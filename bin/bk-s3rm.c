/* bk-s3rm: delete the objects named or those of a plan, see bk-s3rm(1) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listing/record.h"
#include "base/grow.h"
#include "s3/client.h"
#include "s3/delete.h"
#include "s3/recheck.h"
#include "s3/s3_ready.h"
#include "s3/url.h"
#include "tool/approved.h"
#include "tool/rehearsal.h"
#include "tool/s3args.h"
#include "tool/tool.h"

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
"or a record of bk-s3ls, whose fields say which version, delete marker or "
"upload (bk-s3ls --versions, --markers, --uploads).  What a record was not "
"made of is not deleted.  All is checked before anything is deleted.",
	.options = options,
	.settings = TOOL_SETTINGS_S3,
	.operands = APPROVED_OPERANDS,
	.exits =
"0 all deleted (or none named), 1 some not, 2 usage error, 3 input refused: "
"nothing was deleted",
	.rehearses = 1,
};

struct item {
	struct bk_record r;	/* a copy of ours */
	struct bk_s3_url url;
	int gone;		/* since it was listed */
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
	struct item *more = bk_grow(job->items, job->n, &job->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	job->items = more;
	job->items[job->n] = (struct item){0};
	return &job->items[job->n++];
}

static int
take(void *ctx, const struct bk_record *r, struct bk_err *e)
{
	struct job *job = ctx;
	const char *from = approved_name(&job->plan);
	struct item *it = new_item(job, e);
	struct bk_err bad = {0};

	if (it == NULL || bk_record_copy(&it->r, r, e) == -1)
		return -1;
	if (bk_s3_url_parse(r->name, &it->url, &bad) == -1)
		return bk_fail(e, bad.code == BK_USAGE ? BK_DATA : bad.code,
		    "%s: %s; nothing was deleted", from, bad.msg);
	if (*it->url.key == '\0')
		return bk_fail(e, BK_DATA, "%s: %s: a bucket, not an object; "
		    "nothing was deleted", from, r->name);
	return 0;
}

static const char *
upload_of(const struct item *it)
{
	return it->r.field[BK_RECORD_UPLOAD];
}

/* The name and the ID, if there is one. */
static int
print_name(const struct item *it, struct bk_err *e)
{
	struct bk_record r = it->r;
	struct bk_buf line = {0};
	int rc;

	r.bare = 1;
	rc = bk_record_format(&line, &r, e);
	if (rc == 0 && fwrite(line.data, 1, line.len, stdout) != line.len)
		rc = bk_fail_errno(e, "standard output");
	bk_buf_free(&line);
	return rc;
}

/* Report the result of one object and go on with the next. */
static int
done(void *ctx, const struct bk_s3_doomed *o, const char *reason,
    struct bk_err *e)
{
	struct job *job = ctx;
	const struct item *it = o->item;
	char *label;

	if (reason == NULL)
		return job->print ? print_name(it, e) : 0;
	if ((label = bk_record_label(&it->r)) == NULL)
		return bk_fail_memory(e);
	tool_say("%s: not deleted: %s", label, reason);
	free(label);
	job->failed++;
	return 0;
}

static int
abort_upload(struct job *job, struct bk_s3 *s3, const struct item *it,
    struct bk_err *e)
{
	struct bk_err reason = {0};

	/* gone since it was listed: as requested */
	if (bk_s3_delete_upload(s3, it->url.key, upload_of(it),
	    &reason) == 0 || reason.code == BK_NONE)
		return job->print ? print_name(it, e) : 0;
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

/* Of which listing it is. */
static enum bk_s3_kind
kind_of(const struct item *it)
{
	return it->r.field[BK_RECORD_VERSION] != NULL ? BK_S3_VERSIONS :
	    it->r.field[BK_RECORD_MARKER] != NULL ? BK_S3_MARKERS :
	    upload_of(it) != NULL ? BK_S3_UPLOADS : BK_S3_OBJECTS;
}

/* 1 if the record tells what can be compared; an upload's ID is its own. */
static int
tells(const struct item *it)
{
	return upload_of(it) == NULL && (!it->r.bare ||
	    it->r.field[BK_RECORD_ETAG] != NULL);
}

/* Hold what is of this kind in one bucket against what is there now. */
static int
recheck_kind(struct job *job, struct bk_s3 *s3, const char *place,
    enum bk_s3_kind kind, struct bk_err *e)
{
	struct bk_s3_recheck *v = calloc(job->n, sizeof(*v));
	const char *key;
	struct item *it;
	size_t n = 0;
	int rc;

	if (v == NULL)
		return bk_fail_memory(e);
	for (it = job->items; it < job->items + job->n; it++)
		if (tells(it) && kind_of(it) == kind &&
		    strcmp(it->url.place, place) == 0)
			v[n++] = (struct bk_s3_recheck){ .key = it->url.key,
			    .id = bk_record_id(&it->r, &key), .r = &it->r,
			    .gone = &it->gone };
	rc = bk_s3_recheck(s3, kind, v, n, approved_is, e);
	free(v);
	return rc;
}

/* 1 if the record was made here, or is a bare name without a place. */
static int
is_here(const struct item *it, const char *here)
{
	const char *at = it->r.field[BK_RECORD_AT];

	if (at == NULL || here == NULL)
		return at == here || (at == NULL && it->r.bare);
	return strcmp(at, here) == 0;
}

static int
check_place(struct job *job, const struct bk_s3_url *url, struct bk_err *e)
{
	const char *here = s3args_endpoint(job->cred), *at;
	const struct item *it;

	for (it = job->items; it < job->items + job->n; it++) {
		if (strcmp(it->url.place, url->place) != 0 ||
		    is_here(it, here))
			continue;
		at = it->r.field[BK_RECORD_AT];
		return bk_fail(e, BK_DATA, "%s: %s was listed at %s, but the "
		    "endpoint here is %s; nothing was deleted",
		    approved_name(&job->plan), it->r.name,
		    at == NULL ? "the provider's own" : at,
		    here == NULL ? "the provider's own" : here);
	}
	return 0;
}

/* Hold what is to go of items[i]'s bucket against what is there now. */
static int
recheck_bucket(struct job *job, size_t i, struct bk_err *e)
{
	const struct bk_s3_url *url = &job->items[i].url;
	struct bk_s3_options o = { .bucket = url->bucket,
	    .retry_for = job->retry_for, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3 *s3 = NULL;
	int rc = -1, kind;

	if (use(job, url->google, e) == 0 && check_place(job, url, e) == 0 &&
	    (s3 = bk_s3_open(job->cred, &o, e)) != NULL)
		rc = 0;
	for (kind = BK_S3_OBJECTS; rc == 0 && kind <= BK_S3_MARKERS; kind++)
		rc = recheck_kind(job, s3, url->place, (enum bk_s3_kind)kind,
		    e);
	bk_s3_close(s3);
	return rc;
}

/* What is to go is what was listed, and here. */
static int
recheck(struct job *job, struct bk_err *e)
{
	size_t i, j;

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
	const char *key;
	size_t n = 0;

	for (; *i < job->n && n < BK_S3_DELETE_MAX; ++*i) {
		it = &job->items[*i];
		if (upload_of(it) != NULL || !is_in_bucket(job, it))
			break;
		if (!it->gone)
			doomed[n++] = (struct bk_s3_doomed){ it->url.key,
			    bk_record_id(&it->r, &key), it };
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
		if (upload_of(it) == NULL)
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
	int rc;

	approved_record();
	if (bk_s3_global_init(e) == -1)
		return -1;
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
		if (print_name(it, e) == -1)
			return -1;
	return 0;
}

/*
 * In a rehearsal: may we delete what is in the directory of the name, which
 * nothing has, that bk-prune gives?
 */
static int
rehearse(struct job *job, struct bk_err *e)
{
	struct bk_s3_url *url = &job->items[0].url;
	struct bk_s3_options o = { .bucket = url->bucket, .stop_fd = -1,
	    .warn = s3args_warn };
	struct bk_s3_ready ready = { .report = rehearsal_report };

	int rc = -1;

	if (use(job, url->google, e) == 0 && check_place(job, url, e) == 0 &&
	    (ready.s3 = bk_s3_open(job->cred, &o, e)) != NULL) {
		bk_s3_ready_delete(&ready, url->key);
		rc = 0;
	}
	bk_s3_close(ready.s3);
	bk_s3_cred_free(job->cred);
	return rc;
}

static void
free_items(struct job *job)
{
	size_t i;

	for (i = 0; i < job->n; i++) {
		bk_s3_url_free(&job->items[i].url);
		free(job->items[i].r.name);
	}
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
	if (rc == 0 && job.n > 0 && rehearsing())
		rc = rehearse(&job, &e);
	else if (rc == 0 && job.n > 0)
		rc = dry_run ? print_all(&job, &e) : delete_all(&job, &e);
	if (fflush(stdout) == EOF)
		rc = bk_fail_errno(&e, "standard output");
	free_items(&job);
	return tool_end(rc, &e);
}
