#ifndef BK_PG_CONFINE_H
#define BK_PG_CONFINE_H
/*
 * Run a program that may do what somebody hostile tells it: in a child, as a
 * user with few rights, in an environment that says nothing, and where Linux
 * lets us (namespaces(7)) out of reach of networks and of most files.
 */
#include <sys/types.h>

enum bk_confine_level {
	BK_CONFINE_USER,	/* only the user and the environment */
	BK_CONFINE_NET,		/* and a network of its own: none */
	BK_CONFINE_FILES	/* and no file but programs and one directory:
				 * the others are read-only, and those of
				 * users and services cannot be seen */
};

struct bk_confine {
	enum bk_confine_level level;
	int other;		/* we are root, who must become */
	uid_t uid;
	gid_t gid;
	const char *dir;	/* absolute: the one to write to */
	const char *program;	/* absolute: what has to stay visible */
	char *const *env;
};

/*
 * Run argv, a path first, with its output in the file log (NULL: discarded),
 * and wait for it.  0 if it was confined as c says and exited 0.  What it
 * leaves running stays confined.
 */
int bk_confine_run(const struct bk_confine *c, char *const argv[],
    const char *log);

#endif
