#include "archive/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

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

static int
parse_half(const char *s, uint64_t *v)
{
	const char *hex = "0123456789abcdef", *p;
	int i;

	*v = 0;
	for (i = 0; i < 16; i++) {
		if (s[i] == '\0' || (p = strchr(hex, s[i])) == NULL)
			return -1;
		*v = *v << 4 | (uint64_t)(p - hex);
	}
	return 0;
}

int
bk_digest_parse(const char *s, struct bk_digest *d)
{
	if (parse_half(s, &d->hi) == -1 || parse_half(s + 16, &d->lo) == -1 ||
	    s[32] != '\0')
		return -1;
	return 0;
}
