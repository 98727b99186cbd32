#ifndef BK_RESTORE_FOREIGN_H
#define BK_RESTORE_FOREIGN_H
/*
 * Foreign dumps that cannot be split and are fed whole to a client program:
 * tar format to pg_restore, plain SQL to the server (script.h).
 */
#include "restore/types.h"

enum bk_foreign_kind {
	BK_FOREIGN_ARCHIVE, /* PGDMP: bk_restore_open() */
	BK_FOREIGN_TAR, /* pg_dump -Ft */
	BK_FOREIGN_SQL, /* pg_dump -Fp, or similar */
	BK_FOREIGN_CLUSTER, /* pg_dumpall */
	BK_FOREIGN_GZIP,
	BK_FOREIGN_ZSTD,
	BK_FOREIGN_CRYPT, /* these three: a stage is missing */
	BK_FOREIGN_UNKNOWN,
};

/* The kind of a stream, by its first n bytes. */
enum bk_foreign_kind bk_foreign_recognise(const void *head, size_t n);

/*
 * BK_DATA, naming the missing stage, if a stream of this kind cannot be loaded
 * as it is; else 0.
 */
int bk_foreign_refuse(enum bk_foreign_kind kind, const char *name,
    struct bk_err *e);

/*
 * Load all of src, a BK_FOREIGN_TAR or BK_FOREIGN_SQL, into the database of
 * o->params.  SQL is refused (BK_DATA) if it has commands of psql, or if
 * demand_end is set and pg_dump's last line is missing.  0 only if the
 * source was complete and the program succeeded; -1 with *e set.  It all runs
 * as the user who restores: *super then has the superusers there were before
 * (bk_rights_super()).
 */
int bk_foreign_load(enum bk_foreign_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_buf *super, struct bk_err *e);

/*
 * What was loaded into p's database: append a line about functions that may
 * have run as a superuser, of owners who were not in super, if there are any.
 * 0, or -1 with *e set.
 */
int bk_foreign_tell(const struct bk_conn_params *p, const char *super,
    struct bk_buf *notes, struct bk_err *e);

#endif
