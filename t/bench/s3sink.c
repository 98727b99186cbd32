/*
 * A bottomless bucket for timing clients, on a free port of 127.0.0.1 that it
 * prints.  It takes PUT, multipart uploads, HEAD and GET as S3 does, throws the
 * bodies away inside the kernel, and remembers of the last object no more than
 * a client may ask for: its size and its bk-upload ID.  It checks nothing.
 *
 *	cc -O2 -o s3sink t/bench/s3sink.c -lpthread
 */
#define _GNU_SOURCE		/* strcasestr */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_MAX 65536

static atomic_ullong size;	/* of the last object, or of its parts so far */
static atomic_int complete;
static char upload_id[33];

static const char *
header(const char *head, const char *name)
{
	const char *p = strcasestr(head, name);

	return p != NULL ? p + strlen(name) : NULL;
}

static int
discard(int fd, char *buf, unsigned long long n)
{
	ssize_t r;

	for (; n > 0; n -= (unsigned long long)r)
		if ((r = recv(fd, buf, n < 1 << 20 ? n : 1 << 20,
		    MSG_TRUNC)) <= 0)
			return -1;
	return 0;
}

/* Without a body len is what it would be: for HEAD. */
static int
answer(int fd, const char *status, const char *body, unsigned long long len)
{
	char out[2048];
	int n = snprintf(out, sizeof(out), "HTTP/1.1 %s\r\nETag: \"sink\"\r\n"
	    "x-amz-meta-bk-upload: %s\r\nContent-Length: %llu\r\n\r\n%s",
	    status, upload_id, *body != '\0' ? strlen(body) : len, body);

	return send(fd, out, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

static void
remember(const char *head)
{
	const char *id = header(head, "\r\nx-amz-meta-bk-upload: ");

	complete = 0;
	size = 0;
	(void)snprintf(upload_id, sizeof(upload_id), "%.32s",
	    id != NULL ? id : "");
}

/* One request, its head in head, its body of n bytes read already. */
static int
serve(int fd, const char *head, unsigned long long n)
{
	const char *line_end = strstr(head, "\r\n");
	char line[4096];

	(void)snprintf(line, sizeof(line), "%.*s", (int)(line_end - head),
	    head);
	if (strncmp(line, "POST", 4) == 0 && strstr(line, "uploads")) {
		remember(head);
		return answer(fd, "200 OK", "<InitiateMultipartUploadResult>"
		    "<UploadId>u</UploadId></InitiateMultipartUploadResult>",
		    0);
	}
	if (strncmp(line, "POST", 4) == 0) {
		complete = 1;
		return answer(fd, "200 OK", "<CompleteMultipartUploadResult>"
		    "<ETag>sink</ETag></CompleteMultipartUploadResult>", 0);
	}
	if (strncmp(line, "PUT", 3) == 0) {
		if (strstr(line, "partNumber") == NULL) {
			remember(head);
			complete = 1;
		}
		size += n;
		return answer(fd, "200 OK", "", 0);
	}
	if (strncmp(line, "HEAD", 4) == 0 && complete) {
		complete = 0;		/* the next run starts anew */
		return answer(fd, "200 OK", "", size);
	}
	if (strncmp(line, "DELETE", 6) == 0)
		return answer(fd, "204 No Content", "", 0);
	if (strncmp(line, "HEAD", 4) == 0)
		return answer(fd, "404 Not Found", "", 0);
	return answer(fd, "404 Not Found", "<Error><Code>NoSuchKey</Code>"
	    "</Error>", 0);
}

static void *
connection(void *arg)
{
	int fd = (int)(intptr_t)arg, one = 1;
	char *head = malloc(HEAD_MAX + 1), *buf = malloc(1 << 20), *end;
	unsigned long long n, rest;
	const char *v;
	size_t have = 0, used;
	ssize_t r;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (head != NULL && buf != NULL) {
		head[have] = '\0';
		if ((end = strstr(head, "\r\n\r\n")) == NULL) {
			if ((r = recv(fd, head + have, HEAD_MAX - have,
			    0)) <= 0)
				break;
			have += (size_t)r;
			continue;
		}
		end[2] = '\0';
		used = (size_t)(end + 4 - head);
		v = header(head, "\r\nContent-Length: ");
		n = v != NULL ? strtoull(v, NULL, 10) : 0;
		if (header(head, "\r\nExpect: 100") != NULL &&
		    send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, 0) != 25)
			break;
		rest = have - used < n ? n - (have - used) : 0;
		if (discard(fd, buf, rest) == -1 || serve(fd, head, n) == -1)
			break;
		used += (size_t)(n - rest);
		memmove(head, head + used, have - used);
		have -= used;
	}
	close(fd);
	free(head);
	free(buf);
	return NULL;
}

int
main(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_STREAM, 0), fd;
	pthread_t t;

	if (s == -1 || bind(s, (struct sockaddr *)&a, len) == -1 ||
	    listen(s, 128) == -1 ||
	    getsockname(s, (struct sockaddr *)&a, &len) == -1) {
		perror("s3sink");
		return 1;
	}
	printf("%d\n", ntohs(a.sin_port));
	(void)fflush(stdout);
	for (;;)
		if ((fd = accept(s, NULL, NULL)) != -1 && pthread_create(&t,
		    NULL, connection, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
}
