/* wal/get, wal/command: several at once, ahead, stopped. */
#include "wal/get.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/thread.h"
#include "starve.h"
#include "tap.h"

enum { SEGMENTS = 12, GETTERS = 3 };
#define MIB ((uint64_t)1 << 20)

static char dir[] = "/tmp/bk-wal-get.XXXXXX";
static char other_disk[] = "/dev/shm/bk-wal-get.XXXXXX";
static char *env[] = { "PATH=/usr/bin:/bin", NULL };

/* The segment with this number, as the file DIR/NAME. */
static void
make_segment(unsigned number)
{
	static uint8_t p[MIB];
	const uint16_t magic = 0xD110, info = 2;
	const uint32_t timeline = 1, bytes = MIB, page = 8192;
	const uint64_t address = number * MIB, sysid = 77;
	char path[100];
	int fd;

	memcpy(p, &magic, 2);
	memcpy(p + 2, &info, 2);
	memcpy(p + 4, &timeline, 4);
	memcpy(p + 8, &address, 8);
	memcpy(p + 24, &sysid, 8);
	memcpy(p + 32, &bytes, 4);
	memcpy(p + 36, &page, 4);
	(void)snprintf(path, sizeof(path), "%s/0000000100000000%08X", dir,
	    number);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd == -1 || write(fd, p, sizeof(p)) != (ssize_t)sizeof(p) ||
	    close(fd) == -1)
		ok(0, "%s: cannot be written", path);
}

static int
exists(const char *sub, unsigned number)
{
	char path[100];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s/0000000100000000%08X", dir,
	    sub, number);
	return stat(path, &st) == 0 && st.st_size == (off_t)MIB;
}

struct getter {
	struct bk_wal_get *g;
	unsigned first;
	int there;
};

/* Every third segment, in order. */
static void *
get_some(void *arg)
{
	struct getter *r = arg;
	char name[BK_WAL_NAME], path[150];
	struct bk_err e = {0};
	unsigned i;

	for (i = r->first; i < SEGMENTS; i += GETTERS) {
		(void)snprintf(name, sizeof(name), "0000000100000000%08X", i);
		(void)snprintf(path, sizeof(path), "%s/out/%s", dir, name);
		r->there += bk_wal_get(r->g, name, path, &e) == 1;
		bk_wal_get_ahead(r->g, name);
	}
	return NULL;
}

static void
at_once(struct bk_wal_get *g)
{
	struct getter r[GETTERS];
	pthread_t t[GETTERS];
	struct bk_err e = {0};
	unsigned i;
	int there = 0;

	for (i = 0; i < GETTERS; i++) {
		r[i] = (struct getter){ g, i, 0 };
		if (bk_thread_start(&t[i], get_some, &r[i], &e) == -1)
			return;
	}
	for (i = 0; i < GETTERS; i++) {
		pthread_join(t[i], NULL);
		there += r[i].there;
	}
	is_int(there, SEGMENTS, "several at once, each is there");
	for (i = 0; i < SEGMENTS; i++)
		if (!exists("/out", i))
			ok(0, "segment %u", i);
	bk_wal_get_settle(g);
	is_int((intmax_t)bk_wal_get_segment(g), MIB, "their size is known");
}

static void
ahead(struct bk_wal_get *g)
{
	struct bk_err e = {0};
	unsigned i, n = 0;
	char path[100];

	ok(bk_wal_get(g, "000000010000000000000001", NULL, &e) == 1 &&
	    exists("/spool", 1), "it stays in the spool: %s", e.msg);
	bk_wal_get_ahead(g, "000000010000000000000001");
	bk_wal_get_settle(g);
	for (i = 2; i < SEGMENTS; i++)
		n += (unsigned)exists("/spool", i);
	is_int(n, 4, "as many as wanted are fetched ahead");
	ok(exists("/spool", 5) && !exists("/spool", 6), "the next ones");
	(void)snprintf(path, sizeof(path), "%s/spool/.bk-wal.asked", dir);
	(void)unlink(path);
	bk_wal_get_ahead(g, "000000010000000000000005");
	bk_wal_get_settle(g);
	ok(exists("/spool", 6), "also if nothing says what was asked for");
	ok(bk_wal_get(g, "0000000100000000000000FF", NULL, &e) == 0,
	    "proven not to be there: %s", e.msg);
	bk_wal_get_ahead(g, "00000001000000000000000B");
	bk_wal_get_settle(g);
	ok(!exists("/spool", SEGMENTS), "what is not there ends it");
}

/* Out of the spool to another file system, where there is one. */
static int
move(void *arg, struct bk_err *e)
{
	static const char name[] = "000000010000000000000003";
	struct bk_wal_get *g = bk_wal_get_open(arg, e);
	char path[200];
	int rc = -1;

	(void)snprintf(path, sizeof(path), "%s/%s", other_disk, name);
	if (g != NULL && (rc = bk_wal_get(g, name, NULL, e)) == 1)
		rc = bk_wal_get(g, name, path, e);
	bk_wal_get_free(g);
	rc = rc == 1 ? 0 : rc == 0 ? 2 : -1;
	if (rc == 0 && access(path, R_OK) == -1)
		rc = 2;
	(void)remove(path);
	(void)snprintf(path, sizeof(path), "%s/%s",
	    ((const struct bk_wal_get_options *)arg)->spool, name);
	(void)remove(path);
	return rc;
}

static void
moved(const struct bk_wal_get_options *o)
{
	struct bk_wal_get_options copy = *o;
	struct bk_err e = {0};
	struct bk_wal_get *g = bk_wal_get_open(o, &e);

	ok(bk_wal_get(g, "x", NULL, &e) == -1 && e.code == BK_DATA,
	    "%s", e.msg);
	bk_wal_get_free(g);
	starve("move", STARVE_MEMORY, move, &copy);
	starve("move", STARVE_OPEN, move, &copy);
	starve("move", STARVE_NAME, move, &copy);
	starve("move", STARVE_WRITE, move, &copy);
	(void)rmdir(other_disk);
}

static int
count(void *ctx, const void *buf, size_t n, struct bk_err *e)
{
	(void)buf;
	(void)e;
	*(size_t *)ctx += n;
	return 0;
}

/* An end of file that is not read, and one in an envelope. */
static void
feed(void)
{
	char *cat[] = { "cat >/dev/null", NULL }, *none[] = { "true", NULL };
	char *loud[] = { "head -c 300000 /dev/zero | tee /dev/stderr", NULL };
	struct bk_label label = { .at = 1 };
	struct bk_wal_command c;
	struct bk_err e = {0};
	char path[100];
	atomic_int pid = 0;
	size_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/000000010000000000000001", dir);
	fd = open(path, O_RDONLY);
	bk_wal_command_init(&c, cat, env);
	ok(bk_wal_command_feed(&c, "x", fd, MIB, &label, NULL, &pid, &e) == 0,
	    "all was read %s", e.msg);
	ok(bk_wal_command_feed(&c, "x", fd, MIB + 1, &label, NULL, &pid,
	    &e) == -1 && strstr(e.msg, "shorter") != NULL,
	    "a file too short: %s", e.msg);
	e = (struct bk_err){0};
	bk_wal_command_init(&c, none, env);
	ok(bk_wal_command_feed(&c, "x", fd, 10, &label, NULL, &pid, &e) == -1 &&
	    strstr(e.msg, "unread") != NULL, "nothing was read: %s", e.msg);
	e = (struct bk_err){0};
	bk_wal_command_init(&c, loud, env);
	ok(bk_wal_command_fetch(&c, "x", count, &n, &pid, &e) == 1 &&
	    n == 300000, "much on standard error harms nothing %s", e.msg);
	close(fd);
}

static void *
stop(void *arg)
{
	bk_wal_get_stop(arg);
	return NULL;
}

static void
stopped(const struct bk_wal_get_options *o)
{
	char *hang[] = { "sleep", "1000", NULL };
	struct bk_wal_get_options slow = *o;
	struct bk_wal_command c;
	struct bk_err e = {0};
	struct bk_wal_get *g;
	pthread_t t;

	bk_wal_command_init(&c, hang, env);
	slow.command = &c;
	slow.segment = MIB;
	if ((g = bk_wal_get_open(&slow, &e)) == NULL)
		return;
	bk_wal_get_ahead(g, "000000010000000000000006");
	if (bk_thread_start(&t, stop, g, &e) == -1)
		return;
	bk_wal_get_settle(g);
	pthread_join(t, NULL);
	ok(bk_wal_get(g, "00000001000000000000000B", NULL, &e) == -1,
	    "stopped: %s", e.msg);
	bk_wal_get_free(g);
}

static void
use_spool(char spool[100], const char *name)
{
	(void)snprintf(spool, 100, "%s/%s", dir, name);
	if (mkdir(spool, 0700) == -1)
		ok(0, "%s: cannot be made", spool);
}

static void
clean(void)
{
	char *words[] = { "rm", "-rf", dir, NULL };
	const int fds[3] = { -1, -1, -1 };
	struct bk_err e = {0};
	atomic_int pid;
	int status;

	if (bk_child_spawn(&pid, words, env, fds, -1, &e) == 0)
		(void)bk_child_reap(&pid, &status);
}

int
main(void)
{
	char word[200], spool[100], *words[] = { word, NULL };
	struct bk_wal_get_options o = { .spool = spool, .jobs = 3, .ahead = 4,
	    .sysid = "77" };
	struct bk_wal_command c;
	struct bk_err e = {0};
	struct bk_wal_get *g;
	unsigned i;

	if (mkdtemp(dir) == NULL || (mkdtemp(other_disk) == NULL &&
	    snprintf(other_disk, sizeof(other_disk), "%s", dir) < 0))
		return 1;
	use_spool(spool, "out");
	(void)snprintf(word, sizeof(word), "cd %s && { [ -e $BK_WAL_NAME ] || "
	    "exit 4; } && exec cat $BK_WAL_NAME", dir);
	for (i = 0; i < SEGMENTS; i++)
		make_segment(i);
	bk_wal_command_init(&c, words, env);
	o.command = &c;
	use_spool(spool, "first");
	if ((g = bk_wal_get_open(&o, &e)) != NULL)
		at_once(g);
	bk_wal_get_free(g);
	use_spool(spool, "spool");
	if ((g = bk_wal_get_open(&o, &e)) != NULL)
		ahead(g);
	bk_wal_get_free(g);
	feed();
	use_spool(spool, "fourth");
	moved(&o);
	use_spool(spool, "third");
	stopped(&o);
	clean();
	return tap_done();
}
