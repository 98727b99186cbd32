#include "restore/select.h"

#include <stdlib.h>
#include <string.h>

struct by_id {
	int32_t id;
	size_t at;		/* index into the TOC */
};

struct selection {
	const struct bk_toc *toc;
	struct by_id *by_id;
	unsigned char *wanted;
};

/* Entries that go with the table (index, sequence, ...) they depend on. */
static const char *const parts[] = { "TABLE DATA", "DEFAULT", "CONSTRAINT",
	"CHECK CONSTRAINT", "INDEX", "INDEX ATTACH", "TABLE ATTACH", "TRIGGER",
	"RULE", "POLICY", "ROW SECURITY", "STATISTICS", "STATISTICS DATA",
	"COMMENT", "ACL", "SECURITY LABEL", "SEQUENCE", "SEQUENCE OWNED BY",
	"PUBLICATION TABLE", "MATERIALIZED VIEW DATA" };

static int
is(const char *s, const char *text)
{
	return s != NULL && strcmp(s, text) == 0;
}

static int
compare(const void *a, const void *b)
{
	const struct by_id *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* The entry with this number, or NULL; *at: its index. */
static const struct bk_toc_entry *
find(const struct selection *s, int32_t id, size_t *at)
{
	const struct by_id key = { .id = id };
	const struct by_id *p = bsearch(&key, s->by_id, s->toc->n,
	    sizeof(*s->by_id), compare);

	if (p == NULL)
		return NULL;
	*at = p->at;
	return &s->toc->entry[p->at];
}

static int
is_relation(const struct bk_toc_entry *te)
{
	return is(te->desc, "TABLE") || is(te->desc, "FOREIGN TABLE") ||
	    is(te->desc, "VIEW") || is(te->desc, "MATERIALIZED VIEW") ||
	    is(te->desc, "SEQUENCE");
}

/* "name" in any schema, or "schema.name". */
static int
names_it(const char *name, const struct bk_toc_entry *te)
{
	size_t n = te->schema == NULL ? 0 : strlen(te->schema);

	return is(te->tag, name) || (n > 0 &&
	    strncmp(name, te->schema, n) == 0 && name[n] == '.' &&
	    is(te->tag, name + n + 1));
}

static int
want_named(struct selection *s, const char *name, int schema,
    struct bk_err *e)
{
	size_t i, found = 0;

	for (i = 0; i < s->toc->n; i++) {
		const struct bk_toc_entry *te = &s->toc->entry[i];

		if (schema ? is(te->schema, name) ||
		    (is(te->desc, "SCHEMA") && is(te->tag, name)) :
		    is_relation(te) && names_it(name, te)) {
			s->wanted[i] = 1;
			found++;
		}
	}
	if (found > 0)
		return 0;
	return bk_fail(e, BK_NONE, "%s \"%s\": not in the dump; see pg_restore "
	    "-l", schema ? "schema" : "table", name);
}

static int
is_part(const struct bk_toc_entry *te)
{
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (is(te->desc, parts[i]))
			return 1;
	return 0;
}

/* "orders orders_customer_fkey" belongs to orders, not to what it refers to. */
static int
is_own_key(const struct bk_toc_entry *te, const struct bk_toc_entry *table)
{
	size_t n = table->tag == NULL ? 0 : strlen(table->tag);

	return is(te->desc, "FK CONSTRAINT") && n > 0 && te->tag != NULL &&
	    te->schema != NULL && is(table->schema, te->schema) &&
	    strncmp(te->tag, table->tag, n) == 0 && te->tag[n] == ' ';
}

/* A TABLE ATTACH selects its partition; 1 if that was added. */
static int
want_partition(struct selection *s, const struct bk_toc_entry *te)
{
	const struct bk_toc_entry *other;
	size_t i, at;
	int more = 0;

	for (i = 0; is(te->desc, "TABLE ATTACH") && i < te->ndeps; i++) {
		other = find(s, te->deps[i], &at);
		if (other != NULL && !s->wanted[at] && is_relation(other) &&
		    te->tag != NULL && is(other->tag, te->tag))
			more = s->wanted[at] = 1;
	}
	return more;
}

static int
is_wanted(const struct selection *s, const struct bk_toc_entry *te)
{
	const struct bk_toc_entry *other;
	size_t i, at;

	for (i = 0; i < te->ndeps; i++) {
		other = find(s, te->deps[i], &at);
		if (other != NULL && s->wanted[at] &&
		    (is_part(te) || is_own_key(te, other) ||
		    (is(te->desc, "SEQUENCE SET") &&
		    is(other->desc, "SEQUENCE"))))
			return 1;
	}
	return 0;
}

/* Repeat until nothing is added. */
static void
want_parts(struct selection *s)
{
	int more = 1;
	size_t i;

	while (more) {
		more = 0;
		for (i = 0; i < s->toc->n; i++) {
			const struct bk_toc_entry *te = &s->toc->entry[i];

			if (!s->wanted[i] && is_wanted(s, te))
				more = s->wanted[i] = 1;
			if (s->wanted[i] && want_partition(s, te))
				more = 1;
		}
	}
}

unsigned char *
bk_restore_select(const struct bk_toc *toc,
    const struct bk_restore_names *names, struct bk_err *e)
{
	struct selection s = { .toc = toc };
	size_t i;
	int rc = 0;

	s.wanted = calloc(toc->n + 1, 1);
	s.by_id = calloc(toc->n + 1, sizeof(*s.by_id));
	if (s.wanted == NULL || s.by_id == NULL)
		rc = bk_fail_memory(e);
	for (i = 0; rc == 0 && i < toc->n; i++)
		s.by_id[i] = (struct by_id){ toc->entry[i].id, i };
	if (rc == 0)
		qsort(s.by_id, toc->n, sizeof(*s.by_id), compare);
	for (i = 0; rc == 0 && i < names->ntables; i++)
		rc = want_named(&s, names->table[i], 0, e);
	for (i = 0; rc == 0 && i < names->nschemas; i++)
		rc = want_named(&s, names->schema[i], 1, e);
	if (rc == 0)
		want_parts(&s);
	free(s.by_id);
	if (rc == 0)
		return s.wanted;
	free(s.wanted);
	return NULL;
}
