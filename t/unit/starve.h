#ifndef BK_T_UNIT_STARVE_H
#define BK_T_UNIT_STARVE_H
/*
 * What a function of ours makes of each call of the system that fails.
 *
 *	static int
 *	job(void *arg, struct bk_err *e)
 *	{
 *		... 0, or -1 with e set; nothing allocated or open is left
 *	}
 *
 *	starve("job", STARVE_MEMORY, job, arg);
 *
 * calls job() again and again, and makes the first, second, ... call of that
 * kind in it fail, until job() no longer makes so many.  It is to return 0
 * all the same, with *e clear, or -1 with a message; and 0 when nothing
 * fails; and to leave no file open.  One check of TAP.  t/support/starve.c
 * has which calls are of which kind: those of lib, not those that libraries
 * make among themselves.
 */
#include <time.h>

#include "base/err.h"

enum starve_kind {
	STARVE_MEMORY,		/* ENOMEM */
	STARVE_BUFFER,		/* base/buf.h, as if each call allocated */
	STARVE_THREAD,		/* EAGAIN: threads, mutexes, processes */
	STARVE_READ,		/* EIO */
	STARVE_WRITE,		/* ENOSPC */
	STARVE_OPEN,		/* EMFILE */
	STARVE_SYNC,		/* EIO */
	STARVE_STAT,		/* EIO: also lseek(2) and such */
	STARVE_NAME,		/* EIO: mkdir(2), rename(2), unlink(2), ... */
	STARVE_SQL,		/* the server's connection is lost before it */
	STARVE_KINDS
};

typedef int starve_job(void *arg, struct bk_err *e);

void starve(const char *what, enum starve_kind kind, starve_job *job,
    void *arg);

/*
 * The same, but of calls from one place, as seen by who called whom, the first
 * alone: for jobs that take milliseconds.
 */
void starve_place(const char *what, enum starve_kind kind, starve_job *job,
    void *arg);
void starve_places(const char *what, starve_job *job, void *arg);

/* So many seconds by which time(2) is ahead, in lib. */
extern time_t starve_ahead;

/* In a job: what is between these never fails. */
void starve_pause(void);
void starve_go_on(void);

/*
 * jansson's memory does not fail from here on: it crashes where it lacks any
 * for a long string (json_parse.h).
 */
void starve_not_json(void);

/* All kinds, one after the other. */
void starve_all(const char *what, starve_job *job, void *arg);

#endif
