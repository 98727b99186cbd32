#include "job/plain.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define DIGITS "0123456789"
#define BLANKS " \t"
#define WORD_MAX 64		/* of a first word that is looked at */

/* What a tool does in a rehearsal is known; bk-run and bk-check run others. */
const char *const bk_job_tools[] = { "bk-age", "bk-audit", "bk-base",
    "bk-crypt", "bk-dump", "bk-gz", "bk-keygen", "bk-ls", "bk-notify",
    "bk-pitr", "bk-prune", "bk-restore", "bk-rm", "bk-s3get", "bk-s3ls",
    "bk-s3put", "bk-s3rm", "bk-save", "bk-seal", "bk-stat", "bk-tee",
    "bk-verify", "bk-walget", "bk-walput", "bk-walrecv", "bk-zst",
    NULL };

struct scan {
	const char *at;
	int begun;		/* the command's tool was seen */
	int wanted;		/* after a '|' one has to come */
	int (*each)(void *arg, const char *tool, struct bk_err *e);
	void *arg;
	struct bk_err *e;
};

static int
is_tool(const char *word)
{
	size_t i;

	for (i = 0; bk_job_tools[i] != NULL; i++)
		if (strcmp(bk_job_tools[i], word) == 0)
			return 1;
	return 0;
}

/* Of "AWS_PROFILE=dr": may a tool get that? */
static int
is_assignment(const char *word)
{
	size_t n = strspn(word, LETTERS DIGITS);

	return word[n] == '=' && (strncmp(word, "AWS_", 4) == 0 ||
	    strncmp(word, "BK_", 3) == 0 || strncmp(word, "PG", 2) == 0 ||
	    strncmp(word, "TZ=", 3) == 0);
}

/* From the name of "${NAME:-word}" past its brace. */
static int
skip_braces(struct scan *s)
{
	const char *p = s->at;
	size_t n = strspn(p, LETTERS DIGITS);

	if (n == 0 || strchr(DIGITS, *p) != NULL)
		return bk_fail(s->e, BK_DATA, "a '${' of another kind than "
		    "${NAME} and ${NAME:-word}");
	p += n;
	if (*p == ':' || (*p != '\0' && strchr("-?+", *p) != NULL)) {
		p += *p == ':';
		if (*p == '\0' || strchr("-?+", *p) == NULL)
			return bk_fail(s->e, BK_DATA, "a '${NAME:' without "
			    "'-', '?' or '+'");
		p++;
		p += strspn(p, LETTERS DIGITS " ./:@%=,-");
	}
	if (*p != '}')
		return bk_fail(s->e, BK_DATA, "a '${' with more in it than "
		    "letters, digits and ./:@%%=,-");
	s->at = p + 1;
	return 0;
}

/* After a '$'. */
static int
skip_variable(struct scan *s)
{
	if (*s->at == '{') {
		s->at++;
		return skip_braces(s);
	}
	if (*s->at == '\0' || strchr(LETTERS, *s->at) == NULL)
		return bk_fail(s->e, BK_DATA, "a '$' that is no variable's");
	s->at += strspn(s->at, LETTERS DIGITS);
	return 0;
}

/* After a quote, to the end of what is in double quotes. */
static int
skip_double(struct scan *s)
{
	while (*s->at != '"') {
		if (*s->at == '\0')
			return bk_fail(s->e, BK_DATA, "a quote without its "
			    "end");
		if (*s->at == '`')
			return bk_fail(s->e, BK_DATA, "a command in "
			    "backquotes");
		if (*s->at == '$') {
			s->at++;
			if (skip_variable(s) == -1)
				return -1;
			continue;
		}
		s->at += *s->at == '\\' && s->at[1] != '\0' ? 2 : 1;
	}
	s->at++;
	return 0;
}

/* One part of a word. */
static int
skip_part(struct scan *s)
{
	const char *end;

	switch (*s->at) {
	case '\'':
		if ((end = strchr(s->at + 1, '\'')) == NULL)
			return bk_fail(s->e, BK_DATA, "a quote without its "
			    "end");
		s->at = end + 1;
		return 0;
	case '"':
		s->at++;
		return skip_double(s);
	case '$':
		s->at++;
		return skip_variable(s);
	case '\\':
		s->at += s->at[1] != '\0' ? 2 : 1;
		return 0;
	case '<': case '>': case ';': case '&': case '(': case ')': case '`':
		return bk_fail(s->e, BK_DATA, "a '%c'", *s->at);
	default:
		s->at++;
		return 0;
	}
}

/* A word that stands where a command is expected. */
static int
take_first(struct scan *s, const char *from, size_t n)
{
	char word[WORD_MAX];

	(void)snprintf(word, sizeof(word), "%.*s", (int)(n < WORD_MAX ? n :
	    WORD_MAX - 1), from);
	if (strcmp(word, "env") == 0 || is_assignment(word))
		return 0;
	s->begun = 1;
	s->wanted = 0;
	if (n >= WORD_MAX || !is_tool(word))
		return bk_fail(s->e, BK_DATA, "'%s', which is no tool of bk "
		    "that can be rehearsed", word);
	return s->each(s->arg, word, s->e);
}

static int
take_word(struct scan *s)
{
	const char *from = s->at;

	while (*s->at != '\0' && strchr(BLANKS "\n|", *s->at) == NULL)
		if (skip_part(s) == -1)
			return -1;
	return s->begun ? 0 : take_first(s, from, (size_t)(s->at - from));
}

/* A command ends, by a '|' or a newline. */
static int
end_command(struct scan *s)
{
	if (*s->at == '|') {
		if (!s->begun || s->at[1] == '|')
			return bk_fail(s->e, BK_DATA, "a '|' without a command "
			    "before it");
		s->wanted = 1;
	}
	s->begun = 0;
	s->at++;
	return 0;
}

static int
scan(struct scan *s)
{
	int rc = 0;

	while (rc == 0 && *s->at != '\0')
		if (strchr(BLANKS, *s->at) != NULL)
			s->at++;
		else if (s->at[0] == '\\' && s->at[1] == '\n')
			s->at += 2;
		else if (*s->at == '#')
			s->at += strcspn(s->at, "\n");
		else if (*s->at == '|' || *s->at == '\n')
			rc = end_command(s);
		else
			rc = take_word(s);
	if (rc == 0 && s->wanted)
		rc = bk_fail(s->e, BK_DATA, "a '|' without a command after "
		    "it");
	return rc;
}

int
bk_job_plain(const char *text,
    int (*each)(void *arg, const char *tool, struct bk_err *e), void *arg,
    struct bk_err *e)
{
	struct scan s = { .at = text, .each = each, .arg = arg, .e = e };

	return scan(&s);
}
