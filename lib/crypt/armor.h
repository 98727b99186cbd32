#ifndef BK_CRYPT_ARMOR_H
#define BK_CRYPT_ARMOR_H
/*
 * The bytes of an encrypted stream: as they are, or out of age's ASCII armor
 * ("-----BEGIN AGE ENCRYPTED FILE-----", base64 lines of 64, read strictly as
 * the age v1 specification says; blanks and line ends may stand before and
 * behind it).  Memory: 16 KiB.
 */
#include <sys/types.h>

#include <stddef.h>

#include "base/err.h"
#include "base/reader.h"

struct bk_armor;

/* Begin to read in (borrowed).  NULL with *e set: out of memory. */
struct bk_armor *bk_armor_open(struct bk_reader *in, struct bk_err *e);

/*
 * As bk_reader_read(): n bytes, fewer only before the end; 0 is the end of a
 * complete stream; -1 with *e set, BK_DATA also for a malformed armor.
 */
ssize_t bk_armor_read(struct bk_armor *a, void *buf, size_t n,
    struct bk_err *e);

/* What it reads.  Borrowed. */
struct bk_reader *bk_armor_reader(const struct bk_armor *a);

void bk_armor_free(struct bk_armor *a);		/* NULL is fine */

#endif
