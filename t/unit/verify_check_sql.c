/* Level 1 of scripts: what ends where, every truncation. */
#include "verify_run.h"

#define HEAD "--\n-- PostgreSQL database dump\n--\n\n"
#define TAIL "--\n-- PostgreSQL database dump complete\n--\n\n"

static enum bk_code
judged(const char *text, struct bk_verdict *v)
{
	enum bk_code code = verify(bk_check_sql, text, strlen(text), 65536, v);
	size_t piece;

	for (piece = 1; piece < 9; piece++)
		if (verify_code(bk_check_sql, text, strlen(text), piece) !=
		    code)
			return (enum bk_code)98;
	return code;
}

static void
is_judged(const char *text, enum bk_code code, uint64_t rows, const char *what)
{
	struct bk_verdict v;

	is_int(judged(text, &v), code, what);
	if (code == BK_OK)
		is_int((intmax_t)v.rows, (intmax_t)rows, "  its rows");
	bk_verdict_free(&v);
}

static void
test_whole(void)
{
	is_judged(HEAD TAIL, BK_OK, 0, "an empty dump");
	is_judged(HEAD "COPY public.t (a, b) FROM stdin;\n1\t2\n\\\\.\tx\n\\.\n"
	    "\n\nSELECT 1;\n" TAIL, BK_OK, 2, "COPY with its rows");
	is_judged(HEAD "COPY public.t FROM stdin;\n\n\n\\.\n" TAIL, BK_OK, 2,
	    "rows without columns");
	is_judged(HEAD "COPY public.\"a;b FROM stdin;\" (\"x\"\"y\") "
		       "FROM stdin;\n';\n\\.\n" TAIL,
	    BK_OK, 1, "names with quotes in them");
	is_judged("--\n-- PostgreSQL database cluster dump\n--\n\n"
	    "\\connect template1\n\n" HEAD TAIL "\\connect shop\n" HEAD TAIL
	    "--\n-- PostgreSQL database cluster dump complete\n--\n", BK_OK, 0,
	    "a cluster");
	is_judged(HEAD "\\restrict aB1\nSELECT 1;\n" TAIL "\\unrestrict aB1\n",
	    BK_OK, 0, "\\restrict and \\unrestrict");
}

/* Text that looks like the end or like COPY. */
static void
test_quotes(void)
{
	static const char *const texts[] = {
		"SELECT 'x\nCOPY t FROM stdin;\n';\n",
		"SELECT 'it''s\nCOPY t FROM stdin;\n';\n",
		"SELECT '\\';\n",
		"SELECT E'\\'\nCOPY t FROM stdin;\n';\n",
		"SELECT E'a''\\'';\n",
		"SELECT nameE '\\';\n",
		"SELECT DATE'\\';\n",
		"CREATE FUNCTION f() AS $$\nCOPY t FROM stdin;\n$$;\n",
		"CREATE FUNCTION f() AS $_$\n$$ ' \" $_ $_$;\n",
		"CREATE FUNCTION f() AS $a$$$a$;\n",
		"CREATE FUNCTION f() AS $a$ $$a$;\n",
		"SELECT $1, a$b$;\n",
		"/* COPY t FROM stdin;\n /* nested */ ' */ SELECT 1;\n",
		"SELECT 1 -- it's\n;\n",
		"SELECT 1 - -1, 2 / 3, a - b;\n",
		"COMMENT ON TABLE \"x'y\" IS 'z';\n",
		"COPY t TO stdout;\n",
		"SET standard_conforming_strings = off;\nSELECT '\\'';\n",
	};
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s%s", HEAD, texts[i],
		    TAIL);
		is_judged(text, BK_OK, 0, texts[i][0] == '/' ? "a comment" :
		    "quotes");
	}
}

static void
test_refused(void)
{
	is_judged("", BK_DATA, 0, "nothing");
	is_judged("SELECT 1;\n", BK_DATA, 0, "no dump");
	is_judged(HEAD "SELECT 1;\n", BK_DATA, 0, "no end");
	is_judged(HEAD "SELECT '" TAIL "';\n", BK_DATA, 0,
	    "an end within a string");
	is_judged(HEAD "COPY t FROM stdin;\n" TAIL, BK_DATA, 0,
	    "an end within COPY");
	is_judged(HEAD TAIL "SELECT 1", BK_DATA, 0, "half a statement");
	is_judged(HEAD HEAD TAIL, BK_DATA, 0, "two beginnings, one end");
	is_judged(HEAD TAIL TAIL, BK_DATA, 0, "one beginning, two ends");
	is_judged(HEAD "\\restrict a\n" TAIL, BK_DATA, 0, "no \\unrestrict");
	is_judged(HEAD "\\restrict a\n" TAIL "\\unrestrict b\n", BK_DATA, 0,
	    "\\unrestrict with another key");
	is_judged(HEAD TAIL "--\n-- PostgreSQL database cluster dump complete\n"
	    "--\n", BK_DATA, 0, "the end of a cluster that did not begin");
	is_judged(HEAD "\\restrict a\n\\restrict a\n" TAIL "\\unrestrict a\n",
	    BK_DATA, 0, "a second \\restrict");
	is_judged(HEAD TAIL "/* ", BK_DATA, 0, "an open comment");
	is_judged(HEAD TAIL "COPY t FROM stdin;\n1\n", BK_DATA, 0,
	    "an open COPY behind the end");
}

static void
test_cuts(void)
{
	static const char text[] = HEAD "\\restrict k1\n"
	    "CREATE FUNCTION f() AS $a$ 'x;\n$a$;\n"
	    "COPY public.t (a) FROM stdin;\n1\n2\n\\.\n\nSELECT 'a;b';\n" TAIL
	    "\\unrestrict k1\n\n";
	size_t n, end = sizeof(text) - 2;	/* last empty line optional */
	int bad = 0;

	for (n = 0; n < end; n++)
		bad += verify_code(bk_check_sql, text, n, 65536) != BK_DATA;
	is_int(bad, 0, "every cut is refused");
	is_int(verify_code(bk_check_sql, text, end, 65536), BK_OK, "the whole");
}

static void
test_starved(void)
{
	static const char text[] = HEAD "-- Dumped from database version 15\n"
	    "-- Dumped by pg_dump version 15\n\n"
	    "COPY public.t (a) FROM stdin;\n1\n\\.\n\n" TAIL;

	starve_all("a script", judge_job, &(struct starved){ bk_check_sql,
	    text, strlen(text), BK_OK });
}

static void
test_recognise(void)
{
	/* RFC 9580: a packet's tag and length, then its version */
	static const char *const gpg[] = { "\x84\x5e\x03\x01",
	    "\x85\x01\x0c\x03", "\x8c\x0d\x04\x09", "\xc1\x5e\x03\x01",
	    "\xc1\xc0\x5e\x03", "\xc1\x4d\x06\x21", "\xc3\x0d\x04\x09",
	    "\xc3\x1d\x05\x09", "\xc3\x26\x06\x1a",
	    "-----BEGIN PGP MESSAGE-----" };
	static const char *const others[] = { "\x84\x5e\x02\x01",
	    "\x85\x01\x0c\x02", "\x8c\x0d\x05\x09", "\xc1\x5e\x02\x02",
	    "\xc3\x0d\x03\x09", "\xc3\x0d\x07\x09", "\xc2\x5e\x03\x03",
	    "-----BEGIN PGP SIGNATURE-----" };
	size_t i;

	for (i = 0; i < sizeof(gpg) / sizeof(gpg[0]); i++)
		is_int(bk_check_recognise(gpg[i], strlen(gpg[i])),
		    BK_CHECK_GPG, "GnuPG's");
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		is_int(bk_check_recognise(others[i], strlen(others[i])),
		    BK_CHECK_UNKNOWN, "not GnuPG's");
	is_int(bk_check_recognise("\x84\x5e\x03", 3), BK_CHECK_UNKNOWN,
	    "nor what is shorter than its head");
	is_int(bk_check_recognise(HEAD, strlen(HEAD)), BK_CHECK_SQL, "sql");
	is_int(bk_check_recognise("\\restrict x\n" HEAD, 80), BK_CHECK_SQL,
	    "sql behind a command");
	is_int(bk_check_recognise("PGDMP", 5), BK_CHECK_ARCHIVE, "archive");
	is_int(bk_check_recognise("PGDM", 4), BK_CHECK_UNKNOWN, "nothing");
	is_int(bk_check_recognise("hello\n" HEAD, 30), BK_CHECK_UNKNOWN,
	    "text");
}

int
main(void)
{
	test_whole();
	test_quotes();
	test_refused();
	test_cuts();
	test_recognise();
	test_starved();
	return tap_done();
}
