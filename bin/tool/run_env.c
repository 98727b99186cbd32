#include "tool/run_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/envfile.h"
#include "base/grow.h"
#include "base/trusted.h"
#include "tool/own_dir.h"
#include "tool/settings.h"
#include "tool/tool.h"

#define STANDARD_PATH "/usr/local/bin:/usr/bin:/bin"

extern char **environ;

/* Where "name" stands, or is to be added. */
static size_t
find(const struct run_env *env, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, len) == 0 &&
		    env->v[i][len] == '=')
			break;
	return i;
}

/* Takes text, "NAME=value", over. */
static int
put(struct run_env *env, char *text, struct bk_err *e)
{
	size_t i = find(env, text, strcspn(text, "="));
	char **more;

	if (i < env->n) {
		free(env->v[i]);
		env->v[i] = text;
		return 0;
	}
	/* one more for the NULL */
	more = bk_grow(env->v, env->n + 1, &env->cap, sizeof(*more), e);
	if (more == NULL) {
		free(text);
		return -1;
	}
	env->v = more;
	env->v[env->n++] = text;
	env->v[env->n] = NULL;
	return 0;
}

int
run_env_set(struct run_env *env, const char *name, const char *value,
    struct bk_err *e)
{
	struct bk_buf text = {0};

	if (bk_buf_printf(&text, e, "%s=%s", name, value) == -1)
		return -1;
	return put(env, text.data, e);
}

const char *
run_env_get(const struct run_env *env, const char *name)
{
	size_t len = strlen(name), i = find(env, name, len);

	return i == env->n ? NULL : env->v[i] + len + 1;
}

static int
set_all(struct run_env *env, char *const assignments[], struct bk_err *e)
{
	char *copy;

	for (; *assignments != NULL; assignments++)
		if (strchr(*assignments, '=') == NULL)
			continue;	/* in an odd environment */
		else if ((copy = strdup(*assignments)) == NULL)
			return bk_fail_memory(e);
		else if (put(env, copy, e) == -1)
			return -1;
	return 0;
}

/* The tools' own directory comes first. */
static int
set_path(struct run_env *env, const char *after, struct bk_err *e)
{
	struct bk_buf dir = {0}, path = {0};
	int rc = -1;

	if (own_dir("", &dir, e) == 0) {
		dir.data[dir.len - 1] = '\0';	/* the '/' */
		if (bk_buf_printf(&path, e, "%s:%s", dir.data, after) == 0)
			rc = run_env_set(env, "PATH", path.data, e);
	}
	bk_buf_free(&dir);
	bk_buf_free(&path);
	return rc;
}

int
run_env_own(struct run_env *env, char *const assignments[], struct bk_err *e)
{
	const char *path;

	if (set_all(env, environ, e) == -1 ||
	    set_all(env, assignments, e) == -1)
		return -1;
	path = run_env_get(env, "PATH");
	return set_path(env, path == NULL ? STANDARD_PATH : path, e);
}

/* --- of a job */

/* What says who and where we are, and nothing of databases. */
static int
set_place(struct run_env *env, struct bk_err *e)
{
	static const char *const names[] = { "HOME", "USER", "LOGNAME", "TZ",
	    "TMPDIR", "XDG_RUNTIME_DIR", "LANG", "SSL_CERT_FILE",
	    "SSL_CERT_DIR" };
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((value = getenv(names[i])) != NULL &&
		    run_env_set(env, names[i], value, e) == -1)
			return -1;
	for (i = 0; environ[i] != NULL; i++)
		if (strncmp(environ[i], "LC_", 3) == 0 &&
		    set_all(env, (char *[]){ environ[i], NULL }, e) == -1)
			return -1;
	return 0;
}

/* A variable of a file, for bk_envfile_load(). */
static int
take(void *arg, const char *name, const char *value, struct bk_err *e)
{
	struct run_env *env = arg;

	if (settings_is_secret(name))
		return 0;
	if (strcmp(name, "BK_SETTINGS") == 0 || strcmp(name, "BK_NAME") == 0 ||
	    strcmp(name, "BK_STATUS_FD") == 0 ||
	    strcmp(name, "BK_CHECK_FD") == 0)
		return bk_fail(e, BK_DATA, "%s: bk-run sets it; take it out",
		    name);
	return run_env_set(env, name, value, e);
}

static int
add_file(struct run_env *env, const char *path, struct bk_err *e)
{
	if (bk_envfile_load(path, take, env, e) == -1)
		return -1;
	return bk_buf_printf(&env->settings, e, "%s%s",
	    env->settings.len > 0 ? ":" : "", path);
}

static int
add_files(struct run_env *env, const char *dir, const char *name,
    struct bk_err *e)
{
	struct bk_buf path = {0};
	int rc = bk_buf_printf(&path, e, "%s/bk.env", dir);

	if (rc == 0 && (rc = bk_trusted_exists(path.data, e)) == 1)
		rc = add_file(env, path.data, e);
	path.len = 0;
	if (rc == 0)
		rc = bk_buf_printf(&path, e, "%s/%s.env", dir, name);
	if (rc == 0)
		rc = add_file(env, path.data, e);
	bk_buf_free(&path);
	return rc;
}

int
run_env_job(struct run_env *env, const char *dir, const char *name,
    char *const assignments[], struct bk_err *e)
{
	const char *path;

	if (set_place(env, e) == -1 ||
	    run_env_set(env, "BK_NAME", name, e) == -1 ||
	    add_files(env, dir, name, e) == -1 ||
	    run_env_set(env, "BK_SETTINGS", env->settings.data, e) == -1 ||
	    set_all(env, assignments, e) == -1)
		return -1;
	path = run_env_get(env, "PATH");
	return set_path(env, path == NULL ? STANDARD_PATH : path, e);
}

void
run_env_check(char *const assignments[])
{
	char *const *v;
	char name[64];
	size_t n;

	for (v = assignments; *v != NULL; v++) {
		n = strcspn(*v, "=");
		if ((*v)[n] != '=' || n == 0 || strspn(*v,
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
		    "0123456789") < n || (**v >= '0' && **v <= '9') ||
		    n >= sizeof(name))
			tool_usage("%s: not VARIABLE=VALUE", *v);
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, *v);
		if (settings_is_secret(name))
			tool_usage("%s: a secret, which others see in a "
			    "command line; put it into the settings", name);
	}
}

void
run_env_free(struct run_env *env)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		free(env->v[i]);
	free(env->v);
	bk_buf_free(&env->settings);
	*env = (struct run_env){0};
}
