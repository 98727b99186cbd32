/* recovery/recover: a server that ends, or lets nobody in. */
#define _XOPEN_SOURCE 700	/* nftw */
#include <sys/stat.h>

#include <stdlib.h>

#include "odd_server.h"
#include "pg/sql.h"
#include "recovery/recover.h"
#include "tap.h"
#include "wipe.h"

/* Has it linked: its calls go by way of t/support/starve.c, which does not. */
PGresult *(*const recovery_start_links)(PGconn *conn) = bk_sql_result;

static char top[100];
static struct odd_server server = { .fd = -1 };

/* In the place of pg_ctl, which starts nothing, say; then this is done. */
static void
put_program(const char *name, const char *then)
{
	char path[256], sh[600];
	int n = snprintf(sh, sizeof(sh), "#!/bin/sh\n"
	    "case $1 in --version)\n"
	    "	echo '%s (PostgreSQL) 15.1'; exit ;;\n"
	    "esac\ncd '%s' || exit\n%s\n", name, top, then);

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	put_file(path, sh, (size_t)n);
	(void)chmod(path, 0700);
}

static int
start(int pause, struct bk_recovered *where, struct bk_err *e)
{
	char *env[] = { "PATH=/usr/bin:/bin", NULL };
	struct bk_bindir programs = { .dir = top, .env = env };
	const struct bk_proof proof = { .timeline = 1 };
	atomic_int child = 0;
	const struct bk_recover_server s = { .dir = top, .major = 15,
	    .pause = pause, .programs = &programs, .proof = &proof,
	    .child = &child };

	return bk_recover_start(&s, where, e);
}

static void
refused(const char *says)
{
	struct bk_recovered where;
	struct bk_err e = {0};

	ok(start(1, &where, &e) == -1 && strcmp(e.msg, says) == 0, "%s",
	    e.msg);
}

int
main(void)
{
	struct bk_recovered where;
	struct bk_err e = {0};
	char says[300], path[256];

	alarm(60);			/* a hang is a failure */
	if (make_scratch(top, "recover") == -1 ||
	    odd_start(&server, top) == -1)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/postgresql.conf", top);
	put_file(path, "", 0);
	put_program("pg_ctl", "");
	(void)snprintf(says, sizeof(says), "%s: the server ended; see %s/"
	    "bk-pitr.log", top, top);
	refused(says);
	/* of a process that lives: ours; first it is told to come later */
	server.answer = (const char *const[]){ "~starting up", "",
	    "!not you", NULL };
	put_program("pg_ctl",
	    "printf '%s\\n' $PPID . 0 1 \"$PWD\" >postmaster.pid");
	refused("not you; the server runs, and pauses at the target");
	/* a target that is the end can be seen without being let in */
	server.answer = (const char *const[]){ "", "!not you", NULL };
	put_program("pg_controldata", "echo 'state: in production'");
	ok(start(0, &where, &e) == 0 && !where.asked, "promoted: %s", e.msg);
	put_program("pg_controldata", "exit 1");
	ok(start(0, &where, &e) == -1, "or not known: %s", e.msg);
	odd_stop(&server);
	wipe_tree(top);
	return tap_done();
}
