#include "verify/layers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/thread.h"
#include "compress/gz.h"
#include "compress/zst.h"
#include "stream/heads.h"
#include "stream/writer.h"

#define LAYERS_MAX 8		/* more is taken for an attack */

struct layer {
	struct bk_layers *all;
	struct bk_reader *in;
	int fd;			/* read by in */
	int out;		/* the pipe to the next layer, -1: none */
	enum bk_format format;
	const char *name;
	pthread_t thread;
	struct bk_err e;
	int rc;
	char signer[BK_BECH32_TEXT];	/* who signed it; "": not demanded */
};

struct bk_layers {
	const struct bk_crypt_from *from;
	unsigned threads;
	struct layer layer[LAYERS_MAX + 1];
	size_t n;		/* layer[n] is the innermost stream */
};

/* Is there something inside of it? */
static int
is_layer(enum bk_format format)
{
	return format == BK_FORMAT_GZIP || format == BK_FORMAT_ZSTD ||
	    format == BK_FORMAT_CRYPT;
}

static int
decrypt(struct layer *l, struct bk_writer *out)
{
	struct bk_crypt_from from = *l->all->from;
	struct bk_crypt *c;
	int rc = -1, no_key = 0;

	from.no_key = &no_key;
	c = bk_crypt_open(l->in, &from, &l->e);
	if (no_key)		/* nothing is known of what is inside */
		l->e.code = BK_FAIL;
	if (c != NULL && (rc = bk_crypt_decrypt(c, out, &l->e)) == 0 &&
	    bk_crypt_signer(c) != NULL)
		bk_verifier_format(l->signer, bk_crypt_signer(c));
	bk_crypt_free(c);
	return rc;
}

/* Read and discard the rest. */
static void
drain(int fd)
{
	char scratch[16 * 1024];
	struct bk_err ignored = {0};

	while (bk_io_read(fd, scratch, sizeof(scratch), "", &ignored) > 0)
		continue;
}

/* Its end is not known before its signature is. */
static int
is_demanded(const struct layer *l)
{
	return l->format == BK_FORMAT_CRYPT && l->all->from->signers != NULL;
}

/* A layer's thread: decode in to the pipe. */
static void *
run_layer(void *arg)
{
	struct layer *l = arg;
	struct bk_writer *out = bk_writer_open(l->out, "pipe", &l->e);

	if (out == NULL || ((bk_reader_sealed(l->in) || is_demanded(l)) &&
	    bk_writer_envelope(out, bk_reader_label(l->in), &l->e) == -1))
		goto done;
	switch (l->format) {
	case BK_FORMAT_GZIP:
		l->rc = bk_gz_decompress(l->in, l->name, out, l->all->threads,
		    &l->e);
		break;
	case BK_FORMAT_ZSTD:
		l->rc = bk_zst_decompress(l->in, l->name, out,
		    l->all->threads, &l->e);
		break;
	case BK_FORMAT_CRYPT:
		l->rc = decrypt(l, out);
		break;
	default:
		break;
	}
	if (l->rc == 0 && (l->rc = bk_writer_finish(out, &l->e)) == 0)
		l->out = -1;
 done:
	bk_writer_free(out);
	if (l->out != -1)
		close(l->out);	/* truncated: the next layer notices */
	l->out = -1;
	if (l->rc == -1 && l->e.code == BK_DATA)
		drain(l->fd);
	return NULL;
}

/* Start layer l's thread; *next: descriptor to read its output from. */
static int
start_layer(struct layer *l, int *next, struct bk_err *e)
{
	int p[2];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	l->out = p[1];
	l->rc = -1;
	if (bk_thread_start(&l->thread, run_layer, l, e) == -1) {
		close(p[0]);
		close(p[1]);
		return -1;
	}
	*next = p[0];
	return 0;
}

/* Open the next inner stream: 1 if it is a layer, 0 if the innermost. */
static int
open_next(struct bk_layers *all, int fd, unsigned flags, int *next,
    struct bk_label *label, struct bk_err *e)
{
	static const char *const names[] = { "standard input",
	    "standard input, decoded", "standard input, decoded twice" };
	struct layer *l = &all->layer[all->n];
	const uint8_t *head;
	size_t n, depth = sizeof(names) / sizeof(names[0]) - 1;

	l->all = all;
	l->fd = fd;
	l->out = -1;
	l->name = names[all->n < depth ? all->n : depth];
	if ((l->in = bk_reader_open(fd, l->name, flags, e)) == NULL)
		return -1;
	if (label->kind == BK_LABEL_NONE && label->at == 0 &&
	    *label->run == '\0')
		*label = *bk_reader_label(l->in);
	head = bk_reader_head(l->in, &n);
	l->format = bk_heads_format(head, n);
	if (!is_layer(l->format))
		return 0;
	if (all->n == LAYERS_MAX)
		return bk_fail(e, BK_DATA, "%s: more than %d layers", l->name,
		    LAYERS_MAX);
	if (l->format != BK_FORMAT_CRYPT)
		bk_reader_parsed(l->in);
	if (l->format == BK_FORMAT_CRYPT && all->from->passphrase == NULL &&
	    all->from->identities->n == 0)
		return bk_fail(e, BK_FAIL, "%s: encrypted; give its key with "
		    "-i FILE", l->name);
	return start_layer(l, next, e) == -1 ? -1 : 1;
}

/* What is not encrypted at all has no signature either. */
static int
check_signed(const struct bk_layers *all, struct bk_err *e)
{
	size_t i;

	if (all->from->signers == NULL)
		return 0;
	for (i = 0; i < all->n; i++)
		if (all->layer[i].format == BK_FORMAT_CRYPT)
			return 0;
	return bk_fail(e, BK_DATA, "%s: not signed, but a signature is "
	    "demanded", all->layer[0].name);
}

struct bk_layers *
bk_layers_open(int fd, int sealed, const struct bk_crypt_from *from,
    unsigned threads, struct bk_label *label, struct bk_err *e)
{
	struct bk_layers *all = calloc(1, sizeof(*all));
	unsigned flags = sealed ? BK_READER_SEALED : 0;
	int r;

	if (all == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	all->from = from;
	all->threads = threads;
	*label = (struct bk_label){0};
	while ((r = open_next(all, fd, flags | BK_READER_NONEMPTY, &fd, label,
	    e)) == 1) {
		all->n++;
		flags = 0;
	}
	if (r == 0 && check_signed(all, e) == 0)
		return all;
	(void)bk_layers_end(all, -1, e);
	bk_layers_free(all);
	return NULL;
}

struct bk_reader *
bk_layers_inside(struct bk_layers *l)
{
	return l->layer[l->n].in;
}

const char *
bk_layers_name(const struct bk_layers *l)
{
	return l->layer[l->n].name;
}

ssize_t
bk_layers_read(void *in, void *buf, size_t n, struct bk_err *e)
{
	return bk_reader_read(in, buf, n, e);
}

int
bk_layers_sealed(const struct bk_layers *l)
{
	size_t i;

	for (i = 0; i <= l->n; i++)
		if (bk_reader_sealed(l->layer[i].in))
			return 1;
	return 0;
}

const char *
bk_layers_signer(const struct bk_layers *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (*l->layer[i].signer != '\0')
			return l->layer[i].signer;
	return "";
}

int
bk_layers_end(struct bk_layers *l, int rc, struct bk_err *e)
{
	size_t i;

	if (rc == -1 && e->code == BK_DATA)
		drain(l->layer[l->n].fd);
	if (l->n > 0)
		close(l->layer[l->n].fd);
	for (i = l->n; i-- > 0; ) {
		(void)pthread_join(l->layer[i].thread, NULL);
		if (i > 0)
			close(l->layer[i].fd);
	}
	for (i = 0; i < l->n; i++)
		/* quiet: EPIPE, its reader having failed first */
		if (l->layer[i].rc == -1 && !l->layer[i].e.quiet) {
			*e = l->layer[i].e;
			return -1;
		}
	return rc;
}

void
bk_layers_free(struct bk_layers *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i <= l->n; i++)
		bk_reader_free(l->layer[i].in);
	free(l);
}
