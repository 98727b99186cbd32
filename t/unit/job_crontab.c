/* Crontabs: which lines run jobs, when, and what cron makes of them. */
#include "job/crontab.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

static char said[8192];
static const char *user;

static void
note(void *arg, enum bk_ready how, const char *text)
{
	size_t n = strlen(said);

	(void)arg;
	(void)snprintf(said + n, sizeof(said) - n, "%s %s\n",
	    bk_ready_word(how), text);
}

static void
take(struct bk_crontab *c, const char *text)
{
	struct bk_err e = {0};

	said[0] = '\0';
	c->report = note;
	ok(bk_crontab_take(c, "tab", text, user, &e) == 0, "it is read");
}

/* How often "begins in the same minute" is said of two times. */
static int
meet(const char *a, const char *b)
{
	struct bk_crontab c = {0};
	char text[256];

	(void)snprintf(text, sizeof(text), "PATH=/bin:/x\n%s /bin/x/bk-run "
	    "j@n\n%s bk-run j@n", a, b);
	take(&c, text);
	said[0] = '\0';
	bk_crontab_clashes(&c);
	bk_crontab_free(&c);
	return strstr(said, "begins in the same minute") != NULL;
}

static void
test_lines(void)
{
	struct bk_crontab c = {0};

	take(&c, "# 1 1 * * * bk-run no@no\n\n \t5 2 * * * nice "
	    "/opt/bk-run -q --tell=/t -C /d --when 'first sun' a@b X=y@z "
	    "B=$C D='e f' E=\n"
	    "5 3 * * * echo bk-running c@d\n5 3 * *\n@daily\n"
	    "@weekly bk-run --tell /t --config /e -- x | (bk-run e@f)\n");
	is_int((long)c.n, 2, "two lines run jobs");
	is_str(c.v[0].spec, "a@b", "a job, after options and their values");
	is_str(c.v[0].tell, "/t", "--tell=");
	is_str(c.v[0].dir, "/d", "-C");
	is_str(c.v[0].assignments, "X=y@z E=", "assignments, but of a shell");
	is_int(c.v[0].line, 3, "its line");
	ok(c.v[0].minutes == 1U << 5 && c.v[0].hours == 1U << 2, "its time");
	is_str(c.v[1].spec, "e@f", "a job in parentheses");
	is_str(c.v[1].dir, "/e", "--config");
	bk_crontab_free(&c);
}

static void
test_said(void)
{
	struct bk_crontab c = {0};

	take(&c, "PATH=\"/nowhere\"\n1 1 * * * bk-run a@b \\% # 5%\n");
	ok(strstr(said, "problem crontab: tab: line 2: bk-run: not found with "
	    "the PATH that cron has here, /nowhere;") != NULL, "PATH");
	ok(strstr(said, "problem crontab: tab: line 2: a@b: a '%' ends") !=
	    NULL, "per cent");
	ok(strstr(said, "nobody") == NULL, "mail as ever");
	take(&c, "1 1 * * * /bin/sh -c '/bin/bk-run a@b \\%'\n");
	ok(strstr(said, "'%'") == NULL, "an escaped one");
	take(&c, "MAILTO=\n1 1 * * * bk-run a@b\nMAILTO=x\n"
	    "1 1 * * * bk-run c@d\n");
	ok(strstr(said, "line 2: a@b: nobody is told if it fails: MAILTO is "
	    "empty") != NULL && strstr(said, "c@d: nobody") == NULL, "MAILTO");
	c.no_mailer = 1;
	take(&c, "1 1 * * * bk-run a@b\n1 1 * * * bk-run --tell x c@d\n");
	ok(strstr(said, "a@b: nobody is told if it fails: cron has no") !=
	    NULL && strstr(said, "c@d: nobody") == NULL, "no sendmail");
	take(&c, "CRON_TZ = Europe/Berlin");
	ok(strstr(said, "warning crontab: tab: line 1: CRON_TZ") != NULL,
	    "CRON_TZ");
	bk_crontab_free(&c);
}

static void
test_user(void)
{
	struct bk_crontab c = {0};

	user = "bk";
	take(&c, "1 1 * * *\tbk /bin/bk-run a@b\n1 1 * * * bkx bk-run c@d\n"
	    "@daily root backup\n");
	user = NULL;
	is_int((long)c.n, 1, "one line is ours");
	is_str(c.v[0].spec, "a@b", "that one");
	ok(strstr(said, "unknown crontab: tab: line 2: it is run by bkx;") !=
	    NULL && strstr(said, "root") == NULL, "another is named");
	bk_crontab_free(&c);
}

int
main(void)
{
	test_lines();
	test_said();
	test_user();
	ok(meet("1 2 * * *", "1 2 * * *"), "the same");
	ok(meet("*/5 * * * *", "10 2 1 1 0"), "in steps");
	ok(meet("1 2 * * 0", "1 2 * * 7"), "both are Sunday");
	ok(meet("1 2 * * sun", "1 2 * JAN-MAR 5-7"), "names");
	ok(meet("1 2 1 * 1", "1 2 5 * 3"), "either day counts for cron");
	ok(meet("@daily", "0 0 3 * *"), "@daily");
	ok(meet("@hourly", "@yearly"), "@hourly, @yearly");
	ok(meet("x 2 * * *", "7 2 * * *"), "what is not known may be any");
	ok(!meet("1 2 * * *", "2 2 * * *"), "another minute");
	ok(!meet("1 2 * * *", "1 3,4,7-9 * * *"), "another hour");
	ok(!meet("1 2 * * 1-5", "1 2 * * 6,0"), "another day of the week");
	ok(!meet("1 2 1-7 * *", "1 2 8-31/2 * *"), "another day of the month");
	ok(!meet("1 2 * 1 *", "1 2 * feb *"), "another month");
	ok(!meet("@reboot", "0 0 * * *"), "@reboot");
	return tap_done();
}
