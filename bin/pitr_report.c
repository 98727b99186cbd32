#include "pitr_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "tool/tool.h"

/* "2026-11-22T16:45:53.787061Z"; "-" if there is none. */
static void
instant(int has_time, int64_t time, char out[BK_TARGET_TIME_TEXT])
{
	size_t n;

	(void)snprintf(out, BK_TARGET_TIME_TEXT, "-");
	if (!has_time)
		return;
	bk_recovery_target_time(time, out);
	out[strcspn(out, " ")] = 'T';
	n = strlen(out) - strlen("+00");
	(void)snprintf(out + n, BK_TARGET_TIME_TEXT - n, "Z");
}

void
pitr_say_proof(const struct bk_proof *p)
{
	char lsn[BK_LSN_TEXT], time[BK_TARGET_TIME_TEXT], size[BK_NUM_TEXT];

	bk_lsn_format(p->end, lsn);
	instant(p->has_time, p->time, time);
	bk_size_format(p->bytes, size);
	tool_say("proven: %s of WAL in %" PRIu64 " segments lead to %s on "
	    "timeline %" PRIu32 ", last transaction %s%s", size, p->segments,
	    lsn, p->timeline, time, p->rolled_back ? "; it was rolled back" :
	    "");
}

static int
flush(struct bk_err *e)
{
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 :
	    bk_fail_errno(e, "standard output: write");
}

int
pitr_print_plan(const struct pitr_plan *p, struct bk_err *e)
{
	char began[BK_UTCTIME_TEXT], lsn[2][BK_LSN_TEXT],
	    size[2][BK_NUM_TEXT], time[BK_TARGET_TIME_TEXT],
	    took[2][BK_NUM_TEXT];
	struct bk_buf what = {0};

	if (bk_recovery_target_describe(p->target, &what, e) == -1)
		return -1;
	bk_utctime_format(p->label->at, began);
	bk_lsn_format(p->start->start, lsn[0]);
	bk_lsn_format(p->proof->end, lsn[1]);
	bk_size_format(p->survey->bytes, size[0]);
	bk_size_format(p->proof->bytes, size[1]);
	instant(p->proof->has_time, p->proof->time, time);
	bk_duration_format((uint64_t)(p->reading + 0.5), took[0]);
	bk_duration_format((uint64_t)(p->proving + 0.5), took[1]);
	printf("base\tcluster %s, PostgreSQL %d, began %s at %s on timeline %"
	    PRIu32 "\n", *p->sysid == '\0' ? "unknown" : p->sysid,
	    p->survey->major, p->label->at == 0 ? "-" : began, lsn[0],
	    p->start->timeline);
	printf("files\t%" PRIu64 ", %s, read in %s\n", p->survey->files,
	    size[0], took[0]);
	printf("wal\t%" PRIu64 " segments from %s, %s, proven in %s\n",
	    p->proof->segments, p->start->file, size[1], took[1]);
	printf("target\t%s: reached at %s on timeline %" PRIu32
	    ", last transaction %s\n", what.data, lsn[1], p->proof->timeline,
	    time);
	bk_buf_free(&what);
	return flush(e);
}

int
pitr_print_result(const struct bk_recovered *r, double seconds,
    struct bk_err *e)
{
	char lsn[BK_LSN_TEXT], time[BK_TARGET_TIME_TEXT];

	bk_lsn_format(r->lsn, lsn);
	instant(r->has_time, r->time, time);
	printf("reached=%s lsn=%s timeline=%" PRIu32 " seconds=%.0f%s\n", time,
	    lsn, r->timeline, seconds, r->asked ? "" : " unasked");
	return flush(e);
}
