#ifndef BK_RESTORE_RESTORE_IN_H
#define BK_RESTORE_RESTORE_IN_H
/*
 * Internal: shared by restore.c (the order of events), block.c (the stream's
 * contents), row_check.c (whether they agree), load_partial.c and
 * load_opaque.c only.
 */
#include "archive/digest.h"
#include "restore/entry_list.h"
#include "restore/load.h"
#include "restore/restore.h"
#include "restore/rights.h"
#include "stream/seal.h"

struct bk_restore {
	struct bk_archive *archive;
	const char *name;
	struct bk_toc toc;
	int ours;		/* made by bk-dump, */
	struct bk_seal seal;	/* with this seal */
	int opaque;		/* cannot be split: bk_restore_whole() */
	struct bk_restore_table *table;	/* in TOC order */
	struct bk_restore_table **by_id;
	size_t n;
	int have_block;		/* at the first block: bk_restore_open() */
	struct bk_restore_table *first;	/* its table; NULL: no data */
	char system[64];
	struct bk_buf globals;
	struct bk_restore_manifest manifest;
	struct bk_digest_state *records;	/* of the proof records */
	struct bk_buf notes;
	unsigned trusted;
	struct bk_restore_list list;	/* the entries that are wanted */
};

struct bk_restore_table *bk_restore_find(const struct bk_restore *r,
    int32_t id);

/*
 * Go to the next block with a table's rows or large objects, reading proof
 * records on the way.  1 with *t, 0 at the end, -1 with *e set.
 */
int bk_restore_block(struct bk_restore *r, struct bk_restore_table **t,
    struct bk_err *e);

/*
 * Read the stream to its end and load its rows and large objects.  0 if the
 * stream ended and the workers are done; nothing is compared yet.
 */
int bk_restore_rows(struct bk_restore *r,
    const struct bk_load_options *options, struct bk_err *e);

/* Fill in *report, {0} before, all but its seconds. */
void bk_restore_report(const struct bk_restore *r,
    struct bk_restore_report *report);

/* Compare what was seen with what was recorded.  0, or -1 with *e set. */
int bk_restore_check(const struct bk_restore *r, struct bk_err *e);

/* Keep what was found for r's report; 0, or -1 with *e set: memory. */
int bk_restore_tell_rights(struct bk_restore *r, const struct bk_rights *found,
    struct bk_err *e);

/* BK_DATA: problem, with the stream's name and t's (NULL: none); -1. */
int bk_restore_damaged(const struct bk_restore *r,
    const struct bk_restore_table *t, const char *problem, struct bk_err *e);

#endif
