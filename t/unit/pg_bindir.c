/* pg/bindir: the version that is wanted, wherever it is; bk-pg comes last. */
#include "pg/bindir.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "starve.h"
#include "tap.h"

static char top[] = "/tmp/bk-bindir.XX" "XX" "XX";
static char *env[] = { NULL };

/* A program that says it is of this version, in top/dir/bin. */
static void
put(const char *dir, int major)
{
	char path[PATH_MAX];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", top, dir);
	(void)mkdir(path, 0700);
	(void)strcat(path, "/bin");
	(void)mkdir(path, 0700);
	(void)strcat(path, "/bk_no_such");
	f = fopen(path, "we");
	ok(f != NULL && fprintf(f, "#!/bin/sh\n"
	    "echo 'bk_no_such (PostgreSQL) %d.1'\n", major) > 0 &&
	    fclose(f) == 0 && chmod(path, 0700) == 0, "%s", path);
}

/* The directory below top where one for server is found, "" if nowhere. */
static const char *
found(const struct bk_bindir *b, int server)
{
	static char dir[64];
	struct bk_buf out = {0};
	struct bk_err e = {0};

	*dir = '\0';
	if (bk_bindir_find(b, "bk_no_such", server, &out, &e) == 0)
		(void)snprintf(dir, sizeof(dir), "%.*s",
		    (int)strcspn(out.data + strlen(top) + 1, "/"),
		    out.data + strlen(top) + 1);
	bk_buf_free(&out);
	return dir;
}

/* What is to be installed where nothing is. */
static int
says(const char *program, const char *package)
{
	struct bk_bindir b = { .dir = top, .env = env };
	struct bk_buf out = {0};
	struct bk_err e = {0};
	int rc = bk_bindir_find(&b, program, 15, &out, &e);

	bk_buf_free(&out);
	return rc == -1 && strstr(e.msg, package) != NULL;
}

static int
find_job(void *arg, struct bk_err *e)
{
	static const struct bk_bindir_range range = { 15, 14, 16 };
	struct bk_buf out = {0};
	int rc = bk_bindir_find(arg, "bk_no_such", 15, &out, e);

	if (rc == 0)
		rc = bk_bindir_find_range(arg, "bk_no_such", &range, &out, e);
	bk_buf_free(&out);
	return rc;
}

int
main(void)
{
	char pg[64], path[64], only[64], rm[64];
	struct bk_bindir b = { .path = path, .bundled = pg, .env = env };

	ok(mkdtemp(top) != NULL, "a temporary directory");
	(void)snprintf(pg, sizeof(pg), "%s", top);
	(void)snprintf(path, sizeof(path), "%s/host/bin", top);
	(void)snprintf(only, sizeof(only), "%s/15/bin", top);
	ok(*found(&b, 15) == '\0', "nowhere");
	ok(says("pg_dump", "install postgresql-client-15 or") &&
	    says("postgres", "install postgresql-15 or"), "which is told");
	put("15", 15);
	put("17", 17);
	ok(strcmp(found(&b, 15), "15") == 0, "of the server's version");
	ok(strcmp(found(&b, 16), "17") == 0, "or else a newer one");
	ok(*found(&b, 18) == '\0', "never an older one");
	put("host", 16);
	ok(strcmp(found(&b, 16), "host") == 0, "the host's, if it is that");
	ok(strcmp(found(&b, 17), "17") == 0, "even if the host has another");
	b.dir = only;
	ok(*found(&b, 17) == '\0', "one directory alone, if that is demanded");
	b.dir = NULL;
	(void)snprintf(path, sizeof(path), "%s/15/bin", top);
	starve("a search", STARVE_BUFFER, find_job, &b);
	(void)snprintf(path, sizeof(path), "%s/host/bin", top);
	b.bundled = NULL;
	ok(*found(&b, 17) == '\0', "and nothing stands beside");
	(void)snprintf(rm, sizeof(rm), "rm -r '%s'", top);
	ok(system(rm) == 0, "removed");
	return tap_done();
}
