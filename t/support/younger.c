/*
 * LD_PRELOAD: the server is PostgreSQL $YOUNGER, whatever it is, for all but
 * PostgreSQL's own programs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

int
PQserverVersion(const PGconn *conn)
{
	int (*real)(const PGconn *) = (int (*)(const PGconn *))(intptr_t)
	    dlsym(RTLD_NEXT, "PQserverVersion");
	const char *major = getenv("YOUNGER");

	if (major == NULL || strncmp(program_invocation_short_name, "bk-",
	    3) != 0)
		return real(conn);
	return atoi(major) * 10000;
}
