/* One failure: the first is kept, too long a text is cut, EPIPE is quiet. */
#include <errno.h>

#include "err.h"
#include "tap.h"

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
	(void)bk_fail(&e, BK_DATA, "%s: cause", text);
	is_int((intmax_t)strlen(e.msg), sizeof(e.msg) - 1, "cut, not overrun");
	e = (struct bk_err){0};
	errno = ENOSPC;
	(void)bk_fail_errno(&e, "%s", text);
	ok(strlen(e.msg) == sizeof(e.msg) - 1 &&
	    strstr(e.msg, ": No space left on device") != NULL,
	    "the cause stays when a long name is cut");
	return tap_done();
}
