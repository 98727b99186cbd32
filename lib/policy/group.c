#include "policy/group.h"

#include <stdio.h>
#include <string.h>

#include "listing/stamp.h"
#include "policy/increments.h"
#include "walfile/wal_name.h"

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

/* The length of a WAL segment's name at s, a whole word of base; 0: none. */
static size_t
segment_at(const char *base, const char *s)
{
	return bk_wal_name_word(base, s) ? BK_WAL_DIGITS : 0;
}

/* Where a name says when: what its series has "*" for. */
struct when {
	const char *name, *base;
	const char *chain;		/* {chain} in base, or NULL */
	size_t chain_len;
	const char *last;		/* the last time in base, or NULL */
	int found;			/* stamp is set */
	struct bk_stamp stamp;
};

/* The last time in the base name, or NULL; a position may look like one. */
static const char *
last_stamp(const struct when *w)
{
	const char *s = w->base, *found = NULL;
	size_t n;

	while (*s != '\0') {
		n = s == w->chain ? w->chain_len : segment_at(w->base, s);
		if (n == 0 && (s == w->base || !is_digit(s[-1])) &&
		    (n = stamp_at(s)) > 0)
			found = s;
		s += n > 0 ? n : 1;
	}
	return found;
}

/* The date at s as a number, 20261121. */
static int
date_number(const char *s)
{
	int sep = !is_digit(s[4]);

	return digits(s, 4) * 10000 + digits(s + 4 + sep, 2) * 100 +
	    digits(s + 6 + 2 * sep, 2);
}

/* The date that the name gives, as a number; 0: none. */
static int
name_date(const struct when *w)
{
	return w->last != NULL ? date_number(w->last) :
	    w->found ? date_number(w->name + w->stamp.at) : 0;
}

/*
 * The length of a time at s, in a directory's name: a name like "2026-11-21",
 * or a part of one with the date that the file's name has.  Another date is a
 * tenant's or a year's, and its own series.
 */
static size_t
dir_time_at(const struct when *w, const char *s)
{
	size_t n = s == w->name || !is_digit(s[-1]) ? stamp_at(s) : 0;
	int whole = (s == w->name || s[-1] == '/') && s[n] == '/';

	return n > 0 && ((whole && s[4] == '-') ||
	    date_number(s) == name_date(w)) ? n : 0;
}

/* The length of what says when, or which segment, at s; 0: nothing. */
static size_t
when_at(const struct when *w, const char *s)
{
	size_t at = (size_t)(s - w->name);

	if (w->found && at == w->stamp.at && w->stamp.len > stamp_at(s))
		return w->stamp.len;
	if (w->found && w->stamp.time_len > 0 && at == w->stamp.time_at)
		return w->stamp.time_len;
	if (s < w->base)
		return dir_time_at(w, s);
	if (s == w->last)
		return stamp_at(s);
	return s == w->chain ? w->chain_len : segment_at(w->base, s);
}

static int
by_stamp(const char *name, struct bk_buf *key, struct bk_err *e)
{
	const char *slash = strrchr(name, '/'), *s, *from = name;
	struct when w = { .name = name, .base = slash == NULL ? name :
	    slash + 1 };
	struct bk_lineage chain;
	int found = 0, rc = 0;
	size_t n;

	w.chain = bk_lineage_find(name, &chain, &w.chain_len);
	w.last = last_stamp(&w);
	w.found = bk_stamp_find(name, &w.stamp);
	for (s = name; rc == 0 && *s != '\0'; s += n > 0 ? n : 1) {
		if ((n = when_at(&w, s)) == 0)
			continue;
		found = 1;
		rc = bk_buf_add(key, from, (size_t)(s - from), e);
		if (rc == 0)
			rc = bk_buf_puts(key, "*", e);
		from = s + n;
	}
	if (rc == -1 || found)
		return rc == -1 || bk_buf_puts(key, from, e) == -1 ? -1 : 1;
	if (strpbrk(name, "/.") != NULL)
		return 0;
	return bk_buf_puts(key, "*", e) == -1 ? -1 : 1;
}

#define MAX_TRIES 1000000

/* What the variables db, host and tier stand for. */
struct reading {
	const char *value[3];	/* NULL: not matched yet */
	size_t len[3];
};

struct match {
	struct reading r;	/* the one being tried */
	struct reading first;	/* the first that fits */
	int found;		/* there is one */
	unsigned tries;
};

/*
 * Below 3: a variable of the series key; 3 to 5: a time; 6: a place in a chain;
 * -1: unknown.
 */
static int
variable(const char *s, size_t n)
{
	static const char *const known[] = { "db", "host", "tier", "utc",
	    "date", "time", "chain" };
	int i;

	for (i = 0; i < 7; i++)
		if (strlen(known[i]) == n && strncmp(known[i], s, n) == 0)
			return i;
	return -1;
}

static size_t
time_at(int var, const char *s)
{
	struct bk_lineage chain;
	size_t n;

	switch (var) {
	case 3:
		n = strlen("20261121T052719Z");
		return stamp_at(s) == n && s[8] == 'T' ? n : 0;
	case 4:
		n = date_at(s);
		return n == strlen("2026-11-21") && s[4] == '-' ? n : 0;
	case 5:
		return digits(s, 6) != -1 ? 6 : 0;
	default:
		return bk_lineage_at(s, &chain);
	}
}

/* The pattern fits: 1 if for the second time, with other values. */
static int
fits(struct match *m)
{
	int i, other = 0;

	if (!m->found)
		m->first = m->r;
	m->found = 1;
	for (i = 0; i < 3; i++)
		other |= m->r.value[i] != NULL &&
		    (m->r.len[i] != m->first.len[i] ||
		    strncmp(m->r.value[i], m->first.value[i],
		    m->r.len[i]) != 0);
	return other;
}

static int reads_twice(struct match *m, const char *pattern, const char *s);

/* A variable of the series key, var, at s; rest is the pattern after it. */
static int
try_values(struct match *m, int var, const char *rest, const char *s)
{
	struct reading *r = &m->r;
	size_t n;

	if (r->value[var] != NULL)
		return strncmp(s, r->value[var], r->len[var]) == 0 &&
		    reads_twice(m, rest, s + r->len[var]);
	r->value[var] = s;
	for (n = 1; s[n - 1] != '\0' && s[n - 1] != '/'; n++) {
		r->len[var] = n;
		if (reads_twice(m, rest, s + n))
			return 1;
	}
	r->value[var] = NULL;
	return 0;
}

/*
 * 1 if s matches pattern in two ways, of which the second is m->r then; 0: in
 * one way, or none, or it takes too many tries.
 */
static int
reads_twice(struct match *m, const char *pattern, const char *s)
{
	const char *close;
	size_t n;
	int var;

	for (; *pattern != '*' && *pattern != '{'; pattern++, s++) {
		if (*pattern != *s)
			return 0;
		if (*s == '\0')
			return fits(m);
	}
	if (++m->tries > MAX_TRIES)
		return 0;
	if (*pattern == '*' && pattern[1] == '\0')
		return fits(m);
	if (*pattern == '*') {
		for (;; s++) {
			if (reads_twice(m, pattern + 1, s))
				return 1;
			if (*s == '\0')
				return 0;
		}
	}
	close = strchr(pattern, '}');
	var = variable(pattern + 1, (size_t)(close - pattern) - 1);
	if (var < 3)
		return try_values(m, var, close + 1, s);
	return (n = time_at(var, s)) > 0 && reads_twice(m, close + 1, s + n);
}

/* Append " {db} shop {tier} daily". */
static void
describe(char *out, size_t size, const struct reading *r)
{
	static const char *const var[] = { "{db}", "{host}", "{tier}" };
	size_t used = 0;
	int i;

	out[0] = '\0';
	for (i = 0; i < 3 && used < size; i++)
		if (r->value[i] != NULL)
			used += (size_t)snprintf(out + used, size - used,
			    " %s %.*s", var[i], (int)r->len[i], r->value[i]);
}

static int
ambiguous(const char *name, const struct match *m, struct bk_err *e)
{
	char one[200], other[200];

	describe(one, sizeof(one), &m->first);
	describe(other, sizeof(other), &m->r);
	return bk_fail(e, BK_DATA, "%s: --group reads it in two ways,%s or%s; "
	    "write one of them, such as the tier, into the pattern", name, one,
	    other);
}

/* The one reading of name: 1, 0 if pattern does not match, -1 with *e set. */
static int
read_name(struct match *m, const char *pattern, const char *name,
    struct bk_err *e)
{
	if (reads_twice(m, pattern, name))
		return ambiguous(name, m, e);
	if (m->tries > MAX_TRIES)
		return bk_fail(e, BK_DATA, "%s: --group can be read in too "
		    "many ways; use fewer *", name);
	return m->found;
}

static int
by_pattern(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e)
{
	struct match m = {0};
	int i, rc;

	if ((rc = read_name(&m, pattern, name, e)) != 1)
		return rc;
	for (i = 0; i < 3; i++) {
		if (m.first.value[i] == NULL)
			continue;
		/* no value contains "/", so keys are unambiguous */
		if ((key->len > 0 && bk_buf_puts(key, "/", e) == -1) ||
		    bk_buf_add(key, m.first.value[i], m.first.len[i], e) == -1)
			return -1;
	}
	return key->len > 0 || bk_buf_puts(key, "*", e) == 0 ? 1 : -1;
}

int
bk_group_of(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e)
{
	key->len = 0;
	return pattern == NULL ? by_stamp(name, key, e) :
	    by_pattern(pattern, name, key, e);
}

int
bk_group_db(const char *pattern, const char *name, struct bk_buf *db,
    struct bk_err *e)
{
	struct match m = {0};
	int rc = read_name(&m, pattern, name, e);

	db->len = 0;
	if (rc != 1 || m.first.value[0] == NULL)
		return rc == -1 ? -1 : 0;
	return bk_buf_add(db, m.first.value[0], m.first.len[0], e) == -1 ? -1
	    : 1;
}

void
bk_group_tier(const char *pattern, const char *name, const char **tier,
    size_t *len)
{
	struct match m = {0};
	int twice = reads_twice(&m, pattern, name);
	int known = m.found && !twice && m.tries <= MAX_TRIES;

	*tier = known ? m.first.value[2] : NULL;
	*len = known ? m.first.len[2] : 0;
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
			    "use {db} {host} {tier} {utc} {date} {time} "
			    "{chain}",
			    (int)(close - s) + 1, s);
	}
	return 0;
}
