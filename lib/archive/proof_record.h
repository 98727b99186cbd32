#ifndef BK_ARCHIVE_PROOF_RECORD_H
#define BK_ARCHIVE_PROOF_RECORD_H
/*
 * Reading what manifest.h writes: data blocks whose id no TOC entry has.  Each
 * begins with a JSON object, which may be followed by a newline and other
 * data: the SQL of "globals", the manifest's closing mark.
 */
#include <jansson.h>

#include "archive/archive.h"
#include "archive/manifest.h"

#define BK_PROOF_RECORD_MAX (64 * 1024)	/* bytes of JSON, at most */
#define BK_PROOF_RECORD_REST_MAX (256 * 1024 * 1024) /* bytes kept, at most */

enum bk_proof_record_kind {
	BK_PROOF_RECORD_TABLE, BK_PROOF_RECORD_BLOBS, BK_PROOF_RECORD_GLOBALS,
	BK_PROOF_RECORD_MANIFEST,
	BK_PROOF_RECORD_OTHER,	/* of a later version: skip it */
	BK_PROOF_RECORD_NONE,	/* not written by bk-dump */
};

struct bk_proof_record {		/* start with = {0} */
	enum bk_proof_record_kind kind;
	struct bk_buf text;	/* the JSON, verbatim */
	json_t *json;
	uint64_t rest;		/* bytes after the newline */
	struct bk_digest digest;	/* XXH3-128 of them, of "globals" */
	char tail[BK_DIGEST_TEXT + BK_SEAL_CLOSING];	/* the first of them:
				 * the manifest's digest, newline, mark */
	struct bk_digest_state *state;
	struct bk_buf *keep;	/* the caller's: gets the rest of "globals"
				 * appended; or NULL */
};

/*
 * Read a's current block to its end, replacing the contents of *rec except
 * keep.  BK_PROOF_RECORD_NONE has no text and no json.  0, or -1 with *e set:
 * BK_DATA it is damaged.  name is the archive's in messages.
 */
int bk_proof_record_read(struct bk_archive *a, const char *name,
    struct bk_proof_record *rec, struct bk_err *e);

/*
 * The TOC entry and the content in a record of a table or of large objects.
 * 0, or -1 with BK_DATA: a member is missing.
 */
int bk_proof_record_content(const struct bk_proof_record *rec, const char *name,
    int32_t *id, struct bk_content *c, struct bk_err *e);

/*
 * Are "globals" complete, and those that were dumped?  0, or -1 with BK_DATA.
 */
int bk_proof_record_globals(const struct bk_proof_record *rec,
    const char *name, struct bk_err *e);

/*
 * Is the manifest as it was written, by the digest after it, and was it
 * written for this TOC?  0, or -1 with BK_DATA.
 */
int bk_proof_record_manifest(const struct bk_proof_record *rec,
    const struct bk_toc *toc, const char *name, struct bk_err *e);

/* The string at key; NULL: none. */
const char *bk_proof_record_string(const struct bk_proof_record *rec,
    const char *key);

/* The number or digest at key.  0; -1: none, or of another type. */
int bk_proof_record_number(const struct bk_proof_record *rec, const char *key,
    uint64_t *out);
int bk_proof_record_digest(const struct bk_proof_record *rec, const char *key,
    struct bk_digest *out);

/* 1 if what follows a manifest and its digest is the closing mark of s. */
int bk_proof_record_closes(const struct bk_proof_record *rec,
    const struct bk_seal *s);

/* Frees everything but *rec->keep. */
void bk_proof_record_free(struct bk_proof_record *rec);

#endif
