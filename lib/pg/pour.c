#include "pour.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "pour_scan.h"
#include "io.h"
#include "restore_client.h"

struct bk_pour {
	struct bk_child child;
	int fd;			/* its standard input; -1: closed */
	pthread_t listener;
	int listening;
};

static int
begins(const void *head, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(head, with, strlen(with)) == 0;
}

enum bk_pour_kind
bk_pour_recognise(const void *head, size_t n)
{
	static const char *const sql[] = { "--", "SET ", "\\", "/*", "BEGIN",
	    "CREATE ", "SELECT ", "\n" };
	size_t i;

	if (begins(head, n, "PGDMP"))
		return BK_POUR_ARCHIVE;
	if (begins(head, n, "\x1f\x8b"))
		return BK_POUR_GZIP;
	if (begins(head, n, "\x28\xb5\x2f\xfd"))
		return BK_POUR_ZSTD;
	if (begins(head, n, "age-encryption.org/") ||
	    begins(head, n, "-----BEGIN AGE ENCRYPTED FILE") ||
	    begins(head, n, "bk-crypt/"))
		return BK_POUR_CRYPT;
	if (n > 262 && begins(head, n, "toc.dat") &&
	    begins((const char *)head + 257, n - 257, "ustar"))
		return BK_POUR_TAR;
	if (memchr(head, '\0', n) != NULL)
		return BK_POUR_UNKNOWN;
	if (bk_pour_holds(head, n, "PostgreSQL database cluster dump"))
		return BK_POUR_CLUSTER;
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
		if (begins(head, n, sql[i]))
			return BK_POUR_SQL;
	return BK_POUR_UNKNOWN;
}

int
bk_pour_refuse(enum bk_pour_kind kind, const char *name, struct bk_err *e)
{
	switch (kind) {
	case BK_POUR_ARCHIVE: case BK_POUR_TAR: case BK_POUR_SQL:
		return 0;
	case BK_POUR_GZIP:
		return bk_fail(e, BK_DATA, "%s: is gzip; put bk-gz -d before "
		    "bk-restore", name);
	case BK_POUR_ZSTD:
		return bk_fail(e, BK_DATA, "%s: is zstd; put bk-zst -d before "
		    "bk-restore", name);
	case BK_POUR_CRYPT:
		return bk_fail(e, BK_DATA, "%s: is encrypted; put bk-crypt -d "
		    "before bk-restore", name);
	case BK_POUR_CLUSTER:
		return bk_fail(e, BK_DATA, "%s: is a whole cluster's dump "
		    "(pg_dumpall), which is not one database's; give it to "
		    "psql -X -v ON_ERROR_STOP=1 -d postgres", name);
	default:
		return bk_fail(e, BK_DATA, "%s: is no dump of a PostgreSQL "
		    "database", name);
	}
}

/* Hear what it says, so that it never waits for us. */
static void *
listen_to(void *arg)
{
	struct bk_pour *f = arg;
	struct bk_err ignored = {0};
	char buf[4096];

	while (bk_child_read(&f->child, buf, sizeof(buf), &ignored) > 0)
		;
	return NULL;
}

struct bk_pour *
bk_pour_open(char *const argv[], char *const env[],
    atomic_int *watch, struct bk_err *e)
{
	struct bk_pour *f = calloc(1, sizeof(*f));
	sigset_t all, old;
	int p[2], rc;

	if (f == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*f = (struct bk_pour){ .child = BK_CHILD_NONE, .fd = -1 };
	f->child.watch = watch;
	if (bk_io_pipe(p, e) == -1) {
		free(f);
		return NULL;
	}
	bk_io_pipe_grow(p[1]);
	f->fd = p[1];
	f->child.in = p[0];
	rc = bk_child_start(&f->child, argv, env, e);
	close(p[0]);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	if (rc == 0 && (rc = pthread_create(&f->listener, NULL, listen_to,
	    f)) != 0)
		bk_fail(e, BK_FAIL, "cannot start a thread: %s", strerror(rc));
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0) {
		f->listening = 1;
		return f;
	}
	bk_pour_free(f);
	return NULL;
}

int
bk_pour_write(struct bk_pour *f, const void *p, size_t n, struct bk_err *e)
{
	const char *at = p;
	ssize_t w;

	while (n > 0 && f->fd != -1) {
		if ((w = write(f->fd, at, n)) >= 0) {
			at += w;
			n -= (size_t)w;
		} else if (errno == EPIPE) {
			return bk_pour_finish(f, e);	/* says why */
		} else if (errno != EINTR) {
			return bk_fail_errno(e, "%s: write", f->child.name);
		}
	}
	return 0;
}

static void
hang_up(struct bk_pour *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	if (f->listening)
		pthread_join(f->listener, NULL);
	f->listening = 0;
}

int
bk_pour_finish(struct bk_pour *f, struct bk_err *e)
{
	hang_up(f);
	return f->child.pid > 0 ? bk_child_wait(&f->child, e) : 0;
}

void
bk_pour_free(struct bk_pour *f)
{
	if (f == NULL)
		return;
	/* before its input ends, lest it take that for the end */
	if (f->child.pid > 0)
		(void)kill(f->child.pid, SIGTERM);
	hang_up(f);
	bk_child_free(&f->child);
	free(f);
}

/* Look at what passes; -1 with *e set if it must not be loaded. */
static int
scan(struct bk_pour_scan *s, enum bk_pour_kind kind, const char *name,
    const char *p, size_t n, struct bk_err *e)
{
	if (kind == BK_POUR_TAR)
		bk_pour_scan_tar(s, p, n);
	else if (bk_pour_scan_sql(s, p, n) == -1)
		return bk_fail(e, BK_DATA, "%s: goes to another database "
		    "(\\connect); dump it without --create", name);
	return 0;
}

/* Was that all?  What a seal has vouched for need not look like pg_dump's. */
static int
check_end(const struct bk_pour_scan *s, enum bk_pour_kind kind,
    const char *name, int demand_end, struct bk_err *e)
{
	if (kind == BK_POUR_TAR && !bk_pour_scan_tar_ended(s))
		return bk_fail(e, BK_DATA, "%s: unfinished: the tar has no "
		    "end", name);
	if (kind == BK_POUR_SQL && demand_end && !bk_pour_scan_sql_ended(s))
		return bk_fail(e, BK_DATA, "%s: unfinished: it ended without "
		    "pg_dump's last line", name);
	return 0;
}

static int
copy_all(struct bk_pour *f, enum bk_pour_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_err *e)
{
	char *buf = malloc(BK_IO_BUFSZ);
	struct bk_pour_scan s = { .col = 0 };
	ssize_t n = -1;
	int rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	while ((n = src.read(src.ctx, buf, BK_IO_BUFSZ, e)) > 0) {
		if (scan(&s, kind, name, buf, (size_t)n, e) == -1 ||
		    bk_pour_write(f, buf, (size_t)n, e) == -1)
			goto done;
		atomic_fetch_add(&o->progress->bytes, (size_t)n);
	}
	if (n == 0)
		rc = check_end(&s, kind, name, demand_end, e);
 done:
	free(buf);
	return rc;
}

/* The program for kind, and its arguments. */
static int
find_program(enum bk_pour_kind kind, const struct bk_restore_options *o,
    struct bk_buf *out, struct bk_err *e)
{
	struct bk_bindir_range range = { .min = 10, .max = INT_MAX };
	PGconn *conn = bk_conn_again(o->params, e);

	if (conn == NULL)
		return -1;
	range.wanted = PQserverVersion(conn) / 10000;
	PQfinish(conn);
	if (kind == BK_POUR_TAR && range.wanted < 17)
		range.max = 16;		/* see restore_ddl.c */
	return bk_bindir_find_range(&o->bindir, kind == BK_POUR_TAR ?
	    "pg_restore" : "psql", &range, out, e);
}

int
bk_pour_run(enum bk_pour_kind kind, struct bk_source src, const char *name,
    const struct bk_restore_options *o, int demand_end, struct bk_err *e)
{
	static char *const psql[] = { "--no-psqlrc", "--quiet",
	    "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-", NULL };
	static char *const tar[] = { "--format=tar", NULL };
	struct bk_restore_client c;
	struct bk_pour *f = NULL;
	int rc = -1;

	if (kind == BK_POUR_SQL && (o->no_owner || o->no_acl ||
	    o->role != NULL))
		return bk_fail(e, BK_USAGE, "%s: is SQL, in which owners and "
		    "privileges cannot be left out; dump it without them",
		    name);
	if (bk_restore_client_open(&c, o, e) == -1 ||
	    find_program(kind, o, &c.program, e) == -1 ||
	    (f = bk_restore_client_pour(&c, kind == BK_POUR_SQL,
	    kind == BK_POUR_SQL ? psql : tar, e)) == NULL ||
	    copy_all(f, kind, src, name, o, demand_end, e) == -1)
		goto done;
	rc = bk_pour_finish(f, e);
 done:
	bk_pour_free(f);
	bk_restore_client_close(&c);
	return rc;
}
