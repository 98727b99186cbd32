#include "archive/toc_settings.h"

#include <string.h>

#define WORDS 7		/* ALTER DATABASE shop SET name TO 'value' */

struct statement {
	struct bk_buf word[WORDS];	/* without their quotes */
	char kind[WORDS];		/* a quote; 0: none */
	size_t n;			/* may be more than WORDS */
};

/* Append what is in quotes at *p, which is moved past it. */
static int
take_quoted(const char **p, int escapes, struct bk_buf *out, struct bk_err *e)
{
	const char *s = *p, quote = *s++;

	for (; *s != '\0'; s++) {
		if (*s == quote && *++s != quote)
			break;
		if (escapes && *s == '\\' && *++s == '\0')
			break;
		if (bk_buf_add(out, s, 1, e) == -1)
			return -1;
	}
	*p = s;
	return 0;
}

static int
take_word(const char **p, struct statement *t, struct bk_err *e)
{
	const size_t i = t->n < WORDS ? t->n : WORDS - 1;
	const int escapes = strncmp(*p, "E'", 2) == 0;
	const size_t bare = strcspn(*p, " \n;,='\"");
	struct bk_buf *out = &t->word[i];

	*p += escapes;
	t->n++;
	t->kind[i] = '\0';
	if (**p == '\'' || **p == '"')
		t->kind[i] = **p;
	out->len = 0;
	if (bk_buf_puts(out, "", e) == -1)
		return -1;
	if (t->kind[i] != '\0')
		return take_quoted(p, escapes, out, e);
	*p += bare;
	return bk_buf_add(out, *p - bare, bare, e);
}

/* 1; 0: there is no other, or no statement of pg_dump's; -1. */
static int
take_statement(const char **p, struct statement *t, struct bk_err *e)
{
	const char *from;

	for (t->n = 0; **p != ';'; *p += strspn(*p, " ,=")) {
		from = *p;
		if (take_word(p, t, e) == -1)
			return -1;
		if (*p == from)
			return 0;
	}
	*p += 1 + strspn(*p + 1, "\n");
	return 1;
}

static int
is_word(const struct statement *t, size_t i, const char *word)
{
	return t->kind[i] == '\0' && strcmp(t->word[i].data, word) == 0;
}

static int
is_setting(const struct statement *t)
{
	return t->n == WORDS && is_word(t, 0, "ALTER") &&
	    is_word(t, 1, "DATABASE") && is_word(t, 3, "SET") &&
	    is_word(t, 5, "TO") && t->kind[6] == '\'';
}

int
bk_toc_settings(const struct bk_toc *toc, bk_toc_setting_fn *each, void *ctx,
    struct bk_err *e)
{
	struct statement t = { .n = 0 };
	const char *p;
	size_t i;
	int rc = 0;

	for (i = 0; rc != -1 && i < toc->n; i++) {
		if (strcmp(toc->entry[i].desc, "DATABASE PROPERTIES") != 0 ||
		    (p = toc->entry[i].defn) == NULL)
			continue;
		while ((rc = take_statement(&p, &t, e)) == 1)
			if (is_setting(&t) && (rc = each(ctx, t.word[4].data,
			    t.word[6].data, e)) == -1)
				break;
	}
	for (i = 0; i < WORDS; i++)
		bk_buf_free(&t.word[i]);
	return rc;
}
