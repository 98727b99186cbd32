#ifndef BK_S3_RECHECK_H
#define BK_S3_RECHECK_H
/* Are objects still what a listing said of them, before they are deleted? */
#include <stddef.h>

#include "base/record.h"
#include "s3/client.h"

struct bk_s3_recheck {
	const char *key;
	const struct bk_record *r;	/* what was listed */
	int *gone;			/* set: 1 if there is no such object */
	/* 1 if an object stored then, with so many bytes, is what r says */
	int (*is)(const struct bk_record *r, time_t stored, uint64_t bytes);
};

/*
 * List s3's bucket as far as the n keys of v begin alike, and compare; sorts v.
 * Needs the right to list only.  0; -1 with *e set, BK_DATA: an object is
 * another now.
 */
int bk_s3_recheck(struct bk_s3 *s3, struct bk_s3_recheck v[], size_t n,
    struct bk_err *e);

#endif
