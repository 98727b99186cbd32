/* bk-run: a pipeline as one job, see bk-run(1) */
#define _XOPEN_SOURCE 700	/* realpath */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "job/job.h"
#include "job/lock.h"
#include "job/stages.h"
#include "job/when.h"
#include "run_each.h"
#include "tool/run_env.h"
#include "tool/run_job.h"
#include "run_pipeline.h"
#include "tool/run_tell.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "tool/zone.h"

#define DIR "/etc/bk"

extern char **environ;

enum { PRINT = TOOL_OPT_TOOL, OK_NONE, TIMEOUT, LOCK, WHEN, TZ, NICE, TELL,
	EACH, ONLY, EXCLUDE };

static const struct tool_opt options[] = {
	{ 'n', "check", NULL, NULL, "look at all of it, and run nothing" },
	{ PRINT, "print", NULL, NULL, "print what would run, to be pasted" },
	{ EACH, "each-db", NULL, NULL, "for each database of the server" },
	{ ONLY, "only", "PATTERN", NULL, "of these only, e.g. 'shop_*'" },
	{ EXCLUDE, "exclude", "PATTERN", NULL, "but not of these" },
	{ 'j', "jobs", "N", NULL, "so many databases at once (1)" },
	{ OK_NONE, "ok", "4", NULL,
	    "that nothing was there to be done is a success" },
	{ TIMEOUT, "timeout", "DURATION", NULL,
	    "end what is not done by then, e.g. 6h" },
	{ LOCK, "lock", NULL, NULL, "5 if a run of this job is under way" },
	{ NICE, "nice", "N", NULL, "give way to other work, 1 to 19" },
	{ WHEN, "when", "DAYS", NULL,
	    "0 at once on other days: mon,thu or 1,15 or 'first sun'" },
	{ TZ, "tz", "ZONE", NULL, "whose days, e.g. Europe/Berlin" },
	{ TELL, "tell", "FILE", NULL,
	    "tell what became of it, by bk-notify with FILE's options" },
	{ 'C', "config", "DIR", NULL, "DIR instead of " DIR },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-run",
	.example =
"bk-run backup@shop",
	.about =
"Runs the pipeline in the file " DIR "/jobs/JOB with the settings in "
DIR "/NAME.env, or the PIPELINE given, with /bin/sh.  A failure is one line "
"that names the first cause, no matter which stage that was, and its exit status.\n"
"bk-run -- 'bk-dump shop | bk-gz | bk-save /backups/{db}-{utc}.gz'",
	.options = options,
	.operands = "JOB@NAME [VARIABLE=VALUE ...] | -- PIPELINE",
	.order = "+",
	.exits = "0 done, else that of the first cause: 1 failed, 2 wrong "
"call, 3 input refused, 4 nothing there, 5 busy",
};

struct options {
	const char *dir, *tz, *tell;
	struct bk_when when;
	int has_when, lock, nice;
	int print, check, ok_none, each;
	unsigned jobs;
	char **only, **exclude;		/* patterns, ended by NULL */
	const char *timeout_text;
	uint64_t timeout;		/* seconds; 0: none */
	const char *spec;		/* JOB@NAME; NULL: a pipeline */
	char job[BK_JOB_NAME], name[BK_JOB_NAME];
	char **assignments;		/* ended by NULL */
	struct bk_buf title;		/* both, for messages and the log */
};

static void
parse_ok(struct options *o, const char *arg)
{
	if (strcmp(arg, "4") != 0)
		tool_usage("--ok: '%s': 4, that nothing is there, is the only "
		    "failure that can be none", arg);
	o->ok_none = 1;
}

/* Settings of it are named in a list. */
static void
parse_dir(struct options *o, const char *dir)
{
	if (*dir == '\0')
		tool_usage("-C: the name of the directory is empty");
	if (strchr(dir, ':') != NULL)
		tool_usage("-C: %s: has a ':', which is between the files of "
		    "BK_SETTINGS", dir);
	o->dir = dir;
}

/* Append the pipeline's text. */
static void
parse_options(struct options *o, struct bk_buf *text, int argc, char *argv[])
{
	struct bk_err e = {0};
	size_t only = 0, exclude = 0;
	int ch, is_pipeline;

	o->only = calloc((size_t)argc + 1, sizeof(*o->only));
	o->exclude = calloc((size_t)argc + 1, sizeof(*o->exclude));
	if (o->only == NULL || o->exclude == NULL)
		tool_no_memory();
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case 'n': o->check = 1; break;
		case PRINT: o->print = 1; break;
		case OK_NONE: parse_ok(o, optarg); break;
		case TIMEOUT:
			o->timeout = tool_duration(optarg, "--timeout");
			if (o->timeout == 0)
				tool_usage("--timeout: at least 1s");
			o->timeout_text = optarg;
			break;
		case EACH: o->each = 1; break;
		case ONLY: o->only[only++] = optarg; break;
		case EXCLUDE: o->exclude[exclude++] = optarg; break;
		case 'j':
			o->jobs = (unsigned)tool_number(optarg, 1, 1024,
			    "-j, --jobs");
			break;
		case LOCK: o->lock = 1; break;
		case NICE:
			o->nice = (int)tool_number(optarg, 1, 19, "--nice");
			break;
		case WHEN:
			if (bk_when_parse(optarg, "--when", &o->when,
			    &e) == -1)
				tool_refuse(&e);
			o->has_when = 1;
			break;
		case TZ: o->tz = optarg; break;
		case TELL: o->tell = optarg; break;
		case 'C': parse_dir(o, optarg); break;
		}
	}
	if (o->tz != NULL && !o->has_when)
		tool_usage("--tz: says whose days; give --when");
	if (!o->each && (only + exclude > 0 || o->jobs != 0))
		tool_usage("--only, --exclude and -j say which databases; give "
		    "--each-db");
	if (o->each && (o->print || o->check))
		tool_usage("--each-db runs the job; -n and --print are for one "
		    "of its databases: PGDATABASE=NAME");
	is_pipeline = optind > 1 && strcmp(argv[optind - 1], "--") == 0;
	argv += optind;
	argc -= optind;
	if (argc == 0)
		tool_usage("give JOB@NAME, or -- and a pipeline");
	o->assignments = argv + 1;
	if (is_pipeline && argc > 1)
		tool_usage("give the pipeline as one argument, in quotes");
	if (is_pipeline && (o->lock || o->tell != NULL || o->each))
		tool_usage("--lock, --tell and --each-db need a name: a "
		    "JOB@NAME");
	if (is_pipeline && !bk_job_has_commands(argv[0]))
		tool_usage("the pipeline is empty");
	if (is_pipeline && bk_buf_puts(text, argv[0], &e) == -1)
		tool_refuse(&e);
	if (is_pipeline)
		return;
	o->spec = argv[0];
	if (bk_job_split(o->spec, o->job, o->name, &e) == -1)
		tool_refuse(&e);
	run_env_check(o->assignments);
	if (bk_buf_puts(&o->title, o->spec, &e) == -1)
		tool_refuse(&e);
	for (argv++; *argv != NULL; argv++)
		if (bk_buf_printf(&o->title, &e, " %s", *argv) == -1)
			tool_refuse(&e);
}

/* Load job and settings. */
static int
prepare(const struct options *o, struct bk_buf *text, struct run_env *env,
    struct bk_err *e)
{
	char *dir;
	int rc;

	if (o->spec == NULL)
		return run_env_own(env, o->assignments, e);
	if (run_job_load(o->dir, o->job, text, e) == -1)
		return -1;
	/* the stages may change their directory */
	if ((dir = realpath(o->dir, NULL)) == NULL)
		return bk_fail_errno(e, "%s", o->dir);
	if (strchr(dir, ':') != NULL)
		rc = bk_fail(e, BK_USAGE, "-C: %s leads to %s, with a ':'",
		    o->dir, dir);
	else
		rc = run_env_job(env, dir, o->name, o->assignments, e);
	free(dir);
	return rc;
}

/* --- without running it */

/* s as one word of a shell. */
static void
print_word(const char *s)
{
	putchar('\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	putchar('\'');
}

/* A command that does the same. */
static int
print_all(const char *text, const struct run_env *env, struct bk_err *e)
{
	const char *value;
	size_t i;

	fputs("env -i \\\n", stdout);
	for (i = 0; i < env->n; i++) {
		value = strchr(env->v[i], '=') + 1;
		printf("  %.*s", (int)(value - env->v[i]), env->v[i]);
		print_word(value);
		fputs(" \\\n", stdout);
	}
	fputs("  /bin/sh -c ", stdout);
	print_word(text);
	putchar('\n');
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 :
	    bk_fail_errno(e, "standard output: write");
}

/* --- running it */

static struct bk_buf missing;	/* copies that a quorum could spare */

/* What the audit log is to have of it. */
static int
record(const struct bk_stages *stages, struct bk_err *e)
{
	static struct bk_buf names, stored;	/* until the end */

	if (bk_stages_missing(stages, &missing, e) == -1 ||
	    bk_stages_names(stages, &names, e) == -1 ||
	    bk_stages_stored(stages, &stored, &tool_audit()->size_bytes,
	    e) == -1)
		return -1;
	tool_audit()->stages = names.data;
	tool_audit()->destination = stored.data;
	return 0;
}

/*
 * The pipeline's standard input.  Not an empty pipe, which a stage would wait
 * for, but where there is nothing else.
 */
static int
input(const struct options *o)
{
	return o->spec == NULL && !isatty(STDIN_FILENO) ? STDIN_FILENO :
	    open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int
run(const struct options *o, const char *text, struct run_env *env,
    int *left, struct bk_err *e)
{
	struct bk_stages stages = {0};
	struct run_pipeline p = { .text = text, .env = env, .in = input(o),
	    .timeout = (double)o->timeout, .left = left };
	struct bk_err unrecorded = {0};
	int status = 0, rc = -1;

	if ((p.stop = signals_stop_fd(e)) != -1 &&
	    run_pipeline(&p, &stages, &status, e) == 0)
		rc = bk_stages_judge(&stages, status, o->ok_none, e);
	if (record(&stages, &unrecorded) == -1 && rc == 0) {
		*e = unrecorded;
		rc = -1;
	}
	bk_stages_free(&stages);
	return rc;
}

/* --each-db: what is to run for one of them. */
static int
run_each_db(const struct options *o, const struct run_env *env,
    struct bk_err *e)
{
	const char *argv[16] = { "bk-run", "-C", o->dir };
	struct run_each each = { .only = o->only, .exclude = o->exclude,
	    .jobs = o->jobs == 0 ? 1 : o->jobs, .env = env };
	size_t n = 3, given = 0;
	const char **all;
	int rc = -1;

	if (o->ok_none) {
		argv[n++] = "--ok";
		argv[n++] = "4";
	}
	if (o->timeout_text != NULL) {
		argv[n++] = "--timeout";
		argv[n++] = o->timeout_text;
	}
	argv[n++] = o->spec;
	while (o->assignments[given] != NULL)
		given++;
	if ((all = calloc(n + given + 1, sizeof(*all))) == NULL)
		return bk_fail_memory(e);
	memcpy(all, argv, n * sizeof(*all));
	memcpy(all + n, o->assignments, given * sizeof(*all));
	each.argv = (char *const *)(uintptr_t)all;
	if ((each.stop = signals_stop_fd(e)) != -1)
		rc = run_each(&each, e);
	free(all);
	return rc;
}

/* The audit log is the job's, not the caller's. */
static int
take_log(const struct options *o, const struct run_env *env, struct bk_err *e)
{
	const char *log = run_env_get(env, "BK_AUDIT_LOG");

	if (o->spec == NULL)
		return 0;
	if (log == NULL ? unsetenv("BK_AUDIT_LOG") == 0 :
	    setenv("BK_AUDIT_LOG", log, 1) == 0)
		return 0;
	return bk_fail_memory(e);
}

/* 1 if it is to run today. */
static int
is_day(const struct options *o)
{
	time_t now = time(NULL);
	struct tm day;

	if (!o->has_when)
		return 1;
	if (o->tz != NULL)
		zone_use(o->tz);
	return localtime_r(&now, &day) != NULL && bk_when_is(&o->when, &day);
}

/* Tell people; a failure of that is only said. */
static void
tell(const struct options *o, const struct run_env *env,
    const struct bk_err *result)
{
	struct bk_audit *a = tool_audit();
	struct bk_buf text = {0};
	struct bk_err e = {0};

	if (bk_buf_printf(&text, &e, "%s: done%s%s%s%s", o->title.data,
	    a->destination == NULL || *a->destination == '\0' ? "" : ": ",
	    a->destination == NULL ? "" : a->destination,
	    missing.len > 0 ? "; a copy is missing: " : "",
	    missing.len > 0 ? missing.data : "") == -1 ||
	    run_tell(o->tell, o->spec, env->v != NULL ? env->v : environ,
	    result, text.data, -1, &e) == -1)
		tool_say("--tell: %s", e.msg);
	bk_buf_free(&text);
}

/* Run it alone, if it is to, and with less weight. */
static int
run_locked(const struct options *o, const char *text, struct run_env *env,
    struct bk_err *e)
{
	int fd = -1, left = 0, rc;

	if (o->lock && (fd = bk_job_lock(o->spec, e)) == -1)
		return -1;
	errno = 0;
	if (o->nice != 0 && nice(o->nice) == -1 && errno != 0)
		rc = bk_fail_errno(e, "--nice");
	else
		rc = o->each ? run_each_db(o, env, e) :
		    run(o, text, env, &left, e);
	/* what heeds no signal keeps it for as long as it runs */
	if (left)
		tool_say("a process in a session of its own is still running");
	else
		bk_job_unlock(fd);
	return rc;
}

/* Which job it was, before what happened to it. */
static void
name_job(const struct options *o, struct bk_err *e)
{
	struct bk_err named = {0};

	if (o->spec == NULL || e->quiet)
		return;
	(void)bk_fail(&named, e->code, "%s: %s", o->title.data, e->msg);
	*e = named;
}

int
main(int argc, char *argv[])
{
	struct options o = { .dir = DIR };
	struct bk_buf text = {0};
	struct run_env env = {0};
	struct bk_err e = {0};
	int is_run, is_told, rc;

	tool_start(&tool);
	parse_options(&o, &text, argc, argv);
	rc = prepare(&o, &text, &env, &e);
	is_run = !o.check && !o.print && (rc == -1 || is_day(&o));
	if (!is_run)
		(void)unsetenv("BK_AUDIT_LOG");
	if (rc == 0 && o.check && text.data != NULL)
		rc = run_job_syntax(text.data, &env, &e);
	if (rc == 0 && o.check && o.tell != NULL)
		rc = run_tell_check(o.tell, o.spec, &e);
	if (rc == 0 && o.print && text.data != NULL)
		rc = print_all(text.data, &env, &e);
	if (rc == 0 && is_run && (rc = take_log(&o, &env, &e)) == 0) {
		tool_run("job", o.title.data, NULL);
		rc = run_locked(&o, text.data, &env, &e);
	}
	if (rc == -1)
		name_job(&o, &e);
	/* a signal may end us in tool_end(); a success is one after that */
	if (is_run && o.tell != NULL && rc == -1)
		tell(&o, &env, &e);
	is_told = rc == -1;
	rc = tool_end(rc, &e);
	if (is_run && o.tell != NULL && !is_told)
		tell(&o, &env, &e);
	run_env_free(&env);
	bk_buf_free(&text);
	bk_buf_free(&o.title);
	free(o.only);
	free(o.exclude);
	return rc;
}
