#ifndef BK_DATADIR_FILE_SUM_H
#define BK_DATADIR_FILE_SUM_H
/*
 * The checksum of a file, by the algorithms of a backup_manifest.  The sum is
 * kept as the bytes that the manifest shows in hex (a CRC-32C's least
 * significant byte first).
 */
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/err.h"

enum bk_sum {
	BK_SUM_NONE, BK_SUM_CRC32C, BK_SUM_SHA224, BK_SUM_SHA256,
	BK_SUM_SHA384, BK_SUM_SHA512
};

#define BK_SUM_MAX 64		/* bytes of the longest sum, SHA-512 */

/* "CRC32C" to its algorithm; 0, or -1 for a name that PostgreSQL lacks. */
int bk_sum_parse(const char *name, enum bk_sum *algorithm);
const char *bk_sum_name(enum bk_sum algorithm);

/* The bytes of a sum; 0 for BK_SUM_NONE. */
size_t bk_sum_len(enum bk_sum algorithm);

struct bk_file_sum {		/* a running sum; start with = {0} */
	enum bk_sum algorithm;
	uint32_t crc;
	EVP_MD_CTX *sha;	/* reused by the next start */
};

/* 0, or -1 with *e set: memory, libcrypto without the algorithm. */
int bk_file_sum_start(struct bk_file_sum *s, enum bk_sum algorithm,
    struct bk_err *e);
int bk_file_sum_update(struct bk_file_sum *s, const void *p, size_t n,
    struct bk_err *e);

/* The sum's bk_sum_len() bytes. */
int bk_file_sum_final(struct bk_file_sum *s, uint8_t sum[BK_SUM_MAX],
    struct bk_err *e);

void bk_file_sum_free(struct bk_file_sum *s);

#endif
