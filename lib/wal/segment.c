#include "wal/segment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "policy/wal_missing.h"

#define DIGITS "0123456789ABCDEF"
#define SECOND ".partial."	/* and eight digits */
#define LONG_HEADER 0x0002	/* flag in xlp_info */

/* XLOG_PAGE_MAGIC of each major version. */
static const struct {
	uint16_t magic;
	int version;
} magics[] = {
	{ 0xD106, 13 }, { 0xD10D, 14 }, { 0xD110, 15 }, { 0xD113, 16 },
	{ 0xD116, 17 }, { 0xD118, 18 },
};
#define MAGICS (sizeof(magics) / sizeof(magics[0]))
#define MAGIC_LAST 0xD1FF	/* what versions to come may count up to */

enum bk_wal_file
bk_wal_file_kind(const char *name)
{
	size_t digits = strspn(name, DIGITS);
	const char *rest = name + digits;

	if (digits == 8)
		return strcmp(rest, ".history") == 0 ? BK_WAL_FILE_HISTORY :
		    BK_WAL_FILE_OTHER;
	if (digits != 24)
		return BK_WAL_FILE_OTHER;
	if (*rest == '\0')
		return BK_WAL_FILE_SEGMENT;
	if (strcmp(rest, ".partial") == 0)
		return BK_WAL_FILE_PARTIAL;
	if (strncmp(rest, SECOND, strlen(SECOND)) == 0 &&
	    strspn(rest + strlen(SECOND), DIGITS) == 8 &&
	    rest[strlen(SECOND) + 8] == '\0')
		return BK_WAL_FILE_SECOND;
	if (*rest == '.' && strspn(rest + 1, DIGITS) == 8 &&
	    strcmp(rest + 9, ".backup") == 0)
		return BK_WAL_FILE_BACKUP;
	return BK_WAL_FILE_OTHER;
}

uint32_t
bk_wal_file_timeline(const char *name)
{
	uint64_t timeline = 0;

	(void)bk_hex_number(name, 8, &timeline);
	return (uint32_t)timeline;
}

static int
version_of(uint16_t magic, int *version)
{
	size_t i;

	for (i = 0; i < MAGICS; i++) {
		if (magics[i].magic != magic)
			continue;
		*version = magics[i].version;
		return 1;
	}
	*version = 0;
	return magic > magics[MAGICS - 1].magic && magic <= MAGIC_LAST;
}

int
bk_wal_header_read(const void *p, size_t n, struct bk_wal_header *out)
{
	const uint8_t *b = p;
	uint16_t magic, info;
	uint32_t segment;
	uint64_t sysid;

	memset(out, 0, sizeof(*out));
	if (n < BK_WAL_HEADER)
		return 0;
	memcpy(&magic, b, 2);
	memcpy(&info, b + 2, 2);
	memcpy(&out->timeline, b + 4, 4);
	memcpy(&out->address, b + 8, 8);
	memcpy(&sysid, b + 24, 8);
	memcpy(&segment, b + 32, 4);
	memcpy(&out->page, b + 36, 4);
	out->segment = segment;
	(void)snprintf(out->sysid, sizeof(out->sysid), "%" PRIu64, sysid);
	return version_of(magic, &out->version) && (info & LONG_HEADER) != 0 &&
	    segment >= BK_WAL_SEGMENT_MIN && segment <= BK_WAL_SEGMENT_MAX &&
	    (segment & (segment - 1)) == 0 && out->timeline != 0;
}

int
bk_wal_segment_address(const char *name, uint64_t segment, uint64_t *address)
{
	struct bk_wal_segment s;

	if (bk_wal_missing_parse(name, segment, &s) != 1 ||
	    s.number > UINT64_MAX / segment)
		return 0;
	*address = s.number * segment;
	return 1;
}

void
bk_wal_segment_name(uint32_t timeline, uint64_t address, uint64_t segment,
    char out[BK_WAL_NAME])
{
	const struct bk_wal_segment s = { timeline, address / segment, 0 };

	bk_wal_missing_format(&s, segment, out);
}

int
bk_wal_segment_check(const struct bk_wal_header *h, const char *name,
    uint64_t size, const char *sysid, struct bk_err *e)
{
	int partial = bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT;
	char really[BK_WAL_NAME];
	uint64_t address;

	bk_wal_segment_name(h->timeline, h->address, h->segment, really);
	if (*sysid != '\0' && strcmp(h->sysid, sysid) != 0)
		return bk_fail(e, BK_DATA, "%s: holds segment %s of another "
		    "cluster (system identifier %s, expected %s)", name, really,
		    h->sysid, sysid);
	if (!bk_wal_segment_address(name, h->segment, &address) ||
	    address != h->address || h->timeline > bk_wal_file_timeline(name))
		return bk_fail(e, BK_DATA, "%s: holds segment %s", name,
		    really);
	if (partial ? size > h->segment : size != h->segment)
		return bk_fail(e, BK_DATA, "%s: has %" PRIu64 " bytes, a "
		    "segment of this cluster %" PRIu64, name, size, h->segment);
	return 0;
}

int
bk_wal_control_sysid(const char *path, char sysid[BK_WAL_SYSID],
    struct bk_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t id;
	ssize_t n;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	n = bk_io_read(fd, &id, sizeof(id), path, e);
	close(fd);
	if (n == -1)
		return -1;
	if (n != sizeof(id))
		return bk_fail(e, BK_DATA, "%s: no control file: too short",
		    path);
	(void)snprintf(sysid, BK_WAL_SYSID, "%" PRIu64, id);
	return 0;
}
