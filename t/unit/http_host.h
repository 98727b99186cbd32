#ifndef BK_T_UNIT_HTTP_HOST_H
#define BK_T_UNIT_HTTP_HOST_H
/*
 * An HTTP server of our own for starve(), which asks hundreds of times, and for
 * answers that no real server gives: on a free port of 127.0.0.1, in a process
 * of its own, so that only the client's calls fail.
 *
 *	static void
 *	answer(const struct http_ask *ask, struct http_say *say)
 *	{
 *		if (strcmp(ask->path, "/a") == 0)
 *			*say = (struct http_say){ 200, "ETag: x\r\n", "body" };
 *	}
 *
 *	port = http_host(answer);
 *	...
 *	http_host_end();
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HTTP_MOST (64 * 1024)

struct http_ask {
	char method[8], path[1024];	/* with the query */
	const char *head;		/* all lines of it */
	const char *body;
	size_t len;
};

struct http_say {			/* at first 404, and nothing */
	int status;			/* 0: hang up */
	const char *headers;		/* "NAME: VALUE\r\n...", or NULL */
	const char *body;		/* or NULL */
	size_t len;			/* of the body; 0: a string */
};

typedef void http_answer(const struct http_ask *ask, struct http_say *say);

static pid_t http_host_pid;
static http_answer *http_host_answer;
static pthread_mutex_t http_host_lock = PTHREAD_MUTEX_INITIALIZER;

/* The value of a header, "" if there is none. */
__attribute__((unused)) static const char *
http_header(const char *head, const char *name, char out[256])
{
	const char *p = head;
	size_t n = strlen(name);

	for (*out = '\0'; (p = strchr(p, '\n')) != NULL; )
		if (strncasecmp(++p, name, n) == 0 && p[n] == ':')
			(void)sscanf(p + n + 1, " %255[^\r\n]", out);
	return out;
}

/* In one piece: of two small ones, the second waits for the first's receipt. */
static void
http_host_send(int fd, const struct http_ask *ask, const struct http_say *say)
{
	static char text[2 * HTTP_MOST];
	size_t n = say->body == NULL ? 0 :
	    say->len > 0 ? say->len : strlen(say->body);
	int head = strcmp(ask->method, "HEAD") == 0, len;

	len = snprintf(text, sizeof(text), "HTTP/1.1 %d X\r\n%s", say->status,
	    say->headers != NULL ? say->headers : "");
	if (!head)
		len += sprintf(text + len, "Content-Length: %zu\r\n", n);
	len += sprintf(text + len, "\r\n");
	if (head || n > HTTP_MOST) {
		(void)send(fd, text, (size_t)len, MSG_NOSIGNAL);
		if (!head)
			(void)send(fd, say->body, n, MSG_NOSIGNAL);
		return;
	}
	if (n > 0)
		memcpy(text + len, say->body, n);
	(void)send(fd, text, (size_t)len + n, MSG_NOSIGNAL);
}

/* Receive until buf has want bytes, or, for 0, a whole head; its bytes. */
static size_t
http_host_take(int fd, char *buf, size_t *got, size_t want)
{
	char *end;
	ssize_t n;

	for (;;) {
		buf[*got] = '\0';
		if (want > 0 ? *got >= want :
		    (end = strstr(buf, "\r\n\r\n")) != NULL)
			return want > 0 ? want : (size_t)(end + 4 - buf);
		if (*got == HTTP_MOST || (n = recv(fd, buf + *got,
		    HTTP_MOST - *got, 0)) <= 0)
			return 0;
		*got += (size_t)n;
	}
}

static void *
http_host_serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *buf = calloc(1, HTTP_MOST + 1), *head = calloc(1, HTTP_MOST + 1);
	char value[256];
	size_t got = 0, n, whole;

	while ((n = http_host_take(fd, buf, &got, 0)) > 0) {
		struct http_ask ask = { .head = head };
		struct http_say say = { .status = 404 };

		memcpy(head, buf, n);
		head[n] = '\0';
		if (sscanf(head, "%7s %1023s", ask.method, ask.path) != 2)
			break;
		ask.len = (size_t)atol(http_header(head, "content-length",
		    value));
		whole = n + ask.len;
		if (http_host_take(fd, buf, &got, whole) == 0)
			break;
		ask.body = buf + n;
		(void)pthread_mutex_lock(&http_host_lock);
		http_host_answer(&ask, &say);
		if (say.status != 0)
			http_host_send(fd, &ask, &say);
		(void)pthread_mutex_unlock(&http_host_lock);
		if (say.status == 0)
			break;
		memmove(buf, buf + whole, got - whole);
		got -= whole;
	}
	free(head);
	free(buf);
	close(fd);
	return NULL;
}

static int
http_host(http_answer *answer)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	pthread_t thread;
	int s = socket(AF_INET, SOCK_STREAM, 0), fd;

	http_host_answer = answer;
	if (s == -1 || bind(s, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(s, 64) == -1 ||
	    getsockname(s, (struct sockaddr *)&a, &n) == -1 ||
	    (http_host_pid = fork()) == -1)
		exit(99);
	if (http_host_pid > 0) {
		close(s);
		return ntohs(a.sin_port);
	}
	(void)alarm(300);	/* should nobody end it */
	for (;;) {
		fd = accept(s, NULL, NULL);
		if (fd == -1 || pthread_create(&thread, NULL, http_host_serve,
		    (void *)(intptr_t)fd) != 0)
			_exit(99);
		(void)pthread_detach(thread);
	}
}

static void
http_host_end(void)
{
	(void)kill(http_host_pid, SIGKILL);
	(void)waitpid(http_host_pid, NULL, 0);
}

#endif
