#ifndef BK_BASE_ERR_H
#define BK_BASE_ERR_H
/*
 * One failure, carried from where it occurs to the one place that prints it
 * (bin/tool/tool.c).  lib never prints: it fills a struct bk_err and returns
 * -1 or NULL.  The first failure is kept: what a clean-up path reports on top
 * of it is dropped, so the message names the cause and not its consequences.
 * To reuse the struct, clear it first: e = (struct bk_err){0}.  Only where the
 * caller carries on in any case, to parse the other options or to return every
 * buffer, may functions be void and e->code be checked once, after them all.
 *
 * A message is "object: cause" and, where there is one, "; remedy": one line,
 * no full stop, never a secret.  The tool's name is prepended on printing.
 */

enum bk_code {		/* also the exit statuses of every tool, see bk(7) */
	BK_OK = 0,
	BK_FAIL = 1,	/* failed: I/O, network, database, memory */
	BK_USAGE = 2,	/* usage error; nothing was written */
	BK_DATA = 3,	/* input refused: damaged, unfinished, wrong key */
	BK_NONE = 4,	/* nothing found */
	BK_BUSY = 5,	/* try again later */
};

struct bk_err {
	enum bk_code code;	/* BK_OK: nothing failed yet */
	int quiet;		/* do not print: EPIPE, or reported before */
	int empty;		/* because not one byte of input has come */
	char msg[1024];		/* a longer one has "..." in the middle */
};

/*
 * Record a failure; the value is -1, so that a caller can return bk_fail(...).
 * Macros, so that compilers and analyzers, which see one file at a time, know
 * the -1 and follow no path on which a failure counts as a success.
 */
#define bk_fail(...) (bk_fail_(__VA_ARGS__), bk_failed_())

/* The same with BK_FAIL and ": " strerror(errno) appended; EPIPE is quiet. */
#define bk_fail_errno(...) (bk_fail_errno_(__VA_ARGS__), bk_failed_())

/* "out of memory". */
#define bk_fail_memory(e) (bk_fail_memory_(e), bk_failed_())

/* Append to the message of a recorded failure: "; what it means". */
void bk_fail_add(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* What the macros call. */
void bk_fail_(struct bk_err *e, enum bk_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void bk_fail_errno_(struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void bk_fail_memory_(struct bk_err *e);

static inline int
bk_failed_(void) /* a call, so that no compiler warns of an unused value */
{
	return -1;
}

#endif
