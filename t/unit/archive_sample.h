/*
 * For tests of who reads archives: one such as bk-dump writes, two tables and
 * large objects, in memory.  Its rows are SAMPLE_ROWS.
 */
#include <stdlib.h>

#include <string.h>

#include "archive/copytext.h"
#include "archive/manifest.h"
#include "stream/seal.h"

#ifndef SAMPLE_ROWS
#define SAMPLE_ROWS "1\tone\n2\ttwo\n\n3\t\\\\.\n2\ttwo\n"
#endif
#define UNNAMED 10		/* an id that no entry has */

struct sample {
	struct bk_buf b;
	struct bk_manifest about;
	struct bk_seal seal;
	struct bk_digest_state *records;
	size_t manifest;	/* where its block begins */
	size_t close;		/* and the closing mark */
	struct bk_toc toc;	/* as read back; its entries' offsets */
	char digest[BK_DIGEST_TEXT];	/* of header and TOC */
};

static struct bk_err e;

static void
add_entry(struct sample *s, int32_t id, int has_data, const char *tag,
    const char *desc, const char *defn, const char *copy)
{
	const uint8_t offset[BK_OFFSET_LEN] = { has_data ? BK_OFFSET_UNSET :
	    BK_OFFSET_NODATA };
	struct bk_buf *b = &s->b;

	bk_archive_add_int(b, id, &e);
	bk_archive_add_int(b, has_data, &e);
	bk_archive_add_str(b, "0", &e);
	bk_archive_add_str(b, "16384", &e);
	bk_archive_add_str(b, tag, &e);
	bk_archive_add_str(b, desc, &e);
	bk_archive_add_int(b, 3, &e);
	bk_archive_add_str(b, defn, &e);
	bk_archive_add_str(b, "", &e);
	bk_archive_add_str(b, copy, &e);
	bk_archive_add_str(b, "public", &e);
	bk_archive_add_str(b, NULL, &e);
	bk_archive_add_str(b, NULL, &e);
	bk_archive_add_str(b, "postgres", &e);
	bk_archive_add_str(b, "false", &e);
	bk_archive_add_str(b, NULL, &e);
	bk_buf_add(b, offset, sizeof(offset), &e);
}

static ssize_t
read_head(void *ctx, void *buf, size_t n, struct bk_err *ignored)
{
	struct bk_buf *left = ctx;

	(void)ignored;
	if (n > left->len)
		n = left->len;
	memcpy(buf, left->data, n);
	left->data += n;
	left->len -= n;
	return (ssize_t)n;
}

/* Put the digest of header and TOC where 32 zeros are. */
static void
add_digest(struct sample *s)
{
	struct bk_err mismatch = {0};
	struct bk_buf left = s->b;
	struct bk_source src = { read_head, &left };
	struct bk_archive *a = bk_archive_open(src, "sample", &e);
	const char *recorded;
	size_t at;

	(void)bk_archive_toc(a, &s->toc, &mismatch);
	recorded = bk_toc_recorded(&s->toc);
	at = s->toc.entry[0].copy_at + BK_INT_LEN + (size_t)(recorded -
	    s->toc.entry[0].copy);
	bk_toc_digest(&s->toc, &s->b, 0, at, s->digest, &e);
	memcpy(s->b.data + at, s->digest, BK_DIGEST_TEXT - 1);
	s->about.toc = s->digest;
	bk_archive_free(a);
}

static void
add_head(struct sample *s, int ours)
{
	static const uint8_t head[] = { 'P', 'G', 'D', 'M', 'P', 1, 15, 0, 4, 8,
	    1, 0 };
	char mark[96 + BK_SEAL_OPENING] = "-- bk-dump 1 ";
	struct bk_label label = {0};
	int i;

	bk_label_set(&label, BK_LABEL_DB, "shop");
	(void)bk_seal_new(&s->seal, &label, &e);
	(void)bk_seal_open(&s->seal, mark + strlen(mark));
	(void)snprintf(mark + strlen(mark), 64, BK_TOC_DIGEST "%032d", 0);
	bk_buf_add(&s->b, head, sizeof(head), &e);
	for (i = 0; i < 7; i++)
		bk_archive_add_int(&s->b, 1, &e);
	bk_archive_add_str(&s->b, "shop", &e);
	bk_archive_add_str(&s->b, "15.18", &e);
	bk_archive_add_str(&s->b, "15.18", &e);
	bk_archive_add_int(&s->b, 4, &e);
	add_entry(s, 1, 0, "ENCODING", "ENCODING",
	    "SET client_encoding = 'UTF8';\n", ours ? mark : NULL);
	add_entry(s, 7, 1, "orders", "TABLE DATA", NULL, "COPY o FROM stdin;");
	add_entry(s, 5, 1, "empty", "TABLE DATA", NULL, "COPY e FROM stdin;");
	add_entry(s, 9, 1, "BLOBS", "BLOBS", NULL, NULL);
	if (ours)
		add_digest(s);
}

/* The zero that ends chunks. */
static void
add_zero(struct sample *s)
{
	bk_archive_add_int(&s->b, 0, &e);
}

static void
add_unnamed(struct sample *s, const void *p, size_t n)
{
	bk_archive_add_block(&s->b, BK_BLOCK_DATA, UNNAMED, &e);
	bk_archive_add_chunk(&s->b, p, n, &e);
	add_zero(s);
}

static void
add_record(struct sample *s, const char *desc, const char *tag, int32_t id,
    const struct bk_content *c)
{
	const struct bk_toc_entry te = { .id = id, .desc = desc, .tag = tag,
	    .schema = "public" };
	struct bk_buf text = {0};

	bk_manifest_proof_record(&text, &te, c, &e);
	bk_digest_update(s->records, text.data, text.len);
	add_unnamed(s, text.data, text.len);
	s->about.bytes += c->bytes;
	bk_buf_free(&text);
}

static void
add_table(struct sample *s, int32_t id, const char *tag, const char *rows)
{
	struct bk_copytext *l = bk_copytext_new(&e);
	size_t half = strlen(rows) / 2;

	bk_archive_add_block(&s->b, BK_BLOCK_DATA, id, &e);
	if (half > 0) {
		bk_archive_add_chunk(&s->b, rows, half, &e);
		bk_archive_add_chunk(&s->b, rows + half, strlen(rows) - half,
		    &e);
	}
	bk_archive_add_chunk(&s->b, "\\.\n\n\n", 5, &e);
	add_zero(s);
	bk_copytext_begin(l);
	bk_copytext_feed(l, rows, strlen(rows));
	add_record(s, "TABLE DATA", tag, id, bk_copytext_content(l));
	s->about.tables++;
	s->about.rows += bk_copytext_content(l)->rows;
	bk_copytext_free(l);
}

static void
add_objects(struct sample *s)
{
	struct bk_digest_state *state = bk_digest_new();
	struct bk_content c = { .rows = 2, .bytes = 5 };

	bk_archive_add_block(&s->b, BK_BLOCK_BLOBS, 9, &e);
	bk_archive_add_int(&s->b, 16401, &e);
	bk_archive_add_chunk(&s->b, "hello", 5, &e);
	add_zero(s);
	bk_digest_begin_object(state, 16401);
	bk_digest_update(state, "hello", 5);
	bk_digest_end(state, &c.digest);
	bk_archive_add_int(&s->b, -2, &e);	/* OID 4294967294, empty */
	add_zero(s);
	bk_digest_begin_object(state, UINT32_MAX - 1);
	bk_digest_end(state, &c.digest);
	add_zero(s);
	bk_digest_free(state);
	add_record(s, "BLOBS", "BLOBS", 9, &c);
	s->about.blobs = 2;
}

/* more: how many rows the manifest claims that are not there, and so on. */
__attribute__((unused)) static void
add_rest(struct sample *s, const struct bk_manifest *more)
{
	char closing[BK_SEAL_CLOSING + 1];
	struct bk_buf text = {0};

	add_table(s, 7, "orders", SAMPLE_ROWS);
	add_table(s, 5, "empty", "");
	add_objects(s);
	bk_digest_end(s->records, &s->about.records);
	s->about.tables += more->tables;
	s->about.rows += more->rows;
	s->about.bytes += more->bytes;
	s->about.blobs += more->blobs;
	bk_manifest_format(&text, &s->about, &e);
	bk_seal_close(&s->seal, BK_INT_LEN, closing);
	s->manifest = s->b.len;
	bk_manifest_close(&text, closing, &e);
	add_unnamed(s, text.data, text.len);
	s->close = s->b.len - BK_INT_LEN - BK_SEAL_CLOSING;
	bk_buf_free(&text);
}

__attribute__((unused)) static void
make(struct sample *s, const struct bk_manifest *more)
{
	*s = (struct sample){ .records = bk_digest_new() };
	bk_digest_begin(s->records);
	add_head(s, 1);
	add_rest(s, more);
}

/* 1: the offset of an entry, which whoever reads a stream does not need. */
__attribute__((unused)) static int
is_offset(const struct sample *s, size_t at)
{
	size_t i;

	for (i = 0; i < s->toc.n; i++)
		if (at >= s->toc.entry[i].offset_at &&
		    at < s->toc.entry[i].offset_at + BK_OFFSET_LEN)
			return 1;
	return 0;
}

static void
free_sample(struct sample *s)
{
	bk_digest_free(s->records);
	bk_buf_free(&s->b);
	bk_toc_free(&s->toc);
}
