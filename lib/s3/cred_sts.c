/*
 * AWS Security Token Service, AssumeRole and AssumeRoleWithWebIdentity
 * (https://docs.aws.amazon.com/STS/latest/APIReference/): a POSTed form,
 * answered with an XML document.
 */
#include <string.h>

#include "base/io.h"
#include "base/utctime.h"
#include "s3/cred_http.h"
#include "s3/cred_source.h"
#include "s3/url.h"
#include "s3/xml.h"

#define TOKEN_MAX 65536

/* "&name=value"; nothing for NULL. */
static int
field(struct bk_buf *b, const char *name, const char *value, struct bk_err *e)
{
	if (value == NULL)
		return 0;
	if (bk_buf_printf(b, e, "&%s=", name) == -1)
		return -1;
	return bk_s3_escape(b, value, 0, e);
}

static int
web_token(struct bk_buf *form, const char *file, struct bk_err *e)
{
	struct bk_buf token = {0};
	int rc = bk_io_slurp(file, TOKEN_MAX, &token, e);

	while (rc == 0 && token.len > 0 &&
	    strchr(" \t\r\n", token.data[token.len - 1]) != NULL)
		token.data[--token.len] = '\0';
	if (rc == 0 && token.len == 0)
		rc = bk_fail(e, BK_FAIL, "%s: contains no web identity token",
		    file);
	if (rc == 0)
		rc = field(form, "WebIdentityToken", token.data, e);
	bk_buf_free(&token);
	return rc;
}

static int
make_form(const struct bk_cred_role *role, struct bk_buf *b, struct bk_err *e)
{
	if (bk_buf_printf(b, e, "Action=AssumeRole%s&Version=2011-06-15",
	    role->token_file != NULL ? "WithWebIdentity" : "") == -1 ||
	    field(b, "RoleArn", role->arn, e) == -1 ||
	    field(b, "RoleSessionName", role->session_name, e) == -1 ||
	    field(b, "DurationSeconds", role->duration_seconds, e) == -1)
		return -1;
	if (role->token_file != NULL)
		return web_token(b, role->token_file, e);
	return field(b, "ExternalId", role->external_id, e);
}

struct reply {			/* what we look for; owned */
	struct bk_buf access, secret, token, until;
	struct bk_buf code, message;
};

static int
ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && strcmp(path + n - m, end) == 0;
}

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct reply *r = ctx;
	const struct { const char *path; struct bk_buf *b; } wanted[] = {
		{ "/Credentials/AccessKeyId", &r->access },
		{ "/Credentials/SecretAccessKey", &r->secret },
		{ "/Credentials/SessionToken", &r->token },
		{ "/Credentials/Expiration", &r->until },
		{ "Error/Code", &r->code },
		{ "Error/Message", &r->message },
	};
	size_t i;

	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (wanted[i].b->len == 0 && ends_in(path, wanted[i].path))
			return bk_buf_puts(wanted[i].b, text, e);
	return 0;
}

static int
judge(const struct bk_cred_role *role, long status, const struct reply *r,
    struct bk_cred_keys *k, struct bk_err *e)
{
	time_t expires = 0;

	if (status != 200)
		return bk_fail(e, BK_FAIL, "%s: role %s refused: %s%s%s",
		    role->endpoint, role->arn,
		    r->code.len > 0 ? r->code.data : "no reason given",
		    r->message.len > 0 ? ": " : "",
		    r->message.len > 0 ? r->message.data : "");
	if (r->access.len == 0 || r->secret.len == 0 || r->token.len == 0 ||
	    r->until.len == 0 ||
	    bk_utctime_parse(r->until.data, r->until.len, &expires) == -1)
		return bk_fail(e, BK_FAIL, "%s: no credentials in the answer",
		    role->endpoint);
	return bk_cred_keys_set(k, role->endpoint, r->access.data,
	    r->secret.data, r->token.data, expires, e);
}

int
bk_cred_assume(const struct bk_cred_role *role,
    const struct bk_cred_keys *source, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct bk_http_sign sign = { .region = role->region, .service = "sts" };
	struct bk_http_ask ask = {
		.method = "POST", .url = role->endpoint,
		.headers = {
		    "Content-Type: application/x-www-form-urlencoded" },
		.ca_bundle = role->ca_bundle,
		.connect_seconds = 10, .total_ms = 30000, .proxy = 1 };
	struct bk_buf form = {0}, answer = {0};
	struct reply r = {0};
	struct bk_err bad = {0};
	long status = 0;
	int rc = -1;

	if (role->token_file != NULL &&
	    !bk_cred_may_have_token(role->endpoint)) {
		bk_fail(e, BK_USAGE, "%s: the web identity's token goes there "
		    "only by https; see AWS_ENDPOINT_URL_STS", role->endpoint);
		goto done;
	}
	if (make_form(role, &form, e) == -1)
		goto done;
	ask.body = form.data;
	ask.body_len = form.len;
	if (role->token_file == NULL) {
		sign.access_key = source->access_key;
		sign.secret_key = source->secret_key;
		sign.session_token = source->session_token;
		ask.sign = &sign;
	}
	if (bk_cred_http(&ask, &answer, &status, e) == -1)
		goto done;
	/* a proxy's error page is not XML: the status will do */
	if (answer.len > 0 && bk_s3_xml_parse(answer.data, answer.len,
	    on_element, &r, &bad) == -1 && status == 200)
		bk_fail(e, BK_FAIL, "%s: %s", role->endpoint, bad.msg);
	else
		rc = judge(role, status, &r, k, e);
 done:
	bk_buf_free(&form);
	bk_buf_free(&answer);
	bk_buf_free(&r.access);
	bk_buf_free(&r.secret);
	bk_buf_free(&r.token);
	bk_buf_free(&r.until);
	bk_buf_free(&r.code);
	bk_buf_free(&r.message);
	return rc;
}
