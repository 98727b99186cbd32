#ifndef BK_AUDIT_CHAIN_H
#define BK_AUDIT_CHAIN_H
/*
 * The audit log's hash chain.  The last member of each line's object is
 *
 *	"previous":null			in the first line of a file, else
 *	"previous":"<64 hex digits>"	the SHA-256 of the line before, every
 *					byte of it but the newline
 *
 * written without blanks, so it is found without a JSON parser.  A line that
 * was changed, removed, inserted or moved is detected at the line after it.
 * The chain alone cannot detect that lines are missing at the end, or that a
 * writer of the file has rebuilt it from some line on.  Both change the last
 * line's hash: keep a copy elsewhere.
 */
#include <stddef.h>

#include "base/err.h"

#define BK_CHAIN_HEX 65		/* 64 hex digits and a NUL */

/*
 * Load the parts of libcrypto that bk_chain_append() needs.  This takes
 * milliseconds and is optional: call it ahead of time.  0, or -1 with *e set.
 */
int bk_chain_prepare(struct bk_err *e);

/*
 * Append record, a JSON object of n bytes on one line, to the log path
 * (format.h) as its next line.  A last line truncated by a crash is ended by a
 * newline first, and hashed as it is.  Memory: the record, for any length of
 * existing lines.  0, or -1 with *e set and the log unchanged.
 */
int bk_chain_append(const char *path, const char *record, size_t n,
    struct bk_err *e);

struct bk_chain {		/* start with = {0} for each file */
	size_t lines;
	char last[BK_CHAIN_HEX];	/* hash of the last line; "": none,
					 * or it was skipped */
};

/*
 * Check the next line of a file, without its newline.  0; or -1 with *reason
 * set: BK_DATA the line is wrong, and the next one can be checked; otherwise
 * it could not be hashed.
 */
int bk_chain_check(struct bk_chain *c, const char *line, size_t n,
    struct bk_err *reason);

/* Skip the next line, which cannot be read. */
void bk_chain_skip(struct bk_chain *c);

#endif
