#ifndef BK_VERIFY_RECEIPT_H
#define BK_VERIFY_RECEIPT_H
/* What a run of bk-verify found out. */
#include <time.h>

#include "verify/verdict.h"

struct bk_receipt {
	const char *name;	/* the backup's; "" if it has none */
	int level;
	int sealed;
	const struct bk_verdict *v;
	const struct bk_err *result;
	time_t started, finished;
	double seconds;
};

/* Append the receipt as one line of JSON. */
int bk_receipt_json(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append it as a row of a Markdown table. */
int bk_receipt_markdown(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append a line for people: what was proven. */
int bk_receipt_words(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/*
 * Can receipts be stored in the directory where, which must be there?  Asked
 * before a stream is read for hours.  0, or -1; s3://... is taken on trust.
 */
int bk_receipt_place(const char *where, struct bk_err *e);

/* Write text to the file path, whole or not at all. */
int bk_receipt_save(const char *path, const struct bk_buf *text,
    struct bk_err *e);

/*
 * Store text as NAME.UTC.receipt.json in a directory, or by bk-s3put (found
 * beside self, or in PATH; run with env) below an s3:// URL.
 */
int bk_receipt_store(const char *where, const char *self, char *const env[],
    const struct bk_receipt *r, const struct bk_buf *text, struct bk_err *e);

#endif
