/*
 * streams DIR [STRIDE [RUNS SEED]]: every format, cut at every byte and with
 * every bit flipped (or each STRIDE-th), and what its reader says.
 *
 * DIR has a small sample of each, which t/torture/streams makes with the tools.
 * Right is: it is refused, as input to blame, in one line; or, of a flipped
 * bit, the meaning is the same, and the bit is known to be free.  A format
 * without integrity of its own may pass on what is open in it.  With RUNS the
 * tools are run, too, that often each, at places that SEED chooses.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include <signal.h>
#include <time.h>

#include "stream_readers.h"

/* Where a bit may be accepted: the name of the place, or NULL. */
typedef const char *place_fn(const uint8_t *p, size_t n, size_t at);

struct format {
	const char *name;	/* of the sample's file, too */
	read_fn *read;
	place_fn *free;		/* a flip changes nothing */
	place_fn *open;		/* a flip passes and changes the meaning */
	place_fn *cut;		/* a stream that ends here passes */
	const char *tool;	/* shell command, $1: what it may store */
	int cuts_only;		/* a store knows no format: it keeps a flip */
};

struct bytes {
	uint8_t *p;
	size_t n;
};

#define PLACES 16

struct tally {
	size_t cuts, flips, refused, free, open, cut, wrong;
	struct {
		const char *name;
		size_t n;
	} place[PLACES];
};

enum verdict { REFUSED, SAME, OTHER, WRONG };

static struct bk_buf whole;	/* the meaning of the sample as it is */

#include "stream_places.h"

static const struct format formats[] = {
	{ "archive", read_backup, .tool = "bk-verify -q -o r" },
	{ "gzip", read_gzip, .free = free_gzip, .tool = "bk-gz -d" },
	{ "zstd", read_zstd, .free = free_zstd, .tool = "bk-zst -d" },
	{ "crypt", read_crypt, .tool = "bk-crypt -d -i key" },
	{ "crypt-signed", read_signed,
	    .tool = "bk-crypt -d -i key --signer signers" },
	{ "crypt-gzip-archive", read_backup,
	    .tool = "bk-verify -q -i key -o r" },
	{ "age-envelope", read_crypt, .free = free_envelope,
	    .tool = "bk-crypt -d -i key" },
	{ "age-armored", read_crypt, .cut = cut_newline,
	    .tool = "bk-crypt -d -i key" },
	{ "age-signature", read_signature, .free = free_minisign },
	{ "envelope", read_sealed, .free = free_envelope,
	    .open = open_envelope, .tool = "bk-save --sealed -q \"$1\"" },
	{ "tar", read_backup, .free = free_tar, .open = open_tar,
	    .tool = "bk-verify -q -o r" },
	{ "segment", read_segment, .free = free_segment, .open = open_segment },
	{ "listing", read_listing, .free = open_listing, .open = open_listing,
	    .cut = cut_line, .tool = "bk-prune --min-keep 1 -d 1" },
	{ "receipt", read_receipt, .free = free_receipt, .open = open_receipt,
	    .cut = cut_newline },
	{ .name = "plan", .read = read_plan },
	{ "key", read_key, .free = free_comment, .cut = cut_newline,
	    .tool = "bk-keygen -y" },
	{ "share", read_share, .free = free_comment, .cut = cut_newline },
	{ "signers", read_signers, .free = free_comment, .cut = cut_line },
	{ .name = "audit", .read = read_audit },
	{ "archive-stored", read_stream, .cut = cut_short, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
	{ "gzip-stored", read_stream, .cut = cut_short, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
	{ "zstd-stored", read_stream, .cut = cut_short, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
	{ "crypt-stored", read_stream, .cut = cut_short, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
	{ "envelope-stored", read_stream, .cut = cut_short, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
	{ "tar-stored", read_stream, .cut = cut_tar, .cuts_only = 1,
	    .tool = "bk-save -q \"$1\"" },
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static struct bytes
load(const char *name)
{
	struct bk_err e = {0};
	struct bk_buf b = {0};

	if (bk_io_slurp(name, 64 << 20, &b, &e) == -1 || b.len == 0)
		broken(name);
	return (struct bytes){ (uint8_t *)b.data, b.len };
}

static int
is_one_line(const char *text, size_t n)
{
	return n > 0 && memchr(text, '\n', n) == NULL;
}

/* What the library makes of it. */
static enum verdict
judge(const struct format *f, const uint8_t *p, size_t n, struct bk_err *e)
{
	struct bk_buf out = {0};
	enum verdict v;
	int rc;

	*e = (struct bk_err){0};
	rc = f->read(p, n, &out, e);
	if (rc == 0)
		v = out.len == whole.len && (out.len == 0 || memcmp(out.data,
		    whole.data, out.len) == 0) ? SAME : OTHER;
	else
		v = (e->code == BK_DATA || e->code == BK_NONE) &&
		    is_one_line(e->msg, strlen(e->msg)) ? REFUSED : WRONG;
	bk_buf_free(&out);
	return v;
}

static void
start_tool(const char *command)
{
	alarm(60);
	if (dup2(open("now", O_RDONLY), 0) == -1 ||
	    dup2(creat("now.out", 0600), 1) == -1 ||
	    dup2(creat("now.err", 0600), 2) == -1)
		_exit(99);
	/* as behind a pipe: that nothing came is unfinished */
	execl("/bin/sh", "sh", "-c", command, "cat", "stored", (char *)NULL);
	_exit(99);
}

/* One line of the tool's own; before it bk-verify has a table of differences. */
static int
says_once(char *text)
{
	char *last = NULL, *line;
	int n = 0;

	for (line = strtok(text, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		n += strncmp(line, "bk-", 3) == 0;
		last = line;
	}
	return n == 1 && strncmp(last, "bk-", 3) == 0;
}

/* What the tool makes of it: its status, what it says, what it stores. */
static enum verdict
judge_tool(const struct format *f, const uint8_t *p, size_t n,
    struct bk_err *e)
{
	struct bk_buf said = {0}, out = {0};
	char command[256];
	int status, stored;
	enum verdict v = WRONG;
	pid_t pid;

	(void)unlink("stored");
	save_as("now", p, n, 0600);
	(void)snprintf(command, sizeof(command), "set -- stored; cat now | %s",
	    f->tool);
	if ((pid = fork()) == 0)
		start_tool(command);
	if (pid == -1 || waitpid(pid, &status, 0) == -1 ||
	    bk_io_slurp("now.err", 1 << 20, &said, e) == -1)
		broken(f->tool);
	stored = access("stored", F_OK) == 0;
	if (bk_io_slurp(stored ? "stored" : "now.out", 64 << 20, &out, e) == -1)
		broken("now.out");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		v = out.len == whole.len && (out.len == 0 || memcmp(out.data,
		    whole.data, out.len) == 0) ? SAME : OTHER;
	(void)snprintf(e->msg, sizeof(e->msg), "status %d: %.*s", status,
	    (int)(said.len < 200 ? said.len : 200),
	    said.len > 0 ? said.data : "");
	if (WIFEXITED(status) && !stored && said.len > 1 &&
	    (WEXITSTATUS(status) == 3 || WEXITSTATUS(status) == 4) &&
	    says_once(said.data))
		v = REFUSED;
	bk_buf_free(&said);
	bk_buf_free(&out);
	return v;
}

typedef enum verdict judge_fn(const struct format *f, const uint8_t *p,
    size_t n, struct bk_err *e);

static void
add_place(struct tally *t, const char *name)
{
	size_t i;

	for (i = 0; i < PLACES; i++) {
		if (t->place[i].name == NULL)
			t->place[i].name = name;
		if (strcmp(t->place[i].name, name) == 0) {
			t->place[i].n++;
			return;
		}
	}
}

static void
is_wrong(const struct format *f, struct tally *t, const char *what, size_t at,
    int bit, enum verdict v, const struct bk_err *e)
{
	static const char *const names[] = { "refused", "accepted, the same",
	    "accepted, another", "not refused as it should be" };

	t->wrong++;
	if (t->wrong <= 20)
		printf("# %s: %s at byte %zu bit %d: %s: code %d, %s\n",
		    f->name, what, at, bit, names[v], (int)e->code, e->msg);
}

static void
cut(const struct format *f, judge_fn *how, const struct bytes *b, size_t at,
    struct tally *t)
{
	const char *place = NULL;
	struct bk_err e;
	enum verdict v = how(f, b->p, at, &e);

	t->cuts++;
	if (v == REFUSED) {
		t->refused++;
		return;
	}
	if (v != WRONG && f->cut != NULL)
		place = f->cut(b->p, b->n, at);
	if (place == NULL) {
		is_wrong(f, t, "cut", at, 0, v, &e);
		return;
	}
	t->cut++;
	add_place(t, place);
}

static void
flip(const struct format *f, judge_fn *how, struct bytes *b, size_t at,
    int bit, struct tally *t)
{
	const char *place = NULL;
	struct bk_err e;
	enum verdict v;

	b->p[at] ^= (uint8_t)(1U << bit);
	v = how(f, b->p, b->n, &e);
	b->p[at] ^= (uint8_t)(1U << bit);
	t->flips++;
	if (v == REFUSED) {
		t->refused++;
		return;
	}
	if (v == SAME && f->free != NULL)
		place = f->free(b->p, b->n, at);
	if (place == NULL && v != WRONG && f->open != NULL)
		place = f->open(b->p, b->n, at);
	if (place == NULL) {
		is_wrong(f, t, "flip", at, bit, v, &e);
		return;
	}
	*(v == SAME ? &t->free : &t->open) += 1;
	add_place(t, place);
}

static void
report(const struct format *f, const char *how, size_t n, const struct tally *t)
{
	size_t i;

	printf("%s%s: %zu bytes, %zu cuts, %zu flips: %zu refused, %zu free, "
	    "%zu open, %zu cuts pass, %zu violations", f->name, how, n,
	    t->cuts, t->flips, t->refused, t->free, t->open, t->cut, t->wrong);
	for (i = 0; i < PLACES && t->place[i].name != NULL; i++)
		printf("%s%s %zu", i == 0 ? " (" : ", ", t->place[i].name,
		    t->place[i].n);
	printf("%s\n", i > 0 ? ")" : "");
	(void)fflush(stdout);
}

static void
learn(const struct format *f, judge_fn *how, const struct bytes *b)
{
	struct bk_err e = {0};

	whole.len = 0;
	if (how == judge_tool) {
		if (how(f, b->p, b->n, &e) > OTHER ||
		    bk_io_slurp(access("stored", F_OK) == 0 ? "stored" :
		    "now.out", 64 << 20, &whole, &e) == -1)
			goto bad;
	} else if (f->read(b->p, b->n, &whole, &e) == -1)
		goto bad;
	if (how(f, b->p, b->n, &e) == SAME)
		return;
 bad:
	printf("Bail out! %s: the sample itself: %s\n", f->name, e.msg);
	exit(2);
}

/* All of it by the library. */
static struct tally
sweep(const struct format *f, size_t stride, size_t first)
{
	struct bytes b = load(f->name);
	struct tally t = {0};
	size_t at;

	/* of what is large, as much as of what is small */
	if (b.n > 16384)
		stride *= b.n / 256;
	learn(f, judge, &b);
	for (at = first % stride; at < b.n; at += stride)
		cut(f, judge, &b, at, &t);
	for (at = first % stride; at < b.n * 8 && !f->cuts_only; at += stride)
		flip(f, judge, &b, at / 8, (int)(at % 8), &t);
	report(f, "", b.n, &t);
	free(b.p);
	return t;
}

/* Some of it by the tool. */
static struct tally
sample(const struct format *f, size_t runs)
{
	struct bytes b = load(f->name);
	struct tally t = {0};
	size_t i;

	learn(f, judge_tool, &b);
	for (i = 0; i < runs; i++) {
		size_t at = (size_t)random() % b.n;

		if (i % 2 == 0 || f->cuts_only)
			cut(f, judge_tool, &b, at, &t);
		else
			flip(f, judge_tool, &b, at, (int)(random() % 8), &t);
	}
	report(f, ", by the tool", b.n, &t);
	free(b.p);
	return t;
}

static void
add(struct tally *sum, const struct tally *t)
{
	sum->cuts += t->cuts;
	sum->flips += t->flips;
	sum->refused += t->refused;
	sum->free += t->free;
	sum->open += t->open;
	sum->cut += t->cut;
	sum->wrong += t->wrong;
}

int
main(int argc, char *argv[])
{
	size_t stride = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	size_t runs = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned seed = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
	const char *only = getenv("FORMAT");
	struct tally sum = {0}, t;
	size_t i;

	if (argc < 2 || chdir(argv[1]) == -1 || stride == 0)
		broken("streams DIR [STRIDE [RUNS SEED]]");
	(void)signal(SIGPIPE, SIG_IGN);
	srandom(seed);
	load_keys();
	for (i = 0; i < FORMATS; i++) {
		if (only != NULL && strcmp(only, formats[i].name) != 0)
			continue;
		t = sweep(&formats[i], stride, seed);
		add(&sum, &t);
		if (runs == 0 || formats[i].tool == NULL)
			continue;
		t = sample(&formats[i], runs);
		add(&sum, &t);
	}
	printf("streams: runs=%zu right=%zu refused=%zu violations=%zu "
	    "free=%zu open=%zu seed=%u\n", sum.cuts + sum.flips,
	    sum.free + sum.open + sum.cut, sum.refused, sum.wrong, sum.free,
	    sum.open, seed);
	return sum.wrong > 0;
}
