#ifndef BK_VERIFY_REWRITTEN_H
#define BK_VERIFY_REWRITTEN_H
/*
 * PostgreSQL stores an expression as it understood it, and writes it otherwise
 * than it read it: CHECK (s IN ('new', 'paid')) of a varchar comes back with
 * other casts and parentheses when it is restored.
 *
 * Two texts are the same but for that if they have the same tokens when these
 * are left out: blanks; parentheses around one operand, in which no operator
 * binds anything; and the cast of an array, (ARRAY[a, b])::text[], if its
 * elements have that instead.  Other parentheses and casts have a meaning.
 * What stands in quotes, dollar quotes and quoted identifiers is a token as a
 * whole, so a literal that differs is a difference.  An identifier is the same
 * with quotes that it does not need (quote_all_identifiers).  The roles of a
 * policy, which pg_dump writes in the order of the catalog, may have any.
 * Within more than 64 brackets none is left out.
 */

/* 1 if a and b are the same in this sense; policy: they are of policies. */
int bk_rewritten_same(const char *a, const char *b, int policy);

#endif
