#include "verify/check.h"

#include <string.h>

#include "archive/tar.h"
#include "stream/heads.h"

/* 1 if head begins a script: after comments and psql commands only. */
static int
is_script(const char *head, size_t n)
{
	static const char *const titles[] = {
		"-- PostgreSQL database dump",
		"-- PostgreSQL database cluster dump",
	};
	const char *line = head, *end = head + n, *nl;
	size_t i, len;

	for (; line < end && (nl = memchr(line, '\n', (size_t)(end - line))) !=
	    NULL; line = nl + 1) {
		len = (size_t)(nl - line);
		if (len > 0 && line[len - 1] == '\r')
			len--;		/* written on Windows */
		for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
			if (len == strlen(titles[i]) &&
			    memcmp(line, titles[i], len) == 0)
				return 1;
		if (len > 0 && line[0] != '-' && line[0] != '\\')
			return 0;
	}
	return 0;
}

/* OpenPGP (RFC 9580): a session key, or a passphrase's, comes first. */
static int
is_gpg(const unsigned char *p, size_t n)
{
	static const char armour[] = "-----BEGIN PGP MESSAGE-----";

	if (n >= strlen(armour) && memcmp(p, armour, strlen(armour)) == 0)
		return 1;
	if (n < 4)
		return 0;
	switch (p[0]) {
	case 0x84: return p[2] == 3;	/* a length of one byte, version 3 */
	case 0x85: return p[3] == 3;
	case 0x8c: return p[2] == 4;
	case 0xc1: return p[2] == 3 || p[3] == 3 || p[2] == 6;
	case 0xc3: return p[2] >= 4 && p[2] <= 6;
	default: return 0;
	}
}

int
bk_check_sealed(struct bk_source src, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	char buf[64 * 1024];
	ssize_t n;

	v->kind = "stream";
	v->proof = "seal";
	while ((n = src.read(src.ctx, buf, sizeof(buf), e)) > 0) {
		v->bytes += (uint64_t)n;
		if (progress != NULL)
			progress->bytes += (size_t)n;
	}
	return (int)n;
}

enum bk_check_kind
bk_check_recognise(const void *head, size_t n)
{
	if (bk_heads_format(head, n) == BK_FORMAT_ARCHIVE)
		return BK_CHECK_ARCHIVE;
	if (bk_tar_recognise(head, n))
		return BK_CHECK_TAR;
	if (is_gpg(head, n))
		return BK_CHECK_GPG;
	return is_script(head, n) ? BK_CHECK_SQL : BK_CHECK_UNKNOWN;
}
