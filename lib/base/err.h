#ifndef BK_BASE_ERR_H
#define BK_BASE_ERR_H
/*
 * One failure, carried from where it was seen to the one place that prints it
 * (bin/tool.c).  lib never prints: it fills a struct bk_err and returns -1 or
 * NULL.  The first failure is kept: what a clean-up path reports on top of it
 * is dropped, so the message names the cause and not its consequences.  To
 * try again with the same struct, clear it first: e = (struct bk_err){0}.
 *
 * A message is "object: cause" and, where there is one, "; remedy": one line,
 * no full stop, never a secret.  The tool's name is put before it on printing.
 */

enum bk_code {		/* also the exit statuses of every tool, see bk(7) */
	BK_OK = 0,
	BK_FAIL = 1,	/* could not do it: I/O, network, database, memory */
	BK_USAGE = 2,	/* wrong call; nothing was read or written */
	BK_DATA = 3,	/* input refused: damaged, unfinished, wrong key */
	BK_NONE = 4,	/* nothing there */
	BK_BUSY = 5,	/* try again later */
};

struct bk_err {
	enum bk_code code;	/* BK_OK: nothing failed yet */
	int quiet;		/* the reader of our output left: say nothing */
	char msg[1024];		/* when longer, its middle is "..." */
};

/* Record a failure; returns -1, so that a caller can return bk_fail(...). */
int bk_fail(struct bk_err *e, enum bk_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with BK_FAIL and ": " strerror(errno) behind it; EPIPE is quiet. */
int bk_fail_errno(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Add to the message of a failure that there is: "; what it means". */
void bk_fail_add(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "out of memory", for the one allocation failure every caller has. */
int bk_fail_memory(struct bk_err *e);

#endif
