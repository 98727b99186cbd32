/* plan.h, signature.h: only plans with enough signatures are opened */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "crypt/plan.h"
#include "crypt/signature.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */
#define AT "\tat=https://s3.test\n"
#define RECORDS "2026-10-01T02:15:03Z\t1\ts3://b/x\\n" AT \
	"2026-10-02T02:15:03Z\t12\ts3://b/end" AT

static char dir[] = "/tmp/bk-plan.XXXXXX";
static const char *plan = "plan", *approvers = "approvers";
static struct bk_signer ann, bob, eve;
static struct bk_err e;
static const char *place = "https://s3.test";
static time_t made;

static void
put(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	ok(f != NULL && fwrite(p, 1, n, f) == n && fclose(f) == 0, "%s", path);
}

/* Without a test line: it is called thousands of times. */
static void
put_quietly(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		ok(0, "%s: written", path);
}

/* ann and bob may approve, eve may not. */
static void
put_approvers(void)
{
	char a[BK_BECH32_TEXT], b[BK_BECH32_TEXT], text[4 * BK_BECH32_TEXT];
	int n;

	bk_verifier_format(a, ann.public);
	bk_verifier_format(b, bob.public);
	n = snprintf(text, sizeof(text), "# ann\n%s\n\n# bob\n%s\n%s\n", a, b,
	    b);
	put(approvers, text, (size_t)n);
}

/* Store a plan to delete RECORDS, signed by who. */
static void
make(const struct bk_signer *who, const char *records)
{
	struct bk_buf gone = { .data = (char *)(uintptr_t)records,
	    .len = strlen(records) };
	struct bk_plan p = { .now = NOW, .place = place,
	    .policy = "-d 30\n-m 12", .listing = &gone, .listed = 2,
	    .expired = &gone,
	    .nexpired = *records != '\0' ? 2 : 0 };

	(void)unlink(plan);
	e = (struct bk_err){0};
	if (bk_plan_store(plan, &p, who, &e) == -1)
		ok(0, "a plan: %s", e.msg);
}

/* The plan's records, or the failure, if need signatures are required. */
static const char *
opened(size_t need, time_t now)
{
	static char text[4096];
	struct bk_approved_plan c = { .plan = plan, .approvers = approvers,
	    .need = need };
	FILE *f;

	e = (struct bk_err){0};
	if ((f = bk_plan_open(&c, now, &made, &e)) == NULL)
		return e.msg;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

/* What was shown to who approved. */
static char shown[8192];

static int
show(const char *text, size_t n, struct bk_err *err)
{
	(void)err;
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)n, text);
	return 0;
}

static int
approved(const struct bk_signer *who, time_t now)
{
	e = (struct bk_err){0};
	shown[0] = '\0';
	return bk_plan_approve(plan, who, now, show, &e);
}

static void
test_approval(void)
{
	make(&ann, RECORDS);
	is_str(opened(2, NOW), "plan: 1 of 2 required approvals; see bk-keygen "
	    "--approve", "its maker alone is not two");
	is_int(e.code, BK_DATA, "which is refused");
	is_str(opened(1, NOW), RECORDS, "where one is enough");
	is_int(approved(&ann, NOW), 0, "once more");
	is_str(opened(2, NOW), "plan: 1 of 2 required approvals; see bk-keygen "
	    "--approve", "counts once");
	is_int(approved(&eve, NOW), 0, "someone");
	is_str(opened(2, NOW), "plan: 1 of 2 required approvals; see bk-keygen "
	    "--approve", "who is no approver");
	is_int(approved(&bob, NOW), 0, "another approver");
	ok(strncmp(shown, "bk-plan/v1\nmade ", 16) == 0 &&
	    strstr(shown, "\nplace https://s3.test\n") != NULL &&
	    strcmp(shown + strlen(shown) - 5, "\nend\n") == 0,
	    "sees what is signed");
	ok(strcmp(opened(2, NOW), RECORDS) == 0 && made == NOW,
	    "when it was made");
	is_str(opened(2, NOW), RECORDS, "makes two");
	is_str(opened(3, NOW), "approvers: 2 public keys, but 3 approvals are "
	    "needed", "more than there are");
	is_str(opened(0, NOW), "approvers: 2 public keys, but 0 approvals are "
	    "needed", "none");
	make(&eve, RECORDS);
	is_str(opened(1, NOW), "plan: 0 of 1 required approvals; see bk-keygen "
	    "--approve", "a plan of nobody's");
	make(&ann, "");
	is_str(opened(1, NOW), "", "a plan to delete nothing");
}

/* Change when the plan expires. */
static void
set_end(const char *when)
{
	struct bk_buf text = {0};

	(void)bk_io_slurp(plan, 1 << 20, &text, &e);
	memcpy(strstr(text.data, "\nexpires ") + 9, when, strlen(when));
	put(plan, text.data, text.len);
	bk_buf_free(&text);
}

static void
test_times(void)
{
	make(&ann, RECORDS);
	is_str(opened(1, NOW + 7 * 86400), RECORDS, "it is valid for 7 days");
	is_str(opened(1, NOW + 7 * 86400 + 1), "plan: expired on "
	    "2026-11-28T08:00:00Z; make a new one", "and no longer");
	is_int(approved(&bob, NOW + 7 * 86400 + 1), -1,
	    "nor can it be approved then");
	set_end("2026-11-28T08:00:01Z");
	is_str(opened(1, NOW), "plan: its end, 2026-11-28T08:00:01Z, is more "
	    "than 7 days after it was made; make a new one", "an end too late");
	is_int(approved(&bob, NOW), -1, "nor can that be approved");
	set_end("2026-12-30T08:00:00Z");
	is_str(opened(1, NOW + 40 * 86400), "plan: expired on "
	    "2026-12-30T08:00:00Z; make a new one", "one that is over, too");
	make(&ann, RECORDS);
	is_str(opened(1, NOW - 300), RECORDS, "a clock that is a bit behind");
	is_str(opened(1, NOW - 301), "plan: dated in the future, or this "
	    "host's clock is slow", "one that is slower");
}

/* Bob's key, with his signature of other text. */
static void
test_moved_signature(void)
{
	struct bk_buf one = {0}, other = {0};
	char *line;

	make(&ann, RECORDS);
	(void)bk_io_slurp(plan, 1 << 20, &one, &e);
	make(&bob, "2026-10-01T02:15:03Z\t1\ts3://b/a" AT
	    "2026-10-01T02:15:03Z\t1\ts3://b/b" AT);
	(void)bk_io_slurp(plan, 1 << 20, &other, &e);
	line = strstr(other.data, "signature ");
	(void)bk_buf_puts(&one, line, &e);
	put(plan, one.data, one.len);
	is_str(opened(1, NOW), "plan: a signature does not match this plan; "
	    "was the plan changed?", "another plan's signature");
	is_int(approved(&ann, NOW), -1, "what was changed after it was signed");
	ok(e.code == BK_DATA && shown[0] == '\0', "is not approved");
	bk_buf_free(&one);
	bk_buf_free(&other);
}

/* A duplicated signature line. */
static void
test_copied_signature(void)
{
	struct bk_buf text = {0}, line = {0};

	make(&ann, RECORDS);
	(void)bk_io_slurp(plan, 1 << 20, &text, &e);
	(void)bk_buf_puts(&line, strstr(text.data, "signature "), &e);
	(void)bk_buf_puts(&text, line.data, &e);
	put(plan, text.data, text.len);
	is_str(opened(2, NOW), "plan: 1 of 2 required approvals; see bk-keygen "
	    "--approve", "a copied signature is not another");
	bk_buf_free(&line);
	bk_buf_free(&text);
}

static void
test_damage(void)
{
	struct bk_buf text = {0};
	unsigned bit, cut_bad = 0, flip_bad = 0;
	size_t i;

	make(&ann, RECORDS);
	(void)approved(&bob, NOW);
	(void)bk_io_slurp(plan, 1 << 20, &text, &e);
	ok(strstr(text.data, "\npolicy -d 30?-m 12\n") != NULL,
	    "the policy is one line");
	for (i = 0; i < text.len; i++) {
		put_quietly(plan, text.data, i);
		cut_bad += strcmp(opened(2, NOW), RECORDS) == 0 ||
		    e.code != BK_DATA;
	}
	is_int(cut_bad, 0, "every truncation is refused");
	for (i = 0; i < text.len; i++)
		for (bit = 0; bit < 8; bit += 1 + i % 3) {
			text.data[i] ^= (char)(1 << bit);
			put_quietly(plan, text.data, text.len);
			text.data[i] ^= (char)(1 << bit);
			flip_bad += strcmp(opened(2, NOW), RECORDS) == 0 ||
			    e.code != BK_DATA;
		}
	is_int(flip_bad, 0, "every changed byte is refused");
	put(plan, text.data, text.len);
	is_str(opened(2, NOW), RECORDS, "unchanged, it opens");
	bk_buf_free(&text);
}

/* The failure to make a plan for a record; "" if it is made. */
static const char *
stored(const char *records)
{
	struct bk_buf gone = { .data = (char *)(uintptr_t)records,
	    .len = strlen(records) };
	struct bk_plan p = { .now = NOW, .place = place, .policy = "-d 30",
	    .listing = &gone, .listed = 1, .expired = &gone, .nexpired = 1 };

	(void)unlink(plan);
	e = (struct bk_err){0};
	return bk_plan_store(plan, &p, &ann, &e) == 0 ? "" : e.msg;
}

#define RECORD(name) "2026-10-01T02:15:03Z\t1\t" name AT

#define FILE_RECORD(name) "2026-10-01T02:15:03Z\t1\t" name "\n"

static void
test_terminal(void)
{
	static const char *const bad[] = {
		RECORD("s3://b/\r\033[2K\033[1A"), RECORD("s3://b/\x7f"),
		RECORD("s3://b/\b"), RECORD("s3://b/\xc2\x9b["),
		RECORD("s3://b/\u202ekb.tsewen"), RECORD("s3://b/\u2066"),
		RECORD("s3://b/\u2028"), RECORD("s3://b/\u200f"),
		RECORD("s3://b/\x9b" "2J"), RECORD("s3://b/\u200b") };
	struct bk_buf text = {0};
	char *name;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(strstr(stored(bad[i]), "a control character, which could "
		    "hide what is deleted") != NULL, "no name %zu", i);
		is_int(e.code, BK_DATA, "is refused");
		ok(access(plan, F_OK) == -1, "and no plan left");
	}
	is_str(stored(RECORD("s3://b/gr\u00fc\u00dfe-\u5e97.bk")), "",
	    "letters of any language");
	is_str(stored(RECORD("s3://b/\\u001b[2K")), "", "escaped ones");
	/* by another program */
	(void)bk_io_slurp(plan, 1 << 20, &text, &e);
	name = strstr(text.data, "\\u001b");
	memcpy(name, "\033[2K\r\v", 6);
	put(plan, text.data, text.len);
	ok(strstr(opened(1, NOW), "a control character") != NULL,
	    "nor one in a plan that is there");
	is_int(approved(&bob, NOW), -1, "nor can it be approved");
	bk_buf_free(&text);
}

static void
test_place(void)
{
	is_str(stored(RECORD("/b/x")), "plan: /b/x: not an object, and others "
	    "are", "a file among objects");
	place = "a\nb";
	ok(*stored(RECORD("s3://b/x")) != '\0', "an endpoint of two lines");
	place = "";
	ok(*stored(RECORD("s3://b/x")) != '\0', "or of none");
	place = BK_PLAN_DEFAULT;
	is_str(stored(FILE_RECORD("s3://b/x")), "", "the provider's own");
	is_str(stored(RECORD("s3://b/x")), "plan: s3://b/x: is not at default, "
	    "as others are; make a plan for each place", "and not another's");
	place = "https://s3.test/other";
	ok(*stored(RECORD("s3://b/x")) != '\0', "nor one of another path");
	place = BK_PLAN_FILES;
	is_str(stored(FILE_RECORD("/b/x")), "", "a path from the root");
	ok(*stored(RECORD("/b/x")) != '\0', "which is at no endpoint");
	is_str(stored(FILE_RECORD("b/x")), "plan: b/x: not a path from the "
	    "root; list directories by their full names",
	    "one that is another elsewhere");
	is_int(e.code, BK_DATA, "is refused");
	ok(*stored(RECORD("s3://b/x")) != '\0', "so is an object");
	place = "https://s3.test";
	make(&ann, RECORDS);
}

static void
test_files(void)
{
	struct bk_approved_plan c = { .plan = "none", .approvers = approvers,
	    .need = 1 };
	struct bk_plan p = {0};
	struct bk_buf none = {0};
	struct stat st;

	e = (struct bk_err){0};
	ok(bk_plan_open(&c, NOW, &made, &e) == NULL && e.code == BK_FAIL,
	    "a plan that is not there");
	c = (struct bk_approved_plan){ .plan = plan, .approvers = "none" };
	e = (struct bk_err){0};
	ok(bk_plan_open(&c, NOW, &made, &e) == NULL && e.code == BK_FAIL,
	    "approvers that are not there");
	p = (struct bk_plan){ .now = NOW, .place = place, .policy = "",
	    .listing = &none, .expired = &none };
	e = (struct bk_err){0};
	is_int(bk_plan_store(plan, &p, &ann, &e), -1, "a plan that is there");
	is_str(e.msg, "plan: already exists; a plan is never overwritten",
	    "is not overwritten");
	put(approvers, "# nobody\n", 9);
	is_str(opened(1, NOW), "approvers: no bksign1... in it",
	    "approvers without one");
	put(approvers, "bksign1x\n", 9);
	is_str(opened(1, NOW), "approvers: line 1: not a bksign1... public "
	    "key, which bk-keygen -y prints, or a damaged one", "a bad one");
	is_int(stat(plan, &st), 0, "the plan is still there");
}

static void
test_keys(void)
{
	/* RFC 8032, 7.1, test 2 */
	static const uint8_t secret[] = {
		0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6,
		0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f,
		0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8,
		0xa6, 0xfb };
	static const uint8_t begins[] = { 0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4,
		0xca, 0xb8, 0x72, 0x0e };
	struct bk_signer s, back;
	struct bk_buf text = {0};
	uint8_t signature[BK_SIGN_LEN];

	e = (struct bk_err){0};
	memcpy(s.secret, secret, sizeof(secret));
	ok(bk_sign(signature, &s, "\x72", 1, &e) == 0 &&
	    memcmp(signature, begins, sizeof(begins)) == 0, "RFC 8032's");
	ok(bk_signer_make(&s, &e) == 0 &&
	    bk_signer_format(&text, &s, NOW, &e) == 0, "a key file");
	ok(bk_signer_is(text.data) && !bk_signer_is("AGE-SECRET-KEY-1\n"),
	    "is known as such");
	ok(bk_signer_parse(&back, &text, "key", &e) == 0 &&
	    memcmp(&s, &back, sizeof(s)) == 0, "comes back");
	text.len = 0;
	(void)bk_signer_format(&text, &s, NOW, &e);
	(void)bk_signer_format(&text, &s, NOW, &e);
	is_int(bk_signer_parse(&back, &text, "key", &e), -1, "not two keys");
	is_str(e.msg, "key: line 6: a second key", "says so");
	bk_buf_free(&text);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || chdir(dir) == -1 ||
	    bk_signer_make(&ann, &e) == -1 || bk_signer_make(&bob, &e) == -1 ||
	    bk_signer_make(&eve, &e) == -1)
		return 1;
	put_approvers();
	test_approval();
	test_times();
	test_moved_signature();
	test_copied_signature();
	test_damage();
	test_terminal();
	test_place();
	test_files();
	test_keys();
	(void)unlink(plan);
	(void)unlink(approvers);
	(void)rmdir(dir);
	return tap_done();
}
