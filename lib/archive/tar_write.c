#include "archive/tar_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar_in.h"
#include "base/num.h"
#include "stream/heads.h"

#define SIZE_MAX_OCTAL UINT64_C(077777777777)	/* of 11 digits */
#define END_DIR "pg_tblspc/"	/* in every base backup: harmless again */

struct bk_tar_writer {
	struct bk_writer *out;
	struct bk_seal seal;
	uint64_t left;		/* of the entry's data */
	size_t pad;		/* after it */
	struct bk_buf path;	/* the entry's */
	struct bk_buf pax;	/* records for the next header */
};

/* A pax record, "LENGTH KEY=VALUE\n", where LENGTH counts itself, too. */
static int
add_record(struct bk_tar_writer *w, const char *key, const char *value,
    struct bk_err *e)
{
	size_t rest = strlen(key) + strlen(value) + 3, n = rest + 1;
	char length[BK_NUM_TEXT];

	while (rest + (size_t)snprintf(length, sizeof(length), "%zu", n) != n)
		n++;
	return bk_buf_printf(&w->pax, e, "%s %s=%s\n", length, key, value);
}

static size_t
padding(uint64_t size)
{
	return (BK_TAR_BLOCK - (size_t)(size % BK_TAR_BLOCK)) % BK_TAR_BLOCK;
}

static int
write_zeros(struct bk_tar_writer *w, size_t n, struct bk_err *e)
{
	static const char zeros[2 * BK_TAR_BLOCK];

	return bk_writer_write(w->out, zeros, n, e);
}

/* Names are those of PostgreSQL's own tar files. */
static int
write_header(struct bk_tar_writer *w, struct bk_tar_header *h, char type,
    uint64_t size, unsigned mode, time_t mtime, struct bk_err *e)
{
	h->type = type;
	(void)snprintf(h->mode, sizeof(h->mode), "%07o", mode & 07777);
	(void)snprintf(h->uid, sizeof(h->uid), "%07o", 04000);
	(void)snprintf(h->gid, sizeof(h->gid), "%07o", 02000);
	/* a larger one is in a pax record, which prevails */
	(void)snprintf(h->size, sizeof(h->size), "%011" PRIo64,
	    size > SIZE_MAX_OCTAL ? SIZE_MAX_OCTAL : size);
	(void)snprintf(h->mtime, sizeof(h->mtime), "%011" PRIo64,
	    mtime < 0 ? 0 : (uint64_t)mtime & SIZE_MAX_OCTAL);
	memcpy(h->magic, BK_HEAD_TAR, sizeof(h->magic));
	memcpy(h->version, "00", sizeof(h->version));
	(void)snprintf(h->uname, sizeof(h->uname), "postgres");
	(void)snprintf(h->gname, sizeof(h->gname), "postgres");
	(void)snprintf(h->sum, sizeof(h->sum), "%06o", bk_tar_sum(h));
	h->sum[7] = ' ';
	return bk_writer_write(w->out, h, sizeof(*h), e);
}

/* Write the collected pax records in a header of type 'x' or 'g'. */
static int
write_pax(struct bk_tar_writer *w, char type, const char *name,
    struct bk_err *e)
{
	struct bk_tar_header h = {0};
	size_t n = w->pax.len;

	if (n == 0)
		return 0;
	(void)snprintf(h.name, sizeof(h.name), "%s", name);
	if (write_header(w, &h, type, n, 0600, w->seal.label.at, e) == -1 ||
	    bk_writer_write(w->out, w->pax.data, n, e) == -1 ||
	    write_zeros(w, padding(n), e) == -1)
		return -1;
	w->pax.len = 0;
	return 0;
}

struct bk_tar_writer *
bk_tar_write_open(struct bk_writer *out, const struct bk_label *label,
    struct bk_err *e)
{
	struct bk_tar_writer *w = calloc(1, sizeof(*w));
	char opening[BK_SEAL_OPENING];

	if (w == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	w->out = out;
	if (bk_seal_new(&w->seal, label, e) == 0) {
		(void)bk_seal_open(&w->seal, opening);
		if (add_record(w, "comment", opening, e) == 0 &&
		    write_pax(w, 'g', "pax_global_header", e) == 0)
			return w;
	}
	bk_tar_write_free(w);
	return NULL;
}

/* Put the path into name and prefix; 0 if they have no room for it. */
static int
fits(struct bk_tar_header *h, const char *path)
{
	size_t n = strlen(path);
	const char *slash = path;

	if (n <= sizeof(h->name)) {
		memcpy(h->name, path, n);
		return 1;
	}
	/* the first slash with no more than a name after it */
	while ((slash = strchr(slash + 1, '/')) != NULL && slash[1] != '\0') {
		size_t rest = n - (size_t)(slash + 1 - path);

		if (rest > sizeof(h->name))
			continue;
		if ((size_t)(slash - path) > sizeof(h->prefix))
			return 0;
		memcpy(h->prefix, path, (size_t)(slash - path));
		memcpy(h->name, slash + 1, rest);
		return 1;
	}
	return 0;
}

/* Set the header's path, or a record for it. */
static int
put_path(struct bk_tar_writer *w, struct bk_tar_header *h,
    const struct bk_tar_entry_out *entry, struct bk_err *e)
{
	size_t n = strlen(entry->path);
	int slash = entry->type == '5' && n > 0 && entry->path[n - 1] != '/';

	w->path.len = 0;
	if (bk_buf_printf(&w->path, e, "%s%s", entry->path, slash ? "/" : "") ==
	    -1)
		return -1;
	if (fits(h, w->path.data))
		return 0;
	memcpy(h->name, w->path.data, sizeof(h->name));
	return add_record(w, "path", w->path.data, e);
}

static int
put_link(struct bk_tar_writer *w, struct bk_tar_header *h, const char *link,
    struct bk_err *e)
{
	size_t n = strlen(link);

	memcpy(h->link, link, n < sizeof(h->link) ? n : sizeof(h->link));
	return n <= sizeof(h->link) ? 0 : add_record(w, "linkpath", link, e);
}

/* Has the entry all its data? */
static int
check_done(const struct bk_tar_writer *w, struct bk_err *e)
{
	if (w->left == 0)
		return 0;
	return bk_fail(e, BK_FAIL, "%s: %" PRIu64 " bytes less than its size "
	    "said", w->path.data, w->left);
}

int
bk_tar_write_entry(struct bk_tar_writer *w,
    const struct bk_tar_entry_out *entry, struct bk_err *e)
{
	struct bk_tar_header h = {0};
	uint64_t size = entry->type == '0' ? entry->size : 0;
	char text[BK_NUM_TEXT];

	if (check_done(w, e) == -1 || put_path(w, &h, entry, e) == -1)
		return -1;
	if (entry->link != NULL && put_link(w, &h, entry->link, e) == -1)
		return -1;
	(void)snprintf(text, sizeof(text), "%" PRIu64, size);
	if (size > SIZE_MAX_OCTAL && add_record(w, "size", text, e) == -1)
		return -1;
	w->left = size;
	w->pad = padding(size);
	return write_pax(w, 'x', "PaxHeaders/entry", e) == -1 ? -1 :
	    write_header(w, &h, entry->type, size, entry->mode, entry->mtime,
	    e);
}

int
bk_tar_write_data(struct bk_tar_writer *w, const void *buf, size_t n,
    struct bk_err *e)
{
	if (n > w->left)
		return bk_fail(e, BK_FAIL, "%s: more bytes than its size said",
		    w->path.data);
	if (bk_writer_write(w->out, buf, n, e) == -1)
		return -1;
	w->left -= n;
	return n == 0 || w->left > 0 ? 0 : write_zeros(w, w->pad, e);
}

/*
 * The records of the last header; the closing mark, which is the last of them,
 * counts what follows it: a newline, padding, an entry and two blocks of zeros.
 */
static int
add_trailer(struct bk_tar_writer *w, const struct bk_tar_trailer *t,
    struct bk_err *e)
{
	char text[sizeof(BK_TAR_END) + BK_LSN_TEXT] = BK_TAR_END;
	char closing[BK_SEAL_CLOSING + 1];
	size_t mark;

	if (t->badpages != NULL) {
		w->path.len = 0;
		if (bk_buf_printf(&w->path, e, "%s%s", BK_TAR_BADPAGES,
		    t->badpages) == -1 ||
		    add_record(w, "comment", w->path.data, e) == -1)
			return -1;
	}
	bk_lsn_format(t->end, text + strlen(text));
	if (t->end > 0 && add_record(w, "comment", text, e) == -1)
		return -1;
	mark = w->pax.len;
	bk_seal_close(&w->seal, 0, closing);
	if (add_record(w, "comment", closing, e) == -1)
		return -1;
	bk_seal_close(&w->seal, (unsigned)(1 + padding(w->pax.len) +
	    3 * BK_TAR_BLOCK), closing);
	w->pax.len = mark;
	return add_record(w, "comment", closing, e);
}

int
bk_tar_write_end(struct bk_tar_writer *w, const struct bk_tar_trailer *trailer,
    struct bk_err *e)
{
	struct bk_tar_entry_out last = { .path = END_DIR, .type = '5',
	    .mode = 0700, .mtime = w->seal.label.at };

	return check_done(w, e) == -1 || add_trailer(w, trailer, e) == -1 ||
	    bk_tar_write_entry(w, &last, e) == -1 ? -1 :
	    write_zeros(w, 2 * BK_TAR_BLOCK, e);
}

void
bk_tar_write_free(struct bk_tar_writer *w)
{
	if (w == NULL)
		return;
	bk_buf_free(&w->path);
	bk_buf_free(&w->pax);
	free(w);
}
