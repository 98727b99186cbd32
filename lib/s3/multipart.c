#include "s3/multipart.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hex.h"
#include "base/utctime.h"
#include "s3/xml.h"

#define MAX_META 16		/* of the caller's; the tool allows no more */
#define MAX_HEADERS (MAX_META + 14)
#define ABORT_DEADLINE 5	/* seconds for an abort */
#define PATIENCE 300 /* seconds for a Complete, which may take long */

void
bk_s3_base64(const uint8_t sha256[BK_S3_SHA256], char out[BK_S3_BASE64])
{
	(void)EVP_EncodeBlock((unsigned char *)out, sha256, BK_S3_SHA256);
}

int
bk_s3_multipart_open(struct bk_s3_multipart *d, struct bk_s3 *s3,
    const struct bk_s3_upload_options *o, const struct bk_s3_parts *plan,
    struct bk_err *e)
{
	uint8_t raw[(BK_S3_UPLOAD_ID - 1) / 2];

	*d = (struct bk_s3_multipart){ .s3 = s3, .o = o };
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return bk_fail(e, BK_FAIL, "no random numbers");
	bk_hex(raw, sizeof(raw), d->id);
	bk_s3_parts_format(plan, d->parts);
	d->no_condition = o->overwrite;
	d->lock_until = time(NULL) + (time_t)o->lock_seconds;
	bk_utctime_format(d->lock_until, d->lock_text);
	return 0;
}

void
bk_s3_multipart_close(struct bk_s3_multipart *d)
{
	bk_buf_free(&d->upload_id);
}

static int
occupied(const struct bk_s3_multipart *d, struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "s3://%s/%s: already exists; choose another "
	    "name, or use --overwrite",
	    bk_s3_bucket(d->s3), d->o->key);
}

int
bk_s3_key_is_free(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	int rc;

	if (d->o->overwrite)
		return 0;
	rc = bk_s3_head(d->s3, d->o->key, NULL, &r, &none);
	if (rc == 0)
		rc = occupied(d, e);
	else if (none.code == BK_NONE)
		rc = 0;
	else if (bk_s3_object_is_hidden(&r))
		rc = bk_fail(e, BK_FAIL, "s3://%s/%s: AccessDenied (403): "
		    "cannot check whether the object already exists; allow the "
		    "key s3:ListBucket and s3:GetObject",
		    bk_s3_bucket(d->s3), d->o->key);
	else
		*e = none;
	bk_s3_reply_free(&r);
	return rc;
}

static void
add(struct bk_s3_pair *h, size_t *n, const char *name, const char *value)
{
	if (value != NULL)
		h[(*n)++] = (struct bk_s3_pair){ name, value };
}

/* The headers that describe the object, terminated. */
static size_t
describe(const struct bk_s3_multipart *d, int multipart,
    struct bk_s3_pair h[MAX_HEADERS])
{
	const struct bk_s3_upload_options *o = d->o;
	const struct bk_s3_pair *meta;
	size_t n = 0, i = 0;

	add(h, &n, "content-type", o->content_type != NULL ?
	    o->content_type : "application/octet-stream");
	add(h, &n, BK_S3_META_UPLOAD, d->id);
	add(h, &n, BK_S3_META_PARTS, multipart ? d->parts : NULL);
	add(h, &n, "x-amz-storage-class", o->storage_class);
	add(h, &n, "x-amz-server-side-encryption", o->sse);
	add(h, &n, "x-amz-server-side-encryption-aws-kms-key-id", o->kms_key);
	add(h, &n, "x-amz-tagging", o->tagging);
	if (o->lock_mode != NULL) {
		add(h, &n, "x-amz-object-lock-mode", o->lock_mode);
		add(h, &n, "x-amz-object-lock-retain-until-date",
		    d->lock_text);
	}
	for (meta = o->meta; meta != NULL && meta->name != NULL &&
	    i < MAX_META; meta++, i++)
		add(h, &n, meta->name, meta->value);
	h[n] = (struct bk_s3_pair){0};
	return n;
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

int
bk_s3_multipart_create(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_pair h[MAX_HEADERS], query[] = {{"uploads", ""}, {0}};
	struct bk_s3_request rq = {
		.method = "POST", .key = d->o->key, .query = query,
		.headers = h,
	};
	struct bk_s3_reply r = {0};
	struct bk_err first = {0};
	size_t n = describe(d, 1, h);
	int rc;

	add(h, &n, "x-amz-checksum-algorithm", "SHA256");
	h[n] = (struct bk_s3_pair){0};
	rc = bk_s3_do(d->s3, &rq, &r, &first);
	if (rc == -1 && is_unsupported(&r)) {
		d->no_checksums = 1;
		h[n - 1] = (struct bk_s3_pair){0};
		rc = bk_s3_do(d->s3, &rq, &r, e);
	} else if (rc == -1)
		*e = first;
	if (rc == 0)
		rc = bk_s3_reply_xml(&r,
		    "InitiateMultipartUploadResult/UploadId", &d->upload_id, e);
	if (rc != -1 && d->upload_id.len == 0)
		rc = bk_fail(e, BK_FAIL, "s3://%s/%s: no UploadId in the "
		    "answer", bk_s3_bucket(d->s3), d->o->key);
	bk_s3_reply_free(&r);
	return rc == -1 ? -1 : 0;
}

/* After a failed or unknown outcome: was our object stored anyway? */
static int
is_there(struct bk_s3_multipart *d, const struct bk_err *reason,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	struct bk_err unknown = {0};
	int ours = bk_s3_confirm_ours(d->s3, d->o->key, d->id, &unknown);

	if (ours == 1)
		return 0;
	if (r->status == 412)
		return occupied(d, e);
	*e = *reason;
	if (ours == -1)
		bk_fail_add(e, "; the object may or may not exist: check with "
		    "bk-s3ls");
	return -1;
}

/*
 * Send the request that makes the object visible.  h has room for two more
 * headers after its n.
 */
static int
commit(struct bk_s3_multipart *d, struct bk_s3_request *rq,
    struct bk_s3_pair *h, size_t n, const char *checksum, struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err reason;
	size_t m;
	int rc;

	rq->headers = h;
	for (;;) {
		m = n;
		add(h, &m, "if-none-match", d->no_condition ? NULL : "*");
		add(h, &m, "x-amz-checksum-sha256", d->no_checksums ? NULL :
		    checksum);
		h[m] = (struct bk_s3_pair){0};
		reason = (struct bk_err){0};
		rc = bk_s3_do(d->s3, rq, &r, &reason);
		if (rc == 0 || !is_unsupported(&r))
			break;
		/* without the one, then without the other */
		if (!d->no_condition)
			d->no_condition = 1;
		else if (!d->no_checksums && checksum != NULL)
			d->no_checksums = 1;
		else
			break;
	}
	if (rc == 0)
		bk_s3_object_etag(&r, d->etag);
	else
		rc = is_there(d, &reason, &r, e);
	bk_s3_reply_free(&r);
	return rc;
}

int
bk_s3_multipart_put(struct bk_s3_multipart *d, const struct bk_s3_part *p,
    struct bk_err *e)
{
	struct bk_s3_pair h[MAX_HEADERS];
	struct bk_s3_request rq = {
		.method = "PUT", .key = d->o->key, .body = p->data,
		.body_len = p->len, .body_sha256 = p->sha256,
	};
	char sum[BK_S3_BASE64];
	size_t n = describe(d, 0, h);

	bk_s3_base64(p->sha256, sum);
	if (bk_s3_key_is_free(d, e) == -1)
		return -1;
	return commit(d, &rq, h, n, sum, e);
}

/* The MD5 of the parts' MD5s, if their ETags look like MD5s. */
static void
compute_etag(struct bk_s3_multipart *d, const struct bk_s3_sent *parts,
    size_t n)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t raw[16];
	char hex[33];
	size_t i;
	int good = md != NULL && EVP_DigestInit_ex(md, EVP_md5(), NULL);

	for (i = 0; good && i < n; i++) {
		good = strlen(parts[i].etag) == 34;
		(void)snprintf(hex, sizeof(hex), "%.32s", parts[i].etag + good);
		good = good && bk_s3_etag_is_md5(hex) &&
		    bk_hex_bytes(hex, sizeof(raw), raw) == 0 &&
		    EVP_DigestUpdate(md, raw, sizeof(raw));
	}
	if (good && EVP_DigestFinal_ex(md, raw, NULL)) {
		bk_hex(raw, sizeof(raw), hex);
		(void)snprintf(d->md5_etag, sizeof(d->md5_etag), "%s-%zu", hex,
		    n);
	}
	EVP_MD_CTX_free(md);
}

static int
list_parts(const struct bk_s3_sent *parts, size_t n, struct bk_buf *xml,
    struct bk_err *e)
{
	char sum[BK_S3_BASE64];
	size_t i;
	int echoed = 1;

	for (i = 0; i < n; i++)
		echoed &= parts[i].echoed;
	if (bk_buf_puts(xml, "<CompleteMultipartUpload xmlns=\""
	    "http://s3.amazonaws.com/doc/2006-03-01/\">", e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if (bk_buf_printf(xml, e, "<Part><PartNumber>%zu"
		    "</PartNumber><ETag>", i + 1) == -1 ||
		    bk_s3_xml_escape(xml, parts[i].etag, e) == -1 ||
		    bk_buf_puts(xml, "</ETag>", e) == -1)
			return -1;
		bk_s3_base64(parts[i].sha256, sum);
		if (echoed && bk_buf_printf(xml, e, "<ChecksumSHA256>%s"
		    "</ChecksumSHA256>", sum) == -1)
			return -1;
		if (bk_buf_puts(xml, "</Part>", e) == -1)
			return -1;
	}
	return bk_buf_puts(xml, "</CompleteMultipartUpload>", e);
}

int
bk_s3_multipart_complete(struct bk_s3_multipart *d,
    const struct bk_s3_sent *parts, size_t n, struct bk_err *e)
{
	struct bk_s3_pair h[4] = { { "content-type", "application/xml" } };
	struct bk_s3_pair query[] = {
		{ "uploadId", d->upload_id.data }, { 0 },
	};
	struct bk_s3_request rq = {
		.method = "POST", .key = d->o->key, .query = query,
		.patience = PATIENCE,
	};
	struct bk_buf xml = {0};
	int rc = -1;

	if (bk_s3_key_is_free(d, e) == -1 ||
	    list_parts(parts, n, &xml, e) == -1)
		goto done;
	compute_etag(d, parts, n);
	rq.body = xml.data;
	rq.body_len = xml.len;
	rc = commit(d, &rq, h, 1, NULL, e);
	if (rc == 0)
		d->upload_id.len = 0;
 done:
	bk_buf_free(&xml);
	return rc;
}

void
bk_s3_multipart_abort(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_pair query[] = {
		{ "uploadId", d->upload_id.data }, { 0 },
	};
	struct bk_s3_request rq = {
		.method = "DELETE", .key = d->o->key, .query = query,
	};
	struct bk_s3_reply r = {0};
	struct bk_err ignored = {0};

	if (d->upload_id.len == 0)
		return;
	bk_s3_cleanup_deadline(d->s3, ABORT_DEADLINE);
	if (bk_s3_do(d->s3, &rq, &r, &ignored) == -1 && r.status != 404)
		bk_fail_add(e, "; no object was created, but its parts are "
		    "still stored: abort the unfinished multipart upload");
	bk_s3_reply_free(&r);
}
