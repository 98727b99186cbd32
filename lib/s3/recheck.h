#ifndef BK_S3_RECHECK_H
#define BK_S3_RECHECK_H
/* Are objects still what a listing said of them, before they are deleted? */
#include <stddef.h>

#include "listing/record.h"
#include "s3/list.h"

struct bk_s3_recheck {
	const char *key;
	const char *id;			/* of a version or marker, or NULL */
	const struct bk_record *r;	/* what was listed */
	int *gone;			/* set: 1 if there is none */
};

/*
 * List s3's bucket for this kind below the common beginning of the n keys of v,
 * and compare; sorts v.  is() is 1 if now, whose time is when it was stored, is
 * what r describes.  Needs only the right to list.  0; -1 with *e set, BK_DATA:
 * one of them has been replaced.
 */
int bk_s3_recheck(struct bk_s3 *s3, enum bk_s3_kind kind,
    struct bk_s3_recheck v[], size_t n, int (*is)(const struct bk_record *r,
    const struct bk_record *now), struct bk_err *e);

#endif
