#ifndef BK_LISTING_RECORD_H
#define BK_LISTING_RECORD_H
/*
 * The record that every *ls tool writes, and that bk-prune, bk-age and the *rm
 * tools read: one tab-separated line,
 *
 *	2026-11-21T05:27:19Z <TAB> 1234 <TAB> name [<TAB> key=value ...]
 *
 * time (RFC 3339 UTC; an optional fraction orders records of the same second),
 * bytes, name; after them fields, each at most once and none empty:
 *
 *	stored=TIME	the store's own time, where it is over a day later;
 *			of a version in any case, where it is another
 *	version=ID	a version of the object of that name,
 *	marker=ID	a delete marker over it,
 *	upload=ID	an unfinished upload to it: one of the three at most
 *	etag=TEXT	the object's ETag
 *	changed=TIME	of a file, the time of its last change (st_ctim)
 *	at=URL		the endpoint, where it is not the provider's own
 *
 * The time is that of the stamp in the name (stamp.h), so that a copy is as old
 * as what was copied; the store's own time for a name without one.
 *
 * What a terminal would obey or hide (utf8.h), and the backslash, are escaped
 * in names and values as in a JSON string (\n, \t, \u001b, \\), and a byte
 * that is not UTF-8 as \x9b.  So is the question mark of ?versionId= and
 * ?uploadId= (\u003f), which a name must not have unescaped: an ID has a field
 * of its own, and no key can be read as another with an ID.  Where no time or
 * size is needed a line may be a bare name, likewise escaped, and its fields.
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

enum bk_record_field {
	/* whose value is an ID; without one it is an object, or a file */
	BK_RECORD_VERSION, BK_RECORD_MARKER, BK_RECORD_UPLOAD, BK_RECORD_IDS,
	BK_RECORD_ETAG = BK_RECORD_IDS, BK_RECORD_CHANGED, BK_RECORD_AT,
	BK_RECORD_FIELDS
};

struct bk_record {
	time_t time;
	uint32_t nanos;		/* of a fraction of a second, mostly 0 */
	uint64_t bytes;
	char *name;		/* unescaped */
	time_t stored;		/* 0: none */
	const char *field[BK_RECORD_FIELDS];	/* unescaped; NULL: none */
	int bare;		/* the line had no time and no size */
};

/*
 * Make *to a copy, whose one piece of memory is freed by free(to->name).  0; -1
 * with *e set and to->name NULL: memory.
 */
int bk_record_copy(struct bk_record *to, const struct bk_record *from,
    struct bk_err *e);

/* The ID of a version, marker or upload and its key, "version"; or NULL. */
const char *bk_record_id(const struct bk_record *r, const char **key);

/* "name", or "name version=ID", for messages; to be freed; NULL: memory. */
char *bk_record_label(const struct bk_record *r);

/* Seconds by which a stamp may be later than the store's time. */
#define BK_RECORD_AHEAD (15 * 60)

/* Seconds by which the store's time may be later without a fourth field. */
#define BK_RECORD_LATE 86400

/* 1 if r was stored more than that after its time, by its fourth field. */
int bk_record_is_late(const struct bk_record *r);

/* When r was stored, as far as it tells: up to BK_RECORD_LATE later. */
time_t bk_record_stored(const struct bk_record *r);

/*
 * Set the time, and the fourth field if there is to be one, of a record whose
 * name and version are set and which was stored at stored.  0; 1: the stamp in
 * the name is not believed, as it is over BK_RECORD_AHEAD later; the time is
 * then stored.
 */
int bk_record_date(struct bk_record *r, time_t stored);

/*
 * 1 if now is what r was made of, as far as r tells: its size unless r is bare,
 * its ETag, its last change.
 */
int bk_record_is_same(const struct bk_record *r, const struct bk_record *now);

/* 1 if r can describe what has its name and version and was stored then. */
int bk_record_is_of(const struct bk_record *r, time_t stored);

/*
 * 1 if name may be a backup's; 0 if it is known to be something else that is
 * stored with backups: a WAL file, a receipt (*.receipt.json), a log (*.log,
 * *.jsonl), a plan (*.plan), a signature (*.sig), a base backup's manifest
 * (*.manifest), a directory ("x/").
 */
int bk_record_is_backup(const char *name);

/*
 * Order by time, then by name, by the time stored and by ID: below 0 if a is
 * older.  The greatest that bk_record_is_backup() is the latest backup, for
 * every tool; of versions of a name with a stamp, the one stored first is
 * (policy/listing.h).
 */
int bk_record_compare(const struct bk_record *a, const struct bk_record *b);

/*
 * Append r's line, with its newline, to *b; of a bare record name and ID.  -1
 * with *e set and *b unchanged; BK_DATA: a time out of range (utctime.h).
 */
int bk_record_format(struct bk_buf *b, const struct bk_record *r,
    struct bk_err *e);

/* Undo the escapes of a name or value in place; -1: an invalid one. */
int bk_record_unescape(char *s);

/* Append an error record; 0, or -1 with *e set: memory. */
int bk_record_format_error(struct bk_buf *b, const char *cause,
    struct bk_err *e);

/*
 * Parse a line without its newline, in place; r's name and fields point into
 * it.  A line that begins with a time and a tab must be a complete record; any
 * other is a bare name.  -1 with *e set: BK_DATA, naming the defect, also a
 * field that is not known, since a tool that passes the record on loses it;
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
