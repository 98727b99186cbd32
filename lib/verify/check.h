#ifndef BK_VERIFY_CHECK_H
#define BK_VERIFY_CHECK_H
/*
 * Level 1 of verification: read a backup once, from beginning to end, and check
 * it against its own manifest and structure.  Needs neither disk nor database.
 *
 * All functions here read src to its end and fill in *v (verdict.h).  0: sound
 * as far as v->proof goes; -1 with *e set: BK_DATA if it is not, and v has the
 * differences, unless the damage kept the rest from being read; BK_FAIL if this
 * could not be determined.
 */
#include "archive/archive.h"
#include "base/progress.h"
#include "verify/verdict.h"

enum bk_check_kind {
	BK_CHECK_UNKNOWN, BK_CHECK_ARCHIVE, BK_CHECK_SQL, BK_CHECK_TAR,
	BK_CHECK_GPG,		/* encrypted by gpg: not for us */
};

/* The kind of a backup, by its first n bytes. */
enum bk_check_kind bk_check_recognise(const void *head, size_t n);

/* Callback for each block's content, after the block has been read. */
struct bk_check_watch {
	void (*block)(void *ctx, int32_t id, const struct bk_content *c);
	void *ctx;
};

/*
 * An archive of bk-dump or pg_dump -Fc.  "content": every table's rows, bytes
 * and digest agree with its proof record, the proof records with the manifest.
 * "structure", if there is no manifest: every TOC entry with data has its
 * block, every COPY its end marker.  Memory: the TOC and 256 KiB; no row is
 * held.  watch may be NULL.
 */
int bk_check_archive(struct bk_source src, const char *name,
    const struct bk_check_watch *watch, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e);

/*
 * A script of pg_dump or pg_dumpall.  "structure": it has their last line, and
 * ends outside of any statement, quote or COPY.  Memory: 128 KiB.
 */
int bk_check_sql(struct bk_source src, const char *name,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e);

/*
 * A base backup as one tar with its backup_manifest in it (bk-base, or
 * pg_basebackup -D - -Ft -X fetch).  "content": each file has the size and
 * checksum given in the manifest, none is missing or too many, and the manifest
 * has its own checksum; the WAL that it needs is there, of this cluster by the
 * segments' headers, unless none is inside (v->uncovered); label and trailer of
 * bk-base agree with all this.  Checksums may be CRC-32C or SHA-256; both are
 * computed, as the manifest, which names the algorithm, comes last.  Memory:
 * for each file 100 bytes and its name, and the manifest.
 *
 * Other tars, whole as far as their end marker: of pg_dump -Ft "structure";
 * of files "seal" if v->sealed, else BK_FAIL: nothing vouches for them.
 */
int bk_check_tar(struct bk_source src, const char *name,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e);

/* Any other sealed stream: "seal", its producer has finished it. */
int bk_check_sealed(struct bk_source src, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e);

#endif
