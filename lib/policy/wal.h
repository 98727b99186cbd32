#ifndef BK_POLICY_WAL_H
#define BK_POLICY_WAL_H
/*
 * Which files of a WAL archive may be deleted: those whose WAL position is
 * before the start of every kept base backup, and that are older than the
 * recovery window; and .partial ones whose whole segment is there.  Histories
 * and files of unknown name are kept.
 *
 * Names are read with suffixes (walfile/wal_name.h).  As in pg_archivecleanup,
 * timelines are ignored: a later timeline along which a kept base backup may be
 * recovered has positions after its start.
 */
#include <stdint.h>

#include "base/err.h"
#include "policy/listing.h"
#include "policy/prune.h"

#define BK_WAL_MARGIN (2 * 86400)	/* seconds */

/*
 * Decide on each item of wal, the listing of one archive.  bases are the base
 * backups; expired ones (bk_prune_judge) are ignored, except the one from which
 * recovery to the beginning of the window starts.  window is in seconds back
 * from the newest record of wal.
 *
 * A base backup starts at the 24 hex digits in its name.  Without them it
 * starts no earlier than each of these, where there are such:
 *
 *	the position that {chain} in its name tells (increments.h);
 *
 *	the position of the newest .backup file in wal that is not younger than
 *	the stamp in its name, or, without one, than BK_WAL_MARGIN before it was
 *	stored: that backup had ended when this one began;
 *
 *	the first position of which wal has a segment that was stored later
 *	than BK_WAL_MARGIN before the stamp in its name.  The stamp is from the
 *	checkpoint's end; the start is the checkpoint's beginning, which is at
 *	most a day earlier (checkpoint_timeout), and clocks may differ.  In a
 *	copied archive all was stored late, so all is kept.
 *
 * 0, or -1 with BK_DATA, and nothing may be deleted: wal has no WAL files, or
 * those of several archives (directories, ignoring subdirectories of 8 or 16
 * hex digits); no base backup is kept; the start of one is unknown; a guard
 * refuses.  What is not a backup (record.h) among bases is ignored.
 */
int bk_wal_judge(struct bk_listing *wal, const struct bk_listing *bases,
    uint64_t window, const struct bk_guards *g, struct bk_err *e);

#endif
