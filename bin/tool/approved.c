/* Names to delete, from standard input or an approved plan; see approved.h */
#include "tool/approved.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "listing/stamp.h"

static struct {		/* what approved_read() passed on */
	char first[8192];
	uint64_t n;
	time_t oldest, newest;	/* of those whose time is known; 0: none */
} seen;

static time_t made;		/* the plan; 0: there is none */

void
approved_option(struct bk_approved_plan *c, int ch, const char *arg)
{
	switch (ch) {
	case APPROVED_OPT_PLAN: c->plan = arg; break;
	case APPROVED_OPT_APPROVERS: c->approvers = arg; break;
	case APPROVED_OPT_NEED:
		c->need = (size_t)tool_number(arg, 1, 255, "--need");
		break;
	}
}

void
approved_check(struct bk_approved_plan *c)
{
	if (c->plan == NULL && (c->approvers != NULL || c->need != 0))
		tool_usage("--approvers and --need are for --plan");
	if (c->plan != NULL && c->approvers == NULL)
		tool_usage("--plan needs --approvers, a file of public keys");
	if (c->need == 0)
		c->need = 2;
}

const char *
approved_name(const struct bk_approved_plan *c)
{
	return c->plan == NULL ? "standard input" : c->plan;
}

/* The instant of a backup is in its name; without one the record's counts. */
static void
note_time(const struct bk_record *r)
{
	struct bk_stamp stamp;
	time_t t = bk_stamp_find(r->name, &stamp) ? stamp.time :
	    r->bare ? 0 : r->time;

	if (t != 0 && (seen.oldest == 0 || t < seen.oldest))
		seen.oldest = t;
	if (t > seen.newest)
		seen.newest = t;
}

int
approved_read(const struct bk_approved_plan *c, approved_take *take, void *ctx,
    struct bk_err *e)
{
	FILE *f = c->plan == NULL ? stdin : bk_plan_open(c, time(NULL),
	    &made, e);
	struct bk_record r;
	char *line = NULL, *label;
	size_t cap = 0;
	int rc = -1;

	if (f == NULL)
		return -1;
	while ((rc = bk_record_read(f, &line, &cap, &r, e)) == 1) {
		if (seen.n++ == 0 && (label = bk_record_label(&r)) != NULL) {
			(void)snprintf(seen.first, sizeof(seen.first), "%s",
			    label);
			free(label);
		}
		note_time(&r);
		/* without its newline, a name may be truncated */
		rc = feof(f) ? bk_fail(e, BK_DATA, "%s: the last line, '%s', "
		    "has no newline; was the listing truncated? nothing was "
		    "deleted",
		    approved_name(c), r.name) : take(ctx, &r, e);
		if (rc == -1)
			break;
	}
	free(line);
	if (f != stdin)
		fclose(f);		/* read only: nothing to lose */
	return rc;
}

int
approved_is(const struct bk_record *r, const struct bk_record *now)
{
	return bk_record_is_same(r, now) && (made == 0 ||
	    (now->time <= made && bk_record_is_of(r, now->time)));
}

void
approved_record(void)
{
	size_t len = strlen(seen.first);

	if (seen.n > 1)
		(void)snprintf(seen.first + len, sizeof(seen.first) - len,
		    " and %" PRIu64 " more", seen.n - 1);
	tool_audit()->destination = seen.first;
	tool_audit()->deleted = seen.n;
	tool_audit()->oldest = seen.oldest;
	tool_audit()->newest = seen.newest;
}
