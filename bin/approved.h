#ifndef BK_BIN_APPROVED_H
#define BK_BIN_APPROVED_H
/*
 * Options of the tools that delete what standard input names, or else a plan
 * that several people have approved (lib/crypt/plan.h).
 */
#include "base/err.h"
#include "crypt/plan.h"
#include "tool.h"

enum { APPROVED_OPT_PLAN = TOOL_OPT_TOOL + 0x100, APPROVED_OPT_APPROVERS,
	APPROVED_OPT_NEED };
#define APPROVED_LONGOPTS \
	{ "plan", required_argument, NULL, APPROVED_OPT_PLAN }, \
	{ "approvers", required_argument, NULL, APPROVED_OPT_APPROVERS }, \
	{ "need", required_argument, NULL, APPROVED_OPT_NEED }

/* getopt_long's default case: takes its own options, passes on the others. */
void approved_option(struct bk_approved_plan *c, int ch, const char *arg);

/* After all options are parsed: an invalid combination exits 2. */
void approved_check(struct bk_approved_plan *c);

/* The name of the listing in messages. */
const char *approved_name(const struct bk_approved_plan *c);

/*
 * Call take with ctx for each name, of standard input or of the plan.  0 at the
 * end; -1 with *e set by take, or BK_DATA for a line that is malformed or has
 * no newline: a truncated name may be that of another file.
 */
typedef int approved_take(void *ctx, const char *name, struct bk_err *e);
int approved_read(const struct bk_approved_plan *c, approved_take *take,
    void *ctx, struct bk_err *e);

/*
 * Before the deletion: record the first name and the number of others in the
 * audit log.
 */
void approved_record(void);

#endif
