#include "audit/chain.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "audit/format.h"
#include "base/hex.h"
#include "base/io.h"

#define MEMBER ",\"previous\":"
#define PIECE 4096

static int
fail_hash(struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "libcrypto: no SHA-256");
}

static int
hash_line(const char *line, size_t n, char hex[BK_CHAIN_HEX],
    struct bk_err *e)
{
	uint8_t md[32];

	if (EVP_Digest(line, n, md, NULL, EVP_sha256(), NULL) != 1)
		return fail_hash(e);
	bk_hex(md, sizeof(md), hex);
	return 0;
}

int
bk_chain_prepare(struct bk_err *e)
{
	char hex[BK_CHAIN_HEX];

	return hash_line("", 0, hex, e);
}

/* n <= PIECE bytes at off, which exist: we hold the lock. */
static int
read_piece(int fd, char buf[PIECE], size_t n, off_t off, const char *path,
    struct bk_err *e)
{
	ssize_t got = bk_io_pread(fd, buf, n, off, path, e);

	if (got == -1)
		return -1;
	return got == (ssize_t)n ? 0 : bk_fail(e, BK_FAIL, "audit log %s: "
	    "truncated while it was read", path);
}

/* Set *start to the beginning of the line that ends at end. */
static int
find_start(int fd, off_t end, const char *path, off_t *start,
    struct bk_err *e)
{
	char buf[PIECE];
	size_t n, i;
	off_t at;

	for (at = end; at > 0; at -= (off_t)n) {
		n = at < PIECE ? (size_t)at : PIECE;
		if (read_piece(fd, buf, n, at - (off_t)n, path, e) == -1)
			return -1;
		for (i = n; i > 0; i--)
			if (buf[i - 1] == '\n') {
				*start = at - (off_t)(n - i);
				return 0;
			}
	}
	*start = 0;
	return 0;
}

static int
hash_range(int fd, off_t start, off_t end, const char *path,
    char hex[BK_CHAIN_HEX], struct bk_err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[32];
	char buf[PIECE];
	int rc = -1;
	size_t n;

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		goto no_hash;
	for (; start < end; start += (off_t)n) {
		n = end - start < PIECE ? (size_t)(end - start) : PIECE;
		if (read_piece(fd, buf, n, start, path, e) == -1)
			goto done;
		if (EVP_DigestUpdate(ctx, buf, n) != 1)
			goto no_hash;
	}
	if (EVP_DigestFinal_ex(ctx, md, NULL) != 1)
		goto no_hash;
	bk_hex(md, sizeof(md), hex);
	rc = 0;
	goto done;
 no_hash:
	fail_hash(e);
 done:
	EVP_MD_CTX_free(ctx);
	return rc;
}

/* The hash of the last line; *partial is set if it has no newline. */
static int
hash_last(int fd, off_t size, const char *path, char hex[BK_CHAIN_HEX],
    int *partial, struct bk_err *e)
{
	off_t start, end;
	char last[PIECE];

	if (read_piece(fd, last, 1, size - 1, path, e) == -1)
		return -1;
	*partial = last[0] != '\n';
	end = *partial ? size : size - 1;
	if (find_start(fd, end, path, &start, e) == -1)
		return -1;
	return hash_range(fd, start, end, path, hex, e);
}

int
bk_chain_append(const char *path, const char *record, size_t n,
    struct bk_err *e)
{
	char hex[BK_CHAIN_HEX];
	struct bk_buf line = {0};
	int fd, partial = 0, rc = -1;
	off_t size;

	if ((fd = bk_audit_open(path, &size, e)) == -1)
		return -1;
	if ((size > 0 && hash_last(fd, size, path, hex, &partial, e) == -1) ||
	    (partial && bk_buf_puts(&line, "\n", e) == -1) ||
	    bk_buf_add(&line, record, n - 1, e) == -1 ||
	    (size == 0 ? bk_buf_puts(&line, MEMBER "null}\n", e) :
	    bk_buf_printf(&line, e, MEMBER "\"%s\"}\n", hex)) == -1)
		close(fd);		/* nothing was written */
	else
		rc = bk_audit_commit(fd, size, &line, path, e);
	bk_buf_free(&line);
	return rc;
}

/* The member "previous": 1 with a hash, 0 null, -1 missing. */
static int
previous_of(const char *line, size_t n, char hex[BK_CHAIN_HEX])
{
	static const char null[] = MEMBER "null}", before[] = MEMBER "\"";
	const size_t whole = strlen(before) + BK_CHAIN_HEX - 1 + strlen("\"}");

	if (n > strlen(null) && memcmp(line + n - strlen(null), null,
	    strlen(null)) == 0)
		return 0;
	if (n <= whole || memcmp(line + n - whole, before, strlen(before)) !=
	    0 || memcmp(line + n - strlen("\"}"), "\"}", strlen("\"}")) != 0)
		return -1;
	memcpy(hex, line + n - whole + strlen(before), BK_CHAIN_HEX - 1);
	hex[BK_CHAIN_HEX - 1] = '\0';
	return 1;
}

int
bk_chain_check(struct bk_chain *c, const char *line, size_t n,
    struct bk_err *reason)
{
	char previous[BK_CHAIN_HEX], before[BK_CHAIN_HEX];
	int kind = previous_of(line, n, previous);
	size_t number = ++c->lines;

	memcpy(before, c->last, sizeof(before));
	c->last[0] = '\0';
	if (hash_line(line, n, c->last, reason) == -1)
		return -1;
	if (kind == -1)
		return bk_fail(reason, BK_DATA, "not chained: truncated, "
		    "inserted, or written without bk-audit");
	if (kind == 0 && number > 1)
		return bk_fail(reason, BK_DATA, "starts a log, but lines "
		    "precede it");
	if (kind == 1 && number == 1)
		return bk_fail(reason, BK_DATA, "the lines before it are "
		    "missing");
	if (kind == 1 && *before != '\0' && strcmp(previous, before) != 0)
		return bk_fail(reason, BK_DATA, "edited, or line %zu was, or "
		    "lines between them are missing", number - 1);
	return 0;
}

void
bk_chain_skip(struct bk_chain *c)
{
	c->lines++;
	c->last[0] = '\0';
}
