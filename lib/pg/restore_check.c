/* What bk-dump says about its stream, and whether it is so (restore.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hidden.h"
#include "restore_in.h"

static void
copy_string(const struct bk_hidden *h, const char *key, char *out, size_t cap)
{
	const char *s = bk_hidden_string(h, key);

	(void)snprintf(out, cap, "%s", s == NULL ? "" : s);
}

static int
take_record(struct bk_restore *r, const struct bk_hidden *h, struct bk_err *e)
{
	struct bk_restore_table *t;
	struct bk_content says;
	int32_t id;

	bk_digest_update(r->records, h->text.data, h->text.len);
	if (bk_hidden_content(h, r->name, &id, &says, e) == -1)
		return -1;
	t = bk_restore_find(r, id);
	if (t == NULL || t->has_record)
		return bk_restore_damaged(r, t, "a record too many", e);
	t->record = says;
	t->has_record = 1;
	return 0;
}

static int
take_manifest(struct bk_restore *r, struct bk_hidden *h, struct bk_err *e)
{
	struct bk_restore_manifest *m = &r->manifest;

	if (m->json != NULL)
		return bk_restore_damaged(r, NULL, "two manifests", e);
	if (bk_hidden_number(h, "tables", &m->tables) == -1 ||
	    bk_hidden_number(h, "rows", &m->rows) == -1 ||
	    bk_hidden_number(h, "bytes", &m->bytes) == -1 ||
	    bk_hidden_number(h, "blobs", &m->blobs) == -1 ||
	    bk_hidden_digest(h, "records", &m->records) == -1)
		return bk_restore_damaged(r, NULL, "an incomplete manifest", e);
	copy_string(h, "database", m->database, sizeof(m->database));
	copy_string(h, "system_identifier", m->system_identifier,
	    sizeof(m->system_identifier));
	memcpy(r->system, m->system_identifier, sizeof(r->system));
	copy_string(h, "server_version", m->server_version,
	    sizeof(m->server_version));
	copy_string(h, "started", m->started, sizeof(m->started));
	copy_string(h, "ended", m->ended, sizeof(m->ended));
	m->json = h->text.data;
	h->text = (struct bk_buf){0};	/* it is the manifest's now */
	return 0;
}

static int
check_globals(const struct bk_restore *r, const struct bk_hidden *h,
    struct bk_err *e)
{
	uint64_t bytes;

	if (bk_hidden_number(h, "bytes", &bytes) == 0 && bytes == h->rest)
		return 0;
	return bk_restore_damaged(r, NULL, "roles that are not complete", e);
}

int
bk_restore_hidden(struct bk_restore *r, struct bk_err *e)
{
	struct bk_hidden h = { .keep = &r->globals };
	int rc = bk_hidden_read(r->archive, r->name, &h, e);

	if (rc == 0 && (h.kind == BK_HIDDEN_TABLE ||
	    h.kind == BK_HIDDEN_BLOBS))
		rc = take_record(r, &h, e);
	else if (rc == 0 && h.kind == BK_HIDDEN_MANIFEST)
		rc = take_manifest(r, &h, e);
	else if (rc == 0 && h.kind == BK_HIDDEN_GLOBALS)
		rc = check_globals(r, &h, e);
	bk_hidden_free(&h);
	return rc;
}

static int
same(const struct bk_content *a, const struct bk_content *b)
{
	return a->rows == b->rows && a->bytes == b->bytes &&
	    a->digest.lo == b->digest.lo && a->digest.hi == b->digest.hi;
}

static int
disagree(const struct bk_restore *r, const struct bk_restore_table *t,
    struct bk_err *e)
{
	const struct bk_content *is = &t->seen, *was = &t->record;
	char text[128];

	if (is->rows != was->rows)
		(void)snprintf(text, sizeof(text), "%" PRIu64 " rows, of %"
		    PRIu64 " that were dumped", is->rows, was->rows);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64 " rows, but not "
		    "those that were dumped (digest)", is->rows);
	return bk_restore_damaged(r, t, text, e);
}

static int
check_table(const struct bk_restore *r, const struct bk_restore_table *t,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	if (!t->found)
		return bk_restore_damaged(r, t, "its data is not there", e);
	if (r->ours && !t->has_record)
		return bk_restore_damaged(r, t, "its record is not there", e);
	if (t->has_record && !same(&t->seen, &t->record))
		return disagree(r, t, e);
	if (t->blobs || t->skip || t->loaded == t->seen.rows)
		return 0;
	(void)bk_restore_name(t, &name, &ignored);
	bk_fail(e, BK_FAIL, "%s: the server took %" PRIu64 " of %" PRIu64
	    " rows; a trigger or a rule of the target swallows them",
	    name.data == NULL ? "" : name.data, t->loaded, t->seen.rows);
	bk_buf_free(&name);
	return -1;
}

static int
check_manifest(const struct bk_restore *r, struct bk_err *e)
{
	const struct bk_restore_manifest *m = &r->manifest;
	uint64_t tables = 0, rows = 0, bytes = 0, blobs = 0;
	struct bk_digest records = {0};
	size_t i;

	if (m->json == NULL)
		return bk_restore_damaged(r, NULL,
		    "its manifest is not there", e);
	for (i = 0; i < r->n; i++) {
		tables += !r->table[i].blobs;
		*(r->table[i].blobs ? &blobs : &rows) += r->table[i].seen.rows;
		bytes += r->table[i].seen.bytes;
	}
	/* of the state nothing more is wanted: each archive has one manifest */
	bk_digest_end(r->records, &records);
	if (m->tables != tables || m->rows != rows || m->bytes != bytes ||
	    m->blobs != blobs || m->records.lo != records.lo ||
	    m->records.hi != records.hi)
		return bk_restore_damaged(r, NULL,
		    "its manifest is of another dump", e);
	return 0;
}

int
bk_restore_check(const struct bk_restore *r, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (check_table(r, &r->table[i], e) == -1)
			return -1;
	return r->ours ? check_manifest(r, e) : 0;
}
