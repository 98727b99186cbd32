/* Strings that grow. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "starve.h"
#include "tap.h"

static void
test_growth(void)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int i, bad = 0;
	char text[16];

	for (i = 0; i < 5000; i++) {
		bad += bk_buf_printf(&b, &e, "%05d", i) == -1;
		bad += b.data[b.len] != '\0';
	}
	bad += b.len != 25000;
	for (i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof(text), "%05d", i);
		bad += memcmp(b.data + 5 * i, text, 5) != 0;
	}
	is_int(bad, 0, "what was added is there, and a NUL behind it");
	is_int(bk_buf_reserve(&b, SIZE_MAX, &e), -1, "more than there is");
	is_str(e.msg, "out of memory", "fails by name");
	e = (struct bk_err){0};
	is_int(bk_buf_reserve(&b, SIZE_MAX - 25001, &e), -1, "so does nearly");
	is_int((intmax_t)b.len, 25000, "and leaves it as it was");
	bk_buf_free(&b);
	ok(b.data == NULL && b.len == 0 && b.cap == 0, "freed is empty");
	bk_buf_free(&b);
	e = (struct bk_err){0};
	is_int(bk_buf_add(&b, NULL, 0, &e), 0, "nothing can be added");
	is_str(b.data, "", "and is a string");
	bk_buf_free(&b);
}

static int
fill(void *arg, struct bk_err *e)
{
	struct bk_buf b = {0};
	size_t len = 0;
	int i, rc = 0;

	(void)arg;
	for (i = 0; i < 40 && rc == 0; i++, len = rc == 0 ? b.len : len)
		rc = bk_buf_printf(&b, e, "%*d", i * i, i);
	if (rc == -1 && b.len != len)
		rc = 1;
	bk_buf_free(&b);
	return rc;
}

static void
test_wipe(void)
{
	char secret[] = "secret";

	bk_wipe(secret, sizeof(secret));
	is_int(secret[0] | secret[5], 0, "wiped");
	bk_wipe(NULL, 0);
	ok(1, "nothing to wipe is fine");
}

int
main(void)
{
	test_growth();
	starve("what was added stays", STARVE_MEMORY, fill, NULL);
	test_wipe();
	return tap_done();
}
