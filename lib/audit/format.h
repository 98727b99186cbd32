#ifndef BK_AUDIT_FORMAT_H
#define BK_AUDIT_FORMAT_H
/*
 * The audit log: one JSON object per line, one line per run of a tool.
 * Members: timestamp (end, RFC 3339 UTC), operation (the tool), type, source,
 * destination, size_bytes, duration_seconds, status ("success", "failure"),
 * error (null or a message), user, host, ip_address (null or this host's), pid,
 * version, run or backup, stages, proof, deleted, oldest, newest (where known);
 * and previous, which chains the lines and is added by audit/chain.h.
 *
 * A writer locks the whole file (fcntl(2), so NFS works) from open to close,
 * and leaves a complete line or none.  Readers do not lock.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_audit {
	const char *operation;	/* "bk-gz" */
	/* the next three: NULL or "" if unknown, null in the log */
	const char *type;	/* "dump", "compress", "upload" ... */
	const char *source;	/* never a secret: no URI with a password */
	const char *destination;
	/* of the stream's label (stream/seal.h); NULL or "": left out */
	const char *run;	/* the pipeline that this run is a stage of */
	const char *backup;	/* the one that made what this run reads back */
	const char *stages;	/* of a job: its tools; NULL: left out */
	const char *proof;	/* of a verification: the kind of proof that it
				 * has established; NULL: left out */
	uint64_t deleted;	/* of a deletion: its names; 0: left out */
	time_t oldest, newest;	/* of these names; 0: not known, left out */
	uint64_t size_bytes;	/* bytes written, or read if the run stores */
	int answered;		/* a failure is an answer: a success, with the
				 * message as its error */
	double duration_seconds;
	time_t ended;
};

/*
 * Find the user and the host of this run, once: later the process may not be
 * able to look them up any more.
 */
void bk_audit_look_up(void);

/* Append that to *b, as a record of its own with an empty operation. */
int bk_audit_format_own(struct bk_buf *b, struct bk_err *e);

/*
 * Append a run's record to *b, an object without a newline, and without its
 * user, which the recorder finds.  *result is the run's result (BK_OK:
 * success); NULL for a run in progress, which omits what is known at its end
 * only: timestamp, size_bytes, duration_seconds, status, error.  0, or -1 with
 * *e set.
 */
int bk_audit_format(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

/*
 * Open the log for a later bk_audit_append(), by a process that will then not
 * be able to any more; creates it with mode 0600 if necessary.  -1 with *e set,
 * also if it is not a regular file.
 */
int bk_audit_reserve(const char *path, struct bk_err *e);

/*
 * Open the log for appending, creating it with mode 0600 if necessary, and
 * wait for the lock.  Returns a descriptor of a file of *size bytes that is at
 * path once locked, even if logs are being rotated; -1 with *e set, also if it
 * is not a regular file.
 */
int bk_audit_open(const char *path, off_t *size, struct bk_err *e);

/*
 * Append text, complete lines, to fd from bk_audit_open() in one write, sync
 * and close fd.  0, or -1 with *e set and the log unchanged: a partial write
 * is undone, or *e says that it could not be.
 */
int bk_audit_commit(int fd, off_t size, const struct bk_buf *text,
    const char *path, struct bk_err *e);

/*
 * Append a run's record, unchained, to fd of bk_audit_reserve(), which it
 * closes, -1: to path as it is now.  0, or -1 with *e set.
 */
int bk_audit_append(const char *path, int fd, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

#endif
