#ifndef BK_BASEBACKUP_BASE_BACKUP_H
#define BK_BASEBACKUP_BASE_BACKUP_H
/*
 * A physical base backup of a cluster as one tar stream (bk-formats(5)).
 *
 * The label says which cluster, from which host, at which instant by the
 * server's clock, on which timeline and from which WAL location on; so the
 * clock is asked first.  With WAL, a temporary replication slot of this session
 * keeps the server from removing it meanwhile; it ends with the session,
 * however that ends.
 *
 * The end (stream/writer.h) is written only once every file that passed has
 * been found in the manifest, with its size and CRC-32C, the manifest's own
 * SHA-256 is right, and the server said that no page failed.
 *
 * Memory: the manifest (about 150 bytes a file), and as much again for what is
 * to be compared with it.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/progress.h"
#include "basebackup/base_pages.h"
#include "replication/repl.h"
#include "stream/seal.h"
#include "stream/store.h"

#define BK_BASE_LABEL_MAX 1024	/* bytes of a backup's label */

struct bk_base_backup {
	struct bk_conn_target target;
	const char *label;	/* for backup_label */
	int fast;		/* checkpoint at once, not spread */
	int no_wal;		/* leave out WAL; wait for its archiving */
	int bad_pages;		/* record them and go on */
	int any_clock;		/* even if the server's differs */
	int estimate;		/* the size, for progress */
	uint32_t rate;		/* KiB per second; 0: no limit */
	const char *incremental;	/* an earlier one's manifest, or NULL */
	struct bk_store *manifest;	/* for a copy of it, or NULL */
	char run[BK_LABEL_RUN];	/* the pipeline's, for the label */
	struct bk_progress *progress;
	void (*say)(const char *message);	/* the server's warnings */
	/* set once connected, for PQcancel() in another thread; the caller's */
	_Atomic(PGcancel *) *cancel;
};

struct bk_base_done {		/* for the caller to report */
	char source[BK_CONN_HOST + 16];	/* "host:port"; "" not connected */
	uint64_t bytes;		/* of the stream */
	uint64_t start, end;	/* the WAL that it needs */
	struct bk_base_pages pages;	/* the bad ones */
};

/*
 * Back up to fd, which is closed on success.  0; -1 with *e set: BK_DATA for
 * bad pages, and for anything that differs from the manifest.
 */
int bk_base_backup_run(const struct bk_base_backup *o, int fd,
    struct bk_base_done *done, struct bk_err *e);

/*
 * Have the server keep its WAL, by a temporary slot named after run, until conn
 * ends.  0, or -1 with *e set: there is no room for one.
 */
int bk_base_reserve_wal(PGconn *conn, const char *run, struct bk_err *e);

#endif
