#ifndef BK_S3_REGION_H
#define BK_S3_REGION_H
/* AWS's regions and partitions, and its endpoints there. */
#include "base/buf.h"
#include "base/err.h"

/* 1 if s can be a region: it goes into host names and headers. */
int bk_s3_is_region(const char *s);

/*
 * Append AWS's own endpoint of service ("s3", "sts") in region, in its
 * partition's domain (China, the European sovereign cloud, isolated ones); with
 * validated cryptography (fips), or with IPv6 (dual_stack).  0, or -1 with *e
 * set (memory).
 */
int bk_s3_aws_endpoint(struct bk_buf *out, const char *service,
    const char *region, int fips, int dual_stack, struct bk_err *e);

#endif
