#ifndef BK_BIN_VERIFY_LEVELS_H
#define BK_BIN_VERIFY_LEVELS_H
/* Levels 2 and 3: the innermost data restored, and compared. */
#include "base/progress.h"
#include "verify/layers.h"
#include "verify/verdict.h"

struct levels {
	const char *conninfo;	/* level 2; NULL: from the environment */
	int against;		/* compare that database, restore nothing */
	int own;		/* level 3 */
	int trust_code;		/* level 2: run the dump's as a superuser */
	const char *config_file;	/* for its server; or NULL */
	const char *sql_file;	/* assertions; or NULL */
	unsigned jobs;
};

/* Call before any thread. */
int levels_prepare(const struct levels *d, struct bk_err *e);
int levels_run(const struct levels *d, struct bk_layers *l,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e);
void levels_end(void);		/* fine without levels_prepare() */
void levels_clean_up(void);	/* on a signal */

#endif
