/* walfile/segment: headers damaged in each field. */
#include "walfile/segment.h"

#include "tap.h"

#define MIB ((uint64_t)1 << 20)

/* A long page header as a server writes it. */
static void
header(uint8_t p[BK_WAL_HEADER], uint16_t magic, uint32_t timeline,
    uint64_t address, uint64_t sysid, uint32_t segment)
{
	const uint16_t info = 0x0002 | 0x0001;
	const uint32_t page = 8192;

	memset(p, 0, BK_WAL_HEADER);
	memcpy(p, &magic, 2);
	memcpy(p + 2, &info, 2);
	memcpy(p + 4, &timeline, 4);
	memcpy(p + 8, &address, 8);
	memcpy(p + 24, &sysid, 8);
	memcpy(p + 32, &segment, 4);
	memcpy(p + 36, &page, 4);
}

/* Whether a file with this header passes as name; *e is why not. */
static int
check(const uint8_t *p, const char *name, uint64_t size, const char *sysid,
    struct bk_err *e)
{
	struct bk_wal_header h;

	*e = (struct bk_err){0};
	return bk_wal_header_read(p, BK_WAL_HEADER, &h) &&
	    bk_wal_segment_check(&h, name, size, sysid, e) == 0;
}

#define NAME "000000020000000000000005"

static void
checks(void)
{
	uint8_t p[BK_WAL_HEADER];
	struct bk_err e;

	header(p, 0xD110, 2, 5 * 16 * MIB, UINT64_MAX, 16 * MIB);
	ok(check(p, NAME, 16 * MIB, "18446744073709551615", &e),
	    "all is right");
	ok(check(p, NAME, 16 * MIB, "", &e), "of any cluster");
	ok(!check(p, NAME, 16 * MIB, "1", &e) && e.code == BK_DATA &&
	    strstr(e.msg, NAME ": holds segment " NAME " of another cluster") !=
	    NULL, "of another: %s", e.msg);
	ok(!check(p, NAME, 16 * MIB - 1, "", &e) && e.code == BK_DATA,
	    "too short: %s", e.msg);
	ok(!check(p, NAME, 16 * MIB + 1, "", &e), "too long: %s", e.msg);
	ok(check(p, NAME ".partial", 8192, "", &e), "a partial is short");
	ok(!check(p, NAME ".partial", 16 * MIB + 1, "", &e), "not long");
	ok(!check(p, "000000020000000000000006", 16 * MIB, "", &e) &&
	    strstr(e.msg, "06: holds segment " NAME) != NULL, "renamed: %s",
	    e.msg);
	ok(!check(p, "000000010000000000000005", 16 * MIB, "", &e),
	    "of a younger timeline: %s", e.msg);
	ok(check(p, "000000030000000000000005", 16 * MIB, "", &e),
	    "begun on an older one");
	header(p, 0xD110, 2, 5 * 16 * MIB + 8192, 1, 16 * MIB);
	ok(!check(p, NAME, 16 * MIB, "", &e), "the address of another page");
}

static void
headers(void)
{
	static const uint16_t magics[] = { 0xD106, 0xD10D, 0xD110, 0xD113,
		0xD116, 0xD118, 0xD1F0 };
	static const uint32_t sizes[] = { 1, 3 << 20, 1 << 19, 1U << 31 };
	uint8_t p[BK_WAL_HEADER];
	struct bk_wal_header h;
	size_t i;

	for (i = 0; i < 7; i++) {
		header(p, magics[i], 1, 0, 1, 1 << 20);
		ok(bk_wal_header_read(p, BK_WAL_HEADER, &h) &&
		    h.major == (i == 6 ? 0 : 13 + (int)i), "major %d",
		    h.major);
	}
	is_int(bk_wal_header_read(p, BK_WAL_HEADER - 1, &h), 0, "cut");
	p[2] &= 0xFD;
	is_int(bk_wal_header_read(p, BK_WAL_HEADER, &h), 0, "a short header");
	header(p, 0xD101, 1, 0, 1, 1 << 20);
	is_int(bk_wal_header_read(p, BK_WAL_HEADER, &h), 0, "PostgreSQL 12");
	header(p, 0xD110, 0, 0, 1, 1 << 20);
	is_int(bk_wal_header_read(p, BK_WAL_HEADER, &h), 0, "timeline 0");
	for (i = 0; i < 4; i++) {
		header(p, 0xD110, 1, 0, 1, sizes[i]);
		is_int(bk_wal_header_read(p, BK_WAL_HEADER, &h), 0,
		    "no size of a segment");
	}
	memset(p, 0, sizeof(p));
	is_int(bk_wal_header_read(p, BK_WAL_HEADER, &h), 0, "zeros");
}

/* Less than a long header: only what a short one has is taken. */
static void
pages(void)
{
	uint8_t p[BK_WAL_HEADER];
	struct bk_wal_page h;

	header(p, 0xD110, 7, 0x123000, 99, 1 << 20);
	bk_wal_page_read(p, BK_WAL_PAGE_SHORT, &h);
	ok(h.magic == 0xD110 && h.timeline == 7 && h.at == 0x123000 &&
	    h.header == BK_WAL_PAGE_LONG && h.sysid == 0 && h.size == 0,
	    "the short part of a long header");
	bk_wal_page_read(p, sizeof(p), &h);
	ok(h.sysid == 99 && h.segment == 1 << 20 && h.size == 8192,
	    "and all of it");
	p[2] = BK_WAL_PAGE_CONTINUES;
	bk_wal_page_read(p, sizeof(p), &h);
	ok(h.header == BK_WAL_PAGE_SHORT && h.sysid == 0 &&
	    h.flags == BK_WAL_PAGE_CONTINUES, "a short one");
}

/* Of a machine of the other byte order: each member the other way round. */
static void
swapped(void)
{
	static const unsigned ends[] = { 0, 2, 4, 8, 16, 20, 24, 32, 36, 40 };
	uint8_t p[BK_WAL_HEADER], q[BK_WAL_HEADER], c[BK_WAL_CONTROL] = "12";
	const uint32_t version = 1300;
	struct bk_err e = {0};
	unsigned i, j;

	header(p, 0xD110, 7, 0x300000, 99, 1 << 20);
	is_int(bk_wal_header_is_swapped(p, sizeof(p)), 0, "our byte order");
	for (i = 0; i < 9; i++)
		for (j = ends[i]; j < ends[i + 1]; j++)
			q[j] = p[ends[i] + ends[i + 1] - 1 - j];
	is_int(bk_wal_header_is_swapped(q, sizeof(q)), 1, "the other one");
	is_int(bk_wal_header_is_swapped(q, sizeof(q) - 1), 0, "  cut");
	is_int(bk_wal_header_fail(q, sizeof(q), NAME, "no WAL", &e), -1,
	    "why it is refused");
	is_int(e.code, BK_FAIL, "  which is no damage");
	is_str(e.msg, NAME ": WAL of a machine of the other byte order; only "
	    "one like that can read it", "  but the machine");
	memset(q, 0, sizeof(q));
	e = (struct bk_err){0};
	is_int(bk_wal_header_fail(q, sizeof(q), NAME, "no WAL", &e), -1,
	    "zeros are refused");
	is_int(e.code, BK_DATA, "  as damage");
	is_str(e.msg, NAME ": no WAL", "  in the caller's words");

	is_int(bk_wal_control_is_swapped(c, sizeof(c)), 0, "a control file");
	memcpy(c + 8, &version, 4);
	is_int(bk_wal_control_is_swapped(c, sizeof(c)), 0, "  ours");
	for (i = 0; i < 4; i++)
		c[8 + i] = ((const uint8_t *)&version)[3 - i];
	is_int(bk_wal_control_is_swapped(c, sizeof(c)), 1, "  theirs");
	is_int(bk_wal_control_is_swapped(c, sizeof(c) - 1), 0, "  cut");
}

static void
control(void)
{
	char sysid[BK_WAL_SYSID];
	struct bk_err e = {0};

	is_int(bk_wal_control_sysid("/nonexistent", sysid, &e), -1,
	    "a control file");
	is_str(e.msg, "/nonexistent: No such file or directory",
	    "that is not there");
}

int
main(void)
{
	headers();
	pages();
	checks();
	swapped();
	control();
	return tap_done();
}
