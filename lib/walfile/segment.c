#include "walfile/segment.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/majors.h"

int
bk_wal_header_read(const void *p, size_t n, struct bk_wal_header *out)
{
	struct bk_wal_page h;

	memset(out, 0, sizeof(*out));
	if (n < BK_WAL_HEADER)
		return 0;
	bk_wal_page_read(p, n, &h);
	out->timeline = h.timeline;
	out->address = h.at;
	out->page = h.size;
	out->segment = h.segment;
	(void)snprintf(out->sysid, sizeof(out->sysid), "%" PRIu64, h.sysid);
	out->major = bk_majors_by_magic(h.magic);
	return out->major != -1 && (h.flags & BK_WAL_PAGE_IS_LONG) != 0 &&
	    bk_wal_segment_is_size(h.segment) && h.timeline != 0;
}

int
bk_wal_header_is_swapped(const void *p, size_t n)
{
	static const unsigned members[] = { 2, 2, 4, 8, 4, 4, 8, 4, 4 };
	const uint8_t *b = p;
	uint8_t swapped[BK_WAL_HEADER];
	struct bk_wal_header h;
	unsigned i, j, at = 0;

	if (n < BK_WAL_HEADER)
		return 0;
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		for (j = 0; j < members[i]; j++)
			swapped[at + j] = b[at + members[i] - 1 - j];
		at += members[i];
	}
	return bk_wal_header_read(swapped, sizeof(swapped), &h);
}

/* After the identifier is the version of the format: 1300, 1700, ... */
int
bk_wal_control_is_swapped(const void *p, size_t n)
{
	uint32_t version;

	if (n < BK_WAL_CONTROL)
		return 0;
	memcpy(&version, (const uint8_t *)p + 8, sizeof(version));
	return version != 0 && (version & 0xffff) == 0;
}

int
bk_wal_header_fail(const void *p, size_t n, const char *name, const char *what,
    struct bk_err *e)
{
	if (bk_wal_header_is_swapped(p, n))
		return bk_fail(e, BK_FAIL, "%s: WAL of a machine of the other "
		    "byte order; only one like that can read it", name);
	return bk_fail(e, BK_DATA, "%s: %s", name, what);
}

int
bk_wal_segment_check(const struct bk_wal_header *h, const char *name,
    uint64_t size, const char *sysid, struct bk_err *e)
{
	int partial = bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT;
	char really[BK_WAL_NAME];
	uint64_t address;

	if (h->major == 0)
		return bk_fail(e, BK_DATA, "%s: WAL of a PostgreSQL "
		    BK_PG_YOUNGER, name, BK_PG_NEWEST);
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
		return bk_fail(e, BK_DATA, "%s: not a control file: too short",
		    path);
	(void)snprintf(sysid, BK_WAL_SYSID, "%" PRIu64, id);
	return 0;
}
