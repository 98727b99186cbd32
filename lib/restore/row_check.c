/* Does the stream agree with bk-dump's proof records and manifest? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "restore/restore_in.h"

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
	if (!t->found)
		return bk_restore_damaged(r, t, "its data is missing", e);
	if (r->ours && !t->has_record)
		return bk_restore_damaged(r, t, "its proof record is "
		    "missing", e);
	if (t->has_record && !same(&t->seen, &t->record))
		return disagree(r, t, e);
	return bk_restore_taken(t, e);
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
		    "its manifest is missing", e);
	for (i = 0; i < r->n; i++) {
		tables += !r->table[i].blobs;
		*(r->table[i].blobs ? &blobs : &rows) += r->table[i].seen.rows;
		bytes += r->table[i].seen.bytes;
	}
	/* ends the digest: fine, as each archive has one manifest */
	bk_digest_end(r->records, &records);
	if (m->tables != tables || m->rows != rows || m->bytes != bytes ||
	    m->blobs != blobs || m->records.lo != records.lo ||
	    m->records.hi != records.hi)
		return bk_restore_damaged(r, NULL,
		    "its manifest belongs to another dump", e);
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
