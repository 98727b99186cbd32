#ifndef BK_PG_POUR_H
#define BK_PG_POUR_H
/*
 * Dumps that cannot be split and so are fed to a client program whole: tar
 * format and compressed archives to pg_restore, plain SQL to psql.
 */
#include "restore.h"

enum bk_pour_kind {
	BK_POUR_ARCHIVE,	/* PGDMP: bk_restore_open() */
	BK_POUR_TAR,		/* pg_dump -Ft */
	BK_POUR_SQL,		/* pg_dump -Fp, or what looks like it */
	BK_POUR_CLUSTER,	/* pg_dumpall */
	BK_POUR_GZIP, BK_POUR_ZSTD, BK_POUR_CRYPT,	/* a stage is missing */
	BK_POUR_UNKNOWN,
};

/* What a stream with these first bytes is. */
enum bk_pour_kind bk_pour_recognise(const void *head, size_t n);

/*
 * BK_DATA, naming the stage that is missing, if a stream of that kind cannot
 * be loaded as it is; else 0.
 */
int bk_pour_refuse(enum bk_pour_kind kind, const char *name,
    struct bk_err *e);

/*
 * Load all of src, a BK_POUR_TAR or BK_POUR_SQL, into the database that
 * o->params name.  SQL is refused (BK_DATA) if it goes to another database, or
 * if demand_end and pg_dump's last line is missing.  0 only if the source was
 * complete and the program content; -1 with *e set.
 */
int bk_pour_run(enum bk_pour_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_err *e);

/* For who brings the bytes himself: a program and what it is fed with. */
struct bk_pour;

struct bk_pour *bk_pour_open(char *const argv[], char *const env[],
    atomic_int *watch, struct bk_err *e);

/* Fine, too, if the program has ended, content, before its input. */
int bk_pour_write(struct bk_pour *f, const void *p, size_t n,
    struct bk_err *e);

/* There is no more: what does the program say?  0, or -1 with *e set. */
int bk_pour_finish(struct bk_pour *f, struct bk_err *e);

/* Stop it, if it still runs, and free; NULL is fine. */
void bk_pour_free(struct bk_pour *f);

#endif
