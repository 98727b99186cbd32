#include "s3/integrity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "base/num.h"
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
	const char *doubt;	/* why a difference proves nothing, or NULL */
	int ours;		/* bk-s3put has made it */
	char got[2 * EVP_MAX_MD_SIZE + 16];	/* as want; "": not yet */
};

static const char no_sum[] = "the server reports no checksum of it";
static const char no_layout[] = "the sizes of its parts are not known";
static const char guessed[] = "its parts are not all of one size";
static const char odd_etag[] = "its ETag is not made of its parts' MD5s: this "
    "server may make ETags in another way";

/* The N of "...-N"; 0 if there is none. */
static unsigned
parts_of(const char *value)
{
	const char *dash = strrchr(value, '-');
	struct bk_err ignored = {0};
	uint64_t n;

	if (dash == NULL || bk_num_parse(dash + 1, 1, BK_S3_PARTS_MAX, "", &n,
	    &ignored) == -1)
		return 0;
	return (unsigned)n;
}

static int
is_split(const struct bk_s3_parts *plan, uint64_t size, unsigned parts)
{
	uint64_t sum = 0;
	unsigned n;

	for (n = 0; sum < size && n < parts; )
		sum += bk_s3_part_size(plan, ++n);
	return n == parts && sum >= size;
}

/* The layout in the metadata, if it gives that number of parts. */
static int
own_layout(const struct bk_s3_reply *head, uint64_t size, unsigned parts,
    struct bk_s3_parts *plan)
{
	const char *text = bk_s3_reply_header(head, BK_S3_META_PARTS);

	return text != NULL && bk_s3_parts_parse(text, plan) == 0 &&
	    is_split(plan, size, parts);
}

/* Prepare to recompute value. */
static void
expect(struct bk_s3_integrity *v, const EVP_MD *type, const char *value,
    const struct bk_s3_reply *head, uint64_t size, uint64_t first_part)
{
	unsigned parts = parts_of(value);

	v->in_parts = parts > 0;
	if (v->in_parts && !own_layout(head, size, parts, &v->plan)) {
		v->plan = (struct bk_s3_parts){ .size = first_part,
		    .step = BK_S3_PARTS_MAX, .max = BK_S3_PARTS_MAX };
		v->doubt = guessed;
		if (first_part == 0 || !is_split(&v->plan, size, parts)) {
			v->doubt = no_layout;
			return;
		}
	}
	v->type = type;
	(void)snprintf(v->want, sizeof(v->want), "%s", value);
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

/*
 * Servers whose ETags of parts are documented to be made of MD5s.  Ceph's
 * gateway and Swift are known by the form of their request IDs.
 */
static int
makes_md5_etags(const struct bk_s3_reply *head)
{
	const char *server = bk_s3_reply_header(head, "server");
	const char *id = bk_s3_reply_header(head, "x-amz-request-id");

	return (server != NULL && (strcmp(server, "AmazonS3") == 0 ||
	    strncmp(server, "MinIO", 5) == 0)) ||
	    (id != NULL && strncmp(id, "tx", 2) == 0 &&
	    strspn(id + 2, "0123456789abcdef") >= 21);
}

/* 1 if the object has, or had, parts: some say that in no ETag. */
static int
is_of_parts(const struct bk_s3_reply *head, const char *etag)
{
	return parts_of(etag) > 0 ||
	    bk_s3_reply_header(head, BK_S3_META_PARTS) != NULL;
}

/* The value to judge by: *type is NULL if there is none. */
static void
choose(const struct bk_s3_reply *head, const EVP_MD **type,
    char value[BK_S3_ETAG])
{
	const char *sum = bk_s3_reply_header(head, "x-amz-checksum-sha256");
	const char *ssec = bk_s3_reply_header(head,
	    "x-amz-server-side-encryption-customer-algorithm");

	*type = NULL;
	if (sum != NULL && strlen(sum) < BK_S3_ETAG) {
		*type = EVP_sha256();
		(void)snprintf(value, BK_S3_ETAG, "%s", sum);
		return;
	}
	bk_s3_reply_etag(head, value);
	if (is_md5(value) && !bk_s3_object_is_kms(head) && ssec == NULL)
		*type = EVP_md5();
}

int
bk_s3_integrity_needs_part(const struct bk_s3_reply *head, uint64_t size)
{
	struct bk_s3_parts plan;
	const EVP_MD *type;
	char value[BK_S3_ETAG];
	unsigned parts;

	choose(head, &type, value);
	parts = type == NULL ? 0 : parts_of(value);
	return parts > 0 && !own_layout(head, size, parts, &plan);
}

struct bk_s3_integrity *
bk_s3_integrity_new(const struct bk_s3_reply *head, uint64_t size,
    uint64_t first_part, struct bk_err *e)
{
	struct bk_s3_integrity *v = calloc(1, sizeof(*v));
	const EVP_MD *type;
	char value[BK_S3_ETAG];

	if (v == NULL || (v->part = EVP_MD_CTX_new()) == NULL ||
	    (v->whole = EVP_MD_CTX_new()) == NULL)
		goto memory;
	choose(head, &type, value);
	if (type == NULL)
		v->doubt = no_sum;
	else
		expect(v, type, value, head, size, first_part);
	v->ours = bk_s3_reply_header(head, BK_S3_META_UPLOAD) != NULL;
	if (type == EVP_md5() && is_of_parts(head, value) &&
	    v->doubt == NULL && !makes_md5_etags(head))
		v->doubt = odd_etag;
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

/* The value as computed, in the form of v->want, into v->got. */
static int
compute(struct bk_s3_integrity *v, struct bk_err *e)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char *text = v->got;
	unsigned n;
	size_t len;

	if (*text != '\0')
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
		(void)snprintf(text + len, 16, "-%u", v->number);
	return 0;
}

int
bk_s3_integrity_asks(struct bk_s3_integrity *v, struct bk_err *e)
{
	if (!v->ours || v->type != EVP_md5())
		return 0;
	return compute(v, e) == -1 ? -1 : strcmp(v->got, v->want) != 0;
}

void
bk_s3_integrity_told(struct bk_s3_integrity *v, const char *etag)
{
	v->doubt = (parts_of(etag) > 0) == v->in_parts ? NULL : odd_etag;
	(void)snprintf(v->want, sizeof(v->want), "%s", etag);
}

enum bk_s3_verdict
bk_s3_integrity_foresee(const struct bk_s3_reply *head, const char *made)
{
	const EVP_MD *type;
	char value[BK_S3_ETAG];

	choose(head, &type, value);
	if (type != EVP_md5() || strcmp(value, made) == 0)
		return BK_S3_AGREES;
	return is_of_parts(head, value) && !makes_md5_etags(head) ?
	    BK_S3_DOUBTS : BK_S3_MISLEADS;
}

int
bk_s3_integrity_finish(struct bk_s3_integrity *v, const char *name,
    const char **doubt, struct bk_err *e)
{
	*doubt = v->doubt;
	if (v->type == NULL)
		return 1;
	if (compute(v, e) == -1)
		return -1;
	if (strcmp(v->got, v->want) == 0)
		return 0;
	if (v->doubt != NULL)
		return 1;
	return bk_fail(e, BK_DATA, "%s: damaged in transit or in storage: its "
	    "%s is %s instead of %s; try again", name,
	    v->type == EVP_md5() ? "MD5" : "SHA-256", v->got, v->want);
}
