#ifndef BK_BASE_SECRET_H
#define BK_BASE_SECRET_H
/*
 * Secrets in files: keys, passphrases, shares, addresses that are passwords.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Append the whole of fd to *b; more than max bytes is BK_DATA.  A regular
 * file that group or others may access in any way is BK_DATA, with the remedy;
 * but to who is not root, one of root's may give the group leave to read.
 */
int bk_secret_read(int fd, const char *name, size_t max, struct bk_buf *b,
    struct bk_err *e);

/* The same of the file path. */
int bk_secret_load(const char *path, size_t max, struct bk_buf *b,
    struct bk_err *e);

/*
 * Make the file path, which must not be there yet, with mode 0600 and these n
 * bytes, on stable storage when this returns 0.  On failure it leaves none.
 */
int bk_secret_store(const char *path, const void *p, size_t n,
    struct bk_err *e);

/*
 * Read a passphrase from fd: its first line, of at most BK_PASSPHRASE_MAX
 * bytes, into out with a NUL.  Empty or longer is BK_DATA; the permissions as
 * for bk_secret_read().
 */
#define BK_PASSPHRASE_MAX 1024
int bk_passphrase_read(int fd, const char *name,
    char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e);

/* The same of the file path. */
int bk_passphrase_load(const char *path, char out[BK_PASSPHRASE_MAX + 1],
    struct bk_err *e);

/*
 * Move a passphrase from text, which is the value of the environment variable
 * name: what stays there is shown by ps(1) for as long as we run.  BK_DATA if
 * it is too long.
 */
int bk_passphrase_take(char *text, const char *name,
    char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e);

#endif
