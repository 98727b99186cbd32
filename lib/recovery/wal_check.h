#ifndef BK_RECOVERY_WAL_CHECK_H
#define BK_RECOVERY_WAL_CHECK_H
/*
 * Prove, before a server is started, that recovery from a base backup reaches
 * its target: find the timelines on the way, fetch each segment, walk it record
 * by record (walfile/wal_reader.h), and stop where PostgreSQL will stop.
 *
 * As PostgreSQL does, a segment is looked for in the archive, on the newest
 * timeline first, and then among the base backup's own WAL.  Unlike it, what is
 * damaged is not taken for the end.
 */
#include "base/progress.h"
#include "recovery/recovery_target.h"
#include "wal/get.h"
#include "walfile/backup_label.h"
#include "walfile/history.h"

#define BK_PROVE_LATEST 0u		/* the newest timeline that there is */
#define BK_PROVE_CURRENT UINT32_MAX	/* the base backup's */

struct bk_prove_options {		/* all is borrowed */
	struct bk_wal_get *get;		/* NULL: there is no archive */
	const char *spool;		/* where get puts files */
	uint64_t spool_max;		/* bytes to leave there */
	int own;			/* the base backup's pg_wal, a
					 * directory's descriptor; -1: none */
	struct bk_start_label label;
	uint64_t end;			/* LSN at which the base backup is
					 * consistent; 0: the WAL tells */
	const char *sysid;		/* decimal; "": not known */
	struct bk_recovery_target target;
	uint32_t timeline;
	struct bk_progress *progress;	/* segments, bytes */
};

/* How the server is to be told where to stop. */
enum bk_proof_stop {
	BK_STOP_AS_ASKED,	/* by the target itself */
	BK_STOP_BEFORE,		/* before the record at lsn */
	BK_STOP_AFTER,		/* after the record at lsn */
};

struct bk_proof {
	uint32_t timeline;	/* to recover along */
	uint64_t segment;	/* bytes of one */
	uint64_t segments, bytes;	/* of WAL walked: files, LSN distance */
	enum bk_proof_stop stop;
	uint64_t lsn;		/* see above */
	uint64_t end;		/* of the WAL that will be replayed */
	int has_time;
	int64_t time;		/* of the last transaction until there */
	int rolled_back;	/* the target is a transaction that was */
};

/*
 * 0; -1 with *e set: BK_DATA the target cannot be reached: a hole, damage, what
 * is stored is not what its name says, the target lies before the base backup's
 * end or after the last WAL, each named; BK_FAIL it could not find out.
 */
int bk_prove(const struct bk_prove_options *o, struct bk_proof *p,
    struct bk_err *e);

#endif
