#include "base/file_sha256.h"

#include <openssl/evp.h>

#include "base/hex.h"
#include "base/io.h"

#define BLOCK (64 * 1024)

static int
add_all(EVP_MD_CTX *ctx, int fd, uint64_t bytes, const char *name,
    struct bk_err *e)
{
	uint8_t buf[BLOCK];
	uint64_t at;
	ssize_t n;

	for (at = 0; at < bytes; at += (uint64_t)n) {
		n = bk_io_pread(fd, buf, bytes - at < BLOCK ?
		    (size_t)(bytes - at) : BLOCK, (off_t)at, name, e);
		if (n == -1)
			return -1;
		if (n == 0)
			return bk_fail(e, BK_FAIL, "%s: has become shorter",
			    name);
		if (EVP_DigestUpdate(ctx, buf, (size_t)n) != 1)
			return bk_fail(e, BK_FAIL, "libcrypto: no SHA-256");
	}
	return 0;
}

int
bk_file_sha256(int fd, uint64_t bytes, const char *name,
    char hex[BK_SHA256_HEX], struct bk_err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	int rc = -1;

	if (ctx == NULL)
		return bk_fail_memory(e);
	if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		(void)bk_fail(e, BK_FAIL, "libcrypto: no SHA-256");
	else if (add_all(ctx, fd, bytes, name, e) == 0)
		rc = EVP_DigestFinal_ex(ctx, sum, NULL) == 1 ? 0 :
		    bk_fail(e, BK_FAIL, "libcrypto: no SHA-256");
	EVP_MD_CTX_free(ctx);
	if (rc == 0)
		bk_hex(sum, (BK_SHA256_HEX - 1) / 2, hex);
	return rc;
}
