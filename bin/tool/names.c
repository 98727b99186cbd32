#include "tool/names.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/percent.h"
#include "listing/stamp.h"
#include "listing/template.h"
#include "policy/increments.h"
#include "policy/series.h"
#include "stream/heads.h"
#include "stream/seal.h"
#include "tool/rehearsal.h"
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

/* --- a rehearsal */

/* What the name is taken for, where nobody says --group. */
static int
check_owner(const char *name, const char *db, struct bk_err *e)
{
	struct bk_buf owner = {0};
	int rc = bk_series_owner(NULL, name, &owner, e);

	if (rc == 0)
		rehearsal_say(BK_READY_WARNING, "name: %s: has no time, so "
		    "that bk-prune and bk-age cannot tell which backup it is; "
		    "add {utc}", name);
	else if (rc == 1 && bk_percent_decode(owner.data) == 0 &&
	    strcmp(owner.data, db) != 0)
		rehearsal_say(BK_READY_WARNING, "name: %s: by it, this is a "
		    "backup of \"%s\", not of \"%s\", and no receipt counts "
		    "for it; give bk-prune and bk-age --group, with {db} in "
		    "its place", name, owner.data, db);
	else if (rc == 1)
		rehearsal_say(BK_READY_OK, "name: %s, a backup of \"%s\"",
		    name, db);
	bk_buf_free(&owner);
	return rc == -1 ? -1 : 0;
}

/* The label of what comes, of which there is the head; empty if none comes. */
static int
read_label(struct bk_label *label, struct bk_err *e)
{
	static char head[BK_SEAL_HEAD];
	ssize_t n = bk_io_read(STDIN_FILENO, head, sizeof(head),
	    "standard input", e);
	struct bk_seal seal;
	ptrdiff_t len;

	*label = (struct bk_label){0};
	if (n > 0 && bk_heads_mark(&seal, head, (size_t)n, &len) != -1)
		*label = seal.label;
	rehearsal_pass();		/* to its end */
	return n == -1 ? -1 : 0;
}

int
names_rehearse(const char *tmpl, const char *db, const char *tier,
    const char *place, struct bk_buf *out, struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_label label;
	int rc = -1;

	if (read_label(&label, e) == -1)
		return -1;
	if (label.kind == BK_LABEL_NONE && db == NULL &&
	    (db = getenv("PGDATABASE")) == NULL)
		db = "unknown";
	if (expand(tmpl, db, tier, &label, out, e) == 0 &&
	    bk_buf_printf(&name, e, "%s%s", place, out->data) == 0)
		rc = label.kind != BK_LABEL_DB ? 0 :
		    check_owner(name.data, label.name, e);
	bk_buf_free(&name);
	return rc;
}
