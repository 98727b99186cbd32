/* The header's grammar: what is accepted and what is refused. */
#include <stdlib.h>

#include "crypt/header.h"
#include "crypt/wrap.h"
#include "stream/seal.h"
#include "tap.h"

#define SHARE "DGoiG7rVyKH4h5iIRBvZGGXbVbCm8sXhAlZDpUHWl0U"
#define BODY "lAD5yRHg/WSMw5pHYbYbWYPaTMOl3MOYcKQkUTO3UvQ"	/* 32 bytes */
#define LINE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define MAC "--- " SHARE "\n"
#define AGE "age-encryption.org/v1\n"
#define GOOD "-> X25519 " SHARE "\n" BODY "\n"
#define SALT "AAECAwQFBgcICQoLDA0ODw"

/* Parse and check: BK_OK or the failure. */
static enum bk_code
parse(const char *text, size_t n)
{
	struct bk_header h = {0};
	struct bk_err e = {0};
	int rc = bk_header_parse(&h, text, n, &e);

	if (rc == 0)
		rc = bk_wrap_check(&h, &e);
	bk_header_free(&h);
	return rc == 0 ? BK_OK : e.code;
}

static void
good_ones(void)
{
	static const char *const good[] = {
		AGE GOOD MAC,
		AGE GOOD GOOD MAC,
		AGE "-> scrypt " SALT " 18\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 22\n" BODY "\n" MAC,
		AGE "-> x\n\n" MAC,			/* empty body */
		AGE GOOD "-> grease a b c d e f ~!\nAA\n" MAC,
		AGE "-> grease\n" LINE "\n\n" MAC,	/* full, then empty */
		AGE "-> grease\n" LINE "\n" LINE "\nAA\n" MAC,
		AGE "-> x25519 wrong but not ours\n\n" MAC,
		AGE "-> -> ---\n\n" MAC,
	};
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!is_int(parse(good[i], strlen(good[i])), BK_OK, "good"))
			printf("# %s\n", good[i]);
}

static void
bad_ones(void)
{
	static const char *const bad[] = {
		"",
		AGE,
		AGE MAC,				/* no stanza */
		AGE GOOD,				/* no MAC */
		"age-encryption.org/v2\n" GOOD MAC,
		"age-encryption.org/v1 \n" GOOD MAC,
		"age-encryption.org/v1\r\n" GOOD MAC,
		AGE "\n" GOOD MAC,
		AGE GOOD "\n" MAC,
		AGE GOOD MAC "x",
		AGE GOOD MAC "\n",
		AGE GOOD "--- " SHARE,			/* no line end */
		AGE GOOD "---  " SHARE "\n",
		AGE GOOD "---" SHARE "\n",
		AGE GOOD "--- " SHARE " \n",
		AGE GOOD "--- " SHARE "=\n",
		AGE GOOD "---\n",
		AGE GOOD "--- DGoiG7rVyKH4h5iIRBvZGGXbVbCm8sXhAlZDpUHWl0V\n",
		AGE "->X25519 " SHARE "\n" BODY "\n" MAC,
		AGE "-> \n\n" MAC,
		AGE "->\n\n" MAC,
		AGE "->  x\n\n" MAC,
		AGE "-> x \n\n" MAC,
		AGE "-> x  y\n\n" MAC,
		AGE "-> x\ty\n\n" MAC,
		AGE "-> x\x7f\n\n" MAC,
		AGE "-> \xc3\xa9\n\n" MAC,
		AGE "-> x\r\n\n" MAC,
		AGE "-> x\n" MAC,			/* no body */
		AGE "-> x\nAA==\n" MAC,
		AGE "-> x\nAB\n" MAC,			/* not canonical */
		AGE "-> x\nA\n" MAC,
		AGE "-> x\nAA\nAA\n" MAC,		/* two short lines */
		AGE "-> x\n" LINE "\n" MAC,		/* no short line */
		AGE "-> x\n" LINE "A\n\n" MAC,
		AGE "-> x\nAA \n" MAC,
		AGE "-> X25519\n" BODY "\n" MAC,
		AGE "-> X25519 " SHARE " x\n" BODY "\n" MAC,
		AGE "-> X25519 " SHARE "A\n" BODY "\n" MAC,
		AGE "-> X25519 DGoiG7rVyKH4\n" BODY "\n" MAC,
		AGE "-> X25519 " SHARE "\nAA\n" MAC,
		AGE "-> X25519 " SHARE "\n" LINE "\n\n" MAC,
		AGE GOOD "-> X25519 " SHARE "\nAA\n" MAC,
		AGE "-> scrypt " SALT " 18\n" BODY "\n" GOOD MAC,
		AGE GOOD "-> scrypt " SALT " 18\n" BODY "\n" MAC,
		AGE "-> scrypt\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT "\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 18 x\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT "A 18\n" BODY "\n" MAC,
		AGE "-> scrypt AAECAwQFBgcICQoLDA0ODx 18\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 23\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 99999999999999999999\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 4294967297\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 0\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 018\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " +18\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " -18\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 0x12\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 18,\n" BODY "\n" MAC,
		AGE "-> scrypt " SALT " 18\nAA\n" MAC,
		"bk-crypt/v1\n" GOOD MAC,
		"bk-crypt/v1 \n" GOOD MAC,
	};
	static const char nul[] = AGE "-> x\0y\n\n" MAC;
	static const char nul_body[] = AGE "-> x\nA\0\n" MAC;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!is_int(parse(bad[i], strlen(bad[i])), BK_DATA, "bad"))
			printf("# %s\n", bad[i]);
	is_int(parse(nul, sizeof(nul) - 1), BK_DATA, "a NUL in an argument");
	is_int(parse(nul_body, sizeof(nul_body) - 1), BK_DATA, "in a body");
}

/* What bk_header_begin() and its siblings write is read back unchanged. */
static void
round_trip(void)
{
	static const uint8_t file_key[BK_SUITE_KEY] = { 1, 2, 3 };
	uint8_t body[200] = { 9 };
	struct bk_header h = {0};
	struct bk_err e = {0};
	struct bk_label label = {0};
	struct bk_seal seal;
	struct bk_buf b = {0};
	size_t n;

	bk_label_set(&label, BK_LABEL_DB, "shop");
	(void)bk_seal_new(&seal, &label, &e);
	(void)bk_header_begin(&b, &bk_suite_bk, &seal, NULL, &e);
	for (n = 0; n <= 144; n++)
		(void)bk_header_stanza(&b, "grease x", body, n, &e);
	(void)bk_header_end(&b, &bk_suite_bk, file_key, &e);
	ok(e.code == BK_OK && bk_header_parse(&h, b.data, b.len, &e) == 0 &&
	    h.nstanzas == 145 && h.suite == &bk_suite_bk, "read back");
	for (n = 0; n < h.nstanzas; n++)
		if (h.stanza[n].body_len != n ||
		    memcmp(h.stanza[n].body, body, n) != 0 ||
		    h.stanza[n].nargs != 2)
			break;
	is_int((intmax_t)n, 145, "bodies of every length");
	is_int(bk_header_verify(&h, file_key, &e), 1, "the MAC fits");
	h.mac[31] ^= 1;
	is_int(bk_header_verify(&h, file_key, &e), 0, "another does not");
	ok(strncmp(b.data + strlen("bk-crypt/v1 ") + BK_SEAL_MARK,
	    "(db=shop)\n", 10) == 0, "the label is there");
	is_str(h.seal.sum, seal.sum, "and the seal read from it");
	bk_header_free(&h);
	bk_buf_free(&b);
}

/* Random bytes in a valid header: no crash, whatever the result. */
static void
mangled(void)
{
	char text[] = AGE GOOD "-> grease a b\n" LINE "\nAA\n" MAC;
	size_t i, len = sizeof(text) - 1;
	unsigned c;
	char was;

	for (i = 0; i < len; i++)
		for (c = 0; c < 256; c++) {
			was = text[i];
			text[i] = (char)c;
			(void)parse(text, len);
			text[i] = was;
		}
	for (i = 0; i < len; i++)
		if (parse(text, i) != BK_DATA)
			break;
	is_int((intmax_t)i, (intmax_t)len, "cut at each length: refused");
}

int
main(void)
{
	good_ones();
	bad_ones();
	round_trip();
	mangled();
	return tap_done();
}
