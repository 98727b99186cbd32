#ifndef BK_ARCHIVE_SQLTEXT_IN_H
#define BK_ARCHIVE_SQLTEXT_IN_H
/* Internal: shared by sqltext.c and sqltext_copy.c only. */
#include "archive/sqltext.h"
#include "base/buf.h"

#define WORD_MAX 256		/* of a comment, psql's command, dollar tag */
#define TAIL_MAX 16		/* its last bytes */
#define NAME_BYTES 16		/* longer than any word that matters */

enum bk_sql_state {
	PLAIN, COMMENT, BLOCK_COMMENT, STRING, ESTRING, IDENTIFIER, DOLLAR_TAG,
	DOLLAR, COMMAND, COPY_LINE, COPY
};

struct bk_sql_word {			/* text, truncated to the bound */
	char text[WORD_MAX];
	size_t len;
};

struct bk_sqltext {
	const char *name;
	int keep;
	struct bk_sqltext_events on;
	void *ctx;
	enum bk_sql_state state;
	int depth;		/* of block comments */
	char prev, prev2;	/* the two preceding bytes; 0: consumed */
	int escaped;		/* in an ESTRING, after a backslash */
	int escapes;		/* standard_conforming_strings = off */
	/* an ESTRING has ended: a quote after blanks with a newline, and
	 * comments of one line, goes on with it */
	int goes_on;		/* 1: so far; 2: there was a newline */
	int went_on;		/* the same before a '-' */
	/* a character of several bytes: its bytes so far, how many are to
	 * come, and the one that is being read */
	char bytes[4];
	int nbytes, more;
	char raw;
	struct bk_sql_word word;	/* comment, command, dollar tag */
	struct bk_sql_word tag;	/* of the dollar quote we are in */
	/* the statement */
	struct bk_buf sql;
	char tail[TAIL_MAX];
	uint64_t len;		/* 0: between two */
	int parens;		/* open */
	char unquoted[NAME_BYTES];	/* the unquoted word being read */
	size_t name_len;
	int words;		/* before that one */
	char first[4];		/* initials of the first ones, if known */
	int begins;		/* BEGIN ATOMIC and CASE without their END */
	int begun;		/* the last word was BEGIN, with nothing but
				 * blanks after it */
	/* the data of COPY: a line's first bytes, withheld */
	char line_head[4];
	size_t held;
	int in_line;		/* after them */
	uint64_t line;
};

/*
 * Lines of COPY from the n bytes at p; *taken: how much was read.  0, or -1
 * with *e set.
 */
int bk_sqltext_rows(struct bk_sqltext *t, const char *p, size_t n,
    size_t *taken, struct bk_err *e);

#endif
