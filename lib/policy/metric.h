#ifndef BK_POLICY_METRIC_H
#define BK_POLICY_METRIC_H
/*
 * What bk-age measures: a row for each metric has all that is known of it.
 * The enum is made of the rows, so a metric without one, or one that lacks a
 * column, does not compile.
 */
#include <stdint.h>

#include "base/err.h"

enum bk_subject_kind { BK_SUBJECT_BACKUP, BK_SUBJECT_WAL, BK_SUBJECT_JOB,
	BK_SUBJECT_DISK, BK_SUBJECT_SOURCE /* could not be read */,
	BK_SUBJECT_KINDS };

/* Percent are counted in hundredths. */
enum bk_unit { BK_UNIT_SECONDS, BK_UNIT_BYTES, BK_UNIT_PERCENT,
	BK_UNIT_NUMBER };

/* Below a floor is bad, above a ceiling. */
enum bk_bound { BK_BOUND_FLOOR, BK_BOUND_CEILING };

/* What of a subject a sample shows; all but the first are its fields. */
enum bk_sample_of { BK_SAMPLE_VALUE /* the metric's */, BK_SAMPLE_NEWEST,
	BK_SAMPLE_USUAL, BK_SAMPLE_STORED, BK_SAMPLE_PROVEN,
	BK_SAMPLE_REFUTED, BK_SAMPLE_RESTORED };

/* For Prometheus, a gauge of each subject of this kind. */
struct bk_sample {
	enum bk_subject_kind kind;
	enum bk_sample_of of;
	const char *name;	/* NULL: not exported */
	const char *help;
};

#define BK_SAMPLES 3		/* of a metric, at most */

struct bk_metric_row {
	const char *name;	/* "age" */
	enum bk_unit unit;	/* so its values and limits are written */
	enum bk_bound bound;
	uint64_t most;		/* percent or number: no greater limit */
	struct bk_sample sample[BK_SAMPLES];
};

/*
 * X(constant, name, unit, bound, most, samples): the order is that in which
 * findings are shown.
 */
#define BK_METRIC_ROWS(X, S) \
	/* since the newest */ \
	X(AGE, "age", SECONDS, CEILING, UINT64_MAX, \
	    S(BACKUP, NEWEST, "bk_backup_last_timestamp_seconds", \
		"When the newest backup was stored."), \
	    S(WAL, NEWEST, "bk_wal_last_archived_timestamp_seconds", \
		"When the newest WAL segment was archived.")) \
	/* since one was proven */ \
	X(PROOF, "proven", SECONDS, CEILING, UINT64_MAX, \
	    S(BACKUP, PROVEN, "bk_backup_last_proven_timestamp_seconds", \
		"When a backup was last proven; 0: never."), \
	    S(BACKUP, REFUTED, "bk_backup_refuted_timestamp_seconds", \
		"When a backup was last found not restorable, unless proven " \
		"since; 0: none."), \
	    S(BACKUP, RESTORED, "bk_backup_restore_test_seconds", \
		"How long the last proven restore test took.")) \
	/* of the newest */ \
	X(SIZE, "size", BYTES, FLOOR, UINT64_MAX, \
	    S(BACKUP, VALUE, "bk_backup_last_size_bytes", \
		"Size of the newest backup.")) \
	/* below the usual size, and above it */ \
	X(SHRINK, "shrink", PERCENT, CEILING, 100, \
	    S(BACKUP, USUAL, "bk_backup_usual_size_bytes", \
		"Median size of the backups before it.")) \
	X(GROWTH, "growth", PERCENT, CEILING, 1000000, \
	    BK_METRIC_NO_SAMPLE /* that of SHRINK says it */) \
	/* the longest */ \
	X(GAP, "gap", SECONDS, CEILING, UINT64_MAX, \
	    S(BACKUP, VALUE, "bk_backup_longest_gap_seconds", \
		"Longest time between two recent backups.")) \
	/* of backups or segments */ \
	X(COUNT, "count", NUMBER, FLOOR, INT64_MAX, \
	    S(BACKUP, VALUE, "bk_backup_stored", \
		"Number of backups stored."), \
	    S(BACKUP, STORED, "bk_backup_stored_bytes", \
		"Bytes of all backups stored."), \
	    S(WAL, VALUE, "bk_wal_segments", \
		"Number of WAL segments archived.")) \
	/* segments of WAL */ \
	X(MISSING, "missing", NUMBER, CEILING, INT64_MAX, \
	    S(WAL, VALUE, "bk_wal_missing_segments", \
		"WAL segments missing between the first and the last.")) \
	/* consecutive, up to now */ \
	X(FAILURES, "failures", NUMBER, CEILING, INT64_MAX, \
	    S(JOB, VALUE, "bk_backup_consecutive_failures", \
		"Consecutive failures of a job.")) \
	/* of a file system */ \
	X(FREE, "free", PERCENT, FLOOR, 100, \
	    S(DISK, VALUE, "bk_disk_free_ratio", \
		"Share of the file system that is free.")) \
	X(FREE_BYTES, "free_bytes", BYTES, FLOOR, UINT64_MAX, \
	    S(DISK, VALUE, "bk_disk_free_bytes", \
		"Bytes of the file system that are free."))

#define BK_METRIC_NO_SAMPLE { BK_SUBJECT_SOURCE, BK_SAMPLE_VALUE, NULL, NULL }
#define BK_METRIC_CONSTANT(id, ...) BK_METRIC_##id,
#define BK_METRIC_NOTHING(...)

enum bk_metric {
	BK_METRIC_ROWS(BK_METRIC_CONSTANT, BK_METRIC_NOTHING)
	BK_METRICS
};

/* The metric's row; never NULL. */
const struct bk_metric_row *bk_metric_row(enum bk_metric metric);

/* 1 if the metric's limits are lower limits: small values are bad. */
int bk_metric_is_floor(enum bk_metric metric);

/* 1 and *metric if it has this name, else 0. */
int bk_metric_named(const char *name, enum bk_metric *metric);

/*
 * Read a limit as the metric's unit has it: "25h", "10G", "20%", "3".  0, or -1
 * with *e set, label saying where it stands: BK_USAGE.
 */
int bk_metric_parse(enum bk_metric metric, const char *s, const char *label,
    uint64_t *limit, struct bk_err *e);

/* Of a kind: "backup", "wal", "job", "disk", "source". */
const char *bk_subject_kind_name(enum bk_subject_kind kind);

#endif
