#ifndef BK_BASE_PROGRESS_H
#define BK_BASE_PROGRESS_H
/*
 * Progress of a long job.  The engine adds to the counters from any thread; the
 * display (bin/tool/progress_line.c) formats a line from time to time.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct bk_progress {
	_Atomic uint64_t bytes, bytes_total;	/* total 0: unknown */
	_Atomic uint64_t items, items_total;
	const char *item;			/* "tables", "parts" */
	_Atomic uint64_t rows;			/* so far */
};

/*
 * "12/40 tables, 70000 rows, 1.2GiB of 3.4GiB, 310.0MiB/s, ETA 7s" after this
 * many seconds; unknown parts are omitted.
 */
#define BK_PROGRESS_TEXT 192
void bk_progress_format(const struct bk_progress *p, double seconds,
    char out[BK_PROGRESS_TEXT]);

#endif
