#ifndef BK_S3_PROVIDER_H
#define BK_S3_PROVIDER_H
/*
 * What is known of the providers of S3 storage: where each departs from Amazon
 * S3.  The row is chosen by the endpoint's host, or by name (--provider); a
 * server that no row describes is taken to be like AWS until it refuses
 * something, which client.h remembers for the run.
 */

#include "s3/reply.h"

struct bk_s3_manners {
	unsigned max_parts;	/* of a multipart upload */
	int uniform_parts;	/* all but the last must have one size */
	int no_checksums;	/* refuses x-amz-checksum-* */
	int wants_md5;		/* demands Content-MD5 */
	int no_condition;	/* refuses If-None-Match: *, or ignores it */
	int maps_classes;	/* stores other classes than asked for */
};

struct bk_s3_provider {
	const char *name;	/* for --provider; NULL ends the table */
	const char *hosts[5];	/* the endpoint's host ends in one of them */
	struct bk_s3_manners manners;
};

/* The table; its last row, with a NULL name, is any other server's. */
extern const struct bk_s3_provider bk_s3_providers[];

/* The provider called name; NULL if there is none. */
const struct bk_s3_provider *bk_s3_provider_named(const char *name);

/* What a request has that a server may refuse. */
enum { BK_S3_HAS_CONDITION = 1, BK_S3_HAS_CHECKSUM = 2, BK_S3_HAS_MD5 = 4 };

/*
 * A request that has these was refused with r.  1: for one of them, or for the
 * lack of Content-MD5; *m says so now, send it again accordingly.  0: for
 * another reason.
 */
int bk_s3_manners_learn(struct bk_s3_manners *m, unsigned has,
    const struct bk_s3_reply *r);

/*
 * The provider whose endpoint host ("s3.eu-west-1.amazonaws.com", a port may
 * follow) is; never NULL.
 */
const struct bk_s3_provider *bk_s3_provider_at(const char *host);

#endif
