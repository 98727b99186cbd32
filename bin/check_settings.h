#ifndef BK_BIN_CHECK_SETTINGS_H
#define BK_BIN_CHECK_SETTINGS_H
/* Settings, before any tool reads them. */
#include "check_findings.h"
#include "tool/run_env.h"

/*
 * Report on what env was made of: variables that begin with BK_ and that
 * neither a tool nor the job's text (NULL: none) reads; the audit log.  0, or
 * -1 with *e set.
 */
int check_settings(const struct run_env *env, const char *text,
    struct check_findings *f, struct bk_err *e);

#endif
