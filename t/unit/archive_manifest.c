/* Digests, proof records, the manifest: their text and upper bounds. */
#include <jansson.h>

#include "archive/manifest.h"
#include "stream/seal.h"
#include "stream/writer.h"
#include "tap.h"

static struct bk_err e;

static void
test_digest(void)
{
	struct bk_digest a = {0}, b = {0}, c = {0}, big = { ~0ull, 0 };
	const struct bk_digest one = { 1, 0 };
	struct bk_digest_state *s = bk_digest_new();
	char text[BK_DIGEST_TEXT];

	bk_digest_format(&a, text);
	is_str(text, "00000000000000000000000000000000", "no item");
	bk_digest_item(&a, "", 0);
	bk_digest_format(&a, text);
	is_str(text, "99aa06d3014798d86001c324468d497f",
	    "XXH3-128 of the empty string, as xxhsum -H2 prints it");
	bk_digest_item(&a, "one", 3);
	bk_digest_item(&a, "two", 3);
	bk_digest_item(&b, "two", 3);
	bk_digest_item(&b, "one", 3);
	bk_digest_item(&c, "", 0);
	bk_digest_add(&b, &c);
	ok(a.lo == b.lo && a.hi == b.hi, "any order, added up");
	bk_digest_item(&b, "two", 3);
	ok(a.lo != b.lo, "a line more is another digest");
	bk_digest_add(&big, &one);
	ok(big.lo == 0 && big.hi == 1, "the carry");
	b = c = (struct bk_digest){0};
	bk_digest_begin_object(s, 42);
	bk_digest_update(s, "a", 1);
	bk_digest_update(s, "b", 1);
	bk_digest_end(s, &b);
	bk_digest_item(&c, "42\0ab", 5);
	ok(b.lo == c.lo && b.hi == c.hi, "an object is OID, NUL, content");
	bk_digest_free(s);
	bk_digest_format(&b, text);
	ok(bk_digest_parse(text, &c) == 0 && c.lo == b.lo && c.hi == b.hi,
	    "read back");
	is_int(bk_digest_parse("99aa", &c), -1, "too short");
	text[5] = 'g';
	is_int(bk_digest_parse(text, &c), -1, "not hex");
}

/* The longest name in the encoding that expands most in JSON. */
static const char *
worst(size_t n)
{
	static char s[4096];

	memset(s, '\1', n);
	s[n] = '\0';
	return s;
}

static size_t
parsed(const struct bk_buf *b, const char *kind)
{
	json_error_t err;
	json_t *j = json_loads(b->data, 0, &err);
	size_t n = j == NULL ? 0 : json_object_size(j);

	ok(j != NULL && strcmp(json_string_value(json_object_get(j, "bk")),
	    kind) == 0, "valid JSON of a %s", kind);
	json_decref(j);
	return n;
}

static void
test_bounds(void)
{
	struct bk_toc_entry te = { .id = INT32_MAX, .desc = "TABLE DATA",
	    .schema = worst(126), .tag = worst(126) };
	struct bk_content c = { .rows = INT64_MAX, .bytes = INT64_MAX };
	struct bk_manifest m = { .started = 253402300799, .ended = 1,
	    .tables = INT64_MAX, .rows = INT64_MAX, .bytes = INT64_MAX,
	    .blobs = INT64_MAX };
	char fits[320 - 4 + 1] = "", *const options[] = { fits, NULL };
	char zone[256 + 1] = "", setting[48 + 1] = "";
	struct bk_buf record = {0}, manifest = {0};
	size_t tail;

	memset(fits, 'x', sizeof(fits) - 1);
	memset(zone, 'x', sizeof(zone) - 1);
	memset(setting, 'x', sizeof(setting) - 1);

	bk_manifest_proof_record(&record, &te, &c, &e);
	is_int((intmax_t)parsed(&record, "table"), 7, "all its fields");
	ok(record.len <= BK_PROOF_RECORD_MAX_LEN, "a record: %zu bytes",
	    record.len);
	m.database = m.system_identifier = m.server_version =
	    m.server_encoding = m.snapshot = m.lsn = m.pg_dump = m.toc =
	    m.timezone = worst(4000);
	m.bytea_output = m.lc_monetary = setting;
	m.quote_all_identifiers = "off";
	m.options = options;
	ok(bk_manifest_format(&manifest, &m, &e) == -1, "%s", e.msg);
	e = (struct bk_err){0};
	manifest.len = 0;
	m.timezone = zone;
	is_int(bk_manifest_format(&manifest, &m, &e), 0, "all fits");
	is_int((intmax_t)parsed(&manifest, "manifest"), 21, "all its fields");
	ok(manifest.len <= BK_MANIFEST_MAX, "the manifest: %zu bytes",
	    manifest.len);
	/* two blocks (type, id, one chunk, end each), digest and mark */
	tail = BK_PROOF_RECORD_MAX_LEN + BK_MANIFEST_MAX +
	    2 * (1 + 3 * BK_INT_LEN) + 1 + BK_DIGEST_TEXT + BK_SEAL_CLOSING;
	ok(tail <= BK_WRITER_HELD, "behind the last block: %zu bytes", tail);
	bk_buf_free(&record);
	bk_buf_free(&manifest);
}

static void
test_text(void)
{
	struct bk_toc_entry te = { .id = 9, .desc = "TABLE DATA",
	    .schema = "a\"b", .tag = "\xff" };
	struct bk_content c = { .rows = 2, .bytes = 10 };
	struct bk_manifest m = { .database = "x", .started = 0, .ended = 1 };
	struct bk_buf b = {0};
	char long_name[2000], *const options[] = { long_name, NULL };
	size_t i;

	bk_manifest_proof_record(&b, &te, &c, &e);
	is_str(b.data, "{\"bk\":\"table\",\"id\":9,\"schema\":\"a\\\"b\","
	    "\"table\":\"\\ufffd\",\"rows\":2,\"bytes\":10,\"digest\":"
	    "\"00000000000000000000000000000000\"}", "a table's record");
	te.desc = "BLOBS";
	b.len = 0;
	bk_manifest_proof_record(&b, &te, &c, &e);
	is_str(b.data, "{\"bk\":\"blobs\",\"id\":9,\"objects\":2,\"bytes\":10,"
	    "\"digest\":\"00000000000000000000000000000000\"}",
	    "large objects' record");
	b.len = 0;
	bk_manifest_format(&b, &m, &e);
	is_int((intmax_t)parsed(&b, "manifest"), 13,
	    "what is not known is left out");
	for (i = 0; i < sizeof(long_name) - 2; i += 2)
		memcpy(long_name + i, "\xc3\xa9", 2);
	long_name[i] = '\0';
	m.database = long_name;
	m.options = options;
	b.len = 0;
	bk_manifest_format(&b, &m, &e);
	(void)parsed(&b, "manifest");
	ok(strstr(b.data, "\\ufffd") == NULL, "cut between characters");
	ok(strstr(b.data, "\"options\":null") != NULL, "not cut, left out");
	bk_buf_free(&b);
}

int
main(void)
{
	test_digest();
	test_bounds();
	test_text();
	return tap_done();
}
