#ifndef BK_REPORT_MONTH_H
#define BK_REPORT_MONTH_H
/*
 * What audit logs know of a month, or another period: backups, proofs,
 * restores, deletions; for bk-audit --report.  Pure functions.
 *
 * A line counts by its own operation: a bk-verify is a proof, a bk-restore a
 * restore, no matter what ran at the same time.  What belongs to one backup is
 * found by the ID of its run: where it was stored, whether it was encrypted,
 * which database a restore was of.  A job's line (bk-run) is no backup.  Lines
 * before the period tell what was restored in it, and when the last proof was.
 *
 * Memory: 400 bytes for each line about a backup, plus its names.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "audit/runs.h"
#include "base/buf.h"
#include "base/err.h"
#include "policy/calendar.h"

enum bk_fact_kind { BK_FACT_MADE, BK_FACT_STORED, BK_FACT_STAGE, BK_FACT_PROOF,
    BK_FACT_RESTORE, BK_FACT_DELETED, BK_FACT_KEY };

struct bk_fact {		/* a run; strings are "" if unknown */
	enum bk_fact_kind kind;
	time_t ended;
	size_t nth;		/* line, of all that were added */
	double took;		/* seconds; 0: unknown */
	uint64_t bytes;
	int failed;
	const char *operation, *type, *source, *destination, *error, *user,
	    *host, *run, *backup, *proof;	/* in one piece of memory */
	uint64_t deleted;
	time_t oldest, newest;
};

/* A backup: a dump, a base backup, or what bk-seal has sealed. */
struct bk_month_backup {
	const struct bk_fact *made;
	const char *name;	/* its database or cluster */
	const struct bk_fact *stored;	/* its first copy; NULL: none known */
	const struct bk_fact *cause;	/* why a stage of its run failed */
	uint64_t copies;
	int encrypted;
	char *owner;		/* private */
};

struct bk_month_database {	/* or a cluster */
	char *name;		/* "": not known */
	uint64_t made, failed;	/* backups of the period */
	uint64_t encrypted;	/* of those made */
	uint64_t bytes;		/* of those made, before compression */
	const struct bk_fact *last;	/* the last one made, of all lines */
	time_t begun;		/* when its first backup was made or tried */
	uint64_t proven, not_proven;	/* runs of bk-verify */
	const struct bk_fact *proof;	/* the last one that succeeded, also
				 * before the period; NULL: none */
	const struct bk_fact *test;	/* that restored, as "drill" */
	time_t gap_from, gap_to;	/* the longest time in the period that
				 * had no drill; 0: none */
};

struct bk_month_place {		/* the copies of one database in one series */
	const char *name;	/* of the database */
	char *series;
	uint64_t stored, failed, bytes;
	time_t last;		/* stored; 0: none */
};

struct bk_month_restore {
	const struct bk_fact *run;
	const struct bk_month_backup *from;	/* NULL: not known */
};

struct bk_month_pruned {	/* deletions, by the series of the first name */
	char *series;
	uint64_t runs, failed;
	uint64_t deleted;	/* by the runs that succeeded */
	time_t oldest, newest;	/* of these; 0: not known */
	uint64_t youngest;	/* the least age that one had, seconds */
	int aged;		/* youngest is known */
};

struct bk_month_failure {
	const struct bk_fact *run;	/* the cause */
	const char *what;	/* "backup", "copy", "proof", "deletion" */
	const char *name;	/* of the database */
};

struct bk_month_log {
	char *name;
	size_t lines, broken;	/* broken: lines that break the chain */
	char *reason;		/* of the first of them */
	char hash[65];		/* of the last line; "": unknown */
	time_t first, last;	/* of the lines; 0: none */
	size_t refused;		/* lines that are not audit lines */
};

struct bk_month {
	const char *title;	/* "2026-10", borrowed; the caller sets these */
	time_t from, to;	/* to: the first instant after it */
	uint64_t drill;		/* seconds in which one is due; 0: not asked */
	bk_calendar_fn *wall;	/* times are written as it has them */

	uint64_t lines;		/* of the period */
	uint64_t jobs, jobs_failed, wal, wal_failed, others_failed;
	uint64_t unowned, unowned_failed;	/* stored, of no known backup */
	struct bk_month_log *logs;
	size_t nlogs;
	char **hosts;		/* of the period, sorted */
	size_t nhosts;
	struct bk_fact *facts;	/* in order of time */
	size_t nfacts, facts_cap;
	/* what bk_month_end() makes of it */
	struct bk_month_backup *backups;	/* by the ID of the run */
	size_t nbackups, backups_cap;
	struct bk_month_database *databases;	/* by name */
	size_t ndatabases;
	struct bk_month_place *places;		/* by database and series */
	size_t nplaces;
	struct bk_month_restore *restores;	/* by time, as what follows */
	size_t nrestores;
	struct bk_month_pruned *pruned;		/* by series */
	size_t npruned;
	struct bk_month_failure *failures;
	size_t nfailures;
};

/* The lines that follow are of this log.  0, or -1 with *e set: memory. */
int bk_month_log(struct bk_month *m, const char *name, struct bk_err *e);

/* Add a line; *r is not needed any longer.  0, or -1 with *e set: memory. */
int bk_month_add(struct bk_month *m, const struct bk_run *r, struct bk_err *e);

/* A line of the log is none of an audit log. */
void bk_month_refuse(struct bk_month *m);

/*
 * The chain of the last log, once all its lines were added: their number, the
 * hash of the last; how many break the chain, and why the first does.  0, or
 * -1 with *e set: memory.
 */
int bk_month_chain(struct bk_month *m, size_t lines, const char *hash,
    size_t broken, const char *reason, struct bk_err *e);

/* All lines were added: fill in the rest.  Call it once.  0, or -1: memory. */
int bk_month_end(struct bk_month *m, struct bk_err *e);

/*
 * 1 if a drill of d was due in the period and not done: it has a backup, and no
 * restore test succeeded for longer than m->drill, or none is known.
 */
int bk_month_is_due(const struct bk_month *m,
    const struct bk_month_database *d);

/* Append the report, Markdown or HTML.  0, or -1 with *e set: memory. */
int bk_month_document(const struct bk_month *m, int html, struct bk_buf *out,
    struct bk_err *e);

void bk_month_free(struct bk_month *m);

#endif
