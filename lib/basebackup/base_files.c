#include "basebackup/base_files.h"

#include <string.h>

#include "base/num.h"
#include "walfile/segment.h"

#define NAME "backup_manifest"
#define WAL_DIR "pg_wal/"

struct check {
	struct bk_file_table *files;
	const struct bk_base_range *range;
	uint64_t start, end;	/* of all ranges so far */
};

/* A file that the manifest lists. */
static int
compare(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	struct check *c = ctx;
	struct bk_file_difference d;
	int differs = bk_file_table_compare(c->files, f, &d, e);

	if (differs == 1)
		return bk_fail(e, BK_DATA, "%s: the manifest has %s, the "
		    "server sent %s", f->path, d.want, d.got);
	if (differs == 0 && f->algorithm != BK_SUM_CRC32C)
		return bk_fail(e, BK_DATA, "%s: no CRC32C in the manifest",
		    f->path);
	return differs;
}

static int
refuse_unlisted(void *ctx, const struct bk_file_entry *f, struct bk_err *e)
{
	(void)ctx;
	return bk_fail(e, BK_DATA, "%s: the server sent it twice, or it is not "
	    "in the manifest", f->path);
}

/*
 * A whole segment is there.  One in which timelines were switched is so under
 * the later one's name.
 */
static int
has_segment(const struct check *c, uint64_t segno, uint32_t timeline)
{
	uint64_t size = c->range->segment;
	const struct bk_file_entry *f;
	char path[sizeof(WAL_DIR) + BK_WAL_NAME] = WAL_DIR;

	bk_wal_segment_name(timeline, segno * size, size,
	    path + strlen(WAL_DIR));
	f = bk_file_table_find(c->files, path);
	return f != NULL && f->size == size;
}

/* The WAL of one timeline; ranges come in any order. */
static int
check_wal(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	struct check *c = ctx;
	uint64_t size = c->range->segment, n, last;
	char lsn[BK_LSN_TEXT];

	if (c->start == 0 || w->start < c->start)
		c->start = w->start;
	if (w->end > c->end)
		c->end = w->end;
	if (size == 0)
		return 0;
	last = (w->end - 1) / size;
	for (n = w->start / size; n <= last; n++) {
		if (has_segment(c, n, w->timeline) || ((n == last) &&
		    has_segment(c, n, w->timeline + 1)))
			continue;
		bk_lsn_format(n * size, lsn);
		return bk_fail(e, BK_DATA, "WAL from %s on: the backup needs "
		    "it, and the server did not send it", lsn);
	}
	return 0;
}

/* What the server says and what its manifest says is one backup. */
static int
check_range(const struct check *c, const struct bk_manifest_summary *m,
    struct bk_err *e)
{
	if (c->start != c->range->start || c->end != c->range->end)
		return bk_fail(e, BK_DATA, NAME ": its WAL is not that of "
		    "this backup");
	if (m->sysid[0] != '\0' && strcmp(m->sysid, c->range->sysid) != 0)
		return bk_fail(e, BK_DATA, NAME ": of another cluster, %s",
		    m->sysid);
	return 0;
}

int
bk_base_files_check(struct bk_file_table *files, const char *manifest,
    size_t n, const struct bk_base_range *range, struct bk_err *e)
{
	struct check c = { .files = files, .range = range };
	const struct bk_manifest_handler handler = { .file = compare,
	    .wal = check_wal, .ctx = &c };
	struct bk_backup_manifest *m = bk_backup_manifest_open(NAME, &handler,
	    e);
	struct bk_manifest_summary summary;
	int rc = -1;

	if (m == NULL)
		return -1;
	if (bk_backup_manifest_feed(m, manifest, n, e) == 0 &&
	    bk_backup_manifest_end(m, &summary, e) == 0 &&
	    check_range(&c, &summary, e) == 0)
		rc = bk_file_table_unlisted(files, refuse_unlisted, NULL, e);
	bk_backup_manifest_free(m);
	return rc;
}
