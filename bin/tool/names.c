#include "tool/names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "listing/stamp.h"
#include "listing/template.h"
#include "policy/increments.h"
#include "stream/seal.h"
#include "tool/tool.h"

static int
expand(const char *tmpl, const char *db, const char *tier,
    const struct bk_label *label, struct bk_buf *out, struct bk_err *e)
{
	const struct bk_lineage place = { label->start, label->parent };
	char own[256] = "", chain[BK_LINEAGE_TEXT];
	struct bk_template_vars v = {
		.db = db, .host = label->host, .tier = tier, .chain = chain,
		.now = label->at != 0 ? label->at : time(NULL),
	};

	if (gethostname(own, sizeof(own) - 1) == -1)
		return bk_fail_errno(e, "gethostname");
	own[strcspn(own, ".")] = '\0';
	bk_lineage_format(&place, chain);
	if (*label->host == '\0')
		v.host = own;
	if (label->kind != BK_LABEL_NONE)
		v.db = label->name;
	if (v.db == NULL)
		v.db = getenv("PGDATABASE");
	if (v.tier == NULL)
		v.tier = getenv("BK_TIER");
	if (v.tier == NULL || *v.tier == '\0')
		v.tier = "daily";
	return bk_template_expand(tmpl, &v, out, e);
}

void
names_check(const char *tmpl, const char *db, const char *tier)
{
	static const struct bk_label some = { .kind = BK_LABEL_DB,
	    .name = "some", .at = 1, .start = 1 };
	struct bk_buf name = {0};
	struct bk_err e = {0};

	if (expand(tmpl, db, tier, &some, &name, &e) == -1)
		tool_refuse(&e);
	bk_buf_free(&name);
}

/*
 * The stream has no label.  If it also lacks its end because its writer died
 * early, report that, not the template.
 */
static int
nameless(struct bk_reader *in, struct bk_err *e)
{
	struct bk_err input = {0};
	size_t n;

	(void)bk_reader_head(in, &n);
	if ((bk_reader_sealed(in) || n < BK_SEAL_HEAD) &&
	    bk_reader_drain(in, &input) == -1)
		*e = input;
	return -1;
}

/*
 * Among names with a time an increment is told by its place in its chain alone:
 * without that, pruning deletes what it builds on.
 */
static int
check_chain(const struct bk_label *label, const char *name, struct bk_err *e)
{
	struct bk_lineage place;
	struct bk_stamp stamp;
	size_t len;

	if (label->parent == 0 || !bk_stamp_find(name, &stamp) ||
	    bk_lineage_find(name, &place, &len) != NULL)
		return 0;
	return bk_fail(e, BK_DATA, "%s: the stream is an increment, which "
	    "bk-prune would take for a full base backup by this name; add "
	    "{chain} to it", name);
}

int
names_expand(const char *tmpl, const char *db, const char *tier,
    struct bk_reader *in, struct bk_buf *out, struct bk_err *e)
{
	const struct bk_label *label = bk_reader_label(in);

	if (label->kind != BK_LABEL_NONE && db != NULL &&
	    strcmp(db, label->name) != 0 && strstr(tmpl, "{db}") != NULL)
		return bk_fail(e, BK_DATA, "--db %s: the stream's label says "
		    "\"%s\"; leave out --db, or write the name in the place "
		    "of {db}", db, label->name);
	if (expand(tmpl, db, tier, label, out, e) == -1)
		return nameless(in, e);
	return check_chain(label, out->data, e);
}
