/*
 * SQL scripts in the encodings whose characters may hold a backslash or a
 * quote, and in UTF-8: where statements and the data of COPY end, by
 * archive/sqltext and by a model of psql's scanner (PostgreSQL's psqlscan.l)
 * that shares nothing with it.  What is refused may be anything; what was told
 * before is what psql would have sent, and nothing else.
 *
 * The model has the whole text before it and looks ahead.  As archive/sqltext
 * it is with the server where psql is not: the body of a routine begins with
 * BEGIN ATOMIC, not with a name, and a string in E'' goes on on another line.
 */
#include "fuzz.h"

#include <ctype.h>
#include <strings.h>

#include "archive/sqltext.h"
#include "pg/charset.h"

#define LATER 0xff		/* than the first byte of a character */

struct model {
	const uint8_t *raw;
	uint8_t *seen;		/* raw as the scanner sees it, and a 0 */
	uint8_t *said;		/* raw without comments in strings */
	size_t n;
	int off;		/* standard_conforming_strings */
	struct bk_buf *out;
	size_t words;		/* of the statement, */
	char first[5];		/* initials of the first of them */
	char plain[256];	/* and it without quotes and blanks, cut off */
	size_t nplain;
	int parens, begins, begun;
};

enum { SJIS, BIG5, GBK, UHC, GB18030, JOHAB, UTF8, ENCODINGS };
static const char *const names[ENCODINGS] = { "SJIS", "BIG5", "GBK", "UHC",
	"GB18030", "JOHAB", "UTF8" };

/* By the rules of each encoding. */
static size_t
length(int encoding, const uint8_t *s, size_t left)
{
	size_t n = 2;

	if (s[0] < 0x80 || encoding == UTF8 ||
	    (encoding == SJIS && s[0] >= 0xa1 && s[0] <= 0xdf))
		return 1;
	if (encoding == GB18030 && left > 1 && s[1] >= '0' && s[1] <= '9')
		n = 4;
	if (encoding == JOHAB && s[0] == 0x8f)
		n = 3;
	return n < left ? n : left;
}

/* psql reads lines, so that no character goes on behind one. */
static void
cover(struct model *m, int encoding)
{
	size_t i, k, end, len;

	for (i = 0; i < m->n; i = end + 1) {
		const uint8_t *nl = memchr(m->raw + i, '\n', m->n - i);

		end = nl == NULL ? m->n : (size_t)(nl - m->raw);
		for (; i < end; i += len) {
			len = length(encoding, m->raw + i, end - i);
			m->seen[i] = m->raw[i];
			for (k = 1; k < len; k++)
				m->seen[i + k] = LATER;
		}
		m->seen[end] = nl == NULL ? '\0' : '\n';
	}
}

static void
say(struct model *m, uint8_t c)
{
	struct bk_err e = {0};

	if (!isspace(c))
		CHECK(bk_buf_add(m->out, &c, 1, &e) == 0);
}

static int
in_name(uint8_t c)
{
	return isalnum(c) || c == '_' || c >= 0x80;
}

/* From behind the quote to behind its end, which a doubled one is not. */
static size_t
quoted(const struct model *m, size_t i, uint8_t quote, int escapes)
{
	for (; i < m->n; i++) {
		if (escapes && m->seen[i] == '\\')
			i++;
		else if (m->seen[i] == quote && m->seen[i + 1] == quote)
			i++;
		else if (m->seen[i] == quote)
			return i + 1;
	}
	return m->n;
}

/* Where a string that ended at i goes on; 0: nowhere. */
static size_t
next_part(const struct model *m, size_t i)
{
	int newline = 0;

	for (;; i++) {
		if (m->seen[i] == '-' && m->seen[i + 1] == '-')
			while (i < m->n && m->seen[i] != '\n')
				i++;
		newline |= m->seen[i] == '\n';
		if (i >= m->n || !isspace(m->seen[i]))
			return newline && m->seen[i] == '\'' ? i + 1 : 0;
	}
}

static size_t
string(struct model *m, size_t i, int escapes, int goes_on)
{
	size_t next;

	for (;;) {
		i = quoted(m, i, '\'', escapes);
		if (!goes_on || i >= m->n || (next = next_part(m, i)) == 0)
			return i;
		memset(m->said + i, ' ', next - 1 - i);
		i = next;
	}
}

/* From behind the first "$" to behind the whole; 0: it is no quote. */
static size_t
dollar(const struct model *m, size_t i)
{
	size_t tag = i, at;

	if (isdigit(m->seen[i]))
		return 0;
	while (in_name(m->seen[i]))
		i++;
	if (m->seen[i] != '$' || i - tag > 200)
		return 0;
	for (at = i + 1; at < m->n; at++)
		if (m->seen[at] == '$' && m->n - at > i - tag + 1 &&
		    memcmp(m->raw + at + 1, m->raw + tag, i - tag + 1) == 0)
			return at + 1 + (i - tag) + 1;
	return m->n;
}

static size_t
comment(const struct model *m, size_t i)
{
	int depth = 1;

	while (i < m->n && depth > 0) {
		if (m->seen[i] == '/' && m->seen[i + 1] == '*') {
			depth++;
			i++;
		} else if (m->seen[i] == '*' && m->seen[i + 1] == '/') {
			depth--;
			i++;
		}
		i++;
	}
	return i;
}

static int
is_word(const struct model *m, size_t i, size_t n, const char *word)
{
	return n == strlen(word) &&
	    strncasecmp((const char *)m->raw + i, word, n) == 0;
}

static int
is_routine(const struct model *m)
{
	const char *f = m->first;

	return f[0] == 'c' && (f[1] == 'f' || f[1] == 'p' || (f[1] == 'o' &&
	    f[2] == 'r' && (f[3] == 'f' || f[3] == 'p')));
}

/* An identifier or keyword of n bytes at i. */
static void
word(struct model *m, size_t i, size_t n)
{
	static const char *const known[] = { "create", "or", "replace",
	    "function", "procedure" };
	size_t k;

	if (is_routine(m) && m->parens == 0) {
		if (m->begins == 0 ? m->begun && is_word(m, i, n, "atomic") :
		    is_word(m, i, n, "case"))
			m->begins++;
		else if (m->begins > 0 && is_word(m, i, n, "end"))
			m->begins--;
	}
	m->begun = is_word(m, i, n, "begin");
	for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (m->words < 4 && is_word(m, i, n, known[k]))
			m->first[m->words] = known[k][0];
	m->words++;
}

static void
forget(struct model *m)
{
	m->words = m->nplain = 0;
	m->parens = m->begins = m->begun = 0;
	memset(m->first, 0, sizeof(m->first));
}

static int
is_copy(struct model *m)
{
	static const char end[] = " FROM stdin";
	const size_t n = strlen(end);

	return m->nplain < sizeof(m->plain) && m->nplain > n + 4 &&
	    memcmp(m->plain, "COPY ", 5) == 0 &&
	    memcmp(m->plain + m->nplain - n, end, n) == 0;
}

/* The lines of COPY from the next line on, to behind their end. */
static size_t
data(struct model *m, size_t i)
{
	size_t from;
	int end = 0;

	while (i < m->n && m->raw[i++] != '\n')
		continue;
	say(m, '[');
	while (i < m->n && !end) {
		for (from = i; i < m->n && m->raw[i++] != '\n'; )
			continue;
		end = i > from + 2 && memcmp(m->raw + from, "\\.", 2) == 0 &&
		    (m->raw[from + 2] == '\n' || (i == from + 4 &&
		    m->raw[from + 2] == '\r' && m->raw[from + 3] == '\n'));
		for (; !end && from < i; from++)
			say(m, m->raw[from]);
	}
	if (end)
		say(m, ']');
	return i;
}

/* A token that is no comment, from i to end. */
static void
token(struct model *m, size_t i, size_t end)
{
	for (; i < end && i < m->n; i++) {
		say(m, m->said[i]);
		if ((m->nplain > 0 || !isspace(m->said[i])) &&
		    m->nplain < sizeof(m->plain))
			m->plain[m->nplain++] = (char)m->said[i];
	}
}

/* What begins at i, which is no blank and no comment: behind its end. */
static size_t
behind(struct model *m, size_t i)
{
	const uint8_t c = m->seen[i], next = m->seen[i + 1];
	size_t end;

	if (next == '\'' && strchr("eE", c) != NULL)
		return string(m, i + 2, 1, 1);
	/* here a doubled quote is an end, and another string's beginning */
	if (next == '\'' && strchr("bBxX", c) != NULL) {
		for (end = i + 2; end < m->n && m->seen[end] != '\''; )
			end++;
		return end + 1;
	}
	if (c == '\'')
		return string(m, i + 1, m->off, m->off);
	if (next == '\'' && strchr("nN", c) != NULL)
		return i + 1;
	if (c == '"')
		return quoted(m, i + 1, '"', 0);
	if (c == '$' && (end = dollar(m, i + 1)) != 0)
		return end;
	if (!in_name(c))
		return i + 1;
	for (end = i; in_name(m->seen[end]) || m->seen[end] == '$'; )
		end++;
	if (!isdigit(c))
		word(m, i, end - i);
	return end;
}

/* All that psql would send, up to the first command of its own. */
static void
walk(struct model *m)
{
	size_t i = 0, end;

	while (i < m->n && m->seen[i] != '\\') {
		const uint8_t c = m->seen[i], next = m->seen[i + 1];

		if (c == '-' && next == '-') {
			while (i < m->n && m->seen[i] != '\n')
				i++;
			continue;
		}
		if (c == '/' && next == '*') {
			i = comment(m, i + 2);
			m->begun = 0;
			continue;
		}
		m->parens += c == '(' ? 1 : c == ')' && m->parens > 0 ? -1 : 0;
		if (!in_name(c) && !isspace(c))
			m->begun = 0;
		if (c != ';' || m->parens > 0 || m->begins > 0) {
			end = behind(m, i);
			token(m, i, end);
			i = end;
			continue;
		}
		say(m, ';');
		say(m, is_copy(m) ? 'C' : 'S');
		i = is_copy(m) ? data(m, i) : i + 1;
		forget(m);
	}
}

/* --- what archive/sqltext tells, in the same form */

struct told {
	struct bk_buf out;
	int encoding, off;
};

static int
add(struct told *s, const char *p, size_t n)
{
	struct bk_err e = {0};

	for (; n > 0; p++, n--)
		if (!isspace((unsigned char)*p))
			CHECK(bk_buf_add(&s->out, p, 1, &e) == 0);
	return 0;
}

static int
on_statement(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	(void)e;
	(void)add(ctx, sql, strlen(sql));
	return add(ctx, *copy ? "C[" : "S", *copy ? 2 : 1);
}

static int
on_command(void *ctx, const char *text, struct bk_err *e)
{
	(void)ctx;
	return bk_fail(e, BK_DATA, "%s", text);
}

static int
on_data(void *ctx, const char *p, size_t n, struct bk_err *e)
{
	(void)e;
	return add(ctx, p, n);
}

static int
on_data_end(void *ctx, struct bk_err *e)
{
	(void)e;
	return add(ctx, "]", 1);
}

static int
on_length(void *ctx, const char *s)
{
	return bk_charset_length(((struct told *)ctx)->encoding, s);
}

static int
on_escapes(void *ctx)
{
	return ((struct told *)ctx)->off;
}

static const struct bk_sqltext_events events = {
	.statement = on_statement, .command = on_command, .data = on_data,
	.data_end = on_data_end, .length = on_length, .escapes = on_escapes };

static void
compare(const struct bk_buf *script, int encoding, int off)
{
	struct bk_buf wanted = {0};
	struct told told = { .encoding = bk_charset_named(names[encoding]),
	    .off = off };
	struct bk_err e = {0};
	struct bk_sqltext *t = bk_sqltext_new("fuzz", 1, &events, &told, &e);
	struct model m = { .raw = (const uint8_t *)script->data,
	    .seen = calloc(script->len + 2, 1),
	    .said = calloc(script->len + 1, 1), .n = script->len, .off = off,
	    .out = &wanted };
	int rc;

	CHECK(t != NULL && m.seen != NULL && m.said != NULL);
	memcpy(m.said, script->data, script->len);
	cover(&m, encoding);
	walk(&m);
	rc = bk_sqltext_feed(t, script->data, script->len, &e);
	/* a statement that has not ended is not told */
	CHECK(told.out.len <= wanted.len && (told.out.len == 0 ||
	    memcmp(told.out.data, wanted.data, told.out.len) == 0));
	if (rc == 0 && bk_sqltext_end(t, &e) == 0)
		CHECK(told.out.len == wanted.len);
	bk_sqltext_free(t);
	free(m.seen);
	free(m.said);
	bk_buf_free(&wanted);
	bk_buf_free(&told.out);
}

/* Pieces of scripts; the characters are of two bytes in most encodings. */
static const char *const pieces[] = {
	"'", "''", "\"", "E'", " e'", "\\", "\\'", "$$", "$a$", "$\x83\x5c$",
	"$1", ";", ";\n", "\n", "\r\n", " ", "--", "/*", "*/", "(", ")", "a",
	"B", "1", " x'", "\x83\x5c", "\x83'", "\x95\"", "\x81;", "\xe0$",
	"\xa1", "\xb1\x5c", "\x81\x30\x81\x30", "\x81\x30'", "\x8f\x5c'",
	"\xc3\xa4", "\xff", " begin ", " BEGIN ATOMIC ", " end ", " case ",
	"CREATE FUNCTION f() ", "CREATE OR REPLACE PROCEDURE p() ",
	" atomic ", "SELECT ", ":", "U&'", "n'", "-", "/", "*", "_",
	"COPY t FROM stdin;\n1\t2\n\\.\n", "COPY t (a) FROM stdin;\n\\.\n",
	"COPY t FROM stdin;\n;'\n", "COPY t TO stdout;\n", "\\.\n",
	"SELECT 'x';\n", "'\n'", "-- x\n", ";\r\n"
};

FUZZ(256 << 10, 96)
{
	struct bk_buf script = {0};
	struct bk_err e = {0};
	size_t i;

	if (n < 2 || memchr(p, '\0', n) != NULL)
		return;
	if (p[0] & 0x10)
		CHECK(bk_buf_add(&script, p + 1, n - 1, &e) == 0);
	for (i = 1; (p[0] & 0x10) == 0 && i < n; i++)
		CHECK(bk_buf_puts(&script, pieces[p[i] % (sizeof(pieces) /
		    sizeof(pieces[0]))], &e) == 0);
	compare(&script, p[0] % ENCODINGS, (p[0] & 0x20) != 0);
	bk_buf_free(&script);
}
