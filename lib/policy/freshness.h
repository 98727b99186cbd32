#ifndef BK_POLICY_FRESHNESS_H
#define BK_POLICY_FRESHNESS_H
/*
 * What a monitor wants to know: whether backups are as they should be.
 *
 * A subject (a series of backups, an archive of WAL, a job in the audit log, a
 * disk) has findings, a number for each check that could be made; a limit
 * makes a state of each, and the worst of them is the subject's.  Nothing here
 * asks the time or the system.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

enum bk_state {		/* the exit statuses of monitoring plugins */
	BK_STATE_OK = 0,
	BK_STATE_WARNING = 1,
	BK_STATE_CRITICAL = 2,
	BK_STATE_UNKNOWN = 3,
};

enum bk_metric {
	BK_METRIC_AGE,		/* seconds since the newest */
	BK_METRIC_PROOF,		/* seconds since one was proven */
	BK_METRIC_SIZE,		/* bytes of the newest */
	BK_METRIC_SHRINK,	/* how much it is below the usual size ... */
	BK_METRIC_GROWTH,	/* ... above it: 1/100 percent */
	BK_METRIC_GAP,		/* seconds: the longest between two */
	BK_METRIC_COUNT,		/* how many there are */
	BK_METRIC_MISSING,	/* segments of WAL */
	BK_METRIC_FAILURES,	/* in a row, until now */
	BK_METRIC_FREE,		/* of a disk: 1/100 percent */
	BK_METRICS
};

/* For times: never.  For limits: none, where a small number is bad, 0. */
#define BK_FRESH_NEVER UINT64_MAX

/* A second that another clock is ahead of ours is none in the future. */
#define BK_FRESH_AHEAD 300

/* What is worse than warning is a WARNING, than critical a CRITICAL. */
struct bk_limit {
	uint64_t warning, critical;
};

struct bk_finding {
	int known;		/* 0: this check was not made */
	uint64_t value;
	enum bk_state state;
};

enum bk_subject_kind { BK_SUBJECT_BACKUP, BK_SUBJECT_WAL, BK_SUBJECT_JOB,
	BK_SUBJECT_DISK, BK_SUBJECT_SOURCE /* of findings, which failed */ };

struct bk_subject {
	enum bk_subject_kind kind;
	char *name;		/* for people */
	char *series;		/* the whole name; for machines */
	time_t newest;
	time_t proven;		/* 0: never */
	time_t refuted;		/* the newest receipt says "not proven"; or 0 */
	uint64_t usual;		/* bytes: the median of those before */
	char *note;		/* a word more on what is wrong; or NULL */
	struct bk_finding found[BK_METRICS];
	enum bk_state state;
};

struct bk_subjects {		/* start with = {0} */
	struct bk_subject *v;
	size_t n;
	size_t cap;
};

/* What to judge by. */
struct bk_fresh {
	time_t now;
	size_t last;		/* how many of a series count as recent */
	int receipts;		/* there are receipts: proofs are expected */
	uint64_t segment;	/* bytes of a WAL segment: a power of 2 */
	struct bk_limit limit[BK_METRICS];
};

/* Limits that are never reached. */
void bk_fresh_init(struct bk_fresh *f, time_t now);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *bk_state_name(enum bk_state state);

/* The worse: OK, then WARNING, UNKNOWN (it may be CRITICAL), CRITICAL. */
enum bk_state bk_state_worse(enum bk_state a, enum bk_state b);

/* "age": a check's name. */
const char *bk_metric_name(enum bk_metric check);

/* 1 if it is small numbers of check that are bad. */
int bk_metric_is_floor(enum bk_metric check);

/* Seconds from then to f->now, 0 if then is slightly ahead; -1: it is far. */
int bk_fresh_age(const struct bk_fresh *f, time_t then, uint64_t *seconds);

/* The median of v[0] to v[n - 1], n > 0, rounded down; sorts v. */
uint64_t bk_fresh_median(uint64_t v[], size_t n);

/* part of whole in 1/100 percent, rounded down; of nothing: 0 or never. */
uint64_t bk_fresh_share(uint64_t part, uint64_t whole);

/* The longest time between two neighbours; t[0] >= ... >= t[n - 1]. */
uint64_t bk_fresh_gap(const time_t t[], size_t n);

/* A new subject, NULL with *e set: memory.  name and series are copied. */
struct bk_subject *bk_subjects_add(struct bk_subjects *s,
    enum bk_subject_kind kind, const char *name, const char *series,
    struct bk_err *e);

/* The finding of one check; its state by the limit, and the subject's. */
void bk_subject_find(struct bk_subject *s, enum bk_metric check,
    uint64_t value, const struct bk_fresh *f);

/*
 * The age of the newest.  A time in the future makes the subject UNKNOWN: no
 * age can be told by clocks that differ so much.
 */
int bk_subject_date(struct bk_subject *s, time_t newest,
    const struct bk_fresh *f, struct bk_err *e);

/* Replace the note; 0, or -1 with *e set: memory. */
int bk_subject_note(struct bk_subject *s, struct bk_err *e, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The worst state of all; UNKNOWN if there is no subject. */
enum bk_state bk_subjects_state(const struct bk_subjects *s);

/* The worst first, else by name. */
void bk_subjects_sort(struct bk_subjects *s);

void bk_subjects_free(struct bk_subjects *s);

#endif
