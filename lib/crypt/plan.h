#ifndef BK_CRYPT_PLAN_H
#define BK_CRYPT_PLAN_H
/*
 * A plan: records to delete, executed only after several people have signed
 * it.  A readable text file:
 *
 *	bk-plan/v1
 *	made 2026-11-21T07:00:00Z
 *	expires 2026-11-28T07:00:00Z
 *	place https://s3.example.net
 *	policy -d 30 -m 12 --plan FILE
 *	listing 400 records, sha256 0123...ef
 *	delete 2 records
 *	2026-10-01T02:15:03Z <TAB> 1234 <TAB> s3://backups/shop/...
 *	2026-10-02T02:15:03Z <TAB> 1234 <TAB> s3://backups/shop/...
 *	end
 *	signature bksign1... BASE64
 *	signature bksign1... BASE64
 *
 * Each signature (Ed25519, signature.h) covers all bytes up to and including
 * the newline after "end".  The digest is of the listing from which the plan
 * was made, as printed by bk-s3ls and bk-ls.  Who may approve, and how many
 * approvals are needed, is never read from the plan.
 *
 * The place is where the names are: "files", and each is a path from the root;
 * or the endpoint of the objects, "default" for the provider's own, which each
 * record has as a field.  A plan has nothing that could hide a part of it on a
 * terminal (base/utf8.h).
 */
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/signature.h"

#define BK_PLAN_DAYS 7		/* validity of a plan */
#define BK_PLAN_MAX (256 * 1024 * 1024)	/* bytes of a plan */

struct bk_plan {
	time_t now;
	const char *place;
	const char *policy;	/* as options; what is hidden is '?' */
	const struct bk_buf *listing;	/* all records, as lines */
	size_t listed;			/* their number */
	const struct bk_buf *expired;	/* the records to delete */
	size_t nexpired;
};

/* The places that are no endpoint. */
#define BK_PLAN_FILES "files"
#define BK_PLAN_DEFAULT "default"

/*
 * Write the plan p, signed by s, to the file path, which must not exist.  0, or
 * -1 with *e set, and there is no file: BK_DATA a name that is not of the
 * place, or that a terminal could not show.
 */
int bk_plan_store(const char *path, const struct bk_plan *p,
    const struct bk_signer *s, struct bk_err *e);

/*
 * Show what is to be signed, n printable bytes of text; 0, or -1 with *e set
 * and nothing signed.
 */
typedef int bk_plan_show(const char *text, size_t n, struct bk_err *e);

/*
 * Show the plan path and add s's signature to it unless it has one.  0, or -1
 * with *e set: BK_DATA it is not a plan, is damaged, has expired, or was
 * changed after somebody signed it.
 */
int bk_plan_approve(const char *path, const struct bk_signer *s, time_t now,
    bk_plan_show *show, struct bk_err *e);

/* A plan, and the approvals that it needs to be executed. */
struct bk_approved_plan {
	const char *plan;
	const char *approvers;	/* a file of public keys (signature.h) */
	size_t need;		/* number of them that must have signed */
};

/*
 * Open the records of an approved plan, to be read like any listing and closed
 * with fclose(); *made is when it was made.  NULL with *e set: BK_FAIL a file
 * cannot be read; BK_DATA it is not a plan, is damaged, has expired, was
 * changed after it was signed, or fewer than need of the approvers have signed
 * it.
 */
FILE *bk_plan_open(const struct bk_approved_plan *c, time_t now,
    time_t *made, struct bk_err *e);

#endif
