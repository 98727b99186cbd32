#include "dump/output.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "stream/heads.h"
#include "stream/writer.h"

#define OUTPUT "standard output"
#define CHUNK (256 * 1024)	/* of a table's data, regardless of rows */

/* The end marker of COPY text in an archive, as pg_dump writes it. */
static const char copy_end[] = "\\.\n\n\n";

struct bk_dump_output {
	struct bk_writer *out;
	const struct bk_toc *toc;
	struct bk_manifest about;
	struct bk_seal seal;
	struct bk_digest_state *records;
	struct bk_buf raw;	/* header and TOC as written */
	size_t shift;		/* of the fields after the mark */
	char digest[BK_DIGEST_TEXT];	/* of raw */
	int seekable;
	struct bk_buf scratch;	/* a block's beginning or end */
	struct bk_content content;	/* of the current block */
	struct bk_task_queue *q;	/* takes buffers back */
	struct bk_qbuf *head, *tail;	/* COPY text, less than a chunk */
	size_t pending, used;	/* bytes in them; written, of the first */
};

/* Put the digest of header and TOC at offset at of these. */
static int
add_digest(struct bk_dump_output *d, size_t at, struct bk_err *e)
{
	if (bk_toc_digest(d->toc, &d->raw, d->shift, at, d->digest, e) == -1)
		return -1;
	memcpy(d->raw.data + at, d->digest, BK_DIGEST_TEXT - 1);
	d->about.toc = d->digest;
	return 0;
}

/* Does a reader find our mark after any beginning of the stream? */
static int
check_head(const struct bk_dump_output *d, const char *mark, struct bk_err *e)
{
	struct bk_seal found;
	ptrdiff_t len, at;

	at = bk_heads_mark(&found, d->raw.data, d->raw.len, &len);
	if (at != -1 && len == (ptrdiff_t)strlen(mark) &&
	    memcmp(d->raw.data + at, mark, (size_t)len) == 0)
		return 0;
	return bk_fail(e, BK_FAIL, "database \"%s\": its name, or pg_dump's "
	    "TOC, leaves no room for an opening mark; rename it",
	    d->about.database);
}

/* Do these options of pg_dump leave out tables, rows or large objects? */
static int
selects(char *const *options)
{
	static const char *const some[] = { "-a", "-B", "-e", "-n", "-N", "-s",
	    "-t", "-T", "--exclude-", "--filter=", "--no-data",
	    "--no-large-objects", "--no-schema", "--section=",
	    "--statistics-only", "--table-and-children=" };
	size_t i, j;

	for (i = 0; options != NULL && options[i] != NULL; i++)
		for (j = 0; j < sizeof(some) / sizeof(some[0]); j++)
			if (strncmp(options[i], some[j],
			    strlen(some[j])) == 0)
				return 1;
	return 0;
}

/*
 * The opening mark becomes the ENCODING entry's COPY statement: every TOC
 * begins with that entry, and the field is not read if there is no data.  Not
 * the header's version string, which pg_restore -f copies into every script:
 * that would look like an unfinished sealed stream.  The mark is followed by
 * what bk-restore must know before it creates anything: the system identifier,
 * whether this is only a part of a database, and the digest of header and TOC.
 */
static int
add_mark(struct bk_dump_output *d, const struct bk_label *label,
    struct bk_err *e)
{
	const struct bk_toc_entry *te = bk_toc_encoding_entry(d->toc);
	const struct bk_buf *raw = &d->toc->raw;
	char mark[BK_SEAL_OPENING];
	struct bk_buf text = {0};
	int rc = -1;

	if (te != d->toc->entry || te->copy != NULL)
		return bk_fail(e, BK_FAIL, "pg_dump: no room for a mark at "
		    "the beginning of its TOC");
	if (bk_seal_new(&d->seal, label, e) == -1)
		return -1;
	(void)bk_seal_open(&d->seal, mark);
	if (bk_buf_printf(&text, e, BK_HEAD_ARCHIVE_AUTHOR BK_VERSION
	    " %s", mark) == -1 ||
	    (d->about.system_identifier != NULL && bk_buf_printf(&text,
	    e, " system %.20s", d->about.system_identifier) == -1) ||
	    bk_buf_printf(&text, e, "%s" BK_TOC_DIGEST "%0*d",
	    selects(d->about.options) ? BK_TOC_PART : "", BK_DIGEST_TEXT - 1,
	    0) == -1 || bk_buf_add(&d->raw, raw->data, te->copy_at, e) == -1 ||
	    bk_archive_add_str(&d->raw, text.data, e) == -1 ||
	    bk_buf_add(&d->raw, raw->data + te->copy_at + BK_INT_LEN,
	    raw->len - te->copy_at - BK_INT_LEN, e) == -1)
		goto done;
	d->shift = d->raw.len - raw->len;
	if (check_head(d, mark, e) == 0)
		rc = add_digest(d, te->copy_at + BK_INT_LEN + text.len -
		    (BK_DIGEST_TEXT - 1), e);
 done:
	bk_buf_free(&text);
	return rc;
}

/* Can the TOC be rewritten at the end?  Not with O_APPEND. */
static int
is_seekable(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flags != -1 &&
	    !(flags & O_APPEND) && lseek(fd, 0, SEEK_CUR) == 0;
}

struct bk_dump_output *
bk_dump_output_open(int fd, const struct bk_toc *toc,
    const struct bk_manifest *about, const struct bk_label *label,
    struct bk_err *e)
{
	struct bk_dump_output *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->records = bk_digest_new()) == NULL) {
		bk_dump_output_free(d);
		bk_fail_memory(e);
		return NULL;
	}
	d->toc = toc;
	d->about = *about;
	d->seekable = is_seekable(fd);
	bk_digest_begin(d->records);
	if (add_mark(d, label, e) == -1 ||
	    (d->out = bk_writer_open(fd, OUTPUT, e)) == NULL ||
	    bk_writer_write(d->out, d->raw.data, d->raw.len, e) == -1) {
		bk_dump_output_free(d);
		return NULL;
	}
	return d;
}

void
bk_dump_output_free(struct bk_dump_output *d)
{
	struct bk_qbuf *next;

	if (d == NULL)
		return;
	for (; d->head != NULL; d->head = next) {
		next = d->head->next;
		bk_task_queue_recycle(d->q, d->head);
	}
	bk_writer_free(d->out);
	bk_digest_free(d->records);
	bk_buf_free(&d->raw);
	bk_buf_free(&d->scratch);
	free(d);
}

/* Append a block whose id no entry has: standard tools skip it. */
static int
add_proof_record(struct bk_dump_output *d, struct bk_buf *b,
    const struct bk_buf *text, struct bk_err *e)
{
	if (bk_archive_add_block(b, BK_BLOCK_DATA, d->toc->max_id + 1, e) ==
	    -1 || bk_archive_add_chunk(b, text->data, text->len, e) == -1)
		return -1;
	return bk_archive_add_int(b, 0, e);
}

int
bk_dump_output_globals(struct bk_dump_output *d, const struct bk_buf *sql,
    struct bk_err *e)
{
	struct bk_buf b = {0}, head = {0};
	size_t at, n;
	int rc = -1;

	if (bk_archive_add_block(&b, BK_BLOCK_DATA, d->toc->max_id + 1, e) ==
	    -1 || bk_manifest_globals(&head, sql->data, sql->len, e) == -1 ||
	    bk_archive_add_chunk(&b, head.data, head.len, e) == -1)
		goto done;
	bk_digest_update(d->records, head.data, head.len - 1);
	for (at = 0; at < sql->len; at += n) {
		n = sql->len - at < CHUNK ? sql->len - at : CHUNK;
		if (bk_archive_add_chunk(&b, sql->data + at, n, e) == -1)
			goto done;
	}
	if (bk_archive_add_int(&b, 0, e) == 0)
		rc = bk_writer_write(d->out, b.data, b.len, e);
 done:
	bk_buf_free(&head);
	bk_buf_free(&b);
	return rc;
}

/* Begin the block, with its offset for the TOC. */
static int
begin_block(struct bk_dump_output *d, const struct bk_dump_item *it,
    struct bk_err *e)
{
	uint64_t off = bk_writer_bytes(d->out);
	uint8_t *p = (uint8_t *)d->raw.data + it->te->offset_at + d->shift;
	int i;

	p[0] = BK_OFFSET_SET;
	for (i = 1; i < BK_OFFSET_LEN; i++, off >>= 8)
		p[i] = (uint8_t)off;
	d->content = (struct bk_content){0};
	d->scratch.len = 0;
	if (bk_archive_add_block(&d->scratch, it->blobs ? BK_BLOCK_BLOBS :
	    BK_BLOCK_DATA, it->te->id, e) == -1)
		return -1;
	return bk_writer_write(d->out, d->scratch.data, d->scratch.len, e);
}

/* End the block, and write its proof record. */
static int
end_block(struct bk_dump_output *d, const struct bk_dump_item *it,
    struct bk_err *e)
{
	struct bk_buf record = {0};
	struct bk_buf *b = &d->scratch;
	int rc = -1;

	b->len = 0;
	if (!it->blobs && bk_archive_add_chunk(b, copy_end,
	    sizeof(copy_end) - 1, e) == -1)
		goto done;
	if (bk_archive_add_int(b, 0, e) == -1 ||
	    bk_manifest_proof_record(&record, it->te, &d->content, e) == -1 ||
	    add_proof_record(d, b, &record, e) == -1)
		goto done;
	bk_digest_update(d->records, record.data, record.len);
	if (it->blobs) {
		d->about.blobs += d->content.rows;
	} else {
		d->about.tables++;
		d->about.rows += d->content.rows;
	}
	d->about.bytes += d->content.bytes;
	rc = bk_writer_write(d->out, b->data, b->len, e);
 done:
	bk_buf_free(&record);
	return rc;
}

/*
 * Write n pending bytes as one chunk.  Chunks depend on the text alone, not on
 * the tasks it came from: the archive is the same for any number of workers.
 */
static int
write_chunk(struct bk_dump_output *d, size_t n, struct bk_err *e)
{
	uint8_t len[BK_INT_LEN];

	bk_archive_put_int(len, (int32_t)n);
	if (bk_writer_write(d->out, len, sizeof(len), e) == -1)
		return -1;
	d->pending -= n;
	while (n > 0) {
		struct bk_qbuf *b = d->head;
		size_t m;

		if (b == NULL)
			return bk_fail(e, BK_FAIL, "fewer rows than counted");
		m = b->len - d->used < n ? b->len - d->used : n;
		if (bk_writer_write(d->out, b->data + d->used, m, e) == -1)
			return -1;
		n -= m;
		if ((d->used += m) == b->len) {
			d->head = b->next;
			d->used = 0;
			bk_task_queue_recycle(d->q, b);
		}
	}
	return 0;
}

static void
write_rows(struct bk_dump_output *d, struct bk_qbuf *list, struct bk_err *e)
{
	if (d->head == NULL)
		d->head = list;
	else
		d->tail->next = list;
	for (; list != NULL; list = list->next) {
		d->tail = list;
		d->pending += list->len;
	}
	while (d->pending >= CHUNK && e->code == BK_OK)
		(void)write_chunk(d, CHUNK, e);
}

/* Large objects are in the archive's format already. */
static void
write_objects(struct bk_dump_output *d, struct bk_qbuf *list, struct bk_err *e)
{
	struct bk_qbuf *next;

	for (; list != NULL; list = next) {
		next = list->next;
		if (e->code == BK_OK)
			(void)bk_writer_write(d->out, list->data, list->len, e);
		bk_task_queue_recycle(d->q, list);
	}
}

/* End a task, and its block after the last one. */
static int
end_task(struct bk_dump_output *d, const struct bk_slot *s, struct bk_err *e)
{
	d->content.rows += s->rows;
	d->content.bytes += s->bytes;
	bk_digest_add(&d->content.digest, &s->digest);
	if (!s->task.last)
		return 0;
	if (d->pending > 0 && write_chunk(d, d->pending, e) == -1)
		return -1;
	return end_block(d, s->task.item, e);
}

int
bk_dump_output_drain(struct bk_dump_output *d, struct bk_task_queue *q,
    struct bk_err *e)
{
	struct bk_qbuf *list;
	struct bk_slot *s;
	int ended, begun = 0, rc;

	d->q = q;
	while ((rc = bk_task_queue_pop(q, &s, &list, &ended, e)) == 1) {
		if (!begun && s->task.first)
			(void)begin_block(d, s->task.item, e);
		begun = !ended;
		/* the buffers are ours even after a failure: both check *e */
		if (s->task.item->blobs)
			write_objects(d, list, e);
		else
			write_rows(d, list, e);
		if (e->code != BK_OK || (ended && end_task(d, s, e) == -1))
			return -1;
		if (ended)
			bk_task_queue_retire(q);
	}
	return rc;
}

int
bk_dump_output_finish(struct bk_dump_output *d, time_t ended,
    uint64_t *bytes, struct bk_err *e)
{
	char closing[BK_SEAL_CLOSING + 1];
	struct bk_buf text = {0}, b = {0};
	int rc = -1;

	/* the block ends with an int */
	bk_seal_close(&d->seal, BK_INT_LEN, closing);
	d->about.ended = ended;
	bk_digest_end(d->records, &d->about.records);
	if (bk_manifest_format(&text, &d->about, e) == -1 ||
	    bk_manifest_close(&text, closing, e) == -1 ||
	    add_proof_record(d, &b, &text, e) == -1 ||
	    bk_writer_write(d->out, b.data, b.len, e) == -1)
		goto done;
	if (d->seekable &&
	    bk_writer_patch(d->out, 0, d->raw.data, d->raw.len, 0, e) == -1)
		goto done;
	*bytes = bk_writer_bytes(d->out);
	rc = bk_writer_finish(d->out, e);
 done:
	bk_buf_free(&text);
	bk_buf_free(&b);
	return rc;
}
