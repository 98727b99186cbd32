/* wal/dispatch: files on their way to COMMANDs, while each call fails once. */
#define _XOPEN_SOURCE 700	/* nftw */
#include "wal/dispatch.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "starve.h"
#include "tap.h"
#include "wipe.h"

#define ONE "000000010000000000000001"

static char top[100];
static char *env[] = { "PATH=/usr/bin:/bin", NULL };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char said[1100];

static void
say(const char *text)
{
	pthread_mutex_lock(&lock);
	(void)snprintf(said, sizeof(said), "%s", text);
	pthread_mutex_unlock(&lock);
}

/* A file without a name, of 100 bytes. */
static int
some_file(void)
{
	static const char bytes[100] = "x";
	FILE *f = tmpfile();
	int fd = -1;

	if (f != NULL && fwrite(bytes, 1, 100, f) == 100 && fflush(f) == 0)
		fd = fcntl(fileno(f), F_DUPFD, 0);
	if (f != NULL)
		(void)fclose(f);
	return fd;
}

static struct bk_hand_file
named(const char *name, uint64_t bytes, uint64_t confirms, int fd)
{
	struct bk_hand_file f = { .fd = fd, .bytes = bytes,
	    .confirms = confirms };

	(void)snprintf(f.label.wal, sizeof(f.label.wal), "%s", name);
	return f;
}

/* Until all are stored, or a COMMAND has failed. */
static struct bk_hand_state
settled(struct bk_hand *h)
{
	struct pollfd p = { .fd = bk_hand_fd(h), .events = POLLIN };
	struct bk_hand_state s;

	for (;;) {
		bk_hand_look(h, &s);
		if (s.waiting == 0 || s.failures > 0)
			return s;
		/* a byte in the pipe may be what is lost */
		(void)poll(&p, 1, 100);
	}
}

struct job {
	struct bk_wal_command command;
	const char *dir;
};

/* One from the spool, and one without a name. */
static int
hand(void *arg, struct bk_err *e)
{
	const struct job *j = arg;
	struct bk_spool *spool = bk_spool_open(j->dir, NULL, e);
	struct bk_hand_options o = { .command = &j->command, .spool = spool,
	    .jobs = 1, .say = say };
	struct bk_hand_file kept = named(ONE, 100, 7, -1),
	    other = named(ONE ".partial", 100, 9, some_file());
	struct bk_hand *h = NULL;
	struct bk_hand_state s;
	char path[200];
	int rc = -1;

	(void)snprintf(path, sizeof(path), "%s/" ONE, j->dir);
	put_file(path, said, 100);
	*said = '\0';
	if (spool == NULL || (h = bk_hand_open(&o, e)) == NULL)
		close(other.fd);
	else if (bk_hand_put(h, &other, e) == 0 &&
	    bk_hand_put(h, &kept, e) == 0) {
		s = settled(h);
		rc = s.failures > 0 ? bk_fail(e, BK_FAIL, "%s", said) :
		    s.confirmed != 7 || s.stored != 2;
	}
	bk_hand_free(h);
	bk_spool_free(spool);
	return rc;
}

/* A history file, in the spool's directory or without a name. */
static int
store(void *arg, struct bk_err *e)
{
	const char *dir = arg;
	char line[] = "1\t0/2000000\n", got[sizeof(line)];
	const struct bk_buf text = { .data = line, .len = sizeof(line) - 1 };
	struct bk_spool *spool = bk_spool_open(dir, top, e);
	int fd = -1, rc = -1;

	(void)unlink(below(top, "00000002.history"));
	if (spool != NULL)
		rc = bk_spool_store(spool, "00000002.history", &text,
		    &fd, e);
	starve_pause();
	if (rc == 0 && dir != NULL)
		fd = open(below(dir, "00000002.history"), O_RDONLY);
	if (rc == 0 && pread(fd, got, sizeof(got), 0) !=
	    (ssize_t)text.len)
		rc = 2;
	starve_go_on();
	if (fd != -1)
		close(fd);
	bk_spool_free(spool);
	return rc;
}

static void
test_cut(const struct job *j)
{
	struct bk_hand_options o = { .command = &j->command, .say = say };
	struct bk_hand_file f = named(ONE, 100, 900, some_file());
	struct bk_hand_state s;
	struct bk_err e = {0};
	struct bk_hand *h;

	o.jobs = 1;
	h = bk_hand_open(&o, &e);
	f.label.at = 77;
	ok(bk_hand_put(h, &f, &e) == 0, "a file: %s", e.msg);
	bk_hand_cut(h, 500);
	s = settled(h);
	ok(s.confirmed == 500 && s.stored == 1 && s.oldest == 0,
	    "it confirms no more than where the server's past ends");
	bk_hand_cut(h, 400);
	bk_hand_look(h, &s);
	ok(s.confirmed == 400, "also afterwards");
	f = named(ONE, 101, 900, some_file());
	ok(bk_hand_put(h, &f, &e) == 0, "a file that lacks a byte");
	s = settled(h);
	ok(s.failures == 1 && strstr(said, "has become shorter") != NULL,
	    "%s", said);
	bk_hand_free(h);
}

/* One at work that takes long is ended. */
static void
test_stop(void)
{
	char word[200], begun[120], *words[] = { word, NULL };
	struct bk_wal_command c;
	struct bk_hand_options o = { .command = &c, .jobs = 1, .say = say };
	struct bk_hand_file f = named(ONE, 100, 900, some_file());
	struct bk_hand_state s;
	struct bk_err e = {0};
	struct bk_hand *h;
	int i;

	(void)snprintf(begun, sizeof(begun), "%s/begun", top);
	(void)snprintf(word, sizeof(word), ": >%s; exec sleep 1000", begun);
	bk_wal_command_init(&c, words, env);
	h = bk_hand_open(&o, &e);
	ok(bk_hand_put(h, &f, &e) == 0, "a file: %s", e.msg);
	for (i = 0; i < 2000 && access(begun, F_OK) == -1; i++)
		(void)poll(NULL, 0, 10);
	bk_hand_stop(h, 0);
	bk_hand_look(h, &s);
	ok(s.waiting == 1 && s.confirmed == 0, "stopped, it is not stored");
	bk_hand_free(h);
}

int
main(void)
{
	char *words[] = { "cat >/dev/null", NULL };
	struct job j = { .dir = top };

	if (make_scratch(top, "wal-hand") == -1)
		return 1;
	bk_wal_command_init(&j.command, words, env);
	starve_all("hand over", hand, &j);
	starve_all("a history", store, top);
	starve_all("a history without a name", store, NULL);
	test_cut(&j);
	test_stop();
	wipe_tree(top);
	return tap_done();
}
