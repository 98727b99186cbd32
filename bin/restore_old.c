/* What swaps have put aside, see restore.h. */
#include "restore.h"

#include <stdlib.h>
#include <unistd.h>

#include "../lib/pg/swap.h"
#include "io.h"
#include "listing.h"
#include "tool.h"
#include "when.h"

/* NULL with BK_NONE if there is nothing. */
static PGresult *
query(struct site *s, struct bk_err *e)
{
	PGresult *res = bk_swap_list(s->conn, s->target.data, e);

	if (res != NULL && PQntuples(res) == 0) {
		bk_fail(e, BK_NONE, "database \"%s\": no swap has put one "
		    "aside", s->target.data);
		PQclear(res);
		res = NULL;
	}
	return res;
}

int
old_roll_back(struct site *s, int quiet, struct bk_err *e)
{
	char before[BK_NEWDB_NAME];
	double seconds;
	PGresult *res;
	int rc;

	if (site_open(s, e) == -1 || (res = query(s, e)) == NULL)
		return -1;
	rc = bk_swap(s->conn, s->admin, PQgetvalue(res, 0, 0),
	    s->target.data, before, &seconds, e);
	if (rc == 0 && !quiet)
		bk_tool_say("%s: rolled back to %s in %.3f s%s%s",
		    s->target.data, PQgetvalue(res, 0, 0), seconds,
		    before[0] == '\0' ? "" : ", before: ", before);
	PQclear(res);
	return rc;
}

int
old_drop(struct site *s, struct bk_err *e)
{
	PGresult *res;
	int i, swept, rc = 0;

	if (site_open(s, e) == -1 ||
	    bk_newdb_sweep(s->conn, s->target.data, &swept, e) == -1 ||
	    (res = query(s, e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = bk_newdb_drop(s->conn, PQgetvalue(res, i, 0), e);
	PQclear(res);
	return rc;
}

int
old_list(struct site *s, struct bk_err *e)
{
	struct bk_buf out = {0};
	PGresult *res;
	int i, rc = 0;

	if (site_open(s, e) == -1 || (res = query(s, e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < PQntuples(res); i++) {
		struct bk_record r = { .name = PQgetvalue(res, i, 0),
		    .bytes = strtoull(PQgetvalue(res, i, 1), NULL, 10) };

		if ((rc = bk_when_parse(PQgetvalue(res, i, 2),
		    (size_t)PQgetlength(res, i, 2), &r.time)) == 0)
			rc = bk_record_format(&out, &r, e);
	}
	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, out.data, out.len,
		    "standard output", e);
	if (rc == 0)
		rc = bk_io_close(STDOUT_FILENO, "standard output", e);
	PQclear(res);
	bk_buf_free(&out);
	return rc;
}
