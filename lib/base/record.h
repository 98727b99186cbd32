#ifndef BK_BASE_RECORD_H
#define BK_BASE_RECORD_H
/*
 * The record that every *ls tool writes, and that bk-prune, bk-age and the *rm
 * tools read: one tab-separated line,
 *
 *	2026-11-21T05:27:19Z <TAB> 1234 <TAB> name
 *
 * time (RFC 3339 UTC; an optional fraction orders records of the same second),
 * bytes, name.  The time is that of the stamp in the name (stamp.h), so that a
 * copy is as old as what was copied; the store's own time for a name without
 * one.  Where the store's is over a day later, it is a fourth field.
 *
 * In a name, control bytes and the backslash are escaped as in a JSON string
 * (\n, \t, \u001b, \\).  Where no time or size is needed a line may be a bare
 * name, likewise escaped.
 *
 * A listing that could not be finished ends with an error record, which every
 * reader refuses:
 *
 *	! <TAB> <TAB> cause
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_record {
	time_t time;
	uint32_t nanos;		/* of a fraction of a second, mostly 0 */
	uint64_t bytes;
	char *name;		/* unescaped */
	time_t stored;		/* the fourth field; 0: none */
	int bare;		/* the line was a name only: no time, no size */
};

/* Seconds by which a stamp may be later than the store's time. */
#define BK_RECORD_AHEAD (15 * 60)

/* Seconds by which the store's time may be later without a fourth field. */
#define BK_RECORD_LATE 86400

/*
 * Set the time, and the fourth field if there is to be one, of a record whose
 * name is set and which was stored at stored.  0; 1: the stamp in the name is
 * not believed, as it is over BK_RECORD_AHEAD later; the time is then stored.
 */
int bk_record_date(struct bk_record *r, time_t stored);

/*
 * 1 if what is now stored under r's name, at stored with so many bytes, is what
 * r says, by the time of a stamp or of the store.
 */
int bk_record_is_same(const struct bk_record *r, time_t stored, uint64_t bytes);

/*
 * 1 if name may be a backup's; 0 if it is known to be something that is stored
 * beside backups: a WAL file, a receipt (*.receipt.json), a log (*.log,
 * *.jsonl), a plan (*.plan), a signature (*.sig), a base backup's manifest
 * (*.manifest), a directory ("x/").
 */
int bk_record_is_backup(const char *name);

/*
 * Order by time, then by name: below 0 if a is older.  The greatest that
 * bk_record_is_backup() is the latest backup, for every tool.
 */
int bk_record_compare(const struct bk_record *a, const struct bk_record *b);

/*
 * Append r's line, with its newline, to *b; for a bare record, its name.  -1
 * with *e set and *b unchanged; BK_DATA: a time out of range (utctime.h).
 */
int bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e);

/* Append an error record; 0, or -1 with *e set: memory. */
int bk_record_format_error(struct bk_buf *b, const char *cause,
    struct bk_err *e);

/*
 * Parse a line without its newline, in place; r->name points into it.  A line
 * that begins with a time and a tab must be a complete record; any other is a
 * bare name, and has no tab.  -1 with *e set: BK_DATA, naming the defect;
 * BK_FAIL for an error record, with its cause.
 */
int bk_record_parse(char *line, struct bk_record *r, struct bk_err *e);

/*
 * Read the next record from f; empty lines are skipped.  *line and *cap as
 * for getline(3): free(*line) at the end.  1, 0 at the end, -1 with *e set.
 */
int bk_record_read(FILE *f, char **line, size_t *cap, struct bk_record *r,
    struct bk_err *e);

#endif
