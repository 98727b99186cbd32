/* Which text of a shell can be rehearsed. */
#include "job/plain.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- what a shell makes of texts by chance, of those that are plain */

#define TEXTS 200000
#define RUNS 150		/* of them are run */

static uint32_t state = 20261125;

static uint32_t
chance(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static void
compose(char *text, size_t cap)
{
	static const char *const parts[] = { "bk-gz", "bk-gz ", " bk-gz", " ",
	    "|", "| bk-gz", "'", "\"", "\\", "\\\n", "\n", "$X", "${X:-a}",
	    "${X", ":-", "}", ">", ">made", "<", "`", "$(", ")", ";", "&", "#",
	    " #", "env ", "AWS_X=", "PGX=$X ", "cat", "touch made", "made",
	    "{", "*", "~", "=", "!", "a" };
	size_t n = 0, words = 2 + chance(9);

	for (text[0] = '\0'; words > 0; words--)
		n += (size_t)snprintf(text + n, cap - n, "%s", parts[chance(
		    sizeof(parts) / sizeof(*parts))]);
}

/* Run it where there is but a bk-gz; what the shell says is in "said". */
static int
run(const char *text)
{
	const pid_t pid = fork();
	int status = -1, fd;

	if (pid == 0) {
		fd = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (dup2(fd, STDERR_FILENO) == -1 ||
		    dup2(open("/dev/null", O_RDWR), STDIN_FILENO) == -1 ||
		    dup2(STDIN_FILENO, STDOUT_FILENO) == -1)
			_exit(99);
		execle("/bin/sh", "sh", "-c", text, (char *)NULL,
		    (char *[]){ "PATH=bin", "X=; touch made >made `touch made` "
		    "$(touch made) | cat", NULL });
		_exit(99);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* 1 if the shell found all that it looked for, and made no file. */
static int
is_harmless(void)
{
	char line[512];
	FILE *f = fopen("said", "r");
	struct dirent *entry;
	DIR *d = opendir(".");
	int good = f != NULL && d != NULL;

	while (good && fgets(line, sizeof(line), f) != NULL)
		good = strstr(line, "not found") == NULL &&
		    strstr(line, "denied") == NULL &&
		    strstr(line, "cannot") == NULL;
	while (good && (entry = readdir(d)) != NULL)
		good = *entry->d_name == '.' ||
		    strcmp(entry->d_name, "bin") == 0 ||
		    strcmp(entry->d_name, "said") == 0;
	if (f != NULL)
		fclose(f);
	if (d != NULL)
		closedir(d);
	return good;
}

static void
test_shell(void)
{
	char dir[] = "/tmp/bk-plain.XXXXXX", text[512];
	struct bk_err e;
	int i, runs = 0, bad = 0;

	if (mkdtemp(dir) == NULL || chdir(dir) == -1 ||
	    mkdir("bin", 0700) == -1 ||
	    symlink("/bin/true", "bin/bk-gz") == -1 ||
	    symlink("/usr/bin/env", "bin/env") == -1)
		abort();
	for (i = 0; i < TEXTS && runs < RUNS; i++) {
		compose(text, sizeof(text));
		e = (struct bk_err){0};
		named[0] = '\0';
		if (bk_job_plain(text, note, NULL, &e) == -1 ||
		    named[0] == '\0' || strlen(text) < 12)
			continue;
		runs++;
		if (run(text) == -1 || !is_harmless()) {
			printf("# not harmless: %s\n", text);
			bad++;
		}
	}
	is_int(runs, RUNS, "so many are plain");
	is_int(bad, 0, "and none runs or makes anything else");
	(void)!system("rm -r bin said");
	ok(chdir("/") == 0 && rmdir(dir) == 0, "nothing is left");
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
	test_shell();
	ok(bk_job_plain("bk-gz | cat", refuse, NULL, &e) == -1 &&
	    strcmp(e.msg, "not bk-gz") == 0, "who is asked may refuse");
	return tap_done();
}
