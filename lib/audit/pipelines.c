#include "audit/pipelines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/grow.h"
#include "json/json_write.h"

/* Seconds between the starts of stages; lines have whole seconds. */
#define TOGETHER 2

/* Order of stages, by what they do; what is stored is done last. */
enum { SOURCE, SEAL, FILTER, TEE, SINK };

struct pipeline {
	char *id;		/* "run 0123", "backup 0123"; "": none */
	char *who;		/* "user@host" */
	double begun;
	time_t ended;
	int failed;		/* not because of another */
	int consequence;	/* one stage, which failed because of another */
	struct bk_buf lines;	/* of its stages, each with its newline */
	size_t n;
};

struct bk_pipelines {
	struct pipeline *v;
	size_t n, cap;
};

/* The stages joined: one run. */
struct joined {
	struct bk_run *stage;	/* n of them, in the order of the pipeline */
	size_t n;
	struct bk_run run;
	double begun;
	struct bk_buf destination, error, line;
};

static double
begun(const struct bk_run *r)
{
	return (double)r->ended - r->duration_seconds;
}

static int
is_near(double a, double b)
{
	return a - b <= TOGETHER && b - a <= TOGETHER;
}

int
bk_error_is_consequence(const char *error)
{
	/* also of a listing, whose end says that it is none */
	return strstr(error, "unfinished") != NULL ||
	    strstr(error, "listing could not be finished") != NULL ||
	    strstr(error, strerror(EPIPE)) != NULL;
}

int
bk_run_is_with(const struct bk_run *r, const struct bk_run *s)
{
	int is_together = strcmp(r->host, s->host) == 0 &&
	    strcmp(r->user, s->user) == 0 && is_near(begun(r), begun(s));

	if (*r->run != '\0' && *s->run != '\0')
		return strcmp(r->run, s->run) == 0;
	if ((*r->run != '\0' && *s->backup != '\0') ||
	    (*r->backup != '\0' && *s->run != '\0') ||
	    (*r->backup != '\0' && *s->backup != '\0' &&
	    strcmp(r->backup, s->backup) != 0))
		return 0;
	return is_together;
}

struct bk_pipelines *
bk_pipelines_new(struct bk_err *e)
{
	struct bk_pipelines *p = calloc(1, sizeof(*p));

	if (p == NULL)
		bk_fail_memory(e);
	return p;
}

/* "run 0123", "backup 0123", "" */
static int
key_of(const struct bk_run *r, struct bk_buf *key, struct bk_err *e)
{
	if (*r->run != '\0')
		return bk_buf_printf(key, e, "run %s", r->run);
	if (*r->backup != '\0')
		return bk_buf_printf(key, e, "backup %s", r->backup);
	return bk_buf_puts(key, "", e);
}

/*
 * The pipeline that r is a stage of, or NULL.  Lines are in the order of their
 * ends: one that ended before r began has no stage that is still to come.
 */
static struct pipeline *
find(struct bk_pipelines *p, const struct bk_run *r, const char *id,
    const char *who)
{
	struct pipeline *v;
	size_t i;

	for (i = p->n; *id != '\0' && i-- > 0;) {
		v = &p->v[i];
		if ((double)v->ended < begun(r) - 60)
			break;
		if (strcmp(v->id, id) == 0 && (*r->run != '\0' ||
		    (strcmp(v->who, who) == 0 && is_near(v->begun, begun(r)))))
			return v;
	}
	return NULL;
}

/* A pipeline of r alone; takes id and who over. */
static struct pipeline *
add_new(struct bk_pipelines *p, const struct bk_run *r, struct bk_buf *id,
    struct bk_buf *who, struct bk_err *e)
{
	struct pipeline *more = bk_grow(p->v, p->n, &p->cap, sizeof(*more), e);

	if (more == NULL)
		return NULL;
	p->v = more;
	more = &p->v[p->n++];
	*more = (struct pipeline){ .id = id->data, .who = who->data,
	    .begun = begun(r), .consequence = r->failed && *id->data == '\0' &&
	    bk_error_is_consequence(r->error) };
	*id = *who = (struct bk_buf){0};
	return more;
}

static int
add_stage(struct pipeline *v, const char *line, size_t n, time_t ended,
    int failed, struct bk_err *e)
{
	v->n++;
	v->failed |= failed;
	if (ended > v->ended)
		v->ended = ended;
	return bk_buf_add(&v->lines, line, n, e) == -1 ? -1 :
	    bk_buf_puts(&v->lines, "\n", e);
}

int
bk_pipelines_add(struct bk_pipelines *p, const struct bk_run *r,
    struct bk_err *e)
{
	struct bk_buf id = {0}, who = {0};
	struct pipeline *v = NULL;
	int rc = -1;

	if (key_of(r, &id, e) == -1 ||
	    bk_buf_printf(&who, e, "%s@%s", r->user, r->host) == -1)
		goto done;
	v = find(p, r, id.data, who.data);
	if (v == NULL && (v = add_new(p, r, &id, &who, e)) == NULL)
		goto done;
	rc = add_stage(v, r->line, r->len, r->ended, r->failed &&
	    !bk_error_is_consequence(r->error), e);
 done:
	bk_buf_free(&id);
	bk_buf_free(&who);
	return rc;
}

/* The one pipeline that failed when p->v[at] did, or NULL. */
static struct pipeline *
find_cause(struct bk_pipelines *p, size_t at)
{
	const struct pipeline *v = &p->v[at];
	struct pipeline *found = NULL, *w;
	size_t i;

	/* its own lines are around it */
	for (i = at > 1000 ? at - 1000 : 0; i < p->n && i < at + 1000; i++) {
		w = &p->v[i];
		if (!w->failed || !is_near(w->begun, v->begun) ||
		    strcmp(w->who, v->who) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = w;
	}
	return found;
}

/* Give stages that failed before they had an ID to the pipeline that failed. */
static int
adopt(struct bk_pipelines *p, struct bk_err *e)
{
	struct pipeline *v, *cause;
	size_t i;

	for (i = 0; i < p->n; i++) {
		v = &p->v[i];
		if (!v->consequence || (cause = find_cause(p, i)) == NULL)
			continue;
		if (add_stage(cause, v->lines.data, v->lines.len - 1, v->ended,
		    0, e) == -1)
			return -1;
		v->n = 0;
	}
	return 0;
}

static int
place_of(const struct bk_run *r)
{
	static const struct { const char *type; int place; } known[] = {
		{ "dump", SOURCE }, { "base", SOURCE }, { "download", SOURCE },
		{ "seal", SEAL },
		{ "upload", SINK }, { "store", SINK }, { "restore", SINK },
		{ "verify", SINK },
	};
	size_t i;

	if (strcmp(r->operation, "bk-tee") == 0)
		return TEE;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, r->type) == 0)
			return known[i].place;
	return FILTER;
}

static int
compare_stages(const void *a, const void *b)
{
	const struct bk_run *x = a, *y = b;
	int i = place_of(x), j = place_of(y);

	return i != j ? i - j : (x->line > y->line) - (x->line < y->line);
}

/* The stages again; they are as they were. */
static int
parse(struct joined *j, const struct pipeline *v, struct bk_err *e)
{
	const char *s = v->lines.data, *end;

	if ((j->stage = calloc(v->n, sizeof(*j->stage))) == NULL)
		return bk_fail_memory(e);
	for (; j->n < v->n; s = end + 1) {
		end = strchr(s, '\n');
		if (bk_run_parse(&j->stage[j->n], s, (size_t)(end - s), e) ==
		    -1)
			return -1;
		j->n++;
	}
	qsort(j->stage, j->n, sizeof(*j->stage), compare_stages);
	return 0;
}

/* Where it went, and how much: what is latest in the pipeline says it. */
static int
join_destinations(struct joined *j, struct bk_err *e)
{
	const struct bk_run *r, *end = j->stage + j->n;
	int place = place_of(end - 1);

	for (r = j->stage; r < end; r++) {
		if (place_of(r) != place)
			continue;
		if (r->size_bytes > j->run.size_bytes)
			j->run.size_bytes = r->size_bytes;
		if (*r->destination == '\0' ||
		    strcmp(r->destination, "standard output") == 0)
			continue;
		if ((j->destination.len > 0 &&
		    bk_buf_puts(&j->destination, ", ", e) == -1) ||
		    bk_buf_puts(&j->destination, r->destination, e) == -1)
			return -1;
	}
	j->run.destination = j->destination.len > 0 ? j->destination.data : "";
	return 0;
}

/* "bk-dump: connection refused": the failure that is the cause. */
static int
join_failures(struct joined *j, struct bk_err *e)
{
	const struct bk_run *r, *end = j->stage + j->n, *cause = NULL;
	int enough = 0;

	for (r = j->stage; r < end; r++)
		enough |= place_of(r) == TEE && !r->failed;
	for (r = j->stage; r < end; r++) {
		if (!r->failed)
			continue;
		j->run.failed |= !enough || place_of(r) != SINK;
		if (cause == NULL || (bk_error_is_consequence(cause->error) &&
		    !bk_error_is_consequence(r->error)))
			cause = r;
	}
	if (cause != NULL && bk_buf_printf(&j->error, e, "%s%s%s", j->n == 1 ?
	    "" : cause->operation, j->n == 1 ? "" : ": ", cause->error) == -1)
		return -1;
	j->run.error = j->error.len > 0 ? j->error.data : "";
	return 0;
}

static int
join(struct joined *j, struct bk_err *e)
{
	const struct bk_run *first = j->stage, *last = j->stage + j->n - 1, *r;
	const struct bk_run *job = *first->backup == '\0' ? first : last;

	j->run = (struct bk_run){ .operation = job->operation,
	    .type = job->type, .source = first->source, .user = first->user,
	    .host = first->host, .ip_address = first->ip_address,
	    .version = first->version, .run = first->run,
	    .backup = first->backup };
	j->begun = begun(first);
	for (r = first; r <= last; r++) {
		if (begun(r) < j->begun)
			j->begun = begun(r);
		if (r->ended > j->run.ended)
			j->run.ended = r->ended;
		if (r->duration_seconds > j->run.duration_seconds)
			j->run.duration_seconds = r->duration_seconds;
	}
	/* whole seconds: not more exact than the longest stage */
	if ((double)j->run.ended - j->begun > j->run.duration_seconds + 1)
		j->run.duration_seconds = (double)j->run.ended - j->begun;
	return join_destinations(j, e) == -1 ? -1 : join_failures(j, e);
}

/* The line of the whole, in the order of any audit line. */
static int
compose(struct joined *j, struct bk_err *e)
{
	const struct bk_run *r = &j->run;
	struct bk_buf *b = &j->line;
	size_t i;

	if (bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_time(b, "timestamp", r->ended, e) == -1 ||
	    bk_json_key(b, "operation", e) == -1 ||
	    bk_json_string(b, r->operation, e) == -1 ||
	    bk_json_member(b, "type", r->type, e) == -1 ||
	    bk_json_member(b, "source", r->source, e) == -1 ||
	    bk_json_member(b, "destination", r->destination, e) == -1 ||
	    bk_json_number(b, "size_bytes", r->size_bytes, e) == -1 ||
	    bk_json_seconds(b, "duration_seconds", r->duration_seconds,
	    e) == -1 || bk_json_member(b, "status", r->failed ? "failure" :
	    "success", e) == -1 ||
	    bk_json_member(b, "error", r->error, e) == -1 ||
	    bk_json_member(b, "user", r->user, e) == -1 ||
	    bk_json_member(b, "host", r->host, e) == -1 ||
	    bk_json_member(b, "ip_address", r->ip_address, e) == -1 ||
	    bk_json_member(b, "run", r->run, e) == -1 ||
	    bk_json_member(b, "backup", r->backup, e) == -1 ||
	    bk_json_key(b, "stages", e) == -1 || bk_buf_puts(b, "[", e) == -1)
		return -1;
	for (i = 0; i < j->n; i++)
		if ((i > 0 && bk_buf_puts(b, ",", e) == -1) ||
		    bk_json_string(b, j->stage[i].operation, e) == -1)
			return -1;
	if (bk_buf_puts(b, "]}", e) == -1)
		return -1;
	j->run.line = b->data;
	j->run.len = b->len;
	return 0;
}

static void
free_joined(struct joined *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		bk_run_free(&j->stage[i]);
	free(j->stage);
	bk_buf_free(&j->destination);
	bk_buf_free(&j->error);
	bk_buf_free(&j->line);
}

int
bk_pipelines_each(struct bk_pipelines *p, int (*each)(void *arg,
    const struct bk_run *r, struct bk_err *e), void *arg, struct bk_err *e)
{
	struct joined j;
	size_t i;
	int rc = adopt(p, e);

	for (i = 0; rc == 0 && i < p->n; i++) {
		if (p->v[i].n == 0)
			continue;
		j = (struct joined){0};
		if (parse(&j, &p->v[i], e) == -1 || join(&j, e) == -1 ||
		    compose(&j, e) == -1)
			rc = -1;
		else
			rc = each(arg, &j.run, e);
		free_joined(&j);
	}
	return rc;
}

void
bk_pipelines_free(struct bk_pipelines *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->n; i++) {
		free(p->v[i].id);
		free(p->v[i].who);
		bk_buf_free(&p->v[i].lines);
	}
	free(p->v);
	free(p);
}
