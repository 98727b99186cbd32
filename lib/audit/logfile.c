#include "audit/logfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_CAP (64 * 1024)

struct bk_logfile {
	int fd;
	const char *path;	/* "-": standard input */
	size_t max, number;
	char *buf;
	size_t cap;
	size_t start;		/* of the next line */
	size_t seen;		/* no newline from start to here */
	size_t end;		/* of the data in buf */
	int skipping;		/* the rest of a line that is too long */
};

static int
is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

struct bk_logfile *
bk_logfile_open(const char *path, size_t max, struct bk_err *e)
{
	struct bk_logfile *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->buf = malloc(FIRST_CAP)) == NULL) {
		free(l);
		bk_fail_memory(e);
		return NULL;
	}
	l->path = path;
	l->max = max;
	l->cap = FIRST_CAP;
	l->fd = is_stdin(path) ? STDIN_FILENO :
	    open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd != -1)
		return l;
	bk_fail_errno(e, "%s", path);
	bk_logfile_free(l);
	return NULL;
}

const char *
bk_logfile_name(const struct bk_logfile *l)
{
	return is_stdin(l->path) ? "standard input" : l->path;
}

/* Make room after end; the incomplete line has at most max bytes. */
static int
make_room(struct bk_logfile *l, struct bk_err *e)
{
	char *more;

	if (l->start > 0) {
		memmove(l->buf, l->buf + l->start, l->end - l->start);
		l->end -= l->start;
		l->seen -= l->start;
		l->start = 0;
	}
	if (l->end < l->cap)
		return 0;
	if ((more = realloc(l->buf, l->cap * 2)) == NULL)
		return bk_fail_memory(e);
	l->buf = more;
	l->cap *= 2;
	return 0;
}

/* 1; 0 at the end of the file; -1 with *e set. */
static int
read_more(struct bk_logfile *l, struct bk_err *e)
{
	ssize_t n;

	if (make_room(l, e) == -1)
		return -1;
	do
		n = read(l->fd, l->buf + l->end, l->cap - l->end);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return bk_fail_errno(e, "%s: read", bk_logfile_name(l));
	l->end += (size_t)n;
	return n > 0;
}

static int
too_long(struct bk_logfile *l, struct bk_err *e)
{
	l->number++;
	return bk_fail(e, BK_DATA, "%s: line %zu: longer than %zu bytes",
	    bk_logfile_name(l), l->number, l->max);
}

int
bk_logfile_next(struct bk_logfile *l, const char **line, size_t *n,
    struct bk_err *e)
{
	char *nl;
	int rc;

	for (;;) {
		nl = memchr(l->buf + l->seen, '\n', l->end - l->seen);
		*line = l->buf + l->start;
		*n = (size_t)((nl == NULL ? l->buf + l->end : nl) - *line);
		l->seen = nl == NULL ? l->end : (size_t)(nl + 1 - l->buf);
		if (nl != NULL || l->skipping || *n > l->max)
			l->start = l->seen;
		if (nl != NULL && !l->skipping) {
			if (*n > l->max)
				return too_long(l, e);
			l->number++;
			return 1;
		}
		if (nl != NULL)
			l->skipping = 0;
		else if (*n > l->max && !l->skipping) {
			l->skipping = 1;
			return too_long(l, e);
		} else if ((rc = read_more(l, e)) != 1)
			return rc;
	}
}

size_t
bk_logfile_number(const struct bk_logfile *l)
{
	return l->number;
}

int
bk_logfile_cut(const struct bk_logfile *l)
{
	return l->skipping || l->end > l->start;
}

int
bk_logfile_rotated(const struct bk_logfile *l)
{
	off_t at = lseek(l->fd, 0, SEEK_CUR);
	struct stat ours, there;

	if (fstat(l->fd, &ours) == -1)
		return 0;
	if (stat(l->path, &there) == -1)
		return errno == ENOENT;
	return there.st_ino != ours.st_ino || there.st_dev != ours.st_dev ||
	    ours.st_size < at;
}

void
bk_logfile_free(struct bk_logfile *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1 && !is_stdin(l->path))
		(void)close(l->fd);	/* read-only: no data to lose */
	free(l->buf);
	free(l);
}
