#ifndef BK_AUDIT_RUNS_H
#define BK_AUDIT_RUNS_H
/*
 * Reading the audit log: one JSON object per line, one line per run of a tool,
 * as in bk-formats(5).  Lines written by scripts count, too: operation, status
 * and timestamp are required, everything else is optional.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "audit/logfile.h"
#include "base/err.h"

/* Maximum length of a log line in bytes; no tool writes a longer one. */
#define BK_RUN_MAX (1024 * 1024)

struct bk_run {
	time_t ended;
	double duration_seconds;	/* 0: unknown, as with size_bytes */
	uint64_t size_bytes;
	int failed;
	long pid;			/* 0: unknown */
	/* "" if missing or null; freed by bk_run_free() */
	const char *operation, *type, *source, *destination, *error, *user,
	    *host, *ip_address, *version;
	const char *run;		/* the ID of the pipeline that it was a
					 * stage of */
	const char *backup;		/* that of the pipeline which made the
					 * backup that it read */
	const char *proof;		/* what a verification established */
	uint64_t deleted;		/* the names of a deletion; 0: none */
	time_t oldest, newest;		/* of these; 0: unknown */
	const char *line;		/* as parsed, borrowed */
	size_t len;
	void *record;			/* private */
};

/*
 * Parse one line of n bytes without its newline; the line must outlive *r.  0,
 * or -1 with *e set and nothing to free: BK_DATA it is not a record.
 */
int bk_run_parse(struct bk_run *r, const char *line, size_t n,
    struct bk_err *e);

void bk_run_free(struct bk_run *r);

/*
 * The next run in a log: 1 with *r, to be freed before the next call; 0 at the
 * end of the file, as in bk_logfile_next(); -1 with *e set, naming file and
 * line: BK_FAIL the log cannot be read, BK_DATA a line is not a record, and the
 * next call continues after it.
 */
int bk_run_next(struct bk_logfile *log, struct bk_run *r, struct bk_err *e);

/*
 * Call each(arg, ...) for every run in the log path ("-": standard input),
 * oldest first; the run is freed when it returns.  It may stop reading by
 * returning -1 with *e set.  A last line without newline is still being
 * written and is ignored.  0, or -1 with *e set, as in bk_run_next().
 */
int bk_runs_read(const char *path, int (*each)(void *arg,
    const struct bk_run *r, struct bk_err *e), void *arg, struct bk_err *e);

#endif
