#ifndef BK_BIN_TOOL_PROGRESS_LINE_H
#define BK_BIN_TOOL_PROGRESS_LINE_H
/* The progress line on stderr, drawn twice a second by a thread. */
#include "base/progress.h"

/*
 * Show p, after the tool's name, if stderr is a terminal and verbosity is 0;
 * verbosity < 0 (-q) never, > 0 (-v) always.  began is the start of the run
 * (bk_monotonic()).  name and p are borrowed until progress_line_stop().
 */
void progress_line_start(const char *name, const struct bk_progress *p,
    double began, int verbosity);

/* Draw the final state, with a newline; does nothing if not shown. */
void progress_line_stop(void);

#endif
