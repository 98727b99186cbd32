/* signed.h: only what a known signer signed, byte for byte, is accepted */
#include <stdlib.h>

#include "crypt/signed.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */

static struct bk_signer ann, eve;
static struct bk_err e;

static struct bk_signed *
stream(const char *text)
{
	struct bk_signed *d = bk_signed_open(&e);

	/* in two pieces: the division must not matter */
	ok(d != NULL && bk_signed_add(d, text, 3, &e) == 0 &&
	    bk_signed_add(d, text + 3, strlen(text) - 3, &e) == 0, "a stream");
	return d;
}

/* Who of ann and eve signed text? */
static ssize_t
check(const char *text, const uint8_t *signature)
{
	uint8_t keys[2][BK_SIGN_KEY];
	struct bk_verifiers both = { .key = keys, .n = 2 };
	struct bk_signed *d = stream(text);
	ssize_t who;

	memcpy(keys[0], eve.public, BK_SIGN_KEY);
	memcpy(keys[1], ann.public, BK_SIGN_KEY);
	who = bk_signed_check(d, &both, signature, &e);
	bk_signed_free(d);
	return who;
}

static int
parse(uint8_t *signature, const struct bk_buf *text, struct bk_signer *by)
{
	struct bk_verifiers one = { .key = &by->public, .n = 1 };
	struct bk_buf copy = {0};
	int rc = -1;

	if (bk_buf_add(&copy, text->data, text->len, &e) == 0)
		rc = bk_signed_parse(signature, &copy, "x.sig", &one, &e);
	bk_buf_free(&copy);
	return rc;
}

/* Each byte of text changed: is any accepted?  The first line is not signed. */
static void
alter(const struct bk_buf *text)
{
	uint8_t signature[BK_SIGN_LEN], right[BK_SIGN_LEN];
	size_t i, accepted = 0;

	ok(parse(right, text, &ann) == 0, "unaltered");
	for (i = strcspn(text->data, "\n"); i < text->len; i++) {
		text->data[i] ^= 1;
		/* a flip in the signature itself shows against the stream */
		accepted += parse(signature, text, &ann) == 0 &&
		    memcmp(signature, right, BK_SIGN_LEN) == 0;
		text->data[i] ^= 1;
	}
	is_int((intmax_t)accepted, 0, "no altered byte passes");
	for (i = 0; i < text->len; i++) {
		struct bk_buf cut = { .data = text->data, .len = i };

		accepted += parse(signature, &cut, &ann) == 0;
	}
	is_int((intmax_t)accepted, 0, "nor does a part of it");
}

int
main(void)
{
	uint8_t signature[BK_SIGN_LEN], again[BK_SIGN_LEN];
	struct bk_buf text = {0};
	struct bk_signed *d;

	ok(bk_signer_make(&ann, &e) == 0 && bk_signer_make(&eve, &e) == 0,
	    "two keys");
	d = stream("what was stored");
	ok(bk_signed_sign(d, &ann, signature, &e) == 0, "signed");
	bk_signed_free(d);
	is_int(check("what was stored", signature), 1, "found by its key");
	is_int(check("what was stored.", signature), -1, "one byte more");
	is_int(e.code, BK_DATA, "is refused");
	signature[5] ^= 8;
	is_int(check("what was stored", signature), -1, "another signature");
	signature[5] ^= 8;

	ok(bk_signed_format(&text, &ann, signature, NOW, &e) == 0, "as text");
	ok(parse(again, &text, &ann) == 0 &&
	    memcmp(again, signature, BK_SIGN_LEN) == 0, "read back");
	e = (struct bk_err){0};
	is_int(parse(again, &text, &eve), -1, "not for another key");
	is_str(e.msg, "x.sig: not by one of the accepted signers", "says so");
	alter(&text);
	bk_buf_free(&text);
	return tap_done();
}
