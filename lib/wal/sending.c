#include "wal/sending.h"

#include <stdio.h>
#include <string.h>

#include "base/file_sha256.h"
#include "base/io.h"
#include "base/num.h"
#include "walfile/segment.h"
#include "walfile/segment_check.h"

#define TRIES 4			/* others may store a .partial meanwhile */

/* The first half of the SHA-256 of the file's first bytes. */
static int
sum_file(const struct bk_wal_sending *s, uint64_t bytes,
    char out[BK_LABEL_SUM], struct bk_err *e)
{
	char hex[BK_SHA256_HEX];

	if (bk_file_sha256(s->fd, bytes, s->label.wal, hex, e) == -1)
		return -1;
	(void)snprintf(out, BK_LABEL_SUM, "%.32s", hex);
	return 0;
}

static int
is_partial(const struct bk_wal_sending *s)
{
	return bk_wal_file_kind(s->label.wal) == BK_WAL_FILE_PARTIAL;
}

/* Where it begins; 0: it is not a segment. */
static int
find_start(const struct bk_wal_sending *s, uint64_t *start, struct bk_err *e)
{
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	ssize_t n = bk_io_pread(s->fd, head, sizeof(head), 0, s->label.wal, e);

	if (n == -1)
		return -1;
	*start = n == sizeof(head) && bk_wal_header_read(head, sizeof(head),
	    &h) ? h.address : 0;
	return 0;
}

int
bk_wal_send_measure(struct bk_wal_sending *s, struct bk_err *e)
{
	uint64_t start;

	if (is_partial(s)) {
		if (bk_whole_segment_end(s->label.wal, s->fd, s->bytes,
		    &s->bytes, e) == -1 || find_start(s, &start, e) == -1)
			return -1;
		if (start != 0)
			s->label.end = start + s->bytes;
	}
	return sum_file(s, s->bytes, s->label.sum, e);
}

/*
 * The archive has another .partial of that name: 1, this one begins with it,
 * and label.prior says so; 0: it does not, or that is not known; -1.
 */
static int
begins_with(struct bk_wal_sending *s, const struct bk_wal_held *held,
    struct bk_err *e)
{
	uint64_t start;
	char sum[BK_LABEL_SUM] = "";

	if (held->end == 0)
		return 0;
	if (find_start(s, &start, e) == -1)
		return -1;
	if (held->end <= start || held->end > s->label.end)
		return 0;
	if (sum_file(s, held->end - start, sum, e) == -1)
		return -1;
	if (strcmp(sum, held->sum) != 0)
		return 0;
	memcpy(s->label.prior, sum, sizeof(sum));
	return 1;
}

/* 0: to be stored under the second name; -1. */
static int
name_second(struct bk_wal_sending *s, const struct bk_wal_held *held,
    struct bk_err *e)
{
	char name[BK_LABEL_WAL];

	if (s->grows && held->end > s->label.end)
		return bk_fail(e, BK_BUSY, "%s: the archive may have more of "
		    "it", s->label.wal);
	if (s->grows)
		return bk_fail(e, BK_FAIL, "%s: the archive has other WAL "
		    "under this name; this one is stored when its segment is "
		    "whole, or its timeline ends", s->label.wal);
	bk_wal_second_name(s->label.wal, s->label.sum, name);
	memcpy(s->label.wal, name, sizeof(name));
	s->label.prior[0] = '\0';
	return 0;
}

int
bk_wal_send(struct bk_wal_sending *s, atomic_int *pid, struct bk_err *e)
{
	struct bk_wal_held held;
	struct bk_err why = {0};
	int i, rc = -1;

	if (s->label.sum[0] == '\0' && bk_wal_send_measure(s, e) == -1)
		return -1;
	for (i = 0; i < TRIES; i++) {
		why = (struct bk_err){0};
		held = (struct bk_wal_held){0};
		rc = bk_wal_command_feed(s->command, s->label.wal, s->fd,
		    s->bytes, &s->label, &held, pid, &why);
		if (rc == 0 || !held.other || !is_partial(s))
			break;
		rc = begins_with(s, &held, e);
		if (rc == -1 || (rc == 0 && name_second(s, &held, e) == -1))
			return -1;
		rc = -1;
	}
	if (rc == -1)
		*e = why;
	return rc;
}
