/*
 * The history file is replaced atomically, so a process that waited for the
 * lock may hold that of the replaced file: then it tries again.
 */
#define _GNU_SOURCE		/* flock */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/io.h"
#include "base/utctime.h"
#include "notify/message.h"
#include "notify/state.h"
#include "stream/store.h"

#define HEAD "bk-notify 2\n"	/* then a line for each report */
#define HISTORY_MAX (4 * 1024 * 1024)

struct bk_notify_told {
	const char *path;
	int fd;			/* holds the lock */
};

/*
 * Open and lock the file path: 1; 0 if it was replaced while we waited; -1 with
 * *e set.
 */
static int
try_lock(struct bk_notify_told *p, struct bk_err *e)
{
	struct stat named, locked;

	p->fd = open(p->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC, 0600);
	if (p->fd == -1 && errno != ELOOP)
		return bk_fail_errno(e, "%s", p->path);
	if (p->fd == -1 || fstat(p->fd, &locked) == -1 ||
	    !S_ISREG(locked.st_mode))
		return bk_fail(e, BK_DATA, "%s: not a regular file", p->path);
	if (bk_io_lock(p->fd, LOCK_EX) == -1)
		return bk_fail_errno(e, "%s: lock", p->path);
	if (lstat(p->path, &named) == 0 && named.st_ino == locked.st_ino &&
	    named.st_dev == locked.st_dev)
		return 1;
	close(p->fd);		/* nothing was written */
	p->fd = -1;
	return 0;
}

/* The file's text; its line: state, since, told, subject. */
static int
format(struct bk_buf *b, const struct bk_notify_reports *r, struct bk_err *e)
{
	char since[BK_UTCTIME_TEXT], told[BK_UTCTIME_TEXT];
	size_t i;

	if (bk_buf_puts(b, HEAD, e) == -1)
		return -1;
	for (i = 0; i < r->n; i++) {
		bk_utctime_format(r->v[i].since, since);
		bk_utctime_format(r->v[i].told, told);
		if (bk_buf_printf(b, e, "%s %s %s %s\n",
		    bk_state_name(r->v[i].state), since, told,
		    r->v[i].subject) == -1)
			return -1;
	}
	return 0;
}

/* The fields up to the next blank: *s moves past it. */
static size_t
field(const char **s, const char *end)
{
	const char *start = *s, *blank = memchr(start, ' ',
	    (size_t)(end - start));

	*s = blank == NULL ? end : blank + 1;
	return (size_t)((blank == NULL ? end : blank) - start);
}

/* 1 if the line from s to end is a report, then appended; 0; -1. */
static int
parse_line(struct bk_notify_reports *r, const char *s, const char *end,
    struct bk_err *e)
{
	struct bk_notify_report *new;
	const char *at = s;
	enum bk_state state;
	time_t since, told;
	size_t n = field(&s, end);

	if (!bk_notify_state_parse(at, n, &state))
		return 0;
	at = s;
	n = field(&s, end);
	if (bk_utctime_parse(at, n, &since) == -1)
		return 0;
	at = s;
	n = field(&s, end);
	if (bk_utctime_parse(at, n, &told) == -1)
		return 0;
	new = bk_notify_reports_add(r, s, (size_t)(end - s), e);
	if (new == NULL)
		return -1;
	new->state = state;
	new->since = since;
	new->told = told;
	return 1;
}

/* 1 if text is a history; formatting what was parsed must give it again. */
static int
parse(struct bk_notify_reports *r, const struct bk_buf *text, struct bk_err *e)
{
	const char *s = text->data, *end = text->data + text->len, *line;
	struct bk_buf again = {0};
	int rc = 1;

	if (text->len < strlen(HEAD) || memcmp(s, HEAD, strlen(HEAD)) != 0)
		return 0;
	for (s += strlen(HEAD); rc == 1 && s < end; s = line + 1) {
		if ((line = memchr(s, '\n', (size_t)(end - s))) == NULL)
			return 0;
		rc = parse_line(r, s, line, e);
	}
	if (rc == 1 && (rc = format(&again, r, e)) == 0)
		rc = again.len == text->len &&
		    memcmp(again.data, text->data, text->len) == 0;
	bk_buf_free(&again);
	return rc;
}

/* Read the file, which is empty if new. */
static int
read_past(struct bk_notify_told *p, struct bk_notify_reports *past,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	char piece[4096];
	ssize_t n;
	int rc = 0;

	while ((n = bk_io_read(p->fd, piece, sizeof(piece), p->path, e)) > 0 &&
	    text.len < HISTORY_MAX && rc == 0)
		rc = bk_buf_add(&text, piece, (size_t)n, e);
	if (n == -1 || rc == -1)
		rc = -1;
	else if (text.len > 0 && (rc = parse(past, &text, e)) == 0)
		rc = bk_fail(e, BK_DATA, "%s: not written by bk-notify; remove "
		    "it if nothing else uses it", p->path);
	bk_buf_free(&text);
	return rc == -1 ? -1 : 0;
}

struct bk_notify_told *
bk_notify_told_open(const char *path, struct bk_notify_reports *past,
    struct bk_err *e)
{
	struct bk_notify_told *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*p = (struct bk_notify_told){ .path = path, .fd = -1 };
	while ((rc = try_lock(p, e)) == 0)
		continue;
	if (rc == 1 && read_past(p, past, e) == 0)
		return p;
	bk_notify_told_close(p);
	bk_notify_reports_free(past);
	return NULL;
}

int
bk_notify_told_store(struct bk_notify_told *p,
    const struct bk_notify_reports *told, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = format(&text, told, e);

	if (rc == 0)
		rc = bk_store_replace(p->path, 0600, &text, e);
	bk_buf_free(&text);
	return rc;
}

void
bk_notify_told_close(struct bk_notify_told *p)
{
	if (p == NULL)
		return;
	if (p->fd != -1)
		close(p->fd);		/* nothing was written */
	free(p);
}

struct bk_notify_report *
bk_notify_reports_add(struct bk_notify_reports *r, const char *subject,
    size_t n, struct bk_err *e)
{
	struct bk_notify_report *more = bk_grow(r->v, r->n, NULL,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	r->v = more;
	more = &r->v[r->n];
	*more = (struct bk_notify_report){ .subject = strndup(subject, n) };
	if (more->subject == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	r->n++;
	return more;
}

struct bk_notify_report *
bk_notify_reports_find(const struct bk_notify_reports *r, const char *subject,
    size_t n)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strlen(r->v[i].subject) == n &&
		    memcmp(r->v[i].subject, subject, n) == 0)
			return &r->v[i];
	return NULL;
}

void
bk_notify_reports_free(struct bk_notify_reports *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		free(r->v[i].subject);
	free(r->v);
	*r = (struct bk_notify_reports){0};
}
