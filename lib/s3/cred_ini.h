#ifndef BK_S3_CRED_INI_H
#define BK_S3_CRED_INI_H
/*
 * The AWS tools' two shared files, ~/.aws/config and ~/.aws/credentials
 * (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html):
 *
 *	# comment			; comment
 *	[profile shop]			in config; [shop] in credentials
 *	region = eu-central-1
 *	s3 =
 *	  addressing_style = path	asked for as "s3.addressing_style"
 *
 * A line that is indented deeper than its setting continues it: a sub-setting
 * where the value is empty, else more of the value.  There are no comments
 * behind a value, because a credential_process may hold a '#'.
 */
#include "base/err.h"

struct bk_ini;

/*
 * Read both files; NULL for one that is not wanted, and one that does not
 * exist counts as empty.  What is in credentials comes before what is in
 * config.  NULL with *e set: BK_USAGE, naming file and line, for anything
 * that is not of the form above; BK_FAIL if it cannot be read.
 */
struct bk_ini *bk_ini_load(const char *credentials, const char *config,
    struct bk_err *e);

/*
 * The value of key in a profile ("default", "shop"); NULL if it is not set
 * or empty.  Of several the last counts.  Borrowed until bk_ini_free().
 */
const char *bk_ini_get(const struct bk_ini *ini, const char *profile,
    const char *key);

/* The same for a [services NAME] section of config. */
const char *bk_ini_service(const struct bk_ini *ini, const char *services,
    const char *key);

/* 1 if there is such a profile, even an empty one. */
int bk_ini_has(const struct bk_ini *ini, const char *profile);

void bk_ini_free(struct bk_ini *ini);	/* wipes; NULL is fine */

#endif
