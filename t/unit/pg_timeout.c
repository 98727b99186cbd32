/*
 * pg/timeout: an answer that there was no memory for is asked for again.  The
 * server says COPY ... and then waits for us.
 */
#include "pg/timeout.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "pg/conn.h"
#include "pg/sql.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static const char welcome[] = "R\0\0\0\10\0\0\0\0" "Z\0\0\0\5I",
    copy_in[] = "G\0\0\0\11\0\0\1\0\0";

/* One connection: what it asks for is COPY. */
static void
serve(int listener)
{
	int fd = accept(listener, NULL, NULL);
	char buf[4096];

	if (fd == -1 || read(fd, buf, sizeof(buf)) <= 0 ||
	    write(fd, welcome, sizeof(welcome) - 1) == -1 ||
	    read(fd, buf, sizeof(buf)) <= 0 ||
	    write(fd, copy_in, sizeof(copy_in) - 1) == -1)
		_exit(1);
	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	_exit(0);
}

static PGconn *
connect_to_child(pid_t *pid)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(a);
	char info[100];
	PGconn *conn;

	if (s == -1 || bind(s, (struct sockaddr *)&a, n) == -1 ||
	    listen(s, 1) == -1 ||
	    getsockname(s, (struct sockaddr *)&a, &n) == -1)
		return NULL;
	if ((*pid = fork()) == 0)
		serve(s);
	close(s);
	(void)snprintf(info, sizeof(info), "host=127.0.0.1 port=%d user=u "
	    "dbname=d sslmode=disable gssencmode=disable", ntohs(a.sin_port));
	conn = PQconnectdb(info);
	if (!ok(PQstatus(conn) == CONNECTION_OK, "there is a connection"))
		printf("# %s", PQerrorMessage(conn));
	return conn;
}

static struct rlimit before;

static void
give_memory_back(int signo)
{
	(void)signo;
	(void)setrlimit(RLIMIT_AS, &before);
}

/* All that the process can have, until SIGUSR1. */
static void
take_all_memory(void)
{
	struct rlimit now;
	size_t n;

	if (getrlimit(RLIMIT_AS, &before) == -1)
		_exit(1);
	now = (struct rlimit){ 1, before.rlim_max };
	if (setrlimit(RLIMIT_AS, &now) == -1)
		_exit(1);
	for (n = (size_t)1 << 26; n >= 1; n /= 2)
		while (malloc(n) != NULL)
			continue;
}

/* The answer to COPY, 0 if it has begun. */
static int
answer(PGconn *conn, struct bk_err *e)
{
	PGresult *res = bk_sql_result(conn);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_COPY_IN)
		rc = bk_conn_fail(conn, res, "t", e);
	PQclear(res);
	return rc;
}

static void
test_memory(void)
{
	struct bk_err e = {0};
	pid_t pid = -1;
	PGconn *conn = connect_to_child(&pid);

	is_int(bk_sql_send(conn, "COPY t FROM stdin"), 1, "COPY is sent");
	is_int(answer(conn, &e), 0, "with memory it begins");
	PQfinish(conn);
	(void)waitpid(pid, NULL, 0);
}

/* A child gives it back. */
static void
test_none(void)
{
	struct sigaction back = { .sa_handler = give_memory_back };
	struct bk_err e = {0};
	pid_t pid = -1, giver;
	PGconn *conn = connect_to_child(&pid);

	(void)sigaction(SIGUSR1, &back, NULL);
	is_int(bk_sql_send(conn, "COPY t FROM stdin"), 1, "COPY is sent");
	if ((giver = fork()) == 0) {
		(void)sleep(1);		/* most likely, asked in vain */
		(void)kill(getppid(), SIGUSR1);
		_exit(0);
	}
	take_all_memory();
	is_int(answer(conn, &e), 0, "it begins when there is memory again");
	PQfinish(conn);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)waitpid(giver, NULL, 0);
}

int
main(void)
{
	alarm(20);
	test_memory();
	if (SANITIZED)
		printf("# a sanitizer's malloc has memory of its own\n");
	else
		test_none();
	return tap_done();
}
