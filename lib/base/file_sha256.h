#ifndef BK_BASE_FILE_SHA256_H
#define BK_BASE_FILE_SHA256_H
/*
 * The SHA-256 (FIPS 180-4) of a file.
 */
#include <stdint.h>

#include "base/err.h"

#define BK_SHA256_HEX 65	/* digits, in lower case, and the NUL */

/*
 * Of the first bytes of the open file fd, which is called name in messages; its
 * offset stays.  0, or -1 with *e set: it cannot be read or is shorter, or
 * libcrypto fails.  Memory: 64 KiB of stack.
 */
int bk_file_sha256(int fd, uint64_t bytes, const char *name,
    char hex[BK_SHA256_HEX], struct bk_err *e);

#endif
