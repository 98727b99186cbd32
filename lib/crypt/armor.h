#ifndef BK_CRYPT_ARMOR_H
#define BK_CRYPT_ARMOR_H
/*
 * The bytes of an encrypted stream, binary or in age's ASCII armor
 * ("-----BEGIN AGE ENCRYPTED FILE-----", base64 lines of 64 characters), which
 * is read as strictly as age v1 specifies; blanks and line ends may precede and
 * follow it.  Memory: 16 KiB.
 */
#include <sys/types.h>

#include <stddef.h>

#include "base/err.h"
#include "base/reader.h"

struct bk_armor;

/* A reader of in (borrowed).  NULL with *e set: memory. */
struct bk_armor *bk_armor_open(struct bk_reader *in, struct bk_err *e);

/*
 * Like bk_reader_read(): n bytes, fewer only before the end; 0 at the end of a
 * complete stream; -1 with *e set, BK_DATA also for malformed armor.
 */
ssize_t bk_armor_read(struct bk_armor *a, void *buf, size_t n,
    struct bk_err *e);

/* What it reads.  Borrowed. */
struct bk_reader *bk_armor_reader(const struct bk_armor *a);

void bk_armor_free(struct bk_armor *a);		/* NULL is fine */

#endif
