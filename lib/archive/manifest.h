#ifndef BK_ARCHIVE_MANIFEST_H
#define BK_ARCHIVE_MANIFEST_H
/*
 * A dump's own metadata: JSON objects (RFC 8259) in data blocks whose id no
 * TOC entry has, so that standard tools skip them.  The first key is "bk", the
 * kind: "table", "blobs", "globals", "manifest".  See bk-formats(5).
 *
 * pg_restore stops reading a pipe after the last block that it needs.  Blocks
 * after that must leave in the same write (stream/writer.h), so the lengths of
 * a proof record and the manifest are bounded: long strings are truncated.
 */
#include <stdint.h>
#include <time.h>

#include "archive/archive.h"
#include "archive/digest.h"

#define BK_PROOF_RECORD_MAX_LEN 1700	/* bytes of JSON, at most */
#define BK_MANIFEST_MAX 2180

struct bk_manifest {		/* strings are borrowed; NULL: unknown */
	const char *database;
	const char *system_identifier;
	const char *server_version, *server_encoding;
	const char *snapshot, *lsn;
	const char *pg_dump;	/* its version */
	char *const *options;	/* as given, without the connection; NULL at
				 * the end, or NULL for none */
	/* the session's settings that affect the text of values */
	const char *timezone, *bytea_output, *lc_monetary;
	const char *quote_all_identifiers;
	const char *toc;	/* digest of header and TOC */
	time_t started, ended;
	uint64_t tables, rows, bytes, blobs;
	struct bk_digest records;	/* XXH3-128 of the concatenated JSON
					 * text of all proof records and of
					 * "globals" */
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

/* Append the object that stands before the n bytes of sql, and a newline. */
int bk_manifest_globals(struct bk_buf *b, const void *sql, size_t n,
    struct bk_err *e);

/* Append the manifest. */
int bk_manifest_format(struct bk_buf *b, const struct bk_manifest *m,
    struct bk_err *e);

/*
 * The digest of a manifest, by which a receipt names it: XXH3-128 of its n
 * bytes of JSON text, in hex.  It also follows the manifest.
 */
void bk_manifest_digest(const void *json, size_t n, char out[BK_DIGEST_TEXT]);

/* Append what follows the JSON text at the beginning of b: digest and mark. */
int bk_manifest_close(struct bk_buf *b, const char *mark, struct bk_err *e);

#endif
