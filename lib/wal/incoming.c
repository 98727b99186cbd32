#include "wal/incoming.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "stream/store.h"
#include "walfile/history.h"
#include "walfile/segment.h"

#define ZEROS (64 * 1024)

struct incoming {
	const struct bk_wal_wanted *w;
	enum bk_wal_file kind;
	struct bk_store *to;		/* opened by the first byte */
	struct bk_store_options how;
	uint64_t size;			/* so far */
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header header;	/* once there are so many bytes */
	struct bk_buf text;		/* all of what is not a segment */
};

static int
no_wal(const struct incoming *in, size_t n, struct bk_err *e)
{
	return bk_wal_header_fail(in->head, n, in->w->name, "the stored file "
	    "is not a WAL segment (no header); is it still compressed or "
	    "encrypted?", e);
}

/* Before more of it is written: is its beginning right? */
static int
check_head(struct incoming *in, const uint8_t *buf, size_t n,
    struct bk_err *e)
{
	size_t had = (size_t)in->size, more = BK_WAL_HEADER - had;
	struct bk_wal_header *h = &in->header;

	memcpy(in->head + had, buf, n < more ? n : more);
	if (n < more)
		return 0;
	if (!bk_wal_header_read(in->head, BK_WAL_HEADER, h))
		return no_wal(in, BK_WAL_HEADER, e);
	/* its size is known at the end */
	return bk_wal_segment_check(h, in->w->name, h->segment, in->w->sysid,
	    e);
}

static int
take_segment(struct incoming *in, const void *buf, size_t n, struct bk_err *e)
{
	if (in->size < BK_WAL_HEADER && check_head(in, buf, n, e) == -1)
		return -1;
	in->size += n;
	if (in->header.segment != 0 && in->size > in->header.segment)
		return bk_fail(e, BK_DATA, "%s: is longer than the %" PRIu64
		    " bytes of a segment", in->w->name, in->header.segment);
	return bk_store_write(in->to, buf, n, e);
}

static int
take(void *ctx, const void *buf, size_t n, struct bk_err *e)
{
	struct incoming *in = ctx;

	if (in->to == NULL && (in->to = bk_store_open(in->w->path, &in->how,
	    e)) == NULL)
		return -1;
	if (bk_wal_file_is_segment(in->kind))
		return take_segment(in, buf, n, e);
	if (in->text.len + n > BK_WAL_HISTORY_MAX)
		return bk_fail(e, BK_DATA, "%s: more than %d bytes, which no "
		    "such file has", in->w->name, BK_WAL_HISTORY_MAX);
	return bk_buf_add(&in->text, buf, n, e);
}

static int
pad(struct incoming *in, struct bk_err *e)
{
	static const uint8_t zeros[ZEROS];
	uint64_t n;

	for (; in->size < in->header.segment; in->size += n) {
		n = in->header.segment - in->size;
		if (n > ZEROS)
			n = ZEROS;
		if (bk_store_write(in->to, zeros, (size_t)n, e) == -1)
			return -1;
	}
	return 0;
}

static int
check_text(struct incoming *in, struct bk_err *e)
{
	if (bk_wal_text_check(in->w->name, in->text.data, in->text.len,
	    e) == -1)
		return -1;
	return bk_store_write(in->to, in->text.data, in->text.len, e);
}

/* All has come: is it whole? */
static int
complete(struct incoming *in, struct bk_err *e)
{
	if (!bk_wal_file_is_segment(in->kind))
		return check_text(in, e);
	if (in->header.segment == 0)
		return no_wal(in, (size_t)in->size, e);
	if (bk_wal_segment_check(&in->header, in->w->name, in->size,
	    in->w->sysid, e) == -1)
		return -1;
	return in->w->pad ? pad(in, e) : 0;
}

int
bk_wal_incoming(const struct bk_wal_wanted *w, const struct bk_wal_command *c,
    atomic_int *pid, uint64_t *segment, struct bk_err *e)
{
	struct incoming in = {
		.w = w,
		.kind = bk_wal_file_kind(w->name),
		.how = { .overwrite = 1, .must_exist_len = strlen(w->path) },
	};
	int rc = bk_wal_command_fetch(c, w->name, take, &in, pid, e);

	if (rc == 1 && (complete(&in, e) == -1 ||
	    bk_store_commit(in.to, e) == -1))
		rc = -1;
	if (rc == 1 && bk_wal_file_is_segment(in.kind))
		*segment = in.header.segment;
	bk_store_free(in.to);
	bk_buf_free(&in.text);
	return rc;
}

int
bk_wal_incoming_is(const struct bk_wal_wanted *w, uint64_t *segment)
{
	struct bk_err ignored = {0};
	struct bk_wal_header h;
	uint8_t head[BK_WAL_HEADER];
	struct stat st;
	int fd, good;

	if (bk_wal_file_kind(w->name) != BK_WAL_FILE_SEGMENT)
		return 0;
	if ((fd = open(w->path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	good = fstat(fd, &st) == 0 && bk_io_read(fd, head, sizeof(head),
	    w->path, &ignored) == BK_WAL_HEADER &&
	    bk_wal_header_read(head, sizeof(head), &h) &&
	    bk_wal_segment_check(&h, w->name, (uint64_t)st.st_size, w->sysid,
	    &ignored) == 0;
	close(fd);
	if (good)
		*segment = h.segment;
	return good;
}
