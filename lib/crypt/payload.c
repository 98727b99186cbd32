#include "crypt/payload.h"

#include <openssl/err.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "stream/pipeline.h"

#define CHUNK BK_PAYLOAD_CHUNK
#define SEALED (CHUNK + BK_SUITE_TAG)	/* an encrypted full chunk */
#define CHUNKS 8			/* per block */
#define TRAILER_MAX (BK_SIGN_LEN + BK_SEAL_CLOSING)

/* bk_block.tag */
enum { MIDDLE, LAST, CUT /* the input failed after it */ };

struct job {
	const struct bk_suite *suite;
	ssize_t (*read)(struct job *, void *, size_t, struct bk_err *);
	struct bk_reader *in;
	struct bk_armor *armor;
	struct bk_writer *out;
	EVP_CIPHER_CTX *ctx;	/* the worker's; expands the key once */
	size_t block;		/* bytes per block of fill */
	struct bk_signed *digest;	/* of the encrypted side, or NULL */
	struct bk_payload_end *end;	/* to be read; NULL: encrypting */
	size_t trailer;		/* its bytes */
	/*
	 * fill reads trailer + 1 bytes ahead, to recognize the last block and
	 * to keep the trailer out of it.
	 */
	uint8_t held[TRAILER_MAX + 1];
	size_t held_len;
	int ended;
	struct bk_err err;	/* failure at the end of the input */
};

static ssize_t
read_in(struct job *j, void *buf, size_t n, struct bk_err *e)
{
	return bk_reader_read(j->in, buf, n, e);
}

static ssize_t
read_armor(struct job *j, void *buf, size_t n, struct bk_err *e)
{
	return bk_armor_read(j->armor, buf, n, e);
}

/* The bytes of the stream's end. */
static size_t
end_len(const struct bk_payload_end *end)
{
	return (end->is_signed ? BK_SIGN_LEN : 0) +
	    (end->seal != NULL ? BK_SEAL_CLOSING : 0);
}

/* Read the stream's end from its n bytes at p. */
static int
parse_end(struct bk_payload_end *end, const uint8_t *p, size_t n,
    struct bk_err *e)
{
	size_t signature = end->is_signed ? BK_SIGN_LEN : 0;

	if (n < end_len(end) || (end->seal != NULL && !bk_seal_closes(end->seal,
	    p + signature, BK_SEAL_CLOSING, 0)))
		return bk_fail(e, BK_DATA, "payload: damaged: the closing mark "
		    "is not where it belongs");
	memcpy(end->signature, p, signature);
	return 0;
}

/* At the end of the input: remove the trailer. */
static void
finish_input(struct job *j, struct bk_block *b)
{
	size_t n = b->in_len < j->trailer ? b->in_len : j->trailer;

	j->ended = 1;
	b->tag = LAST;
	if (j->err.code == BK_OK && j->end != NULL)
		(void)parse_end(j->end, b->in + b->in_len - n, n, &j->err);
	if (j->err.code == BK_OK)
		b->in_len -= j->trailer;
	else
		b->tag = CUT;
}

/* The digest of what is decrypted is made while it is read. */
static int
digest_input(struct job *j, const struct bk_block *b, struct bk_err *e)
{
	if (j->end == NULL || j->digest == NULL)
		return 0;
	return bk_signed_add(j->digest, b->in, b->in_len, e);
}

static int
fill(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *j = ctx;
	size_t want = j->block + j->trailer + 1, ahead = j->trailer + 1;
	ssize_t n;
	uint8_t c;

	if (j->ended && j->err.code != BK_OK)
		return bk_fail(e, j->err.code, "%s", j->err.msg);
	if (j->ended)
		return 0;
	memcpy(b->in, j->held, j->held_len);
	b->in_len = j->held_len;
	n = j->read(j, b->in + b->in_len, want - b->in_len, &j->err);
	if (n > 0)
		b->in_len += (size_t)n;
	if (b->in_len == want) {
		b->in_len -= ahead;
		memcpy(j->held, b->in + b->in_len, ahead);
		j->held_len = ahead;
	} else {
		if (n > 0)	/* short: the next read reports the end */
			(void)j->read(j, &c, 1, &j->err);
		finish_input(j, b);
	}
	return digest_input(j, b, e) == -1 ? -1 : 1;
}

static void
make_nonce(uint8_t nonce[BK_SUITE_NONCE], uint64_t number, int last)
{
	int i;

	memset(nonce, 0, BK_SUITE_NONCE);
	for (i = 0; i < 8; i++)
		nonce[BK_SUITE_NONCE - 2 - i] = (uint8_t)(number >> 8 * i);
	nonce[BK_SUITE_NONCE - 1] = (uint8_t)last;
}

static int
seal_chunk(EVP_CIPHER_CTX *ctx, uint64_t number, int last, const uint8_t *in,
    size_t n, uint8_t *out)
{
	uint8_t nonce[BK_SUITE_NONCE];
	int len;

	make_nonce(nonce, number, last);
	return EVP_EncryptInit_ex(ctx, NULL, NULL, NULL, nonce) == 1 &&
	    (n == 0 || EVP_EncryptUpdate(ctx, out, &len, in, (int)n) == 1) &&
	    EVP_EncryptFinal_ex(ctx, out + n, &len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BK_SUITE_TAG,
	    out + n) == 1 ? 0 : -1;
}

/* n: bytes of plaintext, without the tag after them.  1 if authentic. */
static int
open_chunk(EVP_CIPHER_CTX *ctx, uint64_t number, int last, const uint8_t *in,
    size_t n, uint8_t *out)
{
	uint8_t nonce[BK_SUITE_NONCE];
	int len;

	make_nonce(nonce, number, last);
	return EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, nonce) == 1 &&
	    (n == 0 || EVP_DecryptUpdate(ctx, out, &len, in, (int)n) == 1) &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BK_SUITE_TAG,
	    (void *)(in + n)) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out + n, &len) == 1;
}

static int
seal_block(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	struct job *j = ctx;
	uint64_t number = b->seq * CHUNKS;
	size_t off = 0, n;
	int last;

	(void)worker;
	if (b->tag == CUT)	/* the output has no end: discard */
		return 0;
	do {
		n = b->in_len - off < CHUNK ? b->in_len - off : CHUNK;
		last = b->tag == LAST && off + n == b->in_len;
		if (seal_chunk(j->ctx, number++, last, b->in + off, n,
		    b->out + b->out_len) == -1)
			return bk_suite_fail(e, "encrypting");
		off += n;
		b->out_len += n + BK_SUITE_TAG;
	} while (off < b->in_len);
	return 0;
}

static int
damaged(struct bk_err *e, uint64_t number, const char *cause)
{
	ERR_clear_error();
	return bk_fail(e, BK_DATA, "payload: damaged: chunk %" PRIu64 " at "
	    "plaintext offset %" PRIu64 " %s", number, number * CHUNK, cause);
}

/*
 * A chunk that others follow.  If it opens as a last one, the stream ends here
 * and trailing data follows.
 */
static int
open_middle(EVP_CIPHER_CTX *ctx, uint64_t number, struct bk_block *b,
    size_t off, struct bk_err *e)
{
	uint8_t *out = b->out + b->out_len;

	if (open_chunk(ctx, number, 0, b->in + off, CHUNK, out)) {
		b->out_len += CHUNK;
		return 0;
	}
	if (b->tag != CUT &&
	    open_chunk(ctx, number, 1, b->in + off, CHUNK, out)) {
		b->out_len += CHUNK;
		return damaged(e, number, "is the last, but data follows it");
	}
	return damaged(e, number, "is not authentic");
}

/* The last n bytes.  If they open as a middle chunk, the end is missing. */
static int
open_last(EVP_CIPHER_CTX *ctx, uint64_t number, struct bk_block *b,
    size_t off, size_t n, struct bk_err *e)
{
	uint8_t *out = b->out + b->out_len;

	if (n < BK_SUITE_TAG)
		return damaged(e, number, "is truncated");
	n -= BK_SUITE_TAG;
	if (n == 0 && number > 0)
		return damaged(e, number, "is empty");
	if (open_chunk(ctx, number, 1, b->in + off, n, out)) {
		b->out_len += n;
		return 0;
	}
	if (n == CHUNK && open_chunk(ctx, number, 0, b->in + off, n, out)) {
		b->out_len += n;
		return damaged(e, number, "is not the last, but nothing "
		    "follows it");
	}
	return damaged(e, number, "is not authentic");
}

static int
open_block(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	struct job *j = ctx;
	struct bk_err ignored = {0};	/* j->err says more */
	uint64_t number = b->seq * CHUNKS;
	size_t off = 0;

	(void)worker;
	if (b->tag == CUT)
		e = &ignored;
	for (; b->in_len - off > SEALED || (b->tag != LAST &&
	    b->in_len - off == SEALED); off += SEALED)
		if (open_middle(j->ctx, number++, b, off, e) == -1)
			return b->tag == CUT ? 0 : -1;
	if (b->tag == LAST)
		return open_last(j->ctx, number, b, off, b->in_len - off, e);
	return 0;
}

static int
drain(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *j = ctx;

	if (j->end == NULL && j->digest != NULL &&
	    bk_signed_add(j->digest, b->out, b->out_len, e) == -1)
		return -1;
	return bk_writer_write(j->out, b->out, b->out_len, e);
}

/*
 * Read, encrypt or decrypt, write: three threads.  One worker is enough: a
 * core encrypts faster than a pipe transfers.
 */
static int
run(struct job *j, const uint8_t key[BK_SUITE_KEY], int encrypt,
    struct bk_err *e)
{
	struct bk_pipeline pipeline = {
		.workers = 1,
		.in_cap = j->block + j->trailer + 1,
		.out_cap = CHUNKS * SEALED,
		.in = j->in,
		.fill = fill, .work = encrypt ? seal_block : open_block,
		.drain = drain, .ctx = j,
	};
	int rc = -1;

	if ((j->ctx = EVP_CIPHER_CTX_new()) == NULL ||
	    EVP_CipherInit_ex(j->ctx, j->suite->aead(), NULL, key, NULL,
	    encrypt) != 1)
		bk_suite_fail(e, "setting up the cipher");
	else
		rc = bk_pipeline_run(&pipeline, e);
	EVP_CIPHER_CTX_free(j->ctx);
	return rc;
}

int
bk_payload_seal(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_reader *in, struct bk_signed *digest, struct bk_writer *out,
    struct bk_err *e)
{
	struct job j = {
		.suite = s, .read = read_in, .in = in, .out = out,
		.block = CHUNKS * CHUNK,
		.digest = digest,
	};

	return run(&j, key, 1, e);
}

int
bk_payload_open(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_payload_end *end, struct bk_armor *a, struct bk_signed *digest,
    struct bk_writer *out, struct bk_err *e)
{
	struct job j = {
		.suite = s, .read = read_armor, .armor = a, .out = out,
		.in = bk_armor_reader(a),
		.block = CHUNKS * SEALED,
		.digest = digest,
		.end = end,
		.trailer = end_len(end),
	};

	return run(&j, key, 0, e);
}

/* A payload of n bytes: full chunks, then a last one, empty only if first. */
static int
check_length(uint64_t n, struct bk_err *e)
{
	uint64_t last = n % SEALED;

	if (n < BK_SUITE_TAG || (n > SEALED && last > 0 &&
	    last <= BK_SUITE_TAG))
		return bk_fail(e, BK_DATA,
		    "payload: damaged: impossible length");
	return 0;
}

static int
copy_out(struct bk_signed *const digests[2], struct bk_writer *out,
    const uint8_t *p, size_t n, struct bk_err *e)
{
	int i;

	for (i = 0; i < 2; i++)
		if (digests[i] != NULL &&
		    bk_signed_add(digests[i], p, n, e) == -1)
			return -1;
	return bk_writer_write(out, p, n, e);
}

int
bk_payload_copy(struct bk_payload_end *end, struct bk_armor *a,
    struct bk_signed *const digests[2], struct bk_writer *out,
    struct bk_err *e)
{
	size_t trailer = end_len(end), len = 0;
	uint8_t *buf = malloc(TRAILER_MAX + BK_IO_BUFSZ);
	uint64_t total = 0;
	ssize_t n;
	int rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	/* hold back what may be the stream's end */
	while ((n = bk_armor_read(a, buf + len, BK_IO_BUFSZ, e)) > 0) {
		len += (size_t)n;
		if (len <= trailer)
			continue;
		if (copy_out(digests, out, buf, len - trailer, e) == -1)
			goto done;
		total += len - trailer;
		memmove(buf, buf + len - trailer, trailer);
		len = trailer;
	}
	if (n == 0 && check_length(total, e) == 0)
		rc = parse_end(end, buf, len, e);
 done:
	free(buf);
	return rc;
}
