/*
 * WAL files by their first bytes and by their names, backup_label, pg_control:
 * a line of text, a newline, and the file.
 */
#include "fuzz.h"

#include "walfile/backup_label.h"
#include "walfile/segment.h"
#include "walfile/segment_check.h"

static void
check_name(const char *name, const struct bk_wal_header *h)
{
	enum bk_wal_file kind = bk_wal_file_kind(name);
	uint64_t address, segment = (uint64_t)1 << (20 + fuzz_pick(11));
	char again[BK_WAL_NAME];
	struct bk_err e = {0};

	if (kind != BK_WAL_FILE_SEGMENT && kind != BK_WAL_FILE_PARTIAL)
		return;
	if (bk_wal_segment_address(name, segment, &address)) {
		bk_wal_segment_name(bk_wal_file_timeline(name), address,
		    segment, again);
		CHECK(strncmp(again, name, 24) == 0);
	}
	if (h == NULL)
		return;
	fuzz_agree(bk_wal_segment_check(h, name, h->segment, h->sysid, &e), &e);
}

FUZZ(256 << 10, 4)
{
	const uint8_t *nl = n == 0 ? NULL : memchr(p, '\n', n);
	struct bk_wal_header h;
	struct bk_start_label l;
	struct bk_err e[3] = {{0}};
	char sysid[BK_WAL_SYSID], name[64];
	size_t len;
	int rc;

	rc = bk_start_label_parse(fuzz_text(p, n), &l, &e[0]);
	fuzz_agree(rc, &e[0]);
	CHECK(rc == -1 || bk_wal_file_kind(l.file) == BK_WAL_FILE_SEGMENT);
	if (nl == NULL)
		return;
	len = (size_t)(nl - p) < sizeof(name) ? (size_t)(nl - p) :
	    sizeof(name) - 1;
	memcpy(name, p, len);
	name[len] = '\0';
	n -= (size_t)(nl + 1 - p);
	p = nl + 1;
	rc = bk_wal_header_read(p, n, &h);
	CHECK(rc == 0 || n >= BK_WAL_HEADER);
	CHECK(rc == 0 || (h.segment >= BK_WAL_SEGMENT_MIN &&
	    h.segment <= BK_WAL_SEGMENT_MAX));
	check_name(name, rc ? &h : NULL);
	fuzz_agree(bk_wal_control_sysid(fuzz_path(0, p, n), sysid, &e[1]),
	    &e[1]);
	if (rc && bk_wal_file_kind(name) == BK_WAL_FILE_SEGMENT)
		fuzz_agree(bk_whole_segment_check(name, fuzz_path(0, p, n),
		    &e[2]), &e[2]);
}
