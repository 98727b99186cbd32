/*
 * The history file is replaced atomically, so a process that waited for the
 * lock may hold that of the replaced file: then it tries again.
 */
#define _GNU_SOURCE		/* flock */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/store.h"
#include "notify/history.h"

#define HEAD "bk-notify 1 "	/* then a state, a blank, a time, a newline */

struct bk_notify_history {
	const char *path;
	int fd;			/* holds the lock */
	enum bk_state reported;	/* the worst since the last OK */
	char since[BK_UTCTIME_TEXT];	/* its first report; "": never */
};

/*
 * Open and lock the file path: 1; 0 if it was replaced while we waited; -1 with
 * *e set.
 */
static int
try_lock(struct bk_notify_history *p, struct bk_err *e)
{
	struct stat named, locked;

	p->fd = open(p->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC, 0600);
	if (p->fd == -1 && errno != ELOOP)
		return bk_fail_errno(e, "%s", p->path);
	if (p->fd == -1 || fstat(p->fd, &locked) == -1 ||
	    !S_ISREG(locked.st_mode))
		return bk_fail(e, BK_DATA, "%s: not a regular file", p->path);
	while (flock(p->fd, LOCK_EX) == -1)
		if (errno != EINTR)
			return bk_fail_errno(e, "%s: lock", p->path);
	if (lstat(p->path, &named) == 0 && named.st_ino == locked.st_ino &&
	    named.st_dev == locked.st_dev)
		return 1;
	close(p->fd);		/* nothing was written */
	p->fd = -1;
	return 0;
}

/* Read the file, which is empty if new. */
static int
read_past(struct bk_notify_history *p, struct bk_err *e)
{
	char text[128], want[128];
	ssize_t n = bk_io_read(p->fd, text, sizeof(text) - 1, p->path, e);
	const char *state = text + strlen(HEAD), *when;
	time_t t;

	if (n <= 0)
		return (int)n;
	text[n] = '\0';
	/* formatting what was parsed must give the same text */
	if (strncmp(text, HEAD, strlen(HEAD)) == 0 &&
	    (when = strchr(state, ' ')) != NULL && bk_notify_state_parse(state,
	    (size_t)(when - state), &p->reported) && bk_utctime_parse(when + 1,
	    strcspn(when + 1, "\n"), &t) == 0) {
		bk_utctime_format(t, p->since);
		(void)snprintf(want, sizeof(want), HEAD "%s %s\n",
		    bk_state_name(p->reported), p->since);
		if (strlen(want) == (size_t)n && strcmp(text, want) == 0)
			return 0;
	}
	return bk_fail(e, BK_DATA, "%s: not written by bk-notify; remove it if "
	    "nothing else uses it", p->path);
}

struct bk_notify_history *
bk_notify_history_open(const char *path, struct bk_err *e)
{
	struct bk_notify_history *p = calloc(1, sizeof(*p));
	int rc;

	if (p == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*p = (struct bk_notify_history){ .path = path, .fd = -1,
	    .reported = BK_STATE_OK };
	while ((rc = try_lock(p, e)) == 0)
		continue;
	if (rc == 1 && read_past(p, e) == 0)
		return p;
	bk_notify_history_close(p);
	return NULL;
}

int
bk_notify_history_is_news(const struct bk_notify_history *p,
    const struct bk_notify_message *m)
{
	if (m->state == BK_STATE_OK)
		return p->reported != BK_STATE_OK;
	return m->state != p->reported &&
	    bk_state_worse(m->state, p->reported) == m->state;
}

int
bk_notify_history_recall(const struct bk_notify_history *p,
    struct bk_notify_message *m, struct bk_err *e)
{
	if (m->state != BK_STATE_OK || p->reported == BK_STATE_OK)
		return 0;
	return bk_buf_printf(&m->text, e, "%sRecovered; it was %s, first "
	    "reported at %s",
	    m->text.len > 0 ? "\n" : "", bk_state_name(p->reported),
	    p->since);
}

int
bk_notify_history_store(struct bk_notify_history *p,
    const struct bk_notify_message *m, struct bk_err *e)
{
	const struct bk_store_options o = { .overwrite = 1,
	    .must_exist_len = strlen(p->path) };
	const char *since = p->reported == BK_STATE_OK ||
	    m->state == BK_STATE_OK ? m->utc : p->since;
	struct bk_store *store = NULL;
	struct bk_buf text = {0};
	int rc = bk_buf_printf(&text, e, HEAD "%s %s\n",
	    bk_state_name(m->state), since);

	if (rc == 0 && (store = bk_store_open(p->path, &o, e)) == NULL)
		rc = -1;
	if (rc == 0 && (rc = bk_store_write(store, text.data, text.len,
	    e)) == 0)
		rc = bk_store_commit(store, e);
	bk_store_free(store);
	bk_buf_free(&text);
	return rc;
}

void
bk_notify_history_close(struct bk_notify_history *p)
{
	if (p == NULL)
		return;
	if (p->fd != -1)
		close(p->fd);		/* nothing was written */
	free(p);
}
