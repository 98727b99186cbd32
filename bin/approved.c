/* Names to delete, from standard input or an approved plan; see approved.h */
#include "approved.h"

#include <stdint.h>
#include <time.h>

#include "num.h"

void
approved_option(struct bk_plan_call *c, int ch, const char *arg)
{
	struct bk_err e = {0};
	uint64_t n;

	switch (ch) {
	case OPT_PLAN: c->plan = arg; break;
	case OPT_APPROVERS: c->approvers = arg; break;
	case OPT_NEED:
		if (bk_num_parse(arg, 1, 255, "--need", &n, &e) == -1)
			bk_tool_usage("%s", e.msg);
		c->need = (size_t)n;
		break;
	default: bk_tool_option(ch);
	}
}

void
approved_check(struct bk_plan_call *c)
{
	if (c->plan == NULL && (c->approvers != NULL || c->need != 0))
		bk_tool_usage("--approvers and --need are for --plan");
	if (c->plan != NULL && c->approvers == NULL)
		bk_tool_usage("--plan needs --approvers, a file of public keys");
	if (c->need == 0)
		c->need = 2;
}

FILE *
approved_open(const struct bk_plan_call *c, struct bk_err *e)
{
	return c->plan == NULL ? stdin : bk_plan_open(c, time(NULL), e);
}

const char *
approved_name(const struct bk_plan_call *c)
{
	return c->plan == NULL ? "standard input" : c->plan;
}
