#ifndef BK_RESTORE_RIGHTS_H
#define BK_RESTORE_RIGHTS_H
/*
 * Code of a dump that runs with the rights of whoever restores.
 *
 * PostgreSQL itself runs index expressions, materialized views and statistics
 * on expressions as the owner, in a security-restricted operation (guard.h);
 * rows are seen to by guard.h.  What is left are definitions:
 *
 *	DOMAIN		 a literal of an array or composite type, anywhere in a
 *			 later definition, is checked when that is read
 *	CHECK CONSTRAINT one that is added to rows that are there
 *	CAST		 an implicit one is called when a foreign key is checked
 *
 * and all of an archive that pg_restore has to load whole.
 */
#include "restore/entry_list.h"
#include "restore/types.h"

struct bk_rights {		/* start with = {0} */
	unsigned n;		/* tables and definitions */
	char first[256];	/* the first of them, for messages */
};

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
 * BK_DATA with the stream's name if any were found, o->distrust is set, and
 * conn is a superuser's; -1 then, else 0.
 */
int bk_rights_refuse(const char *name, const struct bk_restore_options *o,
    PGconn *conn, const struct bk_rights *found, struct bk_err *e);

/* Append a line about them, if there are any; 0, or -1 with *e set: memory. */
int bk_rights_note(const struct bk_rights *found, struct bk_buf *notes,
    struct bk_err *e);

#endif
