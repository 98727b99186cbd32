#ifndef BK_DATADIR_BACKUP_MANIFEST_H
#define BK_DATADIR_BACKUP_MANIFEST_H
/*
 * Read a backup_manifest, as PostgreSQL writes it (its documentation, "Backup
 * Manifest Format", versions 1 and 2): a JSON document with one file, one range
 * of WAL and one member of the outermost object to a line.  Input is not
 * trusted.  Memory: the longest line, at most 64 KiB; what the handlers keep is
 * theirs.
 *
 * Lines are handed over as they arrive, the manifest's own checksum comes last:
 * nothing that a handler was told is certain until bk_backup_manifest_end() has
 * returned 0.
 */
#include "base/err.h"
#include "datadir/file_sum.h"
#include "walfile/segment.h"

struct bk_manifest_file {
	const char *path;	/* relative to the data directory */
	uint64_t size;
	enum bk_sum algorithm;
	uint8_t sum[BK_SUM_MAX];
};

struct bk_manifest_wal {	/* WAL that recovery from the backup needs */
	uint32_t timeline;
	uint64_t start, end;	/* LSN; end is after the last byte */
};

/* What is borrowed is valid during the call.  -1 with *e set stops. */
struct bk_manifest_handler {
	int (*file)(void *ctx, const struct bk_manifest_file *f,
	    struct bk_err *e);
	int (*wal)(void *ctx, const struct bk_manifest_wal *w,
	    struct bk_err *e);	/* NULL: not wanted */
	void *ctx;
};

struct bk_manifest_summary {
	int version;		/* 1; 2 since PostgreSQL 17 */
	char sysid[BK_WAL_SYSID]; /* system identifier; "" in 1 */
	uint64_t files;
	char checksum[65];	/* its own: SHA-256 in hex */
};

struct bk_backup_manifest;

/* name (borrowed) is used in messages.  NULL with *e set: memory. */
struct bk_backup_manifest *bk_backup_manifest_open(const char *name,
    const struct bk_manifest_handler *handler, struct bk_err *e);

/* The next n bytes.  0; -1 with *e set, BK_DATA: not a manifest. */
int bk_backup_manifest_feed(struct bk_backup_manifest *m, const void *p,
    size_t n, struct bk_err *e);

/*
 * There is no more.  0 with *summary; -1 with *e set, BK_DATA: incomplete, or
 * the checksum is another.
 */
int bk_backup_manifest_end(struct bk_backup_manifest *m,
    struct bk_manifest_summary *summary, struct bk_err *e);

void bk_backup_manifest_free(struct bk_backup_manifest *m); /* NULL is fine */

#endif
