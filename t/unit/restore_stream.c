/* How bk-restore reads a stream: every truncation, every flipped bit. */
#include "restore/restore_in.h"
#include "verify_run.h"
#include "archive_sample.h"
#include "starve.h"

/* Read a table's rows like a worker: end marker stripped, all rows loaded. */
static int
load_table(struct bk_restore *r, struct bk_restore_table *t,
    struct bk_err *why)
{
	struct bk_copytext *l = bk_copytext_new(why);
	char buf[7];
	ssize_t n;
	int rc;

	bk_copytext_begin(l);
	while ((n = bk_archive_data(r->archive, buf, sizeof(buf), why)) > 0)
		bk_copytext_feed(l, buf, (size_t)n);
	rc = n == -1 ? -1 : bk_copytext_end(l) == BK_COPYTEXT_CLOSED ? 0 :
	    bk_restore_damaged(r, t, "its rows have no end marker", why);
	t->seen = *bk_copytext_content(l);
	t->loaded = t->seen.rows;
	bk_copytext_free(l);
	return rc;
}

static int
load_objects(struct bk_restore *r, struct bk_restore_table *t,
    struct bk_err *why)
{
	struct bk_digest_state *state = bk_digest_new();
	char buf[3];
	uint32_t oid;
	ssize_t n = 0;
	int rc;

	while ((rc = bk_archive_object(r->archive, &oid, why)) == 1) {
		bk_digest_begin_object(state, oid);
		while ((n = bk_archive_data(r->archive, buf, sizeof(buf),
		    why)) > 0) {
			bk_digest_update(state, buf, (size_t)n);
			t->seen.bytes += (size_t)n;
		}
		if (n == -1)
			break;
		bk_digest_end(state, &t->seen.digest);
		t->seen.rows++;
	}
	bk_digest_free(state);
	return n == -1 ? -1 : rc;
}

static int
load_all(struct bk_restore *r, struct bk_err *why)
{
	struct bk_restore_table *t;
	int rc;

	while ((rc = bk_restore_block(r, &t, why)) == 1)
		if ((t->blobs ? load_objects(r, t, why) :
		    load_table(r, t, why)) == -1)
			return -1;
	return rc == -1 ? -1 : bk_restore_check(r, why);
}

/* The result of restoring n bytes; 99: return value and *e disagree. */
static enum bk_code
restore(const void *p, size_t n, size_t piece, struct bk_restore_report *sums)
{
	struct memory m = { p, n, piece };
	struct bk_err why = {0};
	struct bk_restore *r = bk_restore_open((struct bk_source){
	    read_memory, &m }, "x", &why);
	int rc = r == NULL ? -1 : load_all(r, &why);

	if (sums != NULL)
		bk_restore_report(r, sums);
	bk_restore_free(r);
	return (rc == 0) != (why.code == BK_OK) ? (enum bk_code)99 : why.code;
}

static void
test_whole(const struct sample *s)
{
	static const size_t pieces[] = { 1, 2, 7, 100, 65536 };
	struct bk_restore_report sums = {0};
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		is_int(restore(s->b.data, s->b.len, pieces[i], NULL), BK_OK,
		    "a whole stream, read in pieces");
	(void)restore(s->b.data, s->b.len, 999, &sums);
	is_int((intmax_t)sums.tables, 2, "tables");
	is_int((intmax_t)sums.rows, 5, "rows");
	is_int((intmax_t)sums.blobs, 2, "large objects");
	is_int((intmax_t)sums.bytes, 25 + 5, "bytes");
}

static void
test_cuts(const struct sample *s)
{
	size_t n;
	int bad = 0;

	for (n = 0; n < s->b.len; n++)
		bad += restore(s->b.data, n, 65536, NULL) != BK_DATA;
	is_int(bad, 0, "every cut is refused");
}

/* Whoever reads the stream checks the closing mark. */
static void
test_flips(struct sample *s)
{
	size_t at;
	int bit, bad = 0;

	for (at = 0; at < s->b.len; at++)
		for (bit = 0; bit < 8; bit++) {
			if (is_offset(s, at) || (at >= s->close &&
			    at < s->close + BK_SEAL_CLOSING))
				continue;
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
			if (restore(s->b.data, s->b.len, 65536, NULL) !=
			    BK_DATA && bad++ < 5)
				printf("# bit %d of byte %zu: %.20s\n", bit,
				    at, s->b.data + at);
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
		}
	is_int(bad, 0, "every flipped bit is refused as damage");
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
		is_int(restore(s.b.data, s.b.len, 65536, NULL), BK_DATA,
		    "a manifest with another total");
		free_sample(&s);
	}
}

/* Insert text before the manifest as a block that no entry names. */
static enum bk_code
with_block(const char *text)
{
	static const struct bk_manifest as_is;
	struct sample s;
	struct bk_buf tail = {0};
	enum bk_code code;

	make(&s, &as_is);
	bk_buf_add(&tail, s.b.data + s.manifest, s.b.len - s.manifest, &e);
	s.b.len = s.manifest;
	add_unnamed(&s, text, strlen(text));
	bk_buf_add(&s.b, tail.data, tail.len, &e);
	code = restore(s.b.data, s.b.len, 65536, NULL);
	bk_buf_free(&tail);
	free_sample(&s);
	return code;
}

static void
test_unnamed(void)
{
	struct bk_buf roles = {0};

	is_int(with_block("somebody else's"), BK_OK, "a block of others");
	is_int(with_block("{\"bk\":\"news\"}"), BK_OK, "of a later version");
	is_int(with_block("{\"bk\":\"table\"}"), BK_DATA, "an empty record");
	is_int(with_block("{\"bk\":\"table\",\"id\":7,\"rows\":5,\"bytes\":25,"
	    "\"digest\":\"0123456789abcdef" "0123456789abcdef\"}"), BK_DATA,
	    "a second record");
	bk_manifest_globals(&roles, "SQL;", 4, &e);
	bk_buf_puts(&roles, "SQL;", &e);
	is_int(with_block(roles.data), BK_DATA, "roles that the manifest's "
	    "digest does not count");
	bk_buf_free(&roles);
	is_int(with_block("{\"bk\":\"globals\",\"bytes\":5}\nSQL;"), BK_DATA,
	    "incomplete roles");
	is_int(with_block("{\"bk\":\"manifest\"}"), BK_DATA,
	    "a manifest that says nothing");
}

static enum bk_code
restored(const struct sample *s)
{
	return restore(s->b.data, s->b.len, 65536, NULL);
}

/* Behind the manifest nothing is proven. */
static void
test_behind_manifest(void)
{
	static const struct bk_manifest as_is;
	struct sample s;
	size_t end;

	make(&s, &as_is);
	end = s.b.len;
	add_unnamed(&s, "somebody else's", 15);
	is_int(restored(&s), BK_DATA, "a block behind the manifest");
	s.b.len = end;
	add_table(&s, 7, "orders", "");
	is_int(restored(&s), BK_DATA, "a table behind it");
	free_sample(&s);
}

/* Of which of them would the rows be? */
static void
test_number_twice(void)
{
	static const char five[] = "\0\5\0\0\0\0\1\0\0";
	struct sample s = { .records = bk_digest_new() };
	struct bk_err why = {0};
	struct memory m;
	size_t at = 0;

	add_head(&s, 0);
	while (memcmp(s.b.data + at, five, sizeof(five)) != 0)
		at++;
	bk_archive_add_block(&s.b, BK_BLOCK_DATA, 7, &e);
	bk_archive_add_chunk(&s.b, "\\.\n\n\n", 5, &e);
	add_zero(&s);
	bk_archive_add_block(&s.b, BK_BLOCK_DATA, 5, &e);
	bk_archive_add_chunk(&s.b, "\\.\n\n\n", 5, &e);
	add_zero(&s);
	bk_archive_add_block(&s.b, BK_BLOCK_BLOBS, 9, &e);
	add_zero(&s);
	is_int(restored(&s), BK_OK, "two tables of pg_dump's");
	s.b.data[at + 1] = 7;
	m = (struct memory){ s.b.data, s.b.len, 999 };
	ok(bk_restore_open((struct bk_source){ read_memory, &m }, "x",
	    &why) == NULL && why.code == BK_DATA, "of one number");
	ok(strstr(why.msg, "two TOC entries with the same number") != NULL,
	    "  %s", why.msg);
	free_sample(&s);
}

static int
open_sample(void *arg, struct bk_err *err)
{
	const struct sample *s = arg;
	struct memory m = { s->b.data, s->b.len, 65536 };
	struct bk_restore *r = bk_restore_open((struct bk_source){
	    read_memory, &m }, "x", err);

	bk_restore_free(r);
	return r == NULL ? -1 : 0;
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
	test_totals();
	test_unnamed();
	test_behind_manifest();
	test_number_twice();
	starve("a dump's contents", STARVE_MEMORY, open_sample, &s);
	starve("a dump's contents", STARVE_BUFFER, open_sample, &s);
	is_int(e.code, BK_OK, "nothing failed on the way");
	free_sample(&s);
	return tap_done();
}
