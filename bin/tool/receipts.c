#include "tool/receipts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/signed_json.h"
#include "listing/record.h"
#include "tool/own_tool.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

#define AT_ONCE 200		/* names on a command line */
#define LISTING_MAX (64 * 1024 * 1024)

extern char **environ;

static int
check(void *ctx, const char *text, size_t n, struct bk_err *e)
{
	return bk_signed_json_check(text, n, ctx, e);
}

static int
is_url(const char *where)
{
	return strncmp(where, "s3://", 5) == 0 ||
	    strncmp(where, "gs://", 5) == 0;
}

static int
is_receipt(const char *name)
{
	static const char end[] = ".receipt.json";
	const size_t n = strlen(name);

	return n > strlen(end) && strcmp(name + n - strlen(end), end) == 0;
}

/* Append a name to the n names, escaped as bk-s3get takes it. */
static int
add_name(char *names[], size_t *n, const char *name, struct bk_err *e)
{
	const struct bk_record r = { .name = (char *)(uintptr_t)name,
	    .bare = 1 };
	struct bk_buf b = {0};

	if (bk_record_format(&b, &r, e) == -1) {
		bk_buf_free(&b);
		return -1;
	}
	b.data[b.len - 1] = '\0';		/* its newline */
	names[(*n)++] = b.data;
	return 0;
}

static void
forget(char *names[], size_t *n)
{
	while (*n > 0)
		free(names[--*n]);
}

/* Get the n objects that names[] names, and forget these. */
static int
get(struct receipts *r, char *names[], size_t *n, struct bk_err *e)
{
	char *argv[AT_ONCE + 3] = { (char *)(uintptr_t)"bk-s3get",
	    (char *)(uintptr_t)"-q" };
	int rc;

	if (*n == 0)
		return 0;
	memcpy(argv + 2, names, *n * sizeof(*names));
	argv[2 + *n] = NULL;
	rc = own_tool(argv, environ, RECEIPTS_MAX - r->text.len, &r->text, e);
	forget(names, n);
	return rc;
}

/* Those that the listing of f names. */
static int
get_listed(struct receipts *r, FILE *f, struct bk_err *e)
{
	struct bk_listing items = {0};
	char *names[AT_ONCE];
	size_t i, n = 0;
	int rc = bk_listing_read(&items, f, r->from.dir, e);

	for (i = 0; rc == 0 && i < items.n; i++) {
		if (is_receipt(items.item[i].r.name))
			rc = add_name(names, &n, items.item[i].r.name, e);
		if (rc == 0 && n == AT_ONCE)
			rc = get(r, names, &n, e);
	}
	if (rc == 0)
		rc = get(r, names, &n, e);
	forget(names, &n);
	bk_listing_free(&items);
	return rc;
}

static int
fetch(struct receipts *r, struct bk_err *e)
{
	char *argv[] = { (char *)(uintptr_t)"bk-s3ls",
	    (char *)(uintptr_t)r->from.dir, NULL };
	struct bk_buf listing = {0};
	FILE *f;
	int rc = own_tool(argv, environ, LISTING_MAX, &listing, e);

	/* no receipt yet, as in an empty directory */
	if (rc == -1 && e->code == BK_NONE) {
		*e = (struct bk_err){0};
		return 0;
	}
	if (rc == 0 && (f = fmemopen(listing.data, listing.len, "r")) == NULL)
		rc = bk_fail_errno(e, "%s", r->from.dir);
	else if (rc == 0) {
		rc = get_listed(r, f, e);
		(void)fclose(f);
	}
	bk_buf_free(&listing);
	return rc;
}

void
receipts_open(struct receipts *r, const char *where)
{
	static struct bk_verifiers signers;
	const char *path = tool_env_demand("BK_SIGNERS");
	struct bk_err e = {0};

	if (where == NULL)
		return;
	*r = (struct receipts){ .from.dir = where };
	if (path != NULL) {
		if (bk_verifiers_load(&signers, path, &e) == -1)
			tool_refuse(&e);
		r->from.check = check;
		r->from.ctx = &signers;
	}
	if (!is_url(where)) {
		narrow_read(where);
		return;
	}
	r->from.text = &r->text;
	/* they are no stages: their failure is ours */
	(void)unsetenv("BK_STATUS_FD");
	if (fetch(r, &r->failed) == -1 && r->failed.code == BK_OK)
		(void)bk_fail_memory(&r->failed);
}

int
receipts_load(struct receipts *r, struct bk_listing *items,
    const char *pattern, struct bk_proofs *found, struct bk_err *e)
{
	if (r->failed.code != BK_OK)
		return bk_fail(e, BK_FAIL, "%s: %s", r->from.dir,
		    r->failed.msg);
	return bk_proofs_load(items, pattern, &r->from, found, e);
}

int
receipts_describe(const struct bk_proofs *found, struct bk_buf *out,
    struct bk_err *e)
{
	if (found->refused > 0 && bk_buf_printf(out, e, "%s%s; remove what is "
	    "no receipt", found->first.msg, found->refused == 1 ? "" :
	    ", and others") == -1)
		return -1;
	if (found->unsigned_ == 0)
		return 0;
	return bk_buf_printf(out, e, "%s%zu of %zu receipts not signed by a "
	    "key in BK_SIGNERS: they count for nothing",
	    found->refused > 0 ? "; " : "", found->unsigned_, found->receipts);
}
