#ifndef BK_BASE_THREAD_H
#define BK_BASE_THREAD_H
/*
 * Threads with all signals blocked: these are delivered to the thread that
 * cleans up, main()'s or one that waits for them.
 */
#include <pthread.h>

#include "base/err.h"

/* Start run(arg); join it with pthread_join(3).  0, or -1 with *e set. */
int bk_thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
    struct bk_err *e);

#endif
