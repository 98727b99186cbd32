/* bk-audit: the list of runs; see report/audit_report.h */
#include <stdio.h>
#include <string.h>

#include "base/utctime.h"
#include "base/utf8.h"
#include "report/audit_report.h"

#define HEAD "TIME                  OPERATION   STATUS        SIZE      TOOK  "

static int
is_place(const char *s)
{
	return *s != '\0' && strcmp(s, "standard input") != 0 &&
	    strcmp(s, "standard output") != 0;
}

const char *
bk_report_target(const struct bk_run *r)
{
	return is_place(r->destination) ? r->destination :
	    is_place(r->source) ? r->source : "";
}

void
bk_report_took(double seconds, char out[BK_NUM_TEXT])
{
	if (seconds < 10)
		(void)snprintf(out, BK_NUM_TEXT, "%.1fs", seconds);
	else
		bk_duration_format((uint64_t)seconds, out);
}

/* "shop -> s3://b/shop.bk" */
static int
add_places(struct bk_buf *b, const struct bk_run *r, struct bk_err *e)
{
	int from = is_place(r->source), to = is_place(r->destination);

	return bk_buf_printf(b, e, "%-15s  %s%s%s", *r->ip_address == '\0' ?
	    "-" : r->ip_address, from ? r->source : "", from && to ? " -> " :
	    "", to ? r->destination : from ? "" : "-");
}

static int
add_row(struct bk_buf *b, const struct bk_run *r, int places, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT], size[BK_NUM_TEXT] = "-";
	char took[BK_NUM_TEXT] = "-";
	const char *target = bk_report_target(r);

	bk_utctime_format(r->ended, when);
	if (r->size_bytes > 0)
		bk_size_format(r->size_bytes, size);
	if (r->duration_seconds > 0)
		bk_report_took(r->duration_seconds, took);
	if (bk_buf_printf(b, e, "%-20s  %-10s  %-7s  %9s  %8s  ", when,
	    r->operation, r->failed ? "FAILED" : "ok", size, took) == -1 ||
	    (places ? add_places(b, r, e) : bk_buf_puts(b, *target == '\0' ?
	    "-" : target, e)) == -1)
		return -1;
	return *r->error == '\0' ? 0 : bk_buf_printf(b, e, ": %s", r->error);
}

const char *
bk_report_run_head(int pipelines)
{
	return pipelines ? HEAD "ADDRESS          BACKUP\n" : HEAD "TARGET\n";
}

int
bk_report_run(const struct bk_run *r, int pipelines, struct bk_buf *out,
    struct bk_err *e)
{
	size_t start = out->len;

	if (add_row(out, r, pipelines, e) == -1)
		return -1;
	bk_utf8_clean(out->data + start, out->len - start);
	return bk_buf_puts(out, "\n", e);
}

int
bk_report_run_json(const struct bk_run *r, struct bk_buf *out,
    struct bk_err *e)
{
	return bk_buf_add(out, r->line, r->len, e) == -1 ? -1 :
	    bk_buf_puts(out, "\n", e);
}
