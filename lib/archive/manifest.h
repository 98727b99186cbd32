#ifndef BK_ARCHIVE_MANIFEST_H
#define BK_ARCHIVE_MANIFEST_H
/*
 * What a dump says about itself: JSON objects (RFC 8259) in data blocks whose
 * id no TOC entry has, so that standard tools skip them.  The first key is
 * "bk" and names the kind: "table", "blobs", "globals", "manifest".
 * man/bk-formats.5 describes each.
 *
 * pg_restore stops reading a pipe after the last block that it wants.  What
 * we write behind it must leave in the same write (base/writer.h), so a record
 * and the manifest have upper bounds, whatever the names in them; too long a
 * string is cut.
 */
#include <stdint.h>
#include <time.h>

#include "archive/archive.h"
#include "archive/digest.h"

#define BK_PROOF_RECORD_MAX_LEN 1700	/* bytes of JSON, at most */
#define BK_MANIFEST_MAX 2200

struct bk_manifest {		/* strings borrowed, NULL: unknown */
	const char *database;
	const char *system_identifier;
	const char *server_version, *server_encoding;
	const char *snapshot, *lsn;
	const char *pg_dump;	/* its version */
	const char *options;	/* as given, without the connection */
	/* what else the text of values depends on: the session's settings */
	const char *timezone, *bytea_output, *lc_monetary;
	const char *quote_all_identifiers;
	time_t started, ended;
	uint64_t tables, rows, bytes, blobs;
	struct bk_digest records;	/* XXH3-128 of all records' JSON text,
					 * one behind the other */
};

/* One table's or block of large objects' content. */
struct bk_content {
	uint64_t rows;		/* or objects */
	uint64_t bytes;		/* COPY text with its newlines, or content */
	struct bk_digest digest;
};

/* Append the record of a TABLE DATA or BLOBS entry. */
int bk_manifest_proof_record(struct bk_buf *b, const struct bk_toc_entry *te,
    const struct bk_content *c, struct bk_err *e);

/* Append the manifest. */
int bk_manifest_format(struct bk_buf *b, const struct bk_manifest *m,
    struct bk_err *e);

#endif
