/* The report of a month: what counts, the words in both forms, escaping. */
#include <stdlib.h>
#include <unistd.h>

#include "base/utctime.h"
#include "report/document.h"
#include "report/month.h"
#include "starve.h"
#include "tap.h"

#define DAY 86400
#define OCTOBER ((time_t)1790812800)	/* 2026-10-01T00:00:00Z */

/* A line of a log; strings that are NULL are "". */
struct line {
	long day;		/* of October, from 0 */
	const char *operation, *type, *source, *destination, *error, *run,
	    *backup, *proof;
	uint64_t size, deleted;
	long oldest, newest;	/* days, if deleted */
};

static const char *
text(const char *s)
{
	return s == NULL ? "" : s;
}

static int
add(struct bk_month *m, const struct line *l, struct bk_err *e)
{
	struct bk_run r = { .ended = OCTOBER + l->day * DAY + 7200,
	    .duration_seconds = 61, .size_bytes = l->size,
	    .failed = l->error != NULL, .operation = l->operation,
	    .type = l->type, .source = text(l->source),
	    .destination = text(l->destination), .error = text(l->error),
	    .user = "dba", .host = "db1", .ip_address = "", .version = "",
	    .run = text(l->run), .backup = text(l->backup),
	    .proof = text(l->proof), .deleted = l->deleted };

	if (l->deleted > 0) {
		r.oldest = OCTOBER + l->oldest * DAY;
		r.newest = OCTOBER + l->newest * DAY;
	}
	return bk_month_add(m, &r, e);
}

static struct bk_month
october(void)
{
	return (struct bk_month){ .title = "2026-10", .from = OCTOBER,
	    .to = OCTOBER + 31 * DAY, .wall = bk_utctime_civil };
}

/* n lines make *m, which is ended. */
static int
fill(struct bk_month *m, const struct line *l, size_t n, struct bk_err *e)
{
	size_t i;

	if (bk_month_log(m, "audit.log", e) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (add(m, &l[i], e) == -1)
			return -1;
	return bk_month_chain(m, n, "00ff", 0, "", e) == -1 ? -1 :
	    bk_month_end(m, e);
}

static void
must(int rc)
{
	if (rc == -1)
		exit(99);
}

static const struct bk_month_database *
database(const struct bk_month *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->ndatabases; i++)
		if (strcmp(m->databases[i].name, name) == 0)
			return &m->databases[i];
	printf("Bail out! no database %s\n", name);
	exit(99);
}

#define DUMP(day, run) \
	{ day, "bk-dump", "dump", "shop", NULL, NULL, run, NULL, NULL, 5000, \
	    0, 0, 0 }
#define SAVE(day, run, to) \
	{ day, "bk-save", "store", "standard input", to, NULL, run, NULL, \
	    NULL, 1000, 0, 0, 0 }
#define PROOF(day, of, kind) \
	{ day, "bk-verify", "verify", "shop", NULL, NULL, NULL, of, kind, \
	    0, 0, 0, 0 }
#define FAIL(day, tool, type, from, to, why, run) \
	{ day, tool, type, from, to, why, run, NULL, NULL, 0, 0, 0, 0 }
#define N(lines) (sizeof(lines) / sizeof((lines)[0]))

static void
test_backups(void)
{
	static const struct line lines[] = {
		/* the stages' lines come in any order */
		SAVE(1, "r1", "/b/daily/shop-20261002T020000Z.bk"),
		{ 1, "bk-crypt", "encrypt", NULL, NULL, NULL, "r1", NULL, NULL,
		    1000, 0, 0, 0 },
		DUMP(1, "r1"),
		SAVE(1, "r1", "/b/weekly/shop-20261002T020000Z.bk"),
		{ 1, "bk-tee", "store", "standard input", "a, b", NULL, "r1",
		    NULL, NULL, 1000, 0, 0, 0 },
		{ 1, "bk-run", "job", NULL, "/b/daily/shop.bk", NULL, NULL,
		    NULL, NULL, 1000, 0, 0, 0 },
		/* one sink of two */
		DUMP(2, "r2"),
		SAVE(2, "r2", "/b/daily/shop-20261003T020000Z.bk"),
		FAIL(2, "bk-save", "store", NULL,
		    "/b/weekly/shop-20261003T020000Z.bk", "disk full", "r2"),
		/* no sink: the dump's own error is the pipe's */
		FAIL(3, "bk-dump", "dump", "shop", NULL,
		    "standard output: write: Broken pipe", "r3"),
		FAIL(3, "bk-s3put", "upload", NULL, "s3://b/{db}", "denied",
		    "r3"),
		/* stages of a failed dump that never had an ID */
		FAIL(4, "bk-dump", "dump", "shop", NULL, "no server", "r4"),
		FAIL(4, "bk-gz", "compress", NULL, NULL, "unfinished", NULL),
		FAIL(4, "bk-save", "store", NULL, "/b/{db}", "unfinished",
		    NULL),
		/* another producer, and one whose output went elsewhere */
		{ 5, "bk-seal", "seal", "pg_dump", NULL, NULL, "r5", NULL, NULL,
		    1, 0, 0, 0 },
		SAVE(5, "r5", "/b/crm/crm-20261006T020000Z.bk"),
		{ 6, "bk-base", "base", "db1:5432", NULL, NULL, "r6", NULL,
		    NULL, 7, 0, 0, 0 },
		/* bk-seal in the middle is no second backup */
		DUMP(7, "r7"),
		{ 7, "bk-seal", "seal", "xz", NULL, NULL, "r7", NULL, NULL, 1,
		    0, 0, 0 },
		/* not of a backup here: a segment of WAL */
		SAVE(8, "w", "/wal/000000010000000000000001"),
		/* of September, and of November */
		DUMP(-1, "r8"), SAVE(31, "r9", "/b/daily/x"), DUMP(31, "r9"),
	};
	struct bk_month m = october();
	struct bk_err e = {0};
	const struct bk_month_database *d;

	must(fill(&m, lines, N(lines), &e));
	d = database(&m, "shop");
	is_int((intmax_t)d->made, 3, "made");
	is_int((intmax_t)d->failed, 2, "failed");
	is_int((intmax_t)d->encrypted, 1, "encrypted");
	is_int((intmax_t)d->bytes, 15000, "bytes");
	is_int((intmax_t)database(&m, "crm")->made, 1,
	    "what bk-seal passed on is named after its file");
	is_int((intmax_t)database(&m, "db1:5432")->made, 1, "a base backup");
	is_int((intmax_t)m.ndatabases, 3, "no other database");
	is_int((intmax_t)m.lines, 20, "lines of the period");
	is_int((intmax_t)m.jobs, 1, "a job is no backup");
	is_int((intmax_t)m.unowned, 1, "stored, of no backup");
	is_int((intmax_t)m.nplaces, 4, "series");
	is_str(m.places[1].series, "/b/daily/shop-*.bk", "one of them");
	is_int((intmax_t)m.places[1].stored, 2, "its copies");
	is_int((intmax_t)m.places[2].failed, 1, "those that failed");
	is_int((intmax_t)m.nfailures, 3, "failures");
	is_str(m.failures[0].run->error, "disk full", "of a copy");
	is_str(m.failures[1].run->error, "denied", "the cause of a backup's");
	is_str(m.failures[2].run->error, "no server", "and of another's");
	bk_month_free(&m);
}

static void
test_proofs(void)
{
	static const struct line lines[] = {
		DUMP(-20, "r1"), PROOF(-19, "r1", "restore"),
		DUMP(1, "r2"), PROOF(1, "r2", "content"),
		/* one that is not known here has its own name for it */
		PROOF(2, "gone", "content"),
		FAIL(3, "bk-verify", "verify", "shop", NULL, "differs", NULL),
		/* a restore of the same backup at once is a restore */
		{ 1, "bk-restore", "restore", NULL, "copy", NULL, NULL, "r2",
		    NULL, 5, 0, 0, 0 },
		{ 9, "bk-verify", "verify", "s3://b/daily/shop-"
		    "20261003T020000Z.bk", NULL, NULL, NULL, NULL, "restore",
		    0, 0, 0, 0 },
		{ 9, "bk-restore", "list", NULL, "shop", NULL, NULL, NULL,
		    NULL, 5, 0, 0, 0 },
	};
	struct bk_month m = october();
	struct bk_err e = {0};
	const struct bk_month_database *d;

	must(fill(&m, lines, N(lines), &e));
	is_int((intmax_t)m.ndatabases, 1, "one database");
	d = database(&m, "shop");
	is_int((intmax_t)d->proven, 3, "proofs");
	is_int((intmax_t)d->not_proven, 1, "failed ones");
	is_int(d->proof->ended, OCTOBER + 9 * DAY + 7200, "the last proof");
	is_int(d->gap_to - d->gap_from, 28 * DAY, "the longest gap");
	is_int((intmax_t)m.nrestores, 1, "restores");
	is_str(m.restores[0].from->name, "shop", "of what");
	ok(!bk_month_is_due(&m, d), "no drill was asked for");
	m.drill = 28 * DAY;
	ok(!bk_month_is_due(&m, d), "a drill in time");
	m.drill--;
	ok(bk_month_is_due(&m, d), "a drill that was late");
	bk_month_free(&m);
}

/* 1 if a drill of each day was missed, of a shop with these lines. */
static int
is_due(const struct line *l, size_t n, uint64_t days)
{
	struct bk_month m = october();
	struct bk_err e = {0};
	int due;

	m.drill = days * DAY;
	must(fill(&m, l, n, &e));
	due = bk_month_is_due(&m, database(&m, "shop"));
	bk_month_free(&m);
	return due;
}

static void
test_drills(void)
{
	static const struct line never[] = { DUMP(1, "r"),
	    PROOF(1, "r", "content") }, earlier[] = { DUMP(-30, "a"),
	    PROOF(-30, "a", "recovery"), DUMP(1, "b") },
	    gone[] = { DUMP(-30, "a") }, failed[] = { FAIL(1, "bk-dump",
	    "dump", "shop", NULL, "no", "a") }, late[] = { DUMP(20, "a"),
	    PROOF(25, "a", "restore") };

	ok(is_due(never, N(never), 1000), "a proof of less is no drill");
	ok(!is_due(earlier, N(earlier), 90), "quarterly, from before");
	ok(is_due(earlier, N(earlier), 60), "61 days are more than 60");
	ok(!is_due(gone, N(gone), 1), "no backup in the period");
	ok(!is_due(failed, N(failed), 1), "no backup at all");
	ok(!is_due(late, N(late), 6), "from the first backup on");
	ok(is_due(late, N(late), 5), "the end of the month ends a gap");
}

static void
test_deletions(void)
{
	static const struct line lines[] = {
		{ 1, "bk-rm", "delete", "standard input",
		    "/b/daily/shop-20260901T020000Z.bk and 2 more", NULL, NULL,
		    NULL, NULL, 0, 3, -60, -30 },
		{ 2, "bk-rm", "delete", "standard input",
		    "/b/daily/shop-20260903T020000Z.bk", NULL, NULL, NULL,
		    NULL, 0, 1, -28, -28 },
		/* a name that only looks like several */
		{ 3, "bk-rm", "delete", "standard input", "x and 900 more",
		    NULL, NULL, NULL, NULL, 0, 1, 3, 3 },
		{ 3, "bk-rm", "delete", "standard input", NULL, NULL, NULL,
		    NULL, NULL, 0, 0, 0, 0 },
		FAIL(4, "bk-rm", "delete", NULL, "y", "not all", NULL),
		/* a date is enough */
		{ 5, "bk-rm", "delete", NULL, "z/2026-09-01_02-15_crm.gz",
		    NULL, NULL, NULL, NULL, 0, 1, -30, -30 },
	};
	struct bk_month m = october();
	struct bk_err e = {0};

	must(fill(&m, lines, N(lines), &e));
	is_int((intmax_t)m.npruned, 4, "series");
	is_str(m.pruned[3].series, "z/*_crm.gz", "by a date");
	is_str(m.pruned[0].series, "/b/daily/shop-*.bk", "the first");
	is_int((intmax_t)m.pruned[0].deleted, 4, "deleted");
	is_int((intmax_t)m.pruned[0].youngest, 30 * DAY + 7200, "youngest");
	is_int(m.pruned[0].oldest, OCTOBER - 60 * DAY, "oldest");
	is_int(m.pruned[0].newest, OCTOBER - 28 * DAY, "newest");
	is_str(m.pruned[1].series, "x and 900 more", "a name with a number");
	is_int((intmax_t)m.pruned[1].deleted, 1, "is one");
	is_int((intmax_t)m.pruned[2].failed, 1, "a failure");
	bk_month_free(&m);
}

/* --- the forms */

static char *
written(int html, const char *cell)
{
	static const char *const heads[] = { "A", "B" };
	struct bk_buf b = {0};
	struct bk_err e = {0};
	struct bk_document d = { .out = &b, .html = html, .e = &e };

	bk_document_begin(&d, "T");
	b.len = 0;			/* a page's head is long */
	bk_document_heading(&d, "H");
	bk_document_text(&d, "Of %s.", cell);
	bk_document_list(&d);
	bk_document_item(&d, "Is %s", cell);
	bk_document_list_end(&d);
	bk_document_table(&d, heads, 2);
	bk_document_row(&d, (const char *[]){ cell, "1" }, 2);
	bk_document_table_end(&d);
	must(bk_document_end(&d));
	return b.data;
}

static void
is_form(int html, const char *cell, const char *want, const char *what)
{
	char *got = written(html, cell);

	is_str(got, want, what);
	free(got);
}

static void
escaped(int html, const char *name, const char *want)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	struct bk_document d = { .out = &b, .html = html, .e = &e };

	bk_document_item(&d, "%s", name);
	b.data[b.len - (html ? 6 : 1)] = '\0';
	is_str(b.data + (html ? 4 : 2), want, html ? "HTML" : "Markdown");
	bk_buf_free(&b);
}

static void
test_forms(void)
{
	char big[2 * BK_DOCUMENT_TEXT];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	struct bk_document d = { .out = &b, .e = &e };

	is_form(0, "x|y", "\n## H\n\nOf x&#124;y.\n\n- Is x&#124;y\n\n"
	    "| A | B |\n| --- | --- |\n| x&#124;y | 1 |\n", "Markdown");
	is_form(1, "x<y", "<h2>H</h2>\n<p>Of x&lt;y.</p>\n<ul>\n<li>Is x&lt;y"
	    "</li>\n</ul>\n<table>\n<thead><tr><th>A</th><th>B</th></tr>"
	    "</thead>\n<tbody>\n<tr><td>x&lt;y</td><td>1</td></tr>\n</tbody>\n"
	    "</table>\n</body>\n</html>\n", "HTML");
	escaped(0, "<script>alert(1)</script>",
	    "&lt;script&gt;alert(1)&lt;/script&gt;");
	escaped(1, "<script>alert(1)</script>",
	    "&lt;script&gt;alert(1)&lt;/script&gt;");
	escaped(1, "\"'&amp;", "&quot;&#39;&amp;amp;");
	escaped(0, "a\\|b", "a\\\\&#124;b");
	escaped(0, "`x` *y* ~~z~~ $1$", "\\`x\\` \\*y\\* \\~\\~z\\~\\~ "
	    "\\$1\\$");
	escaped(0, "![a](http://x) www.x", "!\\[a\\](http\\://x) www\\.x");
	escaped(0, "shop_prod _x_", "shop_prod \\_x\\_");
	escaped(0, "&lt;", "&amp;lt;");
	escaped(0, "a\n## b\t\x1b[2J\x80\xe2\x80\xae", "a ## b ?\\[2J????");
	escaped(1, "a\n\x1b[2J", "a ?[2J");
	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	bk_document_text(&d, "%s", big);
	is_int((intmax_t)b.len, BK_DOCUMENT_TEXT + 5, "a long text is cut");
	bk_buf_free(&b);
}

static const struct line some[] = {
	DUMP(-1, "r0"), PROOF(-1, "r0", "restore"),
	DUMP(1, "r1"), SAVE(1, "r1", "/b/daily/shop-20261002T020000Z.bk"),
	FAIL(2, "bk-dump", "dump", "<b>|`", NULL, "no server", "r2"),
	PROOF(2, "r1", "content"),
	{ 3, "bk-restore", "restore", NULL, "copy", NULL, NULL, "r1", NULL, 5,
	    0, 0, 0 },
	{ 3, "bk-pitr", "recover", NULL, "/pg", "no WAL", NULL, "?", NULL, 5,
	    0, 0, 0 },
	{ 4, "bk-rm", "delete", NULL, "/b/daily/shop-20260901T020000Z.bk",
	    NULL, NULL, NULL, NULL, 0, 1, -30, -30 },
	{ 5, "bk-keygen", "key", NULL, "/etc/bk/key", NULL, NULL, NULL, NULL,
	    0, 0, 0, 0 },
	FAIL(6, "bk-age", "monitor", NULL, NULL, "late", NULL),
};

static const char golden[] =
#include "month_golden.h"
;

static void
test_words(void)
{
	struct bk_month m = october();
	struct bk_buf b = {0};
	struct bk_err e = {0};

	m.drill = 31 * DAY;
	must(fill(&m, some, N(some), &e));
	must(bk_month_document(&m, 0, &b, &e));
	is_str(b.data, golden, "the report");
	b.len = 0;
	must(bk_month_document(&m, 1, &b, &e));
	ok(strstr(b.data, "<td>&lt;b&gt;|`</td>") != NULL &&
	    strstr(b.data, "<b>") == NULL, "in HTML");
	ok(strstr(b.data, "<h2>Drills</h2>") != NULL, "the same parts");
	bk_buf_free(&b);
	bk_month_free(&m);
}

static void
test_nothing_found(void)
{
	static const struct line lines[] = { DUMP(1, "r"),
	    SAVE(1, "r", "/b/shop-20261002T020000Z.bk") };
	struct bk_month m = october();
	struct bk_buf b = {0};
	struct bk_err e = {0};

	must(fill(&m, lines, N(lines), &e));
	must(bk_month_document(&m, 0, &b, &e));
	ok(strstr(b.data, "## Findings\n\n- None: ") != NULL &&
	    strstr(b.data, "\n## Backups\n") != NULL, "no finding");
	ok(strstr(b.data, "## Drills") == NULL, "no drill was asked for");
	bk_buf_free(&b);
	bk_month_free(&m);
}

/* What a damaged log is called, on top. */
static void
test_damage(void)
{
	struct bk_month m = october();
	struct bk_buf b = {0};
	struct bk_err e = {0};

	must(bk_month_log(&m, "a|b", &e));
	bk_month_refuse(&m);
	must(bk_month_chain(&m, 3, "", 2, "line 2: edited", &e));
	must(bk_month_end(&m, &e));
	must(bk_month_document(&m, 0, &b, &e));
	ok(strstr(b.data, "## Findings\n\n- Chain broken: a&#124;b: 2 lines; "
	    "the first: line 2: edited. ") != NULL, "a broken chain is named");
	ok(strstr(b.data, "\n- Damaged: a&#124;b: 1 line not counted") != NULL,
	    "and what is no audit line");
	ok(strstr(b.data, "| BROKEN | - |") != NULL, "in its row, too");
	bk_buf_free(&b);
	bk_month_free(&m);
}

static int
report(void *arg, struct bk_err *e)
{
	struct bk_month m = october();
	struct bk_buf b = {0};
	int rc = fill(&m, some, N(some), e);

	(void)arg;
	if (rc == 0)
		rc = bk_month_document(&m, 0, &b, e) == -1 ? -1 :
		    bk_month_document(&m, 1, &b, e);
	bk_buf_free(&b);
	bk_month_free(&m);
	return rc;
}

int
main(void)
{
	alarm(120);
	test_backups();
	test_proofs();
	test_drills();
	test_deletions();
	test_forms();
	test_words();
	test_nothing_found();
	test_damage();
	starve("a report, of memory", STARVE_MEMORY, report, NULL);
	starve("a report, of buffers", STARVE_BUFFER, report, NULL);
	return tap_done();
}
