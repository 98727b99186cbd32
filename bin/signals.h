#ifndef BK_BIN_SIGNALS_H
#define BK_BIN_SIGNALS_H
/*
 * SIGINT, SIGTERM and SIGHUP, in one way for every tool: they are blocked, and
 * one thread waits for them.  No code of ours runs in a signal handler, so
 * that what a tool does about a signal may take its time, lock and call
 * anything.  A signal that is ignored from the start, as under nohup, stays
 * ignored.  Children are to be started with no signal blocked (base/child.h).
 */
#include "base/err.h"

/*
 * From now on a signal writes the audit line, runs cleanup (NULL: nothing) and
 * ends the process by that signal.  The rest of the tool goes on meanwhile,
 * but for what stands between hold and release.  Before any other thread is
 * started; called again only the cleanup is another.
 */
void signals_catch(void (*cleanup)(void));

/*
 * For a tool that has to stop by itself: from now on a signal makes the
 * returned descriptor readable and nothing else.  The tool stops what it does
 * and cleans up, and signals_end() ends the process by that signal.  The same
 * signal again kills at once.  -1 with *e set.
 */
int signals_stop_fd(struct bk_err *e);

/*
 * What stands between them and a clean-up do not overlap, and once a clean-up
 * has begun it is not reached any more.
 */
void signals_hold(void);
void signals_release(void);

/* Returns if no clean-up has begun: what one does to others is no news. */
void signals_check(void);

/* After signals_stop_fd(), the tool having failed: returns if none has come. */
void signals_end(void);

#endif
