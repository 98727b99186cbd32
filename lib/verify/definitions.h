#ifndef BK_VERIFY_DEFINITIONS_H
#define BK_VERIFY_DEFINITIONS_H
/*
 * What two tables of contents define: an archive's, and that of pg_dump of the
 * database which was restored from it.  Entries are matched by kind, schema and
 * name, and then have to agree in text, owner, tablespace and access method.
 * Rows and large objects' contents are not ours (compare.h).
 */
#include "archive/archive.h"

struct bk_definitions_rules {	/* what is not compared */
	int no_owner, no_acl, no_subscriptions, no_tablespaces;
	int no_database;	/* what concerns the database itself */
};

struct bk_definition_pair {	/* they differ, or one is NULL: not there */
	const struct bk_toc_entry *was, *is;
};

struct bk_definitions {		/* start with = {0} */
	struct bk_definition_pair *pair;
	size_t n;
};

/*
 * Put into *d what differs between toc and copy, both borrowed.  0, or -1 with
 * *e set: memory.  Call bk_definitions_free() in either case.
 */
int bk_definitions_compare(struct bk_definitions *d, const struct bk_toc *toc,
    const struct bk_toc *copy, const struct bk_definitions_rules *rules,
    struct bk_err *e);

/*
 * Take out of *d what PostgreSQL itself writes otherwise than it read it:
 * entries with an expression that are the same but for that (rewritten.h).
 */
void bk_definitions_drop_rewritten(struct bk_definitions *d,
    const struct bk_definitions_rules *rules);

/*
 * Take out of *d what is the same in reference, a database made from the same
 * definitions by the same program on the same server: PostgreSQL writes some
 * definitions otherwise than it read them, and does not restore all.  *passed:
 * how many entries of the archive are in neither.  0, or -1 with *e set.
 */
int bk_definitions_excuse(struct bk_definitions *d,
    const struct bk_toc *reference, const struct bk_definitions_rules *rules,
    uint64_t *passed, struct bk_err *e);

/* 1 if rules leave entries of toc uncompared that are named by what. */
enum bk_definitions_part {
	BK_PART_DATABASE, BK_PART_SUBSCRIPTIONS, BK_PART_TABLESPACES
};
int bk_definitions_have(const struct bk_toc *toc,
    enum bk_definitions_part what);

/* Append the name of an entry: "trigger public.orders audit". */
int bk_definition_name(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e);

/* Append what a pair's entries say where they first differ. */
int bk_definition_describe(const struct bk_definition_pair *pair,
    const struct bk_definitions_rules *rules, struct bk_buf *was,
    struct bk_buf *is, struct bk_err *e);

void bk_definitions_free(struct bk_definitions *d);

#endif
