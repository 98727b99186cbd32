#ifndef BK_BIN_TOOL_PROGRAMS_H
#define BK_BIN_TOOL_PROGRAMS_H
/* Where PostgreSQL's programs are looked for. */
#include "pg/bindir.h"

/*
 * BK_PG_BINDIR, PATH, and bk-pg in this program's directory; env is the
 * programs' own environment, NULL: ours.
 */
struct bk_bindir programs_places(char *const env[]);

#endif
