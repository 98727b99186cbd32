#ifndef BK_S3_REQUEST_H
#define BK_S3_REQUEST_H
/* A request to a bucket, before it is addressed and signed (client.h). */
#include <stddef.h>
#include <stdint.h>

#include "s3/sigv4.h"

struct bk_s3_request {
	const char *method;
	const char *key;	/* unencoded; NULL: the bucket */
	/*
	 * Query parameters, unencoded, and headers, names in lower case; each
	 * terminated by a pair with a NULL name; NULL: none.
	 */
	const struct bk_s3_pair *query, *headers;
	/* The body; its SHA-256 if known already, else NULL. */
	const void *body;
	size_t body_len;
	const uint8_t *body_sha256;
	/*
	 * If into is not NULL: read into_len bytes of the object at offset,
	 * which must exist, into it; a truncated attempt is resumed where it
	 * stopped.
	 */
	uint8_t *into;
	size_t into_len;
	uint64_t offset;
	const char *root;	/* of the XML that answers it; or NULL */
	unsigned patience;	/* seconds without a byte; 0: 30 */
	/*
	 * On a connection of its own: on one used before, libcurl may repeat a
	 * request by itself, and nobody learns that there was a first.
	 */
	int once;
};

#endif
