#ifndef BK_VERIFY_LAYERS_H
#define BK_VERIFY_LAYERS_H
/*
 * gzip, zstd, bk-crypt and age, one within the other: each is recognised by
 * its first bytes and opened in a thread of its own, pipes between them.
 */
#include "base/reader.h"
#include "crypt/crypt.h"

struct bk_layers;

/*
 * Begin to read fd, with the keys from (borrowed until bk_layers_end()).  The
 * threads start at once.  NULL with *e set.
 */
struct bk_layers *bk_layers_open(int fd, int sealed,
    const struct bk_crypt_from *from, unsigned threads, struct bk_err *e);

/* What is inside of all layers; for messages, how to call it. */
struct bk_reader *bk_layers_inside(struct bk_layers *l);
const char *bk_layers_name(const struct bk_layers *l);

/* 1 if a layer or what is inside carries marks. */
int bk_layers_sealed(const struct bk_layers *l);

/* A name that one of them bears; "" if none. */
const char *bk_layers_label(const struct bk_layers *l);

/*
 * The inside was read to its end (rc 0), or was given up with *e.  On BK_DATA
 * the rest is read all the same, so that no one upstream writes to a closed
 * pipe.  Returns rc, or -1 if a layer failed; then *e is the outermost one's
 * reason, which caused the others.
 */
int bk_layers_end(struct bk_layers *l, int rc, struct bk_err *e);

void bk_layers_free(struct bk_layers *l);

/* A bk_source's reading of a bk_reader. */
ssize_t bk_layers_read(void *in, void *buf, size_t n, struct bk_err *e);

#endif
