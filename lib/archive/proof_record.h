#ifndef BK_ARCHIVE_PROOF_RECORD_H
#define BK_ARCHIVE_PROOF_RECORD_H
/*
 * The reading half of manifest.h: data blocks whose id no TOC entry has.
 * Each begins with one JSON object, which may be followed by a newline and
 * something else: the SQL of "globals", the manifest's closing mark.
 */
#include <jansson.h>

#include "archive/archive.h"
#include "archive/manifest.h"

#define BK_PROOF_RECORD_MAX (64 * 1024)	/* bytes of JSON, at most */
#define BK_PROOF_RECORD_REST_MAX (256 * 1024 * 1024) /* bytes that are kept */

enum bk_proof_record_kind {
	BK_PROOF_RECORD_TABLE, BK_PROOF_RECORD_BLOBS, BK_PROOF_RECORD_GLOBALS,
	BK_PROOF_RECORD_MANIFEST,
	BK_PROOF_RECORD_OTHER,	/* of a later version: to be passed over */
	BK_PROOF_RECORD_NONE,		/* none of bk-dump's */
};

struct bk_proof_record {		/* start with = {0} */
	enum bk_proof_record_kind kind;
	struct bk_buf text;	/* the JSON, as it stands there */
	json_t *json;
	uint64_t rest;		/* bytes behind the newline */
	struct bk_buf *keep;	/* the caller's, to append the rest of
				 * "globals" to; or NULL */
};

/*
 * Read the block that a is in to its end; what h held before is replaced.
 * Of BK_PROOF_RECORD_NONE there is no text and no json.  BK_DATA: it is
 * damaged.
 */
int bk_proof_record_read(struct bk_archive *a, const char *name,
    struct bk_proof_record *h, struct bk_err *e);

/*
 * A table's or large objects' record: the entry it belongs to, and what it
 * says of its content.  BK_DATA if something is missing.
 */
int bk_proof_record_content(const struct bk_proof_record *h, const char *name,
    int32_t *id, struct bk_content *c, struct bk_err *e);

/* The string of key; NULL if there is none. */
const char *bk_proof_record_string(const struct bk_proof_record *h,
    const char *key);

/* The number, or the digest, of key.  -1 if there is none, or no such. */
int bk_proof_record_number(const struct bk_proof_record *h, const char *key,
    uint64_t *out);
int bk_proof_record_digest(const struct bk_proof_record *h, const char *key,
    struct bk_digest *out);

void bk_proof_record_free(struct bk_proof_record *h);	/* but not *h->keep */

#endif
