#ifndef BK_DATADIR_DATADIR_IN_H
#define BK_DATADIR_DATADIR_IN_H
/* What the sources of datadir/datadir share. */
#include "archive/tar.h"
#include "base/buf.h"
#include "datadir/base_judge.h"
#include "datadir/datadir.h"
#include "datadir/file_writer.h"
#include "datadir/tree.h"

#define BK_PG_VERSION "PG_VERSION"
#define BK_TABLESPACE_MAP "tablespace_map"
#define BK_BACKUP_MANIFEST "backup_manifest"
#define BK_COMBINING ".bk-combine"	/* parts of a chain, until combined */

struct bk_datadir_space {		/* a tablespace */
	char *path;		/* "pg_tblspc/16384" */
	char *from;		/* where it was */
	char *to;		/* where it is now */
};

struct bk_datadir {
	struct bk_datadir_options o;
	const char *name;	/* the stream's */
	struct bk_tree *tree;
	int updating;		/* delta, on a directory that was not empty */
	int combined;		/* files are compared as they are on disk */
	int unpacked;
	int group;		/* the group may read */
	struct bk_base_judge *judge;	/* of the stream's entries */
	struct bk_datadir_space *space;
	size_t nspaces;
	struct bk_manifest_wal *wal;
	struct bk_buf version, label, map;	/* of these files the content */
	struct bk_datadir_summary sum;
	/* while unpacking */
	struct bk_tar *tar;
	struct bk_file_writer *writer;
	struct bk_file_sum file_sum;
	struct bk_buf shown;	/* the file's name for messages */
};

/* Where the file path of the stream is in the tree. */
const char *bk_datadir_place(const char *path);

/* Is the directory fit for delta?  Renames PG_VERSION; 0 or -1. */
int bk_datadir_delta_check(struct bk_datadir *d, struct bk_err *e);
int bk_datadir_delta_begin(struct bk_datadir *d, struct bk_err *e);

/* Remove what the stream does not have. */
int bk_datadir_delta_end(struct bk_datadir *d, struct bk_err *e);

/* The directory pg_tblspc/OID, which was at from: make it where it goes. */
int bk_datadir_add_space(struct bk_datadir *d, const char *path,
    const char *from, struct bk_err *e);

/* Make the link pg_tblspc/OID to where that one goes. */
int bk_datadir_link_space(struct bk_datadir *d, const char *path,
    struct bk_err *e);

/* Compare tablespace_map with the tablespaces, write it, make the links. */
int bk_datadir_link_spaces(struct bk_datadir *d, struct bk_err *e);

/* Call each() for each line of the text of a tablespace_map. */
int bk_datadir_each_space(struct bk_datadir *d, const struct bk_buf *map,
    int (*each)(struct bk_datadir *d, const char *path, const char *from,
    struct bk_err *e), struct bk_err *e);

/* A file could not be made: if the stream is to blame, *e is to say so. */
void bk_datadir_blame(struct bk_datadir *d, struct bk_err *e);

/* Compare what is there with backup_manifest. */
int bk_datadir_compare(struct bk_datadir *d, struct bk_err *e);

/* Set the major version by the text of PG_VERSION. */
int bk_datadir_version(struct bk_datadir *d, struct bk_err *e);

#endif
