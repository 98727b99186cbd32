#ifndef BK_JOB_PLAIN_H
#define BK_JOB_PLAIN_H
/*
 * Which shell text can be rehearsed: run by a shell, with tools that do
 * nothing, and so that nothing else is run or written.  That is text of which
 * little is left to a shell:
 *
 *	pipelines, one a line, of words with '|' between the commands;
 *	'#' to the end of the line; a backslash before a newline;
 *	words with 'quotes', "quotes" and backslashes; in them and outside
 *	$NAME, ${NAME} and ${NAME:-word}, also with - :? ? :+ +, where word
 *	has nothing that a shell knows;
 *	a command's first word is a tool of bk, as it is; before that may stand
 *	env, and assignments to AWS_*, BK_*, PG* and TZ.
 *
 * No redirection, no ';', '&', "&&" or "||", no command substitution, no
 * parentheses, no other command.  Not a parser of the shell: the shell does the
 * parsing, of text of which this is true in any state that it can be in.
 */
#include "base/err.h"

/* The tools that can be rehearsed, ended by NULL. */
extern const char *const bk_job_tools[];

/*
 * 0: text is such; each() was called for every tool that it names as a command,
 * in their order.  -1 with *e set: to what is not, "'tar', which is no tool of
 * bk"; or each() has failed.  It is called before the rest is known.
 */
int bk_job_plain(const char *text,
    int (*each)(void *arg, const char *tool, struct bk_err *e), void *arg,
    struct bk_err *e);

#endif
