#ifndef BK_S3_ADDRESS_H
#define BK_S3_ADDRESS_H
/*
 * Where requests to a bucket go.  AWS's own endpoint is addressed by virtual
 * host (https://BUCKET.s3.REGION.amazonaws.com/KEY) unless the bucket name
 * cannot be a single label under its wildcard certificate; any other endpoint
 * by path (ENDPOINT/BUCKET/KEY), which every server supports.  Settings
 * override this.
 */
#include "base/buf.h"
#include "base/err.h"
#include "s3/cred.h"
#include "s3/sigv4.h"

struct bk_s3_address {
	char *origin;		/* "https://host:port": all but the path */
	char *host;		/* for the Host header, port included */
	char *path;		/* before "/KEY", encoded: "" or "/bucket" */
};

/*
 * The address of bucket in region.  BK_USAGE if the endpoint is not an http or
 * https URL.  Release with bk_s3_address_free().
 */
int bk_s3_address_make(struct bk_s3_address *a,
    const struct bk_s3_settings *set, const char *region, const char *bucket,
    struct bk_err *e);

void bk_s3_address_free(struct bk_s3_address *a);

/* Append path + "/" + key, encoded once: the request's path. */
int bk_s3_address_path(const struct bk_s3_address *a, const char *key,
    struct bk_buf *out, struct bk_err *e);

/* Append the parameters (terminated by a NULL name), sorted and encoded. */
int bk_s3_address_query(const struct bk_s3_pair *query, struct bk_buf *out,
    struct bk_err *e);

#endif
