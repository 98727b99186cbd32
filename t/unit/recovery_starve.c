/*
 * What bk-pitr does before it starts a server: look through a base backup,
 * prove its WAL, write settings; each call of the system fails once.  And what
 * a proof refuses.
 */
#define _XOPEN_SOURCE 700	/* nftw */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base_tar.h"
#include "recovery/backup_scan.h"
#include "recovery/recover.h"
#include "walfile/segment_check.h"
#include "starve.h"
#include "tap.h"
#include "wal_write.h"
#include "wipe.h"

#define ONE "000000030000000100000000"
#define TWO "000000030000000100000001"
#define MICROS INT64_C(1000000)

static char top[100];
static const char past[] = "1\t0/3000158\tx\n2\t0/5000000\tx\n";
static struct bk_progress progress;

static const char *
in(const char *name)
{
	return below(top, name);
}

/* A commit, the end of the base backup, commits into the second segment. */
static void
write_sample(void)
{
	static uint8_t big[3000];
	const uint64_t start = base + 40;
	int64_t point[9] = { 5000000 };

	begin();
	before = base - 100;
	put_commit(700, 1700000000);
	put_record(0, 0x50, 0, &start, sizeof(start), SIZE_MAX);
	put_commit(701, 1700000001);
	while (at < SEGMENT + 2 * PAGE)
		put_record(10, 0, 0, big, sizeof(big), SIZE_MAX);
	memcpy(point + 1, "here", 5);
	put_record(0, 0x70, 0, point, sizeof(point), SIZE_MAX);
	put_commit(702, 1700000002);
}

/* All that a proof wants, of a base backup from there on. */
static struct bk_prove_options
options(int own)
{
	return (struct bk_prove_options){ .own = own, .sysid = "",
	    .label = { .start = base + 40, .file = ONE, .timeline = 3 },
	    .spool = top, .timeline = BK_PROVE_CURRENT,
	    .target = { .kind = BK_TARGET_NAME, .name = "here" },
	    .progress = &progress };
}

/* From the base backup's own WAL, to a name and to a time. */
static int
prove(void *arg, struct bk_err *e)
{
	struct bk_prove_options o = options(*(int *)arg);
	struct bk_proof p;

	if (bk_prove(&o, &p, e) == -1)
		return -1;
	if (p.stop != BK_STOP_AS_ASKED || p.segments != 2)
		return 2;
	o.target = (struct bk_recovery_target){ .kind = BK_TARGET_TIME,
	    .time = 1700000001 * MICROS };
	return bk_prove(&o, &p, e);
}

/* A segment after which there is none: as far as it goes. */
static int
prove_first(void *arg, struct bk_err *e)
{
	struct bk_prove_options o = options(*(int *)arg);
	struct bk_proof p;

	o.target = (struct bk_recovery_target){ .kind = BK_TARGET_LATEST };
	return bk_prove(&o, &p, e);
}

/* All out of an archive. */
static int
prove_target(const struct bk_wal_command *c, enum bk_recovery_target_kind kind,
    struct bk_err *e)
{
	char spool[256];
	struct bk_wal_get_options g = { .command = c, .spool = spool,
	    .jobs = 1, .sysid = "" };
	struct bk_prove_options o = options(-1);
	struct bk_proof p;
	int rc = -1;

	(void)snprintf(spool, sizeof(spool), "%s", in("spool"));
	o.spool = spool;
	o.timeline = BK_PROVE_LATEST;
	o.target.kind = kind;
	if ((o.get = bk_wal_get_open(&g, e)) != NULL)
		rc = bk_prove(&o, &p, e);
	bk_wal_get_free(o.get);
	clear_tree(spool);
	return rc;
}

static int
prove_archive(void *arg, struct bk_err *e)
{
	return prove_target(arg, BK_TARGET_NAME, e);
}

/* Up to the zeros behind the last record. */
static int
prove_zeros(void *arg, struct bk_err *e)
{
	return prove_target(arg, BK_TARGET_LATEST, e);
}

/* A small file: where many reads and writes show nothing more. */
static int
get_history(void *arg, struct bk_err *e)
{
	char spool[256];
	struct bk_wal_get_options g = { .command = arg, .spool = spool,
	    .jobs = 1, .sysid = "" };
	struct bk_wal_get *get;
	int rc = -1;

	(void)snprintf(spool, sizeof(spool), "%s", in("spool"));
	if ((get = bk_wal_get_open(&g, e)) != NULL)
		rc = bk_wal_get(get, "00000003.history", NULL, e);
	bk_wal_get_free(get);
	clear_tree(spool);
	return rc == 1 ? 0 : rc == 0 ? 2 : -1;
}

/* The text grows, and lacks memory, behind so many blanks. */
static int
settings(void *arg, struct bk_err *e)
{
	static const char *const set[] = { "a=it's 5 %\n" };
	const unsigned shift = *(unsigned *)arg, n = shift / 8;
	struct bk_recovery_target t = { .kind = n <= BK_TARGET_XID ? n :
	    n % 2 == 0 ? BK_TARGET_TIME : BK_TARGET_XID, .name = "x",
	    .lsn = 7, .xid = 7 };
	struct bk_proof p = { .timeline = 3 };
	struct bk_recover_settings s = { .target = &t, .proof = &p, .jobs = 2,
	    .walget = "/usr/bin/bk-walget", .command = "echo '%f'", .spool =
	    "spool", .own_spool = 1, .set = set, .nset = 1 };
	struct bk_buf out = {0};
	int rc = bk_buf_printf(&out, e, "%*s", (int)shift, "");

	if (rc == 0)
		rc = bk_recover_settings(&s, &out, e);
	if (rc == 0 && strstr(out.data,
	    "restore_command = '''/usr/bin/bk-walget'' -j 2 --spool ''spool'' "
	    "%f %p -- ''echo ''\\\\''''%%f''\\\\'''''''\n") == NULL)
		rc = 2;
	bk_buf_free(&out);
	return rc;
}

static int
survey(void *arg, struct bk_err *e)
{
	const struct base_tar *b = arg;
	struct memory m = { b->tar.data, b->tar.len };
	const struct bk_source src = { memory_read, &m };
	int dir = open(top, O_RDONLY | O_DIRECTORY), rc;
	struct bk_survey s = {0};

	if (dir == -1)
		return bk_fail_errno(e, "%s", top);
	rc = bk_survey(src, "input", dir, &progress, &s, e);
	if (rc == 0 && (s.major != 17 || s.files != 4 ||
	    access(in(TWO), F_OK) == -1))
		rc = 2;
	bk_survey_free(&s);
	(void)remove(in(TWO));
	close(dir);
	return rc;
}

static void
test_survey(void)
{
	static char large[70000];
	struct base_tar b;
	struct bk_err e = {0};

	tar_begin(&b);
	tar_file(&b, "backup_label", "START\n", 6);
	tar_file(&b, "PG_VERSION", "17\n", 3);
	tar_header(&b, "pg_wal/" TWO, '0', SEGMENT, "", 0600);
	tar_data(&b, wal + SEGMENT, SEGMENT);
	tar_manifest(&b);
	tar_end(&b);
	starve_all("survey", survey, &b);
	tar_free(&b);
	tar_begin(&b);
	tar_file(&b, "backup_label", large, sizeof(large));
	tar_manifest(&b);
	tar_end(&b);
	ok(survey(&b, &e) == -1 && e.code == BK_DATA && strstr(e.msg,
	    "larger than PostgreSQL makes it") != NULL, "%s", e.msg);
	tar_free(&b);
}

static void
refused(const struct bk_prove_options *o, const char *says)
{
	struct bk_err e = {0};
	struct bk_proof p;

	ok(bk_prove(o, &p, &e) == -1 && e.code == BK_DATA &&
	    strstr(e.msg, says) != NULL, "%s", e.msg);
}

static void
test_refused(int own)
{
	struct bk_prove_options o = options(own), none = options(-1);

	refused(&none, ONE ": not in the archive; the base backup begins in "
	    "it");
	o.target = (struct bk_recovery_target){ .kind = BK_TARGET_TIME,
	    .time = 1699999999 * MICROS };
	refused(&o, "before the end of this base backup; take an earlier one: "
	    "bk-s3get --before '2023-11-14 22:13:19+00'");
	o = options(own);
	(void)remove(in("pg_wal/" TWO));
	o.end = base + SEGMENT + 100;
	refused(&o, TWO ": not in the archive; the base backup cannot be used "
	    "without its WAL up to 1/100064");
	put_file(in("pg_wal/" ONE), wal + 100, SEGMENT);
	refused(&o, ONE ": does not begin as WAL does");
	put_file(in("pg_wal/" ONE), wal, SEGMENT);
	put_file(in("pg_wal/" TWO), wal + SEGMENT, SEGMENT);
}

/* A timeline that left before the base backup. */
static void
test_timeline(const struct bk_wal_command *c)
{
	char spool[256];
	struct bk_wal_get_options g = { .command = c, .spool = spool,
	    .jobs = 1, .sysid = "" };
	struct bk_prove_options o = options(-1);
	struct bk_err e = {0};

	(void)snprintf(spool, sizeof(spool), "%s", in("spool"));
	o.spool = spool;
	o.timeline = 9;
	put_file(in("pg_wal/00000009.history"), past, sizeof(past) - 1);
	if ((o.get = bk_wal_get_open(&g, &e)) == NULL)
		return;
	refused(&o, "timeline 9: does not descend from the base backup");
	bk_wal_get_free(o.get);
	(void)remove(in("pg_wal/00000009.history"));
	clear_tree(spool);
}

static int
whole_segment(void *arg, struct bk_err *e)
{
	return bk_whole_segment_check(arg, in("pg_wal/" ONE), e);
}

int
main(void)
{
	static char *env[] = { "PATH=/usr/bin:/bin", NULL };
	char word[300], *words[] = { word, NULL };
	struct bk_wal_command c;
	enum starve_kind kind;
	unsigned shift;
	int own, first;

	if (make_scratch(top, "recovery") == -1 ||
	    mkdir(in("pg_wal"), 0700) == -1 ||
	    mkdir(in("spool"), 0700) == -1 ||
	    mkdir(in("first"), 0700) == -1 ||
	    (own = open(in("pg_wal"), O_RDONLY | O_DIRECTORY)) == -1 ||
	    (first = open(in("first"), O_RDONLY | O_DIRECTORY)) == -1)
		return 1;
	write_sample();
	put_file(in("pg_wal/" ONE), wal, SEGMENT);
	put_file(in("pg_wal/" TWO), wal + SEGMENT, SEGMENT);
	put_file(in("pg_wal/00000003.history"), past, sizeof(past) - 1);
	(void)snprintf(word, sizeof(word), "cd %s/pg_wal && { [ -e "
	    "$BK_WAL_NAME ] || exit 4; } && exec cat $BK_WAL_NAME", top);
	bk_wal_command_init(&c, words, env);
	put_file(in("first/" ONE), wal, SEGMENT);
	starve_all("prove", prove, &own);
	starve("prove one segment", STARVE_OPEN, prove_first, &first);
	for (kind = 0; kind < STARVE_KINDS; kind++)
		starve("from an archive", kind, kind == STARVE_STAT ?
		    prove_zeros : kind == STARVE_MEMORY || kind ==
		    STARVE_OPEN ? prove_archive : get_history, &c);
	for (shift = 0; shift < 200; shift += 8)
		starve("settings", STARVE_MEMORY, settings, &shift);
	starve_all("one segment", whole_segment, (char *)(uintptr_t)ONE);
	test_survey();
	test_refused(own);
	test_timeline(&c);
	close(own);
	close(first);
	wipe_tree(top);
	return tap_done();
}
