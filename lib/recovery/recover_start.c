#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/num.h"
#include "pg/conn.h"
#include "recovery/recover.h"

#define LOG "bk-pitr.log"	/* in the data directory */
#define CONFIG "postgresql.conf"
#define CONFIG_MAX (1024 * 1024)
#define LOG_TAIL (64 * 1024)
#define PID_MAX 4096		/* bytes of postmaster.pid */
#define PID_LINES 6
#define FIRST_WAIT "5"		/* seconds that pg_ctl watches the start */
#define PAUSE_NS 200000000	/* between two looks at the server */
#define LOG_LOOKS 15		/* at a log that its collector still writes */
#define FATAL "FATAL:  "

struct postmaster {
	char text[PID_MAX];
	const char *line[PID_LINES];	/* pid, dir, start, port, socket,
					 * address */
	pid_t pid;
};

/* Read at most the last max bytes of a file below dir into *out. */
static int
read_tail(const char *dir, const char *name, off_t max, struct bk_buf *out)
{
	struct bk_err ignored = {0};
	struct bk_buf path = {0};
	struct stat st;
	off_t from;
	ssize_t n = -1;
	int fd = -1;

	if (bk_buf_printf(&path, &ignored, *name == '/' ? "%.0s%s" : "%s/%s",
	    dir, name) == 0)
		fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bk_buf_free(&path);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		from = st.st_size > max ? st.st_size - max : 0;
		if (lseek(fd, from, SEEK_SET) == from &&
		    bk_buf_reserve(out, (size_t)max, &ignored) == 0 &&
		    (n = bk_io_read(fd, out->data, (size_t)max, name,
		    &ignored)) >= 0) {
			out->len = (size_t)n;
			out->data[n] = '\0';
		}
	}
	if (fd != -1)
		close(fd);
	return n >= 0 ? 0 : -1;
}

/* 1: a postmaster runs in dir; 0: none does. */
static int
find_postmaster(const char *dir, struct postmaster *pm)
{
	struct bk_buf text = {0};
	char *p;
	int i;

	*pm = (struct postmaster){ .pid = 0 };
	if (read_tail(dir, "postmaster.pid", PID_MAX - 1, &text) == 0)
		(void)snprintf(pm->text, sizeof(pm->text), "%s", text.data);
	bk_buf_free(&text);
	for (p = pm->text, i = 0; i < PID_LINES; i++) {
		pm->line[i] = p;
		p += strcspn(p, "\n");
		if (*p == '\n')
			*p++ = '\0';
	}
	pm->pid = (pid_t)strtol(pm->line[0], NULL, 10);
	return pm->pid > 0 && (kill(pm->pid, 0) == 0 || errno == EPERM);
}

/* --- what the server said last */

/* The last line in text with FATAL or PANIC: from that word on. */
static const char *
last_fatal(char *text)
{
	const char *found = NULL, *word;
	char *line, *next;

	for (line = text; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n");
		if (*next == '\n')
			*next++ = '\0';
		if ((word = strstr(line, FATAL)) == NULL &&
		    (word = strstr(line, "PANIC:  ")) == NULL)
			continue;
		/* what it tells those who come too early, or stay too long */
		if (strstr(word, "the database system is") == NULL &&
		    strstr(word, "terminating connection") == NULL)
			found = word;
	}
	return found;
}

/* Where the logging collector writes, if there is one: "stderr log/x.log". */
static int
collected_log(const char *dir, struct bk_buf *text)
{
	struct bk_buf list = {0};
	char *name;
	int rc = -1;

	if (read_tail(dir, "current_logfiles", PID_MAX, &list) == 0 &&
	    (name = strchr(list.data, ' ')) != NULL) {
		name[strcspn(name, "\n")] = '\0';
		rc = read_tail(dir, name + 1, LOG_TAIL, text);
	}
	bk_buf_free(&list);
	return rc;
}

/*
 * The collector outlives the postmaster, and may be about to write its last
 * words; which process it is, nothing says.
 */
static const char *
collected_fatal(const char *dir, struct bk_buf *text)
{
	const struct timespec pause = { 0, PAUSE_NS };
	const char *why = NULL;
	int i;

	for (i = 0; why == NULL && i < LOG_LOOKS; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		text->len = 0;
		if (collected_log(dir, text) == -1)
			break;
		why = last_fatal(text->data);
	}
	return why;
}

static int
fail_dead(const struct bk_recover_server *s, struct bk_err *e)
{
	struct bk_buf own = {0}, other = {0};
	const char *why = collected_fatal(s->dir, &other);

	if (why == NULL && read_tail(s->dir, LOG, LOG_TAIL, &own) == 0)
		why = last_fatal(own.data);
	if (why == NULL)
		(void)bk_fail(e, BK_FAIL, "%s: the server ended; see %s/" LOG,
		    s->dir, s->dir);
	else
		(void)bk_fail(e, BK_FAIL, "%s: the server ended: %.600s",
		    s->dir, strncmp(why, FATAL, strlen(FATAL)) == 0 ?
		    why + strlen(FATAL) : why);
	if (why != NULL && strstr(why, " sockets") != NULL)
		bk_fail_add(e, "; does another server use its port? give "
		    "another: --set port=NUMBER");
	bk_buf_free(&own);
	bk_buf_free(&other);
	return -1;
}

/* --- starting it */

static int
find_program(const struct bk_recover_server *s, const char *name,
    struct bk_buf *path, struct bk_err *e)
{
	const struct bk_bindir_range range = { s->major, s->major, s->major };

	return bk_bindir_find_range(s->programs, name, &range, path, e);
}

/* 1 if the file path says data_directory = 'dir'. */
static int
is_config_of(const char *path, const char *dir)
{
	static const char key[] = "data_directory";
	struct bk_buf text = {0};
	struct bk_err ignored = {0};
	const char *line;
	size_t n = strlen(dir);
	int found = 0;

	if (bk_io_slurp(path, CONFIG_MAX, &text, &ignored) == 0 &&
	    text.data != NULL)
		for (line = text.data; !found && line != NULL;
		    line = strchr(line, '\n')) {
			line += strspn(line, " \t\n");
			if (strncmp(line, key, sizeof(key) - 1) != 0)
				continue;
			line += sizeof(key) - 1;
			line += strspn(line, " \t=");
			found = *line == '\'' &&
			    strncmp(line + 1, dir, n) == 0 &&
			    line[1 + n] == '\'';
		}
	bk_buf_free(&text);
	return found;
}

/*
 * Append to *options where the configuration is, if not in the data directory:
 * Debian has it in /etc/postgresql/MAJOR/NAME, and so not in a base backup.
 */
static int
find_config(const struct bk_recover_server *s, struct bk_buf *options,
    struct bk_err *e)
{
	struct bk_buf own = {0}, pattern = {0};
	glob_t g;
	size_t i;
	int rc = -1;

	if (bk_buf_printf(&own, e, "%s/" CONFIG, s->dir) == -1 ||
	    bk_buf_printf(&pattern, e, "/etc/postgresql/%d/*/" CONFIG,
	    s->major) == -1)
		goto done;
	rc = access(own.data, R_OK) == 0 ? bk_buf_puts(options, "", e) : -1;
	if (rc == -1 && glob(pattern.data, 0, NULL, &g) == 0) {
		for (i = 0; rc == -1 && i < g.gl_pathc; i++)
			if (is_config_of(g.gl_pathv[i], s->dir))
				rc = bk_buf_printf(options, e,
				    "-c config_file=\"%s\"", g.gl_pathv[i]);
		globfree(&g);
	}
	if (rc == -1)
		(void)bk_fail(e, BK_FAIL, "%s: ready, but it has no " CONFIG
		    ", which the original cluster keeps elsewhere; put one "
		    "there, or start it with the configuration that is "
		    "elsewhere (pg_ctlcluster)", s->dir);
 done:
	bk_buf_free(&own);
	bk_buf_free(&pattern);
	return rc;
}

/*
 * What the server, which outlives us, has of our environment: nothing that says
 * where another server is, or its password, nor who listens to us.  NULL:
 * memory.
 */
static char **
server_environment(char *const env[])
{
	static const char *const ours[] = { "DATABASE_URL=", "BK_STATUS_FD=",
	    "BK_STATUS_TEE=" };
	size_t i, j, n = 0;
	char **v;

	for (i = 0; env[i] != NULL; i++)
		continue;
	if ((v = calloc(i + 1, sizeof(*v))) == NULL)
		return NULL;
	for (i = 0; env[i] != NULL; i++) {
		/* PG_... are the server's own */
		if (strncmp(env[i], "PG", 2) == 0 && env[i][2] != '_')
			continue;
		for (j = 0; j < sizeof(ours) / sizeof(*ours); j++)
			if (strncmp(env[i], ours[j], strlen(ours[j])) == 0)
				break;
		if (j == sizeof(ours) / sizeof(*ours))
			v[n++] = env[i];
	}
	return v;
}

/*
 * pg_ctl waits a few seconds, and sees a server that does not start at all;
 * what it says is in the log, too.
 */
static int
launch(const struct bk_recover_server *s, struct bk_err *e)
{
	struct bk_buf program = {0}, log = {0}, options = {0}, said = {0};
	struct bk_err ended = {0};
	struct postmaster pm;
	char **env = server_environment(s->programs->env);
	int rc = env == NULL ? bk_fail_memory(e) : -1;

	if (env != NULL && find_program(s, "pg_ctl", &program, e) == 0 &&
	    find_config(s, &options, e) == 0 &&
	    bk_buf_printf(&log, e, "%s/" LOG, s->dir) == 0) {
		char dir[] = "-D", out[] = "-l", quiet[] = "-s", wait[] = "-w",
		    limit[] = "-t", limit_arg[] = FIRST_WAIT, option[] = "-o",
		    start[] = "start", *copy = strdup(s->dir);
		char *argv[] = { program.data, dir, copy, out, log.data, quiet,
		    wait, limit, limit_arg, option, options.data, start,
		    NULL };

		if (copy == NULL)
			rc = bk_fail_memory(e);
		else if (bk_child_capture(argv, env, 4096, s->child, &said,
		    NULL, &ended) == 0 || find_postmaster(s->dir, &pm))
			rc = 0;
		else
			rc = fail_dead(s, e);
		free(copy);
	}
	free(env);
	bk_buf_free(&program);
	bk_buf_free(&log);
	bk_buf_free(&options);
	bk_buf_free(&said);
	return rc;
}

/* --- asking it */

/* Its socket's directory, or its address. */
static const char *
host_of(const struct postmaster *pm)
{
	if (*pm->line[4] != '\0')
		return pm->line[4];
	return *pm->line[5] == '*' || *pm->line[5] == '\0' ? "localhost" :
	    pm->line[5];
}

static int
answers(const struct postmaster *pm)
{
	const char *const keys[] = { "host", "port", "dbname", NULL };
	const char *const values[] = { host_of(pm), pm->line[3], "postgres",
	    NULL };

	return *pm->line[3] != '\0' &&
	    PQpingParams(keys, values, 0) == PQPING_OK;
}

/* As ourselves, or as postgres; any role that may connect will do. */
static PGconn *
connect_to(const struct postmaster *pm, struct bk_err *why)
{
	static const char *const users[] = { NULL, "postgres" };
	static const char *const dbs[] = { "postgres", "template1" };
	PGconn *conn = NULL;
	size_t i;

	for (i = 0; conn == NULL && i < 4; i++) {
		struct bk_conn_target t = { .db = dbs[i / 2],
		    .user = users[i % 2], .host = host_of(pm),
		    .port = pm->line[3], .app = "bk-pitr",
		    .connect_timeout = "10" };

		*why = (struct bk_err){0};
		conn = bk_conn_open(&t, why);
	}
	return conn;
}

static const char query[] =
    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'promoted'"
    " WHEN pg_is_wal_replay_paused() THEN 'paused' ELSE '' END,"
    " pg_last_wal_replay_lsn(), (extract(epoch FROM"
    " pg_last_xact_replay_timestamp()) * 1000000)::bigint,"
    " CASE WHEN NOT pg_is_in_recovery() THEN"
    " left(pg_walfile_name(pg_current_wal_lsn()), 8) END";

/*
 * A server that stops at a record does not note the time of that record: what
 * the proof saw until there was replayed as well.
 */
static void
add_proven_time(const struct bk_recover_server *s, struct bk_recovered *where)
{
	if (where->lsn < s->proof->end || !s->proof->has_time ||
	    (where->has_time && where->time >= s->proof->time))
		return;
	where->has_time = 1;
	where->time = s->proof->time;
}

/* 1: it is there; 0: not yet; -1: it cannot be asked. */
static int
ask(const struct bk_recover_server *s, const struct postmaster *pm,
    struct bk_recovered *where, struct bk_err *why)
{
	PGconn *conn = connect_to(pm, why);
	PGresult *res = conn == NULL ? NULL :
	    bk_conn_query(conn, query, why);
	int rc = -1;

	if (res != NULL) {
		rc = strcmp(PQgetvalue(res, 0, 0), s->pause ? "paused" :
		    "promoted") == 0;
		where->asked = 1;
		(void)bk_lsn_parse(PQgetvalue(res, 0, 1), &where->lsn);
		where->has_time = !PQgetisnull(res, 0, 2);
		where->time = strtoll(PQgetvalue(res, 0, 2), NULL, 10);
		add_proven_time(s, where);
		where->timeline = PQgetisnull(res, 0, 3) ?
		    s->proof->timeline :
		    (uint32_t)strtoul(PQgetvalue(res, 0, 3), NULL, 16);
	}
	PQclear(res);
	PQfinish(conn);
	return rc;
}

/* What its control file says, for a server that lets nobody in: 1, 0, -1. */
static int
look(const struct bk_recover_server *s, struct bk_err *e)
{
	struct bk_buf program = {0}, text = {0};
	char *copy = strdup(s->dir);
	int rc = -1;

	if (copy == NULL)
		(void)bk_fail_memory(e);
	else if (find_program(s, "pg_controldata", &program, e) == 0) {
		char env[] = "env", locale[] = "LC_ALL=C",
		    *argv[] = { env, locale, program.data, copy, NULL };

		if (bk_child_capture(argv, s->programs->env, 65536, s->child,
		    &text, NULL, e) == 0)
			rc = strstr(text.data, "in production") != NULL;
	}
	free(copy);
	bk_buf_free(&program);
	bk_buf_free(&text);
	return rc;
}

/* 1: it is there; 0: not yet; -1 with *e set. */
static int
is_there(const struct bk_recover_server *s, struct bk_recovered *where,
    struct bk_err *e)
{
	struct postmaster pm;
	struct bk_err why = {0};
	int rc;

	if (!find_postmaster(s->dir, &pm))
		return fail_dead(s, e);
	if (!answers(&pm))
		return 0;
	if ((rc = ask(s, &pm, where, &why)) != -1)
		return rc;
	if (s->pause) {
		*e = why;
		bk_fail_add(e, "; the server runs, and pauses at the target");
		return -1;
	}
	return look(s, e);
}

int
bk_recover_start(const struct bk_recover_server *s,
    struct bk_recovered *where, struct bk_err *e)
{
	const struct timespec pause = { 0, PAUSE_NS };
	int rc;

	*where = (struct bk_recovered){ .has_time = s->proof->has_time,
	    .time = s->proof->time, .lsn = s->proof->end,
	    .timeline = s->proof->timeline };
	if (launch(s, e) == -1)
		return -1;
	/* as long as the server lives: it ends by itself if it cannot go on */
	while ((rc = is_there(s, where, e)) == 0)
		(void)nanosleep(&pause, NULL);
	return rc == 1 ? 0 : -1;
}
