/* bk-audit: whether the hash chain is intact; see audit_commands.h */
#include <stdio.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/logfile.h"
#include "audit_commands.h"
#include "tool/tool.h"

#define NAMED_MAX 20		/* broken lines; the others are counted */

struct check {
	const struct audit_options *o;
	size_t lines, bad;
	int met;		/* the expected hash was found */
};

static void
name_line(struct check *k, const char *file, size_t number, const char *reason)
{
	if (k->bad++ < NAMED_MAX)
		tool_say("%s: line %zu: %s", file, number, reason);
}

/* Check one line, or note that it cannot be read. */
static int
check_line(struct check *k, struct bk_chain *chain, const char *file,
    const char *line, size_t n, struct bk_err *e)
{
	struct bk_err reason = {0};

	if (line == NULL) {
		bk_chain_skip(chain);
		name_line(k, file, chain->lines, "too long to be one of bk's");
		return 0;
	}
	if (bk_chain_check(chain, line, n, &reason) == -1) {
		if (reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		name_line(k, file, chain->lines, reason.msg);
	}
	if (k->o->expect != NULL && strcmp(k->o->expect, chain->last) == 0)
		k->met = 1;
	return 0;
}

static int
check_lines(struct check *k, struct bk_logfile *in, struct bk_err *e)
{
	const char *file = bk_logfile_name(in);
	struct bk_chain chain = {0};
	struct bk_err reason = {0};
	size_t bad = k->bad, n;
	const char *line;
	int rc;

	while ((rc = bk_logfile_next(in, &line, &n, &reason)) != 0) {
		if (rc == -1 && reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		if (check_line(k, &chain, file, rc == -1 ? NULL : line, n,
		    e) == -1)
			return -1;
		reason = (struct bk_err){0};
	}
	if (bk_logfile_cut(in))
		name_line(k, file, chain.lines + 1, "truncated: no newline");
	k->lines += chain.lines;
	if (k->bad > bad)
		return 0;
	if ((chain.lines == 0 ? printf("%s: no lines\n", file) :
	    printf("%s: %zu lines, whole: sha256 %s\n", file, chain.lines,
	    chain.last)) < 0)
		return bk_fail_errno(e, "standard output: write");
	return 0;
}

static int
check_file(struct check *k, const char *path, struct bk_err *e)
{
	struct bk_logfile *in = bk_logfile_open(path, BK_RUN_MAX, e);
	int rc = in == NULL ? -1 : check_lines(k, in, e);

	bk_logfile_free(in);
	return rc;
}

int
audit_verify(const struct audit_options *o, struct bk_err *e)
{
	struct check k = { .o = o };
	size_t i;

	for (i = 0; i < o->n; i++)
		if (check_file(&k, o->files[i], e) == -1)
			return -1;
	if (fflush(stdout) == EOF)
		return bk_fail_errno(e, "standard output: write");
	if (k.bad > 0) {
		e->quiet = k.bad <= NAMED_MAX;	/* each was reported */
		return bk_fail(e, BK_DATA, "%zu lines break the chain", k.bad);
	}
	if (o->expect != NULL && !k.met)
		return bk_fail(e, BK_DATA, "%s: no line has the hash %s; lines "
		    "at the end were removed, or the log was "
		    "rewritten", o->files[o->n
		    - 1], o->expect);
	if (k.lines == 0)
		return bk_fail(e, BK_NONE, "%s: no lines", o->files[0]);
	return 0;
}
