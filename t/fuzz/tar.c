/*
 * The tar reader, in pieces of any size; and against a simple checker, that of
 * foreign dumps.  As it is, and with the checksums of its headers put right.
 */
#include "fuzz.h"

#include "archive/tar.h"
#include "restore/foreign_end.h"

struct told {
	int rc;
	uint64_t sum;		/* of all that was told */
	struct bk_err e;
};

static void
mix(struct told *t, const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n-- > 0)
		t->sum = (t->sum ^ *b++) * 1099511628211U;
}

static struct told
read_all(const uint8_t *p, size_t n, size_t most)
{
	struct fuzz_left left = { p, n };
	struct told t = { .sum = 1 };
	struct bk_tar *tar = bk_tar_open((struct bk_source){ fuzz_source,
	    &left }, "fuzz", &t.e);
	struct bk_tar_entry entry;
	static char buf[8192];
	uint64_t got;
	ssize_t r = 0;

	CHECK(tar != NULL);
	while ((t.rc = bk_tar_next(tar, &entry, &t.e)) == 1) {
		mix(&t, entry.path, strlen(entry.path));
		mix(&t, entry.link, strlen(entry.link));
		mix(&t, &entry.size, sizeof(entry.size));
		CHECK(strlen(entry.path) <= n + 512);
		got = 0;
		/* data of every other file is passed by */
		while (entry.type != '1' && (r = bk_tar_data(tar, buf,
		    1 + fuzz_pick(most), &t.e)) > 0) {
			mix(&t, buf, (size_t)r);
			got += (uint64_t)r;
		}
		CHECK(got <= entry.size && got <= n);
		if (r == -1)
			break;
	}
	if (r == -1)
		t.rc = -1;
	if (t.rc == 0) {
		CHECK(left.n == 0);
		mix(&t, &bk_tar_trailer(tar)->end, 8);
	}
	fuzz_agree(t.rc, &t.e);
	bk_tar_free(tar);
	return t;
}

static void
check(const uint8_t *p, size_t n)
{
	static struct bk_end_scan scan;
	struct told a = read_all(p, n, 8192), b = read_all(p, n, 7);

	CHECK(a.rc == b.rc && (a.rc != 0 || a.sum == b.sum));
	memset(&scan, 0, sizeof(scan));
	bk_end_scan_tar(&scan, (const char *)p, n);
	(void)bk_end_scan_tar_ended(&scan);
	(void)bk_tar_recognise(p, n);
}

FUZZ(64 << 10, 5)
{
	uint8_t *copy = malloc(n + 1);

	CHECK(copy != NULL);
	memcpy(copy, p, n);
	check(copy, n);
	fuzz_tar(copy, n);
	check(copy, n);
	free(copy);
}
