/* The progress line: only known parts, never too long. */
#include "base/progress.h"
#include "tap.h"

static char text[BK_PROGRESS_TEXT];
static const char *item = "tables";
static uint64_t rows;

static const char *
line(uint64_t bytes, uint64_t total, uint64_t items, uint64_t items_total,
    double seconds)
{
	struct bk_progress p = { .item = item, .rows = rows };

	atomic_store(&p.bytes, bytes);
	atomic_store(&p.bytes_total, total);
	atomic_store(&p.items, items);
	atomic_store(&p.items_total, items_total);
	memset(text, '#', sizeof(text));
	bk_progress_format(&p, seconds, text);
	return text;
}

int
main(void)
{
	static const uint64_t odd[] = {0, 1, 1023, UINT64_MAX - 1, UINT64_MAX};
	char longest[BK_PROGRESS_TEXT + 1] = "";
	int a, b, c, d, bad = 0;

	is_str(line(0, 0, 0, 0, 0), "0B", "nothing yet");
	is_str(line(1288490189, 3650722202, 12, 40, 4), "12/40 tables, "
	    "1.2GiB of 3.4GiB, 307.2MiB/s, ETA 7s", "everything known");
	is_str(line(1048576, 0, 0, 0, 2), "1.0MiB, 512.0KiB/s", "no totals");
	is_str(line(5, 10, 0, 0, 0.1), "5B of 10B", "too early for a rate");
	is_str(line(10, 10, 2, 2, 1), "2/2 tables, 10B of 10B, 10B/s", "done");
	is_str(line(20, 10, 0, 0, 1), "20B of 10B, 20B/s", "more than thought");
	rows = 7000000;
	is_str(line(1024, 0, 1, 2, 1), "1/2 tables, 7000000 rows, 1.0KiB, "
	    "1.0KiB/s", "rows so far");
	rows = UINT64_MAX;
	for (a = 0; a < 5; a++)
		for (b = 0; b < 5; b++)
			for (c = 0; c < 5; c++)
				for (d = 0; d < 5; d++)
					bad += strlen(line(odd[a], odd[b],
					    odd[c], odd[d], 0.5)) > 160;
	is_int(bad, 0, "always fits in 160 bytes");
	rows = 0;
	is_str(line(1, UINT64_MAX, 0, 0, 1e300), "1B of 16.0EiB, 0B/s, "
	    "ETA 213503982334601d7h", "an estimate beyond all time");
	item = memset(longest, 'x', sizeof(longest) - 1);
	is_int((intmax_t)strlen(line(1, 2, 3, 4, 5)), BK_PROGRESS_TEXT - 1,
	    "what is too long is cut");
	return tap_done();
}
