/*
 * Encrypted streams, from header to closing mark, with a key that opens the
 * seeds.  All of them hold the beginning of the same text: nothing but that
 * text may ever come out, and all of it only from a whole stream.
 */
#include "fuzz.h"

#include <stdio.h>

#include "crypt/crypt.h"

/* The bytes 0 to 31 are a secret to nobody. */
#define KEY "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8Q" \
	"ARC0SWRYDWG"
#define TEXT_MAX (256 * 1024)

static struct bk_identities ids;

static int
decode(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	struct bk_crypt_from from = { .identities = &ids };
	struct bk_crypt *c = bk_crypt_open(in, &from, e);
	int rc = c == NULL ? -1 : bk_crypt_decrypt(c, out, e);

	(void)ctx;
	bk_crypt_free(c);
	return rc;
}

static int
rewrap(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	const struct bk_recipients r = { &ids.id[0].public, 1 };
	const struct bk_crypt_to to = { .recipients = &r };
	const struct bk_crypt_from from = { .identities = &ids };
	struct bk_crypt *c = bk_crypt_open(in, &from, e);
	int rc = c == NULL ? -1 : bk_crypt_rewrap(c, &to, out, e);

	(void)ctx;
	bk_crypt_free(c);
	return rc;
}

/* With another header, the stream holds what it held, and its damage. */
static void
check_rewrapped(const uint8_t *p, size_t n, const struct fuzz_made *before)
{
	struct fuzz_made m = fuzz_run(p, n, BK_READER_PARSED |
	    BK_READER_NONEMPTY, rewrap, NULL);
	struct bk_buf b = {0};
	struct bk_err e = {0};
	size_t len = before->n;

	if (m.rc == 0) {
		CHECK(bk_buf_add(&b, m.p, m.n, &e) == 0);
		m = fuzz_run((uint8_t *)b.data, b.len, BK_READER_PARSED |
		    BK_READER_NONEMPTY, decode, NULL);
		CHECK(m.rc == before->rc && m.n == len);
	}
	bk_buf_free(&b);
}

/* The numbers from 1 on, a line each. */
static const char *
numbers(void)
{
	static char text[TEXT_MAX];
	size_t n = 0, i;

	for (i = 1; *text == '\0' || n < sizeof(text) - 16; i++)
		n += (size_t)snprintf(text + n, 16, "%zu\n", i);
	return text;
}

/* libcrypto's tables on the first run; and 3 MiB of chunks. */
FUZZ(6 << 20, 8)
{
	static const char *text;
	struct fuzz_made m;
	struct bk_buf key = {0};

	if (text == NULL) {
		text = numbers();
		CHECK(bk_buf_puts(&key, KEY "\n", &m.e) == 0);
		m.e = (struct bk_err){0};
		CHECK(bk_identities_parse(&ids, &key, "key", &m.e) == 0);
		bk_buf_free(&key);
	}
	fuzz_short_reads(1);
	m = fuzz_run(p, n, BK_READER_PARSED | BK_READER_NONEMPTY, decode, NULL);
	CHECK(m.n < TEXT_MAX && (m.n == 0 || memcmp(m.p, text, m.n) == 0));
	CHECK(m.rc == -1 || m.n == 0 || m.p[m.n - 1] == '\n');
	check_rewrapped(p, n, &m);
}
