/* Databases that swaps have set aside, see restore_old.h. */
#include "restore_old.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utctime.h"
#include "listing/record.h"
#include "restore/replication.h"
#include "restore/swap.h"
#include "tool/tool.h"

/* NULL with BK_NONE if there is none. */
static PGresult *
query(struct bk_target *t, struct bk_err *e)
{
	PGresult *res = bk_swap_list(t->conn, t->database.data, e);

	if (res != NULL && PQntuples(res) == 0) {
		bk_fail(e, BK_NONE, "database \"%s\": no old database is "
		    "kept", t->database.data);
		PQclear(res);
		res = NULL;
	}
	return res;
}

/*
 * No good one: a role that may create databases could have made one that looks
 * like this, for the day when there is none of the name.
 */
static int
refuse_strange(const struct bk_target *t, const PGresult *res,
    struct bk_err *e)
{
	if (*PQgetvalue(res, 0, 5) == 't')
		return bk_fail(e, BK_DATA, "database \"%s\": is the "
		    "remainder of an interrupted DROP DATABASE; drop it, and "
		    "the one before it is the latest",
		    PQgetvalue(res, 0, 0));
	if (*PQgetvalue(res, 0, 4) == 't')
		return 0;
	return bk_fail(e, BK_DATA, "database \"%s\": belongs to role \"%s\", "
	    "and the database \"%s\", whose owner it must have, does not "
	    "exist; if the role is right, use ALTER DATABASE ... RENAME TO",
	    PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 3), t->database.data);
}

int
old_roll_back(struct bk_target *t, int quiet, struct bk_err *e)
{
	char before[BK_NEWDB_NAME];
	struct bk_swap s;
	double seconds;
	PGresult *res;
	int rc;

	if (bk_target_open(t, e) == -1 || (res = query(t, e)) == NULL)
		return -1;
	s = (struct bk_swap){ .conn = t->conn, .params = t->admin,
	    .name = PQgetvalue(res, 0, 0), .target = t->database.data };
	rc = refuse_strange(t, res, e);
	if (rc == 0)
		rc = bk_swap(&s, before, &seconds, e);
	if (rc == 0 && !quiet)
		tool_say("%s: rolled back to %s in %.3f s%s%s",
		    t->database.data, PQgetvalue(res, 0, 0), seconds,
		    before[0] == '\0' ? "" : ", before: ", before);
	PQclear(res);
	return rc;
}

/* What replication has to do with it, before and after its end. */
static int
drop_one(struct bk_target *t, const char *name, struct bk_err *e)
{
	PGresult *res = bk_replication_list(t->conn, name, e);
	const char *subscription = NULL;
	int i, rc;

	if (res == NULL)
		return -1;
	for (i = 0; i < PQntuples(res); i++)
		if (*PQgetvalue(res, i, 0) == 's')
			subscription = PQgetvalue(res, i, 1);
	rc = bk_newdb_drop(t->conn, name, e);
	if (rc == -1 && subscription != NULL)
		bk_fail_add(e, "; in it, for subscription \"%s\", run ALTER "
		    "SUBSCRIPTION ... DISABLE, ALTER SUBSCRIPTION ... SET "
		    "(slot_name = NONE), DROP SUBSCRIPTION, and drop its slot "
		    "at the publisher unless the new one uses it",
		    subscription);
	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		tool_say("%s: dropped, and its replication slot \"%s\"", name,
		    PQgetvalue(res, i, 1));
	PQclear(res);
	return rc;
}

int
old_drop(struct bk_target *t, struct bk_err *e)
{
	PGresult *res;
	int i, swept, rc = 0;

	if (bk_target_open(t, e) == -1 ||
	    bk_newdb_sweep(t->conn, t->database.data, &swept, e) == -1 ||
	    (res = query(t, e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = drop_one(t, PQgetvalue(res, i, 0), e);
	PQclear(res);
	return rc;
}

int
old_list(struct bk_target *t, struct bk_err *e)
{
	struct bk_buf out = {0};
	PGresult *res;
	int i, rc = 0;

	if (bk_target_open(t, e) == -1 || (res = query(t, e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < PQntuples(res); i++) {
		struct bk_record r = { .name = PQgetvalue(res, i, 0),
		    .bytes = strtoull(PQgetvalue(res, i, 1), NULL, 10) };

		if ((rc = bk_utctime_parse(PQgetvalue(res, i, 2),
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
