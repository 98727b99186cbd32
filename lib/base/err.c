#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define WHOLE 8192		/* bytes of text before it is shortened */
#define FRONT 300		/* of them kept at the front */

/*
 * Make text the message.  It begins with a name, which may be long, and ends
 * with the cause and the remedy, so an overlong text loses its middle.
 */
static void
set_message(struct bk_err *e, const char *text)
{
	static const char gap[] = "...";
	size_t n = strlen(text), front, back;

	if (n < sizeof(e->msg)) {
		memcpy(e->msg, text, n + 1);
		return;
	}
	front = bk_utf8_cut(text, FRONT);
	back = n - (sizeof(e->msg) - 1 - front - (sizeof(gap) - 1));
	while (back < n && bk_utf8_inside(text[back]))
		back++;
	memcpy(e->msg, text, front);
	memcpy(e->msg + front, gap, sizeof(gap) - 1);
	memcpy(e->msg + front + sizeof(gap) - 1, text + back, n - back + 1);
}

void
bk_fail_(struct bk_err *e, enum bk_code code, const char *fmt, ...)
{
	char text[WHOLE];
	va_list ap;

	if (e->code != BK_OK)
		return;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	set_message(e, text);
}

void
bk_fail_errno_(struct bk_err *e, const char *fmt, ...)
{
	int saved = errno;
	char text[WHOLE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (e->code == BK_OK)
		e->quiet = saved == EPIPE;
	bk_fail_(e, BK_FAIL, "%.*s: %s", WHOLE / 2, text, strerror(saved));
}

void
bk_fail_add(struct bk_err *e, const char *fmt, ...)
{
	char text[WHOLE];
	size_t n = strlen(e->msg);
	va_list ap;

	memcpy(text, e->msg, n);
	va_start(ap, fmt);
	(void)vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	set_message(e, text);
}

void
bk_fail_memory_(struct bk_err *e)
{
	bk_fail_(e, BK_FAIL, "out of memory");
}
