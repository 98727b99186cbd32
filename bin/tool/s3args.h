#ifndef BK_BIN_TOOL_S3ARGS_H
#define BK_BIN_TOOL_S3ARGS_H
/* Command-line options that the S3 tools share. */
#include <stdint.h>

#include "s3/cred.h"
#include "s3/provider.h"

/* --retry-for's argument in seconds; more than a year is a usage error. */
unsigned s3args_retry_for(const char *s);

/* -j's argument: the number of parts in parallel. */
unsigned s3args_jobs(const char *s);

/* --rate's argument in bytes a second, at least 64 KiB. */
uint64_t s3args_rate(const char *s);

/* --provider's argument; an unknown name is a usage error that lists them. */
const struct bk_s3_provider *s3args_provider(const char *s);

/* 1 if the last part of key is "latest": the latest backup, never a name. */
int s3args_is_latest(const char *key);

/*
 * Give up what a transfer does not need (sandbox_tool.h); nothing if keys may
 * have to come from a credential_process, which is a command of the user's.
 */
void s3args_narrow(const struct bk_s3_cred *cred);

/*
 * bk_s3_cred_new() with this process's environment and the certificates that
 * SSL_CERT_FILE names.
 */
struct bk_s3_cred *s3args_cred(int google, struct bk_err *e);

/*
 * Where the objects of cred are, as a record's field tells it
 * (listing/record.h): the endpoint without a slash at its end.  NULL: the
 * provider's own.  Lives as long as the process.
 */
const char *s3args_endpoint(const struct bk_s3_cred *cred);

/* Print a warning, for struct bk_s3_options. */
void s3args_warn(const char *text);

#endif
