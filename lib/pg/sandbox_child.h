#ifndef BK_PG_SANDBOX_CHILD_H
#define BK_PG_SANDBOX_CHILD_H
/*
 * Run a program that may do what somebody hostile tells it: in a child, as a
 * user with few rights, in an environment that says nothing, and where Linux
 * lets us (namespaces(7)) out of reach of networks, processes and most files.
 */
#include <sys/types.h>

#include <stdatomic.h>

enum {			/* what it gets of its own, in addition to user and
			 * environment */
	BK_CONFINE_FILES = 1,	/* a root with programs, /etc, five devices and
				 * dir alone, only the last of them writable */
	BK_CONFINE_PIDS = 2,	/* processes and shared memory: it sees and
				 * signals its own, which end with it */
	BK_CONFINE_NET = 4,	/* a network: none */
	BK_CONFINE_ALL = 7
};

struct bk_confine {
	unsigned limits;	/* of the above */
	int other;		/* we are root, who must become */
	uid_t uid;
	gid_t gid;
	const char *dir;	/* absolute: the one to write to */
	const char *program;	/* absolute: what has to stay visible */
	char *const *env;
};

/*
 * Run argv, a path first, with its output in the file log (NULL: discarded),
 * and wait for it, at most so many seconds.  0 if it was confined as c says and
 * exited 0.
 */
int bk_confine_run(const struct bk_confine *c, char *const argv[],
    const char *log, unsigned seconds);

/*
 * The same, without waiting: *pid is then what bk_confine_end() takes, and the
 * descriptor *alive is at its end when the program has ended.
 * What was started ends with the calling process, too.  0, or -1 with *pid 0
 * and *alive -1.
 */
int bk_confine_start(const struct bk_confine *c, char *const argv[],
    const char *log, atomic_int *pid, int *alive);

/*
 * End it, with all that it has started where it has processes of its own, and
 * wait for that: half a minute where it has not, else no longer than SIGKILL
 * takes.  *pid is 0 and *alive closed and -1 afterwards; 0 does nothing.
 */
void bk_confine_end(atomic_int *pid, int *alive);

#endif
