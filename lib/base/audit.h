#ifndef BK_BASE_AUDIT_H
#define BK_BASE_AUDIT_H
/*
 * The audit log: one JSON object a line, one line a run of a tool, appended
 * with one write(2) to a file opened O_APPEND, so that tools that end at the
 * same moment do not mix.  Fields: timestamp (end, RFC 3339 UTC), operation
 * (the tool), type, source, destination, size_bytes, duration_seconds, status
 * ("success", "failure"), error (null or a message), user, host, pid, version.
 */
#include <stdint.h>
#include <time.h>

#include "err.h"

struct bk_audit {
	const char *operation;	/* "bk-gz" */
	const char *type;	/* "dump", "compress", "upload" ...; or NULL */
	const char *source;	/* never a secret: no URI with a password */
	const char *destination;
	uint64_t size_bytes;	/* what the run wrote, or read if it stores */
	double duration_seconds;
	time_t ended;
};

/*
 * Append a line for a run that ended with *result (BK_OK: success) to the
 * file path, made with mode 0600 if it is not there.  0, or -1 with *e set.
 */
int bk_audit_append(const char *path, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

#endif
