#define _GNU_SOURCE		/* memmem */
#include "base/seal.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * Each in two halves, so that neither this file nor the programs made from
 * it hold a whole mark by accident within the first 4 KiB of some archive.
 */
static const char opening[2][17] = { "d7636d9f9e01d874", "3dbd8c4258d5509b" };
static const char closing[2][17] = { "d5a064ce4d5893b6", "1e5f96ecacbe0cfa" };

static char opening_mark[BK_SEAL_LEN + 1];
static char closing_mark[BK_SEAL_LEN + 1];

__attribute__((constructor)) static void
join_halves(void)
{
	(void)snprintf(opening_mark, sizeof(opening_mark), "%s%s",
	    opening[0], opening[1]);
	(void)snprintf(closing_mark, sizeof(closing_mark), "%s%s",
	    closing[0], closing[1]);
}

const char *
bk_seal_opening(void)
{
	return opening_mark;
}

const char *
bk_seal_closing(void)
{
	return closing_mark;
}

static int
is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

void
bk_seal_opening_label(char out[BK_SEAL_LEN + BK_SEAL_LABEL], const char *db)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = out + BK_SEAL_LEN;
	const char *end = p + BK_SEAL_LABEL - 2;	/* ")" and NUL */

	memcpy(out, opening_mark, BK_SEAL_LEN + 1);
	if (db == NULL || *db == '\0')
		return;
	*p++ = '(';
	for (; *db != '\0'; db++) {
		unsigned char c = (unsigned char)*db;

		if (end - p < 3) {
			out[BK_SEAL_LEN] = '\0';
			return;
		}
		if (is_plain(c)) {
			*p++ = (char)c;
		} else {
			*p++ = '%';
			*p++ = hex[c >> 4];
			*p++ = hex[c & 15];
		}
	}
	*p++ = ')';
	*p = '\0';
}

static int
hex_value(unsigned char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decode "(NAME)" at s, which has n bytes; db stays if it is not one. */
static void
decode_label(const unsigned char *s, size_t n, char db[BK_SEAL_LABEL])
{
	char name[BK_SEAL_LABEL];
	size_t i = 1, len = 0;
	int c;

	if (n == 0 || s[0] != '(')
		return;
	while (i < n && s[i] != ')' && len < sizeof(name) - 1) {
		c = s[i++];
		if (c == '%' && n - i >= 2 && hex_value(s[i]) >= 0 &&
		    hex_value(s[i + 1]) >= 0) {
			c = hex_value(s[i]) << 4 | hex_value(s[i + 1]);
			i += 2;
		} else if (!is_plain((unsigned char)c))
			return;
		if (c == '\0')
			return;
		name[len++] = (char)c;
	}
	if (i == n || s[i] != ')')
		return;
	memcpy(db, name, len);
	db[len] = '\0';
}

ptrdiff_t
bk_seal_find_opening(const void *head, size_t n, char db[BK_SEAL_LABEL])
{
	const unsigned char *h = head, *p;

	if (db != NULL)
		db[0] = '\0';
	if (n > BK_SEAL_HEAD)
		n = BK_SEAL_HEAD;
	if ((p = memmem(h, n, opening_mark, BK_SEAL_LEN)) == NULL)
		return -1;
	if (db != NULL)
		decode_label(p + BK_SEAL_LEN,
		    n - (size_t)(p - h) - BK_SEAL_LEN, db);
	return p - h;
}

ptrdiff_t
bk_seal_find_closing(const void *tail, size_t n)
{
	const unsigned char *t = tail, *p;
	size_t skip = n > BK_SEAL_TAIL ? n - BK_SEAL_TAIL : 0;

	p = memmem(t + skip, n - skip, closing_mark, BK_SEAL_LEN);
	return p == NULL ? -1 : p - t;
}
