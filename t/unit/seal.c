/* The marks: found where they may be and nowhere else; labels. */
#include <stdlib.h>

#include "base/seal.h"
#include "tap.h"

static unsigned char page[2 * BK_SEAL_HEAD];

static void
test_marks(void)
{
	const char *open = bk_seal_opening(), *close = bk_seal_closing();

	is_int((intmax_t)strlen(open), BK_SEAL_LEN, "an opening mark's length");
	is_int((intmax_t)strlen(close), BK_SEAL_LEN, "a closing mark's length");
	is_int((intmax_t)strspn(open, "0123456789abcdef"), BK_SEAL_LEN,
	    "the opening mark is hex");
	is_int((intmax_t)strspn(close, "0123456789abcdef"), BK_SEAL_LEN,
	    "the closing mark is hex");
	ok(strcmp(open, close) != 0, "the marks differ");
}

/* The opening mark at every offset of every length of head around the limit. */
static void
test_opening(void)
{
	int bad = 0;
	ptrdiff_t at, got, want;

	for (at = 0; at <= BK_SEAL_HEAD + 40; at++) {
		memset(page, bk_seal_opening()[0], sizeof(page));
		memcpy(page + at, bk_seal_opening(), BK_SEAL_LEN);
		want = at + BK_SEAL_LEN <= BK_SEAL_HEAD ? at : -1;
		got = bk_seal_find_opening(page, sizeof(page), NULL);
		bad += got != want;
		/* just enough bytes, and one too few */
		got = bk_seal_find_opening(page, (size_t)at + BK_SEAL_LEN,
		    NULL);
		bad += got != want;
		got = bk_seal_find_opening(page, (size_t)at + BK_SEAL_LEN - 1,
		    NULL);
		bad += got != -1;
	}
	is_int(bad, 0, "an opening mark is seen within 4096 bytes only");
	memcpy(page, bk_seal_opening(), BK_SEAL_LEN);
	for (bad = 0, at = 0; at < BK_SEAL_LEN * 8; at++) {
		page[at / 8] ^= (unsigned char)(1 << at % 8);
		bad += bk_seal_find_opening(page, BK_SEAL_HEAD, NULL) != -1;
		page[at / 8] ^= (unsigned char)(1 << at % 8);
	}
	is_int(bad, 0, "a mark with one bit flipped is none");
	is_int(
	    bk_seal_find_opening(page, 0, NULL), -1, "nothing holds no mark");
}

static void
test_closing(void)
{
	int bad = 0;
	size_t n, back;
	ptrdiff_t want;

	/* the mark begins `back` bytes before the end of n */
	for (n = BK_SEAL_LEN; n < 200; n++) {
		for (back = BK_SEAL_LEN; back <= n; back++) {
			memset(page, bk_seal_closing()[0], n);
			memcpy(page + n - back, bk_seal_closing(), BK_SEAL_LEN);
			want = back <= BK_SEAL_TAIL ? (ptrdiff_t)(n - back) :
						      -1;
			bad += bk_seal_find_closing(page, n) != want;
		}
	}
	is_int(bad, 0, "a closing mark is seen within the last 64 bytes only");
	is_int(bk_seal_find_closing(page, 0), -1, "nothing holds no mark");
	is_int(bk_seal_find_closing(bk_seal_opening(), BK_SEAL_LEN), -1,
	    "an opening mark closes nothing");
}

/* name -> label -> name, with the label at the end of what can be seen. */
static int
survives(const char *name)
{
	char mark[BK_SEAL_LEN + BK_SEAL_LABEL], got[BK_SEAL_LABEL];
	size_t n, i;

	memset(mark, '#', sizeof(mark));
	bk_seal_opening_label(mark, name);
	n = strlen(mark);
	for (i = 0; i < n; i++)
		if (mark[i] <= ' ' || mark[i] > '~' || mark[i] == '"' ||
		    mark[i] == '\\' || mark[i] == '\'')
			return 0;
	return bk_seal_find_opening(mark, n, got) == 0 &&
	    strcmp(got, name) == 0;
}

static void
test_label(void)
{
	char mark[BK_SEAL_LEN + BK_SEAL_LABEL], name[300];
	int bad = 0, c;
	size_t n;

	for (c = 1; c < 256; c++) {
		name[0] = (char)c;
		name[1] = '\0';
		bad += !survives(name);
		/* the longest name that PostgreSQL has: 63 bytes */
		memset(name, c, 63);
		name[63] = '\0';
		bad += !survives(name);
	}
	is_int(bad, 0, "names of every byte, of 1 and 63 bytes, come back");
	ok(survives("weird (na%me) ünï"), "a name with brackets comes back");

	memset(name, ' ', sizeof(name));
	name[64] = '\0';
	bk_seal_opening_label(mark, name);
	is_str(mark, bk_seal_opening(), "a name without room is left out");
	for (bad = 0, n = 0; n < sizeof(name); n++) {
		memset(name, 'a', n);
		name[n] = '\0';
		bk_seal_opening_label(mark, name);
		bad += strlen(mark) >= sizeof(mark);
		bad += strlen(mark) != BK_SEAL_LEN && !survives(name);
	}
	is_int(bad, 0, "a label is whole or not there, whatever the length");
	bk_seal_opening_label(mark, NULL);
	is_str(mark, bk_seal_opening(), "no name, no label");
}

static void
test_bad_labels(void)
{
	static const char *const bad[] = {
		"", "(", "()", ")", "(a", "a)", "(a b)", "(a%)", "(a%2)",
		"(a%zz)", "(a%00b)", "(a%2", "(a/b)", "(a\nb)", "[a]",
	};
	char text[400], db[BK_SEAL_LABEL];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", bk_seal_opening(),
		    bad[i]);
		memset(db, 'x', sizeof(db));
		(void)bk_seal_find_opening(text, strlen(text), db);
		is_str(db, "", "a label that is none");
	}
	/* longer than any of ours: refused, not overrun */
	memset(text, 'a', sizeof(text));
	memcpy(text, bk_seal_opening(), BK_SEAL_LEN);
	text[BK_SEAL_LEN] = '(';
	text[sizeof(text) - 1] = ')';
	(void)bk_seal_find_opening(text, sizeof(text), db);
	is_str(db, "", "a label without an end in sight");
	memset(db, 'x', sizeof(db));
	(void)bk_seal_find_opening("none", 4, db);
	is_str(db, "", "no mark, no name");
}

int
main(void)
{
	test_marks();
	test_opening();
	test_closing();
	test_label();
	test_bad_labels();
	return tap_done();
}
