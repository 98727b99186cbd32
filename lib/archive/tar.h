#ifndef BK_ARCHIVE_TAR_H
#define BK_ARCHIVE_TAR_H
/*
 * Read a tar stream: POSIX ustar and pax (IEEE Std 1003.1, pax), GNU's long
 * names and base-256 sizes.  Input is not trusted; a stream without the end
 * marker, two blocks of zeros, or with anything but zeros after it is refused.
 * Memory: 16 KiB and the longest name, at most 1 MiB.
 */
#include <time.h>

#include "archive/archive.h"

struct bk_tar_entry {
	const char *path;	/* valid until the next call */
	char type;		/* '0' file, '2' symlink, '5' directory ... */
	uint64_t size;		/* bytes of the data that follows */
	time_t mtime;
};

struct bk_tar;

/* 1 if a stream that begins with these n bytes is a tar stream. */
int bk_tar_recognise(const void *head, size_t n);

/* name (borrowed) is used in messages.  NULL with *e set: memory. */
struct bk_tar *bk_tar_open(struct bk_source src, const char *name,
    struct bk_err *e);

/*
 * Advance to the next entry, skipping the rest of the current one.  1; 0 at
 * the end, after reading src to its end; -1 with *e set.
 */
int bk_tar_next(struct bk_tar *t, struct bk_tar_entry *entry,
    struct bk_err *e);

/* Read at most n bytes of the entry's data; 0 at its end, -1 with *e set. */
ssize_t bk_tar_data(struct bk_tar *t, void *buf, size_t n, struct bk_err *e);

void bk_tar_free(struct bk_tar *t);	/* NULL is fine */

#endif
