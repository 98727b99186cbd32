#include "policy/group.h"

#include <string.h>

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of the n digits at s; -1: not n digits. */
static int
digits(const char *s, int n)
{
	int v = 0;

	for (; n > 0; n--, s++) {
		if (!is_digit(*s))
			return -1;
		v = v * 10 + (*s - '0');
	}
	return v;
}

/* The length of a date at s, with or without separators; 0: none. */
static size_t
date_at(const char *s)
{
	int year = digits(s, 4), month, day;
	int sep = year != -1 && s[4] != '\0' && strchr("-_.", s[4]) != NULL;

	if (year < 1970 || year > 2199)
		return 0;
	month = digits(s + 4 + sep, 2);
	if (month < 1 || month > 12 || (sep && s[7] != s[4]))
		return 0;
	day = digits(s + 6 + 2 * sep, 2);
	if (day < 1 || day > 31)
		return 0;
	return 8 + 2 * (size_t)sep;
}

/*
 * The length of a time of day at s, including a leading T, blank, '_' or '-'
 * and a trailing Z or offset; 0: none.
 */
static size_t
clock_at(const char *s)
{
	static const int last[] = { 23, 59, 60 };
	const char *p = s;
	int fields;

	if (*p != '\0' && strchr("Tt _-", *p) != NULL)
		p++;
	for (fields = 0; fields < 3; fields++) {
		const char *q = p;

		if (fields > 0 && *q != '\0' && strchr(":-_", *q) != NULL)
			q++;
		/* "-5432" is a port, not a time */
		if (digits(q, 2) == -1 || digits(q, 2) > last[fields])
			break;
		p = q + 2;
	}
	if (fields < 2 || is_digit(*p))
		return 0;
	if (*p == 'Z' || *p == 'z')
		p++;
	else if ((*p == '+' || *p == '-') && digits(p + 1, 4) != -1)
		p += 5;
	else if ((*p == '+' || *p == '-') && digits(p + 1, 2) != -1 &&
	    p[3] == ':' && digits(p + 4, 2) != -1)
		p += 6;
	return (size_t)(p - s);
}

/* The length of a date and time at s, not preceded by a digit; 0: none. */
static size_t
stamp_at(const char *s)
{
	size_t n = date_at(s), more = n > 0 ? clock_at(s + n) : 0;

	return n > 0 && (more > 0 || !is_digit(s[n])) ? n + more : 0;
}

static int
is_word(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The length of a WAL segment's name at s, a whole word of base; 0: none. */
static size_t
segment_at(const char *base, const char *s)
{
	const size_t n = 24;

	return (s == base || !is_word(s[-1])) &&
	    strspn(s, "0123456789ABCDEF") == n && !is_word(s[n]) ? n : 0;
}

/* The last time in base, or NULL. */
static const char *
last_stamp(const char *base)
{
	const char *s = base, *found = NULL;
	size_t n;

	while (*s != '\0') {
		if ((n = segment_at(base, s)) == 0 &&
		    (s == base || !is_digit(s[-1])) && (n = stamp_at(s)) > 0)
			found = s;
		s += n > 0 ? n : 1;
	}
	return found;
}

static int
by_stamp(const char *name, struct bk_buf *key, struct bk_err *e)
{
	const char *slash = strrchr(name, '/'), *s, *stamp;
	const char *base = slash == NULL ? name : slash + 1;
	int found = 0, rc;
	size_t n;

	stamp = last_stamp(base);
	rc = bk_buf_add(key, name, (size_t)(base - name), e);
	for (s = base; rc == 0 && *s != '\0'; s += n > 0 ? n : 1) {
		n = s == stamp ? stamp_at(s) : segment_at(base, s);
		found |= n > 0;
		rc = n > 0 ? bk_buf_puts(key, "*", e)
		    : bk_buf_add(key, s, 1, e);
	}
	if (rc == -1 || found)
		return rc == -1 ? -1 : 1;
	key->len = 0;
	if (strpbrk(name, "/.") != NULL)
		return 0;
	return bk_buf_puts(key, "*", e) == -1 ? -1 : 1;
}

/* The values of the variables db, host and tier. */
struct match {
	const char *value[3];	/* NULL: not matched yet */
	size_t len[3];
	unsigned calls;
};

/* Below 3: a variable of the series key; 3 to 5: a time; -1: unknown. */
static int
variable(const char *s, size_t n)
{
	static const char *const known[] = { "db", "host", "tier", "utc",
	    "date", "time" };
	int i;

	for (i = 0; i < 6; i++)
		if (strlen(known[i]) == n && strncmp(known[i], s, n) == 0)
			return i;
	return -1;
}

static size_t
time_at(int var, const char *s)
{
	size_t n;

	switch (var) {
	case 3:
		n = strlen("20261121T052719Z");
		return stamp_at(s) == n && s[8] == 'T' ? n : 0;
	case 4:
		n = date_at(s);
		return n == strlen("2026-11-21") && s[4] == '-' ? n : 0;
	default:
		return digits(s, 6) != -1 ? 6 : 0;
	}
}

/*
 * 1 if s matches pattern.  A pattern that needs too much backtracking matches
 * nothing.
 */
static int
matches(struct match *m, const char *pattern, const char *s)
{
	const char *close;
	size_t n;
	int var;

	for (; *pattern != '*' && *pattern != '{'; pattern++, s++) {
		if (*pattern != *s)
			return 0;
		if (*s == '\0')
			return 1;
	}
	if (++m->calls > 1000000)
		return 0;
	if (*pattern == '*') {
		for (;; s++) {
			if (matches(m, pattern + 1, s))
				return 1;
			if (*s == '\0')
				return 0;
		}
	}
	close = strchr(pattern, '}');
	var = variable(pattern + 1, (size_t)(close - pattern) - 1);
	if (var >= 3)
		return (n = time_at(var, s)) > 0 &&
		    matches(m, close + 1, s + n);
	if (m->value[var] != NULL)
		return strncmp(s, m->value[var], m->len[var]) == 0 &&
		    matches(m, close + 1, s + m->len[var]);
	m->value[var] = s;
	for (n = 1; s[n - 1] != '\0' && s[n - 1] != '/'; n++) {
		m->len[var] = n;
		if (matches(m, close + 1, s + n))
			return 1;
	}
	m->value[var] = NULL;
	return 0;
}

static int
by_pattern(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e)
{
	struct match m = {0};
	int i;

	if (!matches(&m, pattern, name))
		return 0;
	for (i = 0; i < 3; i++) {
		if (m.value[i] == NULL)
			continue;
		/* no value contains "/", so keys are unambiguous */
		if ((key->len > 0 && bk_buf_puts(key, "/", e) == -1) ||
		    bk_buf_add(key, m.value[i], m.len[i], e) == -1)
			return -1;
	}
	return key->len > 0 || bk_buf_puts(key, "*", e) == 0 ? 1 : -1;
}

int
bk_group_of(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e)
{
	key->len = 0;
	return pattern == NULL ? by_stamp(name, key, e)
	    : by_pattern(pattern, name, key, e);
}

int
bk_group_db(const char *pattern, const char *name, struct bk_buf *db,
    struct bk_err *e)
{
	struct match m = {0};

	db->len = 0;
	if (!matches(&m, pattern, name) || m.value[0] == NULL)
		return 0;
	return bk_buf_add(db, m.value[0], m.len[0], e) == -1 ? -1 : 1;
}

int
bk_group_check(const char *pattern, struct bk_err *e)
{
	const char *s, *close;

	for (s = pattern; (s = strchr(s, '{')) != NULL; s = close) {
		if ((close = strchr(s, '}')) == NULL)
			return bk_fail(e, BK_USAGE, "%s: unmatched {",
			    pattern);
		if (variable(s + 1, (size_t)(close - s) - 1) == -1)
			return bk_fail(e, BK_USAGE, "%.*s: no such variable; "
			    "use {db} {host} {tier} {utc} {date} {time}",
			    (int)(close - s) + 1, s);
	}
	return 0;
}
