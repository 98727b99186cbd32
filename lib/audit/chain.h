#ifndef BK_AUDIT_CHAIN_H
#define BK_AUDIT_CHAIN_H
/*
 * The audit log's hash chain.  The last member of each line's object is
 *
 *	"previous":null			in the first line of a file, else
 *	"previous":"<64 hex digits>"	the SHA-256 of the line before, every
 *					byte of it but the newline
 *
 * written without blanks, so that it is found without a parser of JSON.  So a
 * line that was changed, removed, put in or moved shows in the line behind it.
 * There are two things that the chain by itself cannot show: that lines are
 * missing at the end, and that all from some line on were made anew by
 * somebody who can write the file.  Both change the last line's hash: keep it
 * elsewhere.
 */
#include <stddef.h>

#include "base/err.h"

#define BK_CHAIN_HEX 65		/* 64 hex digits and a NUL */

/*
 * Load what bk_chain_append() needs of libcrypto: a matter of milliseconds,
 * for which nobody has to wait if there is time before.  0, or -1 with *e set.
 */
int bk_chain_prepare(struct bk_err *e);

/*
 * Append record, a JSON object of n bytes and on one line, to the log path
 * (format.h) as its next line.  A last line that has no newline, cut by a
 * crash, is ended first, and hashed as it is.  Memory: that of the record,
 * however long the lines that are there.  0, or -1 with *e set and the log as
 * it was.
 */
int bk_chain_append(const char *path, const char *record, size_t n,
    struct bk_err *e);

struct bk_chain {		/* start with = {0} for each file */
	size_t lines;
	char last[BK_CHAIN_HEX];	/* the last line's hash; "": none, or
					 * that line could not be read */
};

/*
 * Take the next line of a file, without its newline.  0; -1 with *why set,
 * BK_DATA: what is wrong with it, and the next line can be taken.  With -1 and
 * any other code it could not be done.
 */
int bk_chain_take(struct bk_chain *c, const char *line, size_t n,
    struct bk_err *why);

/* The next line is one that cannot be read. */
void bk_chain_skip(struct bk_chain *c);

#endif
