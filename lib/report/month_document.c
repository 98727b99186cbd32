/* The words of the report; see report/month.h */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "report/audit_report.h"
#include "report/document.h"
#include "report/month.h"

#define FAILURES_MAX 100	/* rows; the others are counted */
#define CELL 64

struct writing {
	const struct bk_month *m;
	struct bk_document d;
};

/* "2026-10-03T02:00:12Z", or with the zone's offset; "-" for 0. */
static void
when(const struct bk_month *m, time_t t, char out[CELL])
{
	struct tm tm;
	long east;

	(void)snprintf(out, CELL, "-");
	if (t == 0 || m->wall(&t, &tm) == NULL)
		return;
	if (m->wall == bk_utctime_civil) {
		bk_utctime_format(t, out);
		return;
	}
	east = bk_utctime_days(tm.tm_year + 1900L, (unsigned)tm.tm_mon + 1,
	    (unsigned)tm.tm_mday) * 86400L + tm.tm_hour * 3600L +
	    tm.tm_min * 60L + tm.tm_sec - (long)t;
	(void)snprintf(out, CELL, "%04d-%02d-%02dT%02d:%02d:%02d%c%02ld:%02ld",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, east < 0 ? '-' : '+',
	    (east < 0 ? -east : east) / 3600,
	    (east < 0 ? -east : east) / 60 % 60);
}

static void
number(uint64_t n, char out[CELL])
{
	(void)snprintf(out, CELL, "%" PRIu64, n);
}

static void
took(double seconds, char out[CELL])
{
	(void)snprintf(out, CELL, "-");
	if (seconds > 0)
		bk_report_took(seconds, out);
}

static void
who(const struct bk_fact *f, struct bk_buf *out, struct bk_err *e)
{
	out->len = 0;
	(void)bk_buf_printf(out, e, "%s@%s", *f->user == '\0' ? "?" : f->user,
	    *f->host == '\0' ? "?" : f->host);
}

static const char *
known(const char *s)
{
	return *s == '\0' ? "not known" : s;
}

/* What is proven, in a few words. */
static const char *
kind_of_proof(const struct bk_fact *f)
{
	static const struct { const char *proof, *text; } proofs[] = {
		{ "seal", "complete" },
		{ "structure", "well-formed" },
		{ "content", "content" },
		{ "restore", "restored and compared" },
		{ "recovery", "recovered and started" },
	};
	size_t i;

	for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (strcmp(proofs[i].proof, f->proof) == 0)
			return proofs[i].text;
	return "kind not known";
}

/* --- what has to be looked at */

static void
find_in_logs(struct writing *w, size_t *n)
{
	const struct bk_month_log *l;

	for (l = w->m->logs; l < w->m->logs + w->m->nlogs; l++) {
		if (l->broken > 0 && ++*n)
			bk_document_item(&w->d, "Chain broken: %s: %zu line%s; "
			    "the first: %s. What this report says may be "
			    "wrong.", l->name, l->broken, l->broken == 1 ? "" :
			    "s", l->reason);
		if (l->refused > 0 && ++*n)
			bk_document_item(&w->d, "Damaged: %s: %zu line%s not "
			    "counted, as not audit lines.", l->name,
			    l->refused, l->refused == 1 ? "" : "s");
		if (l->lines == 0 && ++*n)
			bk_document_item(&w->d, "Empty: %s has no lines.",
			    l->name);
	}
}

static void
find_due(struct writing *w, const struct bk_month_database *d)
{
	char from[CELL], to[CELL], gap[BK_NUM_TEXT];

	if (d->test == NULL) {
		bk_document_item(&w->d, "Drill due and not done: %s: no "
		    "restore test in these logs.", known(d->name));
		return;
	}
	when(w->m, d->gap_from, from);
	when(w->m, d->gap_to, to);
	bk_duration_format((uint64_t)(d->gap_to - d->gap_from), gap);
	bk_document_item(&w->d, "Drill due and not done: %s: no restore test "
	    "from %s to %s, %s.", known(d->name), from, to, gap);
}

static void
find_in_databases(struct writing *w, size_t *n)
{
	const struct bk_month_database *d = w->m->databases, *end;
	char last[CELL];

	for (end = d + w->m->ndatabases; d < end; d++) {
		if (d->failed > 0 && ++*n)
			bk_document_item(&w->d, "Backups failed: %s: %" PRIu64
			    " of %" PRIu64 ".", known(d->name), d->failed,
			    d->made + d->failed);
		if (d->not_proven > 0 && ++*n)
			bk_document_item(&w->d, "Proofs failed: %s: %" PRIu64
			    " of %" PRIu64 ".", known(d->name), d->not_proven,
			    d->proven + d->not_proven);
		if (bk_month_is_due(w->m, d) && ++*n)
			find_due(w, d);
		if (d->made + d->failed > 0 || d->last == NULL)
			continue;
		++*n;
		when(w->m, d->last->ended, last);
		bk_document_item(&w->d, "No backup in this period: %s; its "
		    "last one is of %s.", known(d->name), last);
	}
}

static void
find_others(struct writing *w, size_t *n)
{
	const struct bk_month *m = w->m;
	uint64_t restores = 0, copies = 0, deletions = 0;
	size_t i;

	for (i = 0; i < m->nrestores; i++)
		restores += (uint64_t)m->restores[i].run->failed;
	for (i = 0; i < m->nfailures; i++) {
		copies += strcmp(m->failures[i].what, "copy") == 0;
		deletions += strcmp(m->failures[i].what, "deletion") == 0;
	}
	if (restores > 0 && ++*n)
		bk_document_item(&w->d, "Restores failed: %" PRIu64 ".",
		    restores);
	if (copies > 0 && ++*n)
		bk_document_item(&w->d, "Copies not stored: %" PRIu64 ".",
		    copies);
	if (deletions > 0 && ++*n)
		bk_document_item(&w->d, "Deletions failed: %" PRIu64 ".",
		    deletions);
	if (m->jobs_failed > 0 && ++*n)
		bk_document_item(&w->d, "Jobs of bk-run failed: %" PRIu64
		    " of %" PRIu64 ".", m->jobs_failed, m->jobs);
	if (m->wal_failed > 0 && ++*n)
		bk_document_item(&w->d, "Runs of bk-walput and bk-walrecv "
		    "failed: %" PRIu64 " of %" PRIu64 ".", m->wal_failed,
		    m->wal);
}

static void
write_findings(struct writing *w)
{
	size_t n = 0;

	bk_document_heading(&w->d, "Findings");
	bk_document_list(&w->d);
	find_in_logs(w, &n);
	find_in_databases(w, &n);
	find_others(w, &n);
	if (n == 0)
		bk_document_item(&w->d, "None: no backup, copy, proof, "
		    "restore, deletion, job or run for WAL failed.");
	bk_document_list_end(&w->d);
}

/* --- backups */

static void
write_backups(struct writing *w)
{
	static const char *const heads[] = { "Database or cluster", "Made",
	    "Failed", "Encrypted", "Bytes before compression", "Last one" };
	const struct bk_month_database *d = w->m->databases, *end;
	char made[CELL], failed[CELL], encrypted[CELL], bytes[CELL];
	char last[CELL];

	bk_document_heading(&w->d, "Backups");
	if (d == NULL) {
		bk_document_text(&w->d, "None.");
		return;
	}
	bk_document_table(&w->d, heads, 6);
	for (end = d + w->m->ndatabases; d < end; d++) {
		if (d->made + d->failed == 0 && d->last == NULL)
			continue;
		number(d->made, made);
		number(d->failed, failed);
		number(d->encrypted, encrypted);
		bk_size_format(d->bytes, bytes);
		when(w->m, d->last == NULL ? 0 : d->last->ended, last);
		bk_document_row(&w->d, (const char *[]){ known(d->name), made,
		    failed, encrypted, bytes, last }, 6);
	}
	bk_document_table_end(&w->d);
	bk_document_text(&w->d, "Made: the dump or base backup succeeded, and "
	    "at least one copy was stored, if a tool of bk was to store it. "
	    "Encrypted: bk-crypt was in its pipeline.");
}

static void
write_places(struct writing *w)
{
	static const char *const heads[] = { "Database or cluster",
	    "Destination", "Copies", "Failed", "Bytes", "Last one" };
	const struct bk_month_place *p = w->m->places, *end;
	char stored[CELL], failed[CELL], bytes[CELL], last[CELL];

	bk_document_heading(&w->d, "Where they were stored");
	if (p == NULL)
		bk_document_text(&w->d, "No copy is known.");
	else
		bk_document_table(&w->d, heads, 6);
	for (end = p + w->m->nplaces; p < end; p++) {
		number(p->stored, stored);
		number(p->failed, failed);
		bk_size_format(p->bytes, bytes);
		when(w->m, p->last, last);
		bk_document_row(&w->d, (const char *[]){ known(p->name),
		    known(p->series), stored, failed, bytes, last }, 6);
	}
	if (w->m->nplaces > 0)
		bk_document_table_end(&w->d);
	if (w->m->unowned + w->m->unowned_failed > 0)
		bk_document_text(&w->d, "Stored in addition, of no backup in "
		    "these logs (WAL, files): %" PRIu64 "; failed: %" PRIu64
		    ".", w->m->unowned, w->m->unowned_failed);
	if (w->m->wal > 0)
		bk_document_text(&w->d, "WAL: %" PRIu64 " runs of bk-walput "
		    "and bk-walrecv; failed: %" PRIu64 ".", w->m->wal,
		    w->m->wal_failed);
}

/* --- proofs */

static void
write_proofs(struct writing *w)
{
	static const char *const heads[] = { "Database or cluster", "Proven",
	    "Not proven", "Last proof", "Kind", "Took", "Last restore test",
	    "Took" };
	const struct bk_month_database *d = w->m->databases, *end;
	char proven[CELL], not_proven[CELL], last[CELL], time[CELL];
	char test[CELL], test_time[CELL];

	bk_document_heading(&w->d, "Proofs");
	if (d == NULL) {
		bk_document_text(&w->d, "None.");
		return;
	}
	bk_document_table(&w->d, heads, 8);
	for (end = d + w->m->ndatabases; d < end; d++) {
		number(d->proven, proven);
		number(d->not_proven, not_proven);
		when(w->m, d->proof == NULL ? 0 : d->proof->ended, last);
		took(d->proof == NULL ? 0 : d->proof->took, time);
		when(w->m, d->test == NULL ? 0 : d->test->ended, test);
		took(d->test == NULL ? 0 : d->test->took, test_time);
		bk_document_row(&w->d, (const char *[]){ known(d->name), proven,
		    not_proven, last, d->proof == NULL ? "-" :
		    kind_of_proof(d->proof), time, test, test_time }, 8);
	}
	bk_document_table_end(&w->d);
	bk_document_text(&w->d, "Runs of bk-verify. The last ones may be of "
	    "before the period.");
}

static void
write_drills(struct writing *w)
{
	const struct bk_month_database *d = w->m->databases, *end;
	char every[BK_NUM_TEXT];
	size_t n = 0;

	if (w->m->drill == 0)
		return;
	bk_duration_format(w->m->drill, every);
	bk_document_heading(&w->d, "Drills");
	bk_document_text(&w->d, "Due: a restore test of each database with "
	    "backups every %s. A restore test is a bk-verify that has restored "
	    "or recovered the backup and compared it.", every);
	bk_document_list(&w->d);
	for (end = d + w->m->ndatabases; d < end; d++)
		if (bk_month_is_due(w->m, d) && ++n)
			find_due(w, d);
	if (n == 0)
		bk_document_item(&w->d, "None is due and not done.");
	bk_document_list_end(&w->d);
}

/* --- restores */

static const char *
kind_of_restore(const struct bk_fact *f)
{
	return strcmp(f->type, "rollback") == 0 ? "swap undone" :
	    strcmp(f->type, "drop") == 0 ? "old database dropped" :
	    strcmp(f->type, "recover") == 0 ? "recovery" : "restore";
}

/* "shop of 2026-10-03T02:00:12Z, s3://b/shop-20261003T020012Z.bk" */
static void
source_of(const struct writing *w, const struct bk_month_restore *r,
    struct bk_buf *out)
{
	const struct bk_month_backup *b = r->from;
	char made[CELL];

	out->len = 0;
	if (b == NULL) {
		(void)bk_buf_printf(out, w->d.e, "%s%s", *r->run->backup == '\0'
		    ? "not known" : "run ", r->run->backup);
		return;
	}
	when(w->m, b->made->ended, made);
	(void)bk_buf_printf(out, w->d.e, "%s of %s%s%s", known(b->name), made,
	    b->stored == NULL ? "" : ", ", b->stored == NULL ? "" :
	    b->stored->destination);
}

static void
write_restores(struct writing *w)
{
	static const char *const heads[] = { "When", "Who", "What", "Into",
	    "From the backup", "Took", "Result" };
	struct bk_buf by = {0}, from = {0};
	const struct bk_month_restore *r = w->m->restores, *end;
	char at[CELL], time[CELL];

	bk_document_heading(&w->d, "Restores");
	if (w->m->nrestores == 0) {
		bk_document_text(&w->d, "None.");
		return;
	}
	bk_document_table(&w->d, heads, 7);
	for (end = r + w->m->nrestores; r < end; r++) {
		when(w->m, r->run->ended, at);
		took(r->run->took, time);
		who(r->run, &by, w->d.e);
		source_of(w, r, &from);
		if (w->d.e->code != BK_OK)
			break;
		bk_document_row(&w->d, (const char *[]){ at, by.data,
		    kind_of_restore(r->run), known(r->run->destination),
		    from.data, time, r->run->failed ? r->run->error : "done" },
		    7);
	}
	bk_document_table_end(&w->d);
	bk_buf_free(&by);
	bk_buf_free(&from);
}

/* --- deletions */

static void
write_deletions(struct writing *w)
{
	static const char *const heads[] = { "Series", "Runs", "Failed",
	    "Deleted", "Oldest", "Newest", "Youngest when deleted" };
	const struct bk_month_pruned *p = w->m->pruned, *end;
	char runs[CELL], failed[CELL], deleted[CELL], oldest[CELL];
	char newest[CELL], age[BK_NUM_TEXT];

	bk_document_heading(&w->d, "Deletions");
	if (w->m->npruned == 0) {
		bk_document_text(&w->d, "None.");
		return;
	}
	bk_document_table(&w->d, heads, 7);
	for (end = p + w->m->npruned; p < end; p++) {
		number(p->runs, runs);
		number(p->failed, failed);
		number(p->deleted, deleted);
		when(w->m, p->oldest, oldest);
		when(w->m, p->newest, newest);
		(void)snprintf(age, sizeof(age), "-");
		if (p->aged)
			bk_duration_format(p->youngest, age);
		bk_document_row(&w->d, (const char *[]){ known(p->series), runs,
		    failed, deleted, oldest, newest, age }, 7);
	}
	bk_document_table_end(&w->d);
	bk_document_text(&w->d, "Runs of bk-rm and bk-s3rm, each under the "
	    "series of the first name that it deleted. The times are those in "
	    "the names. What a failed run deleted is not known. A bucket's own "
	    "lifecycle rules leave no line.");
}

/* --- keys */

static int
is_key(const struct bk_month *m, const struct bk_fact *f)
{
	return f->kind == BK_FACT_KEY && f->ended >= m->from && !f->failed &&
	    *f->destination != '\0';
}

static void
write_keys(struct writing *w)
{
	const struct bk_fact *f = w->m->facts, *end;
	struct bk_buf by = {0};
	char at[CELL];

	bk_document_heading(&w->d, "Keys");
	bk_document_text(&w->d, "The audit log does not have the recipients or "
	    "signers of a backup: which keys are in use is not known from it. "
	    "Key files and approvals that bk-keygen has written:");
	bk_document_list(&w->d);
	for (end = f + w->m->nfacts; f < end; f++) {
		if (!is_key(w->m, f))
			continue;
		when(w->m, f->ended, at);
		who(f, &by, w->d.e);
		if (w->d.e->code == BK_OK)
			bk_document_item(&w->d, "At %s by %s: %s%s%s", at,
			    by.data, f->destination, *f->source == '\0' ? "" :
			    ", with ", f->source);
	}
	if (by.len == 0)
		bk_document_item(&w->d, "None.");
	bk_document_list_end(&w->d);
	bk_buf_free(&by);
}

/* --- failures */

static void
write_failures(struct writing *w)
{
	static const char *const heads[] = { "When", "Who", "What",
	    "Database or cluster", "Tool", "Cause" };
	struct bk_buf by = {0};
	const struct bk_month_failure *f;
	size_t i;
	char at[CELL];

	bk_document_heading(&w->d, "Failures");
	if (w->m->nfailures > 0)
		bk_document_table(&w->d, heads, 6);
	for (i = 0; i < w->m->nfailures && i < FAILURES_MAX; i++) {
		f = &w->m->failures[i];
		when(w->m, f->run->ended, at);
		who(f->run, &by, w->d.e);
		if (w->d.e->code != BK_OK)
			break;
		bk_document_row(&w->d, (const char *[]){ at, by.data, f->what,
		    known(f->name), f->run->operation, f->run->error }, 6);
	}
	if (w->m->nfailures > 0)
		bk_document_table_end(&w->d);
	if (w->m->nfailures > FAILURES_MAX)
		bk_document_text(&w->d, "And %zu more.", w->m->nfailures -
		    FAILURES_MAX);
	bk_document_text(&w->d, "Failed runs of other tools, such as bk-age "
	    "and bk-prune: %" PRIu64 ".", w->m->others_failed);
	bk_buf_free(&by);
}

/* --- what all this is made of */

static void
write_logs(struct writing *w)
{
	static const char *const heads[] = { "File", "Lines", "First", "Last",
	    "Chain", "SHA-256 of the last line" };
	const struct bk_month_log *l = w->m->logs, *end;
	char lines[CELL], first[CELL], last[CELL];

	bk_document_table(&w->d, heads, 6);
	for (end = l + w->m->nlogs; l < end; l++) {
		number(l->lines, lines);
		when(w->m, l->first, first);
		when(w->m, l->last, last);
		bk_document_row(&w->d, (const char *[]){ l->name, lines, first,
		    last, l->broken > 0 ? "BROKEN" : l->lines == 0 ? "-" :
		    "whole", *l->hash == '\0' ? "-" : l->hash }, 6);
	}
	bk_document_table_end(&w->d);
}

static time_t
begin_of_logs(const struct bk_month *m)
{
	time_t first = 0;
	size_t i;

	for (i = 0; i < m->nlogs; i++)
		if (m->logs[i].first != 0 && (first == 0 ||
		    m->logs[i].first < first))
			first = m->logs[i].first;
	return first;
}

static void
write_coverage(struct writing *w)
{
	const struct bk_month *m = w->m;
	struct bk_buf hosts = {0};
	char first[CELL];
	size_t i;

	for (i = 0; i < m->nhosts; i++)
		(void)bk_buf_printf(&hosts, w->d.e, "%s%s", i == 0 ? "" : ", ",
		    m->hosts[i]);
	bk_document_heading(&w->d, "What this report covers");
	bk_document_text(&w->d, "The %" PRIu64 " lines of the period in the "
	    "logs below; their hosts: %s. What has no line there, other hosts "
	    "and runs without BK_AUDIT_LOG, is not in this report. Backups of "
	    "databases of one name count as those of one database.", m->lines,
	    hosts.len == 0 ? "not known" : hosts.data);
	write_logs(w);
	when(m, begin_of_logs(m), first);
	if (begin_of_logs(m) > m->from)
		bk_document_text(&w->d, "The logs begin at %s, after the "
		    "beginning of the period: what was before is not known.",
		    first);
	bk_document_text(&w->d, "Whole: no line was edited, removed, inserted "
	    "or moved. Lines missing at the end, and a log that was written "
	    "again by somebody with the right to write it, show only in "
	    "another hash of the last line than one kept elsewhere: bk-audit "
	    "--verify --expect.");
	bk_buf_free(&hosts);
}

int
bk_month_document(const struct bk_month *m, int html, struct bk_buf *out,
    struct bk_err *e)
{
	struct writing w = { .m = m, .d = { .out = out, .html = html,
	    .e = e } };
	char title[CELL], from[CELL], to[CELL];

	when(m, m->from, from);
	when(m, m->to, to);
	(void)snprintf(title, sizeof(title), "Backups: %s", m->title);
	bk_document_begin(&w.d, title);
	bk_document_text(&w.d, "Period: from %s until %s.", from, to);
	write_findings(&w);
	write_backups(&w);
	write_places(&w);
	write_proofs(&w);
	write_drills(&w);
	write_restores(&w);
	write_deletions(&w);
	write_keys(&w);
	write_failures(&w);
	write_coverage(&w);
	return bk_document_end(&w.d);
}
