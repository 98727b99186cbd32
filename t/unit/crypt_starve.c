/* Encrypting, signing, plans, shares, each call failing once. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypt/crypt.h"
#include "crypt/plan.h"
#include "crypt/share.h"
#include "starve.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */
#define RECORDS "2026-10-01T02:15:03Z\t1\ts3://b/x\n" \
	"2026-10-02T02:15:03Z\t12\ts3://b/y\n"

static char dir[] = "/tmp/bk-crypt-XXXXXX";
static struct bk_signer ann, bob;
static struct bk_identity id;

/* By calls that do not fail. */
static void
put(const char *name, const struct bk_buf *text)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fwrite(text->data, 1, text->len, f) != text->len ||
	    fclose(f) != 0)
		exit(99);
}

/* Encrypt from to name, to id's owner. */
static int
encrypt(const struct bk_suite *suite, const char *from, const char *name,
    struct bk_buf *signature, struct bk_err *e)
{
	struct bk_recipients to = { .key = &id.public, .n = 1 };
	const struct bk_crypt_to how = { .recipients = &to, .signer = &ann,
	    .signature = signature };
	int in_fd = open(from, O_RDONLY), fd, rc = -1;
	struct bk_reader *in = NULL;
	struct bk_writer *out = NULL;

	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (in_fd == -1 || fd == -1)
		rc = bk_fail_errno(e, "files");
	else if ((in = bk_reader_open(in_fd, "input", 0, e)) != NULL &&
	    (out = bk_writer_open(fd, "output", e)) != NULL &&
	    (rc = bk_crypt_encrypt(suite, &how, in, out, e)) == 0) {
		if ((rc = bk_writer_finish(out, e)) == 0)
			fd = -1;
	}
	bk_writer_free(out);
	bk_reader_free(in);
	if (fd != -1)
		close(fd);
	if (in_fd != -1)
		close(in_fd);
	return rc;
}

static int
seal(void *suite, struct bk_err *e)
{
	struct bk_buf signature = {0};
	int rc = encrypt(suite, "plain", "out", &signature, e);

	bk_buf_free(&signature);
	return rc;
}

/* Decrypt name, or write it again with a new header. */
static int
open_up(const char *name, int again, struct bk_err *e)
{
	struct bk_identities ids = { .id = &id, .n = 1 };
	struct bk_recipients to = { .key = &id.public, .n = 1 };
	const struct bk_verifiers signers = { .key = &ann.public, .n = 1 };
	const struct bk_crypt_from from = { .identities = &ids,
	    .signers = &signers, .signature = strcmp(name, "age") == 0 ?
	    "signature" : NULL };
	const struct bk_crypt_to how = { .recipients = &to, .signer = &bob };
	int in_fd = open(name, O_RDONLY), fd, rc = -1;
	struct bk_reader *in = NULL;
	struct bk_writer *out = NULL;
	struct bk_crypt *c = NULL;

	fd = open("/dev/null", O_WRONLY);
	if (in_fd == -1 || fd == -1)
		rc = bk_fail_errno(e, "files");
	else if ((in = bk_reader_open(in_fd, "input", 0, e)) != NULL &&
	    (out = bk_writer_open(fd, "output", e)) != NULL &&
	    (c = bk_crypt_open(in, &from, e)) != NULL)
		rc = again ? bk_crypt_rewrap(c, &how, out, e) :
		    bk_crypt_decrypt(c, out, e);
	bk_crypt_free(c);
	bk_writer_free(out);
	bk_reader_free(in);
	if (fd != -1)
		close(fd);
	if (in_fd != -1)
		close(in_fd);
	return rc;
}

static int
decrypt(void *name, struct bk_err *e)
{
	return open_up(name, 0, e);
}

static int
rewrap(void *name, struct bk_err *e)
{
	return open_up(name, 1, e);
}

static void
test_streams(void)
{
	struct bk_buf text = {0};
	struct bk_err e = {0};
	int i;

	for (i = 0; i < 20000; i++)
		(void)bk_buf_printf(&text, &e, "%d\n", i);
	put("plain", &text);
	bk_buf_free(&text);
	if (encrypt(&bk_suite_bk, "plain", "own", NULL, &e) == -1 ||
	    encrypt(&bk_suite_age, "plain", "age", &text, &e) == -1) {
		ok(0, "streams: %s", e.msg);
		return;
	}
	put("signature", &text);
	bk_buf_free(&text);
	starve_all("encrypting", seal, (void *)(uintptr_t)&bk_suite_bk);
	starve_all("to age", seal, (void *)(uintptr_t)&bk_suite_age);
	starve_all("decrypting", decrypt, (char []){ "own" });
	starve_all("of age", decrypt, (char []){ "age" });
	starve_all("a new header", rewrap, (char []){ "own" });
}

static int
show(const char *text, size_t n, struct bk_err *e)
{
	(void)text;
	(void)n;
	(void)e;
	return 0;
}

/* A plan is stored, approved by another, and opened. */
static int
plan(void *records, struct bk_err *e)
{
	struct bk_buf gone = { .data = records, .len = strlen(records) };
	const struct bk_plan p = { .now = NOW, .place = "default",
	    .policy = "-d 30", .listing = &gone, .listed = 2,
	    .expired = &gone, .nexpired = gone.len > 0 ? 2 : 0 };
	const struct bk_approved_plan c = { "plan", "approvers", 2 };
	time_t made;
	FILE *f = NULL;

	(void)remove("plan");
	if (bk_plan_store("plan", &p, &ann, e) == 0 &&
	    bk_plan_approve("plan", &bob, NOW, show, e) == 0)
		f = bk_plan_open(&c, NOW, &made, e);
	return f != NULL && fclose(f) == 0 ? 0 : -1;
}

static void
test_plan(void)
{
	char a[BK_BECH32_TEXT], b[BK_BECH32_TEXT];
	struct bk_buf text = {0};
	struct bk_err e = {0};

	bk_verifier_format(a, ann.public);
	bk_verifier_format(b, bob.public);
	(void)bk_buf_printf(&text, &e, "%s\n%s\n", a, b);
	put("approvers", &text);
	bk_buf_free(&text);
	starve_all("a plan", plan, (char []){ RECORDS });
	starve_all("one of nothing", plan, (char []){ "" });
}

/* A key as text and in shares, and back. */
static int
keys(void *arg, struct bk_err *e)
{
	struct bk_share share[3];
	struct bk_identity made, back;
	struct bk_identities ids = {0};
	struct bk_recipients r = {0};
	struct bk_signer signer;
	struct bk_shares shares = {0};
	struct bk_buf b = {0}, s = {0}, t = {0};
	char text[BK_BECH32_TEXT];
	int rc = -1, i;

	(void)arg;
	bk_recipient_format(text, id.public);
	if (bk_identity_make(&made, e) == 0 &&
	    bk_identity_format(&b, &made, NOW, e) == 0 &&
	    bk_identities_parse(&ids, &b, "keys", e) == 0 &&
	    bk_recipients_parse(&r, text, e) == 0 &&
	    bk_signer_make(&signer, e) == 0 &&
	    bk_signer_format(&s, &signer, NOW, e) == 0 &&
	    bk_signer_parse(&signer, &s, "keys", e) == 0)
		rc = bk_share_split(&made, 2, 3, share, e);
	for (i = 0; i < 3 && rc == 0; i++) {
		bk_share_format(text, &share[i]);
		rc = bk_buf_printf(&t, e, "%s\n", text);
	}
	if (rc == 0 && (rc = bk_shares_parse(&shares, &t, "shares", e)) == 0)
		rc = bk_share_join(shares.share, shares.n, &back, e);
	if (rc == 0 && memcmp(made.secret, back.secret, BK_KEY_LEN) != 0)
		rc = 1;
	bk_identities_free(&ids);
	bk_recipients_free(&r);
	bk_buf_free(&b);
	bk_buf_free(&s);
	bk_buf_free(&t);
	return rc;
}

int
main(void)
{
	char command[64];
	struct bk_err e = {0};

	alarm(300);			/* a hang is a failure */
	if (mkdtemp(dir) == NULL || chdir(dir) == -1 ||
	    bk_signer_make(&ann, &e) == -1 || bk_signer_make(&bob, &e) == -1 ||
	    bk_identity_make(&id, &e) == -1)
		return 99;
	test_streams();
	test_plan();
	starve_all("keys", keys, NULL);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0 || tap_done();
}
