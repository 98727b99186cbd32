#ifndef BK_CRYPT_SHARE_H
#define BK_CRYPT_SHARE_H
/*
 * A secret key split among several people: any threshold of the shares restore
 * it, fewer reveal nothing about it (Shamir 1979, over GF(256) with the AES
 * polynomial, each byte of the key separately).
 *
 * A share's text is "BK-SHARE-1...", bech32 in upper case, of 50 bytes: the
 * threshold, the share's number (1 to 255), a key id of 16 bytes (from SHA-256
 * of the key), and the 32 bytes of the share itself.
 */
#include "base/err.h"
#include "crypt/bech32.h"
#include "crypt/key.h"

#define BK_SHARE_ID 16
#define BK_SHARE_MAX 255		/* shares of one key */

struct bk_share {
	uint8_t threshold, number;
	uint8_t id[BK_SHARE_ID];
	uint8_t y[BK_KEY_LEN];
};

/*
 * Split id's secret into count shares (threshold to BK_SHARE_MAX), any
 * threshold (at least 2) of which restore it.  share has room for count.  0, or
 * -1 with *e set.
 */
int bk_share_split(const struct bk_identity *id, unsigned threshold,
    unsigned count, struct bk_share *share, struct bk_err *e);

/*
 * Restore the key from n shares, all of which must be correct.  0, or -1 with
 * *e set: BK_DATA they are too few, belong to different keys, have the same
 * number but different contents, or are wrong: the key's hash does not match
 * theirs.  Duplicates count once.
 */
int bk_share_join(const struct bk_share *share, size_t n,
    struct bk_identity *id, struct bk_err *e);

/* Shares read from files. */
struct bk_shares {
	struct bk_share share[BK_SHARE_MAX];
	size_t n;
};

/*
 * Add those in text, of the file name; modifies text.  0, or -1 with *e set:
 * BK_DATA a malformed line, no share, more than BK_SHARE_MAX in total.
 */
int bk_shares_parse(struct bk_shares *s, struct bk_buf *text,
    const char *name, struct bk_err *e);

void bk_share_format(char out[BK_BECH32_TEXT], const struct bk_share *share);

/* 0, or -1 with BK_DATA: malformed. */
int bk_share_parse(struct bk_share *share, const char *text,
    struct bk_err *e);

#endif
