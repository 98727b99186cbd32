#ifndef BK_VERIFY_RECEIPT_H
#define BK_VERIFY_RECEIPT_H
/* The result of a run of bk-verify. */
#include <sys/types.h>

#include <time.h>

#include "crypt/bech32.h"
#include "verify/verdict.h"

/*
 * A receipt names the backup by the database and the instant in the stream's
 * label, which all copies share; or by the name that the user gave.
 */
struct bk_receipt {
	const char *name;	/* the user's; "": none */
	struct bk_label label;	/* the stream's */
	int level;
	int sealed;
	char signer[BK_BECH32_TEXT];	/* "": no signature was demanded */
	const struct bk_verdict *v;
	const struct bk_err *result;
	time_t started, finished;
	double seconds;
};

/* 1 if it names a backup: then it proves something about it. */
int bk_receipt_is_named(const struct bk_receipt *r);

/* Whose backup it is, or its name; "" if neither is known. */
const char *bk_receipt_subject(const struct bk_receipt *r);

/* Append the receipt as one line of JSON. */
int bk_receipt_json(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append it as a row of a Markdown table. */
int bk_receipt_markdown(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append what was proven as plain text, without a newline. */
int bk_receipt_text(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* 1 if receipts are stored there by bk-s3put, which is started for it. */
int bk_receipt_is_s3(const char *where);

/*
 * Check that receipts can be stored in the directory where, before a stream is
 * read for hours.  It must exist; an s3:// URL is not checked.  0 or -1.
 */
int bk_receipt_check_dir(const char *where, struct bk_err *e);

/*
 * Write text to the file path, all or nothing if it is a regular file, which
 * gets mode.
 */
int bk_receipt_save(const char *path, mode_t mode, const struct bk_buf *text,
    struct bk_err *e);

/*
 * Store text as NAME.UTC.receipt.json in the directory where, with mode, or
 * under an s3:// URL by bk-s3put, found in self's directory (or in PATH if self
 * has no slash) and run with env.  NAME is the user's, or by the label:
 * "shop-20261121T021503Z".
 */
int bk_receipt_store(const char *where, mode_t mode, const char *self,
    char *const env[], const struct bk_receipt *r, const struct bk_buf *text,
    struct bk_err *e);

#endif
