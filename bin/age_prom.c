/* bk-age: metrics for Prometheus' textfile collector; see age_report.h */
#include <inttypes.h>

#include "age_report.h"
#include "base/textfile.h"

enum metric { BACKUP_TIME, BACKUP_SIZE, BACKUP_USUAL, BACKUPS, BACKUP_BYTES,
	BACKUP_GAP, BACKUP_PROVEN, BACKUP_REFUTED, BACKUP_RESTORED,
	BACKUP_STATUS, WAL_TIME, WAL_SEGMENTS, WAL_MISSING, WAL_STATUS,
	FAILURES, FREE, FREE_BYTES, METRICS };

static const struct {
	const char *name, *help;
	enum bk_subject_kind kind;
} metrics[METRICS] = {
	[BACKUP_TIME] = { "bk_backup_last_timestamp_seconds",
	    "When the newest backup was stored.", BK_SUBJECT_BACKUP },
	[BACKUP_SIZE] = { "bk_backup_last_size_bytes",
	    "Size of the newest backup.", BK_SUBJECT_BACKUP },
	[BACKUP_USUAL] = { "bk_backup_usual_size_bytes",
	    "Median size of the backups before it.", BK_SUBJECT_BACKUP },
	[BACKUPS] = { "bk_backup_stored",
	    "Number of backups stored.", BK_SUBJECT_BACKUP },
	[BACKUP_BYTES] = { "bk_backup_stored_bytes",
	    "Bytes of all backups stored.", BK_SUBJECT_BACKUP },
	[BACKUP_GAP] = { "bk_backup_longest_gap_seconds",
	    "Longest time between two recent backups.", BK_SUBJECT_BACKUP },
	[BACKUP_PROVEN] = { "bk_backup_last_proven_timestamp_seconds",
	    "When a backup was last proven; 0: never.", BK_SUBJECT_BACKUP },
	[BACKUP_REFUTED] = { "bk_backup_refuted_timestamp_seconds",
	    "When a backup was last found not restorable, unless proven since; "
	    "0: none.", BK_SUBJECT_BACKUP },
	[BACKUP_RESTORED] = { "bk_backup_restore_test_seconds",
	    "How long the last proven restore test took.", BK_SUBJECT_BACKUP },
	[BACKUP_STATUS] = { "bk_backup_status",
	    "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", BK_SUBJECT_BACKUP },
	[WAL_TIME] = { "bk_wal_last_archived_timestamp_seconds",
	    "When the newest WAL segment was archived.", BK_SUBJECT_WAL },
	[WAL_SEGMENTS] = { "bk_wal_segments",
	    "Number of WAL segments archived.", BK_SUBJECT_WAL },
	[WAL_MISSING] = { "bk_wal_missing_segments",
	    "WAL segments missing between the first and the last.",
	    BK_SUBJECT_WAL },
	[WAL_STATUS] = { "bk_wal_status",
	    "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", BK_SUBJECT_WAL },
	[FAILURES] = { "bk_backup_consecutive_failures",
	    "Consecutive failures of a job.", BK_SUBJECT_JOB },
	[FREE] = { "bk_disk_free_ratio",
	    "Share of the file system that is free.", BK_SUBJECT_DISK },
	[FREE_BYTES] = { "bk_disk_free_bytes",
	    "Bytes of the file system that are free.", BK_SUBJECT_DISK },
};

/* The value of metric m for s: 1; 0 if it has none. */
static int
value_of(const struct bk_subject *s, enum metric m, uint64_t *v)
{
	static const enum bk_metric checks[METRICS] = {
		[BACKUP_SIZE] = BK_METRIC_SIZE,
		[BACKUP_USUAL] = BK_METRIC_SHRINK,
		[BACKUPS] = BK_METRIC_COUNT,
		[BACKUP_BYTES] = BK_METRIC_COUNT,
		[BACKUP_GAP] = BK_METRIC_GAP,
		[BACKUP_PROVEN] = BK_METRIC_PROOF,
		[BACKUP_REFUTED] = BK_METRIC_PROOF,
		[WAL_SEGMENTS] = BK_METRIC_COUNT,
		[WAL_MISSING] = BK_METRIC_MISSING,
		[FAILURES] = BK_METRIC_FAILURES,
		[FREE] = BK_METRIC_FREE,
		[FREE_BYTES] = BK_METRIC_FREE_BYTES,
	};

	if (s->kind != metrics[m].kind)
		return 0;
	*v = s->found[checks[m]].value;
	switch (m) {
	case BACKUP_STATUS:
	case WAL_STATUS:
		*v = (uint64_t)s->state;
		return 1;
	case BACKUP_TIME:
	case WAL_TIME:
		*v = (uint64_t)s->newest;
		return 1;
	case BACKUP_USUAL:
		*v = s->usual;
		break;
	case BACKUP_BYTES:
		*v = s->stored;
		break;
	case BACKUP_RESTORED:
		*v = (uint64_t)(s->restored * 1000);
		return s->restored > 0;
	case BACKUP_PROVEN:
		*v = (uint64_t)s->proven;
		break;
	case BACKUP_REFUTED:
		*v = (uint64_t)s->refuted;
		break;
	default:
		break;
	}
	return s->found[checks[m]].known;
}

static int
add_labels(struct bk_buf *b, const struct bk_subject *s, struct bk_err *e)
{
	static const char *const whole[] =
	    { "series", "archive", "task", "path" };

	if (bk_buf_puts(b, "{", e) == -1)
		return -1;
	if (s->kind == BK_SUBJECT_BACKUP && (bk_textfile_label(b, "db", s->name,
	    e) == -1 || bk_buf_puts(b, ",", e) == -1))
		return -1;
	if (bk_textfile_label(b, whole[s->kind], s->series, e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

/* One metric: its head, unless it has no value, and a line per subject. */
static int
add_metric(struct bk_buf *b, const struct bk_subjects *all, enum metric m,
    struct bk_err *e)
{
	const struct bk_subject *s;
	int head = 0, rc = 0;
	uint64_t v;

	for (s = all->v; rc == 0 && s < all->v + all->n; s++) {
		if (!value_of(s, m, &v))
			continue;
		if (!head++ && bk_textfile_head(b, metrics[m].name, "gauge",
		    metrics[m].help, e) == -1)
			return -1;
		if (bk_buf_puts(b, metrics[m].name, e) == -1 ||
		    add_labels(b, s, e) == -1)
			return -1;
		rc = m == FREE ? bk_buf_printf(b, e, " %" PRIu64 ".%04" PRIu64
		    "\n", v / 10000, v % 10000) : m == BACKUP_RESTORED ?
		    bk_buf_printf(b, e, " %" PRIu64 ".%03" PRIu64 "\n",
		    v / 1000, v % 1000) :
		    bk_buf_printf(b, e, " %" PRIu64 "\n", v);
	}
	return rc;
}

int
age_prometheus(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *path, struct bk_buf *out, struct bk_err *e)
{
	static const char last_run[] = "bk_age_last_run_timestamp_seconds";
	int m;

	for (m = 0; m < METRICS; m++)
		if (add_metric(out, s, (enum metric)m, e) == -1)
			return -1;
	/* a collector reads several files: this one must differ in each */
	if (bk_textfile_head(out, last_run, "gauge", "When bk-age ran.",
	    e) == -1 || bk_buf_printf(out, e, "%s{", last_run) == -1 ||
	    bk_textfile_label(out, "file", path, e) == -1)
		return -1;
	return bk_buf_printf(out, e, "} %jd\n", (intmax_t)f->now);
}
