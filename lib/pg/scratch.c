#include "base/debug.h"
#include "pg/scratch.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/utctime.h"

#define FDS 1024		/* descriptors that may be open */
#define DIR_MAX 80		/* a socket's path has at most 107 bytes */
#define LOOK 100		/* milliseconds between two at a server */
#define START 120		/* seconds that one may take to start, */
#define INITDB 600		/* its initdb, */
#define REMOVAL 1800		/* the removal of its files, */
#define VERSION 60		/* and a look at its version */
#define PLACE "-"		/* in the place of an encoding: no server yet */

/*
 * Nobody else uses it and it is removed with us: nothing need be durable.  The
 * caller's lines come after these and may say otherwise,
 */
static const char defaults[] = "\nfsync = off\nfull_page_writes = off\n"
    "synchronous_commit = off\nwal_level = minimal\nmax_wal_senders = 0\n"
    "max_wal_size = 8GB\ncheckpoint_timeout = 1h\nautovacuum = off\n"
    "shared_buffers = 128MB\nmaintenance_work_mem = 256MB\n"
    "max_connections = 300\nmax_locks_per_transaction = 1024\n"
    "logging_collector = off\narchive_mode = off\nssl = off\n"
    /* it may be killed: what it shares goes with its directory */
    "dynamic_shared_memory_type = mmap\n";

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

/* Is this the line that says why?  Before it is what it sums up. */
static int
is_error(const char *line)
{
	return strstr(line, "contains errors") == NULL &&
	    (strstr(line, "FATAL: ") != NULL ||
	    strstr(line, "PANIC: ") != NULL ||
	    strstr(line, "rror: ") != NULL ||
	    strstr(line, "postgresql.conf\"") != NULL);
}

/*
 * Read a file of the server's, which the server may have put anything in the
 * place of: a FIFO to wait at, or a link to what it may not read itself.
 */
static int
read_its(const char *path, size_t max, struct bk_buf *text)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC), rc = -1;
	struct bk_err ignored = {0};
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    bk_buf_reserve(text, max + 1, &ignored) == 0 &&
	    (n = bk_io_read(fd, text->data, max, path, &ignored)) >= 0) {
		text->data[n] = '\0';
		text->len = (size_t)n;
		rc = 0;
	}
	close(fd);
	return rc;
}

/* Copy the last error in the file log to out. */
static void
last_error(const char *log, char *out, size_t cap)
{
	struct bk_buf text = {0};
	char *line, *next;

	(void)snprintf(out, cap, "server did not start");
	if (read_its(log, 1024 * 1024, &text) == 0)
		for (line = text.data; *line != '\0'; line = next) {
			next = line + strcspn(line, "\n");
			if (*next == '\n')
				*next++ = '\0';
			if (is_error(line))
				(void)snprintf(out, cap, "%.300s", line);
		}
	bk_buf_free(&text);
}

struct server {
	char dir[128], data[160], log[160], socket[160];
	char postgres[4096], initdb[4096], resetwal[4096];
	struct bk_confine confine;
	atomic_int pid;		/* of what runs; 0: nothing */
	int alive;		/* at its end when that has ended; -1: none */
};

static int
add_settings(const struct server *s, const struct bk_buf *config)
{
	struct bk_err ignored = {0};
	char path[200];
	int fd, rc = -1;

	(void)snprintf(path, sizeof(path), "%s/postgresql.conf", s->data);
	if ((fd = open(path, O_WRONLY | O_APPEND)) == -1)
		return -1;
	if (bk_io_write(fd, defaults, sizeof(defaults) - 1, path, &ignored) ==
	    0 && bk_io_write(fd, config->data, config->len, path,
	    &ignored) == 0)
		rc = 0;
	return close(fd) == -1 ? -1 : rc;
}

/* The eighth line of postmaster.pid is what the server is at. */
static int
is_ready(const struct server *s)
{
	char path[200], *line;
	struct bk_buf text = {0};
	int i, ready = 0;

	(void)snprintf(path, sizeof(path), "%s/postmaster.pid", s->data);
	if (read_its(path, 4096, &text) == 0) {
		for (line = text.data, i = 0; line != NULL && i < 7; i++)
			if ((line = strchr(line, '\n')) != NULL)
				line++;
		ready = line != NULL && strncmp(line, "ready", 5) == 0;
	}
	bk_buf_free(&text);
	return ready;
}

/* The settings that no configuration changes; the port is a socket's name. */
static int
launch(struct server *s)
{
	char *argv[] = { s->postgres, "-D", s->data, "-c", "listen_addresses=",
	    "-c", "port=5432", "-c", "unix_socket_permissions=0700", "-c",
	    s->socket, NULL };

	return bk_confine_start(&s->confine, argv, s->log, &s->pid, &s->alive);
}

/*
 * Start the server in the data directory that is there, and wait until it is
 * ready, at most so many seconds (0: however long it takes); 0, or -1 with
 * reason, also if our parent wants no more of it.
 */
static int
run_server(struct server *s, int from, double seconds, char *reason, size_t cap)
{
	struct pollfd fds[2] = { { .fd = from, .events = POLLIN },
	    { .events = POLLIN } };
	double until = bk_monotonic() + seconds;

	(void)snprintf(reason, cap, "stopped");
	if (launch(s) == -1)
		return -1;
	fds[1].fd = s->alive;
	while (poll(fds, 2, LOOK) == 0) {
		if (is_ready(s))
			return 0;
		if (seconds > 0 && bk_monotonic() > until)
			break;
	}
	if (fds[0].revents == 0)
		last_error(s->log, reason, cap);
	return -1;
}

/*
 * Run initdb, then start the server; 0, or -1 with reason.  Its objects have
 * OIDs that hardly any other has: a regclass in a row whose object is gone is
 * an OID, which must be no object here.
 */
static int
start_server(struct server *s, int from, char *encoding,
    const struct bk_buf *config, char *reason, size_t cap)
{
	char *init[] = { s->initdb, "-D", s->data, "-U", "postgres", "-A",
	    "trust", "-N", "--locale=C", "-E", encoding, NULL };
	char *first_oid[] = { s->resetwal, "-o", "3000000000", s->data, NULL };

	if (bk_confine_run(&s->confine, init, s->log, INITDB) == 0 &&
	    bk_confine_run(&s->confine, first_oid, s->log, INITDB) == 0 &&
	    add_settings(s, config) == 0)
		return run_server(s, from, START, reason, cap);
	last_error(s->log, reason, cap);
	return -1;
}

static void
remove_server(struct server *s)
{
	char *clear[] = { "/bin/rm", "-rf", "--", s->dir, NULL };

	bk_confine_end(&s->pid, &s->alive);
	if (s->dir[0] == '\0')
		return;
	/* whose view of the files is not that of the server */
	s->confine.limits = 0;
	(void)bk_confine_run(&s->confine, clear, NULL, REMOVAL);
}

/* Make the server's directory, accessible to its user alone. */
static int
make_dir(struct server *s, const char *tmp)
{
	const struct bk_confine *c = &s->confine;
	const char *in[] = { tmp == NULL || strlen(tmp) > DIR_MAX ||
	    *tmp != '/' ? "/tmp" : tmp, "/tmp" };
	size_t i;
	int made = 0;

	if (c->other && (setegid(c->gid) == -1 || seteuid(c->uid) == -1))
		return -1;
	for (i = 0; !made && i < 2; i++) {
		(void)snprintf(s->dir, sizeof(s->dir), "%s/bk-verify.XXXXXX",
		    in[i]);
		made = mkdtemp(s->dir) != NULL;
	}
	if (c->other && (seteuid(0) == -1 || setegid(0) == -1))
		_exit(1);
	if (!made)
		s->dir[0] = '\0';
	return made ? 0 : -1;
}

/* The most confinement with which the server's program runs. */
static int
try_user(struct server *s, const char *tmp)
{
	char *version[] = { s->postgres, "--version", NULL };
	unsigned limits = BK_CONFINE_ALL + 1;

	if (make_dir(s, tmp) == -1)
		return -1;
	s->confine.dir = s->dir;
	while (limits-- > 0) {
		s->confine.limits = limits;
		if (bk_confine_run(&s->confine, version, NULL, VERSION) == 0)
			return 0;
	}
	(void)rmdir(s->dir);
	s->dir[0] = '\0';
	return -1;
}

/*
 * PostgreSQL refuses to run as root.  Whose database server runs as postgres
 * has more to lose to a dump's code than nobody has.
 */
static int
choose_user(struct server *s, const char *tmp)
{
	static const char *const users[] = { "nobody", "postgres" };
	const struct passwd *pw;
	size_t i;

	if (geteuid() != 0)
		return try_user(s, tmp);
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		if ((pw = getpwnam(users[i])) == NULL)
			continue;
		s->confine.other = 1;
		s->confine.uid = pw->pw_uid;
		s->confine.gid = pw->pw_gid;
		if (try_user(s, tmp) == 0)
			return 0;
	}
	return -1;
}

static void
set_paths(struct server *s, const char *program)
{
	int dir = (int)(strrchr(program, '/') == NULL ? 0 :
	    strrchr(program, '/') - program);

	(void)snprintf(s->postgres, sizeof(s->postgres), "%s", program);
	(void)snprintf(s->initdb, sizeof(s->initdb), "%.*s/initdb", dir,
	    program);
	(void)snprintf(s->resetwal, sizeof(s->resetwal), "%.*s/pg_resetwal",
	    dir, program);
	s->confine.program = s->postgres;
}

static void
set_files(struct server *s)
{
	(void)snprintf(s->data, sizeof(s->data), "%s/" BK_SCRATCH_DATA, s->dir);
	(void)snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	(void)snprintf(s->socket, sizeof(s->socket),
	    "unix_socket_directories=%s", s->dir);
}

/* The lines "PROGRAM", "ENCODING" and "BYTES", and as many of settings. */
static int
read_request(int from, char program[4000], char encoding[64],
    struct bk_buf *config)
{
	struct bk_err ignored = {0};
	char number[32];
	size_t n;

	if (read_line(from, program, 4000) == -1 ||
	    read_line(from, encoding, 64) == -1 ||
	    read_line(from, number, sizeof(number)) == -1)
		return -1;
	n = strtoul(number, NULL, 10);
	if (bk_buf_reserve(config, n, &ignored) == -1 ||
	    bk_io_read(from, config->data, n, "pipe", &ignored) != (ssize_t)n)
		return -1;
	config->len = n;
	return 0;
}

/* Serve one request: 0; -1 with reason. */
static int
serve_one(struct server *s, int from, char *encoding, const struct bk_buf *conf,
    char *reason, size_t cap)
{
	if (strcmp(encoding, PLACE) == 0)
		return 0;
	return *encoding == '\0' ? run_server(s, from, 0, reason, cap) :
	    start_server(s, from, encoding, conf, reason, cap);
}

/* Serve requests until EOF; the first makes the place. */
static void
serve(int from, int to, const char *tmp, char *const env[])
{
	char program[4000], encoding[64], reason[512] = "", answer[700];
	struct server s = { .confine.env = env, .alive = -1 };
	struct bk_buf config = {0};
	struct bk_err ignored = {0};

	while (read_request(from, program, encoding, &config) == 0) {
		set_paths(&s, program);
		if (s.dir[0] == '\0' && choose_user(&s, tmp) == -1) {
			(void)snprintf(answer, sizeof(answer), "!no user "
			    "nobody or postgres, no directory, or %.300s does "
			    "not run\n", program);
			(void)bk_io_write(to, answer, strlen(answer), "pipe",
			    &ignored);
			break;
		}
		set_files(&s);
		if (serve_one(&s, from, encoding, &config, reason,
		    sizeof(reason)) == -1)
			(void)snprintf(answer, sizeof(answer), "!%s\n",
			    reason);
		else
			(void)snprintf(answer, sizeof(answer),
			    "%u %d %ju %ju %s\n", s.confine.limits,
			    s.confine.other, (uintmax_t)s.confine.uid,
			    (uintmax_t)s.confine.gid, s.dir);
		(void)bk_io_write(to, answer, strlen(answer), "pipe",
		    &ignored);
	}
	remove_server(&s);
	bk_buf_free(&config);
}

/* Terminal signals are for our parent, whose exit we see as EOF. */
_Noreturn static void
supervise(int from, int to, const char *tmp, char *const env[])
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
	serve(from, to, tmp, env);
	_exit(0);
}

int
bk_scratch_prepare(struct bk_scratch *s, const char *tmp, char *const env[],
    struct bk_err *e)
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
		supervise(to[0], from[1], tmp, env);
	}
	bk_debug_started(s->pid, (char *[]){ "scratch-server-supervisor",
	    NULL });
	close(to[0]);
	close(from[1]);
	s->to = to[1];
	s->from = from[0];
	return 0;
}

/* "LEVEL OTHER UID GID DIR" */
static int
parse_answer(struct bk_scratch *s, const char *answer, struct bk_err *e)
{
	unsigned long v[4];
	char *end;
	size_t i;

	for (i = 0; i < 4; i++) {
		v[i] = strtoul(answer, &end, 10);
		if (end == answer || *end != ' ')
			return bk_fail(e, BK_FAIL, "scratch server: its "
			    "supervisor died");
		answer = end + 1;
	}
	s->confined = (unsigned)v[0];
	s->other = v[1] != 0;
	s->uid = (uid_t)v[2];
	s->gid = (gid_t)v[3];
	(void)snprintf(s->dir, sizeof(s->dir), "%.*s",
	    (int)sizeof(s->dir) - 1, answer);
	return 0;
}

static int
request(struct bk_scratch *s, const char *postgres, const char *encoding,
    const struct bk_buf *config, struct bk_err *e)
{
	struct bk_buf text = {0};
	char answer[700];
	int rc;

	rc = bk_buf_printf(&text, e, "%s\n%s\n%zu\n", postgres, encoding,
	    config->len);
	if (rc == 0 && config->len > 0)
		rc = bk_buf_add(&text, config->data, config->len, e);
	if (rc == 0)
		rc = bk_io_write(s->to, text.data, text.len, "pipe", e);
	bk_buf_free(&text);
	if (rc == -1)
		return -1;
	if (read_line(s->from, answer, sizeof(answer)) == -1)
		return bk_fail(e, BK_FAIL, "scratch server: its supervisor "
		    "died");
	if (answer[0] == '!')
		return bk_fail(e, BK_FAIL, "scratch server: %s", answer + 1);
	return parse_answer(s, answer, e);
}

int
bk_scratch_start(struct bk_scratch *s, const char *postgres, int ascii,
    const struct bk_buf *config, struct bk_err *e)
{
	bk_debug(BK_DEBUG_CHILD, "%ld runs initdb and postgres, %s",
	    (long)s->pid, postgres);
	return request(s, postgres, ascii ? "SQL_ASCII" : "UTF8", config, e);
}

int
bk_scratch_place(struct bk_scratch *s, const char *postgres, struct bk_err *e)
{
	static const struct bk_buf nothing;

	return request(s, postgres, PLACE, &nothing, e);
}

int
bk_scratch_recover(struct bk_scratch *s, const char *postgres,
    struct bk_err *e)
{
	static const struct bk_buf nothing;

	bk_debug(BK_DEBUG_CHILD, "%ld runs %s", (long)s->pid,
	    postgres);
	return request(s, postgres, "", &nothing, e);
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
