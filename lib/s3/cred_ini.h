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
 * A line indented deeper than its setting continues it: a sub-setting if the
 * value is empty, else more of the value.  A comment cannot follow a value,
 * because a credential_process may contain a '#'.
 */
#include "base/err.h"

struct bk_ini;

/*
 * Read both files; NULL skips one, and a missing one counts as empty.
 * credentials takes precedence over config.  NULL with *e set: BK_USAGE, naming
 * file and line, for a syntax error; BK_FAIL for a read error.
 */
struct bk_ini *bk_ini_load(const char *credentials, const char *config,
    struct bk_err *e);

/*
 * The value of key, which is in lower case here and in any case in the file, in
 * a profile ("default", "shop"); NULL if unset or empty.  The last of several
 * counts.
 * Borrowed until bk_ini_free().
 */
const char *bk_ini_get(const struct bk_ini *ini, const char *profile,
    const char *key);

/* The same for a [services NAME] section of config. */
const char *bk_ini_service(const struct bk_ini *ini, const char *services,
    const char *key);

/* The same for an [sso-session NAME] section of config. */
const char *bk_ini_sso(const struct bk_ini *ini, const char *session,
    const char *key);

/* 1 if the profile exists, even if empty. */
int bk_ini_has(const struct bk_ini *ini, const char *profile);

void bk_ini_free(struct bk_ini *ini);	/* wipes; NULL is fine */

#endif
