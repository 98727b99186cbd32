/*
 * Both suites, damaged in every way that a few bytes allow: only authenticated
 * plaintext is output, and never success.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "crypt/crypt.h"
#include "crypt/payload.h"
#include "crypt/wrap.h"
#include "stream/heads.h"
#include "stream/reader.h"
#include "stream/seal.h"
#include "stream/writer.h"
#include "tap.h"

#define CHUNK BK_PAYLOAD_CHUNK
#define SEALED (CHUNK + 16)
#define BIG (CHUNK * 20)

static struct bk_identities ids;
static struct bk_recipients rcpts;
static uint8_t plain[BIG];

/* A temporary file's descriptor. */
static int
scratch(void)
{
	char path[] = "/tmp/bk-crypt-unit.XXXXXX";
	int fd = mkstemp(path);

	if (fd == -1 || unlink(path) == -1)
		abort();
	return fd;
}

struct bytes {
	uint8_t *p;
	size_t n;
};

static struct bytes
slurp(int fd)
{
	struct stat st;
	struct bytes b;

	if (fstat(fd, &st) == -1)
		abort();
	b.n = (size_t)st.st_size;
	b.p = malloc(b.n + 4096);	/* room to append */
	if (b.p == NULL || pread(fd, b.p, b.n, 0) != (ssize_t)b.n)
		abort();
	return b;
}

static int
holding(const void *p, size_t n)
{
	int fd = scratch();

	if (write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

/* Run one of the three operations on n bytes; the caller frees *out. */
static enum bk_code
run(int mode, const struct bk_suite *s, const void *p, size_t n,
    struct bytes *result)
{
	struct bk_err e = {0};
	int ifd = holding(p, n), ofd = scratch(), rc = -1;
	struct bk_reader *in = bk_reader_open(ifd, "input", 0, &e);
	int wfd = dup(ofd);	/* ours again, unless it is finished */
	struct bk_writer *out = bk_writer_open(wfd, "output", &e);
	struct bk_crypt_to to = { .recipients = &rcpts };
	struct bk_crypt_from from = { .identities = &ids };
	struct bk_crypt *c = NULL;

	if (in != NULL && mode == 'e')
		rc = bk_crypt_encrypt(s, &to, in, out, &e);
	else if (in != NULL && (c = bk_crypt_open(in, &from, &e)) != NULL)
		rc = mode == 'd' ? bk_crypt_decrypt(c, out, &e)
		    : bk_crypt_rewrap(c, &to, out, &e);
	if (rc == 0)
		rc = bk_writer_finish(out, &e);
	else {
		bk_writer_abandon(out);
		close(wfd);
	}
	if ((rc == 0) != (e.code == BK_OK))
		abort();
	bk_crypt_free(c);
	bk_reader_free(in);
	bk_writer_free(out);
	*result = slurp(ofd);
	close(ifd);
	close(ofd);
	return e.code;
}

static struct bytes
encrypted(const struct bk_suite *s, size_t n)
{
	struct bytes b;

	if (run('e', s, plain, n, &b) != BK_OK)
		abort();
	return b;
}

static size_t
header_len(struct bytes b)
{
	size_t i;

	for (i = 0; memcmp(b.p + i, "\n---", 4) != 0; i++)
		continue;
	return i + 1 + strlen("--- ") + 43 + 1;
}

/* It must fail with BK_DATA and output at most full chunks of the prefix. */
static int
refused(const void *p, size_t n, size_t *released)
{
	struct bytes b;
	enum bk_code code = run('d', NULL, p, n, &b);
	int good = code == BK_DATA && b.n % CHUNK == 0 &&
	    memcmp(b.p, plain, b.n) == 0;

	if (!good)
		printf("# status %d, %zu bytes out\n", code, b.n);
	if (released != NULL)
		*released = b.n;
	free(b.p);
	return good;
}

static void
round_trips(const struct bk_suite *s)
{
	static const size_t sizes[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1,
	    8 * CHUNK - 1, 8 * CHUNK, 8 * CHUNK + 1, 16 * CHUNK, BIG };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes c = encrypted(s, sizes[i]), d, r, d2;

		ok(run('d', NULL, c.p, c.n, &d) == BK_OK && d.n == sizes[i] &&
		    memcmp(d.p, plain, d.n) == 0, "%s: %zu bytes there and "
		    "back", s->version, sizes[i]);
		ok(run('r', NULL, c.p, c.n, &r) == BK_OK && r.n == c.n &&
		    memcmp(r.p, c.p, header_len(c)) != 0 &&
		    memcmp(r.p + header_len(r), c.p + header_len(c), c.n -
		    header_len(c) - (s->marks ? BK_SEAL_CLOSING : 0)) == 0,
		    "the rewrapped header is new, the "
		    "payload the same");
		ok(run('d', NULL, r.p, r.n, &d2) == BK_OK && d2.n == d.n &&
		    memcmp(d2.p, plain, d.n) == 0, "and decrypts");
		free(c.p);
		free(d.p);
		free(r.p);
		free(d2.p);
	}
}

/* Flip the lowest bit, which base64 might ignore, and another one. */
static void
every_flip(const struct bk_suite *s)
{
	struct bytes c = encrypted(s, 100);
	size_t i, bad = 0, released;
	uint8_t bit[2];
	int k;

	for (i = 0; i < c.n; i++) {
		bit[0] = 1;
		bit[1] = (uint8_t)(2 << i % 7);
		for (k = 0; k < 2; k++) {
			c.p[i] ^= bit[k];
			if (!refused(c.p, c.n, &released) || released != 0) {
				printf("# byte %zu bit %x\n", i, bit[k]);
				bad++;
			}
			c.p[i] ^= bit[k];
		}
	}
	is_int((intmax_t)bad, 0, "each byte flipped is refused, with no byte "
	    "out");
	free(c.p);
}

static void
every_cut(const struct bk_suite *s)
{
	struct bytes c = encrypted(s, 100);
	size_t n, bad = 0;

	for (n = 0; n < c.n; n++)
		bad += !refused(c.p, n, NULL);
	is_int((intmax_t)bad, 0, "cut at each length: refused");
	free(c.p);
}

/* Near every boundary in a long stream. */
static void
cut_at_boundaries(const struct bk_suite *s)
{
	static const int near[] = { -33, -32, -31, -17, -16, -15, -1, 0, 1,
	    15, 16, 17, 31, 32, 33 };
	struct bytes c = encrypted(s, 9 * CHUNK);
	size_t chunk, h = header_len(c) + 16, bad = 0, at, i, released;

	for (chunk = 0; chunk <= 9; chunk++)
		for (i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
			at = h + chunk * SEALED + (size_t)near[i];
			if (at >= c.n)
				continue;
			if (!refused(c.p, at, &released))
				bad++;
			/* truncated at a chunk's end: the last is missing */
			if (near[i] >= 0 && chunk < 9 &&
			    released != chunk * CHUNK)
				bad++;
		}
	is_int((intmax_t)bad, 0, "cut around chunks' ends: refused, the whole "
	    "chunks before it come out");
	free(c.p);
}

static void
swap_chunks(uint8_t *a, uint8_t *b)
{
	uint8_t t[SEALED];

	memcpy(t, a, SEALED);
	memcpy(a, b, SEALED);
	memcpy(b, t, SEALED);
}

static void
moved_chunks(const struct bk_suite *s)
{
	struct bytes c = encrypted(s, 12 * CHUNK + 5);
	size_t h = header_len(c) + 16, released = 0;
	uint8_t *p = c.p + h;

	swap_chunks(p + 3 * SEALED, p + 10 * SEALED);
	ok(refused(c.p, c.n, &released) && released == 3 * CHUNK,
	    "two chunks swapped");
	swap_chunks(p + 3 * SEALED, p + 10 * SEALED);
	memmove(p + 9 * SEALED, p + 10 * SEALED, c.n - h - 10 * SEALED);
	ok(refused(c.p, c.n - SEALED, &released) && released == 9 * CHUNK,
	    "a chunk dropped");
	free(c.p);

	c = encrypted(s, 2 * CHUNK);
	h = header_len(c) + 16;
	memmove(c.p + h + SEALED, c.p + h + 2 * SEALED, c.n - h - 2 * SEALED);
	ok(refused(c.p, c.n - SEALED, &released) && released == CHUNK,
	    "the last chunk dropped, all else in place");
	free(c.p);

	c = encrypted(s, CHUNK);
	h = header_len(c) + 16;
	c.p = realloc(c.p, c.n + SEALED);
	memmove(c.p + h + SEALED, c.p + h, c.n - h);
	ok(refused(c.p, c.n + SEALED, &released) && released == CHUNK,
	    "the last chunk twice");
	free(c.p);
}

static void
trailing_bytes(const struct bk_suite *s, size_t size)
{
	struct bytes c = encrypted(s, size);
	size_t i, bad = 0;

	memset(c.p + c.n, 'x', 100);
	for (i = 1; i <= 100; i++)
		bad += !refused(c.p, c.n + i, NULL);
	ok(bad == 0, "1 to 100 bytes behind %zu: refused", size);
	free(c.p);
}

/* Our stream with changes between the last chunk and the end. */
static void
closing_mark(void)
{
	struct bytes c = encrypted(&bk_suite_bk, 500);
	char mark[BK_SEAL_CLOSING + 1];
	struct bk_seal seal;
	ptrdiff_t len;

	memcpy(mark, c.p + c.n - BK_SEAL_CLOSING, BK_SEAL_CLOSING);
	ok(bk_heads_mark(&seal, c.p, c.n, &len) > 0 && bk_seal_closes(&seal,
	    mark, BK_SEAL_CLOSING, 0), "the closing mark is at the very end");
	ok(refused(c.p, c.n - BK_SEAL_CLOSING, NULL), "no closing mark");
	memcpy(c.p + c.n, mark, BK_SEAL_CLOSING);
	ok(refused(c.p, c.n + BK_SEAL_CLOSING, NULL), "two of them");
	ok(refused(c.p, c.n + 1, NULL), "a byte behind it, near enough for a "
	    "mark, but not where it belongs");
	memmove(c.p + c.n - BK_SEAL_CLOSING - 1, mark, BK_SEAL_CLOSING);
	ok(refused(c.p, c.n, NULL), "a byte too early");
	bk_seal_close(&(struct bk_seal){ .nonce = "0123456789abcdef"
	    "0123456789abcdef" }, 0, mark);
	memcpy(c.p + c.n - BK_SEAL_CLOSING, mark, BK_SEAL_CLOSING);
	ok(refused(c.p, c.n, NULL), "another stream's");
	free(c.p);
}

/*
 * A faulty writer with the right keys: chunks of any length, any last flag.
 * The output is the valid chunks at the beginning.
 */
static void
crafted(const struct bk_suite *s, const char *what, size_t nchunks,
    const size_t *len, const int *last, enum bk_code want, size_t good)
{
	static const uint8_t file_key[BK_SUITE_KEY] = { 7 }, salt[16] = { 9 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[BK_SUITE_KEY], nonce[BK_SUITE_NONCE], *chunk;
	struct bk_err e = {0};
	char closing[BK_SEAL_CLOSING + 1];
	struct bk_buf b = {0};
	struct bk_seal seal;
	struct bytes out;
	size_t i, off = 0;
	int n;

	(void)bk_seal_new(&seal, NULL, &e);
	bk_seal_close(&seal, 0, closing);
	(void)bk_header_begin(&b, s, &seal, NULL, &e);
	(void)bk_wrap_x25519(&b, s, file_key, rcpts.key[0], &e);
	(void)bk_header_end(&b, s, file_key, &e);
	(void)bk_buf_add(&b, salt, sizeof(salt), &e);
	(void)bk_suite_hkdf(key, file_key, s->file_key_len, salt, sizeof(salt),
	    s->payload, &e);
	chunk = malloc(2 * SEALED);
	for (i = 0; i < nchunks; off += len[i++]) {
		memset(nonce, 0, sizeof(nonce));
		nonce[10] = (uint8_t)i;
		nonce[11] = (uint8_t)last[i];
		if (!EVP_EncryptInit_ex(ctx, s->aead(), NULL, key, nonce) ||
		    (len[i] > 0 && !EVP_EncryptUpdate(ctx, chunk, &n,
		    plain + off, (int)len[i])) ||
		    !EVP_EncryptFinal_ex(ctx, chunk + len[i], &n) ||
		    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
		    chunk + len[i]))
			abort();
		(void)bk_buf_add(&b, chunk, len[i] + 16, &e);
	}
	if (s->marks)
		(void)bk_buf_puts(&b, closing, &e);
	if (e.code != BK_OK)
		abort();
	ok(run('d', NULL, b.data, b.len, &out) == want && out.n == good &&
	    memcmp(out.p, plain, good) == 0, "%s: %s", s->version, what);
	free(out.p);
	free(chunk);
	bk_buf_free(&b);
	EVP_CIPHER_CTX_free(ctx);
}

static void
wrong_writers(const struct bk_suite *s)
{
	static const size_t full[] = { CHUNK, CHUNK, CHUNK },
	    short_end[] = { CHUNK, CHUNK, 5 }, empty_end[] = { CHUNK, 0 },
	    middle[] = { CHUNK, 5, CHUNK }, large[] = { CHUNK + 1, 5 };
	static const int good[] = { 0, 0, 1 }, never[] = { 0, 0, 0 },
	    early[] = { 0, 1, 0 }, twice[] = { 0, 1, 1 }, second[] = { 0, 1 };

	crafted(s, "as it should be", 3, full, good, BK_OK, 3 * CHUNK);
	crafted(s, "no last chunk", 3, full, never, BK_DATA, 3 * CHUNK);
	crafted(s, "no last chunk, a short one", 3, short_end, never, BK_DATA,
	    2 * CHUNK);
	crafted(s, "the last chunk in the middle", 3, full, early, BK_DATA,
	    2 * CHUNK);
	crafted(s, "two last chunks", 3, full, twice, BK_DATA, 2 * CHUNK);
	crafted(s, "an empty last chunk", 2, empty_end, second, BK_DATA, CHUNK);
	crafted(s, "a short chunk in the middle", 3, middle, good, BK_DATA,
	    CHUNK);
	crafted(s, "a chunk too large", 2, large, second, BK_DATA, 0);
	crafted(s, "an empty first chunk", 1, empty_end + 1, second + 1,
	    BK_OK, 0);
	crafted(s, "no chunk at all", 0, full, good, BK_DATA, 0);
}

static void
rewrap_refuses(const struct bk_suite *s)
{
	struct bytes c = encrypted(s, 2 * CHUNK), out;
	size_t h = header_len(c) + 16;

	ok(run('r', NULL, c.p, h + 15, &out) == BK_DATA, "rewrap: a payload "
	    "without room for a tag");
	free(out.p);
	if (s->marks) {
		ok(run('r', NULL, c.p, c.n - 1, &out) == BK_DATA &&
		    bk_seal_find_closing(out.p, out.n) == -1, "rewrap: cut "
		    "off, and no closing mark comes out");
		free(out.p);
		c.p[c.n] = 'x';
		ok(run('r', NULL, c.p, c.n + 1, &out) == BK_DATA, "rewrap: "
		    "something behind the closing mark");
		free(out.p);
		free(c.p);
		c = encrypted(s, 100);
		c.p[c.n] = 'x';
		ok(run('r', NULL, c.p, c.n + 1, &out) == BK_DATA, "rewrap: "
		    "also where the length could be right");
		free(out.p);
	} else {
		ok(run('r', NULL, c.p, h + SEALED + 16, &out) == BK_DATA,
		    "rewrap: an empty last chunk");
		free(out.p);
	}
	free(c.p);
}

/* A fixed stream, made by this code: later versions must read it. */
static void
known_stream(void)
{
	static const char text[] =
	    "YmstY3J5cHQvdjEgZDc2MzZkOWY5ZTAxZDg3NDNkYmQ4YzQyNThkNTUwOWI0"
	    "YmVjMmNlMDRmYmFjMjNlYWJjNmQ5ZTZkMTA3NDYxNGY1MjE2MjE2MTMzYmJm"
	    "YTYyMjJiOTllZTRjNzRiM2Y0KGRiPXNob3A7YXQ9MjAyNjExMjJUMTMxNDE1"
	    "WjtydW49MDEyMzQ1Njc4OWFiY2RlZikKLT4gWDI1NTE5IHRSa1ZUZzRHc3Zi"
	    "eTZoOEd1UU42YTBBMWw3UjJuUmIzWGNZcm1haUFXMGsKbXFSWm8waUY2WFJE"
	    "S29WUjA4WkRSMExsU0JNeGlJaUhjYTNwOXl1SnZkV1JPWis3ck90TEhNU1N1"
	    "ZTBIMlZNSAoKLS0tIDVpNmoyUExPMFB3dWZvVWVyR0JlaUtJdGR2b21NaFNC"
	    "ZlRKdDk0ZkVDOTgKxlb694qy2z88tK0a3sye3TX8kNoscBdJD+wikvuLjeNi"
	    "T9usfrzt9Rateb/oEgh+4lh0h2Q1YTA2NGNlNGQ1ODkzYjYxZTVmOTZlY2Fj"
	    "YmUwY2ZhNGMyZGFjMGUwYTI5OWUyMzM1MjdhYWIwYzQxZTk1NjEwMDAw";
	static const uint8_t secret[BK_KEY_LEN] = {
		0xca, 0x16, 0x26, 0x25, 0x2c, 0x53, 0xcf, 0x1a,
		0x4d, 0xc4, 0x66, 0x95, 0xe7, 0xfc, 0xc4, 0x65,
		0x94, 0xcb, 0x4c, 0xca, 0xde, 0xdb, 0x67, 0x12,
		0xdf, 0xda, 0x07, 0x53, 0xf3, 0xae, 0x35, 0x5e,
	};
	struct bk_identity known = {0};
	struct bk_identities before = ids;
	struct bk_err e = {0};
	struct bytes b;
	uint8_t stream[sizeof(text)];
	ssize_t n = bk_base64_decode(stream, text, strlen(text));

	memcpy(known.secret, secret, sizeof(secret));
	if (n == -1 || bk_identity_complete(&known, &e) == -1)
		abort();
	ids = (struct bk_identities){ .id = &known, .n = 1 };
	ok(run('d', NULL, stream, (size_t)n, &b) == BK_OK && b.n == 20 &&
	    memcmp(b.p, "to be read for ever\n", 20) == 0,
	    "a stream of another day");
	free(b.p);
	ids = before;
}

int
main(void)
{
	static const struct bk_suite *const suites[] = {
		&bk_suite_bk, &bk_suite_age
	};
	struct bk_err e = {0};
	struct bk_identity id;
	char text[BK_BECH32_TEXT];
	size_t i;

	for (i = 0; i < BIG; i++)
		plain[i] = (uint8_t)(i * 2654435761U >> 13);
	if (bk_identity_make(&id, &e) == -1)
		return 1;
	ids = (struct bk_identities){ .id = &id, .n = 1 };
	bk_recipient_format(text, id.public);
	if (bk_recipients_add(&rcpts, text, &e) == -1)
		return 1;
	for (i = 0; i < 2; i++) {
		round_trips(suites[i]);
		every_flip(suites[i]);
		every_cut(suites[i]);
		cut_at_boundaries(suites[i]);
		moved_chunks(suites[i]);
		trailing_bytes(suites[i], 10);
		trailing_bytes(suites[i], CHUNK);
		wrong_writers(suites[i]);
		rewrap_refuses(suites[i]);
	}
	closing_mark();
	known_stream();
	bk_recipients_free(&rcpts);
	return tap_done();
}
