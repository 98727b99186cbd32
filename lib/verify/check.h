#ifndef BK_VERIFY_CHECK_H
#define BK_VERIFY_CHECK_H
/*
 * A backup, read once from beginning to end and judged by what it says of
 * itself: the first level of verification, for which neither a disk nor a
 * database is needed.
 *
 * All functions here read src to its end and fill in *v (verdict.h).  0: it
 * holds as far as v->proof says; -1 with *e set: BK_DATA it does not, and v
 * has the differences, or the damage is such that no more could be read;
 * BK_FAIL it could not be told.
 */
#include "archive/archive.h"
#include "base/progress.h"
#include "verify/verdict.h"

enum bk_check_kind {
	BK_CHECK_UNKNOWN, BK_CHECK_ARCHIVE, BK_CHECK_SQL, BK_CHECK_BASE,
};

/* Recognise a backup by its first n bytes. */
enum bk_check_kind bk_check_recognise(const void *head, size_t n);

/* Who wants to know each block's content: called when it has been read. */
struct bk_check_watch {
	void (*block)(void *ctx, int32_t id, const struct bk_content *c);
	void *ctx;
};

/*
 * An archive of bk-dump or pg_dump -Fc.  "content": every table's rows, bytes
 * and digest agree with their record, the records with the manifest.
 * "structure", where there is no manifest: every entry of the TOC has its
 * block, every COPY its end.  Memory: the TOC and 256 KiB; no row is held.
 * watch may be NULL.
 */
int bk_check_archive(struct bk_source src, const char *name,
    const struct bk_check_watch *watch, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e);

/*
 * A script of pg_dump or pg_dumpall.  "structure": it ends where they end it,
 * outside of any statement, quote or COPY.  Memory: 128 KiB.
 */
int bk_check_sql(struct bk_source src, const char *name,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e);

/*
 * A base backup as one tar with its backup_manifest in it (pg_basebackup -D -
 * -Ft).  "content": each file has the size and checksum that the manifest
 * gives, none is missing, and the manifest its own checksum.  CRC-32C and
 * SHA-256 are known, as the manifest comes last and tells only then which it
 * is.  Memory: 150 bytes and its name for each file, and the manifest.
 */
int bk_check_base(struct bk_source src, const char *name,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e);

#endif
