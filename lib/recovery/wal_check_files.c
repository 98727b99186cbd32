#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "recovery/wal_check_in.h"

#define AHEAD 2			/* segments that a .partial may stand for, and
				 * the base backup may have */

/* --- timelines */

/* The history of timeline: 1 with *h; 0: not in the archive; -1. */
static int
get_history(struct bk_prover *s, uint32_t timeline, struct bk_wal_history *h,
    struct bk_err *e)
{
	struct bk_buf path = {0}, text = {0};
	char name[BK_WAL_NAME];
	int rc = 0;

	bk_wal_history_name(timeline, name);
	if (s->o->get != NULL)
		rc = bk_wal_get(s->o->get, name, NULL, e);
	if (rc != 1)
		return rc;
	if (bk_buf_printf(&path, e, "%s/%s", s->o->spool, name) == -1 ||
	    bk_io_slurp(path.data, BK_WAL_HISTORY_MAX, &text, e) == -1 ||
	    bk_wal_history_parse(name, text.data == NULL ? "" : text.data,
	    text.len, h, e) == -1)
		rc = -1;
	bk_buf_free(&text);
	bk_buf_free(&path);
	return rc;
}

/* The base backup's own timeline; without its file it has no past. */
static int
use_current(struct bk_prover *s, struct bk_err *e)
{
	int rc = 0;

	if (s->o->label.timeline > 1)
		rc = get_history(s, s->o->label.timeline, &s->history, e);
	s->history.timeline = s->o->label.timeline;
	return rc == -1 ? -1 : 0;
}

/* Does a history lead from the base backup to its timeline? */
static int
leads_on(const struct bk_prover *s, const struct bk_wal_history *h)
{
	return bk_wal_history_owner(h, s->o->label.start) ==
	    s->o->label.timeline;
}

static int
use_given(struct bk_prover *s, struct bk_err *e)
{
	char start[BK_LSN_TEXT], name[BK_WAL_NAME];
	int rc = get_history(s, s->o->timeline, &s->history, e);

	if (rc == -1)
		return -1;
	bk_wal_history_name(s->o->timeline, name);
	if (rc == 0)
		return bk_fail(e, BK_DATA, "%s: not in the archive, so "
		    "timeline %" PRIu32 " cannot be reached", name,
		    s->o->timeline);
	bk_lsn_format(s->o->label.start, start);
	if (!leads_on(s, &s->history))
		return bk_fail(e, BK_DATA, "timeline %" PRIu32 ": does not "
		    "descend from the base backup, which starts at %s on "
		    "timeline %" PRIu32 "; use a base backup from before "
		    "the timelines parted", s->o->timeline, start,
		    s->o->label.timeline);
	return 0;
}

/* The newest that leads on, by asking for one after the other. */
static int
use_latest(struct bk_prover *s, struct bk_err *e)
{
	struct bk_wal_history h = {0};
	uint32_t t = s->o->label.timeline;
	int rc = 0;

	if (use_current(s, e) == -1)
		return -1;
	while (t < UINT32_MAX && (rc = get_history(s, ++t, &h, e)) == 1) {
		if (leads_on(s, &h)) {
			bk_wal_history_free(&s->history);
			s->history = h;
			h = (struct bk_wal_history){0};
		}
		bk_wal_history_free(&h);
	}
	return rc == -1 ? -1 : 0;
}

int
bk_prove_timeline(struct bk_prover *s, struct bk_err *e)
{
	uint32_t t = s->o->timeline;

	if (t == BK_PROVE_LATEST)
		return use_latest(s, e);
	if (t == BK_PROVE_CURRENT || t == s->o->label.timeline)
		return use_current(s, e);
	return use_given(s, e);
}

/* --- segments */

/* The i-th timeline from the newest on, and where it begins. */
static uint32_t
timeline_at(const struct bk_wal_history *h, size_t i, uint64_t *begin)
{
	*begin = i < h->n ? h->v[h->n - 1 - i].lsn : 0;
	return i == 0 ? h->timeline : h->v[h->n - i].timeline;
}

/* The last 16 digits of a segment's name, which no timeline changes. */
static void
digits_of(const struct bk_prover *s, uint64_t number, char out[BK_WAL_NAME])
{
	char name[BK_WAL_NAME];

	if (s->segment == 0)
		(void)snprintf(name, sizeof(name), "%s", s->o->label.file);
	else
		bk_wal_segment_name(1, number * s->segment, s->segment, name);
	(void)snprintf(out, BK_WAL_NAME, "%s", name + 8);
}

/* Where the file is in the spool. */
static int
spool_path(const struct bk_prover *s, const struct bk_prove_file *f,
    struct bk_buf *path, struct bk_err *e)
{
	return bk_buf_printf(path, e, "%s/%s%s", s->o->spool, f->name,
	    f->partial ? BK_WAL_PARTIAL : "");
}

/* Open f->name from the spool, or else from the base backup: 1, 0 or -1. */
static int
open_file(struct bk_prover *s, struct bk_prove_file *f, struct bk_err *e)
{
	struct bk_buf path = {0};
	int rc = 0;

	f->archived = f->partial = 0;
	if (s->o->get != NULL)
		rc = bk_wal_get(s->o->get, f->name, NULL, e);
	if (rc > 0) {
		f->partial = rc == 2;
		if (spool_path(s, f, &path, e) == -1)
			return -1;
		f->archived = rc = 1;
		if ((f->fd = open(path.data, O_RDONLY | O_CLOEXEC)) == -1)
			rc = bk_fail_errno(e, "%s", path.data);
		bk_buf_free(&path);
		return rc;
	}
	if (rc == 0 && s->o->own != -1) {
		f->fd = openat(s->o->own, f->name, O_RDONLY | O_CLOEXEC |
		    O_NOFOLLOW);
		rc = f->fd != -1 ? 1 : errno == ENOENT ? 0 :
		    bk_fail_errno(e, "pg_wal/%s", f->name);
	}
	return rc;
}

int
bk_prove_open(struct bk_prover *s, uint64_t number, struct bk_prove_file *f,
    struct bk_err *e)
{
	uint64_t begin = UINT64_MAX, end;
	char digits[BK_WAL_NAME];
	size_t i;
	int rc = 0;

	digits_of(s, number, digits);
	for (i = 0; rc == 0 && i <= s->history.n; i++) {
		end = begin;
		f->timeline = timeline_at(&s->history, i, &begin);
		/* what one wrote after the next had left it is not ours */
		if (f->timeline < s->o->label.timeline || (s->segment != 0 &&
		    (number < begin / s->segment ||
		    number > (end - 1) / s->segment)))
			continue;
		(void)snprintf(f->name, sizeof(f->name), "%08" PRIX32 "%.16s",
		    f->timeline, digits);
		rc = open_file(s, f, e);
	}
	return rc;
}

/* 0 if the files have the same bytes there, as far as b goes; 1 if not; -1. */
static int
compare_files(int a, int b, uint64_t at, uint64_t end, const char *name,
    struct bk_err *e)
{
	char x[16 * 1024], y[sizeof(x)];
	ssize_t n, m;
	size_t want;

	for (; at < end; at += (uint64_t)m) {
		want = end - at < sizeof(x) ? (size_t)(end - at) : sizeof(x);
		n = pread(a, x, want, (off_t)at);
		m = pread(b, y, want, (off_t)at);
		if (n == -1 || m == -1)
			return bk_fail_errno(e, "%s", name);
		if (m == 0)
			break;
		if (n < m)
			m = n;
		if (m == 0 || memcmp(x, y, (size_t)m) != 0)
			return 1;
	}
	return 0;
}

int
bk_prove_same(const struct bk_prover *s, uint64_t number,
    const struct bk_prove_file *f, struct bk_err *e)
{
	const uint64_t begin = number * s->segment, start = s->o->label.start;
	uint64_t end = s->o->end;
	int own, rc;

	if (!f->archived || s->o->own == -1 || end <= begin)
		return 0;
	if (end - begin > s->segment)
		end = begin + s->segment;
	own = openat(s->o->own, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (own == -1)
		return errno == ENOENT ? 0 :
		    bk_fail_errno(e, "pg_wal/%s", f->name);
	rc = compare_files(f->fd, own, start > begin ? start - begin : 0,
	    end - begin, f->name, e);
	close(own);
	return rc < 1 ? rc : bk_fail(e, BK_DATA, "%s: the archive's is not the "
	    "one that the base backup has: WAL of a copy of the cluster?",
	    f->name);
}

void
bk_prove_close(struct bk_prover *s, struct bk_prove_file *f, int bad)
{
	struct bk_buf path = {0};
	struct bk_err ignored = {0};

	close(f->fd);
	f->fd = -1;
	if (!f->archived)
		return;
	s->kept += s->segment;
	/* a .partial is never used again */
	if (!bad && !f->partial && s->kept <= s->o->spool_max)
		return;
	s->kept -= s->segment;
	/* if it stays, it only takes room */
	if (spool_path(s, f, &path, &ignored) == 0)
		(void)unlink(path.data);
	bk_buf_free(&path);
}

void
bk_prove_ahead(struct bk_prover *s, const struct bk_prove_file *f)
{
	if (s->o->get != NULL)
		bk_wal_get_ahead(s->o->get, f->name);
}

int
bk_prove_goes_on(struct bk_prover *s, uint64_t number, struct bk_err *e)
{
	struct bk_prove_file f = { .fd = -1 };
	char name[BK_WAL_NAME];
	uint64_t d = 0;
	int rc = 0;

	while (rc == 0 && (d = bk_wal_get_farther(d)) != 0 &&
	    d <= UINT64_MAX / s->segment - number) {
		if (d <= AHEAD) {
			rc = bk_prove_open(s, number + d, &f, e);
		} else if (s->o->get != NULL) {
			bk_prove_name(s, number + d, name);
			rc = bk_wal_get_has(s->o->get, name, e);
		}
	}
	if (f.fd != -1)
		bk_prove_close(s, &f, 0);
	return rc;
}

void
bk_prove_name(const struct bk_prover *s, uint64_t number,
    char name[BK_WAL_NAME])
{
	uint64_t address = number * s->segment;

	bk_wal_segment_name(bk_wal_history_owner(&s->history,
	    address + s->segment - 1), address, s->segment, name);
}
