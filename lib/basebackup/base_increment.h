#ifndef BK_BASEBACKUP_BASE_INCREMENT_H
#define BK_BASEBACKUP_BASE_INCREMENT_H
/* Incremental base backups, which PostgreSQL has from 17 on. */
#include "replication/repl.h"
#include "stream/seal.h"

struct bk_base_parent {		/* the backup that an increment is made from */
	uint64_t start;		/* where its WAL begins; 0: there is none */
	char sum[BK_LABEL_SUM];	/* of its manifest's checksum, for a label */
};

/*
 * 0 if the server makes incremental backups, and *manifest, from file name, is
 * one of its cluster; else -1 with *e set: BK_DATA if it is none, BK_FAIL if
 * the server cannot do it.
 */
int bk_base_increment_check(PGconn *conn, const struct bk_repl_server *server,
    const char *name, const struct bk_buf *manifest, struct bk_err *e);

/*
 * Have the next BASE_BACKUP (INCREMENTAL) of conn send what has changed since
 * the backup whose manifest, from file name, is *manifest; its memory is freed.
 * *parent is that one.  0; -1 with *e set, as
 * bk_base_increment_check() does that first.
 */
int bk_base_increment_from(PGconn *conn, const struct bk_repl_server *server,
    const char *name, struct bk_buf *manifest, struct bk_base_parent *parent,
    struct bk_err *e);

#endif
