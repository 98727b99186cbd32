#include "s3/confirm.h"

#include <stdio.h>
#include <string.h>

#include "base/utctime.h"
#include "s3/integrity.h"
#include "s3/object.h"

int
bk_s3_confirm_ours(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	const char *got;
	int rc;

	if (bk_s3_head(s3, key, NULL, &r, &none) == 0) {
		got = bk_s3_reply_header(&r, BK_S3_META_UPLOAD);
		rc = got != NULL && strcmp(got, id) == 0;
	} else if (none.code == BK_NONE)
		rc = 0;
	else {
		*e = none;
		rc = -1;
	}
	bk_s3_reply_free(&r);
	return rc;
}

static int
differs(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const char *label, const char *asked, const char *got, struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "%s/%s: uploaded, but its %s is %s instead "
	    "of %s: the server ignored it; the object is there",
	    bk_s3_place(s3), want->o->key, label, got != NULL ? got :
	    "(not shown)", asked);
}

static int
check_class(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	const char *got = bk_s3_reply_header(r, "x-amz-storage-class");

	if (want->o->storage_class == NULL ||
	    bk_s3_manners(s3)->maps_classes)
		return 0;
	if (got == NULL)
		got = "STANDARD";
	if (strcmp(got, want->o->storage_class) == 0)
		return 0;
	return differs(s3, want, "storage class", want->o->storage_class, got,
	    e);
}

/* A key may be reported as the ARN that ends in it, an alias as its key. */
static int
is_key(const char *asked, const char *got)
{
	size_t a = strlen(asked), g = got != NULL ? strlen(got) : 0;

	if (got == NULL)
		return 0;
	if (strstr(asked, "alias/") != NULL)
		return 1;
	return g >= a && strcmp(got + g - a, asked) == 0;
}

static int
check_encryption(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	const char *got = bk_s3_reply_header(r,
	    "x-amz-server-side-encryption");
	const char *key = bk_s3_reply_header(r,
	    "x-amz-server-side-encryption-aws-kms-key-id");

	if (want->o->sse == NULL)
		return 0;
	if (got == NULL || strcmp(got, want->o->sse) != 0)
		return differs(s3, want, "encryption", want->o->sse, got, e);
	if (want->o->kms_key != NULL && !is_key(want->o->kms_key, key))
		return differs(s3, want, "KMS key", want->o->kms_key, key, e);
	return 0;
}

static int
check_lock(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	const char *mode = bk_s3_reply_header(r, "x-amz-object-lock-mode");
	const char *until = bk_s3_reply_header(r,
	    "x-amz-object-lock-retain-until-date");
	char asked[BK_UTCTIME_TEXT];
	time_t t;

	if (want->o->lock_mode == NULL)
		return 0;
	if (mode == NULL || strcmp(mode, want->o->lock_mode) != 0)
		return differs(s3, want, "object lock", want->o->lock_mode,
		    mode, e);
	bk_utctime_format(want->lock_until, asked);
	if (until == NULL || bk_utctime_parse(until, strlen(until), &t) == -1 ||
	    t < want->lock_until)
		return differs(s3, want, "lock's end", asked, until, e);
	return 0;
}

/* Reported only with permission to read tags. */
static int
check_tags(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	const char *got = bk_s3_reply_header(r, "x-amz-tagging-count");
	const char *p = want->o->tagging;
	unsigned n = 1;
	char asked[16];

	if (p == NULL || got == NULL)
		return 0;
	for (; *p != '\0'; p++)
		n += *p == '&';
	(void)snprintf(asked, sizeof(asked), "%u", n);
	if (strcmp(got, asked) == 0)
		return 0;
	return differs(s3, want, "number of tags", asked, got, e);
}

static int
check_content(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	const char *id = bk_s3_reply_header(r, BK_S3_META_UPLOAD);
	uint64_t size;

	if (id == NULL || strcmp(id, want->id) != 0)
		return bk_fail(e, BK_FAIL, "%s/%s: uploaded, but replaced "
		    "meanwhile: %s", bk_s3_place(s3), want->o->key,
		    id != NULL ? "another writer stored it at the same time" :
		    "it does not have this upload's metadata");
	if (bk_s3_object_size(r, want->o->key, &size, e) == -1)
		return -1;
	if (size != want->size)
		return bk_fail(e, BK_FAIL, "%s/%s: uploaded, but the "
		    "object there has %ju bytes instead of %ju",
		    bk_s3_place(s3), want->o->key, (uintmax_t)size,
		    (uintmax_t)want->size);
	return 0;
}

/* An ETag that is not S3's, though it looks like one. */
static int
check_etag(struct bk_s3 *s3, const struct bk_s3_expected *want,
    const struct bk_s3_reply *r, struct bk_err *e)
{
	enum bk_s3_verdict v = *want->etag == '\0' ? BK_S3_AGREES :
	    bk_s3_integrity_foresee(r, want->etag);
	struct bk_err why = {0};

	if (v == BK_S3_AGREES || bk_s3_tag_etag(s3, want->o->key, want->etag,
	    &why) == 0 || v == BK_S3_DOUBTS)
		return 0;
	return bk_fail(e, BK_FAIL, "%s/%s: uploaded, but its ETag is not %s, "
	    "though it looks like one made of MD5s; a download would call it "
	    "damaged, and a tag that explains it is refused (%s); the object "
	    "is there",
	    bk_s3_place(s3), want->o->key, want->etag, why.msg);
}

int
bk_s3_confirm(struct bk_s3 *s3, const struct bk_s3_expected *want,
    struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	int rc = -1;

	if (bk_s3_head(s3, want->o->key, NULL, &r, &none) == -1) {
		/* BK_NONE would mean that nothing was uploaded */
		if (none.code == BK_NONE)
			bk_fail(e, BK_FAIL, "%s/%s: uploaded, but no longer "
			    "there: somebody else has deleted it, or "
			    "the server has lost it", bk_s3_place(s3),
			    want->o->key);
		else if (bk_s3_object_is_hidden(&r))
			bk_fail(e, BK_FAIL, "%s/%s: uploaded, but the key "
			    "may not read it to check: AccessDenied (403); "
			    "allow it s3:GetObject",
			    bk_s3_place(s3), want->o->key);
		else
			bk_fail(e, none.code, "%s; the object is stored, but "
			    "was not checked", none.msg);
		goto done;
	}
	if (check_content(s3, want, &r, e) == 0 &&
	    check_class(s3, want, &r, e) == 0 &&
	    check_encryption(s3, want, &r, e) == 0 &&
	    check_tags(s3, want, &r, e) == 0 &&
	    check_lock(s3, want, &r, e) == 0)
		rc = check_etag(s3, want, &r, e);
 done:
	bk_s3_reply_free(&r);
	return rc;
}
