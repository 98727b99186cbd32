#ifndef BK_POLICY_FRESHNESS_H
#define BK_POLICY_FRESHNESS_H
/*
 * Monitoring: are backups recent, complete and proven?
 *
 * A subject (a series of backups, a WAL archive, a job in the audit log, a
 * file system) has findings, the value of each metric that could be measured.
 * A limit turns each into a state; the worst is the subject's.  Pure
 * functions: no clock, no system calls.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "policy/metric.h"

enum bk_state {		/* the exit statuses of monitoring plugins */
	BK_STATE_OK = 0,
	BK_STATE_WARNING = 1,
	BK_STATE_CRITICAL = 2,
	BK_STATE_UNKNOWN = 3,
};

/* As a time: never.  As an upper limit: none (a lower one: 0). */
#define BK_FRESH_NEVER UINT64_MAX

/* Seconds of clock skew that are not taken for the future. */
#define BK_FRESH_AHEAD 300

/* Worse than warning is WARNING, worse than critical CRITICAL. */
struct bk_limit {
	uint64_t warning, critical;
};

struct bk_finding {
	int known;		/* 0: not measured */
	uint64_t value;
	enum bk_state state;
};

/* What a subject has in one tier. */
struct bk_tier {
	char *name;		/* "daily"; NULL: in none */
	size_t count;
	uint64_t bytes;
	time_t newest, oldest;
	time_t proven, refuted;	/* as a subject's */
};

struct bk_subject {
	enum bk_subject_kind kind;
	char *name;		/* for display */
	char *series;		/* the full key */
	time_t newest;
	time_t proven;		/* 0: never */
	time_t refuted;		/* if the newest receipt is "not proven", its
				 * time; else 0 */
	uint64_t usual;		/* bytes: median of the backups before */
	uint64_t stored;	/* bytes of all */
	double restored;	/* seconds that the newest restore test took;
				 * 0: there was none */
	struct bk_tier *tier;	/* of backups or WAL, in order (tiers.h) */
	size_t ntiers;
	/* to which instants it can be recovered (recoverable.h); 0, 0: not
	 * known */
	time_t recoverable_from, recoverable_to;
	char *note;		/* more about the problem, or NULL */
	struct bk_finding found[BK_METRICS];
	enum bk_state state;
};

struct bk_subjects {		/* start with = {0} */
	struct bk_subject *v;
	size_t n;
	size_t cap;
};

/* Parameters and limits. */
struct bk_fresh {
	time_t now;
	size_t last;		/* number of backups that count as recent */
	int receipts;		/* receipts were read: expect proofs */
	uint64_t segment;	/* bytes of a WAL segment, a power of 2 */
	time_t stored;		/* WAL is, all of it, up to then; 0: unknown */
	struct bk_limit limit[BK_METRICS];
};

/* Set now, and limits that are never exceeded. */
void bk_fresh_init(struct bk_fresh *f, time_t now);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *bk_state_name(enum bk_state state);

/* The worse of two, in the order OK, WARNING, UNKNOWN, CRITICAL. */
enum bk_state bk_state_worse(enum bk_state a, enum bk_state b);

/*
 * Set *seconds to the time from then to f->now: 0 if then is at most
 * BK_FRESH_AHEAD in the future, -1 if further.
 */
int bk_fresh_age(const struct bk_fresh *f, time_t then, uint64_t *seconds);

/* The median of v[0] to v[n - 1], n > 0, rounded down; sorts v. */
uint64_t bk_fresh_median(uint64_t v[], size_t n);

/*
 * part of whole in 1/100 percent, rounded down; BK_FRESH_NEVER on overflow.
 * If whole is 0: 0 if part is 0, else BK_FRESH_NEVER.
 */
uint64_t bk_fresh_share(uint64_t part, uint64_t whole);

/* The longest time between neighbours; t[0] >= ... >= t[n - 1]. */
uint64_t bk_fresh_gap(const time_t t[], size_t n);

/*
 * Append a subject, copying name and series.  Valid until the next call; NULL
 * with *e set: memory.
 */
struct bk_subject *bk_subjects_add(struct bk_subjects *s,
    enum bk_subject_kind kind, const char *name, const char *series,
    struct bk_err *e);

/* Record a metric's value; updates its state and the subject's. */
void bk_subject_set(struct bk_subject *s, enum bk_metric metric,
    uint64_t value, const struct bk_fresh *f);

/*
 * Record the age of the newest.  A time in the future makes the subject
 * UNKNOWN: with clocks that far apart, ages mean nothing.  0, or -1 with *e
 * set: memory.
 */
int bk_subject_date(struct bk_subject *s, time_t newest,
    const struct bk_fresh *f, struct bk_err *e);

/* Replace the note; 0, or -1 with *e set: memory. */
int bk_subject_note(struct bk_subject *s, struct bk_err *e, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* The worst state; UNKNOWN if there are no subjects. */
enum bk_state bk_subjects_state(const struct bk_subjects *s);

/* Sort by state (worst first), kind, series. */
void bk_subjects_sort(struct bk_subjects *s);

void bk_subjects_free(struct bk_subjects *s);

#endif
