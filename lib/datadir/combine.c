#define _GNU_SOURCE		/* realpath */
#include "datadir/combine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/majors.h"
#include "base/num.h"
#include "datadir/datadir_in.h"
#include "walfile/backup_label.h"

#define PROGRAM "pg_combinebackup"
#define OUTPUT BK_COMBINING "/out"

struct part {			/* of the chain, once it is unpacked */
	char path[40];		/* below the data directory */
	struct bk_manifest_summary manifest;
	uint64_t start;		/* LSN */
	uint64_t earlier;	/* start of the backup that it adds to, or 0 */
};

struct chain {
	struct bk_datadir *d;
	const struct bk_combine_part *source;
	struct part *part;
	size_t n;
	char *dir;		/* the data directory's absolute path */
	char **argv;		/* of the program */
	size_t argc;
};

/* Is it before that the increment was made from, as far as its label says? */
static int
is_prior(const struct bk_combine_part *increment, const struct part *before)
{
	const char *prior = increment->prior == NULL ? "" :
	    increment->prior(increment->ctx);

	return strncmp(prior, before->manifest.checksum, strlen(prior)) == 0;
}

/* Is part i what comes after the one before it? */
static int
check_part(const struct chain *c, size_t i, struct bk_err *e)
{
	const struct part *p = &c->part[i], *before = p - 1;
	const char *name = c->source[i].name;
	char want[BK_LSN_TEXT], got[BK_LSN_TEXT];

	if (i == 0)
		return p->earlier == 0 ? 0 : bk_fail(e, BK_DATA, "%s: an "
		    "incremental backup; the first one must be a full backup",
		    name);
	if (p->earlier == 0)
		return bk_fail(e, BK_DATA, "%s: a full backup; all but the "
		    "first must be incremental backups", name);
	if (strcmp(p->manifest.sysid, before->manifest.sysid) != 0)
		return bk_fail(e, BK_DATA, "%s: belongs to cluster %s, the "
		    "backup before it to cluster %s", name, p->manifest.sysid,
		    before->manifest.sysid);
	bk_lsn_format(p->earlier, want);
	bk_lsn_format(before->start, got);
	/* a copy of the cluster's storage has backups of its own */
	if (p->earlier == before->start)
		return is_prior(&c->source[i], before) ? 0 : bk_fail(e, BK_DATA,
		    "%s: increments on another backup than the previous one, "
		    "though both started at %s: of a copy of the cluster?",
		    name, got);
	return bk_fail(e, BK_DATA, "%s: increments on the backup that started "
	    "at %s, but the previous one started at %s; one is missing or they "
	    "are out of order", name, want, got);
}

/* Unpack source into a directory of its own, tablespaces in their place. */
static int
unpack_source(const struct chain *c, size_t i, struct bk_datadir *d,
    struct bk_err *e)
{
	const struct bk_combine_part *from = &c->source[i];
	const struct bk_datadir_summary *sum = bk_datadir_summary(d);
	struct part *p = &c->part[i];
	struct bk_start_label label;
	struct bk_err ignored = {0};
	struct bk_source src;
	int rc;

	if (from->open(from->ctx, &src, e) == -1)
		return -1;
	rc = bk_datadir_unpack(d, src, from->name, e);
	if (from->close(from->ctx, e) == -1 || rc == -1)
		return -1;
	if (sum->major < BK_PG_INCREMENTS)
		return bk_fail(e, BK_DATA, "%s: made by PostgreSQL %d, which "
		    "has no incremental backups; %d and newer have", from->name,
		    sum->major, BK_PG_INCREMENTS);
	p->manifest = sum->manifest;
	/* a label that lacks one of these does not fit its neighbours */
	(void)bk_start_label_parse(sum->backup_label, &label, &ignored);
	p->start = label.start;
	p->earlier = label.earlier;
	if (check_part(c, i, e) == -1)
		return -1;
	c->d->sum.major = sum->major;
	c->d->sum.files += sum->files;
	c->d->sum.bytes += sum->bytes;
	c->d->group = d->group;
	/* the newest one's is the result's */
	bk_base_judge_follow(c->d->judge, d->judge);
	c->d->map.len = 0;
	return bk_buf_add(&c->d->map, d->map.data, d->map.len, e);
}

static int
unpack_part(const struct chain *c, size_t i, struct bk_err *e)
{
	struct bk_datadir_options o = c->d->o;
	struct bk_buf dir = {0};
	struct bk_datadir *d;
	int rc = -1;

	o.in_place = 1;
	o.sysid = NULL;
	(void)snprintf(c->part[i].path, sizeof(c->part[i].path),
	    BK_COMBINING "/%zu", i);
	if (bk_buf_printf(&dir, e, "%s/%s", c->d->o.dir, c->part[i].path) ==
	    -1)
		return -1;
	o.dir = dir.data;
	if ((d = bk_datadir_open(&o, e)) != NULL) {
		if (unpack_source(c, i, d, e) == 0 &&
		    bk_tree_keep(d->tree, e) == 0)
			rc = bk_tree_rename(d->tree, BK_PG_VERSION_AWAY,
			    BK_PG_VERSION, e);
		bk_datadir_free(d);
	}
	bk_buf_free(&dir);
	return rc;
}

/*
 * Add a word to the command line, which owns it from here on; fails if e is set
 * already.
 */
static int
add_word(struct chain *c, struct bk_buf *text, struct bk_err *e)
{
	char **more = e->code != BK_OK ? NULL : realloc(c->argv,
	    (c->argc + 2) * sizeof(*more));

	if (more == NULL) {
		bk_buf_free(text);
		return bk_fail_memory(e);
	}
	c->argv = more;
	more[c->argc++] = text->data;
	more[c->argc] = NULL;
	*text = (struct bk_buf){0};
	return 0;
}

__attribute__((format(printf, 3, 4))) static int
add_format(struct chain *c, struct bk_err *e, const char *fmt, ...)
{
	struct bk_buf text = {0};
	char piece[PATH_MAX + 64];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(piece, sizeof(piece), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(piece))
		return bk_fail(e, BK_FAIL, "%s: the path is too long",
		    c->d->o.dir);
	(void)bk_buf_puts(&text, piece, e);
	return add_word(c, &text, e);
}

/* -T OLD=NEW, in which a backslash stands before each = of a path. */
static int
add_mapping(struct chain *c, const char *old, const char *new,
    struct bk_err *e)
{
	const char *const side[2] = { old, new };
	struct bk_buf text = {0};
	const char *p;
	int i;

	(void)bk_buf_puts(&text, "-T", e);
	for (i = 0; i < 2; i++) {
		for (p = side[i]; *p != '\0'; p++)
			if ((*p == '=' && bk_buf_puts(&text, "\\", e) == -1) ||
			    bk_buf_add(&text, p, 1, e) == -1)
				break;
		if (i == 0)
			(void)bk_buf_puts(&text, "=", e);
	}
	return add_word(c, &text, e);
}

/*
 * The program takes tablespaces as a server has them: links.  Those of each
 * part are moved next to it, and that of the result to its destination.
 */
static int
link_space(struct chain *c, const struct bk_datadir_space *s, struct bk_err *e)
{
	char path[80], moved[80], target[PATH_MAX] = "";
	const char *oid = strchr(s->path, '/') + 1;
	size_t i;
	int n;

	for (i = 0; i < c->n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", c->part[i].path,
		    s->path);
		(void)snprintf(moved, sizeof(moved), "%s.%s",
		    c->part[i].path, oid);
		n = snprintf(target, sizeof(target), "%s/%s", c->dir, moved);
		if (n < 0 || (size_t)n >= sizeof(target))
			return bk_fail(e, BK_FAIL, "%s: the path is too long",
			    c->dir);
		/* a tablespace that was made later is not in each part */
		if (faccessat(bk_tree_fd(c->d->tree), path, F_OK, 0) == -1 &&
		    errno == ENOENT)
			continue;
		if (bk_tree_rename(c->d->tree, path, moved, e) == -1 ||
		    bk_tree_symlink(c->d->tree, target, path, e) == -1)
			return -1;
	}
	return add_mapping(c, target, s->to, e);
}

/*
 * It only warns where the newest part has data checksums and another has not:
 * pages that were rewritten when they were switched on are in no increment.
 */
static int
check_warnings(const struct chain *c, struct bk_child *child,
    struct bk_err *e)
{
	child->stderr_text[child->stderr_len] = '\0';
	if (strstr(child->stderr_text, "only some backups have checksums") ==
	    NULL)
		return 0;
	return bk_fail(e, BK_DATA, "%s: data checksums were switched on "
	    "within the chain, which increments do not have; use fewer "
	    "increments, or another full backup",
	    c->source[c->n - 1].name);
}

/* In words that are not translated: env LC_ALL=C pg_combinebackup... */
static int
run_program(struct chain *c, const struct bk_bindir *programs,
    struct bk_err *e)
{
	struct bk_child child = BK_CHILD_NONE;
	char ignored[4096];
	ssize_t n;
	int rc = -1;

	child.watch = c->d->o.watch;
	if (bk_child_start(&child, c->argv, programs->env, e) == 0) {
		child.name = PROGRAM;
		while ((n = bk_child_read(&child, ignored, sizeof(ignored),
		    e)) > 0)
			continue;
		if (n == 0 && bk_child_wait(&child, e) == 0)
			rc = check_warnings(c, &child, e);
	}
	bk_child_free(&child);
	return rc;
}

static int
add_program(struct chain *c, const struct bk_bindir *programs,
    struct bk_err *e)
{
	const struct bk_bindir_range version = { c->d->sum.major,
	    c->d->sum.major, c->d->sum.major };
	struct bk_buf program = {0};

	if (add_format(c, e, "env") == -1 ||
	    add_format(c, e, "LC_ALL=C") == -1)
		return -1;
	(void)bk_bindir_find_range(programs, PROGRAM, &version, &program, e);
	return add_word(c, &program, e);
}

static int
combine_parts(struct chain *c, const struct bk_bindir *programs,
    struct bk_err *e)
{
	struct bk_datadir *d = c->d;
	size_t i;

	if (add_program(c, programs, e) == -1 ||
	    add_format(c, e, "-o%s/" OUTPUT, c->dir) == -1 ||
	    (d->sum.major >= BK_PG_COMBINE_LINKS &&
	    add_format(c, e, "--link") == -1) ||
	    bk_datadir_each_space(d, &d->map, bk_datadir_add_space, e) == -1)
		return -1;
	for (i = 0; i < d->nspaces; i++)
		if (link_space(c, &d->space[i], e) == -1)
			return -1;
	for (i = 0; i < c->n; i++)
		if (add_format(c, e, "%s/%s", c->dir, c->part[i].path) == -1)
			return -1;
	/* what it makes is ours to remove */
	for (i = 0; i < d->nspaces; i++)
		if (bk_tree_adopt(d->tree, d->space[i].path, e) == -1)
			return -1;
	return run_program(c, programs, e);
}

/* Read a file that the program has rewritten, for the summary. */
static int
read_text(struct bk_datadir *d, const char *path, struct bk_buf *text,
    struct bk_err *e)
{
	char piece[4096];
	ssize_t n = -1;
	int fd = bk_tree_open_file(d->tree, path, O_RDONLY, e);

	text->len = 0;
	while (fd != -1 && (n = bk_io_read(fd, piece, sizeof(piece), path,
	    e)) > 0)
		if (bk_buf_add(text, piece, (size_t)n, e) == -1)
			break;
	if (fd != -1)
		close(fd);
	return n == 0 ? 0 : bk_fail(e, BK_FAIL, "%s: " PROGRAM " made no %s",
	    d->o.dir, path);
}

/* The result's files take the directory's first level, compared there. */
static int
move_up(struct bk_datadir *d, struct bk_err *e)
{
	if (bk_tree_rename_all(d->tree, OUTPUT, BK_PG_VERSION,
	    BK_PG_VERSION_AWAY, e) == -1 ||
	    bk_tree_remove(d->tree, BK_COMBINING, e) == -1)
		return -1;
	d->combined = 1;
	d->name = PROGRAM;
	if (bk_datadir_compare(d, e) == -1 ||
	    read_text(d, "backup_label", &d->label, e) == -1)
		return -1;
	d->sum.backup_label = d->label.data;
	return bk_datadir_link_spaces(d, e);
}

static void
free_chain(struct chain *c)
{
	size_t i;

	for (i = 0; i < c->argc; i++)
		free(c->argv[i]);
	free(c->argv);
	free(c->part);
	free(c->dir);
}

int
bk_combine(struct bk_datadir *d, const struct bk_combine_part part[],
    size_t n, const struct bk_bindir *programs, struct bk_err *e)
{
	struct chain c = { .d = d, .source = part, .n = n };
	struct bk_err ignored = {0};
	size_t i;
	int rc = -1;

	d->o.in_place = 0;
	d->name = part[n - 1].name;
	if ((d->judge = bk_base_judge_new(PROGRAM, e)) == NULL)
		goto done;
	if ((c.part = calloc(n, sizeof(*c.part))) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if ((c.dir = realpath(d->o.dir, NULL)) == NULL) {
		bk_fail_errno(e, "%s", d->o.dir);
		goto done;
	}
	if (bk_tree_mkdir(d->tree, BK_COMBINING, 0700, e) == -1 ||
	    bk_tree_adopt(d->tree, BK_COMBINING, e) == -1)
		goto done;
	for (i = 0; i < n; i++)
		if (unpack_part(&c, i, e) == -1)
			goto done;
	if (combine_parts(&c, programs, e) == -1 || move_up(d, e) == -1)
		goto done;
	d->unpacked = 1;
	rc = 0;
 done:
	if (rc == -1)
		(void)bk_tree_remove(d->tree, BK_COMBINING, &ignored);
	free_chain(&c);
	return rc;
}
