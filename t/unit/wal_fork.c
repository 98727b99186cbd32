/* The point where a timeline was left: histories of pg_wal, and the cut. */
#include "wal/fork.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define MIB ((uint64_t)1 << 20)

static void
put(const char *name, const void *text, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text, n) != (ssize_t)n || close(fd) == -1)
		exit(99);
}

static struct bk_wal_point point;	/* where the server is */

static int
find(uint32_t timeline, uint64_t *lsn)
{
	struct bk_err e = {0};

	*lsn = 0;
	return bk_wal_fork_find("h", &point, timeline, lsn, &e);
}

static void
test_find(void)
{
	static const char two[] = "1\t0/300000\tx\n", three[] =
	    "1\t0/200000\tx\n", four[] = "1\t0/300000\tx\n2\t0/500000\ty\n";
	uint64_t lsn;

	is_int(find(1, &lsn), 0, "no directory");
	if (mkdir("h", 0700) == -1)
		exit(99);
	put("h/00000001.history.tmp", "x", 1);
	is_int(find(1, &lsn), 0, "no history");
	put("h/00000002.history", two, strlen(two));
	ok(find(1, &lsn) == 1 && lsn == 0x300000, "left by the next");
	is_int(find(2, &lsn), 0, "not left by itself");
	put("h/00000003.history", three, strlen(three));
	ok(find(1, &lsn) == 1 && lsn == 0x200000, "the newest counts");
	is_int(find(2, &lsn), 0, "another's is none of ours");
	point = (struct bk_wal_point){ 1, 0x1fffff };
	ok(find(1, &lsn) == 1 && lsn == 0x200000, "it leads to the server");
	point.lsn++;
	ok(find(1, &lsn) == 1 && lsn == 0x300000,
	    "one that parts before the server is passed over");
	point = (struct bk_wal_point){ 3, 0x200000 };
	ok(find(1, &lsn) == 1 && lsn == 0x200000, "the server is on it");
	point = (struct bk_wal_point){ 0, 0 };
	put("h/00000004.history", four, strlen(four));
	ok(find(1, &lsn) == 1 && lsn == 0x300000 && find(2, &lsn) == 1 &&
	    lsn == 0x500000, "on the way to a newer one");
	put("h/00000005.history", "x", 1);
	is_int(find(1, &lsn), -1, "one that is none");
}

/* The first page's header of a segment at 1 MiB, and 'x' up to its end. */
static void
put_segment(void)
{
	static uint8_t s[1 << 20];
	const uint64_t at = MIB, sysid = 1;
	const uint16_t magic = 0xD110, info = 2;
	const uint32_t timeline = 1, segment = 1 << 20, page = 8192;

	memset(s, 'x', sizeof(s));
	memcpy(s, &magic, 2);
	memcpy(s + 2, &info, 2);
	memcpy(s + 4, &timeline, 4);
	memcpy(s + 8, &at, 8);
	memcpy(s + 24, &sysid, 8);
	memcpy(s + 32, &segment, 4);
	memcpy(s + 36, &page, 4);
	put("s", s, sizeof(s));
}

/* So many bytes are before the zeros. */
static long
left(void)
{
	static char s[1 << 20];
	int fd = open("s", O_RDONLY);
	long n = fd == -1 ? -1 : (long)read(fd, s, sizeof(s));

	if (fd == -1 || close(fd) == -1)
		return -1;
	while (n > 0 && s[n - 1] == 0)
		n--;
	return n;
}

static void
test_cut(void)
{
	struct bk_err e = {0};

	put_segment();
	ok(bk_wal_fork_cut("s", 2 * MIB, &e) == 1 && left() == (long)MIB,
	    "left at its end: it is whole");
	ok(bk_wal_fork_cut("s", MIB + 100001, &e) == 1 && left() == 100001,
	    "cut in the middle");
	ok(bk_wal_fork_cut("s", MIB, &e) == 0 && left() == -1,
	    "left where it begins: removed");
	put("s", "x", 1);
	ok(bk_wal_fork_cut("s", MIB, &e) == -1 && e.code == BK_DATA &&
	    left() == -1, "no segment: %s", e.msg);
}

int
main(void)
{
	char dir[] = "/tmp/bk-fork.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		return 99;
	test_find();
	test_cut();
	if (system("rm -rf h s") != 0 || chdir("/") == -1 || rmdir(dir) == -1)
		return 99;
	return tap_done();
}
