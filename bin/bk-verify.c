/* bk-verify: prove that a backup can be restored, see bk-verify(1) */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "crypt/signature.h"
#include "crypt/signed_json.h"
#include "crypt/suite.h"
#include "policy/named.h"
#include "stream/heads.h"
#include "stream/reader.h"
#include "stream/seal.h"
#include "tool/rehearsal.h"
#include "tool/sandbox_tool.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "verify/check.h"
#include "verify/receipt.h"
#include "verify_levels.h"

extern char **environ;

enum {
	OPT_PASSPHRASE_FILE = TOOL_OPT_TOOL, OPT_RESTORE, OPT_SCRATCH, OPT_SQL,
	OPT_SCRATCH_CONFIG, OPT_AGAINST, OPT_NAME, OPT_MD, OPT_RECEIPTS,
	OPT_SEALED, OPT_SIGN, OPT_SIGNER, OPT_SIGNATURE, OPT_TRUST_CODE
};

static const struct tool_opt options[] = {
	{ 'i', "identity", "FILE", NULL,
	    "decrypt with the secret keys in FILE" },
	{ OPT_PASSPHRASE_FILE, "passphrase-file", "FILE", NULL,
	    "the passphrase is the first line of FILE" },
	{ OPT_RESTORE, "restore", "[CONNINFO]", NULL,
	    "restore on that server, compare everything" },
	{ OPT_TRUST_CODE, "trust-code", NULL, NULL,
	    "allow code that would run as a superuser" },
	{ OPT_SCRATCH, "scratch", NULL, NULL,
	    "restore or recover on a temporary server" },
	{ OPT_SCRATCH_CONFIG, "scratch-config", "FILE", NULL,
	    "add FILE to its postgresql.conf" },
	{ OPT_AGAINST, "against", "CONNINFO", NULL,
	    "compare with that database, restore nothing" },
	{ OPT_SQL, "sql", "FILE", NULL,
	    "run these queries; each must return true" },
	{ 'j', "jobs", "N", NULL,
	    "threads (default: BK_JOBS, or one per CPU)" },
	{ OPT_NAME, "name", "NAME", NULL,
	    "for the receipt, where the stream has no label" },
	{ 'o', "output", "FILE", NULL,
	    "write the receipt to FILE, not standard output" },
	{ OPT_MD, "md", NULL, NULL, "write a row of a Markdown table instead" },
	{ OPT_RECEIPTS, "receipts", "DIR|s3://B/PREFIX", "DIR",
	    "store the receipt there" },
	{ OPT_SIGN, "sign-receipt", "FILE", NULL,
	    "sign the receipt with the key in FILE" },
	{ OPT_SEALED, "sealed", NULL, NULL,
	    "refuse input that is not sealed" },
	{ OPT_SIGNER, "signer", "FILE", NULL,
	    "demand a signature by a public key in FILE" },
	{ OPT_SIGNATURE, "signature", "FILE", NULL,
	    "with age: the signature's own file" },
	{ 'q', "quiet", NULL, NULL, "print nothing on success" },
	{ 'v', "verbose", NULL, NULL,
	    "print the rows of each table, and progress" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-verify",
	.example =
"bk-s3get s3://b/shop.bk | bk-verify -i key.txt --receipts proofs",
	.about =
"Reads a backup to its end, reports what is proven, and writes a receipt, one "
"line of JSON.  Opens gzip, zstd, age, bk-crypt.",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER
	    "BK_IDENTITY BK_PASSPHRASE BK_SIGNERS BK_JOBS BK_PG_BINDIR",
	.operands = "[--restore|--scratch|--against CONNINFO] < BACKUP",
	.exits =
"0 proven, 1 could not tell, 2 usage error, 3 not proven",
	.rehearses = 1,
};

struct options {
	const char *self;
	char **identity_file;
	size_t nidentity_files;
	const char *pass_file, *sign, *signers, *signature;
	char *env_identity, *env_passphrase;
	int level;
	int server;		/* one is needed: level 2, 3, --against */
	struct levels levels;
	const char *jobs;
	const char *name, *output, *receipts;
	int md, sealed, verbosity;	/* verbosity: -q -1, -v 1 */
	mode_t mode;			/* of files, by the umask */
	struct bk_identities identities;
	struct bk_signer signer;
	struct bk_verifiers verifiers;
	char passphrase[BK_PASSPHRASE_MAX + 1];	/* "": none */
};

static void
parse_option(struct options *o, int ch)
{
	switch (ch) {
	case 'i': o->identity_file[o->nidentity_files++] = optarg; break;
	case 'j': o->jobs = optarg; break;
	case 'o': o->output = optarg; break;
	case 'q': o->verbosity = -1; break;
	case 'v': o->verbosity = 1; break;
	case OPT_PASSPHRASE_FILE: o->pass_file = optarg; break;
	case OPT_RESTORE: o->level = 2; o->levels.conninfo = optarg; break;
	case OPT_SCRATCH: o->levels.own = 1; break;
	case OPT_SCRATCH_CONFIG: o->levels.config_file = optarg; break;
	case OPT_TRUST_CODE: o->levels.trust_code = 1; break;
	case OPT_AGAINST:
		o->levels.against = 1;
		o->levels.conninfo = optarg;
		break;
	case OPT_SQL: o->levels.sql_file = optarg; break;
	case OPT_NAME: o->name = optarg; break;
	case OPT_MD: o->md = 1; break;
	case OPT_RECEIPTS: o->receipts = optarg; break;
	case OPT_SEALED: o->sealed = 1; break;
	case OPT_SIGN: o->sign = optarg; break;
	case OPT_SIGNER: o->signers = optarg; break;
	case OPT_SIGNATURE: o->signature = optarg; break;
	}
}

/* Of a new file that everybody may read, if the umask lets him. */
static mode_t
file_mode(void)
{
	mode_t mask = umask(077);

	(void)umask(mask);
	return 0644 & ~mask;
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(o, ch);
	o->mode = file_mode();
	o->levels.jobs = tool_jobs(o->jobs, TOOL_JOBS_MAX);
	/* getopt's optional arguments need a '=' */
	if (optind < argc && o->level == 2 && o->levels.conninfo == NULL)
		o->levels.conninfo = argv[optind++];
	if ((o->level == 2) + o->levels.own + o->levels.against > 1)
		tool_usage("one of --restore, --scratch and --against");
	o->level = o->levels.own ? 3 : o->level == 2 ? 2 : 1;
	o->server = o->level > 1 || o->levels.against;
	if (o->level != 3 && o->levels.config_file != NULL)
		tool_usage("--scratch-config is for --scratch");
	if (o->level != 2 && o->levels.trust_code)
		tool_usage("--trust-code is for --restore");
	if (!o->server && o->levels.sql_file != NULL)
		tool_usage("--sql is for --restore, --scratch and --against");
	if (optind < argc)
		tool_usage("%s: input is read from standard input; use < %s",
		    argv[optind], argv[optind]);
	if (isatty(STDIN_FILENO))
		tool_usage("refusing to read a backup from a terminal; use "
		    "< FILE");
	if (o->signers == NULL)
		o->signers = tool_env_demand("BK_SIGNERS");
	if (o->nidentity_files == 0 && o->pass_file == NULL) {
		o->env_identity = tool_env("BK_IDENTITY");
		o->env_passphrase = tool_env("BK_PASSPHRASE");
	}
}

static int
load_keys(struct options *o, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < o->nidentity_files; i++)
		if (bk_identities_load(&o->identities, o->identity_file[i],
		    e) == -1)
			return -1;
	if (o->env_identity != NULL &&
	    bk_identities_load(&o->identities, o->env_identity, e) == -1)
		return -1;
	if (o->sign != NULL && bk_signer_load(&o->signer, o->sign, e) == -1)
		return -1;
	if (o->signers != NULL &&
	    bk_verifiers_load(&o->verifiers, o->signers, e) == -1)
		return -1;
	if (o->pass_file != NULL)
		return bk_passphrase_load(o->pass_file, o->passphrase, e);
	return o->env_passphrase == NULL ? 0 :
	    bk_passphrase_take(o->env_passphrase, "BK_PASSPHRASE",
	    o->passphrase, e);
}

/* Check the innermost data by its kind. */
static int
check(struct bk_layers *l, struct bk_verdict *v, struct bk_progress *progress,
    struct bk_err *e)
{
	struct bk_reader *in = bk_layers_inside(l);
	struct bk_source src = { bk_layers_read, in };
	const char *name = bk_layers_name(l);
	struct bk_seal mark;
	const void *head;
	ptrdiff_t len;
	size_t n;

	head = bk_reader_head(in, &n);
	switch (bk_check_recognise(head, n)) {
	case BK_CHECK_ARCHIVE:
		return bk_check_archive(src, name, NULL, v, progress, e);
	case BK_CHECK_SQL:
		return bk_check_sql(src, name, v, progress, e);
	case BK_CHECK_TAR:
		return bk_check_tar(src, name, v, progress, e);
	case BK_CHECK_GPG:
		return bk_fail(e, BK_FAIL, "%s: encrypted by gpg, which bk "
		    "does not read; decrypt it first: gpg -d FILE | bk-verify",
		    name);
	case BK_CHECK_UNKNOWN:
		break;
	}
	/* marks of its own: it was of a format that we know */
	if (v->sealed && n > 0 && bk_heads_mark(&mark, head, n, &len) == -1)
		return bk_check_sealed(src, v, progress, e);
	if (n == 0 && bk_reader_drain(in, e) == -1)
		return -1;	/* an empty stream: *e says so */
	return bk_fail(e, BK_DATA, "%s: not an archive, not a pg_dump script, "
	    "and not a base backup tar", name);
}

static int
is_same_backup(const struct bk_label *a, const struct bk_label *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	    strcmp(a->host, b->host) == 0 && a->at == b->at &&
	    a->timeline == b->timeline && a->start == b->start;
}

/* A base backup that bk-seal vouches for has a time, and a cluster inside. */
static void
name_cluster(struct bk_label *outer, const struct bk_verdict *v)
{
	if (outer->kind == BK_LABEL_NONE && *v->cluster != '\0')
		bk_label_set(outer, BK_LABEL_CLUSTER, v->cluster);
}

/*
 * The archive's own label is authenticated with it; one that was put around it
 * may be anybody's, and stands only where nothing else is known.
 */
static int
check_label(struct bk_label *outer, const struct bk_verdict *v,
    struct bk_err *e)
{
	char at[BK_UTCTIME_TEXT] = "";

	name_cluster(outer, v);
	if (outer->kind == BK_LABEL_NONE && v->label.kind != BK_LABEL_NONE)
		*outer = v->label;
	if (v->label.kind == BK_LABEL_NONE ||
	    is_same_backup(&v->label, outer))
		return 0;
	bk_utctime_format(v->label.at, at);
	return bk_fail(e, BK_DATA, "standard input: not proven: label and "
	    "content disagree: the content is a backup of %s at %s",
	    v->label.name, at);
}

/*
 * The stream may be good, and yet not the backup that --name says.  Then the
 * receipt is of that name alone: about what the label names it says nothing.
 */
static int
check_name(struct bk_receipt *r, struct bk_err *e)
{
	const struct bk_label *l = &r->label;
	char at[BK_UTCTIME_TEXT] = "no known instant";
	int rc = *r->name == '\0' ? 0 : bk_name_denies(NULL, r->name,
	    l->kind == BK_LABEL_DB ? l->name : NULL, l->at, e);

	if (rc <= 0)
		return rc;
	if (l->at != 0)
		bk_utctime_format(l->at, at);
	if (l->kind != BK_LABEL_NONE)
		rc = bk_fail(e, BK_DATA, "standard input: not proven: the "
		    "stream is the backup of %s, %s, not %s; correct --name, "
		    "or leave it out", l->name, at, r->name);
	else		/* when it was compressed or sealed, that is all */
		rc = 0;
	r->label = (struct bk_label){0};
	return rc;
}

/*
 * The signer is known at the end.  Where the dump's code would run on a server
 * that is in use, the input is read once for that first.
 */
static int
check_signature(const struct options *o, const struct bk_crypt_from *from,
    struct bk_label *label, struct bk_err *e)
{
	const off_t start = lseek(STDIN_FILENO, 0, SEEK_CUR);
	struct bk_layers *l;
	int rc;

	if (o->signers == NULL || o->level != 2)
		return 0;
	if (start == -1)
		return bk_fail(e, BK_USAGE, "standard input: not a file; "
		    "--restore reads it twice where a signature is demanded, "
		    "which is at its end: store it and use < FILE, or use "
		    "--scratch");
	if ((l = bk_layers_open(STDIN_FILENO, o->sealed, from, o->levels.jobs,
	    label, e)) == NULL)
		return -1;
	rc = bk_layers_end(l, bk_reader_drain(bk_layers_inside(l), e), e);
	bk_layers_free(l);
	if (rc == 0 && lseek(STDIN_FILENO, start, SEEK_SET) == -1)
		rc = bk_fail(e, BK_FAIL, "standard input: %s", strerror(errno));
	return rc;
}

/* Read it all; what was found is in *v. */
static int
verify(const struct options *o, struct bk_receipt *r, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	const struct bk_crypt_from from = { .identities = &o->identities,
	    .passphrase = *o->passphrase == '\0' ? NULL : o->passphrase,
	    .signers = o->signers == NULL ? NULL : &o->verifiers,
	    .signature = o->signature };
	struct bk_layers *l;
	int rc;

	v->list = o->verbosity > 0;
	if (check_signature(o, &from, &r->label, e) == -1)
		return -1;
	l = bk_layers_open(STDIN_FILENO, o->sealed, &from, o->levels.jobs,
	    &r->label, e);
	tool_backup_id(r->label.run);
	if (l == NULL || check_name(r, e) == -1) {
		bk_layers_free(l);
		return -1;
	}
	r->sealed = v->sealed = bk_layers_sealed(l);
	rc = o->server ? levels_run(&o->levels, l, v, progress, e) :
	    check(l, v, progress, e);
	if ((rc = bk_layers_end(l, rc, e)) == 0)
		(void)snprintf(r->signer, sizeof(r->signer), "%s",
		    bk_layers_signer(l));
	bk_layers_free(l);
	if (check_label(&r->label, v, e) == -1)
		return -1;
	return rc == 0 ? check_name(r, e) : rc;
}

/* What is for people, on stderr. */
static int
tell(const struct options *o, const struct bk_receipt *r, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = -1;

	if (bk_verdict_table(r->v, &text, e) == -1 ||
	    bk_verdict_list(r->v, &text, e) == -1 ||
	    (text.len > 0 && bk_io_write(STDERR_FILENO, text.data, text.len,
	    "standard error", e) == -1))
		goto done;
	text.len = 0;
	if (r->result->code == BK_OK && o->verbosity >= 0) {
		if (bk_receipt_text(r, &text, e) == -1)
			goto done;
		tool_say("%s", text.data);
	}
	rc = 0;
 done:
	bk_buf_free(&text);
	return rc;
}

/* Store the receipt, unless it would be one of no backup. */
static int
store(const struct options *o, const struct bk_receipt *r,
    const struct bk_buf *json, struct bk_err *e)
{
	if (o->receipts == NULL)
		return 0;
	if (!bk_receipt_is_named(r))
		return bk_fail(e, BK_FAIL, "%s: no receipt stored: the stream "
		    "has no database name and time; give --name", o->receipts);
	return bk_receipt_store(o->receipts, o->mode, o->self, environ, r,
	    json, e);
}

/* Report the result, to people on stderr and to programs elsewhere. */
static int
report(const struct options *o, const struct bk_receipt *r, struct bk_err *e)
{
	int silent = o->verbosity < 0 && r->result->code == BK_OK;
	struct bk_buf json = {0}, text = {0};
	int rc = -1;

	if (bk_receipt_json(r, &json, e) == -1 || (o->sign != NULL &&
	    bk_signed_json_add(&json, &o->signer, e) == -1) ||
	    tell(o, r, e) == -1)
		goto done;
	if (o->output != NULL && bk_receipt_save(o->output, o->mode,
	    &json, e) == -1)
		goto done;
	if (o->md && bk_receipt_markdown(r, &text, e) == -1)
		goto done;
	if (!o->md && o->output == NULL && !silent &&
	    bk_buf_add(&text, json.data, json.len, e) == -1)
		goto done;
	if (bk_io_write(STDOUT_FILENO, text.data, text.len,
	    "standard output", e) == -1 ||
	    bk_io_close(STDOUT_FILENO, "standard output", e) == -1)
		goto done;
	rc = store(o, r, &json, e);
 done:
	bk_buf_free(&text);
	bk_buf_free(&json);
	return rc;
}

/*
 * A check at level 1 starts nothing, connects to nothing, and holds what it
 * reads only in memory.
 */
static void
narrow(const struct options *o)
{
	if (o->server || (o->receipts != NULL && bk_receipt_is_s3(o->receipts)))
		return;
	bk_suite_prepare();
	narrow_read(o->signature);
	narrow_write(o->output);
	narrow_write_in(o->receipts);
	tool_narrow();
}

/* In a rehearsal: do our keys open what comes?  Nothing to say of nothing. */
static int
rehearse(const struct options *o, struct bk_err *e)
{
	const struct bk_crypt_from from = { .identities = &o->identities,
	    .passphrase = *o->passphrase == '\0' ? NULL : o->passphrase };
	struct bk_reader *in = bk_reader_open(STDIN_FILENO, "standard input",
	    BK_READER_PARSED, e);
	const char *tmpdir = tool_env("TMPDIR");
	struct bk_crypt *crypt = NULL;
	const uint8_t *head;
	size_t n;
	int rc = -1;

	if (in == NULL)
		return -1;
	if (o->level == 3)
		(void)rehearsal_directory("TMPDIR, where the server will be",
		    tmpdir == NULL ? "/tmp" : tmpdir);
	head = bk_reader_head(in, &n);
	if (bk_heads_format(head, n) != BK_FORMAT_CRYPT)
		rc = 0;
	else if ((crypt = bk_crypt_open(in, &from, e)) != NULL) {
		rehearsal_say(BK_READY_OK, "the keys open the backup");
		rc = 0;
	}
	bk_crypt_free(crypt);
	bk_reader_free(in);
	rehearsal_pass();
	return rc;
}

int
main(int argc, char *argv[])
{
	struct options o = { .self = argv[0] };
	struct bk_progress progress = { .item = "tables" };
	struct bk_verdict v = {0};
	struct bk_err e = {0}, report_e = {0};
	struct bk_receipt r = { .v = &v, .result = &e };
	double began = bk_monotonic();
	int rc;

	tool_start(&tool);
	if ((o.identity_file = calloc((size_t)argc, sizeof(char *))) == NULL)
		tool_no_memory();
	parse_options(&o, argc, argv);
	rc = o.server ? levels_prepare(&o.levels, &e) : 0;
	tool_run("verify", o.name, NULL);
	if (o.server)
		signals_catch(levels_clean_up);
	r.name = o.name != NULL ? o.name : "";
	r.started = time(NULL);
	r.level = o.level;
	if (rc == -1 || (rc = load_keys(&o, &e)) == -1 || (o.receipts != NULL &&
	    (rc = bk_receipt_check_dir(o.receipts, &e)) == -1))
		goto done;

	if (rehearsing()) {
		if (o.receipts != NULL && !bk_receipt_is_s3(o.receipts))
			(void)rehearsal_directory("receipts", o.receipts);
		rc = rehearse(&o, &e);
		goto done;
	}
	narrow(&o);
	tool_progress(&progress, o.verbosity);
	rc = verify(&o, &r, &v, &progress, &e);
	if (o.server)
		levels_end();
	r.finished = time(NULL);
	r.seconds = bk_monotonic() - began;
	tool_audit()->source = bk_receipt_subject(&r);
	tool_audit()->size_bytes = v.bytes;
	if (rc == 0)
		tool_audit()->proof = v.proof;
	if (report(&o, &r, &report_e) == -1) {
		if (rc == -1)
			tool_say("%s", report_e.msg);
		else
			e = report_e;	/* proven, but not reported */
		rc = -1;
	}
 done:
	rc = tool_end(rc, &e);
	bk_identities_free(&o.identities);
	free(o.verifiers.key);
	bk_wipe(&o.signer, sizeof(o.signer));
	bk_wipe(o.passphrase, sizeof(o.passphrase));
	free(o.identity_file);
	bk_verdict_free(&v);
	return rc;
}
