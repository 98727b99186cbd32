#ifndef BK_BASE_SECRET_H
#define BK_BASE_SECRET_H
/* Secrets in files: keys, passphrases, shares, URLs that are passwords. */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * From now on nobody gets at this process' memory: no core file, on Linux not
 * even by a handler, and no debugger of the same user.  Programs that it starts
 * are as ever.
 */
void bk_secret_guard(void);

/*
 * Keep these n bytes, and what shares their pages, from being written to swap
 * or into a core file, for as long as the memory is mapped.  Best effort: a
 * limit on locked memory that is too low (RLIMIT_MEMLOCK) must not keep a
 * backup from being made, and the other defence is an encrypted swap.
 */
void bk_secret_hold(const void *p, size_t n);

/*
 * Append the whole of fd to *b; more than max bytes is BK_DATA.  A regular file
 * that group or others may access in any way is BK_DATA, with the remedy; if
 * not running as root, a root-owned file may be group-readable.
 */
int bk_secret_read(int fd, const char *name, size_t max, struct bk_buf *b,
    struct bk_err *e);

/* The same for the file path. */
int bk_secret_load(const char *path, size_t max, struct bk_buf *b,
    struct bk_err *e);

/*
 * Create the file path, which must not exist, with mode 0600 and these n bytes,
 * on stable storage when this returns 0.  A failure leaves no file.
 */
int bk_secret_store(const char *path, const void *p, size_t n,
    struct bk_err *e);

/*
 * Read a passphrase from fd: its first line, of at most BK_PASSPHRASE_MAX
 * bytes, into out with a NUL.  Empty or longer is BK_DATA; permissions as for
 * bk_secret_read().
 */
#define BK_PASSPHRASE_MAX 1024
int bk_passphrase_read(int fd, const char *name,
    char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e);

/* The same for the file path. */
int bk_passphrase_load(const char *path, char out[BK_PASSPHRASE_MAX + 1],
    struct bk_err *e);

/*
 * Move a passphrase out of text, the value of environment variable name: ps(1)
 * would show it for as long as we run.  BK_DATA if it is too long.
 */
int bk_passphrase_take(char *text, const char *name,
    char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e);

#endif
