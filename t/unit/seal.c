/* Marks and labels: found where they may be and nowhere else, never forged. */
#include <stdlib.h>

#include "stream/seal.h"
#include "tap.h"

#define AT 1795353255		/* 2026-11-22T13:14:15Z */

static char page[2 * BK_SEAL_HEAD];
static struct bk_seal seal;
static char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];

static void
begin(const struct bk_label *label)
{
	struct bk_err e = {0};

	is_int(bk_seal_new(&seal, label, &e), 0, "a seal");
	(void)bk_seal_open(&seal, opening);
	bk_seal_close(&seal, 0, closing);
}

static void
test_marks(void)
{
	char before[BK_SEAL_OPENING];

	begin(NULL);
	is_int((intmax_t)strspn(opening, "0123456789abcdef"), BK_SEAL_MARK,
	    "an opening mark is 96 hex digits");
	is_str(opening + BK_SEAL_MARK, "()", "and an empty label");
	is_int((intmax_t)strspn(closing, "0123456789abcdef"), BK_SEAL_CLOSING,
	    "a closing mark is 68");
	is_str(closing + 64, "0000", "the last four are a count");
	ok(strncmp(opening, closing, 32) != 0, "the words differ");
	ok(strstr(opening, seal.nonce) == NULL &&
	    strncmp(closing + 32, seal.nonce, BK_SEAL_NONCE) == 0,
	    "the closing mark alone has the nonce");
	memcpy(before, opening, sizeof(before));
	begin(NULL);
	ok(strncmp(before, opening, 32) == 0 &&
	    strncmp(before + 32, opening + 32, 32) != 0,
	    "each stream has a nonce of its own");
}

static void
test_opening(void)
{
	struct bk_seal got;
	ptrdiff_t n = (ptrdiff_t)strlen(opening), i;
	int bad = 0;

	memset(page, 'x', sizeof(page));
	memcpy(page, opening, (size_t)n);
	ok(bk_seal_read(&got, page, sizeof(page)) == n &&
	    strcmp(got.sum, seal.sum) == 0 && *got.nonce == '\0',
	    "an opening mark");
	for (i = 0; i < n; i++)
		bad += bk_seal_read(&got, page, (size_t)i) != -(i >= 32);
	is_int(bad, 0, "cut behind its word, it is known to be one");
	for (bad = 0, i = 0; i < BK_SEAL_MARK * 8; i++) {
		page[i / 8] ^= (char)(1 << i % 8);
		bad += bk_seal_read(&got, page, BK_SEAL_HEAD) != 0 &&
		    strcmp(got.sum, seal.sum) == 0;
		page[i / 8] ^= (char)(1 << i % 8);
	}
	is_int(bad, 0, "with one bit flipped it is none, or another's");
	memcpy(page, closing, BK_SEAL_CLOSING);
	is_int(bk_seal_read(&got, page, sizeof(page)), 0,
	    "a closing mark opens nothing");
	memcpy(page, opening, 40);
	memset(page + 40, 'x', 80);
	is_int(bk_seal_read(&got, page, sizeof(page)), 0,
	    "nor does a word without a digest");
}

/* FIPS 180-4, by way of sha256sum(1); bk-formats(5) names the digits hashed. */
static void
test_sum(void)
{
	struct bk_seal s = {
		.sum = "5947d7c33d783f94b3b4c1a96ebc8991"
		    "ed28f1b069b71e03376cba8caa98a720",
	};
	char mark[BK_SEAL_CLOSING + 1];
	size_t i;
	int bad = 0;

	(void)snprintf(mark, sizeof(mark), "%.32s%s0000", closing,
	    "00112233445566778899aabbccddeeff");
	ok(bk_seal_closes(&s, mark, BK_SEAL_CLOSING, 0), "of a known nonce");
	for (i = 0; i < 8 * (sizeof(s.sum) - 1); i++) {
		s.sum[i / 8] ^= (char)(1 << i % 8);
		bad += bk_seal_closes(&s, mark, BK_SEAL_CLOSING, 0);
		s.sum[i / 8] ^= (char)(1 << i % 8);
	}
	is_int(bad, 0, "of no other");
}

/* Each end of every length, with the mark each number of bytes before it. */
static void
test_closing(void)
{
	struct bk_seal other;
	struct bk_err e = {0};
	int bad = 0, forged = 0, miscounted = 0;
	size_t n, after;

	(void)bk_seal_new(&other, NULL, &e);
	for (n = BK_SEAL_CLOSING; n < BK_SEAL_TAIL + 40; n += 1 + n / 100) {
		for (after = 0; after + BK_SEAL_CLOSING <= n; after++) {
			char *at = page + n - after - BK_SEAL_CLOSING;
			int fits = after + BK_SEAL_CLOSING <= BK_SEAL_TAIL;

			memset(page, closing[0], n);
			bk_seal_close(&seal, (unsigned)after, closing);
			memcpy(at, closing, BK_SEAL_CLOSING);
			bad += bk_seal_ends(&seal, page, n) != fits;
			forged += bk_seal_ends(&other, page, n);
			bk_seal_close(&seal, (unsigned)after + 1, closing);
			memcpy(at, closing, BK_SEAL_CLOSING);
			miscounted += bk_seal_ends(&seal, page, n);
		}
	}
	is_int(bad, 0, "a closing mark is seen in the last 2560 bytes only");
	is_int(forged, 0, "another stream's is none");
	is_int(miscounted, 0, "nor one with more or less behind it");
	/* as who reads the head while the rest is being written would do it */
	(void)snprintf(closing + 32, sizeof(closing) - 32, "%.32s0000",
	    seal.sum);
	ok(!bk_seal_closes(&seal, closing, BK_SEAL_CLOSING, 0),
	    "nor is what the opening mark shows");
	is_int(bk_seal_ends(&seal, page, 0), 0, "nothing holds no mark");
	ok(!bk_seal_ends(&seal, opening, strlen(opening)),
	    "an opening mark closes nothing");
	memset(&other, 0, sizeof(other));
	bk_seal_close(&other, 0, closing);
	ok(!bk_seal_closes(&other, closing, BK_SEAL_CLOSING, 0),
	    "no seal, no closing mark");
}

/* label -> text -> label */
static int
survives(const struct bk_label *label)
{
	struct bk_seal s = { .label = *label }, got;
	char text[BK_SEAL_OPENING];
	size_t n, i;

	memcpy(s.sum, seal.sum, sizeof(s.sum));
	n = bk_seal_open(&s, text);
	for (i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' ||
		    text[i] == '\\' || text[i] == '\'')
			return 0;
	return bk_seal_read(&got, text, n) == (ptrdiff_t)n &&
	    got.label.kind == label->kind && got.label.at == label->at &&
	    strcmp(got.label.name, label->name) == 0 &&
	    strcmp(got.label.host, label->host) == 0 &&
	    got.label.timeline == label->timeline &&
	    got.label.start == label->start && got.label.end == label->end &&
	    strcmp(got.label.wal, label->wal) == 0 &&
	    strcmp(got.label.sum, label->sum) == 0 &&
	    strcmp(got.label.run, label->run) == 0;
}

static void
test_label(void)
{
	struct bk_label l = { .at = AT, .run = "0123456789abcdef" };
	struct bk_err e = {0};
	char name[300];
	int bad = 0, c;
	size_t n;

	bk_label_set(&l, BK_LABEL_DB, "a b");
	begin(&l);
	is_str(opening + BK_SEAL_MARK,
	    "(db=a%20b;at=20261122T131415Z;run=0123456789abcdef)", "a label");
	bk_label_set(&l, BK_LABEL_CLUSTER, "main");
	l.run[0] = '\0';
	begin(&l);
	is_str(opening + BK_SEAL_MARK, "(cluster=main;at=20261122T131415Z)",
	    "one without a run");
	ok(survives(&l), "comes back");
	is_int(bk_label_run(l.run, &e), 0, "a run's ID");
	ok(strspn(l.run, "0123456789abcdef") == 16 && survives(&l),
	    "comes back");
	for (c = 1; c < 256; c++) {
		/* the longest name that PostgreSQL has: 63 bytes */
		memset(name, c, 63);
		name[63] = '\0';
		bk_label_set(&l, BK_LABEL_CLUSTER, name);
		bad += l.kind == BK_LABEL_NONE || !survives(&l);
		name[1] = '\0';
		bk_label_set(&l, BK_LABEL_DB, name);
		bad += l.kind == BK_LABEL_NONE || !survives(&l);
	}
	is_int(bad, 0, "names of every byte, of 1 and 63 bytes, come back");
	for (bad = 0, n = 0; n < sizeof(name); n++) {
		memset(name, n & 1 ? 'a' : ' ', n);
		name[n] = '\0';
		bk_label_set(&l, BK_LABEL_CLUSTER, name);
		bad += !survives(&l) || (n > 0 && n <= 63 && l.kind == 0);
	}
	is_int(bad, 0, "a name is whole or not there, whatever its length");
}

/* The fields of base backups and WAL files. */
static void
test_wal_label(void)
{
	struct bk_label l = { .at = AT, .timeline = 12, .start = 0x2000028,
	    .run = "0123456789abcdef" };

	bk_label_set(&l, BK_LABEL_CLUSTER, "7300000000000000001");
	bk_label_host(&l, "db1.example.org");
	begin(&l);
	is_str(opening + BK_SEAL_MARK, "(cluster=7300000000000000001;"
	    "host=db1.example.org;at=20261122T131415Z;tli=12;start=0/2000028;"
	    "run=0123456789abcdef)", "a base backup's label");
	ok(survives(&l), "comes back");
	l = (struct bk_label){ .end = UINT64_MAX,
	    .sum = "00112233445566778899aabbccddeeff" };
	is_int(bk_label_wal(&l, "0000000100000002000000FF.partial"), 0,
	    "a WAL file's name");
	begin(&l);
	is_str(opening + BK_SEAL_MARK, "(wal=0000000100000002000000FF.partial;"
	    "end=FFFFFFFF/FFFFFFFF;sum=00112233445566778899aabbccddeeff)",
	    "a WAL file's label");
	ok(survives(&l), "comes back");
	memcpy(l.prior, "ffeeddccbbaa99887766554433221100", sizeof(l.prior));
	begin(&l);
	ok(strstr(opening, "aabbccddeeff;prior=ffeeddccbbaa9988") != NULL &&
	    survives(&l), "of what may replace another one");
	ok(bk_label_wal(&l, "00000002.history") == 0 && survives(&l),
	    "a history file");
	ok(bk_label_wal(&l, "0000000100000002000000FF.00000028.backup") == 0 &&
	    survives(&l), "a backup's history file");
	ok(bk_label_wal(&l, "0000000100000002000000FF.partial.0123ABCD") == 0 &&
	    survives(&l), "a second name, the longest");
	ok(bk_label_wal(&l, "0000000100000002000000FF.partial.0123ABCD.") ==
	    -1 && bk_label_wal(&l, "..") == -1 && bk_label_wal(&l, "") == -1 &&
	    bk_label_wal(&l, "00000002/x") == -1, "what is no such name");
}

/* All that there may be, as long as it may be. */
static void
test_longest_label(void)
{
	static const struct bk_label wal = { .at = AT, .timeline = UINT32_MAX,
	    .start = UINT64_MAX, .parent = UINT64_MAX,
	    .wal = "0000000100000002000000FF.partial.0123ABCD",
	    .end = UINT64_MAX, .sum = "00112233445566778899aabbccddeeff",
	    .prior = "00112233445566778899aabbccddeeff",
	    .run = "0123456789abcdef" };
	struct bk_label l = wal;
	char host[BK_LABEL_HOST + 9];
	int bad = 0;
	size_t n;

	memset(host, ' ', sizeof(host));
	host[63] = '\0';
	bk_label_set(&l, BK_LABEL_CLUSTER, host);
	for (n = 1; n < sizeof(host); n++) {
		memset(host, 'a', sizeof(host));
		host[n] = '\0';
		bk_label_host(&l, host);
		bad += !survives(&l) || (*l.host == '\0') != (n > 64);
		memset(host, ':', n);
		bk_label_host(&l, host);
		bad += !survives(&l) || (*l.host == '\0') != (n > 32);
	}
	is_int(bad, 0, "every length of host, beside the longest of all else");
	/* one that was not set by bk_label_host() */
	memset(l.host, ':', sizeof(l.host) - 1);
	begin(&l);
	ok(strstr(opening, "run=0123456789abcdef)") != NULL, "never cut");
}

static void
test_bad_labels(void)
{
	static const char *const bad[] = {
		"", "(", ")", "(a", "a)", "(a)", "(db=)", "(db=a b)", "(db=a%)",
		"(db=a%2)", "(db=a%zz)", "(db=a%00b)", "(db=a%2", "(db=a/b)",
		"(db=%61)", "(db=a%2f)", "(db=a\nb)", "[db=a]", "(db=a;db=b)",
		"(db=a;cluster=b)", "(db=a;)", "(;db=a)", "(at=20261122)",
		"(at=20261322T131415Z)", "(at=20261122t131415z)",
		"(at=20261122T131460Z)", "(at=2026-11-22T13:14:15Z)",
		"(at=20261122T131415Z;db=a)", "(run=0123456789abcde)",
		"(run=0123456789ABCDEF)", "(run=0123456789abcdef;at=1)",
		"(db=a;x=b)", "(host=)", "(host=a b)", "(host=a;db=b)",
		"(host=%41)", "(tli=0)", "(tli=01)", "(tli=-1)",
		"(tli=4294967296)", "(tli=1;host=a)", "(start=0/0)",
		"(start=0/00000001)", "(start=0/2000028;tli=1)", "(start=1)",
		"(start=0/g)", "(start=0/a)", "(end=0/123456789)", "(wal=)",
		"(wal=..)", "(wal=/etc/passwd)", "(wal=00000001/a)",
		"(wal=00000001%41)", "(sum=00112233445566778899aabbccddeef)",
		"(sum=00112233445566778899AABBCCDDEEFF)", "(tli=1;tli=1)",
		"(end=0/1;wal=00000002.history)",
	};
	static const struct bk_label none;
	struct bk_seal got;
	char text[BK_SEAL_MARK + 600];
	ptrdiff_t len;
	size_t i;
	int wrong = 0;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "%.96s%s", opening, bad[i]);
		len = bk_seal_read(&got, text, strlen(text));
		if (len != -1 ||
		    memcmp(&got.label, &none, sizeof(none)) != 0)
			wrong += printf("# taken: %s\n", bad[i]);
	}
	is_int(wrong, 0, "what is no label is none");
	/* longer than any of ours: refused, not overrun */
	memset(text, 'a', sizeof(text));
	memcpy(text, opening, BK_SEAL_MARK);
	memcpy(text + BK_SEAL_MARK, "(db=", 4);
	text[sizeof(text) - 1] = ')';
	is_int(bk_seal_read(&got, text, sizeof(text)), -1,
	    "a label without an end in sight");
}

int
main(void)
{
	test_marks();
	test_opening();
	test_sum();
	test_closing();
	test_label();
	test_wal_label();
	test_longest_label();
	test_bad_labels();
	return tap_done();
}
