#include "datadir/base_judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datadir/tree.h"

struct bk_base_judge {
	const char *name;	/* the stream's */
	int own;		/* the manifest lists all: bk-base made it */
	struct bk_file_table *files, *dirs;
	struct bk_buf path;	/* of the entry */
	struct bk_buf dir;	/* the last one added to dirs */
};

struct bk_base_judge *
bk_base_judge_new(const char *name, struct bk_err *e)
{
	struct bk_base_judge *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	j->name = name;
	if ((j->files = bk_file_table_new(e)) == NULL ||
	    (j->dirs = bk_file_table_new(e)) == NULL) {
		bk_base_judge_free(j);
		return NULL;
	}
	return j;
}

void
bk_base_judge_free(struct bk_base_judge *j)
{
	if (j == NULL)
		return;
	bk_file_table_free(j->files);
	bk_file_table_free(j->dirs);
	bk_buf_free(&j->path);
	bk_buf_free(&j->dir);
	free(j);
}

int
bk_base_is_file(const struct bk_tar_entry *entry)
{
	return entry->type == '0' || entry->type == '7';
}

int
bk_base_is_space(const char *path)
{
	if (strncmp(path, BK_SPACES, strlen(BK_SPACES)) != 0)
		return 0;
	path += strlen(BK_SPACES);
	return *path != '\0' && path[strspn(path, "0123456789")] == '\0';
}

/* What pg_dump -Ft or pg_basebackup write of a tablespace. */
static int
refuse_type(const struct bk_base_judge *j, const struct bk_tar_entry *entry,
    struct bk_err *e)
{
	if (entry->type == '2' && bk_base_is_space(j->path.data))
		return bk_fail(e, BK_DATA, "%s: %s: a tablespace, whose files "
		    "are in another archive; make the backup with bk-base, "
		    "which puts all into one", j->name, j->path.data);
	return bk_fail(e, BK_DATA, "%s: %.200s: refused: neither a file nor a "
	    "directory", j->name, j->path.data);
}

static int
check_name(const struct bk_base_judge *j, const char *path, struct bk_err *e)
{
	if (bk_tree_check(path, e) == -1) {
		bk_fail_add(e, "; %s is not a base backup", j->name);
		return -1;
	}
	return strcmp(path, BK_PG_VERSION_AWAY) != 0 ? 0 : bk_fail(e, BK_DATA,
	    "%s: %s: refused: not a name that PostgreSQL uses", j->name, path);
}

/* Remember the directory, whose path has n bytes, unless it is the last one. */
static int
note_dir(struct bk_base_judge *j, const char *path, size_t n, struct bk_err *e)
{
	if (n == 0 || (j->dir.len == n && memcmp(j->dir.data, path, n) == 0))
		return 0;
	j->dir.len = 0;
	return bk_buf_add(&j->dir, path, n, e) == -1 ? -1 :
	    bk_file_table_add(j->dirs, j->dir.data, 0, NULL, 0, e);
}

int
bk_base_judge_entry(struct bk_base_judge *j, const struct bk_tar *tar,
    const struct bk_tar_entry *entry, const char **path, struct bk_err *e)
{
	const char *p = entry->path, *slash;
	size_t n;

	j->own = bk_tar_seal(tar) != NULL;
	while (p[0] == '.' && p[1] == '/')
		p += 2;
	n = strlen(p);
	if (entry->type == '5' && n > 0 && p[n - 1] == '/')
		n--;
	if (entry->type == '5' && n == 1 && p[0] == '.')
		n = 0;
	j->path.len = 0;
	if (bk_buf_add(&j->path, p, n, e) == -1)
		return -1;
	*path = p = j->path.data;
	if (entry->type == '5' && n == 0)
		return 0;
	if (check_name(j, p, e) == -1)
		return -1;
	if (entry->type == '5')
		return note_dir(j, p, n, e);
	if (!bk_base_is_file(entry))
		return refuse_type(j, entry, e);
	slash = strrchr(p, '/');
	return slash == NULL ? 0 : note_dir(j, p, (size_t)(slash - p), e);
}

int
bk_base_judge_file(struct bk_base_judge *j, const char *path, uint64_t size,
    struct bk_file_sum sums[], size_t n, struct bk_err *e)
{
	return bk_file_table_add(j->files, path, size, sums, n, e);
}

int
bk_base_judge_has_file(struct bk_base_judge *j, const char *path)
{
	return bk_file_table_find(j->files, path) != NULL;
}

int
bk_base_judge_has_dir(struct bk_base_judge *j, const char *path)
{
	return bk_file_table_find(j->dirs, path) != NULL;
}

int
bk_base_judge_ignores(const struct bk_base_judge *j, const char *path)
{
	return !j->own && (strcmp(path, "standby.signal") == 0 ||
	    strcmp(path, "recovery.signal") == 0 ||
	    strcmp(path, "postgresql.auto.conf") == 0);
}

void
bk_base_judge_follow(struct bk_base_judge *j, const struct bk_base_judge *other)
{
	j->own = other->own;
}

int
bk_base_judge_listed(struct bk_base_judge *j, const struct bk_manifest_file *f,
    struct bk_file_difference *d, struct bk_err *e)
{
	return bk_base_judge_ignores(j, f->path) ? 0 :
	    bk_file_table_compare(j->files, f, d, e);
}

struct rest {
	struct bk_base_judge *j;
	bk_base_differs each;
	void *ctx;
};

static int
tell(const struct rest *r, const char *path, const char *want,
    const char *got, struct bk_err *e)
{
	struct bk_file_difference d;

	(void)snprintf(d.want, sizeof(d.want), "%s", want);
	(void)snprintf(d.got, sizeof(d.got), "%s", got);
	return r->each(r->ctx, path, &d, e);
}

static int
tell_twice(void *ctx, const struct bk_file_entry *f, struct bk_err *e)
{
	return tell(ctx, f->path, "one file", "two", e);
}

static int
tell_unlisted(void *ctx, const struct bk_file_entry *f, struct bk_err *e)
{
	const struct rest *r = ctx;

	return bk_base_judge_ignores(r->j, f->path) ? 0 :
	    tell(r, f->path, "none", "a file", e);
}

/* A directory, or one that it is in, is a file as well? */
static int
check_dir(void *ctx, const struct bk_file_entry *dir, struct bk_err *e)
{
	const struct rest *r = ctx;
	struct bk_buf *path = &r->j->path;
	char *end;
	int rc = 0;

	path->len = 0;
	if (bk_buf_puts(path, dir->path, e) == -1)
		return -1;
	for (end = path->data; rc == 0 && end != NULL;
	    end = end == NULL ? NULL : end + 1) {
		if ((end = strchr(end, '/')) != NULL)
			*end = '\0';
		if (bk_base_judge_has_file(r->j, path->data))
			rc = tell(r, path->data, "one entry",
			    "a file and a directory", e);
		if (end != NULL)
			*end = '/';
	}
	return rc;
}

int
bk_base_judge_twice(struct bk_base_judge *j, bk_base_differs each, void *ctx,
    struct bk_err *e)
{
	struct rest r = { j, each, ctx };
	int rc = bk_file_table_twice(j->files, tell_twice, &r, e);

	return rc != 0 ? rc : bk_file_table_each(j->dirs, check_dir, &r, e);
}

int
bk_base_judge_rest(struct bk_base_judge *j, bk_base_differs each, void *ctx,
    struct bk_err *e)
{
	struct rest r = { j, each, ctx };
	int rc = bk_base_judge_twice(j, each, ctx, e);

	return rc != 0 ? rc :
	    bk_file_table_unlisted(j->files, tell_unlisted, &r, e);
}
