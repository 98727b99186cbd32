#ifndef BK_VERIFY_CHECK_BASE_IN_H
#define BK_VERIFY_CHECK_BASE_IN_H
/* What was found in the tar of a base backup, its files apart. */
#include "archive/tar.h"
#include "datadir/backup_manifest.h"
#include "verify/verdict.h"
#include "walfile/segment.h"
#include "walfile/wal_reader.h"

struct bk_base_segment {	/* a file in pg_wal */
	char name[BK_WAL_NAME];
	uint64_t size;
	int valid;		/* it begins with this header: */
	struct bk_wal_header header;
};

struct bk_base_found {
	struct bk_base_segment *segment;	/* by address and timeline */
	size_t n;
	struct bk_manifest_wal *range;		/* of the manifest */
	size_t nranges;
	char sysid[BK_WAL_SYSID];		/* of pg_control; "": none */
	int swapped;		/* it is of a machine of the other byte order */
	uint64_t start;		/* of recovery, by backup_label; 0: unknown */
	struct bk_walk *walk;	/* through the segments, as far as they came */
	enum bk_walk_end walked;
};

/*
 * Read the segment of that name and size, the tar's current entry, record by
 * record if it is the next one for that.  0, or -1 with *e set.
 */
int bk_check_base_segment(struct bk_base_found *f, struct bk_tar *tar,
    const char *name, uint64_t size, struct bk_err *e);

/*
 * Compare cluster, timeline and WAL: the manifest's ranges with the segments,
 * their headers with the cluster, their records with where WAL must end; all
 * this with the label and trailer of tar.  Fills in v's cluster, timeline,
 * start and end.  0, or -1 with *e set.
 */
int bk_check_base_wal(struct bk_base_found *f, const struct bk_tar *tar,
    struct bk_verdict *v, struct bk_err *e);

void bk_check_base_free(struct bk_base_found *f);

#endif
