#include "verify/check_base_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"

/* The current entry's data, of which the first bytes have been read. */
struct entry {
	struct bk_tar *tar;
	uint8_t head[BK_WAL_HEADER];
	size_t head_len, head_off;
};

static ssize_t
read_entry(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct entry *in = ctx;
	size_t have = in->head_len - in->head_off;

	if (have == 0)
		return bk_tar_data(in->tar, buf, n, e);
	if (n > have)
		n = have;
	memcpy(buf, in->head + in->head_off, n);
	in->head_off += n;
	return (ssize_t)n;
}

/* Remember a segment's header. */
static struct bk_base_segment *
add_segment(struct bk_base_found *f, const char *name, uint64_t size,
    const struct entry *in, struct bk_err *e)
{
	struct bk_base_segment *more = bk_grow(f->segment, f->n, NULL,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	f->segment = more;
	more += f->n++;
	memset(more, 0, sizeof(*more));
	(void)snprintf(more->name, sizeof(more->name), "%s", name);
	more->size = size;
	more->valid = bk_wal_header_read(in->head, in->head_len,
	    &more->header);
	return more;
}

static int
walk_on(void *ctx, const struct bk_logrecord *r)
{
	(void)ctx;
	(void)r;
	return 0;
}

/* Walk on through this segment, if its turn has come. */
static int
walk_segment(struct bk_base_found *f, const struct bk_base_segment *s,
    struct entry *in, struct bk_err *e)
{
	uint64_t size = s->header.segment;
	const struct bk_walk_options o = { .start = f->start,
	    .segment = size, .record = walk_on };

	if (f->walk == NULL && (f->start == 0 || s->header.address !=
	    f->start - f->start % size))
		return 0;
	if (f->walk == NULL && (f->walk = bk_walk_new(&o, e)) == NULL)
		return -1;
	if (f->walked != BK_WALK_NEXT ||
	    s->header.address / size != bk_walk_number(f->walk))
		return 0;
	f->walked = bk_walk_segment(f->walk, (struct bk_source){ read_entry,
	    in }, bk_wal_file_timeline(s->name), e);
	return f->walked == BK_WALK_FAILED ? -1 : 0;
}

int
bk_check_base_segment(struct bk_base_found *f, struct bk_tar *tar,
    const char *name, uint64_t size, struct bk_err *e)
{
	struct entry in = { .tar = tar };
	struct bk_base_segment *s;
	ssize_t n = 1;

	while (in.head_len < sizeof(in.head) && n > 0) {
		n = bk_tar_data(tar, in.head + in.head_len,
		    sizeof(in.head) - in.head_len, e);
		if (n == -1)
			return -1;
		in.head_len += (size_t)n;
	}
	if ((s = add_segment(f, name, size, &in, e)) == NULL)
		return -1;
	return s->valid ? walk_segment(f, s, &in, e) : 0;
}

void
bk_check_base_free(struct bk_base_found *f)
{
	free(f->segment);
	free(f->range);
	bk_walk_free(f->walk);
}

/* Bytes of a segment in this backup; 0: none says. */
static uint64_t
segment_size(const struct bk_base_found *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->segment[i].valid)
			return f->segment[i].header.segment;
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct bk_base_segment *x = a, *y = b;
	int r = strcmp(x->name + 8, y->name + 8);

	return r != 0 ? r : strcmp(x->name, y->name);
}

/*
 * The segment of that name.  One in which the timeline changes is so under the
 * later one's name: last says that this may be it.
 */
static const struct bk_base_segment *
find_segment(const struct bk_base_found *f, const char *name, int last)
{
	size_t i, low = 0, high = f->n;
	struct bk_base_segment key;

	memcpy(key.name, name, strlen(name) + 1);
	while (low < high) {
		i = low + (high - low) / 2;
		if (by_place(&f->segment[i], &key) < 0)
			low = i + 1;
		else
			high = i;
	}
	if (low == f->n || (last ? strcmp(f->segment[low].name + 8, name + 8) :
	    strcmp(f->segment[low].name, name)) != 0)
		return NULL;
	return &f->segment[low];
}

/* Is it what its name says? */
static int
check_segment(const struct bk_base_found *f, const struct bk_base_segment *s,
    struct bk_verdict *v, struct bk_err *e)
{
	const char *found = "no WAL page";
	struct bk_err why = {0};

	if (s->valid && bk_wal_segment_check(&s->header, s->name, s->size,
	    f->sysid, &why) == 0)
		return 0;
	if (s->valid)	/* "NAME: cause" */
		found = why.msg + strlen(s->name) + 2;
	return bk_verdict_differs(v, "WAL", found, e, "pg_wal/%s", s->name);
}

/* The segments of a range, up to the first that is missing. */
static int
check_range(const struct bk_base_found *f, const struct bk_manifest_wal *w,
    uint64_t size, struct bk_verdict *v, struct bk_err *e)
{
	uint64_t at = w->start - w->start % size, last = (w->end - 1) -
	    (w->end - 1) % size;
	const struct bk_base_segment *s;
	char name[BK_WAL_NAME];

	for (;; at += size) {
		bk_wal_segment_name(w->timeline, at, size, name);
		if ((s = find_segment(f, name, at == last)) == NULL)
			return bk_verdict_differs(v, "a segment", "none", e,
			    "pg_wal/%s", name);
		if (check_segment(f, s, v, e) == -1)
			return -1;
		if (at == last)
			return 0;
	}
}

/* Recovery reads every record up to the end. */
static int
check_records(const struct bk_base_found *f, struct bk_verdict *v,
    struct bk_err *e)
{
	char end[BK_LSN_TEXT];

	bk_lsn_format(v->end, end);
	if (f->walk != NULL && bk_walk_end(f->walk) >= v->end)
		return 0;
	if (f->walk != NULL && f->walked == BK_WALK_BROKEN)
		return bk_verdict_differs(v, end, bk_walk_why(f->walk), e,
		    "WAL: records up to");
	/* another order than the server's, or no backup_label */
	return bk_verdict_uncovered(v, e, "the records of its WAL");
}

static int
check_ranges(const struct bk_base_found *f, struct bk_verdict *v,
    struct bk_err *e)
{
	uint64_t size = segment_size(f);
	char start[BK_LSN_TEXT], end[BK_LSN_TEXT];
	size_t i;

	bk_lsn_format(v->start, start);
	bk_lsn_format(v->end, end);
	if (f->n == 0)
		return bk_verdict_uncovered(v, e, "WAL from %s to %s, which "
		    "is not inside", start, end);
	if (size == 0)
		return check_segment(f, &f->segment[0], v, e);
	for (i = 0; i < f->nranges; i++)
		if (check_range(f, &f->range[i], size, v, e) == -1)
			return -1;
	return check_records(f, v, e);
}

/* Where the WAL begins and ends that the backup needs. */
static int
add_up(const struct bk_base_found *f, struct bk_verdict *v, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < f->nranges; i++) {
		const struct bk_manifest_wal *w = &f->range[i];

		if (w->start >= w->end)
			return bk_fail(e, BK_DATA, "backup_manifest: a range "
			    "of WAL that ends before it begins");
		if (i == 0 || w->start < v->start) {
			v->start = w->start;
			v->timeline = w->timeline;
		}
		if (w->end > v->end)
			v->end = w->end;
	}
	return 0;
}

static int
check_lsn(struct bk_verdict *v, uint64_t want, uint64_t got, const char *what,
    struct bk_err *e)
{
	char a[BK_LSN_TEXT], b[BK_LSN_TEXT];

	bk_lsn_format(want, a);
	bk_lsn_format(got, b);
	return want == got ? 0 : bk_verdict_differs(v, a, b, e, "%s", what);
}

/* The tar's own label and trailer say what the manifest says. */
static int
check_label(const struct bk_base_found *f, const struct bk_tar *tar,
    struct bk_verdict *v, struct bk_err *e)
{
	const struct bk_label *l = &bk_tar_seal(tar)->label;
	const struct bk_tar_trailer *t = bk_tar_trailer(tar);
	char want[BK_NUM_TEXT], got[BK_NUM_TEXT];

	v->label = *l;
	if (l->kind == BK_LABEL_CLUSTER && strcmp(l->name, f->sysid) != 0 &&
	    bk_verdict_differs(v, l->name, f->sysid, e, "label: cluster") ==
	    -1)
		return -1;
	(void)snprintf(want, sizeof(want), "%" PRIu32, l->timeline);
	(void)snprintf(got, sizeof(got), "%" PRIu32, v->timeline);
	if (l->timeline != v->timeline &&
	    bk_verdict_differs(v, want, got, e, "label: timeline") == -1)
		return -1;
	if (check_lsn(v, l->start, v->start, "label: start of WAL", e) == -1 ||
	    check_lsn(v, t->end, v->end, "trailer: end of WAL", e) == -1)
		return -1;
	return t->badpages == NULL ? 0 : bk_verdict_uncovered(v, e,
	    "pages with wrong checksums: %s", t->badpages);
}

int
bk_check_base_wal(struct bk_base_found *f, const struct bk_tar *tar,
    struct bk_verdict *v, struct bk_err *e)
{
	if (f->n > 0)
		qsort(f->segment, f->n, sizeof(*f->segment), by_place);
	(void)snprintf(v->cluster, sizeof(v->cluster), "%s", f->sysid);
	if (add_up(f, v, e) == -1 || check_ranges(f, v, e) == -1)
		return -1;
	return bk_tar_seal(tar) == NULL ? 0 : check_label(f, tar, v, e);
}
