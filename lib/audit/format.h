#ifndef BK_AUDIT_FORMAT_H
#define BK_AUDIT_FORMAT_H
/*
 * The audit log: one JSON object a line, one line a run of a tool.  Fields:
 * timestamp (end, RFC 3339 UTC), operation (the tool), type, source,
 * destination, size_bytes, duration_seconds, status ("success", "failure"),
 * error (null or a message), user, host, pid, version; and previous, which
 * chains the lines (lib/audit/chain.h) and is not made here.
 *
 * Whoever appends holds a lock on the whole file (fcntl(2), so also on NFS)
 * from open to close, and leaves either a whole line or none.  Readers do not
 * lock.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_audit {
	const char *operation;	/* "bk-gz" */
	/* the next three: NULL or "" where it is not known, null in the log */
	const char *type;	/* "dump", "compress", "upload" ... */
	const char *source;	/* never a secret: no URI with a password */
	const char *destination;
	uint64_t size_bytes;	/* what the run wrote, or read if it stores */
	double duration_seconds;
	time_t ended;
};

/*
 * Add the record of a run to *b, an object without a newline.  *result is how
 * it ended (BK_OK: success); NULL while it goes on: then what is known only
 * at its end (timestamp, size_bytes, duration_seconds, status, error) is left
 * out.  0, or -1 with *e set.
 */
int bk_audit_format(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

/*
 * Open the log to append to it, made with mode 0600 if it is not there, and
 * wait for the lock.  Returns a descriptor, at *size bytes, that path stands
 * for at this moment even if logs are being rotated; -1 with *e set: also
 * where it is no regular file.
 */
int bk_audit_open(const char *path, off_t *size, struct bk_err *e);

/*
 * Append text, whole lines, in one write, see that it is on the disk, and
 * close fd, of bk_audit_open().  0, or -1 with *e set and the log as it was:
 * what a full disk cut off is taken back.
 */
int bk_audit_commit(int fd, off_t size, const struct bk_buf *text,
    const char *path, struct bk_err *e);

/* Append a run's record, not chained.  0, or -1 with *e set. */
int bk_audit_append(const char *path, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

#endif
