/*
 * OAuth tokens for Google Cloud Storage, from the places where Google's own
 * libraries look for Application Default Credentials (https://cloud.google.com/
 * docs/authentication/application-default-credentials):
 *
 *   1. the file GOOGLE_APPLICATION_CREDENTIALS, else that of
 *      `gcloud auth application-default login`, by its type:
 *      service_account   a JWT signed with the account's key (RFC 7523)
 *      authorized_user   a refresh token (RFC 6749)
 *      external_account  workload identity federation with a token in a file
 *                        (RFC 8693), as an account if it names one
 *   2. the metadata server of the machine
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/io.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "json/json_write.h"
#include "s3/cred_http.h"
#include "s3/cred_source.h"
#include "s3/url.h"

#define FILE_MAX 65536
#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"
#define JWT_SECONDS 3600	/* the longest that Google takes */
#define METADATA "metadata.google.internal"
#define TOKEN_PATH "/computeMetadata/v1/instance/service-accounts/default/token"
#define ADC ".config/gcloud/application_default_credentials.json"

struct google {			/* the file of credentials */
	const char *path;
	const json_t *json;
	const char *ca_bundle;
};

/* A member that must be there; NULL with *e set. */
static const char *
member(const struct google *g, const char *name, struct bk_err *e)
{
	const char *s = json_string_value(json_object_get(g->json, name));

	if (s == NULL || *s == '\0') {
		bk_fail(e, BK_USAGE, "%s: has no \"%s\"", g->path, name);
		return NULL;
	}
	return s;
}

/* name=value, after an & if it is not the first. */
static int
field(struct bk_buf *form, const char *name, const char *value,
    struct bk_err *e)
{
	if (value == NULL)
		return -1;		/* member() has set *e */
	if (bk_buf_printf(form, e, "%s%s=", form->len > 0 ? "&" : "",
	    name) == -1)
		return -1;
	return bk_s3_escape(form, value, 0, e);
}

/*
 * The token of an answer to url: {"access_token", "expires_in"}, or of an
 * impersonation {"accessToken", "expireTime"}.
 */
static int
take_token(const char *url, const char *answer, struct bk_cred_keys *k,
    struct bk_err *e)
{
	json_t *o = bk_json_parse(answer, strlen(answer), 0, NULL, e);
	const char *token = json_string_value(json_object_get(o,
	    "access_token"));
	const char *until = json_string_value(json_object_get(o,
	    "expireTime"));
	json_int_t seconds = json_integer_value(json_object_get(o,
	    "expires_in"));
	time_t expires = time(NULL) + (time_t)seconds;
	int rc;

	if (token == NULL)
		token = json_string_value(json_object_get(o, "accessToken"));
	if (token == NULL || seconds < 0 || seconds > 365 * 86400 ||
	    (until != NULL &&
	    bk_utctime_parse(until, strlen(until), &expires) == -1))
		rc = bk_fail(e, BK_FAIL, "%s: no token in the answer", url);
	else if ((rc = bk_cred_keys_set(k, url, "", "", token, expires,
	    e)) == 0)
		k->bearer = 1;
	bk_cred_wipe_json(token);
	json_decref(o);
	return rc;
}

/* What an answer of another status says, {"error_description"} at best. */
static int
refused(const char *url, long status, const char *answer, struct bk_err *e)
{
	json_t *o = bk_json_parse(answer, strlen(answer), 0, NULL, e);
	const json_t *inner = json_object_get(o, "error");
	const char *reason = json_string_value(json_object_get(o,
	    "error_description"));

	if (reason == NULL)
		reason = json_string_value(json_object_get(inner, "message"));
	if (reason == NULL)
		reason = json_string_value(inner);
	bk_fail(e, BK_FAIL, "%s: no token: status %ld%s%.200s", url, status,
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
	json_decref(o);
	return -1;
}

static int
ask(const struct bk_http_ask *a, struct bk_cred_keys *k, struct bk_err *e)
{
	struct bk_buf answer = {0};
	const char *text;
	long status = 0;
	int rc = bk_cred_http(a, &answer, &status, e);

	text = answer.data != NULL ? answer.data : "";
	if (rc == 0)
		rc = status == 200 ? take_token(a->url, text, k, e) :
		    refused(a->url, status, text, e);
	bk_buf_free(&answer);
	return rc;
}

/* POST body, a form or JSON, with a header or NULL. */
static int
post(const struct google *g, const char *url, const char *type,
    const char *header, const char *body, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct bk_http_ask a = { .method = "POST", .url = url,
	    .headers = { type, header }, .body = body, .body_len = strlen(body),
	    .ca_bundle = g->ca_bundle, .connect_seconds = 10,
	    .total_ms = 30000, .proxy = 1 };

	if (!bk_cred_may_have_token(url))
		return bk_fail(e, BK_USAGE, "%s: %s: not https", g->path, url);
	return ask(&a, k, e);
}

static int
post_form(const struct google *g, const char *url, const char *form,
    struct bk_cred_keys *k, struct bk_err *e)
{
	return post(g, url, "Content-Type: application/x-www-form-urlencoded",
	    NULL, form, k, e);
}

/* Append n bytes in base64url without padding (RFC 7515). */
static int
base64url(struct bk_buf *out, const void *p, size_t n, struct bk_err *e)
{
	size_t start = out->len;
	char *s;
	int len;

	if (n > FILE_MAX || bk_buf_reserve(out, 4 * (n / 3 + 1), e) == -1)
		return bk_fail(e, BK_FAIL, "a token of %zu bytes", n);
	len = EVP_EncodeBlock((unsigned char *)out->data + start, p, (int)n);
	out->len += (size_t)len;
	while (out->len > start && out->data[out->len - 1] == '=')
		out->len--;
	out->data[out->len] = '\0';
	for (s = out->data + start; *s != '\0'; s++)
		*s = (char)(*s == '+' ? '-' : *s == '/' ? '_' : *s);
	return 0;
}

/* Append "." and the RS256 signature of what *jwt holds. */
static int
sign_jwt(const struct google *g, const char *pem, struct bk_buf *jwt,
    struct bk_err *e)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char sig[1024];
	size_t n = sizeof(sig);
	int rc = -1;

	if (key == NULL || EVP_PKEY_get_id(key) != EVP_PKEY_RSA ||
	    (size_t)EVP_PKEY_get_size(key) > sizeof(sig))
		bk_fail(e, BK_USAGE, "%s: its private_key is not an RSA key",
		    g->path);
	else if (md == NULL ||
	    EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, sig, &n, (const unsigned char *)jwt->data,
	    jwt->len) != 1)
		bk_fail(e, BK_FAIL, "%s: libcrypto does not sign with its key",
		    g->path);
	else if (bk_buf_puts(jwt, ".", e) == 0)
		rc = base64url(jwt, sig, n, e);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return rc;
}

static int
service_account(const struct google *g, struct bk_cred_keys *k,
    struct bk_err *e)
{
	static const char head[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
	const char *email = member(g, "client_email", e);
	const char *url = member(g, "token_uri", e);
	const char *pem = member(g, "private_key", e);
	struct bk_buf claims = {0}, jwt = {0}, form = {0};
	uint64_t now = (uint64_t)time(NULL);
	int rc = -1;

	if (email == NULL || url == NULL || pem == NULL)
		return -1;
	if (bk_buf_puts(&claims, "{", e) == 0 &&
	    bk_json_member(&claims, "iss", email, e) == 0 &&
	    bk_json_member(&claims, "scope", SCOPE, e) == 0 &&
	    bk_json_number(&claims, "iat", now, e) == 0 &&
	    bk_json_number(&claims, "exp", now + JWT_SECONDS, e) == 0 &&
	    bk_json_member(&claims, "aud", url, e) == 0 &&
	    bk_buf_puts(&claims, "}", e) == 0 &&
	    base64url(&jwt, head, sizeof(head) - 1, e) == 0 &&
	    bk_buf_puts(&jwt, ".", e) == 0 &&
	    base64url(&jwt, claims.data, claims.len, e) == 0 &&
	    sign_jwt(g, pem, &jwt, e) == 0 &&
	    field(&form, "grant_type",
	    "urn:ietf:params:oauth:grant-type:jwt-bearer", e) == 0 &&
	    field(&form, "assertion", jwt.data, e) == 0)
		rc = post_form(g, url, form.data, k, e);
	bk_buf_free(&claims);
	bk_buf_free(&jwt);
	bk_buf_free(&form);
	return rc;
}

static int
authorized_user(const struct google *g, struct bk_cred_keys *k,
    struct bk_err *e)
{
	static const char *const names[] = { "client_id", "client_secret",
	    "refresh_token" };
	const char *url = json_string_value(json_object_get(g->json,
	    "token_uri"));
	struct bk_buf form = {0};
	size_t i;
	int rc = field(&form, "grant_type", "refresh_token", e);

	for (i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++)
		rc = field(&form, names[i], member(g, names[i], e), e);
	if (rc == 0)
		rc = post_form(g, url != NULL ? url :
		    "https://oauth2.googleapis.com/token", form.data, k, e);
	bk_buf_free(&form);
	return rc;
}

/* The token that this machine's own identity provider has put into a file. */
static int
subject_token(const struct google *g, struct bk_buf *token, struct bk_err *e)
{
	const json_t *source = json_object_get(g->json, "credential_source");
	const json_t *format = json_object_get(source, "format");
	const char *file = json_string_value(json_object_get(source, "file"));
	const char *name = json_string_value(json_object_get(format,
	    "subject_token_field_name"));
	struct bk_buf text = {0};
	json_t *o = NULL;
	const char *s;
	int rc = -1;

	if (file == NULL)
		return bk_fail(e, BK_USAGE, "%s: only a credential_source "
		    "with a \"file\" is supported", g->path);
	if (bk_io_slurp(file, FILE_MAX, &text, e) == -1)
		goto done;
	s = text.data != NULL ? text.data : "";
	if (name != NULL) {
		o = bk_json_parse(s, text.len, 0, NULL, e);
		s = json_string_value(json_object_get(o, name));
	}
	if (s == NULL || s[strspn(s, " \r\n")] == '\0')
		bk_fail(e, BK_FAIL, "%s: no token in it", file);
	else
		rc = bk_buf_add(token, s, strcspn(s, "\r\n"), e);
	if (o != NULL)
		bk_cred_wipe_json(s);
 done:
	json_decref(o);
	bk_buf_free(&text);
	return rc;
}

/* Exchange the federated token in *k for one of the account at url. */
static int
impersonate(const struct google *g, const char *url, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct bk_buf header = {0};
	int rc = bk_buf_printf(&header, e, "Authorization: Bearer %s",
	    k->session_token);

	if (rc == 0)
		rc = post(g, url, "Content-Type: application/json",
		    header.data, "{\"scope\":[\"" SCOPE "\"]}", k, e);
	bk_buf_free(&header);
	return rc;
}

static int
external_account(const struct google *g, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *url = member(g, "token_url", e);
	const char *as = json_string_value(json_object_get(g->json,
	    "service_account_impersonation_url"));
	struct bk_buf form = {0}, token = {0};
	int rc = -1;

	if (url != NULL && subject_token(g, &token, e) == 0 &&
	    field(&form, "grant_type",
	    "urn:ietf:params:oauth:grant-type:token-exchange", e) == 0 &&
	    field(&form, "audience", member(g, "audience", e), e) == 0 &&
	    field(&form, "scope", as != NULL ?
	    "https://www.googleapis.com/auth/cloud-platform" : SCOPE, e) == 0 &&
	    field(&form, "requested_token_type",
	    "urn:ietf:params:oauth:token-type:access_token", e) == 0 &&
	    field(&form, "subject_token_type", member(g, "subject_token_type",
	    e), e) == 0 &&
	    field(&form, "subject_token", token.data, e) == 0)
		rc = post_form(g, url, form.data, k, e);
	if (rc == 0 && as != NULL)
		rc = impersonate(g, as, k, e);
	bk_buf_free(&form);
	bk_buf_free(&token);
	return rc;
}

static int
from_file(const char *path, const char *ca_bundle, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct google g = { .path = path, .ca_bundle = ca_bundle };
	struct bk_buf text = {0};
	json_t *o = NULL;
	const char *type;
	int rc = -1;

	if (bk_io_slurp(path, FILE_MAX, &text, e) == -1)
		goto done;
	g.json = o = bk_json_parse(text.data != NULL ? text.data : "",
	    text.len, 0, NULL, e);
	if ((type = member(&g, "type", e)) == NULL)
		goto done;
	if (strcmp(type, "service_account") == 0)
		rc = service_account(&g, k, e);
	else if (strcmp(type, "authorized_user") == 0)
		rc = authorized_user(&g, k, e);
	else if (strcmp(type, "external_account") == 0)
		rc = external_account(&g, k, e);
	else
		bk_fail(e, BK_USAGE, "%s: credentials of type %.40s are not "
		    "supported", path, type);
	bk_cred_wipe_json(json_string_value(json_object_get(o,
	    "private_key")));
	bk_cred_wipe_json(json_string_value(json_object_get(o,
	    "refresh_token")));
 done:
	json_decref(o);
	bk_buf_free(&text);
	return rc;
}

static int
from_metadata(const char *host, struct bk_cred_keys *k, struct bk_err *e)
{
	struct bk_http_ask a = { .method = "GET",
	    .headers = { "Metadata-Flavor: Google" }, .connect_seconds = 1,
	    .total_ms = 5000 };
	struct bk_buf url = {0};
	struct bk_err reason = {0};
	int rc = bk_buf_printf(&url, e, "http://%s" TOKEN_PATH,
	    host != NULL ? host : METADATA);

	a.url = url.data;
	if (rc == 0 && (rc = ask(&a, k, &reason)) == -1)
		bk_fail(e, BK_FAIL, "credentials: none found (%s); set "
		    "GOOGLE_APPLICATION_CREDENTIALS, or an HMAC key in "
		    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", reason.msg);
	bk_buf_free(&url);
	return rc;
}

int
bk_cred_google(char *env(const char *), const char *ca_bundle,
    struct bk_cred_keys *k, struct bk_err *e)
{
	const char *path = env("GOOGLE_APPLICATION_CREDENTIALS");
	const char *home = env("HOME"), *host = env("GCE_METADATA_HOST");
	struct bk_buf adc = {0}, text = {0};
	struct bk_err none = {0};
	int rc;

	if (path != NULL && *path != '\0')
		return from_file(path, ca_bundle, k, e);
	if (home != NULL && bk_buf_printf(&adc, e, "%s/" ADC, home) == -1)
		return -1;
	if (adc.data != NULL &&
	    bk_io_slurp(adc.data, FILE_MAX, &text, &none) == 0)
		rc = from_file(adc.data, ca_bundle, k, e);
	else
		rc = from_metadata(host != NULL && *host != '\0' ? host : NULL,
		    k, e);
	bk_buf_free(&adc);
	bk_buf_free(&text);
	return rc;
}

/* The file itself, and the one that an external account's token is in. */
static void
file_needs(const char *file, void path(const char *))
{
	struct bk_buf text = {0};
	struct bk_err ignored = {0};
	json_t *o = NULL;

	path(file);
	if (bk_io_slurp(file, FILE_MAX, &text, &ignored) == 0 &&
	    (o = bk_json_parse(text.data != NULL ? text.data : "", text.len,
	    0, NULL, &ignored)) != NULL) {
		bk_cred_directory(json_string_value(json_object_get(
		    json_object_get(o, "credential_source"), "file")), path);
		bk_cred_wipe_json(json_string_value(json_object_get(o,
		    "private_key")));
		bk_cred_wipe_json(json_string_value(json_object_get(o,
		    "refresh_token")));
	}
	json_decref(o);
	bk_buf_free(&text);
}

void
bk_cred_google_needs(char *env(const char *), void path(const char *))
{
	const char *file = env("GOOGLE_APPLICATION_CREDENTIALS");
	const char *home = env("HOME");
	struct bk_buf adc = {0};
	struct bk_err ignored = {0};

	if (file != NULL && *file != '\0')
		file_needs(file, path);
	else if (home != NULL &&
	    bk_buf_printf(&adc, &ignored, "%s/" ADC, home) == 0)
		file_needs(adc.data, path);
	bk_buf_free(&adc);
}
