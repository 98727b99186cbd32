/* A data directory from a tar, while each call of the system fails once. */
#define _XOPEN_SOURCE 700	/* nftw */
#include <sys/stat.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_chain.h"
#include "datadir/combine.h"
#include "starve.h"
#include "tap.h"
#include "wipe.h"

#define SYSID "7000000000000000001"

static char top[100];
static const char long_file[9000];
extern char **environ;

static const char *
in(const char *name)
{
	static char path[8][256];
	static int i;

	i = (i + 1) % 8;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", top, name);
	return path[i];
}

static int
is_there(const char *name)
{
	return access(in(name), F_OK) == 0;
}

/* Of PostgreSQL 17, with a tablespace; start: "LSN[\nINCREMENTAL ...]". */
static void
make(struct base_tar *b, const char *start, int space, enum bk_sum algorithm)
{
	uint64_t sysid = 7000000000000000001;
	char page[8192] = "", label[200];

	(void)snprintf(label, sizeof(label), "START WAL LOCATION: %s\n",
	    start);
	memcpy(page, &sysid, sizeof(sysid));
	tar_begin(b);
	b->algorithm = algorithm;
	if (space) {
		tar_header(b, "pg_tblspc/16384", '5', 0, "/nonexistent/ts",
		    0700);
		tar_dir(b, "pg_tblspc/16384/PG_17_202406281");
		tar_file(b, "pg_tblspc/16384/PG_17_202406281/16385", "row",
		    3);
		tar_file(b, "tablespace_map", "16384 /nonexistent/ts\n", 22);
	}
	tar_file(b, "backup_label", label, strlen(label));
	tar_file(b, "PG_VERSION", "17\n", 3);
	tar_dir(b, "base/");
	tar_file(b, "base/1/112", page, sizeof(page));
	tar_dir(b, "pg_tblspc/");
	tar_dir(b, "pg_wal");
	tar_dir(b, "global/");
	tar_file(b, "global/pg_control", page, sizeof(page));
	tar_manifest(b);
	tar_end(b);
}

struct job {
	struct base_tar b;
	struct bk_datadir_options o;
	int told;		/* by the commit, that --delta mends it */
};

static int
unpack(struct job *j, struct bk_err *e)
{
	struct memory m = { j->b.tar.data, j->b.tar.len };
	const struct bk_source src = { memory_read, &m };
	struct bk_datadir *d = bk_datadir_open(&j->o, e);
	int rc = -1;

	if (d != NULL && bk_datadir_unpack(d, src, "input", e) == 0 &&
	    bk_datadir_append(d, "postgresql.auto.conf", "a = b\n", 6, e) ==
	    0 && bk_datadir_put(d, "recovery.signal", "", 0, e) == 0 &&
	    bk_datadir_remove(d, "recovery.signal", e) == 0) {
		rc = bk_datadir_commit(d, e);
		j->told |= strstr(e->msg, "run again with --delta") != NULL;
	}
	if (d != NULL && rc == -1)
		bk_datadir_undo(d, e);
	bk_datadir_free(d);
	return rc;
}

/* Into nothing. */
static int
fresh(void *arg, struct bk_err *e)
{
	int rc = unpack(arg, e);

	if (is_there("data/PG_VERSION") != (rc == 0))
		rc = 2;
	if (is_there("data/PG_VERSION.unfinished") &&
	    strstr(e->msg, "left") == NULL &&
	    strstr(e->msg, "remove it and begin again") == NULL)
		rc = 2;
	wipe_tree(in("data"));
	wipe_tree(in("ts"));
	return rc;
}

/* Fine if there is something already. */
static void
link_to(const char *target, const char *path)
{
	if (symlink(target, path) == -1)
		return;
}

/* Into what was changed, and perhaps left unfinished by the run before. */
static int
delta(void *arg, struct bk_err *e)
{
	int rc;

	put_file(in("data/base/9"), "x", 1);
	/* too long, and open to others */
	put_file(in("data/base/1/112"), long_file, sizeof(long_file));
	(void)chmod(in("data/base/1/112"), 0644);
	put_file(in("ts/PG_17_202406281/9"), "x", 1);
	link_to("/etc", in("data/pg_tblspc/9"));
	(void)rename(in("data/pg_wal"), in("wal"));
	link_to(in("wal"), in("data/pg_wal"));
	rc = unpack(arg, e);
	if (rc == 0 && (is_there("data/base/9") ||
	    is_there("ts/PG_17_202406281/9") || !is_there("data/PG_VERSION")))
		rc = 2;
	return rc;
}

/* A tablespace that was elsewhere. */
static int
moved(void *arg, struct bk_err *e)
{
	(void)unlink(in("data/pg_tblspc/16384"));
	link_to("/nonexistent/old", in("data/pg_tblspc/16384"));
	wipe_tree(in("ts"));
	return unpack(arg, e);
}

/* Reads to a point and dies, once the threads have written the last file. */
static ssize_t
deadly_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct memory *m = ctx;
	struct stat st;
	int i;

	for (i = 0; m->n == 0 && i < 6000 && (stat(in("data/global/pg_control"),
	    &st) == -1 || st.st_size < 8192); i++)
		(void)poll(NULL, 0, 10);
	if (m->n == 0)
		(void)raise(SIGKILL);
	return memory_read(ctx, buf, n < 512 ? n : 512, e);
}

/* Killed while it unpacks into nothing: another run makes it whole. */
static void
test_killed(struct job *j)
{
	struct memory m = { j->b.tar.data, j->b.tar.len };
	const struct bk_source src = { deadly_read, &m };
	struct bk_datadir *d;
	struct bk_err e = {0};
	pid_t pid;

	m.n -= 1024;
	if ((pid = fork()) == 0) {
		d = bk_datadir_open(&j->o, &e);
		_exit(d == NULL || bk_datadir_unpack(d, src, "input", &e));
	}
	(void)waitpid(pid, NULL, 0);
	ok(is_there("ts/PG_17_202406281/16385") && !is_there("data/PG_VERSION"),
	    "killed, with a file in a tablespace");
	j->o.delta = 1;
	j->o.sysid = SYSID;
	ok(unpack(j, &e) == 0 && is_there("data/PG_VERSION"),
	    "a delta does the rest: %s", e.msg);
}

/* A chain, as far as its program, which is not there. */
static int
chain(void *arg, struct bk_err *e)
{
	struct link *l = arg;
	const struct bk_combine_part part[2] = {
		{ "first", open_link, close_link, l, NULL },
		{ "second", open_link, close_link, l + 1, NULL } };
	char *env[] = { NULL };
	struct bk_bindir programs = { .dir = "/nonexistent", .env = env };
	struct bk_datadir_options o = { .threads = 1, .dir = in("data") };
	struct bk_datadir *d = bk_datadir_open(&o, e);
	int rc = -1;

	if (d != NULL && bk_combine(d, part, 2, &programs, e) == -1 &&
	    strstr(e->msg, "none of version 17") != NULL) {
		*e = (struct bk_err){0};
		rc = 0;
	}
	bk_datadir_free(d);
	wipe_tree(in("data"));
	return rc;
}

/*
 * In the place of pg_combinebackup: what the newest part has, to -o and -T;
 * then this is done.
 */
static void
make_program(const char *then)
{
	static const char copy[] = "#!/bin/sh\n"
	    "case $1 in --version)\n"
	    "	echo 'pg_combinebackup (PostgreSQL) 17.1'; exit ;;\n"
	    "esac\n"
	    "for a; do case $a in\n"
	    "	-o*) out=${a#-o} ;; -T*) t=${a#-T} ;; *) last=$a ;;\n"
	    "esac; done\n"
	    "echo $last\n"
	    "cp -R $last $out && mkdir -p ${t#*=} &&\n"
	    "    cp -R ${t%%=*}/. ${t#*=} &&\n"
	    "    ln -sfn ${t#*=} $out/pg_tblspc/16384\n";
	char sh[600];
	int n = snprintf(sh, sizeof(sh), "%s%s\n", copy, then);

	(void)mkdir(in("bin"), 0700);
	put_file(in("bin/pg_combinebackup"), sh, (size_t)n);
	(void)chmod(in("bin/pg_combinebackup"), 0700);
}

/* A chain to its end; the newest part alone has a tablespace. */
static int
combined(void *arg, struct bk_err *e)
{
	struct link *l = arg;
	const struct bk_combine_part part[2] = {
		{ "first", open_link, close_link, l, NULL },
		{ "second", open_link, close_link, l + 1, NULL } };
	const struct bk_datadir_map map = { "/nonexistent/ts", in("ts") };
	struct bk_datadir_options o = { .threads = 1, .dir = in("data"),
	    .map = &map, .nmap = 1 };
	struct bk_bindir programs = { .dir = in("bin"), .env = environ };
	struct bk_datadir *d = bk_datadir_open(&o, e);
	int rc = -1;

	if (d != NULL && bk_combine(d, part, 2, &programs, e) == 0)
		rc = bk_datadir_commit(d, e);
	bk_datadir_free(d);
	if (rc == 0 && (!is_there("data/PG_VERSION") ||
	    !is_there("data/pg_tblspc/16384/PG_17_202406281/16385")))
		rc = 2;
	wipe_tree(in("data"));
	wipe_tree(in("ts"));
	return rc;
}

int
main(void)
{
	struct bk_datadir_map map = { "/nonexistent/ts", NULL };
	struct job j = { .o = { .map = &map, .nmap = 1, .threads = 1 } };
	char data[120], ts[120];
	struct link l[2];
	struct bk_err e = {0};

	if (make_scratch(top, "datadir") == -1)
		return 1;
	(void)snprintf(data, sizeof(data), "%s/data", top);
	(void)snprintf(ts, sizeof(ts), "%s/ts", top);
	j.o.dir = data;
	map.to = ts;
	make(&j.b, "0/2000028", 1, BK_SUM_CRC32C);
	starve_not_json();
	starve_all("unpack", fresh, &j);
	ok(!j.told, "a failed commit does not send to --delta");
	test_killed(&j);
	starve_all("delta", delta, &j);
	ok(j.told, "a failed commit of a delta does");
	starve("a tablespace moved", STARVE_NAME, moved, &j);
	tar_free(&j.b);
	wipe_tree(data);
	wipe_tree(ts);
	j.o.delta = 0;
	make(&j.b, "0/2000028", 1, BK_SUM_SHA256);
	starve("SHA256", STARVE_MEMORY, fresh, &j);
	starve("SHA256", STARVE_READ, fresh, &j);
	starve("SHA256", STARVE_OPEN, fresh, &j);
	tar_free(&j.b);
	make(&l[0].b, "0/1000028", 0, BK_SUM_CRC32C);
	make(&l[1].b, "0/2000028\nINCREMENTAL FROM LSN: 0/1000028", 0,
	    BK_SUM_CRC32C);
	starve_all("chain", chain, l);
	tar_free(&l[1].b);
	make(&l[1].b, "0/2000028\nINCREMENTAL FROM LSN: 0/1000028", 1,
	    BK_SUM_CRC32C);
	make_program("");
	starve_place("combined", STARVE_BUFFER, combined, l);
	starve_place("combined", STARVE_NAME, combined, l);
	make_program("echo >$out/PG_VERSION");
	ok(combined(l, &e) == -1 && strstr(e.msg, "PG_VERSION: ") != NULL,
	    "a file of another size: %s", e.msg);
	tar_free(&l[0].b);
	tar_free(&l[1].b);
	wipe_tree(top);
	return tap_done();
}
