#ifndef BK_S3_REQUEST_H
#define BK_S3_REQUEST_H
/* A request to a bucket, before it is addressed and signed (client.h). */
#include <stddef.h>
#include <stdint.h>

#include "s3/sigv4.h"

struct bk_s3_request {
	const char *method;
	const char *key;	/* as it is, not encoded; NULL: the bucket */
	/*
	 * Query parameters, not encoded, and headers, names in lower case;
	 * each ended by a pair without a name; NULL: none.
	 */
	const struct bk_s3_pair *query, *headers;
	/* The body, with its SHA-256 if that is known already, else NULL. */
	const void *body;
	size_t body_len;
	const uint8_t *body_sha256;
	/*
	 * If into is not NULL: get into_len bytes of the object from offset
	 * on, there must be so many, and put them there; a try that was cut
	 * is continued where it broke.
	 */
	uint8_t *into;
	size_t into_len;
	uint64_t offset;
	unsigned patience;	/* seconds without a byte; 0: 30 */
};

#endif
