#ifndef BK_BASEBACKUP_BASE_COPY_H
#define BK_BASEBACKUP_BASE_COPY_H
/*
 * Copy the archives of a base backup into one tar: a tablespace's below
 * pg_tblspc/OID/, a directory in the place of the symbolic link, which the
 * server leaves out with TABLESPACE_MAP.  The server is not trusted: a path
 * that leaves the data directory, a file of another kind, a size that does not
 * come are BK_DATA.
 */
#include "archive/tar_write.h"
#include "base/buf.h"
#include "base/progress.h"
#include "basebackup/base_stream.h"
#include "datadir/file_table.h"

#define BK_BASE_MANIFEST_MAX (1024u * 1024 * 1024)

struct bk_base_copy {
	struct bk_base_stream *in;
	struct bk_tar_writer *out;
	struct bk_file_table *files;
	struct bk_buf *manifest;
	const char *sysid;	/* the cluster's */
	time_t at;		/* of directories that the server leaves out */
	struct bk_progress *progress;
};

/*
 * Copy all archives of in to out, and add every file with its CRC-32C to files;
 * the manifest is only appended to *manifest, at most BK_BASE_MANIFEST_MAX
 * bytes.  It does not list WAL: of a segment the first page's header must be
 * that of its name, in this cluster.  0, or -1 with *e set.
 */
int bk_base_copy_run(const struct bk_base_copy *o, struct bk_err *e);

/* 1 if path is relative and has no empty, "." or ".." component. */
int bk_base_path_is_safe(const char *path);

#endif
