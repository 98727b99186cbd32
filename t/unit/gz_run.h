#ifndef BK_T_UNIT_GZ_RUN_H
#define BK_T_UNIT_GZ_RUN_H
/*
 * Run a codec of lib/compress over bytes in memory, as bin/tool/filter.c does:
 * through real descriptors, bk_reader and bk_writer.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "tap.h"

struct bytes {
	uint8_t *p;
	size_t len;
};

struct result {
	struct bytes out;
	struct bk_err e;	/* e.code is BK_OK if it went well */
};

typedef int compress_fn(struct bk_reader *, struct bk_writer *, int, unsigned,
    struct bk_err *);
typedef int decompress_fn(struct bk_reader *, const char *, struct bk_writer *,
    unsigned, struct bk_err *);

static FILE *gz_in, *gz_out;
static int gz_dup;		/* of gz_out: the writer's */

__attribute__((noreturn)) static void
bail(const char *why)
{
	printf("Bail out! %s\n", why);
	exit(1);
}

static void
open_both(const struct bytes *data, unsigned flags, struct bk_reader **in,
    struct bk_writer **out, struct bk_err *e)
{
	if (gz_in == NULL && ((gz_in = tmpfile()) == NULL ||
	    (gz_out = tmpfile()) == NULL))
		bail("no temporary file");
	if (ftruncate(fileno(gz_in), 0) == -1 ||
	    ftruncate(fileno(gz_out), 0) == -1 ||
	    bk_io_pwrite(fileno(gz_in), data->p, data->len, 0, "test", e) ==
	    -1 || lseek(fileno(gz_in), 0, SEEK_SET) == -1 ||
	    lseek(fileno(gz_out), 0, SEEK_SET) == -1)
		bail("cannot write a temporary file");
	*in = bk_reader_open(fileno(gz_in), "test", flags, e);
	/* finishing closes it */
	gz_dup = dup(fileno(gz_out));
	*out = bk_writer_open(gz_dup, "out", e);
}

/* What came out is read back into r; to be freed by the caller. */
static void
close_both(int rc, struct bk_reader *in, struct bk_writer *out,
    struct result *r)
{
	struct bk_err e = {0};
	off_t len;

	if (rc == 0)
		rc = bk_writer_finish(out, &r->e);
	else if (r->e.code == BK_DATA)
		bk_writer_abandon(out);
	if (rc != 0)
		close(gz_dup);
	bk_writer_free(out);
	bk_reader_free(in);
	if ((rc == 0) != (r->e.code == BK_OK))
		bail("a failure without an error, or the other way round");
	len = lseek(fileno(gz_out), 0, SEEK_END);
	r->out.len = (size_t)len;
	if ((r->out.p = malloc(r->out.len + 1)) == NULL ||
	    lseek(fileno(gz_out), 0, SEEK_SET) == -1 ||
	    bk_io_read(fileno(gz_out), r->out.p, r->out.len, "out", &e) != len)
		bail("cannot read a temporary file");
}

static struct result
decompress(decompress_fn *fn, const struct bytes *data, unsigned threads)
{
	struct result r = {0};
	struct bk_reader *in;
	struct bk_writer *out;
	int rc = -1;

	open_both(data, BK_READER_PARSED | BK_READER_NONEMPTY, &in, &out, &r.e);
	if (in != NULL)
		rc = fn(in, "test", out, threads, &r.e);
	close_both(rc, in, out, &r);
	return r;
}

__attribute__((unused)) static struct result
compress_by(compress_fn *fn, const struct bytes *data, int level,
    unsigned threads)
{
	struct result r = {0};
	struct bk_reader *in;
	struct bk_writer *out;
	int rc = -1;

	open_both(data, 0, &in, &out, &r.e);
	if (in != NULL)
		rc = fn(in, out, level, threads, &r.e);
	close_both(rc, in, out, &r);
	return r;
}

/* Append to b; b->p is the caller's to free. */
static void
append(struct bytes *b, const void *p, size_t n)
{
	if ((b->p = realloc(b->p, b->len + n + 1)) == NULL)
		bail("out of memory");
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
}

static int
same(const struct bytes *a, const struct bytes *b)
{
	return a->len == b->len &&
	    (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* a is the beginning of b, or all of it. */
static int
is_prefix(const struct bytes *a, const struct bytes *b)
{
	return a->len <= b->len &&
	    (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

/* Every truncation is refused, and what came out is the content's beginning. */
__attribute__((unused)) static void
check_truncations(decompress_fn *fn, const struct bytes *good,
    const struct bytes *content, unsigned threads, const char *what)
{
	struct bytes cut = { .p = good->p };
	size_t bad = 0;

	for (cut.len = 0; cut.len < good->len; cut.len++) {
		struct result r = decompress(fn, &cut, threads);

		if (r.e.code != BK_DATA || !is_prefix(&r.out, content)) {
			printf("# at %zu: code %d, %s\n", cut.len,
			    (int)r.e.code, r.e.msg);
			bad++;
		}
		free(r.out.p);
	}
	ok(bad == 0, "%s: all %zu truncations are refused", what, good->len);
}

/* Every flipped bit is refused, or makes no difference. */
__attribute__((unused)) static void
check_flips(decompress_fn *fn, const struct bytes *good,
    const struct bytes *content, unsigned threads, const char *what)
{
	size_t i, bad = 0, refused = 0;

	for (i = 0; i < good->len * 8; i++) {
		struct result r;

		good->p[i / 8] ^= (uint8_t)(1U << (i % 8));
		r = decompress(fn, good, threads);
		good->p[i / 8] ^= (uint8_t)(1U << (i % 8));
		refused += r.e.code == BK_DATA;
		if (r.e.code != BK_DATA &&
		    (r.e.code != BK_OK || !same(&r.out, content))) {
			printf("# byte %zu bit %zu: code %d, %s\n", i / 8,
			    i % 8, (int)r.e.code, r.e.msg);
			bad++;
		}
		free(r.out.p);
	}
	ok(bad == 0 && refused > i / 2, "%s: of %zu flipped bits %zu are "
	    "refused, the others change nothing", what, i, refused);
}

__attribute__((unused)) static void
check_good(decompress_fn *fn, const struct bytes *data,
    const struct bytes *content, unsigned threads, const char *what)
{
	struct result r = decompress(fn, data, threads);

	if (!ok(r.e.code == BK_OK && same(&r.out, content), "%s", what))
		printf("# code %d, %s; %zu bytes\n", (int)r.e.code, r.e.msg,
		    r.out.len);
	free(r.out.p);
}

/* Refused with a message that has the words in it. */
__attribute__((unused)) static void
check_bad(decompress_fn *fn, const struct bytes *data, const char *words,
    const char *what)
{
	struct result r = decompress(fn, data, 2);

	if (!ok(r.e.code == BK_DATA && strstr(r.e.msg, words) != NULL, "%s",
	    what))
		printf("# code %d, %s\n", (int)r.e.code, r.e.msg);
	free(r.out.p);
}

/* n bytes that hardly compress, the same every time. */
__attribute__((unused)) static struct bytes
noise(size_t n)
{
	struct bytes b = { .p = malloc(n + 1), .len = n };
	uint64_t x = 88172645463325252U;
	size_t i;

	if (b.p == NULL)
		bail("out of memory");
	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		b.p[i] = (uint8_t)(x >> 32);
	}
	return b;
}

/* n bytes that compress about as text does. */
__attribute__((unused)) static struct bytes
prose(size_t n)
{
	static const char *const words[] = { "backup ", "restore ", "the ",
	    "of ", "tablespace ", "42\t", "\\N\t", "2026-11-21\n" };
	struct bytes b = noise(n);
	struct bytes out = {0};
	size_t i, len;

	if ((out.p = malloc(n + 16)) == NULL)
		bail("out of memory");
	for (i = 0; out.len < n; i++) {
		const char *w = words[b.p[i] & 7];

		len = strlen(w);
		memcpy(out.p + out.len, w, len);
		out.len += len;
	}
	free(b.p);
	out.len = n;
	return out;
}

#endif
