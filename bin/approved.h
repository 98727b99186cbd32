#ifndef BK_BIN_APPROVED_H
#define BK_BIN_APPROVED_H
/*
 * The options of tools that delete what standard input names, or else what a
 * plan does that several people have approved (lib/crypt/plan.h).
 */
#include <stdio.h>

#include "../lib/crypt/plan.h"
#include "err.h"
#include "tool.h"

enum { OPT_PLAN = BK_OPT_TOOL + 0x100, OPT_APPROVERS, OPT_NEED };
#define APPROVED_LONGOPTS \
	{ "plan", required_argument, NULL, OPT_PLAN }, \
	{ "approvers", required_argument, NULL, OPT_APPROVERS }, \
	{ "need", required_argument, NULL, OPT_NEED }

/* getopt_long's default case: takes its own options, hands on the others. */
void approved_option(struct bk_plan_call *c, int ch, const char *arg);

/* Once all options are there: those that make no sense together exit 2. */
void approved_check(struct bk_plan_call *c);

/* Standard input, or the records of the plan; NULL with *e set. */
FILE *approved_open(const struct bk_plan_call *c, struct bk_err *e);

/* What the listing is called in messages. */
const char *approved_name(const struct bk_plan_call *c);

#endif
