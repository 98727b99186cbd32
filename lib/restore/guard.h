#ifndef BK_RESTORE_GUARD_H
#define BK_RESTORE_GUARD_H
/*
 * Rows whose arrival runs code of the dump: a CHECK, a domain, a generated
 * column or a partition key that calls more than PostgreSQL's own immutable
 * functions and those of extensions that superusers own.  By COPY it would run
 * with the rights of the role that restores.  SET ROLE does not bind it: code
 * may say RESET ROLE, or leave a cursor WITH HOLD, or a deferred trigger, that
 * runs when the session is itself again.  What does bind it is PostgreSQL's
 * security-restricted operation, in which roles cannot be changed and nothing
 * can be left.  A client begins one by REFRESH MATERIALIZED VIEW, which runs as
 * the view's owner.  So the rows of such a table
 *
 *	1. go by COPY into a staging table of ours, without constraints, and
 *	   with text in place of each type whose input would run code;
 *	2. are moved when all other rows have been loaded, table by table in the
 *	   order of the dump: a function that inserts them is called by a
 *	   materialized view that belongs to the table's owner.
 *
 * Until the first such table is moved no code of the dump has run for any row,
 * so no table that is loaded by COPY can have got a trigger from it.  Where a
 * CHECK looks into another table, that one's rows are there.
 *
 * That is of rows alone.  Code that is moved with them, as their tables' owner,
 * may change all that this owner has, a column's type or a cast for instance,
 * and definitions that follow then mean something else to the superuser who
 * runs them, and checks a foreign key by them.  Nothing here prevents that: a
 * dump that is not trusted must not be restored if it has a function that can
 * be called (rights.h).
 *
 * A database that others are connected to may get more code while the rows
 * arrive.  COPY's lock keeps a table as it is, but not its partitions, nor a
 * domain: a domain that is no superuser's is staged as text in any case.
 *
 * In a live table, more code is there when its rows come: also indexes, and
 * defaults of columns that the dump does not have.  If a table of another owner
 * has any, or could get it, all of the tables that are wanted are staged, so
 * that foreign keys find their rows.  Where a superuser does not load them,
 * they are not: the code has no rights but ours.
 *
 * All is done in a schema of its own, dropped at the end.  It has a copy of the
 * rows of one kind of table alone, in unlogged tables.
 */
#include "restore/load.h"
#include "restore/rights.h"
#include "restore/types.h"

struct bk_guarded;

struct bk_guard {		/* start with = {0} */
	int shared;		/* set before opening: others are connected, */
	int live;		/* and the tables were there */
	int keys;		/* keys to them will be checked */
	PGconn *conn;		/* borrowed */
	char schema[40];	/* "": nothing is guarded */
	struct bk_guarded *item;
	size_t n;
	struct bk_rights trusted;	/* of them: whose code has a superuser's
				 * rights, or not those of the dump's owner */
};

/*
 * Find those of n tables, whose definitions are in conn's database already, and
 * make their staging tables: table[i].staged is then the COPY statement to use.
 * conn is in the archive's encoding, set up by bk_load_session(); it may be
 * within a transaction.  0, or -1 with *e set.
 */
int bk_guard_open(struct bk_guard *g, PGconn *conn,
    struct bk_restore_table *table, size_t n, struct bk_err *e);

/*
 * Once all workers are done: move the rows, and count those that arrived as
 * loaded.  What the owner lacks a privilege for is tried again after grant(),
 * if that is not NULL: privileges come last in a dump.  A table that fails is
 * noted in *f, or without it fails the whole.  BK_DATA if its code makes what
 * would be called with our rights later (rights.h).  0, or -1 with *e set.
 */
int bk_guard_move(struct bk_guard *g, struct bk_failures *f,
    void (*grant)(void *ctx, PGconn *conn), void *ctx, struct bk_err *e);

/* Remove the schema, and free all; 0, or -1 with *e set. */
int bk_guard_close(struct bk_guard *g, struct bk_err *e);

/* Free all; the schema is left to a roll-back, or goes with the database. */
void bk_guard_free(struct bk_guard *g);

/* --- guard_find.c, for guard.c alone */

/* Schema and name of each table to guard, sorted by bytes; NULL: *e set. */
PGresult *bk_guard_find(PGconn *conn, int shared, struct bk_err *e);

/*
 * One row about a live table, its name qualified, whose rows have these columns
 * (as in COPY): whether 0 a row, 1 a check of the keys to it runs code; 2
 * whether it belongs to the current user, 3 who is a superuser; 4 whether a row
 * could run code of somebody who adds it meanwhile.  NULL: *e set.
 */
PGresult *bk_guard_live(PGconn *conn, const char *table, const char *names,
    struct bk_err *e);

/* 1 if found has it. */
int bk_guard_has(const PGresult *found, const char *schema, const char *name);

/*
 * One row about the view of a table's columns (both names qualified): 0 the
 * columns of a staging table, 1 their names, 2 the expressions that make a row
 * of the table from one of it, 3 the table's owner, 4 whether that is a
 * superuser, 5 whether it is the current user.  NULL: *e set.
 */
PGresult *bk_guard_columns(PGconn *conn, int shared, const char *view,
    const char *table, struct bk_err *e);

#endif
