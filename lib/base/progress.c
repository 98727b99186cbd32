#include "base/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"

/* Add to a line of fixed size, truncating what does not fit. */
__attribute__((format(printf, 3, 4))) static void
add(char *out, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out + *len, BK_PROGRESS_TEXT - *len, fmt, ap);
	va_end(ap);
	if (n > 0)
		*len += (size_t)n;
	if (*len >= BK_PROGRESS_TEXT)
		*len = BK_PROGRESS_TEXT - 1;
}

/* A double as a number, however large. */
static uint64_t
whole(double v)
{
	return v < 9e18 ? (uint64_t)v : UINT64_MAX;
}

void
bk_progress_format(const struct bk_progress *p, double seconds,
    char out[BK_PROGRESS_TEXT])
{
	uint64_t bytes = atomic_load(&p->bytes);
	uint64_t total = atomic_load(&p->bytes_total);
	uint64_t items = atomic_load(&p->items);
	uint64_t items_total = atomic_load(&p->items_total);
	uint64_t rows = atomic_load(&p->rows);
	char text[BK_NUM_TEXT];
	size_t len = 0;

	out[0] = '\0';
	if (items_total > 0)
		add(out, &len, "%" PRIu64 "/%" PRIu64 " %s, ", items,
		    items_total, p->item);
	if (rows > 0)
		add(out, &len, "%" PRIu64 " rows, ", rows);
	bk_size_format(bytes, text);
	add(out, &len, "%s", text);
	if (total > 0) {
		bk_size_format(total, text);
		add(out, &len, " of %s", text);
	}
	if (seconds < 0.5)
		return;
	bk_size_format(whole((double)bytes / seconds), text);
	add(out, &len, ", %s/s", text);
	if (bytes > 0 && total > bytes) {
		bk_duration_format(whole(seconds *
		    (double)(total - bytes) / (double)bytes), text);
		add(out, &len, ", ETA %s", text);
	}
}
