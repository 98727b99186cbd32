#include "wal/fork.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "walfile/history.h"
#include "walfile/segment.h"

#define ZEROS (64 * 1024)
#define REDO 40		/* in the control file, of 13 to 18: the last
			 * checkpoint's LSN, and then its timeline */

int
bk_wal_fork_point(const char *path, struct bk_wal_point *at,
    struct bk_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t p[sizeof(at->lsn) + sizeof(at->timeline)];
	ssize_t n;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	n = bk_io_pread(fd, p, sizeof(p), REDO, path, e);
	close(fd);	/* read only: nothing to lose */
	if (n == -1)
		return -1;
	if (n != sizeof(p))
		return bk_fail(e, BK_DATA, "%s: not a control file: too short",
		    path);
	memcpy(&at->lsn, p, sizeof(at->lsn));
	memcpy(&at->timeline, p + sizeof(at->lsn), sizeof(at->timeline));
	return 0;
}

/* Does this history lead to at, and leave timeline?  1 with *lsn, or 0. */
static int
leaves(const struct bk_wal_history *h, const struct bk_wal_point *at,
    uint32_t timeline, uint64_t *lsn)
{
	return (at->timeline == 0 ||
	    bk_wal_history_owner(h, at->lsn) == at->timeline) &&
	    bk_wal_history_end(h, timeline, lsn) == 1;
}

/* Does this history leave timeline?  1 with *lsn, 0 or -1. */
static int
look_into(const char *dir, const char *name, const struct bk_wal_point *at,
    uint32_t timeline, uint64_t *lsn, struct bk_err *e)
{
	struct bk_buf path = {0}, text = {0};
	struct bk_wal_history h = {0};
	int rc = -1;

	if (bk_buf_printf(&path, e, "%s/%s", dir, name) == 0 &&
	    bk_io_slurp(path.data, BK_WAL_HISTORY_MAX, &text, e) == 0 &&
	    bk_wal_history_parse(name, text.data == NULL ? "" : text.data,
	    text.len, &h, e) == 0)
		rc = leaves(&h, at, timeline, lsn);
	bk_wal_history_free(&h);
	bk_buf_free(&text);
	bk_buf_free(&path);
	return rc;
}

int
bk_wal_fork_find(const char *dir, const struct bk_wal_point *at,
    uint32_t timeline, uint64_t *lsn, struct bk_err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	uint32_t newest = timeline, t;
	uint64_t end;
	int found = 0, rc = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : bk_fail_errno(e, "%s", dir);
	while (rc != -1 && (errno = 0, entry = readdir(d)) != NULL) {
		if (bk_wal_file_kind(entry->d_name) != BK_WAL_FILE_HISTORY)
			continue;
		t = bk_wal_file_timeline(entry->d_name);
		if (t <= newest || (rc = look_into(dir, entry->d_name, at,
		    timeline, &end, e)) != 1)
			continue;
		newest = t;
		*lsn = end;
		found = 1;
	}
	if (rc != -1 && errno != 0)
		rc = bk_fail_errno(e, "%s", dir);
	closedir(d);
	return rc == -1 ? -1 : found;
}

static int
take_text(void *ctx, const void *buf, size_t n, struct bk_err *e)
{
	struct bk_buf *text = ctx;

	return text->len + n > BK_WAL_HISTORY_MAX ? bk_fail(e, BK_DATA,
	    "more than %d bytes, which no history has", BK_WAL_HISTORY_MAX) :
	    bk_buf_add(text, buf, n, e);
}

/* The archive's history of a timeline: 1 with *h, 0 or -1. */
static int
fetch_history(const struct bk_wal_command *c, struct bk_wal_runs *runs,
    uint32_t timeline, struct bk_wal_history *h, struct bk_err *e)
{
	char name[BK_WAL_NAME];
	struct bk_buf text = {0};
	struct bk_wal_run r;
	int rc;

	bk_wal_history_name(timeline, name);
	if (bk_wal_run_begin(runs, &r, e) == -1)
		return -1;
	rc = bk_wal_command_fetch(c, name, take_text, &text, &r.pid, e);
	bk_wal_run_end(runs, &r);
	if (rc == 1 && bk_wal_history_parse(name, text.data == NULL ? "" :
	    text.data, text.len, h, e) == -1)
		rc = -1;
	bk_buf_free(&text);
	return rc;
}

int
bk_wal_fork_later(const struct bk_wal_command *c, struct bk_wal_runs *runs,
    const struct bk_wal_point *at, uint32_t timeline, uint64_t *lsn,
    struct bk_err *e)
{
	struct bk_wal_history h;
	uint32_t t = timeline;
	uint64_t end;
	int rc = 1, found = 0;

	while (rc == 1 && t < UINT32_MAX) {
		h = (struct bk_wal_history){0};
		rc = fetch_history(c, runs, ++t, &h, e);
		if (rc == 1 && leaves(&h, at, timeline, &end)) {
			*lsn = end;
			found = 1;
		}
		bk_wal_history_free(&h);
	}
	return rc == -1 ? -1 : found;
}

static int
zero(int fd, const char *path, uint64_t from, uint64_t to, struct bk_err *e)
{
	static const uint8_t zeros[ZEROS];
	ssize_t n;

	for (; from < to; from += (uint64_t)n) {
		n = pwrite(fd, zeros, to - from < ZEROS ? (size_t)(to - from) :
		    ZEROS, (off_t)from);
		if (n == -1 && errno != EINTR)
			return bk_fail_errno(e, "%s", path);
		if (n == -1)
			n = 0;
	}
	return fdatasync(fd) == 0 ? 0 : bk_fail_errno(e, "%s: fdatasync",
	    path);
}

/* 1, 0 or -1, see bk_wal_fork_cut(). */
static int
cut(int fd, const char *path, uint64_t lsn, struct bk_err *e)
{
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	ssize_t n = bk_io_pread(fd, head, sizeof(head), 0, path, e);

	if (n == -1)
		return -1;
	if (n != sizeof(head) || !bk_wal_header_read(head, sizeof(head), &h))
		return bk_fail(e, BK_DATA, "%s: not WAL", path);
	if (h.address >= lsn)
		return 0;
	if (lsn - h.address < h.segment &&
	    zero(fd, path, lsn - h.address, h.segment, e) == -1)
		return -1;
	return 1;
}

int
bk_wal_fork_cut(const char *path, uint64_t lsn, struct bk_err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = cut(fd, path, lsn, e);
	if (bk_io_close(fd, path, e) == -1)
		rc = -1;
	if (rc != 1)
		(void)unlink(path);
	return rc;
}
