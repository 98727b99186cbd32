#ifndef BK_S3_CRED_H
#define BK_S3_CRED_H
/*
 * Endpoint, region and keys: the settings and the credential chain that the AWS
 * SDKs share, in their order (https://docs.aws.amazon.com/sdkref/latest/
 * guide/standardized-credentials.html):
 *
 *   1. environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   2. web identity: AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
 *   3. profile AWS_PROFILE ("default") in the shared credentials and config
 *      files: keys, role_arn with source_profile or credential_source,
 *      web_identity_token_file, credential_process, an SSO session
 *   4. container: AWS_CONTAINER_CREDENTIALS_FULL_URI / _RELATIVE_URI, with
 *      AWS_CONTAINER_AUTHORIZATION_TOKEN(_FILE)
 *   5. EC2 instance metadata, IMDSv2, unless AWS_EC2_METADATA_DISABLED
 *
 * An explicit choice that fails (AWS_PROFILE naming a missing profile, a
 * failing credential_process) is an error, never a reason to try the next
 * source.  lib does not read the environment: bin passes in getenv.
 */
#include <time.h>

#include "base/err.h"

typedef char *bk_s3_getenv(const char *name);

struct bk_s3_cred;

struct bk_s3_keys {		/* borrowed until the next get or free */
	const char *access_key;
	const char *secret_key;
	const char *session_token;	/* NULL: none */
	time_t expires;			/* 0: never */
	int bearer;	/* session_token is an OAuth token, the only key */
};

/* Google's own endpoint. */
#define BK_S3_GOOGLE "https://storage.googleapis.com"

struct bk_s3_settings {		/* borrowed until bk_s3_cred_free() */
	const char *region;	/* AWS_REGION, AWS_DEFAULT_REGION, profile,
				 * else "us-east-1" */
	const char *endpoint;	/* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
				 * profile; NULL: AWS's own */
	const char *ca_bundle;	/* AWS_CA_BUNDLE, profile, ca_file; NULL:
				 * libcurl's */
	int path_style;		/* 1 path, 0 virtual host, -1 not set */
	int fips, dual_stack;	/* which of AWS's own endpoints */
	int google;		/* Google's dialect: x-goog- for x-amz- */
};

/*
 * Read settings and files; asks no source yet.  NULL with *e set.
 *
 * For Google Cloud Storage (google is 1): an HMAC key in the environment (1.
 * above), else what cred_gs.c finds; at STORAGE_EMULATOR_HOST if that is set.
 */
struct bk_s3_cred *bk_s3_cred_new(bk_s3_getenv *env, const char *ca_file,
    int google, struct bk_err *e);

const struct bk_s3_settings *bk_s3_cred_settings(const struct bk_s3_cred *c);

/*
 * The keys to sign with now.  Asks the source on first use and again when they
 * expire within 5 minutes, or when refresh is 1 (the server answered
 * ExpiredToken).  0, or -1 with *e set; the message names the source, never a
 * secret.  May block until network timeouts.
 */
int bk_s3_cred_get(struct bk_s3_cred *c, int refresh, struct bk_s3_keys *keys,
    struct bk_err *e);

/* A credential_process ends when fd is readable; -1: never, or no more. */
void bk_s3_cred_stop(struct bk_s3_cred *c, int fd);

/*
 * What a later bk_s3_cred_get() may need, for a process that gives up the rest:
 * path() is called with each file or directory that is read, borrowed.  A token
 * is replaced when it is renewed, so that is its directory.  1 if a program may
 * be started (credential_process), else 0.
 */
int bk_s3_cred_needs(const struct bk_s3_cred *c, void path(const char *));

void bk_s3_cred_free(struct bk_s3_cred *c);	/* wipes; NULL is fine */

#endif
