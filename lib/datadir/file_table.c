#include "datadir/file_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hex.h"

struct bk_file_table {
	struct bk_file_entry *entry;
	size_t n, cap;
	int sorted;
};

struct bk_file_table *
bk_file_table_new(struct bk_err *e)
{
	struct bk_file_table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		bk_fail_memory(e);
	return t;
}

void
bk_file_table_free(struct bk_file_table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		free((char *)(uintptr_t)t->entry[i].path);
	free(t->entry);
	free(t);
}

/* Room for one more entry; NULL with *e set. */
static struct bk_file_entry *
grow(struct bk_file_table *t, struct bk_err *e)
{
	struct bk_file_entry *more = bk_grow(t->entry, t->n, &t->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	t->entry = more;
	return &t->entry[t->n];
}

/* Path and sums are one piece of memory. */
int
bk_file_table_add(struct bk_file_table *t, const char *path, uint64_t size,
    struct bk_file_sum sums[], size_t n, struct bk_err *e)
{
	struct bk_file_entry *f = grow(t, e);
	size_t i, len, at = strlen(path) + 1;
	uint8_t *p, sum[BK_SUM_MAX];

	if (f == NULL)
		return -1;
	for (i = 0, len = at; i < n; i++)
		len += bk_sum_len(sums[i].algorithm);
	if ((p = malloc(len)) == NULL)
		return bk_fail_memory(e);
	*f = (struct bk_file_entry){ .path = (char *)p, .size = size,
	    .sums = p + at };
	memcpy(p, path, at);
	for (i = 0; i < n; i++, at += len) {
		if (bk_file_sum_final(&sums[i], sum, e) == -1) {
			free(p);
			return -1;
		}
		len = bk_sum_len(sums[i].algorithm);
		memcpy(p + at, sum, len);
		f->algorithms |= 1u << sums[i].algorithm;
	}
	t->n++;
	t->sorted = 0;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct bk_file_entry *)a)->path,
	    ((const struct bk_file_entry *)b)->path);
}

static void
sort(struct bk_file_table *t)
{
	if (!t->sorted && t->n > 0)
		qsort(t->entry, t->n, sizeof(*t->entry), by_path);
	t->sorted = 1;
}

static struct bk_file_entry *
find(struct bk_file_table *t, const char *path)
{
	struct bk_file_entry key = { .path = path };

	if (t->n == 0)
		return NULL;
	sort(t);
	return bsearch(&key, t->entry, t->n, sizeof(key), by_path);
}

const struct bk_file_entry *
bk_file_table_find(struct bk_file_table *t, const char *path)
{
	return find(t, path);
}

/* The sum of this algorithm among those kept; NULL: none. */
static const uint8_t *
kept_sum(const struct bk_file_entry *f, enum bk_sum algorithm)
{
	const uint8_t *p = f->sums;
	unsigned i;

	if ((f->algorithms & 1u << algorithm) == 0)
		return NULL;
	for (i = 0; i < (unsigned)algorithm; i++)
		if ((f->algorithms & 1u << i) != 0)
			p += bk_sum_len((enum bk_sum)i);
	return p;
}

static void
show_sum(enum bk_sum algorithm, const uint8_t *sum, char out[], size_t n)
{
	char hex[2 * BK_SUM_MAX + 1];

	bk_hex(sum, bk_sum_len(algorithm), hex);
	(void)snprintf(out, n, "%s %s", bk_sum_name(algorithm), hex);
}

int
bk_file_difference_sizes(struct bk_file_difference *d,
    const struct bk_manifest_file *want, uint64_t size)
{
	(void)snprintf(d->want, sizeof(d->want), "%" PRIu64 " bytes",
	    want->size);
	(void)snprintf(d->got, sizeof(d->got), "%" PRIu64 " bytes", size);
	return size != want->size;
}

int
bk_file_difference_sums(struct bk_file_difference *d,
    const struct bk_manifest_file *want, const uint8_t *sum)
{
	show_sum(want->algorithm, want->sum, d->want, sizeof(d->want));
	show_sum(want->algorithm, sum, d->got, sizeof(d->got));
	return memcmp(sum, want->sum, bk_sum_len(want->algorithm)) != 0;
}

int
bk_file_table_compare(struct bk_file_table *t,
    const struct bk_manifest_file *want, struct bk_file_difference *d,
    struct bk_err *e)
{
	struct bk_file_entry *got = find(t, want->path);
	const uint8_t *sum;

	if (got == NULL) {
		(void)bk_file_difference_sizes(d, want, 0);
		(void)snprintf(d->got, sizeof(d->got), "none");
		return 1;
	}
	got->listed = 1;
	if (bk_file_difference_sizes(d, want, got->size))
		return 1;
	if (want->algorithm == BK_SUM_NONE)
		return 0;
	if ((sum = kept_sum(got, want->algorithm)) == NULL)
		return bk_fail(e, BK_FAIL, "%s: its checksum is a %s, which "
		    "was not computed", want->path,
		    bk_sum_name(want->algorithm));
	return bk_file_difference_sums(d, want, sum);
}

int
bk_file_table_unlisted(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < t->n && rc == 0; i++)
		if (!t->entry[i].listed &&
		    strcmp(t->entry[i].path, "backup_manifest") != 0 &&
		    strncmp(t->entry[i].path, "pg_wal/", 7) != 0)
			rc = each(ctx, &t->entry[i], e);
	return rc;
}

int
bk_file_table_twice(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	sort(t);
	for (i = 1; i < t->n && rc == 0; i++)
		if (by_path(&t->entry[i - 1], &t->entry[i]) == 0) {
			t->entry[i - 1].listed = t->entry[i].listed = 1;
			rc = each(ctx, &t->entry[i], e);
		}
	return rc;
}

int
bk_file_table_each(struct bk_file_table *t,
    int (*each)(void *ctx, const struct bk_file_entry *f, struct bk_err *e),
    void *ctx, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < t->n && rc == 0; i++)
		rc = each(ctx, &t->entry[i], e);
	return rc;
}
