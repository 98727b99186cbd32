#include "verify/catalog.h"

#include <string.h>

#include "base/child.h"

/* --encoding=UTF8 of SET client_encoding = 'UTF8'; */
static int
add_encoding(struct bk_buf *out, const char *set, struct bk_err *e)
{
	const char *p = set == NULL ? NULL : strchr(set, '\'');

	if (p == NULL)
		return 0;
	return bk_buf_printf(out, e, "--encoding=%.*s",
	    (int)strcspn(p + 1, "'"), p + 1);
}

/* Start pg_dump and read the first thing that it writes. */
static int
run(const struct bk_catalog *c, char *const argv[], char *const env[],
    struct bk_toc *toc, struct bk_err *e)
{
	struct bk_child child = BK_CHILD_NONE;
	const struct bk_source src = { bk_child_read, &child };
	struct bk_archive *a = bk_archive_open(src, "pg_dump", e);
	struct bk_err reason = {0};
	int rc = -1;

	child.watch = c->child;
	if (a != NULL && bk_child_start(&child, argv, env, e) == 0) {
		rc = bk_archive_toc(a, toc, e);
		if (rc == -1 && child.ended &&
		    bk_child_wait(&child, &reason) == -1)
			*e = reason;
		if (rc == -1)
			e->code = BK_FAIL;	/* no input of ours */
		else
			bk_child_stop(&child);
	}
	bk_child_free(&child);
	bk_archive_free(a);
	return rc;
}

int
bk_catalog_toc(const struct bk_catalog *c, struct bk_toc *toc,
    struct bk_err *e)
{
	char *argv[7 + BK_DUMP_REPEATED] = { NULL, "--format=custom",
	    "--compress=0", "--no-password", "--lock-wait-timeout=60s" };
	struct bk_buf program = {0}, rest = {0}, encoding = {0}, name = {0};
	char **env = NULL;
	size_t n = 5, i;
	int rc = -1;

	if (bk_bindir_find(&c->bindir, "pg_dump", c->major, &program,
	    e) == -1 || add_encoding(&encoding, c->encoding, e) == -1 ||
	    bk_conn_rest(c->params, &rest, e) == -1 ||
	    (rest.len > 0 && bk_buf_printf(&name, e, "--dbname=%s",
	    rest.data) == -1) ||
	    (env = bk_conn_environ(c->params, c->bindir.env, e)) == NULL)
		goto done;
	argv[0] = program.data;
	if (encoding.len > 0)
		argv[n++] = encoding.data;
	if (name.len > 0)
		argv[n++] = name.data;
	for (i = 0; c->options[i] != NULL; i++)
		argv[n++] = (char *)(uintptr_t)c->options[i];
	rc = run(c, argv, env, toc, e);
 done:
	bk_conn_environ_free(env);
	bk_buf_free(&program);
	bk_buf_free(&rest);
	bk_buf_free(&encoding);
	bk_buf_free(&name);
	return rc;
}
