/*
 * Keys from sources of credentials: the answers of STS, of a container's
 * endpoint, of the metadata services of EC2 and Google, and Google's file.
 */
#include "fuzz.h"

#include "s3/cred_source.h"
#include "support/answers.h"

static const char *file;		/* of Google's credentials, or NULL */

static char *
env(const char *name)
{
	static char uri[] = "http://169.254.170.2/x", home[] = "/nonexistent";

	if (strcmp(name, "AWS_CONTAINER_CREDENTIALS_FULL_URI") == 0)
		return uri;
	if (strcmp(name, "GOOGLE_APPLICATION_CREDENTIALS") == 0)
		return (char *)(uintptr_t)file;
	return strcmp(name, "HOME") == 0 ? home : NULL;
}

/* What goes into request headers has no control bytes, and keys are whole. */
static void
check(int rc, struct bk_cred_keys *k, const struct bk_err *e)
{
	const char *s[] = { k->access_key, k->secret_key, k->session_token };
	size_t i, at;

	CHECK(rc == 0 || rc == 1 || (rc == -1 && e->code != BK_OK));
	for (i = 0; rc != -1 && i < 3; i++)
		for (at = 0; s[i] != NULL && s[i][at] != '\0'; at++)
			CHECK((unsigned char)s[i][at] > 0x20 &&
			    s[i][at] != 0x7f);
	CHECK(k->access_key == NULL || k->secret_key != NULL);
	bk_cred_keys_free(k);
}

FUZZ(256 << 10, 400)
{
	const struct bk_cred_keys source = { .access_key = "a",
	    .secret_key = "b" };
	const struct bk_cred_role role = { .arn = "arn:aws:iam::1:role/x",
	    .session_name = "bk", .endpoint = "https://sts.amazonaws.com",
	    .region = "eu-north-1" };
	struct bk_cred_keys k = {0};
	struct bk_err e[6] = {{0}}, why = {0};

	answers_are(p, n);
	check(bk_cred_assume(&role, &source, &k, &e[0]), &k, &e[0]);
	answers_are(p, n);
	check(bk_cred_container(env, NULL, &k, &e[1]), &k, &e[1]);
	answers_are(p, n);
	check(bk_cred_imds(env, &k, &why, &e[2]), &k, &e[2]);
	file = NULL;
	answers_are(p, n);
	check(bk_cred_google(env, NULL, &k, &e[3]), &k, &e[3]);
	file = fuzz_path(0, p, n);
	answers_are(p, n);
	check(bk_cred_google(env, NULL, &k, &e[4]), &k, &e[4]);
	answers_are(NULL, 0);
	check(bk_cred_keys_json(&k, "fuzz", fuzz_text(p, n), "Token", &e[5]),
	    &k, &e[5]);
}
