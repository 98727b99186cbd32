#include "s3/multipart.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hex.h"
#include "base/utctime.h"
#include "s3/xml.h"
#include "stream/heads.h"

#define MAX_META 16		/* of the caller's; the tool allows no more */
#define MAX_HEADERS (MAX_META + 16)
#define ABORT_DEADLINE 5	/* seconds for an abort */
#define PATIENCE 300 /* seconds for a Complete, which may take long */

static void
base64(const uint8_t *p, int n, char *out)
{
	(void)EVP_EncodeBlock((unsigned char *)out, p, n);
}

int
bk_s3_multipart_open(struct bk_s3_multipart *d, struct bk_s3 *s3,
    const struct bk_s3_upload_options *o, const struct bk_s3_parts *plan,
    struct bk_err *e)
{
	uint8_t raw[(BK_S3_UPLOAD_ID - 1) / 2];
	struct bk_seal seal;

	*d = (struct bk_s3_multipart){ .s3 = s3, .o = o };
	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return bk_fail(e, BK_FAIL, "no random numbers");
	bk_hex(raw, sizeof(raw), d->id);
	if (o->wal != NULL) {
		if (bk_seal_new(&seal, o->wal, e) == -1)
			return -1;
		(void)bk_seal_open(&seal, d->label);
	}
	bk_s3_parts_format(plan, d->parts);
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
	return bk_fail(e, BK_FAIL, "%s/%s: already exists; choose another "
	    "name, or use --overwrite",
	    bk_s3_place(d->s3), d->o->key);
}

/*
 * Find the label of the existing object in its metadata, or, if a copy lost
 * these, within its first 4 KiB.
 */
static int
find_label(const struct bk_s3_multipart *d, const struct bk_s3_reply *head,
    struct bk_seal *stored, struct bk_err *e)
{
	const char *meta = bk_s3_reply_header(head, BK_S3_META_LABEL);
	uint8_t first[BK_SEAL_HEAD];
	struct bk_s3_request rq = {
		.method = "GET", .key = d->o->key, .into = first,
	};
	struct bk_s3_reply r = {0};
	uint64_t size;
	ptrdiff_t len;
	int rc;

	if (meta != NULL && bk_seal_read(stored, meta, strlen(meta)) > 0)
		return 0;
	*stored = (struct bk_seal){0};
	if (bk_s3_object_size(head, d->o->key, &size, e) == -1)
		return -1;
	rq.into_len = size < sizeof(first) ? (size_t)size : sizeof(first);
	if (size == 0)
		return 0;
	rc = bk_s3_do(d->s3, &rq, &r, e);
	bk_s3_reply_free(&r);
	if (rc == 0)
		(void)bk_heads_mark(stored, first, rq.into_len, &len);
	return rc;
}

/* The object exists: as bk_s3_key_is_free(). */
static int
is_held(struct bk_s3_multipart *d, const struct bk_s3_reply *head,
    struct bk_err *e)
{
	struct bk_seal stored;

	if (d->o->wal == NULL)
		return occupied(d, e);
	if (find_label(d, head, &stored, e) == -1)
		return -1;
	switch (bk_label_held(&stored.label, d->o->wal)) {
	case BK_HELD_SAME:
		return 1;
	case BK_HELD_EARLIER:
		d->replaces = 1;
		return 0;
	default:
		bk_label_note(d->o->held, &stored.label, d->o->wal);
		return bk_fail(e, BK_FAIL, "%s/%s: already exists, "
		    BK_HELD_WHY, bk_s3_place(d->s3), d->o->key);
	}
}

int
bk_s3_key_is_free(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	int rc;

	if (d->o->overwrite)
		return 0;
	d->replaces = 0;
	rc = bk_s3_head(d->s3, d->o->key, NULL, &r, &none);
	if (rc == 0)
		rc = is_held(d, &r, e);
	else if (none.code == BK_NONE)
		rc = 0;
	else if (bk_s3_object_is_hidden(&r))
		rc = bk_fail(e, BK_FAIL, "%s/%s: AccessDenied (403): "
		    "cannot check whether the object already exists; allow the "
		    "key s3:ListBucket and s3:GetObject",
		    bk_s3_place(d->s3), d->o->key);
	else
		*e = none;
	bk_s3_reply_free(&r);
	return rc;
}

int
bk_s3_multipart_lock(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	time_t now;

	if (d->o->lock_mode == NULL)
		return 0;
	/* any answer will do: what is there is replaced */
	if (d->o->overwrite && bk_s3_head(d->s3, d->o->key, NULL, &r,
	    &none) == -1 && r.status == 0)
		*e = none;
	bk_s3_reply_free(&r);
	if (e->code != BK_OK)
		return -1;
	if (!bk_s3_time(d->s3, &now))
		return bk_fail(e, BK_FAIL, "%s/%s: the server's answers have "
		    "no date, so the end of the lock is not known; let the "
		    "bucket's default lock it, without --lock",
		    bk_s3_place(d->s3), d->o->key);
	d->lock_until = now + (time_t)d->o->lock_seconds;
	bk_utctime_format(d->lock_until, d->lock_text);
	return 0;
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
	add(h, &n, BK_S3_META_LABEL, *d->label != '\0' ? d->label : NULL);
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

/* The ETag of one PUT. */
static void
make_etag(struct bk_s3_multipart *d, struct bk_s3_part *p)
{
	if (bk_s3_part_md5(p))
		bk_hex(p->md5, sizeof(p->md5), d->etag);
}

/* The ETag of n parts, of theirs; none where these are no MD5s. */
static void
make_etag_of(struct bk_s3_multipart *d, const struct bk_s3_sent *parts,
    size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md5[EVP_MAX_MD_SIZE];
	const char *text;
	size_t i;
	int good = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_md5(), NULL);

	for (i = 0; good && i < n; i++) {
		text = parts[i].etag + (*parts[i].etag == '"');
		good = !parts[i].odd &&
		    strspn(text, "0123456789abcdef") == 32 &&
		    bk_hex_bytes(text, 16, md5) == 0 &&
		    EVP_DigestUpdate(ctx, md5, 16);
	}
	if (good && EVP_DigestFinal_ex(ctx, md5, NULL)) {
		bk_hex(md5, 16, d->etag);
		(void)snprintf(d->etag + 32, sizeof(d->etag) - 32, "-%zu", n);
	}
	EVP_MD_CTX_free(ctx);
}

unsigned
bk_s3_multipart_sums(struct bk_s3_multipart *d, struct bk_s3_part *p,
    struct bk_s3_sums *text, struct bk_s3_pair *h, size_t *n)
{
	const struct bk_s3_manners *m = bk_s3_manners(d->s3);
	unsigned has = 0;

	if (!m->no_checksums) {
		base64(p->sha256, sizeof(p->sha256), text->sha256);
		add(h, n, "x-amz-checksum-sha256", text->sha256);
		has = BK_S3_HAS_CHECKSUM;
	}
	if ((m->no_checksums || m->wants_md5) && bk_s3_part_md5(p)) {
		base64(p->md5, sizeof(p->md5), text->md5);
		add(h, n, "content-md5", text->md5);
		has |= BK_S3_HAS_MD5;
	}
	return has;
}

static int
read_upload_id(struct bk_s3_multipart *d, const struct bk_s3_reply *r,
    struct bk_err *e)
{
	struct bk_err why = {0};

	if (bk_s3_reply_xml(r, "InitiateMultipartUploadResult/UploadId",
	    &d->upload_id, &why) == 1 && d->upload_id.len > 0)
		return 0;
	return bk_fail(e, BK_FAIL, "%s/%s: no UploadId in the answer%s%s",
	    bk_s3_place(d->s3), d->o->key, *why.msg != '\0' ? ": " : "",
	    why.msg);
}

int
bk_s3_multipart_create(struct bk_s3_multipart *d, struct bk_err *e)
{
	struct bk_s3_manners *m = bk_s3_manners(d->s3);
	struct bk_s3_pair h[MAX_HEADERS], query[] = {{"uploads", ""}, {0}};
	struct bk_s3_request rq = {
		.method = "POST", .key = d->o->key, .query = query,
		.headers = h, .once = 1,
		.root = "InitiateMultipartUploadResult",
	};
	struct bk_s3_reply r = {0};
	struct bk_err reason;
	size_t n;
	unsigned has;
	int rc, unsure = 0;

	bk_s3_stop_after(d->s3, BK_S3_STOP_AFTER);
	do {
		n = describe(d, 1, h);
		has = m->no_checksums ? 0 : BK_S3_HAS_CHECKSUM;
		add(h, &n, "x-amz-checksum-algorithm", has ? "SHA256" : NULL);
		h[n] = (struct bk_s3_pair){0};
		reason = (struct bk_err){0};
		rc = bk_s3_do(d->s3, &rq, &r, &reason);
		unsure |= rc == -1 && r.unsure;
	} while (rc == -1 && bk_s3_manners_learn(m, has, &r));
	bk_s3_stop_after(d->s3, 0);
	if (rc == 0)
		unsure = (rc = read_upload_id(d, &r, &reason)) == -1;
	bk_s3_reply_free(&r);
	if (rc == 0)
		return 0;
	if (unsure)
		bk_fail_add(&reason, "; the server may have begun a multipart "
		    "upload: find it with bk-s3ls --uploads, abort it with "
		    "bk-s3rm");
	*e = reason;
	return -1;
}

/*
 * The request that makes the object visible failed, r being the last answer: is
 * the object there all the same?  0 if so; 1 if another writer's same WAL is.
 */
static int
settle(struct bk_s3_multipart *d, const struct bk_err *reason,
    const struct bk_s3_reply *r, int unsure, struct bk_err *e)
{
	struct bk_err unknown = {0};
	int ours = bk_s3_confirm_ours(d->s3, d->o->key, d->id, &unknown);
	int absent = ours == 0 && (!unsure || (d->upload_id.len == 0 &&
	    r->status != 0));

	if (ours == 1) {
		d->upload_id.len = 0;
		return 0;
	}
	if (r->status == 412 && d->o->wal != NULL) {
		if (bk_s3_key_is_free(d, e) == 1) {
			if (unsure)	/* may still be at it, see below */
				d->upload_id.len = 0;
			return 1;
		}
		bk_fail(e, BK_FAIL, "%s/%s: stored by another writer and "
		    "gone again; try again", bk_s3_place(d->s3), d->o->key);
	} else if (r->status == 412)
		occupied(d, e);
	else
		*e = *reason;
	if (absent)
		return -1;
	bk_fail_add(e, "; the object may or may not exist: check with bk-s3ls");
	if (d->upload_id.len > 0)
		bk_fail_add(e, "; if it does not, find its parts with bk-s3ls "
		    "--uploads and abort them with bk-s3rm");
	d->upload_id.len = 0;
	return -1;
}

/*
 * Send the request that makes the object visible, with p as its body if that is
 * not NULL.  h has room for three more headers after its n.
 */
static int
commit(struct bk_s3_multipart *d, struct bk_s3_request *rq,
    struct bk_s3_pair *h, size_t n, struct bk_s3_part *p, struct bk_err *e)
{
	struct bk_s3_manners *m = bk_s3_manners(d->s3);
	struct bk_s3_sums sums;
	struct bk_s3_reply r = {0};
	struct bk_err reason;
	size_t k;
	unsigned has;
	int rc, unsure = 0;

	rq->headers = h;
	bk_s3_stop_after(d->s3, BK_S3_STOP_AFTER);
	do {
		k = n;
		has = p != NULL ? bk_s3_multipart_sums(d, p, &sums, h, &k) : 0;
		if (!d->o->overwrite && !d->replaces && !m->no_condition) {
			add(h, &k, "if-none-match", "*");
			has |= BK_S3_HAS_CONDITION;
		}
		h[k] = (struct bk_s3_pair){0};
		reason = (struct bk_err){0};
		rc = bk_s3_do(d->s3, rq, &r, &reason);
		unsure |= rc == -1 && r.unsure;
	} while (rc == -1 && bk_s3_manners_learn(m, has, &r));
	if (rc == 0)
		d->upload_id.len = 0;
	else
		rc = settle(d, &reason, &r, unsure, e);
	bk_s3_stop_after(d->s3, 0);
	bk_s3_reply_free(&r);
	return rc;
}

int
bk_s3_multipart_put(struct bk_s3_multipart *d, struct bk_s3_part *p,
    struct bk_err *e)
{
	struct bk_s3_pair h[MAX_HEADERS];
	struct bk_s3_request rq = {
		.method = "PUT", .key = d->o->key, .body = p->data,
		.body_len = p->len, .body_sha256 = p->sha256,
		.patience = bk_s3_part_patience(p->len),
	};
	size_t n = describe(d, 0, h);
	int rc = bk_s3_key_is_free(d, e);

	make_etag(d, p);
	return rc != 0 ? rc : commit(d, &rq, h, n, p, e);
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
		base64(parts[i].sha256, sizeof(parts[i].sha256), sum);
		if (bk_buf_printf(xml, e, "<Part><PartNumber>%zu"
		    "</PartNumber><ETag>", i + 1) == -1 ||
		    bk_s3_xml_escape(xml, parts[i].etag, e) == -1 ||
		    bk_buf_puts(xml, "</ETag>", e) == -1 ||
		    (echoed && bk_buf_printf(xml, e, "<ChecksumSHA256>%s"
		    "</ChecksumSHA256>", sum) == -1) ||
		    bk_buf_puts(xml, "</Part>", e) == -1)
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
		.patience = PATIENCE, .once = 1,
		.root = "CompleteMultipartUploadResult",
	};
	struct bk_buf xml = {0};
	int rc = bk_s3_key_is_free(d, e);

	make_etag_of(d, parts, n);
	if (rc == 0 && (rc = list_parts(parts, n, &xml, e)) == 0) {
		rq.body = xml.data;
		rq.body_len = xml.len;
		rc = commit(d, &rq, h, 1, NULL, e);
	}
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
		    "still stored: find them with bk-s3ls --uploads, abort "
		    "them with bk-s3rm");
	bk_s3_reply_free(&r);
}
