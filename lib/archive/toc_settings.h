#ifndef BK_ARCHIVE_TOC_SETTINGS_H
#define BK_ARCHIVE_TOC_SETTINGS_H
/*
 * The settings that an archive's database had, by ALTER DATABASE ... SET: what
 * its DATABASE PROPERTIES entry says in the form that pg_dump writes,
 *
 *	ALTER DATABASE shop SET "app.limit" TO '5';
 *
 * Settings that are lists of names, and those of a role, are passed over, and
 * so is everything from the first text on that pg_dump does not write.
 */
#include "archive/archive.h"

/* name and value are valid during the call.  0, or -1 with *e set. */
typedef int bk_toc_setting_fn(void *ctx, const char *name, const char *value,
    struct bk_err *e);

/*
 * Call each for every setting, in the archive's encoding.  0, or -1 with *e
 * set: by each, or memory.
 */
int bk_toc_settings(const struct bk_toc *toc, bk_toc_setting_fn *each,
    void *ctx, struct bk_err *e);

#endif
