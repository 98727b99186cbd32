/* bk-keygen: make, split and join keys, approve plans, see bk-keygen(1) */
#include <sys/stat.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "crypt/key.h"
#include "crypt/plan.h"
#include "crypt/share.h"
#include "crypt/signature.h"
#include "crypt/suite.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

enum { OPT_SPLIT = TOOL_OPT_TOOL, OPT_JOIN, OPT_SIGN, OPT_APPROVE };

static const struct tool_opt options[] = {
	{ 'o', "output", "FILE", NULL,
	    "write to FILE, mode 0600; never overwrites" },
	{ 'y', "public", NULL, NULL,
	    "print the public key of the key in FILE" },
	{ OPT_SIGN, "sign", NULL, NULL,
	    "make a key that signs plans, and what bk-crypt writes" },
	{ OPT_APPROVE, "approve", "PLAN", "FILE",
	    "print PLAN and sign it with the key in FILE" },
	{ OPT_SPLIT, "split", "T/N", NULL,
	    "split the key in FILE into N shares, any T of which restore it; "
	    "with -o into files FILE.1 to FILE.N" },
	{ OPT_JOIN, "join", NULL, NULL,
	    "restore the key from the shares in several FILEs" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-keygen",
	.example = "bk-keygen -o key.txt && bk-keygen -y key.txt",
	.about =
"Makes a key for bk-crypt and age: the public key (age1...) encrypts, on the "
"backup host; the secret key file decrypts and is kept elsewhere.  What it "
"reads is standard input without FILE.",
	.options = options,
	.operands =
"[-y|--sign|--split T/N|--join|--approve PLAN] [FILE]",
	.exits = "0 done, 1 failed, 2 usage error, 3 key or share refused",
};

struct options {
	const char *output;	/* NULL: standard output */
	const char *approve;	/* the plan, or NULL */
	int public, join, sign;
	uint64_t threshold, count;	/* of --split, or 0 */
	char **files;
	int nfiles;
};

/* T/N */
static void
parse_split(struct options *o, const char *text)
{
	char threshold[8];
	size_t n = strcspn(text, "/");

	if (text[n] != '/' || n >= sizeof(threshold))
		tool_usage("--split %s: write it as T/N, e.g. 2/3", text);
	memcpy(threshold, text, n);
	threshold[n] = '\0';
	o->threshold = tool_number(threshold, 2, BK_SHARE_MAX, "--split");
	o->count = tool_number(text + n + 1, o->threshold, BK_SHARE_MAX,
	    "--split");
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case 'o': o->output = optarg; break;
		case 'y': o->public = 1; break;
		case OPT_SPLIT: parse_split(o, optarg); break;
		case OPT_JOIN: o->join = 1; break;
		case OPT_SIGN: o->sign = 1; break;
		case OPT_APPROVE: o->approve = optarg; break;
		}
	o->files = argv + optind;
	o->nfiles = argc - optind;
	if (o->public + o->join + o->sign + (o->approve != NULL) +
	    (o->count > 0) > 1)
		tool_usage("only one of --sign, -y, --approve, --split and "
		    "--join");
	if (o->approve != NULL && (o->nfiles == 0 || o->output != NULL))
		tool_usage("--approve PLAN KEYFILE, and no -o");
	if (o->public && o->output != NULL)
		tool_usage("-y: no -o; the public key is not a secret, use > "
		    "FILE");
	if (!o->join && o->nfiles > (o->public || o->count > 0 ||
	    o->approve != NULL))
		tool_usage("%s: too many files", o->files[o->nfiles - 1]);
}

/* Print a secret; a file created by > is made private to its owner. */
static int
print_secret(const struct bk_buf *b, struct bk_err *e)
{
	const char *name = "standard output";
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == -1)
		return bk_fail_errno(e, "%s", name);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0 &&
	    fchmod(STDOUT_FILENO, 0600) == -1)
		return bk_fail_errno(e, "%s: cannot make it private; use -o",
		    name);
	if (bk_io_write(STDOUT_FILENO, b->data, b->len, name, e) == -1)
		return -1;
	return bk_io_close(STDOUT_FILENO, name, e);
}

static int
put_secret(const char *path, const struct bk_buf *b, struct bk_err *e)
{
	return path == NULL ? print_secret(b, e)
	    : bk_secret_store(path, b->data, b->len, e);
}

static int
put_identity(const struct options *o, const struct bk_identity *id,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_identity_format(&b, id, time(NULL), e) == 0)
		rc = put_secret(o->output, &b, e);
	bk_buf_free(&b);
	return rc;
}

static int
make_key(const struct options *o, struct bk_err *e)
{
	struct bk_identity id;
	int rc = -1;

	if (bk_identity_make(&id, e) == 0)
		rc = put_identity(o, &id, e);
	bk_wipe(&id, sizeof(id));
	return rc;
}

static int
make_signer(const struct options *o, struct bk_err *e)
{
	struct bk_signer signer;
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_signer_make(&signer, e) == 0 &&
	    bk_signer_format(&b, &signer, time(NULL), e) == 0)
		rc = put_secret(o->output, &b, e);
	bk_wipe(&signer, sizeof(signer));
	bk_buf_free(&b);
	return rc;
}

static const char *
key_file(const struct options *o)
{
	return o->nfiles > 0 ? o->files[0] : "standard input";
}

static int
load_text(const struct options *o, struct bk_buf *text, struct bk_err *e)
{
	return o->nfiles > 0 ?
	    bk_secret_load(o->files[0], BK_KEY_FILE_MAX, text, e) :
	    bk_secret_read(STDIN_FILENO, key_file(o), BK_KEY_FILE_MAX, text, e);
}

/* Append the public keys of an age key file, given as text. */
static int
add_recipients(struct bk_buf *b, const struct options *o, struct bk_buf *text,
    struct bk_err *e)
{
	struct bk_identities ids = {0};
	char public[BK_BECH32_TEXT];
	size_t i;
	int rc = bk_identities_parse(&ids, text, key_file(o), e);

	for (i = 0; rc == 0 && i < ids.n; i++) {
		bk_recipient_format(public, ids.id[i].public);
		rc = bk_buf_printf(b, e, "%s\n", public);
	}
	if (rc == 0 && ids.others > 0)
		rc = bk_fail(e, BK_DATA, "%s: holds a key of an unsupported "
		    "type", key_file(o));
	bk_identities_free(&ids);
	return rc;
}

/* Append the public key of a signing key file, given as text. */
static int
add_verifier(struct bk_buf *b, const struct options *o, struct bk_buf *text,
    struct bk_err *e)
{
	char public[BK_BECH32_TEXT];
	struct bk_signer signer;
	int rc = bk_signer_parse(&signer, text, key_file(o), e);

	if (rc == 0) {
		bk_verifier_format(public, signer.public);
		rc = bk_buf_printf(b, e, "%s\n", public);
	}
	bk_wipe(&signer, sizeof(signer));
	return rc;
}

static int
print_public(const struct options *o, struct bk_err *e)
{
	struct bk_buf b = {0}, text = {0};
	int rc = load_text(o, &text, e);

	if (rc == 0)
		rc = text.len > 0 && bk_signer_is(text.data) ?
		    add_verifier(&b, o, &text, e) :
		    add_recipients(&b, o, &text, e);
	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, b.data, b.len,
		    "standard output", e);
	if (rc == 0)
		rc = bk_io_close(STDOUT_FILENO, "standard output", e);
	bk_buf_free(&b);
	bk_buf_free(&text);
	return rc;
}

static int
show(const char *text, size_t n, struct bk_err *e)
{
	return bk_io_write(STDOUT_FILENO, text, n, "standard output", e);
}

static int
approve(const struct options *o, struct bk_err *e)
{
	struct bk_signer signer;
	int rc = bk_signer_load(&signer, o->files[0], e);

	if (rc == 0)
		rc = bk_plan_approve(o->approve, &signer, time(NULL), show,
		    e);
	bk_wipe(&signer, sizeof(signer));
	return rc;
}

/* The text of share i, with a note for its finder in ten years. */
static int
format_share(struct bk_buf *b, const struct options *o,
    const struct bk_identity *id, const struct bk_share *s, struct bk_err *e)
{
	char public[BK_BECH32_TEXT], text[BK_BECH32_TEXT];
	int rc;

	bk_recipient_format(public, id->public);
	bk_share_format(text, s);
	rc = bk_buf_printf(b, e, "# share %u of %u; any %u make the key of %s "
	    "(bk-keygen --join)\n%s\n", s->number, (unsigned)o->count,
	    s->threshold, public, text);
	bk_wipe(text, sizeof(text));
	return rc;
}

/* Store each share in a file of its own: all of them, or none. */
static int
store_shares(const struct options *o, const struct bk_identity *id,
    const struct bk_share *share, struct bk_err *e)
{
	struct bk_buf path = {0}, b = {0};
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < o->count; i++) {
		bk_buf_free(&path);
		bk_buf_free(&b);
		if (bk_buf_printf(&path, e, "%s.%u", o->output, i + 1) == -1 ||
		    format_share(&b, o, id, &share[i], e) == -1 ||
		    bk_secret_store(path.data, b.data, b.len, e) == -1)
			rc = -1;
	}
	for (i--; rc == -1 && i > 0; i--) {
		bk_buf_free(&path);
		if (bk_buf_printf(&path, e, "%s.%u", o->output, i) == 0)
			(void)unlink(path.data);
	}
	bk_buf_free(&path);
	bk_buf_free(&b);
	return rc;
}

static int
split(const struct options *o, struct bk_err *e)
{
	struct bk_share share[BK_SHARE_MAX];
	struct bk_identities ids = {0};
	struct bk_buf b = {0};
	unsigned i;
	int rc = load_text(o, &b, e);

	if (rc == 0)
		rc = bk_identities_parse(&ids, &b, key_file(o), e);
	bk_buf_free(&b);
	if (rc == 0 && (ids.n != 1 || ids.others > 0))
		rc = bk_fail(e, BK_DATA, "%s: holds more than one key, or none "
		    "that can be split", key_file(o));
	if (rc == 0)
		rc = bk_share_split(ids.id, (unsigned)o->threshold,
		    (unsigned)o->count, share, e);
	if (rc == 0 && o->output != NULL) {
		rc = store_shares(o, ids.id, share, e);
	} else if (rc == 0) {
		for (i = 0; rc == 0 && i < o->count; i++)
			rc = format_share(&b, o, ids.id, &share[i], e);
		if (rc == 0)
			rc = print_secret(&b, e);
	}
	bk_buf_free(&b);
	bk_wipe(share, sizeof(share));
	bk_identities_free(&ids);
	return rc;
}

static int
load_shares(const struct options *o, struct bk_shares *shares, struct bk_err *e)
{
	struct bk_buf b = {0};
	int i, rc;

	if (o->nfiles == 0) {
		rc = bk_secret_read(STDIN_FILENO, "standard input",
		    BK_KEY_FILE_MAX, &b, e);
		if (rc == 0)
			rc = bk_shares_parse(shares, &b, "standard input", e);
		bk_buf_free(&b);
		return rc;
	}
	for (i = 0, rc = 0; rc == 0 && i < o->nfiles; i++) {
		rc = bk_secret_load(o->files[i], BK_KEY_FILE_MAX, &b, e);
		if (rc == 0)
			rc = bk_shares_parse(shares, &b, o->files[i], e);
		bk_buf_free(&b);
	}
	return rc;
}

static int
join(const struct options *o, struct bk_err *e)
{
	struct bk_shares shares = {0};
	struct bk_identity id;
	int rc = -1;

	if (load_shares(o, &shares, e) == 0 &&
	    bk_share_join(shares.share, shares.n, &id, e) == 0)
		rc = put_identity(o, &id, e);
	bk_wipe(&shares, sizeof(shares));
	bk_wipe(&id, sizeof(id));
	return rc;
}

static void
narrow(const struct options *o)
{
	int i;

	for (i = 0; i < o->nfiles; i++)
		narrow_read(o->files[i]);
	narrow_write(o->output);
	narrow_write(o->approve);
	bk_suite_prepare();
	tool_narrow();
}

int
main(int argc, char *argv[])
{
	struct options o = {0};
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	tool_run(o.approve != NULL ? "approve" : "key",
	    o.nfiles > 0 ? o.files[0] : NULL,
	    o.approve != NULL ? o.approve : o.output);

	narrow(&o);
	rc = o.public ? print_public(&o, &e) : o.count > 0 ? split(&o, &e)
	    : o.join ? join(&o, &e) : o.sign ? make_signer(&o, &e)
	    : o.approve != NULL ? approve(&o, &e) : make_key(&o, &e);
	return tool_end(rc, &e);
}
