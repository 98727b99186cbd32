/* bk_gz_decompress: all kinds of valid streams and of damage. */
#include "gz_run.h"

#include <libdeflate.h>
#include <zlib.h>

#include "compress/deflate.h"
#include "compress/gz.h"
#include "compress/gz_header.h"
#include "compress/le.h"
#include "stream/seal.h"

static struct bk_seal seal;		/* of the stream last opened */
static struct bk_gz_total total;	/* since then */

/* A member of any size, as bk_gz_compress() writes them. */
static void
add_member(struct bytes *b, const char *opening, const struct bytes *content)
{
	struct bk_err e = {0};
	struct bk_deflate *d = bk_deflate_new(6, &e);
	uint8_t *m = malloc(BK_GZ_HEADER_MAX + bk_deflate_bound(content->len) +
	    BK_GZ_TRAILER);
	size_t n;

	if (d == NULL || m == NULL)
		bail("out of memory");
	n = bk_gz_header_put(m, opening);
	n += bk_deflate_run(d, content->p, content->len, m + n);
	bk_le_put32(m + n, libdeflate_crc32(0, content->p, content->len));
	bk_le_put32(m + n + 4, (uint32_t)content->len);
	bk_gz_total_add(&total, bk_le_get32(m + n), content->len);
	n += BK_GZ_TRAILER;
	bk_gz_header_sizes(m, (uint32_t)n, (uint32_t)content->len);
	append(b, m, n);
	bk_deflate_free(d);
	free(m);
}

static void
add_opening(struct bytes *b, const struct bytes *content)
{
	char opening[BK_SEAL_OPENING];
	struct bk_label label = {0};
	struct bk_err e = {0};

	bk_label_set(&label, BK_LABEL_DB, "shop");
	if (bk_seal_new(&seal, &label, &e) == -1)
		bail("no seal");
	(void)bk_seal_open(&seal, opening);
	total = (struct bk_gz_total){0};
	add_member(b, opening, content);
}

static void
add_closing(struct bytes *b)
{
	uint8_t last[BK_GZ_HEADER_MAX];

	append(b, last, bk_gz_header_closing(last, &seal, &total));
}

/* A complete stream: three members with content and the last one. */
static void
add_own(struct bytes *b, const struct bytes *content)
{
	size_t third = content->len / 3;
	struct bytes part[3] = {
		{ content->p, third },
		{ content->p + third, third },
		{ content->p + 2 * third, content->len - 2 * third },
	};

	add_opening(b, &part[0]);
	add_member(b, NULL, &part[1]);
	add_member(b, NULL, &part[2]);
	add_closing(b);
}

/* A foreign member: by zlib, with or without optional fields. */
static void
add_foreign(struct bytes *b, const struct bytes *content, int level,
    int fields)
{
	Bytef name[] = "a name", comment[] = "a comment";
	Bytef extra[] = { 'X', 'Y', 3, 0, 1, 2, 3 };
	gz_header h = { .name = name, .comment = comment, .extra = extra,
	    .extra_len = sizeof(extra), .hcrc = 1, .os = 3 };
	z_stream z = { .next_in = content->p, .avail_in = (uInt)content->len };
	uint8_t *out;
	uLong bound;

	if (deflateInit2(&z, level, Z_DEFLATED, 31, 8, 0) != Z_OK)
		bail("deflateInit2");
	if (fields)
		(void)deflateSetHeader(&z, &h);
	bound = deflateBound(&z, content->len);
	if ((out = malloc(bound)) == NULL)
		bail("out of memory");
	z.next_out = out;
	z.avail_out = (uInt)bound;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		bail("deflate");
	append(b, out, z.total_out);
	(void)deflateEnd(&z);
	free(out);
}

static struct bytes
twice(const struct bytes *a)
{
	struct bytes b = {0};

	append(&b, a->p, a->len);
	append(&b, a->p, a->len);
	return b;
}

static void
test_small(void)
{
	struct bytes content = prose(160), own = {0}, plain = {0}, full = {0};

	add_own(&own, &content);
	add_foreign(&plain, &content, 6, 0);
	add_foreign(&full, &content, 6, 1);
	check_good(bk_gz_decompress, &own, &content, 2, "own stream");
	check_good(bk_gz_decompress, &plain, &content, 2, "zlib's stream");
	check_good(bk_gz_decompress, &full, &content, 2, "one with all fields");
	check_truncations(bk_gz_decompress, &own, &content, 1, "own");
	check_truncations(
	    bk_gz_decompress, &own, &content, 3, "own, 3 threads");
	check_truncations(bk_gz_decompress, &plain, &content, 1, "zlib's");
	check_truncations(bk_gz_decompress, &full, &content, 1, "all fields");
	check_flips(bk_gz_decompress, &own, &content, 1, "own");
	check_flips(bk_gz_decompress, &plain, &content, 1, "zlib's");
	check_flips(bk_gz_decompress, &full, &content, 1, "all fields");
	full.p[4] ^= 1;		/* the time, covered by FHCRC only */
	check_bad(bk_gz_decompress, &full, "offset 0: wrong header checksum",
	    "a header that disagrees with its FHCRC");
	free(content.p);
	free(own.p);
	free(plain.p);
	free(full.p);
}

static void
test_joined(void)
{
	struct bytes content = prose(3000), two = twice(&content);
	struct bytes own_own = {0}, own_foreign = {0}, foreign_own = {0};
	struct bytes padded = {0}, lost = {0}, headless = {0};
	uint8_t zero[300000] = {0};

	add_own(&own_own, &content);
	add_own(&own_own, &content);
	check_good(bk_gz_decompress, &own_own, &two, 2, "own + own");
	add_own(&own_foreign, &content);
	add_foreign(&own_foreign, &content, 6, 1);
	check_good(bk_gz_decompress, &own_foreign, &two, 2, "own + zlib's");
	add_foreign(&foreign_own, &content, 6, 0);
	add_own(&foreign_own, &content);
	check_good(bk_gz_decompress, &foreign_own, &two, 2, "zlib's + own");

	add_own(&padded, &content);
	append(&padded, zero, sizeof(zero));
	check_good(bk_gz_decompress, &padded, &content, 2, "zero padding");
	append(&padded, "x", 1);
	check_bad(bk_gz_decompress, &padded, "trailing garbage",
	    "something behind the padding");

	add_opening(&lost, &content);
	add_own(&lost, &content);
	check_bad(bk_gz_decompress, &lost, "unfinished",
	    "a stream that lost its end before another");
	add_member(&headless, NULL, &content);
	add_closing(&headless);
	check_bad(bk_gz_decompress, &headless, "beginning is missing",
	    "a stream that lost its beginning");
	free(content.p);
	free(two.p);
	free(own_own.p);
	free(own_foreign.p);
	free(foreign_own.p);
	free(padded.p);
	free(lost.p);
	free(headless.p);
}

/* Whole members of one stream that are missing, doubled or moved. */
static void
test_members(void)
{
	static const struct {
		const char *order, *name;
	} cases[] = {
		{ "02", "a member is missing" },
		{ "0112", "a member is there twice" },
		{ "021", "two members have changed places" },
		{ "01", "the last one is missing" },
		{ "0x12", "a foreign one is between them" },
	};
	struct bytes content = prose(3000), whole = {0}, b = {0}, part[3];
	struct bytes none = {0};
	size_t third = content.len / 3, i;
	const char *p;

	for (i = 0; i < 3; i++)
		part[i] = (struct bytes){ content.p + i * third, third };
	content.len = 3 * third;
	add_own(&whole, &content);
	check_good(bk_gz_decompress, &whole, &content, 2, "all in their order");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bk_gz_total right;

		b.len = 0;
		add_opening(&b, &part[0]);
		right = total;
		bk_gz_total_add(&right, libdeflate_crc32(0, part[1].p, third),
		    third);
		bk_gz_total_add(&right, libdeflate_crc32(0, part[2].p, third),
		    third);
		for (p = cases[i].order + 1; *p != '\0'; p++) {
			if (*p == 'x')
				add_foreign(&b, &part[0], 6, 0);
			else
				add_member(&b, NULL, &part[*p - '0']);
		}
		total = right;
		add_closing(&b);
		check_bad(bk_gz_decompress, &b, "checksum of all",
		    cases[i].name);
	}
	b.len = 0;
	add_opening(&b, &none);
	add_foreign(&b, &content, 6, 0);
	bk_gz_total_add(&total, libdeflate_crc32(0, content.p, content.len),
	    content.len);
	add_closing(&b);
	check_good(bk_gz_decompress, &b, &content, 2,
	    "a member without sizes counts as well");
	free(whole.p);
	free(b.p);
	free(content.p);
}

/* Members too large to be inflated by a worker, as a later bk-gz may write. */
static void
test_larger(void)
{
	struct bytes content = prose(2 * BK_GZ_MEMBER), b = {0};

	add_opening(&b, &content);
	add_closing(&b);
	check_good(bk_gz_decompress, &b, &content, 2, "a member of 2 MiB");
	free(b.p);
	free(content.p);
}

/* An extra byte between the deflate stream and the trailer. */
static void
test_slack(const struct bytes *content)
{
	struct bytes b = {0};

	add_member(&b, NULL, content);
	append(&b, "", 1);
	memmove(b.p + b.len - BK_GZ_TRAILER, b.p + b.len - 1 - BK_GZ_TRAILER,
	    BK_GZ_TRAILER);
	bk_gz_header_sizes(b.p, (uint32_t)b.len, (uint32_t)content->len);
	check_bad(bk_gz_decompress, &b, "damaged", "a byte too many");
	free(b.p);
}

/* Headers with wrong sizes, and input that is not gzip. */
static void
test_hostile(void)
{
	struct bytes content = prose(500), b = {0};
	static const uint32_t sizes[] = { 0, 24, 31, 32, 33, 40, 0x7fffffff,
	    0xffffffff };
	size_t i, wrong = 0;

	for (i = 0; i < 64; i++) {
		struct result r;

		b.len = 0;
		add_member(&b, NULL, &content);
		bk_gz_header_sizes(b.p, sizes[i % 8], sizes[i / 8]);
		r = decompress(bk_gz_decompress, &b, 1);
		wrong += r.e.code == BK_OK ? !same(&r.out, &content) :
		    r.e.code != BK_DATA || r.out.len > 0;
		free(r.out.p);
	}
	is_int((intmax_t)wrong, 0, "lies about sizes mislead nobody");
	b.len = 0;
	add_member(&b, NULL, &content);
	bk_gz_header_sizes(b.p, 0x7fffffff, 1);
	check_good(bk_gz_decompress, &b, &content, 2,
	    "a member of 2 GiB, it says, is not read in one piece");
	bk_gz_header_sizes(b.p, (uint32_t)b.len, 0x7fffffff);
	check_good(bk_gz_decompress, &b, &content, 2,
	    "nor one that promises 2 GiB of content");
	bk_gz_header_sizes(b.p, 31, 1);
	check_good(bk_gz_decompress, &b, &content, 2,
	    "nor one without room for a trailer");
	test_larger();
	test_slack(&content);
	b.len = 0;
	add_member(&b, NULL, &content);
	bk_le_put32(b.p + b.len - 4, 0x7fffffff);
	check_bad(bk_gz_decompress, &b, "longer than its header states",
	    "a trailer that promises 2 GiB");
	b.len = 0;
	append(&b, "\x1f\x8b\x08\xe0", 4);
	append(&b, content.p, content.len);
	check_bad(bk_gz_decompress, &b, "unknown method or flags",
	    "reserved flags");
	check_bad(bk_gz_decompress, &content, "does not begin with a gzip",
	    "prose");
	b.len = 0;
	add_foreign(&b, &content, 6, 0);
	i = b.len;
	append(&b, "\x1f", 1);
	append(&b, content.p, content.len);
	check_bad(
	    bk_gz_decompress, &b, "trailing garbage", "prose behind gzip");
	free(b.p);
	free(content.p);
}

/*
 * A trailer across the end of the input buffer, and content across the end of
 * the output buffer.
 */
static void
test_edges(void)
{
	struct bytes all = noise(BK_GZ_MEMBER + 8), content = all, b = {0};
	size_t wrong = 0, i;

	for (i = 0; i < 80; i++) {
		struct result r;

		content.len = BK_INPUT_CAP - 60 + i;
		b.len = 0;
		add_foreign(&b, &content, 0, 0);
		r = decompress(bk_gz_decompress, &b, 1);
		wrong += r.e.code != BK_OK || !same(&r.out, &content);
		free(r.out.p);
	}
	for (i = 0; i < 9; i++) {
		struct result r;

		content.len = BK_GZ_MEMBER - 4 + i;
		b.len = 0;
		add_foreign(&b, &content, 1, 0);
		add_foreign(&b, &content, 1, 0);
		r = decompress(bk_gz_decompress, &b, 1);
		wrong += r.e.code != BK_OK || r.out.len != 2 * content.len ||
		    memcmp(r.out.p + content.len, content.p, content.len) != 0;
		free(r.out.p);
	}
	is_int((intmax_t)wrong, 0, "members on the edges of buffers");
	free(b.p);
	free(all.p);
}

/* A damaged long foreign member: output before the damage is written. */
static void
test_salvage(void)
{
	struct bytes content = noise(3 * BK_GZ_MEMBER), b = {0};
	struct result r;

	add_foreign(&b, &content, 1, 0);
	b.p[b.len - 6] ^= 1;
	r = decompress(bk_gz_decompress, &b, 2);
	ok(r.e.code == BK_DATA && strstr(r.e.msg, "checksum") != NULL &&
	    strstr(r.e.msg, "offset 0") != NULL, "a wrong CRC is told");
	ok(r.out.len == 2 * BK_GZ_MEMBER && is_prefix(&r.out, &content),
	    "of its last piece nothing is released");
	free(r.out.p);
	free(b.p);
	free(content.p);
}

int
main(void)
{
	test_small();
	test_joined();
	test_members();
	test_hostile();
	test_edges();
	test_salvage();
	return tap_done();
}
