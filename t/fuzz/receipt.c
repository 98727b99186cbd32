/* Receipts, which bk-prune and bk-age believe. */
#include "fuzz.h"

#include <stdio.h>

#include "policy/proofs.h"

#define LISTING \
"2026-11-21T02:15:03Z\t1234\ts3://b/shop-20261121T021503Z.bk\n" \
"2026-11-22T02:15:03Z\t12\ts3://b/daily/other.bk\n"

FUZZ(256 << 10, 400)
{
	struct bk_listing items = {0};
	struct bk_proofs found = {0};
	struct bk_err e = {0};
	FILE *f;
	size_t i;

	(void)fuzz_named("a.receipt.json", p, n);
	f = fopen(fuzz_path(0, LISTING, sizeof(LISTING) - 1), "r");
	CHECK(f != NULL && bk_listing_read(&items, f, "fuzz", &e) == 0);
	(void)fclose(f);
	CHECK(bk_proofs_load(&items, NULL,
	    &(struct bk_proofs_from){ .dir = fuzz_dir() }, &found, &e) == 0);
	CHECK(found.matched <= found.receipts && found.refused <= 1);
	for (i = 0; i < items.n; i++) {
		CHECK(items.item[i].proof == 0 || found.receipts > 0);
		CHECK(items.item[i].restored_seconds >= 0);
	}
	bk_listing_free(&items);
}
