#ifndef BK_POLICY_PROOFS_H
#define BK_POLICY_PROOFS_H
/*
 * The receipts that bk-verify writes: JSON objects in the *.receipt.json files
 * of a directory, of which three members matter here: "name", the backup's;
 * "result", "proven" or "not proven"; "finished", when that was found out.
 */
#include <stddef.h>

#include "base/err.h"
#include "policy/listing.h"

/*
 * Read the receipts in dir and note each item's newest verdict.  A receipt is
 * for the items whose name is its own or ends in "/" and its own.  *matched is
 * how many receipts were for some item.
 *
 * BK_FAIL: a file cannot be read; BK_DATA: one holds no receipts.
 */
int bk_proofs_load(struct bk_listing *items, const char *dir, size_t *matched,
    struct bk_err *e);

#endif
