#ifndef BK_ARCHIVE_TAR_WRITE_H
#define BK_ARCHIVE_TAR_WRITE_H
/*
 * Write a tar stream with marks (bk-formats(5)): POSIX ustar, with pax headers
 * where ustar has no room.  Order of calls: open, for each file
 * bk_tar_write_entry() and as many bk_tar_write_data() as its size takes, end.
 * Memory: the longest pax header.
 */
#include <stdint.h>
#include <time.h>

#include "archive/tar.h"
#include "stream/writer.h"

struct bk_tar_entry_out {
	const char *path;	/* a directory's may do without its last '/' */
	char type;		/* '0' file, '2' symlink, '5' directory */
	const char *link;	/* a symlink's target, else NULL */
	uint64_t size;		/* bytes of a file's data */
	unsigned mode;		/* permission bits */
	time_t mtime;
};

struct bk_tar_writer;

/*
 * Begin a stream on out (borrowed) with a new seal and this label.  NULL with
 * *e set.
 */
struct bk_tar_writer *bk_tar_write_open(struct bk_writer *out,
    const struct bk_label *label, struct bk_err *e);

/*
 * Begin an entry; the one before must have all its data.  0, or -1 with *e set,
 * as of all these.
 */
int bk_tar_write_entry(struct bk_tar_writer *w,
    const struct bk_tar_entry_out *entry, struct bk_err *e);

/* Write n bytes of the entry's data, and after its last byte the padding. */
int bk_tar_write_data(struct bk_tar_writer *w, const void *buf, size_t n,
    struct bk_err *e);

/*
 * Write what the trailer has to say and the closing mark.  The stream is
 * complete with bk_writer_finish(out), which the caller calls.
 */
int bk_tar_write_end(struct bk_tar_writer *w,
    const struct bk_tar_trailer *trailer, struct bk_err *e);

void bk_tar_write_free(struct bk_tar_writer *w);	/* NULL is fine */

#endif
