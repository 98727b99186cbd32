/* bk-pitr: recover a base backup to a point in time, see bk-pitr(1) */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utctime.h"
#include "datadir/combine.h"
#include "pitr_options.h"
#include "pitr_place.h"
#include "pitr_report.h"
#include "recovery/backup_scan.h"
#include "recovery/recover.h"
#include "tool/own_dir.h"
#include "tool/programs.h"
#include "tool/signals.h"
#include "tool/tool.h"

extern char **environ;

#define SPOOL "bk_wal"			/* in the data directory */
#define AHEAD 32

static const struct tool tool = {
	.name = "bk-pitr",
	.example =
"bk-s3get --before '2026-11-21 14:30Z' s3://b/base/ | bk-crypt -d |\n"
"    bk-zst -d | bk-pitr -D /srv/pg --target '2026-11-21 14:30Z' --start\n"
"    --wal 'bk-s3get s3://b/wal/$BK_WAL_NAME | bk-crypt -d | bk-zst -d'",
	.about =
"Unpacks the base backup on standard input into DIR, proves that the WAL leads "
"from there to TARGET, and makes DIR ready to recover to it.  TARGET: a time "
"with its zone, an LSN, a restore point's name, xid:N, immediate, latest.",
	.options = pitr_options,
	.settings = TOOL_SETTINGS_SERVER "BK_JOBS BK_PG_BINDIR",
	.operands = "-D DIR --target TARGET < BACKUP",
	.exits = "0 ready, 1 failed, 2 usage error, 3 input or WAL refused",
};

/* What a signal has to stop, and what is to be removed. */
static struct bk_wal_get *get;
static struct bk_datadir *datadir;
static char *own_spool;			/* a spool that we made */
static atomic_int child;
static struct bk_progress progress;

static void
clean_up(void)
{
	if (get != NULL)
		bk_wal_get_stop(get);
	bk_child_kill(&child);
	if (own_spool != NULL)
		pitr_remove_spool(own_spool);
	if (datadir != NULL)
		bk_datadir_abandon(datadir);
}

/* --- which base backup */

/* What the later steps need of it. */
struct base {
	struct bk_start_label label;
	uint64_t end;			/* LSN at which it is consistent */
	char sysid[BK_WAL_SYSID];
	int major;
	int wal;			/* descriptor of its own WAL; -1 */
};

/* What its label tells before anything is unpacked. */
static int
check_label(const struct pitr_options *o, const struct bk_label *l,
    struct bk_err *e)
{
	char at[BK_UTCTIME_TEXT], text[BK_TARGET_TIME_TEXT];

	bk_utctime_format(l->at, at);
	if (o->target.kind == BK_TARGET_TIME && l->at != 0 &&
	    o->target.time / 1000000 < l->at) {
		bk_recovery_target_time(o->target.time, text);
		return bk_fail(e, BK_DATA, "%s: before this base backup, which "
		    "began %s; take an earlier one: bk-s3get --before '%s'",
		    text, at, text);
	}
	if (o->target.kind == BK_TARGET_LSN && o->target.lsn < l->start) {
		bk_lsn_format(l->start, text);
		return bk_fail(e, BK_DATA, "%s: before this base backup, which "
		    "begins at %s; take an earlier one", o->target_arg, text);
	}
	return 0;
}

static int
check_increment(const struct pitr_options *o, const struct base *b,
    struct bk_err *e)
{
	if (b->label.increment && o->ninputs == 1)
		return bk_fail(e, BK_DATA, PITR_INPUT ": an increment to an "
		    "earlier base backup; give the full one on " PITR_INPUT
		    " and each increment by --incremental");
	return 0;
}

static void
set_sysid(struct base *b, const char *by_manifest, const struct bk_label *l)
{
	(void)snprintf(b->sysid, sizeof(b->sysid), "%.20s",
	    *by_manifest != '\0' ? by_manifest :
	    l->kind == BK_LABEL_CLUSTER ? l->name : "");
}

static int
describe(struct base *b, const struct bk_datadir_summary *sum,
    const struct bk_label *l, struct bk_err *e)
{
	size_t i;

	b->major = sum->major;
	for (i = 0; i < sum->nwal; i++)
		if (sum->wal[i].end > b->end)
			b->end = sum->wal[i].end;
	set_sysid(b, sum->manifest.sysid, l);
	return bk_start_label_parse(sum->backup_label, &b->label, e);
}

static int
unpack(struct pitr_options *o, struct base *b, struct bk_err *e)
{
	const struct bk_label *l = bk_reader_label(o->input[0].in);
	const struct bk_datadir_options how = {
		.dir = o->dir, .map = o->map, .nmap = o->nmap,
		.threads = o->njobs, .delta = o->delta,
		.progress = &progress, .watch = &child,
		.sysid = l->kind == BK_LABEL_CLUSTER ? l->name : "",
	};
	const struct bk_bindir programs = programs_places(NULL);
	struct bk_combine_part part[PITR_LISTS_MAX + 1];
	struct bk_source src;
	size_t i;

	signals_hold();
	datadir = bk_datadir_open(&how, e);
	signals_release();
	if (datadir == NULL)
		return -1;
	for (i = 0; i < o->ninputs; i++)
		part[i] = (struct bk_combine_part){ o->input[i].name,
		    pitr_input_start, pitr_input_end, &o->input[i],
		    pitr_input_prior };
	if (o->ninputs > 1) {
		if (bk_combine(datadir, part, o->ninputs, &programs, e) == -1)
			return -1;
	} else if (pitr_input_start(&o->input[0], &src, e) == -1 ||
	    bk_datadir_unpack(datadir, src, PITR_INPUT, e) == -1 ||
	    pitr_input_end(&o->input[0], e) == -1)
		return -1;
	if (describe(b, bk_datadir_summary(datadir), l, e) == -1 ||
	    check_increment(o, b, e) == -1)
		return -1;
	b->wal = openat(bk_datadir_fd(datadir), "pg_wal", O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return b->wal == -1 ? bk_fail_errno(e, "%s/pg_wal", o->dir) : 0;
}

/* --- the proof */

/* As many segments ahead as there is room for, of any size. */
static unsigned
ahead(const struct pitr_options *o, const struct bk_start_label *l)
{
	char name[BK_WAL_NAME];
	uint64_t size = BK_WAL_SEGMENT_MAX, n;

	for (; size > BK_WAL_SEGMENT_MIN; size /= 2) {
		bk_wal_segment_name(l->timeline, l->start, size, name);
		if (strcmp(name, l->file) == 0)
			break;
	}
	n = o->spool_size / size;
	return n > AHEAD ? AHEAD : n < 1 ? 1 : (unsigned)n;
}

static void
set_get(struct bk_wal_get *g)
{
	signals_hold();
	get = g;
	signals_release();
}

static int
prove(const struct pitr_options *o, const struct base *b, const char *spool,
    struct bk_proof *proof, struct bk_err *e)
{
	static char *words[2];
	struct bk_wal_command command;
	const struct bk_wal_get_options how = { .command = &command,
		.spool = spool, .jobs = o->njobs, .sysid = b->sysid,
		.ahead = ahead(o, &b->label) };
	struct bk_prove_options what = { .spool = spool,
		.spool_max = o->spool_size, .own = b->wal, .label = b->label,
		.end = b->end, .sysid = b->sysid, .target = o->target,
		.timeline = o->timeline, .progress = &progress };
	int rc;

	progress.item = "segments of WAL";
	progress.items = progress.bytes = 0;
	progress.items_total = progress.bytes_total = 0;
	if (o->wal != NULL) {
		words[0] = (char *)(uintptr_t)o->wal;
		bk_wal_command_init(&command, words, environ);
		if ((what.get = bk_wal_get_open(&how, e)) == NULL)
			return -1;
		set_get(what.get);
	}
	rc = bk_prove(&what, proof, e);
	set_get(NULL);
	bk_wal_get_free(what.get);
	return rc;
}

/* The spool: the caller's, or one of our own, DIR/bk_wal. */
static int
make_spool(const struct pitr_options *o, char **path, struct bk_err *e)
{
	struct bk_buf own = {0};

	if (o->wal == NULL)
		return 0;
	if (o->spool != NULL)
		return (*path = pitr_absolute(o->spool, e)) == NULL ? -1 : 0;
	if (bk_buf_printf(&own, e, "%s/" SPOOL, o->dir) == -1)
		return -1;
	if (mkdir(own.data, 0700) == -1 && errno != EEXIST) {
		(void)bk_fail_errno(e, "%s: mkdir", own.data);
		bk_buf_free(&own);
		return -1;
	}
	signals_hold();
	*path = own_spool = own.data;
	signals_release();
	return 0;
}

/* --- what the server is told */

static int
find_walget(struct bk_buf *path, struct bk_err *e)
{
	if (own_dir("bk-walget", path, e) == -1)
		return -1;
	if (access(path->data, X_OK) == -1)
		return bk_fail_errno(e, "%s", path->data);
	return 0;
}

static int
configure(const struct pitr_options *o, const struct bk_proof *proof,
    const char *spool, struct bk_err *e)
{
	struct bk_buf walget = {0}, text = {0};
	const struct bk_recover_settings how = {
		.target = &o->target, .proof = proof, .command = o->wal,
		.spool = o->spool == NULL ? SPOOL : spool,
		.own_spool = o->spool == NULL, .jobs = o->njobs,
		.pause = o->pause, .archive = o->archive,
		.set = o->set, .nset = o->nset,
	};
	struct bk_recover_settings s = how;
	int rc = -1;

	if (o->wal != NULL && find_walget(&walget, e) == -1)
		goto done;
	s.walget = o->wal != NULL ? walget.data : NULL;
	if (bk_recover_settings(&s, &text, e) == -1 ||
	    bk_datadir_append(datadir, "postgresql.auto.conf", text.data,
	    text.len, e) == -1 ||
	    bk_datadir_put(datadir, "recovery.signal", "", 0, e) == -1)
		goto done;
	/* a standby's backup; with both it would be one again */
	if (bk_datadir_remove(datadir, "standby.signal", e) == 0)
		rc = bk_datadir_commit(datadir, e);
 done:
	bk_buf_free(&walget);
	bk_buf_free(&text);
	return rc;
}

static int
start(const struct pitr_options *o, const struct base *b,
    const struct bk_proof *proof, double began, struct bk_err *e)
{
	const struct bk_bindir programs = programs_places(NULL);
	struct bk_recover_server s = { .major = b->major, .pause = o->pause,
		.programs = &programs, .proof = proof, .child = &child };
	struct bk_recovered where;
	char *dir = pitr_absolute(o->dir, e);
	int rc = -1;

	s.dir = dir;
	if (dir != NULL && bk_recover_start(&s, &where, e) == 0)
		rc = pitr_print_result(&where, bk_monotonic() - began, e);
	free(dir);
	return rc;
}

/*
 * It was unpacked, and the proof failed: a terabyte is not copied again because
 * of a target that was mistyped.
 */
static void
keep(const struct pitr_options *o, struct bk_err *e)
{
	const struct bk_label *l = bk_reader_label(o->input[0].in);

	if (o->ninputs > 1 || l->kind != BK_LABEL_CLUSTER)
		return;
	bk_datadir_keep(datadir);
	bk_fail_add(e, "; %s is kept but cannot be started; run again with "
	    "--delta to reuse it", o->dir);
}

/* Everything up to a directory that can be started. */
static int
prepare(struct pitr_options *o, struct base *b, struct bk_proof *proof,
    struct bk_err *e)
{
	char *spool = NULL;
	int rc = -1;

	if (unpack(o, b, e) == -1)
		return -1;
	tool_audit()->size_bytes = bk_datadir_summary(datadir)->bytes;
	if (make_spool(o, &spool, e) == 0 &&
	    prove(o, b, spool, proof, e) == 0 &&
	    configure(o, proof, spool, e) == 0) {
		signals_hold();
		own_spool = NULL;	/* the server's from here on */
		signals_release();
		rc = 0;
	} else
		keep(o, e);
	if (spool != own_spool)
		free(spool);
	if (rc == 0 && o->verbosity >= 0) {
		pitr_say_proof(proof);
		if (!o->archive)
			tool_say("%s: archive_mode is off, so that it does not "
			    "write to the original cluster's archive; "
			    "--archive leaves it on", o->dir);
	}
	return rc;
}

static int
recover(struct pitr_options *o, double began, struct bk_err *e)
{
	struct base b = { .wal = -1 };
	struct bk_proof proof;
	int rc = prepare(o, &b, &proof, e);

	if (rc == -1 && own_spool != NULL)
		pitr_remove_spool(own_spool);
	if (b.wal != -1)
		close(b.wal);
	signals_hold();
	if (rc == -1 && datadir != NULL)
		bk_datadir_undo(datadir, e);
	bk_datadir_free(datadir);
	datadir = NULL;
	signals_release();
	if (rc == 0 && o->start)
		rc = start(o, &b, &proof, began, e);
	return rc;
}

/* --- the dry run */

/* Read one backup of the chain; the last one's words count. */
static int
survey(struct pitr_input *in, int wal, struct bk_survey *s, struct bk_err *e)
{
	const uint64_t files = s->files, bytes = s->bytes;
	struct bk_source src;

	bk_survey_free(s);
	if (pitr_input_start(in, &src, e) == -1 ||
	    bk_survey(src, in->name, wal, &progress, s, e) == -1 ||
	    pitr_input_end(in, e) == -1)
		return -1;
	s->files += files;
	s->bytes += bytes;
	return 0;
}

static int
plan(struct pitr_options *o, const char *tmp, double began, struct bk_err *e)
{
	const struct bk_label *l = bk_reader_label(o->input[0].in);
	struct base b = { .wal = open(tmp, O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC) };
	struct bk_survey s = {0};
	struct bk_proof proof;
	double read_at;
	size_t i;
	int rc = 0;

	if (b.wal == -1)
		return bk_fail_errno(e, "%s", tmp);
	for (i = 0; rc == 0 && i < o->ninputs; i++)
		rc = survey(&o->input[i], b.wal, &s, e);
	read_at = bk_monotonic();
	if (rc == 0) {
		b.end = s.end;
		b.major = s.major;
		set_sysid(&b, s.sysid, l);
		rc = bk_start_label_parse(s.label.data, &b.label, e);
	}
	if (rc == 0)
		rc = check_increment(o, &b, e);
	if (rc == 0)
		rc = prove(o, &b, tmp, &proof, e);
	if (rc == 0)
		rc = pitr_print_plan(&(struct pitr_plan){ .survey = &s,
		    .label = l, .start = &b.label, .sysid = b.sysid,
		    .proof = &proof, .target = &o->target,
		    .reading = read_at - began,
		    .proving = bk_monotonic() - read_at }, e);
	bk_survey_free(&s);
	close(b.wal);
	return rc;
}

/* WAL goes to a directory that nobody sees afterwards. */
static int
dry_run(struct pitr_options *o, double began, struct bk_err *e)
{
	const char *tmp = tool_env("TMPDIR");
	struct bk_buf path = {0};
	int rc;

	if (bk_buf_printf(&path, e, "%s/bk-pitr.XXXXXX",
	    tmp != NULL ? tmp : "/tmp") == -1)
		return -1;
	signals_hold();
	if (mkdtemp(path.data) != NULL)
		own_spool = path.data;
	signals_release();
	if (own_spool == NULL)
		return bk_fail_errno(e, "%s: mkdtemp", path.data);
	rc = plan(o, path.data, began, e);
	pitr_remove_spool(path.data);
	return rc;
}

int
main(int argc, char *argv[])
{
	static struct pitr_options options;
	struct pitr_options *o = &options;
	const double began = bk_monotonic();
	struct bk_err e = {0};
	size_t i;
	int rc = -1;

	tool_start(&tool);
	/* the server that we start must not keep who listens to us waiting */
	if (tool_status_fd() != -1)
		(void)fcntl(tool_status_fd(), F_SETFD, FD_CLOEXEC);
	pitr_parse_options(o, argc, argv, &child);
	if (!o->dry_run && pitr_become_owner(o->dir, &e) == -1) {
		if (e.code == BK_USAGE)
			tool_refuse(&e);
		return tool_end(-1, &e);
	}
	tool_run("recover", PITR_INPUT, o->dir);

	signals_catch(clean_up);
	tool_progress(&progress, o->verbosity);
	if (pitr_input_open(&o->input[0], &e) == 0) {
		tool_backup_id(bk_reader_label(o->input[0].in)->run);
		if (check_label(o, bk_reader_label(o->input[0].in), &e) == 0)
			rc = o->dry_run ? dry_run(o, began, &e) :
			    recover(o, began, &e);
	}
	for (i = 0; i < o->ninputs; i++)
		pitr_input_free(&o->input[i]);
	return tool_end(rc, &e);
}
