#ifndef BK_BIN_APPROVED_H
#define BK_BIN_APPROVED_H
/*
 * The options of tools that delete what standard input names, or else what a
 * plan does that several people have approved (lib/crypt/plan.h).
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

/* getopt_long's default case: takes its own options, hands on the others. */
void approved_option(struct bk_approved_plan *c, int ch, const char *arg);

/* Once all options are there: those that make no sense together exit 2. */
void approved_check(struct bk_approved_plan *c);

/* What the listing is called in messages. */
const char *approved_name(const struct bk_approved_plan *c);

/*
 * Hand each name, of standard input or of the plan, to take, with ctx.  0 at
 * the end; -1 with *e set if take said so, BK_DATA for a line that is no
 * record or has no newline: a name that was cut may be another's.
 */
typedef int approved_take(void *ctx, const char *name, struct bk_err *e);
int approved_read(const struct bk_approved_plan *c, approved_take *take, void *ctx,
    struct bk_err *e);

/*
 * They are about to be deleted: tell the audit log the first one's name, and
 * how many more.
 */
void approved_record(void);

#endif
