/* bk-check: what would fail tonight, see bk-check(1) */
#define _XOPEN_SOURCE 700	/* realpath */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "check_findings.h"
#include "check_rehearse.h"
#include "check_settings.h"
#include "job/crontab.h"
#include "job/job.h"
#include "tool/run_env.h"
#include "tool/run_job.h"
#include "tool/signals.h"
#include "tool/tool.h"

#define DIR_USUAL "/etc/bk"
#define CRON_D "/etc/cron.d/bk*"
#define SENDMAIL "/usr/sbin/sendmail"	/* what cron sends mail with */
#define CRONTAB_MAX (1024 * 1024)

extern char **environ;

enum { JSON = TOOL_OPT_TOOL, CRONTAB, TELL };

static const struct tool_opt options[] = {
	{ 'C', "config", "DIR", NULL, "DIR instead of " DIR_USUAL },
	{ CRONTAB, "crontab", "FILE", NULL,
	    "the jobs in this one (crontab -l and " CRON_D ")" },
	{ TELL, "tell", "FILE", NULL, "look at bk-run's file of this option" },
	{ JSON, "json", NULL, NULL, "write JSON" },
	{ 'q', "quiet", NULL, NULL, "leave out what is ok" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-check",
	.example =
"bk-check backup@shop",
	.about =
"Says what would fail tonight: reads the files that bk-run reads, and has the "
"tools of the job look for what would keep them from their work, with the "
"settings and the environment of the job.  Stores nothing, sends nothing.",
	.options = options,
	.operands = "[JOB@NAME [VARIABLE=VALUE ...] ...]",
	.exits = "0 no problem, 1 a problem, 2 usage error, 4 nothing "
"configured",
	.unrecorded = 1,
};

struct options {
	const char *dir;	/* -C, or the usual one */
	const char *tell;	/* --tell; "": none */
	char **crontabs;	/* --crontab, n of them */
	size_t n;
	char **specs;		/* JOB@NAME and assignments, nspecs of them */
	size_t nspecs;
	struct check_findings findings;
};

static void
parse_options(struct options *o, int argc, char *argv[])
{
	char job[BK_JOB_NAME], name[BK_JOB_NAME];
	struct bk_err e = {0};
	int ch;

	if ((o->crontabs = calloc((size_t)argc, sizeof(char *))) == NULL)
		tool_no_memory();
	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case 'C': o->dir = optarg; break;
		case CRONTAB: o->crontabs[o->n++] = optarg; break;
		case TELL: o->tell = optarg; break;
		case JSON: o->findings.json = 1; break;
		case 'q': o->findings.quiet = 1; break;
		}
	o->specs = argv + optind;
	o->nspecs = (size_t)(argc - optind);
	for (; optind < argc; optind++)
		if (argv[optind] != o->specs[0] &&
		    strchr(argv[optind], '=') != NULL)
			run_env_check((char *[]){ argv[optind], NULL });
		else if (bk_job_split(argv[optind], job, name, &e) == -1)
			tool_refuse(&e);
}

/* --- one job */

/* Report a failure, which ends the checks of this job, not ours. */
static void
fail(struct check_findings *f, const char *what, const struct bk_err *e)
{
	check_say(f, BK_READY_PROBLEM, "%s: %s", what, e->msg);
}

/* Settings and text are there: look into them. */
static int
check_inside(struct options *o, const char *spec, const char *tell,
    struct bk_buf *text, struct run_env *env, struct bk_err *e)
{
	struct check_findings *f = &o->findings;
	struct bk_err why = {0};

	if (run_job_syntax(text->data, env, &why) == -1) {
		fail(f, "job", &why);
		return 0;
	}
	check_say(f, BK_READY_OK, "job: its text and its settings are read");
	if (check_settings(env, text->data, f, e) == -1 ||
	    check_rehearse(text->data, env, f, e) == -1)
		return -1;
	return *tell == '\0' ? 0 : check_tell(tell, spec, env, f, e);
}

/* A job, and how it is called. */
struct call {
	const char *spec;
	const char *dir;	/* of -C */
	const char *tell;	/* --tell's file; "": none */
	char **assignments;	/* ended by NULL */
};

/* "backup@shop BK_TIER=weekly", for messages. */
static int
name_call(const struct call *c, struct bk_buf *out, struct bk_err *e)
{
	char **a;
	int rc = bk_buf_puts(out, c->spec, e);

	for (a = c->assignments; rc == 0 && *a != NULL; a++)
		rc = bk_buf_printf(out, e, " %s", *a);
	return rc;
}

/* 0; -1 with *e set: we could not look. */
static int
check_job(struct options *o, const struct call *c, struct bk_err *e)
{
	char job[BK_JOB_NAME], name[BK_JOB_NAME], *dir = NULL;
	struct bk_buf who = {0};
	struct run_env env = {0};
	struct bk_buf text = {0};
	struct bk_err why = {0};
	int rc = 0;

	if (name_call(c, &who, e) == -1)
		return -1;
	o->findings.who = who.data;
	if (bk_job_split(c->spec, job, name, &why) == -1 ||
	    run_job_load(c->dir, job, &text, &why) == -1)
		fail(&o->findings, "job", &why);
	else if ((dir = realpath(c->dir, NULL)) == NULL)
		check_say(&o->findings, BK_READY_PROBLEM, "settings: %s: %s",
		    c->dir, strerror(errno));
	else if (run_env_job(&env, dir, name, c->assignments, &why) == -1)
		fail(&o->findings, "settings", &why);
	else
		rc = check_inside(o, c->spec, c->tell, &text, &env, e);
	o->findings.who = NULL;
	bk_buf_free(&who);
	free(dir);
	run_env_free(&env);
	bk_buf_free(&text);
	return rc;
}

/* --- crontabs */

/* The user's own; a host without cron, or a user without one, has none. */
static int
read_own(struct bk_crontab *c, struct bk_err *e)
{
	char program[] = "crontab", list[] = "-l", *argv[] = { program, list,
	    NULL };
	struct bk_buf text = {0};
	struct bk_err none = {0};
	int rc = 0;

	if (bk_child_capture(argv, environ, CRONTAB_MAX, NULL, &text, NULL,
	    &none) == 0 && text.len > 0)
		rc = bk_crontab_take(c, "crontab -l", text.data, NULL, e);
	bk_buf_free(&text);
	return rc;
}

static int
read_file(struct bk_crontab *c, const char *path, const char *user,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	struct bk_err why = {0};
	int rc = 0;

	if (bk_io_slurp(path, CRONTAB_MAX, &text, &why) == -1)
		fail(c->arg, "crontab", &why);
	else if (text.len > 0)
		rc = bk_crontab_take(c, path, text.data, user, e);
	bk_buf_free(&text);
	return rc;
}

/* files stays as long as c, which borrows its names. */
static int
read_crontabs(const struct options *o, struct bk_crontab *c, glob_t *files,
    struct bk_err *e)
{
	const struct passwd *me = getpwuid(geteuid());
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < o->n; i++)
		rc = read_file(c, o->crontabs[i], NULL, e);
	if (o->n > 0 || o->nspecs > 0)
		return rc;
	if (glob(CRON_D, 0, NULL, files) == GLOB_NOSPACE)
		return bk_fail_memory(e);
	for (i = 0; rc == 0 && i < files->gl_pathc; i++)
		rc = read_file(c, files->gl_pathv[i], me == NULL ? "" :
		    me->pw_name, e);
	return rc == 0 ? read_own(c, e) : -1;
}

/* 1 if an earlier line is of the same job. */
static int
was_seen(const struct bk_crontab *c, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (strcmp(c->v[j].spec, c->v[i].spec) == 0 &&
		    strcmp(c->v[j].dir, c->v[i].dir) == 0 &&
		    strcmp(c->v[j].assignments, c->v[i].assignments) == 0)
			return 1;
	return 0;
}

/* The job of a line, which is cut into its assignments. */
static int
check_line(struct options *o, struct bk_cron_line *l, struct bk_err *e)
{
	char *words[BK_CRON_TEXT / 2 + 1], *save = NULL;
	const struct call c = { .spec = l->spec,
	    .dir = *l->dir != '\0' ? l->dir : o->dir,
	    .tell = *l->tell != '\0' ? l->tell : o->tell,
	    .assignments = words };
	size_t n = 0;

	words[0] = strtok_r(l->assignments, " ", &save);
	while (words[n] != NULL)
		words[++n] = strtok_r(NULL, " ", &save);
	return check_job(o, &c, e);
}

static int
check_lines(struct options *o, struct bk_crontab *c, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	bk_crontab_clashes(c);
	/* from the last on, as a line that was checked is no more whole */
	for (i = c->n; rc == 0 && i-- > 0;)
		if (!was_seen(c, i))
			rc = check_line(o, &c->v[i], e);
	return rc;
}

/* The jobs that are given. */
static int
check_specs(struct options *o, struct bk_err *e)
{
	char **words = calloc(o->nspecs + 1, sizeof(*words));
	struct call c = { .dir = o->dir, .tell = o->tell,
	    .assignments = words };
	size_t i = 0, n;
	int rc = 0;

	if (words == NULL)
		return bk_fail_memory(e);
	while (rc == 0 && i < o->nspecs) {
		c.spec = o->specs[i++];
		for (n = 0; i < o->nspecs && strchr(o->specs[i], '=') != NULL;)
			words[n++] = o->specs[i++];
		words[n] = NULL;
		rc = check_job(o, &c, e);
	}
	free(words);
	return rc;
}

/* --- settings without a job */

/* NAME of "NAME.env", which is not that of all. */
static int
is_settings(const char *file, char name[BK_JOB_NAME])
{
	size_t n = strlen(file);
	char job[BK_JOB_NAME], spec[BK_JOB_NAME + 8];
	struct bk_err ignored = {0};

	if (n < 5 || n >= BK_JOB_NAME || strcmp(file + n - 4, ".env") != 0 ||
	    strcmp(file, "bk.env") == 0)
		return 0;
	(void)snprintf(spec, sizeof(spec), "job@%.*s", (int)n - 4, file);
	return bk_job_split(spec, job, name, &ignored) == 0;
}

static int
is_used(const struct bk_crontab *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (strcmp(strchr(c->v[i].spec, '@') + 1, name) == 0)
			return 1;
	return 0;
}

static int
check_name(struct options *o, const char *name, struct bk_err *e)
{
	char *dir = realpath(o->dir, NULL);
	struct run_env env = {0};
	struct bk_err why = {0};
	int rc = 0;

	o->findings.who = name;
	if (dir == NULL || run_env_job(&env, dir, name, (char *[]){ NULL },
	    &why) == -1)
		fail(&o->findings, "settings", &why);
	else {
		check_say(&o->findings, BK_READY_UNKNOWN, "settings: no line "
		    "of a crontab runs a job with them; give JOB@%s to check "
		    "one", name);
		rc = check_settings(&env, NULL, &o->findings, e);
	}
	o->findings.who = NULL;
	free(dir);
	run_env_free(&env);
	return rc;
}

/* The settings in the directory that no line of a crontab uses. */
static int
check_names(struct options *o, const struct bk_crontab *c, struct bk_err *e)
{
	char name[BK_JOB_NAME];
	struct dirent *entry;
	DIR *d = opendir(o->dir);
	int rc = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : bk_fail_errno(e, "%s", o->dir);
	while (rc == 0 && (entry = readdir(d)) != NULL)
		if (is_settings(entry->d_name, name) && !is_used(c, name))
			rc = check_name(o, name, e);
	(void)closedir(d);
	return rc;
}

/* --- */

static int
check_all(struct options *o, struct bk_crontab *c, struct bk_err *e)
{
	int rc = check_lines(o, c, e);

	if (rc == 0)
		rc = check_specs(o, e);
	if (rc == 0 && o->nspecs == 0)
		rc = check_names(o, c, e);
	if (rc == 0 && o->findings.n == 0)
		return bk_fail(e, BK_NONE, "%s: nothing is configured: no "
		    "NAME.env, and no line of a crontab runs a job", o->dir);
	return rc;
}

int
main(int argc, char *argv[])
{
	static struct options o = { .dir = DIR_USUAL, .tell = "" };
	struct bk_crontab crontab = { .report = check_report,
	    .arg = &o.findings, .no_mailer = access(SENDMAIL, X_OK) == -1 };
	glob_t files = { .gl_pathc = 0 };
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	signals_catch(check_stop);
	rc = read_crontabs(&o, &crontab, &files, &e);
	if (rc == 0)
		rc = check_all(&o, &crontab, &e);
	if (check_end(&o.findings, &e) == -1)
		rc = -1;
	if (rc == 0 && o.findings.problems > 0) {
		e.quiet = 1;		/* each has its line */
		rc = bk_fail(&e, BK_FAIL, "%u problems", o.findings.problems);
	}
	bk_crontab_free(&crontab);
	globfree(&files);
	free(o.crontabs);
	return tool_end(rc, &e);
}
