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
#include "stream/reader.h"

struct bk_armor;

/* A reader of in (borrowed).  NULL with *e set: memory. */
struct bk_armor *bk_armor_open(struct bk_reader *in, struct bk_err *e);

/*
 * Like bk_reader_read(): n bytes, fewer only before the end; 0 at the end of a
 * complete stream; -1 with *e set, BK_DATA also for malformed armor.
 */
ssize_t bk_armor_read(struct bk_armor *a, void *buf, size_t n,
    struct bk_err *e);

/*
 * Call add with ctx for all that is read from now on, as it is in the stream,
 * armor and all.  It returns 0, or -1 with *e set, which the reading then does.
 * Before the first bk_armor_read().
 */
void bk_armor_watch(struct bk_armor *a,
    int (*add)(void *ctx, const void *p, size_t n, struct bk_err *e),
    void *ctx);

/* What it reads.  Borrowed. */
struct bk_reader *bk_armor_reader(const struct bk_armor *a);

void bk_armor_free(struct bk_armor *a);		/* NULL is fine */

#endif
