#ifndef BK_RESTORE_RESTORE_IN_H
#define BK_RESTORE_RESTORE_IN_H
/*
 * Between restore.c (the order of events), block.c (what is in the
 * stream), proof.c (whether it agrees) and ddl.c only.
 */
#include "archive/digest.h"
#include "restore/load.h"
#include "restore/restore.h"

struct bk_restore {
	struct bk_archive *archive;
	const char *name;
	struct bk_toc toc;
	int ours;		/* bk-dump's */
	int opaque;		/* for pg_restore as a whole */
	struct bk_restore_table *table;	/* in the TOC's order */
	struct bk_restore_table **by_id;
	size_t n;
	int have_block;		/* bk_restore_open() has met the first data */
	struct bk_restore_table *first;	/* its table; NULL: no data */
	char system[64];
	struct bk_buf globals;
	struct bk_restore_manifest manifest;
	struct bk_digest_state *records;	/* of their text */
};

struct bk_restore_table *bk_restore_find(const struct bk_restore *r,
    int32_t id);

/*
 * Go to the next block with a table's data or objects; hidden ones on the way
 * are read.  1 with *t, 0 at the end, -1 with *e set.
 */
int bk_restore_block(struct bk_restore *r, struct bk_restore_table **t,
    struct bk_err *e);

/*
 * Read the block that the archive is in, which no entry of the TOC refers to,
 * and take it into account.  What is not bk-dump's is passed over.
 */
int bk_restore_proof_record(struct bk_restore *r, struct bk_err *e);

/*
 * Read the stream to its end and load all rows and large objects of it.  0 if
 * the stream ended and the workers are done; nothing is compared yet.
 */
int bk_restore_rows(struct bk_restore *r, const struct bk_load_options *how,
    struct bk_err *e);

/* Append the archive's SET statements, for who loads rows. */
int bk_restore_settings(const struct bk_toc *toc, struct bk_buf *out,
    struct bk_err *e);

/* Sum up. */
void bk_restore_report(const struct bk_restore *r,
    struct bk_restore_report *report);

/* All that was seen against all that was told.  0, or -1 with *e set. */
int bk_restore_check(const struct bk_restore *r, struct bk_err *e);

/* BK_DATA: what is wrong with the stream. */
int bk_restore_damaged(const struct bk_restore *r,
    const struct bk_restore_table *t, const char *what, struct bk_err *e);

#endif
