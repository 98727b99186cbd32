#include "compress/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>

#ifdef BK_HAVE_ISAL
#include <isa-l.h>
#define ISAL_LEVELS 2		/* those faster than libdeflate's */
#else
#define ISAL_LEVELS 0
#endif

/* Either ld or isal is NULL. */
struct bk_deflate {
	struct libdeflate_compressor *ld;
#ifdef BK_HAVE_ISAL
	struct isal_zstream *isal;
	uint32_t level;
	uint8_t work[ISAL_DEF_LVL2_DEFAULT];	/* the larger of the two */
#endif
};

struct bk_deflate *
bk_deflate_new(int level, struct bk_err *e)
{
	struct bk_deflate *d = calloc(1, sizeof(*d));
	int ready = 0;

	if (d == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if (level > ISAL_LEVELS)
		ready = (d->ld = libdeflate_alloc_compressor(level)) != NULL;
#ifdef BK_HAVE_ISAL
	if (level <= ISAL_LEVELS) {
		d->level = (uint32_t)level;
		ready = (d->isal = malloc(sizeof(*d->isal))) != NULL;
	}
#endif
	if (!ready) {
		bk_deflate_free(d);
		bk_fail_memory(e);
		return NULL;
	}
	return d;
}

void
bk_deflate_free(struct bk_deflate *d)
{
	if (d == NULL)
		return;
	libdeflate_free_compressor(d->ld);
#ifdef BK_HAVE_ISAL
	free(d->isal);
#endif
	free(d);
}

size_t
bk_deflate_bound(size_t n)
{
	/*
	 * Both fall back to stored blocks of at least 5,000 bytes, with 5
	 * bytes of overhead each; ISA-L needs some more room.
	 */
	return libdeflate_deflate_compress_bound(NULL, n) + 1024;
}

#ifdef BK_HAVE_ISAL
static size_t
run_isal(struct bk_deflate *d, const uint8_t *in, size_t n, uint8_t *out)
{
	struct isal_zstream *z = d->isal;

	isal_deflate_init(z);
	z->level = d->level;
	z->level_buf = d->work;
	z->level_buf_size = d->level == 1 ? ISAL_DEF_LVL1_DEFAULT :
	    ISAL_DEF_LVL2_DEFAULT;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)(uintptr_t)in;	/* it is only read */
	z->avail_in = (uint32_t)n;
	z->next_out = out;
	z->avail_out = (uint32_t)bk_deflate_bound(n);
	(void)isal_deflate(z);	/* fails on wrong parameters only */
	return z->total_out;
}
#endif

size_t
bk_deflate_run(struct bk_deflate *d, const uint8_t *in, size_t n, uint8_t *out)
{
#ifdef BK_HAVE_ISAL
	if (d->isal != NULL)
		return run_isal(d, in, n, out);
#endif
	return libdeflate_deflate_compress(d->ld, in, n, out,
	    bk_deflate_bound(n));
}
