/* Reading proof records: truncated, altered, too long, foreign. */
#include <stdlib.h>

#include "archive/proof_record.h"
#include "verify_run.h"

#define DIGEST "0123456789abcdef" "fedcba9876543210"

static const char record[] = "{\"bk\":\"table\",\"id\":7,\"schema\":\"s\","
    "\"table\":\"t\",\"rows\":12,\"bytes\":345,\"digest\":\"" DIGEST "\"}";

/* Read a block with the n bytes at p in chunks; returns the code. */
static enum bk_code
read_block(const char *p, size_t n, size_t chunk, struct bk_proof_record *h,
    struct bk_err *e)
{
	static const uint8_t head[] = { 'P', 'G', 'D', 'M', 'P', 1, 15, 0, 4, 8,
	    1, 0 };
	struct bk_buf b = {0};
	struct bk_toc toc = {0};
	struct memory m;
	struct bk_archive *a;
	int32_t id;
	int i, type;
	size_t take;

	*e = (struct bk_err){0};
	bk_buf_add(&b, head, sizeof(head), e);
	for (i = 0; i < 7; i++)
		bk_archive_add_int(&b, 1, e);
	for (i = 0; i < 3; i++)
		bk_archive_add_str(&b, "x", e);
	bk_archive_add_int(&b, 0, e);
	bk_archive_add_block(&b, BK_BLOCK_DATA, 9, e);
	for (; n > 0; p += take, n -= take) {
		take = n < chunk ? n : chunk;
		bk_archive_add_chunk(&b, p, take, e);
	}
	bk_archive_add_int(&b, 0, e);
	m = (struct memory){ b.data, b.len, 999 };
	a = bk_archive_open((struct bk_source){ read_memory, &m }, "x", e);
	if (bk_archive_toc(a, &toc, e) == 0 &&
	    bk_archive_next(a, &type, &id, e) == 1)
		(void)bk_proof_record_read(a, "x", h, e);
	bk_toc_free(&toc);
	bk_archive_free(a);
	bk_buf_free(&b);
	return e->code;
}

static void
test_record(void)
{
	static const size_t chunks[] = { 1, 3, 50, 4096 };
	const size_t n = sizeof(record) - 1;
	struct bk_proof_record h = {0};
	struct bk_content c = {0};
	struct bk_err e;
	int32_t id = 0;
	size_t i;

	for (i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		is_int(read_block(record, n, chunks[i], &h, &e), BK_OK,
		    "a record");
		is_int((intmax_t)h.text.len, (intmax_t)n, "its text");
	}
	is_int(h.kind, BK_PROOF_RECORD_TABLE, "a table's");
	is_int(
	    bk_proof_record_content(&h, "x", &id, &c, &e), 0, "with numbers");
	ok(id == 7 && c.rows == 12 && c.bytes == 345, "which are these");
	ok(c.digest.hi == 0x0123456789abcdef &&
	    c.digest.lo == 0xfedcba9876543210, "and the digest");
	is_str(bk_proof_record_string(&h, "schema"), "s", "a string");
	ok(bk_proof_record_string(&h, "rows") == NULL, "a number is none");
	bk_proof_record_free(&h);
}

static void
test_cuts(void)
{
	struct bk_proof_record h = {0};
	struct bk_err e;
	size_t n;
	int bad = 0;

	for (n = 0; n < sizeof(record) - 1; n++)
		bad += read_block(record, n, 4096, &h, &e) != BK_DATA &&
		    (n >= 7 || h.kind != BK_PROOF_RECORD_NONE);
	is_int(bad, 0, "every cut is refused, or no record");
	bk_proof_record_free(&h);
}

/* A flipped bit is refused, or detected by the manifest's digest. */
static void
test_flips(void)
{
	char text[sizeof(record)];
	struct bk_proof_record h = {0};
	struct bk_content c;
	struct bk_err e;
	int32_t id;
	size_t at;
	int bit, bad = 0;

	for (at = 0; at < sizeof(record) - 1; at++)
		for (bit = 0; bit < 8; bit++) {
			memcpy(text, record, sizeof(text));
			text[at] = (char)(text[at] ^ 1 << bit);
			if (read_block(text, sizeof(text) - 1, 4096, &h,
			    &e) == BK_OK && h.kind <= BK_PROOF_RECORD_BLOBS)
				(void)bk_proof_record_content(
				    &h, "x", &id, &c, &e);
			bad += e.code != BK_OK && e.code != BK_DATA;
			bad += e.code == BK_OK &&
			    h.kind <= BK_PROOF_RECORD_BLOBS &&
			    memcmp(h.text.data, record, h.text.len) == 0;
		}
	is_int(bad, 0, "every flipped bit is survived, and shows");
	bk_proof_record_free(&h);
}

static void
test_contents(void)
{
	static const char *const bad[] = {
		"{\"bk\":\"table\",\"id\":0,\"rows\":1,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "\"}",
		"{\"bk\":\"table\",\"id\":2147483648,\"rows\":1,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "\"}",
		"{\"bk\":\"table\",\"id\":1,\"rows\":-1,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "\"}",
		"{\"bk\":\"table\",\"id\":1,\"rows\":1.5,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "\"}",
		"{\"bk\":\"table\",\"id\":1,\"rows\":1,"
		    "\"digest\":\"" DIGEST "\"}",
		"{\"bk\":\"table\",\"id\":1,\"rows\":1,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "0\"}",
		"{\"bk\":\"table\",\"id\":1,\"rows\":1,\"bytes\":1,"
		    "\"digest\":\"0123\"}",
		"{\"bk\":\"blobs\",\"id\":1,\"rows\":1,\"bytes\":1,"
		    "\"digest\":\"" DIGEST "\"}",
	};
	struct bk_proof_record h = {0};
	struct bk_content c;
	struct bk_err e;
	int32_t id;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(read_block(bad[i], strlen(bad[i]), 99, &h, &e), BK_OK,
		    "a record");
		is_int(bk_proof_record_content(&h, "x", &id, &c, &e), -1,
		    "that says nothing");
		is_int(e.code, BK_DATA, "is damaged");
	}
	is_int(read_block("{\"bk\":\"table\",\"id\":1,\"id\":2}", 28, 99, &h,
	    &e), BK_DATA, "a key twice");
	bk_proof_record_free(&h);
}

static void
test_rest(void)
{
	static const char globals[] =
	    "{\"bk\":\"globals\",\"bytes\":9}\nSELECT\n1;";
	static const char other[] = "{\"bk\":\"manifest\"}\n(the mark)";
	struct bk_buf kept = {0}, big = {0};
	struct bk_proof_record h = { .keep = &kept };
	struct bk_err e;
	size_t chunk;
	int bad = 0;

	for (chunk = 1; chunk < 50; chunk++) {
		kept.len = 0;
		bad += read_block(globals, sizeof(globals) - 1, chunk, &h,
		    &e) != BK_OK || h.kind != BK_PROOF_RECORD_GLOBALS ||
		    h.rest != 9 || kept.len != 9 ||
		    memcmp(kept.data, "SELECT\n1;", 9) != 0;
	}
	is_int(bad, 0, "what is behind a newline is kept, newlines and all");
	kept.len = 0;
	is_int(read_block(other, sizeof(other) - 1, 99, &h, &e), BK_OK,
	    "a manifest");
	ok(h.rest == 10 && kept.len == 0, "its mark is counted only");
	is_int(read_block("PGDMP?", 6, 99, &h, &e), BK_OK, "others' blocks");
	is_int(h.kind, BK_PROOF_RECORD_NONE, "are none of ours");
	bk_buf_add(&big, record, 20, &e);
	while (big.len <= 3 * BK_PROOF_RECORD_MAX)
		bk_buf_add(&big, "xxxxxxxxxxxxxxxx", 16, &e);
	is_int(read_block(big.data, big.len, 4096, &h, &e), BK_DATA,
	    "too long a record");
	ok(h.text.len <= BK_PROOF_RECORD_MAX + 4096, "is not held");
	big.data[0] = 'x';
	is_int(read_block(big.data, big.len, 4096, &h, &e), BK_OK,
	    "too long a block of others");
	bk_proof_record_free(&h);
	bk_buf_free(&kept);
	bk_buf_free(&big);
}

int
main(void)
{
	test_record();
	test_cuts();
	test_flips();
	test_contents();
	test_rest();
	return tap_done();
}
