#ifndef BK_T_UNIT_ODD_SERVER_H
#define BK_T_UNIT_ODD_SERVER_H
/*
 * A server of PostgreSQL's protocol whose answers no real one would give: to
 * each query, and to the end of a COPY by the client, the next of a list:
 *
 *	"a|b"	a row of these columns
 *	""	no row
 *	"+"	done, without rows
 *	"!m"	an error, m
 *	"#m"	the same, of a WAL file that is gone
 *	"%m"	a warning, m, and the next one
 *	"&..."	one of these, and the next one with it: results of one query
 *	">"	a COPY in both directions, which the server ends at once
 *	"<"	a COPY by the client
 *	"-"	the connection is closed
 *	"?"	none ever
 *	"~m"	instead of a connection: not yet, m
 *
 * Behind the last one it has errors.  It listens on the socket of port 1 in a
 * directory, and says that it is 15.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct odd_server {
	int fd;
	_Atomic(const char *const *) answer;	/* NULL ends them */
	pthread_t thread;
	char out[8192];
	size_t n;
};

/* A message: its kind, and n bytes. */
static void
odd_add(struct odd_server *s, char kind, const void *p, size_t n)
{
	uint32_t len = htonl((uint32_t)n + 4);

	s->out[s->n++] = kind;
	memcpy(s->out + s->n, &len, 4);
	memcpy(s->out + s->n + 4, p, n);
	s->n += 4 + n;
}

static void
odd_row(struct odd_server *s, const char *row)
{
	char head[1000], data[1000];
	size_t h = 2, d = 2, n;
	uint16_t columns = 0, count;
	uint32_t len;

	for (; row != NULL; row = row[n] == '|' ? row + n + 1 : NULL) {
		n = strcspn(row, "|");
		/* a name, and a text of no table's */
		memcpy(head + h, "c\0\0\0\0\0\0\0\0\0\31\377\377"
		    "\377\377\377\377\0\0", 20);
		h += 20;
		len = htonl((uint32_t)n);
		memcpy(data + d, &len, 4);
		memcpy(data + d + 4, row, n);
		d += 4 + n;
		columns++;
	}
	count = htons(columns);
	memcpy(head, &count, 2);
	memcpy(data, &count, 2);
	odd_add(s, 'T', head, h);
	odd_add(s, 'D', data, d);
}

static void
odd_message(struct odd_server *s, char kind, const char *severity,
    const char *sqlstate, const char *message)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "S%s%cV%s%cC%s%cM%s%c", severity,
	    0, severity, 0, sqlstate, 0, message, 0);

	odd_add(s, kind, text, (size_t)n + 1);
}

static void
odd_error(struct odd_server *s, const char *sqlstate, const char *message)
{
	odd_message(s, 'E', "ERROR", sqlstate, message);
}

/* 0: to be closed. */
static int
odd_answer(struct odd_server *s)
{
	const char *a = *s->answer == NULL ? "!no more" : *s->answer++;
	int more = *a == '&';

	a += more;
	if (*a == '%') {
		odd_message(s, 'N', "WARNING", "01000", a + 1);
		return odd_answer(s);
	}
	if (*a == '-')
		return 0;
	if (*a == '?')
		return 1;
	if (*a == '<') {
		odd_add(s, 'G', "\0\0", 3);
		return 1;
	}
	if (*a == '>') {
		odd_add(s, 'W', "\0\0", 3);
		odd_add(s, 'c', "", 0);
		return 1;
	}
	if (*a == '!' || *a == '#')
		odd_error(s, *a == '!' ? "42000" : "58P01", a + 1);
	else {
		if (*a == '\0')
			odd_add(s, 'T', "\0\0", 2);
		else if (*a != '+')
			odd_row(s, a);
		odd_add(s, 'C', "OK", 3);
	}
	if (more)
		return odd_answer(s);
	odd_add(s, 'Z', "I", 1);
	return 1;
}

/* All of n bytes, or 0. */
static int
odd_read(int fd, void *p, size_t n)
{
	return n == 0 || recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static void
odd_talk(struct odd_server *s, int fd)
{
	static const uint32_t ok = 0;
	char kind = 0, text[2000];
	uint32_t len;
	int open = 1;

	while (odd_read(fd, &len, 4) && (len = ntohl(len)) - 4 <=
	    sizeof(text) && odd_read(fd, text, len - 4)) {
		s->n = 0;
		if (kind == 0 && s->answer != NULL && *s->answer != NULL &&
		    **s->answer == '~') {
			odd_error(s, "57P03", *s->answer++ + 1);
			open = 0;
		} else if (kind == 0) {
			odd_add(s, 'R', &ok, 4);
			odd_add(s, 'S', "server_version\00015.3", 20);
			odd_add(s, 'Z', "I", 1);
		} else if (kind == 'Q' || kind == 'c')
			open = odd_answer(s);
		if (s->n > 0 && send(fd, s->out, s->n, MSG_NOSIGNAL) !=
		    (ssize_t)s->n)
			return;
		if (!open || !odd_read(fd, &kind, 1))
			return;
	}
}

static void *
odd_serve(void *arg)
{
	struct odd_server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) != -1) {
		odd_talk(s, fd);
		close(fd);
	}
	return NULL;
}

/* In the directory dir; 0 or -1. */
static int
odd_start(struct odd_server *s, const char *dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%.80s/.s.PGSQL.1",
	    dir);
	s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return s->fd == -1 || bind(s->fd, (struct sockaddr *)&at,
	    sizeof(at)) == -1 || listen(s->fd, 5) == -1 ||
	    pthread_create(&s->thread, NULL, odd_serve, s) != 0 ? -1 : 0;
}

static void
odd_stop(struct odd_server *s)
{
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	close(s->fd);
}

#endif
