/* bk-age: up to when WAL is stored, as its source says */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/age_report.h"

/* Metrics of bk-walrecv, then those of bk-stat. */
enum {
	RECEIVER_RUN, CONNECTED, NOT_RECEIVED, NOT_STORED,
	SERVER_RUN, WAITING, FAILING, TIMEOUT, VALUES
};

static const char *const names[VALUES] = {
	"bk_walrecv_last_run_timestamp_seconds", "bk_walrecv_connected",
	"bk_walrecv_received_lag_bytes", "bk_walrecv_stored_lag_seconds",
	"bk_stat_last_run_timestamp_seconds", "bk_stat_archiver_waiting",
	"bk_stat_archiver_failing", "bk_stat_archiver_timeout_seconds",
};

/* What a file says; -1: nothing. */
struct lag {
	double v[VALUES];
};

/* A line "NAME{LABELS} VALUE". */
static void
take_line(struct lag *l, const char *line)
{
	size_t n = strcspn(line, "{");
	const char *value = strrchr(line, ' ');
	int i;

	for (i = 0; value != NULL && i < VALUES; i++)
		if (strlen(names[i]) == n && strncmp(names[i], line, n) == 0)
			l->v[i] = strtod(value + 1, NULL);
}

static int
read_lag(struct lag *l, const char *path, struct bk_err *e)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	int i, rc;

	if (f == NULL)
		return bk_fail_errno(e, "%s", path);
	for (i = 0; i < VALUES; i++)
		l->v[i] = -1;
	while (errno = 0, getline(&line, &cap, f) != -1)
		take_line(l, line);
	rc = ferror(f) || errno != 0 ? bk_fail_errno(e, "%s", path) : 0;
	free(line);
	(void)fclose(f);
	return rc;
}

/*
 * A server switches to a new segment within archive_timeout after something was
 * written, so of what is older nothing is in the current one.
 */
int
bk_age_lag(const char *path, time_t *stored, struct bk_err *e)
{
	struct lag l;

	*stored = 0;
	if (read_lag(&l, path, e) == -1)
		return -1;
	if (l.v[RECEIVER_RUN] > 0) {
		if (l.v[CONNECTED] == 1 && l.v[NOT_RECEIVED] == 0 &&
		    l.v[NOT_STORED] >= 0)
			*stored = (time_t)(l.v[RECEIVER_RUN] -
			    l.v[NOT_STORED]);
		return 0;
	}
	if (l.v[SERVER_RUN] <= 0)
		return bk_fail(e, BK_DATA, "%s: neither bk-walrecv nor bk-stat "
		    "has written it", path);
	if (l.v[WAITING] == 0 && l.v[FAILING] == 0 && l.v[TIMEOUT] > 0)
		*stored = (time_t)(l.v[SERVER_RUN] - l.v[TIMEOUT]);
	return 0;
}
