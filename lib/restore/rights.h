#ifndef BK_RESTORE_RIGHTS_H
#define BK_RESTORE_RIGHTS_H
/*
 * Code of a dump that runs with the rights of the role that restores.
 *
 * PostgreSQL itself runs index expressions, materialized views and statistics
 * on expressions as the owner, in a security-restricted operation (guard.h);
 * rows are seen to by guard.h.  What is left are definitions:
 *
 *	DOMAIN		 a literal of an array or composite type, anywhere in a
 *			 later definition, is checked when that is read; so are
 *			 values in the statistics that pg_dump 18 can dump
 *	CHECK CONSTRAINT one that is added to rows that are there, or to a
 *			 domain
 *	CAST		 an implicit one is called when a foreign key is checked
 *	INDEX		 of a partitioned table: functions of constants in it
 *			 are called when a partition's is attached
 *
 * The query that checks a foreign key calls also, when it is planned, functions
 * of constants in indexes and statistics of its tables: entry_sql.h makes these
 * when all keys have been checked.
 *
 * and all of an archive that pg_restore has to load whole.
 *
 * That list cannot be complete, as the server calls immutable functions of
 * constants wherever it reads an expression, as the session's user: a column's,
 * a partition's, a domain's.  And code that runs while rows are loaded, though
 * confined, may change what belongs to its owner, a column's type or a cast,
 * and so what a later definition means.  So functions count by themselves: as
 * long as nobody but superusers has one that can be called, no definition can
 * call anything but theirs and PostgreSQL's own.  They are known by the table
 * of contents, before anything is made: pg_dump has an entry for each, with its
 * owner, but for those that CREATE EXTENSION makes, as the superuser who
 * restores; in a live database, its owner may have added others to one.
 */
#include <libpq-fe.h>

#include "restore/entry_list.h"
#include "restore/types.h"

struct bk_rights {		/* start with = {0} */
	unsigned n;		/* tables and definitions */
	char first[256];	/* the first of them, for messages */
	unsigned functions;	/* that definitions can call, while those are */
	char function[256];	/* made as a superuser; the first */
};

/*
 * Does the definition, after the first of these words, call more than that?  It
 * finds too many, never too few.
 */
int bk_rights_calls(const char *defn, const char *word);

/*
 * Count those of toc's definitions that call more than PostgreSQL's own plain
 * functions: of the entries of list that are wanted (a byte each, or NULL: of
 * all), those of tables as well if it is loaded whole.  It looks at the text,
 * and is wrong only in that it finds too many.
 */
void bk_rights_definitions(const struct bk_toc *toc,
    const struct bk_restore_list *list, const unsigned char *wanted, int whole,
    struct bk_rights *found);

/*
 * Is te a function, procedure or aggregate that can be called?  Not one that
 * returns trigger: it needs a statement that fires it.  Nor one that returns
 * event_trigger, unless events is set: there are event triggers, of superusers,
 * which any definition fires.
 */
int bk_rights_callable(const struct bk_toc_entry *te, int events);

/*
 * If conn's session is a superuser's, count those of the same entries that can
 * be called, and whose owner in the dump is not a superuser of this server:
 * also where owners are left out.  conn is given the archive's encoding.
 * 0, or -1 with *e set.
 */
int bk_rights_functions(PGconn *conn, const struct bk_toc *toc,
    const struct bk_restore_list *list, const unsigned char *wanted,
    struct bk_rights *found, struct bk_err *e);

/*
 * The same of those that conn's database has already, or without definitions of
 * those that its event triggers call.  super: the superusers, as
 * bk_rights_super() told; NULL: those of now.
 */
int bk_rights_live(PGconn *conn, const char *super, int definitions,
    struct bk_rights *found, struct bk_err *e);

/*
 * Append the superusers of conn's server, so that one made by a dump's code is
 * recognized.  0, or -1 with *e set.
 */
int bk_rights_super(PGconn *conn, struct bk_buf *super, struct bk_err *e);

/*
 * BK_DATA with the stream's name if any were found, o->distrust is set, and
 * conn is a superuser's; -1 then, else 0.
 */
int bk_rights_refuse(const char *name, const struct bk_restore_options *o,
    PGconn *conn, const struct bk_rights *found, struct bk_err *e);

/* Append lines about them, if there are any; 0, or -1 with *e set: memory. */
int bk_rights_note(const struct bk_rights *found, struct bk_buf *notes,
    struct bk_err *e);

#endif
