#include "policy/proofs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/percent.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "listing/stamp.h"
#include "policy/named.h"
#include "policy/series.h"

#define FILE_MAX (16 * 1024 * 1024)
#define VERSION 1		/* of receipts that are known here */
#define LACKS "it lacks the version, result, its time or the backup"
#define SECONDS_MAX 1e9		/* about 30 years */

struct receipt {
	const char *name;	/* or NULL, as the next */
	const char *of;		/* database or cluster */
	const char *host;	/* that a cluster's backup is named after */
	const char *server;	/* a database's, which a name may have */
	time_t at;		/* 0: unknown */
	int base;		/* of is a cluster */
	int result;		/* as bk_listed.proof */
	time_t started, finished;
	double restored;	/* seconds; 0: not restored */
	size_t matched;		/* items that it counts for */
};

struct dated {			/* an item by the instant in its name */
	time_t at;
	struct bk_listed *item;
};

struct loading {
	struct bk_listing *items;
	const char *pattern;
	const struct bk_proofs_from *from;
	struct dated *dated;	/* sorted; n of them */
	size_t n;
	struct bk_buf of;	/* whose an item is */
	struct bk_proofs *found;
	struct bk_err *e;
};

/* 1 if item is what its name stood for at t. */
static int
stood_at(const struct bk_listed *item, time_t t)
{
	const time_t stored = bk_record_stored(&item->r);
	const struct bk_listed *v = item->later;

	if (item->r.field[BK_RECORD_VERSION] == NULL)
		return 1;
	/* of two in the same second it may be either */
	while (v != NULL && bk_record_stored(&v->r) == stored)
		v = v->later;
	return stored <= t && (v == NULL || bk_record_stored(&v->r) > t);
}

static void
set_proof(struct bk_listed *item, void *ctx)
{
	struct receipt *p = ctx;

	if (!stood_at(item, p->started))
		return;
	p->matched++;
	if (p->restored > 0 && p->finished >= item->restored_time) {
		item->restored_time = p->finished;
		item->restored_seconds = p->restored;
	}
	/* of two in the same second, "not proven" wins */
	if (item->proof != 0 && (p->finished < item->proof_time ||
	    (p->finished == item->proof_time && p->result > 0)))
		return;
	item->proof = p->result;
	item->proof_time = p->finished;
}

static int
compare_dated(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int
index_dates(struct loading *l)
{
	struct bk_listed *item, *end = l->items->item + l->items->n;
	struct bk_stamp stamp;

	l->dated = calloc(l->items->n + 1, sizeof(*l->dated));
	if (l->dated == NULL)
		return bk_fail_memory(l->e);
	for (item = l->items->item; item < end; item++)
		if (bk_stamp_find(item->r.name, &stamp))
			l->dated[l->n++] = (struct dated){ stamp.time, item };
	qsort(l->dated, l->n, sizeof(*l->dated), compare_dated);
	return 0;
}

/* 1 if item's name says that it is a backup of who; 0; -1. */
static int
is_of(struct loading *l, const struct bk_listed *item, const char *who)
{
	int rc = bk_series_owner(l->pattern, item->r.name, &l->of, l->e);

	if (rc != 1 || strcmp(l->of.data, who) == 0)
		return rc;
	/* as a template writes it */
	return bk_percent_decode(l->of.data) == 0 &&
	    strcmp(l->of.data, who) == 0;
}

/* 1 if item is of r's database or cluster; 0; -1. */
static int
has_identity(struct loading *l, const struct bk_listed *item,
    const struct receipt *r)
{
	int rc = is_of(l, item, r->of);

	return rc == 0 && r->host != NULL ? is_of(l, item, r->host) : rc;
}

/* The first item by date of r's instant, or later. */
static size_t
first_dated(const struct loading *l, const struct receipt *r)
{
	size_t lo = 0, hi = l->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (l->dated[mid].at < r->at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * Apply r to the items with its identity: 0, or -1.  Databases of
 * two servers may have one name, and be dumped in one second: where names tell
 * of the server, they decide.
 */
static int
apply_identity(struct loading *l, struct receipt *r)
{
	const size_t first = first_dated(l, r);
	int named = 0, pass, rc;
	size_t i;

	for (pass = 0; pass < 2; pass++)
		for (i = first; i < l->n && l->dated[i].at == r->at; i++) {
			struct bk_listed *item = l->dated[i].item;
			int here = r->server != NULL &&
			    bk_name_has(item->r.name, r->server);

			if ((rc = has_identity(l, item, r)) == -1)
				return -1;
			if (rc == 0 || (pass == 1 && named && !here))
				continue;
			named |= here;
			if (pass == 1)
				set_proof(item, r);
		}
	return 0;
}

/* 1 if v has a number of that name outside min to max. */
static int
is_outside(const json_t *v, const char *key, double min, double max)
{
	const json_t *n = json_object_get(v, key);

	return n != NULL && (!json_is_number(n) ||
	    json_number_value(n) < min || json_number_value(n) > max);
}

/* Why v is not to be believed at all; NULL: it is. */
static const char *
refute(const json_t *v)
{
	const char *bk = json_string_value(json_object_get(v, "bk"));
	const char *result = json_string_value(json_object_get(v, "result"));
	const json_t *version = json_object_get(v, "version");

	if (bk == NULL || strcmp(bk, "receipt") != 0 || result == NULL ||
	    !json_is_integer(version))
		return LACKS;
	if (json_integer_value(version) != VERSION)
		return "its version is that of a newer bk";
	if (strcmp(result, "proven") != 0)
		return NULL;
	if (is_outside(v, "differences", 0, 0))
		return "it says proven, and differences";
	return is_outside(v, "level", 1, 3) ?
	    "it says proven, and a level that there is not" : NULL;
}

/* NULL, or why v is not a receipt of bk-verify's, or of no backup. */
static const char *
parse(const json_t *v, struct receipt *r)
{
	const char *result = json_string_value(json_object_get(v, "result"));
	const char *finished = json_string_value(json_object_get(v,
	    "finished"));
	const char *started = json_string_value(json_object_get(v, "started"));
	const char *at = json_string_value(json_object_get(v, "at"));
	const char *kind = json_string_value(json_object_get(v, "kind"));
	const char *why = refute(v);

	if (why != NULL)
		return why;
	*r = (struct receipt){
		.name = json_string_value(json_object_get(v, "name")),
		.of = json_string_value(json_object_get(v, "database")) };
	if (r->of != NULL) {
		r->server = json_string_value(json_object_get(v, "host"));
	} else {
		r->base = 1;
		r->of = json_string_value(json_object_get(v, "cluster"));
		r->host = json_string_value(json_object_get(v, "host"));
	}
	if (finished == NULL || bk_utctime_parse(finished, strlen(finished),
	    &r->finished) == -1 || (at != NULL && bk_utctime_parse(at,
	    strlen(at), &r->at) == -1))
		return LACKS;
	if (started == NULL || bk_utctime_parse(started, strlen(started),
	    &r->started) == -1)
		r->started = r->finished;
	if (r->of == NULL || r->at == 0)
		r->of = NULL;
	if (r->of == NULL && (r->name == NULL || *r->name == '\0'))
		return LACKS;
	r->result = strcmp(result, "proven") == 0 ? 1 :
	    strcmp(result, "not proven") == 0 ? -1 : 0;
	if (r->result == 1)
		r->restored = json_number_value(json_object_get(v,
		    "restore_seconds"));
	if (r->restored > SECONDS_MAX)
		r->restored = 0;
	/* whole, it may still be one that no server starts from */
	if (r->result == 1 && r->restored <= 0 && kind != NULL &&
	    strcmp(kind, "base") == 0)
		r->result = 0;
	return NULL;
}

struct naming {			/* a receipt, for items by its "name" */
	struct loading *l;
	struct receipt *r;
	int failed;
};

/* The stream's label counts for more than a name that somebody gave. */
static void
apply_name(struct bk_listed *item, void *ctx)
{
	struct naming *n = ctx;
	const struct receipt *r = n->r;
	int rc = r->of == NULL ? 0 : bk_name_denies(n->l->pattern,
	    item->r.name, r->base ? NULL : r->of, r->at, n->l->e);

	n->failed |= rc == -1;
	if (rc == 0)
		set_proof(item, n->r);
}

static int
apply(struct loading *l, struct receipt *r)
{
	struct naming n = { .l = l, .r = r };

	l->found->receipts++;
	if (r->result == 0)
		return 0;
	if (r->of != NULL && apply_identity(l, r) == -1)
		return -1;
	if (r->name != NULL && *r->name != '\0')
		(void)bk_listing_find(l->items, r->name, apply_name, &n);
	l->found->matched += r->matched > 0;
	return n.failed ? -1 : 0;
}

/* Note a file that is not a receipt. */
static int
refuse(struct loading *l, const char *path, const char *why)
{
	if (l->found->refused++ == 0)
		(void)bk_fail(&l->found->first, BK_DATA, "%s: not a receipt: "
		    "%s", path, why);
	return 0;
}

/* A receipt, and the n bytes that it was read from. */
static int
believe(struct loading *l, struct receipt *r, const char *text, size_t n)
{
	int rc = l->from->check == NULL ? 1 :
	    l->from->check(l->from->ctx, text, n, l->e);

	if (rc == 1)
		return apply(l, r);
	l->found->receipts++;
	l->found->unsigned_++;
	return rc;
}

/* One object, or several in sequence; all of them are whole, or none counts. */
static int
take_text(struct loading *l, const char *path, const char *text, size_t len,
    int count)
{
	json_error_t json_err;
	struct receipt r;
	const char *why;
	json_t *v;
	size_t at = 0;
	int rc = 0;

	while (rc == 0 && at < len) {
		v = bk_json_parse(text + at, len - at,
		    JSON_DISABLE_EOF_CHECK, &json_err, l->e);
		if (v == NULL && l->e->code != BK_OK)
			return -1;
		if (v == NULL)
			return count ? 0 : refuse(l, path, json_err.text);
		if ((why = parse(v, &r)) != NULL) {
			json_decref(v);
			return count ? 0 : refuse(l, path, why);
		}
		if (count)
			rc = believe(l, &r, text + at,
			    (size_t)json_err.position);
		at += (size_t)json_err.position;
		json_decref(v);
		while (at < len && strchr(" \t\r\n", text[at]) != NULL)
			at++;
	}
	return rc;
}

static int
take_whole(struct loading *l, const char *path, const char *text, size_t len)
{
	const size_t refused = l->found->refused;
	int rc = take_text(l, path, text, len, 0);

	return rc == 0 && l->found->refused == refused ?
	    take_text(l, path, text, len, 1) : rc;
}

static int
read_file(struct loading *l, const char *path)
{
	struct bk_buf text = {0};
	struct bk_err why = {0};
	int rc;

	if (bk_io_slurp(path, FILE_MAX, &text, &why) == -1)
		rc = refuse(l, path, why.msg);
	else if (text.len == 0)
		rc = refuse(l, path, "it is empty");
	else
		rc = take_whole(l, path, text.data, text.len);
	bk_buf_free(&text);
	return rc;
}

static int
is_receipt(const char *file)
{
	static const char end[] = ".receipt.json";
	size_t n = strlen(file);

	return n > strlen(end) && strcmp(file + n - strlen(end), end) == 0;
}

static int
read_dir(struct loading *l, DIR *d, const char *dir)
{
	struct bk_buf path = {0};
	struct dirent *entry;
	int rc = 0;

	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (!is_receipt(entry->d_name))
			continue;
		path.len = 0;
		rc = bk_buf_printf(&path, l->e, "%s/%s", dir, entry->d_name);
		if (rc == 0)
			rc = read_file(l, path.data);
	}
	if (rc == 0 && errno != 0)
		rc = bk_fail_errno(l->e, "%s", dir);
	bk_buf_free(&path);
	return rc;
}

static int
read_lines(struct loading *l, const struct bk_buf *text)
{
	const char *p = text->data, *end = p + text->len, *newline;
	int rc = 0;

	for (; rc == 0 && p < end; p = newline + 1) {
		if ((newline = memchr(p, '\n', (size_t)(end - p))) == NULL)
			newline = end;
		rc = take_whole(l, l->from->dir, p, (size_t)(newline - p));
	}
	return rc;
}

int
bk_proofs_load(struct bk_listing *items, const char *pattern,
    const struct bk_proofs_from *from, struct bk_proofs *found,
    struct bk_err *e)
{
	struct loading l = { .items = items, .pattern = pattern,
	    .from = from, .found = found, .e = e };
	DIR *d = from->text == NULL ? opendir(from->dir) : NULL;
	int rc;

	if (d == NULL && from->text == NULL)
		return bk_fail_errno(e, "%s", from->dir);
	rc = index_dates(&l);
	if (rc == 0)
		rc = d == NULL ? read_lines(&l, from->text) :
		    read_dir(&l, d, from->dir);
	if (d != NULL)
		closedir(d);
	free(l.dated);
	bk_buf_free(&l.of);
	return rc;
}
