#ifndef BK_BIN_TOOL_NAMES_H
#define BK_BIN_TOOL_NAMES_H
/*
 * The name of what bk-s3put and bk-save store: a template (listing/template.h)
 * expanded from the options, the stream, the environment and this host.
 */
#include "base/buf.h"
#include "base/err.h"
#include "stream/reader.h"
#include "tool/tool_options.h"

enum { NAMES_OPT_DB = TOOL_OPT_TOOL + 0x100, NAMES_OPT_TIER };
#define NAMES_OPTIONS \
	{ NAMES_OPT_DB, "db", "NAME", NULL, "the name for {db}" }, \
	{ NAMES_OPT_TIER, "tier", "NAME", \
	    "hourly|daily|weekly|monthly|yearly", \
	    "the name for {tier} (daily)" }

/*
 * Before any input is read, exit 2 for a template that no stream could
 * complete: a usage error.
 */
void names_check(const char *tmpl, const char *db, const char *tier);

/*
 * Append tmpl to *out.  {db} is the name in in's label, else db, else
 * PGDATABASE; {host} is the host in the label, else this host's name up to its
 * first dot; {utc} {date} {time} are the instant in the label, else now; so all
 * copies of a backup have one name.  {chain} is the label's place in a chain
 * (policy/increments.h).  {tier} is tier, else BK_TIER, else "daily".  db and
 * tier may be NULL.  0, or -1 with *e set, see bk_template_expand(); BK_DATA if
 * {db} would be one name by the label and another by db, or if in is an
 * increment and the name has a time and no {chain}; but if in has no label
 * because its writer died early, *e says that.
 */
int names_expand(const char *tmpl, const char *db, const char *tier,
    struct bk_reader *in, struct bk_buf *out, struct bk_err *e);

/*
 * For a rehearsal (rehearsal.h): the same, of standard input, with some name in
 * place of one that is not known, as a dump that cannot be made has none.
 * Reports whether bk-age, bk-prune and receipts will see from the name, after
 * place, what it is a backup of.
 */
int names_rehearse(const char *tmpl, const char *db, const char *tier,
    const char *place, struct bk_buf *out, struct bk_err *e);

#endif
