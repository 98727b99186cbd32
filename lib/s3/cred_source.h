#ifndef BK_S3_CRED_SOURCE_H
#define BK_S3_CRED_SOURCE_H
/*
 * The sources of credentials, one call each; cred.c decides which is asked
 * when.  Messages name the source and its answer, never a key or a token.
 */
#include <time.h>

#include "base/err.h"

struct bk_cred_keys {		/* owned, wiped by bk_cred_keys_free() */
	char *access_key;	/* NULL: no keys */
	char *secret_key;
	char *session_token;	/* NULL: none */
	time_t expires;		/* 0: never */
	int bearer;		/* session_token is an OAuth token; no key */
};

/*
 * Copy these to *k; token NULL or "": none.  BK_FAIL, naming source, for
 * surrounding blanks or control bytes, which would end up in request headers.
 */
int bk_cred_keys_set(struct bk_cred_keys *k, const char *source,
    const char *access, const char *secret, const char *token, time_t expires,
    struct bk_err *e);

/*
 * Fill *k from the JSON object text: AccessKeyId, SecretAccessKey, Expiration
 * (RFC 3339, optional) and the session token in member token ("Token" from
 * containers and IMDS, "SessionToken" from a credential_process).  BK_FAIL if
 * it is malformed.
 */
int bk_cred_keys_json(struct bk_cred_keys *k, const char *source,
    const char *text, const char *token, struct bk_err *e);

/* Wipe a string in JSON that is about to be freed; NULL is fine. */
void bk_cred_wipe_json(const char *s);

void bk_cred_keys_free(struct bk_cred_keys *k);	/* *k is empty again */

/*
 * The container's endpoint, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or
 * _FULL_URI (EKS Pod Identity, Greengrass).  1, 0 if neither is set, -1 with
 * *e set.
 */
int bk_cred_container(char *env(const char *), const char *ca_bundle,
    struct bk_cred_keys *k, struct bk_err *e);

/*
 * EC2's instance metadata service, version 2.  1; 0 with *reason set if it is
 * disabled, absent or has no role for this instance; -1 with *e set if its
 * answer is malformed.
 */
int bk_cred_imds(char *env(const char *), struct bk_cred_keys *k,
    struct bk_err *reason, struct bk_err *e);

/*
 * Run command with /bin/sh and read its standard output, at most 64 KiB.  Its
 * standard input is /dev/null (ours is a backup), its standard error ours.  It
 * has a minute, and ends when the descriptor stop is readable (-1: none).
 */
int bk_cred_process(const char *command, int stop, struct bk_cred_keys *k,
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
 * Assume the role through STS: AssumeRoleWithWebIdentity (unsigned) with the
 * token in token_file, else AssumeRole, signed with *source.
 */
int bk_cred_assume(const struct bk_cred_role *role,
    const struct bk_cred_keys *source, struct bk_cred_keys *k,
    struct bk_err *e);

struct bk_cred_sso {		/* borrowed strings */
	const char *profile;	/* for messages */
	const char *session;	/* name; the token's file is named after it */
	const char *account, *role;
	const char *endpoint;	/* "https://portal.sso.REGION.amazonaws.com" */
	const char *home;	/* NULL: unknown */
	const char *ca_bundle;	/* optional */
};

/*
 * The role's keys from IAM Identity Center (GetRoleCredentials), with the token
 * that `aws sso login` has left in ~/.aws/sso/cache.  BK_FAIL, with a hint, if
 * there is none or it has expired.
 */
int bk_cred_sso(const struct bk_cred_sso *o, struct bk_cred_keys *k,
    struct bk_err *e);

/*
 * An OAuth token for Google Cloud Storage: k->bearer.  0, or -1 with *e set,
 * which says where it was looked for.
 */
int bk_cred_google(char *env(const char *), const char *ca_bundle,
    struct bk_cred_keys *k, struct bk_err *e);

/* What it reads, as bk_s3_cred_needs() has it. */
void bk_cred_google_needs(char *env(const char *), void path(const char *));

/* Call path() with the directory of file; NULL: not. */
void bk_cred_directory(const char *file, void path(const char *));

/* 1 if s is "true" in any case; NULL is not. */
int bk_cred_is_true(const char *s);

#endif
