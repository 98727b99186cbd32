#include "policy/recoverable.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/grow.h"
#include "policy/series.h"
#include "policy/wal_missing.h"

struct cluster {		/* a series of base backups */
	struct bk_subject *s;
	const struct bk_listed *item;	/* n of them, the newest first */
	size_t n;
	char *name;		/* for display */
};

struct archive {		/* a directory of WAL */
	const char *path;	/* len characters, with the last '/' */
	size_t len;
	uint64_t from, last;	/* numbers: whole and unbroken between them */
	time_t last_time;
	int known;		/* 0: no such segments */
};

struct places {
	struct cluster *cluster;
	size_t clusters;
	struct archive *archive;
	size_t archives;
	const struct bk_fresh *f;
	struct bk_err *e;
};

/* Set *number to that of the segment that base's WAL begins in: 1, or 0. */
static int
start_of(const struct bk_listed *base, uint64_t segment, uint64_t *number)
{
	uint64_t position;

	if (base->chain.start != 0) {
		*number = base->chain.start / segment;
		return 1;
	}
	if (!bk_wal_name_find(base->r.name, &position))
		return 0;
	*number = (position >> 32) * (((uint64_t)1 << 32) / segment) +
	    (position & UINT32_MAX);
	return 1;
}

/* 1 if all that item i of n builds on is there. */
static int
is_whole(const struct bk_listed *const v[], size_t n, size_t i)
{
	while (i < n && v[i]->chain.parent != 0)
		i = bk_listing_parent(v, n, i);
	return i < n;
}

/* Set what c can be recovered to with the WAL in a. */
static int
find_range(const struct cluster *c, const struct archive *a,
    const struct places *p)
{
	const struct bk_listed **v = calloc(c->n, sizeof(*v));
	uint64_t number;
	size_t i;

	if (v == NULL)
		return bk_fail_memory(p->e);
	for (i = 0; i < c->n; i++)
		v[i] = &c->item[i];
	for (i = c->n; i-- > 0;)
		if (start_of(v[i], p->f->segment, &number) &&
		    number >= a->from && number <= a->last &&
		    v[i]->r.time <= a->last_time && is_whole(v, c->n, i)) {
			c->s->recoverable_from = v[i]->r.time;
			c->s->recoverable_to = a->last_time;
			break;
		}
	free(v);
	return 0;
}

/* 1 if one of a's directories has this name. */
static int
has_directory(const struct archive *a, const char *name)
{
	const char *part = a->path, *end = a->path + a->len, *slash;
	const size_t n = strlen(name);

	for (; part < end; part = slash + 1) {
		slash = memchr(part, '/', (size_t)(end - part));
		if (slash == NULL)
			break;
		if ((size_t)(slash - part) == n && strncmp(part, name, n) == 0)
			return 1;
	}
	return 0;
}

/* How near: the directories that they share, and the name. */
static size_t
nearness(const struct cluster *c, const struct archive *a)
{
	const char *key = c->s->series;
	size_t i, near = 0;

	for (i = 0; i < a->len && key[i] == a->path[i]; i++)
		near += key[i] == '/';
	return 2 * near + (size_t)has_directory(a, c->name);
}

/* The archive that is nearest to c; NULL: none, or more than one. */
static const struct archive *
nearest_archive(const struct places *p, const struct cluster *c)
{
	const struct archive *a, *best = NULL;
	size_t near, most = 0;

	for (a = p->archive; a < p->archive + p->archives; a++) {
		if ((near = nearness(c, a) + 1) >= most)
			best = near > most ? a : NULL;
		most = near > most ? near : most;
	}
	return best;
}

/* The same the other way round. */
static const struct cluster *
nearest_cluster(const struct places *p, const struct archive *a)
{
	const struct cluster *c, *best = NULL;
	size_t near, most = 0;

	for (c = p->cluster; c < p->cluster + p->clusters; c++) {
		if ((near = nearness(c, a) + 1) >= most)
			best = near > most ? c : NULL;
		most = near > most ? near : most;
	}
	return best;
}

static int
add_cluster(struct places *p, struct bk_subject *s,
    const struct bk_listed *item, size_t n)
{
	struct cluster *more;
	struct bk_buf name = {0};
	uint64_t number;
	size_t i = 0;

	while (i < n && !start_of(&item[i], p->f->segment, &number))
		i++;
	if (i == n)
		return 0;
	if (bk_series_name(s->series, &name, p->e) == -1 ||
	    (more = bk_grow(p->cluster, p->clusters, NULL, sizeof(*more),
	    p->e)) == NULL) {
		bk_buf_free(&name);
		return -1;
	}
	p->cluster = more;
	more[p->clusters++] = (struct cluster){ s, item, n, name.data };
	return 0;
}

/* By archive. */
static int
compare_archives(const void *a, const void *b)
{
	const struct bk_listed *x = *(const struct bk_listed *const *)a;
	const struct bk_listed *y = *(const struct bk_listed *const *)b;
	size_t n = bk_wal_name_archive(x->r.name);
	size_t m = bk_wal_name_archive(y->r.name);

	return n != m ? (n > m) - (n < m) :
	    strncmp(x->r.name, y->r.name, n);
}

/* The archive of v[0] to v[n - 1]. */
static int
add_archive(struct places *p, const struct bk_listed *const v[], size_t n)
{
	struct archive a = { .path = v[0]->r.name,
	    .len = bk_wal_name_archive(v[0]->r.name) }, *more;
	struct bk_wal_segment *all = calloc(n, sizeof(*all)), s;
	uint32_t timeline = 0;
	size_t i;

	more = bk_grow(p->archive, p->archives, NULL, sizeof(*more), p->e);
	if (more != NULL)
		p->archive = more;
	if (all == NULL || more == NULL) {
		free(all);
		return bk_fail_memory(p->e);
	}
	for (i = 0; i < n && bk_wal_segment_parse(v[i]->r.name,
	    p->f->segment, &s) == 1; i++) {
		all[i] = s;
		if (s.partial || (a.known && (s.timeline < timeline ||
		    (s.timeline == timeline && s.number < a.last))))
			continue;
		a.known = 1;
		timeline = s.timeline;
		a.last = s.number;
		a.last_time = v[i]->r.time;
	}
	a.known &= i == n;	/* else segments have another size */
	a.from = bk_wal_unbroken_from(all, i);
	free(all);
	p->archive[p->archives++] = a;
	return 0;
}

static int
add_archives(struct places *p, const struct bk_listing *items)
{
	const struct bk_listed **v = calloc(items->n, sizeof(*v));
	struct bk_wal_segment s;
	size_t i, j, n = 0;
	int rc = v == NULL ? bk_fail_memory(p->e) : 0;

	for (i = 0; rc == 0 && i < items->n; i++)
		if (bk_wal_segment_parse(items->item[i].r.name, p->f->segment,
		    &s) != 0)
			v[n++] = &items->item[i];
	if (n > 0)
		qsort(v, n, sizeof(*v), compare_archives);
	for (i = 0; rc == 0 && i < n; i = j) {
		for (j = i + 1; j < n && compare_archives(&v[i], &v[j]) == 0;)
			j++;
		rc = add_archive(p, &v[i], j - i);
	}
	free(v);
	return rc;
}

static int
find_ranges(const struct places *p)
{
	const struct cluster *c;
	const struct archive *a;

	for (c = p->cluster; c < p->cluster + p->clusters; c++)
		if ((a = nearest_archive(p, c)) != NULL && a->known &&
		    nearest_cluster(p, a) == c && find_range(c, a, p) == -1)
			return -1;
	return 0;
}

int
bk_recoverable_find(struct bk_subject s[], size_t n,
    const struct bk_listing *items, const struct bk_fresh *f, struct bk_err *e)
{
	struct places p = { .f = f, .e = e };
	size_t i = 0, j, k;
	int rc = 0;

	for (k = 0; rc == 0 && k < n; k++, i = j) {
		j = bk_listing_group_end(items, i);
		rc = add_cluster(&p, &s[k], &items->item[i], j - i);
	}
	if (rc == 0 && p.clusters > 0)
		rc = add_archives(&p, items);
	if (rc == 0)
		rc = find_ranges(&p);
	for (k = 0; k < p.clusters; k++)
		free(p.cluster[k].name);
	free(p.cluster);
	free(p.archive);
	return rc;
}
