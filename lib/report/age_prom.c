/* bk-age: metrics for Prometheus' textfile collector */
#include <inttypes.h>

#include "report/age_report.h"
#include "stream/textfile.h"

/* The state of a subject, by its kind; NULL: not exported. */
static const char *const status[BK_SUBJECT_KINDS] = {
	[BK_SUBJECT_BACKUP] = "bk_backup_status",
	[BK_SUBJECT_WAL] = "bk_wal_status",
};

/* A number with so many digits after its point. */
struct value {
	uint64_t v;
	int digits;
};

/* What the sample shows of s: 1; 0 if that is nothing. */
static int
value_of(const struct bk_subject *s, enum bk_metric metric,
    enum bk_sample_of of, struct value *out)
{
	const struct bk_finding *found = &s->found[metric];
	int known = found->known;

	out->digits = 0;
	switch (of) {
	case BK_SAMPLE_VALUE:
		out->v = found->value;
		if (bk_metric_row(metric)->unit == BK_UNIT_PERCENT)
			out->digits = 4;	/* a ratio */
		break;
	case BK_SAMPLE_NEWEST:
		out->v = (uint64_t)s->newest;
		return 1;
	case BK_SAMPLE_USUAL:
		out->v = s->usual;
		break;
	case BK_SAMPLE_STORED:
		out->v = s->stored;
		break;
	case BK_SAMPLE_PROVEN:
		out->v = (uint64_t)s->proven;
		break;
	case BK_SAMPLE_REFUTED:
		out->v = (uint64_t)s->refuted;
		break;
	case BK_SAMPLE_RESTORED:
		out->v = (uint64_t)(s->restored * 1000);
		out->digits = 3;
		return s->restored > 0;
	}
	return known;
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

static int
add_sample(struct bk_buf *b, const char *name, const struct bk_subject *s,
    const struct value *value, struct bk_err *e)
{
	uint64_t point = 1;
	int i;

	for (i = 0; i < value->digits; i++)
		point *= 10;
	if (bk_buf_puts(b, name, e) == -1 || add_labels(b, s, e) == -1 ||
	    bk_buf_printf(b, e, " %" PRIu64, value->v / point) == -1)
		return -1;
	return value->digits == 0 ? bk_buf_puts(b, "\n", e) :
	    bk_buf_printf(b, e, ".%0*" PRIu64 "\n", value->digits,
	    value->v % point);
}

/* A sample of each subject that has one, after its head. */
static int
add_samples(struct bk_buf *b, const struct bk_subjects *all,
    enum bk_metric metric, const struct bk_sample *sample, struct bk_err *e)
{
	const struct bk_subject *s;
	struct value value;
	int head = 0;

	for (s = all->v; s < all->v + all->n; s++) {
		if (s->kind != sample->kind ||
		    !value_of(s, metric, sample->of, &value))
			continue;
		if (!head++ && bk_textfile_head(b, sample->name, "gauge",
		    sample->help, e) == -1)
			return -1;
		if (add_sample(b, sample->name, s, &value, e) == -1)
			return -1;
	}
	return 0;
}

/* The states of the subjects of a kind, if these are exported. */
static int
add_states(struct bk_buf *b, const struct bk_subjects *all,
    enum bk_subject_kind kind, struct bk_err *e)
{
	const char *name = status[kind];
	const struct bk_subject *s;
	int head = 0;

	for (s = all->v; name != NULL && s < all->v + all->n; s++) {
		if (s->kind != kind)
			continue;
		if (!head++ && bk_textfile_head(b, name, "gauge",
		    "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.", e) == -1)
			return -1;
		if (add_sample(b, name, s, &(struct value){ (uint64_t)s->state,
		    0 }, e) == -1)
			return -1;
	}
	return 0;
}

static int
add_kind(struct bk_buf *b, const struct bk_subjects *all,
    enum bk_subject_kind kind, struct bk_err *e)
{
	const struct bk_sample *sample;
	int m, i;

	for (m = 0; m < BK_METRICS; m++)
		for (i = 0; i < BK_SAMPLES; i++) {
			sample = &bk_metric_row((enum bk_metric)m)->sample[i];
			if (sample->name != NULL && sample->kind == kind &&
			    add_samples(b, all, (enum bk_metric)m, sample,
			    e) == -1)
				return -1;
		}
	return add_states(b, all, kind, e);
}

int
bk_age_prometheus(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *path, struct bk_buf *out, struct bk_err *e)
{
	static const char last_run[] = "bk_age_last_run_timestamp_seconds";
	int kind;

	for (kind = 0; kind < BK_SUBJECT_KINDS; kind++)
		if (add_kind(out, s, (enum bk_subject_kind)kind, e) == -1)
			return -1;
	/* a collector reads several files: this one must differ in each */
	if (bk_textfile_head(out, last_run, "gauge", "When bk-age ran.",
	    e) == -1 || bk_buf_printf(out, e, "%s{", last_run) == -1 ||
	    bk_textfile_label(out, "file", path, e) == -1)
		return -1;
	return bk_buf_printf(out, e, "} %jd\n", (intmax_t)f->now);
}
