#ifndef BK_AUDIT_PIPELINES_H
#define BK_AUDIT_PIPELINES_H
/*
 * The lines of the audit log, one for each stage, joined to one run for each
 * pipeline.  The stages that made a backup have the ID of its run; those that
 * read one have that ID as backup, and began together.  A stage that failed
 * before any label came has neither: if it failed only because of another, and
 * just one pipeline of the same user and host had a failure of its own then, it
 * belongs to that.  Any other line is a pipeline of its own.
 */
#include "audit/runs.h"

struct bk_pipelines;

/* NULL with *e set: memory. */
struct bk_pipelines *bk_pipelines_new(struct bk_err *e);

/* Add a line, in the order of the log; 0, or -1 with *e set: memory. */
int bk_pipelines_add(struct bk_pipelines *p, const struct bk_run *r,
    struct bk_err *e);

/*
 * Call each() for every pipeline, in the order of their first lines: operation,
 * type and source are those of the stage that made the backup (of a pipeline
 * that reads one, the source of the first, operation and type of the last);
 * destination and size are those of what was stored, several destinations with
 * ", " between them; its error is the first that is not the consequence of
 * another.  A sink that failed is not a failure if bk-tee had enough others.
 * line is all that as an object, with the operations of the stages.  Call it
 * once.  0, or -1 with *e set.
 */
int bk_pipelines_each(struct bk_pipelines *p, int (*each)(void *arg,
    const struct bk_run *r, struct bk_err *e), void *arg, struct bk_err *e);

void bk_pipelines_free(struct bk_pipelines *p);	/* NULL is fine */

/* 1 if a stage with this error failed because another one did. */
int bk_error_is_consequence(const char *error);

/*
 * 1 if r and s are stages of one pipeline, as far as their IDs and the times
 * when they began tell.
 */
int bk_run_is_with(const struct bk_run *r, const struct bk_run *s);

#endif
