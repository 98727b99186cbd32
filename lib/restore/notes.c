#include "restore/notes.h"

#include <stdarg.h>

#include "base/utf8.h"

int
bk_restore_note(struct bk_buf *notes, struct bk_err *e, const char *fmt, ...)
{
	const size_t start = notes->len;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = bk_buf_vprintf(notes, e, fmt, ap);
	va_end(ap);
	if (rc == -1)
		return -1;
	bk_utf8_clean(notes->data + start, notes->len - start);
	return bk_buf_puts(notes, "\n", e);
}
