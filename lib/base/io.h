#ifndef BK_BASE_IO_H
#define BK_BASE_IO_H
/*
 * Descriptors: full reads and writes, EINTR and short counts handled, errors
 * named.  name is the descriptor's name in messages.
 */
#include <sys/types.h>
#include <sys/uio.h>

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_IO_BUFSZ (256 * 1024)	/* a good size for one read or write */

/* Read n bytes; fewer only at end of input; -1 with *e set. */
ssize_t bk_io_read(int fd, void *buf, size_t n, const char *name,
    struct bk_err *e);

/*
 * As bk_io_read(), but fails with "stopped" as soon as the descriptor stop is
 * readable: a byte in a pipe, from a thread that is about to join this one.  It
 * waits in poll(2), so fd must have no other reader, which might take what
 * poll(2) has seen.  Not pthread_cancel(3): glibc loads libgcc_s.so.1 on the
 * first call and aborts without it, and a cancelled thread must not hold
 * anything.
 */
ssize_t bk_io_read_until(int fd, int stop, void *buf, size_t n,
    const char *name, struct bk_err *e);

/* Write all n bytes, in one write(2) if the system accepts them; 0 or -1. */
int bk_io_write(int fd, const void *buf, size_t n, const char *name,
    struct bk_err *e);

/* Write all of two pieces, in one writev(2) if the system accepts them. */
int bk_io_write2(int fd, const void *a, size_t alen, const void *b,
    size_t blen, const char *name, struct bk_err *e);

/*
 * Read up to n bytes at off without moving the file position; fewer only at the
 * end of the file.  Returns how many, or -1.
 */
ssize_t bk_io_pread(int fd, void *buf, size_t n, off_t off, const char *name,
    struct bk_err *e);

/* Write n bytes at off without moving the file position. */
int bk_io_pwrite(int fd, const void *buf, size_t n, off_t off,
    const char *name, struct bk_err *e);

/* flock(2), again if a signal comes in between; 0 or -1 with errno. */
int bk_io_lock(int fd, int how);

/*
 * Close, reporting errors that the system deferred (NFS, quotas).  The
 * descriptor is closed in any case.
 */
int bk_io_close(int fd, const char *name, struct bk_err *e);

/*
 * Append the whole file path ("-": standard input) to *b; more than max bytes
 * is BK_DATA.  For bounded input: key files, templates, lists.
 */
int bk_io_slurp(const char *path, size_t max, struct bk_buf *b,
    struct bk_err *e);

/*
 * Request a 1 MiB pipe buffer (F_SETPIPE_SZ, Linux); no effect if fd is not a
 * pipe, or if the system lacks or refuses the call.
 */
void bk_io_pipe_grow(int fd);

/*
 * Close every descriptor from lowest on, also inherited ones.  In a child that
 * has one thread.  Without /proc: those below the limit, 65536 at most.
 */
void bk_io_close_from(int lowest);

/* A pipe, p[0] to read and p[1] to write, both closed on exec; 0 or -1. */
int bk_io_pipe(int p[2], struct bk_err *e);

/* 1 if fd is a pipe, a FIFO or a socket: something that has a reader. */
int bk_io_is_pipe(int fd);

/*
 * Write text to a pipe in one write, for who may listen: that nobody reads it
 * any more is no failure, and no SIGPIPE.
 */
void bk_io_tell(int fd, const char *text, size_t n);

#endif
