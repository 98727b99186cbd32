#ifndef BK_BIN_TOOL_REHEARSAL_H
#define BK_BIN_TOOL_REHEARSAL_H
/*
 * A rehearsal: bk-check runs a job's own pipeline, with its settings, and with
 * BK_CHECK_FD, the number of an open descriptor.  Each tool then parses its
 * options and reads its settings as ever, but does nothing: it looks for what
 * would keep it from its work, and writes findings (base/ready.h) to that
 * descriptor instead of messages.
 *
 * tool_run() ends a tool that has no part of its own to play.  One that has,
 * by `.rehearses = 1`, asks rehearsing() after tool_run(), before it begins.
 * What goes down the pipe: of a listing all, of a backup at most its first
 * bytes, with an opening mark and without an end, which no reader takes for
 * whole.
 */
#include "base/ready.h"

/*
 * Called by tool_start(), before anything is opened, for messages of the tool
 * name.  0; -1: BK_CHECK_FD is set, and names nothing open, so that nobody must
 * take this run for a real one.
 */
int rehearsal_start(const char *name);

/* The descriptor, -1: this is no rehearsal. */
int rehearsal_fd(void);
int rehearsing(void);

/* Report "tool: text". */
void rehearsal_say(enum bk_ready how, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, for lib. */
void rehearsal_report(enum bk_ready how, const char *text);

/*
 * The tool ends: a failure is a problem, or, if nothing is there, an unknown; a
 * success that has said nothing says that it is one.
 */
void rehearsal_end(int rc, const struct bk_err *e);

/* What is started from now on only reads: it is to do it, and logs nothing. */
void rehearsal_reads(void);

/* Pass standard input on, to its end. */
void rehearsal_pass(void);

/* Report whether the program name is there: in PATH, unless it has a slash. */
void rehearsal_program(const char *name);

/* Report whether dir exists and we may make files in it; 1 if so. */
int rehearsal_directory(const char *what, const char *dir);

#endif
