#ifndef BK_DUMP_OUTPUT_H
#define BK_DUMP_OUTPUT_H
/*
 * The archive as it is written: header and TOC with the opening mark, data
 * blocks with their records, the manifest with the closing mark.
 */
#include "archive/archive.h"
#include "archive/manifest.h"
#include "dump/task_queue.h"

struct bk_dump_output;

/*
 * Begin: writes toc, which has an ENCODING entry, with the opening mark and
 * about->database as label in it.  Both (about's strings, too) must outlive
 * the result.  NULL with *e set.
 */
struct bk_dump_output *bk_dump_output_open(int fd, const struct bk_toc *toc,
    const struct bk_manifest *about, struct bk_err *e);

/* Write roles and tablespaces, SQL text, as a hidden block. */
int bk_dump_output_globals(struct bk_dump_output *d, const struct bk_buf *sql,
    struct bk_err *e);

/* Write all that q's workers bring, until there is no more.  0 or -1. */
int bk_dump_output_drain(struct bk_dump_output *d, struct bk_task_queue *q,
    struct bk_err *e);

/*
 * The dump is complete: manifest, closing mark, and in a regular file the
 * offsets in the TOC; then fd is closed.  0 or -1.
 */
int bk_dump_output_finish(struct bk_dump_output *d, uint64_t *bytes,
    struct bk_err *e);

void bk_dump_output_free(struct bk_dump_output *d);	/* NULL is fine */

#endif
