/* bk-verify's judge of archives: every cut, every flipped bit */
#include <stdlib.h>

#include "../../lib/pg/copytext.h"
#include "../../lib/pg/manifest.h"
#include "seal.h"
#include "verify_run.h"

#define HIDDEN 100		/* an id that no entry has */

/* An archive such as bk-dump writes: two tables, large objects. */
struct sample {
	struct bk_buf b;
	struct bk_manifest about;
	struct bk_digest_state *records;
	size_t data;		/* where the blocks begin */
	size_t manifest;	/* and the last one */
	char *free_byte;	/* 1: nothing depends on this byte */
};

static struct bk_err e;

static void
add_entry(struct sample *s, int32_t id, int has_data, const char *tag,
    const char *desc, const char *defn, const char *copy)
{
	static const uint8_t offset[BK_OFFSET_LEN] = { BK_OFFSET_UNSET };
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

static void
add_head(struct sample *s)
{
	static const uint8_t head[] = { 'P', 'G', 'D', 'M', 'P', 1, 15, 0, 4, 8,
	    1, 0 };
	char mark[BK_SEAL_LEN + BK_SEAL_LABEL];
	int i;

	bk_seal_opening_label(mark, "shop");
	bk_buf_add(&s->b, head, sizeof(head), &e);
	for (i = 0; i < 7; i++)
		bk_archive_add_int(&s->b, 1, &e);
	bk_archive_add_str(&s->b, "shop", &e);
	bk_archive_add_str(&s->b, "15.18", &e);
	bk_archive_add_str(&s->b, "15.18", &e);
	bk_archive_add_int(&s->b, 4, &e);
	add_entry(s, 1, 0, "ENCODING", "ENCODING", "SET x", mark);
	add_entry(s, 7, 1, "orders", "TABLE DATA", NULL, "COPY o FROM stdin;");
	add_entry(s, 5, 1, "empty", "TABLE DATA", NULL, "COPY e FROM stdin;");
	add_entry(s, 9, 1, "BLOBS", "BLOBS", NULL, NULL);
	s->data = s->b.len;
}

/* The byte to come, and n - 1 behind it, may be anything. */
static void
mark_free(struct sample *s, size_t n)
{
	memset(s->free_byte + s->b.len, 1, n);
}

/* The zero that ends chunks: its sign means nothing. */
static void
add_zero(struct sample *s)
{
	mark_free(s, 1);
	bk_archive_add_int(&s->b, 0, &e);
}

static void
add_hidden(struct sample *s, const void *p, size_t n)
{
	mark_free(s, 0);
	memset(s->free_byte + s->b.len + 1, 1, BK_INT_LEN);
	bk_archive_add_block(&s->b, BK_BLOCK_DATA, HIDDEN, &e);
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

	bk_manifest_record(&text, &te, c, &e);
	bk_digest_update(s->records, text.data, text.len);
	add_hidden(s, text.data, text.len);
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
static void
make(struct sample *s, const struct bk_manifest *more)
{
	struct bk_buf text = {0};

	*s = (struct sample){ .free_byte = calloc(1, 16384),
	    .records = bk_digest_new() };
	bk_digest_begin(s->records);
	add_head(s);
	add_table(s, 7, "orders", "1\tone\n2\ttwo\n\n3\t\\\\.\n2\ttwo\n");
	add_table(s, 5, "empty", "");
	add_objects(s);
	bk_digest_end(s->records, &s->about.records);
	s->about.tables += more->tables;
	s->about.rows += more->rows;
	s->about.bytes += more->bytes;
	s->about.blobs += more->blobs;
	bk_manifest_format(&text, &s->about, &e);
	bk_buf_printf(&text, &e, "\n%s", bk_seal_closing());
	s->manifest = s->b.len;
	add_hidden(s, text.data, text.len);
	bk_buf_free(&text);
}

static int
check_archive(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *why)
{
	return bk_check_archive(src, name, NULL, v, progress, why);
}

static void
test_whole(const struct sample *s)
{
	static const size_t pieces[] = { 1, 2, 7, 100, 65536 };
	struct bk_verdict v;
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		is_int(verify_code(check_archive, s->b.data, s->b.len,
		    pieces[i]), BK_OK, "a whole archive, read in pieces");
	verify(check_archive, s->b.data, s->b.len, 999, &v);
	is_str(v.proof, "content", "its content is proven");
	is_int((intmax_t)v.tables, 2, "tables");
	is_int((intmax_t)v.rows, 5, "rows");
	is_int((intmax_t)v.blobs, 2, "large objects");
	is_int((intmax_t)v.bytes, 25 + 5, "bytes");
	bk_verdict_free(&v);
}

static void
test_cuts(const struct sample *s)
{
	size_t n;
	int bad = 0;

	for (n = 0; n < s->b.len; n++)
		bad += verify_code(check_archive, s->b.data, n, 65536) !=
		    BK_DATA;
	is_int(bad, 0, "every cut is refused");
}

/* Between TOC and manifest everything is guarded by something. */
static void
test_flips(struct sample *s)
{
	size_t at;
	int bit, bad = 0;

	for (at = s->data; at < s->manifest; at++)
		for (bit = 0; bit < 8 && !s->free_byte[at]; bit++) {
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
			if (verify_code(check_archive, s->b.data, s->b.len,
			    65536) != BK_DATA && bad++ < 5)
				printf("# bit %d of byte %zu: %.20s\n", bit,
				    at, s->b.data + at);
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
		}
	is_int(bad, 0, "every flipped bit of data and records is refused");
}

/* Flips before the data change names at most; they crash nothing. */
static void
test_flips_toc(struct sample *s)
{
	size_t at;
	int bit, bad = 0;

	for (at = 0; at < s->data; at++)
		for (bit = 0; bit < 8; bit++) {
			enum bk_code code;

			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
			code = verify_code(check_archive, s->b.data,
			    s->b.len, 65536);
			bad += code != BK_OK && code != BK_DATA &&
			    code != BK_FAIL;
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
		}
	is_int(bad, 0, "every flipped bit of the TOC is survived");
}

static void
free_sample(struct sample *s)
{
	bk_digest_free(s->records);
	bk_buf_free(&s->b);
	free(s->free_byte);
}

static void
test_totals(void)
{
	static const struct bk_manifest more[] = { { .tables = 1 },
	    { .rows = 1 }, { .bytes = 1 }, { .blobs = 1 } };
	struct sample s;
	size_t i;

	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		make(&s, &more[i]);
		is_int(verify_code(check_archive, s.b.data, s.b.len, 65536),
		    BK_DATA, "a manifest with another total");
		free_sample(&s);
	}
}

/* pg_dump's: no records; these blocks, by the entries' numbers. */
static enum bk_code
judge_blocks(const int32_t *ids, size_t n)
{
	static const char mark[] = "-- bk-dump";
	struct sample s = { .free_byte = calloc(1, 16384) };
	enum bk_code code;
	size_t i;

	add_head(&s);
	/* the opening mark would ask for records */
	for (i = 0; memcmp(s.b.data + i, bk_seal_opening(), 8) != 0; i++)
		continue;
	memcpy(s.b.data + i, mark, sizeof(mark) - 1);
	for (i = 0; i < n; i++) {
		bk_archive_add_block(&s.b, ids[i] == 9 ? BK_BLOCK_BLOBS :
		    BK_BLOCK_DATA, ids[i], &e);
		if (ids[i] != 9)
			bk_archive_add_chunk(&s.b, "1\n\\.\n\n\n", 7, &e);
		add_zero(&s);
	}
	code = verify_code(check_archive, s.b.data, s.b.len, 65536);
	free(s.free_byte);
	bk_buf_free(&s.b);
	return code;
}

static void
test_blocks(void)
{
	is_int(judge_blocks((int32_t[]){ 7, 5, 9 }, 3), BK_OK, "pg_dump's");
	is_int(judge_blocks((int32_t[]){ 9, 5, 7 }, 3), BK_OK, "any order");
	is_int(judge_blocks((int32_t[]){ 7, 9 }, 2), BK_DATA, "one missing");
	is_int(judge_blocks((int32_t[]){ 7, 5 }, 2), BK_DATA, "objects missing");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 7 }, 4), BK_DATA,
	    "one twice");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 1 }, 4), BK_DATA,
	    "one of an entry without data");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 8 }, 4), BK_DATA,
	    "one of no entry");
}

/* Swap, drop and repeat whole blocks, records and all. */
static void
test_differences(void)
{
	static const struct {
		const char *rows, *what;
	} cases[] = {
		{ "1\tone\n2\ttwo\n\n3\t\\\\.\n2\ttwO\n", "a changed byte" },
		{ "1\tone\n2\ttwo\n\n3\t\\\\.\n", "a row dropped" },
		{ "1\tone\n2\ttwo\n\n3\t\\\\.\n2\ttwo\n2\ttwo\n",
		    "a row repeated" },
		{ "one\t1\n2\ttwo\n\n3\t\\\\.\n2\ttwo\n", "columns swapped" },
		{ "1\tone\n2\ttwo\n\n3\t\\\\.\n1\tone\n",
		    "one row for another" },
	};
	struct bk_content want, got;
	struct bk_copytext *l = bk_copytext_new(&e);
	size_t i;

	for (i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		const char *rows = i == 0 ?
		    "1\tone\n2\ttwo\n\n3\t\\\\.\n2\ttwo\n" : cases[i - 1].rows;
		struct bk_verdict v = {0};

		bk_copytext_begin(l);
		bk_copytext_feed(l, rows, strlen(rows));
		got = *bk_copytext_content(l);
		if (i == 0)
			want = got;
		bk_verdict_content(&v, &want, &got, "rows", "t", &e);
		is_int((intmax_t)v.ndiff, i > 0,
		    i == 0 ? "the same" : cases[i - 1].what);
		bk_verdict_free(&v);
	}
	bk_copytext_free(l);
}

/* However the text is cut, the content is the same. */
static void
test_copytext(void)
{
	static const char text[] = "\n1\ta\n\\\\.\nlong line\n\\N\n\\.\n\n\n";
	struct bk_copytext *l = bk_copytext_new(&e);
	struct bk_content first = {0};
	size_t n = sizeof(text) - 1, i, j;
	int bad = 0;

	for (i = 0; i <= n; i++)
		for (j = i; j <= n; j++) {
			const struct bk_content *c = bk_copytext_content(l);

			bk_copytext_begin(l);
			bk_copytext_feed(l, text, i);
			bk_copytext_feed(l, text + i, j - i);
			bk_copytext_feed(l, text + j, n - j);
			if (i == 0 && j == 0)
				first = *c;
			bad += memcmp(&first, c, sizeof(first)) != 0 ||
			    bk_copytext_end(l) != BK_COPYTEXT_CLOSED;
		}
	is_int(bad, 0, "COPY text cut in three, everywhere");
	is_int((intmax_t)first.rows, 5, "its rows");
	bk_copytext_begin(l);
	bk_copytext_feed(l, "1\n\\.\n\n2\n", 8);
	is_int(bk_copytext_end(l), BK_COPYTEXT_MORE, "rows behind the end");
	bk_copytext_begin(l);
	bk_copytext_feed(l, "1\n2", 3);
	is_int(bk_copytext_end(l), BK_COPYTEXT_CUT, "half a row");
	bk_copytext_free(l);
}

static void
test_table(void)
{
	struct bk_verdict v = {0};
	struct bk_buf out = {0};
	const char *p;
	int i, lines = 0;

	for (i = 0; i < 30; i++)
		bk_verdict_differs(&v, "1 row", "2\033[2J rows", &e,
		    "table public.t%d", i);
	bk_verdict_table(&v, &out, &e);
	for (p = out.data; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	is_int(lines, 22, "20 differences are shown, a head and a count");
	ok(strstr(out.data, "and 10 more") != NULL, "how many more");
	ok(strchr(out.data, '\033') == NULL, "no escape sequence gets through");
	bk_buf_free(&out);
	bk_verdict_free(&v);
}

int
main(void)
{
	static const struct bk_manifest as_is;
	struct sample s;

	make(&s, &as_is);
	test_whole(&s);
	test_cuts(&s);
	test_flips(&s);
	test_flips_toc(&s);
	test_totals();
	test_blocks();
	test_differences();
	test_copytext();
	test_table();
	is_int(e.code, BK_OK, "nothing failed on the way");
	free_sample(&s);
	return tap_done();
}
