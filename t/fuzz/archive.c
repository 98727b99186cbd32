/* A dump, from header to closing mark, as bk-verify reads it; in pieces. */
#include "fuzz.h"

#include "archive/archive.h"
#include "archive/toc_roles.h"
#include "restore/entry_list.h"
#include "verify/check.h"

static int
see_role(void *ctx, const struct bk_toc_role *role, struct bk_err *e)
{
	(void)ctx, (void)e;
	CHECK(*role->name != '\0' || role->super == 0);
	return 0;
}

/* The table of contents alone, and who reads it. */
static void
read_toc(const uint8_t *p, size_t n)
{
	struct fuzz_left left = { p, n };
	struct bk_err e = {0}, ignored = {0};
	struct bk_archive *a = bk_archive_open((struct bk_source){ fuzz_source,
	    &left }, "fuzz", &e);
	struct bk_toc toc = {0};
	struct bk_seal seal;
	int rc = bk_archive_toc(a, &toc, &e);
	size_t i, k;

	fuzz_agree(rc, &e);
	for (i = 0; rc == 0 && i < toc.n; i++) {
		CHECK(toc.entry[i].tag != NULL && toc.entry[i].desc != NULL);
		CHECK(toc.entry[i].offset_at < toc.raw.len);
		for (k = 0; k < toc.entry[i].ndeps; k++)
			(void)toc.entry[i].deps[k];
	}
	if (rc == 0) {
		CHECK(toc.raw.len <= n && memcmp(toc.raw.data, p,
		    toc.raw.len) == 0);
		(void)bk_toc_encoding(&toc);
		(void)bk_toc_seal(&toc, &seal);
		(void)bk_toc_roles(&toc, see_role, NULL, &ignored);
	}
	bk_toc_free(&toc);
	bk_archive_free(a);
}

/* On zlib and zstd: state of their own, 128 KiB and more. */
FUZZ(2 << 20, 200)
{
	struct fuzz_left left = { p, n };
	struct bk_verdict v = {0};
	struct bk_err e = {0};
	int rc;

	read_toc(p, n);
	rc = bk_check_archive((struct bk_source){ fuzz_source, &left }, "fuzz",
	    NULL, &v, NULL, &e);
	fuzz_agree(rc, &e);
	CHECK(rc != 0 || left.n == 0);
	bk_verdict_free(&v);
}
