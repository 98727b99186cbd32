#ifndef BK_AUDIT_RUNS_H
#define BK_AUDIT_RUNS_H
/*
 * The audit log, read: one JSON object a line, one line a run of a tool, as
 * bk-formats(5) has it.  Lines that a script made are runs as well: operation,
 * status and timestamp must be there, whatever else may be missing.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "audit/logfile.h"
#include "base/err.h"

/* No line of a log is longer; no tool writes one that is. */
#define BK_RUN_MAX (1024 * 1024)

struct bk_run {
	time_t ended;
	double duration_seconds;	/* 0 where unknown, as size_bytes */
	uint64_t size_bytes;
	int failed;
	long pid;			/* 0: unknown */
	/* "" where missing or null; they go with bk_run_free() */
	const char *operation, *type, *source, *destination, *error, *user,
	    *host, *version;
	const char *line;		/* the caller's, as it was parsed */
	size_t len;
	void *record;			/* private */
};

/*
 * Read one line of n bytes, without its newline; it must stay as long as r
 * does.  -1 with *e set and nothing to free: BK_DATA it is no record.
 */
int bk_run_parse(struct bk_run *r, const char *line, size_t n,
    struct bk_err *e);

void bk_run_free(struct bk_run *r);

/*
 * The next run in a log: 1 with *r, to be freed before the next call; 0 at the
 * end of what is there by now; -1 with *e set, naming the file and the line:
 * BK_FAIL the log cannot be read, BK_DATA a line is no record, and the next
 * call goes on behind it.
 */
int bk_run_next(struct bk_logfile *log, struct bk_run *r, struct bk_err *e);

/*
 * Call each(arg, ...) for every run in the log path ("-": standard input), the
 * oldest first; what it gets is gone when it returns.  It may stop the reading
 * by returning -1 with *e set.  A last line that has no newline is one that is
 * being written, and is left out.  0, or -1 with *e set, as in bk_run_next().
 */
int bk_runs_read(const char *path, int (*each)(void *arg,
    const struct bk_run *r, struct bk_err *e), void *arg, struct bk_err *e);

#endif
