#ifndef BK_POLICY_PROOFS_H
#define BK_POLICY_PROOFS_H
/*
 * Receipts of bk-verify: JSON objects in the *.receipt.json files of a
 * directory.  Three members matter here: "name", the backup's; "result",
 * "proven" or "not proven"; "finished", the time of the result.
 */
#include <stddef.h>

#include "base/err.h"
#include "policy/listing.h"

/*
 * Read the receipts in dir and set each item's newest proof.  A receipt
 * applies to items whose name equals its name or ends in "/" and its name.
 * *matched is the number of receipts that applied to an item.
 *
 * BK_FAIL: a file cannot be read; BK_DATA: it is not a receipt.
 */
int bk_proofs_load(struct bk_listing *items, const char *dir, size_t *matched,
    struct bk_err *e);

#endif
