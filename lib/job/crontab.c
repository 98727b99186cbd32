#include "job/crontab.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"

#define BLANKS " \t"
#define RUN "bk-run"
#define CRON_PATH "/usr/bin:/bin"	/* where no PATH is set */

struct reading {
	struct bk_crontab *c;
	const char *path;
	const char *user;	/* NULL: no line has one */
	unsigned line;
	int no_mail;		/* MAILTO="" */
	char search[1024];	/* PATH */
};

__attribute__((format(printf, 3, 4))) static void
report(const struct reading *r, enum bk_ready how, const char *fmt, ...)
{
	char text[1024];
	size_t n = (size_t)snprintf(text, sizeof(text), "crontab: %.200s: line "
	    "%u: ", r->path, r->line);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	r->c->report(r->c->arg, how, text);
}

/* --- when */

/* A number, or one of names, which count from first; past it. -1: neither. */
static int
value(const char **p, const char *names, int first)
{
	char name[4] = "";
	const char *found;
	int n = 0, i;

	if (isdigit((unsigned char)**p)) {
		for (; isdigit((unsigned char)**p) && n < 1000; (*p)++)
			n = n * 10 + (**p - '0');
		return n;
	}
	for (i = 0; i < 3 && isalpha((unsigned char)(*p)[i]); i++)
		name[i] = (char)tolower((unsigned char)(*p)[i]);
	if (i < 3 || (found = strstr(names, name)) == NULL)
		return -1;
	*p += 3;
	return first + (int)(found - names) / 3;
}

/* The bits of "5", "1-5", with a step: "1-5/2"; 0: not understood. */
static uint64_t
range(const char **p, const char *names, int min, int max)
{
	int from = min, to = max, step = 1, i;
	uint64_t bits = 0;

	if (**p == '*')
		(*p)++;
	else if ((from = to = value(p, names, min)) == -1)
		return 0;
	else if (**p == '-') {
		(*p)++;
		to = value(p, names, min);
	}
	if (**p == '/') {
		(*p)++;
		step = value(p, "", 0);
	}
	if (from < min || to > max || step < 1)
		return 0;
	for (i = from; i <= to; i += step)
		bits |= UINT64_C(1) << i;
	return bits;
}

/* A field's bits; all of them if it is not understood. */
static uint64_t
field(const char *text, const char *names, int min, int max)
{
	const uint64_t all = (UINT64_C(1) << (max + 1)) - 1;
	uint64_t bits = 0, more;

	for (;;) {
		if ((more = range(&text, names, min, max)) == 0)
			return all;
		bits |= more;
		if (*text == '\0')
			return bits;
		if (*text++ != ',')
			return all;
	}
}

static void
set_time(struct bk_cron_line *l, char *const f[5])
{
	l->minutes = field(f[0], "", 0, 59);
	l->hours = (uint32_t)field(f[1], "", 0, 23);
	l->days = (uint32_t)field(f[2], "", 1, 31);
	l->months = (uint32_t)field(f[3],
	    "janfebmaraprmayjunjulaugsepoctnovdec", 1, 12);
	l->weekdays = (uint32_t)field(f[4], "sunmontuewedthufrisat", 0, 7);
	if ((l->weekdays & 1U << 7) != 0)
		l->weekdays |= 1;
	/* cron runs it on a day that either of them has */
	if (*f[2] != '*' && *f[4] != '*')
		l->days = l->weekdays = UINT32_MAX;
}

/* "@daily"; what is not by the clock has no minute. */
static void
set_nickname(struct bk_cron_line *l, const char *name)
{
	static char star[] = "*", zero[] = "0", one[] = "1";

	if (strcmp(name, "@reboot") == 0)
		return;
	set_time(l, (char *[]){ zero,
	    strcmp(name, "@hourly") == 0 ? star : zero,
	    strcmp(name, "@monthly") == 0 || strcmp(name, "@yearly") == 0 ||
	    strcmp(name, "@annually") == 0 ? one : star,
	    strcmp(name, "@yearly") == 0 || strcmp(name, "@annually") == 0 ?
	    one : star, strcmp(name, "@weekly") == 0 ? zero : star });
}

/* Cut the fields that say when off line; the rest, or NULL. */
static char *
take_time(struct bk_cron_line *l, char *line)
{
	char *p = line, *f[5] = { p, p, p, p, p };
	size_t i, n;

	for (i = 0; i < (*line == '@' ? 1 : 5); i++) {
		n = strcspn(p, BLANKS);
		f[i] = p;
		if (p[n] == '\0')
			return NULL;
		p[n] = '\0';
		p += n + 1 + strspn(p + n + 1, BLANKS);
	}
	if (*line == '@')
		set_nickname(l, f[0]);
	else
		set_time(l, f);
	return p;
}

/* --- the command */

/* 1 if word is bk-run, or a path to it. */
static int
is_run(const char *word)
{
	const char *slash = strrchr(word, '/');

	return strcmp(slash == NULL ? word : slash + 1, RUN) == 0;
}

/* Where cron finds no bk-run, nothing is run, and only cron's mail says so. */
static void
check_path(const struct reading *r, const char *word)
{
	struct bk_buf path = {0};
	struct bk_err ignored = {0};
	const char *dir;
	size_t n;
	int found = access(word, X_OK) == 0 && *word == '/';

	for (dir = r->search; !found && *dir != '\0' && *word != '/';
	    dir += n + (dir[n] != '\0')) {
		n = strcspn(dir, ":");
		path.len = 0;
		if (bk_buf_printf(&path, &ignored, "%.*s/%s", (int)n, dir,
		    word) == 0)
			found = access(path.data, X_OK) == 0;
	}
	bk_buf_free(&path);
	if (!found)
		report(r, BK_READY_PROBLEM, "%s: not found with the PATH that "
		    "cron has here, %s; write PATH=... in a line above, or its "
		    "whole name", word, r->search);
}

/* An option's value: in the word itself after name, or the next word. */
static const char *
option(const char *word, const char *name, const char *next)
{
	size_t n = strlen(name);

	if (strncmp(word, name, n) != 0)
		return NULL;
	if (word[n] == '\0')
		return next == NULL ? "" : next;
	return name[1] != '-' ? word + n : word[n] == '=' ? word + n + 1 : NULL;
}

static void
set_option(char to[BK_CRON_TEXT], const char *value_of)
{
	if (value_of != NULL)
		(void)snprintf(to, BK_CRON_TEXT, "%s", value_of);
}

/* Take "A=b", where nothing of it is a shell's. */
static void
take_assignment(struct bk_cron_line *l, const char *word)
{
	size_t n = strlen(l->assignments);

	if (strchr(word, '=') != NULL && strpbrk(word, "'\"\\$`<>") == NULL &&
	    n + strlen(word) + 2 < sizeof(l->assignments))
		(void)snprintf(l->assignments + n, sizeof(l->assignments) - n,
		    "%s%s", n > 0 ? " " : "", word);
}

/* Cut the user off a line of /etc/cron.d; the command, NULL: not of ours. */
static char *
take_user(const struct reading *r, char *command)
{
	size_t n = strcspn(command, BLANKS);

	if (r->user == NULL)
		return command;
	if (strlen(r->user) == n && strncmp(command, r->user, n) == 0)
		return command + n + strspn(command + n, BLANKS);
	if (strstr(command, RUN " ") != NULL)
		report(r, BK_READY_UNKNOWN, "it is run by %.*s; run bk-check "
		    "as that user, too", (int)n, command);
	return NULL;
}

/* The words of the command: 1 if it runs a job. */
static int
take_command(const struct reading *r, struct bk_cron_line *l, char *command)
{
	char job[BK_JOB_NAME], name[BK_JOB_NAME], *word, *next, *save = NULL;
	struct bk_err ignored = {0};
	int run = 0;

	for (word = strtok_r(command, BLANKS ";&|()", &save); word != NULL;
	    word = next) {
		next = strtok_r(NULL, BLANKS ";&|()", &save);
		if (!run) {
			if ((run = is_run(word)))
				check_path(r, word);
			continue;
		}
		if (*l->spec != '\0') {
			take_assignment(l, word);
			continue;
		}
		set_option(l->tell, option(word, "--tell", next));
		set_option(l->dir, option(word, "-C", next));
		set_option(l->dir, option(word, "--config", next));
		if (*word != '-' &&
		    bk_job_split(word, job, name, &ignored) == 0)
			(void)snprintf(l->spec, sizeof(l->spec), "%s", word);
	}
	return *l->spec != '\0';
}

/* cron makes it a newline, and what follows the command's input. */
static int
has_percent(const char *command)
{
	const char *p;

	for (p = command; (p = strchr(p, '%')) != NULL; p++)
		if (p == command || p[-1] != '\\')
			return 1;
	return 0;
}

static int
add(struct reading *r, const struct bk_cron_line *l, struct bk_err *e)
{
	struct bk_cron_line *more = bk_grow(r->c->v, r->c->n, &r->c->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return -1;
	r->c->v = more;
	more[r->c->n++] = *l;
	if ((r->no_mail || r->c->no_mailer) && *l->tell == '\0')
		report(r, BK_READY_WARNING, "%s: nobody is told if it fails: "
		    "%s; add --tell FILE to bk-run", l->spec, r->no_mail ?
		    "MAILTO is empty" : "cron has no sendmail here");
	return 0;
}

/* "MAILTO=dba@example.org"; 1 if it is one. */
static int
take_variable(struct reading *r, const char *line)
{
	size_t n = strcspn(line, "=" BLANKS "\"'");
	const char *text = line + n + strspn(line + n, BLANKS);

	if (*text != '=' || isdigit((unsigned char)*line) || *line == '*')
		return 0;
	text += 1 + strspn(text + 1, BLANKS);
	if (n == 6 && strncmp(line, "MAILTO", n) == 0)
		r->no_mail = *text == '\0' || strcmp(text, "\"\"") == 0 ||
		    strcmp(text, "''") == 0;
	if (n == 4 && strncmp(line, "PATH", n) == 0) {
		text += strspn(text, "\"'");
		(void)snprintf(r->search, sizeof(r->search), "%.*s",
		    (int)strcspn(text, "\"'" BLANKS), text);
	}
	if (n == 7 && strncmp(line, "CRON_TZ", n) == 0)
		report(r, BK_READY_WARNING, "CRON_TZ: Debian's cron does not "
		    "know it, and goes by the host's time; write the times so, "
		    "or use bk-run --when --tz for a day");
	return 1;
}

static int
take_line(struct reading *r, char *line, struct bk_err *e)
{
	struct bk_cron_line l = { .path = r->path, .line = r->line };
	char *command;
	int percent;

	line += strspn(line, BLANKS);
	if (*line == '\0' || *line == '#' || take_variable(r, line) ||
	    (command = take_time(&l, line)) == NULL ||
	    (command = take_user(r, command)) == NULL)
		return 0;
	percent = has_percent(command);
	if (!take_command(r, &l, command))
		return 0;
	if (percent)
		report(r, BK_READY_PROBLEM, "%s: a '%%' ends the command for "
		    "cron; write \\%%, or put it into the job's file", l.spec);
	return add(r, &l, e);
}

int
bk_crontab_take(struct bk_crontab *c, const char *path, const char *text,
    const char *user, struct bk_err *e)
{
	struct reading r = { .c = c, .path = path, .user = user,
	    .search = CRON_PATH };
	char *line;
	size_t n;
	int rc = 0;

	for (; rc == 0 && *text != '\0'; text += n + (text[n] != '\0')) {
		n = strcspn(text, "\n");
		r.line++;
		if ((line = strndup(text, n)) == NULL)
			return bk_fail_memory(e);
		rc = take_line(&r, line, e);
		free(line);
	}
	return rc;
}

static int
meet(const struct bk_cron_line *a, const struct bk_cron_line *b)
{
	return strcmp(a->spec, b->spec) == 0 && (a->minutes & b->minutes) &&
	    (a->hours & b->hours) && (a->days & b->days) &&
	    (a->months & b->months) && (a->weekdays & b->weekdays);
}

void
bk_crontab_clashes(const struct bk_crontab *c)
{
	const struct bk_cron_line *a, *b;
	struct reading r = { .c = (struct bk_crontab *)(uintptr_t)c };

	for (a = c->v; a < c->v + c->n; a++)
		for (b = a + 1; b < c->v + c->n; b++) {
			if (!meet(a, b))
				continue;
			r.path = b->path;
			r.line = b->line;
			report(&r, BK_READY_WARNING, "%s: begins in the same "
			    "minute as in line %u of %s; move one of them",
			    b->spec, a->line, a->path);
		}
}

void
bk_crontab_free(struct bk_crontab *c)
{
	free(c->v);
	c->v = NULL;
	c->n = c->cap = 0;
}
