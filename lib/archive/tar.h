#ifndef BK_ARCHIVE_TAR_H
#define BK_ARCHIVE_TAR_H
/*
 * Read a tar stream: POSIX ustar and pax (IEEE Std 1003.1, pax), GNU's long
 * names and base-256 sizes.  Input is not trusted; a stream without the end
 * marker, two blocks of zeros, or with anything but zeros after it is refused.
 *
 * A stream that begins with an opening mark in a global header must have its
 * closing mark in the comment of its last header, and end where that says
 * (bk-formats(5)).  With this parser, stream/reader need not check the marks.
 *
 * Memory: 16 KiB and the longest header, at most 1 MiB.
 */
#include <time.h>

#include "archive/archive.h"

struct bk_tar_entry {
	const char *path;	/* valid until the next call */
	char type;		/* '0' file, '2' symlink, '5' directory ... */
	const char *link;	/* target of a link, else ""; as path */
	uint64_t size;		/* bytes of the data that follows */
	unsigned mode;		/* permission bits */
	time_t mtime;
};

/* What is known only at the end of a base backup. */
struct bk_tar_trailer {
	uint64_t end;		/* LSN up to which WAL is needed; 0: unknown */
	const char *badpages;	/* pages with wrong checksums, or NULL */
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

/*
 * The seal of a stream with marks, known from the first entry on; NULL if it
 * has none.
 */
const struct bk_seal *bk_tar_seal(const struct bk_tar *t);

/* The trailer, once bk_tar_next() has returned 0; empty without marks. */
const struct bk_tar_trailer *bk_tar_trailer(const struct bk_tar *t);

void bk_tar_free(struct bk_tar *t);	/* NULL is fine */

#endif
