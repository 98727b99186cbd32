#ifndef BK_BASE_ERR_H
#define BK_BASE_ERR_H
/*
 * One failure, carried from where it was seen to the one place that prints it
 * (bin/tool.c).  lib never prints: it fills a struct bk_err and returns -1 or
 * NULL.  The first failure is kept: what a clean-up path reports on top of it
 * is dropped, so the message names the cause and not its consequences.  To
 * try again with the same struct, clear it first: e = (struct bk_err){0}.
 * Only where the caller carries on in any case, to read the other options or
 * to hand every buffer back, may a function be void and e->code be looked at
 * once, behind them all.
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

/*
 * Record a failure, and be -1, so that a caller can return bk_fail(...).  They
 * are macros for those who read one file at a time: compilers and analyzers
 * see the -1, and follow no path on which a failure counts as a success.
 */
#define bk_fail(...) (bk_fail_(__VA_ARGS__), bk_failed_())

/* The same with BK_FAIL and ": " strerror(errno) behind it; EPIPE is quiet. */
#define bk_fail_errno(...) (bk_fail_errno_(__VA_ARGS__), bk_failed_())

/* "out of memory", for the one allocation failure every caller has. */
#define bk_fail_memory(e) (bk_fail_memory_(e), bk_failed_())

/* Add to the message of a failure that there is: "; what it means". */
void bk_fail_add(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What the macros call. */
void bk_fail_(struct bk_err *e, enum bk_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void bk_fail_errno_(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void bk_fail_memory_(struct bk_err *e);

static inline int
bk_failed_(void) /* a call, of which no compiler says that it is unused */
{
	return -1;
}

#endif
