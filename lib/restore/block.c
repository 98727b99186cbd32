/* The stream's contents: TOC, tables, proof records (restore.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/proof_record.h"
#include "restore/restore_in.h"

static int
is_desc(const struct bk_toc_entry *te, const char *desc)
{
	return te->desc != NULL && strcmp(te->desc, desc) == 0;
}

static int
compare_id(const void *a, const void *b)
{
	const struct bk_restore_table *const *x = a, *const *y = b;

	return ((*x)->te->id > (*y)->te->id) - ((*x)->te->id < (*y)->te->id);
}

struct bk_restore_table *
bk_restore_find(const struct bk_restore *r, int32_t id)
{
	size_t lo = 0, hi = r->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (r->by_id[mid]->te->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n && r->by_id[lo]->te->id == id ? r->by_id[lo] : NULL;
}

static int
compare_name(const void *a, const void *b)
{
	const struct bk_toc_entry *const *x = a, *const *y = b;
	const char *xs = (*x)->schema == NULL ? "" : (*x)->schema;
	const char *ys = (*y)->schema == NULL ? "" : (*y)->schema;
	int c = strcmp(xs, ys);

	return c != 0 ? c : strcmp((*x)->tag == NULL ? "" : (*x)->tag,
	    (*y)->tag == NULL ? "" : (*y)->tag);
}

/* Skip foreign tables' data: loading it would write to other servers. */
static int
mark_foreign(struct bk_restore *r, struct bk_err *e)
{
	const struct bk_toc_entry **foreign;
	size_t n = 0, i;

	for (i = 0; i < r->toc.n; i++)
		n += is_desc(&r->toc.entry[i], "FOREIGN TABLE");
	if (n == 0)
		return 0;
	if ((foreign = calloc(n, sizeof(*foreign))) == NULL)
		return bk_fail_memory(e);
	for (n = i = 0; i < r->toc.n; i++)
		if (is_desc(&r->toc.entry[i], "FOREIGN TABLE"))
			foreign[n++] = &r->toc.entry[i];
	qsort(foreign, n, sizeof(*foreign), compare_name);
	for (i = 0; i < r->n; i++)
		r->table[i].skip = bsearch(&r->table[i].te, foreign, n,
		    sizeof(*foreign), compare_name) != NULL;
	free(foreign);
	return 0;
}

/* Make tables of the TOC's entries with data; opaque if one has INSERTs. */
static int
make_tables(struct bk_restore *r, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < r->toc.n; i++)
		r->n += r->toc.entry[i].has_data != 0;
	r->table = calloc(r->n + 1, sizeof(*r->table));
	r->by_id = calloc(r->n + 1, sizeof(*r->by_id));
	if (r->table == NULL || r->by_id == NULL)
		return bk_fail_memory(e);
	for (r->n = i = 0; i < r->toc.n; i++) {
		struct bk_restore_table *t = &r->table[r->n];

		if (!r->toc.entry[i].has_data)
			continue;
		t->te = &r->toc.entry[i];
		t->blobs = is_desc(t->te, "BLOBS");
		if (!t->blobs && (!is_desc(t->te, "TABLE DATA") ||
		    t->te->copy == NULL || *t->te->copy == '\0'))
			r->opaque = 1;	/* INSERTs */
		r->by_id[r->n++] = t;
	}
	qsort(r->by_id, r->n, sizeof(*r->by_id), compare_id);
	for (i = 1; i < r->n; i++)
		if (r->by_id[i]->te->id == r->by_id[i - 1]->te->id)
			return bk_restore_damaged(r, NULL,
			    "two TOC entries with the same number", e);
	return mark_foreign(r, e);
}

int
bk_restore_damaged(const struct bk_restore *r,
    const struct bk_restore_table *t, const char *problem, struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	if (t != NULL)
		(void)bk_restore_name(t, &name, &ignored);
	bk_fail(e, BK_DATA, "%s: damaged: %s%s%s", r->name, name.data == NULL ?
	    "" : name.data, name.data == NULL ? "" : ": ", problem);
	bk_buf_free(&name);
	return -1;
}

static void
copy_string(const struct bk_proof_record *record, const char *key, char *out,
    size_t cap)
{
	const char *s = bk_proof_record_string(record, key);

	(void)snprintf(out, cap, "%s", s == NULL ? "" : s);
}

static int
take_record(struct bk_restore *r, const struct bk_proof_record *record,
    struct bk_err *e)
{
	struct bk_restore_table *t;
	struct bk_content recorded;
	int32_t id;

	bk_digest_update(r->records, record->text.data, record->text.len);
	if (bk_proof_record_content(record, r->name, &id, &recorded, e) == -1)
		return -1;
	t = bk_restore_find(r, id);
	if (t == NULL || t->has_record)
		return bk_restore_damaged(r, t, "one proof record too many", e);
	t->record = recorded;
	t->has_record = 1;
	return 0;
}

static int
take_manifest(struct bk_restore *r, struct bk_proof_record *record,
    struct bk_err *e)
{
	struct bk_restore_manifest *m = &r->manifest;

	if (r->ours && !bk_proof_record_closes(record, &r->seal))
		return bk_restore_damaged(r, NULL, "no closing mark after its "
		    "manifest", e);
	if (bk_proof_record_manifest(record, &r->toc, r->name, e) == -1)
		return -1;
	if (bk_proof_record_number(record, "tables", &m->tables) == -1 ||
	    bk_proof_record_number(record, "rows", &m->rows) == -1 ||
	    bk_proof_record_number(record, "bytes", &m->bytes) == -1 ||
	    bk_proof_record_number(record, "blobs", &m->blobs) == -1 ||
	    bk_proof_record_digest(record, "records", &m->records) == -1)
		return bk_restore_damaged(r, NULL, "an incomplete manifest", e);
	copy_string(record, "database", m->database, sizeof(m->database));
	copy_string(record, "system_identifier", m->system_identifier,
	    sizeof(m->system_identifier));
	memcpy(r->system, m->system_identifier, sizeof(r->system));
	copy_string(record, "server_version", m->server_version,
	    sizeof(m->server_version));
	copy_string(record, "started", m->started, sizeof(m->started));
	copy_string(record, "ended", m->ended, sizeof(m->ended));
	m->json = record->text.data;
	record->text = (struct bk_buf){0};	/* now owned by the manifest */
	return 0;
}

/*
 * Read the current block, which no TOC entry names, as a proof record, manifest
 * or globals.  Blocks not written by bk-dump are skipped.
 */
static int
read_unnamed(struct bk_restore *r, struct bk_err *e)
{
	struct bk_proof_record record = { .keep = &r->globals };
	int rc = bk_proof_record_read(r->archive, r->name, &record, e);

	if (rc == 0 && (record.kind == BK_PROOF_RECORD_TABLE ||
	    record.kind == BK_PROOF_RECORD_BLOBS))
		rc = take_record(r, &record, e);
	else if (rc == 0 && record.kind == BK_PROOF_RECORD_MANIFEST)
		rc = take_manifest(r, &record, e);
	else if (rc == 0 && record.kind == BK_PROOF_RECORD_GLOBALS) {
		bk_digest_update(r->records, record.text.data,
		    record.text.len);
		rc = bk_proof_record_globals(&record, r->name, e);
	}
	bk_proof_record_free(&record);
	return rc;
}

static int
next_block(struct bk_restore *r, struct bk_restore_table **t, struct bk_err *e)
{
	int type, rc;
	int32_t id;

	while ((rc = bk_archive_next(r->archive, &type, &id, e)) == 1) {
		if (r->manifest.json != NULL)
			return bk_restore_damaged(r, NULL, "a block after the "
			    "manifest", e);
		if ((*t = bk_restore_find(r, id)) == NULL) {
			if (bk_toc_recorded(&r->toc) != NULL &&
			    id != r->toc.max_id + 1)
				return bk_restore_damaged(r, NULL,
				    "a block that no TOC entry names", e);
			if (type == BK_BLOCK_DATA &&
			    read_unnamed(r, e) == -1)
				return -1;
			continue;
		}
		if ((*t)->blobs != (type == BK_BLOCK_BLOBS))
			return bk_restore_damaged(r, *t,
			    "a block of the wrong type", e);
		if ((*t)->found)
			return bk_restore_damaged(r, *t, "two blocks", e);
		(*t)->found = 1;
		return 1;
	}
	return rc;
}

int
bk_restore_block(struct bk_restore *r, struct bk_restore_table **t,
    struct bk_err *e)
{
	if (r->have_block) {
		r->have_block = 0;
		*t = r->first;
		return *t != NULL;
	}
	return next_block(r, t, e);
}

/* "-- bk-dump VERSION MARK(LABEL) system NUMBER" (bk-formats(5)). */
static void
find_system(struct bk_restore *r)
{
	const char *p;
	size_t i, n;

	for (i = 0; i < r->toc.n; i++) {
		const struct bk_toc_entry *te = &r->toc.entry[i];

		if (!is_desc(te, "ENCODING") || te->copy == NULL ||
		    (p = strstr(te->copy, " system ")) == NULL)
			continue;
		p += strlen(" system ");
		n = strspn(p, "0123456789");
		if (n < sizeof(r->system))
			memcpy(r->system, p, n);
	}
}

struct bk_restore *
bk_restore_open(struct bk_source src, const char *name, struct bk_err *e)
{
	struct bk_restore *r = calloc(1, sizeof(*r));
	int rc = -1;

	if (r == NULL || (r->records = bk_digest_new()) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	r->name = name;
	bk_digest_begin(r->records);
	if ((r->archive = bk_archive_open(src, name, e)) == NULL ||
	    bk_archive_toc(r->archive, &r->toc, e) == -1)
		goto done;
	r->ours = bk_toc_seal(&r->toc, &r->seal) != -1;
	r->opaque = r->toc.compression != 0;
	if (r->ours)
		find_system(r);
	if (make_tables(r, e) == -1)
		goto done;
	rc = next_block(r, &r->first, e);
	if (rc == 0)
		r->first = NULL;
	r->have_block = 1;
 done:
	if (rc != -1)
		return r;
	bk_restore_free(r);
	return NULL;
}

void
bk_restore_free(struct bk_restore *r)
{
	if (r == NULL)
		return;
	bk_archive_free(r->archive);
	bk_toc_free(&r->toc);
	bk_buf_free(&r->globals);
	bk_buf_free(&r->notes);
	bk_digest_free(r->records);
	bk_restore_list_free(&r->list);
	free(r->manifest.json);
	free(r->table);
	free(r->by_id);
	free(r);
}

const struct bk_toc *
bk_restore_toc(const struct bk_restore *r)
{
	return &r->toc;
}

int
bk_restore_is_opaque(const struct bk_restore *r)
{
	return r->opaque;
}

const char *
bk_restore_globals(const struct bk_restore *r)
{
	return r->globals.data;
}

const char *
bk_restore_system(const struct bk_restore *r)
{
	return r->system;
}
