#ifndef BK_CRYPT_PLAN_H
#define BK_CRYPT_PLAN_H
/*
 * A plan: what is to be deleted, which only happens when several people have
 * signed it.  A text file that each can read:
 *
 *	bk-plan/v1
 *	made 2026-11-21T07:00:00Z
 *	expires 2026-11-28T07:00:00Z
 *	policy -d 30 -m 12 --plan FILE
 *	listing 400 records, sha256 0123...ef
 *	delete 2 records
 *	2026-10-01T02:15:03Z <TAB> 1234 <TAB> s3://backups/shop/...
 *	2026-10-02T02:15:03Z <TAB> 1234 <TAB> s3://backups/shop/...
 *	end
 *	signature bksign1... BASE64
 *	signature bksign1... BASE64
 *
 * Each signature (Ed25519, signature.h) is of all bytes from the first to the
 * newline behind "end".  The digest is that of the listing the plan was made
 * of, as bk-s3ls and bk-ls print it.  Who may approve, and how many have to,
 * is never taken from the plan.
 */
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/signature.h"

#define BK_PLAN_DAYS 7		/* that a plan is valid */
#define BK_PLAN_MAX (256 * 1024 * 1024)	/* bytes of a plan */

struct bk_plan {
	time_t now;
	const char *policy;	/* in words; control bytes become '?' */
	const struct bk_buf *listing;	/* records, as lines */
	size_t listed;
	const struct bk_buf *gone;	/* those of them to delete */
	size_t going;
};

/*
 * Make the file path, which must not be there yet, the plan p, signed by s.
 * On failure it leaves none.
 */
int bk_plan_store(const char *path, const struct bk_plan *p,
    const struct bk_signer *s, struct bk_err *e);

/*
 * Add s's signature to the plan path, unless it is there already.  BK_DATA:
 * it is no plan, is damaged, or has expired by now.
 */
int bk_plan_approve(const char *path, const struct bk_signer *s, time_t now,
    struct bk_err *e);

/* A plan, and the approvals that it needs to be executed. */
struct bk_approved_plan {
	const char *plan;
	const char *approvers;	/* a file of public keys (signature.h) */
	size_t need;		/* how many of them must have signed */
};

/*
 * Open the records of an approved plan, to be read like any listing.  NULL
 * with *e set: BK_FAIL a file cannot be read; BK_DATA it is no plan, is
 * damaged, has expired, was changed after it was signed, or fewer than need
 * of the approvers have signed it.  Close it with fclose().
 */
FILE *bk_plan_open(const struct bk_approved_plan *c, time_t now,
    struct bk_err *e);

#endif
