#ifndef BK_BIN_TOOL_RUN_ENV_H
#define BK_BIN_TOOL_RUN_ENV_H
/* The environment in which bk-run runs a pipeline. */
#include "base/buf.h"
#include "base/err.h"

struct run_env {		/* = {0} */
	char **v;		/* "NAME=value", ended by NULL */
	size_t n, cap;
	struct bk_buf settings;	/* BK_SETTINGS' value */
};

/*
 * Of a job: what says who and where we are, BK_NAME, the settings of
 * dir/bk.env, if there is one, and of dir/NAME.env, then assignments,
 * "NAME=value" ended by NULL.  A secret in a file is not put in: the tools read
 * it themselves, from the files that BK_SETTINGS names.  0, or -1 with *e set.
 */
int run_env_job(struct run_env *env, const char *dir, const char *name,
    char *const assignments[], struct bk_err *e);

/* A usage error unless each is VARIABLE=VALUE, and of no secret. */
void run_env_check(char *const assignments[]);

/* Of a pipeline given as an argument: ours, and assignments. */
int run_env_own(struct run_env *env, char *const assignments[],
    struct bk_err *e);

/* Add "name=value", instead of what there is of that name. */
int run_env_set(struct run_env *env, const char *name, const char *value,
    struct bk_err *e);

/* The value of name, or NULL. */
const char *run_env_get(const struct run_env *env, const char *name);

void run_env_free(struct run_env *env);

#endif
