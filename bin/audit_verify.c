/* bk-audit: whether the hash chain is intact; see audit_commands.h */
#include <stdio.h>
#include <string.h>

#include "audit/logfile.h"
#include "audit_commands.h"
#include "tool/tool.h"

static void
name_line(struct audit_checked *c, const char *file, size_t number,
    const char *reason)
{
	if (c->bad++ < AUDIT_NAMED_MAX)
		tool_say("%s: line %zu: %s", file, number, reason);
	if (c->broken++ == 0)
		(void)snprintf(c->reason, sizeof(c->reason), "line %zu: %s",
		    number, reason);
}

/* Check one line, or note that it cannot be read. */
static int
check_line(struct audit_checked *c, const char *file, const char *line,
    size_t n, struct bk_err *e)
{
	struct bk_err reason = {0};

	if (line == NULL) {
		bk_chain_skip(&c->chain);
		name_line(c, file, c->chain.lines, "too long to be one of "
		    "bk's");
		return 0;
	}
	if (bk_chain_check(&c->chain, line, n, &reason) == -1) {
		if (reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		name_line(c, file, c->chain.lines, reason.msg);
	}
	return 0;
}

static int
check_lines(struct audit_checked *c, struct bk_logfile *in,
    int (*each)(void *arg, const char *line, size_t n, struct bk_err *e),
    void *arg, struct bk_err *e)
{
	const char *file = bk_logfile_name(in);
	struct bk_err reason = {0};
	const char *line;
	size_t n;
	int rc;

	while ((rc = bk_logfile_next(in, &line, &n, &reason)) != 0) {
		if (rc == -1 && reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		if (check_line(c, file, rc == -1 ? NULL : line, n, e) == -1 ||
		    (rc == 1 && each(arg, line, n, e) == -1))
			return -1;
		reason = (struct bk_err){0};
	}
	if (bk_logfile_cut(in))
		name_line(c, file, c->chain.lines + 1,
		    "truncated: no newline");
	return 0;
}

int
audit_check(const char *path, struct audit_checked *c,
    int (*each)(void *arg, const char *line, size_t n, struct bk_err *e),
    void *arg, struct bk_err *e)
{
	struct bk_logfile *in = bk_logfile_open(path, BK_RUN_MAX, e);
	int rc = -1;

	*c = (struct audit_checked){ .bad = c->bad };
	if (in != NULL)
		rc = check_lines(c, in, each, arg, e);
	bk_logfile_free(in);
	return rc;
}

int
audit_checked(const struct audit_checked *c, struct bk_err *e)
{
	if (c->bad == 0)
		return 0;
	e->quiet = c->bad <= AUDIT_NAMED_MAX;	/* each was reported */
	return bk_fail(e, BK_DATA, "%zu lines break the chain", c->bad);
}

struct verification {
	const struct audit_options *o;
	struct audit_checked checked;
	size_t lines;
	int met;		/* the expected hash was found */
};

static int
meet(void *arg, const char *line, size_t n, struct bk_err *e)
{
	struct verification *v = arg;

	(void)line;
	(void)n;
	(void)e;
	if (v->o->expect != NULL &&
	    strcmp(v->o->expect, v->checked.chain.last) == 0)
		v->met = 1;
	return 0;
}

static int
verify_file(struct verification *v, const char *path, struct bk_err *e)
{
	const struct bk_chain *chain = &v->checked.chain;
	/* as in messages */
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

	if (audit_check(path, &v->checked, meet, v, e) == -1)
		return -1;
	v->lines += chain->lines;
	if (v->checked.broken > 0)
		return 0;
	if ((chain->lines == 0 ? printf("%s: no lines\n", name) :
	    printf("%s: %zu lines, whole: sha256 %s\n", name, chain->lines,
	    chain->last)) < 0)
		return bk_fail_errno(e, "standard output: write");
	return 0;
}

int
audit_verify(const struct audit_options *o, struct bk_err *e)
{
	struct verification v = { .o = o };
	size_t i;

	for (i = 0; i < o->n; i++)
		if (verify_file(&v, o->files[i], e) == -1)
			return -1;
	if (fflush(stdout) == EOF)
		return bk_fail_errno(e, "standard output: write");
	if (audit_checked(&v.checked, e) == -1)
		return -1;
	if (o->expect != NULL && !v.met)
		return bk_fail(e, BK_DATA, "%s: no line has the hash %s; lines "
		    "at the end were removed, or the log was "
		    "rewritten", o->files[o->n
		    - 1], o->expect);
	if (v.lines == 0)
		return bk_fail(e, BK_NONE, "%s: no lines", o->files[0]);
	return 0;
}
