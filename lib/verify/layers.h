#ifndef BK_VERIFY_LAYERS_H
#define BK_VERIFY_LAYERS_H
/*
 * Nested layers of gzip, zstd, bk-crypt and age: each is detected by its first
 * bytes and decoded in a thread of its own, with pipes between them.  What
 * comes out of a sealed layer is judged by that layer, and by its parser.
 * One that no key opens is BK_FAIL: it says nothing about the backup.
 */
#include "crypt/crypt.h"
#include "crypt/signature.h"
#include "stream/reader.h"
#include "stream/seal.h"

struct bk_layers;

/*
 * Open fd and start a thread for each layer; sealed: require an opening mark on
 * fd.  from (keys) is borrowed until bk_layers_end().  *label is the outermost
 * one that is not empty, which needs no key: also set if this fails.  NULL with
 * *e set.
 */
struct bk_layers *bk_layers_open(int fd, int sealed,
    const struct bk_crypt_from *from, unsigned threads,
    struct bk_label *label, struct bk_err *e);

/* The innermost stream, and its name for messages. */
struct bk_reader *bk_layers_inside(struct bk_layers *l);
const char *bk_layers_name(const struct bk_layers *l);

/* 1 if a layer or the innermost stream is sealed. */
int bk_layers_sealed(const struct bk_layers *l);

/*
 * After bk_layers_end() returned 0: the public key whose signature from
 * demanded and the stream has; "" if none was demanded.  Borrowed.
 */
const char *bk_layers_signer(const struct bk_layers *l);

/*
 * End: the innermost stream was read to its end (rc 0), or given up with *e set
 * (rc -1).  On BK_DATA the rest is drained, so that nobody upstream writes to a
 * closed pipe.  Returns rc, or -1 if a layer failed; then *e is the outermost
 * failure, which caused the others.
 */
int bk_layers_end(struct bk_layers *l, int rc, struct bk_err *e);

void bk_layers_free(struct bk_layers *l);

/* For struct bk_source: read from in, a bk_reader. */
ssize_t bk_layers_read(void *in, void *buf, size_t n, struct bk_err *e);

#endif
