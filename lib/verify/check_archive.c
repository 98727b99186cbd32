/* Archives (check.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/copytext.h"
#include "archive/proof_record.h"
#include "archive/unpack.h"
#include "base/utctime.h"
#include "stream/seal.h"
#include "verify/check.h"

struct slot {			/* a TOC entry */
	int32_t id;
	const struct bk_toc_entry *te;
	uint64_t at;		/* where its block begins */
	char has_block, has_record;
};

struct check {
	const char *name;
	struct bk_verdict *v;
	struct bk_progress *progress;
	const struct bk_check_watch *watch;
	struct bk_archive *a;
	struct bk_toc toc;
	struct slot *slot;	/* by id */
	struct bk_copytext *lines;
	struct bk_unpack *unpack;
	struct bk_digest_state *state;	/* of a large object */
	struct bk_digest_state *records;
	struct bk_proof_record record;
	struct slot *last;	/* its proof record may come next */
	struct bk_content content;	/* of its block */
	int manifest;		/* it has been read */
	int ours;		/* made by bk-dump, */
	struct bk_seal seal;	/* with this seal */
	char buf[64 * 1024];
};

static int
damaged(const struct check *c, const char *problem, int32_t id,
    struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged: %s %" PRId32 ", before "
	    "offset %ju", c->name, problem, id,
	    (uintmax_t)bk_archive_offset(c->a));
}

static int
by_id(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int
make_index(struct check *c, struct bk_err *e)
{
	size_t i;

	/* + 1: the archive may be empty, and calloc(0) may be NULL */
	if ((c->slot = calloc(c->toc.n + 1, sizeof(*c->slot))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < c->toc.n; i++) {
		c->slot[i].id = c->toc.entry[i].id;
		c->slot[i].te = &c->toc.entry[i];
		if (c->progress != NULL && c->toc.entry[i].has_data)
			c->progress->items_total++;
	}
	qsort(c->slot, c->toc.n, sizeof(*c->slot), by_id);
	for (i = 1; i < c->toc.n; i++)
		if (c->slot[i].id == c->slot[i - 1].id)
			return damaged(c, "two TOC entries have number",
			    c->slot[i].id, e);
	return 0;
}

static void
advance(struct check *c)
{
	if (c->progress != NULL)
		c->progress->bytes = bk_archive_offset(c->a);
}

/* The rows of a table, from its COPY text. */
static int
read_table(struct check *c, const struct bk_toc_entry *te, struct bk_err *e)
{
	char label[BK_VERDICT_LABEL];
	ssize_t n;

	bk_copytext_begin(c->lines);
	if (bk_unpack_begin(c->unpack, e) == -1)
		return -1;
	while ((n = bk_unpack_read(c->unpack, c->buf, sizeof(c->buf), e)) > 0) {
		bk_copytext_feed(c->lines, c->buf, (size_t)n);
		advance(c);
	}
	if (n == -1)
		return -1;
	c->content = *bk_copytext_content(c->lines);
	if (te->copy == NULL) {		/* pg_dump --inserts: statements */
		c->content.rows = 0;
		return 0;
	}
	if (bk_copytext_end(c->lines) == BK_COPYTEXT_CLOSED)
		return 0;
	bk_verdict_label(te, label);
	return bk_verdict_differs(c->v, "COPY text up to \"\\.\"",
	    bk_copytext_end(c->lines) == BK_COPYTEXT_MORE ? "more data after "
	    "it" :
	    "none at its end", e, "%s", label);
}

static int
read_objects(struct check *c, struct bk_err *e)
{
	uint32_t oid;
	ssize_t n;
	int r;

	while ((r = bk_archive_object(c->a, &oid, e)) == 1) {
		bk_digest_begin_object(c->state, oid);
		if (bk_unpack_begin(c->unpack, e) == -1)
			return -1;
		while ((n = bk_unpack_read(c->unpack, c->buf, sizeof(c->buf),
		    e)) > 0) {
			bk_digest_update(c->state, c->buf, (size_t)n);
			c->content.bytes += (uint64_t)n;
			advance(c);
		}
		if (n == -1)
			return -1;
		bk_digest_end(c->state, &c->content.digest);
		c->content.rows++;
	}
	return r;
}

static int
read_block(struct check *c, struct slot *s, int type, struct bk_err *e)
{
	char label[BK_VERDICT_LABEL];
	int blobs = s->te->desc != NULL && strcmp(s->te->desc, "BLOBS") == 0;

	if (!s->te->has_data)
		return damaged(c, "data of an entry that has none, number",
		    s->id, e);
	if (s->has_block)
		return damaged(c, "a second block of entry", s->id, e);
	if (blobs != (type == BK_BLOCK_BLOBS))
		return damaged(c, "a block of the wrong type of entry", s->id,
		    e);
	s->has_block = 1;
	s->at = bk_archive_offset(c->a) - 1 - BK_INT_LEN;
	c->last = s;
	c->content = (struct bk_content){0};
	if ((blobs ? read_objects(c, e) : read_table(c, s->te, e)) == -1)
		return -1;
	if (blobs) {
		c->v->blobs += c->content.rows;
	} else {
		c->v->tables++;
		c->v->rows += c->content.rows;
	}
	c->v->bytes += c->content.bytes;
	bk_verdict_label(s->te, label);
	if (bk_verdict_count(c->v, label, &c->content, e) == -1)
		return -1;
	if (c->watch != NULL)
		c->watch->block(c->watch->ctx, s->id, &c->content);
	if (c->progress != NULL)
		c->progress->items++;
	return 0;
}

/* The proof record of the block just read. */
static int
check_record(struct check *c, struct bk_err *e)
{
	struct bk_content recorded;
	char label[BK_VERDICT_LABEL];
	int32_t id;

	bk_digest_update(c->records, c->record.text.data, c->record.text.len);
	if (bk_proof_record_content(&c->record, c->name, &id, &recorded, e) ==
	    -1)
		return -1;
	if (c->last == NULL || c->last->id != id || c->last->has_record)
		return damaged(c, "a proof record that does not follow its "
		    "block, of entry", id, e);
	c->last->has_record = 1;
	bk_verdict_label(c->last->te, label);
	return bk_verdict_content(c->v, &recorded, &c->content,
	    c->record.kind == BK_PROOF_RECORD_BLOBS ? "objects" : "rows", label,
	    e);
}

static int
check_total(struct check *c, const char *key, uint64_t found,
    struct bk_err *e)
{
	uint64_t recorded;
	char want[32] = "", got[32];

	if (bk_proof_record_number(&c->record, key, &recorded) == 0) {
		if (recorded == found)
			return 0;
		(void)snprintf(want, sizeof(want), "%" PRIu64, recorded);
	}
	(void)snprintf(got, sizeof(got), "%" PRIu64, found);
	return bk_verdict_differs(c->v, want, got, e, "manifest: %s", key);
}

static int
take_properties(struct check *c, struct bk_err *e)
{
	const char *ended = bk_proof_record_string(&c->record, "ended");
	struct bk_verdict *v = c->v;

	if (ended != NULL)	/* stays 0, if it is none */
		(void)bk_utctime_parse(ended, strlen(ended), &v->time);
	if (bk_verdict_set(&v->database,
	    bk_proof_record_string(&c->record, "database"), e) == -1 ||
	    bk_verdict_set(&v->server_version,
	    bk_proof_record_string(&c->record, "server_version"), e) == -1)
		return -1;
	return bk_verdict_set(
	    &v->tool, bk_proof_record_string(&c->record, "tool"), e);
}

static int
check_manifest(struct check *c, struct bk_err *e)
{
	struct bk_digest records = {0};
	char got[BK_DIGEST_TEXT];
	const char *recorded = bk_proof_record_string(&c->record, "records");

	c->manifest = 1;
	if (c->ours && !bk_proof_record_closes(&c->record, &c->seal))
		return bk_fail(e, BK_DATA, "%s: damaged: no closing mark "
		    "after its manifest", c->name);
	if (bk_proof_record_manifest(&c->record, &c->toc, c->name, e) == -1)
		return -1;
	c->v->proof = "content";
	c->v->definitions = "digest";
	bk_manifest_digest(c->record.text.data, c->record.text.len,
	    c->v->manifest);
	if (bk_verdict_set(&c->v->manifest_text, c->record.text.data, e) == -1)
		return -1;
	bk_digest_end(c->records, &records);
	bk_digest_format(&records, got);
	if ((recorded == NULL || strcmp(recorded, got) != 0) &&
	    bk_verdict_differs(c->v, recorded == NULL ? "" : recorded, got, e,
	    "manifest: digest of the proof records") == -1)
		return -1;
	if (check_total(c, "tables", c->v->tables, e) == -1 ||
	    check_total(c, "rows", c->v->rows, e) == -1 ||
	    check_total(c, "bytes", c->v->bytes, e) == -1 ||
	    check_total(c, "blobs", c->v->blobs, e) == -1)
		return -1;
	return take_properties(c, e);
}

static int
read_proof_record(struct check *c, int type, int32_t id, struct bk_err *e)
{
	if (c->manifest)
		return damaged(c, "a block after the manifest, number", id, e);
	if (bk_toc_recorded(&c->toc) != NULL && id != c->toc.max_id + 1)
		return damaged(c, "a block that no TOC entry names, number",
		    id, e);
	if (type != BK_BLOCK_DATA)
		return damaged(c, "large objects that no TOC entry names, "
		    "number",
		    id, e);
	if (bk_proof_record_read(c->a, c->name, &c->record, e) == -1)
		return -1;
	switch (c->record.kind) {
	case BK_PROOF_RECORD_TABLE:
	case BK_PROOF_RECORD_BLOBS:
		return check_record(c, e);
	case BK_PROOF_RECORD_GLOBALS:
		bk_digest_update(c->records, c->record.text.data,
		    c->record.text.len);
		return bk_proof_record_globals(&c->record, c->name, e);
	case BK_PROOF_RECORD_MANIFEST:
		return check_manifest(c, e);
	case BK_PROOF_RECORD_NONE:
		return damaged(c, "a block that no TOC entry names and that is "
		    "no proof record, number", id, e);
	case BK_PROOF_RECORD_OTHER:
		break;
	}
	return 0;
}

static int
read_blocks(struct check *c, struct bk_err *e)
{
	struct slot key = {0}, *s;
	int type, r;

	while ((r = bk_archive_next(c->a, &type, &key.id, e)) == 1) {
		s = bsearch(&key, c->slot, c->toc.n, sizeof(*s), by_id);
		if (s != NULL)
			r = c->manifest ? damaged(c, "a block after the "
			    "manifest, number", key.id, e) :
			    read_block(c, s, type, e);
		else
			r = read_proof_record(c, type, key.id, e);
		if (r == -1)
			return -1;
	}
	advance(c);
	return r;
}

/*
 * Does the entry's offset, which the TOC's digest leaves out, name its block?
 * It is not set if the archive was written to a pipe.
 */
static int
check_offset(struct check *c, const struct slot *s, struct bk_err *e)
{
	const uint8_t *p = (const uint8_t *)c->toc.raw.data + s->te->offset_at;
	uint64_t at = 0;
	char want[32], got[32];
	int i, set;

	if (bk_toc_recorded(&c->toc) == NULL)
		return 0;	/* pg_dump's own business */
	set = s->te->has_data && p[0] == BK_OFFSET_SET;
	for (i = BK_OFFSET_LEN - 1; i > 0; i--)
		at = at << 8 | p[i];
	if ((set && at == s->at) || (!set && at == 0 && p[0] ==
	    (s->te->has_data ? BK_OFFSET_UNSET : BK_OFFSET_NODATA)))
		return 0;
	(void)snprintf(want, sizeof(want), "%" PRIu64, s->at);
	(void)snprintf(got, sizeof(got), "%" PRIu64 " (state %d)", at, p[0]);
	return bk_verdict_differs(c->v, want, got, e, "offset of TOC entry "
	    "%" PRId32, s->id);
}

/* Is anything missing? */
static int
check_complete(struct check *c, struct bk_err *e)
{
	char label[BK_VERDICT_LABEL];
	size_t i;

	for (i = 0; i < c->toc.n; i++) {
		const struct slot *s = &c->slot[i];

		if (check_offset(c, s, e) == -1)
			return -1;
		if (!s->te->has_data)
			continue;
		bk_verdict_label(s->te, label);
		if (!s->has_block && bk_verdict_differs(c->v, "its data",
		    "none", e, "%s", label) == -1)
			return -1;
		if (s->has_block && c->manifest && !s->has_record &&
		    bk_verdict_differs(c->v, "its proof record",
		    "none", e, "%s",
		    label) == -1)
			return -1;
	}
	if (!c->manifest && c->ours)
		return bk_fail(e, BK_DATA, "%s: damaged: made by bk-dump, but "
		    "its manifest is missing", c->name);
	return 0;
}

static int
begin(struct check *c, struct bk_source src, struct bk_err *e)
{
	c->v->kind = "archive";
	c->v->proof = "structure";
	if ((c->a = bk_archive_open(src, c->name, e)) == NULL ||
	    bk_archive_toc(c->a, &c->toc, e) == -1)
		return -1;
	c->ours = bk_toc_seal(&c->toc, &c->seal) != -1;
	if (c->ours)
		c->v->label = c->seal.label;
	if (bk_verdict_set(&c->v->database, c->toc.dbname, e) == -1 ||
	    bk_verdict_set(&c->v->server_version, c->toc.server, e) == -1 ||
	    bk_verdict_set(&c->v->tool, "pg_dump", e) == -1 ||
	    make_index(c, e) == -1)
		return -1;
	c->unpack = bk_unpack_new(c->a, &c->toc, c->name, e);
	c->lines = bk_copytext_new(e);
	c->state = bk_digest_new();
	c->records = bk_digest_new();
	if (c->state == NULL || c->records == NULL)
		bk_fail_memory(e);
	if (e->code != BK_OK)
		return -1;
	bk_digest_begin(c->records);
	return 0;
}

int
bk_check_archive(struct bk_source src, const char *name,
    const struct bk_check_watch *watch, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	struct check *c = calloc(1, sizeof(*c));
	int rc = -1;

	if (c == NULL)
		return bk_fail_memory(e);
	c->name = name;
	c->v = v;
	c->progress = progress;
	c->watch = watch;
	if (begin(c, src, e) == 0 && read_blocks(c, e) == 0 &&
	    check_complete(c, e) == 0)
		rc = bk_verdict_judge(v, name, e);
	bk_proof_record_free(&c->record);
	bk_digest_free(c->records);
	bk_digest_free(c->state);
	bk_copytext_free(c->lines);
	bk_unpack_free(c->unpack);
	free(c->slot);
	bk_toc_free(&c->toc);
	bk_archive_free(c->a);
	free(c);
	return rc;
}
