/* Where a script's statements, commands and data end. */
#include <stdio.h>
#include <string.h>

#include "archive/sqltext.h"
#include "base/buf.h"
#include "pg/charset.h"
#include "tap.h"

/* What is read, as text: [statement] {command} <data>. */
static struct bk_buf seen;

static void
put(char open, const char *p, size_t n, char close)
{
	struct bk_err e = {0};

	if (bk_buf_add(&seen, &open, 1, &e) == -1 ||
	    bk_buf_add(&seen, p, n, &e) == -1 ||
	    bk_buf_add(&seen, &close, 1, &e) == -1)
		printf("Bail out! %s\n", e.msg);
}

static int
statement(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	(void)ctx, (void)copy, (void)e;
	put('[', sql, strlen(sql), ']');
	return 0;
}

static int
command(void *ctx, const char *text, struct bk_err *e)
{
	(void)ctx, (void)e;
	put('{', text, strlen(text), '}');
	return 0;
}

static int charset = -1;	/* of the script */

static int
encoding(void *ctx, const char *name, struct bk_err *e)
{
	(void)ctx, (void)e;
	charset = bk_charset_named(name);
	return 0;
}

static int
length(void *ctx, const char *s)
{
	(void)ctx;
	return bk_charset_length(charset, s);
}

static char rows[1024];

static int
data(void *ctx, const char *p, size_t n, struct bk_err *e)
{
	(void)ctx, (void)e;
	(void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows),
	    "%.*s", (int)n, p);
	return 0;
}

static int
data_end(void *ctx, struct bk_err *e)
{
	(void)ctx, (void)e;
	put('<', rows, strlen(rows), '>');
	rows[0] = '\0';
	return 0;
}

/* Read text in pieces of that size; the end's verdict. */
static enum bk_code
scan(const char *text, size_t n, size_t piece)
{
	static const struct bk_sqltext_events on = { .statement = statement,
	    .command = command, .data = data, .data_end = data_end,
	    .encoding = encoding, .length = length };
	struct bk_err e = {0};
	struct bk_sqltext *t = bk_sqltext_new("test", 1, &on, NULL, &e);
	size_t m, left;

	charset = -1;
	bk_buf_free(&seen);
	put('|', "", 0, '|');
	rows[0] = '\0';
	for (left = n; left > 0 && e.code == BK_OK; left -= m, text += m) {
		m = left < piece ? left : piece;
		(void)bk_sqltext_feed(t, text, m, &e);
	}
	if (e.code == BK_OK)
		(void)bk_sqltext_end(t, &e);
	bk_sqltext_free(t);
	return e.code;
}

/* On one line. */
static const char *
shown(const char *s)
{
	static char line[256];
	size_t i;

	for (i = 0; i < sizeof(line) - 1 && s[i] != '\0'; i++)
		line[i] = s[i] == '\n' || s[i] == '#' ? ' ' : s[i];
	line[i] = '\0';
	return line;
}

static void
reads(const char *text, const char *wanted)
{
	size_t piece;
	int bad = 0;

	for (piece = 1; piece < 40; piece++)
		bad += scan(text, strlen(text), piece) != BK_OK ||
		    strcmp(seen.data + 2, wanted) != 0;
	is_int(bad, 0, shown(text));
	if (bad > 0)
		printf("# %s\n", shown(seen.data + 2));
}

static void
test_statements(void)
{
	reads("SELECT 1; SELECT 2;\n", "[SELECT 1;][SELECT 2;]");
	reads("SELECT ';' AS \";\", E'\\';', $$;$$, $a$;$$;$a$;",
	    "[SELECT ';' AS \";\", E'\\';', $$;$$, $a$;$$;$a$;]");
	reads("SELECT 'it''s;';", "[SELECT 'it''s;';]");
	reads("a/* ; /* ; */ */b -- ;\nc;", "[a b \nc;]");
	reads("SELECT 1 --\n-1;", "[SELECT 1 \n-1;]");
	reads("--\n-- ;\nx;", "[x;]");
	/* words and statements longer and shorter than those looked for */
	reads("CREATE FUNCTION a_name_that_is_as_long_as_a_name_may_be_in_"
	    "postgres_is_it_not_so() BEGIN ATOMIC x; END;",
	    "[CREATE FUNCTION a_name_that_is_as_long_as_a_name_may_be_in_"
	    "postgres_is_it_not_so() BEGIN ATOMIC x; END;]");
	reads("COPY x;", "[COPY x;]");
	reads("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);",
	    "[CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);]");
	reads("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC "
	    "SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
	    "[CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC "
	    "SELECT CASE WHEN true THEN 1 END; SELECT 2; END;][SELECT 3;]");
	reads("create procedure p() begin atomic select 1; end;",
	    "[create procedure p() begin atomic select 1; end;]");
	reads("BEGIN; SELECT 1; END;", "[BEGIN;][SELECT 1;][END;]");
	reads("CREATE TABLE t (\"begin\" int); SELECT 1;",
	    "[CREATE TABLE t (\"begin\" int);][SELECT 1;]");
	reads("SET standard_conforming_strings = off; SELECT '\\';'; x;",
	    "[SET standard_conforming_strings = off;][SELECT '\\';';][x;]");
}

/* Parts of a string on lines of their own, bits, and names like begin. */
static void
test_as_the_server(void)
{
	reads("E'a'\n'\\';' ;x;", "[E'a'\n'\\';' ;][x;]");
	reads("E'a' -- '\n -- y\n'\\';' ;x;",
	    "[E'a' \n \n'\\';' ;][x;]");
	reads("E'a' '\\' ;x;", "[E'a' '\\' ;][x;]");
	reads("E'a' -\n'\\' ;x;", "[E'a' -\n'\\' ;][x;]");
	reads("E'a'$$;$$; E'b''\\';'; x;", "[E'a'$$;$$;][E'b''\\';';][x;]");
	reads("x'0' CREATE FUNCTION f() BEGIN ATOMIC x; END; y;",
	    "[x'0' CREATE FUNCTION f() BEGIN ATOMIC x; END;][y;]");
	reads("E'a'/**/\n'\\' ;x;", "[E'a' \n'\\' ;][x;]");
	reads("'a'\n'\\' ;x;", "['a'\n'\\' ;][x;]");
	reads("SET standard_conforming_strings = off; B'\\'; X'\\'; ab'\\'; ';",
	    "[SET standard_conforming_strings = off;][B'\\';][X'\\';]"
	    "[ab'\\'; ';]");
	reads("CREATE FUNCTION m.begin() RETURNS int LANGUAGE sql AS 'x'; y;",
	    "[CREATE FUNCTION m.begin() RETURNS int LANGUAGE sql AS 'x';]"
	    "[y;]");
	reads("CREATE FUNCTION begin.atomic() RETURNS begin AS 'x'; y;",
	    "[CREATE FUNCTION begin.atomic() RETURNS begin AS 'x';][y;]");
	reads("CREATE FUNCTION f() BEGIN\n ATOMIC SELECT t.begin FROM t; END;"
	    "y;", "[CREATE FUNCTION f() BEGIN\n ATOMIC SELECT t.begin FROM "
	    "t; END;][y;]");
	reads("CREATE FUNCTION f() SUPPORT begin, atomic; y;",
	    "[CREATE FUNCTION f() SUPPORT begin, atomic;][y;]");
}

/* Later bytes of characters that look like a backslash, or like others. */
static void
test_encodings(void)
{
	static const struct { const char *name, *c; } cases[] = {
		{ "SJIS", "\x83\x5c" }, { "BIG5", "\xa5\x5c" },
		{ "GBK", "\x81\x5c" }, { "UHC", "\x81\x5a" },
		{ "GB18030", "\x81\x5c" }, { "GB18030", "\x81\x30\x81\x30" },
		{ "JOHAB", "\x88\x5c" }, { "UTF8", "\xe3\x82\xbd" },
		{ "SJIS", "\xbf" }, { "LATIN1", "\xff" },
		{ "SHIFT_JIS_2004", "\x83\x5c" }, { "windows-936", "\x81\x5c" },
	};
	char text[300], wanted[300];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *c = cases[i].c;

		(void)snprintf(text, sizeof(text), "SET client_encoding = "
		    "'%s'; E'%s', 'q --z', ';'; $%s$;%s;$%s$; %s;\n-- %s\n",
		    cases[i].name, c, c, c, c, c, c);
		(void)snprintf(wanted, sizeof(wanted), "[SET client_encoding = "
		    "'%s';][E'%s', 'q --z', ';';][$%s$;%s;$%s$;][%s;]",
		    cases[i].name, c, c, c, c, c);
		reads(text, wanted);
		(void)snprintf(text, sizeof(text), "SET client_encoding = "
		    "'%s'; E'\\%s'; \"%s\";", cases[i].name, c, c);
		(void)snprintf(wanted, sizeof(wanted), "[SET client_encoding = "
		    "'%s';][E'\\%s';][\"%s\";]", cases[i].name, c, c);
		reads(text, wanted);
	}
	is_int(scan("SET client_encoding = 'SJIS'; '\x83\n';", 34, 9), BK_DATA,
	    "half a character");
	/* one that looks like the end of a dollar quote, and half a one */
	reads("SET client_encoding = 'JOHAB'; $a$;\xa1$a$;$a$; x;",
	    "[SET client_encoding = 'JOHAB';][$a$;\xa1$a$;$a$;][x;]");
	reads("SET client_encoding = 'UTF8'; '\xc3'; x;",
	    "[SET client_encoding = 'UTF8';]['\xc3';][x;]");
}

/* Written on Windows. */
static void
test_crlf(void)
{
	reads("-- x\r\nCOPY t FROM stdin;\r\n1\r\n\\.x\r\n\\.\r\n\r\nx;\r\n",
	    "[COPY t FROM stdin;]<1\r\n\\.x\r\n>[x;]");
	reads("\\restrict a\r\nx;", "{\\restrict a}[x;]");
	is_int(scan("COPY t FROM stdin;\n\\.\r", 22, 3), BK_DATA,
	    "half an end");
}

static void
test_copy(void)
{
	reads("COPY t FROM stdin;\n1\t\\\\.\n\\N\n\\.\n\nx;",
	    "[COPY t FROM stdin;]<1\t\\\\.\n\\N\n>[x;]");
	reads("COPY t FROM stdin;\n\\.\nx;", "[COPY t FROM stdin;]<>[x;]");
	reads("COPY t FROM stdin;\n\n\\.x\n\\..\n\\.\n",
	    "[COPY t FROM stdin;]<\n\\.x\n\\..\n>");
	reads("COPY t TO stdout;\nx;", "[COPY t TO stdout;][x;]");
}

static void
test_commands(void)
{
	static const char *const texts[] = { "\\! id", "\\!id", "\\connect\tx",
		"\\c", "\\gexec", "\\g |id > f", "\\copy t from program 'id'",
		"\\o |id", "\\i f", "\\\\", "\\;" };
	char text[200], wanted[200];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s\n", texts[i]);
		(void)snprintf(wanted, sizeof(wanted), "{%s}", texts[i]);
		reads(text, wanted);
		(void)snprintf(text, sizeof(text), " SELECT 1 %s\n;", texts[i]);
		(void)snprintf(wanted, sizeof(wanted), "{%s}[SELECT 1 \n;]",
		    texts[i]);
		reads(text, wanted);
	}
	reads("SELECT '\\! id', \"\\! id\", $$\n\\! id\n$$; -- \\! id\n",
	    "[SELECT '\\! id', \"\\! id\", $$\n\\! id\n$$;]");
	reads("/*\n\\! id\n*/", "");
	reads("x(\n\\! id\n);", "{\\! id}[x(\n\n);]");
}

static void
test_refused(void)
{
	static const char *const texts[] = { "SELECT 1", "SELECT ';", "/* ;",
		"SELECT $$;", "COPY t FROM stdin;\n1\n", "SELECT (1;", "\"x;",
		"COPY t FROM stdin;\n\\." };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		is_int(scan(texts[i], strlen(texts[i]), 7), BK_DATA,
		    shown(texts[i]));
	is_int(scan("SELECT 1\0;", 10, 99), BK_DATA, "a NUL byte");
}

int
main(void)
{
	test_statements();
	test_as_the_server();
	test_encodings();
	test_crlf();
	test_copy();
	test_commands();
	test_refused();
	bk_buf_free(&seen);
	return tap_done();
}
