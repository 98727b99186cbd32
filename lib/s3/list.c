#include "s3/list.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "listing/record.h"
#include "s3/url.h"
#include "s3/xml.h"

#define MAX_EMPTY 1000	/* pages without entries, in a row */

/* The names that each kind of listing uses, in XML and in the query. */
struct names {
	const char *result, *entry, *time;
	const char *other;	/* entries between these, of another kind */
	const char *id;		/* element of an entry, NULL: none */
	const char *next[2];	/* elements: the next page's markers */
	const char *from[2];	/* the parameters for these */
	const char *request[2];
	int sized;		/* entries have a size */
	int encoded;		/* keys are, even without EncodingType */
	int markers;		/* the next page is after a key and an ID */
};

static const struct names names[] = {
	[BK_S3_OBJECTS] = { "ListBucketResult", "Contents", "LastModified",
	    NULL, NULL, { "NextContinuationToken" }, { "continuation-token" },
	    { "list-type", "2" }, 1, 0, 0 },
	[BK_S3_VERSIONS] = { "ListVersionsResult", "Version", "LastModified",
	    "DeleteMarker", "VersionId",
	    { "NextKeyMarker", "NextVersionIdMarker" },
	    { "key-marker", "version-id-marker" }, { "versions", "" },
	    1, 0, 1 },
	[BK_S3_MARKERS] = { "ListVersionsResult", "DeleteMarker",
	    "LastModified", "Version", "VersionId",
	    { "NextKeyMarker", "NextVersionIdMarker" },
	    { "key-marker", "version-id-marker" }, { "versions", "" },
	    0, 0, 1 },
	[BK_S3_UPLOADS] = { "ListMultipartUploadsResult", "Upload",
	    "Initiated", NULL, "UploadId",
	    { "NextKeyMarker", "NextUploadIdMarker" },
	    { "key-marker", "upload-id-marker" }, { "uploads", "" },
	    0, 1, 1 },
};

/* One entry of a page. */
struct entry {
	struct entry *next;
	struct bk_buf key, id, etag;
	uint64_t size;
	time_t time;
	int sized, timed;	/* the server told */
};

struct bk_s3_list {
	struct bk_s3 *s3;
	const struct names *names;
	const char *prefix;
	struct bk_buf at[2];	/* this page's markers; empty: first page */
	struct bk_buf next[2];	/* the next page's */
	struct bk_buf last;	/* the last key in this page, of any kind */
	struct bk_buf first;	/* the last page's first key and ID */
	unsigned empty;		/* pages without entries, in a row */
	int truncated;		/* there is a next page; -1: not told */
	int encoded;		/* keys in this page are URL-encoded */
	struct entry *page;	/* entries not returned yet; the last one is
				 * being parsed while *tail is not NULL */
	struct entry **tail;
	struct entry *current;	/* borrowed by the caller */
};

static int
bad_answer(const struct bk_s3_list *l, const char *what, const char *text,
    struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "%s: the server lists %s '%s'",
	    bk_s3_place(l->s3), what, text);
}

static int
set(struct bk_buf *b, const char *text, struct bk_err *e)
{
	b->len = 0;
	return bk_buf_puts(b, text, e);
}

/* Most write it in quotes, some do not. */
static int
set_etag(struct bk_buf *b, const char *text, struct bk_err *e)
{
	size_t n = strlen(text);

	b->len = 0;
	return n > 2 && *text == '"' && text[n - 1] == '"' ?
	    bk_buf_add(b, text + 1, n - 2, e) : bk_buf_puts(b, text, e);
}

static void
free_entry(struct entry *n)
{
	if (n == NULL)
		return;
	bk_buf_free(&n->key);
	bk_buf_free(&n->id);
	bk_buf_free(&n->etag);
	free(n);
}

/* A field of the entry being parsed. */
static int
on_field(struct bk_s3_list *l, const char *name, const char *text,
    struct bk_err *e)
{
	struct bk_err number = {0};
	struct entry *n = *l->tail;

	if (n == NULL && (n = *l->tail = calloc(1, sizeof(*n))) == NULL)
		return bk_fail_memory(e);
	if (strcmp(name, "Key") == 0)
		return set(&n->key, text, e) == -1 ? -1 :
		    set(&l->last, text, e);
	if (l->names->id != NULL && strcmp(name, l->names->id) == 0)
		return set(&n->id, text, e);
	if (strcmp(name, "ETag") == 0)
		return set_etag(&n->etag, text, e);
	if (strcmp(name, "Size") == 0) {
		n->sized = 1;
		return bk_num_parse(text, 0, INT64_MAX, "", &n->size,
		    &number) == 0 ? 0 : bad_answer(l, "the size", text, e);
	}
	if (strcmp(name, l->names->time) != 0)
		return 0;
	n->timed = 1;
	return bk_utctime_parse(text, strlen(text), &n->time) == 0 ? 0 :
	    bad_answer(l, "the time", text, e);
}

static int
on_entry(struct bk_s3_list *l, struct bk_err *e)
{
	struct entry *n = *l->tail;

	if (n == NULL || n->key.len == 0)
		return bad_answer(l, "the key", "", e);
	if (l->names->id != NULL && n->id.len == 0)
		return bad_answer(l, "the ID", "", e);
	/* what has no time would be old enough for anything */
	if (!n->timed)
		return bad_answer(l, "no time of", n->key.data, e);
	if (l->names->sized && !n->sized)
		return bad_answer(l, "no size of", n->key.data, e);
	l->tail = &n->next;
	return 0;
}

/* What is in path after x and a slash; NULL: it does not begin so. */
static const char *
below(const char *path, const char *x)
{
	size_t n = strlen(x);

	return strncmp(path, x, n) == 0 && path[n] == '/' ? path + n + 1 :
	    NULL;
}

/* What says whether there is more. */
static int
on_truncated(struct bk_s3_list *l, const char *text, struct bk_err *e)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return bad_answer(l, "IsTruncated", text, e);
	l->truncated = *text == 't';
	return 0;
}

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct bk_s3_list *l = ctx;
	const struct names *w = l->names;
	const char *field;
	size_t i;

	if ((path = below(path, w->result)) == NULL)
		return 0;
	if ((field = below(path, w->entry)) != NULL)
		return on_field(l, field, text, e);
	if (strcmp(path, w->entry) == 0)
		return on_entry(l, e);
	if (w->other != NULL && (field = below(path, w->other)) != NULL &&
	    strcmp(field, "Key") == 0)
		return set(&l->last, text, e);
	for (i = 0; i < 2 && w->next[i] != NULL; i++)
		if (strcmp(path, w->next[i]) == 0)
			return set(&l->next[i], text, e);
	if (strcmp(path, "IsTruncated") == 0)
		return on_truncated(l, text, e);
	if (strcmp(path, "EncodingType") == 0)
		l->encoded = 1;		/* as requested */
	return 0;
}

/*
 * Decode the key after which the next page begins.  AWS encodes it as all keys;
 * Ceph's gateway does not, but encodes the others.  It is the last key of the
 * page, and by that it is known which it is: a wrong guess would skip keys.
 */
static int
decode_marker(struct bk_s3_list *l, struct bk_err *e)
{
	struct bk_buf plain = {0};
	int rc = bk_buf_puts(&plain, l->next[0].data, e);

	if (rc == 0 && bk_s3_unescape(plain.data) == -1)
		plain.len = 0;
	if (rc == 0 && plain.len > 0 && (l->last.len > 0 ?
	    strcmp(plain.data, l->last.data) == 0 :
	    strcmp(plain.data, l->next[0].data) == 0))
		rc = set(&l->next[0], plain.data, e);
	else if (rc == 0 && (l->last.len == 0 ||
	    strcmp(l->next[0].data, l->last.data) != 0))
		rc = bad_answer(l, "a page that ends with another key than",
		    l->next[0].data, e);
	bk_buf_free(&plain);
	return rc;
}

/* Make the next page's markers this page's. */
static int
turn_page(struct bk_s3_list *l, struct bk_err *e)
{
	int moved = l->at[0].len == 0, i;

	if (l->next[0].len == 0)
		return bad_answer(l, "no", l->names->next[0], e);
	if (l->names->markers && l->encoded) {
		if (l->last.len > 0 && bk_s3_unescape(l->last.data) == -1)
			return bad_answer(l, "the key", l->last.data, e);
		if (decode_marker(l, e) == -1)
			return -1;
	}
	for (i = 0; i < 2; i++) {
		const char *to = l->next[i].len > 0 ? l->next[i].data : "";

		moved |= *to != '\0' && (l->at[i].len == 0 ||
		    strcmp(l->at[i].data, to) != 0);
		if (set(&l->at[i], to, e) == -1)
			return -1;
	}
	return moved ? 0 : bad_answer(l, "the same page twice, at",
	    l->at[0].data, e);
}

/*
 * Markers are not trusted to make progress: a page must not begin as the one
 * before, and not too many may be empty.
 */
static int
check_progress(struct bk_s3_list *l, struct bk_err *e)
{
	const struct entry *n = l->page;
	struct bk_buf first = {0};
	int same;

	if (l->last.len > 0)
		l->empty = 0;
	else if (++l->empty == MAX_EMPTY)
		return bad_answer(l, "nothing, page after page, at",
		    l->next[0].len > 0 ? l->next[0].data : "", e);
	if (n == NULL)
		return 0;
	if (bk_buf_printf(&first, e, "%s\n%s", n->key.data, n->id.len > 0 ?
	    n->id.data : "") == -1)
		return -1;
	same = l->first.len > 0 && strcmp(first.data, l->first.data) == 0;
	bk_buf_free(&l->first);
	l->first = first;
	return same ? bad_answer(l, "the same page twice, at", n->key.data,
	    e) : 0;
}

/* Whether there is more has to be said, and once. */
static int
check_end(const struct bk_s3_list *l, struct bk_err *e)
{
	if (l->truncated == -1)
		return bad_answer(l, "no", "IsTruncated", e);
	/* AWS has markers at the end of uploads, too */
	if (!l->truncated && !l->names->markers && l->next[0].len > 0)
		return bad_answer(l, "its end, and more at", l->next[0].data,
		    e);
	return 0;
}

static int
get_page(struct bk_s3_list *l, struct bk_err *e)
{
	const struct names *w = l->names;
	struct bk_s3_pair query[] = {
		{ w->request[0], w->request[1] }, { "encoding-type", "url" },
		{ "prefix", l->prefix },
		{ l->at[0].len > 0 ? w->from[0] : NULL, l->at[0].data },
		{ l->at[1].len > 0 ? w->from[1] : NULL, l->at[1].data },
		{ 0 },
	};
	struct bk_s3_request rq = { .method = "GET", .query = query,
	    .root = w->result };
	struct bk_s3_reply reply = {0};
	int rc;

	l->next[0].len = l->next[1].len = l->last.len = 0;
	l->truncated = -1;
	l->encoded = w->encoded;
	rc = bk_s3_do(l->s3, &rq, &reply, e);
	if (rc == 0)
		rc = bk_s3_xml_parse(reply.body.data, reply.body.len,
		    on_element, l, e);
	bk_s3_reply_free(&reply);
	if (rc == 0)
		rc = check_end(l, e);
	if (rc == 0 && l->truncated)
		rc = turn_page(l, e);
	return rc == 0 ? check_progress(l, e) : rc;
}

struct bk_s3_list *
bk_s3_list_open(struct bk_s3 *s3, enum bk_s3_kind kind, const char *prefix,
    struct bk_err *e)
{
	struct bk_s3_list *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	l->s3 = s3;
	l->names = &names[kind];
	l->prefix = prefix;
	l->tail = &l->page;
	l->truncated = 1;		/* get the first page */
	return l;
}

int
bk_s3_list_next(struct bk_s3_list *l, struct bk_s3_listed *o,
    struct bk_err *e)
{
	struct entry *n;

	free_entry(l->current);
	l->current = NULL;
	while (l->page == NULL) {
		if (!l->truncated)
			return 0;
		l->tail = &l->page;
		if (get_page(l, e) == -1)
			return -1;
	}
	n = l->current = l->page;
	l->page = n->next;
	if (l->encoded && bk_s3_unescape(n->key.data) == -1)
		return bad_answer(l, "the key", n->key.data, e);
	if (strncmp(n->key.data, l->prefix, strlen(l->prefix)) != 0)
		return bad_answer(l, "another prefix's key", n->key.data, e);
	*o = (struct bk_s3_listed){ .key = n->key.data,
	    .id = n->id.len > 0 ? n->id.data : NULL,
	    .etag = n->etag.len > 0 ? n->etag.data : NULL,
	    .size = n->size, .time = n->time };
	return 1;
}

void
bk_s3_list_free(struct bk_s3_list *l)
{
	struct entry *n;

	if (l == NULL)
		return;
	while ((n = l->page) != NULL) {
		l->page = n->next;
		free_entry(n);
	}
	free_entry(l->current);
	bk_buf_free(&l->first);
	bk_buf_free(&l->last);
	bk_buf_free(&l->at[0]);
	bk_buf_free(&l->at[1]);
	bk_buf_free(&l->next[0]);
	bk_buf_free(&l->next[1]);
	free(l);
}

/* There is no backup to choose; *early is one that is too late, or empty. */
static int
no_latest(struct bk_s3 *s3, const char *prefix,
    const struct bk_s3_latest *of, const struct bk_buf *early,
    struct bk_err *e)
{
	char before[BK_UTCTIME_TEXT] = "";

	if (of->before != 0)
		bk_utctime_format(of->before, before);
	bk_fail(e, BK_NONE, "%s/%s: no backup under this prefix%s%s%s%s",
	    bk_s3_place(s3), prefix, of->match != NULL ? " matches " : "",
	    of->match != NULL ? of->match : "",
	    *before != '\0' ? of->match != NULL ? " and is from " :
	    " is from " : "", before);
	if (*before != '\0')
		bk_fail_add(e, " or before%s%s", early->len > 0 ?
		    "; the first is " : "", early->len > 0 ? early->data : "");
	return -1;
}

/* Make *r, whose name is then *name's, the record of o. */
static int
choose(struct bk_record *r, struct bk_buf *name, const struct bk_s3_listed *o,
    struct bk_err *e)
{
	if (set(name, o->key, e) == -1)
		return -1;
	r->name = name->data;
	(void)bk_record_date(r, o->time);
	return 0;
}

int
bk_s3_list_latest(struct bk_s3 *s3, const char *prefix,
    const struct bk_s3_latest *of, struct bk_buf *key, struct bk_err *e)
{
	struct bk_s3_list *l = bk_s3_list_open(s3, BK_S3_OBJECTS, prefix, e);
	struct bk_record r = {0}, best = {0}, first = {0};
	struct bk_s3_listed o;
	struct bk_buf name = {0}, early = {0};
	int rc = -1;

	while (l != NULL && (rc = bk_s3_list_next(l, &o, e)) == 1) {
		r.name = (char *)(uintptr_t)o.key;
		(void)bk_record_date(&r, o.time);
		if (!bk_record_is_backup(o.key) || (of->match != NULL &&
		    fnmatch(of->match, o.key + strlen(prefix), 0) != 0))
			continue;
		rc = 0;
		if (of->before != 0 && r.time > of->before) {
			if (early.len == 0 || bk_record_compare(&r, &first) < 0)
				rc = choose(&first, &early, &o, e);
		} else if (name.len == 0 || bk_record_compare(&r, &best) >= 0)
			rc = choose(&best, &name, &o, e);
		if (rc == -1)
			break;
	}
	bk_s3_list_free(l);
	if (rc == 0)
		rc = name.len == 0 ? no_latest(s3, prefix, of, &early, e) :
		    bk_buf_puts(key, name.data, e);
	bk_buf_free(&name);
	bk_buf_free(&early);
	return rc;
}
