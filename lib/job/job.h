#ifndef BK_JOB_JOB_H
#define BK_JOB_JOB_H
/* The names and the files of jobs (bk-run(1)). */
#include "base/buf.h"
#include "base/err.h"

#define BK_JOB_NAME 64		/* bytes of a name, with the NUL */

/*
 * Split "JOB@NAME": letters, digits, '-', '_' and '.', which does not come
 * first.  0, or -1 with *e set.
 */
int bk_job_split(const char *spec, char job[BK_JOB_NAME],
    char name[BK_JOB_NAME], struct bk_err *e);

/*
 * Append the text of the file job in the first directory of dirs, ended by
 * NULL, that has it.  It is code that will run with our rights, so they have to
 * be as in base/trusted.h.  BK_DATA also where nothing but comments is in it;
 * BK_USAGE where no directory has it.
 */
int bk_job_load(const char *const dirs[], const char *job,
    struct bk_buf *text, struct bk_err *e);

/* Append the file path, with such rights. */
int bk_job_read(const char *path, struct bk_buf *text, struct bk_err *e);

/* 1 if there is anything but comments and empty lines in a job's text. */
int bk_job_has_commands(const char *text);

#endif
