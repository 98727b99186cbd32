/* What a pipeline's stages reported, and the first cause of a failure. */
#include "job/stages.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

#define EXITED(n) ((n) << 8)	/* waitpid(2)'s status */

/* The message, "CODE MESSAGE", or "0". */
static const char *
judge(const char *reports, int status, int none_is_ok)
{
	static char out[1100];
	struct bk_stages s = {0};
	struct bk_err e = {0};

	if (bk_stages_take(&s, reports, strlen(reports), &e) == 0)
		(void)bk_stages_judge(&s, status, none_is_ok, &e);
	(void)snprintf(out, sizeof(out), e.code == BK_OK ? "%d" : "%d %s",
	    (int)e.code, e.msg);
	bk_stages_free(&s);
	return out;
}

static const char *
judged(const char *reports, int status)
{
	return judge(reports, status, 0);
}

/* Where nothing there is no failure (--ok 4). */
static const char *
judged_none(const char *reports, int status)
{
	return judge(reports, status, 1);
}

#define STARTS "+ bk-dump 10\n+ bk-gz 11\n+ bk-s3put 12\n"

static void
test_cause(void)
{
	is_str(judged(STARTS "0 bk-dump 10 5\n0 bk-gz 11 4\n"
	    "0 bk-s3put 12 4 s3://b/k\n", 0), "0", "all is done");
	is_str(judged(STARTS "1 bk-dump 10 0 server gone\n- bk-gz 11 0 empty\n"
	    "- bk-s3put 12 0 empty\n", EXITED(3)), "1 bk-dump: server gone",
	    "of empty input others fail");
	is_str(judged(STARTS "3 bk-gz 11 0 standard input: unfinished\n"
	    "3 bk-s3put 12 0 standard input: unfinished\n", EXITED(3)),
	    "1 bk-dump: was killed; if nobody did, the system's log may say "
	    "why", "a stage without an end was killed");
	is_str(judged(STARTS "3 bk-gz 11 0 standard input: unfinished\n"
	    "1 bk-dump 10 0 disk full\n3 bk-s3put 12 0 unfinished\n",
	    EXITED(3)), "1 bk-dump: disk full",
	    "unfinished input is a consequence, whenever it is told");
	is_str(judged(STARTS "1 bk-s3put 12 0 s3://b/k: 403\n"
	    "1 bk-gz 11 0 standard output: write: Broken pipe\n"
	    "1 bk-dump 10 0 standard output: write: Broken pipe\n",
	    EXITED(1)), "1 bk-s3put: s3://b/k: 403",
	    "so is a closed pipe");
	is_str(judged(STARTS "3 bk-dump 10 0 cut: unfinished\n"
	    "3 bk-gz 11 0 input: unfinished\n3 bk-s3put 12 0 unfinished\n",
	    EXITED(3)), "3 bk-dump: cut: unfinished",
	    "with nothing else the first of them");
	is_str(judged("+ bk-gz 11\n- bk-gz 11 0 empty\n", EXITED(3)),
	    "3 bk-gz: the command before it wrote nothing: it failed, or was "
	    "not found", "nothing came from a foreign command");
	is_str(judged("+ bk-s3ls 4\n+ bk-prune 2\n+ bk-s3rm 3\n"
	    "1 bk-s3ls 4 0 timeout\n0 bk-prune 2 0\n0 bk-s3rm 3 0\n", 0),
	    "1 bk-s3ls: timeout", "what the shell does not see counts");
	is_str(judged("+ bk-s3get 7\n+ bk-gz 2\n4 bk-s3get 7 0 absent\n"
	    "- bk-gz 2 0 empty\n", EXITED(3)), "4 bk-s3get: absent",
	    "its status is the first cause's");
	is_str(judged("+ bk-ls 7\n+ bk-prune 8\n4 bk-prune 8 0 standard input: "
	    "empty listing\n4 bk-ls 7 0 out: nothing there\n", EXITED(4)),
	    "4 bk-ls: out: nothing there", "an empty listing");
	is_str(judged("+ bk-prune 8\n4 bk-prune 8 0 standard input: "
	    "empty listing\n", EXITED(4)), "3 bk-prune: the command before it "
	    "wrote nothing: it failed, or was not found", "of nobody");
	is_str(judged(STARTS "2 bk-gz 11 0 -Z: no such option\n"
	    "1 bk-dump 10 0 Broken pipe\n- bk-s3put 12 0 empty\n",
	    EXITED(3)), "2 bk-gz: -Z: no such option", "a wrong call");
}

static void
test_shell(void)
{
	is_str(judged("", 0), "0", "no tool of ours at all");
	is_str(judged(STARTS "0 bk-dump 10 5\n0 bk-gz 11 4\n"
	    "0 bk-s3put 12 4 s3://b/k\n", EXITED(9)), "1 the pipeline ended "
	    "with exit status 9, of a command that has said why",
	    "a foreign command");
	is_str(judged("", EXITED(127)), "1 a command of the pipeline was not "
	    "found; the shell has said which", "not found");
	is_str(judged("+ bk-gz 5\n1 bk-gz 5 0 standard output: write: "
	    "Broken pipe\n", EXITED(127)), "1 a command of the pipeline was "
	    "not found; the shell has said which", "a reader of nobody's");
	is_str(judged("", 9), "1 the pipeline's shell was killed by signal 9",
	    "the shell is killed");
}

#define TEE "+ bk-dump 9\n+ bk-tee 2\n+ bk-save 4 2 0\n+ bk-s3put 5 2 1\n" \
	"0 bk-dump 9 9\n1 bk-save 4 0 disk full\n0 bk-s3put 5 9 s3://b/k\n"
#define SPARED "~ bk-tee 2 0\n"

static void
test_tee(void)
{
	is_str(judged(TEE SPARED "0 bk-tee 2 9\n", 0), "0",
	    "a sink of a bk-tee that has enough");
	is_str(judged(TEE "0 bk-tee 2 9\n", 0), "1 bk-save: disk full",
	    "a sink that called itself good");
	is_str(judged(TEE "1 bk-tee 2 9 save: exit status 1\n", EXITED(1)),
	    "1 bk-save: disk full", "a sink of one that has not");
	is_str(judged(TEE SPARED "0 bk-tee 2 9\n", EXITED(1)),
	    "1 the pipeline ended with exit status 1, of a command that has "
	    "said why", "another command after all");
	is_str(judged(TEE SPARED "0 bk-tee 2 9\n+ bk-save 7\n"
	    "1 bk-save 7 0 full\n", 0), "1 bk-save: full",
	    "a stage that is no sink of it");
	is_str(judged(TEE "+ bk-tee 6 2 0\n+ bk-save 7 6 0\n"
	    "1 bk-save 7 0 full\n1 bk-tee 6 9 1 of 2\n" SPARED
	    "0 bk-tee 2 9\n", 0), "0", "a bk-tee that is a sink of another");
	is_str(judged(TEE SPARED "+ bk-save 7 2 1\n1 bk-save 7 0 full\n"
	    "0 bk-tee 2 9\n", 0), "1 bk-save: full", "another sink of it");
	is_str(judged(TEE SPARED "+ bk-save 7 6 0\n1 bk-save 7 0 full\n"
	    "0 bk-tee 2 9\n", 0), "1 bk-save: full", "a sink of none here");
}

static void
test_none(void)
{
#define EMPTY "+ bk-ls 7\n+ bk-prune 8\n4 bk-prune 8 0 standard input: " \
	"empty listing\n4 bk-ls 7 0 out: nothing there\n"
	is_str(judged_none(EMPTY, EXITED(4)), "0", "an empty place");
	is_str(judged_none(EMPTY, 0), "0", "whatever the shell makes of it");
	is_str(judged_none("+ bk-s3get 7\n+ bk-gz 2\n4 bk-s3get 7 0 absent\n"
	    "- bk-gz 2 0 empty\n", EXITED(3)), "0", "no such object");
	is_str(judged_none(EMPTY "+ bk-dump 9\n1 bk-dump 9 0 gone\n",
	    EXITED(1)), "1 bk-dump: gone", "what else fails is a failure");
	is_str(judged_none(EMPTY "+ bk-dump 9\n", EXITED(4)), "1 bk-dump: was "
	    "killed; if nobody did, the system's log may say why",
	    "or is killed");
	is_str(judged_none(EMPTY, EXITED(1)), "1 the pipeline ended with exit "
	    "status 1, of a command that has said why", "or is a stranger");
	is_str(judged_none(EMPTY, 9), "1 the pipeline's shell was killed by "
	    "signal 9", "or the shell");
	is_str(judged_none("+ bk-prune 8\n4 bk-prune 8 0 standard input: "
	    "empty listing\n", EXITED(4)), "3 bk-prune: the command before it "
	    "wrote nothing: it failed, or was not found", "or none says it");
#undef EMPTY
}

static void
test_done(void)
{
	const char text[] = "+ bk-tee 12\n+ bk-dump 10\n=0/4008DD8 ab\n"
	    "+ bk-save 14\n+ bk-s3put 15\n0 bk-dump 10 77\n"
	    "0 bk-save 14 50 /b/shop x\n0 bk-s3put 15 50 s3://b/k\n"
	    "junk\n? bk-x 3\n+ bk-x 0\n0 bk-tee 12 50\n\n\n0 bk-";
	struct bk_buf names = {0}, stored = {0};
	struct bk_stages s = {0};
	struct bk_err e = {0};
	uint64_t bytes = 0;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(text) - 1; i++)
		rc |= bk_stages_take(&s, text + i, 1, &e);
	ok(rc == 0 && s.n == 4 && s.ended == 4,
	    "byte by byte, other lines skipped");
	ok(bk_stages_names(&s, &names, &e) == 0, "names");
	is_str(names.data, "bk-dump | bk-tee | bk-save | bk-s3put",
	    "in the order of the pipeline");
	ok(bk_stages_stored(&s, &stored, &bytes, &e) == 0 && bytes == 50,
	    "stored");
	is_str(stored.data, "/b/shop x, s3://b/k", "in two places");
	bk_buf_free(&names);
	bk_buf_free(&stored);
	bk_stages_free(&s);
	(void)bk_stages_take(&s, "x+ bk-gz 7\n1 bk-gz 7 0 lost\n", 28, &e);
	ok(s.n == 1 && s.v[0].ended && s.v[0].code == BK_FAIL,
	    "an end whose start is lost counts");
	bk_stages_free(&s);
	(void)bk_stages_take(&s, "+ bk-gz 7\n+ bk-gz 8\n0 bk-gz 8 0\n", 33,
	    &e);
	ok(s.n == 2 && !s.v[0].ended && s.v[0].pid == 7 && s.v[1].ended,
	    "of two of one name, the one that runs");
	bk_stages_free(&s);
}

static void
test_junk(void)
{
	struct bk_stages s = {0};
	struct bk_err e = {0};
	char junk[3000];
	int i, rc = 0;

	memset(junk, 'x', sizeof(junk));
	for (i = 0; i < 100; i++)
		rc |= bk_stages_take(&s, junk, sizeof(junk), &e);
	ok(rc == 0 && s.part.cap < 65536, "a line without an end is let "
	    "go of");
	bk_stages_free(&s);
}

int
main(void)
{
	test_cause();
	test_shell();
	test_tee();
	test_none();
	test_done();
	test_junk();
	return tap_done();
}
