#include "archive/sqltext_in.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 64		/* of a statement that is not kept */
#define KEEP_MAX ((size_t)1 << 30)	/* the server takes no longer one */
#define LATER ((char)0xff)	/* than the first: no byte of ASCII */

int
bk_sqltext_fail(const struct bk_sqltext *t, const char *problem,
    struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: line %ju: %s", t->name,
	    (uintmax_t)t->line + 1, problem);
}

uint64_t
bk_sqltext_line(const struct bk_sqltext *t)
{
	return t->line + 1;
}

static void
add(struct bk_sql_word *w, char ch)
{
	if (w->len >= sizeof(w->text) - 1)
		return;
	w->text[w->len++] = ch;
	w->text[w->len] = '\0';
}

static int
is_name(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || (ch & 0x80) != 0;
}

/* The byte that was read where ch stands for it. */
static char
byte(const struct bk_sqltext *t, char ch)
{
	if (ch == LATER)
		return t->raw;
	return ch;
}

/*
 * Append a byte to the statement: the one that was read where it is a later one
 * of a character, which stands for LATER.
 */
static int
extend(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	const size_t max = t->keep ? KEEP_MAX : HEAD_MAX;

	ch = byte(t, ch);
	if (t->len == 0 && isspace((unsigned char)ch))
		return 0;
	t->tail[t->len++ % TAIL_MAX] = ch;
	if (t->sql.len >= max)
		return t->keep ? bk_sqltext_fail(t, "a statement of more than "
		    "1 GiB", e) : 0;
	if (t->sql.len + 1 < t->sql.cap) {
		t->sql.data[t->sql.len++] = ch;
		t->sql.data[t->sql.len] = '\0';
		return 0;
	}
	return bk_buf_add(&t->sql, &ch, 1, e);
}

/* The last byte, which is in the statement, began a comment. */
static void
take_back(struct bk_sqltext *t)
{
	if (t->sql.len == t->len)
		t->sql.data[--t->sql.len] = '\0';
	t->len--;
}

/* 1 if the statement ends with text, of at most TAIL_MAX bytes. */
static int
ends_with(const struct bk_sqltext *t, const char *text)
{
	size_t n = strlen(text), i;

	if (t->len < n)
		return 0;
	for (i = 0; i < n; i++)
		if (t->tail[(t->len - n + i) % TAIL_MAX] != text[i])
			return 0;
	return 1;
}

static int
begins(const struct bk_sqltext *t, const char *text)
{
	return t->sql.data != NULL &&
	    strncmp(t->sql.data, text, strlen(text)) == 0;
}

static void
forget_statement(struct bk_sqltext *t)
{
	t->sql.len = 0;
	if (t->sql.data != NULL)
		t->sql.data[0] = '\0';
	t->len = 0;
	t->parens = t->words = t->begins = t->begun = 0;
	t->name_len = 0;
	memset(t->first, 0, sizeof(t->first));
}

/* What the statement says of how the next ones are to be read. */
static int
take_setting(struct bk_sqltext *t, struct bk_err *e)
{
	static const char *const encodings[] = { "SET client_encoding = '",
	    "SET client_encoding TO '", "SET NAMES '" };
	char name[HEAD_MAX + 1];
	size_t i;

	if (begins(t, "SET standard_conforming_strings = "))
		t->escapes = begins(t, "SET standard_conforming_strings = off");
	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (t->on.encoding == NULL || !begins(t, encodings[i]))
			continue;
		(void)snprintf(name, sizeof(name), "%s", t->sql.data +
		    strlen(encodings[i]));
		name[strcspn(name, "'")] = '\0';
		return t->on.encoding(t->ctx, name, e);
	}
	return 0;
}

/* A ';' that ends the statement. */
static int
end_statement(struct bk_sqltext *t, struct bk_err *e)
{
	int copy, rc;

	if (take_setting(t, e) == -1)
		return -1;
	copy = begins(t, "COPY ") && ends_with(t, " FROM stdin");
	if ((rc = extend(t, ';', e)) == 0 && t->on.statement != NULL)
		rc = t->on.statement(t->ctx, t->keep ? t->sql.data : NULL,
		    &copy, e);
	if (t->on.escapes != NULL)
		t->escapes = t->on.escapes(t->ctx);
	if (copy) {
		t->state = COPY_LINE;
		t->held = 0;
		t->in_line = 0;
	}
	forget_statement(t);
	return rc;
}

/* Is the statement CREATE [OR REPLACE] FUNCTION or PROCEDURE? */
static int
is_routine(const struct bk_sqltext *t)
{
	const char *kind = &t->first[1];

	if (t->first[0] != 'c')
		return 0;
	if (kind[0] == 'o' && kind[1] == 'r')
		kind += 2;
	return *kind == 'f' || *kind == 'p';
}

/* Is the unquoted word, before ch, the letter of a string? */
static int
is_prefix(const struct bk_sqltext *t, char ch)
{
	return ch == '\'' && t->name_len == 1 &&
	    strchr("ebxn", t->unquoted[0]) != NULL;
}

/*
 * An unquoted word is complete.  Within the body of a routine, BEGIN ATOMIC ...
 * END, a ';' does not end the statement; CASE has an END of its own.  BEGIN by
 * itself may be a name: only these two words begin a body.
 */
static void
end_word(struct bk_sqltext *t)
{
	static const char *const known[] = { "create", "or", "replace",
	    "function", "procedure" };
	const char *w = t->unquoted;
	size_t i;

	if (t->name_len == 0)
		return;
	if (t->name_len == NAME_BYTES)
		t->name_len--;
	t->unquoted[t->name_len] = '\0';
	t->name_len = 0;
	if (isdigit((unsigned char)*w))
		return;
	if (is_routine(t) && t->parens == 0) {
		if (t->begins == 0 ? t->begun && strcmp(w, "atomic") == 0 :
		    strcmp(w, "case") == 0)
			t->begins++;
		else if (strcmp(w, "end") == 0 && t->begins > 0)
			t->begins--;
	}
	t->begun = strcmp(w, "begin") == 0;
	for (i = 0; t->words < 4 && i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(w, known[i]) == 0)
			t->first[t->words] = *w;
	if (t->words < 4)
		t->words++;
}

static void
begin_word(struct bk_sqltext *t, enum bk_sql_state state, char first)
{
	t->word.len = 0;
	add(&t->word, first);
	t->state = state;
}

/*
 * E'', or what goes on with one, be it the second half of E'it''s'; bits, B''
 * and X'', know no backslash.
 */
static enum bk_sql_state
string_state(const struct bk_sqltext *t, char prev, char prev2)
{
	if (t->goes_on == 2 || (t->goes_on == 1 && prev == '\'') ||
	    (prev != '\0' && strchr("Ee", prev) != NULL && !is_name(prev2)))
		return ESTRING;
	if (prev != '\0' && strchr("BbXx", prev) != NULL && !is_name(prev2))
		return STRING;
	return t->escapes ? ESTRING : STRING;
}

static void
begin_quoted(struct bk_sqltext *t, char ch, char prev, char prev2)
{
	if (ch == '\'')
		t->state = string_state(t, prev, prev2);
	else if (ch == '"')
		t->state = IDENTIFIER;
	else if (ch == '$' && !is_name(prev) && prev != '$')
		begin_word(t, DOLLAR_TAG, ch);
}

/* Between the parts of a string there are blanks and comments of one line. */
static void
follow_parts(struct bk_sqltext *t, char ch, char prev)
{
	if (ch == '-' && prev == '-')
		t->goes_on = t->went_on;
	else if (ch == '\n' && t->goes_on > 0)
		t->goes_on = 2;
	else if (!isspace((unsigned char)ch) && ch != '\'') {
		t->went_on = t->goes_on;
		t->goes_on = 0;
	}
}

/* Outside of quotes and comments; ch may begin one. */
static int
plain(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	char prev = t->prev, prev2 = t->prev2;

	follow_parts(t, ch, prev);
	if (is_prefix(t, ch))
		t->name_len = 0;
	if (!is_name(ch) && !isspace((unsigned char)ch)) {
		end_word(t);
		t->begun = 0;
	}
	if (is_name(ch)) {
		if (t->name_len < NAME_BYTES)
			t->unquoted[t->name_len++] =
			    (char)tolower((unsigned char)ch);
	} else {
		end_word(t);
	}
	t->prev2 = prev;
	t->prev = ch;
	if (ch == '-' && prev == '-') {
		take_back(t);
		begin_word(t, COMMENT, '-');
		add(&t->word, '-');
		return 0;
	}
	if (ch == '*' && prev == '/') {
		take_back(t);
		t->depth = 1;
		t->state = BLOCK_COMMENT;
		t->prev = 0;
		return 0;
	}
	if (ch == '\\') {
		begin_word(t, COMMAND, ch);
		return 0;
	}
	if (ch == ';' && t->parens == 0 && t->begins == 0)
		return end_statement(t, e);
	t->parens += ch == '(' ? 1 : ch == ')' && t->parens > 0 ? -1 : 0;
	begin_quoted(t, ch, prev, prev2);
	return extend(t, ch, e);
}

/* After "$": a tag up to the next '$', or this is not a dollar quote. */
static int
dollar_tag(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	if (ch != '$' && (!is_name(ch) ||
	    (t->word.len == 1 && isdigit((unsigned char)ch)) ||
	    t->word.len == sizeof(t->word.text) - 1)) {
		t->state = PLAIN;
		return plain(t, ch, e);
	}
	add(&t->word, byte(t, ch));
	if (ch == '$') {
		t->tag = t->word;
		t->word.len = 0;
		t->state = DOLLAR;
	}
	return extend(t, ch, e);
}

/* In a dollar quote: look for its closing tag; '$' starts over. */
static void
dollar(struct bk_sqltext *t, char ch)
{
	if (ch == '$' && (t->word.len == 0 || t->word.len + 1 < t->tag.len ||
	    memcmp(t->word.text, t->tag.text, t->word.len) != 0))
		t->word.len = 0;
	if (ch == LATER && t->raw != '$')
		ch = t->raw;
	if (t->word.len < t->tag.len && ch == t->tag.text[t->word.len])
		add(&t->word, ch);
	else
		t->word.len = 0;
	if (t->word.len == t->tag.len) {
		t->state = PLAIN;
		t->prev = 0;
	}
}

static int
block_comment(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	if (ch == '*' && t->prev == '/') {
		t->depth++;
		ch = 0;
	} else if (ch == '/' && t->prev == '*') {
		if (--t->depth == 0)
			t->state = PLAIN;
		ch = 0;
	}
	t->prev = ch;
	return t->state == PLAIN ? extend(t, ' ', e) : 0;
}

/* In a string or identifier; a doubled quote ends and reopens it. */
static void
quoted(struct bk_sqltext *t, char ch, char quote)
{
	if (t->state == ESTRING && (t->escaped || ch == '\\')) {
		t->escaped = !t->escaped;
		return;
	}
	if (ch == quote) {
		t->goes_on = t->state == ESTRING;
		t->prev = quote;
		t->prev2 = 0;
		t->state = PLAIN;
	}
}

/* A comment or command, complete at its newline. */
static int
line_word(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	int (*event)(void *, const char *, struct bk_err *) =
	    t->state == COMMENT ? t->on.comment : t->on.command;

	if (ch != '\n') {
		add(&t->word, byte(t, ch));
		return 0;
	}
	if (t->word.len > 0 && t->word.text[t->word.len - 1] == '\r')
		t->word.text[--t->word.len] = '\0';
	t->state = PLAIN;
	t->prev = ch;
	if (t->goes_on > 0)
		t->goes_on = 2;
	if (extend(t, ch, e) == -1)
		return -1;
	return event == NULL ? 0 : event(t->ctx, t->word.text, e);
}

static int
step(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	if (ch == '\0')
		return bk_sqltext_fail(t, "a NUL byte", e);
	switch (t->state) {
	case PLAIN:
		return plain(t, ch, e);
	case STRING:
	case ESTRING:
		quoted(t, ch, '\'');
		return extend(t, ch, e);
	case IDENTIFIER:
		quoted(t, ch, '"');
		return extend(t, ch, e);
	case BLOCK_COMMENT:
		return block_comment(t, ch, e);
	case DOLLAR_TAG:
		return dollar_tag(t, ch, e);
	case DOLLAR:
		dollar(t, ch);
		return extend(t, ch, e);
	case COMMENT:
	case COMMAND:
		return line_word(t, ch, e);
	case COPY_LINE:
		if (ch == '\n')
			t->state = COPY;
		break;
	case COPY:
		break;
	}
	return 0;
}

/* How many bytes follow of the character that those read so far begin? */
static int
bytes_to_come(const struct bk_sqltext *t)
{
	char s[4] = {0};

	memcpy(s, t->bytes, (size_t)t->nbytes);
	return t->on.length(t->ctx, s) - t->nbytes;
}

/*
 * Read a byte.  A later one of a character is not a quote, even if it has the
 * value of one; the second may tell that there are more.
 */
static int
step_by_character(struct bk_sqltext *t, char ch, struct bk_err *e)
{
	if (t->more == 0 && (ch & 0x80) == 0)
		return step(t, ch, e);
	if (t->more == 0) {
		t->bytes[0] = ch;
		t->nbytes = 1;
		t->more = bytes_to_come(t);
		return step(t, ch, e);
	}
	t->bytes[t->nbytes++] = ch;
	t->more = t->nbytes == 4 ? 0 : bytes_to_come(t);
	if (t->more < 0)
		t->more = 0;
	if (ch == '\0' || ch == '\n')
		return bk_sqltext_fail(t, "a character that ends within", e);
	return step(t, LATER, e);
}

int
bk_sqltext_feed(struct bk_sqltext *t, const char *p, size_t n,
    struct bk_err *e)
{
	const char *end = p + n;
	size_t taken;

	while (p < end) {
		if (t->state == COPY) {
			if (bk_sqltext_rows(t, p, (size_t)(end - p), &taken,
			    e) == -1)
				return -1;
			p += taken;
			continue;
		}
		t->raw = *p;
		if ((t->on.length == NULL ? step(t, *p, e) :
		    step_by_character(t, *p, e)) == -1)
			return -1;
		t->line += *p++ == '\n';
	}
	return 0;
}

int
bk_sqltext_end(const struct bk_sqltext *t, struct bk_err *e)
{
	if (t->state == COPY || t->state == COPY_LINE)
		return bk_sqltext_fail(t, "it ends within the data of COPY", e);
	if (t->state != PLAIN && t->state != COMMENT)
		return bk_sqltext_fail(t, "it ends within a string or comment",
		    e);
	if (t->len > 0)
		return bk_sqltext_fail(t, "it ends within a statement", e);
	return 0;
}

struct bk_sqltext *
bk_sqltext_new(const char *name, int keep,
    const struct bk_sqltext_events *events, void *ctx, struct bk_err *e)
{
	struct bk_sqltext *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	t->name = name;
	t->keep = keep;
	t->on = *events;
	t->ctx = ctx;
	if (events->escapes != NULL)
		t->escapes = events->escapes(ctx);
	return t;
}

void
bk_sqltext_free(struct bk_sqltext *t)
{
	if (t != NULL)
		bk_buf_free(&t->sql);
	free(t);
}
