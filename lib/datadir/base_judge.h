#ifndef BK_DATADIR_BASE_JUDGE_H
#define BK_DATADIR_BASE_JUDGE_H
/*
 * What a base backup's tar may have in it: one judgement, for all that unpack
 * it or only read it.
 *
 *	entry	each header of the tar: its type and its name
 *	file	each file, after its data were read
 *	listed	each file that the manifest lists, which comes last
 *	rest	what is there and should not be
 *
 * The manifest lists every file but itself and those in pg_wal, which has its
 * own checks.  Three more may be missing, other, or too many, as with
 * pg_verifybackup: postgresql.auto.conf, recovery.signal, standby.signal,
 * which pg_basebackup -R writes after the server has made the manifest.  Not so
 * in a tar with marks of its own: bk-base made it, and adds nothing.
 *
 * Not locked.  Memory: file_table.h, for files and directories.
 */
#include "archive/tar.h"
#include "datadir/file_table.h"

#define BK_SPACES "pg_tblspc/"
#define BK_PG_VERSION_AWAY "PG_VERSION.unfinished"	/* until the commit */

struct bk_base_judge;

/* name, of the stream for messages, is borrowed.  NULL with *e set: memory. */
struct bk_base_judge *bk_base_judge_new(const char *name, struct bk_err *e);
void bk_base_judge_free(struct bk_base_judge *j);	/* NULL is fine */

/*
 * Judge the tar's entry.  *path is then its name without "./" and a
 * directory's last '/', borrowed until the next call; "": the data directory
 * itself.  0; -1 with *e set: BK_DATA for what is neither a file nor a
 * directory, and for a name that leaves the directory or is not PostgreSQL's.
 */
int bk_base_judge_entry(struct bk_base_judge *j, const struct bk_tar *tar,
    const struct bk_tar_entry *entry, const char **path, struct bk_err *e);

/* 1 for an entry that is a file, with data. */
int bk_base_is_file(const struct bk_tar_entry *entry);

/* 1 for the directory of a tablespace, "pg_tblspc/16384". */
int bk_base_is_space(const char *path);

/* A file was read: as bk_file_table_add(). */
int bk_base_judge_file(struct bk_base_judge *j, const char *path,
    uint64_t size, struct bk_file_sum sums[], size_t n, struct bk_err *e);

/* Was there an entry of that path, or below that directory? */
int bk_base_judge_has_file(struct bk_base_judge *j, const char *path);
int bk_base_judge_has_dir(struct bk_base_judge *j, const char *path);

/* 1: anything that the manifest says of path, and the stream has, will do. */
int bk_base_judge_ignores(const struct bk_base_judge *j, const char *path);

/* As bk_file_table_compare(); 0 also for a path that is ignored. */
int bk_base_judge_listed(struct bk_base_judge *j,
    const struct bk_manifest_file *f, struct bk_file_difference *d,
    struct bk_err *e);

typedef int (*bk_base_differs)(void *ctx, const char *path,
    const struct bk_file_difference *d, struct bk_err *e);

/*
 * Call each() for every path that is there twice: two files, or a file and a
 * directory.  each() returning other than 0 ends it, and is returned.
 */
int bk_base_judge_twice(struct bk_base_judge *j, bk_base_differs each,
    void *ctx, struct bk_err *e);

/* The same, and then for every file that is not listed. */
int bk_base_judge_rest(struct bk_base_judge *j, bk_base_differs each,
    void *ctx, struct bk_err *e);

/* The files are another program's, made of those that other has judged. */
void bk_base_judge_follow(struct bk_base_judge *j,
    const struct bk_base_judge *other);

#endif
