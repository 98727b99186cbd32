#include "policy/metric.h"

#include <string.h>

#include "base/num.h"

#define SAMPLE(kind, of, name, help) \
	{ BK_SUBJECT_##kind, BK_SAMPLE_##of, name, help }
#define ROW(id, name, unit, bound, most, ...) \
	{ name, BK_UNIT_##unit, BK_BOUND_##bound, most, { __VA_ARGS__ } },

static const struct bk_metric_row rows[BK_METRICS] = {
	BK_METRIC_ROWS(ROW, SAMPLE)
};

const struct bk_metric_row *
bk_metric_row(enum bk_metric metric)
{
	return &rows[metric];
}

int
bk_metric_is_floor(enum bk_metric metric)
{
	return rows[metric].bound == BK_BOUND_FLOOR;
}

int
bk_metric_named(const char *name, enum bk_metric *metric)
{
	int i;

	for (i = 0; i < BK_METRICS; i++)
		if (strcmp(rows[i].name, name) == 0) {
			*metric = (enum bk_metric)i;
			return 1;
		}
	return 0;
}

int
bk_metric_parse(enum bk_metric metric, const char *s, const char *label,
    uint64_t *limit, struct bk_err *e)
{
	const struct bk_metric_row *row = &rows[metric];
	int rc = -1;

	switch (row->unit) {
	case BK_UNIT_SECONDS:
		return bk_duration_parse(s, label, limit, e);
	case BK_UNIT_BYTES:
		return bk_size_parse(s, label, limit, e);
	case BK_UNIT_NUMBER:
		return bk_num_parse(s, 0, row->most, label, limit, e);
	case BK_UNIT_PERCENT:
		rc = bk_fraction_parse(s, row->most, label, limit, e);
		if (rc == 0)
			*limit *= 100;
	}
	return rc;
}

const char *
bk_subject_kind_name(enum bk_subject_kind kind)
{
	static const char *const names[BK_SUBJECT_KINDS] = { "backup", "wal",
	    "job", "disk", "source" };

	return names[kind];
}
