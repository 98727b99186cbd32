/*
 * Hostile data: marks and labels of other streams, whole and by the hundred, in
 * what each format holds.  No proper prefix of any stream is complete, neither
 * for who looks at its marks alone nor for who parses it.
 */
#define _GNU_SOURCE		/* memmem */
#include "gz_run.h"
#include "verify_run.h"

#include "compress/gz.h"
#include "compress/zst.h"
#include "crypt/crypt.h"
#include "stream/heads.h"

static char evil_rows[3000];
#define SAMPLE_ROWS evil_rows
#include "archive_sample.h"

static struct bk_seal evil;
static struct bk_recipients to;
static struct bk_identity id;

/* Bytes that no codec makes shorter: it stores them as they are. */
static void
add_noise(struct bytes *b, size_t n)
{
	static uint32_t x = 2463534242;

	for (; n > 0; n--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		append(b, &x, 1);
	}
}

/*
 * What an attacker writes who knows everything but the nonce, up to n bytes,
 * with gap bytes of noise between two marks.
 */
static void
add_evil(struct bytes *b, size_t n, size_t gap)
{
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	unsigned after = 0;

	append(b, opening, bk_seal_open(&evil, opening));
	for (; b->len < n; after = (after + 1) % (BK_SEAL_TAIL -
	    BK_SEAL_CLOSING)) {
		bk_seal_close(&evil, after, closing);
		append(b, closing, BK_SEAL_CLOSING);
		add_noise(b, gap);
	}
}

/* Is it complete for who looks at its marks alone? */
static int
is_complete(const uint8_t *p, size_t n)
{
	static FILE *f;
	struct bk_err err = {0};
	struct bk_reader *in;
	int fd, rc;

	if (f == NULL && (f = tmpfile()) == NULL)
		bail("no temporary file");
	fd = fileno(f);
	if (ftruncate(fd, 0) == -1 ||
	    bk_io_pwrite(fd, p, n, 0, "test", &err) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)
		bail("cannot write a temporary file");
	in = bk_reader_open(fd, "test", BK_READER_SEALED, &err);
	rc = in != NULL && bk_reader_drain(in, &err) == 0;
	bk_reader_free(in);
	if (err.code == BK_FAIL)
		bail(err.msg);
	return rc;
}

static void
check_cuts(const struct bytes *b, const char *what)
{
	size_t n, complete = 0;

	for (n = 0; n < b->len; n++)
		complete += is_complete(b->p, n) != 0;
	ok(complete == 0, "%s: no cut of %zu bytes is complete", what, b->len);
	ok(is_complete(b->p, b->len), "%s: but the whole", what);
}

static int
encrypt(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *err)
{
	struct bk_crypt_to recipients = { .recipients = &to };

	(void)level;
	(void)threads;
	return bk_crypt_encrypt(&bk_suite_bk, &recipients, in, out, err);
}

static int
decrypt(struct bk_reader *in, const char *name, struct bk_writer *out,
    unsigned threads, struct bk_err *err)
{
	struct bk_identities ids = { .id = &id, .n = 1 };
	struct bk_crypt_from from = { .identities = &ids };
	struct bk_crypt *c = bk_crypt_open(in, &from, err);
	int rc = c == NULL ? -1 : bk_crypt_decrypt(c, out, err);

	(void)name;
	(void)threads;
	bk_crypt_free(c);
	return rc;
}

static int
disclose(struct bk_reader *in, const char *name, struct bk_writer *out,
    unsigned threads, struct bk_err *err)
{
	char buf[4096];
	ssize_t n;

	(void)name;
	(void)threads;
	while ((n = bk_reader_read(in, buf, sizeof(buf), err)) > 0)
		if (bk_writer_write(out, buf, (size_t)n, err) == -1)
			return -1;
	return (int)n;
}

static int
enclose(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *err)
{
	(void)level;
	return bk_writer_envelope(out, bk_reader_label(in), err) == -1 ? -1 :
	    disclose(in, "", out, threads, err);
}

static const struct {
	const char *name;
	compress_fn *make;
	decompress_fn *parse;
	int stores;		/* what is rare and incompressible, as it is */
} formats[] = {
	{ "gzip", bk_gz_compress, bk_gz_decompress, 0 },
	{ "zstd", bk_zst_compress, bk_zst_decompress, 1 },
	{ "bk-crypt", encrypt, decrypt, 0 },
	{ "envelope", enclose, disclose, 1 },
};
#define NFORMATS (sizeof(formats) / sizeof(formats[0]))

/* What bk-seal would make of it, whatever it holds. */
static struct bytes
enveloped(const struct bytes *data)
{
	static const struct bk_label none;
	struct bytes nothing = { (uint8_t *)"", 0 };
	struct result r = {0};
	struct bk_reader *in;
	struct bk_writer *out;
	int rc;

	open_both(&nothing, 0, &in, &out, &r.e);
	rc = bk_writer_envelope(out, &none, &r.e) == -1 ? -1 :
	    bk_writer_write(out, data->p, data->len, &r.e);
	close_both(rc, in, out, &r);
	return r.out;
}

/* In an envelope the parser alone finds the format's own end missing. */
static void
check_parser(size_t f, const struct bytes *b)
{
	struct bytes cut, whole;
	struct result r;
	size_t n, complete = 0;

	if (formats[f].make == enclose)
		return;
	for (n = 0; n < b->len; n += n + 400 < b->len ? 97 : 1) {
		cut = (struct bytes){ b->p, n };
		whole = enveloped(&cut);
		r = decompress(formats[f].parse, &whole, 1);
		complete += r.e.code != BK_DATA;
		free(whole.p);
		free(r.out.p);
	}
	ok(complete == 0, "%s: no cut in an envelope is, to its parser",
	    formats[f].name);
}

/* Marks from the first byte on, or far apart among what does not compress. */
static void
test_format(size_t f, size_t at, size_t gap)
{
	struct bytes content = {0}, input;
	struct result r, back;
	struct bk_seal own;
	ptrdiff_t len;

	add_noise(&content, at);
	add_evil(&content, at + 6000, gap);
	add_noise(&content, 300);
	input = enveloped(&content);
	r = compress_by(formats[f].make, &input, 1, 1);
	ok(r.e.code == BK_OK && bk_heads_mark(&own, r.out.p, r.out.len,
	    &len) != -1 && len > 0 && strcmp(own.sum, evil.sum) != 0,
	    "%s: its own mark comes first", formats[f].name);
	if (gap > 1 && formats[f].stores)
		ok(memmem(r.out.p, r.out.len, evil.nonce, BK_SEAL_NONCE) !=
		    NULL, "%s: the data's are in it", formats[f].name);
	check_cuts(&r.out, formats[f].name);
	check_parser(f, &r.out);
	back = decompress(formats[f].parse, &r.out, 1);
	ok(back.e.code == BK_OK && same(&back.out, &content),
	    "%s: the data comes back as it was", formats[f].name);
	free(r.out.p);
	free(back.out.p);
	free(input.p);
	free(content.p);
}

static int
check_archive(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *why)
{
	return bk_check_archive(src, name, NULL, v, progress, why);
}

/* Rows of closing marks that suit a cut in the rows, or behind them. */
static void
test_archive(void)
{
	static const struct bk_manifest nothing;
	char closing[BK_SEAL_CLOSING + 1];
	struct bytes b = {0};
	struct sample s;
	size_t n, complete = 0;
	unsigned after = 0;

	for (n = 0; n + BK_SEAL_CLOSING + 2 < sizeof(evil_rows);
	    n = strlen(evil_rows)) {
		bk_seal_close(&evil, after++ % 2400, closing);
		(void)snprintf(evil_rows + n, sizeof(evil_rows) - n, "%s\n",
		    closing);
	}
	make(&s, &nothing);
	append(&b, s.b.data, s.b.len);
	check_cuts(&b, "archive");
	for (n = 0; n < b.len; n++)
		complete += verify_code(check_archive, b.p, n, 65536) !=
		    BK_DATA;
	ok(complete == 0, "archive: nor to its parser");
	/* another's closing mark in the place of its own */
	bk_seal_close(&evil, BK_INT_LEN, closing);
	memcpy(b.p + b.len - BK_INT_LEN - BK_SEAL_CLOSING, closing,
	    BK_SEAL_CLOSING);
	ok(!is_complete(b.p, b.len) && verify_code(check_archive, b.p, b.len,
	    65536) == BK_DATA, "archive: with another's end neither");
	free(b.p);
	free_sample(&s);
}

int
main(void)
{
	struct bk_label label = { .at = 1000, .run = "0123456789abcdef" };
	size_t i;

	alarm(300);
	bk_label_set(&label, BK_LABEL_DB, "evil");
	if (bk_seal_new(&evil, &label, &e) == -1 ||
	    bk_identity_make(&id, &e) == -1 ||
	    (to.key = calloc(1, sizeof(*to.key))) == NULL)
		bail(e.msg);
	memcpy(to.key[0], id.public, sizeof(to.key[0]));
	to.n = 1;
	for (i = 0; i < NFORMATS; i++) {
		test_format(i, 0, 1);
		test_format(i, 2000, 1500);
	}
	test_archive();
	free(to.key);
	return tap_done();
}
