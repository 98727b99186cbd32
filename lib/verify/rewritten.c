#include "verify/rewritten.h"

#include <ctype.h>
#include <string.h>

#define BLANKS " \t\r\n"
#define DEEPEST 64		/* brackets in brackets that are looked at */

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

/* The token after blanks; n is 0 at the end.  Advances *s. */
static struct token
next_token(const char **s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	const char *p = *s + strspn(*s, BLANKS);
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

/* The end of the brackets that begin at s. */
static const char *
brackets_end(const char *s)
{
	size_t depth = 0;

	do {
		if (*s == '(' || *s == '[')
			depth++;
		else if (*s == ')' || *s == ']')
			depth--;
		s = token_end(s);
	} while (depth > 0 && *s != '\0');
	return s;
}

/*
 * The closing parenthesis of the one at s, if no operator is between them that
 * they could bind: a name, a literal, a call, an array, what is in parentheses
 * itself, each with its casts; else NULL.
 */
static const char *
needless_end(const char *s)
{
	int name;

	s++;
	s += strspn(s, BLANKS);
	name = is_word(*s) || *s == '"';
	if (*s == '(')
		s = brackets_end(s);
	else if (name || *s == '\'' || *s == '$')
		s = token_end(s);
	else
		return NULL;
	for (;;) {
		s += strspn(s, BLANKS);
		if (*s == '.' && (is_word(s[1]) || s[1] == '"'))
			s = token_end(s + 1);
		else if (*s == '[' || (*s == '(' && name))
			s = brackets_end(s);
		else if (s[0] == ':' && s[1] == ':')
			s = type_end(s + 2);
		else
			break;
	}
	/* (a).b is a column of a value, a.b is one of a table */
	return *s != ')' || s[1] == '.' || s[1] == '[' ? NULL : s;
}

/* The cast "::type" of each element, if s is "(ARRAY[...])::type[]". */
static struct token
elements_cast(const char *s, const char *end)
{
	struct token t = { end + 1, 0 };

	if (strncmp(s, "(ARRAY[", 7) != 0 || brackets_end(s + 6) != end ||
	    strncmp(t.text, "::", 2) != 0)
		return t;
	t.n = (size_t)(type_end(t.text + 2) - t.text);
	if (t.text[t.n - 1] != ']')
		t.n = 0;
	while (t.n > 0 && t.text[t.n - 1] == ']')
		while (t.text[--t.n] != '[')
			continue;
	return t;
}

struct walk {			/* through a text, token by token */
	const char *s, *resume;	/* after the cast that is told at s */
	const char *cast_end;
	int after_array;	/* after the word */
	size_t depth;
	struct {
		int hidden;		/* these brackets do not count */
		int arrays;		/* the element is an array itself */
		struct token cast;	/* of its elements */
	} level[DEEPEST];
};

/* An opening bracket at w->s: does it count? */
static int
open_bracket(struct walk *w)
{
	const size_t i = w->depth++;
	const char *end;

	if (i >= DEEPEST)
		return 1;
	memset(&w->level[i], 0, sizeof(w->level[i]));
	if (*w->s == '(' && (end = needless_end(w->s)) != NULL) {
		w->level[i].hidden = 1;
		w->level[i].cast = elements_cast(w->s, end);
	} else if (w->after_array && i > 0 && w->level[i - 1].cast.n > 0) {
		w->level[i].cast = w->level[i - 1].cast;
		w->level[i - 1].arrays = 1;
	}
	return !w->level[i].hidden;
}

/* A closing one: does it count? */
static int
close_bracket(struct walk *w)
{
	if (w->depth == 0 || --w->depth >= DEEPEST)
		return 1;
	if (w->level[w->depth].hidden && w->level[w->depth].cast.n > 0)
		/* of the array: each element has had it */
		w->s = type_end(w->s + 3) - 1;
	return !w->level[w->depth].hidden;
}

/* At the end of an element without the cast of its array: tell that first. */
static int
begin_cast(struct walk *w)
{
	const size_t i = w->depth - 1;

	if (w->resume != NULL || w->depth == 0 || w->depth > DEEPEST ||
	    w->level[i].hidden || w->level[i].cast.n == 0)
		return 0;
	if (w->level[i].arrays) {
		w->level[i].arrays = 0;
		return 0;
	}
	w->resume = w->s;
	w->s = w->level[i].cast.text;
	w->cast_end = w->s + w->level[i].cast.n;
	return 1;
}

/* The next token that counts. */
static struct token
walk_on(struct walk *w)
{
	static const char *const array[] = { "ARRAY", NULL };
	struct token t;
	int counts = 0, told = 0;

	while (!counts) {
		w->s += strspn(w->s, BLANKS);
		if (w->resume != NULL && w->s >= w->cast_end) {
			w->s = w->resume;
			w->resume = NULL;
			told = 1;
		}
		counts = 1;
		if ((*w->s == ',' || *w->s == ']') && !told && begin_cast(w))
			break;
		if (*w->s == '(' || *w->s == '[')
			counts = open_bracket(w);
		else if (*w->s == ')' || *w->s == ']')
			counts = close_bracket(w);
		if (!counts)
			w->s++;
	}
	t = next_token(&w->s);
	w->after_array = is_among(t.text, t.text + t.n, array);
	return t;
}

int
bk_rewritten_same(const char *a, const char *b, int policy)
{
	static const struct token to = { "TO", 2 };
	struct walk v = { .s = a }, w = { .s = b };
	struct token x, y;

	do {
		x = walk_on(&v);
		y = walk_on(&w);
		if (!is_same(x, y))
			return 0;
		if (policy && is_same(x, to)) {
			policy = 0;
			if (!same_roles(&v.s, &w.s))
				return 0;
		}
	} while (x.n > 0);
	return 1;
}
