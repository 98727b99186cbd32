#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
bk_fail(struct bk_err *e, enum bk_code code, const char *fmt, ...)
{
	va_list ap;

	if (e->code != BK_OK)
		return -1;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int
bk_fail_errno(struct bk_err *e, const char *fmt, ...)
{
	int saved = errno;
	const char *cause = strerror(saved);
	size_t n, room;
	va_list ap;

	if (e->code != BK_OK)
		return -1;
	e->code = BK_FAIL;
	e->quiet = saved == EPIPE;
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	/* of a name that is too long the end goes, not the cause */
	n = strlen(e->msg);
	room = sizeof(e->msg) - strlen(cause) - sizeof(": ");
	if (n > room)
		n = room;
	(void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", cause);
	return -1;
}

int
bk_fail_memory(struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "out of memory");
}
