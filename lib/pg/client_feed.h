#ifndef BK_PG_CLIENT_FEED_H
#define BK_PG_CLIENT_FEED_H
/*
 * A client program (psql, pg_restore) that is fed through its standard input,
 * while a thread reads what it says, so that it never waits for us.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"

struct bk_client_feed;

struct bk_client_feed *bk_client_feed_open(char *const argv[],
    char *const env[], atomic_int *watch, struct bk_err *e);

/* Fine, too, if the program has ended, content, before its input. */
int bk_client_feed_write(struct bk_client_feed *f, const void *p, size_t n,
    struct bk_err *e);

/* There is no more: what does the program say?  0, or -1 with *e set. */
int bk_client_feed_finish(struct bk_client_feed *f, struct bk_err *e);

/* Stop it, if it still runs, and free; NULL is fine. */
void bk_client_feed_free(struct bk_client_feed *f);

#endif
