#ifndef BK_BIN_VERIFY_H
#define BK_BIN_VERIFY_H
/*
 * The parts of bk-verify: layers that are opened on the way, and the receipt.
 */
#include <stdio.h>
#include <time.h>

#include "../lib/crypt/crypt.h"
#include "../lib/pg/verdict.h"
#include "in.h"

/*
 * gzip, zstd, bk-crypt and age, one within the other: each is recognised by
 * its first bytes and opened in a thread of its own, pipes between them.
 */
struct layers;

/*
 * Begin to read fd, with the keys from (borrowed until layers_end()).  The
 * threads start at once.  NULL with *e set.
 */
struct layers *layers_open(int fd, int sealed,
    const struct bk_crypt_from *from, unsigned threads, struct bk_err *e);

/* What is inside of all layers; for messages, how to call it. */
struct bk_in *layers_inside(struct layers *l);
const char *layers_name(const struct layers *l);

/* 1 if a layer or what is inside carries marks. */
int layers_sealed(const struct layers *l);

/* A name that one of them bears; "" if none. */
const char *layers_label(const struct layers *l);

/*
 * The inside was read to its end (rc 0), or was given up with *e.  On BK_DATA
 * the rest is read all the same, so that no one upstream writes to a closed
 * pipe.  Returns rc, or -1 if a layer failed; then *e is the outermost one's
 * reason, which caused the others.
 */
int layers_end(struct layers *l, int rc, struct bk_err *e);

void layers_free(struct layers *l);

/* What a run of bk-verify found out. */
struct receipt {
	const char *name;	/* the backup's; "" if it has none */
	int level;
	int sealed;
	const struct bk_verdict *v;
	const struct bk_err *result;
	time_t started, finished;
	double seconds;
};

/* Append the receipt as one line of JSON. */
int receipt_json(const struct receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append it as a row of a Markdown table. */
int receipt_markdown(const struct receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Append a line for people: what was proven. */
int receipt_words(const struct receipt *r, struct bk_buf *out,
    struct bk_err *e);

/* Write text to the file path, whole or not at all. */
int receipt_save(const char *path, const struct bk_buf *text,
    struct bk_err *e);

/*
 * Store text as NAME.UTC.receipt.json in a directory, or by bk-s3put (found
 * beside self, or in PATH) below an s3:// URL.
 */
int receipt_store(const char *where, const char *self,
    const struct receipt *r, const struct bk_buf *text, struct bk_err *e);

#endif
