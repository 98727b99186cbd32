#ifndef BK_BIN_CHECK_FINDINGS_H
#define BK_BIN_CHECK_FINDINGS_H
/* What bk-check has found, printed. */
#include "base/buf.h"
#include "base/ready.h"

struct check_findings {		/* = {0} */
	int quiet, json;
	const char *who;	/* JOB@NAME, NAME; NULL: none.  Borrowed */
	unsigned problems, n;
	struct bk_buf objects;	/* of JSON */
};

/* Print a finding of who; of JSON, keep it. */
void check_say(struct check_findings *f, enum bk_ready how, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The same of arg, a struct check_findings. */
void check_report(void *arg, enum bk_ready how, const char *text);

/* Print what is left.  0, or -1 with *e set: standard output. */
int check_end(struct check_findings *f, struct bk_err *e);

#endif
