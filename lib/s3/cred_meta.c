/* Keys provided by the host: a container's or an EC2 instance's. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "s3/cred_http.h"
#include "s3/cred_source.h"

#define ECS "http://169.254.170.2"
#define IMDS "http://169.254.169.254"
#define IMDS_V6 "http://[fd00:ec2::254]"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_MAX 65536

static const char *
get(char *env(const char *), const char *name)
{
	const char *v = env(name);

	return v == NULL || *v == '\0' ? NULL : v;
}

/* "Authorization: ..." into *b, nothing without a token. */
static int
container_token(char *env(const char *), struct bk_buf *b, struct bk_err *e)
{
	const char *file, *token;

	file = get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	token = get(env, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (file == NULL && token == NULL)
		return 0;
	if (bk_buf_puts(b, "Authorization: ", e) == -1)
		return -1;
	if (file != NULL) {
		if (bk_io_slurp(file, TOKEN_MAX, b, e) == -1)
			return -1;
	} else if (bk_buf_puts(b, token, e) == -1)
		return -1;
	while (b->len > 0 && strchr("\r\n", b->data[b->len - 1]) != NULL)
		b->data[--b->len] = '\0';
	if (strlen(b->data) != b->len || strpbrk(b->data, "\r\n") != NULL)
		return bk_fail(e, BK_USAGE, "AWS_CONTAINER_AUTHORIZATION_"
		    "TOKEN%s: a line break or NUL in it",
		    file != NULL ? "_FILE" : "");
	return 0;
}

int
bk_cred_container(char *env(const char *), const char *ca_bundle,
    struct bk_cred_keys *k, struct bk_err *e)
{
	const char *path = get(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = get(env, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct bk_buf url = {0}, token = {0}, answer = {0};
	struct bk_http_ask ask = { .method = "GET", .ca_bundle = ca_bundle,
	    .connect_seconds = 1, .total_ms = 5000 };
	long status;
	int rc = -1;

	if (path == NULL && full == NULL)
		return 0;
	if (path == NULL && !bk_cred_may_have_token(full))
		return bk_fail(e, BK_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_FULL_URI: must be https, or "
		    "http to loopback, 169.254.170.2 or 169.254.170.23");
	if (path != NULL && *path != '/')
		return bk_fail(e, BK_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must begin with "
		    "a slash");
	if (bk_buf_puts(&url, path != NULL ? ECS : full, e) == -1 ||
	    (path != NULL && bk_buf_puts(&url, path, e) == -1) ||
	    container_token(env, &token, e) == -1)
		goto done;
	ask.url = url.data;
	ask.headers[0] = token.data;
	if (bk_cred_http(&ask, &answer, &status, e) == -1)
		goto done;
	if (status != 200)
		bk_fail(e, BK_FAIL, "container credentials: %s: status %ld",
		    url.data, status);
	else if (bk_cred_keys_json(k, "container credentials",
	    answer.data == NULL ? "" : answer.data, "Token", e) == 0)
		rc = 1;
 done:
	bk_buf_free(&url);
	bk_buf_free(&token);
	bk_buf_free(&answer);
	return rc;
}

struct imds {
	const char *base;
	struct bk_buf token;	/* "X-aws-ec2-metadata-token: ..." */
};

/*
 * One request; without a response or with a status other than 200, -1 with
 * *reason set.
 */
static int
imds_ask(const struct imds *m, const char *method, const char *path,
    const char *header, struct bk_buf *answer, struct bk_err *reason)
{
	struct bk_buf url = {0};
	struct bk_http_ask ask = { .method = method, .headers = { header },
	    .connect_seconds = 1, .total_ms = 3000 };
	long status = 0;
	int rc;

	rc = bk_buf_printf(&url, reason, "%s%s", m->base, path);
	ask.url = url.data;
	if (rc == 0)
		rc = bk_cred_http(&ask, answer, &status, reason);
	if (rc == 0 && status != 200)
		rc = bk_fail(reason, BK_FAIL, "%s: status %ld%s", url.data,
		    status, status == 404 ? " (no role on this instance?)" :
		    "");
	bk_buf_free(&url);
	return rc;
}

/* Get the session token that every further request carries (IMDSv2). */
static int
imds_open(struct imds *m, struct bk_err *reason)
{
	struct bk_buf token = {0};
	int rc = -1;

	if (imds_ask(m, "PUT", "/latest/api/token",
	    "X-aws-ec2-metadata-token-ttl-seconds: 21600", &token,
	    reason) == -1)
		goto done;
	if (token.len == 0 || strpbrk(token.data, "\r\n") != NULL)
		bk_fail(reason, BK_FAIL, "%s: malformed token", m->base);
	else
		rc = bk_buf_printf(&m->token, reason,
		    "X-aws-ec2-metadata-token: %s", token.data);
 done:
	bk_buf_free(&token);
	return rc;
}

/* The path of the instance's role, the only name that ROLES lists. */
static int
imds_role(const struct imds *m, struct bk_buf *path, struct bk_err *reason)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
	struct bk_buf names = {0};
	int rc = -1;

	if (imds_ask(m, "GET", ROLES, m->token.data, &names, reason) == -1)
		goto done;
	if (names.len > 0)
		names.data[strcspn(names.data, "\r\n")] = '\0';
	if (names.len == 0 || *names.data == '\0')
		bk_fail(reason, BK_FAIL, "%s: this instance has no role",
		    m->base);
	else if (names.data[strspn(names.data, letters)] != '\0')
		bk_fail(reason, BK_FAIL, "%s: no instance metadata service",
		    m->base);
	else
		rc = bk_buf_printf(path, reason, "%s%s", ROLES, names.data);
 done:
	bk_buf_free(&names);
	return rc;
}

int
bk_cred_imds(char *env(const char *), struct bk_cred_keys *k,
    struct bk_err *reason, struct bk_err *e)
{
	const char *off = get(env, "AWS_EC2_METADATA_DISABLED");
	const char *mode = get(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	struct imds m = {
		.base = get(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT") };
	struct bk_buf path = {0}, answer = {0};
	char base[256];
	int rc = 0;

	if (bk_cred_is_true(off)) {
		bk_fail(reason, BK_FAIL, "AWS_EC2_METADATA_DISABLED is true");
		return 0;
	}
	if (m.base == NULL)
		m.base = mode != NULL && strcmp(mode, "IPv6") == 0 ? IMDS_V6 :
		    IMDS;
	if (strlen(m.base) >= sizeof(base))
		return bk_fail(e, BK_USAGE, "AWS_EC2_METADATA_SERVICE_ENDPOINT"
		    " is too long");
	memcpy(base, m.base, strlen(m.base) + 1);
	if (base[0] != '\0' && base[strlen(base) - 1] == '/')
		base[strlen(base) - 1] = '\0';
	m.base = base;
	if (imds_open(&m, reason) == 0 && imds_role(&m, &path, reason) == 0 &&
	    imds_ask(&m, "GET", path.data, m.token.data, &answer, reason) == 0)
		rc = bk_cred_keys_json(k, "instance metadata",
		    answer.data == NULL ? "" : answer.data, "Token", e) == -1 ?
		    -1 : 1;
	bk_buf_free(&m.token);
	bk_buf_free(&path);
	bk_buf_free(&answer);
	return rc;
}
