#ifndef BK_BASEBACKUP_BASE_STREAM_H
#define BK_BASEBACKUP_BASE_STREAM_H
/*
 * What a server answers to BASE_BACKUP, in both shapes of the protocol: a COPY
 * for each archive, the manifest's last (PostgreSQL 13 and 14), or one COPY
 * whose messages begin with their kind (from 15 on).
 *
 * First come two results of rows, where the WAL begins and the tablespaces;
 * then tar archives, one for each tablespace, at last that of the data
 * directory; then the manifest; at last a result with the end of the WAL.
 *
 * The server is not trusted: an archive that was not announced, an announced
 * one that does not come, a message of unknown kind are BK_DATA.
 */
#include <libpq-fe.h>

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum bk_base_kind { BK_BASE_TABLESPACE, BK_BASE_MAIN, BK_BASE_MANIFEST };

struct bk_base_archive {
	enum bk_base_kind kind;
	uint32_t oid;		/* of the tablespace */
	const char *location;	/* its directory on the server; borrowed */
};

struct bk_base_start {
	uint64_t lsn;
	uint32_t timeline;
	uint64_t bytes;		/* estimated; 0: nobody asked */
};

struct bk_base_stream;

/*
 * Send command, a BASE_BACKUP, and read up to the first archive, which may take
 * as long as a checkpoint.  conn is borrowed.  NULL with *e set.
 */
struct bk_base_stream *bk_base_stream_open(PGconn *conn, const char *command,
    struct bk_base_start *start, struct bk_err *e);

/*
 * Advance to the next archive; the current one was read to its end.  1; 0 after
 * the last; -1 with *e set.
 */
int bk_base_stream_next(struct bk_base_stream *s, struct bk_base_archive *a,
    struct bk_err *e);

/*
 * Read at most n bytes of the archive: a tar with its end marker, or the
 * manifest.  0 at its end; -1 with *e set.  ctx is a struct bk_base_stream (for
 * bk_source).
 */
ssize_t bk_base_stream_read(void *ctx, void *buf, size_t n, struct bk_err *e);

/*
 * After the last archive: the end of the WAL that the backup needs.  1; 0: the
 * backup ended with the server's verdict that page checksums failed, everything
 * else of it is there; -1 with *e set.
 */
int bk_base_stream_end(struct bk_base_stream *s, uint64_t *lsn,
    struct bk_err *e);

void bk_base_stream_free(struct bk_base_stream *s);	/* NULL is fine */

#endif
