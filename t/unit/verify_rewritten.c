/* verify/rewritten.h: what PostgreSQL writes otherwise, and what it does not */
#include <string.h>

#include "tap.h"
#include "verify/rewritten.h"

static const struct {
	const char *a, *b;
	int same;
	int policy;
} cases[] = {
	{ "CHECK (((s)::text = ANY ((ARRAY['new'::character varying, "
	    "'paid'::character varying])::text[])))",
	    "CHECK (((s)::text = ANY (ARRAY[('new'::character varying)::text, "
	    "('paid'::character varying)::text])))", 1, 0 },
	{ "CHECK (s = 'new'::text)", "CHECK (s = 'old'::text)", 0, 0 },
	{ "CHECK (s = 'a(b'::text)", "CHECK (s = 'ab')", 0, 0 },
	{ "CHECK (s = 'a b')", "CHECK (s = 'ab')", 0, 0 },
	{ "s = 'it''s'", "s = 'it''t'", 0, 0 },
	{ "s = 'it''s'", "s = ('it''s')", 1, 0 },
	{ "s = E'a\\'(b'", "s = E'a\\'b'", 0, 0 },
	{ "(a)::numeric(10,2) > 1", "(((a))::numeric(10,2)) > ( 1 )", 1, 0 },
	{ "(a)::numeric(10,2) > 1", "(a)::numeric(10,3) > 1", 0, 0 },
	{ "(a)::integer > (b)::integer", "a > b", 0, 0 },
	{ "(a)::date = b", "(a)::text = b", 0, 0 },
	{ "nextval('s'::regclass)", "nextval('s'::text)", 0, 0 },
	{ "(a AND b) OR c", "a AND (b OR c)", 0, 0 },
	{ "((a + b) * c)", "(a + (b * c))", 0, 0 },
	{ "((x > 1) AND (y))", "(((x > 1)) AND y)", 1, 0 },
	{ "(f((a), b(c[1])))::text", "f(a, b((c)[1]))::text", 0, 0 },
	{ "(f((a), b(c[1])))::text", "f(a, (b(c[1])))::text", 1, 0 },
	{ "(a).b", "a.b", 0, 0 },
	{ "(a.b)", "a.b", 1, 0 },
	{ "(ARRAY[a, b])::text[]", "ARRAY[(a)::text, (b)::text]", 1, 0 },
	{ "(ARRAY[a, b])::text[]", "ARRAY[(a)::text, b]", 0, 0 },
	{ "(ARRAY[a, b])::text[]", "ARRAY[a, b]", 0, 0 },
	{ "(ARRAY[a, b])::text[]", "ARRAY[(a)::name, (b)::name]", 0, 0 },
	{ "(ARRAY[f(a, b), c[1], (d || 'e')])::text[] = x",
	    "ARRAY[(f(a, b))::text, (c[1])::text, ((d || 'e'))::text] = x",
	    1, 0 },
	{ "(ARRAY[a, b])::timestamp(3) without time zone[]",
	    "ARRAY[(a)::timestamp(3) without time zone, "
	    "(b)::timestamp(3) without time zone]", 1, 0 },
	{ "(ARRAY[a])::public.\"my (type]\"[][3]",
	    "ARRAY[(a)::public.\"my (type]\"]", 1, 0 },
	{ "(ARRAY[a])::numeric(10,2)[]", "ARRAY[(a)::numeric(10,2)]", 1, 0 },
	{ "(ARRAY[ARRAY[a, b], ARRAY[c]])::text[]",
	    "ARRAY[ARRAY[(a)::text, (b)::text], ARRAY[(c)::text]]", 1, 0 },
	{ "(ARRAY[(ARRAY[a])::name[], b])::text[]",
	    "ARRAY[ARRAY[(a)::name], b]", 0, 0 },
	{ "(ARRAY[a, b])::text", "ARRAY[(a)::text, (b)::text]", 0, 0 },
	{ "(ARRAY[a])::text[] || (b)::text[]", "ARRAY[(a)::text] || b", 0, 0 },
	{ "a::text = b", "a::text <> b", 0, 0 },
	{ "a <= b", "a < b", 0, 0 },
	{ "a AND b", "a OR b", 0, 0 },
	{ "\"a b\" = 1", "\"ab\" = 1", 0, 0 },
	{ "\"a\"\"b\" = 1", "\"a\"\"c\" = 1", 0, 0 },
	{ "AS $$ a ( b $$", "AS $$ a b $$", 0, 0 },
	{ "AS $x$a$$b$x$ c", "AS $x$a$$b$x$\n\tc", 1, 0 },
	{ "AS $x$a$x$", "AS $x$b$x$", 0, 0 },
	{ "a = $1", "a = $2", 0, 0 },
	{ "f(a, b)", "f(a b)", 0, 0 },
	{ "ab", "a b", 0, 0 },
	{ "a", "a b", 0, 0 },
	{ "", " ( ) ", 0, 0 },
	{ "f()", "f( )", 1, 0 },
	{ "(ARRAY[a", "(ARRAY[a", 1, 0 },
	{ "(ARRAY[a])::", "(ARRAY[a])::", 1, 0 },
	{ "a]) , ] )", "a]),])", 1, 0 },
	{ "'open", "'open", 1, 0 },
	{ "'open", "'ope", 0, 0 },
	{ "\"regclass\" regclass", "regclass \"regclass\"", 1, 0 },
	{ "\"Regclass\" x", "Regclass x", 0, 0 },
	{ "CREATE POLICY p ON t TO a, \"o, \"\"d\" USING (x > 1);",
	    "CREATE POLICY p ON t TO \"o, \"\"d\", a USING ((x > 1));", 1, 1 },
	{ "p TO a, b USING (x)", "p TO a, c USING (x)", 0, 1 },
	{ "p TO a, b USING (x)", "p TO a USING (x)", 0, 1 },
	{ "p TO a, b;", "p TO b, a;", 1, 1 },
	{ "p TO a, b;", "p TO b, a;", 0, 0 },
	{ "p TO a USING (x)", "p TO a USING (y)", 0, 1 },
};

/* More brackets than are looked at are no less of a difference. */
static void
many_brackets(void)
{
	char a[2050], b[2050];

	memset(a, '(', 1024);
	memset(a + 1024, ')', 1024);
	a[2048] = '\0';
	memcpy(b, a, sizeof(b));
	ok(bk_rewritten_same(a, b, 0), "a thousand brackets");
	b[1023] = 'x';
	ok(!bk_rewritten_same(a, b, 0), "one of them is another");
}

int
main(void)
{
	size_t i;

	many_brackets();

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(bk_rewritten_same(cases[i].a, cases[i].b,
		    cases[i].policy) == cases[i].same && bk_rewritten_same(
		    cases[i].b, cases[i].a, cases[i].policy) == cases[i].same,
		    "%s | %s", cases[i].a, cases[i].b);
	return tap_done();
}
