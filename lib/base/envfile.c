#include "base/envfile.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/trusted.h"
#include "base/secret.h"
#include "base/utf8.h"

#define FILE_MAX (1024 * 1024)
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_" \
	"0123456789"

struct parser {
	const char *at, *end;
	const char *path;
	unsigned line;			/* of *at */
	unsigned first;			/* that the variable began in */
	struct bk_buf name, value;
	size_t kept;			/* of value; what follows are blanks */
	struct bk_err *e;
};

static int
wrong(struct parser *p, const char *cause)
{
	return bk_fail(p->e, BK_DATA, "%s: line %u: %s", p->path, p->first,
	    cause);
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next character, or -1. */
static int
next(struct parser *p)
{
	if (p->at == p->end)
		return -1;
	p->line += *p->at == '\n';
	return (unsigned char)*p->at++;
}

/* A character of the value, which stays even if it is a blank. */
static int
keep(struct parser *p, int c)
{
	char byte = (char)c;

	if (bk_buf_add(&p->value, &byte, 1, p->e) == -1)
		return -1;
	p->kept = p->value.len;
	return 0;
}

/* systemd before 254 takes the line after a backslash for a comment, too. */
static int
skip_comment(struct parser *p)
{
	int c, last = -1;

	p->first = p->line;
	while ((c = next(p)) != -1 && c != '\n')
		last = c;
	return last != '\\' ? 0 : wrong(p, "a comment that ends in a "
	    "backslash; take it out");
}

/* 1 at a variable's name, 0 at the end, -1 with an error. */
static int
find_variable(struct parser *p)
{
	while (p->at < p->end)
		if (*p->at == '#' || *p->at == ';') {
			if (skip_comment(p) == -1)
				return -1;
		} else if (is_blank(*p->at) || *p->at == '\n')
			(void)next(p);
		else
			return 1;
	return 0;
}

static int
read_name(struct parser *p)
{
	const char *from = p->at;
	size_t n;
	int c;

	p->first = p->line;
	while ((c = next(p)) != -1 && c != '=' && c != '\n')
		continue;
	n = (size_t)(p->at - from);
	if (c == '\n' || c == -1)
		return wrong(p, "no NAME=VALUE");
	for (n--; n > 0 && is_blank(from[n - 1]); n--)
		continue;
	if (n > 7 && strncmp(from, "export ", 7) == 0)
		return wrong(p, "no shell reads it; leave 'export' out");
	p->name.len = 0;
	if (bk_buf_add(&p->name, from, n, p->e) == -1)
		return -1;
	if (n == 0 || (*from >= '0' && *from <= '9') ||
	    strspn(p->name.data, NAME_CHARS) != n)
		return wrong(p, "not a variable's name");
	return 0;
}

static int
read_single(struct parser *p)
{
	int c;

	while ((c = next(p)) != -1 && c != '\'')
		if (keep(p, c) == -1)
			return -1;
	return c == '\'' ? 0 : wrong(p, "a quote without its end");
}

static int
read_double(struct parser *p)
{
	int c;

	while ((c = next(p)) != -1 && c != '"') {
		if (c == '\\' && p->at < p->end) {
			if (strchr("\"\\`$\n", *p->at) == NULL &&
			    keep(p, '\\') == -1)
				return -1;
			c = next(p);
			if (c == '\n')
				continue;
		}
		if (keep(p, c) == -1)
			return -1;
	}
	return c == '"' ? 0 : wrong(p, "a quote without its end");
}

/* Text without quotes, to the end of the line; c is its first character. */
static int
read_plain(struct parser *p, int c)
{
	size_t joined = 0;	/* what systemd keeps before a joined line */

	for (; c != -1 && c != '\n'; c = next(p)) {
		if (c == '\\') {
			joined = p->value.len;
			if ((c = next(p)) == -1)
				break;
			if (c != '\n' && keep(p, c) == -1)
				return -1;
		} else if (is_blank((char)c) ?
		    bk_buf_puts(&p->value, (char[]){ (char)c, '\0' }, p->e) :
		    keep(p, c) == -1)
			return -1;
	}
	return p->kept >= joined ? 0 : wrong(p, "a value that ends in a blank "
	    "and a backslash; put it into quotes");
}

/* Quotes are quotes where a part of the value begins, and text in it. */
static int
read_value(struct parser *p)
{
	int c, rc = 0, ended = 0;

	p->value.len = p->kept = 0;
	while (rc == 0 && !ended) {
		while ((c = next(p)) != -1 && is_blank((char)c))
			continue;
		if (c == '\'')
			rc = read_single(p);
		else if (c == '"')
			rc = read_double(p);
		else {
			rc = read_plain(p, c);
			ended = 1;
		}
	}
	p->value.len = p->kept;
	/* a NUL, also of what is empty */
	return rc == 0 ? bk_buf_puts(&p->value, "", p->e) : rc;
}

/* What is refused wherever it stands. */
static int
check_bytes(struct parser *p)
{
	const char *s;
	size_t n;

	for (s = p->at; s < p->end; s += n) {
		if (*s == '\0')
			return wrong(p, "has a NUL byte");
		if (*s == '\r')
			return wrong(p, "has a carriage return, as files of "
			    "Windows; dos2unix it");
		if ((n = bk_utf8_len(s)) == 0)
			return wrong(p, "not UTF-8");
		p->first += *s == '\n';
	}
	return 0;
}

static int
take_variable(struct parser *p, bk_envfile_each *each, void *arg)
{
	struct bk_err cause = {0};

	if (read_name(p) == -1 || read_value(p) == -1)
		return -1;
	if (each(arg, p->name.data, p->value.data, &cause) == 0)
		return 0;
	return bk_fail(p->e, cause.code, "%s: line %u: %s", p->path, p->first,
	    cause.msg);
}

int
bk_envfile_parse(const char *text, size_t n, const char *path,
    bk_envfile_each *each, void *arg, struct bk_err *e)
{
	struct parser p = { .at = text, .end = text + n, .path = path,
	    .line = 1, .first = 1, .e = e };
	int rc = check_bytes(&p);

	while (rc == 0 && (rc = find_variable(&p)) == 1)
		rc = take_variable(&p, each, arg);
	bk_buf_free(&p.name);
	bk_buf_free(&p.value);
	return rc;
}

int
bk_envfile_load(const char *path, bk_envfile_each *each, void *arg,
    struct bk_err *e)
{
	int fd = bk_trusted_open(path, e), rc = -1;
	struct bk_buf text = {0};

	if (fd == -1)
		return -1;
	if (bk_secret_read(fd, path, FILE_MAX, &text, e) == 0)
		rc = bk_envfile_parse(text.len == 0 ? "" : text.data, text.len,
		    path, each, arg, e);
	close(fd);
	bk_buf_free(&text);
	return rc;
}
