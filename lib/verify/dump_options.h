#ifndef BK_VERIFY_DUMP_OPTIONS_H
#define BK_VERIFY_DUMP_OPTIONS_H
/*
 * What the options of pg_dump with which an archive was made, as its manifest
 * has them, mean for a comparison with a database.
 */
#include <jansson.h>

#define BK_DUMP_REPEATED 12	/* options that are given again, and a NULL */

/*
 * 1: they may have left out a table, or a part of the definitions that no
 * option given again leaves out.  Options that are not known, or are no array,
 * may.
 */
int bk_dump_options_select(const json_t *options, int major);

/*
 * Those to be given again, so that pg_dump writes the same of the same
 * database, in out: constants, never text of the manifest, and a NULL.
 */
void bk_dump_options_repeat(const json_t *options, int major,
    const char *out[BK_DUMP_REPEATED]);

#endif
