#ifndef BK_BIN_TOOL_SIGNALS_H
#define BK_BIN_TOOL_SIGNALS_H
/*
 * SIGINT, SIGTERM and SIGHUP, handled alike in every tool: they are blocked,
 * and one thread waits for them.  No code of ours runs in a signal handler, so
 * a tool's reaction to a signal may take time, lock and call anything.  A
 * signal ignored from the start, as under nohup, stays ignored.  Children must
 * be started with no signal blocked (base/child.h).
 */
#include "base/err.h"

/*
 * From now on a signal writes the audit line, runs cleanup (NULL: nothing) and
 * ends the process by that signal.  The rest of the tool runs on meanwhile,
 * except for code between hold and release.  Call before starting any other
 * thread; a second call only replaces cleanup.
 */
void signals_catch(void (*cleanup)(void));

/*
 * For a tool that stops by itself: from now on a signal only makes the returned
 * descriptor readable.  The tool stops its work and cleans up, and
 * signals_end() ends the process by that signal.  The same signal again kills
 * at once, and so does one that the tool cannot catch.  -1 with *e set.
 */
int signals_stop_fd(struct bk_err *e);

/*
 * Have fn(arg) called in the thread that waits for signals, and return when it
 * has; nothing if there is no such thread yet.
 */
void signals_in_thread(void (*fn)(void *arg), void *arg);

/*
 * Code between them never overlaps with a clean-up, and is not entered once a
 * clean-up has begun.
 */
void signals_hold(void);
void signals_release(void);

/*
 * Blocks for ever once a clean-up has begun, so that its effects are not
 * reported as failures.
 */
void signals_check(void);

/*
 * After signals_stop_fd(), when the tool has ended: returns only if there was
 * no signal.
 */
void signals_end(void);

#endif
