#include "verify/definitions.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "verify/rewritten.h"

#define SHOWN_BEFORE 40		/* bytes of a line before the difference */
#define SHOWN 100		/* bytes of a line, in total */

struct list {			/* the entries to compare, sorted */
	const struct bk_toc_entry **te;
	size_t n;
};

static int
is(const struct bk_toc_entry *te, const char *desc)
{
	return te->desc != NULL && strcmp(te->desc, desc) == 0;
}

static int
among(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return 1;
	return 0;
}

/* Kinds whose tag begins with the kind of the object that they are about. */
static int
is_about(const struct bk_toc_entry *te, const char *kind)
{
	static const char *const kinds[] = { "ACL", "COMMENT",
	    "SECURITY LABEL", NULL };
	size_t n = strlen(kind);

	return te->desc != NULL && te->tag != NULL && among(te->desc, kinds) &&
	    strncmp(te->tag, kind, n) == 0 && (n == 0 || te->tag[n] == ' ');
}

/* Values rather than definitions: no reference has them. */
static int
is_state(const struct bk_toc_entry *te)
{
	return is(te, "SEQUENCE SET") || is(te, "MATERIALIZED VIEW DATA");
}

static int
of_database(const struct bk_toc_entry *te)
{
	return is(te, "DATABASE PROPERTIES") || is_about(te, "DATABASE");
}

static int
of_subscription(const struct bk_toc_entry *te)
{
	return is(te, "SUBSCRIPTION") || is(te, "SUBSCRIPTION TABLE") ||
	    is_about(te, "SUBSCRIPTION");
}

static int
is_part(const struct bk_toc_entry *te, enum bk_definitions_part what)
{
	switch (what) {
	case BK_PART_DATABASE: return of_database(te);
	case BK_PART_SUBSCRIPTIONS: return of_subscription(te);
	case BK_PART_TABLESPACES: break;
	}
	return te->tablespace != NULL && *te->tablespace != '\0';
}

int
bk_definitions_have(const struct bk_toc *toc, enum bk_definitions_part what)
{
	size_t i;

	for (i = 0; i < toc->n; i++)
		if (is_part(&toc->entry[i], what))
			return 1;
	return 0;
}

static int
is_compared(const struct bk_toc_entry *te,
    const struct bk_definitions_rules *rules)
{
	static const char *const never[] = { "TABLE DATA", "BLOBS",
	    "STATISTICS DATA", "ENCODING", "STDSTRINGS", "SEARCHPATH", NULL };

	if (te->desc == NULL || te->tag == NULL || among(te->desc, never))
		return 0;
	if (rules->no_database && (is(te, "DATABASE") || of_database(te)))
		return 0;
	if (rules->no_subscriptions && of_subscription(te))
		return 0;
	return !rules->no_acl || (!is(te, "ACL") && !is(te, "DEFAULT ACL"));
}

/* NULL and "" are the same: nothing. */
static int
by_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b);
}

static int
by_key(const struct bk_toc_entry *a, const struct bk_toc_entry *b)
{
	int r = strcmp(a->desc, b->desc);

	if (r == 0)
		r = by_text(a->schema, b->schema);
	return r == 0 ? strcmp(a->tag, b->tag) : r;
}

/* The key, and all that has to agree. */
static int
by_all(const struct bk_toc_entry *a, const struct bk_toc_entry *b,
    const struct bk_definitions_rules *rules)
{
	int r = by_key(a, b);

	if (r == 0)
		r = by_text(a->defn, b->defn);
	if (r == 0 && !rules->no_owner)
		r = by_text(a->owner, b->owner);
	if (r == 0 && !rules->no_tablespaces)
		r = by_text(a->tablespace, b->tablespace);
	return r == 0 ? by_text(a->access_method, b->access_method) : r;
}

static int
by_all_sort(const void *a, const void *b)
{
	static const struct bk_definitions_rules all;

	return by_all(*(const struct bk_toc_entry *const *)a,
	    *(const struct bk_toc_entry *const *)b, &all);
}

static int
make_list(struct list *l, const struct bk_toc *toc,
    const struct bk_definitions_rules *rules, struct bk_err *e)
{
	size_t i;

	if ((l->te = calloc(toc->n + 1, sizeof(*l->te))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < toc->n; i++)
		if (is_compared(&toc->entry[i], rules))
			l->te[l->n++] = &toc->entry[i];
	qsort(l->te, l->n, sizeof(*l->te), by_all_sort);
	return 0;
}

/*
 * The public schema as each database has it: pg_dump writes it only where it
 * was asked for, by -n public.
 */
static int
is_usual(const struct bk_toc_entry *te)
{
	return te->defn != NULL && (is(te, "SCHEMA") ?
	    strcmp(te->defn, "CREATE SCHEMA public;\n") == 0 :
	    is(te, "COMMENT") && strcmp(te->defn, "COMMENT ON SCHEMA public "
	    "IS 'standard public schema';\n") == 0);
}

static void
add_pair(struct bk_definitions *d, const struct bk_toc_entry *was,
    const struct bk_toc_entry *is_now)
{
	if (is_now == NULL && was != NULL && is_usual(was))
		return;
	/* a sequence's value that was not dumped cannot be compared */
	if (was == NULL && is_now != NULL && is(is_now, "SEQUENCE SET"))
		return;
	d->pair[d->n++] = (struct bk_definition_pair){ was, is_now };
}

/* How many entries from i on have the key of the first. */
static size_t
group(const struct list *l, size_t i)
{
	size_t n = 1;

	while (i + n < l->n && by_key(l->te[i], l->te[i + n]) == 0)
		n++;
	return n;
}

/* Of entries with one key, drop those that agree, and pair up the rest. */
static void
pair_group(struct bk_definitions *d, const struct bk_toc_entry **a, size_t na,
    const struct bk_toc_entry **b, size_t nb,
    const struct bk_definitions_rules *rules)
{
	size_t i = 0, j = 0, left_a = 0, left_b = 0, k;
	int r;

	while (i < na || j < nb) {
		r = i == na ? 1 : j == nb ? -1 : by_all(a[i], b[j], rules);
		if (r == 0) {
			i++;
			j++;
		} else if (r < 0) {
			a[left_a++] = a[i++];
		} else {
			b[left_b++] = b[j++];
		}
	}
	for (k = 0; k < left_a || k < left_b; k++)
		add_pair(d, k < left_a ? a[k] : NULL, k < left_b ? b[k] :
		    NULL);
}

int
bk_definitions_compare(struct bk_definitions *d, const struct bk_toc *toc,
    const struct bk_toc *copy, const struct bk_definitions_rules *rules,
    struct bk_err *e)
{
	struct list a = {0}, b = {0};
	size_t i = 0, j = 0, na, nb;
	int r, rc = -1;

	d->pair = calloc(toc->n + copy->n + 1, sizeof(*d->pair));
	if (d->pair == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (make_list(&a, toc, rules, e) == -1 ||
	    make_list(&b, copy, rules, e) == -1)
		goto done;
	for (; i < a.n || j < b.n; i += na, j += nb) {
		r = i == a.n ? 1 : j == b.n ? -1 : by_key(a.te[i], b.te[j]);
		na = r <= 0 ? group(&a, i) : 0;
		nb = r >= 0 ? group(&b, j) : 0;
		pair_group(d, a.te + i, na, b.te + j, nb, rules);
	}
	rc = 0;
 done:
	free(a.te);
	free(b.te);
	return rc;
}

/* Is there an entry with te's key in l, and, if all, the same in all? */
static int
holds(const struct list *l, const struct bk_toc_entry *te, int all,
    const struct bk_definitions_rules *rules)
{
	size_t low = 0, high = l->n, at;

	while (low < high) {
		at = low + (high - low) / 2;
		if (by_key(l->te[at], te) < 0)
			low = at + 1;
		else
			high = at;
	}
	for (; low < l->n && by_key(l->te[low], te) == 0; low++)
		if (!all || by_all(l->te[low], te, rules) == 0)
			return 1;
	return 0;
}

static int
by_line(const void *x, const void *y)
{
	const char *a = *(const char *const *)x, *b = *(const char *const *)y;
	size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");
	int r = memcmp(a, b, n < m ? n : m);

	return r == 0 ? (n > m) - (n < m) : r;
}

/* The lines of text, sorted, and their number; NULL: no memory. */
static const char **
sorted_lines(const char *text, size_t *n)
{
	const char **line, *p;

	for (*n = 1, p = text; (p = strchr(p, '\n')) != NULL; p++)
		++*n;
	if ((line = calloc(*n, sizeof(*line))) == NULL)
		return NULL;
	for (*n = 0, p = text; p != NULL; p = strchr(p, '\n'))
		line[(*n)++] = p += p != text;
	qsort(line, *n, sizeof(*line), by_line);
	return line;
}

/* A database's settings and its roles', which pg_dump writes in any order. */
static int
same_lines(const char *a, const char *b)
{
	size_t n, m, i = 0;
	const char **x = sorted_lines(a, &n), **y = sorted_lines(b, &m);

	if (x != NULL && y != NULL && n == m)
		while (i < n && by_line(&x[i], &y[i]) == 0)
			i++;
	free(x);
	free(y);
	return i > 0 && i == n;
}

/*
 * Are they the same but for an expression that was written again, or the order
 * of settings?
 */
static int
is_rewritten(const struct bk_toc_entry *was, const struct bk_toc_entry *now,
    const struct bk_definitions_rules *rules)
{
	/* SQL bodies of functions are among these; others are strings */
	static const char *const kinds[] = { "AGGREGATE", "CHECK CONSTRAINT",
	    "CONSTRAINT", "DEFAULT", "DOMAIN", "FOREIGN TABLE", "FUNCTION",
	    "INDEX", "MATERIALIZED VIEW", "POLICY", "PROCEDURE",
	    "PUBLICATION TABLE", "RULE", "STATISTICS", "TABLE",
	    "TABLE ATTACH", "TRIGGER", "VIEW" };
	struct bk_toc_entry other = *now;
	size_t i, n = sizeof(kinds) / sizeof(kinds[0]);

	other.defn = was->defn;
	if (was->defn == NULL || now->defn == NULL ||
	    by_all(was, &other, rules) != 0)
		return 0;
	if (is(was, "DATABASE PROPERTIES"))
		return same_lines(was->defn, now->defn);
	for (i = 0; i < n && !is(was, kinds[i]); i++)
		continue;
	return i < n &&
	    bk_rewritten_same(was->defn, now->defn, is(was, "POLICY"));
}

void
bk_definitions_drop_rewritten(struct bk_definitions *d,
    const struct bk_definitions_rules *rules)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++) {
		const struct bk_definition_pair *p = &d->pair[i];

		if (p->was == NULL || p->is == NULL ||
		    !is_rewritten(p->was, p->is, rules))
			d->pair[n++] = *p;
	}
	d->n = n;
}

int
bk_definitions_excuse(struct bk_definitions *d,
    const struct bk_toc *reference, const struct bk_definitions_rules *rules,
    uint64_t *passed, struct bk_err *e)
{
	struct list l = {0};
	size_t i, n = 0;
	int same;

	*passed = 0;
	if (make_list(&l, reference, rules, e) == -1)
		return -1;
	for (i = 0; i < d->n; i++) {
		const struct bk_definition_pair *p = &d->pair[i];

		same = is_state(p->was != NULL ? p->was : p->is) ? 0 :
		    p->is != NULL ? holds(&l, p->is, 1, rules) :
		    !holds(&l, p->was, 0, rules);
		if (!same)
			d->pair[n++] = *p;
		else if (p->is == NULL)
			(*passed)++;
	}
	d->n = n;
	free(l.te);
	return 0;
}

/* "TABLE orders" of schema public: "table public.orders". */
int
bk_definition_name(const struct bk_toc_entry *te, struct bk_buf *out,
    struct bk_err *e)
{
	const char *tag = te->tag, *space = strchr(tag, ' ');
	/* pg_dump 17 has another word for it than 16, people a third */
	const char *kind = is(te, "BLOB") || is(te, "BLOB METADATA") ?
	    "LARGE OBJECT" : te->desc;
	size_t start = out->len, i;

	if (bk_buf_puts(out, kind, e) == -1)
		return -1;
	for (i = start; i < out->len; i++)
		out->data[i] = (char)tolower((unsigned char)out->data[i]);
	if (bk_buf_puts(out, " ", e) == -1)
		return -1;
	if (is_about(te, "") && space != NULL) {
		if (bk_buf_puts(out, "on ", e) == -1 ||
		    bk_buf_add(out, tag, (size_t)(space - tag) + 1, e) == -1)
			return -1;
		tag = space + 1;
	}
	if (te->schema != NULL && *te->schema != '\0' &&
	    bk_buf_printf(out, e, "%s.", te->schema) == -1)
		return -1;
	return bk_buf_puts(out, tag, e);
}

/* The line of s around offset at; the next one if the other text ends here. */
static int
add_line(struct bk_buf *out, const char *s, size_t at, int other_ends,
    struct bk_err *e)
{
	size_t start, n;

	while (other_ends && s[at] == '\n')
		at++;
	for (start = at; start > 0 && s[start - 1] != '\n' &&
	    at - start < SHOWN_BEFORE; )
		start--;
	if (start > 0 && s[start - 1] != '\n')
		start += strcspn(s + start, " \n");
	start += strspn(s + start, " ");
	if (start > at)
		start = at;
	n = strcspn(s + start, "\n");
	/* at a line's end, with or without a comma, the next one tells more */
	if (start + n <= at + 1 && s[start + n] == '\n')
		n += 1 + strcspn(s + start + n + 1, "\n");
	if (n == 0)
		return bk_buf_puts(out, "nothing", e);
	if (n > SHOWN) {
		n = SHOWN;
		while (n > 0 && bk_utf8_inside(s[start + n]))
			n--;
	}
	return bk_buf_add(out, s + start, n, e);
}

static int
add_field(struct bk_buf *out, const char *name, const char *value,
    struct bk_err *e)
{
	return bk_buf_printf(out, e, "%s %s", name,
	    value == NULL || *value == '\0' ? "none" : value);
}

int
bk_definition_describe(const struct bk_definition_pair *pair,
    const struct bk_definitions_rules *rules, struct bk_buf *was,
    struct bk_buf *is_now, struct bk_err *e)
{
	const struct bk_toc_entry *a = pair->was, *b = pair->is;
	const char *x, *y, *field;
	size_t at = 0;

	if (a == NULL || b == NULL)
		return bk_buf_puts(was, a == NULL ? "none" : "defined", e) ==
		    -1 ? -1 : bk_buf_puts(is_now, b == NULL ? "none" :
		    "defined", e);
	if (by_text(a->defn, b->defn) != 0) {
		x = a->defn == NULL ? "" : a->defn;
		y = b->defn == NULL ? "" : b->defn;
		while (x[at] == y[at] && x[at] != '\0')
			at++;
		return add_line(was, x, at, y[at] == '\0', e) == -1 ? -1 :
		    add_line(is_now, y, at, x[at] == '\0', e);
	}
	if (!rules->no_owner && by_text(a->owner, b->owner) != 0) {
		field = "owner";
		x = a->owner;
		y = b->owner;
	} else if (by_text(a->tablespace, b->tablespace) != 0) {
		field = "tablespace";
		x = a->tablespace;
		y = b->tablespace;
	} else {
		field = "access method";
		x = a->access_method;
		y = b->access_method;
	}
	return add_field(was, field, x, e) == -1 ? -1 :
	    add_field(is_now, field, y, e);
}

void
bk_definitions_free(struct bk_definitions *d)
{
	free(d->pair);
	*d = (struct bk_definitions){0};
}
