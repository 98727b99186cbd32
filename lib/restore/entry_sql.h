#ifndef BK_RESTORE_ENTRY_SQL_H
#define BK_RESTORE_ENTRY_SQL_H
/*
 * What an entry of a TOC is made of, as pg_restore puts it together: its
 * definition as it stands, and around it statements made of the entry's own
 * fields.  Nothing is looked for within a definition.
 */
#include "archive/archive.h"

/* When an entry is run. */
enum bk_ddl_step {
	BK_DDL_NEVER,		/* settings, data, the database itself */
	BK_DDL_PRE,		/* before the rows: objects, sequence values */
	BK_DDL_POST,		/* after: indexes, constraints, triggers */
	BK_DDL_ACL,		/* privileges: an owner may revoke his own */
	BK_DDL_LAST,		/* what privileges are needed for, or what
				 * would fire: contents of materialized views,
				 * event triggers; and indexes and statistics on
				 * expressions that call code of the dump (none
				 * while foreign keys are checked: rights.h) */
};

/*
 * Set *step for each entry of toc (toc->n of them).  Comments and the like
 * belong to no section: they go with what precedes them.  0; -1 with *e set:
 * memory.
 */
int bk_entry_steps(const struct bk_toc *toc, unsigned char *step,
    struct bk_err *e);

/* Append the archive's SET statements, for each session. */
int bk_entry_settings(const struct bk_toc *toc, struct bk_buf *out,
    struct bk_err *e);

/* "TABLE public.orders"; 0, or -1 with *e set: memory. */
int bk_entry_name(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e);

/*
 * Append the statement that makes the object; nothing: it has none.  no_owner:
 * a schema is made without its owner.
 */
int bk_entry_make(const struct bk_toc_entry *te, int no_owner,
    struct bk_buf *out, struct bk_err *e);

/* Append ALTER ... OWNER TO; nothing: such an object has none of its own. */
int bk_entry_owner(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e);

/* Large objects of archive version 1.16: one entry stands for many. */
struct bk_entry_objects {
	const struct bk_toc_entry *te;
	const char *list;	/* OIDs that are still to come, one a line */
};

/*
 * Is te of many large objects: their metadata, or privileges?  1 with *o; 0;
 * -1 with *e set: BK_DATA if their list is not there.
 */
int bk_entry_objects(const struct bk_toc *toc, const struct bk_toc_entry *te,
    struct bk_entry_objects *o, struct bk_err *e);

/*
 * Replace *out by the statements for the next of them, a few hundred at a time:
 * made and, unless no_owner, given to their owner; or granted.  1; 0: there are
 * no more; -1 with *e set.
 */
int bk_entry_objects_next(struct bk_entry_objects *o, int no_owner,
    struct bk_buf *out, struct bk_err *e);

#endif
