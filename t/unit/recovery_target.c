/* Recovery targets as people write them. */
#include <stdlib.h>
#include <time.h>

#include "tap.h"
#include "recovery/recovery_target.h"

static struct bk_err e;

static int
parse(const char *s, struct bk_recovery_target *t)
{
	e = (struct bk_err){0};
	return bk_recovery_target_parse(s, t, &e);
}

static void
test_times(void)
{
	static const struct { const char *text; int64_t time; } good[] = {
		{ "2026-11-21 14:30Z", INT64_C(1795271400000000) },
		{ "2026-11-21T14:30:00z", INT64_C(1795271400000000) },
		{ "2026-11-21 14:30 utc", INT64_C(1795271400000000) },
		{ "2026-11-21 15:30+01", INT64_C(1795271400000000) },
		{ "2026-11-21 15:30:00 +01:00", INT64_C(1795271400000000) },
		{ "2026-11-21 09:00-0530", INT64_C(1795271400000000) },
		{ "time:2026-11-21 14:30:00.25Z", INT64_C(1795271400250000) },
		{ "2026-11-21 14:30:00.1234567Z", INT64_C(1795271400123456) },
		{ "2024-02-29 00:00Z", INT64_C(1709164800000000) },
	};
	static const char *const bad[] = { "2026-11-21 25:00Z",
	    "2026-13-21 14:30Z", "2026-02-29 14:30Z", "2026-11-21 14:60Z",
	    "2026-11-21 14:30:61Z", "2026-11-21 14Z", "2026-11-21 14:30ZZ",
	    "2026-11-21 14:30+1", "2026-11-21 14:30+99", "2026-11-21Z",
	    "2026-11-21 14:30:00.Z", "2026-11-21 14:30 CEST", "time:",
	    "time:now", "14:30Z", "14:30", "1969-12-31 23:59Z",
	    "2026-11-21 14:30+01:60", "2026-11-21 14:30+01:x",
	    "1970-01-01 00:00+01", "2026-11-21 14:30+01:00 x" };
	struct bk_recovery_target t;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!ok(parse(good[i].text, &t) == 0 && t.kind ==
		    BK_TARGET_TIME && t.time == good[i].time, "%s",
		    good[i].text))
			printf("# %" PRId64 " %s\n", t.time, e.msg);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(bad[i], &t) == -1 && e.code == BK_USAGE,
		    "'%s' is refused", bad[i]);
}

static void
test_bare(void)
{
	struct bk_recovery_target t;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	is_int(parse("time:2026-11-21 14:30", &t), -1, "no zone: refused");
	is_str(e.msg, "time '2026-11-21 14:30': no zone; write "
	    "2026-11-21T14:30:00Z if it is UTC, 2026-11-21T13:30:00Z if it is "
	    "this host's local time", "both readings of a local time");
	is_int(parse("2026-11-21_before", &t), -1, "no time");
	is_int(e.code, BK_USAGE, "a wrong call");
	ok(strstr(e.msg, "not a moment; write it as ") != NULL && strstr(e.msg,
	    "; a restore point of this name is name:2026-11-21_before") !=
	    NULL, "which is a restore point's name: %s", e.msg);
}

static void
test_others(void)
{
	static const char *const bad[] = { "0", "4711", "Latest", "NOW",
	    "xid:", "xid:0", "xid:2", "xid:x", "xid:4294967296", "lsn:0/0",
	    "lsn:5", "name:", "yesterday", "",
	    "a123456789012345678901234567890123456789012345678901234567890123"
	};
	struct bk_recovery_target t;
	size_t i;

	ok(parse("latest", &t) == 0 && t.kind == BK_TARGET_LATEST, "latest");
	ok(parse("immediate", &t) == 0 && t.kind == BK_TARGET_IMMEDIATE,
	    "immediate");
	ok(parse("16/B374D848", &t) == 0 && t.kind == BK_TARGET_LSN &&
	    t.lsn == UINT64_C(0x16b374d848), "a position");
	ok(parse("lsn:0/5000028", &t) == 0 && t.lsn == 0x5000028, "lsn:");
	ok(parse("xid:4711", &t) == 0 && t.kind == BK_TARGET_XID &&
	    t.xid == 4711, "xid:");
	ok(parse("xid:4294972007", &t) == 0 && t.xid == 4711,
	    "a transaction with its epoch");
	ok(parse("before drop", &t) == 0 && t.kind == BK_TARGET_NAME &&
	    strcmp(t.name, "before drop") == 0, "a restore point");
	ok(parse("name:latest", &t) == 0 && t.kind == BK_TARGET_NAME &&
	    strcmp(t.name, "latest") == 0, "one of an odd name");
	ok(parse("name:name:x", &t) == 0 && strcmp(t.name, "name:x") == 0,
	    "one with a prefix");
	ok(parse("name:4711", &t) == 0 && t.kind == BK_TARGET_NAME, "digits");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(parse(bad[i], &t) == -1 && e.code == BK_USAGE,
		    "'%s' is refused: %s", bad[i], e.msg);
}

static void
test_text(void)
{
	char text[BK_TARGET_TIME_TEXT];
	struct bk_recovery_target t;

	parse("2026-11-21 14:30:00.25+01", &t);
	bk_recovery_target_time(t.time, text);
	is_str(text, "2026-11-21 13:30:00.250000+00", "a time for PostgreSQL");
	parse("2026-11-21 14:30Z", &t);
	bk_recovery_target_time(t.time, text);
	is_str(text, "2026-11-21 14:30:00+00", "without a fraction");
	bk_recovery_target_time(-1, text);
	is_str(text, "1970-01-01 00:00:00+00", "no time before 1970");
}

int
main(void)
{
	test_times();
	test_bare();
	test_others();
	test_text();
	return tap_done();
}
