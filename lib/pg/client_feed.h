#ifndef BK_PG_CLIENT_FEED_H
#define BK_PG_CLIENT_FEED_H
/*
 * A client program (psql, pg_restore) fed through its standard input, while a
 * thread drains its output, so that it never blocks on us.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"

struct bk_client_feed;

/* Start argv with env; *watch: its pid while it runs.  NULL with *e set. */
struct bk_client_feed *bk_client_feed_open(char *const argv[],
    char *const env[], atomic_int *watch, struct bk_err *e);

/* 0, also if the program has exited with success before its input ended. */
int bk_client_feed_write(struct bk_client_feed *f, const void *p, size_t n,
    struct bk_err *e);

/* End the input and wait for the program.  0, or -1 with *e set. */
int bk_client_feed_finish(struct bk_client_feed *f, struct bk_err *e);

/* Terminate the program if it still runs, and free; NULL is fine. */
void bk_client_feed_free(struct bk_client_feed *f);

#endif
