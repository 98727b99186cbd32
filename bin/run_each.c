#include "run_each.h"

#include <sys/wait.h>

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/grow.h"
#include "base/io.h"
#include "listing/record.h"
#include "tool/own_dir.h"
#include "tool/own_tool.h"

#define LOOK_MS 200		/* between two looks at the runs */
#define NAMES_MAX (16 * 1024 * 1024)

struct one {
	char *setting;		/* "PGDATABASE=shop" */
	atomic_int pid;
	int begun, status;	/* of waitpid(2) */
};

struct all {
	const struct run_each *r;
	struct one *v;
	size_t n, cap, next;	/* the next to be started */
	unsigned running;
	int stopping;
	char **argv;		/* r->argv, one setting, NULL */
	size_t argc;
};

/* --- which databases */

static int
matches(char *const patterns[], const char *name)
{
	for (; *patterns != NULL; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return 1;
	return 0;
}

static int
add(struct all *a, const char *name, struct bk_err *e)
{
	struct bk_buf setting = {0};
	struct one *more;

	if (bk_buf_printf(&setting, e, "PGDATABASE=%s", name) == -1)
		return -1;
	if ((more = bk_grow(a->v, a->n, &a->cap, sizeof(*more), e)) == NULL) {
		bk_buf_free(&setting);
		return -1;
	}
	a->v = more;
	a->v[a->n++] = (struct one){ .setting = setting.data };
	return 0;
}

static int
take_names(struct all *a, FILE *f, struct bk_err *e)
{
	struct bk_record name;
	char *line = NULL;
	size_t cap = 0;
	int got;

	while ((got = bk_record_read(f, &line, &cap, &name, e)) == 1)
		if ((*a->r->only == NULL || matches(a->r->only, name.name)) &&
		    !matches(a->r->exclude, name.name) &&
		    add(a, name.name, e) == -1)
			break;
	free(line);
	return got == 0 ? 0 : -1;
}

static int
list(struct all *a, struct bk_err *e)
{
	char tool[] = "bk-stat", databases[] = "--databases",
	    *argv[] = { tool, databases, NULL };
	struct bk_buf names = {0};
	FILE *f;
	int rc = own_tool(argv, a->r->env->v, NAMES_MAX, &names, e);

	if (rc == 0 && names.len > 0) {
		if ((f = fmemopen(names.data, names.len, "r")) == NULL)
			rc = bk_fail_errno(e, "bk-stat --databases");
		else {
			rc = take_names(a, f, e);
			(void)fclose(f);
		}
	}
	bk_buf_free(&names);
	if (rc == 0 && a->n == 0)
		return bk_fail(e, BK_NONE, "no database to be taken");
	return rc;
}

/* --- a run for each of them */

static int
begin(struct all *a, struct bk_err *e)
{
	struct one *o = &a->v[a->next++];

	a->argv[a->argc] = o->setting;
	if (bk_child_spawn(&o->pid, a->argv, a->r->env->v,
	    (int[3]){ -1, -1, -1 }, -1, e) == -1)
		return -1;
	o->begun = 1;
	a->running++;
	return 0;
}

static void
reap_ended(struct all *a)
{
	size_t i;

	for (i = 0; i < a->next; i++) {
		struct one *o = &a->v[i];

		if (o->pid == 0 || !bk_child_ended(&o->pid))
			continue;
		if (bk_child_reap(&o->pid, &o->status) == -1)
			o->status = -1;
		a->running--;
	}
}

static void
stop(struct all *a)
{
	size_t i;

	for (i = 0; !a->stopping && i < a->next; i++)
		bk_child_kill(&a->v[i].pid);
	a->stopping = 1;
}

static int
run_them(struct all *a, struct bk_err *e)
{
	struct pollfd look;
	int rc = 0;

	while (a->running > 0 || (a->next < a->n && !a->stopping && rc == 0)) {
		while (a->next < a->n && a->running < a->r->jobs &&
		    !a->stopping && rc == 0)
			rc = begin(a, e);
		look = (struct pollfd){ .fd = a->stopping ? -1 : a->r->stop,
		    .events = POLLIN };
		if (poll(&look, 1, LOOK_MS) == -1 && errno != EINTR)
			rc = bk_fail_errno(e, "poll");
		if (rc == -1 || look.revents != 0)
			stop(a);
		reap_ended(a);
	}
	if (rc == 0 && a->stopping)
		rc = bk_fail(e, BK_FAIL, "ended by a signal");
	return rc;
}

/* --- what became of them */

/* What a person has to look at first. */
static enum bk_code
worse(enum bk_code a, enum bk_code b)
{
	static const enum bk_code order[] = { BK_FAIL, BK_DATA, BK_USAGE,
	    BK_BUSY, BK_NONE };
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return BK_OK;
}

static enum bk_code
code_of(const struct one *o)
{
	int n;

	if (o->status == -1 || !WIFEXITED(o->status))
		return BK_FAIL;
	n = WEXITSTATUS(o->status);
	return n > BK_BUSY ? BK_FAIL : (enum bk_code)n;
}

/* Each run has said itself why it failed: here is which ones. */
static int
judge(const struct all *a, struct bk_err *e)
{
	enum bk_code worst = BK_OK, code;
	struct bk_buf names = {0};
	size_t i, failed = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < a->n; i++) {
		if ((code = code_of(&a->v[i])) == BK_OK)
			continue;
		worst = worse(worst, code);
		rc = bk_buf_printf(&names, e, "%s%s",
		    failed++ > 0 ? ", " : "", strchr(a->v[i].setting, '=') + 1);
	}
	if (rc == 0 && failed > 0)
		rc = bk_fail(e, worst, "%zu of %zu databases failed: %s",
		    failed, a->n, names.data);
	bk_buf_free(&names);
	return rc;
}

int
run_each(const struct run_each *r, struct bk_err *e)
{
	struct all a = { .r = r };
	struct bk_buf program = {0};
	size_t i;
	int rc = -1;

	while (r->argv[a.argc] != NULL)
		a.argc++;
	if ((a.argv = calloc(a.argc + 2, sizeof(*a.argv))) == NULL)
		return bk_fail_memory(e);
	memcpy(a.argv, r->argv, a.argc * sizeof(*a.argv));
	if (own_dir(a.argv[0], &program, e) == 0) {
		a.argv[0] = program.data;
		rc = list(&a, e);
	}
	if (rc == 0)
		rc = run_them(&a, e);
	if (rc == 0)
		rc = judge(&a, e);
	for (i = 0; i < a.n; i++)
		free(a.v[i].setting);
	free(a.v);
	free(a.argv);
	bk_buf_free(&program);
	return rc;
}
