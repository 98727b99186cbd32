#include "wal/outgoing.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file_sha256.h"
#include "base/io.h"
#include "walfile/history.h"
#include "walfile/segment_check.h"

static int
take_name(struct bk_wal_outgoing *out, const char *path, struct bk_err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	if (bk_wal_file_kind(name) == BK_WAL_FILE_OTHER ||
	    bk_wal_file_kind(name) == BK_WAL_FILE_SECOND)
		return bk_fail(e, BK_DATA, "%s: not the name of a WAL file",
		    path);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

static int
open_file(struct bk_wal_outgoing *out, const char *path, struct bk_err *e)
{
	struct stat st;

	if ((out->fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(out->fd, &st) == -1)
		return bk_fail_errno(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return bk_fail(e, BK_DATA, "%s: not a regular file", path);
	out->size = (uint64_t)st.st_size;
	out->label.at = st.st_mtime;
	return 0;
}

static int
slurp(const struct bk_wal_outgoing *out, struct bk_buf *text,
    struct bk_err *e)
{
	uint64_t size = out->size;
	ssize_t n;

	if (size > BK_WAL_HISTORY_MAX)
		return bk_fail(e, BK_DATA, "%s: more than %d bytes, which no "
		    "such file has", out->name, BK_WAL_HISTORY_MAX);
	if (bk_buf_reserve(text, (size_t)size + 1, e) == -1 || (n =
	    bk_io_pread(out->fd, text->data, (size_t)size, 0, out->name,
	    e)) == -1)
		return -1;
	text->len = (size_t)n;
	return 0;
}

/* Nothing may replace it once it is stored: can the server use it? */
static int
check_text(const struct bk_wal_outgoing *out, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = slurp(out, &text, e);

	if (rc == 0)
		rc = bk_wal_text_check(out->name, text.data, text.len, e);
	bk_buf_free(&text);
	return rc;
}

/* A segment is of this cluster and at its place; a text can be parsed. */
static int
check(struct bk_wal_outgoing *out, const char *sysid, struct bk_err *e)
{
	enum bk_wal_file kind = bk_wal_file_kind(out->name);
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	ssize_t n;

	bk_label_set(&out->label, BK_LABEL_CLUSTER, sysid);
	if (kind != BK_WAL_FILE_SEGMENT && kind != BK_WAL_FILE_PARTIAL)
		return check_text(out, e);
	n = bk_io_pread(out->fd, head, sizeof(head), 0, out->name, e);
	if (n == -1)
		return -1;
	if (n != sizeof(head) ||
	    !bk_wal_header_read(head, sizeof(head), &h))
		return bk_wal_header_fail(head, (size_t)n, out->name,
		    "not a WAL segment (no header)", e);
	if (bk_wal_segment_check(&h, out->name, out->size, sysid, e) == -1)
		return -1;
	bk_label_set(&out->label, BK_LABEL_CLUSTER, h.sysid);
	/* the server's has the size of a whole one */
	if (kind == BK_WAL_FILE_PARTIAL && bk_whole_segment_end(out->name,
	    out->fd, out->size, &out->size, e) == -1)
		return -1;
	out->label.end = h.address + out->size;
	return 0;
}

static int
digest(struct bk_wal_outgoing *out, struct bk_err *e)
{
	if (bk_file_sha256(out->fd, out->size, out->name, out->digest, e) == -1)
		return -1;
	memcpy(out->label.sum, out->digest, sizeof(out->label.sum) - 1);
	return 0;
}

int
bk_wal_outgoing_open(struct bk_wal_outgoing *out, const char *path,
    const char *sysid, struct bk_err *e)
{
	*out = (struct bk_wal_outgoing)BK_WAL_OUTGOING_NONE;
	if (take_name(out, path, e) == 0 && open_file(out, path, e) == 0 &&
	    check(out, sysid, e) == 0 && digest(out, e) == 0)
		return 0;
	bk_wal_outgoing_close(out);
	return -1;
}

void
bk_wal_outgoing_close(struct bk_wal_outgoing *out)
{
	if (out->fd != -1)
		close(out->fd);	/* read only: nothing to lose */
	out->fd = -1;
}
