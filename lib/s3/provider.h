#ifndef BK_S3_PROVIDER_H
#define BK_S3_PROVIDER_H
/*
 * What is known of the providers of S3 storage: where each departs from Amazon
 * S3.  The row is chosen by the endpoint's host, or by name (--provider); a
 * server that no row describes is taken to be like AWS until it refuses
 * something, which client.h remembers for the run.
 */

struct bk_s3_manners {
	unsigned max_parts;	/* of a multipart upload */
	int uniform_parts;	/* all but the last must have one size */
	int no_checksums;	/* refuses or ignores x-amz-checksum-* */
	int no_condition;	/* If-None-Match: * likewise, in a PUT */
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

/*
 * The provider whose endpoint host ("s3.eu-west-1.amazonaws.com", a port may
 * follow) is; never NULL.
 */
const struct bk_s3_provider *bk_s3_provider_at(const char *host);

#endif
