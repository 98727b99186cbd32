#ifndef BK_ARCHIVE_DIGEST_H
#define BK_ARCHIVE_DIGEST_H
/*
 * The row digest: the sum modulo 2^128 of the XXH3-128 (seed 0) of each item.
 * It does not depend on the order of items, so rows read in parallel, or in
 * another order from a restored table, can be compared.
 *
 * An item of a table is a line of COPY text without its newline; an item of
 * large objects is the OID in decimal, a NUL, and the object's content.
 */
#include <stddef.h>
#include <stdint.h>

struct bk_digest {		/* start with = {0} */
	uint64_t lo, hi;
};

#define BK_DIGEST_TEXT 33	/* 32 hex digits, most significant first */

/* Add one item. */
void bk_digest_item(struct bk_digest *d, const void *p, size_t n);

/* For an item in pieces; each concurrent item needs its own state. */
struct bk_digest_state;
struct bk_digest_state *bk_digest_new(void);	/* NULL: out of memory */
void bk_digest_begin(struct bk_digest_state *s);
void bk_digest_update(struct bk_digest_state *s, const void *p, size_t n);
void bk_digest_end(struct bk_digest_state *s, struct bk_digest *d);
void bk_digest_free(struct bk_digest_state *s);

/* Begin a large object's item with its OID and the NUL. */
void bk_digest_begin_object(struct bk_digest_state *s, uint32_t oid);

/* *d += *other. */
void bk_digest_add(struct bk_digest *d, const struct bk_digest *other);

void bk_digest_format(const struct bk_digest *d, char out[BK_DIGEST_TEXT]);

/* Parse exactly 32 lower-case hex digits; 0, or -1. */
int bk_digest_parse(const char *s, struct bk_digest *d);

#endif
