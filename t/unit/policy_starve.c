/* Listings and what is decided on them, each call failing once. */
#include <sys/stat.h>

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/holds.h"
#include "policy/proofs.h"
#include "policy/prune.h"
#include "policy/recoverable.h"
#include "policy/series.h"
#include "policy/wal.h"
#include "starve.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */
#define AT(day) "2026-11-" day "T05:00:00Z"
#define HUGE "9223372036854775807"
#define SHOP(day) AT(day) "\t" day "\tdaily/shop-202611" day "T050000Z.bk\n"

static char dir[] = "/tmp/bk-policy-XXXXXX";

static const char bases[] = SHOP("10") SHOP("11") SHOP("12") SHOP("13")
    SHOP("14") SHOP("15") SHOP("16") SHOP("17") SHOP("18") SHOP("19")
    AT("20") "\t" HUGE "\tb/20261120T050000Z-crm.bk\n"
    AT("19") "\t" HUGE "\tb/20261119T050000Z-crm.bk\tstored=" AT("20") "\n"
    AT("18") "\t" HUGE "\tb/20261118T050000Z-crm.bk\n"
    "2026-11-20T05:00:00.5Z\t1\tx-20261120.bk\n"
    AT("20") "\t1\tweekly/shop-20261120T050000Z.bk\n"
    AT("20") "\t1\tother/shop-20261120T050000Z.bk\n"
    AT("20") "\t1\tpg1/20261120T050000Z-full.0-4000028.tar\n"
    AT("20") "\t1\tpg1/wal/00000001/000000010000000000000004\n"
    AT("20") "\t1\tnone\n";
static const char wal[] =
    AT("10") "\t1\ta/00000001/000000010000000000000001.bk\n"
    AT("11") "\t1\ta/00000001/000000010000000000000003.partial.bk\n"
    AT("12") "\t1\ta/00000001/000000010000000000000003.bk\n"
    AT("13") "\t1\ta/00000001/000000010000000000000004.bk\n"
    AT("13") "\t1\ta/00000001/000000010000000000000004.00000028.backup\n";
static const char started[] =
    AT("12") "\t1\tbase-000000010000000000000003.bk\n";

/* Read a listing that stands in memory. */
static int
list(struct bk_listing *items, const char *text, struct bk_err *e)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc;

	if (f == NULL)
		return bk_fail_errno(e, "a listing");
	rc = bk_listing_read(items, f, "input", e);
	(void)fclose(f);
	return rc;
}

static int
hold(struct bk_listing *items, const char *text, struct bk_err *e)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct bk_holds h = {0};
	int rc;

	if (f == NULL)
		return bk_fail_errno(e, "holds");
	if ((rc = bk_holds_read(&h, f, "holds", e)) == 0) {
		bk_holds_apply(&h, items);
		rc = bk_holds_check(&h, "holds", e);
	}
	bk_holds_free(&h);
	(void)fclose(f);
	return rc;
}

/* All that bk-prune decides; *pattern groups, or NULL. */
static int
prune(void *pattern, struct bk_err *e)
{
	const struct bk_guards guards = { .now = NOW, .max_share = 100,
	    .min_keep = 1, .max_ahead = 3600 };
	const struct bk_policy p = { .count = { [BK_KEEP_LAST] = 2,
	    [BK_KEEP_DAILY] = 40 }, .within = 86400, .wall = gmtime_r };
	struct bk_listing items = {0};
	struct bk_proofs found = {0};
	struct bk_buf out = {0};
	size_t i;
	int rc = -1;

	if (list(&items, bases, e) == 0 &&
	    bk_listing_group(&items, pattern, e) == 0 &&
	    hold(&items, "# comment\n\nshop-20261110T050000Z.bk \n", e) == 0 &&
	    bk_proofs_load(&items, pattern,
	    &(struct bk_proofs_from){ .dir = dir }, &found, e) == 0)
		rc = bk_prune_judge(&items, &p, &guards, e);
	for (i = 0; i < items.n && rc == 0; i++)
		rc = bk_listed_explain(&out, &items.item[i], &p, e);
	bk_buf_free(&out);
	bk_listing_free(&items);
	return rc;
}

static int
age(void *pattern, struct bk_err *e)
{
	struct bk_listing items = {0};
	struct bk_subjects out = {0};
	struct bk_proofs found = {0};
	struct bk_fresh f;
	int rc = -1;

	bk_fresh_init(&f, NOW);
	f.last = 7;
	f.receipts = 1;
	f.segment = 16 << 20;
	if (list(&items, bases, e) == 0 &&
	    bk_series_group(&items, pattern, e) == 0 &&
	    bk_proofs_load(&items, pattern,
	    &(struct bk_proofs_from){ .dir = dir }, &found, e) == 0)
		rc = bk_series_judge(&out, &items, &f, e);
	if (rc == 0)
		rc = bk_recoverable_find(out.v, out.n, &items, &f, e);
	bk_subjects_free(&out);
	bk_listing_free(&items);
	return rc;
}

static int
age_wal(void *text, struct bk_err *e)
{
	struct bk_listing items = {0};
	struct bk_subjects out = {0};
	struct bk_fresh f;
	int rc = -1;

	bk_fresh_init(&f, NOW);
	f.segment = 16 << 20;
	if (list(&items, text, e) == 0)
		rc = bk_series_judge_wal(&out, &items, &f, e);
	bk_subjects_free(&out);
	bk_listing_free(&items);
	return rc;
}

static int
prune_wal(void *arg, struct bk_err *e)
{
	const struct bk_guards guards = { .now = NOW, .max_share = 100 };
	struct bk_listing segments = {0}, of = {0};
	int rc = -1;

	(void)arg;
	if (list(&segments, wal, e) == 0 && list(&of, started, e) == 0)
		rc = bk_wal_judge(&segments, &of, 0, &guards, e);
	bk_listing_free(&segments);
	bk_listing_free(&of);
	return rc;
}

static int
series_of(void *name, struct bk_err *e)
{
	struct bk_buf key = {0}, db = {0};
	int rc = bk_series_of(name, &key, e);

	if (rc == 0)
		rc = bk_series_name(key.data, &db, e);
	bk_buf_free(&key);
	bk_buf_free(&db);
	return rc;
}

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.receipt.json", dir, name);
	if ((f = fopen(path, "w")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) == EOF)
		exit(99);
}

static void
test_odd(void)
{
	struct bk_listing items = {0};
	struct bk_subjects out = {0};
	struct bk_fresh f;
	struct bk_err e = {0};
	FILE *h = fmemopen((char []){ "a\0b\n" }, 4, "r");
	struct bk_holds holds = {0};

	ok(h != NULL && bk_holds_read(&holds, h, "holds", &e) == -1 &&
	    strstr(e.msg, "NUL") != NULL, "a NUL byte among holds: %s", e.msg);
	(void)fclose(h);
	bk_holds_free(&holds);
	e = (struct bk_err){0};
	bk_fresh_init(&f, NOW);
	f.segment = 16 << 20;
	(void)list(&items, wal, &e);
	ok(bk_series_judge_wal(&out, &items, &f, &e) == 0 && out.n == 1,
	    "an archive in subdirectories is one");
	is_str(out.n == 1 ? out.v[0].name : "", "a", "named as theirs is");
	bk_subjects_free(&out);
	bk_listing_free(&items);
}

int
main(void)
{
	char command[64];

	json_set_alloc_funcs(malloc, free);
	if (mkdtemp(dir) == NULL)
		return 99;
	put("proven", "{\"bk\":\"receipt\",\"result\":\"proven\","
	    "\"finished\":\"" AT("20") "\",\"database\":\"shop\","
	    "\"at\":\"" AT("12") "\","
	    "\"restore_seconds\":1e12,\"name\":\"none\"}\n");
	put("cluster", "{\"bk\":\"receipt\",\"result\":\"not proven\","
	    "\"finished\":\"" AT("20") "\",\"cluster\":\"x\",\"host\":\"crm\","
	    "\"at\":\"" AT("20") "\"} {\"bk\":\"receipt\"}");
	put("odd", "[");
	starve_all("a pruned listing", prune, NULL);
	starve_all("one with a pattern", prune,
	    (char []){ "{tier}/{db}-{utc}.bk" });
	starve_all("its age", age, NULL);
	starve_all("its age with a pattern", age,
	    (char []){ "{tier}/{db}-{utc}.bk" });
	starve_all("WAL's age", age_wal, (void *)(uintptr_t)wal);
	starve_all("pruned WAL", prune_wal, NULL);
	starve_all("a series", series_of,
	    (char []){ "s3://b/daily/20261120T050000Z.bk" });
	starve_all("another", series_of, (char []){ "x" });
	test_odd();
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0 || tap_done();
}
