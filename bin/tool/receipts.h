#ifndef BK_BIN_TOOL_RECEIPTS_H
#define BK_BIN_TOOL_RECEIPTS_H
/*
 * The receipts that bk-age and bk-prune believe: those of a directory, or under
 * an s3:// or gs:// URL, which bk-s3ls and bk-s3get of this program's directory
 * read; and where BK_SIGNERS is set, only what one of these keys has signed.
 */
#include "policy/proofs.h"

struct receipts {			/* start with = {0} */
	struct bk_proofs_from from;
	struct bk_buf text;
	struct bk_err failed;		/* to read them; code BK_OK: none */
};

#define RECEIPTS_MAX (64 * 1024 * 1024)	/* bytes of all of them, from S3 */

/*
 * Get ready to read what --receipts names, before anything is given up: reads
 * BK_SIGNERS, and what is in S3.  A wrong call, or signers that cannot be read,
 * end the program; where receipts cannot be fetched, receipts_load() says so.
 */
void receipts_open(struct receipts *r, const char *where);

/* As bk_proofs_load(). */
int receipts_load(struct receipts *r, struct bk_listing *items,
    const char *pattern, struct bk_proofs *found, struct bk_err *e);

/* Append a line about those that count for nothing; nothing if all count. */
int receipts_describe(const struct bk_proofs *found, struct bk_buf *out,
    struct bk_err *e);

#endif
