#include "policy/increments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

/* A position as a name has it: "0-2000028". */
static void
format_lsn(uint64_t lsn, char out[BK_LSN_TEXT])
{
	bk_lsn_format(lsn, out);
	out[strcspn(out, "/")] = '-';
}

void
bk_lineage_format(const struct bk_lineage *c, char out[BK_LINEAGE_TEXT])
{
	char start[BK_LSN_TEXT], parent[BK_LSN_TEXT];

	out[0] = '\0';
	if (c->start == 0)
		return;
	format_lsn(c->start, start);
	format_lsn(c->parent, parent);
	(void)snprintf(out, BK_LINEAGE_TEXT, c->parent == 0 ? "full.%s" :
	    "incr.%s.%s", start, parent);
}

/* The length of a position at s, as format_lsn() writes it; 0: none. */
static size_t
lsn_at(const char *s, uint64_t *lsn)
{
	static const char hex[] = "0123456789ABCDEF";
	char text[BK_LSN_TEXT], again[BK_LSN_TEXT];
	size_t n = strspn(s, hex);

	if (n == 0 || s[n] != '-')
		return 0;
	n += 1 + strspn(s + n + 1, hex);
	if (n >= sizeof(text))
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", (int)n, s);
	text[strcspn(text, "-")] = '/';
	if (!bk_lsn_parse(text, lsn) || *lsn == 0)
		return 0;
	bk_lsn_format(*lsn, again);
	return strcmp(again, text) == 0 ? n : 0;
}

size_t
bk_lineage_at(const char *s, struct bk_lineage *c)
{
	const size_t word = 5;		/* "full." */
	size_t n, m;

	*c = (struct bk_lineage){0};
	if ((strncmp(s, "full.", word) != 0 && strncmp(s, "incr.", word) != 0)
	    || (n = lsn_at(s + word, &c->start)) == 0)
		return 0;
	n += word;
	if (*s == 'f')
		return n;
	if (s[n] != '.' || (m = lsn_at(s + n + 1, &c->parent)) == 0 ||
	    c->parent >= c->start)
		return 0;
	return n + 1 + m;
}

/* 1 if c may stand next to such a word. */
static int
separates(char c)
{
	return c == '\0' || strchr("-_.@ ", c) != NULL;
}

const char *
bk_lineage_find(const char *name, struct bk_lineage *c, size_t *len)
{
	const char *slash = strrchr(name, '/'), *base, *s;

	base = slash == NULL ? name : slash + 1;
	for (s = base; *s != '\0'; s++)
		if ((s == base || separates(s[-1])) &&
		    (*len = bk_lineage_at(s, c)) > 0 && separates(s[*len]))
			return s;
	*c = (struct bk_lineage){0};
	return NULL;
}
