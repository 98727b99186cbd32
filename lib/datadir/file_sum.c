#include "datadir/file_sum.h"

#include <string.h>

#include "base/crc32c.h"

static const struct algorithm {
	const char *name;
	size_t len;
	const EVP_MD *(*md)(void);
} algorithms[] = {
	[BK_SUM_NONE] = { "NONE", 0, NULL },
	[BK_SUM_CRC32C] = { "CRC32C", 4, NULL },
	[BK_SUM_SHA224] = { "SHA224", 28, EVP_sha224 },
	[BK_SUM_SHA256] = { "SHA256", 32, EVP_sha256 },
	[BK_SUM_SHA384] = { "SHA384", 48, EVP_sha384 },
	[BK_SUM_SHA512] = { "SHA512", 64, EVP_sha512 },
};

int
bk_sum_parse(const char *name, enum bk_sum *algorithm)
{
	size_t i;

	for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(name, algorithms[i].name) == 0) {
			*algorithm = (enum bk_sum)i;
			return 0;
		}
	return -1;
}

const char *
bk_sum_name(enum bk_sum algorithm)
{
	return algorithms[algorithm].name;
}

size_t
bk_sum_len(enum bk_sum algorithm)
{
	return algorithms[algorithm].len;
}

static int
failed(const struct bk_file_sum *s, struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "libcrypto: no %s",
	    bk_sum_name(s->algorithm));
}

int
bk_file_sum_start(struct bk_file_sum *s, enum bk_sum algorithm,
    struct bk_err *e)
{
	const struct algorithm *a = &algorithms[algorithm];

	s->algorithm = algorithm;
	s->crc = 0;
	if (a->md == NULL)
		return 0;
	if (s->sha == NULL && (s->sha = EVP_MD_CTX_new()) == NULL)
		return bk_fail_memory(e);
	if (EVP_DigestInit_ex(s->sha, a->md(), NULL) != 1)
		return failed(s, e);
	return 0;
}

int
bk_file_sum_update(struct bk_file_sum *s, const void *p, size_t n,
    struct bk_err *e)
{
	if (s->algorithm == BK_SUM_CRC32C)
		s->crc = bk_crc32c(s->crc, p, n);
	else if (s->algorithm != BK_SUM_NONE &&
	    EVP_DigestUpdate(s->sha, p, n) != 1)
		return failed(s, e);
	return 0;
}

int
bk_file_sum_final(struct bk_file_sum *s, uint8_t sum[BK_SUM_MAX],
    struct bk_err *e)
{
	int i;

	if (s->algorithm == BK_SUM_CRC32C)
		for (i = 0; i < 4; i++)
			sum[i] = (uint8_t)(s->crc >> 8 * i);
	else if (s->algorithm != BK_SUM_NONE &&
	    EVP_DigestFinal_ex(s->sha, sum, NULL) != 1)
		return failed(s, e);
	return 0;
}

void
bk_file_sum_free(struct bk_file_sum *s)
{
	EVP_MD_CTX_free(s->sha);
	s->sha = NULL;
}
