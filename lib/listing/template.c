#include "listing/template.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/percent.h"
#include "base/utctime.h"

static int
is_plain(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || strchr("._-+=@", c) != NULL;
}

static int
add_value(struct bk_buf *out, const char *value, struct bk_err *e)
{
	if (*value == '.') {
		value++;
		if (bk_buf_puts(out, "%2E", e) == -1)
			return -1;
	}
	return bk_percent_encode(out, value, is_plain, e);
}

static int
fail_unknown(const char *name, struct bk_err *e)
{
	if (strcmp(name, "chain") == 0)
		return bk_fail(e, BK_USAGE, "{chain}: unknown; only a base "
		    "backup of bk-base has one");
	return bk_fail(e, BK_USAGE, "{%s}: unknown; give it with --%s", name,
	    name);
}

/* The value of the variable of n characters at s. */
static int
add_variable(struct bk_buf *out, const char *s, size_t n,
    const struct bk_template_vars *v, struct bk_err *e)
{
	char utc[BK_UTCTIME_TEXT], rfc[BK_UTCTIME_TEXT], clock[7], date[11];
	const struct { const char *name, *value; int is_time; } known[] = {
		{ "db", v->db, 0 }, { "host", v->host, 0 },
		{ "tier", v->tier, 0 }, { "utc", utc, 1 },
		{ "date", date, 1 }, { "time", clock, 1 },
		{ "chain", v->chain, 0 },
	};
	size_t i;

	bk_utctime_compact(v->now, utc);
	bk_utctime_format(v->now, rfc);
	(void)snprintf(date, sizeof(date), "%.10s", rfc);
	(void)snprintf(clock, sizeof(clock), "%.6s",
	    strlen(utc) > 9 ? utc + 9 : "");
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != n ||
		    strncmp(known[i].name, s, n) != 0)
			continue;
		if (known[i].is_time && *known[i].value == '\0')
			return bk_fail(e, BK_FAIL, "{%s}: the clock is not in "
			    "the years 1970 to 9999; set it", known[i].name);
		if (known[i].value == NULL || *known[i].value == '\0')
			return fail_unknown(known[i].name, e);
		return add_value(out, known[i].value, e);
	}
	return bk_fail(e, BK_USAGE, "{%.*s}: no such variable; use {db} {host} "
	    "{utc} {date} {time} {tier} {chain}", (int)n, s);
}

int
bk_template_expand(const char *tmpl, const struct bk_template_vars *v,
    struct bk_buf *out, struct bk_err *e)
{
	const char *open, *close;

	while ((open = strchr(tmpl, '{')) != NULL) {
		if ((close = strchr(open, '}')) == NULL)
			return bk_fail(e, BK_USAGE, "%s: unmatched {",
			    tmpl);
		if (bk_buf_add(out, tmpl, (size_t)(open - tmpl), e) == -1 ||
		    add_variable(out, open + 1, (size_t)(close - open - 1), v,
		    e) == -1)
			return -1;
		tmpl = close + 1;
	}
	return bk_buf_puts(out, tmpl, e);
}
