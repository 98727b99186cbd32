#ifndef BK_ARCHIVE_ARCHIVE_IN_H
#define BK_ARCHIVE_ARCHIVE_IN_H
/*
 * Shared by archive.c (primitives and blocks) and toc.c (header and TOC).
 */
#include "archive/archive.h"

struct bk_archive {
	struct bk_source src;
	const char *name;
	uint64_t offset;	/* consumed so far */
	struct bk_buf *keep;	/* gets a copy of consumed bytes; or NULL */
	uint64_t toc_len;	/* bytes of the TOC, including its count */
	int ended;		/* src is at its end */
	int block;		/* type of the current block; 0: none */
	int in_data;		/* within chunks */
	uint32_t left;		/* of the current chunk */
	size_t pos, len;	/* of buf */
	uint8_t buf[64 * 1024];
};

/* Read exactly n bytes, one byte, an int; 0, or -1 with *e set. */
int bk_archive_bytes(struct bk_archive *a, void *out, size_t n,
    struct bk_err *e);
int bk_archive_byte(struct bk_archive *a, int *out, struct bk_err *e);
int bk_archive_int(struct bk_archive *a, int32_t *out, struct bk_err *e);

/* Returns -1 with BK_DATA: the cause and the offset. */
int bk_archive_damaged(struct bk_archive *a, const char *cause,
    struct bk_err *e);

#endif
