#include "archive/toc_roles.h"

#include <ctype.h>
#include <string.h>

struct scan {
	int (*each)(void *ctx, const struct bk_toc_role *role,
	    struct bk_err *e);
	void *ctx;
	struct bk_buf name;
};

static int
is(const char *s, const char *text)
{
	return s != NULL && strcmp(s, text) == 0;
}

static int
begins(const char *s, const char *head)
{
	return s != NULL && strncmp(s, head, strlen(head)) == 0;
}

static int
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	    (c & 0x80) != 0;
}

/* The end of the string or quoted identifier at p. */
static const char *
skip_quoted(const char *p)
{
	const char quote = *p++;

	for (; *p != '\0'; p++)
		if (*p == quote && *++p != quote)
			return p;
	return p;
}

/* The end of the token at p: a word, something quoted, or one character. */
static const char *
skip_token(const char *p)
{
	const char *start = p;

	if (*p == '"' || *p == '\'')
		return skip_quoted(p);
	while (is_word(*p))
		p++;
	return p == start && *p != '\0' ? p + 1 : p;
}

static const char *
skip_space(const char *p)
{
	return p + strspn(p, " \n\t");
}

/*
 * The token at p is a name: unquoted, it has no capitals, unlike PUBLIC, which
 * a user mapping has in small letters.
 */
static int
take_name(struct scan *s, const char *p, const char *end, struct bk_err *e)
{
	struct bk_toc_role role = {0};
	const char *q;

	s->name.len = 0;
	if (end - p == 6 && memcmp(p, "public", 6) == 0)
		return 0;
	if (*p == '"') {
		p++;
		end--;
	} else if (!is_word(*p)) {
		return 0;
	} else {
		for (q = p; q < end; q++)
			if (isupper((unsigned char)*q))
				return 0;
	}
	for (; p < end; p += *p == '"' ? 2 : 1)	/* a quote is doubled */
		if (bk_buf_add(&s->name, p, 1, e) == -1)
			return -1;
	role.name = s->name.data;
	return s->name.len == 0 ? 0 : s->each(s->ctx, &role, e);
}

/* The list of names at p; *after: what follows it. */
static int
take_names(struct scan *s, const char *p, const char **after, struct bk_err *e)
{
	for (;;) {
		p = skip_space(p);
		*after = skip_token(p);
		if (take_name(s, p, *after, e) == -1)
			return -1;
		p = skip_space(*after);
		if (*p != ',')
			return 0;
		p++;
	}
}

/*
 * Roles follow these words; all but ROLE are reserved, so that pg_dump quotes
 * a name that is one of them, and ROLE counts only after FOR.
 */
static int
introduces(const char *desc, const char *p, size_t n, const char *last)
{
	static const char *const of_acl[] = { "TO", "FROM", "AUTHORIZATION" };
	size_t i;

	if (is(desc, "POLICY"))
		return n == 2 && memcmp(p, "TO", n) == 0;
	if (is(desc, "USER MAPPING"))
		return n == 3 && memcmp(p, "FOR", n) == 0;
	for (i = 0; i < sizeof(of_acl) / sizeof(of_acl[0]); i++)
		if (n == strlen(of_acl[i]) && memcmp(p, of_acl[i], n) == 0)
			return 1;
	return n == 4 && memcmp(p, "ROLE", n) == 0 && begins(last, "FOR ");
}

static int
scan_definition(struct scan *s, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	/* an expression follows, options with any text */
	const int until_paren = !is(te->desc, "ACL") &&
	    !is(te->desc, "DEFAULT ACL");
	const char *p, *end, *last = "";

	for (p = skip_space(te->defn); *p != '\0' &&
	    !(until_paren && *p == '('); p = skip_space(end)) {
		end = skip_token(p);
		if (introduces(te->desc, p, (size_t)(end - p), last) &&
		    take_names(s, end, &end, e) == -1)
			return -1;
		last = p;
	}
	return 0;
}

static int
scan_entry(struct scan *s, const struct bk_toc_entry *te, struct bk_err *e)
{
	struct bk_toc_role owner = { .name = te->owner, .owner = 1 };

	if (is(te->desc, "DATABASE") || is(te->desc, "DATABASE PROPERTIES") ||
	    is(te->desc, "SUBSCRIPTION") ||
	    (is(te->desc, "ACL") && begins(te->tag, "DATABASE ")))
		return 0;
	owner.super = is(te->desc, "EVENT TRIGGER") ||
	    is(te->desc, "FOREIGN DATA WRAPPER");
	if (te->owner != NULL && *te->owner != '\0' &&
	    s->each(s->ctx, &owner, e) == -1)
		return -1;
	if (te->defn != NULL && (is(te->desc, "ACL") ||
	    is(te->desc, "DEFAULT ACL") || is(te->desc, "POLICY") ||
	    is(te->desc, "USER MAPPING")))
		return scan_definition(s, te, e);
	return 0;
}

int
bk_toc_roles(const struct bk_toc *toc, int (*each)(void *ctx,
    const struct bk_toc_role *role, struct bk_err *e), void *ctx,
    struct bk_err *e)
{
	struct scan s = { .each = each, .ctx = ctx };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < toc->n; i++)
		rc = scan_entry(&s, &toc->entry[i], e);
	bk_buf_free(&s.name);
	return rc;
}
