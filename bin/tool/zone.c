#define _XOPEN_SOURCE 700	/* tzset */
#include "tool/zone.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/io.h"
#include "tool/tool.h"

void
zone_use(const char *zone)
{
	const char *dir = tool_env("TZDIR");
	struct bk_err e = {0};
	struct bk_buf path = {0}, rules = {0};
	int known;

	/*
	 * The C library silently takes an unknown one, and a file that is none
	 * (tzfile(5)), for UTC.
	 */
	known = *zone != '\0' && *zone != '/' && strstr(zone, "..") == NULL &&
	    bk_buf_printf(&path, &e, "%s/%s", dir != NULL ? dir :
	    "/usr/share/zoneinfo", zone) == 0 &&
	    bk_io_slurp(path.data, 1 << 20, &rules, &e) == 0 &&
	    rules.len > 4 && memcmp(rules.data, "TZif", 4) == 0;
	bk_buf_free(&path);
	bk_buf_free(&rules);
	if (!known)
		tool_usage("--tz: '%s' is not a known time zone; write it as "
		    "Europe/Berlin (is tzdata installed?)", zone);
	if (setenv("TZ", zone, 1) == -1)
		tool_no_memory();
	tzset();
}
