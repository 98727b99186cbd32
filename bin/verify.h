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
#include "progress.h"

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

/*
 * A PostgreSQL server of our own, to be thrown away.  It is a child's, made by
 * fork() while there is one thread only: that child gives up root's rights,
 * starts the server when told to, and stops and removes it as soon as we are
 * gone, however we went.
 */
struct server {
	pid_t pid;		/* the child's; 0: none */
	int to, from;		/* pipes */
	char dir[128];		/* its socket's and data's; "": not started */
};

/* Make the child; tmp is where its directory is to be. */
int server_prepare(struct server *s, const char *tmp, struct bk_err *e);

/*
 * Start the server whose program is postgres (a path); -1 with *e set, saying
 * what initdb or the server said.
 */
int server_start(struct server *s, const char *postgres, int ascii,
    struct bk_err *e);

/* Stop and remove it, wait for that; fine if there is none. */
void server_stop(struct server *s);

/* Level 2 and 3: the inside of the layers restored, and compared. */
struct drill {
	const char *conninfo;	/* level 2; NULL: by the environment */
	int own;		/* level 3 */
	const char *sql_file;	/* assertions; or NULL */
	unsigned jobs;
};

/* Before any thread; clean-up is done from now on, whatever happens. */
int drill_prepare(const struct drill *d, struct bk_err *e);
int drill_run(const struct drill *d, struct layers *l, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e);
void drill_end(void);		/* fine if nothing was prepared */

/* A bk_source's reading of a bk_in. */
ssize_t layers_read(void *in, void *buf, size_t n, struct bk_err *e);

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

/*
 * Can receipts be stored in the directory where, which must be there?  Asked
 * before a stream is read for hours.  0, or -1; s3://... is taken on trust.
 */
int receipt_place(const char *where, struct bk_err *e);

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
