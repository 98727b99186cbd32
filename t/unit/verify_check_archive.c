/* Level 1 of archives: every truncation, every flipped bit. */
#include "verify_run.h"
#include "archive_sample.h"

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

/* Whoever reads the stream checks the closing mark; all else is ours. */
static void
test_flips(struct sample *s)
{
	size_t at;
	int bit, bad = 0;

	for (at = 0; at < s->b.len; at++)
		for (bit = 0; bit < 8; bit++) {
			if (at >= s->close && at < s->close + BK_SEAL_CLOSING)
				continue;
			s->b.data[at] = (char)(s->b.data[at] ^ 1 << bit);
			if (verify_code(check_archive, s->b.data, s->b.len,
			    65536) != BK_DATA && bad++ < 5)
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
		is_int(verify_code(check_archive, s.b.data, s.b.len, 65536),
		    BK_DATA, "a manifest with another total");
		free_sample(&s);
	}
}

/* An archive of pg_dump, without proof records: blocks of these entries. */
static enum bk_code
judge_blocks(const int32_t *ids, size_t n)
{
	struct sample s = {0};
	enum bk_code code;
	size_t i;

	add_head(&s, 0);
	for (i = 0; i < n; i++) {
		bk_archive_add_block(&s.b, ids[i] == 9 ? BK_BLOCK_BLOBS :
		    BK_BLOCK_DATA, ids[i], &e);
		if (ids[i] != 9)
			bk_archive_add_chunk(&s.b, "1\n\\.\n\n\n", 7, &e);
		add_zero(&s);
	}
	code = verify_code(check_archive, s.b.data, s.b.len, 65536);
	free_sample(&s);
	return code;
}

/* Is it damaged, and does the message say so? */
static void
is_damaged(const struct sample *s, const char *why)
{
	struct bk_verdict v;
	struct memory m = { s->b.data, s->b.len, 999 };
	struct bk_err got = {0};

	v = (struct bk_verdict){0};
	(void)check_archive((struct bk_source){ read_memory, &m }, "x", &v,
	    NULL, &got);
	is_int(got.code, BK_DATA, why);
	ok(strstr(got.msg, why) != NULL, "  %s", got.msg);
	bk_verdict_free(&v);
}

/* Two entries of one number: of which is the block? */
static void
test_number_twice(void)
{
	static const char five[] = "\0\5\0\0\0\0\1\0\0";
	struct sample s = {0};
	size_t i;

	add_head(&s, 0);
	for (i = 0; memcmp(s.b.data + i, five, sizeof(five)) != 0; i++)
		continue;
	s.b.data[i + 1] = 7;
	is_damaged(&s, "two TOC entries have number 7");
	free_sample(&s);
}

/* What stands behind the manifest, of which nothing tells. */
static void
test_behind_manifest(void)
{
	static const struct bk_manifest as_is;
	struct bk_buf manifest = {0};
	struct sample s;
	size_t end;

	make(&s, &as_is);
	end = s.b.len;
	add_unnamed(&s, "x", 1);
	is_damaged(&s, "a block after the manifest, number 10");
	s.b.len = end;
	add_table(&s, 7, "orders", "");
	is_damaged(&s, "a block after the manifest, number 7");
	s.b.len = end;
	bk_buf_add(&manifest, s.b.data + s.manifest, end - s.manifest, &e);
	bk_buf_add(&s.b, manifest.data, manifest.len, &e);
	is_damaged(&s, "a block after the manifest, number 10");
	s.b.len = end;
	s.b.data[s.close + 1] ^= 1;
	is_damaged(&s, "no closing mark after its manifest");
	bk_buf_free(&manifest);
	free_sample(&s);
}

/* The roles, in an archive as in a manifest's digest. */
static void
test_globals(void)
{
	static const char sql[] = "CREATE ROLE joe;\n";
	struct sample s;
	struct bk_buf text = {0};
	int i;

	for (i = 0; i < 3; i++) {
		s = (struct sample){ .records = bk_digest_new() };
		bk_digest_begin(s.records);
		add_head(&s, 1);
		text.len = 0;
		bk_manifest_globals(&text, sql, strlen(sql), &e);
		bk_digest_update(s.records, text.data, text.len - 1);
		bk_buf_puts(&text, sql, &e);
		if (i == 1)
			text.data[text.len - 3] ^= 1;
		if (i < 2)
			add_unnamed(&s, text.data, text.len);
		add_rest(&s, &(struct bk_manifest){0});
		is_int(verify_code(check_archive, s.b.data, s.b.len, 65536),
		    i == 0 ? BK_OK : BK_DATA, i == 0 ? "roles" : i == 1 ?
		    "a changed byte of them" : "roles that are missing");
		free_sample(&s);
	}
	bk_buf_free(&text);
}

static void
test_blocks(void)
{
	is_int(judge_blocks((int32_t[]){ 7, 5, 9 }, 3), BK_OK, "pg_dump's");
	is_int(judge_blocks((int32_t[]){ 9, 5, 7 }, 3), BK_OK, "any order");
	is_int(judge_blocks((int32_t[]){ 7, 9 }, 2), BK_DATA, "one missing");
	is_int(judge_blocks((int32_t[]){7, 5}, 2), BK_DATA, "objects missing");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 7 }, 4), BK_DATA,
	    "one twice");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 1 }, 4), BK_DATA,
	    "one of an entry without data");
	is_int(judge_blocks((int32_t[]){ 7, 5, 9, 8 }, 4), BK_DATA,
	    "one of no entry");
}

/* Swap, drop and repeat whole blocks with their proof records. */
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
		const char *rows = i == 0 ? SAMPLE_ROWS : cases[i - 1].rows;
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

/* Neither a record of orders nor anything of empty; a wrong offset. */
static void
make_lacking(struct sample *s)
{
	struct bk_buf text = {0};
	char closing[BK_SEAL_CLOSING + 1];
	const char *const row = "1\tone\n\\.\n\n\n";

	*s = (struct sample){ .records = bk_digest_new() };
	s->about.database = "shop";
	bk_digest_begin(s->records);
	add_head(s, 1);
	s->b.data[s->toc.entry[3].offset_at] = BK_OFFSET_SET;
	bk_archive_add_block(&s->b, BK_BLOCK_DATA, 7, &e);
	bk_archive_add_chunk(&s->b, row, strlen(row), &e);
	add_zero(s);
	add_objects(s);
	bk_digest_end(s->records, &s->about.records);
	bk_manifest_format(&text, &s->about, &e);
	bk_seal_close(&s->seal, BK_INT_LEN, closing);
	bk_manifest_close(&text, closing, &e);
	add_unnamed(s, text.data, text.len);
	bk_buf_free(&text);
}

static void
test_starved(const struct sample *s)
{
	static const struct bk_manifest more = { .tables = 1, .rows = 1,
	    .bytes = 1, .blobs = 1 };
	struct sample other;

	starve_all("an archive", judge_job, &(struct starved){ check_archive,
	    s->b.data, s->b.len, BK_OK });
	make(&other, &more);
	starve("one that differs", STARVE_MEMORY, judge_job, &(struct starved){
	    check_archive, other.b.data, other.b.len, BK_DATA });
	free_sample(&other);
	make_lacking(&other);
	starve("one that lacks blocks", STARVE_MEMORY, judge_job,
	    &(struct starved){ check_archive, other.b.data, other.b.len,
	    BK_DATA });
	free_sample(&other);
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
	test_blocks();
	test_number_twice();
	test_behind_manifest();
	test_globals();
	test_differences();
	test_copytext();
	test_table();
	test_starved(&s);
	is_int(e.code, BK_OK, "nothing failed on the way");
	free_sample(&s);
	return tap_done();
}
