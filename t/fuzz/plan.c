/*
 * Plans: as they are, and with a signature of ours in place of theirs, so that
 * what is behind it is reached.  What is shown for approval hides nothing.
 */
#include "fuzz.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "crypt/plan.h"
#include "listing/record.h"

#define NOW 1795353255		/* 2026-11-22 */
#define END "\nend\n"

static struct bk_signer signer;

static void
make_signer(void)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	CHECK(bk_buf_puts(&b, "BK-SIGN-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS"
	    "23V9CCRYDPK8QARC0SHV7UZS\n", &e) == 0);
	CHECK(bk_signer_parse(&signer, &b, "key", &e) == 0);
	bk_buf_free(&b);
}

/* Controls, and what changes the direction of writing. */
static int
show(const char *text, size_t n, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		CHECK(text[i] == '\n' || text[i] == '\t' ||
		    ((unsigned char)text[i] >= 0x20 && text[i] != 0x7f));
		CHECK(n - i < 3 || (memcmp(text + i, "\xe2\x80\xae", 3) != 0 &&
		    memcmp(text + i, "\xe2\x81\xa6", 3) != 0));
		CHECK(n - i < 2 || memcmp(text + i, "\xc2\x9b", 2) != 0);
	}
	return bk_fail(e, BK_FAIL, "seen");
}

static void
open_plan(const void *p, size_t n)
{
	char key[BK_BECH32_TEXT], approvers[BK_BECH32_TEXT + 1];
	time_t made = 0;
	struct bk_record r;
	struct bk_approved_plan a = { .need = 1 };
	struct bk_err e = {0};
	char *line = NULL;
	size_t cap = 0;
	FILE *f;
	int rc;

	bk_verifier_format(key, signer.public);
	(void)snprintf(approvers, sizeof(approvers), "%s\n", key);
	a.approvers = fuzz_path(0, approvers, strlen(approvers));
	a.plan = fuzz_path(1, p, n);
	f = bk_plan_open(&a, NOW, &made, &e);
	fuzz_agree(f == NULL ? -1 : 0, &e);
	if (f != NULL) {
		while ((rc = bk_record_read(f, &line, &cap, &r, &e)) == 1)
			CHECK(*r.name != '\0' && !r.bare);
		CHECK(rc == 0);
		CHECK(made <= NOW + 300);
		free(line);
		(void)fclose(f);
	}
	e = (struct bk_err){0};
	CHECK(bk_plan_approve(a.plan, &signer, NOW, show, &e) == -1 ||
	    e.code == BK_OK);
}

FUZZ(1 << 20, 20)
{
	uint8_t signature[BK_SIGN_LEN];
	char text[BK_BASE64_LEN(BK_SIGN_LEN) + 1], key[BK_BECH32_TEXT];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	const char *end;
	size_t len;

	if (signer.public[0] == 0)
		make_signer();
	open_plan(p, n);
	CHECK(bk_buf_add(&b, p, n, &e) == 0);
	end = strstr(b.data == NULL ? "" : b.data, END);
	if (end != NULL) {
		len = (size_t)(end - b.data) + sizeof(END) - 1;
		b.len = len;
		CHECK(bk_sign(signature, &signer, b.data, len, &e) == 0);
		bk_base64_encode(text, signature, sizeof(signature));
		bk_verifier_format(key, signer.public);
		CHECK(bk_buf_printf(&b, &e, "signature %s %s\n", key, text) ==
		    0);
		open_plan(b.data, b.len);
	}
	bk_buf_free(&b);
}
