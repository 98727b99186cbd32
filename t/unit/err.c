/* One failure: the first is kept, an overlong text is cut, EPIPE is quiet. */
#include <errno.h>

#include "base/err.h"
#include "tap.h"

/* Around the first length that is too long. */
static void
check_lengths(void)
{
	struct bk_err e;
	char text[sizeof(e.msg) + 2];
	size_t n;

	for (n = sizeof(e.msg) - 2; n <= sizeof(e.msg) + 1; n++) {
		memset(text, 'a', n);
		text[n] = '\0';
		e = (struct bk_err){0};
		(void)bk_fail(&e, BK_DATA, "%s", text);
		ok(strlen(e.msg) == (n < sizeof(e.msg) ? n :
		    sizeof(e.msg) - 1), "%zu bytes", n);
		ok((strstr(e.msg, "...") != NULL) == (n >= sizeof(e.msg)),
		    "cut only if need be");
	}
}

/* A letter of several bytes is not cut, wherever the cut comes. */
static void
check_letters(void)
{
	static const char letter[] = "\xf0\x9f\x90\x98";
	struct bk_err e;
	char text[2000];
	size_t shift, i;
	int whole = 1;

	for (shift = 0; shift < 4; shift++) {
		for (i = 0; i + 4 < sizeof(text); i += 4)
			memcpy(text + i, letter, 4);
		text[i] = '\0';
		e = (struct bk_err){0};
		(void)bk_fail(&e, BK_DATA, "%.*s%s%.*s", (int)shift, "aaa",
		    text, (int)(3 - shift), "bbb");
		i = strspn(e.msg, "a");
		for (; strncmp(e.msg + i, letter, 4) == 0; i += 4)
			continue;
		whole &= strncmp(e.msg + i, "...", 3) == 0;
		for (i += 3; strncmp(e.msg + i, letter, 4) == 0; i += 4)
			continue;
		whole &= strspn(e.msg + i, "b") == strlen(e.msg + i);
	}
	ok(whole, "letters stay whole");
}

int
main(void)
{
	struct bk_err e = {0};
	char text[4000];

	is_int(bk_fail(&e, BK_DATA, "%s: byte %d", "input", 7), -1, "-1");
	is_int(e.code, BK_DATA, "the code");
	is_str(e.msg, "input: byte 7", "the message");
	is_int(bk_fail(&e, BK_FAIL, "cleaning up failed too"), -1, "again");
	errno = EPIPE;
	is_int(bk_fail_errno(&e, "and this"), -1, "and again");
	ok(e.code == BK_DATA && !e.quiet, "the first failure stays");
	is_str(e.msg, "input: byte 7", "with its message");

	e = (struct bk_err){0};
	errno = ENOSPC;
	(void)bk_fail_errno(&e, "%s: write", "out");
	is_str(e.msg, "out: write: No space left on device", "with the cause");
	ok(e.code == BK_FAIL && !e.quiet, "is a failure, and no quiet one");
	e = (struct bk_err){0};
	errno = EPIPE;
	(void)bk_fail_errno(&e, "out: write");
	ok(e.code == BK_FAIL && e.quiet, "a reader that left is a quiet one");
	e = (struct bk_err){0};
	(void)bk_fail_memory(&e);
	is_str(e.msg, "out of memory", "no memory");

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	e = (struct bk_err){0};
	(void)bk_fail(&e, BK_DATA, "b%s: cause; remedy", text);
	is_int((intmax_t)strlen(e.msg), sizeof(e.msg) - 1, "cut, not overrun");
	ok(e.msg[0] == 'b' && strstr(e.msg, "aaa...aaa") != NULL &&
	    strcmp(e.msg + sizeof(e.msg) - 17, "a: cause; remedy") == 0,
	    "in the middle");
	e = (struct bk_err){0};
	errno = ENOSPC;
	(void)bk_fail_errno(&e, "%s", text);
	ok(strlen(e.msg) == sizeof(e.msg) - 1 && strcmp(e.msg +
	    sizeof(e.msg) - 26, ": No space left on device") == 0,
	    "the cause stays when a long name is cut");
	bk_fail_add(&e, "; and %d", 7);
	ok(strcmp(e.msg + sizeof(e.msg) - 33,
	    ": No space left on device; and 7") == 0, "and what is added");
	check_lengths();
	check_letters();
	return tap_done();
}
