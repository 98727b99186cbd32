/* A data directory from a tar: what is made, what is refused, what is left. */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_chain.h"
#include "datadir/combine.h"
#include "tap.h"

#define SYSID "7000000000000000001"
#define BIG ((size_t)3 << 20)

static char top[] = "/tmp/bk-datadir-XXXXXX";
static struct bk_err e;
static char *big;		/* BIG bytes: some, then zeros */

static const char *
in(const char *name)
{
	static char path[8][256];
	static int i;

	i = (i + 1) % 8;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", top, name);
	return path[i];
}

static void
wipe(const char *name)
{
	char cmd[300];
	const char *path = in(name);
	pid_t pid;

	(void)snprintf(cmd, sizeof(cmd), "%s", path);
	if ((pid = fork()) == 0) {
		execlp("rm", "rm", "-rf", cmd, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

static int
is_there(const char *name)
{
	struct stat st;

	return lstat(in(name), &st) == 0;
}

static int
count(const char *name)
{
	DIR *d = opendir(in(name));
	struct dirent *entry;
	int n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL)
		n += entry->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	return n;
}

static void
put(const char *name, const void *p, size_t n)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, p, n) != (ssize_t)n)
		ok(0, "%s: %s", name, strerror(errno));
	close(fd);
}

static int
holds(const char *name, const void *p, size_t n)
{
	static char buf[BIG + 1];
	int fd = open(in(name), O_RDONLY), rc;
	ssize_t got = fd == -1 ? -1 : read(fd, buf, sizeof(buf));

	rc = got >= 0 && (size_t)got == n && n <= BIG &&
	    memcmp(buf, p, n) == 0;
	if (fd != -1)
		close(fd);
	return rc;
}

static void
control(struct base_tar *b, uint64_t sysid)
{
	char page[8192] = "";

	memcpy(page, &sysid, sizeof(sysid));
	tar_file(b, "global/pg_control", page, sizeof(page));
}

/* What every backup has; the caller adds to it. */
static void
usual(struct base_tar *b)
{
	tar_begin(b);
	tar_file(b, "backup_label", "START WAL LOCATION\n", 19);
	tar_file(b, "PG_VERSION", "17\n", 3);
	tar_dir(b, "base/");
	tar_dir(b, "base/1/");
	tar_file(b, "base/1/112", big, BIG);
	tar_file(b, "base/1/empty", "", 0);
	tar_dir(b, "pg_tblspc/");
	tar_dir(b, "pg_notify/");
	tar_dir(b, "global/");
	control(b, 7000000000000000001);
}

static void
usual_end(struct base_tar *b)
{
	tar_manifest(b);
	tar_dir(b, "pg_tblspc/");
	tar_end(b);
}

/* Unpack b and commit; rc with e. */
static int
unpack(const struct base_tar *b, const struct bk_datadir_options *o,
    struct bk_datadir_summary *sum)
{
	struct memory m = { b->tar.data, b->tar.len };
	const struct bk_source src = { memory_read, &m };
	struct bk_datadir_options all = *o;
	struct bk_datadir *d;
	int rc = -1;

	e = (struct bk_err){0};
	all.dir = in("data");
	all.threads = all.threads == 0 ? 3 : all.threads;
	if ((d = bk_datadir_open(&all, &e)) == NULL)
		return -1;
	if (bk_datadir_unpack(d, src, "input", &e) == 0 &&
	    bk_datadir_append(d, "postgresql.auto.conf", "a = b\n", 6, &e) ==
	    0)
		rc = bk_datadir_commit(d, &e);
	if (rc == -1)
		bk_datadir_undo(d, &e);
	if (sum != NULL) {
		*sum = *bk_datadir_summary(d);
		sum->wal = NULL;
		sum->backup_label = NULL;
	}
	bk_datadir_free(d);
	return rc;
}

static void
test_good(void)
{
	struct bk_datadir_summary sum;
	struct bk_datadir_options o = {0};
	struct base_tar b;
	struct stat st;

	usual(&b);
	tar_file(&b, "base/1/two\nlines", "x", 1);
	usual_end(&b);
	is_int(unpack(&b, &o, &sum), 0, "a good one");
	is_str(e.msg, "", "without a message");
	ok(holds("data/base/1/112", big, BIG), "a large file");
	ok(holds("data/base/1/two\nlines", "x", 1), "a strange name");
	ok(holds("data/PG_VERSION", "17\n", 3), "its version");
	ok(!is_there("data/PG_VERSION.unfinished"), "by its own name");
	ok(holds("data/postgresql.auto.conf", "a = b\n", 6), "a setting");
	ok(stat(in("data/base/1/112"), &st) == 0 && st.st_mode == 0100600 &&
	    st.st_blocks * 512 < st.st_size, "zeros are a hole");
	ok(stat(in("data"), &st) == 0 && (st.st_mode & 07777) == 0700,
	    "for nobody else");
	is_int(sum.major, 17, "major version");
	is_str(sum.manifest.sysid, SYSID, "system identifier");
	is_int((intmax_t)sum.nwal, 1, "range of WAL");
	is_int((intmax_t)sum.files, 7, "files");
	wipe("data");
	o.sysid = "1";
	is_int(unpack(&b, &o, NULL), -1, "another cluster's label");
	is_int(e.code, BK_DATA, "is refused");
	ok(!is_there("data"), "and nothing is left");
	tar_free(&b);
}

/* Every other algorithm, and the group's right to read. */
static void
test_algorithms(void)
{
	enum bk_sum a;
	struct bk_datadir_options o = { .threads = 1 };
	struct base_tar b;
	struct stat st;

	for (a = BK_SUM_NONE; a <= BK_SUM_SHA512; a++) {
		tar_begin(&b);
		b.algorithm = a;
		tar_header(&b, "PG_VERSION", '0', 3, "", 06777);
		tar_data(&b, "17\n", 3);
		tar_list(&b, "PG_VERSION", "17\n", 3);
		tar_file(&b, "base/1/112", big, BIG);
		tar_header(&b, "global", '5', 0, "", 0777);
		usual_end(&b);
		is_int(unpack(&b, &o, NULL), 0, bk_sum_name(a));
		ok(stat(in("data/PG_VERSION"), &st) == 0 &&
		    (st.st_mode & 07777) == 0640 && stat(in("data"), &st) ==
		    0 && (st.st_mode & 07777) == 0750 && stat(
		    in("data/global"), &st) == 0 && (st.st_mode & 07777) ==
		    0750, "the group may read, and no more");
		wipe("data");
		tar_free(&b);
		if (a == BK_SUM_NONE)
			continue;
		tar_begin(&b);
		b.algorithm = a;
		tar_file(&b, "PG_VERSION", "17\n", 3);
		tar_list(&b, "base/1/112", big, BIG);
		big[BIG - 1] ^= 1;
		tar_header(&b, "base/1/112", '0', BIG, "", 0600);
		tar_data(&b, big, BIG);
		big[BIG - 1] ^= 1;
		usual_end(&b);
		is_int(unpack(&b, &o, NULL), -1, "a flipped bit");
		ok(e.code == BK_DATA && strstr(e.msg, bk_sum_name(a)) != NULL,
		    "is told: %s", e.msg);
		ok(!is_there("data"), "nothing is left");
		tar_free(&b);
	}
}

static void
hostile(const char *what, const char *path, char type, const char *link,
    size_t size, const char *says)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;

	usual(&b);
	tar_header(&b, path, type, size, link, 0600);
	tar_data(&b, big, size < 512 ? size : 512);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == (strcmp(says,
	    "in the way") == 0 ? BK_FAIL : BK_DATA) &&
	    strstr(e.msg, says) != NULL && strchr(e.msg, '\n') == NULL,
	    "%s: %s", what, e.msg);
	ok(!is_there("data") && strstr(e.msg, "; all unpacked files were "
	    "removed") != NULL, "%s: nothing is left", what);
	tar_free(&b);
}

static void
test_hostile(void)
{
	char deep[100] = "";
	int i;

	hostile("absolute", "/tmp/x", '0', "", 1, "refused");
	hostile("parent", "../x", '0', "", 1, "refused");
	hostile("parent below", "base/../../x", '0', "", 1, "refused");
	hostile("parent at the end", "base/..", '5', "", 0, "refused");
	hostile("dot within", "base/./x", '0', "", 1, "refused");
	hostile("empty name", "base//x", '0', "", 1, "refused");
	hostile("no name", "", '0', "", 1, "refused");
	hostile("file as directory", "base/1/112/x", '0', "", 1,
	    "a file and a directory");
	hostile("directory in place of a file", "base/1/112", '5', "", 0,
	    "a file and a directory");
	hostile("directory as file", "base/1", '0', "", 1, "twice");
	hostile("twice", "base/1/112", '0', "", 1, "twice");
	hostile("version twice", "PG_VERSION", '0', "", 1, "twice");
	hostile("our own name", "PG_VERSION.unfinished", '0', "", 1,
	    "refused");
	hostile("symbolic link", "base/5", '2', "/etc", 0, "refused");
	hostile("tablespace", "pg_tblspc/16384", '2', "/srv", 0, "bk-base");
	hostile("hard link", "base/6", '1', "base/1/112", 0, "refused");
	hostile("character device", "base/null", '3', "", 0, "refused");
	hostile("block device", "base/sda", '4', "", 0, "refused");
	hostile("FIFO", "base/fifo", '6', "", 0, "refused");
	hostile("another type", "base/x", 'V', "", 0, "refused");
	hostile("huge", "base/1/113", '0', "", (size_t)8 << 30,
	    "unexpected end");
	hostile("extra file", "base/1/999", '0', "", 3,
	    "the manifest has none");
	for (i = 0; i < 98; i++)
		deep[i] = i % 2 == 0 ? 'a' : '/';
	deep[98] = 'a';
	hostile("49 deep, and absent in the manifest", deep, '0', "", 1,
	    "the manifest has none");
}

/* What is read as well as unpacked has a limit; a path has one. */
static void
test_limits(void)
{
	struct bk_datadir_options o = {0};
	struct bk_datadir *d;
	struct base_tar b;
	char deep[150] = "", pax[200];
	size_t i;

	tar_begin(&b);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_file(&b, "backup_label", big, BIG);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "backup_label: more than 1 MiB") != NULL, "%s", e.msg);
	ok(!is_there("data"), "nothing is left");
	tar_free(&b);
	for (i = 0; i < 140; i++)
		deep[i] = i % 2 == 0 ? 'a' : '/';
	(void)snprintf(pax, sizeof(pax), "%zu path=%s\n",
	    strlen("123 path=\n") + strlen(deep), deep);
	usual(&b);
	tar_header(&b, "x", 'x', strlen(pax), "", 0600);
	tar_data(&b, pax, strlen(pax));
	tar_header(&b, "short", '5', 0, "", 0700);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "directories deep") != NULL, "%s", e.msg);
	ok(!is_there("data"), "nothing is left");
	tar_free(&b);
	e = (struct bk_err){0};
	o.dir = in("data");
	o.threads = 1;
	d = bk_datadir_open(&o, &e);
	ok(d != NULL && bk_datadir_commit(d, &e) == -1 && strstr(e.msg,
	    "nothing was unpacked") != NULL, "%s", e.msg);
	bk_datadir_free(d);
	ok(!is_there("data"), "nothing is left");
	if (geteuid() != 0)
		return;
	ok(mkdir(in("data"), 0700) == 0 && chown(in("data"), 12345, 0) == 0,
	    "a directory of another user");
	e = (struct bk_err){0};
	o.dir = in("data");
	ok(bk_datadir_open(&o, &e) == NULL && strstr(e.msg,
	    "it belongs to another user (12345)") != NULL, "%s", e.msg);
	ok(is_there("data"), "which is left alone");
	wipe("data");
}

/* Whatever length arrives: 3, and nothing left. */
static void
test_truncated(void)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;
	size_t n, whole, bad = 0;

	tar_begin(&b);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_file(&b, "base/1/112", big, 700);
	usual_end(&b);
	whole = b.tar.len;
	for (n = 0; n < whole; n += n < whole - 1100 ? 128 : 1) {
		b.tar.len = n;
		bad += unpack(&b, &o, NULL) != -1 || e.code != BK_DATA ||
		    is_there("data");
	}
	is_int((intmax_t)bad, 0, "truncated anywhere");
	b.tar.len = whole;
	is_int(unpack(&b, &o, NULL), 0, "and whole");
	wipe("data");
	tar_free(&b);
}

/* One byte in seven is another: refused, or what is made is right. */
static void
test_flipped(void)
{
	struct bk_datadir_options o = { .threads = 1 };
	struct base_tar b;
	size_t i, wrong = 0, left = 0, taken = 0;

	tar_begin(&b);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_file(&b, "base/1/112", big, 700);
	usual_end(&b);
	for (i = 0; i < b.tar.len; i += 7) {
		struct memory m = { b.tar.data, b.tar.len };
		const struct bk_source src = { memory_read, &m };
		struct bk_datadir *d;

		b.tar.data[i] = (char)(b.tar.data[i] ^ 1 << i % 8);
		e = (struct bk_err){0};
		o.dir = in("data");
		d = bk_datadir_open(&o, &e);
		if (bk_datadir_unpack(d, src, "input", &e) == 0) {
			taken++;
			wrong += !holds("data/PG_VERSION.unfinished", "17\n",
			    3) || !holds("data/base/1/112", big, 700);
		} else
			wrong += e.code != BK_DATA && strstr(e.msg,
			    "in the way") == NULL;
		bk_datadir_free(d);
		left += is_there("data");
		b.tar.data[i] = (char)(b.tar.data[i] ^ 1 << i % 8);
	}
	is_int((intmax_t)wrong, 0, "flipped anywhere");
	is_int((intmax_t)left, 0, "nothing is left");
	/* what nobody reads: the padding of three files */
	ok(taken > 0 && taken < 3 * 512 / 7, "%zu of %zu were taken", taken,
	    b.tar.len / 7);
	tar_free(&b);
}

static void
test_manifest(void)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;

	usual(&b);
	tar_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA &&
	    strstr(e.msg, "no backup_manifest") != NULL, "%s", e.msg);
	ok(!is_there("data"), "nothing is left");
	tar_free(&b);

	usual(&b);
	tar_list(&b, "base/1/2619", "x", 1);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA &&
	    strstr(e.msg, "base/1/2619: the manifest has 1 bytes, the stream "
	    "none") != NULL, "a missing file: %s", e.msg);
	tar_free(&b);

	usual(&b);
	tar_header(&b, "standby.signal", '0', 0, "", 0600);
	tar_header(&b, "pg_wal/000000010000000000000002", '0', 0, "", 0600);
	usual_end(&b);
	is_int(unpack(&b, &o, NULL), 0, "pg_basebackup -R adds to it");
	wipe("data");
	tar_free(&b);
}

static void
test_directories(void)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;
	char text[32];

	usual(&b);
	usual_end(&b);
	(void)mkdir(in("data"), 0755);
	is_int(unpack(&b, &o, NULL), 0, "an empty directory will do");
	is_int(unpack(&b, &o, NULL), -1, "not twice");
	ok(strstr(e.msg, "it contains a cluster") != NULL, "%s", e.msg);
	(void)snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	put("data/postmaster.pid", text, strlen(text));
	is_int(unpack(&b, &o, NULL), -1, "a live one");
	ok(strstr(e.msg, "a server runs in it (process") != NULL, "%s", e.msg);
	o.delta = 1;
	o.sysid = SYSID;
	is_int(unpack(&b, &o, NULL), -1, "nor for delta");
	put("data/postmaster.pid", "999999999\n", 10);
	is_int(unpack(&b, &o, NULL), -1, "one that crashed");
	ok(strstr(e.msg, "remove that file") != NULL, "%s", e.msg);
	o = (struct bk_datadir_options){0};
	wipe("data");
	(void)mkdir(in("data"), 0700);
	put("data/x", "", 0);
	is_int(unpack(&b, &o, NULL), -1, "one with a file");
	ok(strstr(e.msg, "'x'") != NULL && is_there("data/x"), "%s", e.msg);
	wipe("data");
	b.tar.len -= 512;
	(void)mkdir(in("data"), 0700);
	is_int(unpack(&b, &o, NULL), -1, "what was empty");
	ok(is_there("data") && count("data") == 0 &&
	    strstr(e.msg, "; all unpacked files") != NULL, "is so again");
	wipe("data");
	tar_free(&b);
}

static void
add_space(struct base_tar *b, const char *from, const char *file)
{
	char path[100], map[300];

	tar_begin(b);
	tar_header(b, "pg_tblspc/16384", '5', 0, from, 0700);
	tar_dir(b, "pg_tblspc/16384/PG_17_202406281");
	(void)snprintf(path, sizeof(path), "pg_tblspc/16384/%s", file);
	tar_file(b, path, "row", 3);
	tar_file(b, "PG_VERSION", "17\n", 3);
	(void)snprintf(map, sizeof(map), "16384 %s\n", from);
	tar_file(b, "tablespace_map", map, strlen(map));
	tar_dir(b, "pg_tblspc/16384");
	tar_dir(b, "pg_wal");
	tar_header(b, "pg_wal/000000010000000000000002", '0', 3, "", 0600);
	tar_data(b, "wal", 3);
	tar_dir(b, "global/");
	control(b, 7000000000000000001);
	usual_end(b);
}

/* A tablespace at "to", of which the map's text is map: what is said of it. */
static void
odd_space(const char *path, const char *to, const char *map, const char *says)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;

	tar_begin(&b);
	if (path != NULL)
		tar_header(&b, path, '5', 0, to, 0700);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_file(&b, "tablespace_map", map, strlen(map));
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    says) != NULL, "%s", e.msg);
	ok(!is_there("ts") && !is_there("data"), "nothing is left");
	tar_free(&b);
}

static void
test_odd_spaces(const char *to)
{
	const struct bk_datadir_map relative = { "/srv/ts", "srv/ts" };
	struct bk_datadir_options o = {0};
	char map[600];
	struct base_tar b;

	odd_space("pg_tblspc/16384", to, "16384\n", "map: damaged");
	odd_space("pg_tblspc/16384", to, "16384 \n", "map: damaged");
	odd_space("pg_tblspc/16384", to, "x /srv\n", "map: damaged");
	odd_space("pg_tblspc/16384", to, "12345678901 /srv\n", "map: damaged");
	odd_space("pg_tblspc/16384", to, "16384 /srv/other\n",
	    "a tablespace in two places");
	tar_begin(&b);
	tar_header(&b, "pg_tblspc/16384", '5', 0, to, 0700);
	tar_header(&b, "pg_tblspc/16384", '5', 0, "/srv/ts", 0700);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "a tablespace in two places") != NULL, "%s", e.msg);
	ok(!is_there("ts") && !is_there("data"), "nothing is left");
	tar_free(&b);
	tar_begin(&b);
	tar_header(&b, "pg_tblspc/16384", '5', 0, "/srv/ts", 0700);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	usual_end(&b);
	o = (struct bk_datadir_options){ .map = &relative, .nmap = 1 };
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "which is not an absolute path") != NULL, "%s", e.msg);
	tar_free(&b);
	/* a newline in its name, as the server writes it; announced again */
	o = (struct bk_datadir_options){0};
	(void)snprintf(map, sizeof(map), "%s/a\nb", to);
	tar_begin(&b);
	tar_header(&b, "pg_tblspc/16384", '5', 0, map, 0700);
	tar_header(&b, "pg_tblspc/16384", '5', 0, map, 0700);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	(void)snprintf(map, sizeof(map), "16384 %s/a\\\nb\n", to);
	tar_file(&b, "tablespace_map", map, strlen(map));
	tar_dir(&b, "global/");
	control(&b, 7000000000000000001);
	usual_end(&b);
	ok(mkdir(to, 0700) == 0 && unpack(&b, &o, NULL) == 0, "a newline in a "
	    "name: %s", e.msg);
	ok(is_there("ts/a\nb") && holds("data/tablespace_map", map,
	    strlen(map)), "is in the map again");
	wipe("data");
	wipe("ts");
	tar_free(&b);
}

static void
test_tablespaces(void)
{
	struct bk_datadir_map map = { "/nonexistent/ts", in("ts") };
	struct bk_datadir_options o = { .map = &map, .nmap = 1 };
	char to[300], link[300] = "";
	struct base_tar b;

	map.to = strdup(map.to);
	add_space(&b, "/nonexistent/ts", "PG_17_202406281/16385");
	is_int(unpack(&b, &o, NULL), 0, "a tablespace");
	ok(holds("ts/PG_17_202406281/16385", "row", 3), "is where it goes");
	ok(readlink(in("data/pg_tblspc/16384"), link, sizeof(link) - 1) > 0 &&
	    strcmp(link, map.to) == 0, "a link leads there");
	(void)snprintf(to, sizeof(to), "16384 %s\n", map.to);
	ok(holds("data/tablespace_map", to, strlen(to)), "the map as well");
	wipe("data");
	is_int(unpack(&b, &o, NULL), -1, "not into what is full");
	ok(strstr(e.msg, "--map /nonexistent/ts=DIR") != NULL, "%s", e.msg);
	ok(is_there("ts/PG_17_202406281/16385") && !is_there("data"),
	    "which is left alone");
	wipe("ts");
	b.tar.len -= 512;
	is_int(unpack(&b, &o, NULL), -1, "truncated");
	ok(!is_there("ts") && !is_there("data"), "nothing is left");
	o.nmap = 0;
	is_int(unpack(&b, &o, NULL), -1, "at its own place, which cannot be");
	ok(strstr(e.msg, "/nonexistent/ts: mkdir") != NULL, "%s", e.msg);
	o.nmap = 1;
	tar_free(&b);
	add_space(&b, "/nonexistent/ts", "authorized_keys");
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "not a file of a tablespace") != NULL, "%s", e.msg);
	ok(!is_there("ts"), "nothing is left");
	tar_free(&b);
	tar_begin(&b);
	tar_header(&b, "pg_tblspc/16384", '5', 0, "/nonexistent/ts", 0700);
	tar_header(&b, "pg_tblspc/16385", '5', 0, map.to, 0700);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_FAIL && strstr(e.msg,
	    "two tablespaces in one place") != NULL, "%s", e.msg);
	ok(!is_there("ts") && !is_there("data"), "nothing is left");
	tar_free(&b);
	tar_begin(&b);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_file(&b, "tablespace_map", "16384 /srv/ts\n", 14);
	usual_end(&b);
	ok(unpack(&b, &o, NULL) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "the stream does not") != NULL, "%s", e.msg);
	tar_free(&b);
	test_odd_spaces(map.to);
	free((char *)(uintptr_t)map.to);
}

/* Unpack b, and undo it while something is in the way of that. */
static void
undo(const struct base_tar *b, const struct bk_datadir_options *how,
    int no_files, const char *in_the_way)
{
	struct memory m = { b->tar.data, b->tar.len };
	const struct bk_source src = { memory_read, &m };
	struct bk_datadir_options o = *how;
	struct rlimit usual_limit, limit;
	struct bk_datadir *d;

	e = (struct bk_err){0};
	o.dir = in("data");
	o.threads = 1;
	d = bk_datadir_open(&o, &e);
	ok(bk_datadir_unpack(d, src, "input", &e) == 0, "unpacked");
	(void)bk_fail(&e, BK_FAIL, "cause");
	if (in_the_way != NULL)
		put(in_the_way, "x", 1);
	(void)getrlimit(RLIMIT_NOFILE, &usual_limit);
	limit = usual_limit;
	limit.rlim_cur = no_files ? 3 : limit.rlim_cur;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	bk_datadir_undo(d, &e);
	(void)setrlimit(RLIMIT_NOFILE, &usual_limit);
	bk_datadir_free(d);
}

static int
tells_left(const char *name)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "; %s could not be cleared: remove "
	    "what is left in it", in(name));
	return strstr(e.msg, text) != NULL;
}

/* What is told is what is there. */
static void
test_undone(void)
{
	struct bk_datadir_map map = { "/nonexistent/ts", strdup(in("ts")) };
	struct bk_datadir_options o = { .map = &map, .nmap = 1 };
	struct base_tar b;
	int ours;

	add_space(&b, "/nonexistent/ts", "PG_17_202406281/16385");
	undo(&b, &o, 0, NULL);
	ok(!is_there("data") && !is_there("ts"), "undone");
	is_str(e.msg, "cause; all unpacked files were removed", "it says");
	for (ours = 0; ours < 2; ours++) {
		if (!ours)
			(void)mkdir(in("data"), 0700);
		undo(&b, &o, 1, NULL);
		ok(count("data") > 0 && count("ts") > 0, "no descriptors");
		ok(tells_left("data") && tells_left("ts") &&
		    strstr(e.msg, "nothing") == NULL, "%s", e.msg);
		wipe("data");
		wipe("ts");
	}
	undo(&b, &o, 0, "ts/x");
	ok(!is_there("data") && count("ts") == 1, "another's file");
	ok(!tells_left("data") && tells_left("ts") &&
	    strstr(e.msg, "nothing") == NULL, "%s", e.msg);
	wipe("ts");
	tar_free(&b);
	free((char *)(uintptr_t)map.to);
}

static void
test_delta(void)
{
	struct bk_datadir_map map = { "/nonexistent/ts", in("ts") };
	struct bk_datadir_options o = { .map = &map, .nmap = 1 };
	struct bk_datadir_summary sum;
	struct base_tar b, other;
	struct stat before, after;
	char page[8192] = "";

	map.to = strdup(map.to);
	add_space(&b, "/nonexistent/ts", "PG_17_202406281/16385");
	o.delta = 1;
	is_int(unpack(&b, &o, NULL), -1, "delta, and no label");
	is_int(e.code, BK_USAGE, "is a wrong call");
	o.sysid = SYSID;
	is_int(unpack(&b, &o, &sum), 0, "delta into nothing");
	is_int((intmax_t)sum.kept_files, 0, "keeps nothing");
	(void)stat(in("ts/PG_17_202406281/16385"), &before);
	put("data/postmaster.opts", "x", 1);
	put("ts/PG_17_202406281/9", "x", 1);
	(void)mkdir(in("data/base"), 0700);
	put("data/base/9", "x", 1);
	ok(link(in("data/backup_manifest"), in("copy")) == 0, "two names");
	put("data/backup_manifest", "x", 1);
	ok(symlink("/etc", in("data/pg_tblspc/9")) == 0, "a link");
	is_int(unpack(&b, &o, &sum), 0, "delta into what was changed");
	(void)stat(in("ts/PG_17_202406281/16385"), &after);
	ok(before.st_ino == after.st_ino && before.st_mtime == after.st_mtime,
	    "what is equal is kept");
	ok(!is_there("data/postmaster.opts") && !is_there("data/base") &&
	    !is_there("ts/PG_17_202406281/9") &&
	    !is_there("data/pg_tblspc/9"), "what is extra is removed");
	ok(holds("data/backup_manifest", b.manifest.data, b.manifest.len) &&
	    holds("copy", "x", 1), "another name's file is not changed");
	is_int((intmax_t)sum.kept_files, 4, "four files were kept");
	ok(rename(in("data/pg_wal"), in("wal")) == 0 &&
	    symlink(in("wal"), in("data/pg_wal")) == 0, "WAL elsewhere");
	put("wal/x", "x", 1);
	put("wal/000000010000000000000002", "WAL", 3);
	is_int(unpack(&b, &o, NULL), 0, "stays there");
	ok(readlink(in("data/pg_wal"), page, sizeof(page)) > 0 &&
	    holds("wal/000000010000000000000002", "wal", 3) &&
	    !is_there("wal/x"), "and is what the stream has");
	ok(unlink(in("data/pg_wal")) == 0 &&
	    symlink("../wal", in("data/pg_wal")) == 0, "by a relative link");
	is_int(unpack(&b, &o, NULL), -1, "is refused");
	ok(unlink(in("data/pg_wal")) == 0, "no WAL");
	ok(rename(in("data/global"), in("wal/global")) == 0 &&
	    symlink(in("wal/global"), in("data/global")) == 0,
	    "another link");
	is_int(unpack(&b, &o, NULL), -1, "is not followed");
	ok(strstr(e.msg, "in the way") != NULL, "%s", e.msg);
	ok(unlink(in("data/global")) == 0 &&
	    rename(in("wal/global"), in("data/global")) == 0, "none again");
	b.tar.len -= 512;
	is_int(unpack(&b, &o, NULL), -1, "interrupted");
	ok(is_there("data/PG_VERSION.unfinished") &&
	    !is_there("data/PG_VERSION"), "it cannot be started");
	ok(strstr(e.msg, "run again with --delta") != NULL &&
	    strstr(e.msg, "left") == NULL, "which is told: %s", e.msg);
	b.tar.len += 512;
	is_int(unpack(&b, &o, NULL), 0, "and is mended by another run");
	memset(page, 'x', 8);
	put("data/global/pg_control", page, sizeof(page));
	usual(&other);
	usual_end(&other);
	is_int(unpack(&other, &o, NULL), -1, "another cluster's");
	ok(strstr(e.msg, "it is cluster") != NULL &&
	    is_there("data/PG_VERSION"), "is left alone: %s", e.msg);
	wipe("data");
	wipe("ts");
	wipe("copy");
	wipe("wal");
	tar_free(&b);
	tar_free(&other);
	free((char *)(uintptr_t)map.to);
}

/* Reads to a point and dies. */
static ssize_t
deadly_read(void *ctx, void *buf, size_t n, struct bk_err *err)
{
	struct memory *m = ctx;

	if (m->n == 0)
		(void)raise(SIGKILL);
	return memory_read(ctx, buf, n < 4096 ? n : 4096, err);
}

static void
test_killed(void)
{
	struct bk_datadir_options o = {0};
	struct base_tar b;
	size_t n, startable = 0, told = 0, runs = 0;
	pid_t pid;

	usual(&b);
	usual_end(&b);
	for (n = 512; n < b.tar.len; n += b.tar.len / 17, runs++) {
		e = (struct bk_err){0};
		if ((pid = fork()) == 0) {
			struct memory m = { b.tar.data, n };
			const struct bk_source src = { deadly_read, &m };
			struct bk_datadir_options all = { .threads = 2,
			    .dir = in("data") };
			struct bk_datadir *d = bk_datadir_open(&all, &e);

			(void)bk_datadir_unpack(d, src, "input", &e);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
		startable += is_there("data/PG_VERSION");
		told += unpack(&b, &o, NULL) == -1 && e.code == BK_FAIL;
		wipe("data");
	}
	is_int((intmax_t)startable, 0, "killed: nothing that would start");
	is_int((intmax_t)told, (intmax_t)runs, "and the next run says so");
	tar_free(&b);
}

struct abandoned {
	struct memory m;
	struct bk_datadir *d;
	size_t at;		/* abandoned when so much is left */
	pthread_t thread;	/* by it, once it is started */
	int started;
};

static ssize_t
abandoning_read(void *ctx, void *buf, size_t n, struct bk_err *err)
{
	struct abandoned *a = ctx;

	if (a->m.n <= a->at)
		bk_datadir_abandon(a->d);
	return memory_read(&a->m, buf, n < 4096 ? n : 4096, err);
}

/* As a signal's thread does, in the middle of the work. */
static void
test_abandoned(void)
{
	struct base_tar b;
	size_t n, left = 0, went_on = 0;

	usual(&b);
	usual_end(&b);
	for (n = 0; n < b.tar.len; n += b.tar.len / 17) {
		struct abandoned a = { .m = { b.tar.data, b.tar.len },
		    .at = n };
		const struct bk_source src = { abandoning_read, &a };
		struct bk_datadir_options o = { .threads = 2,
		    .dir = in("data") };

		e = (struct bk_err){0};
		left += mkdir(in("data"), 0700) != 0;
		a.d = bk_datadir_open(&o, &e);
		went_on += bk_datadir_unpack(a.d, src, "input", &e) == 0 &&
		    bk_datadir_commit(a.d, &e) == 0;
		bk_datadir_free(a.d);
		left += (size_t)count("data");
		wipe("data");
	}
	is_int((intmax_t)left, 0, "abandoned: nothing is left");
	is_int((intmax_t)went_on, 0, "and nothing succeeds");
	tar_free(&b);
}

static void *
abandon(void *d)
{
	bk_datadir_abandon(d);
	return NULL;
}

static ssize_t
starting_read(void *ctx, void *buf, size_t n, struct bk_err *err)
{
	struct abandoned *a = ctx;

	if (a->m.n <= a->at && !a->started)
		a->started = pthread_create(&a->thread, NULL, abandon,
		    a->d) == 0;
	return memory_read(&a->m, buf, n < 4096 ? n : 4096, err);
}

/* While directories and files are being made: none is missed. */
static void
test_abandoned_meanwhile(void)
{
	struct base_tar b;
	size_t i, left = 0;
	char path[64];

	tar_begin(&b);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	for (i = 0; i < 40; i++) {
		(void)snprintf(path, sizeof(path), "base/%zu/1/1", i);
		tar_file(&b, path, "x", 1);
	}
	usual_end(&b);
	for (i = 0; i < 40; i++) {
		struct abandoned a = { .m = { b.tar.data, b.tar.len },
		    .at = b.tar.len - 512 * (i % 30) };
		const struct bk_source src = { starting_read, &a };
		struct bk_datadir_options o = { .threads = 1,
		    .dir = in("data") };

		e = (struct bk_err){0};
		a.d = bk_datadir_open(&o, &e);
		(void)bk_datadir_unpack(a.d, src, "input", &e);
		if (a.started)
			(void)pthread_join(a.thread, NULL);
		bk_datadir_free(a.d);
		left += is_there("data");
		wipe("data");
	}
	is_int((intmax_t)left, 0, "abandoned meanwhile: nothing is left");
	tar_free(&b);
}

static void
make_link(struct link *l, const char *version, const char *sysid,
    const char *start, const char *earlier)
{
	char label[200];

	(void)snprintf(label, sizeof(label), "START WAL LOCATION: %s (file "
	    "000000010000000000000002)\n%s%s%s", start, *earlier == '\0' ? "" :
	    "INCREMENTAL FROM LSN: ", earlier, *earlier == '\0' ? "" : "\n");
	tar_begin_of(&l->b, sysid);
	tar_file(&l->b, "PG_VERSION", version, strlen(version));
	tar_file(&l->b, "backup_label", label, strlen(label));
	usual_end(&l->b);
}

static const char *prior;	/* of the second's label */

static const char *
prior_of(void *ctx)
{
	(void)ctx;
	return prior;
}

static void
chain(struct link *first, struct link *second, enum bk_code code,
    const char *says)
{
	struct bk_combine_part part[2] = {
		{ "first", open_link, close_link, first, prior_of },
		{ "second", open_link, close_link, second, prior_of } };
	char *env[] = { NULL };
	struct bk_bindir programs = { .dir = "/nonexistent", .env = env };
	struct bk_datadir_options o = { .threads = 1 };
	struct bk_datadir *d;

	e = (struct bk_err){0};
	o.dir = in("data");
	d = bk_datadir_open(&o, &e);
	ok(bk_combine(d, part, 2, &programs, &e) == -1 && e.code == code &&
	    strstr(e.msg, says) != NULL, "%s", e.msg);
	ok(!is_there("data/.bk-combine"), "no part is left");
	bk_datadir_free(d);
	ok(!is_there("data"), "nothing is left");
}

static void
test_chain(void)
{
	struct link full, next, gap, other, old, odd;

	make_link(&full, "17\n", SYSID, "0/1000028", "");
	make_link(&next, "17\n", SYSID, "0/2000028", "0/1000028");
	make_link(&gap, "17\n", SYSID, "0/4000028", "0/3000028");
	make_link(&other, "17\n", "7000000000000000002", "0/2000028",
	    "0/1000028");
	make_link(&old, "16\n", SYSID, "0/1000028", "");
	make_link(&odd, "17\n", SYSID, "0/10000280000000000000000", "");
	prior = "";
	chain(&next, &next, BK_DATA, "first: an incremental backup");
	chain(&full, &full, BK_DATA, "second: a full backup");
	chain(&full, &gap, BK_DATA, "second: increments on the backup that "
	    "started at 0/3000028, but the previous one started at 0/1000028");
	chain(&odd, &next, BK_DATA, "the previous one started at 0/0");
	chain(&full, &other, BK_DATA, "second: belongs to cluster "
	    "7000000000000000002, the backup before it to cluster " SYSID);
	chain(&old, &next, BK_DATA, "first: made by PostgreSQL 16");
	chain(&full, &next, BK_FAIL, "pg_combinebackup: none of version 17");
	prior = "00112233445566778899aabbccddeeff";
	chain(&full, &next, BK_DATA, "second: increments on another backup "
	    "than the previous one, though both started at 0/1000028");
	ok(unpack(&next.b, &(struct bk_datadir_options){0}, NULL) == -1 &&
	    e.code == BK_DATA && strstr(e.msg, "--incremental") != NULL,
	    "alone: %s", e.msg);
	tar_free(&full.b);
	tar_free(&next.b);
	tar_free(&gap.b);
	tar_free(&other.b);
	tar_free(&old.b);
	tar_free(&odd.b);
}

int
main(void)
{
	size_t i;

	if (mkdtemp(top) == NULL || (big = calloc(1, BIG)) == NULL)
		return 1;
	for (i = 0; i < BIG / 3; i++)
		big[i] = (char)(i * 7 + i / 256);
	test_good();
	test_algorithms();
	test_hostile();
	test_limits();
	test_truncated();
	test_flipped();
	test_manifest();
	test_directories();
	test_tablespaces();
	test_undone();
	test_delta();
	test_killed();
	test_abandoned();
	test_abandoned_meanwhile();
	test_chain();
	wipe("");
	free(big);
	return tap_done();
}
