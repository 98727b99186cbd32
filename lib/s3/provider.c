#include "s3/provider.h"

#include <string.h>
#include <strings.h>

#define S3_PARTS 10000		/* S3's own limit, and most others' */

/*
 * Each row with its source.  no_checksums costs nothing in safety: the
 * signature covers each body's SHA-256, and Content-MD5 is sent instead.
 */
const struct bk_s3_provider bk_s3_providers[] = {
	/* docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
	{ "aws", { "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu" },
	    { .max_parts = S3_PARTS } },
	/*
	 * developers.cloudflare.com/r2/objects/multipart-objects: "All parts
	 * except the last one must be the same size"; github.com/aws/
	 * aws-sdk-js-v3/issues/6810: x-amz-checksum-* of a part: 501
	 */
	{ "r2", { "r2.cloudflarestorage.com" },
	    { .max_parts = S3_PARTS, .uniform_parts = 1, .no_checksums = 1 } },
	/*
	 * www.backblaze.com/docs/cloud-storage-s3-compatible-api, Unsupported
	 * Features; github.com/iterate-ch/cyberduck/issues/16107 and
	 * github.com/directus/directus/issues/24966: 400 InvalidArgument
	 */
	{ "b2", { "backblazeb2.com" },
	    { .max_parts = S3_PARTS, .no_checksums = 1 } },
	/*
	 * cloud.google.com/storage/docs/multipart-uploads: no preconditions,
	 * no MD5 of the whole; /storage/quotas: 10,000 parts; /storage/docs/
	 * xml-api/reference-headers: a condition on absence is
	 * x-goog-if-generation-match, and there is no x-amz-checksum-*
	 */
	{ "gcs", { "storage.googleapis.com" },
	    { .max_parts = S3_PARTS, .no_checksums = 1, .no_condition = 1 } },
	/* www.scaleway.com/en/docs/object-storage/api-cli/multipart-uploads */
	{ "scaleway", { "scw.cloud" }, { .max_parts = 1000 } },
	/* github.com/minio/minio/issues/20346: takes If-None-Match */
	{ "minio", { NULL }, { .max_parts = S3_PARTS } },
	/*
	 * docs.ceph.com/en/latest/radosgw/s3; github.com/ceph/ceph/pull/64830:
	 * before release 20 a Complete's condition is ignored, so that the
	 * look before it is what counts
	 */
	{ "ceph", { NULL }, { .max_parts = S3_PARTS } },
	/* docs.wasabi.com/docs/how-does-wasabi-handle-multipart-uploads */
	{ "wasabi", { "wasabisys.com" }, { .max_parts = S3_PARTS } },
	/* docs.digitalocean.com/products/spaces/reference/s3-compatibility */
	{ "spaces", { "digitaloceanspaces.com" },
	    { .max_parts = S3_PARTS } },
	/* docs.hetzner.com/storage/object-storage/supported-actions: Ceph */
	{ "hetzner", { "your-objectstorage.com" }, { .max_parts = S3_PARTS } },
	/*
	 * github.com/ovh/docs, pages/storage_and_backup/object_storage/
	 * s3_location: AWS's classes are mapped to three of its own
	 */
	{ "ovh", { "cloud.ovh.net", "cloud.ovh.us" },
	    { .max_parts = S3_PARTS, .maps_classes = 1 } },
	{ NULL, { NULL }, { .max_parts = S3_PARTS } },
};

const struct bk_s3_provider *
bk_s3_provider_named(const char *name)
{
	const struct bk_s3_provider *p;

	for (p = bk_s3_providers; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

/* Is host, of n bytes, domain or a name in it? */
static int
is_in(const char *host, size_t n, const char *domain)
{
	size_t d = strlen(domain);

	return n >= d && strncasecmp(host + n - d, domain, d) == 0 &&
	    (n == d || host[n - d - 1] == '.');
}

const struct bk_s3_provider *
bk_s3_provider_at(const char *host)
{
	const struct bk_s3_provider *p;
	size_t n = strcspn(host, ":"), i;

	for (p = bk_s3_providers; p->name != NULL; p++)
		for (i = 0; p->hosts[i] != NULL; i++)
			if (is_in(host, n, p->hosts[i]))
				return p;
	return p;
}

/*
 * Did the server reject an unknown header?  Most answer 501, some 400 with one
 * of these codes; any other 400 has another cause, which omitting a header does
 * not cure.
 */
static int
is_unsupported(const struct bk_s3_reply *r)
{
	static const char *const codes[] = { "NotImplemented",
	    "InvalidArgument", "InvalidRequest" };
	size_t i;

	for (i = 0; r->status == 400 && i < sizeof(codes) / sizeof(codes[0]);
	    i++)
		if (strcmp(r->code, codes[i]) == 0)
			return 1;
	return r->status == 501;
}

/* Does the server's message contain word, in any case? */
static int
names(const struct bk_s3_reply *r, const char *word)
{
	const char *p;

	for (p = r->message; *p != '\0'; p++)
		if (strncasecmp(p, word, strlen(word)) == 0)
			return 1;
	return 0;
}

int
bk_s3_manners_learn(struct bk_s3_manners *m, unsigned has,
    const struct bk_s3_reply *r)
{
	if (!is_unsupported(r))
		return 0;
	if (names(r, "content-md5") && (has & BK_S3_HAS_MD5) == 0)
		return m->wants_md5 = 1;
	if (names(r, "checksum") && (has & BK_S3_HAS_CHECKSUM) != 0)
		return m->no_checksums = 1;
	/* it does not say which: without the one, then without the other */
	if ((has & BK_S3_HAS_CONDITION) != 0)
		return m->no_condition = 1;
	if ((has & BK_S3_HAS_CHECKSUM) != 0)
		return m->no_checksums = 1;
	return 0;
}
