#ifndef BK_WAL_PUT_H
#define BK_WAL_PUT_H
/*
 * A WAL file of a server into an archive by a COMMAND (wal/command.h), once it
 * was found to be what its name says.
 *
 * With a spool directory, the other files that are .ready in archive_status
 * are stored too, several at once, each recorded as durably as the file itself:
 * the spool's file NAME.stored holds the SHA-256 of what was stored and that of
 * COMMAND, since another one may store elsewhere.  When the server asks for
 * NAME, these are compared, and nothing is sent again.  A record is removed
 * when NAME is no longer .ready.
 */
#include "base/err.h"
#include "wal/command.h"

struct bk_wal_put_options {
	const struct bk_wal_command *command;
	const char *spool;	/* a directory; NULL: none */
	unsigned jobs;		/* with a spool, so many COMMANDs at once */
	const char *sysid;	/* the cluster's; "": any */
	const char *host;	/* for the label */
	const char *run;	/* for the label */
};

struct bk_wal_put;

/* NULL with *e set; BK_BUSY: another process uses the spool. */
struct bk_wal_put *bk_wal_put_open(const struct bk_wal_put_options *o,
    struct bk_err *e);

/*
 * Store the file path, whose base name is that of a WAL file.  0: COMMAND has
 * stored it, now or before; -1 with *e set.
 */
int bk_wal_put(struct bk_wal_put *p, const char *path, struct bk_err *e);

/*
 * After bk_wal_put(): why what was stored could not be recorded in the spool,
 * NULL if all was.  It is stored all the same; it will be sent again.
 */
const struct bk_err *bk_wal_put_unrecorded(const struct bk_wal_put *p);

/*
 * After bk_wal_put(): which .partial was stored under a second name
 * (wal/sending.h), for people; NULL if none was.
 */
const char *bk_wal_put_second(const struct bk_wal_put *p);

/* SIGTERM to all COMMANDs, and start no other; from any thread. */
void bk_wal_put_stop(struct bk_wal_put *p);

void bk_wal_put_free(struct bk_wal_put *p); /* NULL is fine */

#endif
