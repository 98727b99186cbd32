#ifndef BK_PG_FEED_H
#define BK_PG_FEED_H
/*
 * Dumps that cannot be split and so are fed to a client program whole: tar
 * format and compressed archives to pg_restore, plain SQL to psql.
 */
#include "restore.h"

enum bk_feed_kind {
	BK_FEED_ARCHIVE,	/* PGDMP: bk_restore_open() */
	BK_FEED_TAR,		/* pg_dump -Ft */
	BK_FEED_SQL,		/* pg_dump -Fp, or what looks like it */
	BK_FEED_CLUSTER,	/* pg_dumpall */
	BK_FEED_GZIP, BK_FEED_ZSTD, BK_FEED_CRYPT,	/* a stage is missing */
	BK_FEED_UNKNOWN,
};

/* What a stream with these first bytes is. */
enum bk_feed_kind bk_feed_recognise(const void *head, size_t n);

/*
 * BK_DATA, naming the stage that is missing, if a stream of that kind cannot
 * be loaded as it is; else 0.
 */
int bk_feed_refuse(enum bk_feed_kind kind, const char *name,
    struct bk_err *e);

/*
 * Load all of src, a BK_FEED_TAR or BK_FEED_SQL, into the database that
 * o->params name.  SQL is refused (BK_DATA) if it goes to another database, or
 * if demand_end and pg_dump's last line is missing.  0 only if the source was
 * complete and the program content; -1 with *e set.
 */
int bk_feed_run(enum bk_feed_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_err *e);

/* For who brings the bytes himself: a program and what it is fed with. */
struct bk_feed;

struct bk_feed *bk_feed_open(char *const argv[], char *const env[],
    volatile sig_atomic_t *watch, struct bk_err *e);

/* Fine, too, if the program has ended, content, before its input. */
int bk_feed_write(struct bk_feed *f, const void *p, size_t n,
    struct bk_err *e);

/* There is no more: what does the program say?  0, or -1 with *e set. */
int bk_feed_finish(struct bk_feed *f, struct bk_err *e);

/* Stop it, if it still runs, and free; NULL is fine. */
void bk_feed_free(struct bk_feed *f);

#endif
