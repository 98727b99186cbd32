#include "pg/bindir.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"

/* Debian, Red Hat, Homebrew (arm64, Intel), and built from source. */
static const char *const usual[] = {
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/opt/homebrew/opt/libpq/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/usr/local/opt/libpq/bin",
	"/usr/local/pgsql*/bin",
};

struct search {
	const struct bk_bindir *b;
	const char *program;
	int wanted;		/* the server's major version */
	int max;		/* no later version than this */
	int best;		/* best version so far; 0: none */
	struct bk_buf *out;	/* its path */
};

/* The major version in "pg_dump (PostgreSQL) 15.18 (Debian ...)"; 0: none. */
static int
major_of(const char *path, char *const env[])
{
	char *argv[] = { (char *)(uintptr_t)path, "--version", NULL };
	struct bk_buf text = {0};
	struct bk_err ignored = {0};
	const char *p;
	int major = 0;

	if (bk_child_capture(argv, env, 4096, NULL, &text, NULL,
	    &ignored) == 0 &&
	    text.data != NULL && (p = strchr(text.data, ')')) != NULL)
		major = (int)strtol(p + 1, NULL, 10);
	bk_buf_free(&text);
	return major;
}

/* The wanted version is best, then the newest, then the first found. */
static int
is_better(const struct search *s, int major)
{
	if (s->best == s->wanted)
		return 0;
	return major <= s->max && (major == s->wanted || major > s->best);
}

static int
try_dir(struct search *s, const char *dir, size_t n, struct bk_err *e)
{
	struct bk_buf path = {0};
	int major, rc = 0;

	if (bk_buf_printf(&path, e, "%.*s/%s", (int)n, dir, s->program) == -1)
		return -1;
	if (access(path.data, X_OK) == 0 &&
	    (major = major_of(path.data, s->b->env)) > 0 &&
	    is_better(s, major)) {
		s->best = major;
		s->out->len = 0;
		rc = bk_buf_add(s->out, path.data, path.len, e);
	}
	bk_buf_free(&path);
	return rc;
}

static int
try_usual(struct search *s, struct bk_err *e)
{
	glob_t g;
	size_t i, j;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (glob(usual[i], 0, NULL, &g) != 0)
			continue;
		for (j = 0; rc == 0 && j < g.gl_pathc; j++)
			rc = try_dir(s, g.gl_pathv[j], strlen(g.gl_pathv[j]),
			    e);
		globfree(&g);
	}
	return rc;
}

/* Not by glob(3): what the directory is called is not ours. */
static int
try_bundled(struct search *s, struct bk_err *e)
{
	const char *dir = s->b->bundled;
	DIR *d = dir == NULL ? NULL : opendir(dir);
	const struct dirent *entry;
	struct bk_buf path = {0};
	int rc = 0;

	while (rc == 0 && d != NULL && (entry = readdir(d)) != NULL) {
		path.len = 0;
		if (*entry->d_name != '.' && (rc = bk_buf_printf(&path, e,
		    "%s/%s/bin", dir, entry->d_name)) == 0)
			rc = try_dir(s, path.data, path.len, e);
	}
	if (d != NULL)
		(void)closedir(d);
	bk_buf_free(&path);
	return rc;
}

/* Last, as a program there may be a wrapper that chooses a version. */
static int
try_path(struct search *s, struct bk_err *e)
{
	const char *p = s->b->path;
	size_t n;
	int rc = 0;

	for (; rc == 0 && p != NULL && *p != '\0'; p += n + (p[n] == ':')) {
		n = strcspn(p, ":");
		if (n > 0)
			rc = try_dir(s, p, n, e);
	}
	return rc;
}

static int
search(struct search *s, struct bk_err *e)
{
	const struct bk_bindir *b = s->b;
	int rc;

	if (b->dir != NULL && *b->dir != '\0')
		return try_dir(s, b->dir, strlen(b->dir), e);
	if ((rc = try_usual(s, e)) == 0 && s->best != s->wanted)
		rc = try_path(s, e);
	if (rc == 0 && s->best != s->wanted)
		rc = try_bundled(s, e);
	return rc;
}

/* Debian's name of what has it, without the version. */
static const char *
package(const char *program)
{
	return strcmp(program, "postgres") == 0 ? "postgresql" :
	    "postgresql-client";
}

int
bk_bindir_find(const struct bk_bindir *b, const char *program,
    int major, struct bk_buf *out, struct bk_err *e)
{
	struct search s = {
		.b = b, .program = program, .out = out,
		.wanted = major, .max = INT_MAX,
	};
	int only = b->dir != NULL && *b->dir != '\0';

	if (search(&s, e) == -1)
		return -1;
	if (s.best == 0)
		return bk_fail(e, BK_FAIL, "%s: not found%s%s; install %s-%d "
		    "or set BK_PG_BINDIR", program, only ? " in " : "",
		    only ? b->dir : "", package(program), s.wanted);
	if (s.best < s.wanted)
		return bk_fail(e, BK_FAIL, "%s: the server is version %d, and "
		    "the newest %s found is %d; install %s-%d or set "
		    "BK_PG_BINDIR", program, s.wanted, program, s.best,
		    package(program), s.wanted);
	return 0;
}

int
bk_bindir_find_range(const struct bk_bindir *b, const char *program,
    const struct bk_bindir_range *range, struct bk_buf *out, struct bk_err *e)
{
	struct search s = {
		.b = b, .program = program, .out = out,
		.wanted = range->wanted, .max = range->max,
	};
	int only = b->dir != NULL && *b->dir != '\0';

	if (search(&s, e) == -1)
		return -1;
	if (s.best == 0 || s.best < range->min)
		return bk_fail(e, BK_FAIL, "%s: none of version %d%s found "
		    "that can be run%s%s; install %s-%d or set BK_PG_BINDIR",
		    program, range->min,
		    range->max == INT_MAX ? " or later" :
		    range->max > range->min ? " or a little later" : "",
		    only ? " in " : "", only ? b->dir : "", package(program),
		    range->wanted);
	return 0;
}
