#include "tool/run_tell.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/grow.h"
#include "base/io.h"
#include "job/job.h"
#include "tool/own_dir.h"

#define JOB "{job}"

struct command {		/* = {0} */
	char **argv;		/* ended by NULL */
	size_t n, cap;
	int has_target;
};

static int
add(struct command *c, const char *text, struct bk_err *e)
{
	/* one more for the NULL */
	char **more = bk_grow(c->argv, c->n + 1, &c->cap, sizeof(*more), e);

	if (more == NULL)
		return -1;
	c->argv = more;
	if ((c->argv[c->n] = strdup(text)) == NULL)
		return bk_fail_memory(e);
	c->argv[++c->n] = NULL;
	return 0;
}

/*
 * Whom to tell, and how.  Not what, which is ours to say: with --status a
 * failure would be told as a success, with --help nothing at all.
 */
static const char *const targets[] = { "--slack", "--webhook", "--ping",
    "--mail", NULL };
static const char *const ways[] = { "--template", "--smtp", "--smtp-login",
    "--from", "--subject", "--only-change", "--remind", "--retry-for", NULL };

static int
is_one(const char *const options[], const char *option, size_t n)
{
	for (; *options != NULL; options++)
		if (strlen(*options) == n && memcmp(*options, option, n) == 0)
			return 1;
	return 0;
}

/* "--only-change /var/lib/bk/{job}" */
static int
add_line(struct command *c, char *line, const char *spec, struct bk_err *e)
{
	size_t n = strcspn(line, " \t=");
	struct bk_buf word = {0};
	char *value, *job;
	int rc;

	c->has_target |= is_one(targets, line, n);
	if (line[n] == '\0' || !(is_one(targets, line, n) ||
	    is_one(ways, line, n)))
		return bk_fail(e, BK_DATA, "'%s': not whom to tell or how, as "
		    "--mail dba@example.org", line);
	value = line + n + 1 + strspn(line + n + 1, " \t");
	line[n] = '\0';
	rc = bk_buf_printf(&word, e, "%s=", line);
	while (rc == 0 && (job = strstr(value, JOB)) != NULL) {
		*job = '\0';
		rc = bk_buf_printf(&word, e, "%s%s", value, spec);
		value = job + strlen(JOB);
	}
	if (rc == 0)
		rc = bk_buf_puts(&word, value, e);
	if (rc == 0)
		rc = add(c, word.data, e);
	bk_buf_free(&word);
	return rc;
}

static int
add_options(struct command *c, const char *path, const char *spec,
    struct bk_err *e)
{
	struct bk_err why = {0};
	struct bk_buf text = {0};
	char *line, *save = NULL;
	size_t n;
	int rc = bk_job_read(path, &text, e);

	for (line = rc == -1 ? NULL : strtok_r(text.data, "\n", &save);
	    rc == 0 && line != NULL; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		for (n = strlen(line); n > 0 &&
		    strchr(" \t\r", line[n - 1]) != NULL; n--)
			line[n - 1] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if (add_line(c, line, spec, &why) == -1)
			rc = bk_fail(e, why.code, "%s: %s", path, why.msg);
	}
	bk_buf_free(&text);
	if (rc == 0 && !c->has_target)
		rc = bk_fail(e, BK_DATA, "%s: names nobody: no --mail, "
		    "--slack, --webhook or --ping", path);
	return rc;
}

/* A pipe with text in it, to be read. */
static int
message(const char *text, struct bk_err *e)
{
	int p[2];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	/* fewer bytes than a pipe holds */
	if (bk_io_write(p[1], text, strlen(text), "bk-notify", e) == -1) {
		close(p[0]);
		p[0] = -1;
	}
	close(p[1]);
	return p[0];
}

static int
notify(const struct command *c, char *const env[], const char *text,
    int pass, struct bk_err *e)
{
	atomic_int pid = 0;
	int in = message(text, e), status = 0, rc;

	if (in == -1)
		return -1;
	rc = bk_child_spawn(&pid, c->argv, env, (int[3]){ in, -1, -1 }, pass,
	    e);
	close(in);
	if (rc == 0 && bk_child_reap(&pid, &status) == -1)
		rc = bk_fail_errno(e, "bk-notify: wait");
	if (rc == 0 && status != 0)
		rc = bk_fail(e, BK_FAIL, "bk-notify has failed: not all may "
		    "have been told, or it could not keep that they were; see "
		    "its message");
	return rc;
}

static void
free_command(struct command *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->argv[i]);
	free(c->argv);
}

int
run_tell_check(const char *path, const char *spec, struct bk_err *e)
{
	struct command c = {0};
	int rc = add_options(&c, path, spec, e);

	free_command(&c);
	return rc;
}

int
run_tell(const char *path, const char *spec, char *const env[],
    const struct bk_err *result, const char *text, int pass, struct bk_err *e)
{
	struct command c = {0};
	struct bk_buf program = {0};
	int failed = result->code != BK_OK, rc = -1;

	if (own_dir("bk-notify", &program, e) == 0 &&
	    add(&c, program.data, e) == 0 && add(&c, failed ?
	    "--status=failure" : "--status=success", e) == 0 &&
	    add_options(&c, path, spec, e) == 0)
		rc = notify(&c, env, failed ? result->msg : text, pass, e);
	free_command(&c);
	bk_buf_free(&program);
	return rc;
}
