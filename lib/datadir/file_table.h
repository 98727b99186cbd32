#ifndef BK_DATADIR_FILE_TABLE_H
#define BK_DATADIR_FILE_TABLE_H
/*
 * The files of a base backup as they were read: path, size, checksums.  The
 * manifest comes last, so a reader keeps this table, and compares each file
 * that the manifest lists (backup_manifest.h) with it.  Not locked.  Memory:
 * the path and about 60 bytes for each file.
 */
#include "datadir/backup_manifest.h"

struct bk_file_table;

struct bk_file_entry {
	const char *path;
	uint64_t size;
	int listed;		/* by the manifest, so far */
	unsigned algorithms;	/* 1 << enum bk_sum of each sum that is kept */
	const uint8_t *sums;	/* one after the other, in order of the enum */
};

struct bk_file_table *bk_file_table_new(struct bk_err *e);
void bk_file_table_free(struct bk_file_table *t);	/* NULL is fine */

/*
 * Add a file with n running sums, each of another algorithm, in order of enum
 * bk_sum; they are ended by this.  0, or -1 with *e set.
 */
int bk_file_table_add(struct bk_file_table *t, const char *path,
    uint64_t size, struct bk_file_sum sums[], size_t n, struct bk_err *e);

/* Borrowed until the next add; NULL: there is none. */
const struct bk_file_entry *bk_file_table_find(struct bk_file_table *t,
    const char *path);

/* What a manifest lists and what was read instead, for messages. */
struct bk_file_difference {
	char want[2 * BK_SUM_MAX + 16];	/* "8192 bytes", "CRC32C 1f2e3d4c" */
	char got[2 * BK_SUM_MAX + 16];	/* "none": no such file */
};

/*
 * Mark the file that the manifest lists, and compare.  0 if size and checksum
 * are the listed ones; 1 with *d filled if not; -1 with *e set, BK_FAIL: its
 * checksum is of an algorithm that was not computed.
 */
int bk_file_table_compare(struct bk_file_table *t,
    const struct bk_manifest_file *f, struct bk_file_difference *d,
    struct bk_err *e);

/*
 * Compare the size alone, or the sum, computed by f->algorithm: 0, or 1 with *d
 * filled.
 */
int bk_file_difference_sizes(struct bk_file_difference *d,
    const struct bk_manifest_file *f, uint64_t size);
int bk_file_difference_sums(struct bk_file_difference *d,
    const struct bk_manifest_file *f, const uint8_t *sum);

/*
 * Call each() for every file that is not listed, except those that a manifest
 * never lists: WAL and itself.  A file that is there twice is unlisted once.
 * each() returning other than 0 ends it, and is returned.
 */
int bk_file_table_unlisted(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e);

/* The same for every file that is there again; it is then no unlisted one. */
int bk_file_table_twice(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e);

/* The same for every file. */
int bk_file_table_each(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e);

#endif
