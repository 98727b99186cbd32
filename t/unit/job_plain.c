/* Which text of a shell can be rehearsed. */
#include "job/plain.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

static char named[1024];

static int
note(void *arg, const char *tool, struct bk_err *e)
{
	size_t n = strlen(named);

	(void)arg, (void)e;
	(void)snprintf(named + n, sizeof(named) - n, "%s ", tool);
	return 0;
}

/* The tools that are named, or why it is not plain. */
static const char *
tools(const char *text)
{
	static struct bk_err e;

	e = (struct bk_err){0};
	named[0] = '\0';
	return bk_job_plain(text, note, NULL, &e) == 0 ? named : e.msg;
}

static void
test_plain(void)
{
	is_str(tools("bk-dump | bk-gz|bk-save \"$TO/{db}-${X:-a.b/c d}\"\n"),
	    "bk-dump bk-gz bk-save ", "a pipeline");
	is_str(tools("# it's ; & (\nbk-ls a | # a list\n\n  bk-prune -d 3 |\\\n"
	    "\tbk-rm\nbk-gz ${X}${Y-}$Z\\;\\&\\(\\$ ';&(`$()' \";&><()\\`\""),
	    "bk-ls bk-prune bk-rm bk-gz ", "comments, lines, quotes");
	is_str(tools("env AWS_PROFILE=\"a b\" BK_X='y' bk-s3ls\n"
	    "PGHOST=x TZ=UTC bk-dump\nAWS_PROFILE=dr\nbk-gz"),
	    "bk-s3ls bk-dump bk-gz ", "assignments");
	is_str(tools(""), "", "nothing");
	is_str(tools("bk-tee 'cat >x; rm y' \"bk-save a|b\""), "bk-tee ",
	    "what is in quotes is a word");
}

/* Each would run, or write, something that is no tool of bk. */
static const char *const others[] = {
	"cat", "bk-gz | cat", "bk-gz|cat", "bk-gz >x", "bk-gz 2>&1", "bk-gz<x",
	"bk-gz;cat", "bk-gz &", "bk-gz && cat", "bk-gz || cat", "bk-gz &cat",
	"bk-gz `cat`", "bk-gz \"`cat`\"", "bk-gz $(cat)", "bk-gz \"$(cat)\"",
	"bk-gz ${X:-$(cat)}", "bk-gz \"${X:-`cat`}\"", "bk-gz ${X:=y}",
	"bk-gz ${X%y}", "bk-gz ${#X}", "bk-gz $1", "bk-gz $$", "bk-gz \"$@\"",
	"(bk-gz)", "{ bk-gz; }", "! bk-gz", "if bk-gz", "bk-gz() cat",
	"bk-run x", "bk-check", "bk-gz\ncat", "bk-gz # x\ncat",
	"bk-gz \\\n# x\n cat",
	"'bk-gz'", "\"bk-gz\"", "bk-g\\z", "$X", "$X bk-gz", "./bk-gz",
	"/bin/bk-gz", "bk-gz-x", "bk-my-script", "PATH=. bk-gz", "X=1 bk-gz",
	"LD_PRELOAD=x bk-gz", "env -i bk-gz", "env PATH=. bk-gz",
	"env cat", "AWS_X=$(cat) bk-gz", "AWS_X=y cat", "| bk-gz", "bk-gz |",
	"bk-gz | | bk-gz", "bk-gz 'x", "bk-gz \"x", "bk-gz ${X", "bk-gz $",
	"bk-gz |\n\n# x", "eval bk-gz", "exec bk-gz", ". bk-gz", "bk-gz\rcat",
	"bk-gz <(cat)", "bk-gz <<x", "bk-gz \"${X:-\"'\"}\"; cat '",
	"bk-gz ${X:-'} ; cat '}", "BK_X+=y cat", "coproc bk-gz",
	"time bk-gz", "bk-gz\\\n;cat",
	"bk-gz-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void
test_others(void)
{
	struct bk_err e;
	char name[64], *p;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		e = (struct bk_err){0};
		(void)snprintf(name, sizeof(name), "%s", others[i]);
		for (p = name; *p != '\0'; p++)
			if (*p < ' ' || *p == '#')
				*p = '_';
		ok(bk_job_plain(others[i], note, NULL, &e) == -1 &&
		    *e.msg != '\0', "%s", name);
	}
}

static int
refuse(void *arg, const char *tool, struct bk_err *e)
{
	(void)arg;
	return bk_fail(e, BK_FAIL, "not %s", tool);
}

int
main(void)
{
	struct bk_err e = {0};

	test_plain();
	test_others();
	ok(bk_job_plain("bk-gz | cat", refuse, NULL, &e) == -1 &&
	    strcmp(e.msg, "not bk-gz") == 0, "who is asked may refuse");
	return tap_done();
}
