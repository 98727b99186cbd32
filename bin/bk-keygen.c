/* bk-keygen: make, split and join keys, approve plans, see bk-keygen(1) */
#include <sys/resource.h>
#include <sys/stat.h>

#include <getopt.h>
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
#include "tool.h"

static const struct tool tool = {
	.name = "bk-keygen",
	.usage = "[--sign] [-o FILE] | -y [KEYFILE] | --approve PLAN KEYFILE | "
	    "--split T/N [-o PREFIX] [KEYFILE] | --join [-o FILE] [FILE ...]",
	.help =
"Example: bk-keygen -o key.txt && bk-keygen -y key.txt\n"
"\n"
"Makes a key for bk-crypt and age: the public key (age1...) encrypts, on the\n"
"backup host; the secret key file decrypts and is kept elsewhere.\n"
"\n"
"    -o FILE       write to FILE, mode 0600; never overwrites\n"
"    -y            print the public key of the key in KEYFILE\n"
"    --sign        make a key that signs plans of bk-prune instead\n"
"    --approve PLAN  sign PLAN with the key in KEYFILE; read it first\n"
"    --split T/N   split the key in KEYFILE into N shares, any T of which\n"
"                  restore it; -o: into PREFIX.1 to PREFIX.N\n"
"    --join        restore the key from the shares in FILEs\n"
"    --help        this text\n"
"    --version     the version\n"
"\n"
"Without KEYFILE or FILE, reads standard input.  bk-keygen(1) has more.\n"
"Exit: 0 done, 1 failed, 2 usage error, 3 key or share refused.\n",
};

enum { OPT_SPLIT = TOOL_OPT_TOOL, OPT_JOIN, OPT_SIGN, OPT_APPROVE };

struct call {
	const char *output;	/* NULL: standard output */
	const char *approve;	/* the plan, or NULL */
	int public, join, sign;
	uint64_t threshold, count;	/* of --split, or 0 */
	char **files;
	int nfiles;
};

/* T/N */
static void
parse_split(struct call *c, const char *text)
{
	char threshold[8];
	size_t n = strcspn(text, "/");

	if (text[n] != '/' || n >= sizeof(threshold))
		tool_usage("--split %s: write it as T/N, e.g. 2/3", text);
	memcpy(threshold, text, n);
	threshold[n] = '\0';
	c->threshold = tool_number(threshold, 2, BK_SHARE_MAX, "--split");
	c->count = tool_number(text + n + 1, c->threshold, BK_SHARE_MAX,
	    "--split");
}

static void
parse_options(struct call *c, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "public", no_argument, NULL, 'y' },
		{ "split", required_argument, NULL, OPT_SPLIT },
		{ "join", no_argument, NULL, OPT_JOIN },
		{ "sign", no_argument, NULL, OPT_SIGN },
		{ "approve", required_argument, NULL, OPT_APPROVE },
		TOOL_LONGOPTS,
		{ 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "o:y", options, NULL)) != -1)
		switch (ch) {
		case 'o': c->output = optarg; break;
		case 'y': c->public = 1; break;
		case OPT_SPLIT: parse_split(c, optarg); break;
		case OPT_JOIN: c->join = 1; break;
		case OPT_SIGN: c->sign = 1; break;
		case OPT_APPROVE: c->approve = optarg; break;
		default: tool_option(ch);
		}
	c->files = argv + optind;
	c->nfiles = argc - optind;
	if (c->public + c->join + c->sign + (c->approve != NULL) +
	    (c->count > 0) > 1)
		tool_usage("only one of --sign, -y, --approve, --split and "
		    "--join");
	if (c->approve != NULL && (c->nfiles == 0 || c->output != NULL))
		tool_usage("--approve PLAN KEYFILE, and no -o");
	if (c->public && c->output != NULL)
		tool_usage("-y: no -o; the public key is no secret, use > "
		    "FILE");
	if (!c->join && c->nfiles > (c->public || c->count > 0 ||
	    c->approve != NULL))
		tool_usage("%s: too many files", c->files[c->nfiles - 1]);
}

/* Standard output with a secret: a file that > made is for the owner only. */
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
put_identity(const struct call *c, const struct bk_identity *id,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_identity_format(&b, id, time(NULL), e) == 0)
		rc = put_secret(c->output, &b, e);
	bk_buf_free(&b);
	return rc;
}

static int
make_key(const struct call *c, struct bk_err *e)
{
	struct bk_identity id;
	int rc = -1;

	if (bk_identity_make(&id, e) == 0)
		rc = put_identity(c, &id, e);
	bk_wipe(&id, sizeof(id));
	return rc;
}

static int
make_signer(const struct call *c, struct bk_err *e)
{
	struct bk_signer signer;
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_signer_make(&signer, e) == 0 &&
	    bk_signer_format(&b, &signer, time(NULL), e) == 0)
		rc = put_secret(c->output, &b, e);
	bk_wipe(&signer, sizeof(signer));
	bk_buf_free(&b);
	return rc;
}

static const char *
key_file(const struct call *c)
{
	return c->nfiles > 0 ? c->files[0] : "standard input";
}

static int
load_text(const struct call *c, struct bk_buf *text, struct bk_err *e)
{
	return c->nfiles > 0 ?
	    bk_secret_load(c->files[0], BK_KEY_FILE_MAX, text, e) :
	    bk_secret_read(STDIN_FILENO, key_file(c), BK_KEY_FILE_MAX, text, e);
}

/* Append the public keys of the text of a key file of age's kind. */
static int
add_recipients(struct bk_buf *b, const struct call *c, struct bk_buf *text,
    struct bk_err *e)
{
	struct bk_identities ids = {0};
	char public[BK_BECH32_TEXT];
	size_t i;
	int rc = bk_identities_parse(&ids, text, key_file(c), e);

	for (i = 0; rc == 0 && i < ids.n; i++) {
		bk_recipient_format(public, ids.id[i].public);
		rc = bk_buf_printf(b, e, "%s\n", public);
	}
	if (rc == 0 && ids.others > 0)
		rc = bk_fail(e, BK_DATA, "%s: holds a key of an unsupported "
		    "type", key_file(c));
	bk_identities_free(&ids);
	return rc;
}

/* Append the public key of the text of a signing key's file. */
static int
add_verifier(struct bk_buf *b, const struct call *c, struct bk_buf *text,
    struct bk_err *e)
{
	char public[BK_BECH32_TEXT];
	struct bk_signer signer;
	int rc = bk_signer_parse(&signer, text, key_file(c), e);

	if (rc == 0) {
		bk_verifier_format(public, signer.public);
		rc = bk_buf_printf(b, e, "%s\n", public);
	}
	bk_wipe(&signer, sizeof(signer));
	return rc;
}

static int
print_public(const struct call *c, struct bk_err *e)
{
	struct bk_buf b = {0}, text = {0};
	int rc = load_text(c, &text, e);

	if (rc == 0)
		rc = text.len > 0 && bk_signer_is(text.data) ?
		    add_verifier(&b, c, &text, e) :
		    add_recipients(&b, c, &text, e);
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
approve(const struct call *c, struct bk_err *e)
{
	struct bk_signer signer;
	int rc = bk_signer_load(&signer, c->files[0], e);

	if (rc == 0)
		rc = bk_plan_approve(c->approve, &signer, time(NULL), e);
	bk_wipe(&signer, sizeof(signer));
	return rc;
}

/* The text of share i, with a word to whoever finds it in ten years. */
static int
format_share(struct bk_buf *b, const struct call *c,
    const struct bk_identity *id, const struct bk_share *s, struct bk_err *e)
{
	char public[BK_BECH32_TEXT], text[BK_BECH32_TEXT];
	int rc;

	bk_recipient_format(public, id->public);
	bk_share_format(text, s);
	rc = bk_buf_printf(b, e, "# share %u of %u; any %u make the key of %s "
	    "(bk-keygen --join)\n%s\n", s->number, (unsigned)c->count,
	    s->threshold, public, text);
	bk_wipe(text, sizeof(text));
	return rc;
}

/* Each share into a file of its own: all of them, or none. */
static int
store_shares(const struct call *c, const struct bk_identity *id,
    const struct bk_share *share, struct bk_err *e)
{
	struct bk_buf path = {0}, b = {0};
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->count; i++) {
		bk_buf_free(&path);
		bk_buf_free(&b);
		if (bk_buf_printf(&path, e, "%s.%u", c->output, i + 1) == -1 ||
		    format_share(&b, c, id, &share[i], e) == -1 ||
		    bk_secret_store(path.data, b.data, b.len, e) == -1)
			rc = -1;
	}
	for (i--; rc == -1 && i > 0; i--) {
		bk_buf_free(&path);
		if (bk_buf_printf(&path, e, "%s.%u", c->output, i) == 0)
			(void)unlink(path.data);
	}
	bk_buf_free(&path);
	bk_buf_free(&b);
	return rc;
}

static int
split(const struct call *c, struct bk_err *e)
{
	struct bk_share share[BK_SHARE_MAX];
	struct bk_identities ids = {0};
	struct bk_buf b = {0};
	unsigned i;
	int rc = load_text(c, &b, e);

	if (rc == 0)
		rc = bk_identities_parse(&ids, &b, key_file(c), e);
	bk_buf_free(&b);
	if (rc == 0 && (ids.n != 1 || ids.others > 0))
		rc = bk_fail(e, BK_DATA, "%s: holds more than one key, or none "
		    "that can be split", key_file(c));
	if (rc == 0)
		rc = bk_share_split(ids.id, (unsigned)c->threshold,
		    (unsigned)c->count, share, e);
	if (rc == 0 && c->output != NULL) {
		rc = store_shares(c, ids.id, share, e);
	} else if (rc == 0) {
		for (i = 0; rc == 0 && i < c->count; i++)
			rc = format_share(&b, c, ids.id, &share[i], e);
		if (rc == 0)
			rc = print_secret(&b, e);
	}
	bk_buf_free(&b);
	bk_wipe(share, sizeof(share));
	bk_identities_free(&ids);
	return rc;
}

static int
load_shares(const struct call *c, struct bk_shares *shares, struct bk_err *e)
{
	struct bk_buf b = {0};
	int i, rc;

	if (c->nfiles == 0) {
		rc = bk_secret_read(STDIN_FILENO, "standard input",
		    BK_KEY_FILE_MAX, &b, e);
		if (rc == 0)
			rc = bk_shares_parse(shares, &b, "standard input", e);
		bk_buf_free(&b);
		return rc;
	}
	for (i = 0, rc = 0; rc == 0 && i < c->nfiles; i++) {
		rc = bk_secret_load(c->files[i], BK_KEY_FILE_MAX, &b, e);
		if (rc == 0)
			rc = bk_shares_parse(shares, &b, c->files[i], e);
		bk_buf_free(&b);
	}
	return rc;
}

static int
join(const struct call *c, struct bk_err *e)
{
	struct bk_shares shares = {0};
	struct bk_identity id;
	int rc = -1;

	if (load_shares(c, &shares, e) == 0 &&
	    bk_share_join(shares.share, shares.n, &id, e) == 0)
		rc = put_identity(c, &id, e);
	bk_wipe(&shares, sizeof(shares));
	bk_wipe(&id, sizeof(id));
	return rc;
}

int
main(int argc, char *argv[])
{
	static const struct rlimit none = { 0, 0 };
	struct call c = {0};
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	(void)setrlimit(RLIMIT_CORE, &none);	/* no keys in core files */
	parse_options(&c, argc, argv);
	tool_run(c.approve != NULL ? "approve" : "key",
	    c.nfiles > 0 ? c.files[0] : NULL,
	    c.approve != NULL ? c.approve : c.output);

	rc = c.public ? print_public(&c, &e) : c.count > 0 ? split(&c, &e)
	    : c.join ? join(&c, &e) : c.sign ? make_signer(&c, &e)
	    : c.approve != NULL ? approve(&c, &e) : make_key(&c, &e);
	return tool_end(rc, &e);
}
