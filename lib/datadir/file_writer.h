#ifndef BK_DATADIR_FILE_WRITER_H
#define BK_DATADIR_FILE_WRITER_H
/*
 * Write many files by several threads, in pieces as they come:
 *
 *	begin -> (buffer -> fill -> put)... -> end	and so on; finish
 *
 * These are called by one thread.  A file may be there already: then only those
 * pieces are written that are not the same.  Whole pieces of zeros may become
 * holes.  Memory: 2 buffers for each thread, and 2.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BK_FILE_PIECE (256 * 1024)	/* bytes of a buffer */

struct bk_file_writer;
struct bk_file_written;		/* a file between begin and end */

struct bk_file_target {
	int fd;			/* open for reading and writing */
	const char *path;	/* for messages; copied */
	mode_t mode;		/* in the end */
	int exists;		/* compare before writing */
	int holes;		/* zeros need not be written */
};

/* NULL with *e set. */
struct bk_file_writer *bk_file_writer_new(unsigned threads,
    struct bk_err *e);

/* Owns t->fd in any case.  NULL with *e set. */
struct bk_file_written *bk_file_writer_begin(struct bk_file_writer *w,
    const struct bk_file_target *t, struct bk_err *e);

/* An empty buffer of BK_FILE_PIECE bytes; NULL with *e set: writing failed. */
void *bk_file_writer_buffer(struct bk_file_writer *w, struct bk_err *e);

/* Append the n bytes in the buffer to f. */
void bk_file_writer_put(struct bk_file_writer *w, struct bk_file_written *f,
    size_t n);

/* The file has no more: it is closed when all of it is written. */
void bk_file_writer_end(struct bk_file_writer *w, struct bk_file_written *f);

struct bk_file_kept {		/* files that were the same already */
	uint64_t files, bytes;
};

/* Wait until all is written.  0; -1 with *e set: the first failure. */
int bk_file_writer_finish(struct bk_file_writer *w, struct bk_file_kept *kept,
    struct bk_err *e);

void bk_file_writer_free(struct bk_file_writer *w);	/* NULL is fine */

#endif
