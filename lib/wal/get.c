#include "wal/get.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/thread.h"
#include "stream/store.h"
#include "wal/fork.h"
#include "wal/incoming.h"

#define LOCK_NAME ".bk-wal.%s.lock"
#define ASKED ".bk-wal.asked"
#define DIGITS 24		/* of a segment's name */
#define FARTHEST 65536		/* segments after one that is not there */
#define USUAL ((uint64_t)16 << 20)	/* bytes of a segment */
#define LEAST BK_WAL_SEGMENT_MIN

struct bk_wal_get {
	struct bk_wal_get_options o;
	int dir;			/* the spool's; -1: none */
	struct bk_wal_runs runs;
	pthread_mutex_t lock;		/* for all that follows */
	pthread_cond_t moved;
	int stopping;
	uint64_t segment;		/* bytes; 0: not known yet */
	/* segments of this timeline, by number, are to be fetched ahead */
	uint32_t timeline;
	uint64_t next, end;		/* not begun yet: next to end - 1 */
	uint64_t barrier;		/* this one is not to be had */
	unsigned busy, threads;
	pthread_t *thread;
};

struct bk_wal_get *
bk_wal_get_open(const struct bk_wal_get_options *o, struct bk_err *e)
{
	struct bk_wal_get *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	g->o = *o;
	g->segment = o->segment;
	g->dir = -1;
	g->barrier = UINT64_MAX;
	bk_wal_runs_init(&g->runs);
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->moved, NULL);
	if (o->spool != NULL && (g->dir = open(o->spool, O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC)) == -1) {
		bk_fail_errno(e, "%s: the spool", o->spool);
		bk_wal_get_free(g);
		return NULL;
	}
	return g;
}

/* --- one file */

static void
learn_segment(struct bk_wal_get *g, uint64_t segment)
{
	pthread_mutex_lock(&g->lock);
	if (segment != 0)
		g->segment = segment;
	pthread_mutex_unlock(&g->lock);
}

/* Fetch name as path: 1, 0 or -1. */
static int
fetch(struct bk_wal_get *g, const char *name, const char *path, int pad,
    struct bk_err *e)
{
	const struct bk_wal_wanted w = { name, path, g->o.sysid, pad };
	uint64_t segment = 0;
	struct bk_wal_run r;
	int rc;

	if (bk_wal_run_begin(&g->runs, &r, e) == -1)
		return -1;
	rc = bk_wal_incoming(&w, g->o.command, &r.pid, &segment, e);
	bk_wal_run_end(&g->runs, &r);
	if (rc == 1 && g->o.check != NULL &&
	    bk_wal_file_kind(name) == BK_WAL_FILE_SEGMENT &&
	    g->o.check(name, path, e) == -1) {
		(void)unlink(path);
		return -1;
	}
	if (rc == 1)
		learn_segment(g, segment);
	return rc;
}

static int
discard(void *ctx, const void *buf, size_t n, struct bk_err *e)
{
	(void)ctx;
	(void)buf;
	(void)n;
	(void)e;
	return 0;
}

int
bk_wal_get_has(struct bk_wal_get *g, const char *name, struct bk_err *e)
{
	struct bk_wal_run r;
	int rc;

	if (bk_wal_run_begin(&g->runs, &r, e) == -1)
		return -1;
	rc = bk_wal_command_fetch(g->o.command, name, discard, NULL, &r.pid, e);
	bk_wal_run_end(&g->runs, &r);
	return rc;
}

uint64_t
bk_wal_get_farther(uint64_t distance)
{
	if (distance < 4)
		return distance + 1;
	return distance < FARTHEST ? distance * 2 : 0;
}

/*
 * The size of segments, or the usual one that allows for name.  If that is
 * wrong, names are asked for that no segment has.
 */
static uint64_t
likely_segment(struct bk_wal_get *g, const char *name)
{
	uint64_t bytes = bk_wal_get_segment(g), address;

	if (bytes != 0)
		return bytes;
	return bk_wal_segment_address(name, USUAL, &address) ? USUAL : LEAST;
}

/* name is not there: is any of those after it? */
static int
check_hole(struct bk_wal_get *g, const char *name, struct bk_err *e)
{
	uint64_t bytes = likely_segment(g, name), address, d = 0;
	uint32_t timeline = bk_wal_file_timeline(name);
	char later[BK_WAL_NAME];
	struct bk_err why = {0};
	int rc = 0;

	if (!g->o.holes || !bk_wal_segment_address(name, bytes, &address))
		return 0;
	while (rc == 0 && (d = bk_wal_get_farther(d)) != 0 &&
	    d <= (UINT64_MAX - address) / bytes) {
		bk_wal_segment_name(timeline, address + d * bytes, bytes,
		    later);
		rc = bk_wal_get_has(g, later, &why);
	}
	if (rc == 0)
		return 0;
	return rc == 1 ? bk_fail(e, BK_FAIL, "%s: missing from the archive, "
	    "although the later segment %s is there", name, later) :
	    bk_fail(e, BK_FAIL, "%s: not in the archive; could not check "
	    "whether later segments exist: %s", name, why.msg);
}

/* Its .partial, padded, as path: 2, 0 or -1. */
static int
fetch_partial(struct bk_wal_get *g, const char *name, const char *path,
    struct bk_err *e)
{
	char partial[BK_WAL_NAME];
	int rc;

	if (bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT)
		return 0;
	if (check_hole(g, name, e) == -1)
		return -1;
	bk_wal_partial_name(name, partial);
	rc = fetch(g, partial, path, 1, e);
	return rc == 1 ? 2 : rc;
}

/* --- where a timeline was left */

/* The file was got, rc tells how: so much of it as is the server's past. */
static int
cut(struct bk_wal_get *g, const char *name, const char *path, int rc,
    struct bk_err *e)
{
	uint32_t timeline = bk_wal_file_timeline(name);
	struct bk_wal_point at;
	uint64_t lsn = 0;
	int left = -1;

	if (rc <= 0 || path == NULL || g->o.histories == NULL ||
	    bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT)
		return rc;
	if (bk_wal_fork_point(g->o.control, &at, e) == 0)
		left = bk_wal_fork_find(g->o.histories, &at, timeline, &lsn,
		    e);
	if (left == 0 && rc == 2 && g->o.follows)
		left = bk_wal_fork_later(g->o.command, &g->runs, &at,
		    timeline, &lsn, e);
	if (left == -1)
		(void)unlink(path);
	return left == -1 ? -1 : left == 0 ? rc :
	    bk_wal_fork_cut(path, lsn, e);
}

/* --- the spool */

static int
spool_path(const struct bk_wal_get *g, const char *name, const char *suffix,
    char **path, struct bk_err *e)
{
	struct bk_buf b = {0};

	if (bk_buf_printf(&b, e, "%s/%s%s", g->o.spool, name,
	    suffix) == -1)
		return -1;
	*path = b.data;
	return 0;
}

static int
copy_file(const char *from, const char *to, struct bk_err *e)
{
	const struct bk_store_options how = { .overwrite = 1,
		.must_exist_len = strlen(to) };
	static const size_t size = BK_IO_BUFSZ;
	struct bk_store *s = NULL;
	char *buf = malloc(size);
	int fd = open(from, O_RDONLY | O_CLOEXEC), rc = -1;
	ssize_t n = -1;

	if (buf == NULL)
		bk_fail_memory(e);
	else if (fd == -1)
		bk_fail_errno(e, "%s", from);
	else if ((s = bk_store_open(to, &how, e)) != NULL)
		while ((n = bk_io_read(fd, buf, size, from, e)) > 0 &&
		    (rc = bk_store_write(s, buf, (size_t)n, e)) == 0)
			continue;
	rc = n == 0 && rc == 0 ? bk_store_commit(s, e) : -1;
	bk_store_free(s);
	free(buf);
	if (fd != -1)
		close(fd);
	return rc;
}

/* Move from, in the spool, to to: 1 or -1. */
static int
move(const char *from, const char *to, struct bk_err *e)
{
	if (rename(from, to) == 0)
		return 1;
	if (errno != EXDEV)
		return bk_fail_errno(e, "%s: rename to %s", from, to);
	if (copy_file(from, to, e) == -1)
		return -1;
	(void)unlink(from);	/* else it is used again */
	return 1;
}

/*
 * 1: the spool has it, and it is at path now; 0: it has not; -1.  What is there
 * under that name, but is something else, will be replaced.
 */
static int
from_spool(struct bk_wal_get *g, const char *name, const char *spooled,
    const char *path, struct bk_err *e)
{
	const struct bk_wal_wanted w = { name, spooled, g->o.sysid, 0 };
	uint64_t segment;

	if (!bk_wal_incoming_is(&w, &segment))
		return 0;
	learn_segment(g, segment);
	return path == NULL ? 1 : move(spooled, path, e);
}

/*
 * Lock name in the spool, waiting for its other fetcher unless nowait; -1:
 * locked by another, or there are no locks here, without which it is only
 * fetched twice.
 */
static int
lock_name(const struct bk_wal_get *g, const char *name, int nowait)
{
	char lock[sizeof(LOCK_NAME) + BK_WAL_NAME];
	struct stat st;
	int fd;

	(void)snprintf(lock, sizeof(lock), LOCK_NAME, name);
	for (;;) {
		fd = openat(g->dir, lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd == -1)
			return -1;
		if (bk_io_lock(fd, LOCK_EX | (nowait ? LOCK_NB : 0)) == -1 ||
		    fstat(fd, &st) == -1) {
			close(fd);
			return -1;
		}
		if (st.st_nlink > 0)
			return fd;
		close(fd);	/* its other holder was done with it */
	}
}

static void
unlock_name(const struct bk_wal_get *g, const char *name, int fd)
{
	char lock[sizeof(LOCK_NAME) + BK_WAL_NAME];

	if (fd == -1)
		return;
	(void)snprintf(lock, sizeof(lock), LOCK_NAME, name);
	(void)unlinkat(g->dir, lock, 0);
	close(fd);
}

/* Note that the segment name is wanted now: another process fetches ahead. */
static void
note_asked(const struct bk_wal_get *g, const char *name)
{
	int fd;

	if (bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT)
		return;
	fd = openat(g->dir, ASKED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	/* without it, something may be fetched for nothing */
	if (pwrite(fd, name, DIGITS, 0) != DIGITS)
		(void)unlinkat(g->dir, ASKED, 0);
	close(fd);
}

/* The number of the segment noted last, if it is on this timeline: 1 or 0. */
static int
find_asked(const struct bk_wal_get *g, uint32_t timeline, uint64_t bytes,
    uint64_t *number)
{
	char name[DIGITS + 1] = "";
	struct bk_err ignored = {0};
	uint64_t address;
	int fd = openat(g->dir, ASKED, O_RDONLY | O_CLOEXEC), found = 0;

	if (fd == -1)
		return 0;
	if (bk_io_pread(fd, name, DIGITS, 0, ASKED, &ignored) == DIGITS &&
	    bk_wal_file_kind(name) == BK_WAL_FILE_SEGMENT &&
	    bk_wal_file_timeline(name) == timeline &&
	    bk_wal_segment_address(name, bytes, &address)) {
		*number = address / bytes;
		found = 1;
	}
	close(fd);
	return found;
}

static int
get_spooled(struct bk_wal_get *g, const char *name, const char *path,
    struct bk_err *e)
{
	char *spooled, *partial;
	int lock, rc;

	if (spool_path(g, name, "", &spooled, e) == -1)
		return -1;
	if (spool_path(g, name, BK_WAL_PARTIAL, &partial, e) == -1) {
		free(spooled);
		return -1;
	}
	note_asked(g, name);
	rc = from_spool(g, name, spooled, path, e);
	if (rc == 0) {
		lock = lock_name(g, name, 0);
		rc = from_spool(g, name, spooled, path, e);
		if (rc == 0)
			rc = fetch(g, name, path != NULL ? path : spooled, 0,
			    e);
		if (rc == 0)
			rc = fetch_partial(g, name, path != NULL ? path :
			    partial, e);
		unlock_name(g, name, lock);
	}
	free(partial);
	free(spooled);
	return rc;
}

int
bk_wal_get(struct bk_wal_get *g, const char *name, const char *path,
    struct bk_err *e)
{
	int rc;

	if (bk_wal_file_kind(name) == BK_WAL_FILE_OTHER)
		return bk_fail(e, BK_DATA, "%s: not the name of a WAL file",
		    name);
	if (g->dir != -1)
		rc = get_spooled(g, name, path, e);
	else if ((rc = fetch(g, name, path, 0, e)) == 0)
		rc = fetch_partial(g, name, path, e);
	return cut(g, name, path, rc, e);
}

/* --- ahead */

/*
 * Fetch the segment with this number into the spool: 1, or it ends here.  One
 * that was asked for meanwhile is there already.
 */
static int
fetch_ahead(struct bk_wal_get *g, uint32_t timeline, uint64_t number,
    uint64_t bytes)
{
	struct bk_err ignored = {0};
	char name[BK_WAL_NAME], *spooled;
	uint64_t asked;
	int lock, rc = 1;

	bk_wal_segment_name(timeline, number * bytes, bytes, name);
	if (spool_path(g, name, "", &spooled, &ignored) == -1)
		return -1;
	/* else somebody else gets it now */
	if ((lock = lock_name(g, name, 1)) != -1) {
		if (!find_asked(g, timeline, bytes, &asked) || number > asked)
			rc = from_spool(g, name, spooled, NULL, &ignored);
		if (rc == 0)
			rc = fetch(g, name, spooled, 0, &ignored);
		unlock_name(g, name, lock);
	}
	free(spooled);
	return rc;
}

static int
has_work(const struct bk_wal_get *g)
{
	return !g->stopping && g->next < g->end && g->next < g->barrier;
}

static void *
run_ahead(void *arg)
{
	struct bk_wal_get *g = arg;
	uint64_t number, bytes;
	uint32_t timeline;
	int rc;

	pthread_mutex_lock(&g->lock);
	while (!g->stopping) {
		if (!has_work(g)) {
			pthread_cond_wait(&g->moved, &g->lock);
			continue;
		}
		number = g->next++;
		bytes = g->segment;
		timeline = g->timeline;
		g->busy++;
		pthread_mutex_unlock(&g->lock);
		rc = fetch_ahead(g, timeline, number, bytes);
		pthread_mutex_lock(&g->lock);
		g->busy--;
		if (rc != 1 && number < g->barrier)
			g->barrier = number;
		pthread_cond_broadcast(&g->moved);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* Without threads nothing is fetched ahead, and all works. */
static void
start_threads(struct bk_wal_get *g)
{
	unsigned n = g->o.jobs < g->o.ahead ? g->o.jobs : g->o.ahead;
	struct bk_err ignored = {0};

	if (g->thread != NULL || n == 0 ||
	    (g->thread = calloc(n, sizeof(*g->thread))) == NULL)
		return;
	while (g->threads < n && bk_thread_start(&g->thread[g->threads],
	    run_ahead, g, &ignored) == 0)
		g->threads++;
}

void
bk_wal_get_ahead(struct bk_wal_get *g, const char *name)
{
	uint64_t address, number;
	uint32_t timeline = bk_wal_file_timeline(name);

	if (g->dir == -1 || g->o.ahead == 0)
		return;
	pthread_mutex_lock(&g->lock);
	if (g->segment != 0 &&
	    bk_wal_file_kind(name) == BK_WAL_FILE_SEGMENT &&
	    bk_wal_segment_address(name, g->segment, &address)) {
		number = address / g->segment;
		/* somewhere else, or past what was not to be had */
		if (timeline != g->timeline || number + 1 > g->next ||
		    number + 1 + g->o.ahead < g->next)
			g->next = number + 1;
		if (timeline != g->timeline || number >= g->barrier)
			g->barrier = UINT64_MAX;
		g->timeline = timeline;
		g->end = number + 1 + g->o.ahead;
		start_threads(g);
		pthread_cond_broadcast(&g->moved);
	}
	pthread_mutex_unlock(&g->lock);
}

uint64_t
bk_wal_get_segment(struct bk_wal_get *g)
{
	uint64_t segment;

	pthread_mutex_lock(&g->lock);
	segment = g->segment;
	pthread_mutex_unlock(&g->lock);
	return segment;
}

void
bk_wal_get_settle(struct bk_wal_get *g)
{
	pthread_mutex_lock(&g->lock);
	while (g->threads > 0 && (g->busy > 0 || has_work(g)))
		pthread_cond_wait(&g->moved, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void
bk_wal_get_stop(struct bk_wal_get *g)
{
	bk_wal_runs_stop(&g->runs);
	pthread_mutex_lock(&g->lock);
	g->stopping = 1;
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
}

void
bk_wal_get_free(struct bk_wal_get *g)
{
	if (g == NULL)
		return;
	bk_wal_get_stop(g);
	while (g->threads > 0)
		pthread_join(g->thread[--g->threads], NULL);
	free(g->thread);
	if (g->dir != -1)
		close(g->dir);
	pthread_cond_destroy(&g->moved);
	pthread_mutex_destroy(&g->lock);
	bk_wal_runs_destroy(&g->runs);
	free(g);
}
