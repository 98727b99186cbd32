#include "restore/program.h"

#include <string.h>

#include "base/child.h"

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

static void
make_argv(struct bk_restore_program *c, char *const options[],
    char *argv[ARGS])
{
	size_t n = 0;

	argv[n++] = c->program.data;
	while (*options != NULL)
		argv[n++] = *options++;
	argv[n++] = "--no-password";
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
	argv[n++] = c->conninfo.data;
	argv[n] = NULL;
}

struct bk_client_feed *
bk_restore_program_feed(struct bk_restore_program *c, char *const options[],
    struct bk_err *e)
{
	char *argv[ARGS];

	make_argv(c, options, argv);
	return bk_client_feed_open(argv, c->env, c->o->child, e);
}
