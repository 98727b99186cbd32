#ifndef BK_POLICY_WAL_H
#define BK_POLICY_WAL_H
/*
 * Which files of a WAL archive may be deleted: those whose position in the
 * WAL is before the start of each base backup that is kept, and that are
 * older than the recovery window.  What is not understood is kept.
 *
 * Names, as PostgreSQL gives them, each with any suffixes (".gz", ".bk"):
 *
 *	000000010000000A000000FF			a segment
 *	000000010000000A000000FF.partial		a timeline's last one
 *	000000010000000A000000FF.00000028.backup	a base backup's start
 *	00000002.history				kept always
 *
 * The first 8 digits are the timeline, the others the position.  Timelines
 * are not told apart, as pg_archivecleanup does: a later timeline that a
 * kept base backup may be recovered along has positions after its start.
 */
#include <stdint.h>

#include "base/err.h"
#include "policy/listing.h"
#include "policy/prune.h"

enum bk_wal_kind { BK_WAL_OTHER, BK_WAL_SEGMENT, BK_WAL_BACKUP };

/*
 * The kind of the file that name's last part names; *position is that of a
 * segment (a partial one too) or of a base backup's start.
 */
enum bk_wal_kind bk_wal_parse(const char *name, uint64_t *position);

/* The position of 24 hex digits anywhere in name's last part: 1, or 0. */
int bk_wal_start(const char *name, uint64_t *position);

/*
 * Decide on each of wal, an archive's listing; bases are base backups, of
 * which those that go (bk_prune_judge) are disregarded, but for the one that
 * recovery to the beginning of the window starts from; window is in seconds
 * back from the newest record of wal.
 *
 * A base backup begins at the 24 hex digits in its name; or else where the
 * newest .backup file in wal says that is not younger than it: PostgreSQL
 * archives that file before it ends the backup.
 *
 * BK_DATA, and nothing may go: wal has no WAL, or that of several archives
 * (directories, but for 8 or 16 hex digits); no base backup is kept; it
 * cannot be told where one begins; a guard refuses.
 */
int bk_wal_judge(struct bk_listing *wal, const struct bk_listing *bases,
    uint64_t window, const struct bk_guards *g, struct bk_err *e);

#endif
