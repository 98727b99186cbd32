#ifndef BK_BASE_IO_H
#define BK_BASE_IO_H
/*
 * Descriptors: whole reads and whole writes, EINTR and short counts dealt
 * with, errors named.  name is what a message calls the descriptor.
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
 * As bk_io_read(), but -1, "stopped", as soon as the descriptor stop has
 * something to read: a byte in a pipe, from a thread that wants this one back.
 * It waits in poll(2), so fd must have no other reader, who might take what
 * poll(2) has seen.  pthread_cancel(3) would not do: glibc loads libgcc_s.so.1
 * at the first one and aborts without it, and who is cancelled may hold
 * nothing.
 */
ssize_t bk_io_read_until(int fd, int stop, void *buf, size_t n,
    const char *name, struct bk_err *e);

/* Write all n bytes, in one write(2) if the system takes them; 0 or -1. */
int bk_io_write(int fd, const void *buf, size_t n, const char *name,
    struct bk_err *e);

/* Write all of two pieces, in one writev(2) if the system takes them. */
int bk_io_write2(int fd, const void *a, size_t alen, const void *b,
    size_t blen, const char *name, struct bk_err *e);

/* Write n bytes at off without moving the file position. */
int bk_io_pwrite(int fd, const void *buf, size_t n, off_t off,
    const char *name, struct bk_err *e);

/*
 * Close, reporting what the system kept back until now (NFS, quotas).  The
 * descriptor is gone in any case.
 */
int bk_io_close(int fd, const char *name, struct bk_err *e);

/*
 * Append the whole file path ("-": standard input) to *b; more than max
 * bytes is BK_DATA.  For key files, templates, lists: things with a bound.
 */
int bk_io_slurp(const char *path, size_t max, struct bk_buf *b,
    struct bk_err *e);

/*
 * Ask for a 1 MiB pipe buffer (F_SETPIPE_SZ, Linux); does nothing for what
 * is not a pipe, where the system has no such call, or refuses.
 */
void bk_io_pipe_grow(int fd);

/* A pipe, p[0] to read and p[1] to write, both closed on exec; 0 or -1. */
int bk_io_pipe(int p[2], struct bk_err *e);

/* 1 if fd is a pipe, a FIFO or a socket: something a reader hangs on. */
int bk_io_is_pipe(int fd);

#endif
