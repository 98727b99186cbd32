#ifndef BK_BIN_S3ARGS_H
#define BK_BIN_S3ARGS_H
/* What the tools that talk to S3 have in common on their command lines. */

/* --retry-for's argument in seconds; more than a year is a usage error. */
unsigned s3args_retry_for(const char *s);

/* -j's argument: how many parts at once. */
unsigned s3args_jobs(const char *s);

/* A word to the user, for struct bk_s3_options. */
void s3args_warn(const char *text);

#endif
