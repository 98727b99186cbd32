#include "check_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/envfile.h"
#include "job/plain.h"
#include "tool/own_dir.h"
#include "tool/settings.h"

#define NAME_MAX_LEN 40		/* of a variable that is compared */
#define ROW_MAX 4096		/* bytes of a tool's --help=settings */

static struct bk_buf known;	/* what the tools read, blanks between */

struct checking {
	const char *text;
	struct check_findings *f;
};

/* --- what the tools read */

/* Add what the tool reads; a tool that is not there is said elsewhere. */
static int
add_row(const char *tool, char *const env[], struct bk_err *e)
{
	char help[] = "--help=settings";
	struct bk_buf path = {0}, row = {0};
	struct bk_err ignored = {0};
	char *argv[] = { NULL, help, NULL };
	int rc = own_dir(tool, &path, e);

	if (rc == 0) {
		argv[0] = path.data;
		if (access(path.data, X_OK) == 0 && bk_child_capture(argv, env,
		    ROW_MAX, NULL, &row, NULL,
		    &ignored) == 0)
			rc = bk_buf_printf(&known, e, " %.*s",
			    (int)strcspn(row.data, "\n"), row.data);
	}
	bk_buf_free(&path);
	bk_buf_free(&row);
	return rc;
}

/* Once for all jobs: what they read is the same. */
static int
know(char *const env[], struct bk_err *e)
{
	size_t i;

	if (known.len > 0)
		return 0;
	if (bk_buf_puts(&known, "BK_RUN", e) == -1)
		return -1;
	for (i = 0; bk_job_tools[i] != NULL; i++)
		if (add_row(bk_job_tools[i], env, e) == -1)
			return -1;
	return 0;
}

/* How many characters are to be put in, taken out or changed. */
static unsigned
distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[NAME_MAX_LEN + 1], above, diagonal, best;
	size_t i, j;

	for (j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= nb; j++) {
			above = row[j];
			best = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[nb];
}

/* Put the known name that is nearest into near; "" if none is near. */
static void
find_near(const char *name, char near[NAME_MAX_LEN])
{
	const char *p = known.data;
	unsigned least = 4, d;
	size_t n;

	near[0] = '\0';
	if (strlen(name) >= NAME_MAX_LEN)
		return;
	for (; *p != '\0'; p += n + (p[n] != '\0')) {
		n = strcspn(p, " ");
		if (n < 4 || n >= NAME_MAX_LEN || strncmp(p, "BK_", 3) != 0)
			continue;
		d = distance(name, strlen(name), p, n);
		if (d < least) {
			least = d;
			(void)snprintf(near, NAME_MAX_LEN, "%.*s", (int)n, p);
		}
	}
}

/* --- what the files have */

/* A variable of a file, for bk_envfile_load(). */
static int
look_at(void *arg, const char *name, const char *value, struct bk_err *e)
{
	const struct checking *c = arg;
	char near[NAME_MAX_LEN];

	(void)value;
	(void)e;
	if (strncmp(name, "BK_", 3) != 0 ||
	    settings_has(known.data, name) ||
	    (c->text != NULL && strstr(c->text, name) != NULL))
		return 0;
	find_near(name, near);
	if (*near != '\0')
		check_say(c->f, BK_READY_WARNING, "settings: %s: no tool "
		    "reads it; is %s meant?", name, near);
	else
		check_say(c->f, BK_READY_WARNING, "settings: %s: neither a "
		    "tool nor the job reads it; take it out", name);
	return 0;
}

static int
look_at_files(struct checking *c, const struct run_env *env, struct bk_err *e)
{
	char *files = strdup(env->settings.data), *path, *save = NULL;
	int rc = 0;

	if (files == NULL)
		return bk_fail_memory(e);
	for (path = strtok_r(files, ":", &save); rc == 0 && path != NULL;
	    path = strtok_r(NULL, ":", &save))
		rc = bk_envfile_load(path, look_at, c, e);
	free(files);
	return rc;
}

/* --- the audit log */

/* The directory of path, in which a file may have to be made. */
static int
check_place(struct check_findings *f, const char *path, struct bk_err *e)
{
	const char *slash = strrchr(path, '/');
	struct bk_buf dir = {0};
	int rc = slash == NULL ? bk_buf_puts(&dir, ".", e) :
	    bk_buf_printf(&dir, e, "%.*s", slash == path ? 1 :
	    (int)(slash - path), path);

	if (rc == 0 && access(dir.data, W_OK | X_OK) == 0)
		check_say(f, BK_READY_OK, "audit log: %s can be made", path);
	else if (rc == 0)
		check_say(f, BK_READY_PROBLEM, "audit log: %s: %s; each tool "
		    "will end with 1: make the directory, as its user",
		    dir.data, strerror(errno));
	bk_buf_free(&dir);
	return rc;
}

static int
check_log(struct check_findings *f, const char *path, struct bk_err *e)
{
	if (path == NULL || *path == '\0') {
		check_say(f, BK_READY_WARNING, "audit log: none, so that "
		    "nothing tells what was done; set BK_AUDIT_LOG");
		return 0;
	}
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return check_place(f, path, e);
	if (access(path, W_OK) == 0)
		check_say(f, BK_READY_OK, "audit log: %s can be written",
		    path);
	else
		check_say(f, BK_READY_PROBLEM, "audit log: %s: %s; each tool "
		    "will end with 1", path, strerror(errno));
	return 0;
}

int
check_settings(const struct run_env *env, const char *text,
    struct check_findings *f, struct bk_err *e)
{
	struct checking c = { .text = text, .f = f };

	if (know(env->v, e) == -1 || look_at_files(&c, env, e) == -1)
		return -1;
	return check_log(f, run_env_get(env, "BK_AUDIT_LOG"), e);
}
