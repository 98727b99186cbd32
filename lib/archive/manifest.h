#ifndef BK_ARCHIVE_MANIFEST_H
#define BK_ARCHIVE_MANIFEST_H
/*
 * A dump's own metadata: JSON objects (RFC 8259) in data blocks whose id no
 * TOC entry has, so that standard tools skip them.  The first key is "bk", the
 * kind: "table", "blobs", "globals", "manifest".  See bk-formats(5).
 *
 * pg_restore stops reading a pipe after the last block that it needs.  Blocks
 * after that must leave in the same write (base/writer.h), so the lengths of a
 * proof record and the manifest are bounded: long strings are truncated.
 */
#include <stdint.h>
#include <time.h>

#include "archive/archive.h"
#include "archive/digest.h"

#define BK_PROOF_RECORD_MAX_LEN 1700	/* bytes of JSON, at most */
#define BK_MANIFEST_MAX 2200

struct bk_manifest {		/* strings are borrowed; NULL: unknown */
	const char *database;
	const char *system_identifier;
	const char *server_version, *server_encoding;
	const char *snapshot, *lsn;
	const char *pg_dump;	/* its version */
	const char *options;	/* as given, without the connection */
	/* the session's settings that affect the text of values */
	const char *timezone, *bytea_output, *lc_monetary;
	const char *quote_all_identifiers;
	time_t started, ended;
	uint64_t tables, rows, bytes, blobs;
	struct bk_digest records;	/* XXH3-128 of the concatenated JSON
					 * text of all proof records */
};

/* The content of a table or of a block of large objects. */
struct bk_content {
	uint64_t rows;		/* or objects */
	uint64_t bytes;		/* of COPY text with newlines, or of objects */
	struct bk_digest digest;
};

/* Append the proof record of a TABLE DATA or BLOBS entry. */
int bk_manifest_proof_record(struct bk_buf *b, const struct bk_toc_entry *te,
    const struct bk_content *c, struct bk_err *e);

/* Append the manifest. */
int bk_manifest_format(struct bk_buf *b, const struct bk_manifest *m,
    struct bk_err *e);

#endif
