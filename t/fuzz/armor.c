/* ASCII armor: the same in any pieces, and one text for each content. */
#include "fuzz.h"

#include "base/base64.h"
#include "crypt/armor.h"

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define END "-----END AGE ENCRYPTED FILE-----"

static size_t most;

static int
decode(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	static uint8_t buf[20000];
	struct bk_armor *a = bk_armor_open(in, e);
	size_t want;
	ssize_t r;

	(void)ctx;
	do {
		want = 1 + fuzz_pick(most);
		r = bk_armor_read(a, buf, want, e);
		CHECK(r <= (ssize_t)want);
	} while (r > 0 && bk_writer_write(out, buf, (size_t)r, e) == 0);
	bk_armor_free(a);
	return (int)r;
}

static int
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text of n bytes as age writes it, with LF as line ends. */
static void
print(struct bk_buf *b, const uint8_t *p, size_t n)
{
	char line[80];
	struct bk_err e = {0};
	size_t len, at;

	CHECK(bk_buf_puts(b, BEGIN "\n", &e) == 0);
	for (at = 0; at < n; at += len) {
		len = n - at < 48 ? n - at : 48;
		bk_base64_encode(line, p + at, len);
		CHECK(bk_buf_printf(b, &e, "%s%.*s\n", line,
		    (int)((3 - len % 3) % 3), "==") == 0);
	}
	CHECK(bk_buf_puts(b, END, &e) == 0);
}

/* The n bytes at p without the blanks around them and the CRs at line ends. */
static void
trim(struct bk_buf *b, const uint8_t *p, size_t n)
{
	struct bk_err e = {0};
	size_t i;

	while (n > 0 && is_blank(*p)) {
		p++;
		n--;
	}
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	for (i = 0; i < n; i++)
		if (p[i] != '\r' || i + 1 == n || p[i + 1] != '\n')
			CHECK(bk_buf_add(b, p + i, 1, &e) == 0);
}

FUZZ(160 << 10, 8)
{
	struct bk_buf want = {0}, got = {0}, kept = {0};
	struct bk_err e = {0};
	struct fuzz_made m;
	int rc;

	fuzz_short_reads(1);
	most = 20000;
	m = fuzz_run(p, n, BK_READER_PARSED, decode, NULL);
	rc = m.rc;
	trim(&got, p, n);
	if (rc == 0 && got.len > sizeof(BEGIN) - 1 &&
	    memcmp(got.data, BEGIN, sizeof(BEGIN) - 1) == 0 &&
	    /* a stream in an envelope, or with armor far behind, is none */
	    m.n != n) {
		print(&want, m.p, m.n);
		CHECK(want.len == got.len &&
		    memcmp(want.data, got.data, got.len) == 0);
	}
	CHECK(bk_buf_add(&kept, m.p, m.n, &e) == 0);
	most = 7;
	m = fuzz_run(p, n, BK_READER_PARSED, decode, NULL);
	CHECK(m.rc == rc && m.n == kept.len && (m.n == 0 ||
	    memcmp(m.p, kept.data, m.n) == 0));
	bk_buf_free(&want);
	bk_buf_free(&got);
	bk_buf_free(&kept);
}
