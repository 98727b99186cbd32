#ifndef BK_BASE_RECORD_H
#define BK_BASE_RECORD_H
/*
 * The record that every *ls tool writes, and that bk-prune, bk-age and the *rm
 * tools read: one tab-separated line,
 *
 *	2026-11-21T05:27:19Z <TAB> 1234 <TAB> name
 *
 * time (RFC 3339 UTC; an optional fraction orders records of the same second),
 * bytes, name.  In a name, control bytes and the backslash are escaped as in a
 * JSON string (\n, \t, \u001b, \\).  Where no time or size is needed a line may
 * be a bare name, likewise escaped.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_record {
	time_t time;
	uint32_t nanos;		/* of a fraction of a second, mostly 0 */
	uint64_t bytes;
	char *name;		/* unescaped */
	int bare;		/* the line was a name only: no time, no size */
};

/*
 * Append r's line, with its newline, to *b; for a bare record, its name.  -1
 * with *e set and *b unchanged; BK_DATA: a time out of range (utctime.h).
 */
int bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e);

/*
 * Parse a line without its newline, in place; r->name points into it.  A line
 * that begins with a time and a tab must be a complete record; any other is a
 * bare name.  -1 with BK_DATA, naming the defect.
 */
int bk_record_parse(char *line, struct bk_record *r, struct bk_err *e);

/*
 * Read the next record from f; empty lines are skipped.  *line and *cap as
 * for getline(3): free(*line) at the end.  1, 0 at the end, -1 with *e set.
 */
int bk_record_read(FILE *f, char **line, size_t *cap, struct bk_record *r,
    struct bk_err *e);

#endif
