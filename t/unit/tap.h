#ifndef BK_T_UNIT_TAP_H
#define BK_T_UNIT_TAP_H
/*
 * TAP for unit tests: ok(), is_int(), is_str() number and print one check each
 * and return whether it passed; tap_done() prints the plan and gives main()'s
 * exit status.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* weak: one of each, also where starve.h counts as well */
__attribute__((weak)) int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static int
ok(int good, const char *fmt, ...)
{
	va_list ap;

	tap_failed += !good;
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	/* a child that we fork must not have it to write once more */
	(void)fflush(stdout);
	return good;
}

__attribute__((unused)) static int
is_int(intmax_t got, intmax_t want, const char *what)
{
	if (!ok(got == want, "%s", what))
		printf("# got %" PRIdMAX ", want %" PRIdMAX "\n", got, want);
	return got == want;
}

__attribute__((unused)) static int
is_str(const char *got, const char *want, const char *what)
{
	int same = got != NULL && strcmp(got, want) == 0;

	if (!ok(same, "%s", what))
		printf("# got '%s'\n# want '%s'\n", got ? got : "(null)", want);
	return same;
}

__attribute__((unused)) static int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
