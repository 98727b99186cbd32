#ifndef BK_BASE_READY_H
#define BK_BASE_READY_H
/*
 * What a check has found, a line each: the state, a tab, "what: how it is;
 * remedy".  No state is longer than seven characters, so that they stand in
 * columns.
 */
#include "base/buf.h"
#include "base/err.h"

enum bk_ready {
	BK_READY_OK,
	BK_READY_WARNING,	/* it will work, but see there */
	BK_READY_PROBLEM,	/* it will fail */
	BK_READY_UNKNOWN,	/* this cannot be seen from here, or by us */
};

/* "ok", "warning", "problem", "unknown" */
const char *bk_ready_word(enum bk_ready how);

/*
 * Append the line, in which text, that may be of outside, is one.  0, or -1
 * with *e set.
 */
int bk_ready_format(struct bk_buf *b, enum bk_ready how, const char *text,
    struct bk_err *e);

/*
 * The text of a line without its newline, and *how; NULL: no line of a finding.
 */
const char *bk_ready_parse(const char *line, enum bk_ready *how);

#endif
