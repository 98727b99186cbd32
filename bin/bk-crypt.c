/* bk-crypt: encrypt, decrypt, rewrap, see bk-crypt(1) */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "crypt/crypt.h"
#include "crypt/signature.h"
#include "stream/reader.h"
#include "stream/store.h"
#include "stream/writer.h"
#include "tool/rehearsal.h"
#include "tool/sandbox_tool.h"
#include "tool/signals.h"
#include "tool/tool.h"

enum {
	OPT_PASSPHRASE_FILE = TOOL_OPT_TOOL, OPT_PASSPHRASE_FD, OPT_AGE,
	OPT_REWRAP, OPT_BARE, OPT_SEAL, OPT_SEALED, OPT_SIGN, OPT_SIGNER,
	OPT_SIGNATURE
};

static const struct tool_opt options[] = {
	{ 'r', "recipient", "RECIPIENT", NULL,
	    "encrypt to this public key (may be repeated)" },
	{ 'R', "recipients-file", "FILE", NULL,
	    "encrypt to the public keys in FILE" },
	{ 'p', "passphrase", NULL, NULL,
	    "ask for a passphrase (or take $BK_PASSPHRASE)" },
	{ OPT_PASSPHRASE_FILE, "passphrase-file", "FILE", NULL,
	    "the passphrase is the first line of FILE" },
	{ OPT_PASSPHRASE_FD, "passphrase-fd", "N", NULL,
	    "the first line from file descriptor N" },
	{ OPT_AGE, "age", NULL, NULL, "write age v1, which age(1) reads" },
	{ 'd', "decrypt", NULL, NULL, "decrypt what bk-crypt or age wrote" },
	{ 'i', "identity", "FILE", NULL,
	    "decrypt with the secret keys in FILE" },
	{ OPT_REWRAP, "rewrap", NULL, NULL,
	    "replace the header's recipients by -r" },
	{ OPT_SIGN, "sign", "FILE", NULL,
	    "sign with the key in FILE (bk-keygen --sign)" },
	{ OPT_SIGNER, "signer", "FILE", NULL,
	    "demand a signature by a public key in FILE" },
	{ OPT_SIGNATURE, "signature", "FILE", NULL,
	    "with --age: the signature's own file" },
	{ OPT_BARE, "bare", NULL, NULL,
	    "write the output without an envelope" },
	{ OPT_SEAL, "seal", NULL, NULL,
	    "write the output in an envelope" },
	{ OPT_SEALED, "sealed", NULL, NULL,
	    "refuse input that is not sealed" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-crypt",
	.example =
"bk-dump shop | bk-gz | bk-crypt -r age1... > shop.bk\n"
"         bk-crypt -d -i key.txt < shop.bk | bk-gz -d | bk-restore shop",
	.about =
"Encrypts standard input to public keys or with a passphrase.  Defaults: "
"BK_RECIPIENTS for -R, BK_IDENTITY for -i, BK_SIGNERS for --signer.",
	.options = options,
	.settings = "BK_IDENTITY BK_PASSPHRASE BK_RECIPIENTS BK_SIGNERS",
	.operands = "[-r RECIPIENT] | -d [-i FILE] | --rewrap -r NEW",
	.exits =
"0 done, 1 failed, 2 usage error, 3 input refused or wrong key",
	.rehearses = 1,
};

/* What the command line and the environment ask for. */
struct options {
	int decrypt, rewrap, age, bare, seal, sealed;
	char **recipient;	/* -r */
	char **recipient_file;	/* -R */
	char **identity_file;	/* -i */
	size_t nrecipients, nrecipient_files, nidentity_files;
	char *env_recipients, *env_identity, *env_passphrase;
	int ask;		/* -p */
	const char *pass_file;
	int pass_fd;		/* -1: none */
	int pass_opens;		/* the passphrase is to decrypt with */
	const char *sign, *signers, *signature;	/* files */
	/* and what they hold */
	struct bk_recipients recipients;
	struct bk_identities identities;
	char passphrase[BK_PASSPHRASE_MAX + 1];	/* "": none */
	struct bk_signer signer;
	struct bk_verifiers verifiers;
};

static int tty = -1;		/* while echo is off */
static struct termios tty_before;

/* Also called on a signal. */
static void
restore_tty(void)
{
	if (tty != -1)
		(void)tcsetattr(tty, TCSAFLUSH, &tty_before);
	tty = -1;
}

static void
parse_option(struct options *o, int ch)
{
	switch (ch) {
	case 'r': o->recipient[o->nrecipients++] = optarg; break;
	case 'R':
		if (strcmp(optarg, "-") == 0)
			tool_usage("-R -: standard input is the data to "
			    "encrypt");
		o->recipient_file[o->nrecipient_files++] = optarg;
		break;
	case 'i': o->identity_file[o->nidentity_files++] = optarg; break;
	case 'd': o->decrypt = 1; break;
	case 'p': o->ask = 1; break;
	case OPT_AGE: o->age = 1; break;
	case OPT_REWRAP: o->rewrap = 1; break;
	case OPT_BARE: o->bare = 1; break;
	case OPT_SEAL: o->seal = 1; break;
	case OPT_SEALED: o->sealed = 1; break;
	case OPT_SIGN: o->sign = optarg; break;
	case OPT_SIGNER: o->signers = optarg; break;
	case OPT_SIGNATURE: o->signature = optarg; break;
	case OPT_PASSPHRASE_FILE: o->pass_file = optarg; break;
	case OPT_PASSPHRASE_FD:
		o->pass_fd = (int)tool_number(optarg, 0, 65535,
		    "--passphrase-fd");
		break;
	}
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(o, ch);
	if (optind != argc)
		tool_usage("%s: no file names; use < and >", argv[optind]);
}

static void
check_signing(const struct options *o)
{
	if (o->decrypt && o->sign != NULL)
		tool_usage("--sign is for encrypting; -d demands a signature "
		    "with --signer");
	if (!o->decrypt && !o->rewrap && o->signers != NULL)
		tool_usage("--signer is for -d and --rewrap; sign with --sign");
	if (o->rewrap && o->signature != NULL)
		tool_usage("--rewrap cannot sign age: decrypt and encrypt "
		    "again");
	if (o->signature != NULL && !o->decrypt && !(o->age && o->sign != NULL))
		tool_usage("--signature is for --age --sign, and for -d");
	if (o->age && o->sign != NULL && o->signature == NULL)
		tool_usage("--age --sign: give --signature FILE: age has no "
		    "room for it");
}

/* Options that contradict one another. */
static void
check_options(const struct options *o)
{
	int to = o->nrecipients + o->nrecipient_files > 0;
	int pass = o->ask + (o->pass_file != NULL) + (o->pass_fd != -1);

	if (o->decrypt && o->rewrap)
		tool_usage("-d or --rewrap, not both");
	if (o->decrypt && to)
		tool_usage("-r and -R are for encrypting, not for -d");
	if ((o->decrypt || o->rewrap) && o->age)
		tool_usage("--age is for encrypting; -d recognizes both "
		    "formats");
	if (!o->decrypt && !o->rewrap && o->nidentity_files > 0)
		tool_usage("-i is for -d and --rewrap; encrypt to its "
		    "public key with -r");
	if (o->bare && o->seal)
		tool_usage("--bare or --seal, not both");
	if (pass > 1)
		tool_usage("only one of -p, --passphrase-file and "
		    "--passphrase-fd");
	if (!o->decrypt && !o->rewrap && to && pass > 0)
		tool_usage("recipients or a passphrase, not both: the format "
		    "does not allow it");
	if (o->rewrap && pass > 0 && to == (o->nidentity_files > 0))
		tool_usage("--rewrap with a passphrase: give -i (the "
		    "passphrase is the new one) or -r (it is the old one)");
	check_signing(o);
	if (!o->decrypt && isatty(STDOUT_FILENO))
		tool_usage("refusing to write encrypted data to a terminal; "
		    "use > FILE");
	if ((o->decrypt || o->rewrap) && isatty(STDIN_FILENO))
		tool_usage("refusing to read encrypted data from a terminal; "
		    "use < FILE");
}

/* Without options for recipients or identities, use the environment. */
static void
complete_options(struct options *o)
{
	int pass = o->ask || o->pass_file != NULL || o->pass_fd != -1;
	int opens = o->decrypt || o->rewrap;
	int from = o->nidentity_files > 0;
	int to = o->nrecipients + o->nrecipient_files > 0;

	if (o->rewrap)
		*(from ? &to : &from) |= pass;
	else
		*(opens ? &from : &to) |= pass;
	o->pass_opens = o->decrypt || (o->rewrap && o->nidentity_files == 0);
	if (o->ask)
		o->env_passphrase = tool_env("BK_PASSPHRASE");
	if (opens && !from) {
		o->env_identity = tool_env("BK_IDENTITY");
		if (o->decrypt)
			o->env_passphrase = tool_env("BK_PASSPHRASE");
		if (o->env_identity == NULL && o->env_passphrase == NULL)
			tool_usage("no identity; give -i FILE or -p, or set "
			    "BK_IDENTITY");
	}
	if (opens && o->signers == NULL)
		o->signers = tool_env_demand("BK_SIGNERS");
	/* else anyone who can write to the store would get it signed */
	if (o->rewrap && o->sign != NULL && o->signers == NULL)
		tool_usage("--rewrap --sign: say with --signer whose signature "
		    "it must have now");
	if (!o->decrypt && !to) {
		o->env_recipients = tool_env("BK_RECIPIENTS");
		if (o->env_recipients == NULL && !o->rewrap)
			o->env_passphrase = tool_env("BK_PASSPHRASE");
		if (o->env_recipients == NULL && o->env_passphrase == NULL)
			tool_usage("no recipient; give -r age1..., -R FILE "
			    "or -p, or set BK_RECIPIENTS");
	}
}

static int
load_keys(struct options *o, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < o->nrecipients; i++)
		if (bk_recipients_add(&o->recipients, o->recipient[i], e) == -1)
			return -1;
	for (i = 0; i < o->nrecipient_files; i++)
		if (bk_recipients_load(&o->recipients, o->recipient_file[i],
		    e) == -1)
			return -1;
	if (o->env_recipients != NULL &&
	    bk_recipients_parse(&o->recipients, o->env_recipients, e) == -1)
		return -1;
	for (i = 0; i < o->nidentity_files; i++)
		if (bk_identities_load(&o->identities, o->identity_file[i],
		    e) == -1)
			return -1;
	if (o->env_identity != NULL &&
	    bk_identities_load(&o->identities, o->env_identity, e) == -1)
		return -1;
	if (o->sign != NULL && bk_signer_load(&o->signer, o->sign, e) == -1)
		return -1;
	return o->signers == NULL ? 0
	    : bk_verifiers_load(&o->verifiers, o->signers, e);
}

/* 0, or -1 with errno set. */
static int
silence_tty(int fd)
{
	struct termios quiet;
	int rc;

	signals_catch(restore_tty);
	signals_hold();
	if ((rc = tcgetattr(fd, &tty_before)) == 0) {
		tty = fd;
		quiet = tty_before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
		(void)tcsetattr(fd, TCSAFLUSH, &quiet);
	}
	signals_release();
	return rc;
}

/*
 * Ask on the terminal, without echo.  ^Z is ignored meanwhile: the shell would
 * get a terminal without echo and return one with it.
 */
static int
ask(const char *prompt, char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e)
{
	struct sigaction sa = { .sa_handler = SIG_IGN }, before;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY), rc;

	(void)sigaction(SIGTSTP, &sa, &before);
	if (fd == -1 || silence_tty(fd) == -1) {
		rc = bk_fail_errno(e, "no terminal to read the passphrase "
		    "from; use --passphrase-file");
		goto done;
	}
	rc = bk_io_write(fd, prompt, strlen(prompt), "/dev/tty", e);
	if (rc == 0)
		rc = bk_passphrase_read(fd, "/dev/tty", out, e);
	(void)bk_io_write(fd, "\n", 1, "/dev/tty", e);
	signals_hold();
	restore_tty();
	signals_release();
 done:
	(void)sigaction(SIGTSTP, &before, NULL);
	if (fd != -1)
		close(fd);
	return rc;
}

static int
ask_passphrase(struct options *o, struct bk_err *e)
{
	char again[BK_PASSPHRASE_MAX + 1];
	int rc = ask("Passphrase: ", o->passphrase, e);

	if (rc == -1 || o->pass_opens)
		return rc;
	if ((rc = ask("Repeat the passphrase: ", again, e)) == 0 &&
	    strcmp(again, o->passphrase) != 0)
		rc = bk_fail(e, BK_USAGE, "passphrase: the two entries do not "
		    "match");
	bk_wipe(again, sizeof(again));
	return rc;
}

static int
load_passphrase(struct options *o, struct bk_err *e)
{
	if (o->pass_file != NULL)
		return bk_passphrase_load(o->pass_file, o->passphrase, e);
	if (o->pass_fd != -1)
		return bk_passphrase_read(o->pass_fd, "--passphrase-fd",
		    o->passphrase, e);
	if (o->env_passphrase != NULL)
		return bk_passphrase_take(o->env_passphrase, "BK_PASSPHRASE",
		    o->passphrase, e);
	return o->ask ? ask_passphrase(o, e) : 0;
}

static struct bk_crypt_to
to(const struct options *o, struct bk_buf *signature)
{
	return (struct bk_crypt_to){ .recipients = &o->recipients,
	    .passphrase = o->pass_opens || o->passphrase[0] == '\0' ? NULL
	    : o->passphrase,
	    .signer = o->sign == NULL ? NULL : &o->signer,
	    .signature = signature };
}

static struct bk_crypt_from
from(const struct options *o)
{
	return (struct bk_crypt_from){ .identities = &o->identities,
	    .passphrase = !o->pass_opens || o->passphrase[0] == '\0' ? NULL
	    : o->passphrase,
	    .signers = o->signers == NULL ? NULL : &o->verifiers,
	    .signature = o->signature };
}

/*
 * Standard output.  What has no marks of ours is put into an envelope between
 * tools, with this label, NULL: that of the payload's own opening mark; in a
 * file it is as other programs expect it.
 */
static struct bk_writer *
open_output(const struct options *o, int marks, const struct bk_label *label,
    struct bk_err *e)
{
	int envelope = o->seal || (!o->bare && !marks &&
	    bk_io_is_pipe(STDOUT_FILENO));
	struct bk_writer *out = bk_writer_open(STDOUT_FILENO,
	    "standard output", e);

	if (out != NULL && envelope &&
	    bk_writer_envelope(out, label, e) == -1) {
		bk_writer_free(out);
		out = NULL;
	}
	return out;
}

/* Everything but the held-back tail is written: the signature, then that. */
static int
finish(struct bk_writer *out, struct bk_store *detached,
    const struct bk_buf *signature, struct bk_err *e)
{
	tool_audit()->size_bytes = bk_writer_bytes(out);
	if (detached != NULL && (bk_store_write(detached, signature->data,
	    signature->len, e) == -1 || bk_store_commit(detached, e) == -1))
		return -1;
	return bk_writer_finish(out, e);
}

static int
encrypt(const struct options *o, struct bk_reader *in, struct bk_err *e)
{
	static const struct bk_store_options fresh = { .mode = 0644 };
	const struct bk_suite *suite = o->age ? &bk_suite_age : &bk_suite_bk;
	struct bk_buf signature = {0};
	struct bk_crypt_to recipients = to(o, &signature);
	struct bk_store *detached = NULL;
	struct bk_writer *out = NULL;
	int rc = -1;

	if (o->signature != NULL &&
	    (detached = bk_store_open(o->signature, &fresh, e)) == NULL)
		return -1;
	if ((out = open_output(o, suite->marks, bk_reader_label(in),
	    e)) != NULL &&
	    bk_crypt_encrypt(suite, &recipients, in, out, e) == 0)
		rc = finish(out, detached, &signature, e);
	bk_writer_free(out);
	bk_store_free(detached);
	bk_buf_free(&signature);
	return rc;
}

/* Where a signature is demanded, the label that it covers. */
static const struct bk_label *
plain_label(const struct options *o, const struct bk_crypt *crypt,
    const struct bk_reader *in)
{
	const struct bk_label *own = bk_crypt_label(crypt);

	return own != NULL || o->signers != NULL ? own : bk_reader_label(in);
}

static int
decrypt(const struct options *o, struct bk_reader *in, struct bk_err *e)
{
	struct bk_crypt_from key = from(o);
	struct bk_crypt *crypt = bk_crypt_open(in, &key, e);
	struct bk_writer *out = NULL;
	int rc = -1;

	/*
	 * Plaintext is the user's own: no envelope unless asked for.  But where
	 * a signature is demanded, the maker of the plaintext and its marks may
	 * not have it: then we vouch for the end, which comes after the check.
	 */
	if (crypt == NULL || (out = open_output(o, o->signers == NULL,
	    plain_label(o, crypt, in), e)) == NULL)
		goto done;
	if ((rc = bk_crypt_decrypt(crypt, out, e)) == 0)
		rc = finish(out, NULL, NULL, e);
	else if (o->signers != NULL)
		bk_writer_spoil(out);
	else if (e->code == BK_DATA)
		bk_writer_abandon(out);
 done:
	bk_crypt_free(crypt);
	bk_writer_free(out);
	return rc;
}

static int
rewrap(const struct options *o, struct bk_reader *in, struct bk_err *e)
{
	struct bk_crypt_from key = from(o);
	struct bk_crypt_to recipients = to(o, NULL);
	struct bk_crypt *crypt = bk_crypt_open(in, &key, e);
	struct bk_writer *out = NULL;
	int rc = -1;

	if (crypt == NULL ||
	    (out = open_output(o, bk_crypt_suite(crypt)->marks,
	    bk_reader_label(in), e)) == NULL)
		goto done;
	if ((rc = bk_crypt_rewrap(crypt, &recipients, out, e)) == 0)
		rc = finish(out, NULL, NULL, e);
 done:
	bk_crypt_free(crypt);
	bk_writer_free(out);
	return rc;
}

static int
run(const struct options *o, struct bk_err *e)
{
	struct bk_reader *in = bk_reader_open(STDIN_FILENO, "standard input",
	    o->sealed ? BK_READER_SEALED : 0, e);
	int rc;

	if (in == NULL)
		return -1;
	if (o->decrypt || o->rewrap)
		tool_backup_id(bk_reader_label(in)->run);
	else
		tool_run_id(bk_reader_label(in)->run);
	rc = o->decrypt ? decrypt(o, in, e) : o->rewrap ? rewrap(o, in, e)
	    : encrypt(o, in, e);
	bk_reader_free(in);
	return rc;
}

/* Does any of our keys open what comes?  Nothing to say of nothing. */
static int
rehearse_opening(const struct options *o, struct bk_err *e)
{
	struct bk_reader *in = bk_reader_open(STDIN_FILENO, "standard input",
	    BK_READER_PARSED, e);
	struct bk_crypt_from key = from(o);
	struct bk_crypt *crypt = NULL;
	size_t n;

	if (in == NULL)
		return -1;
	(void)bk_reader_head(in, &n);
	if (n > 0 && (crypt = bk_crypt_open(in, &key, e)) != NULL)
		rehearsal_say(BK_READY_OK, "the keys open the backup");
	bk_crypt_free(crypt);
	bk_reader_free(in);
	return n == 0 || crypt != NULL ? 0 : -1;
}

static int
rehearse(const struct options *o, struct bk_err *e)
{
	const char *identity = getenv("BK_IDENTITY");
	const size_t n = o->recipients.n;

	if (o->decrypt || o->rewrap)
		return rehearse_opening(o, e);
	if (n > 1)
		rehearsal_say(BK_READY_OK, "%zu recipients, public keys", n);
	else if (n == 1)
		rehearsal_say(BK_READY_WARNING, "one recipient: if its "
		    "private key is lost, so is each backup; add a second, "
		    "kept elsewhere");
	else
		rehearsal_say(BK_READY_OK, "there is a passphrase");
	if (identity != NULL && access(identity, R_OK) == 0)
		rehearsal_say(BK_READY_WARNING, "BK_IDENTITY: %s: a private "
		    "key is on a host that encrypts, and who takes the host "
		    "reads all backups; keep it where restores are made",
		    identity);
	rehearsal_pass();
	return 0;
}

int
main(int argc, char *argv[])
{
	struct options o = { .pass_fd = -1 };
	struct bk_err e = {0};
	char **lists;
	int rc = -1;

	tool_start(&tool);
	if ((lists = calloc(3 * (size_t)argc, sizeof(*lists))) == NULL)
		tool_no_memory();
	o.recipient = lists;
	o.recipient_file = lists + argc;
	o.identity_file = lists + 2 * argc;
	parse_options(&o, argc, argv);
	check_options(&o);
	complete_options(&o);
	tool_run(o.decrypt ? "decrypt" : o.rewrap ? "rewrap" : "encrypt",
	    NULL, NULL);

	if (load_keys(&o, &e) == 0 && load_passphrase(&o, &e) == 0) {
		if (rehearsing())
			narrow_read(getenv("BK_IDENTITY"));
		(o.decrypt ? narrow_read : narrow_write)(o.signature);
		bk_suite_prepare();
		tool_narrow();
		rc = rehearsing() ? rehearse(&o, &e) : run(&o, &e);
	}

	bk_recipients_free(&o.recipients);
	bk_identities_free(&o.identities);
	free(o.verifiers.key);
	bk_wipe(&o.signer, sizeof(o.signer));
	bk_wipe(o.passphrase, sizeof(o.passphrase));
	free(lists);
	return tool_end(rc, &e);
}
