#ifndef BK_T_FUZZ_FUZZ_H
#define BK_T_FUZZ_FUZZ_H
/*
 * A target reads bytes from outside with one of the library's parsers:
 *
 *	FUZZ(64 << 10, 4)
 *	{
 *		...	p has n bytes
 *	}
 *
 * No input may make it use more memory than so many bytes, and so many more
 * for each byte of input, at any moment; nor crash, hang, or break what it
 * CHECK()s.  The input is on the heap, without a byte to spare.
 *
 * Each file is compiled twice: for a fuzzer's own main (FUZZ_ALONE), and with
 * all others into one program that runs the seeds (support/main.c).
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "stream/reader.h"
#include "stream/writer.h"

#ifdef FUZZ_ALONE
#define FUZZ_ENTRY LLVMFuzzerTestOneInput
#else
#define FUZZ_JOIN(a, b) a##b
#define FUZZ_EXPAND(a, b) FUZZ_JOIN(a, b)
#define FUZZ_ENTRY FUZZ_EXPAND(target_, FUZZ_NAME)
#endif

int FUZZ_ENTRY(const uint8_t *p, size_t n);

#define FUZZ(bytes, each) \
static void fuzz_target(const uint8_t *p, size_t n); \
int \
FUZZ_ENTRY(const uint8_t *p, size_t n) \
{ \
	fuzz_begin(p, n); \
	fuzz_target(p, n); \
	fuzz_end((bytes) + (size_t)(each) * n); \
	return 0; \
} \
static void \
fuzz_target(const uint8_t *p, size_t n)

void fuzz_begin(const uint8_t *p, size_t n);
void fuzz_end(size_t limit);

#define CHECK(good) \
	((good) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #good))
__attribute__((noreturn)) void fuzz_broken(const char *file, int line,
    const char *what);

/* A number below max, by the input: the same for the same input. */
size_t fuzz_pick(size_t max);

/* The input as a string, cut at its first NUL; freed by fuzz_end(). */
char *fuzz_text(const uint8_t *p, size_t n);

/*
 * A file with these bytes, its descriptor at the beginning, to be left open;
 * valid until the next call with this slot, 0 to 3.
 */
int fuzz_file(int slot, const void *p, size_t n);

/* A path by which fuzz_file()'s can be opened.  Borrowed. */
const char *fuzz_path(int slot, const void *p, size_t n);

/*
 * A file of that name in a directory which has no other, fuzz_dir(); its path.
 * Both are removed at the end.
 */
const char *fuzz_dir(void);
const char *fuzz_named(const char *name, const void *p, size_t n);

/* From now on read(2) returns as little as it likes: 1; or all: 0. */
void fuzz_short_reads(int on);

/*
 * A source for what reads an archive or a tar: in pieces, by fuzz_pick().  Its
 * context is a struct fuzz_left.
 */
struct fuzz_left {
	const uint8_t *p;
	size_t n;
};
ssize_t fuzz_source(void *left, void *buf, size_t n, struct bk_err *e);

/* Put the checksums of a tar's headers right, as far as it can be followed. */
void fuzz_tar(uint8_t *p, size_t n);

/* What a filter makes of a stream. */
struct fuzz_made {
	int rc;
	struct bk_err e;
	const uint8_t *p;	/* its output, valid until the next one */
	size_t n;
};
typedef int fuzz_filter(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e);
struct fuzz_made fuzz_run(const uint8_t *p, size_t n, unsigned flags,
    fuzz_filter *filter, void *ctx);

/* rc is 0 with nothing in e, or -1 with a code and a message. */
void fuzz_agree(int rc, const struct bk_err *e);

#endif
