#ifndef BK_BIN_TOOL_APPROVED_H
#define BK_BIN_TOOL_APPROVED_H
/*
 * Options of the tools that delete what standard input names, or else a plan
 * that several people have approved (lib/crypt/plan.h).
 */
#include "base/err.h"
#include "crypt/plan.h"
#include "listing/record.h"
#include "tool/tool.h"

enum { APPROVED_OPT_PLAN = TOOL_OPT_TOOL + 0x100, APPROVED_OPT_APPROVERS,
	APPROVED_OPT_NEED };
#define APPROVED_OPTIONS \
	{ 'n', "dry-run", NULL, NULL, \
	    "delete nothing, print what would be deleted" }, \
	{ 'v', "verbose", NULL, NULL, "print what was deleted" }, \
	{ APPROVED_OPT_PLAN, "plan", "FILE", NULL, \
	    "delete what bk-prune's plan lists, if approved" }, \
	{ APPROVED_OPT_APPROVERS, "approvers", "FILE", NULL, \
	    "the public keys of those who approve" }, \
	{ APPROVED_OPT_NEED, "need", "N", NULL, \
	    "how many of them must have (2)" }
#define APPROVED_OPERANDS "[--plan FILE --approvers FILE] < NAMES"

/* tool_getopt()'s default case. */
void approved_option(struct bk_approved_plan *c, int ch, const char *arg);

/* After all options are parsed: an invalid combination exits 2. */
void approved_check(struct bk_approved_plan *c);

/* The name of the listing in messages. */
const char *approved_name(const struct bk_approved_plan *c);

/*
 * Call take with ctx for each record, or bare name, of standard input, or of
 * the plan.  0 at the end; -1 with *e set by take, or BK_DATA for a line that
 * is malformed or has no newline: a truncated name may be that of another file.
 */
typedef int approved_take(void *ctx, const struct bk_record *r,
    struct bk_err *e);
int approved_read(const struct bk_approved_plan *c, approved_take *take,
    void *ctx, struct bk_err *e);

/*
 * 1 if now, of which time is when it was stored, is what r was made of
 * (listing/record.h); of a plan, also in its time, and not stored since then.
 */
int approved_is(const struct bk_record *r, const struct bk_record *now);

/*
 * Before the deletion: record in the audit log the first name, the number of
 * all, and the times of the oldest and the newest.
 */
void approved_record(void);

#endif
