#ifndef BK_RESTORE_FAILURES_H
#define BK_RESTORE_FAILURES_H
/*
 * Statements of a dump that failed and were passed by (bk-restore
 * --keep-going): one line for each, "TYPE schema.name: the server's message".
 * Usable from several threads.
 */
#include <pthread.h>

#include "archive/archive.h"
#include "base/buf.h"

struct bk_failures {		/* start with BK_FAILURES_INIT */
	pthread_mutex_t lock;
	struct bk_buf lines;	/* each with its newline, in their order */
	int n;
};
#define BK_FAILURES_INIT { .lock = PTHREAD_MUTEX_INITIALIZER }

/* Note one.  0, or -1 with *e set: no memory. */
int bk_failures_add(struct bk_failures *f, const char *what,
    const char *message, struct bk_err *e);

/*
 * Are they all among accepted, lines in any order?  0; else -1 with *e set,
 * BK_FAIL, naming the first that is not.
 */
int bk_failures_accept(const struct bk_failures *f, const char *accepted,
    struct bk_err *e);

void bk_failures_free(struct bk_failures *f);

#endif
