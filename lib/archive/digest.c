#include "archive/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/hex.h"

struct bk_digest_state {
	XXH3_state_t *xxh;
};

static void
add_hash(struct bk_digest *d, XXH128_hash_t h)
{
	const struct bk_digest item = { .lo = h.low64, .hi = h.high64 };

	bk_digest_add(d, &item);
}

void
bk_digest_item(struct bk_digest *d, const void *p, size_t n)
{
	add_hash(d, XXH3_128bits(p, n));
}

struct bk_digest_state *
bk_digest_new(void)
{
	struct bk_digest_state *s = calloc(1, sizeof(*s));

	if (s != NULL && (s->xxh = XXH3_createState()) == NULL) {
		free(s);
		s = NULL;
	}
	return s;
}

void
bk_digest_begin(struct bk_digest_state *s)
{
	(void)XXH3_128bits_reset(s->xxh);
}

void
bk_digest_update(struct bk_digest_state *s, const void *p, size_t n)
{
	(void)XXH3_128bits_update(s->xxh, p, n);
}

void
bk_digest_end(struct bk_digest_state *s, struct bk_digest *d)
{
	add_hash(d, XXH3_128bits_digest(s->xxh));
}

void
bk_digest_free(struct bk_digest_state *s)
{
	if (s != NULL)
		(void)XXH3_freeState(s->xxh);
	free(s);
}

void
bk_digest_begin_object(struct bk_digest_state *s, uint32_t oid)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%" PRIu32, oid);

	bk_digest_begin(s);
	bk_digest_update(s, text, (size_t)n + 1);
}

void
bk_digest_add(struct bk_digest *d, const struct bk_digest *other)
{
	d->lo += other->lo;
	d->hi += other->hi + (d->lo < other->lo);
}

void
bk_digest_format(const struct bk_digest *d, char out[BK_DIGEST_TEXT])
{
	(void)snprintf(out, BK_DIGEST_TEXT, "%016" PRIx64 "%016" PRIx64,
	    d->hi, d->lo);
}

int
bk_digest_parse(const char *s, struct bk_digest *d)
{
	if (strlen(s) != BK_DIGEST_TEXT - 1 ||
	    strspn(s, "0123456789abcdef") != BK_DIGEST_TEXT - 1 ||
	    bk_hex_number(s, 16, &d->hi) == -1 ||
	    bk_hex_number(s + 16, 16, &d->lo) == -1)
		return -1;
	return 0;
}
