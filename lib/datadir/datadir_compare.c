/* What was unpacked, against its manifest (datadir.h). */
#include "datadir/datadir_in.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/io.h"

/* Read the file: its sum, and whether it has the size that is listed. */
static int
sum_file(struct bk_datadir *d, const struct bk_manifest_file *f,
    uint64_t *size, struct bk_err *e)
{
	char *buf = malloc(BK_IO_BUFSZ);
	ssize_t n;
	int fd, rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	fd = bk_tree_open_file(d->tree, bk_datadir_place(f->path), O_RDONLY,
	    e);
	if (fd == -1 && e->code == BK_OK)
		bk_fail(e, BK_DATA, "%s: damaged: %s: missing", d->name,
		    f->path);
	while (fd != -1 && (n = bk_io_read(fd, buf, BK_IO_BUFSZ, f->path,
	    e)) >= 0) {
		*size += (uint64_t)n;
		if (bk_file_sum_update(&d->file_sum, buf, (size_t)n, e) == -1)
			break;
		if (n == 0) {
			rc = 0;
			break;
		}
	}
	if (fd != -1)
		close(fd);
	free(buf);
	return rc;
}

/* Compare the file on disk: 0, 1 with *diff filled, -1. */
static int
compare_again(struct bk_datadir *d, const struct bk_manifest_file *f,
    struct bk_file_difference *diff, struct bk_err *e)
{
	const int map = strcmp(f->path, BK_TABLESPACE_MAP) == 0 &&
	    !d->o.in_place && !d->combined;
	uint8_t sum[BK_SUM_MAX];
	uint64_t size = d->map.len;

	if (bk_file_sum_start(&d->file_sum, f->algorithm, e) == -1)
		return -1;
	if (!map)
		size = 0;
	if (map ? bk_file_sum_update(&d->file_sum, d->map.data, d->map.len,
	    e) == -1 : sum_file(d, f, &size, e) == -1)
		return -1;
	if (bk_file_sum_final(&d->file_sum, sum, e) == -1)
		return -1;
	if (size != f->size)
		return bk_file_difference_sizes(diff, f, size);
	return bk_file_difference_sums(diff, f, sum);
}

/* CRC-32C was computed on the way, any other algorithm was not. */
static int
compare(struct bk_datadir *d, const struct bk_manifest_file *f,
    struct bk_file_difference *diff, struct bk_err *e)
{
	struct bk_manifest_file size_only = *f;
	int r;

	if (d->combined)
		return compare_again(d, f, diff, e);
	if (f->algorithm == BK_SUM_NONE || f->algorithm == BK_SUM_CRC32C)
		return bk_base_judge_listed(d->judge, f, diff, e);
	size_only.algorithm = BK_SUM_NONE;
	r = bk_base_judge_listed(d->judge, &size_only, diff, e);
	return r != 0 ? r : compare_again(d, f, diff, e);
}

static int
refuse(void *ctx, const char *path, const struct bk_file_difference *diff,
    struct bk_err *e)
{
	const struct bk_datadir *d = ctx;

	return bk_fail(e, BK_DATA, "%s: damaged: %s: the manifest has %s, the "
	    "stream %s; take another backup", d->name, path, diff->want,
	    diff->got);
}

static int
on_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	struct bk_datadir *d = ctx;
	struct bk_file_difference diff;
	int r = bk_base_judge_ignores(d->judge, f->path) ? 0 :
	    compare(d, f, &diff, e);

	return r == 1 ? refuse(d, f->path, &diff, e) : r;
}

static int
on_wal(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	struct bk_datadir *d = ctx;
	struct bk_manifest_wal *more = bk_grow(d->wal, d->sum.nwal, NULL,
	    sizeof(*more), e);

	if (more == NULL)
		return -1;
	more[d->sum.nwal++] = *w;
	d->sum.wal = d->wal = more;
	return 0;
}

/* Feed the manifest from its file. */
static int
read_manifest(struct bk_datadir *d, int fd, struct bk_err *e)
{
	const struct bk_manifest_handler handler = { on_file, on_wal, d };
	struct bk_backup_manifest *m;
	char *buf = malloc(BK_IO_BUFSZ);
	ssize_t n;
	int rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	if ((m = bk_backup_manifest_open(BK_BACKUP_MANIFEST, &handler, e)) !=
	    NULL) {
		while ((n = bk_io_read(fd, buf, BK_IO_BUFSZ,
		    BK_BACKUP_MANIFEST, e)) > 0)
			if (bk_backup_manifest_feed(m, buf, (size_t)n, e) ==
			    -1)
				break;
		if (n == 0)
			rc = bk_backup_manifest_end(m, &d->sum.manifest, e);
	}
	bk_backup_manifest_free(m);
	free(buf);
	return rc;
}

static int
check_cluster(const struct bk_datadir *d, struct bk_err *e)
{
	const char *label = d->o.sysid, *sysid = d->sum.manifest.sysid;

	if (label == NULL || *label == '\0' || *sysid == '\0' ||
	    strcmp(label, sysid) == 0)
		return 0;
	return bk_fail(e, BK_DATA, "%s: its label names cluster %s, its "
	    "manifest cluster %s", d->name, label, sysid);
}

void
bk_datadir_blame(struct bk_datadir *d, struct bk_err *e)
{
	struct bk_err why = {0};

	if (e->code == BK_FAIL && bk_base_judge_twice(d->judge, refuse, d,
	    &why) == -1 && why.code == BK_DATA)
		*e = why;
}

int
bk_datadir_compare(struct bk_datadir *d, struct bk_err *e)
{
	int fd, rc;

	fd = !d->combined && !bk_base_judge_has_file(d->judge,
	    BK_BACKUP_MANIFEST) ? -1 :
	    bk_tree_open_file(d->tree, BK_BACKUP_MANIFEST, O_RDONLY, e);
	if (fd == -1 && e->code != BK_OK)
		return -1;
	if (fd == -1)
		return bk_fail(e, BK_DATA, "%s: no " BK_BACKUP_MANIFEST " in "
		    "it: nothing to check its files against, nor where it "
		    "ends; make it with bk-base", d->name);
	rc = read_manifest(d, fd, e);
	close(fd);
	if (rc == -1 || check_cluster(d, e) == -1)
		return -1;
	return bk_base_judge_rest(d->judge, refuse, d, e);
}
