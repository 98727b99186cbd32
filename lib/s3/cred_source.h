#ifndef BK_S3_CRED_SOURCE_H
#define BK_S3_CRED_SOURCE_H
/*
 * The sources that credentials come from, one call each; which is asked when
 * is cred.c's business.  Messages name the source and what it answered, never
 * a key or a token.
 */
#include <time.h>

#include "base/err.h"

struct bk_cred_keys {		/* owned, wiped by bk_cred_keys_free() */
	char *access_key;	/* NULL: there are none */
	char *secret_key;
	char *session_token;	/* NULL: none */
	time_t expires;		/* 0: never */
};

/*
 * Make *k a copy of these; token NULL or "": none.  BK_FAIL, naming source,
 * for control bytes, which would end up in a request's headers.
 */
int bk_cred_keys_set(struct bk_cred_keys *k, const char *source,
    const char *access, const char *secret, const char *token, time_t expires,
    struct bk_err *e);

/*
 * Make *k of the JSON object text: AccessKeyId, SecretAccessKey, Expiration
 * (RFC 3339, may be missing) and the session token, whose name is token:
 * containers and IMDS say "Token", a credential_process "SessionToken".
 * BK_FAIL if that is not what it is.
 */
int bk_cred_keys_json(struct bk_cred_keys *k, const char *source,
    const char *text, const char *token, struct bk_err *e);

void bk_cred_keys_free(struct bk_cred_keys *k);	/* *k is empty again */

/*
 * The container's endpoint, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or
 * _FULL_URI (EKS Pod Identity, Greengrass).  1, 0 if neither is set, -1 with
 * *e set.
 */
int bk_cred_container(char *env(const char *), const char *ca_bundle,
    struct bk_cred_keys *k, struct bk_err *e);

/*
 * EC2's instance metadata service, version 2.  1; 0 if it is disabled, not
 * there or has no role for this instance, with the reason in *why; -1 with
 * *e set if it is there but answers nonsense.
 */
int bk_cred_imds(char *env(const char *), struct bk_cred_keys *k,
    struct bk_err *why, struct bk_err *e);

/*
 * Run command by /bin/sh, its standard input /dev/null (ours is a backup),
 * its standard error ours, and read what it prints, at most 64 KiB.
 */
int bk_cred_process(const char *command, struct bk_cred_keys *k,
    struct bk_err *e);

struct bk_cred_role {		/* borrowed strings, NULL where optional */
	const char *arn;
	const char *session_name;
	const char *external_id;	/* optional */
	const char *duration_seconds;	/* optional: STS's default, an hour */
	const char *token_file;		/* of a web identity; else NULL */
	const char *endpoint;		/* "https://sts.REGION.amazonaws.com" */
	const char *region;
	const char *ca_bundle;		/* optional */
};

/*
 * Ask STS for the role: AssumeRoleWithWebIdentity (unsigned) with the token
 * that is in token_file, else AssumeRole signed with *source.
 */
int bk_cred_assume(const struct bk_cred_role *role,
    const struct bk_cred_keys *source, struct bk_cred_keys *k,
    struct bk_err *e);

#endif
