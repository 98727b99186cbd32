/* walfile/history: what the server writes, and what it cannot have written. */
#include "walfile/history.h"

#include <stdlib.h>

#include "base/err.h"
#include "tap.h"

/* As PostgreSQL 15 has written it at its third promotion. */
static const char three[] =
    "1\t0/3000158\tno recovery target specified\n"
    "\n"
    "2\t0/5000000\tbefore 2026-11-22 14:30:00+00\n"
    "\n"
    "3\t1/A0000028\tat restore point \"x\"\n";

static void
owners(void)
{
	struct bk_wal_history h = {0};
	struct bk_err e = {0};
	uint64_t end = 0;

	if (!ok(bk_wal_history_parse("00000004.history", three,
	    strlen(three), &h, &e) == 0, "a history %s", e.msg))
		return;
	is_int((intmax_t)h.n, 3, "three timelines were left");
	is_int(bk_wal_history_owner(&h, 0), 1, "the oldest is timeline 1's");
	is_int(bk_wal_history_owner(&h, 0x3000157), 1, "up to the switch");
	is_int(bk_wal_history_owner(&h, 0x3000158), 2, "which is 2's");
	is_int(bk_wal_history_owner(&h, 0x1A0000027), 3, "high halves count");
	is_int(bk_wal_history_owner(&h, 0x1A0000028), 4, "the rest is its own");
	ok(bk_wal_history_end(&h, 3, &end) == 1 && end == 0x1A0000028,
	    "where a timeline was left");
	is_int(bk_wal_history_end(&h, 4, &end), 0, "its own goes on");
	is_int(bk_wal_history_end(&h, 5, &end), -1, "not a younger one");
	bk_wal_history_free(&h);
	is_int(bk_wal_history_owner(&h, 77), 0, "a history of nothing");
}

static void
refused(const char *text, const char *why)
{
	struct bk_wal_history h = {0};
	struct bk_err e = {0};

	ok(bk_wal_history_parse("00000004.history", text, strlen(text), &h,
	    &e) == -1 && e.code == BK_DATA && h.v == NULL &&
	    strncmp(e.msg, "00000004.history: ", 18) == 0, "%s: %s", why,
	    e.msg);
}

/* A file cut anywhere but behind a line is refused. */
static void
cut(void)
{
	struct bk_wal_history h = {0};
	size_t n, taken = 0;

	for (n = 0; n < strlen(three); n++) {
		struct bk_err e = {0};

		if (bk_wal_history_parse("00000004.history", three, n, &h,
		    &e) == 0)
			taken += n == 0 || three[n - 1] != '\n';
		bk_wal_history_free(&h);
	}
	is_int((intmax_t)taken, 0, "cut inside a line: refused");
}

int
main(void)
{
	struct bk_wal_history h = {0};
	struct bk_err e = {0};

	owners();
	cut();
	refused("", "empty");
	refused("\n# nothing\n\n", "no timeline");
	refused("1\n", "no LSN");
	refused("x\t0/1\tx\n", "no timeline's number");
	refused("1\t0-1\tx\n", "no LSN's form");
	refused("1\t0/123456789\tx\n", "an LSN too long");
	refused("1\t/1\tx\n", "half an LSN");
	refused("0\t0/1\tx\n", "timeline 0");
	refused("4294967297\t0/1\tx\n", "a timeline past 32 bits");
	refused("4\t0/1\tx\n", "its own timeline");
	refused("2\t0/1\tx\n1\t0/2\tx\n", "timelines that fall");
	refused("1\t0/2\tx\n2\t0/1\tx\n", "LSNs that fall");
	ok(bk_wal_history_parse("00000004.history", "1\t0/1\tx\0\n", 9, &h,
	    &e) == -1, "a NUL");
	return tap_done();
}
