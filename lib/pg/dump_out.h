#ifndef BK_PG_DUMP_OUT_H
#define BK_PG_DUMP_OUT_H
/*
 * The archive as it is written: header and TOC with the opening mark, data
 * blocks with their records, the manifest with the closing mark.
 */
#include "archive.h"
#include "manifest.h"
#include "queue.h"

struct bk_dump_out;

/* The SET client_encoding statement of a TOC, NULL if it has none. */
const char *bk_dump_encoding(const struct bk_toc *toc);

/*
 * Begin: writes toc with the opening mark and about->database as label in
 * it.  Both (about's strings, too) must outlive the result.  NULL with *e set.
 */
struct bk_dump_out *bk_dump_out_open(int fd, const struct bk_toc *toc,
    const struct bk_manifest *about, struct bk_err *e);

/* Write roles and tablespaces, SQL text, as a hidden block. */
int bk_dump_out_globals(struct bk_dump_out *d, const struct bk_buf *sql,
    struct bk_err *e);

/* Write all that q's workers bring, until there is no more.  0 or -1. */
int bk_dump_out_drain(struct bk_dump_out *d, struct bk_queue *q,
    struct bk_err *e);

/*
 * The dump is complete: manifest, closing mark, and in a regular file the
 * offsets in the TOC; then fd is closed.  0 or -1.
 */
int bk_dump_out_finish(struct bk_dump_out *d, uint64_t *bytes,
    struct bk_err *e);

void bk_dump_out_free(struct bk_dump_out *d);	/* NULL is fine */

#endif
