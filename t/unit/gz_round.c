/* Round trips of bk_gz_compress and bk_zst_compress. */
#include "gz_run.h"

#include <fcntl.h>
#include <zlib.h>

#include "compress/gz.h"
#include "compress/zst.h"
#include "stream/heads.h"
#include "stream/reader.h"
#include "stream/seal.h"
#include "starve.h"

static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, BK_IO_BUFSZ,
	1048575, 1048576, 1048577, 5 * 1048576 + 11 };
#define NSIZES (sizeof(sizes) / sizeof(sizes[0]))

struct codec {
	const char *name;
	compress_fn *compress;
	decompress_fn *decompress;
	int level_max;
};

static const struct codec codecs[] = {
	{ "gz", bk_gz_compress, bk_gz_decompress, BK_GZ_LEVEL_MAX },
	{ "zst", bk_zst_compress, bk_zst_decompress, BK_ZST_LEVEL_MAX },
};

static int
is_sealed(const struct bytes *b)
{
	struct bk_seal seal;
	ptrdiff_t len;

	return bk_heads_mark(&seal, b->p, b->len, &len) != -1 && len > 0 &&
	    bk_seal_ends(&seal, b->p, b->len);
}

/* Without its nonce, here all zeros, a stream depends on its content alone. */
static void
blank_nonce(struct bytes *b)
{
	struct bk_seal seal;
	ptrdiff_t len, at = bk_heads_mark(&seal, b->p, b->len, &len);
	ptrdiff_t end = bk_seal_find_closing(b->p, b->len);

	memcpy(b->p + at + BK_SEAL_MARK - BK_SEAL_SUM,
	    "84e0c0eafaa95a34c293f278ac52e45c"
	    "e537bab5e752a00e6959a13ae103b65a", BK_SEAL_SUM);
	memset(b->p + end + 32, '0', BK_SEAL_NONCE);
}

static int
comes_back(const struct codec *c, const struct bytes *packed,
    const struct bytes *content, unsigned threads)
{
	struct result r = decompress(c->decompress, packed, threads);
	int good = r.e.code == BK_OK && same(&r.out, content);

	if (!good)
		printf("# %zu bytes: code %d, %s\n", content->len,
		    (int)r.e.code, r.e.msg);
	free(r.out.p);
	return good;
}

/* All sizes, by 1 to 4 threads: identical output. */
static void
test_sizes(const struct codec *c, const struct bytes *all, const char *what)
{
	struct bytes content = *all;
	size_t i, wrong = 0;
	unsigned j;

	for (i = 0; i < NSIZES; i++) {
		struct result first = {0};

		content.len = sizes[i];
		for (j = 1; j <= 4; j++) {
			struct result r = compress_by(c->compress, &content,
			    1, j);

			wrong += r.e.code != BK_OK || !is_sealed(&r.out);
			blank_nonce(&r.out);
			if (j == 1) {
				first = r;
				continue;
			}
			wrong += !same(&r.out, &first.out);
			wrong += !comes_back(c, &r.out, &content, j);
			free(r.out.p);
		}
		free(first.out.p);
	}
	is_int((intmax_t)wrong, 0, what);
}

static void
test_levels(const struct codec *c)
{
	struct bytes content = prose(1200000);
	size_t wrong = 0, len1 = 0;
	int level;

	for (level = 1; level <= c->level_max; level++) {
		struct result r = compress_by(c->compress, &content, level, 2);

		if (level == 1)
			len1 = r.out.len;
		wrong += r.e.code != BK_OK || !is_sealed(&r.out) ||
		    !comes_back(c, &r.out, &content, 2);
		if (level == c->level_max)
			ok(r.out.len < len1, "%s: the top level is smaller",
			    c->name);
		free(r.out.p);
	}
	ok(wrong == 0, "%s: every level", c->name);
	free(content.p);
}

/* zlib reads our stream, member by member. */
static void
test_zlib_reads(void)
{
	struct bytes content = prose(2500000), got = noise(2500000);
	struct result r = compress_by(bk_gz_compress, &content, 6, 2);
	z_stream z = { .next_in = r.out.p, .avail_in = (uInt)r.out.len,
	    .next_out = got.p, .avail_out = (uInt)got.len };
	int rc = Z_STREAM_END, members = 0;

	if (inflateInit2(&z, 31) != Z_OK)
		bail("inflateInit2");
	while (rc == Z_STREAM_END && z.avail_in > 0) {
		rc = inflate(&z, Z_FINISH);
		members++;
		(void)inflateReset(&z);
	}
	ok(rc == Z_STREAM_END && z.avail_out == 0 && same(&got, &content),
	    "zlib reads it");
	is_int(members, 4, "three members and the closing one");
	(void)inflateEnd(&z);
	free(r.out.p);
	free(got.p);
	free(content.p);
}

/* A sealed input that lost its end: no closing mark is written. */
static void
test_unfinished(const struct codec *c)
{
	struct bytes content = {0}, tail = prose(1100000);
	struct result r, inner;
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	struct bk_label label = { .at = 1000, .run = "0123456789abcdef" };
	struct bk_seal seal;
	struct bk_err e = {0};
	ptrdiff_t len;
	size_t n;

	bk_label_set(&label, BK_LABEL_DB, "shop");
	(void)bk_seal_new(&seal, &label, &e);
	/* a zstd skippable frame, which may hold a mark */
	n = bk_seal_open(&seal, opening);
	append(&content, (uint8_t[]){ 0x5b, 0x2a, 0x4d, 0x18, (uint8_t)n, 0, 0,
	    0 }, 8);
	append(&content, opening, n);
	append(&content, tail.p, tail.len);
	r = compress_by(c->compress, &content, 3, 2);
	ok(r.e.code == BK_DATA && strstr(r.e.msg, "unfinished") != NULL &&
	    bk_seal_find_closing(r.out.p, r.out.len) == -1,
	    "%s: unfinished input gives no closing mark", c->name);
	inner = decompress(c->decompress, &r.out, 2);
	ok(inner.e.code == BK_DATA, "%s: which is refused", c->name);
	free(r.out.p);
	free(inner.out.p);

	bk_seal_close(&seal, 0, closing);
	append(&content, closing, BK_SEAL_CLOSING);
	r = compress_by(c->compress, &content, 3, 2);
	ok(r.e.code == BK_OK && comes_back(c, &r.out, &content, 2),
	    "%s: a finished one is fine", c->name);
	(void)bk_heads_mark(&seal, r.out.p, r.out.len, &len);
	ok(strcmp(seal.label.name, "shop") == 0 && seal.label.at == 1000 &&
	    strcmp(seal.label.run, label.run) == 0, "its label is passed on");
	free(r.out.p);
	free(content.p);
	free(tail.p);
}

/* What is in packed, or in a file of ours, through c to nowhere. */
struct pass {
	const struct codec *c;
	struct bytes packed;	/* to decompress; without: to compress */
};

static int
pass(void *arg, struct bk_err *e)
{
	const struct pass *p = arg;
	FILE *f = tmpfile();
	struct bk_reader *in = NULL;
	struct bk_writer *out = NULL;
	int fd = -1, rc = -1;

	if (f == NULL || (p->packed.len > 0 &&
	    fwrite(p->packed.p, p->packed.len, 1, f) != 1) ||
	    fflush(f) == EOF || fseeko(f, 0, SEEK_SET) == -1)
		bail("no temporary file");
	if ((in = bk_reader_open(fileno(f), "test", 0, e)) == NULL ||
	    (fd = open("/dev/null", O_WRONLY)) == -1 ||
	    (out = bk_writer_open(fd, "out", e)) == NULL)
		rc = fd == -1 && in != NULL ? bk_fail_errno(e, "file") : -1;
	else if (p->packed.len > 0)
		rc = p->c->decompress(in, "test", out, 1, e);
	else
		rc = p->c->compress(in, out, 6, 2, e);
	bk_writer_free(out);
	bk_reader_free(in);
	if (fd != -1)
		close(fd);
	fclose(f);
	return rc;
}

static void
test_starved(const struct codec *c)
{
	const struct bytes content = { (uint8_t []){ "content" }, 7 };
	struct result r = compress_by(c->compress, &content, 6, 1);
	struct pass back = { c, r.out }, there = { c, { NULL, 0 } };

	starve_all(c->name, pass, &there);
	starve_all(c->name, pass, &back);
	free(r.out.p);
}

int
main(void)
{
	struct bytes hard = noise(sizes[NSIZES - 1]);
	struct bytes easy = prose(sizes[NSIZES - 1]);
	size_t i;

	for (i = 0; i < 2; i++) {
		test_sizes(&codecs[i], &hard, "noise of many sizes");
		test_sizes(&codecs[i], &easy, "prose of many sizes");
		test_levels(&codecs[i]);
		test_unfinished(&codecs[i]);
		test_starved(&codecs[i]);
	}
	test_zlib_reads();
	free(hard.p);
	free(easy.p);
	return tap_done();
}
