#define _GNU_SOURCE		/* memmem */
#include "base/seal.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"

/*
 * Each in two halves, so that neither this file nor a program built from it
 * puts a whole mark within the first 4 KiB of some archive.
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
	return isalnum(c) || c == '.' || c == '_' || c == '-';
}

void
bk_seal_opening_label(char out[BK_SEAL_LEN + BK_SEAL_LABEL], const char *db)
{
	struct bk_err ignored = {0};
	struct bk_buf name = {0};

	memcpy(out, opening_mark, BK_SEAL_LEN + 1);
	if (db != NULL && *db != '\0' &&
	    bk_percent_encode(&name, db, is_plain, &ignored) == 0 &&
	    name.len <= BK_SEAL_LABEL - strlen("()") - 1)
		(void)snprintf(out + BK_SEAL_LEN, BK_SEAL_LABEL, "(%s)",
		    name.data);
	bk_buf_free(&name);
}

/* Decode "(NAME)" at s, which has n bytes; db is unchanged if malformed. */
static void
decode_label(const char *s, size_t n, char db[BK_SEAL_LABEL])
{
	char name[BK_SEAL_LABEL];
	size_t len = 0;

	if (n == 0 || *s++ != '(')
		return;
	for (n--; len < n && len < sizeof(name) - 1 &&
	    (is_plain((unsigned char)s[len]) || s[len] == '%'); len++)
		name[len] = s[len];
	name[len] = '\0';
	if (len < n && s[len] == ')' && bk_percent_decode(name) == 0)
		memcpy(db, name, strlen(name) + 1);
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
		decode_label((const char *)p + BK_SEAL_LEN,
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
