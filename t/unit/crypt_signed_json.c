/* JSON objects that end with a signature of what comes before it. */
#include <stdlib.h>
#include <string.h>

#include "crypt/signed_json.h"
#include "tap.h"

static struct bk_signer ann, eve;
static uint8_t keys[2][BK_SIGN_KEY];
static struct bk_verifiers both = { keys, 2 }, one = { keys, 1 };
static struct bk_err e;

static int
check(const struct bk_buf *b, const struct bk_verifiers *v)
{
	return bk_signed_json_check(b->data, b->len - 1, v, &e);
}

/* Every bit of it counts. */
static void
test_flips(struct bk_buf *b)
{
	size_t i, bit, passed = 0;

	for (i = 0; i < b->len - 1; i++)
		for (bit = 0; bit < 8; bit++) {
			b->data[i] = (char)(b->data[i] ^ (1 << bit));
			passed += check(b, &both) != 0;
			b->data[i] = (char)(b->data[i] ^ (1 << bit));
		}
	is_int((intmax_t)passed, 0, "no flipped bit passes");
	for (i = 0, passed = 0; i < b->len - 1; i++)
		passed += bk_signed_json_check(b->data, i, &both, &e) != 0 ||
		    bk_signed_json_check(b->data + i + 1, b->len - 2 - i,
		    &both, &e) != 0;
	is_int((intmax_t)passed, 0, "nor what is cut");
}

int
main(void)
{
	struct bk_buf b = {0}, twice = {0};

	ok(bk_signer_make(&ann, &e) == 0 && bk_signer_make(&eve, &e) == 0,
	    "keys");
	memcpy(keys[0], ann.public, BK_SIGN_KEY);
	memcpy(keys[1], eve.public, BK_SIGN_KEY);
	(void)bk_buf_puts(&b, "{\"bk\":\"receipt\",\"n\":1}\n", &e);
	is_int(check(&b, &both), 0, "not signed");
	is_int(bk_signed_json_add(&b, &eve, &e), 0, "signed");
	ok(strncmp(b.data, "{\"bk\":\"receipt\",\"n\":1,\"signature\":\"",
	    35) == 0 && strcmp(b.data + b.len - 3, "\"}\n") == 0, "%s",
	    b.data);
	is_int(check(&b, &both), 1, "by one of two");
	is_int(check(&b, &one), 0, "not by the first");
	test_flips(&b);
	(void)bk_buf_add(&twice, b.data, b.len, &e);
	is_int(bk_signed_json_add(&twice, &ann, &e), 0, "signed again");
	is_int(check(&twice, &one), 1, "by the other");
	/* the first signature with another text before it */
	twice.len = b.len - 2;
	twice.data[twice.len] = '\0';
	(void)bk_buf_puts(&twice, b.data + 22, &e);
	is_int(check(&twice, &both), 0, "a signature of something else");
	bk_buf_free(&b);
	bk_buf_free(&twice);
	return tap_done();
}
