#include "s3/integrity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "s3/object.h"
#include "s3/parts.h"
#include "s3/sigv4.h"

struct bk_s3_integrity {
	const EVP_MD *type;		/* NULL: nothing to judge by */
	EVP_MD_CTX *part, *whole;	/* whole: of the parts' digests */
	int in_parts;
	struct bk_s3_parts plan;
	unsigned number;		/* of the part */
	uint64_t left;			/* bytes of it */
	char want[BK_S3_ETAG];		/* base64 for SHA-256, hex for MD5 */
};

/* Can a value with (or without) "-N" be recomputed? */
static int
is_known(struct bk_s3_integrity *v, const struct bk_s3_reply *head,
    const char *value)
{
	const char *parts = bk_s3_reply_header(head, BK_S3_META_PARTS);

	if (strlen(value) >= sizeof(v->want))
		return 0;
	v->in_parts = strchr(value, '-') != NULL;
	if (v->in_parts && (parts == NULL ||
	    bk_s3_parts_parse(parts, &v->plan) == -1))
		return 0;
	(void)snprintf(v->want, sizeof(v->want), "%s", value);
	return 1;
}

/* "9e107d9d372bb6826bd81d3542a419d6" or that and "-12". */
static int
is_md5(const char *etag)
{
	char md5[33];

	(void)snprintf(md5, sizeof(md5), "%.32s", etag);
	return bk_s3_etag_is_md5(md5) && (etag[32] == '\0' ||
	    (etag[32] == '-' && etag[33] != '\0' &&
	    strspn(etag + 33, "0123456789") == strlen(etag + 33)));
}

static void
choose(struct bk_s3_integrity *v, const struct bk_s3_reply *head)
{
	const char *sum = bk_s3_reply_header(head, "x-amz-checksum-sha256");
	const char *ssec = bk_s3_reply_header(head,
	    "x-amz-server-side-encryption-customer-algorithm");
	char etag[BK_S3_ETAG];

	bk_s3_object_etag(head, etag);
	if (sum != NULL && is_known(v, head, sum))
		v->type = EVP_sha256();
	else if (is_md5(etag) && !bk_s3_object_is_kms(head) && ssec == NULL &&
	    is_known(v, head, etag))
		v->type = EVP_md5();
}

struct bk_s3_integrity *
bk_s3_integrity_new(const struct bk_s3_reply *head, struct bk_err *e)
{
	struct bk_s3_integrity *v = calloc(1, sizeof(*v));

	if (v == NULL || (v->part = EVP_MD_CTX_new()) == NULL ||
	    (v->whole = EVP_MD_CTX_new()) == NULL)
		goto memory;
	choose(v, head);
	if (v->type != NULL && (!EVP_DigestInit_ex(v->part, v->type, NULL) ||
	    !EVP_DigestInit_ex(v->whole, v->type, NULL)))
		goto memory;
	return v;
 memory:
	bk_s3_integrity_free(v);
	bk_fail_memory(e);
	return NULL;
}

void
bk_s3_integrity_free(struct bk_s3_integrity *v)
{
	if (v == NULL)
		return;
	EVP_MD_CTX_free(v->part);
	EVP_MD_CTX_free(v->whole);
	free(v);
}

/* The name of the value judged by. */
static const char *
judged_by(const struct bk_s3_integrity *v)
{
	if (v->type == NULL)
		return "size";
	return v->type == EVP_md5() ? "MD5" : "SHA-256";
}

/* End of a part: add its digest to the whole's. */
static int
end_part(struct bk_s3_integrity *v, struct bk_err *e)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n;

	if (!EVP_DigestFinal_ex(v->part, digest, &n) ||
	    !EVP_DigestUpdate(v->whole, digest, n) ||
	    !EVP_DigestInit_ex(v->part, v->type, NULL))
		return bk_fail_memory(e);
	return 0;
}

int
bk_s3_integrity_add(struct bk_s3_integrity *v, const void *p, size_t n,
    struct bk_err *e)
{
	size_t take;

	if (v->type == NULL)
		return 0;
	while (n > 0) {
		if (v->in_parts && v->left == 0) {
			if (v->number > 0 && end_part(v, e) == -1)
				return -1;
			v->left = bk_s3_part_size(&v->plan, ++v->number);
		}
		take = v->in_parts && n > v->left ? (size_t)v->left : n;
		if (!EVP_DigestUpdate(v->part, p, take))
			return bk_fail_memory(e);
		p = (const uint8_t *)p + take;
		n -= take;
		v->left -= v->in_parts ? take : 0;
	}
	return 0;
}

int
bk_s3_integrity_finish(struct bk_s3_integrity *v, const char *name,
    struct bk_err *e)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 16];
	unsigned n;
	size_t len;

	if (v->type == NULL)
		return 0;
	if (v->in_parts && end_part(v, e) == -1)
		return -1;
	if (!EVP_DigestFinal_ex(v->in_parts ? v->whole : v->part, digest, &n))
		return bk_fail_memory(e);
	if (v->type == EVP_md5())
		bk_hex(digest, n, text);
	else
		(void)EVP_EncodeBlock((unsigned char *)text, digest, (int)n);
	len = strlen(text);
	if (v->in_parts)
		(void)snprintf(text + len, sizeof(text) - len, "-%u",
		    v->number);
	if (strcmp(text, v->want) != 0)
		return bk_fail(e, BK_DATA, "%s: damaged in transit or in "
		    "storage: its %s is %s instead of %s; try again", name,
		    judged_by(v), text, v->want);
	return 0;
}
