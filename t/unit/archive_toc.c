/* The archive reader: what it returns and what it refuses. */
#include <stdlib.h>

#include "archive/archive.h"
#include "base/majors.h"
#include "stream/heads.h"
#include "tap.h"

struct memory {
	const uint8_t *p;
	size_t n, at, step;	/* step: maximum bytes per read */
};

static ssize_t
memory_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct memory *m = ctx;

	(void)e;
	if (n > m->n - m->at)
		n = m->n - m->at;
	if (n > m->step)
		n = m->step;
	if (n > 0)
		memcpy(buf, m->p + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static struct bk_err e;

static const char utf8[] = "SET client_encoding = 'UTF8';\n";
static const char *setting = utf8;	/* of the entry without data */
static const char *author;		/* its COPY statement, or NULL */

static void
put_entry(struct bk_buf *b, int minor, int32_t id, int data, const char *desc,
    const char *copy)
{
	int i;

	bk_archive_add_int(b, id, &e);
	bk_archive_add_int(b, data, &e);
	bk_archive_add_str(b, "0", &e);
	bk_archive_add_str(b, "4293263360", &e);	/* oid */
	bk_archive_add_str(b, "ta\"g", &e);
	bk_archive_add_str(b, desc, &e);
	bk_archive_add_int(b, 3, &e);
	bk_archive_add_str(b, data == 0 ? setting : "", &e);
	bk_archive_add_str(b, NULL, &e);
	bk_archive_add_str(b, copy, &e);
	bk_archive_add_str(b, "public", &e);
	bk_archive_add_str(b, NULL, &e);
	bk_archive_add_str(b, NULL, &e);
	if (minor >= 16)
		bk_archive_add_int(b, 'r', &e);
	bk_archive_add_str(b, "owner", &e);
	bk_archive_add_str(b, "false", &e);
	for (i = 1; i < id; i++)
		bk_archive_add_str(b, i == 1 ? "1" : "7", &e);
	bk_archive_add_str(b, NULL, &e);
	bk_buf_add(b, "\1\0\0\0\0\0\0\0\0", BK_OFFSET_LEN, &e);
}

/* Three entries, a DATA block, one without an entry, a BLOBS block. */
static size_t		/* length of header and TOC */
make_archive(struct bk_buf *b, int minor)
{
	const char head[] = { 'P', 'G', 'D', 'M', 'P', 1, (char)minor, 0, 4, 8,
	    1 };
	size_t toc;
	int i;

	bk_buf_add(b, head, sizeof(head), &e);
	if (minor >= 15)
		bk_buf_add(b, "\0", 1, &e);
	for (i = minor >= 15; i < 8; i++)
		bk_archive_add_int(b, i == 0 ? 0 : i + 100, &e);
	bk_archive_add_str(b, "shop", &e);
	bk_archive_add_str(b, "15.1", &e);
	bk_archive_add_str(b, "15.2 (x)", &e);
	bk_archive_add_int(b, 3, &e);
	put_entry(b, minor, 1, 0, "ENCODING", author);
	put_entry(b, minor, 5, 1, "TABLE DATA", "COPY t FROM stdin;\n");
	put_entry(b, minor, 3, 1, "BLOBS", NULL);
	toc = b->len;
	bk_archive_add_block(b, BK_BLOCK_DATA, 5, &e);
	bk_archive_add_chunk(b, "12345", 5, &e);
	bk_archive_add_chunk(b, "6", 1, &e);
	bk_archive_add_int(b, 0, &e);
	bk_archive_add_block(b, BK_BLOCK_DATA, 6, &e);
	bk_archive_add_chunk(b, "{}", 2, &e);
	bk_archive_add_int(b, 0, &e);
	bk_archive_add_block(b, BK_BLOCK_BLOBS, 3, &e);
	bk_archive_add_int(b, (int32_t)4293263360u, &e);
	bk_archive_add_chunk(b, "lo", 2, &e);
	bk_archive_add_int(b, 0, &e);
	bk_archive_add_int(b, 7, &e);
	bk_archive_add_int(b, 0, &e);
	bk_archive_add_int(b, 0, &e);
	return toc;
}

/* All blocks as text, "1:5[123456] ..."; -1 with *err. */
static int
walk(const uint8_t *p, size_t n, size_t step, struct bk_buf *out,
    struct bk_err *err)
{
	struct memory m = { .p = p, .n = n, .step = step };
	struct bk_source src = { .read = memory_read, .ctx = &m };
	struct bk_archive *a = bk_archive_open(src, "test", err);
	struct bk_toc toc = {0};
	char buf[4];
	int32_t id;
	uint32_t oid;
	ssize_t got = 0;
	int type, rc = bk_archive_toc(a, &toc, err);

	while (rc == 0 && (rc = bk_archive_next(a, &type, &id, err)) == 1) {
		bk_buf_printf(out, &e, "%d:%d[", type, (int)id);
		oid = 0;
		rc = 0;
		while (type == BK_BLOCK_DATA ? oid++ == 0 :
		    (rc = bk_archive_object(a, &oid, err)) == 1) {
			if (type == BK_BLOCK_BLOBS)
				bk_buf_printf(out, &e, "%u=", (unsigned)oid);
			while ((got = bk_archive_data(a, buf, sizeof(buf),
			    err)) > 0)
				bk_buf_add(out, buf, (size_t)got, &e);
			bk_buf_puts(out, ";", &e);
			if (got == -1)
				break;
		}
		bk_buf_puts(out, "]", &e);
		rc = rc == -1 || got == -1 ? -1 : 0;
	}
	bk_toc_free(&toc);
	bk_archive_free(a);
	return rc;
}

static const char all[] =
    "1:5[123456;]1:6[{};]3:3[4293263360=lo;7=;]";

static void
test_version(int minor)
{
	struct bk_buf b = {0}, out = {0};
	struct bk_err err = {0};
	struct memory m;
	struct bk_source src = { .read = memory_read, .ctx = &m };
	struct bk_toc toc = {0};
	struct bk_archive *a;
	size_t len = make_archive(&b, minor), step;
	int32_t id;
	int type;

	for (step = 1; step < 40; step += 13) {
		out.len = 0;
		is_int(walk((uint8_t *)b.data, b.len, step, &out, &err), 0,
		    "an archive is read to its end");
		is_str(out.data, all, "all blocks come out");
	}
	m = (struct memory){ .p = (uint8_t *)b.data, .n = b.len, .step = 99 };
	a = bk_archive_open(src, "test", &err);
	is_int(bk_archive_toc(a, &toc, &err), 0, "its TOC alone");
	is_int(toc.minor, minor, "version");
	is_int((intmax_t)toc.n, 3, "entries");
	is_int((intmax_t)toc.raw.len, (intmax_t)len, "raw is all of it");
	ok(memcmp(toc.raw.data, b.data, len) == 0, "byte by byte");
	is_str(toc.dbname, "shop", "database");
	is_str(toc.dumper, "15.2 (x)", "dumper");
	is_int(toc.max_id, 5, "highest id");
	ok(toc.entry[1].has_data && !toc.entry[0].has_data, "who has data");
	is_int(toc.entry[1].oid, 4293263360, "an OID over 2^31");
	is_str(toc.entry[1].tag, "ta\"g", "tag");
	is_str(toc.entry[1].copy, "COPY t FROM stdin;\n", "COPY");
	ok(toc.entry[0].copy == NULL, "no COPY is NULL");
	is_str(toc.entry[1].defn, "", "an empty string is not NULL");
	is_int((intmax_t)toc.entry[1].ndeps, 4, "dependencies");
	is_int(toc.entry[1].deps[1], 7, "the second one");
	is_int(toc.raw.data[toc.entry[2].offset_at], BK_OFFSET_UNSET,
	    "where the offset is");
	ok(memcmp(toc.raw.data + toc.entry[0].copy_at, "\1\1\0\0\0", 5) == 0,
	    "where the COPY statement is");
	ok(bk_archive_next(a, &type, &id, &err) == 1 && id == 5 &&
	    bk_archive_next(a, &type, &id, &err) == 1 && id == 6 &&
	    bk_archive_next(a, &type, &id, &err) == 1 && id == 3 &&
	    bk_archive_next(a, &type, &id, &err) == 0,
	    "blocks that nobody reads are skipped");
	is_int((intmax_t)bk_archive_offset(a), (intmax_t)b.len, "offset");
	bk_toc_free(&toc);
	bk_archive_free(a);
	bk_buf_free(&b);
	bk_buf_free(&out);
}

/* Every truncation is detected, except between two blocks. */
static void
test_cut(int minor)
{
	struct bk_buf b = {0}, out = {0};
	size_t toc = make_archive(&b, minor), n, bad = 0, whole = 0;

	for (n = 0; n < b.len; n++) {
		struct bk_err err = {0};
		int rc;

		out.len = 0;
		rc = walk((uint8_t *)b.data, n, 99, &out, &err);
		whole += rc == 0;
		bad += rc == 0 ? n < toc : err.code != BK_DATA;
	}
	is_int((intmax_t)bad, 0, "each cut is refused as data");
	is_int((intmax_t)whole, 3, "but for those between blocks");
	bk_buf_free(&b);
	bk_buf_free(&out);
}

/* Arbitrary bytes: no crash, no endless loop, no huge allocation. */
static void
test_flip(int minor)
{
	struct bk_buf b = {0}, out = {0};
	size_t i;
	int v, odd = 0;

	make_archive(&b, minor);
	for (i = 0; i < b.len; i++)
		for (v = 0; v < 256; v++) {
			struct bk_err err = {0};
			char old = b.data[i];

			out.len = 0;
			b.data[i] = (char)v;
			if (walk((uint8_t *)b.data, b.len, 99, &out, &err) ==
			    -1 && err.code != BK_DATA)
				odd++;
			b.data[i] = old;
		}
	is_int(odd, 0, "a damaged archive is read or refused as data");
	bk_buf_free(&b);
	bk_buf_free(&out);
}

static void
refused(const char *what, const char *part, const void *p, size_t n)
{
	struct bk_buf out = {0};
	struct bk_err err = {0};

	ok(walk(p, n, 99, &out, &err) == -1 && err.code == BK_DATA &&
	    strstr(err.msg, part) != NULL, "%s: %s", what, err.msg);
	bk_buf_free(&out);
}

static void
test_refused(void)
{
	struct bk_buf b = {0};

	refused("nothing", "not an archive", "", 0);
	refused("a script", "not an archive", "--\n-- PostgreSQL", 16);
	refused("old", "1.14 to 1.16", "PGDMP\1\015\0\4\010\1", 11);
	refused("new", "1.17, of a pg_dump younger",
	    "PGDMP\1\021\0\4\010\1", 11);
	refused("directory", "unusual", "PGDMP\1\020\0\4\010\5", 11);
	make_archive(&b, 16);
	bk_buf_add(&b, "\2", 1, &e);
	refused("a block of no type", "unknown type", b.data, b.len);
	b.len = 0;
	bk_buf_add(&b, "PGDMP\1\016\0\4\010\1", 11, &e);
	while (b.len < 11 + 8 * 5)
		bk_archive_add_int(&b, 0, &e);
	bk_archive_add_int(&b, INT32_MAX, &e);
	refused("a string of 2 GiB", "over 64 MiB", b.data, b.len);
	b.len -= 5;
	bk_archive_add_int(&b, 64 << 20, &e);
	refused("a string of 64 MiB that is not there", "unexpected end",
	    b.data, b.len);
	bk_buf_free(&b);
}

static void
test_int(void)
{
	static const int32_t v[] = { 0, 1, -1, 255, 256, INT32_MAX, INT32_MIN };
	uint8_t b[BK_INT_LEN];

	bk_archive_put_int(b, v[2]);
	ok(memcmp(b, "\1\1\0\0\0", 5) == 0, "-1");
	bk_archive_put_int(b, v[4]);
	ok(memcmp(b, "\0\0\1\0\0", 5) == 0, "256");
	bk_archive_put_int(b, v[6]);
	ok(memcmp(b, "\1\0\0\0\200", 5) == 0, "the least");
	bk_archive_put_int(b, v[5]);
	ok(memcmp(b, "\0\377\377\377\177", 5) == 0, "the greatest");
}

/* What sets up a session says that in pg_dump's words, or nothing is read. */
static void
test_settings(void)
{
	static const struct { const char *desc, *defn; int good; } cases[] = {
		{ "ENCODING", utf8, 1 },
		{ "ENCODING", "SET client_encoding = 'EUC_JIS_2004';\n", 1 },
		{ "ENCODING", "SET client_encoding = 'UTF8'; DROP TABLE t;\n",
		    0 },
		{ "ENCODING", "SET client_encoding = '';\n", 0 },
		{ "ENCODING", "SET client_encoding = 'UTF8';", 0 },
		{ "ENCODING", "set client_encoding = 'UTF8';\n", 0 },
		{ "ENCODING", "SET client_encoding = 'UTF8';\n\n", 0 },
		{ "ENCODING", "SET client_encoding = 'a\\';\n", 0 },
		{ "ENCODING", "", 0 }, { "ENCODING", NULL, 0 },
		{ "STDSTRINGS", "SET standard_conforming_strings = 'off';\n",
		    1 },
		{ "STDSTRINGS", utf8, 0 },
		{ "SEARCHPATH", "SELECT pg_catalog.set_config('search_path', "
		    "'', false);\n", 1 },
		{ "SEARCHPATH", "SELECT pg_catalog.set_config('search_path', "
		    "'x', false);\n", 0 },
		{ "COMMENT", "anything", 1 },
	};
	const char head[] = { 'P', 'G', 'D', 'M', 'P', 1, 14, 0, 4, 8, 1 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bk_buf b = {0}, out = {0};
		struct bk_err err = {0};
		int j;

		bk_buf_add(&b, head, sizeof(head), &e);
		for (j = 0; j < 8; j++)
			bk_archive_add_int(&b, j == 0 ? 0 : j + 100, &e);
		for (j = 0; j < 3; j++)
			bk_archive_add_str(&b, "x", &e);
		bk_archive_add_int(&b, 1, &e);
		setting = cases[i].defn;
		put_entry(&b, 14, 1, 0, cases[i].desc, NULL);
		(void)walk((uint8_t *)b.data, b.len, b.len, &out, &err);
		ok((strstr(err.msg, " entry is not what pg_dump writes") ==
		    NULL) == cases[i].good && (cases[i].good ||
		    err.code == BK_DATA), "%s: %s", cases[i].desc, err.msg);
		bk_buf_free(&b);
		bk_buf_free(&out);
	}
	setting = utf8;
}

/* What is read here has its marks found, whatever its version. */
static void
test_marks(void)
{
	char copy[64 + BK_SEAL_OPENING] = "-- bk-dump 1 ";
	struct bk_seal seal, found;
	int minor, read = 0, bad = 0;

	(void)bk_seal_new(&seal, NULL, &e);
	(void)bk_seal_open(&seal, copy + strlen(copy));
	author = copy;
	for (minor = 0; minor < 40; minor++) {
		struct bk_buf b = {0};
		struct bk_toc toc = {0};
		struct bk_err why = {0};
		struct memory m = { .step = 4096 };
		struct bk_source src = { memory_read, &m };
		struct bk_archive *a;
		ptrdiff_t len;
		int good;

		(void)make_archive(&b, minor);
		m.p = (const uint8_t *)b.data;
		m.n = b.len;
		a = bk_archive_open(src, "test", &e);
		good = bk_archive_toc(a, &toc, &why) == 0;
		read += good;
		bad += good != (bk_toc_seal(&toc, &found) != -1);
		bad += good != (bk_heads_mark(&found, b.data, b.len,
		    &len) != -1 && strcmp(found.sum, seal.sum) == 0);
		bad += good != (minor >= BK_PG_ARCHIVE_MIN &&
		    minor <= BK_PG_ARCHIVE_MAX);
		bk_toc_free(&toc);
		bk_archive_free(a);
		bk_buf_free(&b);
	}
	author = NULL;
	ok(bad == 0 && read > 2, "%d versions: read, and their marks found, or "
	    "neither", read);
}

int
main(void)
{
	int minor;

	test_int();
	test_marks();
	for (minor = BK_PG_ARCHIVE_MIN; minor <= BK_PG_ARCHIVE_MAX;
	    minor++) {
		test_version(minor);
		test_cut(minor);
		test_flip(minor);
	}
	test_refused();
	test_settings();
	return tap_done();
}
