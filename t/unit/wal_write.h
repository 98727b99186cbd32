#ifndef BK_T_UNIT_WAL_WRITE_H
#define BK_T_UNIT_WAL_WRITE_H
/* A small writer of WAL: two segments of timeline 3. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/crc32c.h"

#define SEGMENT (1u << 20)
#define PAGE 8192u
#define SYSID 7000000000000000001u
#define MAGIC 0xd110

/* The writer: two segments, from LSN 1/0 on. */
static uint8_t wal[2 * SEGMENT];
static const uint64_t base = (uint64_t)1 << 32;
static size_t at;			/* offset in wal */
static uint64_t before;

static void
page_header(unsigned flags, uint32_t rest)
{
	uint16_t v[2] = { MAGIC, (uint16_t)flags };
	uint32_t tli = 3, sizes[2] = { SEGMENT, PAGE };
	uint64_t address = base + at, sysid = SYSID;

	if (at % SEGMENT == 0)
		v[1] |= 2;
	memcpy(wal + at, v, 4);
	memcpy(wal + at + 4, &tli, 4);
	memcpy(wal + at + 8, &address, 8);
	memcpy(wal + at + 16, &rest, 4);
	if (at % SEGMENT == 0) {
		memcpy(wal + at + 24, &sysid, 8);
		memcpy(wal + at + 32, sizes, 8);
	}
	at += at % SEGMENT == 0 ? 40 : 24;
}

/* Append bytes, with page headers in between; stop at offset end. */
static void
put(const uint8_t *p, size_t n, size_t end)
{
	size_t i;

	for (i = 0; i < n && at < end; i++) {
		if (at % PAGE == 0)
			page_header(i > 0 ? 1 : 0,
			    i > 0 ? (uint32_t)(n - i) : 0);
		wal[at++] = p[i];
	}
}

/* The record at offset start, in one page, gets the checksum of what it is. */
__attribute__((unused)) static void
sum_record(size_t start)
{
	uint32_t length, crc;

	memcpy(&length, wal + start, 4);
	crc = bk_crc32c(0, wal + start + 24, length - 24);
	crc = bk_crc32c(crc, wal + start, 20);
	memcpy(wal + start + 20, &crc, 4);
}

/* A record with this data; returns its offset. */
static size_t
put_record(unsigned manager, unsigned info, uint32_t xid, const void *data,
    size_t n, size_t end)
{
	static uint8_t r[100000];
	uint32_t length, crc;
	size_t head = n < 256 ? 26 : 29, start;

	at = (at + 7) & ~(size_t)7;
	if (at % PAGE == 0)
		page_header(0, 0);
	start = at;
	memset(r, 0, 24);
	length = (uint32_t)(head + n);
	memcpy(r, &length, 4);
	memcpy(r + 4, &xid, 4);
	memcpy(r + 8, &before, 8);
	r[16] = (uint8_t)info;
	r[17] = (uint8_t)manager;
	r[24] = n < 256 ? 255 : 254;
	length = (uint32_t)n;
	memcpy(r + 25, &length, head - 25);
	memcpy(r + head, data, n);
	crc = bk_crc32c(bk_crc32c(0, r + 24, head - 24 + n), r, 20);
	memcpy(r + 20, &crc, 4);
	put(r, head + n, end);
	if (at < end)
		before = base + start;
	return start;
}

/* Nothing but the first page's header. */
__attribute__((unused)) static void
begin(void)
{
	memset(wal, 0, sizeof(wal));
	at = 0;
	before = 0;
	page_header(0, 0);
}

__attribute__((unused)) static size_t
put_commit(uint32_t xid, int64_t seconds)
{
	int64_t t = (seconds - 946684800) * 1000000;

	return put_record(1, 0, xid, &t, sizeof(t), SIZE_MAX);
}

#endif
