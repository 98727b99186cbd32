#include "s3/s3_ready.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/num.h"
#include "s3/list.h"
#include "s3/object.h"

#define SUFFIX ".bk-check"	/* to a name that nothing has then */
#define CLOCK_WARNING 60	/* seconds apart */
#define CLOCK_PROBLEM 300

__attribute__((format(printf, 3, 4))) static void
report(const struct bk_s3_ready *r, enum bk_ready how, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->report(how, text);
}

/* By the Date of an answer; S3 refuses what is 15 minutes off. */
static void
check_clock(const struct bk_s3_ready *r, const struct bk_s3_reply *reply)
{
	const char *date = bk_s3_reply_header(reply, "date");
	time_t t = date == NULL ? -1 : curl_getdate(date, NULL);
	long apart = labs((long)(time(NULL) - t));

	if (t == -1)
		return;
	report(r, apart > CLOCK_PROBLEM ? BK_READY_PROBLEM : apart >
	    CLOCK_WARNING ? BK_READY_WARNING : BK_READY_OK, "clock: %s's "
	    "is %ld s from this host's%s", bk_s3_place(r->s3), apart, apart >
	    CLOCK_WARNING ? "; set this host's: timedatectl" : "");
}

static int
is_denied(const struct bk_s3_reply *reply)
{
	return reply->status == 403 && strcmp(reply->code,
	    "AccessDenied") == 0;
}

/* 1: it may be listed; 0: it is there; -1: there is no use in going on. */
static int
check_bucket(const struct bk_s3_ready *r, const char *prefix)
{
	struct bk_s3_pair query[] = { { "list-type", "2" },
	    { "max-keys", "1" }, { "prefix", prefix }, { 0 } };
	struct bk_s3_request rq = { .method = "GET", .query = query,
	    .root = "ListBucketResult" };
	struct bk_s3_reply reply = {0};
	struct bk_err e = {0};
	int rc = bk_s3_do(r->s3, &rq, &reply, &e) == 0 ? 1 :
	    is_denied(&reply) ? 0 : -1;

	if (rc == 1)
		report(r, BK_READY_OK, "%s is there, and may be listed",
		    bk_s3_place(r->s3));
	else if (rc == 0)
		report(r, BK_READY_UNKNOWN, "%s: these keys may not list it, "
		    "which is right where they are for storing alone; what is "
		    "there is not looked at", bk_s3_place(r->s3));
	else
		report(r, BK_READY_PROBLEM, "%s", e.msg);
	if (reply.status != 0)
		check_clock(r, &reply);
	bk_s3_reply_free(&reply);
	return rc;
}

/* It was stored, with a checksum that it does not have. */
static void
take_away(const struct bk_s3_ready *r, const char *key)
{
	struct bk_s3_request rq = { .method = "DELETE", .key = key };
	struct bk_s3_reply reply = {0};
	struct bk_err e = {0};

	report(r, BK_READY_PROBLEM, "%s: the server stores what arrives "
	    "damaged: it took an object with a wrong Content-MD5%s",
	    bk_s3_place(r->s3), bk_s3_do(r->s3, &rq, &reply, &e) == 0 ? "" :
	    ", and it could not be deleted again");
	bk_s3_reply_free(&reply);
}

static void
check_write(const struct bk_s3_ready *r, const char *key)
{
	struct bk_s3_pair headers[] = {
	    { "content-md5", "AAAAAAAAAAAAAAAAAAAAAA==" }, { 0 } };
	struct bk_s3_request rq = { .method = "PUT", .key = key,
	    .headers = headers, .body = "x", .body_len = 1 };
	struct bk_s3_reply reply = {0};
	struct bk_err e = {0};

	if (bk_s3_do(r->s3, &rq, &reply, &e) == 0)
		take_away(r, key);
	else if (reply.status == 400)	/* BadDigest, InvalidDigest, ... */
		report(r, BK_READY_OK, "%s/%.*s: may be written",
		    bk_s3_place(r->s3), (int)(strlen(key) - strlen(SUFFIX)),
		    key);
	else if (reply.status == 403)
		report(r, BK_READY_PROBLEM, "%s/%.*s: may not be written: "
		    "%s", bk_s3_place(r->s3), (int)(strlen(key) -
		    strlen(SUFFIX)), key, e.msg);
	else
		report(r, BK_READY_UNKNOWN, "whether it may be written is "
		    "not known: %s", e.msg);
	bk_s3_reply_free(&reply);
}

/* --- what is newest */

static void
compare(const struct bk_s3_ready *r, const char *key, const char *label,
    const char *asked, const char *got)
{
	if (asked != NULL && (got == NULL || strncmp(got, asked,
	    strlen(asked)) != 0))
		report(r, BK_READY_WARNING, "newest: %s/%s: its %s is %s "
		    "instead of %s; if the server has ignored that, each run "
		    "ends with 1", bk_s3_place(r->s3), key, label, got == NULL ?
		    "(not shown)" : got, asked);
}

static void
check_newest(const struct bk_s3_ready *r, const char *prefix,
    const struct bk_s3_upload_options *o)
{
	struct bk_s3_reply head = {0};
	struct bk_err e = {0};
	struct bk_buf key = {0};
	char size[BK_NUM_TEXT];
	const char *class;
	uint64_t bytes;

	if (bk_s3_list_latest(r->s3, prefix, &(struct bk_s3_latest){ .match =
	    NULL }, &key, &e) == 0 && bk_s3_head(r->s3, key.data, NULL, &head,
	    &e) == 0 && bk_s3_object_size(&head, key.data, &bytes, &e) == 0) {
		class = bk_s3_reply_header(&head, "x-amz-storage-class");
		if (class == NULL)
			class = "STANDARD";
		bk_size_format(bytes, size);
		report(r, BK_READY_OK, "newest: %s/%s, %s, %s",
		    bk_s3_place(r->s3), key.data, size, class);
		if (!bk_s3_manners(r->s3)->maps_classes)
			compare(r, key.data, "storage class",
			    o->storage_class, class);
		compare(r, key.data, "encryption", o->sse, bk_s3_reply_header(
		    &head, "x-amz-server-side-encryption"));
		compare(r, key.data, "object lock", o->lock_mode,
		    bk_s3_reply_header(&head, "x-amz-object-lock-mode"));
	} else
		report(r, BK_READY_UNKNOWN, "newest: %s", e.msg);
	bk_s3_reply_free(&head);
	bk_buf_free(&key);
}

void
bk_s3_ready_put(const struct bk_s3_ready *r, const char *prefix,
    const struct bk_s3_upload_options *o)
{
	struct bk_buf key = {0};
	struct bk_err e = {0};
	int listed = check_bucket(r, prefix);

	if (listed == -1)
		return;
	if (bk_buf_printf(&key, &e, "%s" SUFFIX, o->key) == -1) {
		report(r, BK_READY_UNKNOWN, "%s", e.msg);
		return;
	}
	check_write(r, key.data);
	bk_buf_free(&key);
	if (listed)
		check_newest(r, prefix, o);
}

/* --- deleting */

/* 1: the bucket keeps no versions, and says so. */
static int
is_unversioned(const struct bk_s3_ready *r)
{
	struct bk_s3_pair query[] = { { "versioning", "" }, { 0 } };
	struct bk_s3_request rq = { .method = "GET", .query = query,
	    .root = "VersioningConfiguration" };
	struct bk_s3_reply reply = {0};
	struct bk_buf status = {0};
	struct bk_err e = {0};
	int rc = bk_s3_do(r->s3, &rq, &reply, &e) == 0 &&
	    bk_s3_reply_xml(&reply, "VersioningConfiguration/Status", &status,
	    &e) == 0;

	bk_s3_reply_free(&reply);
	bk_buf_free(&status);
	return rc;
}

void
bk_s3_ready_delete(const struct bk_s3_ready *r, const char *key)
{
	struct bk_s3_pair query[] = { { "versionId", "null" }, { 0 } };
	struct bk_s3_request rq = { .method = "DELETE", .key = key };
	struct bk_s3_reply reply = {0};
	struct bk_err e = {0};
	int versions = !is_unversioned(r);

	if (versions)
		rq.query = query;
	if (bk_s3_do(r->s3, &rq, &reply, &e) == 0 || reply.status == 404)
		report(r, BK_READY_OK, "%s: objects may be deleted",
		    bk_s3_place(r->s3));
	else if (versions && is_denied(&reply))
		report(r, BK_READY_UNKNOWN, "%s: these keys may not delete "
		    "versions; whether they may put delete markers over them "
		    "is not known", bk_s3_place(r->s3));
	else
		report(r, is_denied(&reply) ? BK_READY_PROBLEM :
		    BK_READY_UNKNOWN, "%s: deleting: %s",
		    bk_s3_place(r->s3), e.msg);
	bk_s3_reply_free(&reply);
}
