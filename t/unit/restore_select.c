/* -t and -n: what belongs to a table, and what does not. */
#include <stdlib.h>

#include "restore/entry_list.h"
#include "restore/failures.h"
#include "restore/select.h"
#include "starve.h"
#include "tap.h"

#define MAX 32

static struct bk_toc_entry entry[MAX];
static struct bk_toc toc = { .entry = entry };
static int32_t deps[MAX][2];

/* Add an entry that depends on the entries on and too; 0: none. */
static void
add(int32_t id, const char *desc, const char *tag, int32_t on, int32_t too)
{
	struct bk_toc_entry *te = &entry[toc.n];

	deps[toc.n][0] = on;
	deps[toc.n][1] = too;
	*te = (struct bk_toc_entry){ .id = id, .desc = desc, .tag = tag,
	    .schema = "public", .deps = deps[toc.n],
	    .ndeps = (size_t)((on != 0) + (too != 0)) };
	toc.n++;
}

/* Not in order of their numbers, as in a real TOC. */
static void
make_toc(void)
{
	add(2, "SCHEMA", "sales", 0, 0);
	entry[0].schema = NULL;
	add(210, "TABLE", "orders", 0, 0);
	add(211, "SEQUENCE", "orders_i_seq", 210, 0);
	add(212, "SEQUENCE OWNED BY", "orders_i_seq", 211, 0);
	add(100, "DEFAULT", "orders i", 211, 210);
	add(215, "TABLE", "customers", 0, 0);
	add(216, "VIEW", "report", 210, 215);
	add(50, "TABLE DATA", "orders", 210, 0);
	add(51, "TABLE DATA", "customers", 215, 0);
	add(52, "SEQUENCE SET", "orders_i_seq", 211, 0);
	add(60, "CONSTRAINT", "orders orders_pkey", 210, 0);
	add(61, "CONSTRAINT", "customers customers_pkey", 215, 0);
	add(62, "FK CONSTRAINT", "orders orders_customer_fkey", 210, 61);
	add(63, "FK CONSTRAINT", "items items_order_fkey", 60, 217);
	add(217, "TABLE", "items", 0, 0);
	add(70, "COMMENT", "CONSTRAINT orders_pkey ON orders", 60, 0);
	add(71, "INDEX", "orders_by_day", 210, 0);
	add(72, "FUNCTION", "f(orders)", 210, 0);
	add(80, "TABLE", "log", 0, 0);
	add(81, "TABLE", "log_2026", 0, 0);
	add(82, "TABLE ATTACH", "log_2026", 81, 80);
	add(83, "TABLE DATA", "log_2026", 81, 0);
	add(90, "TABLE", "orders", 0, 0);
	entry[toc.n - 1].schema = "sales";
	add(91, "TABLE DATA", "orders", 90, 0);
	entry[toc.n - 1].schema = "sales";
	add(92, "ACL", "a.b", 99999, 0);	/* a missing dependency */
	add(93, "TABLE", "a.b", 0, 0);
	add(94, NULL, NULL, 93, 0);
}

/* The selected entries' numbers, ascending, as text. */
static const char *
select_names(const char *table, const char *schema, struct bk_err *e)
{
	static char text[256];
	const struct bk_restore_names names = { .table = &table,
	    .ntables = table != NULL, .schema = &schema,
	    .nschemas = schema != NULL };
	unsigned char *wanted = bk_restore_select(&toc, &names, e);
	int32_t id;
	size_t i, n = 0;

	text[0] = '\0';
	for (id = 0; wanted != NULL && id < 1000; id++)
		for (i = 0; i < toc.n; i++)
			if (entry[i].id == id && wanted[i])
				n += (size_t)snprintf(text + n,
				    sizeof(text) - n, " %d", (int)id);
	free(wanted);
	return text;
}

static int
select_job(void *arg, struct bk_err *e)
{
	const char *table = "orders";
	const struct bk_restore_names names = { .table = &table,
	    .ntables = 1 };
	unsigned char *wanted = bk_restore_select(&toc, &names, e);
	int rc = wanted == NULL ? -1 : 0;

	(void)arg;
	free(wanted);
	return rc;
}

static int
list_job(void *arg, struct bk_err *e)
{
	struct bk_restore_list list = {0};
	int rc = bk_restore_list_read(&list, &toc, "; x\n210; orders\n", e);

	(void)arg;
	if (rc == 0 && !bk_restore_list_has(&list, 1))
		rc = 99;
	bk_restore_list_free(&list);
	return rc;
}

static int
failures_job(void *arg, struct bk_err *e)
{
	struct bk_failures f = BK_FAILURES_INIT;
	int rc = bk_failures_add(&f, "TABLE a\033b", "no\nmore", e);

	(void)arg;
	if (rc == 0)
		rc = bk_failures_accept(&f, "TABLE a b: no more\n", e);
	bk_failures_free(&f);
	return rc;
}

int
main(void)
{
	struct bk_err e = {0};

	make_toc();
	is_str(select_names("public.orders", NULL, &e),
	    " 50 52 60 62 70 71 100 210 211 212",
	    "a table, its sequence, keys and comments; no view, no function");
	is_str(select_names("customers", NULL, &e), " 51 61 215",
	    "who is referred to does not bring who refers");
	is_str(select_names("orders", NULL, &e),
	    " 50 52 60 62 70 71 90 91 100 210 211 212",
	    "a name without a schema is every schema's");
	is_str(select_names("sales.orders", NULL, &e), " 90 91", "or one's");
	is_str(select_names("log", NULL, &e), " 80 81 82 83", "partitions");
	is_str(select_names("log_2026", NULL, &e), " 81 82 83",
	    "a partition without its parent");
	is_str(select_names("report", NULL, &e), " 216", "a view is itself");
	is_str(select_names("a.b", NULL, &e), " 93",
	    "a dot in a name; what depends on nothing that is there");
	is_str(select_names(NULL, "sales", &e), " 2 90 91", "a schema");
	is_int(e.code, BK_OK, "all were found");
	is_str(select_names("order", NULL, &e), "", "no part of a name");
	is_int(e.code, BK_NONE, "is not there");
	is_str(e.msg, "table \"order\": not in the dump; see pg_restore "
	    "-l", "and it is said");
	e = (struct bk_err){0};
	is_str(select_names(NULL, "nix", &e), "", "no such schema");
	is_int(e.code, BK_NONE, "is not there either");
	starve_all("a choice", select_job, NULL);
	starve_all("a list", list_job, NULL);
	starve_all("what failed", failures_job, NULL);
	e = (struct bk_err){0};
	toc.n = 0;
	is_str(select_names("orders", NULL, &e), "", "in an empty dump");
	is_int(e.code, BK_NONE, "there is nothing");
	return tap_done();
}
