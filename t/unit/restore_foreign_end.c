/* Is a foreign dump complete, wherever it is cut? */
#include <stdlib.h>

#include "restore/foreign_end.h"
#include "tap.h"

#define END "-- PostgreSQL database dump complete"

static const char sql[] = "--\n-- PostgreSQL database dump\n--\n\n"
    "SELECT 'x\\connect y';\nCOPY t FROM stdin;\na\\\\connect b\n\\.\n\n"
    "--\n" END "\n--\n\n";

/* Feed n bytes in pieces. */
static void
feed_sql(struct bk_end_scan *s, const char *p, size_t n, size_t piece)
{
	size_t m;

	*s = (struct bk_end_scan){0};
	for (; n > 0; p += m, n -= m) {
		m = n < piece ? n : piece;
		bk_end_scan_sql(s, p, m);
	}
}

static void
test_sql_end(void)
{
	const size_t whole = sizeof(sql) - 1;
	const size_t end = (size_t)(strstr(sql, END) - sql) + sizeof(END) - 1;
	struct bk_end_scan s;
	size_t n, piece;
	int bad = 0;

	for (n = 0; n <= whole; n++)
		for (piece = 1; piece < 20; piece++) {
			feed_sql(&s, sql, n, piece);
			bad += bk_end_scan_sql_ended(&s) != (n >= end);
		}
	is_int(bad, 0, "SQL has ended with its last line, and no sooner");
}

static void
test_sql_tail(void)
{
	char *big = calloc(1, 3 * BK_FOREIGN_TAIL);
	struct bk_end_scan s;
	size_t behind, piece;
	int bad = 0;

	memcpy(big, END "\n", sizeof(END));
	memset(big + sizeof(END), '\n', 2 * BK_FOREIGN_TAIL);
	for (behind = 0; behind < 2 * BK_FOREIGN_TAIL; behind += 37)
		for (piece = 1; piece < 3 * BK_FOREIGN_TAIL; piece *= 3) {
			feed_sql(&s, big, sizeof(END) + behind, piece);
			bad += bk_end_scan_sql_ended(&s) !=
			    (sizeof(END) + behind <= BK_FOREIGN_TAIL);
		}
	is_int(bad, 0, "the last line is looked for near the end");
	free(big);
}

/* --- tar */

static unsigned char tar[16 * 512];

/* Write a member's header at block at, size in octal; the next free block. */
static size_t
add_member(size_t at, unsigned size)
{
	unsigned char *p = tar + at * 512;

	memcpy(p, "toc.dat", 7);
	(void)snprintf((char *)p + 124, 12, "%011o", size);
	memcpy(p + 257, "ustar", 5);
	memset(p + 512, 'x', size);
	return at + 1 + (size + 511) / 512;
}

static int
tar_ended(size_t n, size_t piece)
{
	struct bk_end_scan s = {0};
	size_t at, m;

	for (at = 0; at < n; at += m) {
		m = n - at < piece ? n - at : piece;
		bk_end_scan_tar(&s, (const char *)tar + at, m);
	}
	return bk_end_scan_tar_ended(&s);
}

static void
test_tar(void)
{
	static const size_t pieces[] = { 1, 511, 512, 513, 100000 };
	size_t end, n, i;
	int bad = 0;

	end = add_member(add_member(add_member(0, 5), 512), 1025);
	for (n = 0; n <= (end + 2) * 512; n++)
		for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
			bad += tar_ended(n, pieces[i]) !=
			    (n == (end + 2) * 512);
	is_int(bad, 0, "a tar has ended after two blocks of zeros");
	is_int(tar_ended((end + 4) * 512, 512), 1, "or more");
	is_int(tar_ended((end + 2) * 512 + 1, 512), 0, "not amid another");
	tar[(end + 1) * 512 + 9] = 1;
	is_int(tar_ended((end + 3) * 512, 512), 0, "a block behind the end");
	tar[(end + 1) * 512 + 9] = 0;
	tar[257] ^= 1;
	is_int(tar_ended((end + 2) * 512, 512), 0, "no header");
	tar[257] ^= 1;
}

static void
test_tar_sizes(void)
{
	struct bk_end_scan s = {0};

	memset(tar, 0, sizeof(tar));
	(void)add_member(0, 5);
	memcpy(tar + 124, "      5 \0\0\0\0", 12);
	is_int(tar_ended(4 * 512, 99), 1, "a size with blanks");
	/* 2^40 bytes: in binary, not octal digits */
	memcpy(tar + 124, "\x80\0\0\0\0\0\1\0\0\0\0\0", 12);
	bk_end_scan_tar(&s, (char *)tar, 512);
	ok(s.skip == 1ULL << 40, "a size of 1 TiB");
	memset(tar + 125, 0xff, 11);
	is_int(tar_ended(4 * 512, 99), 0, "a size beyond all bounds");
}

int
main(void)
{
	test_sql_end();
	test_sql_tail();
	test_tar();
	test_tar_sizes();
	return tap_done();
}
