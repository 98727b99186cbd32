#ifndef BK_DUMP_OUTPUT_H
#define BK_DUMP_OUTPUT_H
/*
 * Write the archive: header and TOC with the opening mark, data blocks with
 * their proof records, the manifest with the closing mark.
 */
#include "archive/archive.h"
#include "archive/manifest.h"
#include "dump/task_queue.h"
#include "stream/seal.h"

struct bk_dump_output;

/*
 * Begin: write toc, which must have an ENCODING entry, with the opening mark
 * and label in it.  toc and about's strings must outlive the result.  NULL with
 * *e set, also if something before the mark would be taken for one.
 */
struct bk_dump_output *bk_dump_output_open(int fd, const struct bk_toc *toc,
    const struct bk_manifest *about, const struct bk_label *label,
    struct bk_err *e);

/* Write roles and tablespaces, SQL text, as a block that no entry names. */
int bk_dump_output_globals(struct bk_dump_output *d, const struct bk_buf *sql,
    struct bk_err *e);

/* Write the output of q's workers until the last task.  0 or -1. */
int bk_dump_output_drain(struct bk_dump_output *d, struct bk_task_queue *q,
    struct bk_err *e);

/*
 * Write manifest (the dump ended at this time) and closing mark, in a regular
 * file also the offsets in the TOC, and close fd.  *bytes: the archive's size.
 * 0 or -1.
 */
int bk_dump_output_finish(struct bk_dump_output *d, time_t ended,
    uint64_t *bytes, struct bk_err *e);

void bk_dump_output_free(struct bk_dump_output *d);	/* NULL is fine */

#endif
