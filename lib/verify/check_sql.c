/*
 * Scripts of pg_dump and pg_dumpall (check.h).
 *
 * A line that looks like the end, or like COPY, may be within a string, so the
 * script is read as psql reads it: quotes, dollar quotes, comments, psql's own
 * commands (lexical rules: PostgreSQL manual, 4.1).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "archive/copytext.h"
#include "verify/check.h"

#define WORD_MAX 256		/* of a comment, psql's command, dollar tag */
#define HEAD_MAX 512		/* of a statement */
#define TAIL_MAX 16		/* its last bytes */

enum state {
	PLAIN, COMMENT, BLOCK_COMMENT, STRING, ESTRING, IDENTIFIER, DOLLAR_TAG,
	DOLLAR, COMMAND, COPY_LINE, COPY
};

struct word {			/* text, truncated to the bound */
	char text[WORD_MAX];
	size_t len;
};

struct check {
	const char *name;
	struct bk_verdict *v;
	enum state state;
	int depth;		/* of block comments */
	char prev, prev2;	/* the two preceding bytes; 0: consumed */
	int escaped;		/* in an ESTRING, after a backslash */
	int escapes;		/* standard_conforming_strings = off */
	struct word word;	/* comment, command or closing dollar tag */
	struct word tag;	/* of the dollar quote we are in */
	struct word key;	/* of \restrict; empty: none */
	char head[HEAD_MAX], tail[TAIL_MAX];	/* of the statement */
	uint64_t len;		/* of the statement; 0: between two */
	uint64_t dumps, clusters;	/* begun, not ended */
	uint64_t complete;
	uint64_t line;
	struct bk_copytext *lines;
	char buf[64 * 1024];
};

static int
damaged(const struct check *c, const char *problem, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: line %ju: %s", c->name,
	    (uintmax_t)c->line + 1, problem);
}

static void
add(struct word *w, char ch)
{
	if (w->len >= sizeof(w->text) - 1)
		return;
	w->text[w->len++] = ch;
	w->text[w->len] = '\0';
}

static int
is(const struct word *w, const char *text)
{
	return strcmp(w->text, text) == 0;
}

static int
starts(const struct word *w, const char *text)
{
	return strncmp(w->text, text, strlen(text)) == 0;
}

static int
is_name(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || (ch & 0x80) != 0;
}

/* Append a byte to the statement. */
static void
extend(struct check *c, char ch)
{
	if (c->len == 0 && isspace((unsigned char)ch))
		return;
	if (c->len < sizeof(c->head) - 1)
		c->head[c->len] = ch;
	c->tail[c->len++ % TAIL_MAX] = ch;
}

/* 1 if the statement ends with text, of at most TAIL_MAX bytes. */
static int
ends_with(const struct check *c, const char *text)
{
	size_t n = strlen(text), i;

	if (c->len < n)
		return 0;
	for (i = 0; i < n; i++)
		if (c->tail[(c->len - n + i) % TAIL_MAX] != text[i])
			return 0;
	return 1;
}

/* A ';' outside of quotes and comments ends the statement. */
static void
end_statement(struct check *c)
{
	c->head[c->len < HEAD_MAX - 1 ? (size_t)c->len : HEAD_MAX - 1] = '\0';
	if (strncmp(c->head, "SET standard_conforming_strings = ", 34) == 0)
		c->escapes = strcmp(c->head + 34, "off") == 0;
	if (strncmp(c->head, "COPY ", 5) == 0 && ends_with(c, " FROM stdin"))
		c->state = COPY_LINE;
	c->len = 0;
}

/* "-- ..." is complete. */
static int
end_comment(struct check *c, struct bk_err *e)
{
	const struct word *w = &c->word;

	if (is(w, "-- PostgreSQL database dump"))
		c->dumps++;
	else if (is(w, "-- PostgreSQL database cluster dump"))
		c->clusters++;
	else if (is(w, "-- PostgreSQL database dump complete")) {
		if (c->dumps-- == 0)
			return damaged(c, "the end of a dump without its "
			    "beginning", e);
		c->complete++;
	} else if (is(w, "-- PostgreSQL database cluster dump complete")) {
		if (c->clusters-- == 0)
			return damaged(c, "the end of a dump without its "
			    "beginning", e);
		c->complete++;
	} else if (starts(w, "-- Dumped from database version "))
		return bk_verdict_set(&c->v->server_version, w->text + 32, e);
	else if (starts(w, "-- Dumped by "))
		return bk_verdict_set(&c->v->tool, w->text + 13, e);
	return 0;
}

/* "\..." is complete: a psql command. */
static int
end_command(struct check *c, struct bk_err *e)
{
	const struct word *w = &c->word;

	if (starts(w, "\\restrict ")) {
		if (c->key.len > 0)
			return damaged(c, "a second \\restrict", e);
		c->key = *w;
	} else if (starts(w, "\\unrestrict ")) {
		if (c->key.len == 0 || strcmp(c->key.text + 10,
		    w->text + 12) != 0)
			return damaged(c, "\\unrestrict with another key than "
			    "\\restrict's", e);
		c->key.len = 0;
	}
	return 0;
}

static void
begin_word(struct check *c, enum state state, char first)
{
	c->word.len = 0;
	add(&c->word, first);
	c->state = state;
}

/* Outside of quotes and comments; ch may begin one. */
static int
plain(struct check *c, char ch)
{
	char prev = c->prev, prev2 = c->prev2;

	c->prev2 = prev;
	c->prev = ch;
	if (ch == '-' && prev == '-') {
		c->len -= c->len > 0;
		begin_word(c, COMMENT, '-');
		add(&c->word, '-');
	} else if (ch == '*' && prev == '/') {
		c->len -= c->len > 0;
		c->depth = 1;
		c->state = BLOCK_COMMENT;
		c->prev = 0;
	} else if (ch == '\\' && c->len == 0) {
		begin_word(c, COMMAND, ch);
	} else if (ch == ';') {
		end_statement(c);
	} else {
		if (ch == '\'')
			c->state = c->escapes || ((prev == 'E' ||
			    prev == 'e') && !is_name(prev2)) ? ESTRING : STRING;
		else if (ch == '"')
			c->state = IDENTIFIER;
		else if (ch == '$' && !is_name(prev) && prev != '$')
			begin_word(c, DOLLAR_TAG, ch);
		extend(c, ch);
	}
	return 0;
}

/* After "$": a tag up to the next '$', or this is not a dollar quote. */
static int
dollar_tag(struct check *c, char ch)
{
	if (ch != '$' && (!is_name(ch) ||
	    (c->word.len == 1 && isdigit((unsigned char)ch)) ||
	    c->word.len == sizeof(c->word.text) - 1)) {
		c->state = PLAIN;
		return plain(c, ch);
	}
	extend(c, ch);
	add(&c->word, ch);
	if (ch == '$') {
		c->tag = c->word;
		c->word.len = 0;
		c->state = DOLLAR;
	}
	return 0;
}

/* In a dollar quote: look for its closing tag; '$' starts over. */
static void
dollar(struct check *c, char ch)
{
	if (ch == '$' && (c->word.len == 0 || c->word.len + 1 < c->tag.len ||
	    memcmp(c->word.text, c->tag.text, c->word.len) != 0))
		c->word.len = 0;
	if (c->word.len < c->tag.len && ch == c->tag.text[c->word.len])
		add(&c->word, ch);
	else
		c->word.len = 0;
	if (c->word.len == c->tag.len) {
		c->state = PLAIN;
		c->prev = 0;
	}
}

static void
block_comment(struct check *c, char ch)
{
	if (ch == '*' && c->prev == '/') {
		c->depth++;
		ch = 0;
	} else if (ch == '/' && c->prev == '*') {
		if (--c->depth == 0)
			c->state = PLAIN;
		ch = 0;
	}
	c->prev = ch;
}

/* In a string or identifier; a doubled quote ends and reopens it. */
static void
quoted(struct check *c, char ch, char quote)
{
	if (c->state == ESTRING && (c->escaped || ch == '\\')) {
		c->escaped = !c->escaped;
		return;
	}
	if (ch == quote) {
		/* 'E' keeps the second half of E'it''s' an ESTRING */
		c->prev = c->state == ESTRING ? 'E' : 0;
		c->prev2 = 0;
		c->state = PLAIN;
	}
}

static int
step(struct check *c, char ch, struct bk_err *e)
{
	enum state state = c->state;

	switch (state) {
	case PLAIN:
		return plain(c, ch);
	case STRING:
	case ESTRING:
		quoted(c, ch, '\'');
		break;
	case IDENTIFIER:
		quoted(c, ch, '"');
		break;
	case BLOCK_COMMENT:
		block_comment(c, ch);
		break;
	case DOLLAR_TAG:
		return dollar_tag(c, ch);
	case DOLLAR:
		dollar(c, ch);
		break;
	case COMMENT:
	case COMMAND:
		if (ch != '\n') {
			add(&c->word, ch);
			break;
		}
		c->state = PLAIN;
		c->prev = ch;
		return state == COMMENT ? end_comment(c, e) : end_command(c, e);
	case COPY_LINE:
		if (ch != '\n')
			break;
		c->state = COPY;
		bk_copytext_begin(c->lines);
		break;
	case COPY:
		break;
	}
	return 0;
}

/* Consume COPY data from the n bytes at p; the number consumed. */
static size_t
copy_data(struct check *c, const char *p, size_t n)
{
	const struct bk_content *content = bk_copytext_content(c->lines);
	uint64_t rows = content->rows;
	size_t taken = bk_copytext_take(c->lines, p, n);

	c->line += content->rows - rows;
	if (bk_copytext_end(c->lines) == BK_COPYTEXT_CLOSED) {
		c->v->tables++;
		c->v->rows += content->rows;
		c->v->bytes += content->bytes;
		c->line++;
		c->state = PLAIN;
		c->prev = '\n';
	}
	return taken;
}

static int
feed(struct check *c, const char *p, size_t n, struct bk_err *e)
{
	const char *end = p + n;

	while (p < end) {
		if (c->state == COPY) {
			p += copy_data(c, p, (size_t)(end - p));
			continue;
		}
		if (step(c, *p, e) == -1)
			return -1;
		c->line += *p++ == '\n';
	}
	return 0;
}

static int
check_end(struct check *c, struct bk_err *e)
{
	if (c->state == COPY || c->state == COPY_LINE)
		return damaged(c, "it ends within the data of COPY", e);
	if (c->state != PLAIN && c->state != COMMENT)
		return damaged(c, "it ends within a string or comment", e);
	if (c->len > 0)
		return damaged(c, "it ends within a statement", e);
	if (c->complete == 0 || c->dumps > 0 || c->clusters > 0)
		return damaged(c, "it ends without \"PostgreSQL database "
		    "dump complete\"", e);
	if (c->key.len > 0)
		return damaged(c, "it ends without \\unrestrict", e);
	return 0;
}

int
bk_check_sql(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	struct check *c = calloc(1, sizeof(*c));
	ssize_t n = -1;
	int rc = -1;

	if (c == NULL)
		return bk_fail_memory(e);
	c->name = name;
	c->v = v;
	v->kind = "sql";
	v->proof = "structure";
	if ((c->lines = bk_copytext_new(e)) == NULL)
		goto done;
	while ((n = src.read(src.ctx, c->buf, sizeof(c->buf), e)) > 0) {
		if (progress != NULL)
			progress->bytes += (uint64_t)n;
		if (feed(c, c->buf, (size_t)n, e) == -1)
			goto done;
	}
	if (n == 0)
		rc = check_end(c, e);
 done:
	bk_copytext_free(c->lines);
	free(c);
	return rc;
}
