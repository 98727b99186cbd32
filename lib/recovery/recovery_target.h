#ifndef BK_RECOVERY_RECOVERY_TARGET_H
#define BK_RECOVERY_RECOVERY_TARGET_H
/*
 * The moment that recovery is to end at, as people write it:
 *
 *	2026-11-21 14:30Z, 2026-11-21T14:30:05.25+01:00	a time, with its zone,
 *				by the grammar of bk_moment_parse()
 *	16/B374D848		everything before this position in the WAL
 *	before_migration	a restore point's name
 *	immediate		as soon as the base backup is consistent
 *	latest			the end of the WAL
 *
 * "time:", "lsn:", "name:" and "xid:" before it say which it is; without, what
 * could be two things is refused.  A transaction always needs "xid:".
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum bk_recovery_target_kind {
	BK_TARGET_LATEST,
	BK_TARGET_IMMEDIATE,
	BK_TARGET_TIME,		/* with all that was committed by then */
	BK_TARGET_LSN,		/* without a record that begins there */
	BK_TARGET_NAME,		/* up to the first one of this name */
	BK_TARGET_XID,		/* with this transaction */
};

#define BK_TARGET_NAME_MAX 63	/* bytes; PostgreSQL's limit */

struct bk_recovery_target {
	enum bk_recovery_target_kind kind;
	int64_t time;		/* microseconds since 1970, UTC */
	uint64_t lsn;
	uint32_t xid;
	char name[BK_TARGET_NAME_MAX + 1];
};

/*
 * Parse s.  0; -1 with *e set, BK_USAGE, naming what to write instead: a time
 * without a zone is refused with the readings that it has, in the zone that the
 * process runs in and in UTC.
 */
int bk_recovery_target_parse(const char *s, struct bk_recovery_target *t,
    struct bk_err *e);

/*
 * "2026-11-21 14:30:00.25+00": UTC, as PostgreSQL reads it; 1970 for an earlier
 * time.
 */
#define BK_TARGET_TIME_TEXT 40
void bk_recovery_target_time(int64_t time, char out[BK_TARGET_TIME_TEXT]);

/* Append what it is to *out: "restore point \"before\"". */
int bk_recovery_target_describe(const struct bk_recovery_target *t,
    struct bk_buf *out, struct bk_err *e);

#endif
