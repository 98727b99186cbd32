/* Instants: against the C library over all the years, and what is refused. */
#define _DEFAULT_SOURCE		/* timegm */
#include <stdio.h>
#include <stdlib.h>

#include "base/utctime.h"
#include "tap.h"

#define LAST 253402300799	/* 9999-12-31T23:59:59Z */

static void
test_every_day(void)
{
	char text[BK_UTCTIME_TEXT], want[BK_UTCTIME_TEXT];
	int bad = 0;
	time_t t, back;
	struct tm tm, own;

	for (t = 0; t <= LAST; t += 86400 - 1) {
		(void)gmtime_r(&t, &tm);
		bad += bk_utctime_civil(&t, &own) != &own ||
		    own.tm_wday != tm.tm_wday || own.tm_yday != tm.tm_yday;
		(void)strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		bk_utctime_format(t, text);
		bad += strcmp(text, want) != 0;
		bad += bk_utctime_parse(text, strlen(text), &back) == -1 ||
		    back != t;
		bad += bk_utctime_days(tm.tm_year + 1900L,
		    (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) !=
		    (long)(t / 86400);
	}
	is_int(bad, 0, "every day from 1970 to 9999, there and back");
	is_int(bk_utctime_days(1969, 12, 31), -1, "the day before the first");
}

static void
test_format(void)
{
	char text[BK_UTCTIME_TEXT];

	bk_utctime_format(1795239439, text);
	is_str(text, "2026-11-21T05:37:19Z", "RFC 3339");
	bk_utctime_compact(1795239439, text);
	is_str(text, "20261121T053719Z", "compact");
	bk_utctime_format(LAST, text);
	is_str(text, "9999-12-31T23:59:59Z", "the last one");
	bk_utctime_format(LAST + 1, text);
	is_str(text, "", "one more is none");
	bk_utctime_format(-1, text);
	is_str(text, "", "nor is one before the first");
	bk_utctime_compact((time_t)1 << 62, text);
	is_str(text, "", "nor one that no calendar has");
}

static void
test_parse(void)
{
	static const struct { const char *text; time_t t; } good[] = {
		{ "2026-11-21T05:37:19Z", 1795239439 },
		{ "2026-11-21t05:37:19z", 1795239439 },
		{ "2026-11-21 05:37:19Z", 1795239439 },
		{ "2026-11-21T05:37:19.999999999Z", 1795239439 },
		{ "2026-11-21T06:37:19+01:00", 1795239439 },
		{ "2026-11-21T00:07:19-05:30", 1795239439 },
		{ "2026-11-21T05:37:19-00:00", 1795239439 },
		{ "2026-11-21", 1795219200 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "2024-02-29", 1709164800 },
		{ "2000-02-29", 951782400 },
		{ "1970-01-01T00:00:00Z", 0 },
	};
	static const char *const bad[] = {
		"", "2026", "2026-11", "2026-1-21", "20261121", "26-11-21",
		"2026-13-01", "2026-00-01", "2026-11-31", "2026-11-00",
		"2023-02-29", "2100-02-29", "1969-12-31", "2026-11-21T",
		"2026-11-21T05:37Z", "2026-11-21T05:37:19",
		"2026-11-21T24:00:00Z", "2026-11-21T05:60:00Z",
		"2026-11-21T05:00:61Z", "2026-11-21T05:37:19.Z",
		"2026-11-21T05:37:19+0100", "2026-11-21T05:37:19+24:00",
		"2026-11-21T05:37:19+01:60", "2026-11-21T05:37:19ZZ",
		"2026-11-21Z", "2026-11-21T05:37:19Z ", " 2026-11-21",
		"2026_11_21", "1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
		"+026-11-21", "2026-11-21T05:37:19,5Z",
	};
	const char *whole = "2026-11-21T05:37:19.5+01:00";
	time_t t = 42;
	size_t i;
	int taken = 0;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(bk_utctime_parse(good[i].text, strlen(good[i].text), &t) ==
			    0 &&
			t == good[i].t,
		    "%s", good[i].text);
	t = 42;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(bk_utctime_parse(bad[i], strlen(bad[i]), &t) == -1 &&
			t == 42,
		    "not '%s'", bad[i]);
	for (i = 0; i < strlen(whole); i++)
		taken += bk_utctime_parse(whole, i, &t) == 0;
	is_int(taken, 1, "of what is cut, only the date alone is taken");
	is_int(bk_utctime_parse("2026-11-21\0" "05:37:19Z", 20, &t), -1,
	    "a NUL is no blank");
	ok(bk_monotonic() <= bk_monotonic(), "a clock goes forward");
}

static int
moment(const char *text, int assume, struct bk_moment *m, char msg[1024])
{
	struct bk_err e = {0};
	int rc = bk_moment_parse(text, "--target", localtime_r, assume, m, &e);

	(void)snprintf(msg, 1024, "%s", e.msg);
	return rc == -1 && e.code != BK_USAGE ? -2 : rc;
}

static void
set_zone(const char *zone)
{
	(void)setenv("TZ", zone, 1);
	tzset();
}

static void
test_moment(void)
{
	static const struct { const char *text; time_t t; uint32_t us; }
	good[] = {
		{ "2026-11-21 05:37Z", 1795239420, 0 },
		{ "2026-11-21T05:37:19Z", 1795239439, 0 },
		{ "2026-11-21 05:37:19.25 UTC", 1795239439, 250000 },
		{ "2026-11-21 06:37:19.1234567+01", 1795239439, 123456 },
		{ "2026-11-21 06:37:19+0100", 1795239439, 0 },
		{ "2026-11-21 06:37:19+01:00", 1795239439, 0 },
		{ "2026-11-21t00:07:19 -05:30", 1795239439, 0 },
		{ "2026-11-21 05:37z", 1795239420, 0 },
		{ "2026-11-21 05:37 utc", 1795239420, 0 },
		{ "2026-11-21 05:37 Gmt", 1795239420, 0 },
		{ "2026-11-21   05:37  Z", 1795239420, 0 },
		{ "2026-11-21 21:36+15:59", 1795239420, 0 },
		{ "2026-11-21 05:36:60Z", 1795239420, 0 },
	};
	static const char *const bad[] = { "", "2026-11-2", "2026-11-21Z",
		"2026-11-21 05Z", "2026-11-21 05:37:Z", "2026-11-21 05:37:19.Z",
		"2026-11-21 05:37 CET", "2026-11-21 05:37 Europe/Berlin",
		"2026-11-21 05:37+1", "2026-11-21 05:37+01:0",
		"2026-11-21 05:37+010", "2026-11-21 05:37+01000",
		"2026-11-21 05:37Z ", "2026-11-21 05:37+16:00",
		"2026-11-21 05:36:61Z", "2026-11-21 ", "2026-11-21 Z",
		" 2026-11-21 05:37Z",
		"now", "1970-01-01 00:00+01", "2026-11-31 05:37Z" };
	struct bk_moment m;
	char msg[1024];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(moment(good[i].text, 0, &m, msg) == 0 && m.t == good[i].t &&
		    m.micros == good[i].us, "the moment %s", good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(moment(bad[i], 1, &m, msg) == -1 && *msg != '\0',
		    "no moment: '%s'", bad[i]);
}

static void
test_local_moment(void)
{
	struct bk_moment m;
	char msg[1024];

	set_zone("Europe/Berlin");
	is_int(moment("2026-11-21 14:30", 0, &m, msg), -1, "no zone: refused");
	is_str(msg, "--target '2026-11-21 14:30': no zone; write "
	    "2026-11-21T14:30:00Z if it is UTC, 2026-11-21T13:30:00Z if it is "
	    "this host's local time", "with its two readings");
	is_int(moment("2026-11-21 14:30Z", 0, &m, msg), 0, "a zone is enough");
	is_int(moment("2026-11-21", 0, &m, msg), -1, "nor has a date one");
	is_str(msg, "--target '2026-11-21': no zone; write "
	    "2026-11-21T00:00:00Z if it is UTC, 2026-11-20T23:00:00Z if it is "
	    "this host's local time", "which is its midnight");
	(void)moment("2026-11-21 14:30:00.25", 0, &m, msg);
	ok(strstr(msg, "T14:30:00.250000Z if it is UTC, "
	    "2026-11-21T13:30:00.250000Z if it") != NULL, "with its fraction");
	(void)moment("2026-10-25 02:30", 0, &m, msg);
	ok(strstr(msg, "write 2026-10-25T02:30:00Z if it is UTC, "
	    "2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z if") != NULL,
	    "and all three of an hour that was shown twice");
	(void)moment("2026-03-29 02:30", 0, &m, msg);
	ok(strstr(msg, "it is 2026-03-29T02:30:00Z if that is UTC") != NULL,
	    "one that was never shown has UTC's alone");
	ok(moment("2026-07-01 14:30", 1, &m, msg) == 0 && m.t == 1782909000,
	    "summer time, if the zone was given");
	ok(moment("2026-12-01 14:30:01.5", 1, &m, msg) == 0 &&
	    m.t == 1796131801 && m.micros == 500000, "and winter time");
	is_int(moment("2026-10-25 02:30", 1, &m, msg), -1, "shown twice");
	is_str(msg, "--target '2026-10-25 02:30': this local time occurs "
	    "twice: clocks went back; write 2026-10-25T00:30:00Z or "
	    "2026-10-25T01:30:00Z", "so both are named");
	is_int(moment("2026-03-29 02:30", 1, &m, msg), -1, "never shown");
	ok(strstr(msg, "clocks went forward") != NULL, "and it says why");
	set_zone("UTC");
	is_int(moment("2026-11-21 14:30", 0, &m, msg), -1, "also on UTC");
	ok(strstr(msg, "it is 2026-11-21T14:30:00Z if that is UTC") != NULL,
	    "where one reading is known");
}

/* A C library whose time ends before ours. */
static struct tm *
no_clock(const time_t *t, struct tm *tm)
{
	(void)t, (void)tm;
	return NULL;
}

static void
test_no_clock(void)
{
	struct bk_moment m;
	struct bk_err e = {0};

	ok(bk_moment_parse("2026-11-21 05:37", "x", no_clock, 1, &m, &e) ==
	    0 && m.t == 1795239420, "a clock that shows nothing: UTC");
}

int
main(void)
{
	test_moment();
	test_local_moment();
	test_no_clock();
	test_every_day();
	test_format();
	test_parse();
	return tap_done();
}
