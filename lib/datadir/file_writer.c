#include "datadir/file_writer.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/queue.h"
#include "base/thread.h"

struct bk_file_written {
	struct bk_file_target target;
	atomic_uint users;	/* buffers not yet written, and fillers */
	atomic_int changed;
	uint64_t size;		/* so far */
	char path[];
};

struct piece {
	struct bk_link link;
	struct bk_file_written *file;	/* NULL: none */
	uint64_t at;
	size_t n;
	uint8_t data[BK_FILE_PIECE];
};

struct bk_file_writer {
	struct bk_handover queue;
	pthread_t *thread;
	unsigned started;
	struct piece *piece;	/* all of them */
	unsigned npieces;
	struct piece *filling;
	_Atomic uint64_t kept_files, kept_bytes;
};

static int
is_zero(const uint8_t *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Are these bytes in the file already?  What cannot be read is not. */
static int
is_there(const struct piece *p, uint8_t *scratch)
{
	struct bk_err ignored = {0};

	return bk_io_pread(p->file->target.fd, scratch, p->n, (off_t)p->at,
	    p->file->target.path, &ignored) == (ssize_t)p->n &&
	    memcmp(scratch, p->data, p->n) == 0;
}

static int
write_piece(const struct piece *p, uint8_t *scratch, struct bk_err *e)
{
	const struct bk_file_target *t = &p->file->target;

	if (t->exists && is_there(p, scratch))
		return 0;
	p->file->changed = 1;
	if (!t->exists && t->holes && is_zero(p->data, p->n))
		return 0;
	return bk_io_pwrite(t->fd, p->data, p->n, (off_t)p->at, t->path, e);
}

/* The length, where it ends with a hole or was longer, and the mode. */
static int
finish_file(struct bk_file_writer *w, struct bk_file_written *f,
    struct bk_err *e)
{
	const struct bk_file_target *t = &f->target;
	struct stat st;

	if (fstat(t->fd, &st) == -1)
		return bk_fail_errno(e, "%s: stat", t->path);
	if ((uint64_t)st.st_size != f->size) {
		f->changed = 1;
		if (ftruncate(t->fd, (off_t)f->size) == -1)
			return bk_fail_errno(e, "%s: truncate", t->path);
	}
	if ((st.st_mode & 07777) != t->mode && fchmod(t->fd, t->mode) == -1)
		return bk_fail_errno(e, "%s: chmod", t->path);
	if (t->exists && !f->changed) {
		w->kept_files++;
		w->kept_bytes += f->size;
	}
	return 0;
}

/* One user less; the last one closes the file. */
static int
release(struct bk_file_writer *w, struct bk_file_written *f, int good,
    struct bk_err *e)
{
	int rc = 0;

	if (atomic_fetch_sub(&f->users, 1) > 1)
		return 0;
	if (good)
		rc = finish_file(w, f, e);
	if (bk_io_close(f->target.fd, f->path, e) == -1)
		rc = -1;
	free(f);
	return rc;
}

static void *
write_pieces(void *arg)
{
	struct bk_file_writer *w = arg;
	uint8_t *scratch = malloc(BK_FILE_PIECE);
	struct bk_err e = {0};
	struct piece *p;
	int rc = scratch == NULL ? bk_fail_memory(&e) : 0;

	while (rc == 0 && (p = bk_handover_take(&w->queue, BK_WAIT)) != NULL) {
		struct bk_file_written *f = p->file;

		rc = write_piece(p, scratch, &e);
		p->file = NULL;
		if (release(w, f, rc == 0, &e) == -1)
			rc = -1;
		bk_handover_recycle(&w->queue, p);
	}
	if (rc == -1)
		bk_handover_stop(&w->queue, &e);
	free(scratch);
	return NULL;
}

struct bk_file_writer *
bk_file_writer_new(unsigned threads, struct bk_err *e)
{
	struct bk_file_writer *w = calloc(1, sizeof(*w));
	unsigned i;

	if (w == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	bk_handover_init(&w->queue);
	w->npieces = 2 * threads + 2;
	w->piece = calloc(w->npieces, sizeof(*w->piece));
	w->thread = calloc(threads, sizeof(*w->thread));
	if (w->piece == NULL || w->thread == NULL) {
		bk_fail_memory(e);
		bk_file_writer_free(w);
		return NULL;
	}
	for (i = 0; i < w->npieces; i++)
		bk_handover_recycle(&w->queue, &w->piece[i]);
	for (; w->started < threads; w->started++)
		if (bk_thread_start(&w->thread[w->started], write_pieces, w,
		    e) == -1) {
			bk_file_writer_free(w);
			return NULL;
		}
	return w;
}

struct bk_file_written *
bk_file_writer_begin(struct bk_file_writer *w, const struct bk_file_target *t,
    struct bk_err *e)
{
	size_t n = strlen(t->path) + 1;
	struct bk_file_written *f = malloc(sizeof(*f) + n);

	(void)w;
	if (f == NULL) {
		close(t->fd);
		bk_fail_memory(e);
		return NULL;
	}
	f->target = *t;
	memcpy(f->path, t->path, n);
	f->target.path = f->path;
	f->users = 1;
	f->changed = 0;
	f->size = 0;
	return f;
}

void *
bk_file_writer_buffer(struct bk_file_writer *w, struct bk_err *e)
{
	if (w->filling == NULL)
		w->filling = bk_handover_get(&w->queue, BK_WAIT);
	if (w->filling != NULL)
		return w->filling->data;
	(void)bk_handover_over(&w->queue, e);
	return NULL;
}

void
bk_file_writer_put(struct bk_file_writer *w, struct bk_file_written *f,
    size_t n)
{
	struct piece *p = w->filling;

	p->file = f;
	p->at = f->size;
	p->n = n;
	f->size += n;
	f->users++;
	w->filling = NULL;
	bk_handover_put(&w->queue, p);
}

void
bk_file_writer_end(struct bk_file_writer *w, struct bk_file_written *f)
{
	struct bk_err e = {0};

	if (release(w, f, 1, &e) == -1)
		bk_handover_stop(&w->queue, &e);
}

/* The threads end when nothing is left to write, or at the first failure. */
static void
join(struct bk_file_writer *w)
{
	bk_handover_end(&w->queue);
	while (w->started > 0)
		pthread_join(w->thread[--w->started], NULL);
}

int
bk_file_writer_finish(struct bk_file_writer *w, struct bk_file_kept *kept,
    struct bk_err *e)
{
	join(w);
	kept->files = w->kept_files;
	kept->bytes = w->kept_bytes;
	return bk_handover_over(&w->queue, e) == 1 ? 0 : -1;
}

void
bk_file_writer_free(struct bk_file_writer *w)
{
	struct bk_err ignored = {0};
	unsigned i;

	if (w == NULL)
		return;
	bk_handover_stop(&w->queue, NULL);
	join(w);
	for (i = 0; w->piece != NULL && i < w->npieces; i++)
		if (w->piece[i].file != NULL)
			(void)release(w, w->piece[i].file, 0, &ignored);
	bk_handover_destroy(&w->queue);
	free(w->piece);
	free(w->thread);
	free(w);
}
