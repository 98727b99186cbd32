#include "verify/rewritten.h"

#include <ctype.h>
#include <string.h>

static int
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

/* The end of a word at s. */
static const char *
word_end(const char *s)
{
	while (is_word(*s) || *s == '$')
		s++;
	return s;
}

/* The end of what begins with a quote at s; escapes: a backslash is one. */
static const char *
quoted_end(const char *s, int escapes)
{
	const char quote = *s++;

	for (; *s != '\0'; s++) {
		if (escapes && *s == '\\' && s[1] != '\0')
			s++;
		else if (*s == quote && *++s != quote)
			return s;
	}
	return s;
}

/* The end of a dollar quote at s; s + 1 if it is none. */
static const char *
dollar_end(const char *s)
{
	const char *tag = s + 1, *end;
	size_t n;

	while (is_word(*tag))
		tag++;
	if (*tag != '$')
		return s + 1;
	n = (size_t)(tag - s) + 1;
	for (end = s + n; (end = strchr(end, '$')) != NULL; end++)
		if (strncmp(end, s, n) == 0)
			return end + n;
	return s + strlen(s);
}

/* Is the word at s, up to end, among these? */
static int
is_among(const char *s, const char *end, const char *const *list)
{
	const size_t n = (size_t)(end - s);

	for (; *list != NULL; list++)
		if (strlen(*list) == n && strncmp(*list, s, n) == 0)
			return 1;
	return 0;
}

/* "(10,2)" and "[]" after a type's name. */
static const char *
modifier_end(const char *s)
{
	size_t n;

	if (*s == '(' && s[n = 1 + strspn(s + 1, "0123456789, ")] == ')' &&
	    n > 1)
		s += n + 1;
	while (*s == '[' && s[n = 1 + strspn(s + 1, "0123456789")] == ']')
		s += n + 1;
	return s;
}

/* The end of the type at s: "public.mood[]", "timestamp(3) with time zone". */
static const char *
type_end(const char *s)
{
	static const char *const longer[] = { "bit", "character", "double",
	    "interval", "time", "timestamp", NULL };
	static const char *const more[] = { "varying", "precision", "with",
	    "without", "time", "zone", "year", "month", "day", "hour",
	    "minute", "second", "to", NULL };
	const char *first = s, *end;

	s = *s == '"' ? quoted_end(s, 0) : word_end(s);
	while (*s == '.')
		s = s[1] == '"' ? quoted_end(s + 1, 0) : word_end(s + 1);
	end = s;
	s = modifier_end(s);
	if (!is_among(first, end, longer))
		return s;
	while (*s == ' ' && is_among(s + 1, end = word_end(s + 1), more))
		s = modifier_end(end);
	return s;
}

/* Past what does not count. */
static const char *
skip(const char *s)
{
	for (;;) {
		if (*s != '\0' && strchr(" \t\r\n()", *s) != NULL)
			s++;
		else if (s[0] == ':' && s[1] == ':')
			s = type_end(s + 2);
		else
			return s;
	}
}

/* The end of the token at s. */
static const char *
token_end(const char *s)
{
	static const char operators[] = "+-*/<>=~!@#%^&|`?";
	const char *end;

	if (*s == '\'' || *s == '"')
		return quoted_end(s, 0);
	if (*s == '$')
		return dollar_end(s);
	if (is_word(*s)) {
		end = word_end(s);
		return *end == '\'' && end == s + 1 ? quoted_end(end,
		    *s == 'E' || *s == 'e') : end;
	}
	end = s + strspn(s, operators);
	return end == s ? s + 1 : end;
}

struct token {			/* without quotes that it does not need */
	const char *text;
	size_t n;
};

/* The token after what does not count; n is 0 at the end.  Advances *s. */
static struct token
next_token(const char **s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	const char *p = skip(*s);
	struct token t = { p, *p == '\0' ? 0 : (size_t)(token_end(p) - p) };

	*s = p + t.n;
	if (*p == '"' && t.n > 2 && strspn(p + 1, plain) == t.n - 2) {
		t.text++;
		t.n -= 2;
	}
	return t;
}

static int
is_same(struct token a, struct token b)
{
	return a.n == b.n && memcmp(a.text, b.text, a.n) == 0;
}

/* How often the list of roles at s has t; *end: where the list ends. */
static int
count(const char *s, struct token t, const char **end)
{
	static const char *const after[] = { "USING", "WITH", ";", NULL };
	struct token role;
	int n = 0;

	for (*end = s; (role = next_token(&s)).n > 0 && !is_among(role.text,
	    role.text + role.n, after); *end = s)
		n += is_same(role, t);
	return n;
}

/* Have both lists the same roles?  Advances both. */
static int
same_roles(const char **a, const char **b)
{
	const char *s = *a, *end_a, *end_b;
	struct token t = { "", 0 };

	(void)count(*a, t, &end_a);
	(void)count(*b, t, &end_b);
	while (s < end_a) {
		t = next_token(&s);
		if (count(*a, t, &end_a) != count(*b, t, &end_b))
			return 0;
	}
	for (s = *b; s < end_b;)
		if (count(*a, next_token(&s), &end_a) == 0)
			return 0;
	*a = end_a;
	*b = end_b;
	return 1;
}

int
bk_rewritten_same(const char *a, const char *b, int policy)
{
	static const struct token to = { "TO", 2 };
	struct token x, y;

	do {
		x = next_token(&a);
		y = next_token(&b);
		if (!is_same(x, y))
			return 0;
		if (policy && is_same(x, to)) {
			policy = 0;
			if (!same_roles(&a, &b))
				return 0;
		}
	} while (x.n > 0);
	return 1;
}
