#include "restore/program.h"

#include <string.h>

#include "base/child.h"

#define OUTPUT_MAX (1024 * 1024)	/* pg_restore -d writes nothing */
#define SCRIPT_MAX (256 * 1024 * 1024)
#define ARGS 24

int
bk_restore_program_open(struct bk_restore_program *c,
    const struct bk_restore_options *o, struct bk_err *e)
{
	*c = (struct bk_restore_program){ .o = o };
	c->env = bk_conn_environ(o->params, o->bindir.env, e);
	if (c->env == NULL ||
	    (o->role != NULL && bk_buf_printf(&c->role, e, "--role=%s",
	    o->role) == -1) ||
	    /* PGDATABASE names it, but pg_restore requires -d */
	    bk_buf_puts(&c->conninfo, "--dbname=fallback_application_name="
	    "bk-restore ", e) == -1)
		return -1;
	return bk_conn_rest(o->params, &c->conninfo, e);
}

void
bk_restore_program_close(struct bk_restore_program *c)
{
	bk_buf_free(&c->program);
	bk_buf_free(&c->conninfo);
	bk_buf_free(&c->role);
	bk_conn_environ_free(c->env);
}

/* The command line; to: the last argument before the file. */
static void
make_argv(struct bk_restore_program *c, char *const options[], int try,
    char *to, char *file, char *argv[ARGS])
{
	size_t n = 0;

	argv[n++] = c->program.data;
	while (*options != NULL)
		argv[n++] = *options++;
	argv[n++] = "--no-password";
	if (!try)
		argv[n++] = "--exit-on-error";
	if (c->o->no_owner)
		argv[n++] = "--no-owner";
	if (c->o->no_acl)
		argv[n++] = "--no-acl";
	if (c->o->no_tablespaces)
		argv[n++] = "--no-tablespaces";
	if (c->o->no_subscriptions)
		argv[n++] = "--no-subscriptions";
	if (c->o->role != NULL)
		argv[n++] = c->role.data;
	argv[n++] = to;
	argv[n++] = file;
	argv[n] = NULL;
}

static int
run(struct bk_restore_program *c, char *const options[], int try, char *to,
    const char *file, size_t max, struct bk_buf *out, struct bk_err *e)
{
	struct bk_buf path = {0};
	char *argv[ARGS];
	int rc = -1;

	if (bk_buf_puts(&path, file, e) == 0) {
		make_argv(c, options, try, to, path.data, argv);
		rc = bk_child_capture(argv, c->env, max, c->o->child, out, e);
	}
	bk_buf_free(&path);
	return rc;
}

int
bk_restore_program_run(struct bk_restore_program *c, char *const options[],
    const char *file, struct bk_err *e)
{
	struct bk_buf output = {0};
	int rc = run(c, options, 0, c->conninfo.data, file, OUTPUT_MAX, &output,
	    e);

	bk_buf_free(&output);
	return rc;
}

void
bk_restore_program_try(struct bk_restore_program *c, char *const options[],
    const char *file)
{
	struct bk_buf output = {0};
	struct bk_err ignored = {0};

	(void)run(c, options, 1, c->conninfo.data, file, OUTPUT_MAX, &output,
	    &ignored);
	bk_buf_free(&output);
}

int
bk_restore_program_script(struct bk_restore_program *c, char *const options[],
    const char *file, struct bk_buf *sql, struct bk_err *e)
{
	return run(c, options, 0, "--file=-", file, SCRIPT_MAX, sql, e);
}

struct bk_client_feed *
bk_restore_program_feed(struct bk_restore_program *c, char *const options[],
    struct bk_err *e)
{
	char *argv[ARGS];

	make_argv(c, options, 0, c->conninfo.data, NULL, argv);
	return bk_client_feed_open(argv, c->env, c->o->child, e);
}
