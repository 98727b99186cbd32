#ifndef BK_WALFILE_WAL_READER_H
#define BK_WALFILE_WAL_READER_H
/*
 * Walk through WAL record by record, as recovery will read it: each page's
 * header, each record's CRC-32C, and that it names the record before it.  A
 * record may be continued over pages and segments; one that a crash left
 * unfinished is passed over where the next page says so.  After a switch of
 * segments the rest is not looked at.
 *
 * Input is not trusted.  Memory: two pages, and the body of a record that may
 * be a target, up to BK_WALK_BODY.
 */
#include "base/source.h"
#include "walfile/logrecord.h"

#define BK_WALK_BODY ((size_t)16 << 20)

struct bk_walk;

struct bk_walk_options {
	uint64_t start;		/* where the first record begins */
	uint64_t segment;	/* bytes of one, a power of 2 */
	uint64_t sysid;		/* the cluster's; 0: that of the first page */
	/* the timeline that position at belongs to; NULL: any */
	uint32_t (*owner)(void *ctx, uint64_t at);
	/* called for each record; 1: stop after it */
	int (*record)(void *ctx, const struct bk_logrecord *r);
	void *ctx;
};

enum bk_walk_end {
	BK_WALK_NEXT,		/* the segment is whole: on to the next one */
	BK_WALK_STOPPED,	/* record() said so */
	BK_WALK_BROKEN,		/* what follows is not WAL: bk_walk_why() */
	BK_WALK_FAILED,		/* *e is set: the source, or memory */
};

/* o is copied.  NULL with *e set: memory, or BK_DATA for a senseless start. */
struct bk_walk *bk_walk_new(const struct bk_walk_options *o, struct bk_err *e);

/* The number of the segment that is to be walked next. */
uint64_t bk_walk_number(const struct bk_walk *w);

/*
 * Walk that segment, from the file of this timeline; src need not be read to
 * its end.  Only after NEXT there is a further one.
 */
enum bk_walk_end bk_walk_segment(struct bk_walk *w, struct bk_source src,
    uint32_t timeline, struct bk_err *e);

/* The end of the last whole record; "0/5000028: ..." of the last BROKEN. */
uint64_t bk_walk_end(const struct bk_walk *w);
const char *bk_walk_why(const struct bk_walk *w);

/*
 * After BROKEN: nothing from here on was read.  Zeros, if the record was cut
 * off while it was being written.
 */
uint64_t bk_walk_torn(const struct bk_walk *w);

void bk_walk_free(struct bk_walk *w);	/* NULL is fine */

#endif
