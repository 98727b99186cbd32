#ifndef BK_ARCHIVE_SQLTEXT_H
#define BK_ARCHIVE_SQLTEXT_H
/*
 * A streaming reader of SQL scripts, as psql reads them: it finds where
 * statements, comments, psql's own commands and the data of COPY begin and end,
 * despite quotes, dollar quotes, comments, parentheses and bodies of
 * BEGIN ATOMIC (lexical rules: PostgreSQL manual, 4.1, and its scan.l).  Lines
 * end with a newline, or with carriage return and newline.
 *
 * It differs from psql where psql differs from the server: a body begins with
 * the words BEGIN ATOMIC, next to each other, and not with a name "begin".
 *
 * Memory: the longest statement, if statements are kept.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Called while the text is read; each returns 0, or -1 with *e set, which ends
 * the reading.  A NULL one is not called.
 */
struct bk_sqltext_events {
	/*
	 * A statement with its ';', comments being blanks; sql is NULL unless
	 * statements are kept.  *copy: set if data of COPY follow, by the words
	 * "COPY ... FROM stdin"; the callee may know better.
	 */
	int (*statement)(void *ctx, const char *sql, int *copy,
	    struct bk_err *e);
	/* "-- text", without its newline, at most 255 bytes of it. */
	int (*comment)(void *ctx, const char *text, struct bk_err *e);
	/* A command of psql: from any backslash outside of quotes to the
	 * end of the line, at most 255 bytes of it. */
	int (*command)(void *ctx, const char *text, struct bk_err *e);
	/* A piece of the lines of COPY, with their newlines; and their end. */
	int (*data)(void *ctx, const char *p, size_t n, struct bk_err *e);
	int (*data_end)(void *ctx, struct bk_err *e);
	/* The script says SET client_encoding = 'NAME', or SET NAMES. */
	int (*encoding)(void *ctx, const char *name, struct bk_err *e);
	/* How many bytes the character has that begins at s, which has four
	 * bytes, by the encoding in force; NULL: no byte of one looks like
	 * ASCII. */
	int (*length)(void *ctx, const char *s);
	/* 1 if standard_conforming_strings is off; NULL: if the script says
	 * so. */
	int (*escapes)(void *ctx);
};

struct bk_sqltext;

/* name (borrowed) is for messages; keep: 1 to keep statements.  NULL: *e. */
struct bk_sqltext *bk_sqltext_new(const char *name, int keep,
    const struct bk_sqltext_events *events, void *ctx, struct bk_err *e);
void bk_sqltext_free(struct bk_sqltext *t);	/* NULL is fine */

/* Read the next n bytes.  -1 with *e set: BK_DATA, or an event's failure. */
int bk_sqltext_feed(struct bk_sqltext *t, const char *p, size_t n,
    struct bk_err *e);

/* BK_DATA if the text ends within a string, a statement, or COPY's data. */
int bk_sqltext_end(const struct bk_sqltext *t, struct bk_err *e);

/* BK_DATA: "name: line N: problem"; returns -1. */
int bk_sqltext_fail(const struct bk_sqltext *t, const char *problem,
    struct bk_err *e);

uint64_t bk_sqltext_line(const struct bk_sqltext *t);	/* from 1 */

#endif
