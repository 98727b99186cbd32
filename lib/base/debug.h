#ifndef BK_BASE_DEBUG_H
#define BK_BASE_DEBUG_H
/*
 * What is going on, for who looks for a fault: a line for each event of the
 * topics that are wanted.  None is by default, and then it costs a test of a
 * variable.  lib makes the lines, without secrets (redact.h); where they go is
 * for who calls bk_debug_set().
 */
#include <sys/types.h>

#include "base/err.h"

enum bk_debug_topic {
	BK_DEBUG_S3 = 1,	/* requests, answers, decisions, signatures */
	BK_DEBUG_SQL = 2,	/* connections, statements, outcomes */
	BK_DEBUG_CHILD = 4,	/* programs that are run */
};

/*
 * Takes one line, "s3" and its text, without a newline or tab, at most
 * BK_DEBUG_MAX bytes.  Called from several threads.
 */
#define BK_DEBUG_MAX 3900
typedef void bk_debug_fn(const char *topic, const char *text);

/* Read "s3,sql" into *topics.  -1 with *e set, BK_USAGE: it names another. */
int bk_debug_parse(const char *list, unsigned *topics, struct bk_err *e);

/* From now on fn gets the lines of these topics.  Before there are threads. */
void bk_debug_set(unsigned topics, bk_debug_fn *fn);

extern unsigned bk_debug_topics;	/* set by bk_debug_set() alone */

#define bk_debug(topic, ...) \
	((bk_debug_topics & (topic)) == 0 ? (void)0 : \
	    bk_debug_line((topic), __VA_ARGS__))

/* For the macro.  errno stays as it is. */
void bk_debug_line(enum bk_debug_topic topic, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A program was started, and it ended with status (as waitpid(2) has it).
 * Its environment is not shown.
 */
void bk_debug_started(pid_t pid, char *const argv[]);
void bk_debug_ended(pid_t pid, int status);

#endif
