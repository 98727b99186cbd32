#ifndef BK_RECOVERY_BACKUP_SCAN_H
#define BK_RECOVERY_BACKUP_SCAN_H
/*
 * Read a base backup's tar to its end without unpacking it: what it is, what it
 * needs.  Only its own WAL is written, to a directory of the caller's.  Its
 * entries are judged (datadir/base_judge.h); of the checksums only the
 * manifest's own is compared.
 */
#include "archive/archive.h"
#include "base/progress.h"
#include "datadir/backup_manifest.h"

struct bk_survey {
	int major;		/* by PG_VERSION; 0: none */
	struct bk_buf label;	/* text of backup_label */
	struct bk_buf spaces;	/* of tablespace_map */
	uint64_t files, bytes;
	uint64_t end;		/* LSN up to which it needs WAL; 0: unknown */
	char sysid[BK_WAL_SYSID];	/* by the manifest; "" */
};

/*
 * src is called name in messages; wal is the directory for its WAL, an open
 * descriptor.  0 with *s, to be freed in any case; -1 with *e set: BK_DATA for
 * what is not a base backup.
 */
int bk_survey(struct bk_source src, const char *name, int wal,
    struct bk_progress *progress, struct bk_survey *s, struct bk_err *e);

void bk_survey_free(struct bk_survey *s);

#endif
