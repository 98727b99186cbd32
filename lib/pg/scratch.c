#define _DEFAULT_SOURCE		/* setgroups(2) */
#include "base/debug.h"
#include "pg/scratch.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"

#define FDS 1024		/* descriptors that may be open */
#define DIR_MAX 80		/* a socket's path has at most 107 bytes */

/*
 * Nobody else uses it and it is removed with us: nothing need be durable.  The
 * port is only part of the socket's name.
 */
static const char options[] = "-c listen_addresses= -c port=5432 "
    "-c unix_socket_permissions=0700 -c fsync=off -c full_page_writes=off "
    "-c synchronous_commit=off -c wal_level=minimal -c max_wal_senders=0 "
    "-c max_wal_size=8GB -c checkpoint_timeout=1h -c autovacuum=off "
    "-c shared_buffers=128MB -c maintenance_work_mem=256MB "
    "-c max_connections=300 -c max_locks_per_transaction=1024 "
    "-c logging_collector=off -c shared_preload_libraries= "
    "-c archive_mode=off -c ssl=off -c unix_socket_directories=";

/* Read a line of at most cap - 1 bytes, without its newline; 0 or -1. */
static int
read_line(int fd, char *line, size_t cap)
{
	size_t n = 0;
	ssize_t r;

	while (n < cap - 1) {
		if ((r = read(fd, line + n, 1)) == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	return 0;
}

/* The supervisor, from here to supervise(). */

/* PostgreSQL refuses to run as root. */
static int
drop_root(void)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0;
	if ((pw = getpwnam("postgres")) == NULL &&
	    (pw = getpwnam("nobody")) == NULL)
		return -1;
	if (setgroups(0, NULL) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1 || setuid(0) != -1)
		return -1;
	return 0;
}

/* Run argv, its output to the file log (NULL: discarded); 0 if it exits 0. */
static int
run(char *const argv[], const char *log)
{
	int status, fd;
	atomic_int pid = fork();

	if (pid == -1)
		return -1;
	if (pid == 0) {
		fd = open(log == NULL ? "/dev/null" : log,
		    O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (fd != -1) {
			(void)dup2(fd, STDOUT_FILENO);
			(void)dup2(fd, STDERR_FILENO);
		}
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	return bk_child_reap(&pid, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Copy the last error in the file log to out. */
static void
last_error(const char *log, char *out, size_t cap)
{
	struct bk_buf text = {0};
	struct bk_err ignored = {0};
	char *line, *next;

	(void)snprintf(out, cap, "server did not start");
	if (bk_io_slurp(log, 1024 * 1024, &text, &ignored) == 0 &&
	    text.data != NULL)
		for (line = text.data; *line != '\0'; line = next) {
			next = line + strcspn(line, "\n");
			if (*next == '\n')
				*next++ = '\0';
			if (strstr(line, "FATAL: ") != NULL ||
			    strstr(line, "rror: ") != NULL)
				(void)snprintf(out, cap, "%.300s", line);
		}
	bk_buf_free(&text);
}

struct server {
	char dir[128], data[160], log[160], conf[sizeof(options) + 128];
	char initdb[4096], pg_ctl[4096];
};

/* Run initdb, then start the server; 0, or -1 with reason. */
static int
start_server(struct server *s, const char *encoding, char *reason, size_t cap)
{
	char *init[] = { s->initdb, "-D", s->data, "-U", "postgres", "-A",
	    "trust", "-N", "--locale=C", "-E", (char *)(uintptr_t)encoding,
	    NULL };
	char *start[] = { s->pg_ctl, "-D", s->data, "-l", s->log, "-o",
	    s->conf, "-s", "-w", "-t", "120", "start", NULL };

	(void)snprintf(s->data, sizeof(s->data), "%s/data", s->dir);
	(void)snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	(void)snprintf(s->conf, sizeof(s->conf), "%s%s", options, s->dir);
	if (run(init, s->log) == 0 && run(start, NULL) == 0)
		return 0;
	last_error(s->log, reason, cap);
	return -1;
}

static void
remove_server(struct server *s)
{
	char *stop[] = { s->pg_ctl, "-D", s->data, "-s", "-w", "-m",
	    "immediate", "stop", NULL };
	char *clear[] = { "rm", "-rf", "--", s->dir, NULL };

	if (s->dir[0] == '\0')
		return;
	(void)run(stop, NULL);
	(void)run(clear, NULL);
}

/* Make the server's directory, accessible to us alone. */
static int
make_dir(struct server *s, const char *tmp)
{
	if (tmp == NULL || strlen(tmp) > DIR_MAX || access(tmp, W_OK | X_OK) ==
	    -1)
		tmp = "/tmp";
	(void)snprintf(s->dir, sizeof(s->dir), "%s/bk-verify.XXXXXX", tmp);
	if (mkdtemp(s->dir) != NULL)
		return 0;
	s->dir[0] = '\0';
	return -1;
}

/* Serve one request, the lines "PROGRAM" and "ENCODING"; then wait for EOF. */
static void
serve(int from, int to, const char *tmp)
{
	char program[4000], encoding[64], reason[512] = "", answer[700], *slash;
	struct server s = {0};
	struct bk_err ignored = {0};

	if (read_line(from, program, sizeof(program)) == -1 ||
	    read_line(from, encoding, sizeof(encoding)) == -1)
		return;
	if ((slash = strrchr(program, '/')) != NULL)
		*slash = '\0';
	(void)snprintf(s.initdb, sizeof(s.initdb), "%s/initdb", program);
	(void)snprintf(s.pg_ctl, sizeof(s.pg_ctl), "%s/pg_ctl", program);
	if (make_dir(&s, tmp) == -1)
		(void)snprintf(answer, sizeof(answer), "!no directory for it: "
		    "%s\n", strerror(errno));
	else if (start_server(&s, encoding, reason, sizeof(reason)) == -1)
		(void)snprintf(answer, sizeof(answer), "!%s\n", reason);
	else
		(void)snprintf(answer, sizeof(answer), "%s\n", s.dir);
	(void)bk_io_write(to, answer, strlen(answer), "pipe", &ignored);
	while (read_line(from, reason, sizeof(reason)) == 0)
		continue;
	remove_server(&s);
}

/* Terminal signals are for our parent, whose exit we see as EOF. */
_Noreturn static void
supervise(int from, int to, const char *tmp)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	    SIGPIPE };
	int null = open("/dev/null", O_RDWR), fd;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 || chdir("/") == -1)
		_exit(1);
	/* an inherited pipe end kept open would block others */
	for (fd = STDERR_FILENO + 1; fd < FDS; fd++)
		if (fd != from && fd != to)
			close(fd);
	if (drop_root() == 0)
		serve(from, to, tmp);
	_exit(0);
}

int
bk_scratch_prepare(struct bk_scratch *s, const char *tmp, struct bk_err *e)
{
	int to[2], from[2];

	if (bk_io_pipe(to, e) == -1 || bk_io_pipe(from, e) == -1)
		return -1;
	if ((s->pid = fork()) == -1) {
		s->pid = 0;
		return bk_fail_errno(e, "fork");
	}
	if (s->pid == 0) {
		close(to[1]);
		close(from[0]);
		supervise(to[0], from[1], tmp);
	}
	bk_debug_started(s->pid, (char *[]){ "scratch-server-supervisor",
	    NULL });
	close(to[0]);
	close(from[1]);
	s->to = to[1];
	s->from = from[0];
	return 0;
}

int
bk_scratch_start(struct bk_scratch *s, const char *postgres, int ascii,
    struct bk_err *e)
{
	struct bk_buf request = {0};
	char answer[700];
	int rc;

	rc = bk_buf_printf(&request, e, "%s\n%s\n", postgres,
	    ascii ? "SQL_ASCII" : "UTF8");
	if (rc == 0)
		rc = bk_io_write(s->to, request.data, request.len, "pipe", e);
	bk_buf_free(&request);
	if (rc == -1)
		return -1;
	bk_debug(BK_DEBUG_CHILD, "%ld runs initdb and pg_ctl of %s",
	    (long)s->pid, postgres);
	if (read_line(s->from, answer, sizeof(answer)) == -1)
		return bk_fail(e, BK_FAIL, "scratch server: no user postgres "
		    "or nobody to run as");
	if (answer[0] == '!')
		return bk_fail(e, BK_FAIL, "scratch server: %s", answer + 1);
	(void)snprintf(s->dir, sizeof(s->dir), "%.*s",
	    (int)sizeof(s->dir) - 1, answer);
	return 0;
}

void
bk_scratch_stop(struct bk_scratch *s)
{
	atomic_int pid = s->pid;
	int status;

	if (pid == 0)
		return;
	close(s->to);
	close(s->from);
	(void)bk_child_reap(&pid, &status); /* its status does not matter */
	*s = (struct bk_scratch){0};
}
