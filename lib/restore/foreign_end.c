#include "restore/foreign_end.h"

#include <string.h>

#include "stream/heads.h"

int
bk_end_scan_holds(const char *p, size_t n, const char *text)
{
	size_t len = strlen(text), i;

	for (i = 0; n >= len && i <= n - len; i++)
		if (memcmp(p + i, text, len) == 0)
			return 1;
	return 0;
}

void
bk_end_scan_sql(struct bk_end_scan *s, const char *p, size_t n)
{
	size_t keep;

	if (n >= sizeof(s->tail)) {
		memcpy(s->tail, p + n - sizeof(s->tail), sizeof(s->tail));
		s->ntail = sizeof(s->tail);
		return;
	}
	keep = s->ntail + n > sizeof(s->tail) ? sizeof(s->tail) - n : s->ntail;
	memmove(s->tail, s->tail + s->ntail - keep, keep);
	memcpy(s->tail + keep, p, n);
	s->ntail = keep + n;
}

int
bk_end_scan_sql_ended(const struct bk_end_scan *s)
{
	return bk_end_scan_holds(s->tail, s->ntail,
	    "-- PostgreSQL database dump complete");
}

/* A header's size field: octal digits, or, from 8 GiB, 0x80 and a number. */
static uint64_t
member_size(const unsigned char block[512])
{
	const unsigned char *p = block + 124;
	uint64_t size = 0;
	int i;

	if (p[0] == 0x80) {
		for (i = 4; i < 12; i++)
			size = size << 8 | p[i];
		return size;
	}
	for (i = 0; i < 12 && (p[i] == ' ' || (p[i] >= '0' && p[i] <= '7'));
	     i++)
		if (p[i] != ' ')
			size = size << 3 | (uint64_t)(p[i] - '0');
	return size;
}

static void
take_block(struct bk_end_scan *s)
{
	static const unsigned char zero[512];
	uint64_t size;

	if (memcmp(s->block, zero, sizeof(zero)) == 0) {
		s->zeros++;
		return;
	}
	if (s->zeros > 0 || memcmp(s->block + BK_HEAD_TAR_AT,
	    BK_HEAD_TAR, strlen(BK_HEAD_TAR)) != 0) {
		s->broken = 1;
		return;
	}
	size = member_size(s->block);
	if (size > UINT64_MAX - 511)
		s->broken = 1;
	else
		s->skip = (size + 511) / 512 * 512;
}

void
bk_end_scan_tar(struct bk_end_scan *s, const char *p, size_t n)
{
	size_t m;

	while (n > 0 && !s->broken) {
		if (s->skip > 0) {
			m = s->skip < n ? (size_t)s->skip : n;
			s->skip -= m;
		} else {
			m = sizeof(s->block) - s->have;
			if (m > n)
				m = n;
			memcpy(s->block + s->have, p, m);
			s->have += m;
			if (s->have == sizeof(s->block)) {
				s->have = 0;
				take_block(s);
			}
		}
		p += m;
		n -= m;
	}
}

int
bk_end_scan_tar_ended(const struct bk_end_scan *s)
{
	return !s->broken && s->zeros >= 2 && s->have == 0 && s->skip == 0;
}
