#ifndef BK_BASE_DEBUG_H
#define BK_BASE_DEBUG_H
/*
 * Debug output: one line per event of the enabled topics.  All are off by
 * default, at the cost of testing a variable.  lib formats the lines and
 * removes secrets (redact.h); the caller of bk_debug_set() prints them.
 */
#include <sys/types.h>

#include "base/err.h"

enum bk_debug_topic {
	BK_DEBUG_S3 = 1,	/* requests, replies, decisions, signatures */
	BK_DEBUG_SQL = 2,	/* connections, statements, outcomes */
	BK_DEBUG_CHILD = 4,	/* child processes */
};

/*
 * Prints one line: the topic ("s3") and the text, which has no newline or tab
 * and at most BK_DEBUG_MAX bytes.  Called from several threads.
 */
#define BK_DEBUG_MAX 3900
typedef void bk_debug_fn(const char *topic, const char *text);

/* Parse "s3,sql" into *topics.  -1 with *e set, BK_USAGE: unknown topic. */
int bk_debug_parse(const char *list, unsigned *topics, struct bk_err *e);

/* Send the lines of these topics to fn.  Call before starting any thread. */
void bk_debug_set(unsigned topics, bk_debug_fn *fn);

extern unsigned bk_debug_topics;	/* set only by bk_debug_set() */

#define bk_debug(topic, ...) \
	((bk_debug_topics & (topic)) == 0 ? (void)0 : \
	    bk_debug_line((topic), __VA_ARGS__))

/* For the macro.  Preserves errno. */
void bk_debug_line(enum bk_debug_topic topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A child process has started, or ended with status (of waitpid(2)).  Its
 * environment is not shown.
 */
void bk_debug_started(pid_t pid, char *const argv[]);
void bk_debug_ended(pid_t pid, int status);

#endif
