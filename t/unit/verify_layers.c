/* Nested layers, and a stream with two readers, whose calls fail. */
#include "verify/layers.h"

#include <stdlib.h>
#include <unistd.h>

#include "compress/gz.h"
#include "stream/writer.h"
#include "starve.h"
#include "tap.h"
#include "verify/stream_split.h"

static const char text[] = "what is inside\n";
static struct bk_signer signer;
static struct bk_identities ids;
static struct bk_recipients rcpts;

/* A temporary file's descriptor. */
static int
scratch(void)
{
	char path[] = "/tmp/bk-layers.XX" "XX" "XX";
	int fd = mkstemp(path);

	if (fd == -1 || unlink(path) == -1)
		abort();
	return fd;
}

/* Of the file from: compressed, or encrypted and signed. */
static int
layer(int from, int encrypt, struct bk_err *e)
{
	const struct bk_crypt_to to = { .recipients = &rcpts,
	    .signer = &signer };
	int fd = scratch();
	struct bk_writer *out = bk_writer_open(dup(fd), "layer", e);
	struct bk_reader *in;
	int rc;

	if (lseek(from, 0, SEEK_SET) == -1)
		abort();
	in = bk_reader_open(from, "text", 0, e);
	rc = bk_writer_envelope(out, NULL, e);
	if (rc == 0)
		rc = encrypt ? bk_crypt_encrypt(&bk_suite_bk, &to, in, out,
		    e) : bk_gz_compress(in, out, 6, 1, e);
	if (rc == 0)
		rc = bk_writer_finish(out, e);
	ok(rc == 0, "a layer %s", e->msg);
	bk_reader_free(in);
	bk_writer_free(out);
	close(from);
	return fd;
}

static int
is_text(struct bk_reader *in, struct bk_err *e)
{
	char got[100];
	size_t n = 0;
	ssize_t r;

	while ((r = bk_layers_read(in, got + n, sizeof(got) - n, e)) > 0)
		n += (size_t)r;
	return r == -1 ? -1 : n == strlen(text) && memcmp(got, text, n) == 0 ?
	    0 : 99;
}

static int
layers_job(void *arg, struct bk_err *e)
{
	const struct bk_verifiers signers = { .key = &signer.public, .n = 1 };
	const struct bk_crypt_from from = { .identities = &ids,
	    .signers = &signers };
	struct bk_label label;
	struct bk_layers *l;
	int rc = -1;

	if (lseek(*(int *)arg, 0, SEEK_SET) == -1)
		return bk_fail_errno(e, "seek");
	l = bk_layers_open(*(int *)arg, 1, &from, 1, &label, e);
	if (l != NULL) {
		rc = is_text(bk_layers_inside(l), e);
		rc = bk_layers_end(l, rc, e);
		if (rc == 0 && *bk_layers_signer(l) == '\0')
			rc = 99;
	}
	bk_layers_free(l);
	return rc;
}

static ssize_t
read_text(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	size_t *at = ctx, left = strlen(text) - *at;

	(void)e;
	if (n > left)
		n = left;
	memcpy(buf, text + *at, n);
	*at += n;
	return (ssize_t)n;
}

/* The second reader: the same, to the end. */
static int
check_text(void *ctx, struct bk_source src, struct bk_err *e)
{
	char buf[4];
	ssize_t n;

	(void)ctx;
	while ((n = src.read(src.ctx, buf, sizeof(buf), e)) > 0)
		continue;
	return n == 0 ? 0 : -1;
}

static int
beside_job(void *arg, struct bk_err *e)
{
	size_t at = 0;
	struct bk_split b = { .src = { read_text, &at },
	    .check = check_text };
	char buf[4];
	ssize_t n = -1;
	int rc = -1;

	(void)arg;
	if (bk_split_start(&b, e) == 0) {
		while ((n = bk_split_read(&b, buf, sizeof(buf), e)) > 0)
			continue;
		rc = bk_split_finish(&b, 1, n == 0 ? 0 : -1, e);
	}
	bk_split_free(&b);
	return rc;
}

int
main(void)
{
	struct bk_identity id;
	struct bk_err e = {0}, why = {0};
	int fd = scratch();

	is_int(bk_identity_make(&id, &e), 0, "a key");
	is_int(bk_signer_make(&signer, &e), 0, "a signer");
	ids = (struct bk_identities){ .id = &id, .n = 1 };
	rcpts = (struct bk_recipients){ .key = &id.public, .n = 1 };
	ok(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "a text");
	fd = layer(fd, 0, &e);
	is_int(layers_job(&fd, &why), -1, "nobody has signed it:");
	is_str(why.msg, "standard input: not signed, but a signature is "
	    "demanded", "that is said");
	fd = layer(fd, 1, &e);
	is_int(layers_job(&fd, &e), 0, "a text in two layers");
	starve_all("two layers", layers_job, &fd);
	starve_all("two readers", beside_job, NULL);
	is_int(e.code, BK_OK, "nothing failed on the way");
	close(fd);
	return tap_done();
}
