/*
 * A payload that is sealed here and then altered as the input says: nothing but
 * the beginning of the plaintext comes out, and never success unless it is what
 * was written.
 */
#include "fuzz.h"

#include "crypt/payload.h"

#define PLAIN_MAX (3 * BK_PAYLOAD_CHUNK)

static const uint8_t key[BK_SUITE_KEY] = { 1, 2, 3 };
static struct bk_seal seal = {
	.nonce = "00112233445566778899aabbccddeeff",
	.sum = "5947d7c33d783f94b3b4c1a96ebc8991"
	    "ed28f1b069b71e03376cba8caa98a720",
};

struct job {
	const struct bk_suite *suite;
	struct bk_payload_end end;
};

static int
encrypt(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	const struct job *j = ctx;
	char mark[BK_SEAL_CLOSING + 1];

	bk_seal_close(&seal, 0, mark);
	return bk_payload_seal(j->suite, key, in, NULL, out, e) == 0 &&
	    (j->end.seal == NULL || bk_writer_write(out, mark, BK_SEAL_CLOSING,
	    e) == 0) ? 0 : -1;
}

static int
decrypt(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	struct job *j = ctx;
	struct bk_armor *a = bk_armor_open(in, e);
	int rc = bk_payload_open(j->suite, key, &j->end, a, NULL, out, e);

	bk_armor_free(a);
	return rc;
}

/* Three bytes say what to do to the n bytes at c; returns what is left. */
static size_t
alter(uint8_t *c, size_t n, const uint8_t *how)
{
	size_t at = n == 0 ? 0 : ((size_t)how[1] << 8 | how[2]) * n >> 16;
	const size_t chunk = BK_PAYLOAD_CHUNK + BK_SUITE_TAG;

	switch (how[0] % 5) {
	case 0:
		return at;
	case 1:
		if (n > 0)
			c[at] ^= (uint8_t)(1U << how[0] / 32);
		break;
	case 2:			/* a chunk in place of the next one */
		at -= at % chunk;
		if (at + 2 * chunk <= n)
			memcpy(c + at + chunk, c + at, chunk);
		break;
	case 3:			/* a chunk is left out */
		at -= at % chunk;
		if (at + chunk > n)
			break;
		memmove(c + at, c + at + chunk, n - at - chunk);
		return n - chunk;
	default:
		if (n > 0)
			memset(c + at, how[2], n - at);
	}
	return n;
}

FUZZ(8 << 20, 0)
{
	static uint8_t plain[PLAIN_MAX], text[PLAIN_MAX + 1024],
	    first[PLAIN_MAX + 1024];
	struct job j = { .suite = &bk_suite_age };
	size_t len, cipher, i;
	struct fuzz_made m;

	if (n < 3)
		return;
	if (p[0] & 1) {
		j.suite = &bk_suite_bk;
		j.end.seal = &seal;
	}
	len = ((size_t)p[1] << 8 | p[2]) * 3 % (PLAIN_MAX + 1);
	for (i = 0; i < len; i++)
		plain[i] = (uint8_t)(i * 7 + i / 251);
	m = fuzz_run(plain, len, 0, encrypt, &j);
	CHECK(m.rc == 0 && m.n <= sizeof(text));
	memcpy(text, m.p, cipher = m.n);
	memcpy(first, m.p, cipher);
	for (i = 3; i + 3 <= n && i < 12; i += 3)
		cipher = alter(text, cipher, p + i);
	fuzz_short_reads(1);
	m = fuzz_run(text, cipher, BK_READER_PARSED, decrypt, &j);
	CHECK(m.n <= len && (m.n == 0 || memcmp(m.p, plain, m.n) == 0));
	/* an altered one may have become the same again */
	CHECK((m.rc == 0) == (m.n == len && memcmp(text, first, cipher) == 0 &&
	    fuzz_run(text, cipher, BK_READER_PARSED, decrypt, &j).rc == 0));
}
