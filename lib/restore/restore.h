#ifndef BK_RESTORE_RESTORE_H
#define BK_RESTORE_RESTORE_H
/*
 * Load an archive into a database, in parallel, while it arrives.
 *
 *	bk_restore_open	  header, table of contents, what precedes the data
 *	(the caller creates the database: naming it is policy)
 *	bk_restore_load	  pre-data, an entry at a time (ddl.h); rows and large
 *			  objects by several connections (load.h); the stream's
 *			  end; counts and digests against the proof records;
 *			  post-data and privileges (ddl.h); ANALYZE
 *
 * Rows are counted and digested as they pass (archive/digest.h) and counted
 * again by the server's reply to COPY.  Triggers, foreign keys, rules and
 * policies do not exist yet at that time.  Data of foreign tables is read but
 * not loaded: it belongs to another server.
 *
 * A compressed archive, and one of INSERTs, cannot be split: pg_restore reads
 * it whole (bk_restore_whole()).
 *
 * Memory: (4 * jobs + 2) chunks of 256 KiB, as much again in libpq for
 * each connection, and the table of contents.
 */
#include "restore/types.h"

struct bk_restore;

/*
 * Read src, called name (borrowed) in messages, up to the first data.  NULL
 * with *e set: BK_DATA as bk_archive_toc().
 */
struct bk_restore *bk_restore_open(struct bk_source src, const char *name,
    struct bk_err *e);
void bk_restore_free(struct bk_restore *r);	/* NULL is fine */

const struct bk_toc *bk_restore_toc(const struct bk_restore *r);

/*
 * Load only the entries of pg_restore -L's list, in its order.  BK_DATA if it
 * has one that the archive has not.
 */
int bk_restore_use_list(struct bk_restore *r, const char *list,
    struct bk_err *e);

/* 1 if it cannot be split: use bk_restore_whole(). */
int bk_restore_is_opaque(const struct bk_restore *r);

/* SQL of pg_dumpall --globals-only in the archive; NULL: none. */
const char *bk_restore_globals(const struct bk_restore *r);

/*
 * The system identifier of the server that was dumped: known after open if the
 * stream has it at its beginning, else once the manifest has been read.
 * "": not known.
 */
const char *bk_restore_system(const struct bk_restore *r);

/*
 * Append to *out the path of an installed pg_restore that reads this archive,
 * which cannot be split, and suits a server of this major
 * version.  0; -1 with *e set, naming the remedy, if there is none.
 */
int bk_restore_find_program(const struct bk_restore *r,
    const struct bk_bindir *b, int major, struct bk_buf *out,
    struct bk_err *e);

/*
 * Load and prove.  0 only if the source was complete (its read() returned 0),
 * every table's data was there, counts and digests agree with the proof records
 * and the manifest where there are any, COPY took every row, and post-data and
 * ANALYZE are done.  -1 with *e set: BK_DATA if the stream is damaged or
 * inconsistent, else BK_FAIL; the database is then useless, but *report has
 * what was seen.
 */
int bk_restore_load(struct bk_restore *r, const struct bk_restore_options *o,
    struct bk_restore_report *report, struct bk_err *e);

/* The same by pg_restore alone; *report counts nothing. */
int bk_restore_whole(struct bk_restore *r, const struct bk_restore_options *o,
    struct bk_restore_report *report, struct bk_err *e);

/*
 * Give the server's database of this name the properties of the dumped one:
 * settings, privileges, comment; in one transaction, begun by the SQL in first
 * (or NULL).  Does only that if the dumped one has another name, as its
 * statements contain that name.  rehearse: roll it back at the end.
 */
int bk_restore_database(struct bk_restore *r,
    const struct bk_restore_options *o, const char *name, const char *first,
    int rehearse, struct bk_err *e);

#endif
