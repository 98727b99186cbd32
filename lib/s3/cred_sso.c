/*
 * IAM Identity Center: the token that `aws sso login` keeps in
 * ~/.aws/sso/cache/SHA1.json (of the session's name), exchanged for a role's
 * keys (https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/
 * API_GetRoleCredentials.html).
 */
#include <jansson.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "s3/cred_http.h"
#include "s3/cred_source.h"
#include "s3/url.h"

#define FILE_MAX 65536
#define SHA1_LEN 20

static int
log_in(const struct bk_cred_sso *o, const char *reason, struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "profile %s: %s; run `aws sso login "
	    "--profile %s`", o->profile, reason, o->profile);
}

static int
find_file(const struct bk_cred_sso *o, struct bk_buf *path, struct bk_err *e)
{
	unsigned char sha1[EVP_MAX_MD_SIZE];
	char hex[2 * SHA1_LEN + 1];

	if (EVP_Digest(o->session, strlen(o->session), sha1, NULL, EVP_sha1(),
	    NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto has no SHA-1");
	bk_hex(sha1, SHA1_LEN, hex);
	return bk_buf_printf(path, e, "%s/.aws/sso/cache/%s.json",
	    o->home != NULL ? o->home : "", hex);
}

/* Append the file's token if it is still good. */
static int
take_token(const struct bk_cred_sso *o, json_t *file, struct bk_buf *header,
    struct bk_err *e)
{
	const char *token = json_string_value(json_object_get(file,
	    "accessToken"));
	const char *until = json_string_value(json_object_get(file,
	    "expiresAt"));
	time_t expires;

	if (token == NULL || strpbrk(token, "\r\n") != NULL || until == NULL ||
	    bk_utctime_parse(until, strlen(until), &expires) == -1)
		return log_in(o, "its SSO session's file is not one", e);
	if (expires <= time(NULL))
		return log_in(o, "its SSO session has expired", e);
	return bk_buf_printf(header, e, "x-amz-sso_bearer_token: %s", token);
}

static int
read_token(const struct bk_cred_sso *o, struct bk_buf *header,
    struct bk_err *e)
{
	struct bk_buf path = {0}, text = {0};
	struct bk_err gone = {0};
	json_t *file = NULL;
	int rc = -1;

	if (find_file(o, &path, e) == -1)
		goto done;
	if (bk_io_slurp(path.data, FILE_MAX, &text, &gone) == -1) {
		log_in(o, gone.msg, e);
		goto done;
	}
	file = bk_json_parse(text.data != NULL ? text.data : "", text.len, 0,
	    NULL, e);
	rc = take_token(o, file, header, e);
 done:
	bk_cred_wipe_json(json_string_value(json_object_get(file,
	    "accessToken")));
	json_decref(file);
	bk_buf_free(&path);
	bk_buf_free(&text);
	return rc;
}

/* {"roleCredentials": {..., "expiration": milliseconds}} */
static int
take_keys(const struct bk_cred_sso *o, const char *answer,
    struct bk_cred_keys *k, struct bk_err *e)
{
	json_t *all = bk_json_parse(answer, strlen(answer), 0, NULL, e);
	const json_t *role = json_object_get(all, "roleCredentials");
	const char *access = json_string_value(json_object_get(role,
	    "accessKeyId"));
	const char *secret = json_string_value(json_object_get(role,
	    "secretAccessKey"));
	const char *token = json_string_value(json_object_get(role,
	    "sessionToken"));
	json_int_t expires = json_integer_value(json_object_get(role,
	    "expiration"));
	int rc;

	if (access == NULL || secret == NULL || expires <= 0)
		rc = bk_fail(e, BK_FAIL, "%s: no credentials in the answer",
		    o->endpoint);
	else
		rc = bk_cred_keys_set(k, o->endpoint, access, secret,
		    token, (time_t)(expires / 1000), e);
	bk_cred_wipe_json(secret);
	bk_cred_wipe_json(token);
	json_decref(all);
	return rc;
}

int
bk_cred_sso(const struct bk_cred_sso *o, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct bk_http_ask ask = { .method = "GET", .ca_bundle = o->ca_bundle,
	    .connect_seconds = 10, .total_ms = 30000, .proxy = 1 };
	struct bk_buf url = {0}, token = {0}, answer = {0};
	long status = 0;
	int rc = -1;

	if (!bk_cred_may_have_token(o->endpoint)) {
		bk_fail(e, BK_USAGE, "%s: the SSO token goes there only by "
		    "https; see AWS_ENDPOINT_URL_SSO", o->endpoint);
		goto done;
	}
	if (read_token(o, &token, e) == -1 ||
	    bk_buf_printf(&url, e, "%s/federation/credentials?role_name=",
	    o->endpoint) == -1 || bk_s3_escape(&url, o->role, 0, e) == -1 ||
	    bk_buf_puts(&url, "&account_id=", e) == -1 ||
	    bk_s3_escape(&url, o->account, 0, e) == -1)
		goto done;
	ask.url = url.data;
	ask.headers[0] = token.data;
	if (bk_cred_http(&ask, &answer, &status, e) == -1)
		goto done;
	if (status == 401)
		log_in(o, "its SSO session is not accepted", e);
	else if (status != 200)
		bk_fail(e, BK_FAIL, "%s: role %s of account %s refused: status "
		    "%ld", o->endpoint, o->role, o->account, status);
	else
		rc = take_keys(o, answer.data != NULL ? answer.data : "", k, e);
 done:
	bk_buf_free(&url);
	bk_buf_free(&token);
	bk_buf_free(&answer);
	return rc;
}
