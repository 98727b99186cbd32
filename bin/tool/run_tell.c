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

/* "--only-change /var/lib/bk/{job}" */
static int
add_line(struct command *c, char *line, const char *spec, struct bk_err *e)
{
	size_t n = strcspn(line, " \t=");
	struct bk_buf word = {0};
	char *value, *job;
	int rc;

	if (strncmp(line, "--", 2) != 0)
		return bk_fail(e, BK_DATA, "'%s': not an option of bk-notify, "
		    "as --mail dba@example.org", line);
	value = line[n] == '\0' ? NULL : line + n + 1 +
	    strspn(line + n + 1, " \t");
	line[n] = '\0';
	rc = bk_buf_printf(&word, e, "%s%s", line, value == NULL ? "" : "=");
	while (rc == 0 && value != NULL && (job = strstr(value, JOB)) != NULL) {
		*job = '\0';
		rc = bk_buf_printf(&word, e, "%s%s", value, spec);
		value = job + strlen(JOB);
	}
	if (rc == 0 && value != NULL)
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
		rc = bk_fail(e, BK_FAIL, "bk-notify has failed; nobody may "
		    "have been told");
	return rc;
}

int
run_tell(const char *path, const char *spec, char *const env[],
    const struct bk_err *result, const char *text, int pass, struct bk_err *e)
{
	struct command c = {0};
	struct bk_buf program = {0};
	int failed = result->code != BK_OK, rc = -1;
	size_t i;

	if (own_dir("bk-notify", &program, e) == 0 &&
	    add(&c, program.data, e) == 0 && add(&c, failed ?
	    "--status=failure" : "--status=success", e) == 0 &&
	    add_options(&c, path, spec, e) == 0)
		rc = notify(&c, env, failed ? result->msg : text, pass, e);
	for (i = 0; i < c.n; i++)
		free(c.argv[i]);
	free(c.argv);
	bk_buf_free(&program);
	return rc;
}
